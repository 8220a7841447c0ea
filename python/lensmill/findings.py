"""What `lensmill analyse` and `lensmill probe` found of a run: read, held against the run,
and made where it is missing."""

import pathlib
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from lensmill.errors import InputError, MissingPackage
from lensmill.figures.analysis import read_report
from lensmill.renderer import find_program
from lensmill.run import Run

IO_EXIT = 74


@dataclass
class Findings:
    """analysis.json, probe.json (or why it is not used), and what is to be said of them."""

    analysis: Dict[str, Any]
    probe: Optional[Dict[str, Any]] = None
    left_out: List[str] = field(default_factory=list)

    def table(self, section: str, name: str) -> List[Dict[str, Any]]:
        """Rows of a table of analysis.json; none where it is not there."""
        tables = self.analysis.get(section, {}).get("tables", {})
        return list(tables.get(name, {}).get("rows", []))

    @property
    def aperture(self) -> str:
        rows = self.analysis["rows"]
        return f"r < {rows['aperture_radius_pix']:g} pix, band {rows['band']}"


def read_findings(run: Run) -> Findings:
    """Read them, or have `lensmill analyse` make what is missing or older than the run's
    rows.

    Raises
    ------
    InputError
        Not a run's folder, nothing to analyse, files of another run, damaged files, no
        program.
    OSError
        `lensmill analyse` could not write.
    """
    layout = run.table.layout
    if layout.single:
        raise InputError(f"{run.path}: a report is made of a run's folder, not of one file "
                         "of it")
    rows = int(run.there().sum())
    if rows == 0:
        raise InputError(f"{run.path}: no row is there yet: nothing to report")
    if len(run.where()) == 0:
        raise InputError(f"{run.path}: all of its {rows} rows have failed (column status): "
                         "nothing to report")
    path = layout.folder / "analysis" / "analysis.json"
    report = _load(path, run) if path.is_file() else None
    if report is None or report["rows"].get("rows") != rows:
        _analyse(layout.folder, report)
        report = _load(path, run)
        if report["rows"].get("rows") != rows:
            raise InputError(f"{path}: is of {report['rows'].get('rows')} rows, but "
                             f"{rows} are there (the run is being made; try again)")
    findings = Findings(report)
    _add_probe(findings, layout.folder / "analysis" / "probe.json", run)
    return findings


def _load(path: pathlib.Path, run: Run) -> Dict[str, Any]:
    report = read_report(path)
    try:
        name, found = report["run"]["name"], report["run"]["config_hash"]
        for key in ("rows", "band", "aperture_radius_pix", "confidence"):
            report["rows"][key]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: lacks {error}: make it again (`lensmill analyse "
                         f"{run.path}`)") from None
    if found != run.config_hash:
        raise InputError(
            f"{path}: is of another run ({name}, config_hash {str(found)[:12]}...; here "
            f"{run.config_hash[:12]}...): make it again (`lensmill analyse {run.path}`)")
    return report


def _analyse(folder: pathlib.Path, old: Optional[Dict[str, Any]]) -> None:
    try:
        program = find_program()
    except MissingPackage as error:
        raise InputError(
            f"{folder}/analysis/analysis.json: "
            + ("is not there" if old is None else "is older than the run's rows")
            + f": run `lensmill analyse {folder}` (it would be done here, but {error})"
        ) from None
    command = [program, "analyse", str(folder)]
    if old is not None:  # as it was made before
        edges = old["rows"].get("theta_e_edges_arcsec")
        if edges:
            command += ["--theta-e-bins", ",".join(f"{edge:.17g}" for edge in edges)]
        count = old.get("counterfactuals", {}).get("rows", 0)
        if count:
            command += ["--counterfactuals", str(count)]
    print(f"lensmill: {' '.join(command)}", file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        return
    text = (f"{folder}: `lensmill analyse` ended with {done.returncode} (its message is "
            "above)")
    raise OSError(text) if done.returncode == IO_EXIT else InputError(text)


def _add_probe(findings: Findings, path: pathlib.Path, run: Run) -> None:
    if not path.is_file():
        findings.left_out.append(
            "What classifiers learn from the core, and by which mitigation less: "
            f"`lensmill probe {run.path}` makes it.")
        return
    probe = read_report(path)
    seed = int(run.provenance.facts.get("seed", -1))
    if "config_hash" in probe:
        same = probe["config_hash"] == run.config_hash
    else:
        same = (probe.get("run"), probe.get("seed")) == (run.name, seed)
    if not same:
        raise InputError(f"{path}: is of another run ({probe.get('run')}, seed "
                         f"{probe.get('seed')}): make it again (`lensmill probe "
                         f"{run.path}`) or remove it")
    findings.probe = probe
