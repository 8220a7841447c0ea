"""python3 -m lensmill table-to-hdf5 on compound datasets of HDF5, as astropy's Table.write
and h5py's structured arrays make them."""

import os
import pathlib
import subprocess
import sys
import unittest

import h5py
import numpy
from astropy.table import MaskedColumn, Table
from astropy.time import Time

from own_columns_test import IDS, TAKEN, TEXT, tractor
from support import BAD_DATA, Case, edited, lensmill, virtual_file

PYTHON = pathlib.Path(__file__).parents[2] / "python"
CONFIG = edited(TEXT, "tractor.fits", "columns.h5")


class CompoundTable(Case):
    def convert(self, path, *more):
        return subprocess.run(
            [sys.executable, "-B", "-m", "lensmill", "table-to-hdf5", str(path),
             str(self.folder / "columns.h5"), *map(str, more)], text=True,
            capture_output=True, timeout=120,
            env={**os.environ, "PYTHONPATH": str(PYTHON)})

    def save(self, table, name="t.h5", **more):
        path = self.folder / name
        table.write(path, path="tractor", serialize_meta=True, **more)
        return path

    def refused(self, done, *pieces):
        self.assertEqual(done.returncode, BAD_DATA, done.stderr)
        for piece in pieces:
            self.assertIn(piece, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(list(self.folder.glob("columns.h5*")), [])

    def test_the_run_is_that_of_the_fits_table(self):
        table = tractor()
        table["FLUX"].unit = "nmgy"
        path = self.save(table)
        done = self.convert(path)
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(self.folder / "columns.h5") as file:
            self.assertEqual(file["UID"].dtype.str, "<u8")
            self.assertEqual(file["BRICK_PRIMARY"].dtype.str, "|b1")
            self.assertEqual(file["SHAPE_R"].attrs["unit"], "arcsec")
            for name in table.colnames:
                values = file[name].asstr()[:] if name in ("BRICKNAME", "TYPE") else \
                    file[name][:]
                numpy.testing.assert_array_equal(values, table[name].data, name)
        run = self.make_run("out", CONFIG)
        with h5py.File(virtual_file(run)) as file:
            numpy.testing.assert_array_equal(file["catalogue/carried/TARGETID"][:],
                                             IDS[TAKEN])

    def test_the_program_names_the_command(self):
        path = self.save(tractor(), "columns.h5")
        config = self.write("run.yaml", CONFIG)
        self.assert_ends(lensmill("run", config, "--output", self.folder / "no"), BAD_DATA,
                         "tractor (a compound table)",
                         f"python3 -m lensmill table-to-hdf5 {path} ")

    def test_structured_arrays_of_h5py(self):
        rows = numpy.array([(1, 0.5, b"a"), (2, 0.25, b"bc")],
                           [("id", "i8"), ("q", "f4"), ("name", "S2")])
        path = self.folder / "two.h5"
        with h5py.File(path, "w") as file:
            file["one"] = rows
            file["group/two"] = rows[:1]
            file["plain"] = [1.0]
        self.refused(self.convert(path), "choose by --dataset (there are: group/two, one)")
        self.refused(self.convert(path, "--dataset", "three"), "has no compound dataset")
        done = self.convert(path, "--dataset", "/one")
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(self.folder / "columns.h5") as file:
            numpy.testing.assert_array_equal(file["id"][:], rows["id"])
            self.assertEqual(file["q"].dtype.str, "<f4")
            self.assertEqual(list(file["name"].asstr()), ["a", "bc"])

    def test_masked_values(self):
        table = Table({"q": MaskedColumn([0.5, 0.6], mask=[False, True]),
                       "text": MaskedColumn(["a", "b"], mask=[True, False])})
        done = self.convert(self.save(table))
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(self.folder / "columns.h5") as file:
            numpy.testing.assert_array_equal(file["q"][:], [0.5, numpy.nan])
            self.assertEqual(list(file["text"].asstr()), ["", "b"])
        (self.folder / "columns.h5").unlink()
        table["id"] = MaskedColumn([3, 4], mask=[False, True])
        self.refused(self.convert(self.save(table, "masked.h5")),
                     "column id: row 2 is masked", "--columns")

    def test_what_has_no_place_is_refused(self):
        table = Table({"t": Time([2460000.5, 2460001.5], format="jd")})
        self.refused(self.convert(self.save(table)), "column t: is a Time")
        path = self.folder / "pandas.h5"
        with h5py.File(path, "w") as file:
            file["df/table"] = numpy.zeros(2, [("index", "i8"), ("values_block_0", "f8")])
            file["df"].attrs["pandas_type"] = "frame_table"
        self.refused(self.convert(path), "layout of pandas' own", "to_parquet")
        with h5py.File(self.folder / "plain.h5", "w") as file:
            file["q"] = [1.0]
        self.refused(self.convert(self.folder / "plain.h5"), "is read as it is")
        (self.folder / "cut.h5").write_bytes(path.read_bytes()[:1000])
        self.refused(self.convert(self.folder / "cut.h5"), "cut.h5")


if __name__ == "__main__":
    unittest.main()
