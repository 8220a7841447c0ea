"""Write one HTML file about a run: who leaks light into the core, from which Einstein
radius on, how much and how sure; the figures behind it with their data, pairs to look at,
and how the run was made.

It reads RUN/analysis/analysis.json, or has `lensmill analyse` make it where it is missing or
of fewer rows than there are now, and RUN/analysis/probe.json if it is there. The file needs
no network."""

import argparse
import os
import pathlib
import sys
import time
from typing import Any

from lensmill.errors import InputError
from lensmill.report.gallery import GALLERY_COUNT
from lensmill.report.page import write_report


def add_command(commands: Any) -> None:
    parser = commands.add_parser("report", help="one HTML file about a run",
                                 description=__doc__)
    parser.add_argument("run_path", metavar="RUN", type=pathlib.Path, help="a run's folder")
    parser.add_argument("--compare", metavar="RUN2", type=pathlib.Path,
                        help="another run, to be put beside it")
    parser.add_argument("-o", "--output", metavar="FILE", type=pathlib.Path,
                        help="file to write (without: RUN/analysis/report.html)")
    parser.add_argument("--count", type=int, default=GALLERY_COUNT,
                        help=f"rows of the gallery (without: {GALLERY_COUNT})")
    parser.add_argument("--figures", metavar="FOLDER", type=pathlib.Path,
                        help="also write the figures there, as PNG and CSV")
    parser.set_defaults(run=_run)


class Progress:
    """A line on standard error that replaces the last one on a terminal, or where
    LENSMILL_LIVE=1 asks for it; elsewhere a line where the last one is older than 5 s."""

    def __init__(self) -> None:
        live = os.environ.get("LENSMILL_LIVE", "")
        if live not in ("", "0", "1"):
            raise InputError(f"LENSMILL_LIVE: must be 1 or 0 (got {live!r})")
        self._terminal = live == "1" or (live == "" and sys.stderr.isatty())
        self._last = time.monotonic()

    def __call__(self, what: str) -> None:
        if self._terminal:
            print(f"\r\033[Klensmill report: {what}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last > 5.0:
            self._last = time.monotonic()
            print(f"lensmill report: {what}", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _run(options: argparse.Namespace) -> None:
    progress = Progress()
    try:
        path = write_report(options.run_path, options.output, other=options.compare,
                            count=options.count, figures=options.figures,
                            progress=progress)
    finally:
        progress.end()
    print(path)
