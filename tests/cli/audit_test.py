"""lensmill audit: sets made with either operator, with another PSF width, with a shift
and with something else are told apart, and it is said in words."""

import unittest

import h5py
import numpy
from astropy.io import fits

from audit_support import FLUX_TOLERANCE, ROWS, SET, SHORT, Audited
from support import BAD_DATA, CONFIG, edited, lensmill, reseal, shards, virtual_file

LEGACY_SET = edited(SET, "host:\n  sersic",
                    "convolve: {operator: legacy_ifftshift, oversample: 1}\n"
                    "host:\n  sersic")
HALF_PIXEL_SET = edited(SET, "  lens_q:", "  lens_x_arcsec: 0.131\n  lens_q:")

# ROWS stamps of SNR 30 and more: the common width is known to 0.1 %, the shift to a few
# hundredths of a pixel per stamp.
WIDTH_TOLERANCE = 0.01
SHIFT_TOLERANCE_PIX = 0.02
# Stretched with its pixel's response, and by bilinear interpolation.
STORED_WIDTH_TOLERANCE = 0.03


class TellsApart(Audited):
    def test_the_correct_placement(self):
        run = self.make_run("set", SET)

        report, says, rows = self.audit(virtual_file(run), SHORT)

        self.assertEqual(report["verdict"], "correct")
        self.assertEqual(report["legacy_better"]["stamps"], 0)
        self.assertNotIn("MIXED", says)
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

    def test_a_fifth_of_the_stamps_by_the_legacy_placement(self):
        run, legacy = self.make_run("set", SET), self.make_run("legacy", LEGACY_SET)
        planted = numpy.arange(0, ROWS, 5)
        with h5py.File(run / "shards" / shards(run)[0], "r+") as to, \
                h5py.File(legacy / "shards" / shards(legacy)[0]) as other:
            for name in ("positive", "negative"):
                to[f"images/{name}"][planted] = other[f"images/{name}"][planted]

        report, says, rows = self.audit(virtual_file(run), SHORT)

        better = report["legacy_better"]
        self.assertEqual((better["stamps"], better["compared"]), (len(planted), ROWS))
        self.assertEqual(report["verdict"], "mixed")
        share = report["legacy_fraction"]
        self.assertAlmostEqual(share["value"], len(planted) / ROWS, places=3)
        self.assertLess(share["lower"], share["value"])
        self.assertIn(f"{len(planted)} of {ROWS} stamps fit the legacy placement better than "
                      "the correct one: 20 % [", says)
        self.assertIn("The set is MIXED", says)
        named = [int(row["row"]) for row in rows if row["verdict"] == "legacy"]
        self.assertEqual(named, list(planted))
        self.assertGreaterEqual(report["stamp_verdicts"]["correct"],
                                0.9 * (ROWS - len(planted)))

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

    def test_a_dataset_of_variances(self):
        run = self.make_run("set", edited(SET, "[positive, negative]", "[arc]"))
        file = self.folder / "noisy.h5"
        rng = numpy.random.default_rng(2)
        with h5py.File(virtual_file(run)) as old, h5py.File(file, "w") as new:
            for name in old["catalogue"]:
                new[f"catalogue/{name}"] = old[f"catalogue/{name}"][:]
            old.copy("provenance", new)
            arc = old["images/arc"][:]
            sigma = numpy.full(arc.shape, 0.01)
            sigma[:, :, :10] = 0.1
            arc[:, :, 40, 40] = numpy.nan
            new["images/arc"] = arc + rng.normal(0, 1, arc.shape) * sigma
            new["images/right"] = sigma**2
            new["images/wrong"] = numpy.full(arc.shape, 0.01**2)
        for name, verdict in (("right", "correct"), ("wrong", "none fits")):
            report, _, _ = self.audit(
                file, SHORT + f"noise: {{variance_dataset: images/{name}}}\n")

            self.assertEqual(report["verdict"], verdict)
            # The NaN pixel of each stamp is left out.
            self.assertEqual(report["models"]["correct"]["pixels"], ROWS * (48 * 48 - 1))

    def test_stamps_encoded_as_int16_are_judged_like_the_others(self):
        for name, text, verdict in (("correct", SET, "correct"),
                                    ("legacy", LEGACY_SET, "legacy")):
            run = self.make_run(name, edited(text, "output: {", "output: {encoding: int16, "))
            with h5py.File(virtual_file(run)) as file:
                self.assertEqual(file["images/positive"].dtype, numpy.int16)

            report, _, rows = self.audit(virtual_file(run), SHORT)

            self.assertEqual(report["verdict"], verdict)
            self.assert_most(report, verdict)
            self.assertEqual(len(rows), ROWS)
            self.assertLess(abs(report["flux_ratio_median"]["r"] - 1), FLUX_TOLERANCE)

    def test_integers_of_one_scale_and_stamps_normalised_one_by_one(self):
        run = self.make_run("set", SET)
        stamps = ("stamps: {{dataset: images/positive, paired_negative: images/negative, "
                  "layout: [n, band, y, x], bands: [r], {}}}\n")
        for change, key in (("integers", "nmgy_per_unit: 0.01"),
                            ("each", "normalised: each")):
            file = self.folder / f"{change}.h5"
            with h5py.File(virtual_file(run)) as old, h5py.File(file, "w") as new:
                for name in old["catalogue"]:
                    new[f"catalogue/{name}"] = old[f"catalogue/{name}"][:]
                # One row that cannot be.
                new["catalogue/lens_q"][3] = 1.5
                old.copy("provenance", new)
                for name in ("positive", "negative"):
                    images = old[f"images/{name}"][:]
                    low = images.min((1, 2, 3), keepdims=True)
                    high = images.max((1, 2, 3), keepdims=True)
                    new[f"images/{name}"] = (numpy.round(images / 0.01).astype("i2")
                                             if change == "integers"
                                             else (images - low) / (high - low))

            report, says, _ = self.audit(file, SHORT + stamps.format(key))

            self.assertEqual(report["verdict"], "correct", change)
            self.assert_most(report, "correct")
            self.assertEqual(report["rows"]["parameters_out_of_range"], 1)
            self.assertIn("1 rows with parameters out of range", says)
            self.assertIn("lens_q must be in (0, 1]", says)

    def test_int16_scales_of_another_shape_are_refused(self):
        run = self.make_run("set", edited(SET, "output: {", "output: {encoding: int16, "))
        shard = run / "shards" / shards(run)[0]
        with h5py.File(shard, "r+") as file:
            scale = file["images/positive_scale"][:]
            del file["images/positive_scale"]
            file["images/positive_scale"] = scale[:, 0]
        reseal(shard)

        self.assert_ends(lensmill("audit", shard, self.write("short.yaml", SHORT)),
                         BAD_DATA, "int16 stamps need")

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


    def test_two_bands_with_noise_of_their_own_in_each_stamp(self):
        two = SET
        for old, new in (
                ("bands: [r]", "bands: [g, r]"),
                ("  host_mag_r: 19.0\n",
                 "  src_flux_nmgy_g: 2.0\n  host_mag_r: 19.0\n  host_mag_g: 20.0\n"),
                ("  r: {kind: gaussian, fwhm_pix: 4.0}\n",
                 "  r: {kind: gaussian, fwhm_pix: 4.0}\n"
                 "  g: {kind: gaussian, fwhm_pix: 4.5}\n"),
                ("sky_sigma_nmgy: {r: 0.01}", "sky_sigma_nmgy: {r: 0.01, g: 0.01}"),
                ("{r: 500}", "{r: 500, g: 500}")):
            two = edited(two, old, new)
        run = self.make_run("set", two)
        other = self.make_run("other", edited(two, "seed: 7", "seed: 8"))
        file = self.folder / "independent.h5"
        with h5py.File(virtual_file(run)) as old, h5py.File(file, "w") as new:
            for name in old["catalogue"]:
                new[f"catalogue/{name}"] = old[f"catalogue/{name}"][:]
            old.copy("provenance", new)
            new["images/positive"] = old["images/positive"][:]
            with h5py.File(virtual_file(other)) as second:
                # All hosts are alike: another row's negative is the same with new noise.
                new["images/negative"] = second["images/negative"][:]
        noise = ("noise: {pair: independent, sky_sigma_nmgy: {g: 0.01, r: 0.01},\n"
                 "  gain_e_per_nmgy: {g: 500, r: 500}}\n")

        report, _, rows = self.audit(file, SHORT + noise)
        self.assertEqual(report["verdict"], "correct")
        self.assert_most(report, "correct")
        # About one: the variance is that of the stamps themselves.
        self.assertLess(abs(report["models"]["correct"]["chi2"]
                            / report["models"]["correct"]["expected_chi2"] - 1), 0.05)
        for band in "gr":
            self.assertLess(abs(report["flux_ratio_median"][band] - 1), 0.05)
            self.assertIn(f"flux_ratio_{band}", rows[0])

        # The noise of one stamp alone is half of what there is.
        report, _, _ = self.audit(file, SHORT + "noise: {sky_sigma_nmgy: {g: 0.01, "
                                  "r: 0.01}, gain_e_per_nmgy: {g: 500, r: 500}}\n")
        self.assertEqual(report["verdict"], "none fits")


if __name__ == "__main__":
    unittest.main()
