#!/usr/bin/env python3
"""Make a survey brick out of nothing: grz coadds with red galaxies to put arcs about.

    python/demo_brick.py FOLDER [--side PIX] [--red N] [--others N] [--seed N]

FOLDER gets image-<band>.fits, invvar-<band>.fits and maskbits.fits (grz, nanomaggies, one
WCS) and tractor.fits, a catalogue with the columns that Legacy Surveys' have, and `r_minus_z`,
the colour by which configs/field_lrgs.yaml chooses red galaxies. All of it is SYNTHETIC, and
the files say so. The same arguments give the same files.
"""

import argparse
import pathlib

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from demo_data import (BANDS, COLOURS, MASK_BITS, PIXEL_ARCSEC, SERVICE_FWHM_PIX,
                       SERVICE_SIGMA_NMGY, convolve, galaxy_of, label, moffat, nmgy, sersic,
                       tan_header, write_table)

BOX = 101  # pixels that a galaxy is drawn in
BLUE = {"g": 0.35, "r": 0.0, "z": -0.25}  # mag, against r: a star-forming galaxy
GAIN = 4000.0  # electrons per nmgy of the coadd


def places_of(rng, side, count, least_pix):
    """`count` places (x, y), red galaxies apart from each other."""
    found = []
    for _ in range(1000 * count):
        place = rng.uniform(BOX // 2 + 4, side - BOX // 2 - 5, 2)
        if all(np.hypot(*(place - other)) > least_pix for other in found):
            found.append(place)
        if len(found) == count:
            return np.array(found).reshape(-1, 2)
    raise SystemExit(f"demo_brick: {count} red galaxies do not fit into {side} x {side} "
                     "pixels; give a larger --side")


def faint_galaxy_of(rng):
    mag = float(rng.uniform(20.5, 23.5))
    return dict(mag=mag, reff=float(0.5 * 10 ** rng.normal(0.1 * (22 - mag), 0.12)), n=1.0,
                q=float(rng.uniform(0.4, 1.0)), phi=float(rng.uniform(0.0, np.pi)))


def add_galaxy(light, galaxy, colours, x, y, kernels):
    left, top = int(x) - BOX // 2, int(y) - BOX // 2
    model = sersic((BOX, BOX), y - top, x - left, galaxy["reff"] / PIXEL_ARCSEC, galaxy["n"],
                   galaxy["q"], galaxy["phi"])
    for band in BANDS:
        light[band][top:top + BOX, left:left + BOX] += (
            nmgy(galaxy["mag"] + colours[band]) * convolve(model, kernels[band]))


def make_brick(folder, side, red, others, seed):
    rng = np.random.default_rng([seed, 6])
    folder.mkdir(parents=True, exist_ok=True)
    header = label(tan_header(150.0, 2.2, (side, side), PIXEL_ARCSEC), seed)
    header.update(dict(BRICKNAM="1500p022", BUNIT="nanomaggy", MAGZERO=22.5))
    wcs = WCS(header)
    kernels = {band: moffat(41, SERVICE_FWHM_PIX[band]) for band in BANDS}
    light = {band: np.zeros((side, side)) for band in BANDS}
    rows = []
    places = places_of(rng, side, red, 0.6 * BOX)
    places = np.concatenate([places, rng.uniform(BOX // 2 + 4, side - BOX // 2 - 5,
                                                 (others, 2))])
    for k, (x, y) in enumerate(places):
        is_red = k < red
        galaxy = galaxy_of(rng) if is_red else faint_galaxy_of(rng)
        colours = COLOURS if is_red else BLUE
        add_galaxy(light, galaxy, colours, x, y, kernels)
        ra, dec = (float(value) for value in wcs.all_pix2world(x, y, 0))
        mags = {band: galaxy["mag"] + colours[band] for band in BANDS}
        rows.append((9010, 330000 + k, "DEV" if is_red else "EXP", ra, dec,
                     *(nmgy(mags[band]) for band in BANDS), galaxy["reff"],
                     mags["r"] - mags["z"], 0))
    write_table(folder / "tractor.fits", seed, rows,
                "RELEASE OBJID TYPE RA DEC FLUX_G FLUX_R FLUX_Z SHAPE_R r_minus_z "
                "MASKBITS".split(),
                dict(RA="deg", DEC="deg", SHAPE_R="arcsec", FLUX_G="nanomaggy",
                     FLUX_R="nanomaggy", FLUX_Z="nanomaggy", r_minus_z="mag"))
    flags = np.zeros((side, side), np.int32)
    y, x = np.indices(flags.shape)
    flags[np.hypot(x - 0.9 * side, y - 0.1 * side) < 0.05 * side] = 1 << MASK_BITS["BRIGHT"]
    cards = header.copy()
    del cards["BUNIT"], cards["MAGZERO"]
    for name, bit in MASK_BITS.items():
        cards[f"MBIT_{bit}"] = name
    fits.writeto(folder / "maskbits.fits", flags, cards, overwrite=True)
    for band in BANDS:
        sigma = SERVICE_SIGMA_NMGY[band]
        variance = sigma**2 + np.maximum(light[band], 0) / GAIN
        image = light[band] + rng.normal(size=(side, side)) * np.sqrt(variance)
        cards = header.copy()
        cards["FILTER"] = cards["BAND"] = band
        fits.writeto(folder / f"image-{band}.fits", image.astype(np.float32), cards,
                     overwrite=True)
        cards["BUNIT"] = "1/nanomaggy^2"
        del cards["MAGZERO"]
        fits.writeto(folder / f"invvar-{band}.fits", (1 / variance).astype(np.float32), cards,
                     overwrite=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--side", type=int, default=1200, help="pixels (default 1200)")
    parser.add_argument("--red", type=int, default=60, help="red galaxies (default 60)")
    parser.add_argument("--others", type=int, default=400,
                        help="faint blue ones (default 400)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    make_brick(arguments.folder, arguments.side, arguments.red, arguments.others,
               arguments.seed)
    print(f"demo brick: {arguments.folder} (synthetic, seed {arguments.seed})")


if __name__ == "__main__":
    main()
