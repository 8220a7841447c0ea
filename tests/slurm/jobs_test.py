"""jobs/*.sbatch, campaign.sh and field-campaign.sh, unmodified, under a real SLURM of two nodes."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import h5py

import slurm_support
from slurm_support import PROGRAM, SOURCE, JobCase, config_of, contents, edited
from field_support import FIELD

FEW = 6
MANY = 120  # enough to be still at work when something happens to the job
LONG = 360  # longer than the wait for a time limit, however fast the machine
LIMIT_S = 60  # of --time=1


class Reference:
    """Local runs to compare with, made once: shard's name -> contents."""

    made = {}

    @classmethod
    def of(cls, shards):
        if shards not in cls.made:
            with tempfile.TemporaryDirectory() as folder:
                config = os.path.join(folder, "config.yaml")
                with open(config, "w") as file:
                    file.write(config_of(shards))
                start = time.monotonic()
                subprocess.run([PROGRAM, "run", config, "--output", f"{folder}/run"],
                               check=True, capture_output=True, timeout=240)
                seconds = time.monotonic() - start
                names = sorted(os.listdir(f"{folder}/run/shards"))
                cls.made[shards] = (
                    {name: contents(f"{folder}/run/shards/{name}") for name in names},
                    seconds)
        return cls.made[shards]


class TwoNodes(JobCase):
    def completes(self, launcher):
        job = self.regenerate(config_of(FEW), LENSMILL_LAUNCHER=launcher)

        facts = self.assert_ends(job)

        self.assertEqual(facts["Restarts"], "0")
        self.assert_same_shards(Reference.of(FEW)[0])
        with h5py.File(self.run_folder / "shards/shard-000000.h5") as shard:
            made = dict(shard["provenance"].attrs)
        self.assertEqual(made["mpi_ranks"], 2)
        if slurm_support.CLUSTER.mode == "namespaces":
            self.assertEqual(made["mpi_nodes"], 2)
        self.assertEqual(str(made["slurm_job_id"]), job)

    def test_srun(self):
        self.completes("srun")

    def test_mpirun(self):
        self.completes("mpirun")

    def test_what_repeating_does_not_mend_is_not_requeued(self):
        job = self.regenerate(edited(config_of(FEW), "seed: 20260206", "sed: 1"))

        facts = self.assert_ends(job, "FAILED", "78:0")

        self.assertEqual(facts["Restarts"], "0")
        self.assertIn("ended with 78", self.log_of(job))


class Requeued(JobCase):
    """A job that cannot end in one go puts itself back and goes on where it was."""

    def setUp(self):
        super().setUp()
        self.expected, _ = Reference.of(MANY)

    def assert_resumed(self, job):
        facts = self.assert_ends(job)
        self.assertGreaterEqual(int(facts["Restarts"]), 1, self.log_of(job))
        self.assertRegex(self.log_of(job), r"start 1 on n1,?|start 1 on n\[1-2\]")
        self.assertRegex(self.log_of(job), r"\d+ shards are there already, \d+ to make")
        self.assert_same_shards(self.expected)

    def test_time_limit(self):
        # Of its 60 s the job gets a third of what one rank takes for the run: two ranks
        # are not done then, nor are they if SLURM's signal comes up to a minute early.
        self.expected, seconds = Reference.of(LONG)
        before = round(LIMIT_S - max(2.0, 0.33 * seconds))
        job = self.regenerate(config_of(LONG), "--time=1", f"--signal=B:USR1@{before}",
                              LENSMILL_STOP_BEFORE_END_S=before)
        self.assert_resumed(job)
        self.assertIn("the time limit is near", self.log_of(job))

    def test_signal_of_slurm_under_srun(self):
        self.warned("srun")

    def test_signal_of_slurm_under_mpirun(self):
        self.warned("mpirun")

    def warned(self, launcher):
        """USR1 to the batch script, as --signal=B:USR1@180 sends it."""
        job = self.regenerate(config_of(MANY), LENSMILL_LAUNCHER=launcher)
        self.wait_for_shards(2)
        self.call("scancel", "--batch", "--signal=USR1", job)
        self.wait_for(job, "PENDING", "REQUEUED")
        self.assertEqual(self.partials(), [])
        self.assertIn("stopped on request", self.log_of(job))
        self.assert_resumed(job)

    def test_preemption(self):
        job = self.regenerate(config_of(MANY))
        self.wait_for_shards(2)
        urgent = self.sbatch("--partition=urgent", "--exclusive", "--job-name=urgent",
                             "--wrap", "sleep 1")
        self.assert_ends(urgent)
        self.assert_resumed(job)

    def test_failed_node(self):
        if slurm_support.CLUSTER.mode != "namespaces":
            self.skipTest("a node that can fail needs namespaces")
        job = self.regenerate(config_of(MANY))
        self.wait_for_shards(2)
        slurm_support.CLUSTER.crash_node("n2")
        try:
            self.wait_for(job, "PENDING", "REQUEUED")
        finally:
            slurm_support.CLUSTER.start_node("n2")
        self.assert_resumed(job)
        self.assertIn("NODE_FAIL", self.recorded_states(job))

    def test_no_progress_ends_it(self):
        # Stopped before the first shard, every time.
        job = self.regenerate(config_of(FEW), LENSMILL_STOP_BEFORE_END_S=10000,
                              LENSMILL_MAX_IDLE_STARTS=1)
        facts = self.assert_ends(job, "FAILED", "75:0")
        self.assertEqual(facts["Restarts"], "1")
        self.assertIn("STOPPED: 1 starts in a row have finished no shard",
                      self.log_of(job))


# The program, deaf to what SLURM and the batch script have to say.
DEAF = """#!/usr/bin/python3
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
os.execv(%r, ["lensmill", *sys.argv[1:]])
"""


class TimedOut(JobCase):
    def ranks(self):
        """Processes of this test's run."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if (entry.name.isdigit()
                        and (entry / "comm").read_text() == "lensmill\n"
                        and str(self.run_folder) in (entry / "cmdline").read_text()):
                    found.append(int(entry.name))
            except OSError:
                pass  # it has ended
        return found

    def freeze(self):
        ranks = self.ranks()
        for rank in ranks:
            try:
                os.kill(rank, signal.SIGSTOP)
            except ProcessLookupError:
                pass  # it has ended
        return len(ranks)

    def test_a_job_killed_at_its_time_limit_is_continued_by_the_next(self):
        """Ranks that hang, as in a file system that does not answer, and hear no signal:
        SLURM ends the job by SIGKILL, and nobody puts it back into the queue."""
        expected, _ = Reference.of(MANY)
        deaf = self.folder / "deaf"
        deaf.write_text(DEAF % PROGRAM)
        deaf.chmod(0o755)
        job = self.regenerate(config_of(MANY), "--signal=B:URG@1", LENSMILL_PROGRAM=deaf,
                              LENSMILL_STOP_BEFORE_END_S=0)
        self.wait_for_shards(2)
        self.assertEqual(len(self.ranks()), 2)
        self.freeze()
        # No limit is shorter than a minute; SLURM looks every 30 s.
        soon = time.strftime("%FT%T", time.localtime(time.time() + 1))
        self.call("scontrol", "update", f"JobId={job}", f"EndTime={soon}")

        # SLURM sends CONT before TERM, and KILL 5 s later (KillWait).
        self.wait(lambda: self.freeze() == 0, "the end of the ranks")

        facts = self.wait_for(job)
        self.assertEqual(facts["JobState"], "TIMEOUT", self.logs())
        self.assertEqual(self.recorded_states(job)[-1], "TIMEOUT")
        self.assertEqual(facts["Restarts"], "0")
        self.wait(slurm_support.CLUSTER.idle, "the nodes to be free")
        self.assertNotIn("stopped on request", self.log_of(job))
        self.assertEqual(self.ranks(), [])
        there = self.shards()
        self.assertLess(len(there), MANY)
        self.assertTrue(self.partials(), "the kill was to hit shards in the making")
        for path in there:
            self.assertEqual(contents(path), expected[path.name], path.name)
        self.assertEqual(list(self.run_folder.glob("*.h5")), [])

        again = self.regenerate(config_of(MANY))

        self.assert_ends(again)
        self.assertIn(f"{len(there)} shards are there already, {MANY - len(there)} to "
                      "make", self.log_of(again))
        self.assert_same_shards(expected)


class Cancelled(JobCase):
    def test_nothing_half_made_is_published_and_the_run_goes_on(self):
        expected, _ = Reference.of(MANY)
        job = self.regenerate(config_of(MANY))
        self.wait_for_shards(2)
        self.call("scancel", job)
        facts = self.wait_for(job)
        self.assertEqual(facts["JobState"], "CANCELLED", self.logs())
        self.assertEqual(self.recorded_states(job)[-1], "CANCELLED")
        self.wait(slurm_support.CLUSTER.idle, "the nodes to be free")
        there = self.shards()
        self.assertLess(len(there), MANY)
        for path in there:
            self.assertEqual(contents(path), expected[path.name], path.name)
        self.assertEqual(list(self.run_folder.glob("*.h5")), [])

        self.assert_ends(self.regenerate(config_of(MANY)))

        self.assert_same_shards(expected)


class JobArray(JobCase):
    def test_four_tasks_and_finalize(self):
        config = self.folder / "config.yaml"
        config.write_text(config_of(FEW))
        said = self.call(SOURCE / "jobs/array.sbatch", config, self.run_folder,
                         LENSMILL_TASKS=4,
                         LENSMILL_SBATCH_OPTIONS="--ntasks=2 --nodes=1 --time=10 "
                         f"--chdir={self.folder}")
        array, last = re.search(r"squeue -j (\d+),(\d+);", said).groups()

        self.assert_ends(last)

        log = self.log_of(last, "lensmill-finalize")
        self.assertIn(f"{FEW} of {FEW} shards", log)
        for task in range(4):
            self.assertEqual(self.job(f"{array}_{task}")["JobState"], "COMPLETED")
        self.assertRegex(self.log_of(f"{array}_2", "lensmill-array"),
                         "task 2 of 4: shards 3 to 3 of 6")
        self.assert_same_shards(Reference.of(FEW)[0])
        self.assertEqual(len(list(self.run_folder.glob("*.h5"))), 1)


class Campaign(JobCase):
    STEPS = ("psf-test", "experiments", "pilot", "gate", "regenerate", "verify", "report")

    def setUp(self):
        super().setUp()
        self.config = self.folder / "config.yaml"
        self.config.write_text(config_of(FEW))
        self.campaign_folder = self.folder / "campaign"
        self.run_folder = self.campaign_folder / "run"

    def campaign(self, **variables):
        """Submit; step -> job number of what was submitted."""
        self.said = self.call(
            SOURCE / "jobs/campaign.sh", self.config, self.campaign_folder,
            LENSMILL_EXPERIMENTS=SOURCE / "configs/experiment_b.yaml",
            LENSMILL_SBATCH_OPTIONS="--nodes=1 --ntasks=2 --time=10",
            **{"LENSMILL_PILOT_OPTIONS": "--set catalogue.sampled.count=150",
               "LENSMILL_GATE_OPTIONS": "--min-rows 100", **variables})
        return dict(re.findall(r"(?m)^  ([\w-]+) +job (\d+)", self.said))

    def assert_stops_at(self, jobs, step, code):
        """The step fails; those before it are done, those after it cancelled."""
        place = self.STEPS.index(step)
        self.assert_ends(jobs[step], "FAILED", code)
        for name in self.STEPS[:place]:
            if name in jobs:
                self.assert_ends(jobs[name])
        for name in self.STEPS[place + 1:]:
            self.assertEqual(self.wait_for(jobs[name])["JobState"], "CANCELLED", name)
        self.assertFalse(self.run_folder.exists(), "regenerated in spite of the gate")

    def test_a_bad_psf_stops_everything(self):
        text = edited(config_of(FEW), "size_pix: [21, 21]", "size_pix: [15, 15]")
        self.config.write_text(edited(
            text, "host:\n",
            "convolve: {operator: legacy_ifftshift, oversample: 1}\nhost:\n"))

        jobs = self.campaign()

        self.assert_stops_at(jobs, "psf-test", "78:0")
        self.assertIn("4 PSFs tested: 4 failed",
                      self.log_of(jobs["psf-test"], "lensmill-psf-test"))
        self.assertFalse(list(self.campaign_folder.glob("pilot-*")))

    def test_a_pilot_that_fails_its_gate_then_mended(self):
        first = self.campaign(LENSMILL_GATE_OPTIONS="--min-rows 1000")
        self.assertEqual(sorted(first), sorted(self.STEPS))
        self.assert_stops_at(first, "gate", "1:0")
        self.assertIn("GATE FAILED: rows", self.log_of(first["gate"], "lensmill-gate"))

        second = self.campaign()

        # What was done is not done again; the rest is.
        self.assertEqual(sorted(second), ["gate", "regenerate", "report", "verify"])
        again = self.campaign()
        for step, job in again.items():
            self.assertEqual(job, second[step], "submitted twice")
        self.assert_ends(second["report"])
        for step in second:
            self.assert_ends(second[step])
        self.assertIn("gate passed", self.log_of(second["gate"], "lensmill-gate"))
        self.assertIn("all agree", self.log_of(second["verify"], "lensmill-verify"))
        self.assert_same_shards(Reference.of(FEW)[0])
        self.assertTrue((self.run_folder / "analysis/analysis.json").exists())
        self.assertTrue(list(self.campaign_folder.glob("experiments-*/experiment_b/*.h5")))
        self.assertEqual(self.campaign(), {})
        self.assertIn("Everything is done", self.said)


class FieldCampaign(JobCase):
    def test_a_pilot_that_fails_its_gate_then_all_fields(self):
        (self.folder / "field.yaml").write_text(FIELD)
        bricks = self.folder / "bricks.txt"
        bricks.write_text("".join(f"brick{k} field.yaml --set run.seed={k}\n"
                                  for k in range(3)))
        campaign = self.folder / "campaign"

        def submit(**variables):
            said = self.call(SOURCE / "jobs/field-campaign.sh", bricks, campaign,
                             LENSMILL_SBATCH_OPTIONS="--nodes=1 --ntasks=2 --time=10",
                             LENSMILL_TASKS=2, **variables)
            return dict(re.findall(r"(?m)^  ([\w-]+) +job (\d+)", said))

        first = submit()
        self.assertEqual(list(first), ["pilot", "gate", "fields"])
        self.assert_ends(first["pilot"])
        self.assert_ends(first["gate"], "FAILED", "1:0")
        self.assertIn("GATE FAILED: brick0: rows",
                      self.log_of(first["gate"], "lensmill-gate"))
        self.assertEqual(self.wait_for(first["fields"])["JobState"], "CANCELLED")
        self.assertEqual([path.name for path in (campaign / "fields").iterdir()],
                         ["brick0"])
        made = (campaign / "fields/brick0/bands/r.h5").stat().st_mtime_ns

        second = submit(LENSMILL_GATE_OPTIONS="--min-rows 12")
        self.assertEqual(list(second), ["gate", "fields"])
        self.assert_ends(second["gate"])
        for task in range(2):
            self.assertEqual(self.wait_for(f"{second['fields']}_{task}")["JobState"],
                             "COMPLETED", self.logs())
        for k in range(3):
            self.assertTrue((campaign / f"fields/brick{k}/truth.h5").exists(), k)
        self.assertEqual((campaign / "fields/brick0/bands/r.h5").stat().st_mtime_ns, made)


if __name__ == "__main__":
    slurm_support.main()
