"""Odd paths and files: blanks, quotes, other alphabets, links, relative ones, other
working directories, carriage returns."""

import unittest

from support import SMALL, Case, contents, edited, lensmill, virtual_file

NAMES = ("two words", "it's \"quoted\"", "ünïcödé λ 透鏡", "back\\slash", "dollar$HOME",
         "[brackets] (x) {y}", "semi;colon&amp", "#hash: colon", "-dash", "new\nline")


class OddNames(Case):
    def test_folders_of_any_name_are_written_verified_and_read(self):
        config = self.write("small.yaml", SMALL)
        expected = contents(virtual_file(self.make_run("plain")))
        for name in NAMES:
            with self.subTest(name):
                run = self.folder / "in" / name

                self.assert_ends(lensmill("run", config, "--output", run), 0)
                self.assert_ends(lensmill("verify", run, "--sample", 2), 0)
                self.assert_ends(lensmill("run", config, "--output", run, "--resume"), 0,
                                 "1 shards are there already")
                self.assertEqual(contents(virtual_file(run)), expected)
                fits, png = run / f"{name}.fits", run / f"{name}.png"
                self.assert_ends(lensmill("extract", run, "--id", 3, "--fits", fits,
                                          "--png", png), 0)
                self.assertTrue(fits.exists() and png.exists())

    def test_configurations_and_catalogues_of_any_name(self):
        for number, name in enumerate(NAMES):
            with self.subTest(name):
                rows = self.write(f"{name}/{name}.csv", "injection_id\n5\n6\n")
                config = self.write(f"{name}/{name}.yaml", SMALL)

                result = lensmill("run", config, "--catalogue", rows, "--output",
                                  self.folder / str(number))

                self.assert_ends(result, 0)
                self.assertIn("2 of 2 rows", result.stdout)


class Relative(Case):
    def test_output_is_relative_to_the_working_directory(self):
        config = self.write("configs/small.yaml", SMALL)
        (self.folder / "work").mkdir()

        for output, place in (("run", "work/run"), ("./a/../b", "work/b"),
                              ("../side", "side"), (".", "work")):
            result = lensmill("run", config, "--output", output,
                              cwd=self.folder / "work")

            self.assert_ends(result, 0)
            self.assertTrue((self.folder / place / "small.h5").exists())

    def test_the_default_is_runs_and_the_name(self):
        config = self.write("configs/small.yaml", SMALL)

        self.assert_ends(lensmill("run", config, cwd=self.folder), 0)

        self.assertTrue((self.folder / "runs/small/small.h5").exists())

    def test_files_in_a_configuration_are_relative_to_it(self):
        self.write("configs/tables/rows.csv", "injection_id\n5\n")
        self.write("configs/small.yaml", edited(SMALL, "sampled: {count: 10}",
                                                "file: {path: tables/rows.csv}"))

        self.assert_ends(lensmill("run", "configs/small.yaml", "--output", "run",
                                  cwd=self.folder), 0)
        (self.folder / "else").mkdir()
        # run.yaml knows them from anywhere.
        self.assert_ends(lensmill("verify", "../run", cwd=self.folder / "else"), 0)

    def test_catalogue_on_the_command_line_is_relative_to_the_working_directory(self):
        self.write("configs/small.yaml", SMALL)
        self.write("rows.csv", "injection_id\n5\n")

        result = lensmill("run", "configs/small.yaml", "--catalogue", "rows.csv",
                          "--output", "run", cwd=self.folder)

        self.assert_ends(result, 0)

    def test_a_run_named_in_several_ways(self):
        run = self.make_run("run")

        for name in (".", "./", "../run", "../run/", "small.h5", "run.yaml",
                     str(run) + "/"):
            self.assert_ends(lensmill("verify", name, "--sample", 1, cwd=run), 0)

    def test_run_yaml_is_a_configuration(self):
        run = self.make_run("run")
        again = self.folder / "again"

        self.assert_ends(lensmill("run", run / "run.yaml", "--output", again), 0)

        self.assert_same_contents(contents(virtual_file(again)),
                                  contents(virtual_file(run)))


class Links(Case):
    def test_output_and_configuration_behind_links(self):
        config = self.write("configs/small.yaml", SMALL)
        (self.folder / "real").mkdir()
        (self.folder / "link").symlink_to("real")
        (self.folder / "link.yaml").symlink_to(config)

        result = lensmill("run", self.folder / "link.yaml", "--output",
                          self.folder / "link")

        self.assert_ends(result, 0)
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertTrue((self.folder / "real/small.h5").exists())
        self.assert_ends(lensmill("verify", self.folder / "real"), 0)

    def test_a_link_to_nothing(self):
        config = self.write("small.yaml", SMALL)
        (self.folder / "link").symlink_to("nothing")

        result = lensmill("run", config, "--output", self.folder / "link")

        self.assert_ends(result, 74, f"{self.folder}/link/shards: folder cannot be made")


class Encodings(Case):
    def test_carriage_returns_and_byte_order_marks(self):
        expected = contents(virtual_file(self.make_run("plain")))
        crlf = SMALL.replace("\n", "\r\n")
        for name, text in (("crlf", crlf), ("bom", "\ufeff" + SMALL),
                           ("tabs", SMALL.replace("seed: 7", "seed:\t7")),
                           ("no_end", SMALL.rstrip("\n"))):
            with self.subTest(name):
                run = self.make_run(name, text)

                self.assertEqual(contents(virtual_file(run)), expected)

    def test_catalogues_with_carriage_returns_and_byte_order_marks(self):
        config = self.write("small.yaml", SMALL)
        for number, text in enumerate(("\ufeffinjection_id,lens_q\r\n5,0.7\r\n6,0.8\r\n",
                                       "injection_id,lens_q\n5,0.7\n6,0.8")):
            rows = self.write("rows.csv", text)

            result = lensmill("run", config, "--catalogue", rows, "--output",
                              self.folder / str(number))

            self.assert_ends(result, 0)
            self.assertIn("2 of 2 rows", result.stdout)
        self.assert_same_contents(contents(virtual_file(self.folder / "0")),
                                  contents(virtual_file(self.folder / "1")))


if __name__ == "__main__":
    unittest.main()
