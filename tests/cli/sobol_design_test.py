#!/usr/bin/env python3
"""A Saltelli design from its configuration to its indices: rows that differ in one factor,
alike however they are made, indices that anybody can redo, failures counted and reported."""

import json
import unittest

import h5py
import numpy

from support import CONFIG, SMALL, Case, edited, lensmill, shards, virtual_file

FACTORS = ["theta_e_arcsec", "src_offset", "lens_q"]
POINTS = 64
ROWS_PER_POINT = len(FACTORS) + 2
DESIGN = edited(edited(SMALL, "sampled: {count: 10}",
                       f"sobol: {{saltelli: {{base_count: {POINTS}, factors: [{', '.join(FACTORS)}]}}}}"),
                "theta_e_arcsec: 1.2", "theta_e_arcsec: {uniform: [0.4, 1.2]}")
# Sums of a few hundred doubles in another order.
ROUNDING = 1e-10


def indices_of(run):
    report = json.loads((run / "analysis/analysis.json").read_text())
    return report["model"], report["model"]["tables"]["sobol_design"]["rows"]


def expected(core):
    """First-order and total indices by their formulas; core: [point, A | B | mixed...]."""
    f = core - core[:, :2].mean()
    variance = (f[:, :2] ** 2).mean() - f[:, :2].mean() ** 2
    return ([(f[:, 1] * (f[:, 2 + k] - f[:, 0])).mean() / variance for k in range(3)],
            [0.5 * ((f[:, 0] - f[:, 2 + k]) ** 2).mean() / variance for k in range(3)])


class SobolDesign(Case):
    def check(self, rows, core):
        first, total = expected(core)
        self.assertEqual([row["factor"] for row in rows], FACTORS)
        for k, row in enumerate(rows):
            self.assertAlmostEqual(row["first_order"], first[k], delta=ROUNDING)
            self.assertAlmostEqual(row["total"], total[k], delta=ROUNDING)
            self.assertLess(row["total_lower"], row["total"])
            self.assertGreater(row["total_upper"], row["total"])

    def test_from_configuration_to_indices(self):
        run = self.make_run("run", DESIGN)

        result = self.assert_ends(lensmill("analyse", run, ranks=2), 0)

        with h5py.File(virtual_file(run)) as file:
            core = file["measurements/core_flux_fraction"][:, 0, 1]
            theta_e = file["catalogue/theta_e_arcsec"][:].reshape(POINTS, ROWS_PER_POINT)
            lens_q = file["catalogue/lens_q"][:].reshape(POINTS, ROWS_PER_POINT)
        self.assertEqual(len(core), POINTS * ROWS_PER_POINT)
        # The report has one total index for each parameter: the design's.
        model, rows = indices_of(run)
        answer = model["tables"]["sensitivity"]["rows"]
        self.assertEqual([line["total"] for line in answer], [line["total"] for line in rows])
        self.assertEqual({line["total_from"] for line in answer}, {"saltelli_design"})
        self.assertNotIn("predictor_total", result.stdout)
        # A, B, then A with one factor of B.
        self.assertTrue((theta_e[:, 2] == theta_e[:, 1]).all())
        for block in (3, 4):
            self.assertTrue((theta_e[:, block] == theta_e[:, 0]).all())
        self.assertTrue((lens_q[:, 4] == lens_q[:, 1]).all())
        model, rows = indices_of(run)
        self.assertEqual(model["saltelli"],
                         {"base_points": POINTS, "base_points_dropped": 0})
        self.check(rows, core.reshape(POINTS, ROWS_PER_POINT))
        self.assertIn("By the Saltelli design", result.stdout)
        self.assertIn("resample base points", result.stdout)

    def test_rows_alone_are_the_same_and_more_points_may_follow(self):
        run = self.make_run("run", DESIGN)
        with h5py.File(virtual_file(run)) as file:
            before = file["measurements/core_flux_fraction"][:]
        config = self.write("longer.yaml", edited(DESIGN, f"base_count: {POINTS}",
                                                  f"base_count: {2 * POINTS}"))

        self.assert_ends(lensmill("verify", run), 0)
        self.assert_ends(lensmill("run", config, "--output", run, "--resume"), CONFIG,
                         "use --extend")
        self.assert_ends(lensmill("run", config, "--output", run, "--extend"), 0)

        with h5py.File(virtual_file(run)) as file:
            after = file["measurements/core_flux_fraction"][:]
        self.assertEqual(len(after), 2 * len(before))
        self.assertTrue((after[:len(before)] == before).all())

    def test_a_failed_row_takes_its_base_point_with_it(self):
        run = self.make_run("run", DESIGN)
        failed = 3 * ROWS_PER_POINT + 4
        with h5py.File(run / "shards" / shards(run)[0], "r+") as shard:
            shard["measurements/status"][failed] = 13
            core = shard["measurements/core_flux_fraction"]
            core[failed] = numpy.nan

        result = self.assert_ends(lensmill("analyse", run), 0)

        with h5py.File(virtual_file(run)) as file:
            core = file["measurements/core_flux_fraction"][:, 0, 1]
        model, rows = indices_of(run)
        self.assertEqual(model["saltelli"]["base_points_dropped"], 1)
        self.assertIn(f"1 of {POINTS} base points are LEFT OUT", result.stdout)
        self.check(rows, numpy.delete(core.reshape(POINTS, ROWS_PER_POINT), 3, axis=0))

    def test_refuses_factors_that_are_not_drawn(self):
        config = self.write("bad.yaml", edited(DESIGN, "lens_q]}", "lens_gamma]}"))

        self.assert_ends(lensmill("run", config, "--output", self.folder / "bad"), CONFIG,
                         "`lens_gamma` is not drawn in this run")


if __name__ == "__main__":
    unittest.main()
