"""Draw pairs of a run: each positive beside its negative and their difference.

Rows are spread evenly over the Einstein radii. Positive and negative share one stretch; the
difference, which is the arc and its own Poisson noise, has a stretch of its own. Masked
pixels are grey, and the title says the host's number, theta_E and the core flux fraction of
band r (or the first one) in the aperture whose radius is nearest to 5 pixels."""

import argparse
import math
import pathlib
from typing import Any

from lensmill.figures.common import new_figure, reported, save, show, spread_rows
from lensmill.rgb import UNDEFINED_GREY
from lensmill.run import Run, open_run

COLUMNS = 4  # pairs side by side
PANEL_INCHES = 1.1
TITLE_INCHES = 0.22


def add_command(commands: Any) -> None:
    parser = commands.add_parser("pair-gallery", help="a picture of pairs",
                                 description=__doc__)
    parser.add_argument("run_path", metavar="RUN", type=pathlib.Path,
                        help="a run's folder or HDF5 file")
    parser.add_argument("--png", type=pathlib.Path,
                        help="picture to write (without: pair_gallery.png in the run)")
    parser.add_argument("--count", type=int, default=36, help="pairs to show")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    with open_run(options.run_path) as run:
        png = options.png or run.table.layout.folder / "pair_gallery.png"
        figure = pair_gallery(run, options.count)
        save(figure, png, dpi=100)
        print(f"{len(spread_rows(run, options.count))} pairs (positive, negative, "
              f"difference): {png}")


def pair_gallery(run: Run, count: int = 36) -> Any:
    """The figure.

    Raises
    ------
    InputError
        The run has no positive or no negative stamps, or no rows yet.
    """
    for name in ("positive", "negative"):
        run.images[name]
    rows = spread_rows(run, count).tolist()
    columns = min(COLUMNS, len(rows))
    lines = math.ceil(len(rows) / columns)
    height = lines * (PANEL_INCHES + TITLE_INCHES)
    width = 3 * columns * PANEL_INCHES + 0.2 * (columns - 1)
    figure = new_figure(figsize=(width, height))
    outer = figure.add_gridspec(lines, columns, left=0.004, right=0.996, bottom=0.004,
                                top=1.0 - TITLE_INCHES / height,
                                wspace=0.2 / (3 * PANEL_INCHES),
                                hspace=TITLE_INCHES / PANEL_INCHES)
    for k, row in enumerate(rows):
        inner = outer[k // columns, k % columns].subgridspec(1, 3, wspace=0.03)
        _draw_pair([figure.add_subplot(inner[0, panel]) for panel in range(3)], run, row)
    return figure


def _draw_pair(axes: Any, run: Run, row: int) -> None:
    positive, negative = (run.stamp(name, row) for name in ("positive", "negative"))
    mask = run.stamp("mask", row) > 0 if "mask" in run.images else None
    look = run.look(row)
    difference = positive - negative
    for one, stamp, by in zip(axes, (positive, negative, difference),
                              (look, look, look.for_arc(difference))):
        picture = by.picture(stamp)
        if mask is not None:
            picture[mask.any(axis=0)] = UNDEFINED_GREY
        show(one, picture)
    band, radius = reported(run)
    place = f"{run.bands[band]}.{run.aperture_radius_pix[radius]:g}"
    host = (f"host {run.catalogue.read('host_index', row)}   "
            if "host_index" in run.catalogue.names() else "")
    axes[1].set_title(
        host + rf"$\theta_E$ {run.catalogue.read('theta_e_arcsec', row):.2f}″   core "
        f"{run.measurements.read(f'core_flux_fraction.{place}', row):.2f}", fontsize=7,
        pad=2)
