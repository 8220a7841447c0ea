"""Point sources (`source.point`): images and fluxes against an independent SIE, the same
bytes on any ranks, and what renders rows again."""

import json
import math
import unittest

import h5py
import numpy

from audit_support import SHORT, Audited
from support import SMALL, contents, edited, lensmill, virtual_file

POINTS = edited(edited(SMALL, "host: none", "host: none\nsource: {point: {}}"),
                "stamp_size_pix: 16", "stamp_size_pix: 64")
for line in ("  src_reff_arcsec: 0.3\n", "  src_sersic_n: 1.0\n", "  src_q: 0.7\n",
             "  src_phi_rad: 0.0\n"):
    POINTS = edited(POINTS, line, "")
POINTS = edited(POINTS, "lens_phi_rad: 0.0", "lens_phi_rad: {uniform: [0, 3]}")
POINTS = edited(POINTS, "shear_g1: 0.0", "shear_g1: {uniform: [-0.05, 0.05]}")
POINTS = edited(POINTS, "shear_g2: 0.0", "shear_g2: {uniform: [-0.05, 0.05]}")
POINTS = edited(POINTS, "radius_over_theta_e: 0.8", "radius_over_theta_e: 0.4")
POINTS = edited(POINTS, "lens_q: {uniform: [0.6, 1.0]}", "lens_q: {uniform: [0.5, 0.9]}")
POINTS = edited(POINTS, "count: 10", "count: 60")
POINTS = edited(POINTS, "rows_per_shard: 64",
                "rows_per_shard: 64, products: [positive, negative, arc]")
IN_GALAXIES = edited(
    edited(POINTS, "{point: {}}",
           "{point: {host: {point_fraction: {uniform: [0.2, 0.9]}}}}"),
    "  src_flux_nmgy_r", "  src_reff_arcsec: 0.3\n  src_sersic_n: 1.0\n  src_q: 0.7\n"
    "  src_phi_rad: 0.0\n  src_flux_nmgy_r")
SCALE = 0.262
SIGMA_PIX = 4.0 / math.sqrt(8.0 * math.log(2.0))

# Rays of images come back to the source to rounding; derivatives are differences.
RAY_ARCSEC = 1e-9
MAGNIFICATION = 1e-5
# Of the peak: a fifth of render.pixel_tolerance.
PIXEL = 2e-4


def deflected(x, y, row):
    """The source's position for a ray: SIE (Kormann et al. 1994) and shear."""
    c, s = math.cos(row["lens_phi_rad"]), math.sin(row["lens_phi_rad"])
    u, v = c * x + s * y, c * y - s * x
    q, b = row["lens_q"], row["theta_e_arcsec"] * math.sqrt(row["lens_q"])
    e, r = math.sqrt(1 - q * q), numpy.hypot(q * u, v)
    a = b / e * numpy.arctan(e * u / r)
    d = b / e * numpy.arctanh(e * v / r)
    g1, g2 = row["shear_g1"], row["shear_g2"]
    return (x - (c * a - s * d) - g1 * x - g2 * y,
            y - (s * a + c * d) - g2 * x + g1 * y)


def magnification(x, y, row, h=1e-5):
    xp, xm = deflected(x + h, y, row), deflected(x - h, y, row)
    yp, ym = deflected(x, y + h, row), deflected(x, y - h, row)
    a, c = [(p - m) / (2 * h) for p, m in zip(xp, xm)]
    b, d = [(p - m) / (2 * h) for p, m in zip(yp, ym)]
    return 1.0 / (a * d - b * c)


def gaussian(x0, y0, n):
    """Pixel integrals of a unit Gaussian at (x0, y0)."""
    def along(at):
        edges = numpy.arange(n + 1) - 0.5 - at
        return numpy.diff([0.5 * math.erf(d / (SIGMA_PIX * math.sqrt(2)))
                           for d in edges])
    return numpy.outer(along(y0), along(x0))


class AgainstAnIndependentLens(Audited):
    def test_images_magnifications_and_pixels(self):
        with h5py.File(virtual_file(self.make_run("points", POINTS))) as file:
            truth = {name: data[:] for name, data in file["catalogue"].items()}
            measured = {name: file[f"measurements/{name}"][:]
                        for name in ("n_images", "image_x_arcsec", "image_y_arcsec",
                                     "image_magnification", "magnification", "status")}
            arcs = file["images/arc"][:, 0]
        self.assertNotIn("src_reff_arcsec", truth)
        self.assertEqual(set(measured["status"]), {0})
        self.assertGreater((measured["n_images"] == 4).sum(), 3)
        n = arcs.shape[1]
        for k, arc in enumerate(arcs):
            row = {name: column[k] for name, column in truth.items()}
            expected, total = numpy.zeros((n, n)), 0.0
            for i in range(measured["n_images"][k]):
                x, y = measured["image_x_arcsec"][k, i], measured["image_y_arcsec"][k, i]
                beta = deflected(x, y, row)
                self.assertLess(abs(beta[0] - row["src_x_arcsec"]), RAY_ARCSEC)
                self.assertLess(abs(beta[1] - row["src_y_arcsec"]), RAY_ARCSEC)
                mu = magnification(x, y, row)
                told = measured["image_magnification"][k, i]
                # The difference's own error grows where images merge.
                self.assertLess(abs(mu / told - 1), MAGNIFICATION * max(1, told * told))
                middle = (n - 1) / 2
                expected += row["src_flux_nmgy_r"] * abs(told) * gaussian(
                    x / SCALE + middle, y / SCALE + middle, n)
                total += abs(told)
            self.assertLess(abs(measured["magnification"][k] / total - 1), 1e-12)
            self.assertLess(abs(arc - expected).max(), PIXEL * expected.max(), k)


class Bytes(Audited):
    def test_are_the_same_on_any_ranks_and_from_its_own_columns(self):
        text = edited(IN_GALAXIES, "stamp_size_pix: 64", "stamp_size_pix: 32")
        whole = virtual_file(self.make_run("whole", text))
        expected = contents(whole)
        for ranks in (2, 3):
            run = self.make_run(f"ranks{ranks}", text, "--set",
                                "output.rows_per_shard=20", ranks=ranks)
            self.assert_same_contents(contents(virtual_file(run)), expected)
        self.assert_ends(lensmill("verify", run, "--sample", 20), 0)
        rows = [50, 3, 41]
        path = self.folder / "rows.h5"
        with h5py.File(whole) as file, h5py.File(path, "w") as chosen:
            for column, data in file["catalogue"].items():
                chosen[f"catalogue/{column}"] = data[:][rows]

        again = self.make_run("again", text, "--catalogue", path)

        self.assert_same_contents(contents(virtual_file(again)), contents(whole, rows))


class RenderedAgain(Audited):
    def test_audits_know_points(self):
        for name, text in (("points", POINTS), ("galaxies", IN_GALAXIES)):
            with self.subTest(name):
                run = self.make_run(name, text)

                report, says, _ = self.audit(virtual_file(run), SHORT)

                self.assertEqual(report["verdict"], "correct", says)
                self.assertIn("by up to half a pixel", says)

    def test_the_counterfactuals_of_a_point_have_no_extent(self):
        run = self.make_run("points", edited(POINTS, "count: 60", "count: 40"))

        self.assert_ends(lensmill("analyse", run, "--counterfactuals", 40), 0)

        report = json.loads((run / "analysis/analysis.json").read_text())
        section = report["counterfactuals"]
        self.assertIn("by up to half a pixel", section["no_legacy_reason"])
        extent, = [row for row in section["tables"]["shapley"]["rows"]
                   if row["cause"] == "source_extent" and row["theta_e_bin"] == "all"]
        self.assertEqual(extent["shapley"], 0.0)

    def test_the_probe_has_no_smaller_point(self):
        text = edited(edited(POINTS, "count: 60}", "count: 160}\n  split: {validation: 0.2, "
                             "test: 0.3}"), "stamp_size_pix: 64", "stamp_size_pix: 24")
        run = self.make_run("points", text)

        self.assert_ends(lensmill("probe", run, "--rows", 160), 0)

        report = json.loads((run / "analysis/probe.json").read_text())
        reasons = {entry["variant"]: entry.get("reason", "")
                   for entry in report["variants"]}
        self.assertIn("a point source has no smaller one", reasons["compact_source"])
        self.assertIn("by up to half a pixel", reasons["legacy_psf"])

    def test_check_finds_nothing_to_mark(self):
        config = self.write("points.yaml", POINTS)

        result = self.assert_ends(lensmill("check", config), 0)

        self.assertIn("A sample of 60 rows", result.stdout)
        self.assertNotIn("\n!", result.stdout)


class Refused(Audited):
    def test_rows_with_an_image_beyond_the_limit_are_counted(self):
        text = edited(POINTS, "source: {point: {}}",
                      "source: {point: {max_magnification: 8}}")

        config = self.write("bright.yaml", text)
        run = self.folder / "bright"
        result = self.assert_ends(
            lensmill("run", config, "--output", run, "--set",
                     "run.max_failed_fraction=1"), 0)

        with h5py.File(virtual_file(run)) as file:
            status = file["measurements/status"][:]
            self.assertEqual(set(status), {0, 18})
            brightest = abs(file["measurements/image_magnification"][:, 0])
            self.assertLessEqual(brightest[status == 0].max(), 8)
            self.assertTrue(numpy.isnan(file["images/arc"][:][status == 18]).all())
            self.assertTrue(numpy.isfinite(file["images/arc"][:][status == 0]).all())
        self.assertIn(f"too_magnified {(status == 18).sum()}", result.stdout)


if __name__ == "__main__":
    unittest.main()
