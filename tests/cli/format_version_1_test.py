"""Runs of format version 1 (tests/data/run_version_1, made by the last program that wrote
it, commit 77ecf31): read by everything, checked as far as they can be, not continued."""

import os
import pathlib
import re
import shutil
import struct
import unittest

import h5py

from support import BAD_DATA, CONFIG, Case, lensmill, virtual_file

DATA = pathlib.Path(os.environ.get("LENSMILL_SOURCE", ".")) / "tests/data"
# Of the references to the heap of strings; the first lies in no attribute.
REFERENCES = slice(1, 5)


class Version1(Case):
    """A run made by the last program of version 1 (tests/data/run_version_1.yaml)."""

    def setUp(self):
        super().setUp()
        self.run = self.folder / "run"
        shutil.copytree(DATA / "run_version_1", self.run)

    def test_is_read(self):
        result = self.assert_ends(lensmill("verify", self.run, "--sample", 0), 0,
                                  "version 1 have no list of their datasets and no digests")
        self.assertIn("verified, as far as format version 1 allows", result.stdout)
        self.assert_ends(lensmill("finalize", self.run), 0)
        self.assert_ends(lensmill("verify", self.run, "--sample", 0), 0)
        self.assert_ends(lensmill("info", self.run), 0)
        self.assert_ends(lensmill("analyse", self.run), 0)
        self.assert_ends(lensmill("extract", self.run, "--id", 3, "--fits",
                                  self.folder / "3.fits"), 0)
        with h5py.File(virtual_file(self.run)) as file:
            self.assertEqual(list(file["catalogue/injection_id"]), [0, 1, 2, 3, 4, 5])
            self.assertEqual(len(file.attrs["bands"]),
                             file["measurements/arc_flux_nmgy"].shape[1])

    def test_its_values_are_checked(self):
        shard = self.run / "shards/shard-000000.h5"
        with h5py.File(shard, "r+") as file:
            file["catalogue/lens_q"][2] += 0.001

        result = lensmill("verify", self.run, "--sample", 0)

        self.assertEqual(result.code, BAD_DATA)
        self.assertIn("/catalogue/lens_q: rows 0 to 3 do not have the bytes",
                      result.stdout)

    def test_damage_does_not_crash(self):
        shard = self.run / "shards/shard-000000.h5"
        whole = shard.read_bytes()
        # What refers to strings: the heap's place, then the index of the string there.
        heap = struct.pack("<Q", whole.index(b"GCOL"))
        references = [found.start() for found in re.finditer(re.escape(heap), whole)]
        self.assertGreater(len(references), REFERENCES.stop)
        for at in references[REFERENCES]:
            with self.subTest(at):
                data = bytearray(whole)
                data[at + 8:at + 12] = struct.pack("<I", 0x0FFFFFF0)
                shard.write_bytes(data)

                for arguments in (("verify", self.run, "--sample", 0),
                                  ("analyse", self.run),
                                  ("extract", self.run, "--id", 0, "--fits",
                                   self.folder / "0.fits")):
                    result = lensmill(*arguments)
                    # HDF5 1.10 crashes on it, in a child; a newer one reports an error.
                    self.assertEqual(result.code, BAD_DATA, result)
                    self.assertIn(f"{shard}: damaged: ", result.stdout + result.stderr)

    def test_is_not_continued(self):
        (self.run / "shards/shard-000001.h5").unlink()
        for option in ("--resume", "--extend"):
            self.assert_ends(
                lensmill("run", self.run / "run.yaml", "--output", self.run, option),
                CONFIG, "shard-000000.h5: has format version 1, this program writes 2",
                "can be read", "--overwrite")
        self.assert_ends(lensmill("run", self.run / "run.yaml", "--output", self.run,
                                  "--overwrite"), 0)
        self.assert_ends(lensmill("verify", self.run), 0)

    def test_its_shards_are_not_mixed_with_newer_ones(self):
        old = (self.run / "shards/shard-000001.h5").read_bytes()
        self.assert_ends(lensmill("run", self.run / "run.yaml", "--output", self.run,
                                  "--overwrite"), 0)
        shard = self.run / "shards/shard-000001.h5"
        shard.write_bytes(old)
        mixed = (f"{shard}: has format version 1, but the run's first shard has 2: a run "
                 "has shards of one version")

        result = lensmill("verify", self.run, "--sample", 0)
        self.assertEqual(result.code, BAD_DATA, result)
        self.assertIn(mixed, result.stdout)
        for arguments in (("finalize", self.run), ("analyse", self.run),
                          ("extract", self.run, "--id", 5, "--fits",
                           self.folder / "5.fits")):
            self.assert_ends(lensmill(*arguments), BAD_DATA, mixed)
        self.assert_ends(
            lensmill("run", self.run / "run.yaml", "--output", self.run, "--resume"),
            CONFIG, f"{shard}: has format version 1, this program writes 2")


if __name__ == "__main__":
    unittest.main()
