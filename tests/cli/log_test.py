"""Who says what where: results on stdout, messages on stderr, both in RUN/log; progress
on a terminal is one line that is written over."""

import os
import pty
import re
import shlex
import subprocess
import unittest

from support import IO, PROGRAM, SMALL, TIME_LIMIT_S, Case, edited, environment, finish
from support import lensmill, start

UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class Streams(Case):
    def setUp(self):
        super().setUp()
        self.config = self.write("small.yaml", SMALL)
        self.run = self.folder / "run"

    def log_files(self):
        return sorted((self.run / "log").glob("*.log"))

    def assert_separated(self, result):
        for line in result.stderr.splitlines():
            self.assertTrue(line.startswith("lensmill: "), line)
        self.assertNotIn("lensmill: ", result.stdout)

    def test_run_prints_its_tables_on_stdout_alone(self):
        result = lensmill("run", self.config, "--output", self.run)

        self.assert_ends(result, 0, f"{self.run}: 10 rows of ", " in 1 shards of 64",
                         "PSF self-test: 1 PSFs pass", "started as: ")
        self.assert_separated(result)
        for title in ("Summary of the run: rows", "1. Inner images",
                      "2. Image positions by theta_E", "3. Core flux fraction by theta_E"):
            self.assertEqual(result.stdout.count(title), 1)
            self.assertNotIn(title, result.stderr)
        self.assertTrue(result.stdout.endswith(
            f"{self.run}/small.h5: 10 of 10 rows in 1 of 1 shards; status: ok 10\n"))
        self.assertRegex(result.stdout, r"10 rows in [\d.]+ s on 1 rank: [\d,]+ "
                         r"injections/s \([\d,]+ per rank\), [\d,]+ MB/s")

    def test_the_log_has_all_of_it_with_times(self):
        result = lensmill("run", self.config, "--output", self.run)

        (log,) = self.log_files()
        self.assertRegex(log.name, rf"^{UTC}\.log$")
        text = log.read_text()
        self.assertRegex(text, rf"(?m)^{UTC} info lensmill \d+\.\d+\.\d+ .*started as: ")
        summary = result.stdout[result.stdout.index("Summary of the run"):]
        for line in summary.splitlines():
            self.assertIn(line, text)

    def test_every_job_adds_to_the_log(self):
        lensmill("run", self.config, "--output", self.run)
        before = sum(path.read_text().count("started as") for path in self.log_files())
        lensmill("run", self.config, "--output", self.run, "--resume")

        after = sum(path.read_text().count("started as") for path in self.log_files())

        self.assertEqual((before, after), (1, 2))

    def test_warnings_go_to_both(self):
        text = edited(SMALL, "[3.0, 5.0]", "[3.0, 50.0]")
        self.config.write_text(text)

        result = lensmill("run", self.config, "--output", self.run)

        self.assert_ends(result, 0, "lensmill: warning: measure.aperture_radius_pix at ",
                         "50 pix reaches beyond the stamp")
        self.assert_separated(result)

    def test_failures_are_in_the_log(self):
        rows = "injection_id,src_x_arcsec,src_y_arcsec\n1,500,0\n"
        catalogue = self.write("rows.csv", rows)
        self.config.write_text(edited(
            SMALL, "  src_offset: {disc: {radius_over_theta_e: 0.8}}\n", ""))

        result = lensmill("run", self.config, "--output", self.run, "--catalogue",
                          catalogue)

        self.assert_ends(result, 65, "error: 1 of 1 rows failed")
        self.assertRegex(self.log_files()[0].read_text(),
                         rf"(?m)^{UTC} error 1 of 1 rows failed")

    def test_ranks_speak_with_one_voice(self):
        result = lensmill("run", self.config, "--output", self.run, ranks=3)

        self.assert_ends(result, 0)
        self.assertEqual(result.stderr.count("started as"), 1)
        self.assertEqual(result.stdout.count("Summary of the run"), 1)
        self.assertIn("on 3 ranks", result.stdout)

    def test_errors_come_once_from_all_ranks(self):
        self.config.write_text(edited(SMALL, "seed: 7", "seed: x"))

        result = lensmill("run", self.config, "--output", self.run, ranks=3)

        self.assert_ends(result, 78, "lensmill: run.seed at ")
        self.assertEqual(result.stderr.count("run.seed"), 1)

    def test_results_of_other_commands(self):
        lensmill("run", self.config, "--output", self.run)
        before = self.log_files()[0].read_text()

        for command in (("info", self.run), ("verify", self.run), ("check", self.config),
                        ("psf-test", self.config), ("finalize", self.run)):
            result = lensmill(*command)
            self.assert_ends(result, 0)
            self.assert_separated(result)
            self.assertGreater(len(result.stdout.splitlines()), 1)
        self.assertEqual(self.log_files()[0].read_text(), before)

    def test_check_tells_what_a_run_will_take(self):
        result = lensmill("check", self.config, "--ranks", 4)

        self.assert_ends(result, 0)
        self.assertRegex(result.stdout, r"(?m)^time: .* on 4 ranks \(\d+ injections/s per "
                         r"rank, from 10 rows rendered here\)$")
        self.assertRegex(result.stdout, r"(?m)^disk: .* in 1 shard of 64 rows \(.* per "
                         r"row\); .* to write at 500 MB/s, .* free there$")
        self.assertRegex(result.stdout, r"(?m)^memory: about \d+ MiB per rank$")
        self.assertRegex(result.stdout, r"(?m)^files:  10: 1 in shards/ of .* each, and 9 "
                         "beside them$")
        self.assertRegex(result.stdout, r"(?m)^stop:   a shard is .* of one rank's work")
        self.assertIn("10 rows, 1 PSFs tested, 0 failed: ready to run", result.stdout)
        self.assertIn("theta_e_arcsec: 1.2", result.stdout)


    def test_check_gives_the_job_for_it(self):
        result = lensmill("check", self.config, "--ranks", 4, "--output", self.run,
                          "--set", "run.note=two words")

        self.assert_ends(result, 0)
        job = re.search(r"(?m)^job:    (sbatch .*)$", result.stdout)[1]
        words = shlex.split(job)
        self.assertEqual(words[:3], ["sbatch", "--ntasks=4", "--time=00:20:00"])
        self.assertRegex(words[3], r"^--mem-per-cpu=\d+M$")
        self.assertEqual(words[4:], ["jobs/regenerate.sbatch", str(self.config),
                                     str(self.run), "--set", "run.note=two words"])
        # As many files as were announced.
        self.assert_ends(lensmill("run", self.config, "--output", self.run), 0)
        self.assertEqual(len([p for p in self.run.rglob("*") if p.is_file()]), 10)


class BrokenStreams(Case):
    """What is done with stdout and stderr does not harm the run."""

    def setUp(self):
        super().setUp()
        self.config = self.write("small.yaml", SMALL)
        self.run = self.folder / "run"

    def shell(self, redirections):
        """lensmill run by a shell, with `set -o pipefail`."""
        run = " ".join(shlex.quote(str(word)) for word in
                       (PROGRAM, "run", self.config, "--output", self.run))
        done = subprocess.run(["bash", "-o", "pipefail", "-c", run + redirections],
                              env=environment(), capture_output=True, text=True,
                              timeout=TIME_LIMIT_S)
        self.assertTrue((self.run / "small.h5").exists(), done)
        self.assert_ends(lensmill("verify", self.run), 0)
        return done

    def test_a_reader_that_goes_away(self):
        self.assertEqual(self.shell(" | true").returncode, 0)

    def test_a_reader_of_messages_that_goes_away(self):
        self.assertEqual(self.shell(" 2>&1 >/dev/null | true").returncode, 0)

    def test_closed_streams(self):
        self.assertEqual(self.shell(" <&- >&- 2>&-").returncode, 0)

    def test_tables_that_are_lost_are_an_error(self):
        done = self.shell(" > /dev/full")

        self.assertEqual(done.returncode, IO)
        self.assertIn("standard output: cannot be written (No space left on device)",
                      done.stderr)
        # Longer than the stream's buffer: the error comes earlier.
        with open("/dev/full", "w") as full:
            process = subprocess.run([PROGRAM, "info", self.run], stdout=full, text=True,
                                     stderr=subprocess.PIPE, env=environment(),
                                     timeout=TIME_LIMIT_S)
        self.assertEqual(process.returncode, IO)


class Terminal(Case):
    def test_progress_is_one_line_written_over(self):
        self.write("small.yaml", edited(SMALL, "count: 10", "count: 4000"))
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)

        process = start("run", self.folder / "small.yaml", "--output",
                        self.folder / "run", stderr=theirs)
        os.close(theirs)
        result = finish(process)
        said = os.read(ours, 1 << 16).decode()

        self.assertEqual(result.code, 0, said)
        lines = re.findall(r"\r\x1b\[K([^\r\n]*rows/s[^\r\n]*)", said)
        self.assertGreater(len(lines), 0, said)
        for line in lines:
            self.assertRegex(line, r"^[\d,]+ of 4,000 rows \(\d+ %\), \d+ rows/s, .* left; "
                             r"resumable$")
        self.assertNotIn("rows/s", result.stdout.partition("Summary")[2])
        logs = "".join(path.read_text() for path in (self.folder / "run/log").iterdir())
        self.assertNotIn("resumable", logs)


if __name__ == "__main__":
    unittest.main()
