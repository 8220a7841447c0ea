"""PSF files that say another thing than the configuration, or hold more than one PSF:
the right one is taken, or the run is refused and says what to state. And kernels that
are not where they should be."""

import unittest

import h5py
import numpy
from astropy.io import fits

from support import BAD_DATA, CONFIG, SMALL, Case, edited, lensmill, virtual_file

GAUSSIAN = "{kind: gaussian, fwhm_pix: 4.0}"


def kernel(size=15, fwhm=4.0, peak=None):
    """A Gaussian of unit sum, its peak at index `peak` (the middle) of both axes."""
    y, x = numpy.mgrid[:size, :size] - (size // 2 if peak is None else peak)
    values = numpy.exp(-(x * x + y * y) * 4.0 * numpy.log(2.0) / fwhm**2)
    return values / values.sum()


def psfex_table(fwhms, slope=0.0, **cards):
    """A PSF_DATA table of models with one row per FWHM; linear in x with a slope."""
    basis = numpy.array([[kernel(25, fwhm), slope * kernel(25, fwhm), 0 * kernel(25)]
                         for fwhm in fwhms], "f4")
    table = fits.BinTableHDU.from_columns(
        [fits.Column("PSF_MASK", "1875E", dim="(25,25,3)", array=basis)],
        name="PSF_DATA")
    for key, value in dict(POLNAXIS=2, POLGRP1=1, POLNAME1="X_IMAGE", POLZERO1=1024.0,
                           POLSCAL1=2046.0, POLGRP2=1, POLNAME2="Y_IMAGE",
                           POLZERO2=2048.0, POLSCAL2=4094.0, POLNGRP=1, POLDEG1=1,
                           PSF_SAMP=1.0, **cards).items():
        table.header[key] = value
    return table


def with_column(table, name, values):
    columns = table.columns + fits.Column(name, "5A", array=numpy.array(values))
    return fits.BinTableHDU.from_columns(columns, header=table.header)


class PsfCase(Case):
    def images(self, name, *images, cards=()):
        """A FITS file with one image per HDU, and for each its cards."""
        hdus = [fits.PrimaryHDU(numpy.asarray(images[0], "f8"))]
        hdus += [fits.ImageHDU(numpy.asarray(image, "f8")) for image in images[1:]]
        for hdu, own in zip(hdus, cards):
            hdu.header.update(own)
        path = self.folder / name
        fits.HDUList(hdus).writeto(path, overwrite=True)
        return path

    def tables(self, name, *tables):
        path = self.folder / name
        fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path, overwrite=True)
        return path

    def pixelised(self, path, more="", centring="keep"):
        return edited(SMALL, GAUSSIAN,
                      f"{{kind: pixelised, file: {path}, includes_pixel: true, "
                      f"normalisation: unit, centring: {centring}{more}}}")

    def psfex(self, path, more="", position="[500, 900]"):
        position = f", position: {position}" if position else ""
        return edited(SMALL, GAUSSIAN,
                      f"{{kind: psfex, file: {path}{position}, normalisation: unit, "
                      f"centring: keep{more}}}")

    def psf_test(self, text):
        return lensmill("psf-test", self.write("small.yaml", text))

    def refused(self, text, *pieces, code=CONFIG):
        """Refused when its files are opened, by psf-test as by run."""
        result = self.assert_ends(self.psf_test(text), code, *pieces)
        self.assertEqual(result.stdout, "")

    def not_run(self, text, *pieces):
        """Refused by run for its PSFs."""
        run = self.folder / "run"
        result = lensmill("run", self.write("small.yaml", text), "--output", run)
        self.assert_ends(result, CONFIG, *pieces)
        self.assertFalse(run.exists())

    def fwhm_used(self, text):
        """FWHM of the PSFEx model that psf-test says it has tested."""
        result = self.assert_ends(self.psf_test(text), 0)
        return float(result.stdout.split("FWHM ")[1].split(" px")[0])

    def takes(self, text, place):
        result = self.assert_ends(self.psf_test(text), 0)
        self.assertIn(f"r: pixelised, {place}: passed", result.stdout)


class Places(PsfCase):
    def test_a_misplaced_kernel_fails(self):
        whole = kernel(63, peak=31)
        for name, values, says in (
                ("rolled", numpy.roll(whole, 5, axis=1), "its core lies 5.000 px off"),
                ("cropped", whole[:62, :62], "its core lies 1.414 px off"),
                ("symmetric", kernel(62, peak=30.5), "half a sample from the origin")):
            with self.subTest(name):
                text = self.pixelised(self.images(f"{name}.fits", values))

                result = self.psf_test(text)

                self.assertEqual(result.code, CONFIG, str(result))
                self.assertIn("1 PSFs tested: 1 failed", result.stdout)
                self.assertIn(says, result.stdout)
                self.not_run(text, says, "centring: recentre", "accept_offset_pix")
                moved = edited(text, "centring: keep", "centring: recentre")
                self.assert_ends(self.psf_test(moved), 0)

    def test_an_offset_that_is_meant_is_accepted_up_to_what_is_said(self):
        path = self.images("symmetric.fits", kernel(62, peak=30.5))

        result = self.psf_test(self.pixelised(path, ", accept_offset_pix: 0.75"))
        self.assert_ends(result, 0)
        self.assertIn("0 failed, 1 with a warning", result.stdout)
        result = self.psf_test(self.pixelised(path, ", accept_offset_pix: 0.6"))
        self.assert_ends(result, CONFIG)

    def test_a_small_offset_is_warned_of(self):
        text = self.pixelised(self.images("near.fits", kernel(31, peak=15.2)))

        result = self.psf_test(text)
        run = lensmill("run", self.write("small.yaml", text), "--output",
                       self.folder / "run")

        self.assert_ends(result, 0)
        self.assertIn("0 failed, 1 with a warning", result.stdout)
        self.assert_ends(run, 0, "its core lies 0.283 px off its origin")

    def test_every_kernel_of_a_list_gets_the_cheap_checks(self):
        kernels = [kernel(31) for _ in range(40)]
        kernels[38] = numpy.roll(kernels[38], 3, axis=0)
        text = self.pixelised(self.images("list.fits", kernels))

        result = self.psf_test(text)

        self.assertEqual(result.code, CONFIG, str(result))
        self.assertIn("40 given: all 40 got the cheap checks, 32 the whole test",
                      result.stdout)
        self.assertIn("32 PSFs tested: 1 failed", result.stdout)
        self.assertIn("HDU 0 [38] (cheap checks): FAILED", result.stdout)
        self.not_run(text, "the PSF self-test failed for 1 of 40 PSFs")


class Bands(PsfCase):
    def test_one_image_per_band_is_found_by_its_card(self):
        path = self.images("coadd-psf.fits", kernel(31, 3.0), kernel(31, 5.0),
                           cards=({"BAND": "g", "BANDS": "gr"}, {"BAND": "r"}))

        self.takes(self.pixelised(path), f"{path}, HDU 1")
        self.refused(self.pixelised(path, ", hdu: 0"), "psf.r.file: ",
                     "HDU 0 states BAND = 'g'", "file_band: g")
        self.takes(self.pixelised(path, ", file_band: g"), f"{path}, HDU 0")
        path = self.images("i.fits", kernel(31),
                           cards=({"FILTER": "i DECam SDSS c0003 7835.0 1470.0"},))
        self.refused(self.pixelised(path), "FILTER = 'i DECam SDSS")

    def test_several_images_that_say_nothing_are_refused(self):
        path = self.images("two.fits", kernel(31, 3.0), kernel(31, 5.0))

        self.refused(self.pixelised(path), "psf.r.hdu: required", "HDU 0; HDU 1")
        self.takes(self.pixelised(path, ", hdu: 0"), f"{path}, HDU 0")
        path = self.images("line.fits", numpy.ones(7), kernel(31))
        self.takes(self.pixelised(path), f"{path}, HDU 1")

    def test_an_attribute_of_a_dataset_counts_too(self):
        path = self.folder / "psf.h5"
        with h5py.File(path, "w") as file:
            file["k"] = kernel(31)
            file["k"].attrs["band"] = "g"

        self.refused(self.pixelised(path, ", dataset: k"), "psf.r.file: ", "/k states band")

    def three_bands(self, path, *more):
        text = edited(SMALL, "bands: [r]", "bands: [g, r, z]")
        text = edited(text, "  src_flux_nmgy_r: 10.0", "  src_flux_nmgy_g: 10.0\n"
                      "  src_flux_nmgy_r: 10.0\n  src_flux_nmgy_z: 10.0")
        text = edited(text, "sky_sigma_nmgy: {r: 0.01}",
                      "sky_sigma_nmgy: {g: 0.01, r: 0.01, z: 0.01}")
        text = edited(text, "{r: 500}", "{g: 500, r: 500, z: 500}")
        psf = "".join(
            f"  {band}: {{kind: pixelised, file: {path}, includes_pixel: true, "
            f"normalisation: unit, centring: keep{key}}}\n"
            for band, key in zip("grz", more))
        return edited(text, f"  r: {GAUSSIAN}\n", psf)

    def test_one_cube_of_bands_is_not_a_list_for_every_band(self):
        path = self.images("cube.fits", [kernel(31, f) for f in (3.0, 4.0, 5.0)])

        self.refused(self.three_bands(path, "", "", ""), "psf.g.plane, psf.r.plane",
                     "`plane: 0` for g", "plane: all")
        text = self.three_bands(path, *(f", plane: {k}" for k in range(3)))
        result = self.assert_ends(self.psf_test(text), 0)
        for band, fwhm in zip("grz", (3, 4, 5)):
            self.assertIn(f"{band}: pixelised, {path}, HDU 0 [{fwhm - 3}]", result.stdout)
        result = self.psf_test(self.three_bands(path, *[", plane: all"] * 3))
        self.assert_ends(result, 0)
        self.assertIn("9 PSFs tested", result.stdout)

    def test_planes_that_the_header_calls_bands_are_not_kernels(self):
        path = self.images("cube.fits", [kernel(31, f) for f in (3.0, 4.0, 5.0)],
                           cards=({"BANDS": "grz"},))

        self.refused(self.pixelised(path), "psf.r.plane: required", "(BANDS)")
        self.assert_ends(self.psf_test(self.pixelised(path, ", plane: 1")), 0)


class Scales(PsfCase):
    def test_another_scale_of_samples_is_refused(self):
        for name, cards, says in (
                ("a", {"PIXSCALE": 0.396}, "PIXSCALE 0.396"),
                ("b", {"PSF_SAMP": 0.25}, "state samples_per_pixel: 4"),
                ("c", {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
                       "CDELT1": -1.1e-4, "CDELT2": 1.1e-4}, "CDELT1"),
                ("d", {"PIXELSCL": 0.131}, "state samples_per_pixel: 2")):
            with self.subTest(name):
                path = self.images(f"{name}.fits", kernel(31), cards=(cards,))
                self.refused(self.pixelised(path), "psf.r", says)
        path = self.images("e.fits", kernel(31), cards=({"PIXSCALE": 0.262},))
        self.assert_ends(self.psf_test(self.pixelised(path)), 0)


class Models(PsfCase):
    def test_one_of_several_tables_is_named(self):
        path = self.tables("two.psf", psfex_table([3.0]),
                           psfex_table([6.0], CCDNAME="S10"))

        self.refused(self.psfex(path), "contains 2 PSFEx models",
                     "HDU 1 row 0; HDU 2 row 0: CCDNAME S10", "`hdu`, `ccdname` or `row`")
        for more, fwhm in ((", hdu: 1", 3.0), (", hdu: 2", 6.0), (", ccdname: s10", 6.0)):
            self.assertAlmostEqual(self.fwhm_used(self.psfex(path, more)), fwhm, delta=0.1)
        self.refused(self.psfex(path, ", hdu: 3"), "psf.r.hdu: ", "no such model")
        self.refused(self.psfex(path, ", ccdname: N4"), "psf.r.ccdname: ", "N4")

    def test_one_of_several_rows_is_named(self):
        rows = with_column(psfex_table([3.0, 6.0, 5.0]), "ccdname", ["N1", "N2", "N1"])
        path = self.tables("merged.fits", rows)

        self.refused(self.psfex(path), "contains 3 PSFEx models", "row 1: CCDNAME N2")
        self.refused(self.psfex(path, ", ccdname: N1"), "contains 2 PSFEx models")
        for more, fwhm in ((", ccdname: N2", 6.0), (", row: 0", 3.0),
                           (", ccdname: N1, row: 2", 5.0)):
            self.assertAlmostEqual(self.fwhm_used(self.psfex(path, more)), fwhm, delta=0.1)
        self.refused(self.psfex(path, ", row: 3"), "psf.r.row: ", "no such model")

    def test_another_band_is_refused(self):
        path = self.tables("g.psf", psfex_table([4.0], FILTER="g DECam SDSS c0001"))

        self.refused(self.psfex(path), "psf.r.file: ", "FILTER = 'g DECam")

    def test_positions_beyond_the_model_are_refused_and_those_outside_warned_of(self):
        path = self.tables("one.psf", psfex_table([4.0], slope=0.1))

        self.refused(self.psfex(path, position="[5000, 900]"), "psf.r.position: ",
                     "beyond the range of PSFEx model", "X_IMAGE in [1.0, 2047.0]")
        # A tenth of POLSCAL beyond the stars ends at 1024 + 0.6 * 2046 = 2251.6.
        self.refused(self.psfex(path, position="[2252, 900]"), "margin of 0.1 POLSCAL",
                     "extrapolate: true")
        text = self.psfex(path, position="[2251, 900]")
        run = lensmill("run", self.write("small.yaml", text), "--output",
                       self.folder / "outside")
        self.assert_ends(run, 0, "1 of 1 positions lie outside the area")
        meant = self.psf_test(self.psfex(path, ", extrapolate: true", "[2300, 900]"))
        self.assert_ends(meant, 0)
        self.assertIn("1 of them by more than 0.1 POLSCAL (every row): `extrapolate: true` "
                      "takes", meant.stdout)
        inside = self.psf_test(self.psfex(path, position="[2000, 900]"))
        self.assertNotIn("outside the area", inside.stdout)

    def test_rows_beyond_the_model_have_no_psf(self):
        path = self.tables("one.psf", psfex_table([4.0], slope=0.1))
        self.write("rows.csv", "psf_x_pix_r,psf_y_pix_r\n1000,2000\n2200,2000\n2300,100\n")
        text = edited(self.psfex(path, position=""), "sampled: {count: 10}",
                      "file: {path: rows.csv}")
        text = edited(text, "run: {name: small, seed: 7}",
                      "run: {name: small, seed: 7, max_failed_fraction: 0.5}")
        run = self.folder / "run"

        result = lensmill("run", self.write("small.yaml", text), "--output", run)

        self.assert_ends(result, 0, "2 of 3 positions lie outside the area",
                         "(2300.0, 100.0)", "1 of them by more than 0.1 POLSCAL "
                         "(injection_id 2): such rows get status bad_psf")
        with h5py.File(virtual_file(run)) as file:
            self.assertEqual(list(file["measurements/status"]), [0, 0, 15])
            self.assertTrue(numpy.isnan(file["measurements/core_flux_fraction"][2]).all())
        meant = self.make_run("meant", edited(text, "normalisation", "extrapolate: true, "
                                                    "normalisation"))
        with h5py.File(virtual_file(meant)) as file:
            self.assertEqual(list(file["measurements/status"]), [0, 0, 0])
        self.assertIn("extrapolate: true", (meant / "run.yaml").read_text())

    def test_a_model_whose_core_runs_away_fails(self):
        table = psfex_table([4.0])
        basis = table.data["PSF_MASK"]
        basis[0, 1] = 2.0 * (numpy.roll(basis[0, 0], 4, axis=1) - basis[0, 0])
        path = self.tables("moves.psf", table)

        result = self.psf_test(self.psfex(path, position="{uniform_ccd: true}"))

        self.assertEqual(result.code, CONFIG, str(result))
        self.assertIn("PSFEx model r: ", result.stdout)
        self.assertIn("49 positions: core up to", result.stdout)
        self.assertIn("fails above 1 px: FAILED", result.stdout)


class Sums(PsfCase):
    def test_a_negative_sum_is_refused(self):
        self.refused(self.pixelised(self.images("negative.fits", -kernel(31))),
                     "its sum is negative", code=BAD_DATA)

    def test_a_kernel_that_multiplies_flux_is_warned_of(self):
        path = self.images("peak.fits", kernel(31) / kernel(31).max())
        text = edited(self.pixelised(path), "normalisation: unit", "normalisation: keep")

        result = self.psf_test(text)

        self.assert_ends(result, 0)
        self.assertIn("a star of unit flux gets 18.1", result.stdout)


if __name__ == "__main__":
    unittest.main()
