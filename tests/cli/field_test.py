"""lensmill field: arcs in one wide image, what is measured on it and what is refused."""

import os
import pathlib
import resource
import signal
import subprocess
import time
import unittest

import h5py
import numpy
from astropy.io import fits
from astropy.wcs import WCS

from support import (BAD_DATA, CONFIG, IO, PROGRAM, SMALL, USAGE, Case, command, edited,
                     environment, finish, lensmill, start, virtual_file)

# Of 32 pixels: they contain the arcs' light.
STAMPS = edited(edited(SMALL, "stamp_size_pix: 16", "stamp_size_pix: 32"),
                "count: 10", "count: 12")
FIELD = STAMPS + """\
field:
  size_pix: [230, 190]
  positions: {grid: {spacing_pix: 45, jitter_pix: 4}}
"""
# Of the canvas's peak: roundings of transforms on other numbers of ranks.
ROUNDING = 2e-6
# Stamps and fields share the renderer, not the transform and not the edges: the
# accuracy contract of stamps.
AGREEMENT = 1e-3
MASK_INJECTED, MASK_CORE, MASK_NO_DATA = 1, 2, 4
OFF_IMAGE, EDGE, LEFT_OUT, NEIGHBOUR, SAME_PLACE, PSF_RANGE, NO_DATA, AVOIDED = (
    1 << bit for bit in range(8))


def band(folder, name="r"):
    return h5py.File(folder / "bands" / f"{name}.h5", "r")


def truth(folder):
    return fits.getdata(folder / "truth.fits", "INJECTIONS")


class Field(Case):
    def make_field(self, name, text=FIELD, *options, ranks=0, code=0, pieces=()):
        config = self.write(f"{name}.yaml", text)
        folder = self.folder / name
        result = lensmill("field", config, "--output", folder, *options, ranks=ranks)
        self.assert_ends(result, code, *pieces)
        return folder

    def table(self, name, rows, header="x,y"):
        return self.write(name, header + "\n" + "\n".join(
            ",".join(str(value) for value in row) for row in rows) + "\n")

    def at(self, rows, frame="pixel", size="[230, 190]", extra=""):
        """A field of injections at stated places (counted from 1)."""
        self.table("places.csv", rows)
        return STAMPS.replace("count: 12", f"count: {len(rows)}") + f"""\
field:
  size_pix: {size}
  positions: {{file: places.csv, columns: [x, y], frame: {frame}{extra}}}
"""

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
        with h5py.File(virtual_file(run)) as file:
            catalogue = {name: file["catalogue"][name][:]
                         for name in ("injection_id", "lens_q", "src_x_arcsec")}
            magnification = file["measurements/magnification"][:]
        for name, values in catalogue.items():
            numpy.testing.assert_array_equal(rows[name], values)
        # The same light, of other samples: lenses are not on the same sub-pixel.
        numpy.testing.assert_allclose(rows["magnification"], magnification, rtol=2e-2)

    def test_ranks_change_roundings_only(self):
        one = self.make_field("one")
        with band(one) as file:
            arc, empty = file["arc"][:], file["empty"][:]
        rows = truth(one)
        for ranks in (2, 3, 4):
            other = self.make_field(f"on{ranks}", ranks=ranks)

            with band(other) as file:
                self.assertLess(abs(file["arc"][:] - arc).max(), ROUNDING * arc.max())
                numpy.testing.assert_array_equal(file["empty"][:], empty)
            found = truth(other)
            for name in rows.names:
                if name.endswith("_r") and not name.startswith(("src_", "psf_", "sky")):
                    numpy.testing.assert_allclose(found[name], rows[name], rtol=1e-5,
                                                  atol=1e-7)
                else:
                    numpy.testing.assert_array_equal(found[name], rows[name], name)

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
        if (killed / "truth.h5").exists():
            (killed / "truth.h5").unlink()
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

    def test_injections_without_a_place_are_flagged_and_kept(self):
        text = self.at([(100, 90), (-40, 50), (231, 50), (3, 3), ("nan", 20)])

        folder = self.make_field("a", text, pieces=["3 of 5 injections are off the image"])

        rows = truth(folder)
        self.assertEqual(list(rows["injection_id"]), [0, 1, 2, 3, 4])
        self.assertEqual(list(rows["status"] == 0), [True, False, False, True, False])
        self.assertEqual(list(rows["field_flags"] & OFF_IMAGE != 0),
                         [False, True, True, False, True])
        self.assertEqual(list(rows["field_flags"] & EDGE != 0),
                         [False, False, False, True, False])
        self.assertEqual((rows["x_pix"][0], rows["y_pix"][0]), (99.0, 89.0))
        self.assertTrue(numpy.isnan(rows["arc_flux_nmgy_r"][1]))
        with band(folder) as file:
            mask = file["mask"][:]
        self.assertEqual(mask[50:60, 200:].max(), 0)

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

    def test_injections_too_near_to_another_wait_for_a_later_pass(self):
        text = self.at([(50, 90), (60, 90), (70, 90), (150, 90)], extra=", exclusion_pix: 15")
        first = self.make_field("first", text, pieces=["1 injections are nearer", "2 in all"])
        second = self.make_field("second", text, "--set", "field.pass=1")

        self.assertEqual(list(truth(first)["injection_id"]), [0, 2, 3])
        self.assertEqual(list(truth(second)["injection_id"]), [1])
        self.assertEqual(list(truth(second)["pass"]), [1])
        self.make_field("third", text, "--set", "field.pass=2", code=CONFIG,
                        pieces=["no injection is in pass 2"])

    def test_existing_objects_are_avoided(self):
        self.table("objects.csv", [(24, 28), (3000, 1)])
        text = edited(FIELD, "jitter_pix: 4}", "jitter_pix: 0}, avoid: {file: objects.csv, "
                      "columns: [x, y], frame: pixel, radius_pix: 12}")

        rows = truth(self.make_field("a", text))

        avoided = rows["field_flags"] & AVOIDED != 0
        near = numpy.hypot(rows["x_pix"] - 23, rows["y_pix"] - 27) < 12
        self.assertTrue(near.any())
        numpy.testing.assert_array_equal(avoided, near)

    def base(self):
        """A small survey image with sources, a hole and undefined pixels."""
        rng = numpy.random.default_rng(1)
        image = rng.normal(0, 0.02, (190, 230)).astype("f4")
        invvar = numpy.full(image.shape, 1 / 0.02 ** 2, "f4")
        invvar[:, 180:] = 0
        image[60:64, 60:64] = numpy.nan
        exposures = numpy.full(image.shape, 3, "f4")
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval, wcs.wcs.crpix = [10.0, -3.0], [100.0, 90.0]
        wcs.wcs.cdelt = [-0.262 / 3600, 0.262 / 3600]
        header = wcs.to_header()
        header["BUNIT"], header["MAGZERO"], header["SURVEY"] = "nanomaggy", 22.5, "test"
        fits.CompImageHDU(image, header, compression_type="GZIP_2",
                          quantize_level=0).writeto(self.folder / "image.fits.fz",
                                                    overwrite=True)
        fits.writeto(self.folder / "invvar.fits", invvar, header, overwrite=True)
        fits.writeto(self.folder / "nexp.fits", exposures, overwrite=True)
        return image, invvar, wcs

    def on_base(self, rows, extra=""):
        self.table("places.csv", rows, "ra,dec")
        return edited(STAMPS.replace("count: 12", f"count: {len(rows)}"),
                      "{r: 0.01}", "{r: 0.0}") + f"""\
field:
  base: {{r: {{image: image.fits.fz, invvar: invvar.fits, exposures: nexp.fits}}{extra}}}
  positions: {{file: places.csv, columns: [ra, dec]}}
"""

    def test_arcs_are_added_to_a_survey_image(self):
        image, invvar, wcs = self.base()
        places = [(100, 90), (61, 61), (200, 50)]
        sky = wcs.all_pix2world(places, 0)
        folder = self.make_field("a", self.on_base(sky), ranks=2,
                                 pieces=["2 of 3 injections are where the image has no data"])

        rows = truth(folder)
        numpy.testing.assert_allclose(rows["x_pix"], [100, 61, 200], atol=1e-6)
        numpy.testing.assert_allclose(rows["ra_deg"], sky[:, 0], atol=1e-9)
        self.assertEqual(list(rows["field_flags"] & NO_DATA != 0), [False, True, True])
        self.assertEqual(list(rows["status"]), [0, 16, 16])
        with band(folder) as file:
            arc, variance, mask = (file[name][:] for name in ("arc", "variance", "mask"))
        header = fits.getheader(folder / "image-r.fits")
        made = fits.getdata(folder / "image-r.fits")
        self.assertEqual(header["SURVEY"], "test")
        numpy.testing.assert_array_equal(fits.getdata(folder / "empty-r.fits"), image)
        self.assertTrue(numpy.isnan(made[61, 61]))
        noise = made - image - arc
        lit = arc > 0.05
        self.assertAlmostEqual((noise[lit] / numpy.sqrt(arc[lit] / 1500)).std(), 1.0,
                               delta=0.15)
        expected = 1 / invvar[:, :180] + numpy.maximum(arc[:, :180], 0) / 1500
        seen = numpy.isfinite(image[:, :180])
        numpy.testing.assert_allclose(variance[:, :180][seen], expected[seen], rtol=1e-4)
        self.assertEqual(fits.getdata(folder / "invvar-r.fits")[:, 180:].max(), 0)
        self.assertEqual(int(mask[61, 61]) & MASK_NO_DATA, MASK_NO_DATA)
        self.assertEqual(int(mask[90, 100]), MASK_INJECTED | MASK_CORE)

    def psfex_model(self, name, zero, scale):
        """A Gaussian of sigma 1.7 pix that grows by 0.25 sigma over POLSCAL in x."""
        y, x = numpy.mgrid[-12:13, -12:13]
        r2 = (x * x + y * y) / 1.7 ** 2
        gaussian = numpy.exp(-r2 / 2) / (2 * numpy.pi * 1.7 ** 2)
        basis = numpy.stack([gaussian, 0.25 * (r2 - 2) * gaussian, 0 * gaussian])
        table = fits.BinTableHDU.from_columns(
            [fits.Column("PSF_MASK", "1875E", dim="(25,25,3)", array=basis[None])],
            name="PSF_DATA")
        cards = dict(POLNAXIS=2, POLGRP1=1, POLNAME1="X_IMAGE", POLZERO1=zero[0],
                     POLSCAL1=scale, POLGRP2=1, POLNAME2="Y_IMAGE", POLZERO2=zero[1],
                     POLSCAL2=scale, POLNGRP=1, POLDEG1=1, PSF_FWHM=4.0, PSF_SAMP=1.0,
                     PSFNAXIS=3, PSFAXIS1=25, PSFAXIS2=25, PSFAXIS3=3)
        for key, value in cards.items():
            table.header[key] = value
        table.writeto(self.folder / name, overwrite=True)

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

    def test_too_many_failures_are_said_when_all_is_written(self):
        text = edited(FIELD, "host: none", "source: {point: {max_magnification: 1.5}}\n"
                      "host: none")
        for line in ("src_reff_arcsec: 0.3", "src_sersic_n: 1.0", "src_q: 0.7",
                     "src_phi_rad: 0.0"):
            text = edited(text, f"  {line}\n", "")
        folder = self.make_field("a", text, code=BAD_DATA,
                                 pieces=["injections failed", "run.max_failed_fraction"])

        failed = truth(folder)["status"] == 18
        self.assertTrue(failed.any())
        self.assertTrue(numpy.isnan(truth(folder)["arc_flux_nmgy_r"][failed]).all())

    def test_check_tells_of_the_field_too(self):
        config = self.write("a.yaml", FIELD)

        result = lensmill("check", config, "--ranks", "16", "--output", self.folder / "a")

        self.assert_ends(result, 0)
        self.assertIn("on each of 16 ranks", result.stdout)
        narrow = lensmill("check", config, "--set", "field.memory_per_rank_gib=0.01")
        self.assert_ends(narrow, CONFIG, "field.memory_per_rank_gib")

    def test_a_job_makes_the_fields_of_its_list(self):
        self.write("field.yaml", FIELD)
        self.write("bad.yaml", edited(FIELD, "count: 12", "count: 4000"))
        bricks = self.write("bricks.txt", "# name config\na field.yaml\n\n"
                            "b field.yaml --set run.seed=8\nc bad.yaml\nd field.yaml\n")
        source = pathlib.Path(os.environ["LENSMILL_SOURCE"])

        def task(number, count):
            return subprocess.run(
                ["bash", source / "jobs" / "field.sbatch", bricks, self.folder / "out"],
                env={**environment(), "LENSMILL_ROOT": str(source), "SLURM_JOB_ID": "1",
                     "LENSMILL_PROGRAM": PROGRAM, "LENSMILL_LAUNCHER": "none",
                     "SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_JOB_ID": "1",
                     "SLURM_ARRAY_TASK_COUNT": str(count), "SLURM_ARRAY_TASK_MIN": "0",
                     "LENSMILL_PROGRESS": str(self.folder / f"progress{number}")},
                capture_output=True, text=True, timeout=120)

        first, second = task(0, 2), task(1, 2)

        self.assertEqual(second.returncode, 0, second.stdout + second.stderr)
        self.assertEqual(first.returncode, CONFIG, first.stdout + first.stderr)
        self.assertIn("c: ended with 78", first.stdout)
        headers = {name: fits.getheader(self.folder / "out" / name / "truth.fits", 1)
                   for name in "abd"}
        self.assertEqual([headers[name]["FIELDID"] for name in "abd"], ["a", "b", "d"])
        self.assertEqual([headers[name]["SEED"] for name in "abd"], ["7", "8", "7"])

    def test_what_files_say_is_held_against_the_configuration(self):
        self.base()
        text = self.on_base([(10.0, -3.0)])
        self.make_field("scale", edited(text, "arcsec: 0.262", "arcsec: 0.27"),
                        code=BAD_DATA, pieces=["image.fits.fz", "0.262", "0.27"])
        self.make_field("sky", edited(text, "{r: 0.0}", "{r: 0.01}"), code=CONFIG,
                        pieces=["noise.sky_sigma_nmgy.r", "must be 0"])
        with fits.open(self.folder / "invvar.fits") as file:
            fits.writeto(self.folder / "invvar.fits", file[0].data[:100], overwrite=True)
        self.make_field("shape", text, code=BAD_DATA, pieces=["invvar.fits", "230 x 100"])

    def test_mistakes_are_named(self):
        def refused(name, text, *pieces, code=CONFIG, options=()):
            self.make_field(name, text, *options, code=code, pieces=pieces)
            self.assertFalse((self.folder / name / "bands").exists())

        refused("none", STAMPS, "field", "required")
        refused("key", edited(FIELD, "  positions", "  sizes: 3\n  positions"),
                "field.sizes", "unknown")
        refused("both", edited(FIELD, "{grid: {", "{random: true, grid: {"),
                "field.positions")
        refused("few", edited(FIELD, "count: 12", "count: 40"), "40 rows", "spacing_pix")
        refused("psf", edited(FIELD, "fwhm_pix: 4.0", "fwhm_pix: {uniform: [4, 5]}"),
                "psf.r", "one per band")
        refused("noise", edited(FIELD, "{r: 0.01}", "{r: {uniform: [0.01, 0.02]}}"),
                "noise.sky_sigma_nmgy.r", "one sky per band")
        refused("memory", FIELD + "  memory_per_rank_gib: 0.01\n",
                "field.memory_per_rank_gib", "GiB")
        refused("wide", edited(FIELD, "[230, 190]", "[20000, 20000]")
                + "  memory_per_rank_gib: 2\n", "ranks would do", options=("--dry-run",))
        refused("ranks", FIELD, "--dry-run", code=USAGE, options=("--ranks", "2"))
        refused("wcs", self.at([(1, 2)], frame="sky"), "has no WCS", "field.centre_deg")
        refused("rows", self.at([(1, 2)]).replace("count: 1}", "count: 2}"), "1 places",
                "2 rows")

    def test_a_dry_run_tells_what_it_takes_and_writes_nothing(self):
        config = self.write("a.yaml", FIELD)

        result = lensmill("field", config, "--dry-run", "--ranks", "64", "--output",
                          self.folder / "a")

        self.assert_ends(result, 0)
        self.assertIn("on each of 64 ranks", result.stdout)
        self.assertFalse((self.folder / "a").exists())

    def test_the_same_file_serves_stamps_with_a_word(self):
        config = self.write("a.yaml", FIELD)

        result = lensmill("run", config, "--dry-run", "--output", self.folder / "run")

        self.assert_ends(result, 0, "field", "stamps are made without it")

    def test_a_full_disk_is_an_error_that_leaves_no_band(self):
        text = edited(FIELD, "[230, 190]", "[2000, 2000]")
        config = self.write("a.yaml", text)
        folder = self.folder / "a"

        def limited():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

        done = subprocess.run(command(["field", config, "--output", folder], 0),
                              preexec_fn=limited, capture_output=True, text=True,
                              env=environment(), timeout=120)

        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertEqual(list((folder / "bands").glob("*.h5")), [])
        self.assertFalse((folder / "truth.fits").exists())


if __name__ == "__main__":
    unittest.main()
