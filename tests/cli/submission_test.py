"""What the batch scripts submit, by an sbatch that only notes it: relative paths mean in the
jobs what they meant where they were typed."""

import os
import pathlib
import subprocess
import unittest

from support import PROGRAM, SMALL, TIME_LIMIT_S, Case

JOBS = pathlib.Path(os.environ["LENSMILL_SOURCE"]) / "jobs"
SBATCH = """#!/bin/sh
{ pwd; printf '%s\\n' "$@"; echo; } >>"$NOTES"
echo 7
"""


class Submission(Case):
    def setUp(self):
        super().setUp()
        for name in ("sbatch", "scancel", "squeue"):
            script = self.write(f"bin/{name}", SBATCH if name == "sbatch" else "#!/bin/sh\n")
            script.chmod(0o755)
        self.notes = self.folder / "notes"
        self.work = self.folder / "work"
        self.write("work/configs/small.yaml", SMALL)
        self.write("work/rows.csv", "injection_id\n5\n6\n")

    def submitted(self, script, *arguments, **variables):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("SLURM_")}
        done = subprocess.run(
            [JOBS / script, *arguments], cwd=self.work, text=True, capture_output=True,
            timeout=TIME_LIMIT_S,
            env={**environment, "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                 "NOTES": str(self.notes), "LENSMILL_PROGRAM": PROGRAM, **variables})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        jobs = [job.split("\n") for job in self.notes.read_text().split("\n\n")[:-1]]
        for job in jobs:
            self.assertEqual(job[0], str(self.work))
        return jobs

    def test_array(self):
        array, last = self.submitted("array.sbatch", "configs/small.yaml", "out/run",
                                     "--catalogue", "rows.csv")

        self.assertEqual(array[-5:], [str(JOBS / "array.sbatch"),
                                      f"{self.work}/configs/small.yaml",
                                      f"{self.work}/out/run", "--catalogue", "rows.csv"])
        self.assertEqual(last[-3:], [str(JOBS / "campaign-step.sbatch"), "finalize",
                                     f"{self.work}/out/run"])

    def test_campaign(self):
        jobs = self.submitted("campaign.sh", "configs/small.yaml", "out", "--catalogue",
                              "rows.csv", LENSMILL_OUTPUT="there/run")

        words = [word for job in jobs for word in job]
        self.assertEqual(words.count(str(self.work / "there/run")), 3)
        self.assertEqual(words.count(f"{self.work}/configs/small.yaml"), 3)
        experiments = [word for word in words if "experiment_" in word]
        self.assertGreater(len(experiments), 0)
        for path in experiments:
            self.assertTrue(pathlib.Path(path).is_absolute(), path)
            self.assertTrue(pathlib.Path(path).exists(), path)


class Marks(Case):
    """Files that the jobs make where others may have put links."""

    def call(self, text):
        done = subprocess.run(
            ["bash", "-c", f". {JOBS}/slurm-functions.sh; {text}"], text=True,
            capture_output=True, timeout=TIME_LIMIT_S, cwd=self.folder,
            env={**os.environ, "LENSMILL_ROOT": str(JOBS.parent), "SLURM_JOB_ID": "7",
                 "LENSMILL_LAUNCHER": "none", "TMPDIR": str(self.folder)})
        return done.returncode, done.stdout + done.stderr

    def test_of_a_step_that_is_done(self):
        theirs = self.write("theirs", "theirs")
        for name in ("step.done", "step.done.new"):
            (self.folder / name).symlink_to(theirs)

        code, said = self.call("LENSMILL_DONE_FILE=$PWD/step.done LENSMILL_DONE_TEXT=x; "
                               "mark_done")

        self.assertEqual(code, 0, said)
        self.assertEqual(theirs.read_text(), "theirs")
        self.assertEqual((self.folder / "step.done").read_text(), "x\n")
        self.assertFalse((self.folder / "step.done").is_symlink())

    def test_of_a_launch_that_succeeded_or_did_not(self):
        for command, code in (("true", "0"), ("false", "1"), ("exit 75", "75")):
            done, said = self.call(f'stopping=""; launch sh -c "{command}"; echo rc=$rc')
            self.assertIn(f"rc={code}", said)
        # A launcher that says 0 without having started a rank.
        self.write("bin/srun", "#!/bin/sh\nexit 0\n").chmod(0o755)
        done, said = self.call("PATH=$PWD/bin:$PATH; LENSMILL_LAUNCHER=srun; "
                               "launch true; echo rc=$rc")
        self.assertIn("rc=1", said)
        self.assertEqual(sorted(os.listdir(self.folder)), ["bin"])

    def test_a_run_that_was_stopped_by_hand_is_not_requeued(self):
        self.write("run/log/stop", "")
        text = ("rc=75; launched=yes; stop_file=$PWD/{}/log/stop; "
                "scontrol() {{ echo requeued $*; exit 0; }}; end_run")

        code, said = self.call(text.format("run"))
        self.assertEqual(code, 75, said)
        self.assertIn("ended by `lensmill stop`", said)
        self.assertNotIn("requeued requeue", said)
        self.assertIn("requeued requeue 7", self.call(text.format("other"))[1])


if __name__ == "__main__":
    unittest.main()
