#!/usr/bin/env python3
"""How fast lensmill.training reads shuffled batches, against h5py reading the same shards
in their order: tests/bench/python_batches.py RUN [--workers 0,1,2] [--seconds 10].

Rows per second of wall time from an epoch's first batch on (workers take a while to start),
and of CPU time of this process and its workers, all in all. All read positive and negative
of the same rows, again and again, from the page cache if they fit.
"""

import argparse
import os
import pathlib
import resource
import sys
import time

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))
import lensmill  # noqa: E402
from lensmill.training import ShuffledBatches  # noqa: E402

PRODUCTS = ("positive", "negative")


def cpu_seconds():
    return sum(resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def raw(run):
    """Rows of each shard with plain h5py, 256 at a time, in order, into new arrays."""
    for path in run.table.layout.files:
        with h5py.File(path) as file:
            images = [file[f"images/{name}"] for name in PRODUCTS]
            for first in range(0, len(images[0]), 256):
                yield len([image[first:first + 256] for image in images][0])


def batches(run):
    for batch in ShuffledBatches(run, np.arange(len(run)), batch_size=64, undefined="keep"):
        yield len(batch["row"])


def loader(workers):
    def read(run):
        from lensmill.pytorch import Batches, Loader
        stream = Batches(run, np.arange(len(run)), batch_size=64, undefined="keep")
        for batch in Loader(stream, num_workers=workers):
            yield len(batch["row"])

    return read


def measure(name, read, run, seconds):
    for _ in read(run):
        pass  # once into the page cache
    rows, first_rows, wall, cpu = 0, 0, 0.0, cpu_seconds()
    while wall < seconds:
        start = None
        for count in read(run):
            rows += count
            if start is None:
                start, first_rows = time.perf_counter(), first_rows + count
        wall += time.perf_counter() - start
    cpu = cpu_seconds() - cpu
    print(f"{name:<28} {(rows - first_rows) / wall:10.0f} rows/s  "
          f"{rows / cpu:10.0f} rows/CPU-s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run_path", metavar="RUN")
    parser.add_argument("--workers", default="")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    run = lensmill.open(options.run_path)
    size = 4 * np.prod(run.images["positive"].shape[1:]) * len(PRODUCTS)
    print(f"{len(run)} rows of {size / 1024:.0f} KiB; load {os.getloadavg()[0]:.1f}")
    for _ in range(2):
        measure("h5py, in order", raw, run, options.seconds)
        measure("ShuffledBatches", batches, run, options.seconds)
        for workers in filter(None, options.workers.split(",")):
            measure(f"Loader, {workers} workers", loader(int(workers)), run, options.seconds)


if __name__ == "__main__":
    main()
