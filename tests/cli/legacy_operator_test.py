"""The historical misplacement of the PSF: refused by the self-test, run on request, and
labelled in every file it touches."""

import unittest

import h5py
import numpy

from support import CONFIG, SMALL, Case, edited, lensmill, virtual_file
from astropy.io import fits

LEGACY = edited(SMALL, "host: none\n",
                "convolve: {operator: legacy_ifftshift, oversample: 1}\nhost: none\n")
ACCEPTED = edited(LEGACY, "psf:\n", "psf:\n  accept_failed_self_test: true\n")
LABEL = "PSF MISPLACED ON PURPOSE"


class Refused(Case):
    def test_run_is_refused_with_the_table_and_what_to_set(self):
        config = self.write("legacy.yaml", LEGACY)
        run = self.folder / "run"

        result = lensmill("run", config, "--output", run)

        self.assert_ends(result, CONFIG, "the PSF self-test failed for 1 of 1 PSFs; "
                         "nothing was run", "psf.accept_failed_self_test: true",
                         "impulse_x_pix", "FAILED")
        self.assertFalse(run.exists())

    def test_psf_test_prints_the_table_and_ends_with_78(self):
        for text in (LEGACY, ACCEPTED):
            result = lensmill("psf-test", self.write("legacy.yaml", text))

            self.assertEqual(result.code, CONFIG)
            self.assertIn("PSF self-test r: Gaussian, FWHM 4.000 px: FAILED",
                          result.stdout)
            self.assertRegex(result.stdout, r"(?m)^  impulse_x_pix .* FAILED$")
            self.assertIn("1 PSFs tested: 1 failed", result.stdout)

    def test_check_says_that_it_will_be_refused(self):
        result = lensmill("check", self.write("legacy.yaml", LEGACY))

        self.assertEqual(result.code, CONFIG)
        self.assertIn("1 failed: this configuration will be refused", result.stdout)
        self.assert_ends(lensmill("check", self.write("accepted.yaml", ACCEPTED)), 0)

    def test_it_acts_on_the_stamps_own_pixels_only(self):
        for old, new, says in (
                ("oversample: 1", "oversample: 2", "convolve.oversample"),
                ("host: none", "render: {margin_pix: 3}\nhost: none",
                 "render.margin_pix"),
                ("fwhm_pix: 4.0", "fwhm_pix: 4.0, size_pix: [33, 33]",
                 "psf.r.size_pix")):
            text = edited(ACCEPTED, old, new)

            self.assert_ends(lensmill("check", self.write("legacy.yaml", text)), CONFIG,
                             says, "legacy_ifftshift")


class Labelled(Case):
    def setUp(self):
        super().setUp()
        self.run = self.folder / "run"
        self.said = lensmill("run", self.write("legacy.yaml", ACCEPTED), "--output",
                             self.run)

    def test_on_the_terminal(self):
        self.assert_ends(self.said, 0, "warning: 1 of 1 PSFs FAIL the self-test",
                         "/provenance/psf_self_test")

    def test_in_every_hdf5_file(self):
        for path in (virtual_file(self.run), *(self.run / "shards").iterdir()):
            with h5py.File(path) as file:
                facts = file["provenance"].attrs
                self.assertEqual(facts["convolve_operator"], f"legacy_ifftshift: {LABEL}")
                self.assertEqual(facts["psf_self_test_failed"], 1)
                self.assertIn("FAILED", file["provenance/psf_self_test"][()].decode())
                for image in file["images"].values():
                    self.assertIn(LABEL, image.attrs["description"])
                    self.assertIn("legacy_ifftshift", image.attrs["description"])

    def test_in_what_is_extracted_and_told(self):
        path = self.folder / "1.fits"
        self.assert_ends(lensmill("extract", self.run, "--id", 1, "--fits", path), 0)

        with fits.open(path) as hdus:
            for hdu in hdus:
                self.assertIn(LABEL, str(hdu.header))
        self.assertIn(LABEL, lensmill("info", self.run).stdout)

    def test_it_verifies_and_is_what_it_says(self):
        self.assert_ends(lensmill("verify", self.run), 0)
        correct = self.make_run("correct", edited(
            ACCEPTED, "operator: legacy_ifftshift", "operator: direct"))

        with h5py.File(virtual_file(self.run)) as legacy, \
                h5py.File(virtual_file(correct)) as good:
            moved, arc = legacy["images/arc"][:], good["images/arc"][:]
            self.assertNotIn(LABEL, good["images/arc"].attrs["description"])
        # A kernel of 13 x 13 at [0:13, 0:13] shifted by -(16//2): by 6 - 8 = -2 pixels,
        # around the edges.
        shifts = [(y, x) for y in range(-4, 5) for x in range(-4, 5)]
        misfit = [((moved - numpy.roll(arc, shift, (2, 3)))**2).sum() for shift in shifts]
        self.assertEqual(shifts[numpy.argmin(misfit)], (-2, -2))


if __name__ == "__main__":
    unittest.main()
