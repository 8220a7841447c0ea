"""What files of hosts say of themselves and of their noise, through the program."""

import unittest

import h5py
import numpy
from astropy.io import fits

from support import Case, edited, lensmill, virtual_file

STAMP = 32
SIDE = 41
TEXT = f"""\
schema: 1
run: {{name: t, seed: 1}}
grid: {{pixel_scale_arcsec: 0.262, stamp_size_pix: {STAMP}}}
bands: [g, r]
catalogue: {{sampled: {{count: 4}}}}
priors: {{theta_e_arcsec: 1.2, lens_q: 0.7, lens_phi_rad: 0.4, lens_gamma: 2.0,
  shear_g1: 0.0, shear_g2: 0.0, src_x_arcsec: 0.2, src_y_arcsec: 0.1,
  src_reff_arcsec: 0.15, src_sersic_n: 1.0, src_q: 0.8, src_phi_rad: 1.0,
  src_flux_nmgy_r: 10.0, src_flux_nmgy_g: 5.0}}
host:
  cutouts: {{g: g.fits, r: r.fits, units: nmgy, pixel_scale_arcsec: 0.262}}
psf:
  g: {{kind: gaussian, fwhm_arcsec: 0.9}}
  r: {{kind: gaussian, fwhm_arcsec: 0.9}}
noise: {{gain_e_per_nmgy: {{g: 500, r: 500}}}}
measure: {{aperture_radius_pix: [3.0], annulus_pix: [8.0, 14.0]}}
output: {{products: [positive, negative, arc]}}
"""
NOISE = 0.02


class HostInputs(Case):
    def write_hosts(self, header=()):
        """Two galaxies in each of two bands, on white noise."""
        y, x = numpy.mgrid[:SIDE, :SIDE] - SIDE // 2
        for k, band in enumerate("gr"):
            noise = numpy.random.default_rng(k).normal(0, NOISE, (2, SIDE, SIDE))
            cube = (k + 1) * numpy.exp(-numpy.hypot(x, y) / 2) + noise
            hdu = fits.PrimaryHDU(cube.astype("f4"))
            hdu.header.update(dict(header))
            hdu.writeto(self.folder / f"{band}.fits", overwrite=True)

    def write_weights(self, value):
        for k, band in enumerate("gr"):
            # Not quite the same: bands that share a weight are another matter.
            weights = numpy.full((2, SIDE, SIDE), value * (1 + 0.01 * k), "f4")
            fits.PrimaryHDU(weights).writeto(
                self.folder / f"w{band}.fits", overwrite=True)

    def weighted(self, more=""):
        return edited(TEXT, "units: nmgy,",
                      "units: nmgy, invvar: {g: wg.fits, r: wr.fits}, "
                      f"invvar_includes_source_poisson: true,{more}")

    def made(self, text, code=0):
        config = self.write("run.yaml", text)
        return self.assert_ends(
            lensmill("run", config, "--output", self.folder / "out", "--overwrite"), code)

    def test_one_cube_for_all_bands(self):
        self.write_hosts()
        done = self.made(edited(TEXT, "g: g.fits", "g: r.fits"), 78)

        self.assertIn("host.cutouts.g and host.cutouts.r are the same image", done.stderr)
        self.assertIn("one cube [1, y, x] per band", done.stderr)

    def test_a_mask_for_a_weight(self):
        self.write_hosts()
        self.write_weights(1.0)
        done = self.made(self.weighted(), 65)

        self.assertIn("says a noise of 1 nmgy per pixel, but the image's blank pixels "
                      "scatter by 0.0", done.stderr)
        done = self.made(self.weighted(" accept_invvar_mismatch: true,"))
        self.assertIn("says a noise of 1 nmgy per pixel", done.stderr)

    def test_a_true_weight_says_nothing(self):
        self.write_hosts({"BUNIT": "nanomaggy", "FILTER": "unknown"})
        self.write_weights(NOISE**-2)
        done = self.made(self.weighted())

        told = [line for line in done.stderr.splitlines()
                if "warning" in line and "catalogue.split" not in line]
        self.assertEqual(told, [])

    def test_a_unit_that_is_another(self):
        self.write_hosts({"BUNIT": "uJy"})
        done = self.made(TEXT, 65)

        self.assertIn("its unit is 'uJy' (one of it is 23.9 mag), but host.cutouts.g "
                      "takes it for nmgy", done.stderr)
        self.made(edited(TEXT, "units: nmgy", "zero_point_mag: 23.9"))

    def test_the_psf_is_turned_with_the_host_and_an_audit_knows(self):
        self.write_hosts()
        self.write("c.csv", "host_rotation,host_flip\n0,0\n1,0\n2,1\n3,1\n")
        text = edited(TEXT, "{sampled: {count: 4}}", "{file: {path: c.csv}}")
        for band in "gr":
            text = edited(text, f"{band}: {{kind: gaussian, fwhm_arcsec: 0.9}}",
                          f"{band}: {{kind: gaussian, fwhm_arcsec: 0.9, q: 0.5, "
                          "phi_rad: 0.2}")
        self.made(text)
        run = self.folder / "out"
        with h5py.File(virtual_file(run)) as file:
            arcs = file["images/arc"][:, 1]
        self.assertGreater(abs(arcs[0] - arcs[1]).max(), 0.01 * arcs[0].max())
        self.assert_ends(lensmill("verify", run), 0)

        mapping = self.write("mapping.yaml", "mapping: lensmill\n")
        done = self.assert_ends(
            lensmill("audit", virtual_file(run), mapping, "--output",
                     self.folder / "audit"), 0)
        self.assertIn("fitted by the correct PSF placement", done.stdout)
        table = (self.folder / "audit" / "audit.csv").read_text()
        self.assertEqual(table.count(",correct"), 4, table)


if __name__ == "__main__":
    unittest.main()
