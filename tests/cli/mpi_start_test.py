"""An MPI that fails at start, or under the program, ends all ranks with 74 and a sentence:
its calls fail by a preloaded library (tests/support/faults.c). A process alone starts no
daemon of MPI."""

import os
import pathlib
import time
import unittest

from support import INTERRUPTED, IO, SMALL, Case, edited, finish, start

FAULTS = os.environ.get("LENSMILL_FAULTS", "")
BOUND_S = 60
ANY_MPI_ERROR = 16  # MPI_ERR_OTHER of Open MPI


class Alone(Case):
    def test_there_is_no_daemon(self):
        config = self.write("small.yaml", edited(SMALL, "count: 10", "count: 640000"))
        run = self.folder / "run"
        process = start("run", config, "--output", run)
        until = time.monotonic() + BOUND_S
        while not list(run.glob("shards/*.h5")):
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)
        children = pathlib.Path(
            f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        names = [pathlib.Path(f"/proc/{child}/comm").read_text() for child in children]
        process.terminate()
        self.assert_ends(finish(process), INTERRUPTED)
        self.assertEqual(names, [])


class MpiFails(Case):
    def with_fault(self, function, *options, nth=1, rank=None, ranks=0):
        config = self.write("small.yaml", SMALL)
        log = self.folder / "faults.log"
        order = f"mpi;{function};{nth};{ANY_MPI_ERROR}" + (
            "" if rank is None else f";{rank}")
        result = finish(start("run", config, "--output", self.folder / "run",
                              *options, ranks=ranks,
                              env={"LD_PRELOAD": FAULTS, "LENSMILL_FAULT": order,
                                   "LENSMILL_FAULT_LOG": str(log)}), BOUND_S)
        self.assertTrue(log.exists(), f"the fault {order} did not happen: {result}")
        return result

    def assert_ends_with_a_sentence(self, result, *pieces):
        self.assert_ends(result, IO, *pieces, absent=("terminate called",))
        # Of ranks and launcher at once: lines may be mixed.
        self.assertIn("lensmill: ", result.stderr)

    def test_that_cannot_be_initialised(self):
        self.assert_ends_with_a_sentence(
            self.with_fault("MPI_Init_thread"),
            "MPI could not be started: MPI_Init_thread failed", "nothing was computed")

    def test_whose_ranks_cannot_reach_each_other(self):
        # Open MPI 5 looks for ways between ranks when the first communicator is made.
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                self.assert_ends_with_a_sentence(
                    self.with_fault("MPI_Comm_dup", ranks=ranks),
                    "MPI could not be started: MPI_Comm_dup failed")

    def test_that_gives_up_by_itself(self):
        # Open MPI 4 ends the process inside MPI_Init, unless it is kept from it.
        config = self.write("small.yaml", SMALL)
        for ranks, setting in ((0, {"OMPI_MCA_pml": "no_such"}),
                               (2, {"OMPI_MCA_pml": "no_such"}),
                               (2, {"OMPI_MCA_btl": "self"})):
            with self.subTest(ranks=ranks, **setting):
                self.assert_ends_with_a_sentence(
                    finish(start("run", config, "--output", self.folder / "run",
                                 ranks=ranks, env=setting), BOUND_S),
                    "MPI could not be started")
                self.assertFalse((self.folder / "run").exists())

    def test_that_fails_on_one_rank_only(self):
        self.assert_ends_with_a_sentence(
            self.with_fault("MPI_Comm_dup", rank=1, ranks=2),
            "MPI could not be started: MPI_Comm_dup failed")

    def test_that_fails_when_the_ranks_meet_at_the_end(self):
        self.assert_ends_with_a_sentence(
            self.with_fault("MPI_Iallreduce", "--dry-run", nth="1+", rank=1, ranks=2),
            "MPI_Iallreduce failed")


if __name__ == "__main__":
    unittest.main()
