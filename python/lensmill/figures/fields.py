"""Draw a field that `lensmill field` made: the image with its injections, a part of it,
and the same part without noise, its arcs with their SNR."""

import argparse
import pathlib
from typing import Any, Dict, Optional

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError
from lensmill.figures.common import new_figure, save
from lensmill.shard_files import open_hdf5

INJECTION, FRAME = "#e69f00", "#56b4e9"
Values = NDArray[np.float64]


def add_command(commands: Any) -> None:
    parser = commands.add_parser("plot-field", help="a picture of a field",
                                 description=__doc__)
    parser.add_argument("field", metavar="FIELD", type=pathlib.Path, help="a field's folder")
    parser.add_argument("--png", type=pathlib.Path,
                        help="picture to write (without: FIELD/field.png)")
    parser.add_argument("--band", help="band to draw (without: the first)")
    parser.add_argument("--side", type=int, default=300,
                        help="side of the part, pixels (without: 300)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    png = options.png or options.field / "field.png"
    save(plot_field(options.field, options.band, options.side), png, dpi=70)
    print(f"{png}: written")


def plot_field(field: pathlib.Path, band: Optional[str] = None, side: int = 300) -> Any:
    """The figure.

    Raises
    ------
    InputError
        No field there, no such band, no injection that was painted, a side below 1.
    """
    field = pathlib.Path(field)
    if side < 1:
        raise InputError(f"--side must be 1 or more (got {side})")
    with open_hdf5(field / "truth.h5") as file:
        bands = [str(one) for one in file.attrs.get("bands", ())]
        if not bands or (band or bands[0]) not in bands:
            raise InputError(f"{field}/truth.h5: has no band {band or ''} (it has: "
                             f"{', '.join(bands) or 'none'})")
        band = band or bands[0]
        columns: Dict[str, Values] = {}
        for name in ("x_pix", "y_pix", "status", f"arc_snr_{band}"):
            if f"injections/{name}" not in file:
                raise InputError(f"{field}/truth.h5: has no injections/{name}")
            columns[name] = file[f"injections/{name}"][:]
    with open_hdf5(field / "bands" / f"{band}.h5") as file:
        for name in ("image", "empty", "arc"):
            if name not in file:
                raise InputError(f"{field}/bands/{band}.h5: has no {name}")
        image, empty, arc = (file[name][:] for name in ("image", "empty", "arc"))
    painted = columns["status"] == 0
    if not painted.any():
        raise InputError(f"{field}: no injection has status 0 (ok)")
    x, y, snr = (columns[name][painted] for name in ("x_pix", "y_pix", f"arc_snr_{band}"))
    sky = empty[np.isfinite(empty)]
    sigma = float(1.4826 * np.median(abs(sky - np.median(sky)))) if sky.size else 1.0
    return _draw(image, arc, sigma or 1.0, (x, y, snr), band, side)


def _draw(image: Values, arc: Values, sigma: float, injections: Any, band: str, side: int
          ) -> Any:
    x, y, snr = injections
    # About the injection of the median SNR, inside of the image.
    middle = np.argsort(np.nan_to_num(snr))[len(snr) // 2]
    ny, nx = image.shape
    side = min(side, nx, ny)
    x0 = int(np.clip(x[middle] - side / 2, 0, nx - side))
    y0 = int(np.clip(y[middle] - side / 2, 0, ny - side))
    part = np.s_[y0:y0 + side, x0:x0 + side]
    look = {"origin": "lower", "cmap": "gray", "vmin": _stretched(-3 * sigma, sigma),
            "vmax": _stretched(30 * sigma, sigma)}
    extent = (x0 - 0.5, x0 + side - 0.5, y0 - 0.5, y0 + side - 0.5)
    figure = new_figure(figsize=(13.5, 4.9), layout="constrained")
    axes = figure.subplots(1, 3)
    axes[0].imshow(_stretched(image, sigma), **look)
    axes[0].scatter(x, y, s=60, facecolors="none", edgecolors=INJECTION, linewidths=0.7)
    axes[0].plot([x0, x0 + side, x0 + side, x0, x0], [y0, y0, y0 + side, y0 + side, y0],
                 color=FRAME, linewidth=1.2)
    axes[0].set_title(f"image, {band}: {len(x)} injections")
    axes[1].imshow(_stretched(image[part], sigma), extent=extent, **look)
    axes[1].set_title("the part in the frame")
    axes[2].imshow(_stretched(arc[part], sigma), extent=extent, **look)
    axes[2].set_title("its arcs without noise, with their SNR")
    inside = (x >= x0) & (x < x0 + side) & (y >= y0) & (y < y0 + side)
    for a, b, value in zip(x[inside], y[inside], snr[inside]):
        axes[2].annotate(f"{value:.0f}", (a, b + 14), color=INJECTION, ha="center",
                         fontsize=8, annotation_clip=True)
    for axis in axes:
        axis.set(xlabel="x [pix]", ylabel="y [pix]")
    return figure


def _stretched(image: Any, sigma: float) -> Any:
    """asinh in units of the noise, as the eye and a search see it."""
    return np.arcsinh(image / (2 * sigma))
