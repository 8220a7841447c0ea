#!/usr/bin/env python3
"""Rows per second of `lensmill.Renderer` beside those of `lensmill run`, as ratios.

    tests/bench/renderer_rate.py [--program build/release/bin/lensmill] [--config CONFIG]
                                 [--rows N] [--rounds N]

On one core (taskset): both times are those of N rows more, so that starting and opening files
drop out; the run writes its stamps, the renderer hands them to Python. Then two workers on two
cores against one. Rounds in turn, the median of the ratios.
"""

import argparse
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "python"))

from lensmill.renderer import Renderer  # noqa: E402

BLOCK = 64


def run_seconds(options, rows, folder):
    begin = time.perf_counter()
    subprocess.run([options.program, "run", options.config, "--overwrite", "--output", folder,
                    "--set", f"catalogue.sampled.count={rows}"], check=True,
                   capture_output=True)
    return time.perf_counter() - begin


def render_seconds(renderer, first, rows):
    begin = time.perf_counter()
    for at in range(first, first + rows, BLOCK):
        renderer.rows(range(at, min(at + BLOCK, first + rows)))
    return time.perf_counter() - begin


def worker(options, core, first, ready, go, out):
    os.sched_setaffinity(0, {core})
    with new_renderer(options) as renderer:
        render_seconds(renderer, first, BLOCK)
        ready.release()
        go.wait()
        out.put(render_seconds(renderer, first + BLOCK, options.rows))


def new_renderer(options):
    return Renderer(options.config, program=options.program,
                    overrides={"catalogue.sampled.count": 10**6})


def together(options, cores):
    """Rows per second of one worker on each of the cores."""
    context = multiprocessing.get_context("fork")
    ready, go, out = context.Semaphore(0), context.Event(), context.Queue()
    processes = [context.Process(target=worker, args=(options, core, 10**5 * k, ready, go, out))
                 for k, core in enumerate(cores)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    begin = time.perf_counter()
    go.set()
    for _ in processes:
        out.get()
    seconds = time.perf_counter() - begin
    for process in processes:
        process.join()
    return len(cores) * options.rows / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default=str(SOURCE / "build/release/bin/lensmill"))
    parser.add_argument("--config", default=str(SOURCE / "configs/quickstart.yaml"))
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    one_core, two_workers = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            os.sched_setaffinity(0, {cores[0]})
            of_run = (run_seconds(options, 2 * options.rows, folder)
                      - run_seconds(options, options.rows, folder))
            with new_renderer(options) as renderer:
                render_seconds(renderer, 0, BLOCK)
                of_renderer = render_seconds(renderer, BLOCK, options.rows)
            one_core.append(of_run / of_renderer)
            os.sched_setaffinity(0, set(cores))
            if len(cores) > 1:
                two_workers.append(together(options, cores[:2]) / together(options, cores[:1]))
            print(f"run {options.rows / of_run:.0f} rows/s, renderer "
                  f"{options.rows / of_renderer:.0f} rows/s on one core: {one_core[-1]:.2f}"
                  + (f"; two workers {two_workers[-1]:.2f} of one" if two_workers else ""))
    print(f"renderer over run, one core: median {statistics.median(one_core):.2f}")
    if two_workers:
        print(f"two workers over one: median {statistics.median(two_workers):.2f}")


if __name__ == "__main__":
    main()
