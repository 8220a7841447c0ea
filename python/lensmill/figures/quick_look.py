"""Draw a run: a few injections, and where the light in the core comes from.

Upper part: stamps without and with the injection, and the noise-free arc; of each part of
the Einstein radii the arc with the highest SNR. Lower part: the mean core flux fraction in
bins of the Einstein radius, split by image kind and by what was in the core before the PSF
and what the PSF moved in (above zero) or out (below zero)."""

import argparse
import pathlib
from typing import Any, List

import numpy as np
from numpy.typing import NDArray

from lensmill.figures.common import (CENTRAL, OUTER, SADDLE, best_rows, new_figure,
                                     reported, save, show)
from lensmill.run import Run, open_run

THETA_E_EDGES_ARCSEC = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5)
TERMS = (  # dataset suffix, label, colour
    ("saddle_intrinsic", "counter-image", SADDLE),
    ("minimum_intrinsic", "outer image", OUTER),
    ("maximum_intrinsic", "central image", CENTRAL),
    ("saddle_psf", "PSF moves, counter-image", "#f4a582"),
    ("minimum_psf", "PSF moves, outer image", "#92c5de"),
    ("maximum_psf", "PSF moves, central image", "#c2a5cf"),
)
NOT_DRAWN = 1e-6  # terms smaller than this everywhere


def add_command(commands: Any) -> None:
    parser = commands.add_parser("quicklook", help="a picture of a run",
                                 description=__doc__)
    parser.add_argument("run_path", metavar="RUN", type=pathlib.Path,
                        help="a run's folder or HDF5 file")
    parser.add_argument("--png", type=pathlib.Path, default=pathlib.Path("quicklook.png"),
                        help="picture to write")
    parser.add_argument("--count", type=int, default=7, help="injections to show")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    with open_run(options.run_path) as run:
        save(quicklook(run, options.count), options.png, dpi=110)
    print(f"quicklook: {options.png}")


def quicklook(run: Run, count: int = 7) -> Any:
    """The figure.

    Parameters
    ----------
    run : Run
    count : int
        Injections to show.

    Raises
    ------
    InputError
        No row has been made yet.
    """
    rows = best_rows(run, count)
    products = [name for name in ("negative", "positive", "arc") if name in run.images]
    figure = new_figure(figsize=(10, 1.35 * len(products) + 3.9))
    parts = figure.add_gridspec(2, 1, height_ratios=[1.35 * len(products) + 0.01, 3.2],
                                hspace=0.14, left=0.09, right=0.99, top=0.95, bottom=0.1)
    if products:
        grid = parts[0].subgridspec(len(products), len(rows), wspace=0.03, hspace=0.03)
        _draw_stamps(figure, grid, run, products, rows)
    draw_split(figure.add_subplot(parts[1]), run)
    return figure


def _draw_stamps(figure: Any, grid: Any, run: Run, products: List[str],
                 rows: "NDArray[np.int64]") -> None:
    for column, row in enumerate(rows.tolist()):
        look = run.look(row)
        theta_e = run.catalogue.read("theta_e_arcsec", row)
        for line, name in enumerate(products):
            stamp = run.stamp(name, row)
            axes = figure.add_subplot(grid[line, column])
            # A pair shares one stretch, so that it differs by the arc alone.
            show(axes, (look.for_arc(stamp) if name == "arc" else look).picture(stamp))
            if line == 0:
                axes.set_title(rf"$\theta_E$ = {theta_e:.2f}″", fontsize=9)
            if column == 0:
                axes.set_ylabel(name, fontsize=9)


def bin_means(theta_e: "NDArray[np.float64]", values: "NDArray[np.float64]"
              ) -> "NDArray[np.float64]":
    """Mean of `values` in each bin [a, b) of theta_E, the last one closed."""
    index = bin_of(theta_e)
    return np.array([np.nanmean(values[index == b])
                     if np.isfinite(values[index == b]).any() else np.nan
                     for b in range(len(THETA_E_EDGES_ARCSEC) - 1)])


def bin_of(theta_e: "NDArray[np.float64]") -> "NDArray[np.int64]":
    """The bin of each theta_E; -1 or the number of bins outside of all."""
    edges = np.array(THETA_E_EDGES_ARCSEC)
    index = np.searchsorted(edges, theta_e, side="right") - 1
    index[theta_e == edges[-1]] = len(edges) - 2
    return np.asarray(index, np.int64)


def draw_split(axes: Any, run: Run) -> None:
    """The core flux fraction by theta_E, of rows that did not fail."""
    rows = run.where()
    band, radius = reported(run)
    place = f"{run.bands[band]}.{run.aperture_radius_pix[radius]:g}"
    theta_e = run.catalogue.read("theta_e_arcsec", rows).data
    edges = THETA_E_EDGES_ARCSEC
    index = bin_of(theta_e)
    labels = [f"{low:g}–{high:g}″\n{int((index == b).sum()):,} rows"
              for b, (low, high) in enumerate(zip(edges, edges[1:]))]
    up, down = np.zeros(len(labels)), np.zeros(len(labels))
    for suffix, label, colour in TERMS:
        values = run.measurements.read(f"core_flux_fraction_{suffix}.{place}", rows).data
        means = np.nan_to_num(bin_means(theta_e, values))
        if not np.any(np.abs(means) > NOT_DRAWN):
            continue
        base = np.where(means >= 0.0, up, down)
        axes.bar(labels, means, bottom=base, color=colour, width=0.7, label=label)
        up += np.maximum(means, 0.0)
        down += np.minimum(means, 0.0)
    total = run.measurements.read(f"core_flux_fraction.{place}", rows).data
    axes.plot(labels, bin_means(theta_e, total), "ko", label="sum: core flux fraction")
    axes.axhline(0.0, color="black", linewidth=0.8)
    outside = int(((index < 0) | (index >= len(labels))).sum())
    axes.set_xlabel(r"Einstein radius $\theta_E$"
                    + (f" ({outside:,} rows outside of the bins)" if outside else ""))
    axes.set_ylabel("share of the arc's flux\nin r < "
                    f"{run.aperture_radius_pix[radius]:g} pix, {run.bands[band]}")
    axes.legend(fontsize=8, frameon=False, ncols=2)
    axes.spines[["top", "right"]].set_visible(False)
