#!/usr/bin/env python3
"""Draw what `lensmill analyse` and `lensmill probe` found.

    python/plot_analysis.py RUN [--png FILE]

RUN is a run's folder. Left: the mean core flux fraction by theta_E, with the exact split by
cause; middle: Shapley values of the causes that can be taken away (`analyse
--counterfactuals N`); right: AUC of the core-only and annulus-only classifiers by variant,
with 90 % intervals (`probe`). What was not measured is left out.
"""

import argparse
import json
import pathlib
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

CORE_AUC_TARGET = 0.65
SPLIT = (("counter_image", "counter-image", "#b2182b"),
         ("outer_image", "outer image", "#2166ac"),
         ("central_image", "central image", "#762a83"),
         ("psf_transport", "PSF transport", "#999999"))
CAUSES = (("source_extent", "source extent", "#1b7837"),
          ("counter_image", "counter-image", "#b2182b"),
          ("psf", "PSF", "#999999"))
REGIONS = (("core", "core only", "#b2182b"), ("annulus", "annulus only", "#2166ac"))


def stacked(axes, labels, parts, total):
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
    axes.errorbar(places, value, [value - lower, upper - value], fmt="ko", markersize=4,
                  capsize=3, label="core flux fraction")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(places, labels, rotation=20)
    axes.set_xlabel("theta_E [arcsec]")
    axes.set_ylabel("core flux fraction")
    axes.legend(fontsize=8)


def numbers(rows, name):
    return np.array([np.nan if row[name] is None else row[name] for row in rows])


def draw_split(axes, report):
    core = [row for row in report["core_flux"]["tables"]["core_flux"]["rows"] if row["n"]]
    table = report["attribution"]["tables"]["attribution"]["rows"]
    labels = [row["theta_e_bin"] for row in core]
    parts = []
    for cause, name, colour in SPLIT:
        by_bin = {row["theta_e_bin"]: row["contribution"] for row in table
                  if row["account"] == "split" and row["cause"] == cause}
        parts.append((np.array([by_bin[label] for label in labels]), name, colour))
    stacked(axes, labels, parts, [numbers(core, key)
                                  for key in ("mean", "mean_lower", "mean_upper")])
    axes.set_title("the exact split")


def draw_shapley(axes, report):
    tables = report["counterfactuals"]["tables"]
    core = [row for row in tables["counterfactual_core"]["rows"] if row["game"] == "correct"]
    labels = [row["theta_e_bin"] for row in core]
    parts = [(numbers(core, "rest"), "rest", "#2166ac")]
    for cause, name, colour in CAUSES:
        by_bin = {row["theta_e_bin"]: row["shapley"] for row in tables["shapley"]["rows"]
                  if row["game"] == "correct" and row["cause"] == cause}
        parts.append((np.array([by_bin[label] for label in labels]), name, colour))
    stacked(axes, labels, parts, [numbers(core, key)
                                  for key in ("core", "core_lower", "core_upper")])
    axes.set_title("Shapley values")


def draw_probe(axes, probe):
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=pathlib.Path, help="a run's folder")
    parser.add_argument("--png", type=pathlib.Path, help="default: RUN/analysis/analysis.png")
    options = parser.parse_args()
    folder = options.run / "analysis"
    drawings = []
    if (folder / "analysis.json").is_file():
        report = json.loads((folder / "analysis.json").read_text())
        drawings.append((draw_split, report))
        if report.get("counterfactuals", {}).get("rows"):
            drawings.append((draw_shapley, report))
    if (folder / "probe.json").is_file():
        drawings.append((draw_probe, json.loads((folder / "probe.json").read_text())))
    if not drawings:
        sys.exit(f"plot_analysis: {folder} has neither analysis.json nor probe.json: run "
                 f"`lensmill analyse {options.run}` or `lensmill probe {options.run}` first")
    figure, axes = plt.subplots(1, len(drawings), figsize=(5.6 * len(drawings), 4.6),
                                squeeze=False, layout="constrained")
    for place, (draw, report) in zip(axes[0], drawings):
        draw(place, report)
    png = options.png or folder / "analysis.png"
    figure.savefig(png, dpi=110)
    print(f"{png}: written")


if __name__ == "__main__":
    main()
