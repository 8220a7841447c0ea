"""Catalogues in Parquet, or in a compound dataset of HDF5 (astropy, structured arrays), as
HDF5 of one dataset per column, as `catalogue.file` and every other table of a
configuration may be: whole numbers of up to 64 bits, truth values and texts stay what they
are, units become the attribute `unit`. Parquet needs pyarrow, which Debian does not
package: `python3 -m venv ENV && ENV/bin/pip install pyarrow h5py astropy`, then run this by
ENV/bin/python3."""

import argparse
import pathlib
from typing import Any, List, Optional, Sequence, Union

import h5py

from lensmill.compound_table import CompoundTable
from lensmill.errors import InputError
from lensmill.parquet_table import ParquetTable
from lensmill.writing import whole_file


def add_command(commands: Any) -> None:
    parser = commands.add_parser("table-to-hdf5",
                                 help="a table in Parquet or compound HDF5, by columns",
                                 description=__doc__)
    parser.add_argument("table", type=pathlib.Path, help="Parquet or HDF5 file")
    parser.add_argument("output", type=pathlib.Path, help="HDF5 file to make")
    parser.add_argument("--columns", metavar="A,B",
                        help="columns to take (without: all)")
    parser.add_argument("--dataset", metavar="PATH",
                        help="compound dataset to read (needed where there are several)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace the output if it is there")
    parser.set_defaults(run=run)


def open_table(options: argparse.Namespace) -> Union[CompoundTable, ParquetTable]:
    """By what the file is, not by its name. Raises InputError, OSError"""
    if options.table.is_file() and h5py.is_hdf5(options.table):
        return CompoundTable(options.table, options.dataset)
    if options.dataset is not None:
        raise InputError(f"{options.table}: --dataset is for HDF5 files, which this is not")
    return ParquetTable(options.table)


def wanted_columns(path: pathlib.Path, names: Sequence[str], wanted: Optional[str]
                   ) -> List[str]:
    if wanted is None:
        return list(names)
    chosen = wanted.split(",")
    for name in chosen:
        if name not in names:
            raise InputError(f"{path}: has no column {name} (it has: {', '.join(names)})")
        if chosen.count(name) > 1:
            raise InputError(f"{path}: --columns names {name} twice")
    return chosen


def run(options: argparse.Namespace) -> None:
    table = open_table(options)
    columns = wanted_columns(options.table, table.names, options.columns)
    with whole_file(options.output, options.overwrite) as partial:
        with h5py.File(partial, "w") as file:
            for name in columns:
                if "/" in name or name in ("", "."):
                    raise InputError(f"{options.table}: column {name}: cannot be the name "
                                     "of a dataset; rename it")
                dataset = file.create_dataset(name, data=table.column(name),
                                              track_times=False)
                if name in table.units:
                    dataset.attrs["unit"] = table.units[name]
    print(f"{options.output}: {table.rows} rows of {len(columns)} columns")
