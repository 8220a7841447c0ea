"""Charts of what `lensmill analyse` and `lensmill probe` found. Each gives None where its
table is not there."""

from typing import Any, Callable, Dict, List, Optional

import numpy as np

from lensmill.report.drawing import (CENTRAL, COUNTER, EXTENT, INK, OUTER, PSF_COLOUR,
                                     SECOND, Canvas, Chart, bins_of, csv_text, numbers,
                                     set_bins, whiskers)
from lensmill.findings import Findings

SPLIT = (("counter_image", "counter-image", COUNTER), ("outer_image", "outer image", OUTER),
         ("central_image", "central image", CENTRAL),
         ("psf_transport", "moved by the PSF", PSF_COLOUR))
CAUSES = (("source_extent", "source extent", EXTENT),
          ("counter_image", "counter-image", COUNTER), ("psf", "PSF", PSF_COLOUR))
ACCOUNT = ["theta_e_bin", "cause", "n", "contribution", "contribution_lower",
           "contribution_upper", "share_of_core", "rows_led"]
CORE_AUC_TARGET = 0.65


def attribution(findings: Findings) -> Optional[Chart]:
    core = bins_of(findings.table("core_flux", "core_flux"))
    table = [row for row in findings.table("attribution", "attribution")
             if row["account"] == "split"]
    if not core or not table:
        return None
    canvas = Canvas()
    with canvas as figure:
        axes = figure.subplots()
        places = set_bins(axes, core)
        above, below = np.zeros(len(core)), np.zeros(len(core))
        for k, (cause, label, colour) in enumerate(SPLIT):
            by_bin = {row["theta_e_bin"]: row for row in table if row["cause"] == cause}
            rows = [by_bin.get(one["theta_e_bin"], {}) for one in core]
            values = np.nan_to_num(numbers(rows, "contribution"))
            if not np.any(values):
                continue
            base = np.where(values >= 0, above, below)
            axes.bar(places, values, 0.72, bottom=base, color=colour, label=label,
                     alpha=0.9)
            whiskers(axes, places - 0.22 + 0.12 * k, rows, "contribution", base=base,
                     fmt="none", ecolor=INK, elinewidth=1, capsize=2)
            above += np.maximum(values, 0)
            below += np.minimum(values, 0)
        whiskers(axes, places + 0.28, core, "mean", fmt="D", color=INK, markersize=4,
                 capsize=2, label="core flux fraction")
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_ylabel(f"share of the arc's flux,\n{findings.aperture}")
        axes.margins(y=0.12)
        axes.legend(loc="upper right")
    return canvas.chart(
        "attribution", "Whose light is in the core, by Einstein radius",
        "The largest part by colour (the table above says whether it leads): light of each image in the core before the PSF, and what "
        "the PSF moves in (above zero) or out (below); bars add up to the diamonds. "
        "Whiskers: 90 % intervals.",
        csv_text([row for row in table if row["theta_e_bin"] != "all"], ACCOUNT))


def core_by_radius(findings: Findings) -> Optional[Chart]:
    table = [row for row in findings.table("core_flux", "core_flux_by_radius")
             if row.get("n") and row["theta_e_bin"] != "all"]
    if not table:
        return None
    radii = sorted({row["radius"] for row in table})
    colours = (COUNTER, OUTER, PSF_COLOUR, EXTENT, CENTRAL, SECOND)
    canvas = Canvas()
    with canvas as figure:
        axes = figure.subplots()
        for k, radius in enumerate(radii):
            rows = [row for row in table if row["radius"] == radius]
            places = set_bins(axes, rows)
            whiskers(axes, places + 0.08 * (k - (len(radii) - 1) / 2), rows,
                     "core_flux_fraction", fmt="o-", markersize=4, capsize=2,
                     color=colours[k % len(colours)], label=f"r < {radius:g} pix")
        axes.set_ylim(bottom=0)
        axes.set_ylabel("core flux fraction (mean)")
        axes.legend()
    return canvas.chart(
        "core-by-radius", "How much leaks, by Einstein radius and aperture",
        "A smaller Einstein radius puts more of the arc into the core. Share of the arc's "
        f"flux, band {findings.analysis['rows']['band']}; whiskers: 90 % intervals.",
        csv_text(table, ["theta_e_bin", "radius", "n", "core_flux_fraction",
                         "core_flux_fraction_lower", "core_flux_fraction_upper"]))


def shapley(findings: Findings) -> Optional[Chart]:
    table = [row for row in findings.table("counterfactuals", "shapley")
             if row["game"] == "correct"]
    core = bins_of([row for row in findings.table("counterfactuals", "counterfactual_core")
                    if row["game"] == "correct"])
    if not table or not core:
        return None
    canvas = Canvas()
    with canvas as figure:
        axes = figure.subplots()
        places = set_bins(axes, core)
        for k, (cause, label, colour) in enumerate(CAUSES):
            by_bin = {row["theta_e_bin"]: row for row in table if row["cause"] == cause}
            rows = [by_bin.get(one["theta_e_bin"], {}) for one in core]
            axes.bar(places + 0.25 * (k - 1), numbers(rows, "shapley"), 0.23, color=colour,
                     label=label)
            whiskers(axes, places + 0.25 * (k - 1), rows, "shapley", fmt="none",
                     ecolor=INK, elinewidth=1, capsize=2)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_ylabel("Shapley value [core flux fraction]")
        axes.legend()
    return canvas.chart(
        "shapley", "What taking a cause away would change",
        "Above zero: the cause adds light to the core; below: it takes light out. "
        f"{findings.analysis['counterfactuals']['rows']} rows rendered with and without "
        "each cause; whiskers: 90 % intervals.",
        csv_text(table, ["theta_e_bin", "cause", "n", "shapley", "shapley_lower",
                         "shapley_upper", "rows_led"]))


def profiles(findings: Findings) -> Optional[Chart]:
    table = [row for row in findings.table("radial_profiles", "radial_profiles")
             if row.get("n")]
    bins = list(dict.fromkeys(row["theta_e_bin"] for row in table
                              if row["theta_e_bin"] != "all"))
    if not bins:
        return None
    if len(bins) > 6:
        bins = [bins[k] for k in np.linspace(0, len(bins) - 1, 6).astype(int)]
    lines = -(-len(bins) // 2)
    canvas = Canvas(height=0.7 + 1.55 * lines)
    with canvas as figure:
        grid = figure.subplots(lines, 2, sharex=True, squeeze=False)
        for axes, name in zip(grid.flat, bins):
            rows = [row for row in table if row["theta_e_bin"] == name]
            radius = numbers(rows, "radius") + 0.5
            for key, label, colour in (("arc", "arc", INK),
                                       ("counter_image", "counter-image", COUNTER),
                                       ("outer_image", "outer image", OUTER)):
                values = 100 * numbers(rows, key)
                if np.isfinite(values).any():
                    axes.plot(radius, values, color=colour, label=label, linewidth=1.4)
            axes.set_title(name + " arcsec", fontsize=8.5)
            axes.axvline(findings.analysis["rows"]["aperture_radius_pix"], color=INK,
                         linestyle=":", linewidth=1)
        for axes in list(grid.flat)[len(bins):]:
            axes.set_visible(False)
        figure.supxlabel("distance from the lens [pix]", fontsize=9.5)
        figure.supylabel("share of the arc's flux [% per pixel]", fontsize=9.5)
        grid[0, 0].legend(fontsize=7.5)
    return canvas.chart(
        "profiles", "Radial profiles of the arc's light",
        "A profile that is highest left of the dotted line (the aperture) is light in the "
        "core; its colour says whose. Means over the rows of a bin of θ_E, after the PSF.",
        csv_text(table, ["theta_e_bin", "radius", "n", "arc", "arc_standard_error",
                         "counter_image", "counter_image_standard_error", "outer_image",
                         "outer_image_standard_error"]))


def sobol(findings: Findings) -> Optional[Chart]:
    table = findings.table("model", "sobol")
    if not table:
        return None
    rows = sorted(table, key=lambda row: row["first_order"] or 0.0)
    canvas = Canvas(height=1.2 + 0.3 * len(rows))
    with canvas as figure:
        axes = figure.subplots()
        places = np.arange(len(rows))
        for shift, key, label, colour in (
                (0.2, "first_order", "first order, from the rows", OUTER),
                (-0.2, "predictor_total", "total, from the predictor", EXTENT)):
            values = numbers(rows, key)
            axes.barh(places + shift, values, 0.36, color=colour, label=label)
            ends = np.array([values - numbers(rows, f"{key}_lower"),
                             numbers(rows, f"{key}_upper") - values])
            axes.errorbar(values, places + shift, xerr=np.maximum(np.nan_to_num(ends), 0),
                          fmt="none", ecolor=INK, elinewidth=1, capsize=2)
        axes.set_yticks(places, [row["variable"] for row in rows], fontsize=8)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.grid(False, axis="y")
        axes.set_xlabel("share of the variance of the core flux fraction")
        axes.legend(loc="lower right")
    return canvas.chart(
        "sobol", "What sets the core flux: Sobol indices",
        "The longest bar is the parameter that alone explains most of the scatter from row "
        "to row. Whiskers: 90 % intervals.", csv_text(table, list(table[0])))


def visibility(findings: Findings) -> Optional[Chart]:
    table = [row for row in findings.table("visibility", "visibility") if row.get("n")]
    bins = [dict(row, theta_e_bin=row["bin"]) for row in table
            if row["by"] == "theta_e_arcsec"]
    if not bins:
        return None
    canvas = Canvas()
    with canvas as figure:
        axes = figure.subplots()
        places = set_bins(axes, bins)
        for shift, key, label, colour in ((-0.06, "snr_above_3", "SNR > 3", OUTER),
                                          (0.06, "snr_above_5", "SNR > 5", COUNTER)):
            whiskers(axes, places + shift, bins, key, fmt="o-", markersize=4, capsize=2,
                     color=colour, label=label)
        axes.set_ylim(0, 1.03)
        axes.set_ylabel("share of counter-images")
        axes.legend(loc="lower left")
    return canvas.chart(
        "visibility", "Is the counter-image visible?",
        "Share of counter-images that stand out over host light and noise, by a matched "
        "filter that knows where they are; a search sees fewer. Whiskers: 90 % intervals.",
        csv_text(table, list(table[0])))


def shortcut(findings: Findings) -> Optional[Chart]:
    variants = [one for one in (findings.probe or {}).get("variants", []) if one["applies"]]
    if not variants:
        return None
    rows: List[Dict[str, Any]] = []
    for one in variants:
        for region in ("core", "annulus", "full"):
            auc = one.get(region, {}).get("auc")
            if auc:
                rows.append({"variant": one["variant"], "classifier": region, **auc})
    canvas = Canvas(height=1.3 + 0.3 * len(variants))
    with canvas as figure:
        axes = figure.subplots()
        names = [one["variant"] for one in variants][::-1]
        for shift, region, colour in ((0.18, "core", COUNTER), (-0.18, "annulus", OUTER)):
            chosen = [row for row in rows if row["classifier"] == region][::-1]
            places = np.array([names.index(row["variant"]) for row in chosen]) + shift
            value = numbers(chosen, "value")
            ends = np.array([value - numbers(chosen, "lower"),
                             numbers(chosen, "upper") - value])
            axes.errorbar(value, places, xerr=np.maximum(np.nan_to_num(ends), 0), fmt="o",
                          color=colour, markersize=4, capsize=2, label=f"{region} only")
        axes.axvline(CORE_AUC_TARGET, color=INK, linestyle=":", linewidth=1)
        axes.set_yticks(np.arange(len(names)), names, fontsize=8)
        lowest = min((float(row["lower"]) for row in rows if row.get("lower") is not None),
                     default=0.5)
        axes.set_xlim(min(0.48, lowest - 0.02), 1.02)
        axes.set_xlabel("AUC (0.5: cannot tell them apart)")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return canvas.chart(
        "shortcut", "The shortcut: what a classifier learns from the core alone",
        f"A mitigation works where the core's AUC falls to {CORE_AUC_TARGET} (dotted) or "
        "below while the annulus keeps its own. Whiskers: 90 % intervals.",
        csv_text(rows, ["variant", "classifier", "value", "standard_error", "lower",
                        "upper"]))


def offsets(findings: Findings) -> Optional[Chart]:
    table = bins_of(findings.table("paired", "offsets"))
    if not table:
        return None
    canvas = Canvas()
    with canvas as figure:
        axes = figure.subplots()
        places = set_bins(axes, table)
        for key, label, colour in (("core_offset", "core", COUNTER),
                                   ("annulus_offset", "annulus", OUTER)):
            whiskers(axes, places, table, key, fmt="o-", color=colour, markersize=4,
                     capsize=2, label=label)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_ylabel("positive minus negative [nmgy/pix]")
        axes.legend()
    return canvas.chart(
        "offsets", "How much brighter the positive's core is",
        "The annulus about zero has no offset of its own; the core's offset is "
        "what a classifier can take as a shortcut. Whiskers: 90 % intervals.",
        csv_text(table, list(table[0])))


BY_SECTION: Dict[str, "tuple[Callable[[Findings], Optional[Chart]], ...]"] = {
    "core_flux": (core_by_radius,), "counterfactuals": (shapley,), "paired": (offsets,),
    "radial_profiles": (profiles,), "visibility": (visibility,), "model": (sobol,)}
