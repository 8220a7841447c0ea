"""Paths that the system does not let us look at end with 74 and the path, in every command;
names that are too long are refused before the work."""

import unittest

from support import CONFIG, IO, SMALL, Case, edited, lensmill

TOO_LONG = "n" * 300


class PathErrors(Case):
    def setUp(self):
        super().setUp()
        self.config = self.write("small.yaml", SMALL)
        circle = self.folder / "circle"
        circle.symlink_to(circle)
        self.bad = ((circle, "Too many levels of symbolic links"),
                    (circle / "below", "Too many levels of symbolic links"),
                    (self.folder / TOO_LONG, "File name too long"))

    def assert_all_end_with_74(self, *command, after=()):
        for path, why in self.bad:
            for ranks in (0, 2) if command == ("info",) else (0,):
                with self.subTest(f"{command} {why}"):
                    self.assert_ends(lensmill(*command, path, *after, ranks=ranks), IO,
                                     path, why, absent=["a defect in lensmill"])

    def test_of_a_run(self):
        for command, options in (("info", ()), ("verify", ()), ("finalize", ()),
                                 ("analyse", ()), ("stop", ()), ("probe", ()),
                                 ("extract", ("--id", 1, "--png", self.folder / "x"))):
            self.assert_all_end_with_74(command, after=options)

    def test_of_an_output(self):
        self.assert_all_end_with_74("run", self.config, "--output")
        run = self.make_run("run")
        for option in ("--png", "--fits"):
            for path, why in self.bad[1:]:  # a link is refused as such
                self.assert_ends(lensmill("extract", run, "--id", 1, option, path), IO,
                                 path, why)

    def test_of_a_gating_run(self):
        for path, why in self.bad:
            self.assert_ends(lensmill("run", self.config, "--output", self.folder / "run",
                                      "--gated-by", path), IO, path, why)

    def test_of_what_a_command_reads(self):
        for path, why in self.bad:
            for command in (("noise-model", path), ("audit", path, self.config),
                            ("run", path), ("run", self.config, "--catalogue", path)):
                result = lensmill(*command)
                self.assertIn(result.code, (IO, CONFIG), result)
                self.assertIn(str(path), result.stderr)
                self.assertNotIn("a defect in lensmill", result.stderr)

    def test_in_a_shards_place(self):
        run = self.make_run("run")
        shard = run / "shards/shard-000000.h5"
        shard.unlink()
        shard.symlink_to(shard)
        for command in ("verify", "analyse", "finalize"):
            self.assert_ends(lensmill(command, run), IO, shard)
        self.assert_ends(lensmill("run", self.config, "--output", run, "--resume"), IO,
                         shard)


class LongNames(Case):
    def test_are_refused_before_the_work(self):
        for length in (245, 300):  # as NAME.h5, and only while it is made: too long
            config = self.write("long.yaml",
                                edited(SMALL, "name: small", f"name: {'n' * length}"))
            run = self.folder / "run"
            for command in (("run", config, "--output", run),
                            ("run", config, "--output", run, "--dry-run"),
                            ("check", config, "--output", run)):
                self.assert_ends(lensmill(*command), CONFIG, "run.name at",
                                 "must be at most 200 letters")
            self.assertFalse(run.exists())

    def test_a_long_one_that_fits(self):
        run = self.make_run("run", edited(SMALL, "name: small", f"name: {'n' * 100}"))
        self.assertTrue((run / f"{'n' * 100}.h5").exists())

    def test_a_path_of_many_folders(self):
        config = self.write("small.yaml", SMALL)
        deep = self.folder.joinpath(*["d" * 200] * 20)

        self.assert_ends(lensmill("run", config, "--output", deep), IO,
                         "File name too long")
        self.assertFalse((self.folder / ("d" * 200)).exists())


if __name__ == "__main__":
    unittest.main()
