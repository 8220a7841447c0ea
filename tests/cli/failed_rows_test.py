"""Rows that cannot be rendered: counted by status, NaN, kept; above
run.max_failed_fraction the run ends with 65."""

import unittest

import h5py
import numpy
from astropy.io import fits

from support import BAD_DATA, SMALL, Case, edited, lensmill, virtual_file

NO_FLUX, BAD_HOST = 12, 14


class FailedRows(Case):
    def lopsided(self, failing):
        """A catalogue of 10 rows of which some have their source far off the stamp."""
        rows = "".join(f"{k},{500.0 if k < failing else 0.3},0.0\n" for k in range(10))
        self.write("rows.csv", "injection_id,src_x_arcsec,src_y_arcsec\n" + rows)
        text = edited(SMALL, "sampled: {count: 10}", "file: {path: rows.csv}")
        return edited(text, "  src_offset: {disc: {radius_over_theta_e: 0.8}}\n", "")

    def run_of(self, text, *options):
        run = self.folder / "run"
        return run, lensmill("run", self.write("small.yaml", text), "--output", run,
                             *options)

    def test_more_failures_than_allowed_end_with_65_and_keep_the_output(self):
        run, result = self.run_of(self.lopsided(failing=3))

        self.assert_ends(result, BAD_DATA, "3 of 10 rows failed, more than "
                         "run.max_failed_fraction allows (0.01)", "the output is kept",
                         "/measurements/status")
        self.assertIn("status: ok 7, no_flux 3", result.stdout)
        self.assertRegex(result.stdout, r"failed, not counted: no_flux +3\n")
        with h5py.File(virtual_file(run)) as file:
            status = file["measurements/status"][:]
            fraction = file["measurements/core_flux_fraction"][:]
            positive = file["images/positive"][:]
            rendered = file["measurements/rendered"][:]
        numpy.testing.assert_array_equal(status, [NO_FLUX] * 3 + [0] * 7)
        self.assertTrue(numpy.isnan(fraction[:3]).all())
        self.assertTrue(numpy.isfinite(fraction[3:]).all())
        self.assertTrue(numpy.isfinite(positive).all())
        self.assertTrue(rendered.all())

    def test_resume_and_finalize_say_the_same(self):
        run, _ = self.run_of(self.lopsided(failing=3))

        for result in (lensmill("finalize", run),
                       lensmill("run", self.folder / "small.yaml", "--output", run,
                                "--resume")):
            self.assert_ends(result, BAD_DATA, "3 of 10 rows failed")
        self.assert_ends(lensmill("verify", run), 0)

    def test_as_many_as_allowed_end_with_0(self):
        allowed = "run.max_failed_fraction=0.3"
        _, result = self.run_of(self.lopsided(failing=3), "--set", allowed)

        self.assert_ends(result, 0)
        self.assertIn("status: ok 7, no_flux 3", result.stdout)

    def test_allowing_more_afterwards_needs_no_new_run(self):
        run, result = self.run_of(self.lopsided(failing=3))
        self.assert_ends(result, BAD_DATA)

        again = lensmill("run", self.folder / "small.yaml", "--output", run, "--resume",
                         "--set", "run.max_failed_fraction=1")

        self.assert_ends(again, 0, "1 shards are there already, 0 to make")

    def test_hosts_of_nan_are_bad_hosts_with_blank_images(self):
        hosts = numpy.random.default_rng(1).normal(1.0, 0.1, (2, 20, 20))
        hosts[1] = numpy.nan
        fits.PrimaryHDU(hosts).writeto(self.folder / "hosts.fits")
        text = edited(SMALL, "host: none",
                      "host: {cutouts: {r: hosts.fits, units: nmgy, "
                      "pixel_scale_arcsec: 0.262}}")
        self.write("rows.csv", "injection_id,host_index\n0,0\n1,1\n2,1\n")
        text = edited(text, "sampled: {count: 10}", "file: {path: rows.csv}")

        run, result = self.run_of(text)

        self.assert_ends(result, BAD_DATA, "1 (host_index 1) of 2 cutouts",
                         "not finite", "status bad_host", "2 of 3 rows failed")
        self.assertIn("status: ok 1, bad_host 2", result.stdout)
        with h5py.File(virtual_file(run)) as file:
            numpy.testing.assert_array_equal(file["measurements/status"],
                                             [0, BAD_HOST, BAD_HOST])
            self.assertTrue(numpy.isfinite(file["images/positive"][0]).all())
            self.assertTrue(numpy.isnan(file["images/positive"][1:]).all())


if __name__ == "__main__":
    unittest.main()
