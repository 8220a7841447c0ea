"""The configurations of the project, run as a user runs them, with few rows."""

import os
import pathlib
import unittest

import h5py

from support import Case, data_path, lensmill, virtual_file

CONFIGS = pathlib.Path(os.environ.get(
    "LENSMILL_SOURCE", pathlib.Path(__file__).parents[2])) / "configs"


class Configs(Case):
    def needs(self, config):
        if "${LENSMILL_DATA}" in config.read_text():
            data_path(self, "des-hosts/g.fits")
            data_path(self, "legacysurvey-decals/decam-00390498-S10-psfex.fits")

    def test_each_one_is_understood_and_its_files_open(self):
        configs = sorted(CONFIGS.glob("*.yaml"))
        self.assertGreater(len(configs), 5)
        for config in configs:
            with self.subTest(config.name):
                self.needs(config)

                result = lensmill("run", config, "--dry-run", "--output",
                                  self.folder / "run")

                self.assert_ends(result, 0, "dry run: nothing was written")

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

    def test_real_hosts_and_psfs(self):
        run = self.small_run("real_decals.yaml")

        with h5py.File(virtual_file(run)) as file:
            roles = [role.decode() for role in file["provenance/input_role"]]
            self.assertEqual(len(roles), 6)
            for name in ("host_index", "host_rotation", "psf_x_pix_g", "psf_y_pix_z"):
                self.assertIn(name, file["catalogue"])


if __name__ == "__main__":
    unittest.main()
