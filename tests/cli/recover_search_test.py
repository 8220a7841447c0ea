"""Searches with SEP (python3-sep) and with SExtractor on an image with injections that is
made here, and on the same image without them: what `lensmill recover` makes of their
catalogues, against what detection theory says of a matched filter."""

import functools
import math
import pathlib
import shutil
import subprocess
import sys
import unittest

import numpy
from astropy.io import fits
from astropy.table import Table

from recover_support import (PIXEL_SCALE, RADIUS, SIDE, RecoverCase, brute_force,
                             sextractor_text, wilson)

try:
    import sep
except ImportError:
    sep = None

INJECTIONS = 400
GALAXIES = 300
SIGMA_PIX = 1.8  # of the PSF
NOISE = 0.05
THRESHOLD = 5.0  # of the search, in the filtered image's noise
HALF = 7  # pixels of a kernel


def kernel(sigma_pix=SIGMA_PIX):
    y, x = numpy.mgrid[-HALF:HALF + 1, -HALF:HALF + 1]
    values = numpy.exp(-(x ** 2 + y ** 2) / (2 * sigma_pix ** 2))
    return values / values.sum()


def paint(image, x, y, flux, sigma_pix):
    """Gaussians at any place between pixels."""
    grid = numpy.arange(-HALF, HALF + 1)
    for one_x, one_y, one_flux, sigma in zip(x, y, flux, sigma_pix):
        ix, iy = round(one_x), round(one_y)
        light = numpy.exp(-((grid[:, None] + iy - one_y) ** 2 +
                            (grid[None, :] + ix - one_x) ** 2) / (2 * sigma ** 2))
        rows, columns = slice(iy - HALF, iy + HALF + 1), slice(ix - HALF, ix + HALF + 1)
        image[rows, columns] += one_flux * light / light.sum()


def normal_cdf(values):
    return numpy.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in values])


def search(image):
    """Peaks of the filtered image above THRESHOLD of its noise."""
    noise = NOISE * numpy.sqrt((kernel() ** 2).sum())
    return sep.extract(image, THRESHOLD * noise, minarea=1, filter_kernel=kernel(),
                       filter_type="conv", deblend_cont=0.005)


@functools.cache
def made_field():
    """Columns of the truth, the image, and the same without the injections."""
    random = numpy.random.default_rng(11)
    # SNR of a matched filter: flux / noise * sqrt(sum of the squared PSF).
    per_flux = numpy.sqrt((kernel() ** 2).sum()) / NOISE
    snr = random.uniform(2, 15, INJECTIONS)
    # On a grid with jitter, so that none hides another.
    spacing = SIDE / math.isqrt(INJECTIONS)
    places = spacing * (0.5 + numpy.indices((math.isqrt(INJECTIONS),) * 2).reshape(2, -1))
    x, y = places + random.uniform(-0.2, 0.2, places.shape) * spacing
    without = random.normal(0, NOISE, (SIDE, SIDE))
    paint(without, *random.uniform(20, SIDE - 20, (2, GALAXIES)),
          random.uniform(30, 100, GALAXIES) / per_flux, numpy.full(GALAXIES, 2.5))
    image = without.copy()
    paint(image, x, y, snr / per_flux, numpy.full(INJECTIONS, SIGMA_PIX))
    columns = {"x_pix": x, "y_pix": y, "arc_snr_r": snr, "arc_snr_g": 0.5 * snr,
               "arc_flux_nmgy_r": snr / per_flux}
    return columns, image, without


@functools.cache
def objects_of_sep():
    """On the image with injections, and on the one without."""
    return tuple(search(image) for image in made_field()[1:])


def skip(case, name, package):
    message = f"SKIPPED for want of {name}: apt-get install {package}"
    print(message, file=sys.stderr)
    case.skipTest(message)


class SearchWithSep(RecoverCase):
    def setUp(self):
        super().setUp()
        if sep is None:
            skip(self, "SEP", "python3-sep")
        columns = made_field()[0]
        self.found_objects, self.objects_before = objects_of_sep()
        self.field_folder = self.field(INJECTIONS, **columns)

    def write_objects(self, name, objects):
        """As SEP gives them: x, y from 0."""
        Table(objects)["x", "y", "flux"].write(self.folder / name)
        return self.folder / name

    def test_completeness_is_that_of_a_matched_filter(self):
        found = self.write_objects("found.fits", self.found_objects)
        before = self.write_objects("before.fits", self.objects_before)

        result = self.recover(
            self.field_folder, "--detections", found, "--empty", before, "--pixel-origin",
            0, "--flux", "flux", "--flux-unit", "nmgy", "--flux-band", "r", "--bins",
            "arc_snr_r=2,3,4,5,6,7,8,10,15", "--ambiguity-cut", 4, "--ambiguity-radii",
            "1,4")

        # SEP's positions are from 0: nothing is off.
        self.assertNotIn("offset", result.stderr)
        # Noise moves the peak up and to where it is highest: by less than 0.8 of its sigma.
        # 90 % intervals of 8 bins: one is allowed beyond.
        beyond = []
        counted = numpy.char.strip(self.rows["state"]) == "counted"
        snr = self.truth["arc_snr_r"][counted]
        for entry in self.by_bin("arc_snr_r"):
            inside = snr[(snr >= entry["lower"]) & (snr < entry["upper"])]
            least = normal_cdf(inside - THRESHOLD).mean()
            most = normal_cdf(inside - THRESHOLD + 0.8).mean()
            share = entry["completeness"]
            self.assertEqual(share["of"], len(inside))
            if share["upper"] < least or share["lower"] > most:
                beyond.append((entry, least, most))
        self.assertLessEqual(len(beyond), 1, beyond)
        fit = self.report["fits"]["arc_snr_r"]
        self.assertEqual(fit["problem"], "")
        self.assertGreater(fit["snr_50"]["upper"], THRESHOLD - 0.8)
        self.assertLess(fit["snr_50"]["lower"], THRESHOLD)
        self.assertLess(fit["snr_90"]["value"], 7.5)

        # Who is left out has a galaxy near; all are brighter than any arc.
        places = self.places()
        galaxies = PIXEL_SCALE * numpy.stack(
            [self.objects_before["x"], self.objects_before["y"]], 1)
        near = (numpy.hypot(*(places[:, None] - galaxies[None]).T).T <= 4).any(axis=1)
        self.assertGreater(near.sum(), 3)
        self.assertTrue((near == ~counted).all())

    def test_the_chance_rate_is_that_of_the_density(self):
        found = self.write_objects("found.fits", self.found_objects)
        before = self.write_objects("before.fits", self.objects_before)

        self.recover(self.field_folder, "--detections", found, "--empty", before,
                     "--pixel-origin", 0)

        density = len(self.objects_before) / SIDE ** 2
        expected = 1 - math.exp(-density * math.pi * (RADIUS / PIXEL_SCALE) ** 2)
        chance = self.report["injections"]["by_chance"]
        self.assertEqual(chance["of"], INJECTIONS)
        self.assertLess(chance["lower"], expected)
        self.assertGreater(chance["upper"], expected)

    def test_an_origin_that_is_wrong_for_sep_is_noticed(self):
        found = self.write_objects("found.fits", self.found_objects)

        self.recover(self.field_folder, "--detections", found, "--pixel-origin", 1,
                     pieces=("the matches are offset by",))

        for axis in ("x_arcsec", "y_arcsec"):
            self.assertAlmostEqual(self.report["offset"]["median"][axis], -PIXEL_SCALE,
                                   delta=0.05)

    def test_matches_are_those_of_all_pairs(self):
        objects = self.found_objects
        found = self.write("found.cat", sextractor_text(objects["x"], objects["y"]))

        self.recover(self.field_folder, "--detections", found)

        outcome, detection, _ = brute_force(
            self.truth["injection_id"], self.places(),
            PIXEL_SCALE * numpy.stack([objects["x"], objects["y"]], 1), RADIUS)
        self.assertTrue((self.rows["outcome"] == outcome).all())
        self.assertTrue((self.rows["detection_row"] == detection).all())
        recovered = self.report["injections"]["recovered"]
        self.assertEqual(recovered["part"], (outcome == 1).sum())
        self.assertAlmostEqual(recovered["lower"],
                               wilson((outcome == 1).sum(), INJECTIONS)[0], delta=1e-9)


class SearchWithSExtractor(RecoverCase):
    def setUp(self):
        super().setUp()
        self.program = shutil.which("source-extractor")
        self.settings = pathlib.Path("/usr/share/source-extractor")
        if self.program is None or not self.settings.is_dir():
            skip(self, "SExtractor", "source-extractor")
        # The last column's numbers are told by the rows alone.
        self.write("names.param", "NUMBER\nFLUX_APER(2)\nX_IMAGE\nY_IMAGE\nMAG_AUTO\n"
                                  "VIGNET(3,3)\n")

    def catalogue(self, image, name, form):
        path = self.folder / f"{name}.{form}"
        fits.PrimaryHDU(image.astype("f4")).writeto(self.folder / "image.fits",
                                                    overwrite=True)
        subprocess.run(
            [self.program, "image.fits", "-c", self.settings / "default.sex",
             "-PARAMETERS_NAME", "names.param", "-FILTER_NAME",
             self.settings / "gauss_4.0_7x7.conv", "-STARNNW_NAME",
             self.settings / "default.nnw", "-CATALOG_TYPE", form, "-CATALOG_NAME", path,
             "-PHOT_APERTURES", "5,8", "-MAG_ZEROPOINT", "22.5", "-VERBOSE_TYPE",
             "QUIET"], cwd=self.folder, check=True, timeout=60)
        return path

    def test_its_catalogues_are_read_in_every_form(self):
        columns, image, without = made_field()
        field = self.field(INJECTIONS, **columns)
        matches = {}
        for form in ("ASCII_HEAD", "FITS_LDAC", "FITS_1.0"):
            self.recover(field, "--detections", self.catalogue(image, "with", form),
                         "--empty", self.catalogue(without, "without", form), "--id",
                         "NUMBER", "--mag", "MAG_AUTO", "--mag-zero-point", 22.5,
                         "--flux-band", "r")
            matches[form] = list(self.rows["detection_id"])
            bright = numpy.array(self.truth["arc_snr_r"] > 12)
            self.assertGreater((self.rows["matched"][bright] == 1).mean(), 0.8)
            # Numbers are from 1, rows from 0.
            for row, number in zip(self.rows["detection_row"], self.rows["detection_id"]):
                self.assertEqual(number.strip(), str(row + 1) if row >= 0 else "")
            self.assertFalse(self.report["offset"]["is_significant"])
        self.assertEqual(matches["ASCII_HEAD"], matches["FITS_LDAC"])
        self.assertEqual(matches["ASCII_HEAD"], matches["FITS_1.0"])


if __name__ == "__main__":
    unittest.main()
