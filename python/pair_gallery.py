#!/usr/bin/env python3
"""Draw pairs of a run: each positive beside its negative and their difference.

    python/pair_gallery.py RUN [--png FILE] [--count N]

RUN is a run's folder or its HDF5 file. Rows are spread evenly over the Einstein radii.
Positive and negative share one arcsinh stretch; the difference, which is the arc and its
own Poisson noise, has a stretch of its own. Masked pixels are grey, and the title says
the host's number, theta_E and the core flux fraction of band r (or the first one) in the
aperture whose radius is nearest to 5 pixels.
"""

import argparse
import math
import pathlib
import sys

import h5py
import matplotlib
import numpy as np

import quicklook

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

COLUMNS = 6  # pairs side by side
PANEL_INCHES = 0.95
TITLE_INCHES = 0.16
MASKED_GREY = 0.45


def paint(axes, stamp, scale, mask):
    image = quicklook.picture(np.nan_to_num(stamp), np.maximum(scale, 1e-12))
    if image.ndim == 3 and mask is not None:
        image[mask.any(axis=0)] = MASKED_GREY
    axes.imshow(image, origin="lower", interpolation="nearest",
                cmap=None if image.ndim == 3 else "gray")
    axes.axis("off")


def draw_pair(axes, run, row):
    positive, negative = (quicklook.stamp_of(run, name, row)
                          for name in ("positive", "negative"))
    mask = run["images/mask"][row] > 0 if "images/mask" in run else None
    noise = quicklook.noise_of(positive)
    scale = np.maximum(np.nanmax(positive, axis=(1, 2)) / 2.0,
                       quicklook.NOISE_SIGMAS * noise)
    difference = positive - negative
    arc_scale = np.maximum(np.nanmax(difference, axis=(1, 2)), 2.0 * noise)
    for one, stamp, by in zip(axes, (positive, negative, difference),
                              (scale, scale, arc_scale)):
        paint(one, stamp, by, mask)
    host = run["catalogue/host_index"][row] if "catalogue/host_index" in run else None
    _, band, _, radius = quicklook.reported(run)
    fraction = run["measurements/core_flux_fraction"][row, band, radius]
    axes[1].set_title(
        ("" if host is None else f"host {host}  ")
        + rf"$\theta_E$ {run['catalogue/theta_e_arcsec'][row]:.2f}" + '"'
        + f"  core {fraction:.2f}", fontsize=5, pad=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--png", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=36)
    options = parser.parse_args()
    path = quicklook.run_file(options.run)
    with h5py.File(path, "r") as run:
        missing = [name for name in ("positive", "negative")
                   if f"images/{name}" not in run]
        if missing:
            sys.exit(f"pair_gallery: {path} has no images/{missing[0]}: add it to "
                     "output.products")
        rows = quicklook.choose_rows(run, options.count)
        lines = math.ceil(len(rows) / COLUMNS)
        figure, panels = plt.subplots(
            lines, 3 * COLUMNS, squeeze=False,
            figsize=(3 * COLUMNS * PANEL_INCHES, lines * 1.1 * PANEL_INCHES))
        for axes in panels.flat:
            axes.axis("off")
        for k, row in enumerate(rows):
            first = 3 * (k % COLUMNS)
            draw_pair(panels[k // COLUMNS, first:first + 3], run, row)
    figure.subplots_adjust(left=0.005, right=0.995, bottom=0.005,
                           top=1.0 - TITLE_INCHES / figure.get_figheight(),
                           wspace=0.04, hspace=0.16)
    png = options.png or path.parent / "pair_gallery.png"
    figure.savefig(png, dpi=90)
    print(f"{len(rows)} pairs (positive, negative, difference): {png}")


if __name__ == "__main__":
    main()
