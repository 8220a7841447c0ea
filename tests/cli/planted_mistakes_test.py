"""`lensmill check` on mistakes that users make with files: none goes unsaid, and what is
right is not marked. (Those of priors and zero points: unit.session.plausibility.)"""

import unittest

import numpy
from astropy.io import fits

from cutout_files_test import IDS, NOISE
from psf_of_hosts_test import HostCase, coadd_psf, kernel
from support import BAD_DATA, CONFIG, edited, lensmill

import cutout_files_test

TEXT = edited(cutout_files_test.TEXT, cutout_files_test.TEXT[
    cutout_files_test.TEXT.index("psf:"):cutout_files_test.TEXT.index("noise:")],
    f"psf:\n{HostCase.SHARED}\n")


class PlantedMistakes(HostCase):
    def check(self, *edits):
        text = TEXT
        for old, new in edits:
            text = edited(text, old, new)
        return lensmill("check", self.write("run.yaml", text))

    def change(self, kind, change):
        """In every cutout, the image of this IMAGETYP."""
        for name in IDS:
            with fits.open(self.folder / "cut" / f"{name}.fits", mode="update") as file:
                for hdu in file:
                    if hdu.header["IMAGETYP"] == kind:
                        change(hdu)

    def refused(self, result, code, *pieces):
        self.assert_ends(result, code)
        for piece in pieces:
            self.assertIn(piece, result.stdout + result.stderr)

    def marked(self, result, *pieces):
        self.assert_ends(result, 0)
        said = self.said_of(result)
        for piece in pieces:
            self.assertTrue(any(piece in line for line in said), f"{piece}: {result}")

    @staticmethod
    def said_of(result):
        """Marks and warnings, but for the one of few hosts, which these tests have."""
        return [line for line in (result.stdout + result.stderr).splitlines()
                if line.startswith("! ")
                or "warning: " in line and "catalogue.split" not in line]

    def test_nothing_is_said_of_files_that_are_right(self):
        result = self.check()
        self.assert_ends(result, 0)
        self.assertEqual(self.said_of(result), [])

    # ---- Weights ----

    def test_standard_deviations_as_inverse_variances(self):
        self.change("INVVAR", lambda hdu: hdu.data.fill(NOISE))
        self.refused(self.check(), BAD_DATA, "`weight: {kind: rms}`", "which fits")

    def test_variances_as_inverse_variances(self):
        self.change("INVVAR", lambda hdu: hdu.data.fill(NOISE**2))
        self.refused(self.check(), BAD_DATA, "`weight: {kind: variance}`", "which fits")

    def test_weights_of_other_units(self):
        def other(hdu):
            hdu.data *= 1e-4
        self.change("INVVAR", other)
        self.refused(self.check(), BAD_DATA, "says a noise of 2 nmgy", "scatter by 0.0")

    def test_weights_that_are_zero_everywhere(self):
        self.change("INVVAR", lambda hdu: hdu.data.fill(0.0))
        self.refused(self.check(), BAD_DATA, "bad_host 20", "can be rendered")

    # ---- Images ----

    def test_bands_in_another_order(self):
        result = self.check(("    units: nmgy", "    band_order: [z, r, g]\n    units: nmgy"))
        self.refused(result, BAD_DATA, "is band 'g' by its header", "band_order says z")

    def test_a_band_that_the_files_do_not_have(self):
        result = self.check(("bands: [g, r, z]", "bands: [g, r, i]"),
                         ("src_flux_nmgy_z", "src_flux_nmgy_i"), ("z: 500", "i: 500"))
        self.refused(result, BAD_DATA, "has no band i (it has g, r, z)")

    def test_another_pixel_scale(self):
        result = self.check(("pixel_scale_arcsec: 0.262", "pixel_scale_arcsec: 0.2"))
        self.refused(result, BAD_DATA, "0.26200 arcsec by its WCS", "nothing is resampled")

    def test_hosts_without_a_pixel(self):
        self.change("IMAGE", lambda hdu: hdu.data.fill(numpy.nan))
        self.refused(self.check(), BAD_DATA, "bad_host 20", "can be rendered")

    def test_counts_taken_for_nanomaggies(self):
        def scale(hdu):
            hdu.data *= 1e6
        self.change("IMAGE", scale)
        self.refused(self.check(), BAD_DATA, "weight of band g", "scatter by")

    def test_units_that_the_header_contradicts(self):
        def unit(hdu):
            hdu.header["BUNIT"] = "ADU"
        self.change("IMAGE", unit)
        self.refused(self.check(), BAD_DATA, "its unit is 'ADU'", "zero_point_mag")

    def test_cutouts_smaller_than_the_stamp(self):
        result = self.check(("stamp_size_pix: 32", "stamp_size_pix: 64"))
        self.refused(result, BAD_DATA, "41 x 41 pixels are smaller than the stamp")

    # ---- Masks and ids ----

    def test_a_bit_that_the_mask_does_not_name(self):
        result = self.check(("bits: [BRIGHT, 4]", "bits: [BRIHGT, 4]"))
        self.refused(result, BAD_DATA, "names no bit `BRIHGT`", "it names ALLMASK_G, BRIGHT")

    def test_a_mask_that_covers_all(self):
        self.change("MASKBITS", lambda hdu: hdu.data.fill(2))
        self.refused(self.check(), BAD_DATA, "100 % of the pixels are masked", "can be rendered")

    # ---- PSFs ----

    def test_psfs_of_another_object(self):
        self.write_psf(0, OBJID=IDS[1])
        self.refused(self.check(), BAD_DATA, f"is of OBJID = {IDS[1]} by its header", f"host 0 ({IDS[0]})")

    def test_a_psf_that_is_missing(self):
        (self.folder / "psf" / f"{IDS[2]}.fits").unlink()
        self.refused(self.check(), BAD_DATA, "1 of 6 hosts have no file there", str(IDS[2]))

    def test_psfs_of_other_bands(self):
        hdus = coadd_psf(3)
        for hdu, band in zip(hdus, "giy"):
            hdu.header["BAND"] = band
        hdus[0].header["BANDS"] = "giy"
        hdus.writeto(self.folder / "psf" / f"{IDS[3]}.fits", overwrite=True)
        self.refused(self.check(), BAD_DATA, f"{IDS[3]}.fits", "has no band r")

    def test_a_psf_off_its_origin(self):
        hdus = coadd_psf(4)
        hdus[1].data = numpy.roll(hdus[1].data, 3, axis=1)
        hdus.writeto(self.folder / "psf" / f"{IDS[4]}.fits", overwrite=True)
        self.refused(self.check(), CONFIG, "FAILED", str(IDS[4]), "will be refused")

    def test_a_psf_much_wider_than_the_others(self):
        hdus = coadd_psf(5)
        hdus[1].data = kernel(21, "r")
        hdus.writeto(self.folder / "psf" / f"{IDS[5]}.fits", overwrite=True)
        self.marked(self.check(), f"host 5 ({IDS[5]})")

    def test_a_psf_without_light(self):
        hdus = coadd_psf(1)
        hdus[2].data[:] = 0
        hdus.writeto(self.folder / "psf" / f"{IDS[1]}.fits", overwrite=True)
        self.refused(self.check(), BAD_DATA, f"host 1 ({IDS[1]})", "a PSF must have flux")

    # ---- Numbers ----

    def test_angles_in_degrees(self):
        result = self.check(("lens_phi_rad: 0.4", "lens_phi_rad: 40"))
        self.marked(result, "(degrees?); give them as `lens_phi_deg`")

    def test_magnitudes_given_as_fluxes(self):
        result = self.check(("src_flux_nmgy_r: 10.0", "src_flux_nmgy_r: 21.0e6"))
        self.marked(result, "arc of magnitude 1.3 is too bright")


if __name__ == "__main__":
    unittest.main()
