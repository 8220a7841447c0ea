"""The mapping of lensmill audit: other names, units and conventions, and what is
refused."""

import unittest

import h5py
import numpy

from audit_support import FLUX_TOLERANCE, ROWS, SET, SHORT, Audited
from support import BAD_DATA, CONFIG, USAGE, edited, lensmill, virtual_file

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

    def test_every_convention_matters(self):
        run = self.make_run("set", SET)
        file = self.folder / "theirs.h5"
        foreign_file(run, file)
        for line in ("  angle_zero: y\n", "  angle_direction: clockwise\n",
                     "  src_position: absolute\n", "  origin: N/2\n",
                     "  theta_e: major_axis\n", "  src_reff: major_axis\n"):
            with self.subTest(without=line):
                report, _, _ = self.audit(file, edited(FULL, line, ""))

                self.assertNotEqual(report["verdict"], "correct")

    def test_the_sample_is_drawn_by_the_seed(self):
        run = self.make_run("set", SET)
        drawn = [[row["row"] for row in
                  self.audit(virtual_file(run), SHORT, "--sample", 9, *seed)[2]]
                 for seed in ((), (), ("--seed", 2))]

        self.assertEqual(len(set(drawn[0])), 9)
        self.assertEqual(drawn[0], drawn[1])
        self.assertNotEqual(drawn[0], drawn[2])


class OwnRuns(Audited):
    def test_of_clumpy_sources(self):
        # Their numbers of knots are in the rows and, as priors, in the configuration.
        text = edited(SET, "host:\n", "source: {clumpy: {knots: {choice: [1, 3]}, "
                      "knot_flux_fraction: {uniform: [0.1, 0.4]}, "
                      "knot_reff_over_reff: 0.2}}\nhost:\n")

        report, says, _ = self.audit(virtual_file(self.make_run("set", text)), SHORT)

        self.assertEqual(report["verdict"], "correct", says)
        self.assertEqual(report["rows"]["compared"], ROWS)


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
                 ("columns.theta_e_arcsec", "unit: required, but missing")),
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
