"""`lensmill analyse`: the same files at any number of ranks, numbers that anybody can redo
from the run's columns, and clear words about runs that cannot be analysed."""

import csv
import json
import math
import os
import pathlib
import shutil
import subprocess
import unittest

import h5py
import numpy

from support import BAD_DATA, RICH, SMALL, USAGE, Case, edited, lensmill, shards
from support import snapshot, virtual_file

# Means of a few hundred doubles, summed in another order.
ROUNDING = 1e-12
SOURCE = pathlib.Path(os.environ.get("LENSMILL_SOURCE", "."))
EDGES = [0.5, 0.75, 1.0, 1.5, 2.0, 2.5]


def results(run):
    with open(run / "analysis" / "analysis.json") as file:
        return json.load(file)


def rows_of(report, section, table=None, **where):
    rows = report[section]["tables"][table or section]["rows"]
    return [row for row in rows if all(row[k] == v for k, v in where.items())]


class Analyse(Case):
    def analysed(self, name, text, *options, code=0, ranks=0):
        run = self.make_run(name, text)
        self.assert_ends(lensmill("analyse", run, *options, ranks=ranks), code)
        return run

    def test_the_files_are_the_same_for_any_number_of_ranks(self):
        run = self.make_run("run", edited(RICH, "count: 10", "count: 330"))
        self.assertEqual(len(shards(run)), 6)
        found = {}
        for ranks in (0, 1, 2, 3):
            shutil.rmtree(run / "analysis", ignore_errors=True)

            result = self.assert_ends(lensmill("analyse", run, ranks=ranks), 0)

            files = {name: data for name, (data, _) in snapshot(run / "analysis").items()}
            found[ranks] = (files, result.stdout)
        self.assertIn("analysis.json", found[0][0])
        self.assertGreater(len(found[0][0]), 10)
        for ranks in (1, 2, 3):
            self.assertEqual(found[ranks][0], found[0][0], f"{ranks} ranks")
            self.assertEqual(found[ranks][1], found[0][1], f"{ranks} ranks: stdout")

    def test_counterfactual_renders(self):
        text = edited(edited(RICH, "count: 10", "count: 130"),
                      "choice: [0.0, 0.75, 1.5]", "choice: [0.75, 1.5]")
        # The legacy operator, compared below, has no margin.
        text = edited(text, "host:\n", "render: {margin_pix: 0}\nhost:\n")
        run = self.make_run("run", edited(text, "stamp_size_pix: 16", "stamp_size_pix: 24"))
        found = {}
        for ranks in (0, 2, 3):
            result = self.assert_ends(
                lensmill("analyse", run, "--counterfactuals", 130, ranks=ranks), 0)
            found[ranks] = ({name: data for name, (data, _)
                             in snapshot(run / "analysis").items()}, result.stdout)
        self.assertEqual(found[2], found[0])
        self.assertEqual(found[3], found[0])
        report = results(run)
        self.assertEqual(report["counterfactuals"]["rows"], 130)
        with h5py.File(virtual_file(run)) as file:
            core = file["measurements/core_flux_fraction"][:, 1, 1].mean()
        for game, causes in (("correct", 3), ("legacy", 4)):
            line, = rows_of(report, "counterfactuals", "counterfactual_core",
                            theta_e_bin="all", game=game)
            parts = rows_of(report, "counterfactuals", "shapley", theta_e_bin="all",
                            game=game)
            self.assertEqual(len(parts), causes)
            self.assertAlmostEqual(sum(p["shapley"] for p in parts),
                                   line["core"] - line["rest"], delta=ROUNDING)
            self.assertAlmostEqual(sum(p["rows_led"] for p in parts), 1.0, delta=ROUNDING)
            if game == "correct":
                # The image in single precision, the column by adjoint apertures.
                self.assertAlmostEqual(line["core"], core, delta=5e-6)
                correct = line["core"]
            else:
                operator = line["core"] - correct
        row, = rows_of(report, "attribution", theta_e_bin="all", cause="psf_operator")
        self.assertEqual(row["status"], "measured")
        self.assertAlmostEqual(row["contribution"], operator, delta=ROUNDING)
        h3, = rows_of(report, "hypotheses", theta_e_bin="all", hypothesis="H3")
        self.assertEqual(h3["verdict"], "refuted")
        self.assertAlmostEqual(h3["effect"], operator / correct, delta=ROUNDING)
        self.assertLess(h3["effect_lower"], h3["effect"])

        figure = subprocess.run(
            ["/usr/bin/python3", "-B", "-m", "lensmill", "plot-analysis", run],
            capture_output=True, text=True, timeout=120,
            env={**os.environ, "PYTHONPATH": str(SOURCE / "python")})
        self.assertEqual(figure.returncode, 0, figure.stderr)
        self.assertEqual((run / "analysis/analysis.png").read_bytes()[:4], b"\x89PNG")

        # A run by the legacy operator has the same causes.
        legacy = self.make_run("legacy", edited(edited(
            edited(text, "stamp_size_pix: 16", "stamp_size_pix: 24"),
            "host:\n", "convolve: {operator: legacy_ifftshift, oversample: 1}\nhost:\n"),
            "psf:\n", "psf:\n  accept_failed_self_test: true\n"))
        self.assert_ends(lensmill("analyse", legacy, "--counterfactuals", 130), 0)
        for table in ("counterfactual_core", "shapley"):
            self.assertEqual(rows_of(results(legacy), "counterfactuals", table),
                             rows_of(report, "counterfactuals", table))
        h3, = rows_of(results(legacy), "hypotheses", theta_e_bin="all", hypothesis="H3")
        self.assertEqual(h3["verdict"], "refuted")

    def test_counterfactuals_without_the_legacy_operator(self):
        # Kernels larger than the stamp.
        run = self.make_run("run", edited(edited(
            edited(RICH, "count: 10", "count: 40"), "choice: [0.0, 0.75, 1.5]",
            "choice: [0.75, 1.5]"), "size_pix: [21, 21]", "size_pix: [31, 31]"))

        result = self.assert_ends(lensmill("analyse", run, "--counterfactuals", 40), 0)

        report = results(run)
        self.assertEqual(report["counterfactuals"]["rows"], 40)
        self.assertIn("The legacy operator does not apply", result.stdout)
        self.assertIn("no larger than the stamp",
                      report["counterfactuals"]["no_legacy_reason"])
        lines = rows_of(report, "counterfactuals", "counterfactual_core")
        self.assertEqual({line["game"] for line in lines}, {"correct"})
        h3, = rows_of(report, "hypotheses", theta_e_bin="all", hypothesis="H3")
        self.assertEqual((h3["verdict"], h3["effect"]), ("not decided", None))

    def test_numbers_are_those_of_the_columns(self):
        run = self.analysed("run", edited(SMALL, "count: 10", "count: 300").replace(
            "theta_e_arcsec: 1.2", "theta_e_arcsec: {uniform: [0.4, 1.6]}"))
        report = results(run)
        with h5py.File(virtual_file(run)) as file:
            theta_e = file["catalogue/theta_e_arcsec"][:]
            measured = {name: file[f"measurements/{name}"][:] for name in file["measurements"]}
        core = measured["core_flux_fraction"][:, 0, 1]
        radius = measured["counter_image_radius_pix"]

        labels = {"[0.5, 0.75)": (theta_e >= 0.5) & (theta_e < 0.75),
                  "[1, 1.5)": (theta_e >= 1.0) & (theta_e < 1.5),
                  "all": theta_e > 0.0}
        for label, inside in labels.items():
            row, = rows_of(report, "core_flux", theta_e_bin=label)
            self.assertEqual(row["n"], inside.sum())
            self.assertAlmostEqual(row["mean"], core[inside].mean(), delta=ROUNDING)
            # A bin of the sketch: 1/4096 of the range.
            self.assertAlmostEqual(row["median"], numpy.median(core[inside]),
                                   delta=numpy.ptp(core) / 4096)
            error = core[inside].std(ddof=1) / math.sqrt(inside.sum())
            # 512 random groups and 2000 replicates: 3.5 % of itself, four times.
            self.assertAlmostEqual(row["mean_standard_error"] / error, 1.0, delta=0.15)
            for kind, column in (("counter", "saddle"), ("outer", "minimum")):
                for cause in ("intrinsic", "psf"):
                    mean = measured[f"core_flux_fraction_{column}_{cause}"][inside, 0, 1].mean()
                    self.assertAlmostEqual(row[f"{kind}_{cause}"], mean, delta=ROUNDING)
            row, = rows_of(report, "core_flux", "counter_image_positions",
                           theta_e_bin=label)
            with_image = radius[inside & ~numpy.isnan(radius)]
            self.assertEqual(row["n"], len(with_image))
            self.assertAlmostEqual(row["within_3_pix"], (with_image < 3).mean(),
                                   delta=ROUNDING)

            split = rows_of(report, "attribution", theta_e_bin=label, account="split")
            self.assertEqual(len(split), 4)
            self.assertAlmostEqual(sum(r["contribution"] for r in split),
                                   core[inside].mean(), delta=ROUNDING)
            steps = rows_of(report, "attribution", theta_e_bin=label, account="steps")
            used = steps[0]["n"]
            self.assertGreater(used, 0.9 * inside.sum())
            if used == inside.sum():
                self.assertAlmostEqual(sum(r["contribution"] for r in steps),
                                       core[inside].mean(), delta=ROUNDING)

        for ranking, causes in (("split", ["intrinsic"]), ("net_kind", ["intrinsic", "psf"])):
            lead = sum(measured[f"core_flux_fraction_saddle_{c}"][:, 0, 1]
                       - measured[f"core_flux_fraction_minimum_{c}"][:, 0, 1] for c in causes)
            row, = rows_of(report, "attribution", "leader_change", ranking=ranking)
            self.assertEqual((row["below"], row["above"]), ("outer image", "counter-image"))
            self.assertEqual((row["method"], row["n"]), ("spline", 300))
            # Another smooth function of the same rows: to three of the place's standard
            # errors, and within its interval widened by one.
            fine = numpy.linspace(0.6, 1.5, 901)
            fitted = numpy.polynomial.Polynomial.fit(theta_e, lead, 5)(fine)
            place = fine[numpy.argmax(fitted > 0)]
            error = row["theta_e_standard_error"]
            self.assertLess(error, 0.1)
            self.assertAlmostEqual(row["theta_e"], place, delta=3 * error)
            self.assertTrue(row["theta_e_lower"] - error <= place
                            <= row["theta_e_upper"] + error)

        offset = measured["core_offset"][:, 0, 1]
        flux = measured["arc_flux_nmgy"][:, 0]
        line, = rows_of(report, "paired", "offset_lines", theta_e_bin="all",
                        against="arc_flux_nmgy")
        slope, _ = numpy.polyfit(flux, offset, 1)
        # polyfit's own rounding.
        self.assertAlmostEqual(line["slope"] / slope, 1.0, delta=1e-9)
        self.assertAlmostEqual(line["r_squared"], numpy.corrcoef(flux, offset)[0, 1]**2,
                               delta=1e-9)
        snr = measured["counter_image_snr"][:, 0]
        seen = (measured["n_saddles"] > 0) & numpy.isfinite(snr)
        row, = rows_of(report, "visibility", by="all")
        self.assertEqual(row["n"], seen.sum())
        self.assertAlmostEqual(row["snr_above_5"], (snr[seen] > 5).mean(), delta=ROUNDING)
        row, = rows_of(report, "distributions", variable="theta_e_arcsec")
        self.assertAlmostEqual(row["mean"], theta_e.mean(), delta=ROUNDING)
        self.assertEqual(row["maximum"], theta_e.max())

    def test_the_predictor_can_be_used_from_the_json(self):
        run = self.analysed("run", edited(SMALL, "count: 10", "count: 300").replace(
            "theta_e_arcsec: 1.2", "theta_e_arcsec: {uniform: [0.6, 1.6]}"))
        model = results(run)["model"]["predictor"]
        with h5py.File(virtual_file(run)) as file:
            catalogue = {name: column[:] for name, column in file["catalogue"].items()}
            core = file["measurements/core_flux_fraction"][:, 0, 1]
        offset = numpy.hypot(catalogue["src_x_arcsec"], catalogue["src_y_arcsec"])
        values = {"log10_theta_e_arcsec": numpy.log10(catalogue["theta_e_arcsec"]),
                  "src_offset_over_theta_e": offset / catalogue["theta_e_arcsec"],
                  "lens_q": catalogue["lens_q"]}
        angle = (numpy.arctan2(catalogue["src_y_arcsec"], catalogue["src_x_arcsec"])
                 - catalogue["lens_phi_rad"])
        values |= {f"cos_{k}_src_lens_angle": numpy.cos(k * angle) for k in (2, 4)}

        self.assertEqual([v["name"] for v in model["variables"]], list(values))
        z = [(values[v["name"]] - v["mean"]) / v["standard_deviation"]
             for v in model["variables"]]
        predicted = sum(term["coefficient"] * numpy.prod(
            [x**e for x, e in zip(z, term["exponents"])], axis=0) for term in model["terms"])

        r_squared = 1 - ((core - predicted)**2).sum() / ((core - core.mean())**2).sum()
        # The fit takes differences of sums of squares.
        self.assertAlmostEqual(r_squared, model["r_squared"], delta=1e-8)
        by_bin = rows_of(results(run), "model", "predictor_by_theta_e")
        self.assertEqual(sum(line["n"] for line in by_bin), 300)
        squared = sum(line["n"] * line["rms_error"]**2 for line in by_bin
                      if line["rms_error"] is not None)
        self.assertAlmostEqual(squared / 300, model["cross_validated_rmse"]**2, delta=1e-8)
        # 300 rows: most of the scatter is predicted, no more is promised.
        self.assertGreater(model["cross_validated_r_squared"], 0.5)
        self.assertLess(model["cross_validated_r_squared"], r_squared)

    def test_without_arcs_offsets_are_zero(self):
        run = self.make_run("run", edited(edited(SMALL, "count: 10", "count: 200"),
                                          "src_flux_nmgy_r: 10.0", "src_flux_nmgy_r: 0.0"))

        result = self.assert_ends(lensmill("analyse", run), 0)

        self.assertRegex(result.stdout, "Annulus offset 0.*, 0 within its interval.*"
                                        "core offset 0.*, 0 within its interval")
        row, = rows_of(results(run), "paired", "offsets", theta_e_bin="all")
        self.assertEqual(row["n"], 200)
        for name in ("annulus_offset", "core_offset"):
            self.assertEqual((row[name], row[f"{name}_lower"], row[f"{name}_upper"]),
                             (0.0, 0.0, 0.0))
        line, _ = rows_of(results(run), "paired", "offset_lines", theta_e_bin="all")
        self.assertIsNone(line["slope"])
        row, = rows_of(results(run), "visibility", by="all")
        self.assertEqual(row["snr_above_3"], 0.0)

    def test_says_in_plain_sentences_what_the_leakage_is(self):
        run = self.make_run("run", edited(SMALL, "count: 10", "count: 200"))

        result = self.assert_ends(lensmill("analyse", run), 0)

        self.assertRegex(result.stdout, r"theta_E \[1, 1\.5\) arcsec: the (counter|outer).* "
                                        r"leads, with .* of a core flux fraction of .* in "
                                        r"(all|\d of) 8 ways of counting")
        rows = rows_of(results(run), "attribution", "robustness", theta_e_bin="[1, 1.5)")
        self.assertEqual(len(rows), 8)  # 2 accounts, 1 band, 2 radii, 2 weightings
        self.assertRegex(result.stdout, r"H1 .*: (supported|refuted|not decided)")
        self.assertRegex(result.stdout, r"H3 .*: not decided; not measured")
        row, = rows_of(results(run), "attribution", theta_e_bin="all",
                       cause="psf_operator")
        self.assertEqual((row["status"], row["contribution"]), ("not measured", None))

    def test_few_rows_and_a_leader_that_changes(self):
        few = self.make_run("few", edited(SMALL, "count: 10", "count: 19"))
        result = self.assert_ends(lensmill("analyse", few), 0)
        self.assertRegex(result.stdout, r"theta_E \[1, 1\.5\) arcsec: too few rows "
                                        r"\(19 rows\) to say which cause leads")
        self.assertNotIn(" leads, with", result.stdout)

        both = self.make_run("both", edited(edited(SMALL, "count: 10", "count: 600"),
                                            "theta_e_arcsec: 1.2",
                                            "theta_e_arcsec: {choice: [0.5, 1.6]}"))
        result = self.assert_ends(lensmill("analyse", both), 0)
        self.assertRegex(result.stdout, r"\[0\.5, 0\.75\) arcsec: the outer image .* leads")
        self.assertRegex(result.stdout, r"\[1\.5, 2\) arcsec: the counter-image leads")
        self.assertIn("All theta_E: no single answer, it depends on theta_E: the "
                      "counter-image or the outer image", result.stdout)
        # Two values of theta_E: between them no row says where the leader changes.
        row, = rows_of(results(both), "attribution", "leader_change", ranking="split")
        self.assertEqual((row["method"], row["theta_e"]), ("points", None))
        self.assertEqual((row["theta_e_lower"], row["theta_e_upper"]), (0.5, 1.6))
        self.assertIn("the outer image gives the larger part of the core up to theta_E = "
                      "0.5 arcsec, the counter-image from 1.6 arcsec on; no row lies "
                      "between", result.stdout)

    def test_tables_are_csv_files_too(self):
        run = self.analysed("run", SMALL, "--theta-e-bins", "1,1.5")
        report = results(run)
        self.assertEqual(report["rows"]["theta_e_edges_arcsec"], [1.0, 1.5])
        for section in report.values():
            if not isinstance(section, dict) or "tables" not in section:
                continue
            for name, table in section["tables"].items():
                with open(run / "analysis" / f"{name}.csv", newline="") as file:
                    heading, *lines = csv.reader(file)
                self.assertEqual([h.split(" [")[0] for h in heading],
                                 [column["name"] for column in table["columns"]])
                self.assertEqual(len(lines), len(table["rows"]))
                for line, row in zip(lines, table["rows"]):
                    for text, value in zip(line, row.values()):
                        if isinstance(value, float):
                            self.assertEqual(float(text), value)
                        else:
                            self.assertEqual(text, "" if value is None else str(value))

    def test_a_grid_is_listed_point_by_point(self):
        text = edited(SMALL, "sampled: {count: 10}",
                      "grid: {theta_e_arcsec: [0.6, 1.2], src_reff_arcsec: [0.2, 0.4]}")
        for key in ("theta_e_arcsec: 1.2", "src_reff_arcsec: 0.3"):
            text = edited(text, f"  {key}\n", "")
        run = self.analysed("run", text)

        rows = rows_of(results(run), "scan")

        with h5py.File(virtual_file(run)) as file:
            self.assertEqual([r["theta_e_arcsec"] for r in rows],
                             list(file["catalogue/theta_e_arcsec"]))
            self.assertEqual([r["core_flux_fraction"] for r in rows],
                             list(file["measurements/core_flux_fraction"][:, 0, 1]))

    def test_an_incomplete_run_is_analysed_with_a_warning(self):
        run = self.make_run("run", edited(SMALL, "count: 10", "count: 150"))
        (run / "shards" / "shard-000001.h5").unlink()

        result = lensmill("analyse", run)

        self.assert_ends(result, 0, "incomplete", "2 of 3 shards")
        self.assertIn("INCOMPLETE", result.stdout)
        self.assertEqual(results(run)["rows"]["rows"], 150 - 64)

    def test_failed_rows_are_left_out_and_counted(self):
        # A source far off the stamp: its row has no flux.
        catalogue = self.write("rows.csv", "src_x_arcsec,src_y_arcsec\n" +
                               "0.3,0\n0.2,0.1\n500,0\n0.4,0.2\n")
        text = edited(SMALL, "sampled: {count: 10}", f"file: {{path: {catalogue}}}")
        text = edited(text, "  src_offset: {disc: {radius_over_theta_e: 0.8}}\n", "")
        run = self.make_run("run", text, code=BAD_DATA)

        result = lensmill("analyse", run)

        self.assert_ends(result, 0, "1 of 4 rows failed and are left out")
        self.assertIn("1 rows FAILED", result.stdout)
        rows = results(run)["rows"]
        self.assertEqual((rows["rows_analysed"], rows["rows_failed"]), (3, 1))
        row, = rows_of(results(run), "core_flux", theta_e_bin="all")
        self.assertEqual(row["n"], 3)

    def test_runs_without_a_row_that_counts_are_refused(self):
        dark = self.make_run("dark", edited(
            SMALL, "src_offset: {disc: {radius_over_theta_e: 0.8}}",
            "src_x_arcsec: 500.0\n  src_y_arcsec: 0.0"), code=BAD_DATA)
        empty = self.make_run("empty", SMALL)
        (empty / "shards" / "shard-000000.h5").unlink()
        bare = self.make_run("bare", SMALL)
        with h5py.File(bare / "shards" / "shard-000000.h5", "r+") as file:
            del file["measurements"]
        for ranks in (0, 2):
            self.assert_ends(lensmill("analyse", dark, ranks=ranks), BAD_DATA,
                             "all 10 rows failed")
            self.assert_ends(lensmill("analyse", empty, ranks=ranks), BAD_DATA,
                             "nothing to analyse", "--resume")
            self.assert_ends(lensmill("analyse", bare, ranks=ranks), BAD_DATA,
                             "has no /measurements")
            self.assert_ends(lensmill("analyse", self.folder, ranks=ranks), BAD_DATA,
                             "not a run")
        self.assertFalse((dark / "analysis").exists())

    def test_bins_that_are_none(self):
        for bins in ("1", "2,1", "1,x", "1,,2", "nan,1"):
            self.assert_ends(lensmill("analyse", self.folder, "--theta-e-bins", bins),
                             USAGE, "--theta-e-bins", "ascending edges")


if __name__ == "__main__":
    unittest.main()
