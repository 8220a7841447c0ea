"""/images, /catalogue and /measurements have the same bytes for any number of ranks, any
shard size and any number of writing groups."""

import unittest

from support import RICH, Case, contents, edited, lensmill, virtual_file

ROWS = 400
BIG, ODD = 320, 100  # five blocks of checksums, and a size that no block divides


class SameBytes(Case):
    @classmethod
    def setUpClass(cls):
        cls.text = edited(edited(RICH, "count: 10", f"count: {ROWS}"),
                          "rows_per_shard: 64", f"rows_per_shard: {BIG}")

    def expected(self):
        """Of one process that runs alone."""
        if not hasattr(SameBytes, "reference"):
            SameBytes.reference = contents(
                virtual_file(self.make_run("reference", self.text)))
        return SameBytes.reference

    def compare(self, *settings, ranks):
        options = [piece for setting in settings for piece in ("--set", setting)]
        run = self.make_run("run", self.text, *options, ranks=ranks)
        self.assert_same_contents(contents(virtual_file(run)), self.expected())
        # Checksums are made in memory by the ranks: they must be those of the file.
        self.assert_ends(lensmill("verify", run, "--sample", 0), 0)

    def test_there_is_something_to_compare(self):
        expected = self.expected()
        different = [name for name, (_, _, data) in expected.items()
                     if len(set(data)) > 1]

        self.assertEqual(expected["images/positive"][1], (ROWS, 2, 16, 16))
        self.assertGreater(len(expected), 70)
        self.assertGreater(len(different), 50)

    def test_another_shard_size(self):
        self.compare(f"output.rows_per_shard={ODD}", ranks=0)

    def test_one_rank_under_mpirun(self):
        self.compare(ranks=1)

    def test_two_ranks(self):
        self.compare(ranks=2)

    def test_three_ranks_on_small_shards(self):
        # 100 rows are two blocks: the third rank has none and must take part all the same.
        self.compare(f"output.rows_per_shard={ODD}", ranks=3)

    def test_five_ranks_share_a_shard(self):
        self.compare(ranks=5)

    def test_two_groups_of_two_ranks(self):
        self.compare(f"output.rows_per_shard={ODD}", "output.writer_groups=2", ranks=2)

    def test_two_unequal_groups_of_five_ranks(self):
        self.compare(f"output.rows_per_shard={ODD}", "output.writer_groups=2", ranks=5)

    def test_three_groups(self):
        self.compare(f"output.rows_per_shard={ODD}", "output.writer_groups=3", ranks=3)

    def test_more_groups_than_ranks(self):
        self.compare(f"output.rows_per_shard={ODD}", "output.writer_groups=7", ranks=2)


if __name__ == "__main__":
    unittest.main()
