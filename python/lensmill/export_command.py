"""A run, or some of its rows, as WebDataset tar files, Parquet with .npz, or FITS cutouts."""

import argparse
import pathlib
from collections.abc import Callable
from typing import Any, Dict

from lensmill.export import write_fits, write_parquet, write_webdataset
from lensmill.run import open_run
from lensmill.training.splits import stored

WRITERS: Dict[str, Callable[..., int]] = {
    "webdataset": write_webdataset, "parquet": write_parquet,
    "fits": write_fits}


def add_command(commands: Any) -> None:
    parser = commands.add_parser("export", help="rows in formats of others",
                                 description=__doc__)
    parser.add_argument("run_path", metavar="RUN", type=pathlib.Path, help="a run's folder")
    parser.add_argument("--to", choices=WRITERS, required=True)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True,
                        help="folder to make")
    parser.add_argument("--products", metavar="A,B",
                        help="images to write (without: positive,negative)")
    parser.add_argument("--columns", metavar="A,B", help="columns to write (without: all)")
    parser.add_argument("--split", metavar="PART",
                        help="rows of this part of catalogue/split alone: train, validation "
                        "or test")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    with open_run(options.run_path) as run:
        rows = run.where()
        if options.split:
            rows = stored(run).rows(options.split, among=rows)
        written = WRITERS[options.to](
            run, options.output, rows=rows,
            products=options.products.split(",") if options.products else None,
            columns=options.columns.split(",") if options.columns else None)
        print(f"{options.output}: {written} rows")
