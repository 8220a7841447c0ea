"""The page: everything of it in one file."""

import base64
import os
import pathlib
import re
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from lensmill.errors import InputError, needs
from lensmill.report import charts, row_charts
from lensmill.report.answer import answer_of
from lensmill.report.compare import compare
from lensmill.report.drawing import Chart, csv_text, data_uri
from lensmill.findings import Findings, read_findings
from lensmill.report.gallery import (GALLERY_COUNT, first_row, gallery, gallery_csv,
                                     kinds_of)
from lensmill.run import Run, open_run
from lensmill.writing import whole_file

HERE = pathlib.Path(__file__).resolve().parent
# In the order of the page: sections of analysis.json that have charts or tables.
SECTIONS = ("core_flux", "attribution", "runs", "counterfactuals", "inner_images", "paired",
            "radial_profiles", "psf_expectation", "visibility", "model", "scan",
            "hypotheses", "distributions", "rows")
START = "<!DOCTYPE html>"  # of page.html
LONG_TABLE = 40  # rows; longer ones are in their CSV only
Path = Union[str, "os.PathLike[str]"]


def write_report(run_path: Path, output: Optional[Path] = None, *,
                 other: Optional[Path] = None, count: int = GALLERY_COUNT,
                 figures: Optional[Path] = None,
                 progress: Callable[[str], None] = lambda _: None) -> pathlib.Path:
    """Write the report of a run.

    Parameters
    ----------
    run_path : path
        The run's folder.
    output : path, optional
        Without: RUN/analysis/report.html.
    other : path, optional
        A run to compare it with.
    count : int
        Rows of the gallery, about.
    figures : path, optional
        A folder for the figures as PNG and CSV.
    progress : callable
        Told what is being done.

    Returns
    -------
    path
        The file written, whole or not at all.

    Raises
    ------
    InputError
        No run, nothing to report, damaged files, findings of another run.
    MissingPackage
        matplotlib or Jinja2.
    """
    if count < 1:
        raise InputError(f"--count must be 1 or more (got {count})")
    template = _template()
    with open_run(run_path) as run:
        path = pathlib.Path(output) if output else (
            run.table.layout.folder / "analysis" / "report.html")
        progress("reading what `lensmill analyse` found")
        findings = read_findings(run)
        content = _content(run, findings, count, progress)
        if other is not None:
            progress("comparing")
            with open_run(other) as second:
                content["comparison"] = compare(run, findings, second,
                                                read_findings(second))
    if figures is not None:
        _write_figures(pathlib.Path(figures), content)
    progress("writing")
    page = template.render(**content)
    path.parent.mkdir(parents=True, exist_ok=True)
    # What is replaced is a report: the usual one, or one that begins as ours do.
    if output is not None and path.is_file():
        with open(path, "rb") as file:
            if file.read(len(START)) != START.encode():
                raise InputError(f"{path}: is there, and is no report; give another --output")
    with whole_file(path, overwrite=True) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def _template() -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise needs("jinja2", "a report", error) from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(HERE)), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["cell"] = cell

    environment.filters["prose"] = prose
    return environment.get_template("page.html")


def prose(text: str) -> Any:
    """Escaped; the Einstein radius as it is written."""
    from markupsafe import Markup, escape
    return Markup(re.sub(r"\b(theta|θ)_E\b", "θ<sub>E</sub>", str(escape(text))))


def cell(value: Any) -> str:
    """A value of a table as text."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def _content(run: Run, findings: Findings, count: int, progress: Callable[[str], None]
             ) -> Dict[str, Any]:
    drawn: Dict[str, Chart] = {}

    def add(make: Callable[[Any], Optional[Chart]], of: Any, what: str) -> Optional[Chart]:
        progress(f"drawing {what}")
        chart = make(of)
        if chart is None:
            findings.left_out.append(f"The figure of {what}: the run or its analysis does "
                                     "not have what it needs.")
        else:
            drawn[chart.name] = chart
        return chart

    lead = add(charts.attribution, findings, "the attribution")
    mapped = add(row_charts.core_map, run, "core flux against Einstein radius and offset")
    shortcut = (add(charts.shortcut, findings, "the shortcut") if findings.probe else None)
    sections = []
    for key in SECTIONS:
        if key not in findings.analysis:
            continue
        if key == "counterfactuals" and not findings.analysis[key].get("rows"):
            findings.left_out.append(
                "Shapley values and the PSF operator's part: `lensmill analyse "
                f"{run.path} --counterfactuals 2000` makes them.")
            continue
        section = findings.analysis[key]
        sections.append({
            "key": key.replace("_", "-"), "title": section["title"],
            "sentences": section.get("sentences", []),
            "charts": [chart for chart in (
                add(make, findings, section["title"])
                for make in charts.BY_SECTION.get(key, ())) if chart],
            "tables": [_table(f"{key}-{name}", table)
                       for name, table in section.get("tables", {}).items()
                       if table.get("rows")]})
    psf = [chart for chart in (add(row_charts.kernels, run, "PSF kernels given by a formula"),
                               add(row_charts.seeing, run, "the seeing")) if chart]
    progress("drawing the gallery")
    first, items = first_row(run), gallery(run, count)
    if not items:
        findings.left_out.append("Pictures: the run has stored no images "
                                 "(output.products).")
    provenance = run.provenance
    there = int(run.there().sum())
    return {
        "run": run, "there": there, "complete": there == run.wanted_rows,
        "rows_facts": findings.analysis["rows"], "answer": answer_of(findings),
        "analysis_run": findings.analysis["run"], "first": first,
        "lead": lead, "mapped": mapped, "shortcut": shortcut, "probe": findings.probe,
        "sections": [one for one in sections if one["sentences"] or one["charts"]
                     or one["tables"]],
        "psf": psf, "psf_test": provenance.psf_self_test,
        "psf_failed": len(re.findall(r": failed$|: FAILED", provenance.psf_self_test,
                                     flags=re.MULTILINE)),
        "psf_passed": len(re.findall(r": passed$", provenance.psf_self_test,
                                     flags=re.MULTILINE)),
        "items": items, "kinds": kinds_of(items),
        "items_csv": data_uri("text/csv;charset=utf-8", gallery_csv(items).encode()),
        "provenance": provenance, "facts": sorted(provenance.facts.items()),
        "selection": provenance.selection, "left_out": findings.left_out,
        "comparison": None, "drawn": drawn}


def _table(name: str, table: Dict[str, Any]) -> Dict[str, Any]:
    columns = [column["name"] for column in table["columns"]]
    shown = [column for column in table["columns"]
             if not column["name"].endswith(("_standard_error", "_lower", "_upper"))]
    return {"title": table["title"], "columns": shown, "rows": table["rows"][:LONG_TABLE],
            "more": max(0, len(table["rows"]) - LONG_TABLE), "name": name,
            "csv": data_uri("text/csv;charset=utf-8",
                            csv_text(table["rows"], columns).encode())}


def _write_figures(folder: pathlib.Path, content: Dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files: List[Tuple[str, bytes]] = []
    for chart in content["drawn"].values():
        files += [(f"{chart.name}.png", chart.png()), (f"{chart.name}.csv",
                                                     chart.csv.encode())]
    if content["first"]:
        files.append(("arcs.png", _sheet(content["first"])))
    for name, data in files:
        partial = folder / (name + ".partial")
        partial.write_bytes(data)
        partial.replace(folder / name)


def _sheet(items: List[Any]) -> bytes:
    """The first figure as one PNG."""
    import io

    from matplotlib.image import imread, imsave
    import numpy as np
    zoom, gap = 2, 3
    lines = []
    for k in range(len(items[0].pictures)):
        pictures = [imread(io.BytesIO(base64.b64decode(
            item.pictures[k][1].split(",", 1)[1])))[..., :3] for item in items]
        cells = [np.pad(np.kron(one, np.ones((zoom, zoom, 1))),
                        ((0, gap), (0, gap), (0, 0)), constant_values=1.0)
                 for one in pictures]
        lines.append(np.concatenate(cells, axis=1))
    out = io.BytesIO()
    imsave(out, np.concatenate(lines)[:-gap, :-gap], format="png",
           metadata={"Software": None})
    return out.getvalue()
