"""Damaged shards: --resume makes again what HDF5 cannot open, verify finds every changed
byte; and folders that are no run are refused with 65."""

import unittest

import h5py

from support import BAD_DATA, CONFIG, RICH, SMALL, Case, contents, edited, lensmill, shards
from support import virtual_file

ROWS = 150  # three shards


class DamageCase(Case):
    def setUp(self):
        super().setUp()
        self.text = edited(RICH, "count: 10", f"count: {ROWS}")
        self.run = self.make_run("run", self.text)
        self.whole = contents(virtual_file(self.run))
        self.shard = self.run / "shards/shard-000001.h5"

    def verify(self, *options, code=BAD_DATA, says=()):
        result = lensmill("verify", self.run, *options)
        self.assertEqual(result.code, code, result)
        for piece in says:
            self.assertIn(str(piece), result.stdout)
        self.assertIn("verified" if code == 0 else "NOT verified", result.stdout)
        return result

    def resume(self):
        return lensmill("run", self.folder / "run.yaml", "--output", self.run, "--resume")

    def assert_made_again(self, *says):
        self.assert_ends(self.resume(), 0, "2 shards are there already, 1 to make", *says)
        self.assert_same_contents(contents(virtual_file(self.run)), self.whole)
        self.verify(code=0, says=["3 of 3 shards are whole", "every checksum agrees"])


class MadeAgain(DamageCase):
    def test_a_truncated_shard(self):
        whole = self.shard.read_bytes()
        for size in (len(whole) - 1, len(whole) // 2, 100, 0):
            with self.subTest(size):
                self.shard.write_bytes(whole[:size])

                self.verify("--sample", 0, says=["2 of 3 shards are whole",
                                                 f"{self.shard}: not a complete HDF5"])
                self.assert_made_again("shards that will be made again:\n", self.shard)

    def test_a_shard_of_garbage(self):
        self.shard.write_bytes(b"garbage " * 10000)

        self.verify("--sample", 0, says=[f"{self.shard}: not a complete HDF5 file"])
        self.assert_made_again(self.shard, "not a complete HDF5 file")

    def test_a_shard_that_is_gone(self):
        self.shard.unlink()

        self.verify("--sample", 0, says=["1 problems", f"{self.shard}: missing"])
        self.assert_made_again()

    def test_a_shard_under_another_ones_name(self):
        self.shard.write_bytes((self.run / "shards/shard-000000.h5").read_bytes())

        self.verify("--sample", 0, says=[f"{self.shard}: contains shard 0, rows 0 to 63, "
                                         "where 64 to 127 belong"])
        self.assert_made_again(f"{self.shard}: says it is shard 0")

    def test_an_hdf5_file_that_is_no_shard(self):
        with h5py.File(self.shard, "w") as file:
            file["x"] = 1

        self.verify("--sample", 0, says=[f"{self.shard}: not a shard"])
        self.assert_made_again(f"{self.shard}: not a shard")

    def test_the_file_over_all_shards_is_no_part_of_the_truth(self):
        name = virtual_file(self.run)
        # Who reads it would be misled by damage, not by its absence.
        for damage, found in ((name.unlink, False),
                              (lambda: name.write_bytes(b"garbage"), True)):
            damage()
            self.verify(code=BAD_DATA if found else 0,
                        says=[f"{name}: not a complete HDF5", "`lensmill finalize` makes "
                              "it again"] if found else [])
            self.assert_ends(lensmill("finalize", self.run), 0)
            self.assert_same_contents(contents(name), self.whole)


class FoundByVerify(DamageCase):
    def changed(self, dataset, row):
        """One bit of the first byte of a row, changed in the file."""
        with h5py.File(self.shard) as file:
            data = file[dataset]
            at = data.id.get_offset() + row * data[0].nbytes
        stored = bytearray(self.shard.read_bytes())
        stored[at] ^= 1
        self.shard.write_bytes(stored)

    def test_one_bit_of_an_image(self):
        self.changed("images/positive", 5)

        self.verify("--sample", 0, says=[
            "1 problems", f"{self.shard}: /images/positive: rows 0 to 63 do not have the "
            "bytes they were written with"])

    def test_one_bit_of_any_kind_of_dataset(self):
        for dataset in ("catalogue/injection_id", "catalogue/lens_q",
                        "measurements/core_flux_fraction", "measurements/image_kind",
                        "measurements/rendered"):
            self.changed(dataset, 63)
            self.verify("--sample", 0, says=[f"/{dataset}: rows 0 to 63 do not have"])
            self.changed(dataset, 63)

    def test_resume_does_not_trust_less_than_it_says(self):
        # Looking at every byte is verify's work; resume sees files that do not open.
        self.changed("images/positive", 5)

        self.assert_ends(self.resume(), 0, "3 shards are there already, 0 to make")
        self.verify()

    def test_rows_that_are_rendered_again(self):
        with h5py.File(self.shard, "r+") as file:
            file["measurements/arc_flux_nmgy"][...] *= 1.001

        result = self.verify("--sample", ROWS,
                             says=[f"{ROWS} rows rendered again and compared byte for "
                                   "byte: 64 differences", "/measurements/arc_flux_nmgy "
                                   "differs when rendered again", "... and 44 more"])
        self.assertIn("row 64 (shard-000001.h5)", result.stdout)

    def test_a_shard_of_another_run(self):
        other = self.make_run("other", edited(self.text, "seed: 20260206", "seed: 1"))
        self.shard.write_bytes((other / "shards/shard-000001.h5").read_bytes())

        self.verify("--sample", 0, says=[f"{self.shard}: made by another configuration or "
                                         "other inputs"])
        self.assert_ends(self.resume(), 78, f"{self.shard}: made by another configuration")

    def test_under_mpirun_the_same_is_found(self):
        self.changed("images/positive", 5)
        alone = self.verify("--sample", 10)

        together = lensmill("verify", self.run, "--sample", 10, ranks=2)

        self.assertEqual(together.code, BAD_DATA)
        self.assertEqual(together.stdout, alone.stdout)


class NoRun(Case):
    def test_a_folder_without_run_yaml(self):
        folder = self.folder / "folder"
        folder.mkdir()

        for command in (("info", folder), ("verify", folder), ("finalize", folder),
                        ("extract", folder, "--id", 1, "--png", self.folder / "x.png")):
            self.assert_ends(lensmill(*command), BAD_DATA,
                             f"{folder}: not a run (it has no run.yaml)")
        self.assertEqual(list(folder.iterdir()), [])

    def test_nothing_there(self):
        nothing = self.folder / "nothing"

        for command in (("info", nothing), ("verify", nothing), ("finalize", nothing),
                        ("extract", nothing, "--id", 1, "--png", self.folder / "x.png")):
            self.assert_ends(lensmill(*command), BAD_DATA,
                             f"{nothing}: no such file or folder")

    def test_files_of_another_kind(self):
        text = self.write("notes.txt", "notes")
        hdf5 = self.folder / "other.h5"
        with h5py.File(hdf5, "w") as file:
            file["x"] = 1

        self.assert_ends(lensmill("info", text), BAD_DATA,
                         f"{text}: not a complete HDF5 file")
        self.assert_ends(lensmill("info", hdf5), BAD_DATA,
                         f"{hdf5}: not a file of lensmill")

    def test_a_run_yaml_of_something_else(self):
        for text, code, says in (("a: 1\n", BAD_DATA, "has no run.name"),
                                 ("]", CONFIG, "not valid YAML"),
                                 ("", CONFIG, "the configuration is empty")):
            yaml = self.write("folder/run.yaml", text)
            for command in ("info", "verify", "finalize"):
                self.assert_ends(lensmill(command, yaml.parent), code, yaml, says)

    def test_no_shard_yet(self):
        run = self.make_run("run", SMALL)
        for name in shards(run):
            (run / "shards" / name).unlink()

        result = lensmill("extract", run, "--id", 1, "--png", self.folder / "x.png")
        self.assert_ends(result, BAD_DATA, "no injection with id 1")
        result = lensmill("verify", run)
        self.assertEqual(result.code, BAD_DATA)
        self.assertIn("shard-000000.h5: missing", result.stdout)
        self.assert_ends(lensmill("finalize", run), 75, "shards are missing")


if __name__ == "__main__":
    unittest.main()
