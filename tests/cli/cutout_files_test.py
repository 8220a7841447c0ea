"""Hosts with one FITS file each, in the layout of the Legacy Surveys' viewer: an image
[band, y, x], its inverse variances and its bit mask, known by IMAGETYP."""

import os
import pathlib
import subprocess
import sys
import unittest

import h5py
import numpy
from astropy.io import fits

from support import BAD_DATA, CONFIG, Case, contents, edited, lensmill, virtual_file

PYTHON = pathlib.Path(__file__).parents[2] / "python"
STAMP = 32
SIDE = 41
CROP = slice(5, 5 + STAMP)  # the stamp is the middle, from (SIDE - STAMP + 1) // 2 on
SCALE_ARCSEC = 0.262
NOISE = 0.02
BANDS = "grz"
IDS = [39627788, 39627790, 39627791, 39627802, 39633001, 39633014]
TEXT = f"""\
schema: 1
run: {{name: t, seed: 1}}
grid: {{pixel_scale_arcsec: {SCALE_ARCSEC}, stamp_size_pix: {STAMP}}}
bands: [g, r, z]
catalogue: {{sampled: {{count: 20}}}}
priors: {{theta_e_arcsec: 1.2, lens_q: 0.7, lens_phi_rad: 0.4, lens_gamma: 2.0,
  shear_g1: 0.0, shear_g2: 0.0, src_x_arcsec: 0.2, src_y_arcsec: 0.1,
  src_reff_arcsec: 0.15, src_sersic_n: 1.0, src_q: 0.8, src_phi_rad: 1.0,
  src_flux_nmgy_g: 5.0, src_flux_nmgy_r: 10.0, src_flux_nmgy_z: 15.0}}
host:
  cutouts:
    files: "cut/*.fits"
    units: nmgy
    weight: {{kind: invvar, extension: INVVAR}}
    invvar_includes_source_poisson: true
    masks: {{bits: {{extension: MASKBITS, bits: [BRIGHT, 4]}}}}
    min_valid_fraction: 0.5
psf:
  g: {{kind: gaussian, fwhm_arcsec: 1.1}}
  r: {{kind: gaussian, fwhm_arcsec: 1.0}}
  z: {{kind: gaussian, fwhm_arcsec: 0.9}}
noise: {{gain_e_per_nmgy: {{g: 500, r: 500, z: 500}}}}
measure: {{aperture_radius_pix: [3.0], annulus_pix: [8.0, 14.0]}}
output: {{products: [positive, negative, arc, host, mask]}}
"""


def wcs_cards(scale_arcsec=SCALE_ARCSEC):
    middle = (SIDE + 1) / 2
    return {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
            "CRPIX1": middle, "CRPIX2": middle, "CD1_1": -scale_arcsec / 3600,
            "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": scale_arcsec / 3600}


def band_cards(bands=BANDS):
    return {"SURVEY": "LegacySurvey", "VERSION": "DR10", "BANDS": bands,
            **{f"BAND{k}": band for k, band in enumerate(bands)}}


def galaxy(seed, bands=BANDS):
    """Image and inverse variances [band, y, x], bits [y, x]; negative inverse variances,
    as resampling makes them, in one corner, and pixels that were never observed."""
    rng = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[:SIDE, :SIDE] - SIDE // 2
    profile = numpy.exp(-numpy.hypot(x, 1.3 * y) / 3)
    image = numpy.stack([(1 + k) * profile for k in range(len(bands))])
    image += rng.normal(0, NOISE, image.shape)
    invvar = numpy.full(image.shape, NOISE**-2)
    invvar[:, 6:9, 6:9] = -0.3
    image[:, 30:33, 6:9] = invvar[:, 30:33, 6:9] = 0.0
    bits = numpy.zeros((SIDE, SIDE), "i4")
    bits[10, 10:14] = 1 << 1  # BRIGHT
    bits[12, 10:14] = 1 << 4
    bits[14, 10:14] = 1 << 0 | 1 << 5  # what the run does not ask for
    return image.astype("f4"), invvar.astype("f4"), bits


def viewer_hdus(seed, bands=BANDS, scale_arcsec=SCALE_ARCSEC):
    """As the viewer writes them; one band gives images [y, x]."""
    image, invvar, bits = galaxy(seed, bands)
    if len(bands) == 1:
        image, invvar = image[0], invvar[0]
    hdus = fits.HDUList([fits.PrimaryHDU(image), fits.ImageHDU(invvar),
                         fits.ImageHDU(bits)])
    for hdu, kind in zip(hdus, ("IMAGE", "INVVAR", "MASKBITS")):
        hdu.header.update({**band_cards(bands), "IMAGETYP": kind,
                           **wcs_cards(scale_arcsec)})
    for number, name in enumerate(["NPRIMARY", "BRIGHT", "SATUR_G", "SATUR_R", "SATUR_Z",
                                   "ALLMASK_G"]):
        hdus[2].header[f"HIERARCH MB_{name}"] = 1 << number
        hdus[2].header[f"MBIT_{number}"] = name
    return hdus


class CutoutFiles(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "cut").mkdir()

    def write_viewer_files(self, names=IDS):
        for seed, name in enumerate(names):
            viewer_hdus(seed).writeto(self.folder / "cut" / f"{name}.fits")

    def ends(self, text, code, *pieces, name="out", ranks=0):
        config = self.write("run.yaml", text)
        return self.assert_ends(
            lensmill("run", config, "--output", self.folder / name, "--overwrite",
                     ranks=ranks), code, *pieces)

    def test_pixels_masks_and_ids_are_the_files(self):
        self.write_viewer_files()
        done = self.ends(TEXT, 0)
        self.assertNotIn("host.cutouts", done.stderr)

        with h5py.File(virtual_file(self.folder / "out")) as run:
            catalogue = run["catalogue"]
            index = catalogue["host_index"][...]
            self.assertGreater(len(set(index)), 3)
            self.assertEqual(catalogue["host_id"].dtype, numpy.dtype("i8"))
            numpy.testing.assert_array_equal(catalogue["host_id"][...],
                                             numpy.array(IDS)[index])
            for row, host in enumerate(index):
                image, invvar, bits = galaxy(int(host))
                numpy.testing.assert_array_equal(run["images/host"][row],
                                                 image[:, CROP, CROP])
                masked = (invvar <= 0) | ((bits & (1 << 1 | 1 << 4)) != 0)
                numpy.testing.assert_array_equal(run["images/mask"][row],
                                                 masked[:, CROP, CROP])
            self.assertTrue((run["measurements/status"][...] == 0).all())
            snr = run["measurements/arc_snr"][:, 1]
            arc = run["images/arc"][:, 1]
            # White noise of known sigma: the SNR by the formula, masked pixels left out.
            for row, host in enumerate(index):
                _, invvar, bits = galaxy(int(host))
                masked = (invvar[1] <= 0) | ((bits & (1 << 1 | 1 << 4)) != 0)
                signal = arc[row].astype("f8")
                variance = NOISE**2 + signal / 500
                expected = (signal**2 / variance)[~masked[CROP, CROP]].sum() ** 0.5
                self.assertAlmostEqual(snr[row] / expected, 1.0, delta=1e-4)
            inputs = [path.decode() for path in run["provenance/input_path"][...]]
        self.assertEqual(sorted(inputs),
                         [str(self.folder / "cut" / f"{name}.fits") for name in IDS])

        out = self.folder / "7.fits"
        self.assert_ends(lensmill("extract", self.folder / "out", "--id", 7, "--fits", out),
                         0)
        self.assertEqual(fits.getheader(out)["host_id"], IDS[index[7]])
        self.assert_ends(lensmill("verify", self.folder / "out"), 0)

    def test_names_that_are_texts_any_ranks_and_a_changed_file(self):
        names = ["J0959+0212", "J1000-01", "x", "J10", "J11", "J12"]
        self.write_viewer_files(names)
        self.ends(TEXT, 0)
        self.ends(TEXT, 0, name="two", ranks=2)

        one = contents(virtual_file(self.folder / "out"))
        self.assert_same_contents(contents(virtual_file(self.folder / "two")), one)
        with h5py.File(virtual_file(self.folder / "out")) as run:
            ids = run["catalogue/host_id"][...]
            self.assertEqual(ids.dtype, numpy.dtype("S10"))
            in_order = sorted(name.encode() for name in names)
            self.assertEqual([in_order[k] for k in run["catalogue/host_index"][...]],
                             list(ids))
        out = self.folder / "3.fits"
        self.assert_ends(lensmill("extract", self.folder / "out", "--id", 3, "--fits", out),
                         0)
        self.assertEqual(fits.getheader(out)["host_id"], ids[3].decode())
        self.assert_ends(lensmill("verify", self.folder / "out"), 0)

        (self.folder / "out" / "shards" / "shard-000000.h5").unlink()
        viewer_hdus(99).writeto(self.folder / "cut" / "x.fits", overwrite=True)
        result = lensmill("run", self.folder / "run.yaml", "--output", self.folder / "two",
                          "--resume")
        self.assertNotEqual(result.code, 0)
        self.assertIn("x.fits", result.stderr)

    def test_a_table_of_files_with_ids(self):
        self.write_viewer_files()
        rows = "".join(f"cut/{name}.fits,T{name}\n" for name in IDS[::-1])
        self.write("hosts.csv", "cutout,TARGET\n" + rows)
        text = edited(TEXT, '"cut/*.fits"', "{column: cutout, table: hosts.csv}\n"
                      "    id_column: target")
        self.ends(text, 0)

        with h5py.File(virtual_file(self.folder / "out")) as run:
            for row, host in enumerate(run["catalogue/host_index"][...]):
                self.assertEqual(run["catalogue/host_id"][row],
                                 f"T{IDS[::-1][host]}".encode())
                image, _, _ = galaxy(len(IDS) - 1 - int(host))
                numpy.testing.assert_array_equal(run["images/host"][row],
                                                 image[:, CROP, CROP])

    def test_each_row_of_the_catalogue_names_its_host(self):
        self.write_viewer_files()
        order = [3, 3, 0, 5]
        self.write("rows.csv", "theta_e_arcsec,cutout\n" +
                   "".join(f"1.{k},cut/{IDS[host]}.fits\n" for k, host in enumerate(order)))
        text = edited(TEXT, "{sampled: {count: 20}}", "{file: {path: rows.csv}}")
        text = edited(text, "theta_e_arcsec: 1.2, ", "")
        text = edited(text, '"cut/*.fits"', "{column: cutout}")
        self.ends(text, 0)

        with h5py.File(virtual_file(self.folder / "out")) as run:
            self.assertEqual(list(run["catalogue/host_id"][...]),
                             [IDS[host] for host in order])
            self.assertEqual(list(run["catalogue/theta_e_arcsec"][...]),
                             [1.0, 1.1, 1.2, 1.3])

    def test_mistakes_are_named(self):
        self.write_viewer_files()
        first = self.folder / "cut" / f"{IDS[0]}.fits"
        odd = self.folder / "cut" / "odd.fits"
        weight = "weight: {kind: invvar, extension: INVVAR}"

        def wrong(text, code, *pieces):
            self.ends(text, code, *pieces)
            if odd.exists():
                odd.unlink()

        wrong(edited(TEXT, "cut/*.fits", "cut/*.fit"), BAD_DATA,
              "host.cutouts.files: no file matches", "cut/*.fit")
        wrong(edited(TEXT, '"cut/*.fits"', "[cut/none.fits]"), BAD_DATA,
              "host.cutouts.files: 1 of 1 files are not there", "cut/none.fits")
        wrong(edited(TEXT, "units: nmgy", "band_order: [r, g, z]\n    units: nmgy"),
              BAD_DATA, "is band 'g' by its header, but host.cutouts.band_order says r")
        wrong(edited(TEXT, "units: nmgy", "band_order: [g, r]\n    units: nmgy"), CONFIG,
              "lacks the run's band z")

        viewer_hdus(7, scale_arcsec=0.27).writeto(odd)
        wrong(TEXT, BAD_DATA, odd, "its pixels are 0.27000 arcsec by its WCS")
        viewer_hdus(7, bands="gr").writeto(odd)
        wrong(TEXT, BAD_DATA, odd, "has no band z (it has g, r)")
        odd.write_bytes(first.read_bytes()[:20000])
        wrong(TEXT, BAD_DATA, odd, "truncated file")
        odd.write_text("no such cutout (HTTP 500)\n")
        wrong(TEXT, BAD_DATA, odd, "not a complete FITS file")
        hdus = viewer_hdus(7)
        for hdu in hdus:
            hdu.data = hdu.data[..., :40, :]
        hdus.writeto(odd)
        wrong(TEXT, BAD_DATA, odd, "40 x 41 pixels")
        fits.HDUList(viewer_hdus(7)[:1]).writeto(odd)
        wrong(TEXT, BAD_DATA, odd, "has no HDU whose IMAGETYP or EXTNAME is INVVAR")

        wrong(edited(TEXT, weight, "weight: {kind: rms, extension: INVVAR}"), BAD_DATA,
              "as `weight: {kind: invvar}` it says 0.02 nmgy, which fits")
        wrong(edited(TEXT, "[BRIGHT, 4]", "[BRIHGT]"), BAD_DATA,
              "its header names no bit `BRIHGT`", "it names ALLMASK_G, BRIGHT")
        wrong(edited(TEXT, weight, "weight: {kind: ivar, extension: INVVAR}"), CONFIG,
              "host.cutouts.weight.kind")
        wrong(edited(TEXT, "units: nmgy", "id_card: TARGETID\n    units: nmgy"), BAD_DATA,
              "has no card TARGETID, which host.cutouts.id_card names")

    def test_weights_of_another_kind_are_refused_with_theirs(self):
        kinds = {"rms": NOISE, "variance": NOISE**2, "mask": 1.0}
        for kind, value in kinds.items():
            for seed, name in enumerate(IDS):
                hdus = viewer_hdus(seed)
                hdus[1].data[hdus[1].data > 0] = value
                hdus.writeto(self.folder / "cut" / f"{name}.fits", overwrite=True)
            advice = ("it contains nothing but 0 and 1: a mask" if kind == "mask" else
                      f"as `weight: {{kind: {kind}}}` it says 0.02 nmgy, which fits")
            done = self.ends(TEXT, BAD_DATA, "host.cutouts: weight of band g: says a noise",
                             "blank pixels scatter by 0.0", advice,
                             "host.cutouts.accept_invvar_mismatch: true")
            self.assertIn("weight of band z", done.stderr)

        # The last one is a mask: as such it is taken, and the noise is measured.
        self.ends(edited(TEXT, "kind: invvar, extension",
                         "kind: mask, masked: zero, extension"), 0)

    def test_a_numpy_stack_becomes_hdf5(self):
        hosts = [galaxy(seed) for seed in range(4)]
        arrays = {"images": numpy.stack([image for image, _, _ in hosts]),
                  "sigma": numpy.full((4, 3, SIDE, SIDE), NOISE), "name": list("abcd")}
        numpy.savez(self.folder / "stack.npz", **arrays)

        def convert(*options):
            return subprocess.run(
                [sys.executable, "-B", "-m", "lensmill", "stack-to-hdf5", "stack.npz",
                 "hosts.h5", "--bands", "g,r,z", *options], cwd=self.folder, capture_output=True, text=True,
                env={**os.environ, "PYTHONPATH": str(PYTHON)})

        done = convert()
        self.assertEqual(done.returncode, BAD_DATA)
        self.assertIn("contains 3 arrays (images, sigma, name)", done.stderr)
        done = convert("--images", "images", "--weights", "sigma", "--ids", "name",
                       "--unit", "nanomaggy")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = edited(TEXT, 'files: "cut/*.fits"', "file: hosts.h5\n    dataset: images\n"
                      "    id_dataset: ids\n    pixel_scale_arcsec: 0.262")
        text = edited(text, "weight: {kind: invvar, extension: INVVAR}",
                      "weight: {kind: rms, dataset: weights}")
        text = edited(text, "    masks: {bits: {extension: MASKBITS, bits: [BRIGHT, 4]}}\n",
                      "")
        self.ends(text, 0)

        with h5py.File(virtual_file(self.folder / "out")) as run:
            for row, host in enumerate(run["catalogue/host_index"][...]):
                self.assertEqual(run["catalogue/host_id"][row], b"abcd"[host:host + 1])
                numpy.testing.assert_array_equal(run["images/host"][row],
                                                 hosts[host][0][:, CROP, CROP])
        self.ends(edited(text, "file: hosts.h5", "file: stack.npz"), BAD_DATA,
                  "python3 -m lensmill stack-to-hdf5")

    def test_a_weight_that_is_not_used_is_noticed(self):
        self.write_viewer_files()
        text = edited(TEXT, "    weight: {kind: invvar, extension: INVVAR}\n", "")
        self.ends(text, 0, "6 of 6 files contain inverse variances (INVVAR) that are not used")


if __name__ == "__main__":
    unittest.main()
