"""Synthetic input files (jobs/demo-data.sh) on which every shipped configuration runs."""

import hashlib
import subprocess
import unittest

import h5py

from configs_test import CONFIGS
from support import Case, lensmill, use_data, virtual_file

ROWS = 8
# Configurations of input files, and what their runs must show.
CONFIGS_WITH_FILES = ["galaxy_gallery", "galaxy_sources", "real_decals", "real_survey",
                      "survey_hosts"]


def make(folder, *arguments):
    return subprocess.run([CONFIGS.parent / "jobs/demo-data.sh", folder, *arguments],
                          capture_output=True, text=True, timeout=120)


def digests(folder):
    return {path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


class DemoData(Case):
    def test_every_configuration_that_needs_files_runs_on_it(self):
        data = self.folder / "data"
        made = make(data)
        self.assertEqual(made.returncode, 0, made.stderr)
        needing = sorted(config.stem for config in CONFIGS.glob("*.yaml")
                         if "_DATA}/" in config.read_text())
        self.assertEqual(needing, CONFIGS_WITH_FILES)
        use_data(data)
        for name in needing:
            with self.subTest(name):
                run = self.folder / name
                drawn = ["--set", f"catalogue.sampled.count={ROWS}"]
                result = lensmill("run", CONFIGS / f"{name}.yaml", "--output", run,
                                  *(drawn if name != "galaxy_gallery" else []))

                self.assert_ends(result, 0)
                with h5py.File(virtual_file(run)) as file:
                    self.assertLess(max(file["measurements/status"]), 10)
                    arc = file["images/arc"][:]
                    self.assertGreater(arc.max(axis=(1, 2, 3)).min(), 0.0)

    def test_the_same_seed_gives_the_same_files(self):
        for name in ("one", "again"):
            self.assertEqual(make(self.folder / name, "--seed", "3").returncode, 0)
        one = digests(self.folder / "one")

        self.assertGreater(len(one), 100)
        self.assertEqual(one, digests(self.folder / "again"))


if __name__ == "__main__":
    unittest.main()
