"""Whose file is it? --overwrite removes what the run made and nothing else; no option makes
a command write onto an input or a run's own files; what killed commands have left half made
is removed by the next one."""

import os
import subprocess
import unittest

from support import BAD_DATA, USAGE, Case, edited, lensmill, snapshot


def dead_process():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


class Overwrite(Case):
    def setUp(self):
        super().setUp()
        self.run = self.make_run("run")
        self.config = self.folder / "run.yaml"

    def overwritten(self, *options, code=0, says=()):
        return self.assert_ends(lensmill("run", self.config, "--output", self.run,
                                         "--overwrite", *options), code, *says)

    def renamed(self, name):
        path = self.run / "run.yaml"
        path.write_text(edited(path.read_text(), 'name: "small"', f'name: "{name}"'))

    def test_a_name_that_leads_elsewhere(self):
        outside = self.write("victim.h5", "theirs")
        for name in ("../victim", str(self.folder / "victim")):
            self.renamed(name)

            self.overwritten()

            self.assertEqual(outside.read_text(), "theirs")

    def test_nor_do_other_commands_follow_it(self):
        outside = self.write("victim.h5", "theirs")
        self.renamed("../victim")

        for command in ("finalize", "analyse", "verify"):
            self.assert_ends(lensmill(command, self.run), BAD_DATA, "run.yaml: run.name: "
                             "names no file in the run's folder")

        self.assertEqual(outside.read_text(), "theirs")

    def test_what_analyse_made_is_removed_and_notes_are_kept(self):
        self.assert_ends(lensmill("analyse", self.run), 0)
        made = set(os.listdir(self.run / "analysis"))
        self.assertIn("analysis.json", made)
        mine = {"analysis/notes.md", "analysis/more/table.csv", "analysis/mine.csv",
                "shards/shard-notes.h5", "shards/shard-000000-copy.h5", "notes.txt"}
        for name in mine:
            self.write(f"run/{name}", "mine")

        self.overwritten()

        for name in mine:
            self.assertEqual((self.run / name).read_text(), "mine", name)
        self.assertEqual(set(os.listdir(self.run / "analysis")),
                         {"notes.md", "more", "mine.csv"})

    def test_an_empty_analysis_folder_goes(self):
        self.assert_ends(lensmill("analyse", self.run), 0)

        self.overwritten()

        self.assertFalse((self.run / "analysis").exists())

    def test_a_file_of_the_new_name_that_the_old_run_did_not_make(self):
        mine = self.write("run/other.h5", "mine")
        before = snapshot(self.run)

        self.overwritten("--set", "run.name=other", code=USAGE, says=[f"{mine}: is there, "
                         "and the run in this folder did not make it"])

        del before["log/shards.lock"]
        self.assertLessEqual(before.items(), snapshot(self.run).items())

    def test_an_input_of_the_new_run(self):
        for name in ("small.h5", "shards/shard-000000.h5"):
            path = self.run / name
            before = path.read_bytes()

            self.overwritten("--catalogue", path, code=USAGE,
                             says=[f"{path}: is an input of this run (catalogue), and "
                                   "--overwrite would remove it"])

            self.assertEqual(path.read_bytes(), before)

    def test_a_new_run_does_not_replace_a_users_file(self):
        mine = self.write("new/provenance.json", "mine")

        self.assert_ends(lensmill("run", self.config, "--output", mine.parent), USAGE,
                         "provenance.json")

        self.assertEqual(mine.read_text(), "mine")


class Outputs(Case):
    def setUp(self):
        super().setUp()
        self.run = self.make_run("run")

    def refused(self, path, why, *arguments):
        before = path.read_bytes() if path.exists() else None
        self.assert_ends(lensmill(*arguments), USAGE, f"{path}: {why}")
        self.assertEqual(path.read_bytes() if path.exists() else None, before)

    def extract_refused(self, path, why, options=("--png", "--fits")):
        for option in options:
            self.refused(path, why, "extract", self.run, "--id", 1, option, path)

    def test_a_runs_own_files(self):
        for name in ("run.yaml", "small.h5", "provenance.json", "shards/shard-000000.h5",
                     "shards/shard-000009.h5", "log/run_id", "log/new"):
            self.extract_refused(self.run / name, "is a place of the run's own files")

    def test_files_of_another_kind(self):
        self.assert_ends(lensmill("analyse", self.run), 0)
        mine = self.write("notes.txt", "mine")
        for path in (mine, self.run / "analysis/analysis.json"):
            self.extract_refused(path, "is there already and is not a")

    def test_links(self):
        target = self.folder / "target.png"
        link = self.folder / "link.png"
        link.symlink_to(target)

        self.extract_refused(link, "is a link")

        self.assertFalse(target.exists())

    def test_twice_the_same(self):
        path = self.folder / "x"
        self.refused(path, "is the same file as extract: --fits's", "extract", self.run,
                     "--id", 1, "--fits", path, "--png", path)

    def test_an_input_of_the_run(self):
        from astropy.table import Table
        rows = self.folder / "rows.fits"
        Table({"injection_id": [5, 6]}).write(rows)
        run = self.folder / "run2"
        self.assert_ends(lensmill("run", self.folder / "run.yaml", "--output", run,
                                  "--catalogue", rows), 0)

        self.refused(rows, "is an input", "extract", run, "--id", 5, "--fits", rows)

    def test_a_picture_is_replaced_and_what_is_called_so(self):
        path = self.write("stamp.png", "old")
        for injection in (1, 2):
            self.assert_ends(lensmill("extract", self.run, "--id", injection, "--png",
                                      path), 0)

    def test_noise_models(self):
        import numpy
        from astropy.io import fits
        image = self.folder / "image.fits"
        pixels = numpy.random.default_rng(1).normal(0, 1, (256, 256))
        fits.PrimaryHDU(pixels.astype("f4")).writeto(image)
        mine = self.write("mine", "run: {name: mine}\n")

        for option in ("--output", "--png"):
            self.refused(image, "is an input", "noise-model", image, option, image)
            self.refused(mine, "is there already", "noise-model", image, option, mine)
        model = self.folder / "noise.yaml"
        for _ in range(2):
            self.assert_ends(lensmill("noise-model", image, "--output", model), 0)

    def test_audits(self):
        mapping = self.write("mapping/audit.csv", "mapping: lensmill\n")

        self.refused(mapping, "is an input", "audit", self.run / "small.h5", mapping,
                     "--output", mapping.parent)


class Leftovers(Case):
    def test_of_killed_commands(self):
        run = self.make_run("run")
        self.assert_ends(lensmill("analyse", run), 0)
        name = f"{os.uname().nodename}-{dead_process()}-0123456789abcdef.partial"
        mine = self.write("run/analysis/analysis.json.mine.partial", "mine")
        for command, files in (("analyse", ("analysis/analysis.json", )),
                               ("finalize", ("small.h5", "provenance.json"))):
            partials = [self.write(f"run/{file}.{name}", "half") for file in files]

            self.assert_ends(lensmill(command, run), 0)

            self.assertEqual([path for path in partials if path.exists()], [])
        self.write(f"run/analysis/core.csv.{name}", "half")
        self.assert_ends(lensmill("run", self.folder / "run.yaml", "--output", run,
                                  "--resume"), 0)
        self.assertEqual(list(run.rglob("*.partial")), [mine])


if __name__ == "__main__":
    unittest.main()
