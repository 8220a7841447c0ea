"""python3 -m lensmill table-to-hdf5: Parquet as HDF5."""

import os
import pathlib
import subprocess
import sys
import unittest

import h5py
import numpy

from support import BAD_DATA, SMALL, Case, edited, virtual_file

PYTHON = pathlib.Path(__file__).parents[2] / "python"

try:
    import pyarrow
    from pyarrow import parquet
except ImportError:
    pyarrow = None


def convert(*arguments):
    return subprocess.run([sys.executable, "-B", "-m", "lensmill", "table-to-hdf5",
                           *map(str, arguments)], text=True, capture_output=True,
                          timeout=120, env={**os.environ, "PYTHONPATH": str(PYTHON)})


@unittest.skipIf(pyarrow, "pyarrow is here")
class WithoutPyarrow(Case):
    def test_the_package_that_is_missing_is_named(self):
        path = self.write("t.parquet", b"PAR1")

        done = convert(path, self.folder / "t.h5")

        self.assertEqual(done.returncode, BAD_DATA, done.stderr)
        self.assertIn("needs the Python package pyarrow", done.stderr)
        self.assertIn("pip install pyarrow", done.stderr)
        self.assertNotIn("Traceback", done.stderr)


@unittest.skipIf(pyarrow is None, "SKIPPED: pyarrow is not installed (Debian has none)")
class WithPyarrow(Case):
    def write_table(self, **more):
        ids = [39627700000000001, 39627700000000003, -1]
        fields = {
            "TARGETID": pyarrow.array(ids, "int64"),
            "UID": pyarrow.array([2**64 - 1, 2**63, 7], "uint64"),
            "small": pyarrow.array([1, -2, 3], "int16"),
            "primary": pyarrow.array([True, False, True]),
            "name": pyarrow.array(["a", "Ångström", None]),
            "kind": pyarrow.array(["SER", "DEV", "SER"]).dictionary_encode(),
            "lens_q": pyarrow.array([0.5, 0.6, 0.7], "float64"),
            "size": pyarrow.array([0.5, None, 0.7], "float32"),
            "FLUX": pyarrow.array([[1, 2], [3, 4], [5, 6]], pyarrow.list_(pyarrow.float32(), 2)),
            **more}
        schema = pyarrow.schema([
            pyarrow.field(name, column.type,
                          metadata={"unit": "nanomaggy"} if name == "FLUX" else None)
            for name, column in fields.items()])
        path = self.folder / "t.parquet"
        parquet.write_table(pyarrow.table(list(fields.values()), schema=schema), path)
        return path

    def test_values_types_and_units_stay(self):
        done = convert(self.write_table(), self.folder / "t.h5")
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(self.folder / "t.h5") as file:
            for name, kind, values in (
                    ("TARGETID", "<i8", [39627700000000001, 39627700000000003, -1]),
                    ("UID", "<u8", [2**64 - 1, 2**63, 7]), ("small", "<i2", [1, -2, 3]),
                    ("primary", "|b1", [True, False, True]),
                    ("lens_q", "<f8", [0.5, 0.6, 0.7]),
                    ("FLUX", "<f4", [[1, 2], [3, 4], [5, 6]])):
                self.assertEqual(file[name].dtype.str, kind, name)
                numpy.testing.assert_array_equal(file[name][:],
                                                 numpy.array(values, kind))
            self.assertEqual(list(file["name"].asstr()), ["a", "Ångström", ""])
            self.assertEqual(list(file["kind"].asstr()), ["SER", "DEV", "SER"])
            self.assertTrue(numpy.isnan(file["size"][1]))
            self.assertEqual(file["FLUX"].attrs["unit"], "nanomaggy")

    def test_a_run_takes_it(self):
        convert(self.write_table(), self.folder / "t.h5")
        text = edited(SMALL, "  lens_q: {uniform: [0.6, 1.0]}\n", "")
        run = self.make_run("out", edited(
            text, "sampled: {count: 10}",
            "file: {path: t.h5, columns: {lens_q: lens_q}, "
            "cuts: {primary: true, kind: SER}, carry: [TARGETID, UID, name]}"))
        with h5py.File(virtual_file(run)) as file:
            self.assertEqual(list(file["catalogue/lens_q"][:]), [0.5, 0.7])
            self.assertEqual(list(file["catalogue/carried/UID"][:]), [2**64 - 1, 7])
            self.assertEqual(list(file["catalogue/carried/name"][:]), [b"a", b""])

    def test_what_has_no_place_is_refused(self):
        path = self.write_table(count=pyarrow.array([1, None, 3], "int64"))
        done = convert(path, self.folder / "t.h5")
        self.assertEqual(done.returncode, BAD_DATA, done.stderr)
        self.assertIn("column count: row 2 is null", done.stderr)
        self.assertEqual(list(self.folder.glob("t.h5*")), [])
        done = convert(path, self.folder / "t.h5", "--columns", "UID,lens_q")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = convert(path, self.folder / "t.h5", "--columns", "UUID", "--overwrite")
        self.assertIn("has no column UUID", done.stderr)
        done = convert(self.write("no.parquet", "text"), self.folder / "u.h5")
        self.assertEqual(done.returncode, BAD_DATA, done.stderr)


if __name__ == "__main__":
    unittest.main()
