#!/usr/bin/env python3
"""Weak scaling on this machine: N rows on one rank against N rows per rank on several.

    tests/bench/weak_scaling.py [--lensmill PROGRAM] [--rows N] [--ranks N] [--rounds N]
                                [--scratch DIR]

Runs tests/bench/whole_run.yaml in turn on 1 and on --ranks ranks (a writer group per
rank), start-up included, and prints the efficiency (time on one rank over time on all)
of each round and its geometric mean with a standard error. The order is turned round
from one round to the next, so that a machine that slowly changes its speed favours
neither; single rounds on a shared machine tell little.
"""

import argparse
import math
import os
import pathlib
import statistics
import sys
import tempfile

import whole_run


def seconds_of(program, rows, ranks, folder):
    """Wall seconds of one run under mpirun."""
    seconds, _, _ = whole_run.run_once(
        program, rows * ranks, [f"output.writer_groups={ranks}"], folder,
        launcher=("mpirun", "-n", str(ranks)))
    return seconds


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lensmill", default=whole_run.ROOT / "build/release/bin/lensmill")
    parser.add_argument("--rows", type=int, default=20000, help="per rank")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--scratch", help="where to write; default: TMPDIR")
    arguments = parser.parse_args()
    if arguments.ranks > (os.cpu_count() or 1):
        sys.exit(f"{arguments.ranks} ranks on {os.cpu_count()} cores would measure the "
                 "scheduler; give fewer --ranks")

    logs = []
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        for number in range(arguments.rounds):
            counts = [1, arguments.ranks]
            if number % 2:
                counts.reverse()
            seconds = {count: seconds_of(arguments.lensmill, arguments.rows, count,
                                         pathlib.Path(scratch) / f"run-{count}")
                       for count in counts}
            efficiency = seconds[1] / seconds[arguments.ranks]
            logs.append(math.log(efficiency))
            print(f"round {number + 1}: 1 rank {seconds[1]:.2f} s, {arguments.ranks} "
                  f"ranks {seconds[arguments.ranks]:.2f} s, efficiency "
                  f"{100 * efficiency:.1f} %", flush=True)
    mean = math.exp(statistics.mean(logs))
    error = (statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1
             else math.nan)
    print(f"efficiency, geometric mean of {len(logs)} rounds: {100 * mean:.1f} % +- "
          f"{100 * mean * error:.1f} %")


if __name__ == "__main__":
    main()
