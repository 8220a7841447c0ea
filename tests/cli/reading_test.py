"""Reading a run with nothing of ours: h5py, h5dump, astropy; what the documentation says
is in the files and what is in them are the same."""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import unittest

import h5py
import numpy
from astropy.io import fits
from astropy.table import Table

from support import RICH, SMALL, TIME_LIMIT_S, Case, contents, edited, lensmill
from support import virtual_file

ROWS = 150  # three shards
PANEL_PIX, GAP_PIX = 256, 4  # of extract's PNG, at least as large


class WithH5py(Case):
    def setUp(self):
        super().setUp()
        self.run = self.make_run("run", edited(RICH, "count: 10", f"count: {ROWS}"))

    def test_every_dataset_has_unit_and_description(self):
        for path in (virtual_file(self.run), self.run / "shards/shard-000000.h5"):
            with h5py.File(path) as file:
                datasets = []
                file.visititems(lambda name, item: datasets.append(item)
                                if isinstance(item, h5py.Dataset) else None)
                self.assertGreater(len(datasets), 70)
                for dataset in datasets:
                    self.assertIsInstance(dataset.attrs["unit"], str, dataset.name)
                    self.assertGreater(len(dataset.attrs["description"]), 5, dataset.name)

    def test_shapes_types_and_units(self):
        with h5py.File(virtual_file(self.run)) as file:
            positive = file["images/positive"]
            self.assertEqual(positive.shape, (ROWS, 2, 16, 16))
            self.assertEqual(positive.dtype, numpy.float32)
            self.assertEqual(positive.attrs["unit"], "nmgy")
            self.assertIn("[band, y, x], bands g, r", positive.attrs["description"])
            self.assertEqual(file["images/variance"].attrs["unit"], "nmgy2")
            self.assertEqual(file["measurements/core_flux_fraction"].shape, (ROWS, 2, 2))
            self.assertEqual(file["catalogue/theta_e_arcsec"].attrs["unit"], "arcsec")
            numpy.testing.assert_array_equal(file["catalogue/injection_id"], range(ROWS))
            self.assertTrue(numpy.isfinite(positive).all())

    def test_provenance(self):
        with h5py.File(virtual_file(self.run)) as file:
            facts = dict(file["provenance"].attrs)
            for name in ("software", "software_version", "git_commit", "git_dirty",
                         "compiler", "compiler_flags", "build_type", "command_line",
                         "seed", "started_utc", "host", "mpi_ranks", "mpi_nodes", "note"):
                self.assertIn(name, facts)
            self.assertEqual(facts["seed"], 20260206)
            self.assertIn("lensmill run ", facts["command_line"])
            yaml = file["provenance/resolved_yaml"][()].decode()
            self.assertEqual(yaml, (self.run / "run.yaml").read_text())
            table = file["provenance/psf_self_test"][()].decode()
            self.assertIn("PSF self-test g: Gaussian", table)
        with h5py.File(self.run / "shards/shard-000001.h5") as file:
            for name, value in (("format", "lensmill-shard"), ("shard_index", 1),
                                ("first_row", 64), ("row_count", 64),
                                ("rows_per_checksum", 64)):
                self.assertEqual(file.attrs[name], value)
            for name in ("format_version", "config_hash", "instruction_level",
                         "build_fingerprint"):
                self.assertIn(name, file.attrs)

    def test_rows_of_a_missing_shard_read_as_nan_and_not_rendered(self):
        whole = contents(virtual_file(self.run))
        (self.run / "shards/shard-000001.h5").unlink()
        missing = slice(64, 128)

        for again in (lambda: None, lambda: lensmill("finalize", self.run)):
            again()
            with h5py.File(virtual_file(self.run)) as file:
                rendered = file["measurements/rendered"][:]
                self.assertTrue((rendered[missing] == 0).all())
                self.assertEqual(rendered.sum(), ROWS - 64)
                # Integers that no row has: not "ok", not row 0, not "train".
                self.assertTrue((file["measurements/status"][missing] == -2**31).all())
                self.assertTrue((file["catalogue/injection_id"][missing] == -2**63).all())
                for name in ("images/positive", "catalogue/lens_q",
                             "measurements/core_flux_fraction",
                             "measurements/radial_profile"):
                    self.assertTrue(numpy.isnan(file[name][missing]).all(), name)
                there = [*range(64), *range(128, ROWS)]
                self.assert_same_contents(
                    contents(file, there),
                    {name: (kind, (len(there), *shape[1:]),
                            numpy.frombuffer(data, kind).reshape(shape)[there].tobytes())
                     for name, (kind, shape, data) in whole.items()})

    def test_the_folder_can_be_moved(self):
        whole = contents(virtual_file(self.run))
        moved = self.folder / "else where" / "moved"
        moved.parent.mkdir()
        shutil.move(self.run, moved)

        self.assert_same_contents(contents(virtual_file(moved)), whole)
        self.assert_ends(lensmill("verify", moved), 0)

    def test_h5dump(self):
        for path in (virtual_file(self.run), self.run / "shards/shard-000000.h5"):
            done = subprocess.run(["h5dump", "-H", path], capture_output=True, text=True,
                                  timeout=TIME_LIMIT_S)

            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('DATASET "positive"', done.stdout)

    def test_info_tells_datasets_and_provenance(self):
        for what in (self.run, virtual_file(self.run),
                     self.run / "shards/shard-000002.h5"):
            result = lensmill("info", what)

            self.assert_ends(result, 0)
            self.assertRegex(result.stdout, r"/images/positive +float32 +\d+ x 2 x 16 x 16 "
                             r"+nmgy")
            self.assertRegex(result.stdout, r"seed +20260206")
        self.assertIn(f"{ROWS} rows in 3 shards of 64; 3 shards are there",
                      lensmill("info", self.run).stdout)


class Extracted(Case):
    PRODUCTS = ("positive", "negative", "arc", "arc_intrinsic", "counter_image", "host",
                "variance")

    def setUp(self):
        super().setUp()
        self.run = self.make_run("run", edited(RICH, "count: 10", f"count: {ROWS}"))
        self.fits, self.png = self.folder / "7.fits", self.folder / "7.png"

    def extract(self, row, *options):
        return self.assert_ends(lensmill("extract", self.run, "--id", row, "--fits",
                                         self.fits, "--png", self.png, *options), 0)

    def test_fits_holds_the_rows_cubes_and_truth(self):
        row = 77
        self.extract(row)

        with fits.open(self.fits) as hdus, h5py.File(virtual_file(self.run)) as file:
            hdus.verify("exception")
            self.assertEqual(len(hdus), len(self.PRODUCTS))
            for hdu, name in zip(hdus, self.PRODUCTS):
                cube = file["images"][name][row]
                self.assertEqual(hdu.data.astype("f4").tobytes(), cube.tobytes(), name)
                self.assertEqual(hdu.header["BUNIT"], "nmgy2" if name == "variance" else
                                 "nmgy")
            header = hdus[0].header
            self.assertEqual(header["RUN"], "rich")
            self.assertEqual((header["SHARD"], header["ROW"]), (1, row - 64))
            self.assertEqual(header["BANDS"], "g r")
            self.assertEqual(header["PIXSCALE"], 0.262)
            for name, column in file["catalogue"].items():
                self.assertEqual(header[name], column[row], name)
            self.assertEqual(header["core_flux_fraction_3"],
                             file["measurements/core_flux_fraction"][row, 1, 1])
            self.assertEqual(header["n_images"], file["measurements/n_images"][row])

    def test_png_has_panels_side_by_side(self):
        said = self.extract(3).stderr
        self.assertIn(f"{self.fits}: written", said)
        self.assertIn(f"{self.png}: written", said)

        data = self.png.read_bytes()

        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", data[16:24])
        panels = 6  # all products but the variance
        self.assertEqual(height, PANEL_PIX)
        self.assertEqual(width, panels * PANEL_PIX + (panels - 1) * GAP_PIX)

    def test_int16_is_decoded(self):
        codes = self.make_run("codes", RICH, "--set", "output.encoding=int16")
        self.assert_ends(lensmill("extract", codes, "--id", 5, "--fits", self.fits), 0)

        with fits.open(self.fits) as hdus, h5py.File(virtual_file(codes)) as file:
            code, scale, offset = (file[f"images/positive{end}"][5].astype("f8")
                                   for end in ("", "_scale", "_offset"))
            pixels = offset[:, None, None] + scale[:, None, None] * code
            numpy.testing.assert_array_equal(hdus[0].data, pixels.astype("f4"))
            self.assertEqual(hdus[0].header["BUNIT"], "nmgy")

    def test_ids_that_are_not_there(self):
        for number in (ROWS, -1, 10**15):
            result = lensmill("extract", self.run, f"--id={number}", "--png", self.png)

            self.assert_ends(result, 65, f"{self.run}: no injection with id {number} (the "
                             f"run has {ROWS} rows; see /catalogue/injection_id)")
        self.assertFalse(self.png.exists())

    def test_ids_of_a_catalogue_file(self):
        ids = self.write("ids.csv", "injection_id\n1000000\n5\n")
        run = self.make_run("ids", SMALL, "--catalogue", ids)

        self.assert_ends(lensmill("extract", run, "--id", 5, "--fits", self.fits), 0)
        with fits.open(self.fits) as hdus:
            self.assertEqual(hdus[0].header["ROW"], 1)

    def test_old_files_are_replaced_and_results_repeat(self):
        self.fits.write_text("old")
        self.extract(1)
        first = self.fits.read_bytes(), self.png.read_bytes()
        self.extract(1)

        self.assertEqual((self.fits.read_bytes(), self.png.read_bytes()), first)


class Documented(Case):
    """docs/output-format.md against what runs write, both ways."""

    PAGE = pathlib.Path(os.environ.get("LENSMILL_SOURCE", pathlib.Path(__file__)
                                       .parents[2])) / "docs/output-format.md"

    def table(self, section):
        """name -> the row's other cells."""
        text = self.PAGE.read_text()
        part = re.search(rf"(?ms)^## /{section}/.*?(?=^## )", text)[0]
        rows = [[cell.strip() for cell in line.strip("|").split("|")]
                for line in part.splitlines() if line.startswith("| `")]
        return {row[0].strip("`"): row[1:] for row in rows}

    def written(self):
        """Datasets of runs that together use every column that can be written."""
        hosts = numpy.random.default_rng(1).normal(1.0, 0.1, (3, 20, 20)) + 1.0
        with h5py.File(self.folder / "hosts.h5", "w") as file:
            file["images"], file["ids"] = hosts[:, None], numpy.array([b"a", b"b", b"c"])
        y, x = numpy.mgrid[-7:8, -7:8]
        kernel = numpy.exp(-(x * x + y * y) / 8.0)
        fits.PrimaryHDU([kernel, 2 * kernel]).writeto(self.folder / "kernels.fits")
        cutouts = edited(SMALL, "host: none", "host: {cutouts: {file: hosts.h5, dataset: images,"
                         " id_dataset: ids, units: nmgy, pixel_scale_arcsec: 0.262, random_flip: true,"
                         " random_rotation: true}}")
        kernels = edited(SMALL, "{kind: gaussian, fwhm_pix: 4.0}",
                         "{kind: pixelised, file: kernels.fits, includes_pixel: true, "
                         "normalisation: unit, centring: keep}")
        snr = edited(SMALL, "src_flux_nmgy_r: 10.0", "src_target_snr: 30")
        snr = edited(snr, "noise:\n", "noise:\n  correlation: {r: {lags: [[1]]}}\n")
        fits.PrimaryHDU(numpy.pad(kernel, 15)).writeto(self.folder / "galaxy.fits")
        Table({"GAL_FILENAME": ["galaxy.fits"], "GAL_HDU": [0], "PIXEL_SCALE": [0.03],
               "IDENT": [7]}).write(self.folder / "galaxies.fits")
        galaxies = edited(SMALL, "host: none", "host: none\nsource: {galaxies: "
                          "{catalogue: galaxies.fits, random_flip: true}}")
        clumpy = edited(SMALL, "host: none", "host: none\nsource: {clumpy: {knots: 2, "
                        "knot_flux_fraction: 0.2, knot_reff_over_reff: 0.1}}")
        points = edited(SMALL, "host: none", "host: none\nsource: {point: {host: "
                        "{point_fraction: 0.5}}}")
        found = {}
        mass = (self.PAGE.parents[1] / "configs/mass_from_light.yaml").read_text()
        for name, text in (("rich", RICH), ("cutouts", cutouts), ("kernels", kernels),
                           ("snr", snr), ("galaxies", galaxies), ("clumpy", clumpy),
                           ("points", points),
                           ("mass", edited(mass, "count: 2000", "count: 3"))):
            with h5py.File(virtual_file(self.make_run(name, text))) as file:
                for group in ("images", "catalogue", "measurements"):
                    for key, dataset in file[group].items():
                        known = re.sub(r"_[grz]$", "_<band>", key)
                        known = re.sub(r"^(src_knot_.*)_\d+$", r"\1_<knot>", known)
                        key = known if group == "catalogue" else key
                        found.setdefault(group, {})[key] = (
                            dataset.attrs["unit"], dataset.attrs["description"],
                            dataset.shape[1:])
        return found

    def test_the_tables_are_what_is_written(self):
        written = self.written()
        # Only runs of PSFEx models and of hosts cut from survey images write these.
        elsewhere = {"psf_x_pix_<band>", "psf_y_pix_<band>",
                     "host_ra_deg", "host_dec_deg", "host_x_pix_<band>",
                     "host_y_pix_<band>", "host_offset_x_pix_<band>",
                     "host_offset_y_pix_<band>", "mask", "masked_fraction",
                     "core_masked_fraction"}

        for group in ("images", "catalogue", "measurements"):
            documented = set(self.table(group)) - elsewhere
            self.assertEqual(documented - set(written[group]), set(), "not written")
            self.assertEqual(set(written[group]) - documented, set(), "not documented")

    def test_units_and_descriptions_are_the_files_own(self):
        written = self.written()

        for group in ("catalogue", "measurements"):
            for name, cells in self.table(group).items():
                if name not in written[group]:
                    continue
                unit, description, _ = written[group][name]
                self.assertEqual(cells[-2], unit or "–", name)
                if name != "status":
                    # Axes follow, with the run's own bands and radii.
                    self.assertEqual(cells[-1].replace("`", ""),
                                     description.partition("; [")[0], name)

    def test_shapes_are_the_files_own(self):
        extents = {"N": (), "band": (2,), "radius": (2,), "bin": (8,), "5": (5,)}
        with h5py.File(virtual_file(self.make_run("rich", RICH))) as file:
            for name, cells in self.table("measurements").items():
                if name in ("masked_fraction", "core_masked_fraction"):
                    continue  # hosts of survey images only
                if name.endswith("_correlated"):
                    continue  # runs with noise.correlation only
                if name == "n_images_left_out":
                    continue  # point sources only
                axes = cells[0].strip("[]").split(", ")
                shape = sum((extents[axis] for axis in axes), ())
                self.assertEqual(file["measurements"][name].shape[1:], shape, name)


if __name__ == "__main__":
    unittest.main()
