"""Jobs of the tests under SLURM: submitting the shipped scripts as they are, waiting for
states, reading logs. One cluster serves all tests of a script: main()."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))

import cluster as slurm  # noqa: E402
from support import RICH, contents, edited  # noqa: E402

SOURCE = pathlib.Path(os.environ["LENSMILL_SOURCE"])
PROGRAM = os.environ["LENSMILL_PROGRAM"]
JOB_LIMIT_S = 90
CALL_LIMIT_S = 60
POLL_S = 0.2
ROWS_PER_SHARD = 64
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED",
         "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE")

CLUSTER = None


def config_of(shards):
    return edited(RICH, "count: 10", f"count: {ROWS_PER_SHARD * shards - 5}")


def main():
    """unittest.main() around one cluster, which is taken down in every case."""
    global CLUSTER
    CLUSTER = slurm.Cluster(slurm.enter())

    def interrupted(number, _):
        raise KeyboardInterrupt(f"signal {number}")  # unittest lets only this one through
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        CLUSTER.start()
        print(f"SLURM is up: two nodes, {CLUSTER.mode}", file=sys.stderr, flush=True)
        unittest.main(verbosity=2)
    finally:
        CLUSTER.stop()


class JobCase(unittest.TestCase):
    """A test with a folder of its own that both nodes see."""

    maxDiff = None

    def setUp(self):
        self.folder = CLUSTER.folder / "work" / self.id().split(".")[-1]
        self.folder.mkdir()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.end_jobs)
        self.addCleanup(self.say_time, time.monotonic())
        self.run_folder = self.folder / "run"

    def say_time(self, start):
        print(f"({time.monotonic() - start:.0f} s) ", end="", file=sys.stderr, flush=True)

    def end_jobs(self):
        """Nothing of this test may hold the nodes of the next one."""
        subprocess.run(["scancel", "--user", str(os.geteuid())], capture_output=True,
                       timeout=CALL_LIMIT_S)
        self.wait(lambda: not CLUSTER.queue() and CLUSTER.idle(), "the nodes to be free")

    # ---- submitting ------------------------------------------------------------------
    def environment(self, **variables):
        env = {**os.environ, "LENSMILL_ROOT": str(SOURCE), "LENSMILL_PROGRAM": PROGRAM,
               "LENSMILL_SITE": "debian", "LENSMILL_RETRY_S": "1",
               "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1",
               "OMPI_MCA_hwloc_base_binding_policy": "none",
               "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
               "PRTE_MCA_hwloc_default_binding_policy": "none",
               "OMPI_MCA_mpi_yield_when_idle": "1",
               "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
        if CLUSTER.mode == "multi":
            # Two nodes of one hostname mistake each other's shared memory for their own.
            env["OMPI_MCA_btl"] = "self,tcp"
        return {**env, **{key: str(value) for key, value in variables.items()}}

    def call(self, *command, code=0, **variables):
        done = subprocess.run([str(word) for word in command], cwd=self.folder,
                              env=self.environment(**variables), capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=CALL_LIMIT_S)
        self.assertEqual(done.returncode, code, f"{done.stdout}\n{done.stderr}")
        return done.stdout

    def sbatch(self, *arguments, **variables):
        """Its job's number. Two nodes with a rank each, a time limit of 10 min."""
        return self.call("sbatch", "--parsable", "--nodes=2", "--ntasks=2",
                         "--ntasks-per-node=1", "--time=10", *arguments,
                         **variables).strip()

    def regenerate(self, config, *sbatch_options, **variables):
        path = self.folder / "config.yaml"
        path.write_text(config)
        return self.sbatch(*sbatch_options, SOURCE / "jobs/regenerate.sbatch", path,
                           self.run_folder, **variables)

    # ---- waiting ---------------------------------------------------------------------
    def wait(self, condition, what, limit_s=JOB_LIMIT_S):
        until = time.monotonic() + limit_s
        while not (value := condition()):
            if time.monotonic() > until:
                self.fail(f"waited {limit_s} s for {what}\n{self.logs()}")
            time.sleep(POLL_S)
        return value

    def job(self, number):
        """The job's facts as scontrol has them."""
        text = self.call("scontrol", "show", "job", "--oneliner", number)
        return dict(re.findall(r"(\w+)=(\S*)", text.splitlines()[0]))

    def wait_for(self, number, *states):
        """The job's facts once it is in one of the states, or in its last one."""
        facts = {}

        def there():
            facts.update(self.job(number))
            return facts["JobState"] in (states or FINAL)
        self.wait(there, f"job {number} to be {states or 'finished'}")
        return facts

    def assert_ends(self, number, state="COMPLETED", code="0:0"):
        facts = self.wait_for(number)
        self.assertEqual((facts["JobState"], facts["ExitCode"]), (state, code),
                         self.logs())
        # As sacct would have it: what SLURM has recorded of the job at its end.
        self.assertEqual(self.recorded_states(number)[-1], state)
        return facts

    def recorded_states(self, number):
        log = CLUSTER.folder / "log/jobcomp.log"

        def found():
            text = log.read_text() if log.exists() else ""
            return re.findall(rf"(?m)^JobId={number} .*?JobState=(\w+)", text)
        return self.wait(found, f"a record of job {number} in {log}")

    def wait_for_shards(self, count):
        self.wait(lambda: len(self.shards()) >= count, f"{count} shards")

    # ---- looking ---------------------------------------------------------------------
    def shards(self):
        return sorted((self.run_folder / "shards").glob("shard-*.h5"))

    def partials(self):
        return sorted((self.run_folder / "shards").glob("*.partial"))

    def log_of(self, number, name="lensmill"):
        paths = list(self.folder.rglob(f"{name}-{number}.log"))
        return paths[0].read_text() if paths else ""

    def logs(self):
        text = "".join(f"--- {path.name}\n{path.read_text()[-3000:]}\n"
                       for path in sorted(self.folder.rglob("lensmill-*.log")))
        return text + CLUSTER.logs()

    def lensmill(self, *arguments, code=0):
        """On this machine, without SLURM."""
        return self.call(PROGRAM, *arguments, code=code)

    def assert_same_shards(self, expected):
        """Every dataset of every shard, byte for byte; the run verifies."""
        self.assertEqual(self.partials(), [])
        self.assertEqual([path.name for path in self.shards()], sorted(expected))
        different = [path.name for path in self.shards()
                     if contents(path) != expected[path.name]]
        self.assertEqual(different, [], "shards that differ from a local run's")
        self.lensmill("verify", self.run_folder, "--sample", 0)
