"""Two runs beside each other."""

import difflib
import math
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from lensmill.report.answer import interval
from lensmill.report.drawing import (COUNTER, OUTER, Canvas, Chart, bins_of, csv_text,
                                     set_bins, whiskers)
from lensmill.findings import Findings
from lensmill.run import Run

MOST_LINES = 200


@dataclass
class Comparison:
    name: str
    path: str
    rows: List[Dict[str, str]]
    chart: Optional[Chart]
    differences: List[str]  # lines of the two configurations
    notes: List[str]


def compare(run: Run, findings: Findings, other: Run, others: Findings) -> Comparison:
    mine, theirs = ({row["theta_e_bin"]: row for row in one.table("core_flux", "core_flux")
                     if row["n"]} for one in (findings, others))
    names = [name for name in mine if name in theirs]
    notes = []
    if findings.aperture != others.aperture:
        notes.append(f"Not the same quantity: here {findings.aperture}, there "
                     f"{others.aperture}.")
    if set(mine) != set(theirs):
        notes.append("Bins of θ_E that only one of the runs has are left out: "
                     + ", ".join(sorted(set(mine) ^ set(theirs))) + ".")
    if run.config_hash == other.config_hash:
        notes.append("Both are of the same configuration and inputs (config_hash).")
    table = []
    for name in names:
        a, b = mine[name], theirs[name]
        table.append({"theta_e": name, "here": interval(a, "mean"),
                      "there": interval(b, "mean"), "difference": _difference(a, b)})
    lines = [line for line in difflib.unified_diff(
        other.provenance.resolved_yaml.splitlines(),
        run.provenance.resolved_yaml.splitlines(), "the other run", "this run", lineterm="",
        n=2)]
    if len(lines) > MOST_LINES:
        lines = lines[:MOST_LINES] + [f"... {len(lines) - MOST_LINES} more lines"]
    return Comparison(other.name, str(other.path), table,
                      _chart(findings, others, names), lines, notes)


def _difference(a: Dict[str, Any], b: Dict[str, Any]) -> str:
    errors = [one.get("mean_standard_error") for one in (a, b)]
    if None in (a["mean"], b["mean"]):
        return "–"
    value = f"{a['mean'] - b['mean']:+.3f}"
    if None in errors:
        return value
    return f"{value} ± {math.hypot(*map(float, errors)):.3f}"  # type: ignore[arg-type]


def _chart(findings: Findings, others: Findings, names: List[str]) -> Optional[Chart]:
    rows = [[row for row in bins_of(one.table("core_flux", "core_flux"))
             if row["theta_e_bin"] in names] for one in (findings, others)]
    if not rows[0]:
        return None
    canvas = Canvas()
    with canvas as figure:
        axes = figure.subplots()
        places = set_bins(axes, rows[0])
        for shift, table, label, colour, mark in (
                (-0.06, rows[0], "this run", COUNTER, "o-"),
                (0.06, rows[1], "the other run", OUTER, "s--")):
            whiskers(axes, places + shift, table, "mean", fmt=mark, color=colour,
                     markersize=4, capsize=2, label=label)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("core flux fraction (mean)")
        axes.legend()
    return canvas.chart(
        "comparison", "Core flux fraction of the two runs",
        "Where whiskers (90 % intervals) do not overlap the runs differ.",
        csv_text([dict(row, run=which) for which, table in zip(("this", "other"), rows)
                  for row in table],
                 ["run", "theta_e_bin", "n", "mean", "mean_lower", "mean_upper"]))
