"""lensmill audit: sets made with either operator, with another PSF width, with a shift
and with something else are told apart, and it is said in words."""

import csv
import json
import unittest

import h5py
import numpy
from astropy.io import fits

from support import BAD_DATA, CONFIG, USAGE, Case, edited, lensmill, virtual_file

ROWS = 60
# As run: the arcs' matched-filter SNR is about 30 to 100.
SET = f"""\
schema: 1
run: {{name: set, seed: 7}}
grid: {{pixel_scale_arcsec: 0.262, stamp_size_pix: 48}}
bands: [r]
catalogue: {{sampled: {{count: {ROWS}}}}}
priors:
  theta_e_arcsec: {{uniform: [0.8, 1.6]}}
  lens_q: {{uniform: [0.6, 1.0]}}
  lens_phi_deg: {{uniform: [0, 180]}}
  lens_gamma: 2.0
  shear_g1: 0.02
  shear_g2: 0.0
  src_offset: {{disc: {{radius_over_theta_e: 0.8}}}}
  src_reff_arcsec: {{uniform: [0.15, 0.4]}}
  src_sersic_n: 1.0
  src_q: 0.7
  src_phi_deg: {{uniform: [0, 180]}}
  src_flux_nmgy_r: 3.0
  host_mag_r: 19.0
host:
  sersic: {{reff_arcsec: 1.0, n: 4.0, q: 0.8, phi_deg: 20}}
psf:
  accept_failed_self_test: true
  r: {{kind: gaussian, fwhm_pix: 4.0}}
noise:
  sky_sigma_nmgy: {{r: 0.01}}
  gain_e_per_nmgy: {{r: 500}}
measure: {{aperture_radius_pix: [5.0], annulus_pix: [10.0, 20.0]}}
output: {{rows_per_shard: 64, products: [positive, negative]}}
"""
LEGACY_SET = edited(SET, "host:\n  sersic",
                    "convolve: {operator: legacy_ifftshift, oversample: 1}\n"
                    "host:\n  sersic")
HALF_PIXEL_SET = edited(SET, "  lens_q:", "  lens_x_arcsec: 0.131\n  lens_q:")

# ROWS stamps of SNR 30 and more: the common width is known to 0.1 %, the shift to a few
# hundredths of a pixel per stamp.
WIDTH_TOLERANCE = 0.01
SHIFT_TOLERANCE_PIX = 0.02
FLUX_TOLERANCE = 0.02
# Stretched with its pixel's response, and by bilinear interpolation.
STORED_WIDTH_TOLERANCE = 0.03

SHORT = "mapping: lensmill\n"
# The same in other names, units and conventions (foreign_file below).
FULL = """\
stamps:
  dataset: data/pos
  layout: [n, y, x]
  bands: [r]
  paired_negative: data/neg
grid: {pixel_scale_arcsec: 0.262, stamp_size_pix: 48}
columns:
  theta_e_arcsec: {dataset: par/b_major, unit: pix}
  lens_q: {dataset: par/q}
  lens_phi_rad: {dataset: par/pa, unit: deg}
  src_phi_rad: {dataset: par/src_pa, unit: deg}
  lens_x_arcsec: {dataset: par/xc, unit: pix, offset: -24}
  lens_y_arcsec: {dataset: par/yc, unit: pix, offset: -24}
  src_x_arcsec: {dataset: par/xs, unit: pix}
  src_y_arcsec: {dataset: par/ys, unit: deg}
  src_reff_arcsec: {dataset: par/a_mas, unit: arcsec, factor: 0.001}
  src_flux_nmgy_r: {dataset: par/flux, unit: nmgy}
constants: {lens_gamma: 2.0, shear_g1: 0.02, shear_g2: 0.0, src_sersic_n: 1.0, src_q: 0.7}
conventions:
  angle_zero: y
  angle_direction: clockwise
  src_position: absolute
  origin: N/2
  theta_e: major_axis
  src_reff: major_axis
noise: {pair: shared, gain_e_per_nmgy: {r: 500}}
psf:
  r: {kind: gaussian, fwhm_pix: 4.0}
"""


def foreign_file(run, path):
    """A run's rows as somebody else would have stored them; with one NaN row."""
    scale = 0.262
    with h5py.File(virtual_file(run)) as old, h5py.File(path, "w") as new:
        truth = {name: old["catalogue"][name][:] for name in old["catalogue"]}
        new["data/pos"] = old["images/positive"][:, 0]
        new["data/neg"] = old["images/negative"][:, 0]
        par = new.create_group("par")
        lens_x, lens_y = truth["lens_x_arcsec"] / scale, truth["lens_y_arcsec"] / scale
        par["b_major"] = truth["theta_e_arcsec"] / numpy.sqrt(truth["lens_q"]) / scale
        par["q"] = truth["lens_q"]
        par["pa"] = 90 - numpy.degrees(truth["lens_phi_rad"])
        par["src_pa"] = 90 - numpy.degrees(truth["src_phi_rad"])
        # From pixel 24 the stamp's centre, 23.5, is half a pixel away.
        par["xc"] = lens_x + 23.5
        par["yc"] = lens_y + 23.5
        par["xs"] = truth["src_x_arcsec"] / scale + lens_x - 0.5
        par["ys"] = (truth["src_y_arcsec"] + truth["lens_y_arcsec"] - 0.5 * scale) / 3600
        reff = 1000 * truth["src_reff_arcsec"] / numpy.sqrt(truth["src_q"])
        reff[11] = numpy.nan
        par["a_mas"] = reff
        par["flux"] = truth["src_flux_nmgy_r"]


class Audited(Case):
    def audit(self, file, mapping, *options):
        """Its result, what stdout said and the rows of audit.csv."""
        folder = self.folder / "audit"
        path = self.write("mapping.yaml", mapping)
        result = self.assert_ends(
            lensmill("audit", file, path, "--output", folder, *options), 0)
        report = json.loads((folder / "audit.json").read_text())
        with open(folder / "audit.csv") as table:
            rows = list(csv.DictReader(table))
        self.assertIn(report["sentence"], result.stdout)
        return report, result.stdout, rows

    def assert_most(self, report, verdict):
        """Nine tenths of the stamps say the same on their own."""
        self.assertGreaterEqual(report["stamp_verdicts"][verdict],
                                0.9 * report["rows"]["compared"], report)


class TellsApart(Audited):
    def test_the_correct_placement(self):
        run = self.make_run("set", SET)

        report, says, rows = self.audit(virtual_file(run), SHORT)

        self.assertEqual(report["verdict"], "correct")
        self.assertIn("These stamps are fitted by the correct PSF placement", says)
        self.assert_most(report, "correct")
        self.assertEqual(len(rows), ROWS)
        self.assertLess(abs(report["flux_ratio_median"]["r"] - 1), FLUX_TOLERANCE)
        shift = report["centroid_shift_x_pix"]
        self.assertLess(abs(shift["mean"]), 4 * shift["standard_error"])
        core = report["core_excess"]
        self.assertLess(abs(core["mean"]), 4 * core["standard_error"])
        self.assertLess(core["standard_error"], 0.005)

    def test_the_legacy_placement(self):
        run = self.make_run("set", LEGACY_SET)

        report, says, _ = self.audit(virtual_file(run), SHORT)

        self.assertEqual(report["verdict"], "legacy")
        self.assertIn("These stamps are fitted by the legacy PSF placement", says)
        self.assert_most(report, "legacy")
        self.assertLess(abs(report["flux_ratio_median"]["r"] - 1), FLUX_TOLERANCE)
        # The arc is elsewhere: the core lacks light.
        self.assertLess(report["core_excess"]["mean"],
                        -10 * report["core_excess"]["standard_error"])

    def test_a_wrong_psf_width(self):
        run = self.make_run("set", SET)

        report, says, _ = self.audit(virtual_file(run),
                                     SHORT + "constants: {psf_fwhm_pix_r: 4.6}\n")

        self.assertEqual(report["verdict"], "wrong PSF width")
        self.assertIn("with a wrong PSF width: theirs is 0.8", says)
        self.assertLess(abs(report["models"]["psf_width"]["factor"] - 4.0 / 4.6),
                        WIDTH_TOLERANCE)
        self.assert_most(report, "wrong PSF width")

    def test_a_shift_of_half_a_pixel(self):
        run = self.make_run("set", HALF_PIXEL_SET)

        report, says, _ = self.audit(virtual_file(run),
                                     SHORT + "constants: {lens_x_arcsec: 0}\n")

        self.assertEqual(report["verdict"], "shifted")
        self.assertIn("are shifted against the mapping by (+0.", says)
        self.assertLess(abs(report["models"]["shift"]["x_pix"] - 0.5),
                        SHIFT_TOLERANCE_PIX)
        self.assertLess(abs(report["models"]["shift"]["y_pix"]), SHIFT_TOLERANCE_PIX)
        self.assert_most(report, "shifted")

    def test_stamps_of_noise_and_stamps_of_other_rows(self):
        run = self.make_run("set", SET)
        rng = numpy.random.default_rng(1)
        for change, noise in (
                ("noise", "noise: {pair: independent, sky_sigma_nmgy: {r: 0.01}}\n"),
                ("rows", "")):
            file = self.folder / f"{change}.h5"
            with h5py.File(virtual_file(run)) as old, h5py.File(file, "w") as new:
                for name in old["catalogue"]:
                    new[f"catalogue/{name}"] = old[f"catalogue/{name}"][:]
                old.copy("provenance", new)
                positive = old["images/positive"][:]
                negative = old["images/negative"][:]
                if change == "noise":
                    negative[:] = rng.normal(0, 0.01, negative.shape)
                    positive = rng.normal(0, 0.01, negative.shape).astype("f4")
                else:
                    positive = negative + numpy.roll(positive - negative, 1, axis=0)
                new["images/positive"] = positive
                new["images/negative"] = negative

            report, says, _ = self.audit(file, SHORT + noise)

            self.assertEqual(report["verdict"], "none fits", change)
            self.assertIn("None of the models fits these stamps", says)
            self.assert_most(report, "none fits")


class Variants(Audited):
    def test_stamps_of_arcs_alone(self):
        run = self.make_run("set", edited(SET, "[positive, negative]", "[arc]"))
        noise = "noise: {sky_sigma_nmgy: {r: 0.001}}\n"

        self.assert_ends(
            lensmill("audit", virtual_file(run), self.write("short.yaml", SHORT)), CONFIG,
            "a likelihood needs the noise")
        report, _, _ = self.audit(virtual_file(run), SHORT + noise)

        self.assertEqual(report["verdict"], "correct")
        # Without noise the stamps are the renders.
        self.assertLess(abs(report["flux_ratio_median"]["r"] - 1), 1e-6)
        self.assertLess(report["models"]["correct"]["chi2"], 1e-3)

    def test_a_kernel_larger_than_the_stamp_has_no_legacy_placement(self):
        run = self.make_run("set", SET)

        report, says, _ = self.audit(
            virtual_file(run), SHORT + "psf:\n"
            "  r: {kind: gaussian, fwhm_pix: 4.0, size_pix: [61, 61]}\n")

        self.assertEqual(report["verdict"], "correct")
        self.assertIsNone(report["models"]["legacy"])
        self.assertIn("legacy placement: not compared (psf.r.size_pix", says)

    def test_the_width_of_a_stored_kernel(self):
        run = self.make_run("set", SET)
        y, x = numpy.mgrid[-16:17, -16:17]
        for fwhm, verdict in ((4.0, "correct"), (4.6, "wrong PSF width")):
            kernel = numpy.exp(-4 * numpy.log(2) * (x**2 + y**2) / fwhm**2)
            fits.writeto(self.folder / "kernel.fits", kernel / kernel.sum(),
                         overwrite=True)

            report, _, _ = self.audit(
                virtual_file(run), SHORT + "psf:\n"
                "  r: {kind: pixelised, file: kernel.fits, includes_pixel: false,\n"
                "      normalisation: unit, centring: keep}\n")

            self.assertEqual(report["verdict"], verdict)
            self.assertLess(abs(report["models"]["psf_width"]["factor"] - 4.0 / fwhm),
                            STORED_WIDTH_TOLERANCE)


class Foreign(Audited):
    def test_other_names_units_and_conventions_are_those_of_the_mapping(self):
        run = self.make_run("set", SET)
        file = self.folder / "theirs.h5"
        foreign_file(run, file)

        report, says, rows = self.audit(file, FULL)

        self.assertEqual(report["verdict"], "correct", says)
        self.assertEqual(report["rows"]["parameters_not_finite"], 1)
        self.assertIn("left out: 1 rows with parameters that are not finite", says)
        self.assertEqual(len(rows), ROWS - 1)
        self.assertLess(abs(report["flux_ratio_median"]["r"] - 1), FLUX_TOLERANCE)

        # Half a pixel is what the other origin is worth.
        report, _, _ = self.audit(file, edited(FULL, "N/2", "(N-1)/2"))
        self.assertEqual(report["verdict"], "shifted")

    def test_the_sample_is_drawn_by_the_seed(self):
        run = self.make_run("set", SET)
        drawn = [[row["row"] for row in
                  self.audit(virtual_file(run), SHORT, "--sample", 9, *seed)[2]]
                 for seed in ((), (), ("--seed", 2))]

        self.assertEqual(len(set(drawn[0])), 9)
        self.assertEqual(drawn[0], drawn[1])
        self.assertNotEqual(drawn[0], drawn[2])


class Refused(Audited):
    def refuse(self, mapping, code, *pieces):
        path = self.write("mapping.yaml", mapping)
        self.assert_ends(lensmill("audit", self.file, path, cwd=self.folder), code,
                         *pieces)
        self.assertFalse((self.folder / "audit-theirs").exists())

    def test_mappings_that_cannot_be_meant(self):
        run = self.make_run("set", SET)
        self.file = self.folder / "theirs.h5"
        foreign_file(run, self.file)
        for old, new, code, pieces in (
                ("par/b_major", "par/bmajor", BAD_DATA,
                 ("columns.theta_e_arcsec at", "no dataset par/bmajor",
                  "did you mean par/b_major?")),
                ("par/b_major, unit: pix", "par/b_major", CONFIG,
                 ("columns.theta_e_arcsec.unit", "required, but missing")),
                ("par/pa, unit: deg", "par/pa, unit: pix", CONFIG,
                 ("must be rad or deg (got pix)",)),
                ("  lens_q:", "  lens_qq:", CONFIG,
                 ("columns.lens_qq", "did you mean lens_q?")),
                ("  paired_negative: data/neg\n", "", CONFIG,
                 ("stamps.paired_negative", "arc_dataset")),
                ("[n, y, x]", "[n, band, y, x]", BAD_DATA,
                 ("data/pos", "60 x 48 x 48", "60 x 1 x 48 x 48")),
                ("noise: {pair: shared, gain_e_per_nmgy: {r: 500}}\n", "", CONFIG,
                 ("noise", "a likelihood needs the noise")),
                ("par/q}", "par/q, factor: 100}", BAD_DATA,
                 ("lens_q must be in (0, 1]", "par/q", "check unit, factor")),
                ("lens_gamma: 2.0, ", "", CONFIG, ("lens_gamma",)),
                ("conventions:", "convention:", CONFIG, ("did you mean conventions?",))):
            with self.subTest(new=new, old=old):
                self.refuse(edited(FULL, old, new), code, *pieces)
        self.refuse("mapping: lensmill\n", BAD_DATA, "not a file of `lensmill run`")

    def test_the_command_line(self):
        self.assert_ends(lensmill("audit", "a.h5"), USAGE, "MAPPING is missing")
        self.assert_ends(lensmill("audit"), USAGE, "FILE is missing")
        self.assert_ends(lensmill("audit", "a.h5", "m.yaml", "--sample", 0), USAGE,
                         "--sample: must be >= 1")


if __name__ == "__main__":
    unittest.main()
