"""Faults of disk, machine and clock at a chosen moment, by a preloaded library
(tests/support/faults.c): a run ends within a bound with 74 and a message that names what
and where; nothing that was published changes; --resume leaves no partial file and gives
the bytes of an undisturbed run."""

import errno
import os
import shutil
import time

import unittest

from support import CONFIG, IO, RICH, SMALL, USAGE, Case, contents, edited, finish, lensmill
from support import shards, start, virtual_file

SHARDS = 4
FAULTS = os.environ.get("LENSMILL_FAULTS", "")
BOUND_S = 120
IO_LIMIT_S = 15  # of collective I/O that waits in vain (default 600)
TOGETHER, APART = (), ("--set", "output.writer_groups=2")


class FaultCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.text = edited(RICH, "count: 10", f"count: {64 * SHARDS}")

    def setUp(self):
        super().setUp()
        self.assertTrue(os.path.exists(FAULTS), f"LENSMILL_FAULTS: {FAULTS}")
        self.config = self.write("rich.yaml", self.text)
        self.run_folder = self.folder / "run"

    def expected(self):
        if not hasattr(FaultCase, "reference"):
            FaultCase.reference = contents(
                virtual_file(self.make_run("reference", self.text)))
        return FaultCase.reference

    def published(self):
        folder = self.run_folder / "shards"
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns,
                            path.read_bytes())
                for path in (folder.glob("*.h5") if folder.exists() else [])}

    def with_fault(self, call, path, nth, what, rank=None, *, ranks=0, options=()):
        log = self.folder / "faults.log"
        order = f"{call};{path};{nth};{what}" + ("" if rank is None else f";{rank}")
        began = time.monotonic()
        process = start("run", self.config, "--output", self.run_folder, "--resume",
                        *options, ranks=ranks,
                        env={"LD_PRELOAD": FAULTS, "LENSMILL_FAULT": order,
                             "LENSMILL_IO_LIMIT_S": str(IO_LIMIT_S),
                             "LENSMILL_FAULT_LOG": str(log)})
        result = finish(process, BOUND_S)
        self.seconds = time.monotonic() - began
        self.assertTrue(log.exists(), f"the fault {order} did not happen: {result}")
        return result

    def assert_resumes(self, before, ranks=0, options=()):
        self.assertLessEqual(before.items(), self.published().items())
        result = lensmill("run", self.config, "--output", self.run_folder, "--resume",
                          *options, ranks=ranks)
        self.assert_ends(result, 0)
        for name, entry in before.items():
            self.assertEqual(self.published()[name], entry, name)
        self.assertEqual(shards(self.run_folder),
                         [f"shard-{k:06}.h5" for k in range(SHARDS)])
        self.assertEqual(list(self.run_folder.rglob("*.partial")), [])
        self.assertEqual(list(self.run_folder.rglob("*.claim")), [])
        self.assert_same_contents(contents(virtual_file(self.run_folder)),
                                  self.expected())

    def ends_with_io(self, *says, call, path, nth, error, rank=None, ranks=0,
                     options=()):
        result = self.with_fault(call, path, nth, error, rank, ranks=ranks,
                                 options=options)
        self.assert_ends(result, IO, *says)
        self.assertEqual(list((self.run_folder / "shards").glob("*.partial"))
                         if ranks < 2 else [], [])
        self.assert_resumes(self.published(), ranks, options)


class OneProcess(FaultCase):
    def test_the_disk_is_full_at_a_write(self):
        # Each by itself: HDF5 must not keep any back to where nobody sees it fail.
        for nth in (1, 2, 3, 4, 5, 8, 13, 21, 34, 55):
            with self.subTest(nth):
                self.ends_with_io("shard-000001.h5", call="write", path="shard-000001",
                                  nth=nth, error=errno.ENOSPC)
                shutil.rmtree(self.run_folder)

    def test_an_error_of_the_device_at_a_write(self):
        self.ends_with_io("shard-000001.h5", "Input/output error", call="write",
                          path="shard-000001", nth="2+", error=errno.EIO)

    def test_the_disk_is_full_at_close(self):
        # As network file systems do.
        self.ends_with_io("shard-000001.h5", "No space left on device", call="close",
                          path="shard-000001", nth="2+", error=errno.ENOSPC)

    def test_sync(self):
        self.ends_with_io("shard-000002.h5", "cannot be synced to disk "
                          "(Input/output error)", call="fsync", path="shard-000002",
                          nth=1, error=errno.EIO)

    def test_sync_of_the_folder(self):
        self.ends_with_io("folder cannot be synced to disk (Input/output error)",
                          call="fsync", path=f"{self.run_folder}/shards", nth=2,
                          error=errno.EIO)

    def test_rename(self):
        for error, says in ((errno.EIO, "Input/output error"),
                            (errno.ENOSPC, "No space left on device")):
            with self.subTest(says):
                self.ends_with_io("shard-000001.h5", "cannot be renamed to", says,
                                  call="rename", path="shard-000001", nth=1, error=error)
                shutil.rmtree(self.run_folder)

    def test_open(self):
        self.ends_with_io("shard-000003.h5", "Input/output error", call="open",
                          path="shard-000003", nth="1+", error=errno.EIO)

    def test_read_only_from_the_second_shard_on(self):
        self.ends_with_io("shard-000002.h5", "Read-only file system", call="open",
                          path="shard-000002", nth="1+", error=errno.EROFS)

    def test_the_configuration_as_run(self):
        for call in ("write", "fsync", "rename", "close"):
            with self.subTest(call):
                self.ends_with_io("run.yaml", "Input/output error", call=call,
                                  path="run.yaml", nth=1, error=errno.EIO)
                shutil.rmtree(self.run_folder)

    def test_the_file_over_all_shards(self):
        for call in ("write", "fsync", "rename"):
            with self.subTest(call):
                self.ends_with_io("rich.h5", "Input/output error", call=call,
                                  path="rich.h5", nth="1+", error=errno.EIO)
                shutil.rmtree(self.run_folder)

    def test_a_claim_that_cannot_be_written_stops_nobody(self):
        result = self.with_fault("open", ".wanted", 1, errno.ENOSPC)

        self.assert_ends(result, 0, "kept off by a lock alone", "No space left")
        self.assert_resumes(self.published())

    def test_killed_at_any_system_call(self):
        for call, path, nth in (("open", "shard-000001", 1), ("write", "shard-000001", 2),
                                ("fsync", "shard-000001", 1),
                                ("rename", "shard-000001", 1), ("rename", "run.yaml", 1),
                                ("fsync", "run.yaml", 1), ("rename", "rich.h5", 1),
                                ("write", "rich.h5", 1), ("rename", ".wanted", 1)):
            with self.subTest(f"{call} {path}"):
                result = self.with_fault(call, path, nth, "KILL")
                self.assertEqual(result.code, -9, result)
                self.assert_resumes(self.published())
                shutil.rmtree(self.run_folder)

    def test_the_output_folder_vanishes(self):
        process = start("run", self.config, "--output", self.run_folder)
        until = time.monotonic() + BOUND_S
        while not list(self.run_folder.glob("shards/*.h5")):
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), until)
            time.sleep(0.002)
        moved = self.folder / "elsewhere"
        self.run_folder.rename(moved)

        result = finish(process, BOUND_S)

        self.assert_ends(result, IO, f"{self.run_folder}/shards")
        # The second is HDF5's, when the folder goes while it makes the file.
        self.assertRegex(result.stderr, "No such file or directory|can't retrieve stat")
        moved.rename(self.run_folder)
        self.assert_resumes(self.published())

    def test_a_shard_that_cannot_be_opened_is_not_thrown_away(self):
        self.assert_ends(lensmill("run", self.config, "--output", self.run_folder), 0)
        before = self.published()
        shard = self.run_folder / "shards/shard-000001.h5"
        whole = shard.read_bytes()
        shard.unlink()
        shard.mkdir()  # opens, but reading fails

        result = lensmill("run", self.config, "--output", self.run_folder, "--resume")

        self.assert_ends(result, IO, f"{shard}: cannot be read (Is a directory)",
                         "remove the file to have the shard made again")
        self.assertTrue(shard.is_dir())
        shard.rmdir()
        del before[shard.name]
        self.assert_resumes(before)
        self.assertGreater(len(whole), 0)


class TwoRanks(FaultCase):
    def test_hdf5_fails_in_one_rank(self):
        for options in (TOGETHER, APART):
            for rank in (0, 1):
                with self.subTest(f"{options} rank {rank}"):
                    result = self.with_fault("write", "shard-00000", "20+", errno.EIO,
                                             rank, ranks=2, options=options)
                    self.assertEqual(result.code, IO, result)
                    self.assertIn("shards/shard-00000", result.stderr)
                    self.assert_resumes(self.published(), 2, options)
                    shutil.rmtree(self.run_folder)

    def test_one_rank_cannot_open_the_shard(self):
        result = self.with_fault("open", "shard-000001", "1+", errno.EIO, 1, ranks=2)

        self.assertEqual(result.code, IO, result)
        self.assertIn("shard-000001.h5", result.stderr)
        self.assert_resumes(self.published(), 2)

    def test_the_root_cannot_publish(self):
        for call, nth in (("fsync", 1), ("fsync", "1+"), ("rename", 1)):
            with self.subTest(f"{call} {nth}"):
                self.ends_with_io("shard-000001.h5", call=call, path="shard-000001",
                                  nth=nth, error=errno.EIO, rank=0, ranks=2)
                shutil.rmtree(self.run_folder)

    def test_one_rank_is_killed_in_a_write(self):
        for options in (TOGETHER, APART):
            with self.subTest(options):
                result = self.with_fault("open", "shard-00000", 2, "KILL", 1, ranks=2,
                                         options=options)
                self.assertNotEqual(result.code, 0, result)
                self.assert_resumes(self.published(), 2, options)
                shutil.rmtree(self.run_folder)


class Clock(FaultCase):
    def test_a_day_back_and_forth(self):
        for jump in (-86400, 86400):
            with self.subTest(jump):
                log = self.folder / "faults.log"
                result = lensmill("run", self.config, "--output", self.run_folder, env={
                    "LD_PRELOAD": FAULTS, "LENSMILL_CLOCK_JUMP_S": f"5;{jump}",
                    "LENSMILL_FAULT_LOG": str(log)})

                self.assert_ends(result, 0)
                self.assertIn("clock", log.read_text())
                # "N rows in 1.2 s on 1 rank": of the steady clock.
                seconds = float(result.stdout.partition(" rows in ")[2].split()[0])
                self.assertTrue(0.0 < seconds < BOUND_S, result.stdout)
                self.assert_resumes(self.published())
                log.unlink()
                shutil.rmtree(self.run_folder)


class ResumeTrust(FaultCase):
    def test_a_changed_catalogue_is_named_with_its_digests(self):
        rows = self.write("rows.csv", "injection_id\n1\n2\n")
        text = edited(SMALL, "sampled: {count: 10}", "file: {path: rows.csv}")
        run = self.make_run("file", text)
        rows.write_text("injection_id\n1\n3\n")

        result = lensmill("run", self.folder / "file.yaml", "--output", run, "--resume")

        self.assert_ends(result, CONFIG, "Input files that differ:", "catalogue",
                         "rows.csv: SHA-256 ")
        self.assertRegex(result.stderr, "SHA-256 [0-9a-f]{64} -> [0-9a-f]{64}")

    def test_verify_existing_makes_again_what_was_changed(self):
        self.assert_ends(lensmill("run", self.config, "--output", self.run_folder), 0)
        shard = self.run_folder / "shards/shard-000001.h5"
        stored = bytearray(shard.read_bytes())
        at = stored.rindex(contents(shard)["images/positive"][2][:64])
        stored[at] ^= 1
        shard.write_bytes(stored)
        before = self.published()
        del before[shard.name]
        again = ("run", self.config, "--output", self.run_folder, "--resume")

        self.assert_ends(lensmill(*again), 0, f"{SHARDS} shards are there already")
        result = lensmill(*again, "--verify-existing")

        self.assert_ends(result, 0, f"{SHARDS - 1} shards are there already, 1 to make",
                         f"{shard}: /images/positive: rows 0 to 63 do not have")
        self.assert_resumes(before)

    def claim(self, **changes):
        """A claim on all shards as another job would leave it."""
        owner = {"host": "node7", "process": "12", "process_start": "34",
                 "machine": "another", "slurm_job": "4711",
                 "since_utc": "2026-01-01T00:00:00Z", **changes}
        path = self.run_folder / "log/shards-0-9223372036854775807.node7-12-5.claim"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key} {value}\n" for key, value in owner.items()))
        return path

    def test_a_dead_jobs_claim_is_taken_over(self):
        claim = self.claim()

        result = lensmill("run", self.config, "--output", self.run_folder,
                          env={"LENSMILL_CLAIM_SILENCE_S": "1"})

        self.assert_ends(result, 0, "continuing where another job died: process 12 on "
                         "node7 (SLURM job 4711), since 2026-01-01T00:00:00Z, all "
                         "shards: no sign of life in 1 s")
        self.assertFalse(claim.exists())
        self.assert_resumes(self.published())

    def test_an_earlier_start_of_the_same_job_is_dead_at_once(self):
        self.claim(slurm_restart="0")
        began = time.monotonic()

        result = lensmill("run", self.config, "--output", self.run_folder,
                          env={"SLURM_JOB_ID": "4711", "SLURM_RESTART_COUNT": "1"})

        self.assert_ends(result, 0, "this is a later start of the same job")
        self.assertLess(time.monotonic() - began, 30)

    def test_a_living_jobs_claim_is_respected(self):
        claim = self.claim()
        process = start("run", self.config, "--output", self.run_folder,
                        env={"LENSMILL_CLAIM_SILENCE_S": "60"})
        while process.poll() is None:
            os.utime(claim)
            time.sleep(0.2)

        self.assert_ends(finish(process), USAGE, "another job is making shards of this "
                         "run now (process 12 on node7 (SLURM job 4711)")
        self.assertTrue(claim.exists())
        self.assertEqual(shards(self.run_folder), [])

    def test_static_distribution_gives_the_same_bytes(self):
        options = ("--set", "output.work_distribution=static", *APART)
        run = self.make_run("static", self.text, *options, ranks=2)

        self.assert_same_contents(contents(virtual_file(run)), self.expected())


if __name__ == "__main__":
    unittest.main()
