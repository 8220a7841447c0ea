"""Several jobs on one run: each its own shards, at the same time; never the same ones."""

import unittest

from support import BAD_DATA, INTERRUPTED, RICH, USAGE, Case, contents, edited, finish
from support import lensmill, shards, start, virtual_file

SHARDS = 6


class JobCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.text = edited(RICH, "count: 10", f"count: {64 * SHARDS - 5}")

    def setUp(self):
        super().setUp()
        self.config = self.write("rich.yaml", self.text)
        self.run = self.folder / "run"

    def expected(self):
        if not hasattr(JobCase, "reference"):
            JobCase.reference = contents(
                virtual_file(self.make_run("reference", self.text)))
        return JobArray.reference

    def job(self, *options, **how):
        return start("run", self.config, "--output", self.run, *options, **how)


class JobArray(JobCase):
    def test_two_jobs_one_after_the_other_and_finalize(self):
        first = finish(self.job("--shards", "0-2"))
        self.assert_ends(first, 0, "shards 0 to 2 are there; `lensmill finalize "
                         f"{self.run}` when all jobs have ended")
        self.assertEqual(list(self.run.glob("*.h5")), [])
        self.assert_ends(lensmill("finalize", self.run), INTERRUPTED)
        # A range may reach beyond the end.
        self.assert_ends(finish(self.job("--shards", "3-99")), 0)

        result = lensmill("finalize", self.run)

        self.assert_ends(result, 0)
        self.assertIn(f"{SHARDS} of {SHARDS} shards", result.stdout)
        self.assert_same_contents(contents(virtual_file(self.run)), self.expected())

    def test_jobs_that_begin_together(self):
        jobs = [self.job("--shards", str(shard)) for shard in range(SHARDS)]

        for job in jobs:
            self.assert_ends(finish(job), 0)
        self.assert_ends(lensmill("finalize", self.run), 0)
        self.assert_same_contents(contents(virtual_file(self.run)), self.expected())

    def test_two_jobs_of_two_ranks(self):
        jobs = [self.job("--shards", shards, ranks=2) for shards in ("0-2", "3-5")]

        for job in jobs:
            self.assert_ends(finish(job), 0)
        self.assert_ends(lensmill("finalize", self.run, ranks=2), 0)
        self.assert_same_contents(contents(virtual_file(self.run)), self.expected())

    def test_finalize_may_be_repeated_and_run_twice_at_once(self):
        self.assert_ends(finish(self.job()), 0)
        before = virtual_file(self.run).read_bytes()
        jobs = [start("finalize", self.run) for _ in range(3)]

        results = [finish(job) for job in jobs]

        for result in results:
            self.assert_ends(result, 0)
        self.assertEqual(virtual_file(self.run).read_bytes(), before)
        self.assertEqual(sorted(path.name for path in self.run.iterdir()),
                         ["log", "provenance.json", "rich.h5", "run.yaml", "shards"])

    def test_a_shard_that_is_there_is_not_made_again(self):
        self.assert_ends(finish(self.job("--shards", "1")), 0)
        first = (self.run / "shards/shard-000001.h5").stat().st_mtime_ns

        result = finish(self.job("--shards", "0-1"))

        self.assert_ends(result, 0, "1 shards are there already, 1 to make")
        self.assertEqual((self.run / "shards/shard-000001.h5").stat().st_mtime_ns, first)

    def test_shards_that_are_none(self):
        for text, says in (("6", "the run has 6 shards, 0 to 5"),
                           ("2-1", "like 12 or 0-99"), ("x", "like 12 or 0-99"),
                           ("-1", "--shards"), ("1-2-3", "like 12 or 0-99")):
            self.assert_ends(finish(self.job("--shards", text)), USAGE, says)
        self.assertFalse(self.run.exists())

    def test_a_job_with_another_configuration_is_refused(self):
        self.assert_ends(finish(self.job("--shards", "0")), 0)

        result = finish(self.job("--shards", "1", "--set", "run.seed=1"))

        self.assert_ends(result, 78, "run.seed: 20260206 -> 1")
        self.assertEqual(shards(self.run), ["shard-000000.h5"])


class TheSameShards(JobCase):
    """Of two jobs that want the same shards one makes them, the other says so."""

    def one_of(self, jobs):
        results = sorted((finish(job) for job in jobs), key=lambda result: result.code)
        self.assertEqual(results[0].code, 0, results[0])
        for refused in results[1:]:
            # The later one comes while the other is at work, or when it is done.
            self.assertEqual(refused.code, USAGE, refused)
            self.assertRegex(refused.stderr, "another job is making|is there already")
        self.assert_ends(lensmill("finalize", self.run), 0)
        self.assert_same_contents(contents(virtual_file(self.run)), self.expected())
        self.assert_ends(lensmill("verify", self.run, "--sample", 0), 0)

    def test_new_runs(self):
        self.one_of([self.job(), self.job()])

    def test_overwriting_does_not_take_a_running_jobs_shards_away(self):
        self.assert_ends(finish(self.job()), 0)
        self.one_of([self.job("--overwrite"), self.job("--overwrite")])

    def test_resuming_while_the_first_runs(self):
        self.assert_ends(finish(self.job("--shards", "0")), 0)
        jobs = [self.job("--resume") for _ in range(3)]
        codes = [(result := finish(job)).code for job in jobs]

        self.assertIn(0, codes)
        self.assertEqual(set(codes) - {0, USAGE}, set(), codes)
        self.assertEqual(len(shards(self.run)), SHARDS, result)
        self.assert_same_contents(contents(virtual_file(self.run)), self.expected())

    def test_overlapping_ranges(self):
        jobs = [self.job("--shards", "0-3"), self.job("--shards", "2-5")]
        results = [finish(job) for job in jobs]

        self.assertIn(0, [result.code for result in results])
        for result in results:
            if result.code != 0:
                self.assert_ends(result, USAGE, f"{self.run}: another job is making some "
                                 "of the shards", "do not overlap")
        self.assertIn(lensmill("verify", self.run, "--sample", 0).code, (0, BAD_DATA))
        self.assert_ends(finish(self.job("--resume")), 0)
        self.assert_same_contents(contents(virtual_file(self.run)), self.expected())


if __name__ == "__main__":
    unittest.main()
