"""Survey files in the layouts of surveys (jobs/demo-data.sh: synthetic) as the program reads
them, against astropy: places of hosts, pixels, weights, a compressed coadd, cubes of hosts."""

import pathlib
import tempfile
import unittest

import h5py
import numpy
from astropy.io import fits
from astropy.wcs import WCS

from configs_test import CONFIGS
from demo_data_test import make
from support import SMALL, Case, edited, lensmill, use_data, virtual_file

STAMP = 64
# Image, zero point, offset (ra cos dec, dec; arcsec): configs/survey_hosts.yaml.
EXPOSURES = {
    "g": ("c4d_141223_020302_{}_g_a1-S10.fits", 29.998, (0.1197, -0.1385)),
    "r": ("c4d_141224_033245_{}_r_a1-S10.fits", 30.157, (0.1425, -0.1533)),
    "z": ("c4d_141206_043719_{}_z_a1-S10.fits", 29.776, (0.1264, -0.1312))}
PIXEL_SCALE_ARCSEC = 0.2637
# Both invert the distortion to far less.
PLACE_PIX = 1e-6
# Values of float32, a few roundings of each: of the largest.
ROUNDINGS = 5e-7
FAILED = 10  # statuses of rows without images begin here
COADD = "legacysurvey-coadd/legacysurvey-0959p805-{}-g.fits.fz"


def nmgy_from(zero_point_mag):
    return 10.0 ** (0.4 * (22.5 - zero_point_mag))


class SurveyReaders(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = tempfile.TemporaryDirectory()
        cls.data = pathlib.Path(cls.made.name) / "data"
        done = make(cls.data)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.made.cleanup()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        use_data(self.data)

    def open_run(self, config, *more):
        run = self.folder / "run"
        self.assert_ends(lensmill("run", config, "--output", run, *more), 0)
        file = h5py.File(virtual_file(run))
        self.addCleanup(file.close)
        return file

    def assert_equal_pixels(self, actual, expected, where):
        numpy.testing.assert_allclose(actual, expected, rtol=0,
                                      atol=ROUNDINGS * numpy.abs(expected).max(),
                                      err_msg=str(where))

    def test_exposures_with_distortion_offsets_and_weights(self):
        rows = 40
        file = self.open_run(CONFIGS / "survey_hosts.yaml", "--set",
                             f"catalogue.sampled.count={rows}")
        catalogue = {name: values[:] for name, values in file["catalogue"].items()}
        ra, dec = catalogue["host_ra_deg"], catalogue["host_dec_deg"]
        masked = 0
        for channel, (band, (name, zero_point, offset)) in enumerate(EXPOSURES.items()):
            folder = self.data / "legacysurvey-decals"
            with fits.open(folder / name.format("ooi")) as hdus:
                image, wcs = hdus[1].data.astype("f8"), WCS(hdus[1].header)
            # Stamps may end outside the image: such pixels are masked, too.
            image = numpy.pad(image, STAMP)
            weight = numpy.pad(fits.getdata(folder / name.format("oow"), 1), STAMP)
            places = dict(zip("xy", wcs.all_world2pix(
                ra - offset[0] / 3600.0 / numpy.cos(numpy.radians(dec)),
                dec - offset[1] / 3600.0, 1), strict=True))
            corners = {}
            for axis, place in places.items():
                numpy.testing.assert_allclose(catalogue[f"host_{axis}_pix_{band}"], place,
                                              rtol=0, atol=PLACE_PIX)
                corners[axis] = place - 1 - (
                    (STAMP - 1) / 2 + catalogue[f"host_offset_{axis}_pix_{band}"]
                    + catalogue[f"lens_{axis}_arcsec"] / PIXEL_SCALE_ARCSEC)
            for row in range(rows):
                where = (band, row)
                left, low = (round(corners[axis][row]) for axis in "xy")
                self.assertAlmostEqual(corners["x"][row], left, delta=PLACE_PIX, msg=where)
                self.assertAlmostEqual(corners["y"][row], low, delta=PLACE_PIX, msg=where)
                piece = numpy.s_[low + STAMP:low + 2 * STAMP, left + STAMP:left + 2 * STAMP]
                dark = weight[piece] == 0.0
                masked += dark.sum()
                numpy.testing.assert_array_equal(file["images/mask"][row, channel] != 0,
                                                 dark, str(where))
                # The sky of the cutout's frame has been taken off: one number.
                pixels = image[piece][~dark] * nmgy_from(zero_point)
                sky = numpy.median(pixels - file["images/negative"][row, channel][~dark])
                self.assert_equal_pixels(file["images/negative"][row, channel][~dark] + sky,
                                         pixels, where)
        self.assertGreater(masked, 0)

    def test_a_compressed_coadd(self):
        image = fits.getdata(self.data / COADD.format("image"))
        invvar = fits.getdata(self.data / COADD.format("invvar"))
        covered = numpy.argwhere(invvar[40:-40, 40:-40] > 0)[::9973][:8] + 40
        self.write("positions.csv", "x_pix,y_pix\n" + "".join(
            f"{x + 1},{y + 1}\n" for y, x in covered))
        text = edited(SMALL, "  sky_sigma_nmgy: {r: 0.01}\n", "")
        for of_r, of_g in (("bands: [r]", "bands: [g]"), ("{r: 500}", "{g: 500}"),
                           ("src_flux_nmgy_r", "src_flux_nmgy_g"),
                           ("  r: {kind: gaussian", "  g: {kind: gaussian")):
            text = edited(text, of_r, of_g)
        text = edited(text, "host: none", f"""\
host:
  survey:
    g: {{image: {self.data / COADD.format("image")}, weight: {self.data / COADD.format("invvar")}, units: nmgy}}
    positions: {{file: positions.csv}}
    sky_subtracted: true
    weight_includes_source_poisson: true""")
        # Where there is sky alone, a host has no flux, and the row none to show.
        file = self.open_run(self.write("run.yaml", text), "--set",
                             "run.max_failed_fraction=1")
        side = file["images/negative"].shape[-1]
        rows = numpy.flatnonzero(file["measurements/status"][:] < FAILED)
        self.assertGreater(len(rows), 4)
        for row in rows:
            low, left = covered[file["catalogue/host_index"][row]] - (side - 1) // 2
            piece = numpy.s_[low:low + side, left:left + side]
            self.assert_equal_pixels(file["images/negative"][row, 0], image[piece], row)

    def test_cubes_of_hosts(self):
        rows = 60
        file = self.open_run(CONFIGS / "real_decals.yaml", "--set",
                             f"catalogue.sampled.count={rows}")
        catalogue = {name: values[:] for name, values in file["catalogue"].items()}
        for channel, band in enumerate("grz"):
            cube = fits.getdata(self.data / f"des-hosts/{band}.fits").astype("f8")
            first = (cube.shape[1] - 1) // 2 - (STAMP - 1) // 2  # docs/conventions.md
            for row in range(rows):
                host = cube[catalogue["host_index"][row]] * nmgy_from(30.0)
                if catalogue["host_flip"][row]:
                    host = host[:, ::-1]
                host = numpy.rot90(host, -int(catalogue["host_rotation"][row]))
                self.assert_equal_pixels(
                    file["images/negative"][row, channel],
                    host[first:first + STAMP, first:first + STAMP], (band, row))
        self.assertEqual(set(catalogue["host_rotation"]), {0, 1, 2, 3})


if __name__ == "__main__":
    unittest.main()
