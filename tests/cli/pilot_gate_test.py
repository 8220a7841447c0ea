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
spec = importlib.util.spec_from_file_location("check_pilot", GATE)
check_pilot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_pilot)
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
        fraction = numpy.full((1000, 1, 1), 0.5)
        fraction[:300] = numpy.nan
        masked = numpy.zeros_like(fraction)
        masked[:300] = 1.0
        options = argparse.Namespace(max_strange_fraction=1e-3)

        def failed(fraction, masked):
            gate = check_pilot.Gate()
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                check_pilot.check_core_flux(gate, fraction, masked, options)
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


class Limits(unittest.TestCase):
    """Each of the gate's own limits, just on either side."""

    options = check_pilot.command_line().parse_args(["RUN"])

    def said(self, check, *arguments):
        """The checks that fail, and what is printed."""
        gate, said = check_pilot.Gate(), io.StringIO()
        with contextlib.redirect_stdout(said):
            check(gate, *arguments)
        return gate.failed, said.getvalue()

    def failed(self, check, *arguments):
        return self.said(check, *arguments, self.options)[0]

    def test_rows(self):
        def of(**changed):
            rows = {"rows": 1000, "rows_planned": 1000, "shards": 2, "shards_planned": 2,
                    "rows_analysed": 500, "rows_failed": 10, **changed}
            return self.failed(check_pilot.check_rows, rows)

        self.assertEqual(of(), [])
        self.assertEqual(of(rows_analysed=499), ["rows"])
        self.assertEqual(of(rows_failed=11), ["failed"])
        self.assertEqual(of(shards=1), ["complete"])
        self.assertEqual(of(rows=999, rows_failed=9), ["complete"])

    def test_core_flux_fractions(self):
        def of(value, rows, masked=None):
            fraction = numpy.full((10000, 1, 1), 0.5)
            fraction[:rows] = value
            if masked is not None:
                masked = numpy.where(numpy.arange(10000) < rows, masked,
                                     0.0).reshape(fraction.shape)
            return self.failed(check_pilot.check_core_flux, fraction, masked)

        for value, strange in ((numpy.nan, True), (-0.051, True), (1.051, True),
                               (-0.049, False), (1.049, False)):
            self.assertEqual(of(value, 9), [], value)
            self.assertEqual(of(value, 11), ["core flux"] if strange else [], value)
        # Wholly masked, to single precision.
        self.assertEqual(of(numpy.nan, 11, 0.99995), [])
        self.assertEqual(of(numpy.nan, 11, 0.99985), ["core flux"])

    def test_offsets(self):
        def of(rows, masked=0.0):
            offset = numpy.zeros((10000, 1, 1))
            offset[:rows] = numpy.nan
            mask = numpy.zeros_like(offset)
            mask[:rows] = masked
            return self.failed(
                check_pilot.check_offsets,
                {"core_offset": offset, "core_masked_fraction": mask},
                numpy.ones(10000, bool))

        self.assertEqual(of(9), [])
        self.assertEqual(of(11), ["offsets"])
        self.assertEqual(of(11, 0.99995), [])
        self.assertEqual(of(11, 0.99985), ["offsets"])

    def test_null_offsets(self):
        def of(sigmas):
            rest = numpy.where(numpy.arange(1000) % 2, 1.0, -1.0)
            rest += sigmas * numpy.std(rest, ddof=1) / numpy.sqrt(len(rest))
            with h5py.File("null.h5", "w", driver="core", backing_store=False) as file:
                file["core_flux_fraction"] = numpy.zeros((1000, 1, 1))
                file["arc_flux_nmgy"] = numpy.ones((1000, 1))
                file["core_offset"] = rest.reshape(1000, 1, 1)
                return self.failed(check_pilot.check_null_offsets, file, (["r"], [3.0]),
                                   numpy.ones(1000, bool), "pixel_overlap")

        for sigmas in (4.99, -4.99):
            self.assertEqual(of(sigmas), [])
        for sigmas in (5.01, -5.01):
            self.assertEqual(of(sigmas), ["null offset"])

    def test_few_hosts(self):
        def of(hosts):
            catalogue = {"host_index": numpy.arange(100) % hosts,
                         "split": numpy.zeros(100, int)}
            return self.said(check_pilot.warn_of_few_hosts, catalogue)[1]

        self.assertEqual(of(10), "")
        self.assertIn("train has 9, fewer than 10", of(9))


if __name__ == "__main__":
    unittest.main()
