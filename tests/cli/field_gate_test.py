"""jobs/check_field.py: a good field passes, and each kind of bad one fails by its name."""

import os
import pathlib
import shutil
import subprocess
import unittest

import h5py
import numpy

from field_support import FIELD, FieldCase
from support import TIME_LIMIT_S, edited

GATE = pathlib.Path(os.environ.get(
    "LENSMILL_SOURCE", pathlib.Path(__file__).parents[2])) / "jobs/check_field.py"
TEXT = FIELD + "  compare_with_stamps: true\n"


class FieldGate(FieldCase):
    def setUp(self):
        super().setUp()
        self.good = self.make_field("good", TEXT)

    def judged(self, *arguments):
        return subprocess.run(["/usr/bin/python3", "-B", GATE, *arguments],
                              capture_output=True, text=True, timeout=TIME_LIMIT_S)

    def assert_fails(self, check, *arguments):
        done = self.judged(*arguments)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"(?m)^  FAIL  {check}")
        self.assertRegex(done.stdout, rf"GATE FAILED: .*{check}")

    def damaged(self, file, change):
        """A copy of the good field, one of its HDF5 files changed."""
        bad = self.folder / "bad"
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(self.good, bad)
        with h5py.File(bad / file, "r+") as data:
            change(data)
        return bad

    def test_a_good_one(self):
        done = self.judged(self.good, "--min-rows", "12")

        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("  pass  "), 7, done.stdout)
        self.assertNotIn("not checked", done.stdout)
        self.assert_fails("rows", self.good)

    def test_the_noise_is_that_of_the_arcs_photons(self):
        def shift(data):  # the pair is not of one sky
            data["empty"][...] = numpy.roll(data["empty"][...], 1, axis=0)

        def brighten(data):  # an arc of 5 % more light
            data["image"][...] += 0.05 * data["arc"][...]

        def calm(data):  # no photon noise
            data["image"][...] = data["empty"][...] + data["arc"][...]

        for change in (shift, brighten, calm):
            with self.subTest(change.__name__):
                self.assert_fails("pair", self.damaged("bands/r.h5", change),
                                  "--min-rows", "12")

    def test_what_is_missing_or_of_another_field(self):
        def foreign(data):
            data.attrs["config_hash"] = "0" * 64

        self.assert_fails("complete", self.damaged("bands/r.h5", foreign))
        (self.folder / "bad/bands/r.h5").unlink()
        self.assert_fails("complete", self.folder / "bad")
        (self.folder / "bad/truth.h5").write_bytes(b"no HDF5")
        done = self.judged(self.good, self.folder / "bad", "--min-rows", "12")
        self.assertEqual(done.returncode, 1)
        self.assertIn("GATE FAILED: bad: not readable", done.stdout)

    def test_numbers_of_the_truth(self):
        def failed(data):
            status = data["injections/status"]
            status[...] = numpy.where(numpy.arange(len(status)) == 3, 12, status[...])

        def off_stamps(data):
            data["injections/core_flux_fraction_r5_r"][2] += 0.01

        def undefined(data):
            data["injections/arc_flux_nmgy_r"][2] = numpy.nan

        def bad_psf(data):
            data["provenance"].attrs["psf_self_test_failed"] = 1

        for change, check in ((failed, "failed"), (off_stamps, "stamps"),
                              (undefined, "core flux"), (undefined, "stamps"),
                              (bad_psf, "psf self-test")):
            with self.subTest(change.__name__, check=check):
                self.assert_fails(check, self.damaged("truth.h5", change),
                                  "--min-rows", "12")

    def test_arcs_in_exposures_that_vary(self):
        _, _, wcs = self.base()
        text = self.on_base(wcs.all_pix2world([(100, 90), (60, 120)], 0))
        good = self.make_field("exposures", text)
        done = self.judged(good, "--min-rows", "2")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("variance not checked: exposures vary", done.stdout)

        with h5py.File(good / "bands/r.h5", "r+") as data:
            data["image"][...] = data["empty"][...]  # no arc was added
        self.assert_fails("pair", good, "--min-rows", "2")

    def test_what_is_not_checked_is_said(self):
        plain = self.make_field("plain", FIELD)

        done = self.judged(plain, "--min-rows", "12")

        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("----  stamps         not checked: field.compare_with_stamps is false",
                      done.stdout)
        text = edited(FIELD, "gain_e_per_nmgy: {r: 500}", "gain_e_per_nmgy: {r: 1.0e-3}")
        done = self.judged(self.make_field("few", text), "--min-rows", "12")
        self.assertIn("not checked: r: fewer than 100 pixels have a photon", done.stdout)


if __name__ == "__main__":
    unittest.main()
