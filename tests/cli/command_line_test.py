"""Command lines: help with examples, versions, and what is refused with 64."""

import re
import unittest

from support import SMALL, USAGE, Case, lensmill

COMMANDS = ("run", "check", "psf-test", "info", "verify", "extract", "finalize",
            "stop")


class Help(Case):
    def test_the_program_lists_its_commands_and_exit_codes(self):
        result = lensmill("--help")

        self.assert_ends(result, 0)
        for command in COMMANDS:
            self.assertRegex(result.stdout, rf"(?m)^  {command} +\S")
        for code in (64, 65, 70, 74, 75, 78):
            self.assertIn(str(code), result.stdout)
        self.assertEqual(result.stderr, "")

    def test_every_command_explains_itself_with_an_example(self):
        for command in COMMANDS:
            for option in ("--help", "-h"):
                result = lensmill(command, option)

                self.assert_ends(result, 0)
                self.assertEqual(result.stderr, "")
                self.assertTrue(result.stdout.startswith(f"lensmill {command} "))
                example = result.stdout.partition("For example:\n")[2]
                self.assertIn(f"lensmill {command} ", example)

    def test_help_wins_over_missing_arguments_and_does_nothing(self):
        config = self.write("small.yaml", SMALL)

        result = lensmill("run", config, "--output", self.folder / "run", "--help")

        self.assert_ends(result, 0)
        self.assertFalse((self.folder / "run").exists())

    def test_examples_use_options_that_exist(self):
        for command in COMMANDS:
            text = lensmill(command, "--help").stdout
            options, _, example = text.partition("For example:\n")
            for option in re.findall(r"--[a-z-]+", example):
                self.assertIn(option, options, command)


class Version(Case):
    def test_version_is_one_line_with_the_commit(self):
        result = lensmill("--version")

        self.assert_ends(result, 0)
        self.assertRegex(result.stdout, r"^lensmill \d+\.\d+\.\d+ \(.+\)\n$")

    def test_build_info_names_compiler_flags_and_libraries(self):
        result = lensmill("--build-info")

        self.assert_ends(result, 0)
        for name in ("git_commit", "fingerprint", "compiler", "flags", "hdf5", "mpi",
                     "fftw", "cfitsio"):
            self.assertRegex(result.stdout, rf"(?m)^{name}\w* +\S")


class Refused(Case):
    def refused(self, *arguments, says):
        result = lensmill(*arguments, cwd=self.folder)
        self.assert_ends(result, USAGE, *says)
        self.assertEqual(result.stdout, "")
        self.assertTrue(result.stderr.startswith("lensmill: "))

    def test_no_command(self):
        self.refused(says=["no command given", "lensmill COMMAND"])

    def test_an_unknown_command_with_the_nearest(self):
        self.refused("verfiy", "x", says=["verfiy", "did you mean verify?", "--help"])

    def test_an_unknown_option_names_the_command_and_its_help(self):
        self.refused("run", "a.yaml", "--otput", "x",
                     says=["run: ", "--otput", "lensmill run --help"])

    def test_abbreviated_options(self):
        self.refused("run", "a.yaml", "--out", "x", says=["--out"])

    def test_missing_arguments_show_the_usage(self):
        for command, argument in (("run", "CONFIG"), ("check", "CONFIG"),
                                  ("psf-test", "CONFIG"), ("info", "WHAT"),
                                  ("verify", "RUN"), ("extract", "RUN"),
                                  ("finalize", "RUN"), ("stop", "RUN")):
            self.refused(command, says=[f"{command}: {argument} is missing",
                                        f"usage: lensmill {command} "])

    def test_surplus_arguments(self):
        self.refused("run", "a.yaml", "b.yaml", says=["run: too many positional"])
        self.refused("finalize", "a", "b", says=["finalize: too many positional"])

    def test_options_without_their_value(self):
        self.refused("run", "a.yaml", "--output", says=["--output", "run --help"])

    def test_numbers_that_are_none(self):
        self.refused("extract", "a", "--id", "seven", "--png", "x.png",
                     says=["--id", "seven"])
        self.refused("verify", "a", "--sample", "many", says=["--sample", "many"])
        self.refused("verify", "a", "--sample", "-1", says=["--sample"])

    def test_extract_wants_an_id_and_somewhere_to_write(self):
        self.refused("extract", "a", "--png", "x.png", says=["--id N is missing"])
        self.refused("extract", "a", "--id", "1", says=["--fits FILE", "--png FILE"])

    def test_options_of_run_that_exclude_each_other(self):
        self.write("a.yaml", SMALL)
        self.refused("run", "a.yaml", "--resume", "--overwrite",
                     says=["--resume, --overwrite and --extend exclude each other"])
        self.refused("run", "a.yaml", "--overwrite", "--shards", "0",
                     says=["--overwrite with --shards"])

    def test_settings_without_key_or_value(self):
        self.write("a.yaml", SMALL)
        self.refused("check", "a.yaml", "--set", "run.seed",
                     says=["--set run.seed", "key.path=value", "e.g. --set"])
        self.refused("check", "a.yaml", "--set", "run..seed=1", says=["run..seed"])

    def test_check_wants_positive_ranks_and_speeds(self):
        self.write("a.yaml", SMALL)
        self.refused("check", "a.yaml", "--ranks", "0", says=["--ranks", "positive"])
        self.refused("check", "a.yaml", "--disk-mb-per-s", "nan",
                     says=["--disk-mb-per-s", "positive"])


if __name__ == "__main__":
    unittest.main()
