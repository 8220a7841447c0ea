"""lensmill field: where injections are put, survey images they are added to, and what is
refused."""

import os
import pathlib
import resource
import subprocess
import unittest

import numpy
from astropy.io import fits

from field_support import (AVOIDED, EDGE, FIELD, MASK_CORE, MASK_INJECTED, MASK_NO_DATA,
                           NO_DATA, OFF_IMAGE, PSF_RANGE, STAMPS, FieldCase, band, truth)
from support import (BAD_DATA, CONFIG, IO, PROGRAM, USAGE, command, edited, environment,
                     lensmill)


class FieldPlaces(FieldCase):
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

    def test_injections_too_near_to_another_wait_for_a_later_pass(self):
        text = self.at([(50, 90), (60, 90), (70, 90), (150, 90)], extra=", exclusion_pix: 15")
        first = self.make_field("first", text, pieces=["1 injections are nearer", "2 in all"])
        second = self.make_field("second", text, "--set", "field.pass=1")

        self.assertEqual(list(truth(first)["injection_id"]), [0, 2, 3])
        self.assertEqual(list(truth(second)["injection_id"]), [1])
        self.assertEqual(list(truth(second)["pass"]), [1])
        self.make_field("third", text, "--set", "field.pass=2", code=CONFIG,
                        pieces=["no injection is in pass 2"])

    def test_a_density_takes_as_many_rows(self):
        # 230 x 190 pixels are 0.8333 square arcmin.
        text = edited(FIELD, "{grid: {spacing_pix: 45, jitter_pix: 4}}",
                      "{density_per_arcmin2: 8.4}")

        rows = truth(self.make_field("a", text))

        self.assertEqual(list(rows["injection_id"]), list(range(7)))
        self.assertTrue(((rows["x_pix"] > -0.5) & (rows["x_pix"] < 229.5)).all())
        self.make_field("b", edited(text, "8.4", "20"), code=CONFIG,
                        pieces=["17 injections", "12 rows"])

    def test_existing_objects_are_avoided(self):
        self.table("objects.csv", [(24, 28), (3000, 1)])
        text = edited(FIELD, "jitter_pix: 4}", "jitter_pix: 0}, avoid: {file: objects.csv, "
                      "columns: [x, y], frame: pixel, radius_pix: 12}")

        rows = truth(self.make_field("a", text))

        avoided = rows["field_flags"] & AVOIDED != 0
        near = numpy.hypot(rows["x_pix"] - 23, rows["y_pix"] - 27) < 12
        self.assertTrue(near.any())
        numpy.testing.assert_array_equal(avoided, near)

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

    def test_masks_of_the_base_are_bits_of_the_output(self):
        image, _, wcs = self.base()
        flags = numpy.zeros(image.shape, "i4")
        flags[100:110, 20:30] = 1 << 9
        flags[105:115, 20:30] |= 1 << 2
        hdu = fits.ImageHDU(flags)
        hdu.header["MBIT_9"] = "SATUR"
        hdu.header["MBIT_2"] = "BLEED"
        hdu.writeto(self.folder / "flags.fits")
        bad = numpy.zeros(image.shape, "i8")
        bad[150, 40] = (1 << 60) + 1  # as a double it would be another number
        bad[151, 40] = 1 << 60
        fits.writeto(self.folder / "bad.fits", bad)
        text = edited(self.on_base(wcs.all_pix2world([(100, 90)], 0)),
                      "exposures: nexp.fits}", "exposures: nexp.fits, masks: {"
                      "satur: {file: flags.fits, bits: [SATUR]}, "
                      "bleed: {file: flags.fits, bits: [BLEED]}, "
                      "bad: {file: bad.fits, bits: [0]}}}")
        folder = self.make_field("a", text, ranks=2)

        mask = fits.getdata(folder / "mask-r.fits")
        header = fits.getheader(folder / "mask-r.fits")
        names = [header[f"MBIT_{bit}"] for bit in range(6)]
        self.assertEqual(names[:3], ["INJECTED", "INJECTED_CORE", "NO_DATA"])
        self.assertEqual(sorted(names[3:]), ["bad", "bleed", "satur"])
        bit = {name: 1 << k for k, name in enumerate(names)}
        numpy.testing.assert_array_equal(mask & bit["satur"] != 0, flags & 1 << 9 != 0)
        numpy.testing.assert_array_equal(mask & bit["bleed"] != 0, flags & 1 << 2 != 0)
        self.assertEqual(numpy.argwhere(mask & bit["bad"]).tolist(), [[150, 40]])
        masked = mask & (bit["satur"] | bit["bleed"] | bit["bad"]) != 0
        self.assertTrue((mask[masked] & MASK_NO_DATA != 0).all())
        self.assertEqual(fits.getdata(folder / "invvar-r.fits")[masked].max(), 0)
        with band(folder) as file:
            numpy.testing.assert_array_equal(file["mask"][:], mask)
            self.assertEqual([str(name) for name in file["mask"].attrs["bits"]], names)
        self.make_field("b", edited(text, "satur: {", "no_data: {"), code=CONFIG,
                        pieces=["masks.no_data", "another name"])

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

    def test_columns_of_the_catalogue_are_carried(self):
        self.write("rows.csv", "theta_e_arcsec,target,zphot\n" + "".join(
            f"{1 + 0.1 * k},{39627700000000001 + k},{0.3 + 0.01 * k}\n" for k in range(3)))
        text = edited(self.at([(50, 50), (-90, 50), (150, 90)]), "sampled: {count: 3}",
                      "file: {path: rows.csv, carry: [target, zphot]}")
        text = edited(text, "  theta_e_arcsec: 1.2\n", "")
        text = edited(text, "bands: [r]", "bands: [r, z]")
        text = edited(text, "  src_flux_nmgy_r: 10.0", "  src_flux_nmgy_r: 10.0\n"
                      "  src_flux_nmgy_z: 12.0")
        text = edited(text, "fwhm_pix: 4.0}", "fwhm_pix: 4.0}\n"
                      "  z: {kind: gaussian, fwhm_pix: 3.7}")
        text = edited(text, "{r: 0.01}", "{r: 0.01, z: 0.02}")
        text = edited(text, "{r: 500}", "{r: 500, z: 300}")

        folder = self.make_field("a", text)
        rows = truth(folder)

        numpy.testing.assert_array_equal(rows["carried_target"],
                                         39627700000000001 + numpy.arange(3))
        numpy.testing.assert_allclose(rows["carried_zphot"], [0.3, 0.31, 0.32])
        numpy.testing.assert_allclose(
            rows["arc_snr_total"], numpy.hypot(rows["arc_snr_r"], rows["arc_snr_z"]),
            rtol=1e-12)
        self.assertEqual(numpy.isnan(rows["arc_snr_total"]).tolist(), [False, True, False])

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

    def test_a_map_says_which_kernel_light_has(self):
        y, x = numpy.mgrid[-12:13, -12:13]
        cube = numpy.stack([numpy.exp(-(x * x + y * y) / 2 / s ** 2)
                            / (2 * numpy.pi * s * s) for s in (1.7, 9, 2.2)])
        fits.writeto(self.folder / "kernels.fits", cube)
        kernels = numpy.zeros((190, 230), "i2")
        kernels[:, 115:] = 2
        kernels[80:110, 10:40] = 7
        fits.writeto(self.folder / "map.fits", kernels)
        text = edited(self.at([(60, 95), (170, 95), (30, 95), (60, 45)]),
                      "{kind: gaussian, fwhm_pix: 4.0}",
                      "{kind: pixelised, file: kernels.fits, plane: all, includes_pixel: "
                      "true, normalisation: unit, centring: keep}")
        text = edited(text, "  src_flux_nmgy_r", "  psf_index_r: 0\n  src_flux_nmgy_r")
        text = edited(text, "  size_pix", "  compare_with_stamps: true\n"
                      "  psf_map: {r: map.fits}\n  size_pix")

        folder = self.make_field("a", text, ranks=2, pieces=["or in a hole of psf_map"])

        rows = truth(folder)
        self.assertEqual(list(rows["status"]), [0, 0, 15, 0])
        self.assertEqual(list(rows["field_flags"] & PSF_RANGE != 0),
                         [False, False, True, False])
        self.assertEqual(list(rows["psf_index_r"]), [0, 2, 0, 0])
        fwhm_pix = rows["psf_fwhm_arcsec_r"] / 0.262
        self.assertAlmostEqual(fwhm_pix[1] / fwhm_pix[0], 2.2 / 1.7, delta=1e-3)
        seen = rows["status"] == 0
        numpy.testing.assert_allclose(
            rows["core_flux_fraction_r5_r"][seen],
            rows["stamp_core_flux_fraction_r5_r"][seen], rtol=1e-3)
        fits.writeto(self.folder / "map.fits", kernels + 10, overwrite=True)
        self.make_field("b", text, code=BAD_DATA, pieces=["map.fits", "0 to 2"])
        fits.writeto(self.folder / "map.fits", kernels[:50], overwrite=True)
        self.make_field("c", text, code=BAD_DATA, pieces=["map.fits", "230 x 50"])

    def test_masked_pixels_have_no_data(self):
        image, _, wcs = self.base()
        bits = numpy.zeros(image.shape, "i4")
        bits[80:100, 90:110] = 2
        bits[0:10] = 4
        fits.writeto(self.folder / "bits.fits", bits)
        sky = wcs.all_pix2world([(100, 90), (60, 120)], 0)
        text = edited(self.on_base(sky), "exposures: nexp.fits",
                      "masks: {star: {file: bits.fits, bits: [1]}}")

        folder = self.make_field("a", text)

        self.assertEqual(list(truth(folder)["status"]), [16, 0])
        invvar = fits.getdata(folder / "invvar-r.fits")
        self.assertEqual(invvar[80:100, 90:110].max(), 0)
        self.assertGreater(invvar[0:10, :170].min(), 0)  # bit 2 was not asked for
        with band(folder) as file:
            self.assertTrue((file["mask"][80:100, 90:110] & MASK_NO_DATA != 0).all())

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
