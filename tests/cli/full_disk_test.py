"""A disk that gets full: 74 and a message, no partial and no half-made shard, finished
shards kept; with room again the run goes on to the same bytes. Disks are file systems
in memory, mounted where nobody else sees them."""

import unittest

from support import IO, RICH, Case, Disk, contents, edited, lensmill, own_mounts, shards
from support import virtual_file

SHARDS = 5  # 1.1 MB each, and 1 MiB is reserved beside: two and a half fit on 4 MiB
ROOM_FOR_SOME, ROOM_FOR_ALL = "4m", "16m"


class FullDisk(Case):
    @classmethod
    def setUpClass(cls):
        cls.text = edited(RICH, "count: 10", f"count: {64 * SHARDS}")

    def setUp(self):
        super().setUp()
        self.config = self.write("rich.yaml", self.text)
        self.disk = Disk(self, self.folder / "disk", ROOM_FOR_SOME)
        self.run = self.disk.folder / "run"

    def run_into_it(self, *options, ranks):
        result = lensmill("run", self.config, "--output", self.run, *options, ranks=ranks)

        self.assert_ends(result, IO, f"{self.run}/shards/shard-00000",
                         ".h5.", ".partial: no room for a file of ", " bytes",
                         "(No space left on device)")
        there = shards(self.run)
        self.assertTrue(0 < len(there) < SHARDS, there)
        self.assertTrue(all(name.endswith(".h5") for name in there), there)
        self.assertEqual(sorted(path.name for path in self.run.iterdir()),
                         ["log", "run.yaml", "shards"])
        before = {name: (self.run / "shards" / name).read_bytes() for name in there}

        self.disk.resize(ROOM_FOR_ALL)
        again = lensmill("run", self.config, "--output", self.run, "--resume", *options,
                         ranks=ranks)

        self.assert_ends(again, 0, f"{len(there)} shards are there already")
        for name, whole in before.items():
            self.assertEqual((self.run / "shards" / name).read_bytes(), whole, name)
        self.assert_same_contents(contents(virtual_file(self.run)), self.expected())

    def expected(self):
        if not hasattr(FullDisk, "reference"):
            FullDisk.reference = contents(
                virtual_file(self.make_run("reference", self.text)))
        return FullDisk.reference

    def test_alone(self):
        self.run_into_it(ranks=0)

    def test_on_one_rank_under_mpirun(self):
        self.run_into_it(ranks=1)

    def test_on_two_ranks_that_write_together(self):
        self.run_into_it(ranks=2)

    def test_on_two_ranks_that_write_apart(self):
        self.run_into_it("--set", "output.writer_groups=2", ranks=2)

    def test_full_from_the_beginning(self):
        (self.disk.folder / "theirs").write_bytes(b"0" * (4 << 20))

        result = lensmill("run", self.config, "--output", self.run)

        self.assert_ends(result, IO, f"{self.run}/run.yaml", "No space left on device")
        left = [path.name for path in self.run.rglob("*") if path.is_file()]
        self.assertEqual(left, ["shards.lock"])

    def test_full_when_the_file_over_all_shards_is_made(self):
        self.disk.resize(ROOM_FOR_ALL)
        run = lensmill("run", self.config, "--output", self.run)
        self.assert_ends(run, 0)
        name = virtual_file(self.run)
        before = name.read_bytes()
        theirs = self.disk.folder / "theirs"
        with open(theirs, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"0" * 4096)
            except OSError:
                pass  # full

        result = lensmill("finalize", self.run)

        self.assert_ends(result, IO, f"{self.run}/rich.h5", "No space left on device")
        self.assertEqual(name.read_bytes(), before)
        self.assertEqual(virtual_file(self.run), name)
        theirs.unlink()
        self.assert_ends(lensmill("finalize", self.run), 0)


if __name__ == "__main__":
    own_mounts()
    unittest.main()
