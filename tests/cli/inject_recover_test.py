"""From a survey brick to a completeness curve, as docs/recover.md tells it: a synthetic grz
brick, arcs about the red galaxies that cuts on its catalogue choose, a search for blue light
about them with and without arcs, `lensmill recover`, and several realisations added up."""

import csv
import json
import os
import pathlib
import subprocess
import sys
import unittest

import numpy
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from support import Case, lensmill

SOURCE = pathlib.Path(os.environ.get(
    "LENSMILL_SOURCE", pathlib.Path(__file__).parents[2]))
RED = 14
REALISATIONS = 3
CUTS = ["--cut", "TYPE=DEV,SER", "--cut", "r_minus_z=0.5,2.5", "--cut", "FLUX_Z=6,1e4"]


def script(*arguments, code=0, **variables):
    done = subprocess.run([sys.executable, "-B", *map(str, arguments)], text=True,
                          capture_output=True, env={**os.environ, **variables}, timeout=120)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def package(*arguments, code=0):
    return script("-m", "lensmill", *arguments, code=code,
                  PYTHONPATH=str(SOURCE / "python"))


class InjectRecover(Case):
    def setUp(self):
        super().setUp()
        self.brick = self.folder / "brick"
        script(SOURCE / "python/demo_brick.py", self.brick, "--side", 560, "--red", RED,
               "--others", 60)
        self.environment = {"LENSMILL_BRICK": str(self.brick)}

    def field(self, seed, *options):
        folder = self.folder / f"field{seed}"
        result = lensmill("field", SOURCE / "configs/field_lrgs.yaml", "--output", folder,
                          "--set", f"catalogue.sampled.count={RED}", "--set",
                          f"run.seed={seed}", *options, env=self.environment)
        self.assert_ends(result, 0)
        return folder

    def search(self, folder, *options):
        return script(SOURCE / "python/ring_search.py", folder, "--positions",
                      self.brick / "tractor.fits", *CUTS, *options)

    def recover(self, folder):
        result = lensmill("recover", folder, "--detections", folder / "search/found.fits",
                          "--empty", folder / "search/before.fits", "--radius", 1,
                          "--score", "snr")
        self.assert_ends(result, 0)
        return json.loads((folder / "recovery/recovery.json").read_text())

    def test_from_brick_to_completeness(self):
        fields = [self.field(seed, "--set", "priors.src_mag_r={uniform: [21, 25]}")
                  for seed in range(1, REALISATIONS + 1)]
        reports = []
        for folder in fields:
            self.search(folder, "--false-positives", 1)
            reports.append(self.recover(folder))

        # Arcs are where the catalogue's red galaxies are.
        catalogue = Table.read(self.brick / "tractor.fits")
        red = catalogue[numpy.char.strip(catalogue["TYPE"].astype(str)) == "DEV"]
        rows = fits.getdata(fields[0] / "truth.fits", "INJECTIONS")
        wcs = WCS(fits.getheader(fields[0] / "image-g.fits"))
        x, y = wcs.all_world2pix(red["RA"], red["DEC"], 0)
        numpy.testing.assert_allclose(rows["x_pix"], x, atol=1e-4)
        numpy.testing.assert_allclose(rows["y_pix"], y, atol=1e-4)
        # The paired field is the brick itself, whatever the seed.
        for folder in fields:
            numpy.testing.assert_array_equal(fits.getdata(folder / "empty-g.fits"),
                                             fits.getdata(self.brick / "image-g.fits"))
        # By the threshold's definition one galaxy of the empty field exceeds it.
        for report in reports:
            chance = report["injections"]["by_chance"]
            self.assertLessEqual(chance["part"], 1)

        said = package("add-recoveries", *fields, "-o", self.folder / "sum")

        total = json.loads((self.folder / "sum/recovery.json").read_text())
        self.assertIn(f"{REALISATIONS} fields, {RED * REALISATIONS} injections", said)
        for key in ("counted", "all"):
            self.assertEqual(total["injections"][key],
                             sum(report["injections"][key] for report in reports))
        # Bright arcs are found more often than faint ones.
        bins = next(table for table in total["completeness"]
                    if table["column"] == "arc_snr_g")["bins"]
        low, high = ([sum(entry["completeness"][key] for entry in some)
                      for key in ("part", "of")]
                     for some in ([b for b in bins if b["upper"] <= 20],
                                  [b for b in bins if b["lower"] >= 30]))
        self.assertGreater(min(low[1], high[1]), 5)
        self.assertGreater(high[0] / high[1], low[0] / low[1] + 0.3, (low, high))
        package("plot-recovery", self.folder / "sum", "--png", self.folder / "sum.png")
        self.assertGreater((self.folder / "sum.png").stat().st_size, 10000)

    def test_what_is_added_up(self):
        one = self.field(1)
        self.search(one, "--threshold", 6)
        report = self.recover(one)
        with open(one / "recovery/completeness.csv", encoding="ascii") as file:
            of_recover = list(csv.DictReader(file))

        package("add-recoveries", one, "-o", self.folder / "sum")

        with open(self.folder / "sum/completeness.csv", encoding="ascii") as file:
            added = list(csv.DictReader(file))
        # The same numbers, by another code: of one field the sum is the field.
        self.assertEqual(len(added), len(of_recover))
        for ours, theirs in zip(added, of_recover):
            self.assertEqual(list(ours), list(theirs))
            self.assertEqual(ours["column"], theirs["column"])
            for name in list(ours)[1:]:
                if theirs[name] in ("", "outside", "undefined"):
                    self.assertEqual(ours[name], theirs[name], (name, theirs))
                else:
                    self.assertAlmostEqual(float(ours[name]), float(theirs[name]),
                                           delta=1e-12)

        refused = package("add-recoveries", one, "-o", self.folder / "sum", code=65)
        self.assertIn("is there already", refused)
        twice = package("add-recoveries", one, one / "recovery", "-o", self.folder / "two",
                        code=65)
        self.assertIn("give each field once", twice)
        self.assertFalse((self.folder / "two").exists())
        other = self.folder / "other"
        for key, value, words in (("radius_arcsec", 2.0, "radius_arcsec is 2.0"),
                                  ("format", "x", "is no report"),
                                  ("bands", ["g"], "bands is ['g']")):
            (other / "recovery").mkdir(parents=True, exist_ok=True)
            changed = {**report, key: value}
            changed["inputs"] = {**report["inputs"], "truth": [
                {**report["inputs"]["truth"][0], "sha256": "0"}]}
            (other / "recovery/recovery.json").write_text(json.dumps(changed))
            self.assertIn(words, package("add-recoveries", one, other, "-o",
                                         self.folder / "two", code=65))
        self.assertIn("no recovery.json", package("add-recoveries", self.brick, "-o",
                                                  self.folder / "two", code=65))

    def test_a_search_that_cannot_be_made_says_why(self):
        one = self.field(1)

        self.assertIn("no more than --false-positives",
                      script(SOURCE / "python/ring_search.py", one, "--positions",
                             self.brick / "tractor.fits", *CUTS, "--false-positives", 99,
                             code=1))


if __name__ == "__main__":
    unittest.main()
