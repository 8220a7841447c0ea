"""A run whose noise is correlated and follows inverse variances has the same bytes for any
number of ranks, any shard size, and after a resume."""

import unittest

import numpy
from astropy.io import fits

from support import RICH, Case, contents, edited, lensmill, virtual_file


class SameBytes(Case):
    ROWS = 200

    def text(self):
        rng = numpy.random.default_rng(3)
        invvar = rng.uniform(0.5, 2.0, (2, 40, 50)) * 1e4
        invvar[0, :8, :8] = 0.0
        fits.PrimaryHDU(invvar.astype("f4")).writeto(self.folder / "invvar.fits")
        text = edited(RICH, "  sky_sigma_nmgy: {g: 0.006, r: 0.010}\n",
                      "  invvar: {g: invvar.fits, r: invvar.fits}\n"
                      "  correlation:\n"
                      "    g: {lags: [[0.1, 0.2, 0], [0.3, 1, 0.3], [0, 0.2, 0.1]]}\n"
                      "    r: {power_spectrum: [[3.2, 2, 0.8, 2]]}\n")
        return edited(text, "count: 10", f"count: {self.ROWS}")

    def test_for_any_number_of_ranks_shards_and_after_a_resume(self):
        text = self.text()
        expected = contents(virtual_file(self.make_run("alone", text)))
        for column in ("arc_snr_correlated", "counter_image_snr_correlated",
                       "arc_snr_aperture_correlated"):
            self.assertIn(f"measurements/{column}", expected)

        for ranks in (1, 2, 3):
            run = self.make_run(f"ranks{ranks}", text, "--set",
                                "output.rows_per_shard=70", ranks=ranks)
            self.assert_same_contents(contents(virtual_file(run)), expected)

        lost = run / "shards" / "shard-000001.h5"
        lost.unlink()
        self.assert_ends(
            lensmill("run", self.folder / "ranks3.yaml", "--set",
                     "output.rows_per_shard=70", "--output", run, "--resume", ranks=2), 0)
        self.assertTrue(lost.exists())
        self.assert_same_contents(contents(virtual_file(run)), expected)
        self.assert_ends(lensmill("verify", run, "--sample", 5), 0)


if __name__ == "__main__":
    unittest.main()
