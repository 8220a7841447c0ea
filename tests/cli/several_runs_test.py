"""`lensmill analyse RUN --with RUN2`: what each run says of the leading cause, whether the
runs agree, and a refusal of runs whose core is not the same."""

import json
import shutil
import unittest

from support import BAD_DATA, SMALL, Case, edited, lensmill, snapshot


def results(run):
    with open(run / "analysis" / "analysis.json") as file:
        return json.load(file)


class SeveralRuns(Case):
    def test_the_leading_cause_in_several_runs(self):
        # Rings well inside the aperture, where the outer image's light leads; and larger
        # ones, where it does not.
        text = edited(SMALL, "count: 10", "count: 60")
        small = edited(text, "theta_e_arcsec: 1.2", "theta_e_arcsec: 0.6")
        inside = self.make_run("inside", small)
        again = self.make_run("again", edited(small, "seed: 7", "seed: 8"))
        outside = self.make_run("outside", text)
        both = ("--with", again, "--with", outside)

        self.assert_ends(lensmill("analyse", inside, *both), 0)

        report = results(inside)["runs"]
        rows = [row for row in report["tables"]["runs"]["rows"]
                if row["theta_e_bin"] == "[0.5, 0.75)"]
        self.assertEqual([row["run"] for row in rows], [str(inside), str(again)])
        self.assertEqual({row["leader"] for row in rows}, {"outer_image"})
        self.assertEqual({row["dominance"] for row in rows}, {"leads"})
        said = {s.split(" arcsec")[0]: s for s in report["sentences"]}
        self.assertIn("no one cause is shown to lead in all runs",
                      said["theta_E [0.5, 0.75)"])
        self.assertIn(f"{outside}: no rows", said["theta_E [0.5, 0.75)"])

        files = snapshot(inside / "analysis")["analysis.json"][0]
        self.assert_ends(lensmill("analyse", inside, *both, ranks=2), 0)
        self.assertEqual(snapshot(inside / "analysis")["analysis.json"][0], files)

        self.assert_ends(lensmill("analyse", again), 0)
        alone = results(again)["attribution"]["tables"]["robustness"]["rows"]
        beside = [row for row in report["tables"]["runs_robustness"]["rows"]
                  if row.pop("run") == str(again)]
        self.assertEqual(beside, alone)

        self.assert_ends(lensmill("analyse", inside, "--with", again), 0)
        self.assertIn("theta_E [0.5, 0.75) arcsec: outer_image leads in each of the 2 "
                      "runs.", results(inside)["runs"]["sentences"])

        self.assert_ends(lensmill("analyse", inside, "--with", outside,
                                  "--theta-e-bins", "0.5,2"), 0)
        self.assertIn("the runs do not give one answer",
                      "".join(results(inside)["runs"]["sentences"]))

    def test_runs_that_cannot_be_compared_are_refused(self):
        run = self.make_run("run", SMALL)
        other = self.make_run("other", edited(SMALL, "[3.0, 5.0]", "[3.0, 4.0]"))

        result = self.assert_ends(lensmill("analyse", run, "--with", other), BAD_DATA)
        self.assertIn("measure.aperture_radius_pix (3, 5", result.stderr)
        result = self.assert_ends(lensmill("analyse", run, "--with", run), BAD_DATA)
        self.assertIn("given twice", result.stderr)
        copy, once = self.folder / "copy", self.make_run("once", edited(SMALL, "seed: 7",
                                                                        "seed: 8"))
        shutil.copytree(run, copy)
        for others in ((copy,), (once, once)):
            options = [word for other in others for word in ("--with", other)]
            result = self.assert_ends(lensmill("analyse", run, *options), BAD_DATA)
            self.assertIn("is the same run as", result.stderr)


if __name__ == "__main__":
    unittest.main()
