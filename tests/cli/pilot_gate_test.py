"""jobs/check_pilot.py: a good pilot passes, and each kind of bad one fails by its name."""

import argparse
import contextlib
import importlib.util
import io
import os
import pathlib
import subprocess
import unittest

import h5py
import numpy

from support import RICH, TIME_LIMIT_S, Case, edited, lensmill, virtual_file

GATE = pathlib.Path(os.environ["LENSMILL_SOURCE"]) / "jobs/check_pilot.py"
ROWS = 600  # above the gate's own least number
TEXT = edited(RICH, "count: 10", f"count: {ROWS}")


class PilotGate(Case):
    def pilot(self, text=TEXT, *options):
        run = self.make_run("pilot", text, *options)
        self.assert_ends(lensmill("analyse", run), 0)
        return run

    def judged(self, run, *options):
        return subprocess.run(["/usr/bin/python3", "-B", GATE, run, *options],
                              capture_output=True, text=True, timeout=TIME_LIMIT_S)

    def assert_fails(self, run, check, *options):
        done = self.judged(run, *options)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"(?m)^  FAIL  {check}")
        self.assertIn(f"GATE FAILED: {check}.", done.stdout)

    def test_a_good_one(self):
        done = self.judged(self.pilot())

        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("  pass  "), 7, done.stdout)
        self.assertNotIn("not checked", done.stdout)

    def test_too_few_rows(self):
        self.assert_fails(self.pilot(), "rows", "--min-rows", str(ROWS + 1))

    def test_missing_rows(self):
        run = self.pilot()
        (run / "shards/shard-000001.h5").unlink()
        self.assert_ends(lensmill("analyse", run), 0)

        done = self.judged(run)

        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("FAIL  complete       536 of 600 rows, 9 of 10 shards", done.stdout)

    def test_failed_rows(self):
        # Sources of which one in five is far off the stamp: no flux there.
        text = edited(edited(TEXT, "src_offset: {disc: {radius_arcsec: 0.8}}",
                             "src_x_arcsec: {choice: [0.1, 0.2, 0.3, 0.4, 500.0]}\n"
                             "  src_y_arcsec: 0.0"),
                      "run: {", "run: {max_failed_fraction: 1.0, ")
        self.assert_fails(self.pilot(text), "failed", "--min-rows", "100")

    def test_a_bad_psf_that_the_run_accepted(self):
        text = edited(TEXT, "host:\n",
                      "convolve: {operator: legacy_ifftshift, oversample: 1}\nhost:\n")
        text = edited(text, "size_pix: [21, 21]", "size_pix: [15, 15]")
        text = edited(text, "psf:\n", "psf:\n  accept_failed_self_test: true\n")
        done = self.judged(self.pilot(text))

        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, r"FAIL  psf self-test  [1-9]\d* PSFs failed; "
                         "operator legacy_ifftshift")

    def test_pairs_that_are_not_pairs(self):
        run = self.pilot()
        for shard in (run / "shards").glob("*.h5"):
            with h5py.File(shard, "r+") as file:
                file["measurements/core_offset"][...] += 0.002  # a twentieth of its mean

        self.assert_fails(run, "null offset")

    def test_fractions_that_are_none(self):
        run = self.pilot()
        with h5py.File(run / "shards/shard-000000.h5", "r+") as file:
            file["measurements/core_flux_fraction"][:32] = float("nan")

        self.assert_fails(run, "core flux")

    def test_masked_cores_are_left_out_and_counted(self):
        spec = importlib.util.spec_from_file_location("check_pilot", GATE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        fraction = numpy.full((1000, 1, 1), 0.5)
        fraction[:300] = numpy.nan
        masked = numpy.zeros_like(fraction)
        masked[:300] = 1.0
        options = argparse.Namespace(max_strange_fraction=1e-3)

        def failed(fraction, masked):
            gate = module.Gate()
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                module.check_core_flux(gate, fraction, masked, options)
            return gate.failed, said.getvalue()

        self.assertEqual(failed(fraction, masked)[0], [])
        self.assertIn("300 are undefined, their aperture being masked",
                      failed(fraction, masked)[1])
        self.assertEqual(failed(fraction, None)[0], ["core flux"])
        fraction[400] = numpy.nan  # and one that nothing excuses
        fraction[401] = 2.0
        self.assertEqual(failed(fraction, masked)[0], ["core flux"])
        self.assertEqual(failed(numpy.full_like(fraction, numpy.nan), None)[0],
                         ["core flux"])

    def test_offsets_that_are_none(self):
        """All of them, or a few: with none left there is nothing to be wrong about."""
        run = self.pilot()
        for rows in (slice(0, 1), slice(None)):
            for shard in (run / "shards").glob("*.h5"):
                with h5py.File(shard, "r+") as file:
                    file["measurements/core_offset"][rows] = float("nan")

            self.assert_fails(run, "offsets")

    def test_few_hosts_in_a_split_are_said(self):
        run = self.pilot()
        with h5py.File(virtual_file(run), "r+") as file:
            split = file["catalogue/split"][...]
            file["catalogue/host_index"] = [k % 40 if s == 0 else k % 9
                                            for k, s in enumerate(split)]

        done = self.judged(run)

        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^  warn  hosts          validation has \d, "
                         "fewer than 10")
        self.assertNotIn("train has", done.stdout)

    def test_no_run_no_pass(self):
        done = self.judged(self.folder / "nothing")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be judged", done.stdout)

    def test_not_analysed(self):
        run = self.make_run("pilot", TEXT)
        self.assertTrue(virtual_file(run).exists())
        self.assertEqual(self.judged(run).returncode, 1)


if __name__ == "__main__":
    unittest.main()
