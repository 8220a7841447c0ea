"""Signals end a run with 75 and whole shards; kill -9 leaves nothing that is trusted;
--resume makes the rest and the bytes are those of a run in one go."""

import os
import pathlib
import shutil
import signal
import time
import unittest

from support import INTERRUPTED, RICH, TIME_LIMIT_S, Case, contents, edited, finish
from support import lensmill, shards, start, virtual_file

SHARDS = 12  # enough to be still at work when the signal comes
POLL_S = 0.002


class InterruptionCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.text = edited(RICH, "count: 10", f"count: {64 * SHARDS}")

    def setUp(self):
        super().setUp()
        self.config = self.write("rich.yaml", self.text)
        self.run = self.folder / "run"

    def expected(self):
        if not hasattr(InterruptionCase, "reference"):
            InterruptionCase.reference = contents(
                virtual_file(self.make_run("reference", self.text)))
        return InterruptionCase.reference

    def started(self, *options, shards_there=2, ranks=0):
        """A run of ours that has finished some shards and goes on."""
        process = start("run", self.config, "--output", self.run, *options, ranks=ranks)
        until = time.monotonic() + TIME_LIMIT_S
        while len(self.finished()) < shards_there:
            if process.poll() is not None or time.monotonic() > until:
                self.fail(f"no {shards_there} shards: {finish(process)}")
            time.sleep(POLL_S)
        return process

    def finished(self):
        folder = self.run / "shards"
        return sorted(name for name in (os.listdir(folder) if folder.exists() else [])
                      if name.endswith(".h5"))

    def assert_resumes(self, *options, ranks=0):
        """--resume keeps what is there and makes the rest."""
        kept = self.finished()
        self.assertTrue(0 < len(kept) < SHARDS, kept)
        changed = {name: (self.run / "shards" / name).stat().st_mtime_ns for name in kept}

        result = lensmill("run", self.config, "--output", self.run, "--resume", *options,
                          ranks=ranks)

        self.assert_ends(result, 0, f"{len(kept)} shards are there already, "
                                    f"{SHARDS - len(kept)} to make")
        for name, time_ns in changed.items():
            self.assertEqual((self.run / "shards" / name).stat().st_mtime_ns, time_ns)
        self.assertEqual(shards(self.run), [f"shard-{k:06}.h5" for k in range(SHARDS)])
        self.assert_same_contents(contents(virtual_file(self.run)), self.expected())


class Signals(InterruptionCase):
    def stopped_by(self, number, times=1):
        process = self.started()
        for _ in range(times):
            process.send_signal(number)
            time.sleep(POLL_S)
        result = finish(process)
        self.assert_ends(result, INTERRUPTED, "stopped on request; the finished shards "
                         "are kept: run again with --resume")
        self.assertTrue(all(name.endswith(".h5") for name in shards(self.run)))
        self.assertEqual(list(self.run.glob("*.h5")), [])

    def test_sigusr1_finishes_the_shard_in_hand(self):
        self.stopped_by(signal.SIGUSR1)
        self.assert_resumes()

    def test_sigterm(self):
        self.stopped_by(signal.SIGTERM)
        self.assert_resumes()

    def test_sigint(self):
        self.stopped_by(signal.SIGINT)
        self.assert_resumes()

    def test_sigterm_several_times_is_like_once(self):
        self.stopped_by(signal.SIGTERM, times=3)
        self.assert_resumes()

    def test_before_the_first_shard(self):
        # While files are opened and PSFs tested; earlier, before main has run, the
        # system ends the process as it ends any other.
        process = start("run", self.config, "--output", self.run)
        first_words = process.stderr.readline()
        process.send_signal(signal.SIGUSR1)
        result = finish(process)

        self.assertIn(f"{self.run}: ", first_words)
        self.assert_ends(result, INTERRUPTED, "run again with --resume")

    def test_of_mpirun_reach_all_ranks(self):
        process = self.started(ranks=2)
        process.send_signal(signal.SIGUSR1)

        self.assert_ends(finish(process), INTERRUPTED, "run again with --resume")
        self.assert_resumes(ranks=3)

    def one_rank_is_asked(self, ranks):
        """Shards go round robin to groups of a rank each, and one rank gets the signal,
        as by `kill`: the others leave their shares undone, too."""
        options = ("--set", "output.work_distribution=static",
                   "--set", f"output.writer_groups={ranks}")
        for asked in range(ranks):
            process = self.started(*options, ranks=ranks)
            os.kill(children(process.pid)[asked], signal.SIGUSR1)

            self.assert_ends(finish(process), INTERRUPTED, "run again with --resume")
            there = self.finished()
            for group in range(ranks):
                share = {f"shard-{k:06}.h5" for k in range(group, SHARDS, ranks)}
                self.assertTrue(share - set(there),
                                f"group {group} went on: {there}")
            if asked == ranks - 1:
                self.assert_resumes(*options, ranks=ranks)
            shutil.rmtree(self.run)

    def test_of_one_of_two_ranks_stops_both_static_shares(self):
        self.one_rank_is_asked(2)

    def test_of_one_of_three_ranks_stops_all_static_shares(self):
        self.one_rank_is_asked(3)

    def test_interrupted_runs_can_be_looked_at(self):
        self.stopped_by(signal.SIGUSR1)
        there = len(self.finished())

        info = self.assert_ends(lensmill("info", self.run), 0)
        self.assertIn(f"{there} shards are there", info.stdout)
        self.assertIn("INCOMPLETE: continue it with --resume", info.stdout)
        result = lensmill("verify", self.run, "--sample", 0)
        self.assertEqual(result.code, 65)
        self.assertIn(f"{there} of {SHARDS} shards are whole", result.stdout)
        self.assertIn("shard-000011.h5: missing", result.stdout)
        result = lensmill("finalize", self.run)
        self.assert_ends(result, INTERRUPTED, "shards are missing: continue with")


class Killed(InterruptionCase):
    def test_the_only_process(self):
        process = self.started()
        process.kill()
        finish(process)

        self.assert_resumes()

    def test_in_the_middle_of_a_shard_leaves_a_partial_file(self):
        process = self.started()
        partial = []
        until = time.monotonic() + TIME_LIMIT_S
        while not partial and time.monotonic() < until:
            partial = list((self.run / "shards").glob("*.partial"))
        process.kill()
        finish(process)

        self.assert_resumes()

    def test_one_of_three_ranks(self):
        process = self.started(ranks=3)
        ranks = children(process.pid)
        self.assertEqual(len(ranks), 3)
        os.kill(ranks[-1], signal.SIGKILL)

        result = finish(process)

        self.assertNotEqual(result.code, 0)
        self.assert_resumes(ranks=2)


def children(pid):
    """Processes that a process of ours has started."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(after_name[1]) == pid:
            found.append(int(entry.name))
    return sorted(found)


if __name__ == "__main__":
    unittest.main()
