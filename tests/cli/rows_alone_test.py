"""A row does not depend on its neighbours: any subset of a run, given by its ids alone
and in any order, has the run's bytes."""

import unittest

import h5py
import numpy
from astropy.table import Table

from support import RICH, Case, contents, edited, lensmill, virtual_file

ROWS = 150
SUBSET = [7, 0, 149, 64, 33]


class RowsAlone(Case):
    def setUp(self):
        super().setUp()
        self.text = edited(RICH, "count: 10", f"count: {ROWS}")
        self.whole = self.make_run("whole", self.text)

    def compare(self, catalogue):
        alone = self.make_run("alone", self.text, "--catalogue", catalogue)

        self.assert_same_contents(contents(virtual_file(alone)),
                                  contents(virtual_file(self.whole), SUBSET))
        self.assert_ends(lensmill("verify", alone), 0)

    def test_ids_in_csv(self):
        self.compare(self.write("ids.csv", "injection_id\n" + "".join(
            f"{row}\n" for row in SUBSET)))

    def test_ids_in_fits(self):
        path = self.folder / "ids.fits"
        Table({"injection_id": SUBSET}).write(path)

        self.compare(path)

    def test_a_runs_own_file_as_catalogue(self):
        # All columns that a run writes, in full precision: the truth gives the stamps.
        path = self.folder / "rows.h5"
        with h5py.File(virtual_file(self.whole)) as whole, h5py.File(path, "w") as rows:
            for name, column in whole["catalogue"].items():
                rows[f"catalogue/{name}"] = column[:][SUBSET]

        self.compare(path)

    def test_the_seed_and_the_id_decide(self):
        ids = self.write("ids.csv", "injection_id\n1\n2\n")
        one = contents(virtual_file(self.make_run("one", self.text, "--catalogue", ids)))
        two = contents(virtual_file(self.make_run("two", self.text, "--catalogue", ids,
                                                  "--set", "run.seed=1")))

        self.assertNotEqual(one["images/positive"], two["images/positive"])
        with h5py.File(virtual_file(self.whole)) as whole:
            noise = whole["images/positive"][:] - whole["images/host"][:]
        self.assertEqual(len(numpy.unique(noise, axis=0)), ROWS)


if __name__ == "__main__":
    unittest.main()
