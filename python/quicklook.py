#!/usr/bin/env python3
"""Draw a run: a few injections, and where the light in the core comes from.

    python/quicklook.py RUN [--png FILE] [--count N]

RUN is a run's folder or its HDF5 file. Upper part: pairs of stamps without and with the
injection, and the noise-free arc. Lower part: the mean core flux fraction in bins of the
Einstein radius, split by image kind and by what was in the core before the PSF and what
the PSF moved in (above zero) or out (below zero).
"""

import argparse
import pathlib
import sys

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

THETA_E_EDGES_ARCSEC = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5)
CORE_RADIUS_PIX = 5.0
NOISE_SIGMAS = 12.0  # a pixel this far above the noise is drawn bright
TERMS = (  # dataset suffix, label, colour
    ("saddle_intrinsic", "counter-image", "#b2182b"),
    ("minimum_intrinsic", "outer image", "#2166ac"),
    ("maximum_intrinsic", "central image", "#762a83"),
    ("saddle_psf", "PSF moves, counter-image", "#f4a582"),
    ("minimum_psf", "PSF moves, outer image", "#92c5de"),
    ("maximum_psf", "PSF moves, central image", "#c2a5cf"),
)


def run_file(path):
    """The HDF5 file of a run given as folder or file."""
    path = pathlib.Path(path)
    if path.is_file():
        return path
    files = sorted(path.glob("*.h5"))
    if len(files) != 1:
        sys.exit(f"quicklook: {path} contains {len(files)} .h5 files, expected one")
    return files[0]


def bands_and_radii(run):
    """Band names and aperture radii, in the order of the datasets' axes."""
    if "bands" not in run.attrs:
        sys.exit(f"quicklook: {run.filename} has no attribute `bands`, being made by an "
                 "older lensmill; `lensmill finalize RUN` writes it")
    return list(run.attrs["bands"]), list(run.attrs["aperture_radius_pix"])


def reported(run):
    """Names and indices of the band and the radius that lensmill reports: r, or the first
    band; the radius nearest to 5 pixels (lib/analysis/reported_core.hpp)."""
    bands, radii = bands_and_radii(run)
    band = bands.index("r") if "r" in bands else 0
    radius = int(np.argmin(np.abs(np.array(radii) - CORE_RADIUS_PIX)))
    return bands[band], band, radii[radius], radius


def picture(stamp, scale):
    """Arcsinh picture of [band, y, x]; three or more bands make colours, red last."""
    if len(stamp) < 3:
        return np.arcsinh(10.0 * stamp[0] / scale[0])
    colours = np.stack([stamp[band] / scale[band] for band in (2, 1, 0)], axis=-1)
    colours += 0.03  # the sky is dark grey: its noise is not cut off at zero
    intensity = np.maximum(colours.mean(axis=-1), 1e-6)
    stretched = np.arcsinh(8.0 * intensity) / np.arcsinh(8.0)
    return np.clip(colours * (stretched / intensity)[..., None], 0.0, 1.0)


def choose_rows(run, count):
    """Rows spread evenly over the Einstein radii of what was rendered."""
    ok = np.flatnonzero(run["measurements/rendered"][:] == 1)
    theta_e = run["catalogue/theta_e_arcsec"][:][ok]
    order = ok[np.argsort(theta_e, kind="stable")]
    if len(order) == 0:
        sys.exit("quicklook: the run has no rendered rows")
    return order[np.linspace(0, len(order) - 1, min(count, len(order))).astype(int)]


def stamp_of(run, product, row):
    """One stamp [band, y, x] in nmgy, whatever its encoding."""
    stored = run[f"images/{product}"][row]
    if stored.dtype != np.int16:
        return stored.astype(float)
    scale, offset = (run[f"images/{product}_{part}"][row][:, None, None]
                     for part in ("scale", "offset"))
    return np.where(stored == -32768, np.nan, offset + scale * stored)


def noise_of(stamp):
    """Robust scatter of the pixels of each band."""
    middle = np.nanmedian(stamp, axis=(1, 2), keepdims=True)
    return 1.4826 * np.nanmedian(np.abs(stamp - middle), axis=(1, 2))


def draw_stamps(figure, grid, run, rows):
    products = [name for name in ("negative", "positive", "arc")
                if f"images/{name}" in run]
    theta_e = run["catalogue/theta_e_arcsec"]
    for column, row in enumerate(rows):
        stamps = {}
        for name in products:
            stamps[name] = stamp_of(run, name, row)
        for line, name in enumerate(products):
            # A pair shares one scale, so that it differs by the arc alone.
            shared = "positive" if name != "arc" and "positive" in stamps else name
            scale = np.nanmax(stamps[shared], axis=(1, 2))
            if name != "arc":
                # Faint stamps are not stretched until their noise is bright.
                scale = np.maximum(scale / 2.0, NOISE_SIGMAS * noise_of(stamps[shared]))
            axes = figure.add_subplot(grid[line, column])
            axes.imshow(picture(np.nan_to_num(stamps[name]), np.maximum(scale, 1e-12)),
                        origin="lower", cmap="magma", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            if line == 0:
                axes.set_title(rf"$\theta_E$ = {theta_e[row]:.2f}″", fontsize=9)
            if column == 0:
                axes.set_ylabel(name, fontsize=9)


def bin_means(theta_e, values):
    """Mean of `values` in each bin [a, b) of theta_E, the last one closed."""
    edges = np.array(THETA_E_EDGES_ARCSEC)
    index = np.searchsorted(edges, theta_e, side="right") - 1
    index[theta_e == edges[-1]] = len(edges) - 2
    return np.array([np.nanmean(values[index == b]) if np.any(index == b) else np.nan
                     for b in range(len(edges) - 1)])


def draw_split(axes, run):
    band_name, band, radius_pix, radius = reported(run)
    theta_e = run["catalogue/theta_e_arcsec"][:]
    edges = THETA_E_EDGES_ARCSEC
    labels = [f"{low:g}–{high:g}″" for low, high in zip(edges, edges[1:])]
    up, down = np.zeros(len(labels)), np.zeros(len(labels))
    for suffix, label, colour in TERMS:
        values = run[f"measurements/core_flux_fraction_{suffix}"][:, band, radius]
        means = np.nan_to_num(bin_means(theta_e, values))
        if not np.any(np.abs(means) > 1e-6):
            continue
        base = np.where(means >= 0.0, up, down)
        axes.bar(labels, means, bottom=base, color=colour, width=0.7, label=label)
        up += np.maximum(means, 0.0)
        down += np.minimum(means, 0.0)
    total = run["measurements/core_flux_fraction"][:, band, radius]
    axes.plot(labels, bin_means(theta_e, total), "ko", label="sum: core flux fraction")
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.set_xlabel(r"Einstein radius $\theta_E$")
    axes.set_ylabel(f"share of the arc's flux\nin r < {radius_pix:g} pix, {band_name}")
    axes.legend(fontsize=8, frameon=False, ncols=2)
    axes.spines[["top", "right"]].set_visible(False)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", help="a run's folder or HDF5 file")
    parser.add_argument("--png", default="quicklook.png", help="picture to write")
    parser.add_argument("--count", type=int, default=7, help="injections to show")
    arguments = parser.parse_args()
    with h5py.File(run_file(arguments.run)) as run:
        rows = choose_rows(run, arguments.count)
        products = sum(f"images/{name}" in run for name in ("negative", "positive", "arc"))
        figure = plt.figure(figsize=(10, 1.35 * products + 3.6), dpi=110)
        parts = figure.add_gridspec(2, 1, height_ratios=[1.35 * products + 0.01, 3.2],
                                    hspace=0.12, left=0.09, right=0.99, top=0.95,
                                    bottom=0.08)
        if products:
            grid = parts[0].subgridspec(products, len(rows), wspace=0.03, hspace=0.03)
            draw_stamps(figure, grid, run, rows)
        draw_split(figure.add_subplot(parts[1]), run)
        figure.savefig(arguments.png)
    print(f"quicklook: {arguments.png}")


if __name__ == "__main__":
    main()
