"""lensmill field: arcs in one wide image, and what is measured on it."""

import os
import pathlib
import signal
import time
import unittest

import h5py
import numpy
from astropy.io import fits
from astropy.wcs import WCS

from field_support import (FIELD, LEFT_OUT, MASK_CORE, MASK_INJECTED, NEIGHBOUR, PSF_RANGE,
                           SAME_PLACE, STAMPS, FieldCase, band, truth)
from support import CONFIG, edited, finish, lensmill, start, virtual_file

# Of the canvas's peak: roundings of transforms on other numbers of ranks.
ROUNDING = 2e-6
# Stamps and fields share the renderer, not the transform and not the edges: the
# accuracy contract of stamps.
AGREEMENT = 1e-3


GAIN = 500  # photons per nmgy of the small field


def children(pid):
    """The ranks of an mpirun."""
    listed = [task.read_text().split()
              for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children")]
    return sorted(int(child) for some in listed for child in some)


class Field(FieldCase):
    def test_images_and_truth_are_what_they_say(self):
        text = edited(FIELD, "  positions", "  centre_deg: [150.1, 2.2]\n  positions")
        folder = self.make_field("a", text)

        rows = truth(folder)
        header = fits.getheader(folder / "truth.fits", "INJECTIONS")
        self.assertEqual(len(rows), 12)
        self.assertEqual((header["NX"], header["NY"], header["BANDS"], header["FIELDID"]),
                         (230, 190, "r", "small"))
        self.assertTrue((rows["status"] == 0).all())
        self.assertEqual(rows["injection_id"].dtype.kind, "i")
        with h5py.File(folder / "truth.h5") as file:
            for name in rows.names:
                numpy.testing.assert_array_equal(file[f"injections/{name}"][:],
                                                 rows[name])
        with band(folder) as file:
            images = {name: file[name][:] for name in ("image", "empty", "arc", "variance",
                                                       "mask")}
            self.assertEqual(file["provenance"].attrs["seed"], 7)
        for name in ("image", "empty", "mask"):
            with fits.open(folder / f"{name}-r.fits") as file:
                numpy.testing.assert_array_equal(file[0].data, images[name])
                self.assertEqual(file[0].header["INJECTED"], "small")
        numpy.testing.assert_allclose(fits.getdata(folder / "invvar-r.fits"),
                                      1 / images["variance"], rtol=1e-6)
        # Sky of the stated sigma; the pair differs where the arcs are.
        self.assertAlmostEqual(images["empty"].std() / 0.01, 1.0, delta=0.03)
        far = images["arc"] < 1e-7
        self.assertTrue(far.any())
        numpy.testing.assert_allclose(images["image"][far], images["empty"][far],
                                      atol=2e-6)
        expected = 0.01 ** 2 + numpy.maximum(images["arc"], 0) / 500
        numpy.testing.assert_allclose(images["variance"], expected, rtol=1e-4)
        noise = (images["image"] - images["empty"] - images["arc"])
        lit = images["arc"] > 0.05
        self.assertAlmostEqual(
            (noise[lit] / numpy.sqrt(images["arc"][lit] / 500)).std(), 1.0, delta=0.1)
        # Every injection's place, by the WCS of the image that it is on.
        wcs = WCS(fits.getheader(folder / "image-r.fits"))
        sky = wcs.all_pix2world(rows["x_pix"], rows["y_pix"], 0)
        numpy.testing.assert_allclose(rows["ra_deg"], sky[0], atol=1e-9)
        numpy.testing.assert_allclose(rows["dec_deg"], sky[1], atol=1e-9)
        for row in rows:
            x, y = round(row["x_pix"]), round(row["y_pix"])
            self.assertEqual(images["mask"][y, x], MASK_INJECTED | MASK_CORE)
            box = images["arc"][y - 15:y + 16, x - 15:x + 16]
            yy, xx = numpy.mgrid[-15:16, -15:16]
            # Images are within theta_E + beta <= 1.8 theta_E = 8.3 pix of the lens.
            self.assertLess(abs((box * xx).sum() / box.sum()), 8.3)
            self.assertLess(abs((box * yy).sum() / box.sum()), 8.3)

    def test_it_measures_what_stamps_measure(self):
        folder = self.make_field("a", FIELD + "  compare_with_stamps: true\n")
        run = self.make_run("stamps", STAMPS)

        rows = truth(folder)
        numpy.testing.assert_allclose(rows["arc_flux_nmgy_r"],
                                      rows["stamp_arc_flux_nmgy_r"], rtol=AGREEMENT)
        for radius in ("r3", "r5"):
            numpy.testing.assert_allclose(
                rows[f"core_flux_fraction_{radius}_r"],
                rows[f"stamp_core_flux_fraction_{radius}_r"], rtol=AGREEMENT,
                atol=0.01 * AGREEMENT)
        said = self.assert_ends(lensmill("field", folder / "field.yaml", "--output", folder,
                                         "--resume"), 0).stdout
        clean = rows[rows["field_flags"] == 0]
        off = abs(clean["arc_flux_nmgy_r"] / clean["stamp_arc_flux_nmgy_r"] - 1).max()
        self.assertIn(f"r: against stamps, {len(clean)} injections without flags: arc flux "
                      f"off by {off:.1e} of it at most", said)
        with h5py.File(virtual_file(run)) as file:
            catalogue = {name: file["catalogue"][name][:]
                         for name in ("injection_id", "lens_q", "src_x_arcsec")}
            magnification = file["measurements/magnification"][:]
        for name, values in catalogue.items():
            numpy.testing.assert_array_equal(rows[name], values)
        # The same light, of other samples: lenses are not on the same sub-pixel.
        numpy.testing.assert_allclose(rows["magnification"], magnification, rtol=2e-2)

    def test_the_split_by_kind_is_that_of_stamps(self):
        # A lens at the corner of four pixels, as in the middle of a stamp.
        text = self.at([(60.5 + 50 * (k % 3), 50.5 + 40 * (k // 3)) for k in range(9)])
        folder = self.make_field("a", text + "  by_kind: true\n", ranks=2)
        run = self.make_run("stamps", STAMPS.replace("count: 12", "count: 9"))

        rows = truth(folder)
        with h5py.File(virtual_file(run)) as file:
            stamps = {name: values[:, 0] for name, values in file["measurements"].items()
                      if name.startswith("core_flux_fraction_") and values.ndim == 3}
        for kind in ("minimum", "saddle", "maximum"):
            expected = (stamps[f"core_flux_fraction_{kind}_intrinsic"]
                        + stamps[f"core_flux_fraction_{kind}_psf"])
            for k, radius in enumerate(("r3", "r5")):
                numpy.testing.assert_allclose(
                    rows[f"core_flux_fraction_{kind}_{radius}_r"], expected[:, k],
                    rtol=AGREEMENT, atol=0.01 * AGREEMENT)
        self.assertGreater(rows["core_flux_fraction_saddle_r5_r"].max(), 0.01)

    def test_ranks_change_roundings_only(self):
        one = self.make_field("one")
        with band(one) as file:
            arc, empty, image = (file[name][:] for name in ("arc", "empty", "image"))
        rows = truth(one)
        for ranks in (2, 3, 4):
            other = self.make_field(f"on{ranks}", ranks=ranks)

            with band(other) as file:
                light, noisy = file["arc"][:], file["image"][:]
                self.assertLess(abs(light - arc).max(), ROUNDING * arc.max())
                numpy.testing.assert_array_equal(file["empty"][:], empty)
            self.check_tipped(noisy - image, light.astype("f8") - arc)
            found = truth(other)
            for name in rows.names:
                if name.endswith("_r") and not name.startswith(("src_", "psf_", "sky")):
                    numpy.testing.assert_allclose(found[name], rows[name], rtol=1e-5,
                                                  atol=1e-7)
                else:
                    numpy.testing.assert_array_equal(found[name], rows[name], name)

    def check_tipped(self, noisy, light):
        """Images of two layouts: a pixel's photons are another number only where its
        uniform random number lies between the two means' distribution functions, whose
        distances add up to the change of the mean over all counts."""
        photons = noisy * GAIN
        tipped = abs(photons) > 0.5
        expected = GAIN * abs(light).sum()
        self.assertLess(tipped.sum(), expected + 5 * numpy.sqrt(expected) + 1)
        # By one photon, and the rest by roundings of the image.
        self.assertLess(abs(photons[tipped]).max(initial=1), 1.1)
        self.assertLess(abs(photons[~tipped]).max(), 0.01)

    def test_a_field_whose_rank_is_killed_goes_on(self):
        whole = self.make_field("whole", ranks=2)
        config = self.write("killed.yaml", FIELD)
        killed = self.folder / "killed"
        process = start("field", config, "--output", killed, ranks=2)
        ranks = []
        deadline = time.monotonic() + 60
        while not (killed / "field.yaml").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        ranks = children(process.pid)
        self.assertEqual(len(ranks), 2)
        os.kill(ranks[1], signal.SIGKILL)
        self.assertNotEqual(finish(process).code, 0)
        self.assertFalse((killed / "truth.h5").exists())

        self.assert_ends(lensmill("field", config, "--output", killed, "--resume",
                                  ranks=2), 0)

        with band(whole) as a, band(killed) as b:
            for image in ("image", "arc", "variance", "mask"):
                self.assertEqual(a[image][:].tobytes(), b[image][:].tobytes())
        self.assertEqual(truth(whole).tobytes(), truth(killed).tobytes())
        self.assertEqual(list(killed.rglob("*.partial*")), [])

    def test_ranks_without_a_row_of_the_image_take_part(self):
        text = edited(FIELD, "[230, 190]", "[40, 9]")
        text = edited(text, "{grid: {spacing_pix: 45, jitter_pix: 4}}", "{random: true}")
        one = self.make_field("one", text)
        seven = self.make_field("seven", text, ranks=7)

        with band(one) as file, band(seven) as other:
            arc = file["arc"][:]
            self.assertEqual(arc.shape, (9, 40))
            self.assertLess(abs(other["arc"][:] - arc).max(), ROUNDING * arc.max())
            numpy.testing.assert_array_equal(other["empty"][:], file["empty"][:])

    def test_one_layout_gives_the_same_bytes_and_resumes(self):
        text = edited(FIELD, "bands: [r]", "bands: [r, z]")
        text = edited(text, "  src_flux_nmgy_r: 10.0", "  src_flux_nmgy_r: 10.0\n"
                      "  src_flux_nmgy_z: 12.0")
        text = edited(text, "fwhm_pix: 4.0}", "fwhm_pix: 4.0}\n"
                      "  z: {kind: gaussian, fwhm_pix: 3.7}")
        text = edited(text, "{r: 0.01}", "{r: 0.01, z: 0.02}")
        text = edited(text, "{r: 500}", "{r: 500, z: 300}")
        whole = self.make_field("whole", text, ranks=2)
        config = self.write("killed.yaml", text)
        killed = self.folder / "killed"
        process = start("field", config, "--output", killed, ranks=2)
        deadline = time.monotonic() + 60
        while not (killed / "bands" / "r.h5").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        finish(process)
        time.sleep(1)  # the ranks see that mpirun is gone
        (killed / "truth.h5").unlink(missing_ok=True)
        (killed / "bands" / "z.h5").unlink(missing_ok=True)
        kept = (killed / "bands" / "r.h5").stat().st_mtime_ns

        refused = lensmill("field", config, "--output", killed, "--resume", ranks=3)
        self.assert_ends(refused, CONFIG, "was made on 2 ranks, this job has 3")
        self.assert_ends(lensmill("field", config, "--output", killed, ranks=2), CONFIG,
                         "there is a field already")
        changed = self.write("changed.yaml", edited(text, "seed: 7", "seed: 8"))
        self.assert_ends(lensmill("field", changed, "--output", killed, "--resume", ranks=2),
                         CONFIG, "another configuration")
        self.assert_ends(lensmill("field", config, "--output", killed, "--resume",
                                  ranks=2), 0, "r: made before")

        self.assertEqual((killed / "bands" / "r.h5").stat().st_mtime_ns, kept)
        for name in ("r", "z"):
            with band(whole, name) as a, band(killed, name) as b:
                for image in ("image", "arc", "variance", "mask"):
                    self.assertEqual(a[image][:].tobytes(), b[image][:].tobytes())
        self.assertEqual(truth(whole).tobytes(), truth(killed).tobytes())
        self.assertEqual(sorted(path.name for path in killed.rglob("*.partial")), [])

    def test_light_adds_up_and_neighbours_are_told(self):
        alone = self.make_field("alone", self.at([(100, 90)]))
        text = edited(self.at([(100, 90), (108, 90), (100.3, 90)]), "lens_q: {uniform: "
                      "[0.6, 1.0]}", "lens_q: 0.8")
        folder = self.make_field("a", text, pieces=["less than a pixel from another"])

        rows = truth(folder)
        self.assertTrue((rows["field_flags"] & NEIGHBOUR != 0).all())
        self.assertEqual(list(rows["field_flags"] & SAME_PLACE != 0), [True, False, True])
        self.assertEqual(truth(alone)["neighbour_flux_nmgy_r5_r"][0], 0.0)
        # Three arcs' light and one's: what is not its own comes from the others.
        own = rows["core_flux_fraction_r5_r"] * rows["arc_flux_nmgy_r"]
        self.assertTrue((rows["neighbour_flux_nmgy_r5_r"] > 0.3 * own).all())
        self.assertTrue((rows["neighbour_flux_nmgy_r5_r"] < own).all())

    def test_a_psfex_model_varies_over_the_field_and_ends_where_it_ends(self):
        self.psfex_model("model.psf", (1000, 1000), 120)
        text = edited(FIELD, "{kind: gaussian, fwhm_pix: 4.0}",
                      "{kind: psfex, file: model.psf, position: [1000, 1000], "
                      "normalisation: unit, centring: keep}")
        folder = self.make_field("a", text + "  compare_with_stamps: true\n", ranks=2,
                                 pieces=["are outside the range of the PSFEx model"])

        rows = truth(folder)
        ends = numpy.maximum(abs(rows["x_pix"] - 114.5), abs(rows["y_pix"] - 94.5)) > 72
        self.assertTrue(ends.any() and not ends.all())
        numpy.testing.assert_array_equal(rows["field_flags"] & PSF_RANGE != 0, ends)
        numpy.testing.assert_array_equal(rows["status"] == 15, ends)
        seen = rows[~ends]
        order = numpy.argsort(seen["x_pix"])
        self.assertTrue((numpy.diff(seen["psf_fwhm_arcsec_r"][order]) > 0).all())
        # A stamp has the kernel at its lens for all of its arc; this model grows 20 times
        # faster than those of surveys.
        numpy.testing.assert_allclose(seen["core_flux_fraction_r5_r"],
                                      seen["stamp_core_flux_fraction_r5_r"], rtol=3e-2)
        self.assertGreater(abs(seen["core_flux_fraction_r5_r"]
                               / seen["stamp_core_flux_fraction_r5_r"] - 1).max(), 1e-5)
        allowed = self.make_field("b", edited(text, "centring: keep", "centring: keep, "
                                              "extrapolate: true"))
        self.assertTrue((truth(allowed)["status"] == 0).all())
        self.make_field("c", edited(text, "centring: keep", "centring: recentre"),
                        code=CONFIG, pieces=["psf.r.centring", "must be keep"])

    def test_correlated_sky_has_the_stated_correlations(self):
        lags = "[[0.05, 0.2, 0.05], [0.3, 1, 0.3], [0.05, 0.2, 0.05]]"
        text = edited(FIELD, "  gain_e_per_nmgy: {r: 500}",
                      "  gain_e_per_nmgy: {r: 500}\n"
                      f"  correlation: {{r: {{lags: {lags}}}}}")
        text = edited(text, "[230, 190]", "[700, 500]")
        one = self.make_field("one", text)
        two = self.make_field("two", text, ranks=3)

        with band(one) as file, band(two) as other:
            sky = file["empty"][:] / 0.01
            self.assertLess(abs(other["empty"][:] / 0.01 - sky).max(), 2e-5)
        # 350,000 pixels: sampling errors of 0.002.
        self.assertAlmostEqual(sky.var(), 1.0, delta=0.01)
        for dy, dx, expected in ((0, 1, 0.3), (1, 0, 0.2), (1, 1, 0.05), (0, 2, 0.0),
                                 (3, 0, 0.0)):
            product = sky[dy:, dx:] * sky[:500 - dy, :700 - dx]
            self.assertAlmostEqual(product.mean(), expected, delta=0.01)

    def test_light_outside_the_box_is_painted(self):
        # theta_E is 4.6 pix, boxes are of 16.
        small = edited(FIELD, "stamp_size_pix: 32", "stamp_size_pix: 16")
        small = edited(small, "src_reff_arcsec: 0.3", "src_reff_arcsec: 0.6")
        folder = self.make_field("a", small)
        cut = self.make_field("b", small + "  left_out_fraction: 1.0e-12\n")

        rows = truth(folder)
        self.assertGreater(rows["render_margin_pix"].max(), 0)
        self.assertLess(rows["flux_in_stamp_fraction_r"].min(), 0.98)
        self.assertTrue((rows["left_out_fraction"] <= 1e-3).all())
        with band(folder) as file:
            painted = file["arc"][:].astype("f8").sum()
        lensed = (rows["magnification"] * rows["src_flux_nmgy_r"]).sum()
        self.assertAlmostEqual(painted / lensed, 1.0, delta=1.5e-3)
        flagged = truth(cut)
        numpy.testing.assert_array_equal(flagged["field_flags"] & LEFT_OUT != 0,
                                         flagged["left_out_fraction"] > 1e-12)
        self.assertEqual(len(flagged), 12)

    def test_compressed_images_lose_nothing(self):
        folder = self.make_field("a", FIELD + "  compression: lossless\n")

        with band(folder) as file:
            for name in ("image", "mask"):
                with fits.open(folder / f"{name}-r.fits") as image:
                    self.assertEqual(len(image), 2)
                    numpy.testing.assert_array_equal(image[1].data, file[name][:])


if __name__ == "__main__":
    unittest.main()
