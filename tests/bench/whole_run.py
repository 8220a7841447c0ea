#!/usr/bin/env python3
"""Time whole runs of lensmill on one rank, and say where the time goes.

    tests/bench/whole_run.py [--lensmill PROGRAM] [--rows N] [--repeats N]
                             [--scratch DIR] [--peer-python PYTHON]

Runs tests/bench/whole_run.yaml with one PSF for all rows and with a PSF width per row;
prints injections/s, MB/s, the share of each stage, and the ratio to writing the same
bytes sequentially. Of several repeats the fastest counts: on a shared machine noise only
ever adds. With --peer-python (an interpreter that has peers/requirements.txt) the same
work is timed in lenstronomy, and the ratio printed. Read ratios, not absolutes.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent.parent
CASES = {
    "one PSF for all rows": [],
    "PSF width per row":
        ["psf.r.fwhm_pix={normal: {mean: 5.15, sigma: 0.65, min: 3.5, max: 8.0}}"],
}
SUMMARY = re.compile(r"rows in [\d.]+ s on .*?: ([\d,]+) injections/s .*?, ([\d,]+) MB/s")
SHARES = re.compile(r"^time: (.*)$", re.MULTILINE)
MEMORY = re.compile(r"^memory: (.*)$", re.MULTILINE)
BLOCK_BYTES = 1 << 20


def run_once(program, rows, overrides, folder, launcher=()):
    """(wall seconds, printed text, bytes in shards) of one run, on one rank unless
    `launcher` (words before the program) says otherwise."""
    command = [*launcher, str(program), "run", str(BENCH / "whole_run.yaml"), "--output",
               str(folder), "--overwrite", "--set", f"catalogue.sampled.count={rows}"]
    for override in overrides:
        command += ["--set", override]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n"
                 f"{done.stdout}{done.stderr}")
    size = sum(path.stat().st_size for path in (folder / "shards").glob("*.h5"))
    return seconds, done.stdout + done.stderr, size


def write_once(size, folder):
    """Seconds to write `size` bytes to one file in order, synced."""
    block = os.urandom(BLOCK_BYTES)
    path = folder / "plain"
    start = time.perf_counter()
    with open(path, "wb", buffering=0) as plain:
        for _ in range(0, size, BLOCK_BYTES):
            plain.write(block)
        os.fsync(plain.fileno())
    seconds = time.perf_counter() - start
    path.unlink()
    return seconds


def peer_rate(python, supersampling):
    """Stamps per second of lenstronomy on one core."""
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    done = subprocess.run([python, str(BENCH / "peers/lenstronomy_stamps.py"),
                           "--supersampling", str(supersampling)],
                          capture_output=True, text=True, env=environment, check=True)
    return json.loads(done.stdout)["stamps_per_s"]


def first(pattern, text):
    match = pattern.search(text)
    return match.group(1) if match else "not printed"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lensmill", default=ROOT / "build/release/bin/lensmill")
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scratch", help="where to write; default: TMPDIR")
    parser.add_argument("--peer-python", help="time lenstronomy with this interpreter")
    arguments = parser.parse_args()

    rates = {}
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        folder = pathlib.Path(scratch)
        for name, overrides in CASES.items():
            runs = [run_once(arguments.lensmill, arguments.rows, overrides,
                             folder / "run") for _ in range(arguments.repeats)]
            seconds, text, size = min(runs)
            plain = min(write_once(size, folder) for _ in range(arguments.repeats))
            rates[name] = arguments.rows / seconds
            print(f"{name}: {arguments.rows} rows in {seconds:.2f} s, start-up included: "
                  f"{rates[name]:,.0f} injections/s, {size / seconds / 1e6:,.0f} MB/s")
            print(f"  the run's own clock: {first(SUMMARY, text)} injections/s")
            print(f"  share: {first(SHARES, text)}")
            print(f"  memory: {first(MEMORY, text)}")
            print(f"  plain sequential writing of the same {size / 1e6:,.0f} MB: "
                  f"{plain:.2f} s; the run takes {seconds / plain:.1f} times that")
    if arguments.peer_python:
        ours = rates["one PSF for all rows"]
        for supersampling in (1, 4):
            theirs = peer_rate(arguments.peer_python, supersampling)
            print(f"lenstronomy, supersampling {supersampling}: {theirs:,.0f} stamps/s: "
                  f"lensmill is {ours / theirs:.1f} times as fast")


if __name__ == "__main__":
    main()
