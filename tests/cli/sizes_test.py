"""Odd sizes: the smallest and odd stamps, many bands, margins, apertures beyond the
stamp, shards of one row and of a billion."""

import unittest

import h5py
import numpy

from support import SMALL, Case, contents, edited, lensmill, shards, virtual_file


class Sizes(Case):
    def make_and_verify(self, text, *settings):
        options = [piece for setting in settings for piece in ("--set", setting)]
        run = self.make_run("run", text, *options)
        self.assert_ends(lensmill("verify", run, "--sample", 5), 0)
        return run

    def arc(self, run):
        with h5py.File(virtual_file(run)) as file:
            numpy.testing.assert_array_equal(file["measurements/status"], 0)
            return file["images/arc"][:]

    def test_stamps(self):
        for size in (8, 9, 33, 65):
            with self.subTest(size):
                run = self.make_run(f"run{size}", SMALL, "--set",
                                    f"grid.stamp_size_pix={size}")
                self.assert_ends(lensmill("verify", run, "--sample", 3), 0)

                arc = self.arc(run)

                self.assertEqual(arc.shape, (10, 1, size, size))
                self.assertTrue(numpy.isfinite(arc).all())
                with h5py.File(virtual_file(run)) as file:
                    profile = file["measurements/radial_profile"]
                    self.assertEqual(profile.shape, (10, 1, size // 2))

    def test_stamps_are_cut_from_the_same_sky(self):
        # Of odd stamps the centre is a pixel's: a stamp of 33 pixels is the middle of one
        # of 65. PSF and integration see a little more light from outside.
        small = self.arc(self.make_run("a", SMALL, "--set", "grid.stamp_size_pix=33",
                                       "--set", "render.margin_pix=16"))
        large = self.arc(self.make_run("b", SMALL, "--set", "grid.stamp_size_pix=65"))

        inner = slice(16, 49)
        worst = abs(small - large[:, :, inner, inner]).max((1, 2, 3))
        # Each within the accuracy contract's 1e-3 of the peak.
        self.assertTrue((worst < 2e-3 * large.max((1, 2, 3))).all())

    def test_eight_bands(self):
        bands = list("ugrizyJH")
        text = edited(SMALL, "bands: [r]", f"bands: [{', '.join(bands)}]")
        text = edited(text, "  src_flux_nmgy_r: 10.0\n", "".join(
            f"  src_flux_nmgy_{band}: {k + 1}.0\n" for k, band in enumerate(bands)))
        text = edited(text, "  r: {kind: gaussian, fwhm_pix: 4.0}\n", "".join(
            f"  {band}: {{kind: gaussian, fwhm_pix: 4.0}}\n" for band in bands))
        for key, value in (("sky_sigma_nmgy", 0.01), ("gain_e_per_nmgy", 500)):
            text = edited(text, f"{key}: {{r: {value}}}", f"{key}: {{" + ", ".join(
                f"{band}: {value}" for band in bands) + "}")

        arc = self.arc(self.make_and_verify(text))

        self.assertEqual(arc.shape, (10, 8, 16, 16))
        # One PSF and one source in all bands: they differ by the flux alone.
        ratio = arc.sum((2, 3)) / arc[:, :1].sum((2, 3))
        numpy.testing.assert_allclose(ratio, numpy.tile(range(1, 9), (10, 1)), rtol=1e-5)
        png = self.folder / "x.png"
        self.assert_ends(lensmill("extract", self.folder / "run", "--id", 1, "--png",
                                  png), 0)

    def test_nine_bands_are_refused(self):
        text = edited(SMALL, "bands: [r]", "bands: [a, b, c, d, e, f, g, h, i]")

        self.assert_ends(lensmill("check", self.write("nine.yaml", text)), 78,
                         "must be 1 to 8 bands (got 9)")

    def test_margins(self):
        plain = self.arc(self.make_run("plain", SMALL, "--set", "render.margin_pix=0"))
        wide = self.arc(self.make_and_verify(SMALL, "render.margin_pix=9"))

        self.assertEqual(wide.shape, plain.shape)
        # Light from outside the stamp can only be added.
        self.assertTrue((wide.sum((1, 2, 3)) > plain.sum((1, 2, 3))).all())

    def test_apertures_beyond_the_stamp(self):
        run = self.make_and_verify(SMALL, "measure.aperture_radius_pix=[3, 50, 5000]")

        with h5py.File(virtual_file(run)) as file:
            fraction = file["measurements/core_flux_fraction"][:, 0]
        self.assertEqual(fraction.shape, (10, 3))
        # All of the stamp is in the aperture.
        numpy.testing.assert_allclose(fraction[:, 1:], 1.0, atol=1e-5)

    def test_apertures_off_the_stamp(self):
        for mask in ("pixel_overlap", "pixel_centre", "circle"):
            with self.subTest(mask):
                text = edited(SMALL, "measure: {", "measure: {aperture_centre: [-90, 300], "
                              f"aperture_mask: {mask}, ")
                run = self.make_run(mask, text)
                with h5py.File(virtual_file(run)) as file:
                    fraction = file["measurements/core_flux_fraction"][:]
                self.assertTrue((numpy.isnan(fraction) | (abs(fraction) < 1e-5)).all())

    def test_an_annulus_off_the_stamp_is_undefined(self):
        run = self.make_and_verify(SMALL, "measure.annulus_pix=[100, 200]")

        with h5py.File(virtual_file(run)) as file:
            self.assertTrue(numpy.isnan(file["measurements/annulus_offset"]).all())

    def test_shards_of_one_row(self):
        run = self.make_and_verify(SMALL, "output.rows_per_shard=1",
                                   "catalogue.sampled.count=3")

        self.assertEqual(shards(run), [f"shard-{k:06}.h5" for k in range(3)])

    def test_shards_of_a_billion_rows(self):
        run = self.make_and_verify(SMALL, "output.rows_per_shard=1000000000")

        self.assertEqual(shards(run), ["shard-000000.h5"])
        self.assert_same_contents(contents(virtual_file(run)),
                                  contents(virtual_file(self.make_run("plain"))))

    def test_more_rows_than_any_disk_holds_are_checked_in_no_time(self):
        result = lensmill("check", self.write("big.yaml", SMALL), "--set",
                          "catalogue.sampled.count=1000000000000", "--set",
                          "output.rows_per_shard=10000000")

        self.assert_ends(result, 0)
        self.assertRegex(result.stdout, r"disk: +[\d.]+ PB")

    def test_more_rows_or_shards_than_can_be_are_refused(self):
        for count, says in (("4000000000000000000", "must be an integer in [1, "),
                            ("1000000000000", "give at least 1000000")):
            result = lensmill("run", self.write("big.yaml", SMALL), "--output",
                              self.folder / "run", "--set",
                              f"catalogue.sampled.count={count}")

            self.assert_ends(result, 78, says)
            self.assertFalse((self.folder / "run").exists())


    def test_shards_that_one_file_over_all_can_bear(self):
        for count, said in ((5000, False), (5001, True)):
            result = lensmill("run", self.write("many.yaml", SMALL), "--output",
                              self.folder / "run", "--dry-run", "--set",
                              f"catalogue.sampled.count={count}", "--set",
                              "output.rows_per_shard=1")

            self.assert_ends(result, 0)
            self.assertEqual("above 5,000 the file over all shards" in result.stderr, said,
                             result)

    def test_a_packed_chunk_larger_than_memory_should_hold(self):
        """A file of some kB that every rank would unpack to a gigabyte and more."""
        text = edited(SMALL, "host: none",
                      "host:\n  cutouts: {file: hosts.h5, dataset: cutouts, units: nmgy, "
                      "pixel_scale_arcsec: 0.262}")
        text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "")
        config = self.write("run.yaml", text)
        for hosts, refused in ((1024, False), (1025, True)):
            with self.subTest(hosts):
                with h5py.File(self.folder / "hosts.h5", "w") as file:
                    cutouts = file.create_dataset(
                        "cutouts", (hosts, 1, 512, 512), "f4", chunks=(hosts, 1, 512, 512),
                        compression="gzip")
                    # Not gzip's: only the one that is not refused is ever unpacked.
                    cutouts.id.write_direct_chunk((0, 0, 0, 0), b"x" * 100)

                done = lensmill("run", config, "--output", self.folder / "out")

                if refused:
                    self.assert_ends(done, 65, "hosts.h5: /cutouts: is packed in chunks of "
                                     "1025 MB", "h5repack -l CHUNK=1x1x64x64")
                else:
                    self.assert_ends(done, 74, "hosts.h5: /cutouts",
                                     absent=["packed in chunks"])


class Catalogues(Case):
    def test_a_grid_of_one_point(self):
        text = edited(SMALL, "sampled: {count: 10}", "grid: {src_reff_arcsec: [0.3]}")
        text = edited(text, "  src_reff_arcsec: 0.3\n", "")

        run = self.make_run("run", text)

        with h5py.File(virtual_file(run)) as file:
            self.assertEqual(file["images/positive"].shape, (1, 1, 16, 16))

    def test_large_ids(self):
        largest = 2**53
        rows = self.write("rows.csv", f"injection_id\n{largest}\n0\n")
        run = self.make_run("run", SMALL, "--catalogue", rows)

        with h5py.File(virtual_file(run)) as file:
            numpy.testing.assert_array_equal(file["catalogue/injection_id"], [largest, 0])
        self.assert_ends(lensmill("extract", run, "--id", largest, "--png",
                                  self.folder / "x.png"), 0)


if __name__ == "__main__":
    unittest.main()
