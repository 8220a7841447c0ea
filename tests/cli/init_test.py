"""lensmill init: a configuration to begin with."""

import unittest

from support import IO, USAGE, Case, lensmill

SURVEYS = ["euclid_vis", "hsc_wide", "hst_acs_f814w", "legacy_bass_mzls", "legacy_decals",
           "lsst_y1"]


class Init(Case):
    def test_what_it_writes_is_a_configuration_that_runs(self):
        for survey in [None, *SURVEYS]:
            with self.subTest(survey):
                path = self.folder / f"my_{survey}.yaml"

                result = lensmill("init", path, *(["--survey", survey] if survey else []))

                self.assert_ends(result, 0)
                self.assertIn(f"lensmill run {path}", result.stdout)
                self.assertIn(f"  name: {path.stem} ", path.read_text())
                self.assertIn(f"lensmill run {path}\n", path.read_text())
                self.assert_ends(lensmill("run", path, "--dry-run", "--output",
                                          self.folder / "run"), 0, "dry run")

    def test_an_existing_file_is_left_alone(self):
        path = self.folder / "mine.yaml"
        path.write_text("mine\n")

        result = lensmill("init", path)

        self.assert_ends(result, USAGE, f"init: {path}: exists")
        self.assertEqual(path.read_text(), "mine\n")

    def test_mistakes_are_named(self):
        path = self.folder / "new.yaml"
        self.assert_ends(lensmill("init"), USAGE, "FILE")
        self.assert_ends(lensmill("init", self.folder / "my lens.yaml"), USAGE,
                         "the file's name becomes the run's", "run.name at ")
        self.assert_ends(lensmill("init", path, "--survey", "legacy_decal"), USAGE,
                         "did you mean", "legacy_decals", "hsc_wide")
        self.assertFalse(path.exists())
        self.assert_ends(lensmill("init", self.folder / "none" / "a.yaml"), IO,
                         "none/a.yaml")


if __name__ == "__main__":
    unittest.main()
