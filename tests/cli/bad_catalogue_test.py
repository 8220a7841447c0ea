"""Catalogue files that cannot be used: 65, problems by row, the first 20 shown and all
counted; nothing is written."""

import unittest

import h5py
import numpy
from astropy.table import Table

from support import BAD_DATA, SMALL, Case, lensmill

SHOWN = 20


def damaged_columns(rows=30):
    """Row 4 and 5: q outside (0, 1]; 6: a negative size; 7: NaN; 8: infinite."""
    q = numpy.full(rows, 0.8)
    size = numpy.full(rows, 0.3)
    q[3], q[4] = 1.5, 0.0
    size[5], size[6], size[7] = -1.0, numpy.nan, numpy.inf
    return {"injection_id": numpy.arange(rows), "lens_q": q, "src_reff_arcsec": size}


DAMAGE = ("lens_q must be in (0, 1] (got 1.5)", "lens_q must be in (0, 1] (got 0)",
          "src_reff_arcsec must be in (0, 1000] (got -1)",
          "src_reff_arcsec must be finite (got nan)",
          "src_reff_arcsec must be finite (got inf)")


class BadCatalogue(Case):
    def refused(self, path, *pieces, absent=()):
        config = self.write("small.yaml", SMALL)
        run = self.folder / "run"
        result = lensmill("run", config, "--catalogue", path, "--output", run)
        self.assert_ends(result, BAD_DATA, path, *pieces, absent=absent)
        self.assertEqual(result.stdout, "")
        self.assertFalse(run.exists())
        return result

    def refused_csv(self, text, *pieces, absent=()):
        return self.refused(self.write("rows.csv", text), *pieces, absent=absent)

    def test_csv_names_the_lines(self):
        columns = damaged_columns()
        text = ",".join(columns) + "\n" + "".join(
            ",".join(map(str, row)) + "\n" for row in zip(*columns.values()))

        self.refused_csv(text, "5 problems in this catalogue:\n",
                         *(f"line {line}: {says}"
                           for line, says in enumerate(DAMAGE, 5)))

    def test_hdf5_names_the_rows(self):
        path = self.folder / "rows.h5"
        with h5py.File(path, "w") as file:
            for name, values in damaged_columns().items():
                file[f"catalogue/{name}"] = values

        self.refused(path, "5 problems in this catalogue:\n",
                     *(f"row {row}: {says}" for row, says in enumerate(DAMAGE, 4)))

    def test_fits_names_the_rows(self):
        path = self.folder / "rows.fits"
        Table(damaged_columns()).write(path)

        # CFITSIO reads what is infinite as undefined, too.
        self.refused(path, "5 problems in this catalogue:\n",
                     *(f"row {row}: {says.replace('inf)', 'nan)')}"
                       for row, says in enumerate(DAMAGE, 4)))

    def test_the_first_20_of_many_are_shown_and_all_are_counted(self):
        text = "lens_q\n" + "".join(f"{-k}\n" for k in range(1, 51))

        result = self.refused_csv(text, "50 problems in this catalogue, the first 20:",
                                  "line 2: lens_q", "(got -1)", "line 21: lens_q",
                                  absent=["line 22:"])
        self.assertEqual(result.stderr.count("must be in (0, 1]"), SHOWN)

    def test_many_duplicates_are_counted_too(self):
        text = "injection_id\n" + "5\n" * 31

        self.refused_csv(text, "30 problems in this catalogue, the first 20:",
                         "line 3: injection_id 5 is there twice (first in line 2)")

    def test_duplicate_ids_name_both_rows(self):
        self.refused_csv("injection_id\n1\n2\n1\n2\n", "2 problems",
                         "line 4: injection_id 1 is there twice (first in line 2)",
                         "line 5: injection_id 2 is there twice (first in line 3)")

    def test_ids_that_are_none(self):
        self.refused_csv("injection_id\n1\n-2\n3.5\nx\n",
                         "line 3: injection_id must be an integer >= 0 (got -2)",
                         "line 4: injection_id must be an integer (got `3.5`)",
                         "line 5: injection_id must be an integer (got `x`)")

    def test_cells_that_are_no_numbers(self):
        self.refused_csv("injection_id,lens_q\n1,abc\n2,\n3,0.5,7\n4\n", "4 problems",
                         "line 2: lens_q must be a number (got `abc`)",
                         "line 3: lens_q the cell is empty",
                         "line 4: has 3 cells (the header has 2)",
                         "line 5: has 1 cells (the header has 2)")

    def test_empty_files_and_headers_alone(self):
        self.refused_csv("", "the file is empty")
        self.refused_csv("\n\n", "is empty (a catalogue needs a header line")
        self.refused_csv("injection_id,lens_q\n", "1 problem in this catalogue:",
                         "has no rows")

    def test_tables_of_no_rows(self):
        fits, hdf5 = self.folder / "none.fits", self.folder / "none.h5"
        Table({"lens_q": numpy.zeros(0)}).write(fits)
        with h5py.File(hdf5, "w") as file:
            file["lens_q"] = numpy.zeros(0)

        self.refused(fits, "has no rows")
        self.refused(hdf5, "has no rows")

    def test_unknown_and_repeated_columns(self):
        self.refused_csv("injection_id,lens_qq\n1,0.5\n",
                         "column `lens_qq` is unknown: did you mean `lens_q`?")
        self.refused_csv("lens_q,lens_q\n1,0.5\n", "column `lens_q` is there twice")

    def test_columns_of_unequal_length(self):
        path = self.folder / "rows.h5"
        with h5py.File(path, "w") as file:
            file["lens_q"] = numpy.full(3, 0.5)
            file["src_q"] = numpy.full(4, 0.5)

        self.refused(path, "src_q: has 4 rows, but lens_q has 3")

    def test_files_of_another_kind(self):
        self.refused(self.write("rows.bin", b"\0\1\2\3" * 20),
                     "is neither CSV, HDF5 nor FITS")

    def test_truncated_hdf5(self):
        path = self.folder / "rows.h5"
        with h5py.File(path, "w") as file:
            file["lens_q"] = numpy.full(2000, 0.5)
        whole = path.read_bytes()

        for size in (len(whole) - 1, len(whole) // 2, 600, 10):
            with self.subTest(size):
                self.refused(self.write("cut.h5", whole[:size]),
                             "not a complete HDF5 file")

    def test_truncated_fits(self):
        path = self.folder / "rows.fits"
        Table({"lens_q": numpy.full(2000, 0.5)}).write(path)
        whole = path.read_bytes()

        for size in (len(whole) - 1, len(whole) // 2):
            with self.subTest(size):
                self.refused(self.write("cut.fits", whole[:size]), "HDU 1: truncated "
                             "file", f"end at byte {len(whole)}, the file at {size}")
        self.refused(self.write("cut.fits", whole[:3000]), "no HDU with a table")
        self.refused(self.write("cut.fits", whole[:600]), "not a complete FITS file")


if __name__ == "__main__":
    unittest.main()
