#!/usr/bin/env python3
"""The gate before a regeneration: judge a pilot run; exit 0 if it passes, 1 if not.

    jobs/check_pilot.py RUN [--max-failed-fraction X] [--min-rows N] ...

RUN is a run's folder in which `lensmill analyse` has been. What is checked, each with its
number and threshold:

  complete       every planned row and shard is there, and was analysed
  rows           enough of them for the other checks to mean something
  failed         share of rows that could not be rendered or measured
  psf self-test  no PSF failed it, and the operator is not the historical misplacement
  core flux      fractions of rows that did not fail are numbers between 0 and 1, but for
                 a few that noise-free light just outside the stamp explains
  offsets        core offsets of rows that did not fail are numbers, but where the whole
                 aperture is masked
  null offset    per band and radius: positive minus negative in the core, less what the
                 noise-free arc puts there (core_flux_fraction * arc_flux_nmgy / area), is
                 the arc's Poisson noise alone: its mean must vanish

Said, but no reason to fail: fewer than 10 hosts in a part of the data set (split).
A check that cannot be done (no noise, another aperture than pixel_overlap) is said to be
left out; a file that cannot be read fails the gate.
"""

import argparse
import json
import math
import pathlib
import sys

import h5py
import numpy

FIRST_FAILED_STATUS = 10
# Unlensed light at the stamp's edge, PSF wings: fractions leave [0, 1] by less than this.
FRACTION_MARGIN = 0.05
# As `lensmill run` has it: below, what is found on a split is of its hosts.
FEW_HOSTS = 10
# Of an aperture, summed in single precision.
WHOLLY_MASKED = 0.9999


class Gate:
    """Collects verdicts and prints them as they come."""

    def __init__(self):
        self.failed = []

    def check(self, name, good, text):
        print(f"  {'pass' if good else 'FAIL'}  {name:<14} {text}")
        if not good:
            self.failed.append(name)

    def warn(self, name, text):
        print(f"  warn  {name:<14} {text}")

    def left_out(self, name, why):
        print(f"  ----  {name:<14} not checked: {why}")


def axis_of(file, name):
    """The bands, or the aperture radii, in the order of the datasets' axes."""
    if name not in file.attrs:
        raise KeyError(f"no attribute {name} in {file.filename}, being made by an older "
                       "lensmill; `lensmill finalize RUN` writes it")
    return list(file.attrs[name])


def check_rows(gate, rows, options):
    gate.check("complete",
               rows["rows"] == rows["rows_planned"] and
               rows["shards"] == rows["shards_planned"],
               f"{rows['rows']} of {rows['rows_planned']} rows, {rows['shards']} of "
               f"{rows['shards_planned']} shards")
    gate.check("rows", rows["rows_analysed"] >= options.min_rows,
               f"{rows['rows_analysed']} analysed, at least {options.min_rows} wanted")
    share = rows["rows_failed"] / max(1, rows["rows"])
    gate.check("failed", share <= options.max_failed_fraction,
               f"{rows['rows_failed']} rows, a share of {share:.2g}; at most "
               f"{options.max_failed_fraction:.2g}")


def check_psf(gate, provenance):
    failed = int(provenance["psf_self_test_failed"])
    operator = provenance["convolve_operator"]
    gate.check("psf self-test", failed == 0 and "legacy" not in operator,
               f"{failed} PSFs failed; operator {operator}")


def seen(measurements, good):
    """Where an aperture has a pixel that is not masked, per row, band and radius."""
    if "core_masked_fraction" not in measurements:
        return numpy.ones((numpy.count_nonzero(good), 1, 1), dtype=bool)
    return measurements["core_masked_fraction"][...][good] < WHOLLY_MASKED


def check_offsets(gate, measurements, good, options):
    offset = measurements["core_offset"][...][good]
    wanted = numpy.broadcast_to(seen(measurements, good), offset.shape)
    off = numpy.mean(~numpy.isfinite(offset[wanted])) if wanted.any() else 1.0
    gate.check("offsets", off <= options.max_strange_fraction,
               f"a share of {off:.2g} of the core offsets is no number; at most "
               f"{options.max_strange_fraction:.2g}")


def warn_of_few_hosts(gate, catalogue):
    if "host_index" not in catalogue or "split" not in catalogue:
        return
    host, split = catalogue["host_index"][...], catalogue["split"][...]
    for number, name in enumerate(("train", "validation", "test")):
        hosts = len(numpy.unique(host[split == number]))
        if 0 < hosts < FEW_HOSTS:
            gate.warn("hosts", f"{name} has {hosts}, fewer than {FEW_HOSTS}: what is "
                      "found on that split is of these hosts")


def check_core_flux(gate, fraction, masked, options):
    # Where every pixel of an aperture is masked, its fraction is rightly undefined.
    defined = (numpy.ones(fraction.shape, bool) if masked is None
               else masked < WHOLLY_MASKED)
    finite = numpy.isfinite(fraction)
    if not finite.any():
        gate.check("core flux", False, "no row has a core flux fraction")
        return
    good = finite & (fraction >= -FRACTION_MARGIN) & (fraction <= 1.0 + FRACTION_MARGIN)
    off = 1.0 - numpy.mean(good[defined])
    masked_out = numpy.count_nonzero(~defined)
    note = f"; {masked_out} are undefined, their aperture being masked" if masked_out else ""
    gate.check("core flux", off <= options.max_strange_fraction,
               f"mean fraction {numpy.mean(fraction[finite]):.3f}; a share of {off:.2g} is "
               f"no number or outside [0, 1]; at most {options.max_strange_fraction:.2g}"
               f"{note}")


def check_null_offsets(gate, measurements, axes, good, aperture, options):
    """`axes`: names of the bands, aperture radii in pixels."""
    if aperture != "pixel_overlap":
        gate.left_out("null offset", f"the aperture is {aperture}")
        return
    fraction = measurements["core_flux_fraction"]
    flux = measurements["arc_flux_nmgy"][...][good]
    masked = measurements.get("core_masked_fraction")
    worst, where, pairs = 0.0, "", 0
    for b, band in enumerate(axes[0]):
        for r, radius in enumerate(axes[1]):
            offset = measurements["core_offset"][:, b, r][good]
            expected = fraction[:, b, r][good] * flux[:, b] / (math.pi * radius**2)
            use = numpy.isfinite(offset) & numpy.isfinite(expected)
            if masked is not None:  # the mean is then over fewer pixels
                use &= masked[:, b, r][good] == 0.0
            rest = (offset - expected)[use]
            if len(rest) < 2 or numpy.std(rest) == 0.0:
                continue
            pairs += len(rest)
            sigmas = numpy.mean(rest) / (numpy.std(rest, ddof=1) / math.sqrt(len(rest)))
            if abs(sigmas) > abs(worst):
                worst, where = sigmas, f"{band}, r < {radius:g} pix"
    if pairs == 0:
        gate.left_out("null offset", "the run has no pairs with noise")
        return
    gate.check("null offset", abs(worst) <= options.max_null_sigmas,
               f"{worst:+.1f} standard errors at most ({where}); "
               f"{options.max_null_sigmas:g} allowed")


def judge(run, options):
    gate = Gate()
    analysis = json.loads((run / "analysis" / "analysis.json").read_text())
    check_rows(gate, analysis["rows"], options)
    with h5py.File(run / f"{analysis['run']['name']}.h5", "r") as file:
        check_psf(gate, file["provenance"].attrs)
        measurements = file["measurements"]
        good = measurements["status"][...] < FIRST_FAILED_STATUS
        if good.any():
            fraction = measurements["core_flux_fraction"][...][good]
            masked = measurements.get("core_masked_fraction")
            if masked is not None:
                masked = masked[...][good]
            check_core_flux(gate, fraction, masked, options)
            check_offsets(gate, measurements, good, options)
            warn_of_few_hosts(gate, file["catalogue"])
            axes = axis_of(file, "bands"), axis_of(file, "aperture_radius_pix")
            check_null_offsets(gate, measurements, axes, good,
                               analysis["rows"]["aperture"], options)
    return gate.failed


def command_line():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, metavar="RUN")
    parser.add_argument("--max-failed-fraction", type=float, default=0.01, metavar="X")
    parser.add_argument("--min-rows", type=int, default=500, metavar="N")
    parser.add_argument("--max-strange-fraction", type=float, default=1e-3, metavar="X")
    parser.add_argument("--max-null-sigmas", type=float, default=5.0, metavar="X",
                        help="a good run exceeds 5 once in a million")
    return parser


def main():
    options = command_line().parse_args()
    print(f"pilot {options.run}:")
    try:
        failed = judge(options.run, options)
    except (OSError, KeyError, ValueError, TypeError) as problem:
        print(f"  FAIL  {options.run} cannot be judged: {problem!r}")
        failed = ["readable"]
    if failed:
        print(f"GATE FAILED: {', '.join(failed)}. Nothing is regenerated with this "
              "configuration.")
        return 1
    print("gate passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
