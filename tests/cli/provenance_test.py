"""RUN/provenance.json is W3C PROV that python-prov reads, and tells of every job; RUN/log
has each job's record, each rank's times and each group's signs of life."""

import json
import signal
import time
import unittest

import h5py
import prov.model
from prov.constants import PROV_ROLE, PROV_TYPE

from support import INTERRUPTED, SMALL, TIME_LIMIT_S, USAGE, Case, edited, finish
from support import lensmill, start, virtual_file

ROWS = 640


def names(records, kind):
    return [record for record in records if isinstance(record, kind)]


def identifiers(records, kind):
    return {str(record.identifier) for record in names(records, kind)}


class Provenance(Case):
    def setUp(self):
        super().setUp()
        self.text = edited(SMALL, "count: 10", f"count: {ROWS}")
        self.rows = self.write("rows.csv", "injection_id,src_flux_nmgy_r\n" + "".join(
            f"{k},{5 + k % 3}\n" for k in range(ROWS)))
        self.text = edited(self.text, f"sampled: {{count: {ROWS}}}",
                           f"file: {{path: '{self.rows}'}}")
        self.text = edited(self.text, "  src_flux_nmgy_r: 10.0\n", "")
        self.config = self.write("small.yaml", self.text)
        self.run = self.folder / "run"

    def document(self):
        text = (self.run / "provenance.json").read_text()
        document = prov.model.ProvDocument.deserialize(content=text, format="json")
        # What python-prov cannot name or type does not survive its own round trip.
        again = prov.model.ProvDocument.deserialize(
            content=document.serialize(format="json"), format="json")
        self.assertEqual(document, again)
        return document

    def jobs(self):
        records = [json.loads(path.read_text())
                   for path in (self.run / "log").glob("*.job.json")]
        return sorted(records, key=lambda job: job["jobs_before"])

    def lines(self, pattern):
        return [json.loads(line) for path in sorted((self.run / "log").glob(pattern))
                for line in path.read_text().splitlines()]

    def test_source_date_epoch_is_the_time_in_files_and_nowhere_else(self):
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        result = lensmill("run", self.config, "--output", self.run, "--set",
                          "output.writer_groups=1", ranks=2,
                          env={"SOURCE_DATE_EPOCH": "1764179303"})

        self.assert_ends(result, 0)
        for path in [virtual_file(self.run), *sorted((self.run / "shards").iterdir())]:
            with h5py.File(path) as file:
                facts = dict(file["provenance"].attrs)
            self.assertEqual(facts["started_utc"], "2025-11-26T17:48:23Z", path)
            self.assertEqual(facts["source_date_epoch"], 1764179303)
        (job,) = self.jobs()
        for utc in (job["started_utc"], job["ended_utc"], job["facts"]["started_utc"],
                    *(line["utc"] for line in self.lines("*.group-*.jsonl"))):
            self.assertGreaterEqual(utc, began)
        self.assertNotIn("2025-11-26T", (self.run / "provenance.json").read_text())

    def test_a_source_date_epoch_that_is_none_is_refused(self):
        for value in ("", "-1", "2025-11-26", "1764179303.5"):
            for ranks in (0, 2) if value == "-1" else (0,):
                result = lensmill("run", self.config, "--output", self.run, ranks=ranks,
                                  env={"SOURCE_DATE_EPOCH": value})

                self.assert_ends(result, USAGE, "SOURCE_DATE_EPOCH: must be seconds since "
                                 "1970, digits alone", f"(got `{value}`)")
                self.assertFalse(self.run.exists())

    def test_seconds_of_the_environment_that_are_none_are_refused(self):
        for name in ("LENSMILL_IO_LIMIT_S", "LENSMILL_CLAIM_SILENCE_S"):
            for ranks in (0, 2):
                result = lensmill("run", self.config, "--output", self.run, ranks=ranks,
                                  env={name: "10m"})

                self.assert_ends(result, USAGE, f"{name}: must be seconds", "(got `10m`)")
                self.assertFalse(self.run.exists())

    def test_one_job(self):
        result = lensmill("run", self.config, "--output", self.run, "--set",
                          "output.writer_groups=2", ranks=2)

        self.assert_ends(result, 0)
        self.assertRegex(result.stdout, r"efficiency: \d+ % of the ranks. time went into rows")
        (job,) = self.jobs()
        self.assertEqual(job["status"], "complete")
        self.assertEqual(job["exit_code"], 0)
        self.assertEqual(job["results"]["rows_made"], ROWS)
        self.assertEqual(job["run_id"], (self.run / "log/run_id").read_text().strip())
        ranks = self.lines("*.ranks.jsonl")
        self.assertEqual([line["rank"] for line in ranks], [0, 1])
        self.assertEqual(sum(line["rows"] for line in ranks), ROWS)
        for line in ranks:
            self.assertEqual(set(line["stages_s"]),
                             {"sample", "lens", "convolve", "host", "noise", "measure"})
        busy = sum(sum(line["stages_s"].values()) + line["reading_s"]
                   + line["checksums_s"] + line["writing_s"] for line in ranks)
        self.assertAlmostEqual(busy / sum(line["wall_s"] for line in ranks),
                               job["results"]["efficiency"], places=6)
        beats = self.lines("*.group-*.jsonl")
        for event in ("begun", "finished"):
            self.assertEqual(sorted(b["shard"] for b in beats if b["event"] == event),
                             list(range(ROWS // 64)))

        records = self.document().get_records()
        run = f"run:{job['run_id']}"
        (activity,) = names(records, prov.model.ProvActivity)
        self.assertEqual(str(activity.identifier), f"job:{job['job_id']}")
        self.assertIsNotNone(activity.get_startTime())
        self.assertIsNotNone(activity.get_endTime())
        (agent,) = names(records, prov.model.ProvAgent)
        self.assertIn("prov:SoftwareAgent", [str(t) for t in agent.get_attribute(PROV_TYPE)])
        (used,) = names(records, prov.model.ProvUsage)
        self.assertEqual([str(r) for r in used.get_attribute(PROV_ROLE)], ["catalogue"])
        self.assertIn(run, identifiers(records, prov.model.ProvEntity))
        # Every relation speaks of something that the document declares.
        declared = (identifiers(records, prov.model.ProvEntity)
                    | identifiers(records, prov.model.ProvActivity)
                    | identifiers(records, prov.model.ProvAgent))
        for relation in names(records, prov.model.ProvRelation):
            for _, value in relation.formal_attributes[:2]:
                self.assertIn(str(value), declared, relation)

    def test_a_resumed_job_is_informed_by_the_one_before(self):
        process = start("run", self.config, "--output", self.run)
        until = time.monotonic() + TIME_LIMIT_S
        while not list((self.run / "shards").glob("*.h5")):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.002)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(finish(process).code, INTERRUPTED)
        lensmill("run", self.config, "--output", self.run, "--resume")

        first, second = self.jobs()

        self.assertEqual((first["status"], second["status"]), ("interrupted", "complete"))
        self.assertEqual(first["exit_code"], INTERRUPTED)
        self.assertNotIn("after_job", first)
        self.assertEqual(second["after_job"], first["job_id"])
        self.assertEqual(first["run_id"], second["run_id"])
        (informed,) = names(self.document().get_records(), prov.model.ProvCommunication)
        self.assertEqual([str(value) for _, value in informed.formal_attributes],
                         [f"job:{second['job_id']}", f"job:{first['job_id']}"])

    def test_a_killed_job_stays_running_in_its_record(self):
        process = start("run", self.config, "--output", self.run)
        until = time.monotonic() + TIME_LIMIT_S
        while not list((self.run / "shards").glob("*.h5")):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.002)
        process.kill()
        finish(process)
        self.assertEqual([job["status"] for job in self.jobs()], ["running"])

        lensmill("run", self.config, "--output", self.run, "--resume")

        self.assertEqual([job["status"] for job in self.jobs()], ["running", "complete"])
        self.document()

    def test_a_new_run_in_the_folder_has_an_id_and_jobs_of_its_own(self):
        lensmill("run", self.config, "--output", self.run)
        before = (self.run / "log/run_id").read_text()

        lensmill("run", self.config, "--output", self.run, "--overwrite")

        self.assertNotEqual((self.run / "log/run_id").read_text(), before)
        self.assertEqual(
            len(names(self.document().get_records(), prov.model.ProvActivity)), 1)

    def test_gates(self):
        pilot = self.folder / "pilot"
        lensmill("run", self.config, "--output", pilot)
        result = lensmill("run", self.config, "--output", self.run, "--gated-by", pilot)
        self.assert_ends(result, 0)
        gate = (pilot / "log/run_id").read_text().strip()

        used = names(self.document().get_records(), prov.model.ProvUsage)

        roles = {str(relation.formal_attributes[1][1]):
                 [str(role) for role in relation.get_attribute(PROV_ROLE)]
                 for relation in used}
        self.assertEqual(roles[f"run:{gate}"], ["gate"])
        self.assert_ends(lensmill("run", self.config, "--output", self.run, "--resume",
                                  "--gated-by", self.run), USAGE, "is this run itself")
        self.assert_ends(lensmill("run", self.config, "--output", self.folder / "x",
                                  "--gated-by", self.folder / "none"), USAGE,
                         "no run with an id there")
        self.assertFalse((self.folder / "x").exists())  # refused before anything is made

    def test_finalize_tells_of_all_jobs(self):
        for shards in ("0-4", "5-9"):
            lensmill("run", self.config, "--output", self.run, "--shards", shards)
        self.assertFalse((self.run / "provenance.json").exists())

        self.assert_ends(lensmill("finalize", self.run), 0)

        self.assertEqual(
            len(names(self.document().get_records(), prov.model.ProvActivity)), 2)

    def test_bytes_that_are_no_text_do_not_stop_a_run(self):
        folder = str(self.folder).encode() + b"/run-\xff"

        result = lensmill("run", self.config, "--output", folder)

        self.assert_ends(result, 0)


if __name__ == "__main__":
    unittest.main()
