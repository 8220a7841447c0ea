"""Draw what `lensmill analyse` and `lensmill probe` found.

Left: the mean core flux fraction by theta_E, with the exact split by cause; middle: Shapley
values of the causes that can be taken away (`analyse --counterfactuals N`); right: AUC of
the core-only and annulus-only classifiers by variant, with 90 % intervals (`probe`). What
was not measured is left out."""

import argparse
import json
import pathlib
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError
from lensmill.figures.common import CENTRAL, OUTER, PSF, SADDLE, new_figure, save

CORE_AUC_TARGET = 0.65
SPLIT = (("counter_image", "counter-image", SADDLE), ("outer_image", "outer image", OUTER),
         ("central_image", "central image", CENTRAL), ("psf_transport", "PSF transport", PSF))
CAUSES = (("source_extent", "source extent", "#1b7837"),
          ("counter_image", "counter-image", SADDLE), ("psf", "PSF", PSF))
REGIONS = (("core", "core only", SADDLE), ("annulus", "annulus only", OUTER))
FORMATS = {  # of which the fields that are used here are the same
    "analysis.json": (("lensmill analysis", 1),),
    "probe.json": (("lensmill probe 1", None), ("lensmill probe 2", None))}


def add_command(commands: Any) -> None:
    parser = commands.add_parser("plot-analysis", help="a picture of what analyse and probe "
                                 "found", description=__doc__)
    parser.add_argument("run_path", metavar="RUN", type=pathlib.Path, help="a run's folder")
    parser.add_argument("--png", type=pathlib.Path,
                        help="picture to write (without: RUN/analysis/analysis.png)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    png = options.png or options.run_path / "analysis" / "analysis.png"
    save(plot_analysis(options.run_path), png, dpi=110)
    print(f"{png}: written")


def plot_analysis(folder: pathlib.Path) -> Any:
    """The figure of a run's folder.

    Raises
    ------
    InputError
        Neither analysis.json nor probe.json is there, or one is not ours or damaged.
    """
    analysis = pathlib.Path(folder) / "analysis"
    drawings: List[Tuple[Any, Any]] = []
    if (analysis / "analysis.json").is_file():
        report = read_report(analysis / "analysis.json")
        drawings.append((_draw_split, report))
        if report.get("counterfactuals", {}).get("rows"):
            drawings.append((_draw_shapley, report))
    if (analysis / "probe.json").is_file():
        drawings.append((_draw_probe, read_report(analysis / "probe.json")))
    if not drawings:
        raise InputError(f"{analysis}: has neither analysis.json nor probe.json: run "
                         f"`lensmill analyse {folder}` or `lensmill probe {folder}` first")
    figure = new_figure(figsize=(5.6 * len(drawings), 4.6), layout="constrained")
    axes = figure.subplots(1, len(drawings), squeeze=False)
    for place, (draw, report) in zip(axes[0], drawings):
        draw(place, report)
    return figure


def read_report(path: pathlib.Path) -> Dict[str, Any]:
    """\\raises InputError: not JSON, not ours, a version that is not known"""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(report, dict):
        raise InputError(f"{path}: not a report of lensmill")
    found = (report.get("format"), report.get("format_version"))
    if found not in FORMATS[path.name]:
        known = " or ".join(name if version is None else f"{name}, version {version}"
                            for name, version in FORMATS[path.name])
        raise InputError(f"{path}: is {found[0]!r}, version {found[1]} (this package reads "
                         f"{known})")
    return dict(report)


def _stacked(axes: Any, labels: List[str],
             parts: "Sequence[Tuple[NDArray[np.float64], str, str]]",
             total: "Sequence[NDArray[np.float64]]") -> None:
    """Bars by bin: positive parts upwards, negative ones downwards, `total` as points."""
    above, below = np.zeros(len(labels)), np.zeros(len(labels))
    places = np.arange(len(labels))
    for values, name, colour in parts:
        if not np.any(values):
            continue
        start = np.where(values >= 0, above, below)
        axes.bar(places, values, 0.7, bottom=start, color=colour, label=name)
        above += np.maximum(values, 0)
        below += np.minimum(values, 0)
    value, lower, upper = total
    axes.errorbar(places, value, [np.maximum(value - lower, 0), np.maximum(upper - value, 0)],
                  fmt="ko", markersize=4, capsize=3, label="core flux fraction")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(places, labels, rotation=20)
    axes.set_xlabel("theta_E [arcsec]")
    axes.set_ylabel("core flux fraction")
    axes.legend(fontsize=8)


def _numbers(rows: List[Dict[str, Any]], name: str) -> "NDArray[np.float64]":
    return np.array([np.nan if row[name] is None else row[name] for row in rows], float)


def _draw_split(axes: Any, report: Dict[str, Any]) -> None:
    core = [row for row in report["core_flux"]["tables"]["core_flux"]["rows"] if row["n"]]
    table = report["attribution"]["tables"]["attribution"]["rows"]
    labels = [row["theta_e_bin"] for row in core]
    parts = []
    for cause, name, colour in SPLIT:
        by_bin = {row["theta_e_bin"]: row["contribution"] for row in table
                  if row["account"] == "split" and row["cause"] == cause}
        parts.append((np.array([by_bin[label] for label in labels], float), name, colour))
    _stacked(axes, labels, parts, [_numbers(core, key)
                                   for key in ("mean", "mean_lower", "mean_upper")])
    axes.set_title("the exact split")


def _draw_shapley(axes: Any, report: Dict[str, Any]) -> None:
    tables = report["counterfactuals"]["tables"]
    core = [row for row in tables["counterfactual_core"]["rows"] if row["game"] == "correct"]
    labels = [row["theta_e_bin"] for row in core]
    parts = [(_numbers(core, "rest"), "rest", OUTER)]
    for cause, name, colour in CAUSES:
        by_bin = {row["theta_e_bin"]: row["shapley"] for row in tables["shapley"]["rows"]
                  if row["game"] == "correct" and row["cause"] == cause}
        parts.append((np.array([by_bin[label] for label in labels], float), name, colour))
    _stacked(axes, labels, parts, [_numbers(core, key)
                                   for key in ("core", "core_lower", "core_upper")])
    axes.set_title("Shapley values")


def _draw_probe(axes: Any, probe: Dict[str, Any]) -> None:
    variants = [v for v in probe["variants"] if v["applies"]][::-1]
    places = np.arange(len(variants))
    for shift, (region, name, colour) in zip((0.12, -0.12), REGIONS):
        auc = [v[region]["auc"] for v in variants]
        value = np.array([a["value"] for a in auc])
        errors = np.array([[a["value"] - a["lower"], a["upper"] - a["value"]] for a in auc])
        axes.errorbar(value, places + shift, xerr=np.maximum(errors.T, 0), fmt="o",
                      color=colour, markersize=4, capsize=2, label=name)
    axes.axvline(CORE_AUC_TARGET, color="black", linestyle=":", linewidth=1)
    axes.set_yticks(places, [v["variant"] for v in variants])
    axes.set_xlim(0.48, 1.01)
    axes.set_xlabel("AUC (dotted: target of a core)")
    axes.legend(fontsize=8)
    axes.set_title("the shortcut")
