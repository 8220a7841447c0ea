"""What happens to a run that is there already: nothing unasked, --resume only with what
it was made of, --extend only longer, --overwrite only what a run made."""

import json
import unittest

import h5py
import numpy as np

from support import BAD_DATA, CONFIG, RICH, SMALL, USAGE, Case, contents, edited
from support import lensmill, reseal, shards, snapshot, virtual_file

ROWS = 100  # two shards, the second one shorter


class Existing(Case):
    def setUp(self):
        super().setUp()
        self.text = edited(SMALL, "count: 10", f"count: {ROWS}")
        self.run = self.make_run("run", self.text)
        self.before = snapshot(self.run)

    def again(self, *options):
        return lensmill("run", self.folder / "run.yaml", "--output", self.run, *options)

    def refused(self, code, *options, says):
        result = self.again(*options)
        self.assert_ends(result, code, f"{self.run}: ", *says)
        # The lock's file may be made; it is empty.
        after = snapshot(self.run)
        self.assertEqual({name: entry for name, entry in after.items()
                          if name in self.before}, self.before)
        self.assertLessEqual(set(after) - set(self.before), {"log/shards.lock"})
        return result

    def test_without_a_word_nothing_is_touched(self):
        self.refused(USAGE, says=["a run is there already (2 shards)", "--resume",
                                  "--overwrite", "or another --output"])

    def test_another_configuration_is_refused_with_the_differences(self):
        result = self.refused(
            CONFIG, "--resume", "--set", "run.seed=8", "--set", "priors.src_q=0.5",
            "--set", "output.rows_per_shard=32",
            says=["another configuration", "use another --output, or --overwrite",
                  "Differences:", "run.seed: 7 -> 8", "priors.src_q: 0.7 -> 0.5",
                  "output.rows_per_shard: 64 -> 32"])
        self.assertEqual(result.stderr.count(" -> "), 3)

    def test_another_name_is_another_run(self):
        self.refused(CONFIG, "--resume", "--set", "run.name=other",
                     says=["run.name: small -> other"])

    def test_another_kind_of_catalogue_of_the_same_length(self):
        self.refused(CONFIG, "--resume", "--set",
                     f"catalogue={{sobol: {{count: {ROWS}}}}}",
                     says=[f"catalogue.sampled.count: {ROWS} -> (absent)",
                           f"catalogue.sobol.count: (absent) -> {ROWS}"])

    def test_more_rows_need_extend(self):
        self.refused(CONFIG, "--resume", "--set", "catalogue.sampled.count=200",
                     says=[f"catalogue.sampled.count: {ROWS} -> 200",
                           "use --extend to continue it"])

    def test_fewer_rows_are_refused(self):
        for option in ("--resume", "--extend"):
            self.refused(CONFIG, option, "--set", "catalogue.sampled.count=50",
                         says=["100 -> 50: a run cannot be made shorter"])

    def test_extend_with_another_change_is_refused(self):
        self.refused(CONFIG, "--extend", "--set", "catalogue.sampled.count=200", "--set",
                     "run.seed=8", says=["run.seed: 7 -> 8"])

    def test_resuming_what_is_complete_makes_nothing(self):
        before = shards(self.run)

        result = self.again("--resume")

        self.assert_ends(result, 0, "2 shards are there already, 0 to make")
        for name in before:
            self.assertEqual(snapshot(self.run)[f"shards/{name}"],
                             self.before[f"shards/{name}"])

    def test_what_does_not_decide_a_row_may_change(self):
        self.assert_ends(self.again("--resume", "--set", "run.max_failed_fraction=0.5",
                                    "--set", "output.writer_groups=2"), 0)

    def test_the_level_of_the_shards_is_kept(self):
        level = "instruction_level"
        shard = self.run / "shards/shard-000000.h5"
        (self.run / "shards/shard-000001.h5").unlink()
        with h5py.File(shard, "r+") as file:
            self.assertIn(file.attrs[level], ("baseline", "x86-64-v3", "x86-64-v4"))
            file.attrs[level] = "baseline"
        reseal(shard)

        self.assert_ends(self.again("--resume"), 0)

        with h5py.File(self.run / "shards/shard-000001.h5") as file:
            self.assertEqual(file.attrs[level], "baseline")

    def test_shards_of_another_build(self):
        shard = self.run / "shards/shard-000000.h5"
        with h5py.File(shard, "r+") as file:
            file.attrs["build_fingerprint"] = "0123456789abcdef"
        reseal(shard)
        self.before = snapshot(self.run)

        self.refused(CONFIG, "--resume", says=["shard-000000.h5", "another build",
                                               "0123456789abcdef",
                                               "--accept-different-build"])
        self.assert_ends(self.again("--resume", "--accept-different-build"), 0)

    def test_shards_of_a_build_with_other_columns(self):
        shard = self.run / "shards/shard-000000.h5"
        with h5py.File(shard, "r+") as file:
            file.attrs["build_fingerprint"] = "0123456789abcdef"
            del file["measurements/arc_snr_total"]
            datasets = [entry for entry in json.loads(file["provenance/datasets"][()])
                        if entry["name"] != "/measurements/arc_snr_total"]
            del file["provenance/datasets"]
            file["provenance/datasets"] = np.bytes_(json.dumps(datasets))
        reseal(shard)
        self.before = snapshot(self.run)

        # The file over all shards would show their rows as not made.
        self.refused(CONFIG, "--resume", "--accept-different-build",
                     says=["shard-000000.h5", "other datasets",
                           "/measurements/arc_snr_total"])
        # What it has is verified, without the column.
        self.assertIn("rows rendered again and compared to",
                      lensmill("verify", self.run, "--sample", 5).stdout)


class ChangedInputs(Case):
    def setUp(self):
        super().setUp()
        self.rows = self.write("rows.csv", "injection_id\n" + "".join(
            f"{row}\n" for row in range(70)))
        self.text = edited(SMALL, "sampled: {count: 10}", "file: {path: rows.csv}")
        self.run = self.make_run("run", self.text)

    def test_a_changed_file_is_refused_and_nothing_changes(self):
        before = snapshot(self.run)
        self.rows.write_text(self.rows.read_text() + "70\n")

        result = lensmill("run", self.folder / "run.yaml", "--output", self.run,
                          "--resume")

        self.assert_ends(result, CONFIG, "shard-000000.h5: made by another configuration "
                         "or other input files", "another --output, or --overwrite")
        self.assertEqual(snapshot(self.run), before)

    def test_a_touched_file_is_the_same_file(self):
        self.rows.write_text(self.rows.read_text())

        self.assert_ends(lensmill("run", self.folder / "run.yaml", "--output", self.run,
                                  "--resume"), 0, "2 shards are there already, 0 to make")

    def test_extending_with_a_changed_file_leaves_the_length_alone(self):
        table = self.write("table.csv", "lower,upper,weight\n0.5,1.0,1\n")
        text = edited(SMALL, "theta_e_arcsec: 1.2",
                      "theta_e_arcsec: {histogram: {file: table.csv}}")
        run = self.make_run("long", text)
        table.write_text("lower,upper,weight\n0.5,1.0,2\n")
        before = snapshot(run)

        result = lensmill("run", self.folder / "long.yaml", "--output", run, "--extend",
                          "--set", "catalogue.sampled.count=200")

        self.assert_ends(result, CONFIG, "other input files")
        self.assertEqual(snapshot(run), before)


class Extend(Case):
    def test_extending_equals_the_long_run_made_at_once(self):
        text = edited(RICH, "count: 10", "count: 100")
        run = self.make_run("run", text)
        first = (run / "shards/shard-000000.h5").read_bytes()
        longer = ("--set", "catalogue.sampled.count=230")

        result = lensmill("run", self.folder / "run.yaml", "--output", run, "--extend",
                          *longer)

        # The second shard had 36 rows of its 64: it is made again, the first one not.
        self.assert_ends(result, 0, "1 shards are there already, 3 to make")
        self.assertEqual((run / "shards/shard-000000.h5").read_bytes(), first)
        self.assert_same_contents(
            contents(virtual_file(run)),
            contents(virtual_file(self.make_run("at_once", text, *longer))))
        self.assert_ends(lensmill("verify", run), 0)
        self.assertIn("230 rows in 4 shards", lensmill("info", run).stdout)

    def test_an_interrupted_extension_goes_on_with_resume(self):
        text = edited(SMALL, "count: 10", "count: 64")
        run = self.make_run("run", text)
        longer = edited(SMALL, "count: 10", "count: 192")
        config = self.write("longer.yaml", longer)
        self.assert_ends(lensmill("run", config, "--output", run, "--extend"), 0)
        (run / "shards/shard-000002.h5").unlink()

        result = lensmill("run", config, "--output", run, "--resume")

        self.assert_ends(result, 0, "2 shards are there already, 1 to make")
        self.assertIn("192 of 192 rows", result.stdout)


class Overwrite(Case):
    def setUp(self):
        super().setUp()
        self.run = self.make_run("run", edited(SMALL, "count: 10", "count: 200"))
        self.mine = {name: self.write(f"run/{name}", f"mine: {name}")
                     for name in ("notes.txt", "shards/notes.h5", "plot/a.png",
                                  "log/mine.log")}

    def test_only_what_a_run_made_is_replaced(self):
        self.write("run/shards/shard-000009.h5.partial", "left behind")
        config = self.write("new.yaml", edited(SMALL, "seed: 7", "seed: 8"))

        result = lensmill("run", config, "--output", self.run, "--overwrite")

        self.assert_ends(result, 0)
        for name, path in self.mine.items():
            self.assertEqual(path.read_text(), f"mine: {name}")
        self.assertEqual(shards(self.run), ["notes.h5", "shard-000000.h5"])
        fresh = self.make_run("fresh", edited(SMALL, "seed: 7", "seed: 8"))
        self.assert_same_contents(contents(virtual_file(self.run)),
                                  contents(virtual_file(fresh)))
        self.assertIn("seed: 8", (self.run / "run.yaml").read_text())

    def test_a_run_of_another_name_leaves_no_file_of_the_old_name(self):
        config = self.write("new.yaml", edited(SMALL, "name: small", "name: other"))

        self.assert_ends(lensmill("run", config, "--output", self.run, "--overwrite"), 0)

        self.assertEqual(virtual_file(self.run).name, "other.h5")

    def test_a_damaged_run_yaml_does_not_keep_one_from_it(self):
        (self.run / "run.yaml").write_text("]")
        config = self.write("new.yaml", SMALL)

        result = lensmill("run", config, "--output", self.run, "--resume")
        self.assert_ends(result, CONFIG, f"{self.run}/run.yaml", "not valid YAML")
        self.assert_ends(lensmill("run", config, "--output", self.run, "--overwrite"), 0)

    def test_what_is_no_run_is_never_removed(self):
        (self.run / "run.yaml").unlink()
        before = snapshot(self.run)
        config = self.write("new.yaml", SMALL)

        for option in ((), ("--overwrite",), ("--resume",)):
            result = lensmill("run", config, "--output", self.run, *option)
            self.assert_ends(result, USAGE, f"{self.run}: contains shards or small.h5 but no "
                             "run.yaml", "give another --output, or remove them by hand")
        self.assertEqual(snapshot(self.run), before)

    def test_a_users_configuration_of_the_name_run_yaml_is_no_run(self):
        config = self.write("project/run.yaml", SMALL)

        for option in ((), ("--overwrite",), ("--resume",)):
            result = lensmill("run", config, "--output", config.parent, *option)
            self.assert_ends(result, USAGE, f"{config}: is there, but no run",
                             "another --output")
        self.assertEqual(snapshot(config.parent).keys(), {"run.yaml"})
        self.assertEqual(config.read_text(), SMALL)

    def test_a_bad_configuration_removes_nothing(self):
        before = snapshot(self.run)
        config = self.write("new.yaml", edited(SMALL, "seed: 7", "seed: x"))

        self.assert_ends(lensmill("run", config, "--output", self.run, "--overwrite"),
                         CONFIG)
        missing = self.write("new.yaml", SMALL)
        self.write("bad.csv", "lens_q\n2\n")
        self.assert_ends(lensmill("run", missing, "--output", self.run, "--overwrite",
                                  "--catalogue", self.folder / "bad.csv"), BAD_DATA)
        self.assertEqual(snapshot(self.run), before)


class Resume(Case):
    def test_of_a_run_that_is_not_there_makes_it(self):
        for option in ("--resume", "--extend", "--overwrite"):
            run = self.make_run(f"run{option}", SMALL, option)

            self.assertEqual(shards(run), ["shard-000000.h5"])

    def test_dry_runs_write_nothing(self):
        config = self.write("small.yaml", SMALL)
        run = self.folder / "run"

        result = lensmill("run", config, "--output", run, "--dry-run")

        self.assert_ends(result, 0, "dry run: nothing was written")
        self.assertIn("theta_e_arcsec: 1.2", result.stdout)
        self.assertFalse(run.exists())


if __name__ == "__main__":
    unittest.main()
