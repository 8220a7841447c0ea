"""Charts of a run's rows themselves, and of its PSFs."""

from typing import Any, Dict, List, Optional

import numpy as np
from numpy.typing import NDArray

from lensmill.figures.common import reported
from lensmill.report.drawing import (COUNTER, EXTENT, INK, OUTER, Canvas, Chart, csv_text)
from lensmill.run import Run

POINTS = 3000  # rows drawn, evenly spread over all; means are of all
KERNEL_PIX = 25
FINE = 5  # samples across a pixel


def core_map(run: Run) -> Optional[Chart]:
    """Core flux fraction against theta_E, and against theta_E and the source's offset."""
    rows = run.where()
    band, radius = reported(run)
    place = f"{run.bands[band]}.{run.aperture_radius_pix[radius]:g}"
    needed = {"src_x_arcsec", "src_y_arcsec", "theta_e_arcsec"} - set(run.catalogue.names())
    scale = pixel_scale(run)
    if needed or "core_flux_fraction" not in run.measurements.names() or scale is None:
        return None
    # Of points drawn only; the tables have the means of all rows.
    shown = rows[np.linspace(0, len(rows) - 1, min(POINTS, len(rows))).astype(int)]
    theta_e = np.asarray(run.catalogue.read("theta_e_arcsec", shown).data)
    # Relative to the lens, wherever that is (docs/conventions.md).
    offset = np.hypot(*(np.asarray(run.catalogue.read(f"src_{axis}_arcsec", shown).data,
                                   np.float64) for axis in ("x", "y")))
    core = run.measurements.read(f"core_flux_fraction.{place}", shown).data
    keep = (theta_e > 0) & np.isfinite(core)
    if not keep.any():
        return None
    theta_e, offset, core, shown = (one[keep] for one in (theta_e, offset, core, shown))
    aperture = run.aperture_radius_pix[radius] * scale
    share = offset / theta_e
    canvas = Canvas(height=5.6)
    with canvas as figure:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.25))
        size = 12 if len(core) < 800 else 5
        top.scatter(theta_e, core, s=size, color=OUTER, alpha=0.45, linewidths=0,
                    rasterized=True)
        top.axvline(aperture, color=INK, linestyle=":", linewidth=1.2)
        top.set_ylabel("core flux fraction")
        dots = bottom.scatter(theta_e, share, c=core, s=size, cmap="cividis", vmin=0,
                              vmax=max(0.01, float(core.max())), linewidths=0,
                              rasterized=True)
        bar = figure.colorbar(dots, ax=bottom, label="core flux fraction")
        bar.outline.set_edgecolor(INK)
        line = np.linspace(max(1e-3, min(theta_e.min(), aperture) * 0.9),
                           max(theta_e.max(), aperture) * 1.05, 300)
        top_of_lines = max(1.0, float(share.max()))
        counter, outer = ((np.where(one <= top_of_lines, one, np.nan))
                          for one in (1 - aperture / line, aperture / line - 1))
        bottom.plot(line, counter, color=COUNTER, linewidth=1.6,
                    label="counter-image on the edge")
        bottom.plot(line, outer, color=EXTENT, linewidth=1.6,
                    linestyle="--", label="outer image on the edge")
        bottom.set_ylim(0, top_of_lines * 1.2)
        bottom.set_ylabel(r"source offset $\beta/\theta_E$")
        bottom.set_xlabel(r"$\theta_E$ [arcsec]")
        bottom.legend(loc="upper left", ncols=2, fontsize=7.5, columnspacing=1.0)
    table = [{"row": int(r), "theta_e_arcsec": float(t), "src_offset_over_theta_e":
              float(f"{s:.6g}"), "core_flux_fraction": float(f"{c:.6g}")}
             for r, t, s, c in zip(shown, theta_e, share, core)]
    return canvas.chart(
        "core-map", "Core flux against Einstein radius and source offset",
        f"Below the solid line both images of an isothermal sphere are outside the aperture "
        f"({aperture:.3g}″, dotted), above it the counter-image is inside; below the dashed "
        f"line the outer image is inside, too. {len(core):,} of {len(rows):,} rows.",
        csv_text(table, list(table[0])))


def pixel_scale(run: Run) -> Optional[float]:
    """Arcsec per pixel, as the run was configured."""
    try:
        return float(run.provenance.config["grid"]["pixel_scale_arcsec"])
    except (KeyError, TypeError, ValueError):
        return None


def seeing(run: Run) -> Optional[Chart]:
    """The distribution of the FWHM by band."""
    scale = pixel_scale(run)
    rows = run.where()
    widths = {band: run.catalogue.read(f"psf_fwhm_pix_{band}", rows).data
              for band in run.bands if f"psf_fwhm_pix_{band}" in run.catalogue.names()}
    widths = {band: values[np.isfinite(values)] * (scale or 1.0)
              for band, values in widths.items()}
    widths = {band: values for band, values in widths.items() if values.size}
    if not widths:
        return None
    unit = "arcsec" if scale else "pix"
    every = np.concatenate(list(widths.values()))
    low, high = float(every.min()), float(every.max())
    if high - low < 1e-3 * high:
        low, high = 0.9 * low, 1.1 * high
    edges = np.linspace(low, high, 25)
    table: List[Dict[str, Any]] = []
    canvas = Canvas(height=2.9)
    with canvas as figure:
        axes = figure.subplots()
        styles = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), "-")
        colours = (OUTER, COUNTER, EXTENT, INK)
        for k, (band, values) in enumerate(widths.items()):
            counts = np.histogram(values, edges)[0]
            axes.stairs(counts, edges, label=band, color=colours[k % 4],
                        linestyle=styles[k % 8], linewidth=1.5)
            table += [{"band": band, f"from_{unit}": float(a), f"to_{unit}": float(b),
                       "rows": int(n)} for a, b, n in zip(edges, edges[1:], counts)]
        axes.set_xlabel(f"FWHM of the PSF [{unit}]")
        axes.set_ylabel("rows")
        axes.legend(title="band")
    return canvas.chart("seeing", "The seeing that rows were drawn with",
                        "How wide the PSF is, by band: wider PSFs move more light across "
                        "the aperture's edge.", csv_text(table, list(table[0])))


def kernels(run: Run) -> Optional[Chart]:
    """The PSF of the row with the median seeing, where it is given by a formula."""
    config = run.provenance.config.get("psf")
    if not isinstance(config, dict):
        return None
    rows = run.where()
    pictures = {}
    for band in run.bands:
        one = config.get(band)
        if not isinstance(one, dict) or one.get("kind") not in ("gaussian", "moffat"):
            continue
        name = f"psf_fwhm_pix_{band}"
        if name not in run.catalogue.names():
            continue
        widths = run.catalogue.read(name, rows).data
        widths = np.sort(widths[np.isfinite(widths)])
        if widths.size == 0:
            continue
        width = float(widths[len(widths) // 2])
        try:
            q, phi = float(one.get("q", 1)), float(one.get("phi_rad", 0))
            beta = float(one["beta"]) if one["kind"] == "moffat" else None
        except (KeyError, TypeError, ValueError):
            continue  # drawn per row
        pictures[band] = (one["kind"], width, _kernel(width, q, phi, beta))
    if not pictures:
        return None
    table = [{"band": band, "kind": kind, "fwhm_pix": width, "y_pix": y - KERNEL_PIX // 2,
              "x_pix": x - KERNEL_PIX // 2, "value": f"{image[y, x]:.4g}"}
             for band, (kind, width, image) in pictures.items()
             for y in range(KERNEL_PIX) for x in range(KERNEL_PIX)]
    columns = min(4, len(pictures))
    lines = -(-len(pictures) // columns)
    canvas = Canvas(height=0.6 + lines * (0.35 + 4.4 / columns))
    with canvas as figure:
        grid = figure.subplots(lines, columns, squeeze=False)
        half = KERNEL_PIX / 2
        for axes, (band, (kind, width, image)) in zip(grid.flat, pictures.items()):
            drawn = axes.imshow(np.log10(image / image.max()), origin="lower", vmin=-4,
                                vmax=0, cmap="cividis", extent=(-half, half, -half, half),
                                interpolation="nearest")
            axes.set_title(f"{band}: {kind}, {width:.2f} pix", fontsize=8)
            axes.grid(False)
        for axes in list(grid.flat)[len(pictures):]:
            axes.set_visible(False)
        figure.supxlabel("[pix]", fontsize=9)
        bar = figure.colorbar(drawn, ax=grid, label="log10 of value over peak", shrink=0.8,
                              location="bottom" if columns > 1 else "right")
        bar.outline.set_edgecolor(INK)
    return canvas.chart(
        "kernels", "The PSF of the median seeing",
        "Each is centred on its middle pixel: a kernel that is off-centre moves arcs. Drawn "
        "from the stated formula, averaged over pixels; not read from a file.",
        csv_text(table, list(table[0])))


def _kernel(fwhm: float, q: float, phi: float, beta: Optional[float]
            ) -> "NDArray[np.float64]":
    """Pixel averages, sum 1, of a Gaussian (no beta) or Moffat profile [y, x]."""
    n = KERNEL_PIX * FINE
    line = (np.arange(n) + 0.5) / FINE - KERNEL_PIX / 2
    x, y = np.meshgrid(line, line)
    along, across = (x * np.cos(phi) + y * np.sin(phi), y * np.cos(phi) - x * np.sin(phi))
    r2 = q * along**2 + across**2 / q
    if beta is None:
        fine = np.exp(-4 * np.log(2) * r2 / fwhm**2)
    else:
        fine = (1 + 4 * r2 * (2 ** (1 / beta) - 1) / fwhm**2) ** -beta
    image = fine.reshape(KERNEL_PIX, FINE, KERNEL_PIX, FINE).mean(axis=(1, 3))
    return np.asarray(image / image.sum(), np.float64)
