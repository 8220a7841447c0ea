"""Kernels and host cutouts that cannot be used: 65, naming file, dataset or HDU and
index; nothing is written."""

import unittest

import h5py
import numpy
from astropy.io import fits

from support import BAD_DATA, CONFIG, SMALL, Case, edited, lensmill


def gaussian(size=15):
    y, x = numpy.mgrid[:size, :size] - size // 2
    kernel = numpy.exp(-(x * x + y * y) / 8.0)
    return kernel / kernel.sum()


class InputCase(Case):
    def fits_file(self, name, values):
        path = self.folder / name
        fits.PrimaryHDU(numpy.asarray(values, "f8")).writeto(path)
        return path

    def hdf5_file(self, name, **datasets):
        path = self.folder / name
        with h5py.File(path, "w") as file:
            for key, values in datasets.items():
                file[key] = values
        return path

    def cut(self, path, lost_bytes):
        path.write_bytes(path.read_bytes()[:-lost_bytes])
        return path

    def refused(self, text, *pieces, code=BAD_DATA):
        config = self.write("small.yaml", text)
        run = self.folder / "run"
        for arguments in (("run", config, "--output", run), ("psf-test", config)):
            result = lensmill(*arguments)
            self.assert_ends(result, code, *pieces)
            self.assertEqual(result.stdout, "")
        self.assertFalse(run.exists())


class Kernels(InputCase):
    def config(self, path, more=""):
        return edited(
            SMALL, "{kind: gaussian, fwhm_pix: 4.0}",
            f"{{kind: pixelised, file: {path}, includes_pixel: true, "
            f"normalisation: unit, centring: keep{more}}}")

    def test_a_good_one_is_taken(self):
        for path, more in ((self.fits_file("good.fits", gaussian()), ""),
                           (self.hdf5_file("good.h5", k=gaussian()), ", dataset: k")):
            config = self.write("small.yaml", self.config(path, more))

            self.assert_ends(lensmill("psf-test", config), 0)

    def test_values_that_are_not_finite(self):
        kernel = gaussian()
        kernel[3, 4] = numpy.nan
        kernel[0, 0] = numpy.inf
        says = "2 of its 225 values are not finite; replace them or choose another"

        path = self.fits_file("one.fits", kernel)
        self.refused(self.config(path), f"PSF kernel {path}, HDU 0: {says}")
        path = self.fits_file("list.fits", [gaussian(), gaussian(), kernel])
        self.refused(self.config(path), f"PSF kernel {path}, HDU 0 [2]: {says}")
        path = self.hdf5_file("list.h5", k=[gaussian(), kernel])
        self.refused(self.config(path, ", dataset: k"), f"{path}: /k [1]: {says}")

    def test_a_sum_of_zero(self):
        path = self.fits_file("zero.fits", numpy.zeros((5, 5)))
        self.refused(self.config(path), f"{path}, HDU 0: its sum is zero", "flux")

        antisymmetric = gaussian() * numpy.sign(numpy.arange(15) - 7)
        path = self.fits_file("odd.fits", antisymmetric)
        self.refused(self.config(path), f"{path}, HDU 0: its sum is zero")

    def test_truncated_files(self):
        path = self.cut(self.fits_file("cut.fits", gaussian(20)), 700)
        self.refused(self.config(path), f"{path}, HDU 0: truncated file")

        path = self.cut(self.hdf5_file("cut.h5", k=gaussian()), 100)
        self.refused(self.config(path, ", dataset: k"),
                     f"{path}: not a complete HDF5 file", "truncated")

    def test_files_of_another_kind(self):
        path = self.write("kernel.txt", "0.1 0.2 0.1\n")
        self.refused(self.config(path), f"{path}: is neither FITS nor HDF5")
        path = self.write("empty.fits", "")
        self.refused(self.config(path), f"{path}: the file is empty")

    def test_datasets_that_are_not_there_or_of_another_shape(self):
        path = self.hdf5_file("k.h5", k=gaussian(), line=numpy.ones(5))

        self.refused(self.config(path), "psf.r.dataset: required", "the file has: k, line",
                     code=CONFIG)
        self.refused(self.config(path, ", dataset: kk"),
                     f"{path}: /kk: no such dataset (/ has: k, line)")
        self.refused(self.config(path, ", dataset: line"), f"{path}: /line",
                     "has shape [5], but a kernel [y, x]")

    def test_psfex_models_that_are_none(self):
        path = self.fits_file("kernel.fits", gaussian())
        text = edited(SMALL, "{kind: gaussian, fwhm_pix: 4.0}",
                      f"{{kind: psfex, file: {path}, position: [1, 1], "
                      "normalisation: unit, centring: keep}")

        self.refused(text, path, "PSF_MASK")


class Hosts(InputCase):
    def config(self, source):
        return edited(SMALL, "host: none",
                      f"host: {{cutouts: {{{source}, units: nmgy, "
                      "pixel_scale_arcsec: 0.262}}")

    def test_cutouts_smaller_than_the_stamp(self):
        path = self.fits_file("hosts.fits", numpy.ones((4, 15, 20)))

        self.refused(self.config(f"r: {path}"), f"{path}, HDU 0",
                     "cutouts of 15 x 20 pixels are smaller than the stamp (16 pixels)",
                     "reduce grid.stamp_size_pix or use larger cutouts")

    def test_a_wrong_number_of_bands(self):
        path = self.hdf5_file("hosts.h5", h=numpy.ones((4, 2, 20, 20), "f4"))

        self.refused(self.config(f"file: {path}, dataset: h"), f"{path}: /h",
                     "has shape [4, 2, 20, 20]", "the run's 1 band (r) is needed")

    def test_cubes_of_different_lengths(self):
        g = self.fits_file("g.fits", numpy.ones((4, 20, 20)))
        r = self.fits_file("r.fits", numpy.ones((3, 20, 20)))
        text = edited(self.config(f"g: {g}, r: {r}"), "bands: [r]", "bands: [g, r]")
        text = edited(text, "  r: {kind", "  g: {kind: gaussian, fwhm_pix: 4}\n  r: {kind")
        text = edited(text, "{r: 500}", "{g: 500, r: 500}")
        text = edited(text, "host:", "  src_flux_nmgy_g: 10.0\nhost:")

        self.refused(text, f"{r}, HDU 0: contains 3 cutouts", f"{g}, HDU 0 contains 4")

    def test_truncated_cubes(self):
        path = self.cut(self.fits_file("hosts.fits", numpy.ones((4, 20, 20))), 3000)

        self.refused(self.config(f"r: {path}"), f"{path}, HDU 0: truncated file")

    def test_another_pixel_scale_is_a_matter_of_the_configuration(self):
        path = self.fits_file("hosts.fits", numpy.ones((4, 20, 20)))
        text = edited(self.config(f"r: {path}"), "pixel_scale_arcsec: 0.262}}",
                      "pixel_scale_arcsec: 0.27}}")

        self.refused(text, "host.cutouts.pixel_scale_arcsec at ", "0.27 arcsec against",
                     "more than 1 % is refused", code=CONFIG)


if __name__ == "__main__":
    unittest.main()
