#!/usr/bin/env python3
"""Draw a field that `lensmill field` made: the image with its injections, a part of it,
and the same part without noise.

    python/plot_field.py FIELD OUTPUT.png [--band r] [--side 300]
"""

import argparse
import pathlib
import sys

import h5py
import matplotlib
import numpy

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)


def stretched(image, sigma):
    """asinh in units of the noise, as the eye and a search see it."""
    return numpy.arcsinh(image / (2 * sigma))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("field", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--band", help="default: the first")
    parser.add_argument("--side", type=int, default=300, help="of the part, pixels")
    options = parser.parse_args()
    with h5py.File(options.field / "truth.h5") as file:
        band = options.band or file.attrs["bands"][0]
        columns = {name: file[f"injections/{name}"][:]
                   for name in ("x_pix", "y_pix", "status", f"arc_snr_{band}")}
    with h5py.File(options.field / "bands" / f"{band}.h5") as file:
        image, empty, arc = (file[name][:] for name in ("image", "empty", "arc"))
    painted = columns["status"] == 0
    if not painted.any():
        sys.exit(f"plot_field: {options.field}: no injection has status 0 (ok)")
    x, y = columns["x_pix"][painted], columns["y_pix"][painted]
    snr = columns[f"arc_snr_{band}"][painted]
    difference = empty[numpy.isfinite(empty)]
    sigma = 1.4826 * numpy.median(abs(difference - numpy.median(difference))) or 1.0
    # About the injection of the median SNR, inside of the image.
    middle = numpy.argsort(numpy.nan_to_num(snr))[len(snr) // 2]
    ny, nx = image.shape
    side = min(options.side, nx, ny)
    x0 = int(numpy.clip(x[middle] - side / 2, 0, nx - side))
    y0 = int(numpy.clip(y[middle] - side / 2, 0, ny - side))
    part = numpy.s_[y0:y0 + side, x0:x0 + side]
    extent = (x0 - 0.5, x0 + side - 0.5, y0 - 0.5, y0 + side - 0.5)

    figure, axes = plt.subplots(1, 3, figsize=(13.5, 4.9), constrained_layout=True)
    limits = {"vmin": stretched(-3 * sigma, sigma), "vmax": stretched(30 * sigma, sigma)}
    axes[0].imshow(stretched(image, sigma), origin="lower", cmap="gray", **limits)
    axes[0].scatter(x, y, s=60, facecolors="none", edgecolors="tab:orange", linewidths=0.7)
    axes[0].plot([x0, x0 + side, x0 + side, x0, x0], [y0, y0, y0 + side, y0 + side, y0],
                 color="tab:cyan", linewidth=1.2)
    axes[0].set_title(f"image, {band}: {painted.sum()} injections")
    axes[1].imshow(stretched(image[part], sigma), origin="lower", cmap="gray",
                   extent=extent, **limits)
    axes[1].set_title("the part in the frame")
    axes[2].imshow(stretched(arc[part], sigma), origin="lower", cmap="gray", extent=extent,
                   **limits)
    axes[2].set_title("its arcs without noise, with their SNR")
    inside = (x >= x0) & (x < x0 + side) & (y >= y0) & (y < y0 + side)
    for a, b, value in zip(x[inside], y[inside], snr[inside]):
        axes[2].annotate(f"{value:.0f}", (a, b + 14), color="tab:orange", ha="center",
                         fontsize=8, annotation_clip=True)
    for axis in axes:
        axis.set_xlabel("x [pix]")
        axis.set_ylabel("y [pix]")
    figure.savefig(options.output, dpi=70)


if __name__ == "__main__":
    main()
