"""catalogue.keep: the rows that a run has are the first ones that meet its criteria, with
the bytes that they have in a run that keeps all, whoever makes the shards in whatever
order."""

import json
import signal
import time
import unittest

import h5py
import numpy as np

from support import BAD_DATA, CONFIG, INTERRUPTED, RICH, Case, contents, edited
from support import finish, lensmill, shards, start, virtual_file

CANDIDATES, ROWS = 1024, 70
KEEP = "{arc_snr: {r: [40, inf]}, magnification: [-inf, 6], n_images: [2, 4]}"


def with_keep(keep=KEEP, rows=ROWS):
    return edited(RICH, "catalogue: {sampled: {count: 10}}",
                  f"catalogue: {{sampled: {{count: {rows}}}, keep: {keep}}}")


def outside(run):
    """By criterion of KEEP: which rows of an open run do not meet it."""
    measured = {name: column[...] for name, column in run["measurements"].items()}
    return {"arc_snr.r": ~(measured["arc_snr"][:, 1] >= 40.0),
            "magnification": ~(measured["magnification"] <= 6.0),
            "n_images": ~((measured["n_images"] >= 2) & (measured["n_images"] <= 4))}


class KeepCase(Case):
    """Against a run of all the candidates."""

    def setUp(self):
        super().setUp()
        if not hasattr(KeepCase, "all_rows"):
            path = virtual_file(self.make_run(
                "all", edited(RICH, "count: 10", f"count: {CANDIDATES}")))
            KeepCase.all_rows = contents(path)
            with h5py.File(path) as run:
                KeepCase.outside = outside(run)
                KeepCase.failed = run["measurements/status"][...] >= 10
                KeepCase.data = {group: {name: column[...] for name, column
                                         in run[group].items()}
                                 for group in ("images", "catalogue", "measurements")}
            KeepCase.ids = np.flatnonzero(
                ~self.failed & ~np.any(list(self.outside.values()), axis=0))

    def expected(self, rows=ROWS):
        chosen = self.ids[:rows]
        return {f"{group}/{name}": (values[chosen].dtype.str, values[chosen].shape,
                                    values[chosen].tobytes())
                for group, columns in self.data.items()
                for name, values in columns.items()}

    def assert_kept(self, run, rows=ROWS):
        self.assert_same_contents(contents(virtual_file(run)), self.expected(rows))


class Rows(KeepCase):
    def test_are_the_first_that_meet_the_criteria_counted_by_hand(self):
        # Each criterion leaves something out, and the last row is inside a shard.
        self.assertGreater(len(self.ids), ROWS + 10)
        self.assertTrue(all(rows.any() for rows in self.outside.values()))
        run = self.folder / "run"
        config = self.write("keep.yaml", with_keep())

        result = lensmill("run", config, "--output", run)

        self.assert_ends(result, 0)
        self.assert_kept(run)
        tried = 64 * (self.ids[ROWS - 1] // 64 + 1)
        self.assertEqual(len(shards(run)), tried // 64)
        with h5py.File(virtual_file(run)) as file:
            counts = json.loads(file.attrs["selection"])
            self.assertEqual(file.attrs["row_count"], ROWS)
            self.assertEqual(file.attrs["candidate_count"], tried)
        self.assertEqual(counts, {
            "candidates": tried, "failed": int(self.failed[:tried].sum()),
            "kept": int((self.ids < tried).sum()),
            "outside": {name: int((rows & ~self.failed)[:tried].sum())
                        for name, rows in self.outside.items()}})
        self.assertGreater(counts["kept"], ROWS)
        self.assertIn(f"catalogue.keep: {counts['kept']} of {tried} candidates kept",
                      result.stdout)

    def test_are_the_same_at_any_number_of_ranks(self):
        for ranks, groups in ((2, 1), (2, 2), (3, 3)):
            run = self.make_run(f"run-{ranks}-{groups}", with_keep(), "--set",
                                f"output.writer_groups={groups}", ranks=ranks)
            self.assert_kept(run)
        self.assert_ends(lensmill("verify", run, "--sample", 5), 0)

    def test_arc_snr_total_is_that_of_all_bands(self):
        measured = self.data["measurements"]
        total = np.sqrt((measured["arc_snr"]**2).sum(axis=1))

        # Rounding of a sum of two squares and a root.
        np.testing.assert_allclose(measured["arc_snr_total"], total, rtol=4e-16)

    def test_shards_in_which_nothing_is_kept(self):
        text = edited(with_keep("{n_images: [2, 3], arc_snr_total: [200, inf], "
                                "min_acceptance: 0.001}", 6),
                      "rows_per_shard: 64", "rows_per_shard: 16")
        measured = self.data["measurements"]
        wanted = np.flatnonzero((measured["n_images"] >= 2) & (measured["n_images"] <= 3)
                                & (measured["arc_snr_total"] >= 200))[:6]
        self.assertEqual(len(wanted), 6)
        # Some of the shards are empty.
        self.assertGreater(wanted[-1] // 16 + 1, len(set(wanted // 16)))

        for ranks in (0, 2):
            run = self.make_run(f"few-{ranks}", text, ranks=ranks)

            with h5py.File(virtual_file(run)) as file:
                np.testing.assert_array_equal(file["catalogue/injection_id"], wanted)
            self.assert_ends(lensmill("verify", run, "--sample", 6), 0)


class Jobs(KeepCase):
    def test_killed_and_resumed(self):
        text = edited(with_keep(), "rows_per_shard: 64", "rows_per_shard: 8")
        config = self.write("keep.yaml", text)
        run = self.folder / "run"
        arguments = ("run", config, "--output", run, "--resume")
        for least in (2, 6):
            process = start(*arguments)
            while len(list(run.glob("shards/*.h5"))) < least:
                self.assertIsNone(process.poll(), "ended before it could be killed")
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            finish(process)
        # And a shard in the middle gone.
        (run / "shards/shard-000001.h5").unlink()
        self.assert_ends(lensmill("verify", run, "--sample", 0), BAD_DATA)

        self.assert_ends(lensmill(*arguments), 0)

        self.assert_kept(run)
        self.assertEqual([path for path in run.rglob("*.partial")], [])
        self.assert_ends(lensmill("verify", run, "--sample", 5), 0)

    def test_arrays_are_trimmed_by_finalize(self):
        config = self.write("keep.yaml", with_keep())
        run = self.folder / "run"
        needed = self.ids[ROWS - 1] // 64 + 1
        job = ("run", config, "--output", run, "--shards")
        # One shard more than needed, before those before it.
        self.assert_ends(lensmill(*job, f"2-{needed}"), 0, "`lensmill finalize")
        self.assert_ends(lensmill(*job, "0"), 0)
        self.assert_ends(lensmill("finalize", run), INTERRUPTED, "shards are missing")
        self.assert_kept(run, int((self.ids < 64).sum()))
        self.assert_ends(lensmill(*job, "1"), 0, "the run has all its rows")
        # Nothing is left to do, wherever the shards lie.
        self.assert_ends(lensmill(*job, f"{needed + 1}-{needed + 9}"), 0,
                         "the run has all its rows")

        self.assert_ends(lensmill("finalize", run), 0)

        self.assertEqual(len(shards(run)), needed + 1)
        self.assert_kept(run)
        self.assert_ends(lensmill("verify", run, "--sample", 5), 0)

    def test_extended(self):
        run = self.make_run("run", with_keep(rows=40))
        self.assert_kept(run, 40)
        before = {name: (run / "shards" / name).stat().st_mtime_ns
                  for name in shards(run)}
        config = self.write("more.yaml", with_keep())
        self.assert_ends(lensmill("run", config, "--output", run, "--resume"), CONFIG,
                         "--extend")

        self.assert_ends(lensmill("run", config, "--output", run, "--extend"), 0)

        self.assert_kept(run)
        # Candidates are the shards', however many rows are asked for.
        for name, made in before.items():
            self.assertEqual((run / "shards" / name).stat().st_mtime_ns, made)

    def test_another_selection_is_another_run(self):
        run = self.make_run("run", with_keep(rows=5))
        other = self.write("other.yaml", with_keep("{magnification: [-inf, 5]}", 5))
        self.assert_ends(lensmill("run", other, "--output", run, "--resume"), CONFIG,
                         "catalogue.keep.magnification")
        every = self.write("every.yaml", edited(RICH, "count: 10", "count: 5"))
        self.assert_ends(lensmill("run", every, "--output", run, "--resume"), CONFIG,
                         "catalogue.keep")

    def test_hopeless_runs_end_soon_and_lose_nothing(self):
        text = with_keep("{magnification: [50, inf], min_acceptance: 0.2}", 500)
        run = self.make_run("run", text, code=BAD_DATA)
        there = shards(run)
        self.assertLess(len(there), 4)
        config = self.folder / "run.yaml"

        again = lensmill("run", config, "--output", run, "--resume")

        self.assert_ends(again, BAD_DATA, "500 rows wanted, but 0 of", "candidates kept",
                         "outside magnification", "min_acceptance (0.2)", "--resume")
        self.assertEqual(shards(run), there)
        # All that may be tried, then.
        few = self.make_run("few", with_keep("{arc_snr: {r: [40, inf]}, "
                                             "min_acceptance: 1}", 64), code=BAD_DATA)
        kept = int((~self.outside["arc_snr.r"] & ~self.failed)[:64].sum())
        self.assertEqual(shards(few), ["shard-000000.h5"])
        with h5py.File(virtual_file(few)) as file:
            self.assertEqual(len(file["catalogue/injection_id"]), kept)
        more = self.folder / "few.yaml"
        self.assert_ends(lensmill("run", more, "--output", few, "--resume", "--set",
                                  "catalogue.keep.min_acceptance=0.1"), 0)
        with h5py.File(virtual_file(few)) as file:
            self.assertEqual(len(file["catalogue/injection_id"]), 64)


class Readers(KeepCase):
    def setUp(self):
        super().setUp()
        self.run = self.make_run("run", with_keep())

    def test_extract_knows_the_runs_rows_alone(self):
        picture = self.folder / "row.png"
        row = ("extract", self.run, "--png", picture, "--id")
        self.assert_ends(lensmill(*row, self.ids[ROWS - 1]), 0)
        left_out = next(k for k in range(CANDIDATES) if k not in self.ids)
        # The next kept one is in the last shard, beyond the run's last row.
        beyond = self.ids[ROWS]
        self.assertEqual(beyond // 64, self.ids[ROWS - 1] // 64)
        for number in (left_out, beyond):
            self.assert_ends(lensmill(*row, number), BAD_DATA,
                             f"no injection with id {number} (the run has {ROWS} rows")

    def test_a_damaged_shard_is_named_and_made_again(self):
        shard = self.run / "shards/shard-000001.h5"
        whole = shard.read_bytes()
        shard.write_bytes(whole[:len(whole) // 2])

        # Else the rows after it would be gone without a word.
        for command in (("finalize", self.run), ("analyse", self.run),
                        ("extract", self.run, "--id", self.ids[0], "--png",
                         self.folder / "row.png")):
            self.assert_ends(lensmill(*command), BAD_DATA, shard)
        verified = lensmill("verify", self.run, "--sample", 0)
        self.assertEqual(verified.code, BAD_DATA)
        self.assertIn(str(shard), verified.stdout)
        self.assert_ends(lensmill("run", self.folder / "run.yaml", "--output", self.run,
                                  "--resume"), 0, "will be made again")
        self.assert_kept(self.run)

    def test_analyse_probe_and_info(self):
        self.assert_ends(lensmill("analyse", self.run, "--counterfactuals", 20), 0)
        facts = json.loads((self.run / "analysis/analysis.json").read_text())["rows"]
        self.assertEqual((facts["rows"], facts["rows_planned"]), (ROWS, ROWS))
        self.assertEqual(facts["selection"]["candidates"] % 64, 0)
        # The probe wants more rows; each is rendered anew, by its candidate.
        more = self.make_run("more", with_keep(rows=120),
                             "--set", "catalogue.split={validation: 0.3, test: 0.3}")
        self.assert_ends(lensmill("probe", more, "--rows", 120), 0)
        stamps = json.loads((more / "analysis/probe.json").read_text())["stored_stamps"]
        self.assertEqual((stamps["rows"], stamps["different"]), (120, 0))
        info = lensmill("info", self.run)
        self.assert_ends(info, 0)
        self.assertIn(f"{ROWS} rows wanted; catalogue.keep:", info.stdout)
        self.assertNotIn("INCOMPLETE", info.stdout)

    def test_check_forecasts_the_acceptance(self):
        config = self.folder / "run.yaml"

        result = lensmill("check", config)

        self.assert_ends(result, 0)
        self.assertRegex(result.stdout, r"keep: +about [0-9.]+ % of candidates, "
                         rf"[0-9.]+ to [0-9.]+ % by the sample: [0-9,]+ candidates in "
                         rf"whole shards for {ROWS} rows; [0-9.]+ ms")
        self.assertIn("outside n_images:", result.stdout)
        none = lensmill("check", config, "--set",
                        "catalogue.keep.magnification=[50, inf]",
                        "--set", "catalogue.keep.min_acceptance=0.2")
        self.assertIn("! catalogue.keep: so few candidates are kept", none.stdout)

    def test_a_changed_row_is_found(self):
        shard = self.run / "shards/shard-000000.h5"
        with h5py.File(shard, "r") as file:
            at = file["measurements/magnification"].id.get_offset()
            rows = file["measurements/magnification"].shape[0]
        self.assertGreater(rows, 1)
        data = bytearray(shard.read_bytes())
        data[at + 8 * (rows - 1)] ^= 1
        shard.write_bytes(data)

        result = lensmill("verify", self.run, "--sample", 0)

        self.assertEqual(result.code, BAD_DATA)
        self.assertIn("/measurements/magnification: rows 0 to "
                      f"{rows - 1} do not have the bytes", result.stdout)


if __name__ == "__main__":
    unittest.main()
