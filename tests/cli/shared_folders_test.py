"""Folders that others may write to: links and pipes that somebody has put where lensmill
makes or looks for files. Links are not followed, and nothing is waited for."""

import datetime
import os
import resource
import subprocess
import unittest

from support import BAD_DATA, IO, PROGRAM, SMALL, Case, contents, edited, environment
from support import lensmill, shards, virtual_file

SECONDS_AHEAD = 120
# A pipe without a writer would be waited for for ever.
SOON_S = 60


class Links(Case):
    def setUp(self):
        super().setUp()
        self.config = self.write("small.yaml", SMALL)
        self.theirs = self.write("theirs", "theirs")
        self.run = self.folder / "run"
        (self.run / "log").mkdir(parents=True)

    def plant(self, name):
        (self.run / name).parent.mkdir(exist_ok=True)
        (self.run / name).symlink_to(self.theirs)

    def make(self, code, *pieces):
        self.assert_ends(lensmill("run", self.config, "--output", self.run), code,
                         *pieces)
        self.assertEqual(self.theirs.read_text(), "theirs")

    def test_where_the_log_will_be(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for second in range(SECONDS_AHEAD):
            at = now + datetime.timedelta(seconds=second)
            self.plant(f"log/{at:%Y-%m-%dT%H:%M:%SZ}.log")

        self.make(0)

        log, = [path for path in (self.run / "log").glob("*.log")
                if not path.is_symlink()]
        self.assertIn("started as", log.read_text())

    def test_where_the_lock_will_be(self):
        self.theirs.unlink()
        self.plant("log/shards.lock")

        self.assert_ends(lensmill("run", self.config, "--output", self.run), IO,
                         f"{self.run}/log/shards.lock: cannot be opened")
        self.assertFalse(self.theirs.exists())

    def test_under_the_names_that_partial_files_had(self):
        """Of a program whose process number is known before it makes them."""
        lensmill_in_place = ("import os, sys; names = sys.argv[1:3]; "
                             "host = os.uname().nodename\n"
                             "for name in ('run.yaml', 'small.h5', 'log/run_id'):\n"
                             "    os.symlink(names[0], f'{names[1]}/{name}.{host}-"
                             "{os.getpid()}.partial')\n"
                             "os.execv(sys.argv[3], sys.argv[3:])")
        done = subprocess.run(
            ["/usr/bin/python3", "-c", lensmill_in_place, self.theirs, self.run, PROGRAM,
             "run", self.config, "--output", self.run], env=environment(),
            capture_output=True, text=True, timeout=SOON_S)

        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.theirs.read_text(), "theirs")


class Pipes(Case):
    def soon(self, *arguments, env=None):
        done = subprocess.run([PROGRAM, *map(str, arguments)], text=True,
                              capture_output=True, env={**environment(), **(env or {})},
                              timeout=SOON_S)
        return done.returncode, done.stdout + done.stderr

    def test_as_a_shard(self):
        run = self.make_run("run")
        shard = run / "shards/shard-000000.h5"
        shard.unlink()
        os.mkfifo(shard)

        code, said = self.soon("run", self.folder / "run.yaml", "--output", run,
                               "--resume")
        self.assertEqual(code, IO, said)
        self.assertIn(f"{shard}: is no file", said)
        code, said = self.soon("verify", run)
        self.assertIn(code, (BAD_DATA, IO), said)
        self.assertIn(f"{shard}: is no file", said)

    def test_as_a_claim_or_a_request_to_stop(self):
        run = self.make_run("run")
        for name in ("shards-0-5.node7-1-2.claim", "stop"):
            os.mkfifo(run / "log" / name)
            code, said = self.soon("run", self.folder / "run.yaml", "--output", run,
                                   "--resume", env={"LENSMILL_CLAIM_SILENCE_S": "1"})
            self.assertEqual(code, 0 if name != "stop" else IO, said)

    def test_as_run_yaml_or_the_file_over_all_shards(self):
        run = self.make_run("run")
        for name in ("run.yaml", "small.h5"):
            before = (run / name).read_bytes()
            (run / name).unlink()
            os.mkfifo(run / name)
            code, said = self.soon("finalize", run)
            self.assertEqual(code, IO, said)
            self.assertIn(f"{run / name}: is ", said)
            (run / name).unlink()
            (run / name).write_bytes(before)

    def test_as_an_input(self):
        rows = self.folder / "rows.csv"
        os.mkfifo(rows)
        config = self.write("small.yaml", edited(SMALL, "sampled: {count: 10}",
                                                 "file: {path: rows.csv}"))

        code, said = self.soon("run", config, "--output", self.folder / "run")

        self.assertIn(code, (IO, BAD_DATA, 78), said)
        self.assertIn("rows.csv", said)


class FileSizeLimit(Case):
    """`ulimit -f`: as on a full disk, not killed by SIGXFSZ."""

    def limited(self, size, *arguments):
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)], env=environment(), capture_output=True,
            text=True, timeout=SOON_S,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        self.assertEqual(done.returncode, IO, done)
        self.assertIn("File too large", done.stderr)
        return done.stderr

    def test_a_run(self):
        config = self.write("small.yaml", SMALL)
        run = self.folder / "run"

        said = self.limited(40000, "run", config, "--output", run)

        self.assertIn("shard-000000.h5", said)
        self.assertEqual(shards(run), [])
        self.assert_ends(lensmill("run", config, "--output", run, "--resume"), 0)
        self.assert_same_contents(contents(virtual_file(run)),
                                  contents(virtual_file(self.make_run("whole"))))

    def test_a_picture_is_whole_or_not_there(self):
        run = self.make_run("run")
        for option in ("--png", "--fits"):
            picture = self.folder / f"stamp{option}"

            self.limited(100, "extract", run, "--id", 1, option, picture)

            self.assertEqual(list(self.folder.glob("stamp*")), [])


if __name__ == "__main__":
    unittest.main()
