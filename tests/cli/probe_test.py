#!/usr/bin/env python3
"""lensmill probe: the same files at any number of ranks, numbers that the run itself
confirms, what it names and what it refuses."""

import csv
import json
import unittest

import h5py
import numpy

from support import BAD_DATA, CONFIG, IO, RICH, SMALL, USAGE, Case, edited, lensmill

# Lenses in every row; a fifth each to validate and test.
PROBED = edited(edited(edited(edited(RICH, "count: 10}", "count: 320}, split: {validation: 0.2, test: 0.2}"),
                              "choice: [0.0, 0.75, 1.5]", "choice: [0.75, 1.5]"),
                       "stamp_size_pix: 16", "stamp_size_pix: 24"),
                "annulus_pix: [5.0, 8.0]", "annulus_pix: [6.0, 11.0]")
PRODUCTS = "products: [positive, negative, arc, arc_intrinsic, counter_image, host, variance]"
# Core fractions of the run are by the adjoint aperture, the probe's by an aperture on
# single-precision images: 5e-6 per row.
FRACTION = 5e-6


def report(folder):
    return json.loads((folder / "analysis/probe.json").read_text())


def variant(found, name):
    return next(v for v in found["variants"] if v["variant"] == name)


class ProbeCase(Case):
    def run_of(self, text, name="run"):
        config = self.write(f"{name}.yaml", text)
        folder = self.folder / name
        self.assert_ends(lensmill("run", config, "--output", folder), 0)
        return folder


class GoodRuns(ProbeCase):
    def test_ranks_do_not_matter_and_the_run_agrees(self):
        folder = self.run_of(PROBED)

        results = [lensmill("probe", folder, "--rows", 320, ranks=ranks)
                   for ranks in (0,)]
        first = {name: (folder / "analysis" / name).read_bytes()
                 for name in ("probe.json", "probe.csv")}
        for ranks in (2, 3):
            results.append(lensmill("probe", folder, "--rows", 320, ranks=ranks))
            for name, content in first.items():
                self.assertEqual((folder / "analysis" / name).read_bytes(), content,
                                 f"{name} at {ranks} ranks")

        for result in results:
            self.assert_ends(result, 0, "probe.json, probe.csv: written")
            self.assertEqual(result.stdout, results[0].stdout)
        self.assertIn("Does masking the core hurt?", results[0].stdout)
        self.assertIn("all 320 are what rendering again gives", results[0].stdout)
        found = report(folder)
        self.assertEqual(found["rows"], 320)
        self.assertEqual(found["train_rows"] + found["validation_rows"]
                         + found["test_rows"], 320)
        with h5py.File(folder / "rich.h5") as run:
            core = run["measurements/core_flux_fraction"][:, 1, 1]
            offset = run["measurements/core_offset"][:, 1, 1]
            split = run["catalogue/split"][:]
        baseline = variant(found, "baseline")
        self.assertAlmostEqual(baseline["core_flux_fraction"]["mean"], core.mean(),
                               delta=FRACTION)
        self.assertAlmostEqual(baseline["core_offset_nmgy_per_pix"]["mean"],
                               offset.mean(), delta=1e-9)
        self.assertEqual(found["test_rows"], int((split == 2).sum()))
        # The arcs of this population are bright.
        self.assertGreater(baseline["core"]["auc"]["value"], 0.7)
        self.assertEqual(variant(found, "stored")["core"], baseline["core"])
        ranks = sorted(v["rank"] for v in found["variants"] if "rank" in v)
        self.assertEqual(ranks, list(range(1, 10)))
        # Each region's number is the larger of two classifiers'.
        for name in ("logistic", "boosted_trees"):
            self.assertLessEqual(baseline["core"][name]["auc"]["value"],
                                 baseline["core"]["auc"]["value"])
        zeroed = variant(found, "arc_zeroed")
        self.assertEqual(zeroed["core"]["auc"]["value"], 0.5)
        self.assertEqual(zeroed["core"]["by_construction"], "0.5")
        self.assertEqual(zeroed["annulus"]["auc"], baseline["annulus"]["auc"])
        self.assertIn("0.500 [0.500, 0.500]*", results[0].stdout)
        self.assertEqual(sum(b["test_rows"] for b in baseline["full"]["by_arc_snr"]),
                         found["test_rows"])
        # The mask leaves nothing of the core.
        self.assertEqual(variant(found, "core_mask")["core"]["auc"]["value"], 0.5)
        self.assertLess(variant(found, "core_mask")["core_flux_fraction"]["mean"],
                        baseline["core_flux_fraction"]["mean"])
        with open(folder / "analysis/probe.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["variant"] for row in rows],
                         [v["variant"] for v in found["variants"]])
        self.assertEqual(float(rows[0]["core_auc"]), baseline["core"]["auc"]["value"])

    def test_sampled_rows_and_a_run_without_stamps(self):
        folder = self.run_of(edited(PROBED, PRODUCTS, "products: []"))

        result = self.assert_ends(
            lensmill("probe", folder, "--rows", 250, "--mask-radius", 3,
                     "--arc-mag-offset", 2), 0)

        found = report(folder)
        self.assertEqual(found["rows"], 250)
        self.assertEqual(found["arc_mag_offset"], 2.0)
        self.assertIn("arcs 2 mag fainter than the run's", result.stdout)
        # A smaller mask leaves something of the core.
        self.assertNotIn("by_construction", variant(found, "core_mask")["core"])
        self.assertEqual(found["mask_radius_pix"], 3.0)
        stored = variant(found, "stored")
        self.assertFalse(stored["applies"])
        self.assertIn("not as faint as the probe's", stored["reason"])
        self.assertNotIn("stored_stamps", found)

    def test_without_arcs_there_is_nothing_to_see(self):
        # 40 magnitudes fainter than their hosts.
        folder = self.run_of(edited(PROBED, "choice: [0.5, 1.0]", "choice: [40.0]"))

        self.assert_ends(lensmill("probe", folder, "--rows", 320), 0)

        for entry in report(folder)["variants"]:
            for region in ("core", "annulus", "full"):
                auc = entry[region]["auc"]
                self.assertLessEqual(auc["lower"], 0.5, entry["variant"])
                self.assertGreaterEqual(auc["upper"], 0.5, entry["variant"])

    def test_names_stored_stamps_that_are_not_the_runs(self):
        # A pedestal in a fifth of otherwise arcless positives.
        folder = self.run_of(edited(PROBED, "choice: [0.5, 1.0]", "choice: [40.0]"))
        planted = 0
        for path in sorted((folder / "shards").glob("*.h5")):
            with h5py.File(path, "r+") as shard:
                images = shard["images/positive"]
                chosen = numpy.arange(0, images.shape[0], 5)
                images[chosen, :, 7:17, 7:17] += 1e-3
                planted += len(chosen)

        result = self.assert_ends(lensmill("probe", folder, "--rows", 320), 0)

        found = report(folder)
        self.assertEqual(found["stored_stamps"]["different"], planted)
        self.assertEqual(found["stored_stamps"]["first_injection_id"], 0)
        # A pedestal is not the legacy operator.
        self.assertEqual(found["stored_stamps"]["legacy"], 0)
        self.assertIn(f"{planted} of 320 are NOT what rendering again gives",
                      result.stdout)
        self.assertGreater(variant(found, "stored")["core"]["auc"]["value"],
                           variant(found, "baseline")["core"]["auc"]["value"])

    def test_names_the_stamps_that_the_legacy_psf_made(self):
        # A fifth of the stored stamps are those of a run by the legacy operator.
        folder = self.run_of(PROBED)
        legacy = self.run_of(edited(
            edited(PROBED, "host:\n", "convolve: {operator: legacy_ifftshift, oversample: 1}\nhost:\n"),
            "psf:\n", "psf:\n  accept_failed_self_test: true\n"), "legacy")
        planted = []
        for path in sorted((folder / "shards").glob("*.h5")):
            with h5py.File(path, "r+") as shard, \
                    h5py.File(legacy / "shards" / path.name) as other:
                chosen = numpy.arange(0, shard["images/positive"].shape[0], 5)
                # Either the whole pair (its host is misplaced as well) or the arc alone.
                whole, arc = chosen[::2], chosen[1::2]
                for name in ("positive", "negative", "arc"):
                    shard[f"images/{name}"][whole] = other[f"images/{name}"][whole]
                shard["images/positive"][arc] = shard["images/negative"][arc] \
                    + other["images/positive"][arc] - other["images/negative"][arc]
                shard["images/arc"][arc] = other["images/arc"][arc]
                planted += list(shard["catalogue/injection_id"][:][chosen])

        result = self.assert_ends(lensmill("probe", folder, "--rows", 320), 0)

        stored = report(folder)["stored_stamps"]
        self.assertEqual(stored["legacy_injection_ids"], planted)
        self.assertEqual(stored["legacy"], len(planted))
        self.assertEqual(stored["different"], len(planted))
        self.assertLess(abs(len(planted) / 320 - 0.2), 0.01)
        self.assertIn(f"{len(planted)} of 320 (20.", result.stdout)
        self.assertIn("LEGACY PSF placement", result.stdout)

    def test_says_where_the_legacy_psf_does_not_apply(self):
        folder = self.run_of(edited(PROBED, "size_pix: [21, 21]", "size_pix: [31, 31]"))

        result = self.assert_ends(lensmill("probe", folder, "--rows", 320), 0)

        legacy = variant(report(folder), "legacy_psf")
        self.assertFalse(legacy["applies"])
        self.assertIn("no larger than the stamp", legacy["reason"])
        self.assertIn("legacy_psf", result.stdout)
        self.assertIn("does not apply", result.stdout)


class Refusals(ProbeCase):
    def test_says_what_is_missing(self):
        small = edited(SMALL, "count: 10", "count: 30")
        folder = self.run_of(small)
        self.assert_ends(lensmill("probe", self.folder / "none"), BAD_DATA, "none")
        self.assert_ends(lensmill("probe"), USAGE, "RUN is missing")
        self.assert_ends(lensmill("probe", folder, "--rows", 5), USAGE, "--rows")
        self.assert_ends(lensmill("probe", folder, "--mask-radius", 0), USAGE,
                         "--mask-radius")
        for option, value in (("--dropout-rate", 1), ("--arc-mag-offset", 11)):
            self.assert_ends(lensmill("probe", folder, option, value), USAGE, option)
        for ranks in (0, 2):
            self.assert_ends(lensmill("probe", folder, ranks=ranks), BAD_DATA,
                             "too few rows", "catalogue.split")
        self.assertFalse((folder / "analysis").exists())

    def test_needs_noise_and_an_annulus(self):
        silent = self.run_of(edited(
            SMALL, "noise:\n  sky_sigma_nmgy: {r: 0.01}\n  gain_e_per_nmgy: {r: 500}\n",
            "noise: none\n"), "silent")
        self.assert_ends(lensmill("probe", silent), CONFIG, "noise: none",
                         "noise.sky_sigma_nmgy")
        tiny = self.run_of(edited(edited(SMALL, "stamp_size_pix: 16",
                                         "stamp_size_pix: 10"),
                                  "annulus_pix: [5.0, 8.0]", "annulus_pix: [3.0, 4.0]"),
                           "tiny")
        self.assert_ends(lensmill("probe", tiny), BAD_DATA, "no annulus", "12 pix")

    def test_names_an_input_that_is_gone(self):
        table = self.write("rows.csv", "theta_e_arcsec\n" + "1.0\n" * 320)
        text = edited(SMALL, "  sampled: {count: 10}", f"  file: {{path: {table}}}")
        folder = self.run_of(edited(text, "  theta_e_arcsec: 1.2\n", ""))
        table.unlink()

        result = lensmill("probe", folder)

        self.assertIn(result.code, (IO, BAD_DATA, CONFIG), str(result))
        self.assertIn("rows.csv", result.stderr)
        self.assertFalse((folder / "analysis").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
