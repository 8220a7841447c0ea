"""What lensmill recover refuses, and what it says then."""

import unittest

import numpy
from astropy.table import Table

from recover_support import RecoverCase, truth_columns, write_truth
from support import BAD_DATA, IO, USAGE, lensmill


class Refused(RecoverCase):
    def test_what_catalogues_do_not_say(self):
        field = self.field(20)
        cases = (
            ("x_pix,y_pix\n1,2\n", (), USAGE, ("--pixel-origin is needed",)),
            ("x,y\n1,2\n", (), USAGE, ("--pixel-origin is needed", "SEP", "SExtractor")),
            ("X_IMAGE,Y_IMAGE\n1,2\n", ("--pixel-origin", 0), USAGE,
             ("X_IMAGE", "counts from 1 by its name (got 0)")),
            ("a,b\n1,2\n", (), BAD_DATA, ("no columns of positions", "it has a, b")),
            ("bx,by,ra,dec\n1,2,3,4\n", (), BAD_DATA,
             ("several positions (bx, by; ra, dec)",)),
            ("bx,by\n1,2\n", ("--x", "bxx", "--y", "by"), BAD_DATA,
             ("no column `bxx`; did you mean `bx`?",)),
            ("bx,by\n1,2\nnan,3\n", (), BAD_DATA,
             ("column `bx` are not finite", "line 3: nan")),
            ("bx,by\n1,2\n1,\n", (), BAD_DATA,
             ("column `by` are no numbers", "line 3: the cell is empty")),
            ("bx,by,s\n1,2,0.5\n3,4,inf\n", ("--score", "s"), BAD_DATA,
             ("column `s` are not finite", "line 3: inf")),
            ("bx,by,n\n1,2,7\n3,4,8\n5,6,7\n", ("--id", "n"), BAD_DATA,
             ("ids in column `n`", "line 4: `7`, as in line 2")),
            ("ra,dec\n150,95\n", (), BAD_DATA, ("none on the sky", "line 2: 150, 95")),
            ("ra,dec\n150,2\n", ("--pixel-origin", 1), USAGE, ("positions on the sky",)),
            ("1,2\n3,4\n", (), BAD_DATA, ("column names are needed",)),
            ("", (), BAD_DATA, ("is empty",)),
        )
        for k, (text, options, code, pieces) in enumerate(cases):
            with self.subTest(text=text, options=options):
                path = self.write(f"case{k}.csv", text)
                self.recover(field, "--detections", path, *options, code=code,
                             pieces=(f"case{k}.csv", *pieces))
        self.assertFalse((field / "recovery").exists())

    def test_units_that_are_none_of_positions(self):
        field = self.field(20)
        Table({"bx": [1.0], "by": [2.0]}, units=("arcsec", "arcsec")).write(
            self.folder / "a.fits")

        self.recover(field, "--detections", self.folder / "a.fits", code=BAD_DATA,
                     pieces=("a.fits", "`bx`", "arcsec"))

    def test_command_lines(self):
        field = self.field(20)
        path = self.write("found.csv", "bx,by,f\n1,2,3\n")
        empty = self.write("empty.csv", "bx,by,f\n1,2,3\n")
        with_empty = ("--empty", empty)
        cases = (
            (("--x", "bx"), ("--x and --y belong together",)),
            (("--mag", "f", *with_empty), ("--mag and --mag-zero-point",)),
            (("--flux", "f"), ("give --empty",)),
            (("--ambiguity-cut", 1.5), ("give --empty",)),
            (("--ambiguity-cut", 1.4, *with_empty), ("one of --ambiguity-radii",)),
            (("--ambiguity-radii", "1,0.5"), ("must ascend",)),
            (("--ambiguity-radii", "0,1"), ("must be in (0, 60]",)),
            (("--bins", "theta_e_arcsec"), ("must be COLUMN=EDGES",)),
            (("--bins", "theta_e_arcsec=1"), ("at least two edges",)),
            (("--pixel-origin", 2), ("must be 0 or 1",)),
            (("--empty", path), ("is given twice",)),
            (("--flux", "f", *with_empty, "--flux-band", "r"),
             ("--flux-unit is needed", "empty.csv")),
            (("--flux", "f", *with_empty), ("one of the field's bands, g, r",)),
            (("--output", field.parent / "found.csv"), ()),
        )
        for options, pieces in cases:
            with self.subTest(options=options):
                code = IO if "--output" in options else USAGE
                self.recover(field, "--detections", path, *options, code=code,
                             pieces=pieces)
        self.assert_ends(lensmill("recover", field, "--detections", path), USAGE,
                         "--radius is needed")
        self.assert_ends(lensmill("recover", field, "--radius", 1), USAGE,
                         "--detections is needed")
        for radius in (0, -1, 61, "nan"):
            self.recover(field, "--detections", path, radius=radius, code=USAGE,
                         pieces=("--radius: must be in (0, 60] arcsec",))
        self.recover(field, "--detections", self.folder / "missing.csv", code=IO,
                     pieces=("missing.csv",))
        self.recover(field, "--detections", path, "--bins", "theta_e=1,2", code=BAD_DATA,
                     pieces=("no column `theta_e`", "truth.fits"))

    def test_fields_that_are_none(self):
        path = self.write("found.csv", "bx,by\n1,2\n")
        self.recover(self.folder / "nowhere", "--detections", path, code=IO,
                     pieces=("nowhere/truth.fits: no such file",))
        for changes, cards, pieces in (
                ({"injection_id": numpy.array([1, 2, 1])}, {},
                 ("injection_id 1 is there twice", "row 1 and", "row 3)")),
                ({"x_pix": numpy.array([1, numpy.nan, 2])}, {},
                 ("row 2: x_pix, y_pix must be finite",)),
                ({}, {"PIXSCALE": None}, ("its header has no PIXSCALE",)),
                ({}, {"NX": 0}, ("PIXSCALE, NX and NY must be > 0",))):
            with self.subTest(pieces=pieces):
                field = write_truth(self.folder / "field",
                                    {**truth_columns(3), **changes}, **cards)
                self.recover(field, "--detections", path, code=BAD_DATA,
                             pieces=("truth.fits", *pieces))
        columns = truth_columns(3)
        del columns["status"]
        self.recover(write_truth(self.folder / "field", columns), "--detections", path,
                     code=BAD_DATA, pieces=("status",))

    def test_folders_that_are_no_passes_of_one_field(self):
        path = self.write("found.csv", "bx,by\n1,2\n")
        columns = truth_columns(3)
        first = write_truth(self.folder / "first", columns, NDEFER=3)
        others = {**columns, "injection_id": columns["injection_id"] + 1,
                  "pass": columns["pass"] + 1}
        for changed, cards, pieces in (
                (columns, {"NDEFER": 3}, ("injection_id 1000 is there twice",)),
                (others, {"NDEFER": 9}, ("12 injections in all its passes", "with 6")),
                (others, {"NX": 1199}, ("other pixels or bands",))):
            with self.subTest(pieces=pieces):
                second = write_truth(self.folder / "second", changed, **cards)
                self.recover(first, "--pass-folder", second, "--detections", f"0={path}",
                             code=BAD_DATA, pieces=("second/truth.fits", *pieces))

    def test_sky_positions_without_a_world_coordinate_system(self):
        field = write_truth(self.folder / "field", truth_columns(3, wcs=False))
        path = self.write("found.csv", "ra,dec\n150,2\n")

        self.recover(field, "--detections", path, code=BAD_DATA,
                     pieces=("row 1: has no position on the sky",))

    def test_files_of_others_are_not_replaced(self):
        field = self.field(20)
        path = self.write("found.csv", "bx,by\n1,2\n")
        self.write("mine/injections.csv", "my own table\n")

        self.recover(field, "--detections", path, "--output", self.folder / "mine",
                     code=USAGE, pieces=("not replaced",))

        self.assertEqual((self.folder / "mine/injections.csv").read_text(),
                         "my own table\n")


if __name__ == "__main__":
    unittest.main()
