"""Answer the questions of the reference study from runs: one line each, in its order, with
number, interval, definition and the command that made it, or what to do to have an answer.

Reads RUN/analysis/analysis.json (`lensmill analyse`, made where it is missing) and
RUN/analysis/probe.json (`lensmill probe`), both held against the run. Runs given by --with
stand beside the first; they must have its aperture and band."""

import argparse
import json
import pathlib
import re
from typing import Any, Dict, List

from lensmill.answers.evidence import Evidence, Said
from lensmill.answers.questions import QUESTIONS, Question
from lensmill.errors import InputError
from lensmill.findings import read_findings
from lensmill.run import open_run
from lensmill.writing import whole_file

FORMAT = "lensmill answers 1"
COMMON = ("aperture_radius_pix", "band", "aperture", "pixel_scale_arcsec")


def read_evidence(paths: List[pathlib.Path]) -> List[Evidence]:
    """\\raises InputError: a run twice, or of another aperture or band than the first"""
    found: List[Evidence] = []
    for path in paths:
        run = open_run(path)
        one = Evidence(run, read_findings(run), run.name)
        for other in found:
            if other.run.config_hash == run.config_hash and len(other.run) == len(run):
                raise InputError(f"{path}: is the run {other.place} again (config_hash "
                                 f"{run.config_hash[:12]}); give each run once")
        for key in COMMON:
            if found and one.rows[key] != found[0].rows[key]:
                raise InputError(f"{path}: {key} is {one.rows[key]}, but {found[0].rows[key]} in "
                                 f"{found[0].place}: their core fluxes are not the same quantity; "
                                 "answer each by itself")
        found.append(one)
    names = [one.label for one in found]
    for one in found:
        if names.count(one.label) > 1:
            one.label = f"{one.label} ({one.place})"
    return found


def answers_of(evidence: List[Evidence]) -> List[Dict[str, Any]]:
    """For each question its part, text and one entry per run (one in all where the answer is
    of no run)."""
    return [{"part": question.part, "question": question.text,
             "answers": _entries(question, evidence)} for question in QUESTIONS]


def runs_of(evidence: List[Evidence]) -> List[Dict[str, Any]]:
    return [{"run": one.label, "path": one.place, "config_hash": one.run.config_hash,
             "rows": one.rows["rows_analysed"], "definition": one.definition}
            for one in evidence]


def _entries(question: Question, evidence: List[Evidence]) -> List[Dict[str, Any]]:
    entries = [_entry(question.answer(one), one) for one in evidence]
    if all({**entry, "run": ""} == {**entries[0], "run": ""} for entry in entries):
        entries = [{**entries[0], "run": ""}] if len(entries) > 1 else entries
    return entries


def _entry(said: Said, evidence: Evidence) -> Dict[str, Any]:
    return {"run": evidence.label, "answered": bool(said.sentence), "answer": said.sentence,
            "numbers": said.numbers, "definition": said.definition,
            "command": said.command.format(run=evidence.place),
            "not_answerable": said.do}


def as_text(runs: List[Dict[str, Any]], answers: List[Dict[str, Any]]) -> str:
    lines: List[str] = [""] + [f"{one['run']}: {one['definition']}" for one in runs]
    part = ""
    for one in answers:
        if one["part"] != part:
            part = one["part"]
            lines += ["", part, "=" * len(part)]
        lines += ["", one["question"]]
        for entry in one["answers"]:
            run = f"{entry['run']}: " if entry["run"] else ""
            if not entry["answered"]:
                lines.append(f"  {run}not answerable from this run: {entry['not_answerable']}")
                continue
            lines.append(f"  {run}{entry['answer']}")
            lines.append(f"    ({entry['definition']}"
                         + (f"; {entry['command']}" if entry["command"] else "") + ")")
    return "\n".join(lines[1:]) + "\n"


def escaped(text: str) -> str:
    """As it stands, in Markdown."""
    text = re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)
    return re.sub(r"[\r\n]+", " ", text)


def as_markdown(runs: List[Dict[str, Any]], answers: List[Dict[str, Any]]) -> str:
    lines = ["# The reference study's questions, answered", ""]
    lines += [f"* *{escaped(one['run'])}*: {escaped(one['definition'])}" for one in runs]
    part = ""
    for one in answers:
        if one["part"] != part:
            part = one["part"]
            lines += ["", f"## {escaped(part)}"]
        lines += ["", f"**{escaped(one['question'])}**", ""]
        for entry in one["answers"]:
            run = f"*{escaped(entry['run'])}*: " if entry["run"] else ""
            if not entry["answered"]:
                lines.append(f"* {run}not answerable from this run: "
                             f"{escaped(entry['not_answerable'])}")
                continue
            command = f"; `{entry['command'].replace('`', '')}`" if entry["command"] else ""
            lines.append(f"* {run}{escaped(entry['answer'])}<br>"
                         f"<small>{escaped(entry['definition'])}{command}</small>")
    return "\n".join(lines) + "\n"


def add_command(commands: Any) -> None:
    parser = commands.add_parser("answers", help="the reference study's questions, answered",
                                 description=__doc__)
    parser.add_argument("run_path", metavar="RUN", type=pathlib.Path, help="a run's folder")
    parser.add_argument("--with", metavar="RUN2", dest="others", type=pathlib.Path,
                        action="append", default=[], help="another run; may be repeated")
    parser.add_argument("--markdown", metavar="FILE", type=pathlib.Path,
                        help="also write it as Markdown")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="also write it as JSON")
    parser.add_argument("--overwrite", action="store_true", help="replace these files")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    evidence = read_evidence([options.run_path, *options.others])
    runs, answers = runs_of(evidence), answers_of(evidence)
    document = json.dumps({"format": FORMAT, "runs": runs, "questions": answers}, indent=2)
    for path, text in ((options.markdown, as_markdown(runs, answers)),
                       (options.json, document + "\n")):
        if path is None:
            continue
        with whole_file(path, options.overwrite) as partial:
            partial.write_text(text)
    print(as_text(runs, answers), end="")
