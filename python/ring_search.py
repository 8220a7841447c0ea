#!/usr/bin/env python3
"""A search for arcs about catalogued galaxies, to try `lensmill recover` with.

    python/ring_search.py FIELD --positions TABLE [--blue g] [--red z | --symmetric]
                          [--threshold SNR | --false-positives N] [-o FOLDER]

Blue light about red galaxies, as RingFinder looks for it (Gavazzi et al. 2014, ApJ 785, 144,
section 3): the red image, scaled to the galaxy's own colour, is subtracted from the blue one.
What is left in the brightest of eight sectors of an annulus, less the median sector (which a
PSF that was not matched lights up as well), is the signal. With one band (--symmetric) the
galaxy is replaced by the image turned by half a turn about it, so that only what is not
symmetric is left.

Writes found.fits (image-<band>.fits, with arcs) and before.fits (empty-<band>.fits, without)
into FOLDER (default: FIELD/search): ra_deg, dec_deg and snr of the
galaxies whose snr is at least the threshold, which is stated, or such that N galaxies of the
empty field exceed it. It is a demonstration: no classifier, no lens model, no deblending.
"""

import argparse
import pathlib
import sys
import warnings

import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.units import UnitsWarning
from astropy.wcs import WCS

SECTORS = 8
HALF = 16  # pixels of the cutouts, each side of the middle


def read(path):
    with fits.open(path) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None)
        return np.asarray(hdu.data, float), hdu.header


def smooth(image, sigma_pix):
    """Convolved with a Gaussian."""
    if sigma_pix <= 0:
        return image
    reach = int(np.ceil(4 * sigma_pix))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_pix) ** 2)
    for axis in (0, 1):
        image = np.apply_along_axis(np.convolve, axis, image, weights / weights.sum(), "same")
    return image


def cutout(image, x, y):
    i, j = round(y), round(x)
    if min(i, j) < HALF or i + HALF >= image.shape[0] or j + HALF >= image.shape[1]:
        return None
    return image[i - HALF:i + HALF + 1, j - HALF:j + HALF + 1]


def residual(blue, red, radius_pix, core_pix):
    """The blue cutout without the galaxy, and the factor of the red one's variance."""
    if red is None:
        return blue - blue[::-1, ::-1], None
    core = radius_pix < core_pix
    scale = blue[core].sum() / red[core].sum()
    return blue - scale * red, scale


def snr_of(field, kind, places, options):
    """SNR of what is left in the annulus about each place; NaN where there are no data."""
    blue, header = read(field / f"{kind}-{options.blue}.fits")
    blue_var = 1 / np.where((w := read(field / f"invvar-{options.blue}.fits")[0]) > 0, w, np.nan)
    red = red_var = None
    if not options.symmetric:
        red, _ = read(field / f"{kind}-{options.red}.fits")
        red_var = 1 / np.where((w := read(field / f"invvar-{options.red}.fits")[0]) > 0, w, np.nan)
    scale = header["PIXSCALE"]
    grid_y, grid_x = np.mgrid[-HALF:HALF + 1, -HALF:HALF + 1]
    found = np.full(len(places), np.nan)
    for k, (x, y) in enumerate(places):
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        pieces = [cutout(image, x, y) for image in (blue, blue_var, red, red_var)
                  if image is not None]
        if any(piece is None or not np.isfinite(piece).all() for piece in pieces):
            continue
        radius = np.hypot(grid_x + round(x) - x, grid_y + round(y) - y)
        annulus = ((radius > options.inner_arcsec / scale)
                   & (radius < options.outer_arcsec / scale))
        match = None
        if red is not None:
            match = smooth(pieces[2], options.match_sigma_pix)
        left, factor = residual(pieces[0], match, radius,
                                 0.5 * options.inner_arcsec / scale)
        variance = (2 * pieces[1] if factor is None else pieces[1] + factor**2 * pieces[3])
        angle = np.arctan2(grid_y + round(y) - y, grid_x + round(x) - x)
        sector = np.floor((angle + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
        sums = np.bincount(sector[annulus], left[annulus], SECTORS)
        errors = np.sqrt(np.bincount(sector[annulus], variance[annulus], SECTORS))
        found[k] = ((sums - np.median(sums)) / errors).max()
    return found


def positions(options, header):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)  # nanomaggy
        table = Table.read(options.positions)
    for cut in options.cut or []:
        name, _, text = cut.partition("=")
        values = np.asarray(table[name])
        if values.dtype.kind in "SU":
            keep = np.isin(np.char.strip(values.astype(str)), text.split(","))
        else:
            low, high = (float(part) for part in text.split(","))
            keep = (values >= low) & (values <= high)
        table = table[keep]
    ra, dec = options.columns.split(",")
    sky = np.array([table[ra], table[dec]], float)
    return sky, np.transpose(WCS(header).all_world2pix(*sky, 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("field", type=pathlib.Path)
    parser.add_argument("--positions", required=True, help="table of galaxies")
    parser.add_argument("--columns", default="RA,DEC", help="right ascension, declination")
    parser.add_argument("--cut", action="append", metavar="COLUMN=MIN,MAX or =TEXT,TEXT")
    parser.add_argument("--blue", default="g")
    parser.add_argument("--red", default="z")
    parser.add_argument("--symmetric", action="store_true", help="one band, turned")
    parser.add_argument("--match-sigma-pix", type=float, default=1.2,
                        help="Gaussian that makes the red PSF as wide as the blue one")
    parser.add_argument("--inner-arcsec", type=float, default=1.0)
    parser.add_argument("--outer-arcsec", type=float, default=3.0)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--threshold", type=float)
    which.add_argument("--false-positives", type=int, metavar="N")
    parser.add_argument("-o", "--output", type=pathlib.Path)
    options = parser.parse_args()
    _, header = read(options.field / f"image-{options.blue}.fits")
    sky, places = positions(options, header)
    snr = {kind: snr_of(options.field, kind, places, options) for kind in ("image", "empty")}
    threshold = options.threshold
    if threshold is None:
        known = np.sort(snr["empty"][np.isfinite(snr["empty"])])[::-1]
        if len(known) <= options.false_positives:
            sys.exit(f"ring_search: {len(known)} galaxies of the empty field have an snr, no "
                     f"more than --false-positives {options.false_positives}")
        threshold = float(np.nextafter(known[options.false_positives], np.inf))
    output = options.output or options.field / "search"
    output.mkdir(parents=True, exist_ok=True)
    for kind, name in (("image", "found"), ("empty", "before")):
        keep = snr[kind] >= threshold
        table = Table([sky[0][keep], sky[1][keep], snr[kind][keep]],
                      names=["ra_deg", "dec_deg", "snr"], units=["deg", "deg", None])
        table.meta["THRESH"] = threshold
        table.write(output / f"{name}.fits", overwrite=True)
        print(f"{output / name}.fits: {keep.sum()} of {len(keep)} galaxies, snr >= "
              f"{threshold:.2f}")


if __name__ == "__main__":
    main()
