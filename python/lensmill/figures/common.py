"""What the figures share: the figure itself, the rows to show, the reported core."""

import pathlib
from typing import Any, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError, needs
from lensmill.run import Run

CORE_RADIUS_PIX = 5.0
# Colour-blind safe (ColorBrewer's RdBu and PuOr): saddles, minima, maxima, the PSF.
SADDLE, OUTER, CENTRAL, PSF = "#b2182b", "#2166ac", "#762a83", "#999999"


def new_figure(**options: Any) -> Any:
    """A matplotlib figure that no window and no global state knows of."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise needs("matplotlib", "drawing", error) from error
    return Figure(**options)


def save(figure: Any, png: pathlib.Path, dpi: int) -> None:
    """Write a PNG, whole or not at all."""
    partial = png.with_name(png.name + ".partial")
    try:
        figure.savefig(partial, dpi=dpi, format="png")
        partial.replace(png)
    finally:
        partial.unlink(missing_ok=True)


def reported(run: Run) -> Tuple[int, int]:
    """Indices of the band and the radius that lensmill reports: r, or the first band; the
    radius nearest to 5 pixels (lib/analysis/reported_core.hpp)."""
    band = run.bands.index("r") if "r" in run.bands else 0
    radii = np.array(run.aperture_radius_pix)
    return band, int(np.argmin(np.abs(radii - CORE_RADIUS_PIX)))


def best_rows(run: Run, count: int) -> "NDArray[np.int64]":
    """Rows from all Einstein radii: of each of `count` equal parts of the rows, in the order
    of theta_E, the one whose arc has the highest SNR."""
    if count < 1:
        raise InputError(f"--count must be 1 or more (got {count})")
    rows = run.where()
    if len(rows) == 0:
        raise InputError(f"{run.path}: no row has been made that did not fail")
    theta_e = run.catalogue.read("theta_e_arcsec", rows).data
    rows = rows[np.argsort(theta_e, kind="stable")]
    name = "arc_snr_total" if "arc_snr_total" in run.measurements.names() else "arc_snr"
    snr = run.measurements.read(name, rows).data
    if snr.ndim > 1:
        snr = snr[:, reported(run)[0]]
    parts = np.array_split(np.arange(len(rows)), min(count, len(rows)))
    return np.asarray(
        rows[[part[np.argmax(np.nan_to_num(snr[part], nan=-1.0))] for part in parts]])


def spread_rows(run: Run, count: int) -> "NDArray[np.int64]":
    """Rows spread evenly over the Einstein radii, whatever their arcs are like."""
    if count < 1:
        raise InputError(f"--count must be 1 or more (got {count})")
    rows = run.where()
    if len(rows) == 0:
        raise InputError(f"{run.path}: no row has been made that did not fail")
    order: "NDArray[np.int64]" = rows[np.argsort(
        run.catalogue.read("theta_e_arcsec", rows).data, kind="stable")]
    return np.asarray(order[np.linspace(0, len(order) - 1, min(count, len(order))
                                        ).astype(int)])


def show(axes: Any, picture: Any) -> None:
    axes.imshow(picture, origin="lower", interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_visible(False)
