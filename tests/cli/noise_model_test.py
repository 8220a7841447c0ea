"""lensmill noise-model: what it prints and writes, that a run takes it, and what it says
of images that it cannot use."""

import itertools
import json
import unittest

import numpy
from astropy.io import fits

from support import (BAD_DATA, IO, SMALL, USAGE, Case, contents, data_path, edited,
                     lensmill, virtual_file)

SMALL_WITH_NOISE = edited(SMALL, "noise:\n",
                          "noise:\n  correlation: {r: noise.yaml}\n")
SIDE = 320
SIGMA = 0.02
# Noise of a kernel: lag 1 along x is 0.4, along y 0.
KERNEL = numpy.array([0.5, 1.0, 0.0]) / numpy.sqrt(1.25)
LAG_1 = 0.4
# Some hundred thousand correlated pixels: the measured lag scatters by 0.003.
LAG_ERROR = 0.015
STARS = ((40, 50), (200, 220), (280, 90))


def noise(side=SIDE, seed=5):
    white = numpy.random.default_rng(seed).normal(size=(side, side + 2))
    return SIGMA * sum(weight * white[:, k:k + side] for k, weight in enumerate(KERNEL))


def sky():
    """Noise, a few stars, a strip that no exposure reached."""
    image = 0.3 + noise()
    y, x = numpy.mgrid[:SIDE, :SIDE]
    for y0, x0 in STARS:
        image += 200 * SIGMA * numpy.exp(-((y - y0) ** 2 + (x - x0) ** 2) / 8.0)
    image[:, 300:] = 0.0
    return image


def scalars(text):
    """The top-level scalars of a model's YAML."""
    pairs = (line.partition(": ") for line in text.splitlines()
             if not line.startswith(" "))
    return {key: value for key, colon, value in pairs if colon}


def table(text, name):
    """One of its tables: rows `  - [...]` below `name:`."""
    lines = text.splitlines()
    rows = itertools.takewhile(lambda line: line.startswith("  - ["),
                               lines[lines.index(f"{name}:") + 1:])
    return numpy.array([json.loads(row[4:]) for row in rows])


class NoiseModelCase(Case):
    def image(self, values, name="image.fits"):
        path = self.folder / name
        fits.PrimaryHDU(numpy.asarray(values, "f4")).writeto(path)
        return path


class GoodImages(NoiseModelCase):
    def test_a_run_takes_what_it_measures(self):
        image = self.image(sky())
        model = self.folder / "noise.yaml"

        result = self.assert_ends(
            lensmill("noise-model", image, "--max-lag", 3, "--output", model, "--png",
                     self.folder / "noise.png"), 0, f"{model}: written")

        self.assertIn("correlation function, measured", result.stdout)
        self.assertIn("320 x 320 pixels", result.stdout)
        self.assertTrue((self.folder / "noise.png").read_bytes().startswith(b"\x89PNG"))
        lags = table(model.read_text(), "lags")
        self.assertEqual(lags.shape, (7, 7))
        self.assertEqual(lags[3, 3], 1.0)
        self.assertAlmostEqual(lags[3, 4], LAG_1, delta=LAG_ERROR)
        self.assertAlmostEqual(lags[4, 3], 0.0, delta=LAG_ERROR)
        sigma = float(scalars(model.read_text())["sigma_rms"])
        self.assertAlmostEqual(sigma / SIGMA, 1.0, delta=0.02)

        # Relative to the configuration's folder, and gone when the run is continued.
        run = self.make_run("run", SMALL_WITH_NOISE)
        with_it = contents(virtual_file(run))
        self.assertIn("measurements/arc_snr_correlated", with_it)
        model.unlink()
        self.assert_ends(lensmill("verify", run, "--sample", 3), 0)
        white = contents(virtual_file(self.make_run("white")))
        self.assertEqual(with_it["measurements/arc_snr"], white["measurements/arc_snr"])
        self.assertNotEqual(with_it["images/positive"], white["images/positive"])

    def test_without_output_the_model_is_on_stdout(self):
        image = self.image(sky())

        result = self.assert_ends(lensmill("noise-model", image, "--max-lag", 2), 0,
                                  "correlation function, measured")

        self.assertTrue(result.stdout.startswith("format:"), result.stdout[:200])
        model = self.write("noise.yaml", result.stdout)
        self.assertEqual(table(model.read_text(), "lags").shape, (5, 5))
        self.make_run("run", SMALL_WITH_NOISE)

    def test_inverse_variances_weigh_and_leave_out(self):
        depth = numpy.where(numpy.arange(SIDE) < 150, 1.0, 4.0)
        invvar = numpy.broadcast_to(depth / SIGMA ** 2, (SIDE, SIDE)).copy()
        invvar[:, :20] = 0.0
        image = noise() / numpy.sqrt(depth)
        image[:, :20] = 1000.0
        path, weight = self.image(image), self.image(invvar, "invvar.fits")
        model = self.folder / "noise.yaml"

        self.assert_ends(lensmill("noise-model", path, "--invvar", weight, "--output",
                                  model, "--max-lag", 2), 0)

        values = scalars(model.read_text())
        self.assertEqual(int(values["usable_pixels"]), SIDE * (SIDE - 20))
        self.assertAlmostEqual(float(values["variance_times_invvar"]), 1.0, delta=0.02)
        self.assertAlmostEqual(table(model.read_text(), "lags")[2, 3], LAG_1, delta=LAG_ERROR)

    def test_a_tile_compressed_coadd(self):
        folder = data_path(self, "legacysurvey-coadd", real=True)
        name = "legacysurvey-0959p805-{}-g.fits.fz"
        model = self.folder / "noise.yaml"

        self.assert_ends(
            lensmill("noise-model", folder / name.format("image"), "--invvar",
                     folder / name.format("invvar"), "--output", model), 0)

        found = table(model.read_text(), "measured_lags")
        # Measured independently with numpy: 0.592.
        self.assertAlmostEqual(found[8, 9], 0.592, delta=0.006)


class BadImages(NoiseModelCase):
    def refused(self, arguments, code, *pieces):
        model = self.folder / "noise.yaml"
        result = self.assert_ends(
            lensmill("noise-model", *arguments, "--output", model), code, *pieces)
        self.assertEqual(result.stdout, "")
        self.assertFalse(model.exists())

    def test_no_such_file(self):
        missing = self.folder / "missing.fits"
        self.refused([missing], IO, missing)

    def test_not_a_fits_file(self):
        text = self.write("text.fits", "not an image\n" * 300)
        self.refused([text], BAD_DATA, text, "not a complete FITS file")

    def test_a_cut_file(self):
        path = self.image(sky())
        path.write_bytes(path.read_bytes()[:20000])
        self.refused([path], BAD_DATA, f"{path}, HDU 0: truncated file")

    def test_a_cube(self):
        path = self.image(numpy.ones((3, 70, 70)))
        self.refused([path], BAD_DATA, f"{path}, HDU 0", "cube of 3 planes; give an image")

    def test_no_such_hdu(self):
        path = self.image(sky())
        self.refused([path, "--hdu", 4], BAD_DATA, path, "HDU 4")

    def test_too_few_blank_pixels(self):
        image = sky()
        image[10:, :] = numpy.nan
        path = self.image(image)
        self.refused([path], BAD_DATA, f"{path}, HDU 0: too few blank pixels",
                     "use a larger image, or fewer lags")

    def test_an_image_without_noise(self):
        path = self.image(numpy.full((SIDE, SIDE), 3.5))
        self.refused([path], BAD_DATA, f"{path}, HDU 0: its blank pixels do not vary")

    def test_inverse_variances_of_another_shape(self):
        path = self.image(sky())
        weight = self.image(numpy.ones((70, 70)), "invvar.fits")
        self.refused([path, "--invvar", weight], BAD_DATA, weight,
                     "every pixel needs its inverse variance")

    def test_options(self):
        path = self.image(sky())
        self.refused([path, "--maxlag", 3], USAGE, "--maxlag")
        self.refused([path, "--max-lag", 0], USAGE, "--max-lag: must be in [1, 32]")
        self.refused([path, "--hdu", -1], USAGE, "--hdu")
        self.assert_ends(lensmill("noise-model"), USAGE, "IMAGE")

    def test_a_folder_that_is_not_there(self):
        path = self.image(sky())
        target = self.folder / "nowhere" / "noise.yaml"
        self.assert_ends(lensmill("noise-model", path, "--output", target), IO, target)


if __name__ == "__main__":
    unittest.main()
