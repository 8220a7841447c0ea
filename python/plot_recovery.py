#!/usr/bin/env python3
"""Draw what `lensmill recover` found.

    python/plot_recovery.py FOLDER [--png FILE]

FOLDER has recovery.json (FIELD/recovery; FIELD itself will do). A panel for each quantity:
completeness by bin with its interval (of fewer than three injections the interval alone),
bands and apertures beside each other, the number of injections (of the first) behind,
chance matches of the field without arcs as crosses, the fit by SNR as a line. The last
panel is purity against completeness by the score, if there are scores.
"""

import argparse
import json
import pathlib
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = ("#2166ac", "#b2182b", "#1b7837", "#762a83", "#b35806", "#333333")
NAMES = {"theta_e_arcsec": "theta_E [arcsec]", "arc_snr": "arc SNR",
         "core_flux_fraction": "core flux fraction", "psf_fwhm_arcsec": "seeing, FWHM [arcsec]"}
LOGARITHMIC = ("arc_snr", "core_flux_fraction")


def quantity_of(column, bands):
    """("arc_snr", "r") of arc_snr_r; ("core_flux_fraction", "r[1]") of an element."""
    name, bracket, element = column.partition("[")
    for band in bands:
        if name.endswith("_" + band):
            return name[:-len(band) - 1], band + bracket + element
    return column, ""


def share(bins, name):
    """Value, lower and upper end by bin, NaN where there is none."""
    return np.array([[np.nan if entry[name][key] is None else entry[name][key]
                      for entry in bins] for key in ("value", "lower", "upper")])


def places(bins, logarithmic):
    """Where the bins are drawn, and their halves; the first of a logarithmic axis, which
    begins at 0, is as wide as the second on it."""
    lower = np.array([entry["lower"] for entry in bins])
    upper = np.array([entry["upper"] for entry in bins])
    if not logarithmic:
        return (lower + upper) / 2, lower, upper
    if lower[0] <= 0:
        lower[0] = upper[0] ** 2 / upper[1] if len(bins) > 1 else upper[0] / 2
    return np.sqrt(lower * upper), lower, upper


def draw_column(axes, label, bins, colour, shift, logarithmic, has_chance):
    centre, lower, upper = places(bins, logarithmic)
    at = (centre * (upper / lower) ** shift if logarithmic
          else centre + shift * (upper - lower))
    value, low, high = share(bins, "completeness")
    axes.vlines(at, low, high, color=colour, linewidth=1.2)
    axes.plot(at, value, "o", color=colour, markersize=4, label=label or None)
    if has_chance:
        axes.plot(at, share(bins, "by_chance")[0], "x", color=colour, markersize=4)
    filled = [k for k, entry in enumerate(bins) if entry["completeness"]["of"]]
    return (lower[filled[0]], upper[filled[-1]]) if filled else None


def draw_counts(axes, label, bins, logarithmic):
    """How many injections each bin has, on an axis of its own behind."""
    _, lower, upper = places(bins, logarithmic)
    behind = axes.twinx()
    behind.bar(lower, [entry["completeness"]["of"] for entry in bins], upper - lower,
               align="edge", color="#e0e0e0", edgecolor="#c8c8c8", linewidth=0.5)
    behind.set_ylabel("injections" + (f" ({label})" if label else ""), color="#808080", fontsize=8)
    behind.tick_params(colors="#808080", labelsize=7)
    behind.set_ylim(0, 1.6 * max(1, *behind.get_ylim()))
    axes.set_zorder(behind.get_zorder() + 1)
    axes.patch.set_visible(False)


def draw_fit(axes, fit, colour, limits):
    if fit["problem"] or limits is None:
        return
    snr = np.geomspace(*limits, 200)
    axes.plot(snr, 1 / (1 + np.exp(-(fit["intercept"] + fit["slope"] * np.log(snr)))),
              color=colour, linewidth=0.8)


def draw_quantity(axes, quantity, tables, report):
    logarithmic = quantity in LOGARITHMIC
    has_chance = report["ambiguity"]["tested"]
    draw_counts(axes, tables[0][0], tables[0][1]["bins"], logarithmic)
    for k, (label, table) in enumerate(tables):
        colour = COLOURS[k % len(COLOURS)]
        shift = 0.1 * (k - (len(tables) - 1) / 2) if len(tables) < 7 else 0
        limits = draw_column(axes, label, table["bins"], colour, shift, logarithmic,
                             has_chance)
        if table["column"] in report["fits"]:
            draw_fit(axes, report["fits"][table["column"]], colour, limits)
    if logarithmic:
        axes.set_xscale("log")
    if any(label for label, _ in tables):
        axes.legend(fontsize=8, framealpha=0.6)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(NAMES.get(quantity, quantity))
    axes.set_ylabel("completeness")


def draw_purity(axes, rows):
    purity = share(rows, "purity")
    completeness = share(rows, "completeness")[0]
    axes.fill_between(completeness, purity[1], purity[2], color=COLOURS[0], alpha=0.2,
                      linewidth=0)
    axes.plot(completeness, purity[0], "o-", color=COLOURS[0], markersize=4)
    for k in (0, len(rows) // 2, len(rows) - 1):
        axes.annotate(f"{rows[k]['threshold']:.3g}", (completeness[k], purity[0][k]),
                      textcoords="offset points", xytext=(5, 5), fontsize=7)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("completeness")
    axes.set_ylabel("purity (numbers: score threshold)")


def heading(report):
    rows = report["injections"]
    recovered = rows["recovered"]
    text = (f"{recovered['part']} of {recovered['of']} injections recovered within "
            f"{report['radius_arcsec']:g} arcsec; intervals "
            f"{100 * report['confidence']:.0f} %")
    chance = rows["by_chance"]
    if chance == "not tested":
        return text + "; chance matches not tested"
    return text + f"; by chance (crosses) {chance['part']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path, help="folder of recovery.json")
    parser.add_argument("--png", type=pathlib.Path, help="default: FOLDER/recovery.png")
    options = parser.parse_args()
    folder = options.folder
    if not (folder / "recovery.json").is_file():
        folder = folder / "recovery"
    if not (folder / "recovery.json").is_file():
        sys.exit(f"plot_recovery: {options.folder} has no recovery.json: run `lensmill "
                 "recover FIELD ...` first")
    report = json.loads((folder / "recovery.json").read_text())
    quantities = {}
    for table in report["completeness"]:
        quantity, label = quantity_of(table["column"], report["bands"])
        quantities.setdefault(quantity, []).append((label, table))
    has_purity = isinstance(report["purity"], list) and report["purity"]
    panels = len(quantities) + (1 if has_purity else 0)
    columns = min(panels, 3)
    figure, axes = plt.subplots(-(-panels // columns), columns, squeeze=False,
                                figsize=(5.0 * columns, 3.8 * -(-panels // columns)),
                                layout="constrained")
    free = list(axes.flat)
    for quantity, tables in quantities.items():
        draw_quantity(free.pop(0), quantity, tables, report)
    if has_purity:
        draw_purity(free.pop(0), report["purity"])
    for unused in free:
        unused.set_visible(False)
    figure.suptitle(heading(report), fontsize=10)
    png = options.png or folder / "recovery.png"
    figure.savefig(png, dpi=110)
    print(f"{png}: written")


if __name__ == "__main__":
    main()
