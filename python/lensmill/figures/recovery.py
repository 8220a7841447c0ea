"""Draw what `lensmill recover` found.

FOLDER has recovery.json (FIELD/recovery; FIELD itself will do). A panel for each quantity:
completeness by bin with its interval (of fewer than three injections the interval alone),
bands and apertures beside each other, the number of injections (of the first) behind,
chance matches of the field without arcs as crosses, the fit by SNR as a line. The last
panel is purity against completeness by the score, if there are scores."""

import argparse
import json
import pathlib
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError
from lensmill.figures.common import CENTRAL, OUTER, SADDLE, new_figure, save

Values = NDArray[np.float64]
Bin = Dict[str, Any]

COLOURS = (OUTER, SADDLE, "#1b7837", CENTRAL, "#b35806", "#333333")
NAMES = {"theta_e_arcsec": "theta_E [arcsec]", "arc_snr": "arc SNR",
         "core_flux_fraction": "core flux fraction", "psf_fwhm_arcsec": "seeing, FWHM [arcsec]"}
LOGARITHMIC = ("arc_snr", "core_flux_fraction")


def quantity_of(column: str, bands: List[str]) -> Tuple[str, str]:
    """("arc_snr", "r") of arc_snr_r; ("core_flux_fraction", "r[1]") of an element."""
    name, bracket, element = column.partition("[")
    for band in bands:
        if name.endswith("_" + band):
            return name[:-len(band) - 1], band + bracket + element
    return column, ""


def share(bins: List[Bin], name: str) -> Values:
    """Value, lower and upper end by bin, NaN where there is none."""
    return np.array([[np.nan if entry[name][key] is None else entry[name][key]
                      for entry in bins] for key in ("value", "lower", "upper")])


def places(bins: List[Bin], logarithmic: bool) -> Tuple[Values, Values, Values]:
    """Where the bins are drawn, and their halves; the first of a logarithmic axis, which
    begins at 0, is as wide as the second on it."""
    lower = np.array([entry["lower"] for entry in bins])
    upper = np.array([entry["upper"] for entry in bins])
    if not logarithmic:
        return (lower + upper) / 2, lower, upper
    if lower[0] <= 0:
        lower[0] = upper[0] ** 2 / upper[1] if len(bins) > 1 else upper[0] / 2
    return np.sqrt(lower * upper), lower, upper


def draw_column(axes: Any, label: str, bins: List[Bin], colour: str, shift: float,
                logarithmic: bool, has_chance: bool) -> Optional[Tuple[float, float]]:
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


def draw_counts(axes: Any, label: str, bins: List[Bin], logarithmic: bool) -> None:
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


def draw_fit(axes: Any, fit: Bin, colour: str,
             limits: Optional[Tuple[float, float]]) -> None:
    if fit["problem"] or limits is None:
        return
    snr = np.geomspace(*limits, 200)
    axes.plot(snr, 1 / (1 + np.exp(-(fit["intercept"] + fit["slope"] * np.log(snr)))),
              color=colour, linewidth=0.8)


def draw_quantity(axes: Any, quantity: str, tables: List[Tuple[str, Bin]],
                  report: Dict[str, Any]) -> None:
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


def draw_purity(axes: Any, rows: List[Bin]) -> None:
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


def heading(report: Dict[str, Any]) -> str:
    rows = report["injections"]
    recovered = rows["recovered"]
    text = (f"{recovered['part']} of {recovered['of']} injections recovered within "
            f"{report['radius_arcsec']:g} arcsec; intervals "
            f"{100 * report['confidence']:.0f} %")
    chance = rows["by_chance"]
    if chance == "not tested":
        return text + "; chance matches not tested"
    return text + f"; by chance (crosses) {chance['part']}"


def add_command(commands: Any) -> None:
    parser = commands.add_parser("plot-recovery", help="a picture of what recover found",
                                 description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path,
                        help="folder of recovery.json")
    parser.add_argument("--png", type=pathlib.Path,
                        help="picture to write (without: FOLDER/recovery.png)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    png = options.png or _folder(options.folder) / "recovery.png"
    save(plot_recovery(options.folder), png, dpi=110)
    print(f"{png}: written")


def _folder(given: pathlib.Path) -> pathlib.Path:
    for folder in (given, given / "recovery"):
        if (folder / "recovery.json").is_file():
            return folder
    raise InputError(f"{given}: has no recovery.json: run `lensmill recover FIELD ...` "
                     "first")


def plot_recovery(folder: pathlib.Path) -> Any:
    """The figure of FIELD/recovery, or of FIELD.

    Raises
    ------
    InputError
        No recovery.json there, or one that is damaged.
    """
    path = _folder(pathlib.Path(folder)) / "recovery.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        tables, bands, purity = report["completeness"], report["bands"], report["purity"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not what `lensmill recover` writes ({error!r})") from None
    quantities: Dict[str, List[Tuple[str, Bin]]] = {}
    for table in tables:
        quantity, label = quantity_of(table["column"], bands)
        quantities.setdefault(quantity, []).append((label, table))
    has_purity = isinstance(purity, list) and bool(purity)
    panels = len(quantities) + (1 if has_purity else 0)
    if panels == 0:
        raise InputError(f"{path}: has no table of completeness to draw")
    columns = min(panels, 3)
    figure = new_figure(figsize=(5.0 * columns, 3.8 * -(-panels // columns)),
                        layout="constrained")
    free = list(figure.subplots(-(-panels // columns), columns, squeeze=False).flat)
    for quantity, own in quantities.items():
        draw_quantity(free.pop(0), quantity, own, report)
    if has_purity:
        draw_purity(free.pop(0), purity)
    for unused in free:
        unused.set_visible(False)
    figure.suptitle(heading(report), fontsize=10)
    return figure
