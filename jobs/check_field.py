#!/usr/bin/env python3
"""The gate before many fields: judge some of them; exit 0 if all pass, 1 if not.

    jobs/check_field.py FIELD... [--max-failed-fraction X] [--min-rows N] ...

FIELD is a folder that `lensmill field` has made. What is checked of each, with its number
and threshold:

  complete       the truth and each band's file are there, of one configuration
  rows           enough injections are painted for the other checks to mean something
  failed         share of painted injections that could not be rendered
  psf self-test  no PSF failed it
  core flux      fluxes are numbers and fractions lie between 0 and 1
  pair           image less empty field less arcs is the arcs' Poisson noise alone: where
                 there is light its mean vanishes and its variance is that of the photons,
                 where there is none the images are the same
  stamps         arc fluxes and core flux fractions of injections without flags are those of
                 stamps, if field.compare_with_stamps says so

A check that cannot be done is said to be left out; a file that cannot be read fails the gate.
"""

import argparse
import pathlib
import sys

import h5py
import numpy
import yaml

from check_pilot import FIRST_FAILED_STATUS, FRACTION_MARGIN, Gate, axis_of

# Scene flags of injections that are not painted, by design.
NOT_PAINTED = 1 | 32 | 64 | 128
# Of the image's largest value: single precision, in which image and empty field are stored.
ROUNDING = 4e-7
# The variance of a normalised residual of n pixels is 1 +- sqrt(kurtosis / n); Poisson counts
# of mean m have a kurtosis of 2 + 1 / m, taken from a photon per pixel on.
KURTOSIS = 3.0
LEAST_PHOTONS = 1.0


def check_complete(gate, field):
    with h5py.File(field / "truth.h5") as file:
        bands = [str(name) for name in axis_of(file, "bands")]
        made = file.attrs["config_hash"]
    missing, others = [], []
    for band in bands:
        path = field / "bands" / f"{band}.h5"
        if not path.is_file():
            missing.append(band)
            continue
        with h5py.File(path) as file:
            if file.attrs["config_hash"] != made:
                others.append(band)
    gate.check("complete", not missing and not others,
               f"{len(bands) - len(missing)} of {len(bands)} bands" +
               (f"; of another configuration than the truth: {', '.join(others)}"
                if others else ""))
    return [] if missing or others else bands


def check_rows(gate, rows, options):
    painted = rows["field_flags"] & NOT_PAINTED == 0
    gate.check("rows", painted.sum() >= options.min_rows,
               f"{painted.sum()} of {len(painted)} painted, at least {options.min_rows} wanted")
    failed = painted & (rows["status"] >= FIRST_FAILED_STATUS)
    share = failed.sum() / max(1, painted.sum())
    gate.check("failed", share <= options.max_failed_fraction,
               f"{failed.sum()} injections, a share of {share:.2g}; at most "
               f"{options.max_failed_fraction:.2g}")
    return painted & ~failed


def check_core_flux(gate, rows, good, bands, options):
    strange = numpy.zeros(good.sum(), bool)
    for band in bands:
        fraction = rows[f"core_flux_fraction_{band}"][good]
        strange |= ~(numpy.isfinite(rows[f"arc_flux_nmgy_{band}"][good])
                     & (fraction >= -FRACTION_MARGIN) & (fraction <= 1 + FRACTION_MARGIN))
    share = strange.mean() if len(strange) else 1.0
    gate.check("core flux", share <= options.max_strange_fraction,
               f"a share of {share:.2g} is no number or outside [0, 1]; at most "
               f"{options.max_strange_fraction:.2g}")


def check_pair(gate, file, band, gain, exposures_vary, options):
    """`gain` electrons per nmgy, of one exposure where their number varies."""
    arc, image, empty = (file[name][...].astype("f8") for name in ("arc", "image", "empty"))
    known = numpy.isfinite(image) & numpy.isfinite(empty)
    rest = (image - empty - arc)[known]
    arc = arc[known]
    rounding = ROUNDING * numpy.abs(image[known]).max(initial=0.0)
    if not len(rest):
        gate.check("pair", False, f"{band}: no pixel has a value")
        return
    # What rounding leaves of the transform is no light: no photons there.
    dark = arc < 1e-5 * arc.max()
    worst = numpy.abs(rest[dark]).max(initial=0.0)
    if not numpy.isfinite(arc).all():
        gate.check("pair", False, f"{band}: the noise-free arcs are not numbers everywhere")
        return
    one_photon = 1.0 / gain
    if exposures_vary:  # and with them the photons' variance; gain is of one exposure
        light = arc[arc > 0].sum()
        sigmas = rest.sum() / numpy.sqrt(light * one_photon)
        gate.check("pair", abs(sigmas) <= options.max_null_sigmas
                   and worst <= rounding + 2 * one_photon,
                   f"{band}: in all {sigmas:+.1f} standard errors of one exposure off the arcs' "
                   f"light ({options.max_null_sigmas:g} allowed); without light at most "
                   f"{worst:.1e} nmgy (variance not checked: exposures vary)")
        return
    lit = arc * gain >= LEAST_PHOTONS
    if lit.sum() < 100:
        gate.left_out("pair", f"{band}: fewer than 100 pixels have a photon of the arcs")
        return
    z = rest[lit] / numpy.sqrt(arc[lit] / gain)
    mean = z.mean() * numpy.sqrt(lit.sum())
    spread = (z.var() - 1.0) * numpy.sqrt(lit.sum() / KURTOSIS)
    gate.check("pair", worst <= rounding + 2 * one_photon and
               max(abs(mean), abs(spread)) <= options.max_null_sigmas,
               f"{band}: mean {mean:+.1f} and variance {spread:+.1f} standard errors off the "
               f"photons' ({options.max_null_sigmas:g} allowed); without light at most "
               f"{worst:.1e} nmgy")


def check_stamps(gate, rows, good, bands, options):
    name = f"stamp_arc_flux_nmgy_{bands[0]}"
    if name not in rows:
        gate.left_out("stamps", "field.compare_with_stamps is false")
        return
    good = good & (rows["field_flags"] == 0)
    if not good.any():
        gate.left_out("stamps", "no injection is without flags")
        return
    worst = 0.0
    for column in [name for name in rows if name.startswith("stamp_")]:
        ours, stamps = rows[column[len("stamp_"):]][good], rows[column][good]
        off = numpy.abs(ours - stamps)
        if "flux_nmgy" in column:
            off = off / numpy.abs(stamps)
        off[~numpy.isfinite(off)] = numpy.inf
        worst = max(worst, off.max())
    gate.check("stamps", worst <= options.max_off_stamps,
               f"{good.sum()} injections without flags: off by {worst:.1e} at most; "
               f"{options.max_off_stamps:g} allowed")


def gains_of(field, bands):
    """By band: electrons per nmgy, and whether that is of one exposure of several."""
    config = yaml.safe_load((field / "field.yaml").read_text())
    noise = config.get("noise") or {}
    base = (config.get("field") or {}).get("base") or {}
    gains = noise.get("gain_e_per_nmgy") or {}
    return {band: (float(gains[band]), bool((base.get(band) or {}).get("exposures")))
            for band in bands if gains.get(band)}


def judge(field, options):
    gate = Gate()
    bands = check_complete(gate, field)
    if not bands:
        return gate.failed
    with h5py.File(field / "truth.h5") as file:
        rows = {name: column[...] for name, column in file["injections"].items()}
        failed = int(file["provenance"].attrs["psf_self_test_failed"])
    gains = gains_of(field, bands)
    good = check_rows(gate, rows, options)
    gate.check("psf self-test", failed == 0, f"{failed} PSFs failed")
    check_core_flux(gate, rows, good, bands, options)
    for band in bands:
        with h5py.File(field / "bands" / f"{band}.h5") as file:
            if band not in gains:
                gate.left_out("pair", f"{band}: the arcs have no photon noise (no gain)")
                continue
            check_pair(gate, file, band, *gains[band], options)
    check_stamps(gate, rows, good, bands, options)
    return gate.failed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fields", type=pathlib.Path, metavar="FIELD", nargs="+")
    parser.add_argument("--max-failed-fraction", type=float, default=0.01, metavar="X")
    parser.add_argument("--min-rows", type=int, default=20, metavar="N")
    parser.add_argument("--max-strange-fraction", type=float, default=1e-2, metavar="X")
    parser.add_argument("--max-null-sigmas", type=float, default=5.0, metavar="X",
                        help="a good field exceeds 5 once in a million")
    parser.add_argument("--max-off-stamps", type=float, default=5e-3, metavar="X",
                        help="PSFs that vary over a field: a few times 1e-3")
    options = parser.parse_args()
    failed = []
    for field in options.fields:
        print(f"field {field}")
        try:
            failed += [f"{field.name}: {name}" for name in judge(field, options)]
        except (OSError, KeyError, ValueError) as error:
            print(f"  FAIL  {field}: {error}")
            failed.append(f"{field.name}: not readable")
    if failed:
        print(f"GATE FAILED: {'; '.join(failed)}. Nothing that waits for it is made.")
        return 1
    print("gate passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
