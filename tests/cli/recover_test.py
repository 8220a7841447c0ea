"""lensmill recover on fields that are made here: what it says against numpy over all pairs
of injection and detection, and planted completeness."""

import csv
import unittest

import numpy
from astropy.io import fits
from astropy.table import Table

from recover_support import (MATCHED, NONE, PIXEL_SCALE, RADIUS, SHARED, SIDE, SNR_50,
                             RecoverCase, brute_force, completeness_at, sextractor_text,
                             sky_of, truth_columns, wilson, write_truth)
from support import USAGE

ROUNDING = 1e-9


class Numbers(RecoverCase):
    def test_matches_bins_and_intervals_are_those_of_numpy(self):
        field = self.field()
        x, y = self.found()
        score = numpy.random.default_rng(3).random(len(x))
        path = self.write_csv("found.csv", x=x, y=y, score=score,
                              name=[f"d{k}" for k in range(len(x))])

        result = self.recover(field, "--detections", path, "--pixel-origin", 0, "--score",
                              "score", "--id", "name", "--bins", "arc_snr_r=2,6,18,100")

        outcome, detection, within = brute_force(
            self.truth["injection_id"], self.places(),
            PIXEL_SCALE * numpy.stack([x, y], 1), RADIUS)
        rows = self.rows
        self.assertTrue((rows["injection_id"] == self.truth["injection_id"]).all())
        self.assertTrue((rows["outcome"] == outcome).all())
        self.assertTrue((rows["detection_row"] == detection).all())
        self.assertTrue((rows["detections_within"] == within).all())
        self.assertTrue((rows["matched"] == (outcome == MATCHED)).all())
        self.assertGreater((within > 1).sum(), 10)
        matched = outcome == MATCHED
        numpy.testing.assert_array_equal(rows["score"][matched], score[detection[matched]])
        self.assertEqual(rows["detection_id"][matched][0].strip(), f"d{detection[matched][0]}")
        self.assertTrue(numpy.isnan(rows["distance_arcsec"][~matched]).all())
        self.assertTrue((rows["by_chance"] == -1).all())
        # By bin, of a scalar column, of one with its own bins and of an array's element.
        for column, values in (("theta_e_arcsec", self.truth["theta_e_arcsec"]),
                               ("arc_snr_r", self.truth["arc_snr_r"]),
                               ("core_flux_fraction_g[1]",
                                self.truth["core_flux_fraction_g"][:, 1])):
            bins = self.by_bin(column)
            for k, entry in enumerate(bins):
                last = k + 1 == len(bins)
                inside = (values >= entry["lower"]) & (
                    (values <= entry["upper"]) if last else (values < entry["upper"]))
                share = entry["completeness"]
                self.assertEqual(share["of"], inside.sum())
                self.assertEqual(share["part"], (inside & matched).sum())
                if not inside.any():
                    self.assertIsNone(share["lower"])
                    continue
                lower, upper = wilson((inside & matched).sum(), inside.sum())
                self.assertAlmostEqual(share["lower"], lower, delta=ROUNDING)
                self.assertAlmostEqual(share["upper"], upper, delta=ROUNDING)
        self.assertEqual([(b["lower"], b["upper"]) for b in self.by_bin("arc_snr_r")],
                         [(2, 6), (6, 18), (18, 100)])
        # Purity over every detection of at least the score.
        is_match = numpy.isin(numpy.arange(len(x)), detection)
        for entry in self.report["purity"]:
            kept = score >= entry["threshold"]
            self.assertEqual(entry["purity"]["of"], kept.sum())
            self.assertEqual(entry["purity"]["part"], (kept & is_match).sum())
            self.assertEqual(entry["completeness"]["of"], len(outcome))
        self.assertEqual(len(self.report["purity"]), 20)
        # CSV and FITS say the same.
        with open(field / "recovery/injections.csv", newline="") as file:
            lines = list(csv.DictReader(file))
        self.assertEqual([int(line["detection_row"]) for line in lines],
                         list(rows["detection_row"]))
        self.assertEqual(float(lines[int(numpy.argmax(matched))]["distance_arcsec"]),
                         rows["distance_arcsec"][numpy.argmax(matched)])
        expected = 1 - numpy.exp(-len(x) * numpy.pi * (RADIUS / PIXEL_SCALE) ** 2 / SIDE ** 2)
        self.assertAlmostEqual(self.report["injections"]["by_density"], expected,
                               delta=ROUNDING)
        # Not tested is said, never 0.
        self.assertIn("not tested (no --empty)", result.stdout)
        self.assertEqual(self.report["injections"]["by_chance"], "not tested")
        self.assertTrue(all(len(line) <= 100 for line in result.stdout.splitlines()))

    def test_a_planted_completeness_is_recovered(self):
        # So wide that few are near another.
        places = truth_columns(2000)
        field = self.field(2000, cards={"NX": 10 * SIDE, "NY": 10 * SIDE},
                           x_pix=10 * places["x_pix"], y_pix=10 * places["y_pix"])
        x, y = self.found(spurious=0)
        path = self.write_csv("found.csv", bx=x, by=y)

        self.recover(field, "--detections", path)

        # 8 bins at 90 %: two or more beyond in 4 of 10, four in 1 of 200.
        beyond = 0
        snr = self.truth["arc_snr_r"]
        for entry in self.by_bin("arc_snr_r"):
            inside = (snr >= entry["lower"]) & (snr < entry["upper"])
            if inside.any():
                planted = completeness_at(snr[inside]).mean()
                share = entry["completeness"]
                beyond += not share["lower"] <= planted <= share["upper"]
        self.assertLess(beyond, 4)
        fit = self.report["fits"]["arc_snr_r"]
        self.assertEqual(fit["problem"], "")
        self.assertLess(fit["snr_50"]["lower"], SNR_50)
        self.assertGreater(fit["snr_50"]["upper"], SNR_50)
        self.assertLess(fit["snr_50"]["upper"] / fit["snr_50"]["lower"], 1.2)

    def test_any_form_and_order_of_the_catalogue_gives_the_same_matches(self):
        field = self.field()
        x, y = self.found()
        ra, dec = sky_of(x, y)
        order = numpy.random.default_rng(4).permutation(len(x))
        Table({"X_IMAGE": x + 1, "Y_IMAGE": y + 1}, units=("pix", "pix")).write(
            self.folder / "found.fits")
        # SExtractor's FITS_LDAC: the header's cards in a table of their own first.
        fits.HDUList([fits.PrimaryHDU(),
                      fits.BinTableHDU(Table({"Field Header Card": [["a" * 80]]}),
                                       name="LDAC_IMHEAD"),
                      fits.BinTableHDU(Table({"X_IMAGE": x + 1, "Y_IMAGE": y + 1}),
                                       name="LDAC_OBJECTS")]
                     ).writeto(self.folder / "ldac.fits")
        Table({"ALPHA_J2000": numpy.radians(ra), "DELTA_J2000": numpy.radians(dec)},
              units=("rad", "rad")).write(self.folder / "sky.fits")
        forms = {
            "text": (self.write("found.cat", sextractor_text(x, y)),),
            "fits": (self.folder / "found.fits",),
            "ldac": (self.folder / "ldac.fits",),
            "zero": (self.write_csv("sep.csv", x=x, y=y), "--pixel-origin", 0),
            "one": (self.write_csv("one.csv", col=x + 1, row=y + 1), "--x", "col", "--y",
                    "row", "--pixel-origin", 1),
            "order": (self.write_csv("order.csv", bx=x[order], by=y[order]),),
            "radian": (self.folder / "sky.fits",),
            "sky": (self.write_csv("sky.csv", ra=ra, dec=dec), "--ra", "ra", "--dec",
                    "dec"),
        }

        matches, distances = {}, {}
        for name, (path, *options) in forms.items():
            self.recover(field, "--detections", path, *options)
            row = numpy.array(self.rows["detection_row"])
            matches[name] = numpy.where(row >= 0, order[row], -1) if name == "order" else row
            distances[name] = numpy.nan_to_num(self.rows["distance_arcsec"])

        # On the tangential plane and on the sphere distances differ by 1e-7 of them.
        for name in forms:
            self.assertTrue((matches[name] == matches["text"]).all(), name)
            numpy.testing.assert_allclose(distances[name], distances["text"], atol=1e-6)

    def test_the_field_without_arcs_gives_chance_and_ambiguity(self):
        field = self.field(300)
        x, y = self.found()
        random = numpy.random.default_rng(5)
        # As dense as in the deepest surveys, and sources under some injections.
        ex = numpy.concatenate([random.uniform(0, SIDE, 4000), self.truth["x_pix"][:30] + 2])
        ey = numpy.concatenate([random.uniform(0, SIDE, 4000), self.truth["y_pix"][:30]])
        mag = 22.5 - 2.5 * numpy.log10(random.uniform(1, 20, len(ex)))
        mag[::50] = 99.0
        path = self.write("found.cat", sextractor_text(x, y))
        empty = self.write("empty.cat",
                           sextractor_text(ex, ey, [("MAG_AUTO", "mag", mag)]))
        options = ("--detections", path, "--empty", empty, "--mag", "MAG_AUTO",
                   "--mag-zero-point", 22.5, "--flux-band", "r")

        self.recover(field, *options)

        without_arcs = PIXEL_SCALE * numpy.stack([ex, ey], 1)
        chance = brute_force(self.truth["injection_id"], self.places(), without_arcs,
                             RADIUS)[0] == MATCHED
        self.assertGreater(chance.sum(), 30)
        self.assertTrue((self.rows["by_chance"] == chance).all())
        share = self.report["injections"]["by_chance"]
        self.assertEqual((share["part"], share["of"]), (chance.sum(), 300))
        self.assertAlmostEqual(share["lower"], wilson(chance.sum(), 300)[0], delta=ROUNDING)
        distance = numpy.hypot(*(self.places()[:, None] - without_arcs[None]).T).T
        flux = 10 ** (0.4 * (22.5 - mag))
        arc = self.truth["arc_flux_nmgy_r"]
        for radius in (0.5, 0.75, 1, 1.25, 1.5, 1.75, 2):
            near = distance <= radius
            brighter = (near & (mag < 90) & (flux >= arc[:, None])).any(axis=1)
            unknown = (near & (mag > 90)).any(axis=1)
            expected = numpy.select([brighter, unknown, near.any(axis=1)], [2, 3, 1], 0)
            flags = self.rows[f"ambiguity_{radius}_arcsec"]
            self.assertTrue((flags == expected).all(), radius)
        self.assertEqual(sorted(set(expected)), [0, 1, 2, 3])
        matched = numpy.array(self.rows["matched"]) == 1
        before = matched & (distance <= RADIUS).any(axis=1)
        self.assertEqual(self.report["injections"]["ambiguous_matches"]["part"],
                         before.sum())

        self.recover(field, *options, "--ambiguity-cut", 1.5)

        cut = numpy.char.strip(self.rows["state"]) == "ambiguous"
        flags = self.rows["ambiguity_1.5_arcsec"]
        self.assertTrue((cut == ((flags == 2) | (flags == 3))).all())
        self.assertEqual(self.report["injections"]["counted"], (~cut).sum())
        self.assertEqual(self.report["injections"]["recovered"]["part"],
                         (~cut & matched).sum())

        # Without brightness a source is a source.
        self.recover(field, "--detections", path, "--empty", empty)
        flags = self.rows["ambiguity_2_arcsec"]
        self.assertTrue((flags == numpy.where((distance <= 2).any(axis=1), 3, 0)).all())


class Rows(RecoverCase):
    def test_bad_rows_are_flagged_and_left_out_with_their_count(self):
        status = numpy.zeros(100, "i4")
        status[:4], status[4:6], status[6], status[7] = 14, 1, 2, 77
        x = truth_columns(100)["x_pix"]
        x[8], x[0] = SIDE + 3, numpy.nan
        field = self.field(100, status=status, x_pix=x)
        x, y = self.found(all_of_them=True, spurious=0)
        keep = numpy.isfinite(x) & (x < SIDE)
        path = self.write_csv("found.csv", bx=x[keep], by=y[keep],
                              score=numpy.linspace(0, 1, keep.sum()))

        result = self.recover(field, "--detections", path, "--score", "score")

        injections = self.report["injections"]
        self.assertEqual(injections["left_out"],
                         {"status 14 (bad_host)": 4, "status 2 (unlensed)": 1,
                          "status 77": 1, "centre off the image": 1})
        self.assertEqual((injections["all"], injections["counted"], injections["rings"]),
                         (100, 93, 2))
        self.assertEqual(injections["recovered"]["part"], 93)
        self.assertEqual(len(self.rows), 100)
        state = [value.strip() for value in self.rows["state"]]
        self.assertEqual(state[3:9], ["bad_status", "counted", "counted", "bad_status",
                                      "bad_status", "off_image"])
        self.assertIn("left out: status 14 (bad_host)", result.stdout)
        # Their detections are neither right nor wrong.
        self.assertEqual(self.report["purity_left_out"], 5)

    def test_a_row_that_is_left_out_takes_no_detection_from_one_that_counts(self):
        status = numpy.array([14, 0], "i4")
        field = self.field(2, x_pix=numpy.array([100.0, 102.0]),
                           y_pix=numpy.array([100.0, 100.0]), status=status)
        path = self.write_csv("found.csv", bx=[100.1], by=[100.0])

        self.recover(field, "--detections", path)

        self.assertEqual(list(self.rows["matched"]), [0, 1])

    def test_passes_count_where_their_detections_are_given(self):
        passes = numpy.repeat([0, 1, 2], [200, 150, 50]).astype("i4")
        field = self.field(400, **{"pass": passes})
        first = self.write_csv("0.csv", **dict(zip(
            ("bx", "by"), self.found(rows=passes == 0))))
        second = self.write_csv("1.csv", **dict(zip(
            ("bx", "by"), self.found(rows=passes == 1, all_of_them=True))))

        self.recover(field, "--detections", f"1={second}", "--detections", f"0={first}")

        injections = self.report["injections"]
        self.assertEqual(injections["counted"], 350)
        self.assertEqual(injections["left_out"], {"pass 2, without detections": 50})
        matched = numpy.array(self.rows["matched"])
        self.assertEqual(matched[passes == 1].sum(), 150)
        self.assertEqual(matched[passes == 2].sum(), 0)
        self.assertEqual([entry["pass"] for entry in self.report["inputs"]["detections"]],
                         [0, 1])
        # Each pass has an image of its own: no detection of another's.
        self.assertLess(matched[passes == 0].sum(), 200)

        # The same from a folder for each pass, as `lensmill field` makes them.
        table = {number: numpy.array(self.rows[number]) for number in self.rows.colnames}
        for k in (0, 1):
            one = {name: values[passes == k] for name, values in self.truth.items()}
            write_truth(self.folder / f"pass{k}", one, NDEFER=400 - (passes == k).sum())
        self.recover(self.folder / "pass0", "--pass-folder", self.folder / "pass1",
                     "--detections", f"1={second}", "--detections", f"0={first}")
        injections = self.report["injections"]
        self.assertEqual((injections["counted"], injections["left_out"],
                          injections["in_passes_not_given"]), (350, {}, 50))
        for name in ("injection_id", "detection_row", "detections_within"):
            self.assertTrue((self.rows[name] == table[name][:350]).all(), name)
        self.recover(self.folder / "pass1", "--detections", second)
        self.assertEqual(self.report["injections"]["in_passes_not_given"], 250)

        self.recover(field, "--detections", first, code=USAGE,
                     pieces=("the field has the passes 0, 1, 2", f"0={first}"))
        self.recover(field, "--detections", f"3={first}", code=USAGE,
                     pieces=("no such pass (it has 0, 1, 2)",))
        self.recover(field, "--detections", f"0={first}", "--detections", f"0={second}",
                     code=USAGE, pieces=("pass 0 has two files",))

    def test_no_detections_and_all_of_them(self):
        field = self.field(100)
        nothing = self.write("none.csv", "bx,by,score\n")

        self.recover(field, "--detections", nothing, "--score", "score", "--empty",
                     self.write("none.cat", "bx,by\n"))

        share = self.report["injections"]["recovered"]
        self.assertEqual((share["part"], share["value"], share["lower"]), (0, 0, 0))
        self.assertGreater(share["upper"], 0.0)
        self.assertEqual(self.report["purity"], [])
        self.assertEqual(self.report["injections"]["by_chance"]["part"], 0)
        self.assertEqual(self.report["offset"]["matches"], 0)
        self.assertIn("no slope", self.report["fits"]["arc_snr_r"]["problem"])

        x, y = self.found(all_of_them=True, spurious=0)
        self.recover(field, "--detections", self.write_csv("all.csv", bx=x, by=y))
        share = self.report["injections"]["recovered"]
        self.assertEqual((share["part"], share["value"], share["upper"]), (100, 1, 1))
        self.assertLess(share["lower"], 1.0)
        self.assertFalse((field / "recovery/purity.csv").exists())

    def test_few_injections_have_an_interval_and_no_value(self):
        for n in (0, 1, 2):
            field = self.field(n)
            path = self.folder / f"all{n}.csv"
            path.write_text("bx,by\n" + "".join(
                f"{x},{y}\n" for x, y in zip(self.truth["x_pix"], self.truth["y_pix"])))

            result = self.recover(field, "--detections", path)

            share = self.report["injections"]["recovered"]
            self.assertEqual((share["part"], share["of"], share["value"]), (n, n, None))
            if n == 0:
                self.assertIn("no injection counts", result.stderr)
                self.assertIsNone(share["lower"])
            else:
                self.assertAlmostEqual(share["lower"], wilson(n, n)[0], delta=ROUNDING)

    def test_two_injections_of_one_detection(self):
        field = self.field(2, x_pix=numpy.array([100.0, 102.0]),
                           y_pix=numpy.array([100.0, 100.0]))
        path = self.write_csv("found.csv", bx=[100.9], by=[100.0])

        result = self.recover(field, "--detections", path)

        self.assertEqual(list(self.rows["outcome"]), [MATCHED, SHARED])
        self.assertEqual(list(self.rows["shared_with"]), [-1, 1000])
        self.assertEqual(self.report["injections"]["shared"], 1)
        self.assertIn("lost to another injection's match", result.stdout)
        self.assertNotIn(NONE, list(self.rows["outcome"]))


if __name__ == "__main__":
    unittest.main()
