"""The configurations of the project, run as a user runs them, with few rows."""

import os
import pathlib
import subprocess
import unittest

import h5py
from astropy.table import Table

from support import Case, data_path, lensmill, virtual_file

CONFIGS = pathlib.Path(os.environ.get(
    "LENSMILL_SOURCE", pathlib.Path(__file__).parents[2])) / "configs"


class Configs(Case):
    def needs(self, config):
        if "${LENSMILL_DATA}" in config.read_text():
            data_path(self, "des-hosts/g.fits")
            data_path(self, "legacysurvey-decals/decam-00390498-S10-psfex.fits")
            data_path(self, "cosmos-sources/real_galaxy_catalog_23.5.fits")
        if "${LENSMILL_BRICK}" in config.read_text() and "LENSMILL_BRICK" not in os.environ:
            brick = self.folder / "brick"
            subprocess.run(["/usr/bin/python3", "-B", CONFIGS.parent / "python/demo_brick.py",
                            brick, "--side", "260", "--red", "3", "--others", "5"],
                           check=True, capture_output=True, timeout=60)
            os.environ["LENSMILL_BRICK"] = str(brick)
            self.addCleanup(os.environ.pop, "LENSMILL_BRICK")

    def test_each_one_is_understood_and_its_files_open(self):
        configs = sorted(CONFIGS.glob("*.yaml"))
        self.assertGreater(len(configs), 5)
        for config in configs:
            with self.subTest(config.name):
                self.needs(config)

                result = lensmill("run", config, "--dry-run", "--output",
                                  self.folder / "run")

                self.assert_ends(result, 0, "dry run: nothing was written")

    def test_the_psfs_of_each_one_pass(self):
        configs = sorted(CONFIGS.rglob("*.yaml"))
        self.assertGreater(len(configs), 20)
        for config in configs:
            with self.subTest(config.name):
                self.needs(config)

                result = lensmill("psf-test", config)

                self.assert_ends(result, 0)
                self.assertIn("PSFs tested: 0 failed", result.stdout)

    def small_run(self, name):
        config = CONFIGS / name
        self.needs(config)
        run = self.folder / "run"
        result = lensmill("run", config, "--set", "catalogue.sampled.count=40",
                          "--output", run)
        self.assert_ends(result, 0)
        self.assertIn("40 of 40 rows", result.stdout)
        self.assert_ends(lensmill("verify", run, "--sample", 10), 0)
        with h5py.File(virtual_file(run)) as file:
            self.assertEqual(file["images/positive"].shape, (40, 3, 64, 64))
        return run

    def test_quickstart(self):
        self.small_run("quickstart.yaml")

    def galaxies_within_the_cuts(self):
        """Their IDENTs, by the cuts of configs/galaxy_sources.yaml."""
        folder = data_path(self, "cosmos-sources")
        noise = Table.read(folder / "real_galaxy_catalog_23.5.fits")
        fitted = Table.read(folder / "real_galaxy_catalog_23.5_fits.fits")
        self.assertEqual(list(noise["IDENT"]), list(fitted["IDENT"]))
        kept = ((fitted["mag_auto"] <= 23.5) & (fitted["mag_auto"] >= 15.0)
                & (noise["NOISE_VARIANCE"] <= 1.0e-5) & (fitted["flux_radius"] >= 10.0)
                & (fitted["flux_radius"] <= 100.0))
        return list(noise["IDENT"][kept])

    def test_real_galaxies_as_sources(self):
        run = self.small_run("galaxy_sources.yaml")

        with h5py.File(virtual_file(run)) as file:
            kept = self.galaxies_within_the_cuts()
            self.assertTrue(3 < len(kept) < 10, kept)
            self.assertEqual(set(file["catalogue/src_image_index"]), set(range(len(kept))))
            self.assertEqual(set(file["catalogue/src_image_id"]), set(kept))
            self.assertLess(max(file["measurements/status"]), 10)

    def test_everything_real_and_its_gallery(self):
        run = self.small_run("real_survey.yaml")

        with h5py.File(virtual_file(run)) as file:
            self.assertLess(max(file["measurements/status"]), 10)
            self.assertGreater(len(set(file["catalogue/host_index"])), 3)
            self.assertGreater(len(set(file["catalogue/src_image_index"])), 3)
            self.assertGreater(file["images/mask"][:].sum(), 0)
            # Each host has the kernel of its own place.
            sums = file["measurements/psf_centroid_x_pix"][:, 0]
            self.assertGreater(len(set(sums)), 3)
        picture = self.folder / "pairs.png"
        made = subprocess.run(
            ["/usr/bin/python3", "-B", "-m", "lensmill", "pair-gallery", run, "--png",
             picture, "--count", "12"], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(CONFIGS.parent / "python")})
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn("12 pairs", made.stdout)
        self.assertTrue(picture.read_bytes().startswith(b"\x89PNG"))

    def test_clumpy_sources(self):
        run = self.small_run("clumpy_sources.yaml")

        with h5py.File(virtual_file(run)) as file:
            self.assertIn("src_knot_flux_share_7", file["catalogue"])
            self.assertLess(max(file["measurements/status"]), 10)

    def test_point_sources(self):
        run = self.small_run("point_sources.yaml")

        with h5py.File(virtual_file(run)) as file:
            self.assertIn("src_point_fraction", file["catalogue"])
            self.assertIn("n_images_left_out", file["measurements"])
            self.assertLess(max(file["measurements/status"]), 10)
            self.assertGreater(max(file["measurements/n_images"]), 3)

    def test_real_hosts_and_psfs(self):
        run = self.small_run("real_decals.yaml")

        with h5py.File(virtual_file(run)) as file:
            roles = [role.decode() for role in file["provenance/input_role"]]
            self.assertEqual(len(roles), 6)
            for name in ("host_index", "host_rotation", "psf_x_pix_g", "psf_y_pix_z"):
                self.assertIn(name, file["catalogue"])


if __name__ == "__main__":
    unittest.main()
