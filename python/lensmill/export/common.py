"""What all exports share: a folder that is there whole or not at all, its rows and columns,
and an index of its files."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError, NotThere
from lensmill.images import ImageProduct
from lensmill.masked import ma
from lensmill.run import Run
from lensmill.select import find_column
from lensmill.writing import sync

INDEX = "index.json"
FORMAT_VERSION = 1


@dataclass
class Export:
    """What is exported, checked before anything is written.

    Attributes
    ----------
    rows : array of int64
    products : list of str
    columns : list of str
        Names without axes: a column with axes has one for each of their places.
    """

    run: Run
    rows: "NDArray[np.int64]"
    products: List[str]
    columns: List[str]
    units: Dict[str, str] = field(default_factory=dict)
    files: List[Dict[str, Any]] = field(default_factory=list)

    def images(self, name: str, rows: "NDArray[np.int64]") -> "NDArray[np.float32]":
        return self.image(name).read_all(rows)

    def image(self, name: str) -> ImageProduct:
        return self.run.images[name]

    def table(self, rows: "NDArray[np.int64]") -> Dict[str, Any]:
        """Columns [row] of these rows, by flat names, `row` first."""
        table: Dict[str, Any] = {"row": rows}
        groups = (self.run.catalogue, self.run.measurements, self.run.carried)
        for name in self.columns:
            columns = find_column(groups, name, str(self.run.path))
            values = columns.read(name, rows)
            if ma.getmaskarray(values).any():
                raise NotThere(f"{self.run.path}: {name}: rows are not there")
            prefix = "carried." if columns is self.run.carried else ""
            for label, part in columns.flat(name, values.data):
                table[prefix + label] = part
                self.units[prefix + label] = columns.unit(name)
        return table

    def parts(self, rows_per_file: int) -> Iterator[Tuple[int, "NDArray[np.int64]"]]:
        """The rows of each file, in order."""
        if rows_per_file < 1:
            raise ValueError(f"rows_per_file must be 1 or more (got {rows_per_file})")
        for number, first in enumerate(range(0, len(self.rows), rows_per_file)):
            yield number, self.rows[first:first + rows_per_file]

    def add_file(self, path: pathlib.Path, rows: int) -> None:
        """Note a finished file in the index."""
        sha256 = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                sha256.update(piece)
        sync(path)
        self.files.append({"file": path.name, "rows": rows, "bytes": path.stat().st_size,
                           "sha256": sha256.hexdigest()})

    def write_index(self, folder: pathlib.Path, kind: str) -> None:
        """index.json: what the files are and what is in them."""
        path = folder / INDEX
        path.write_text(json.dumps({
            "format": f"lensmill {kind}", "format_version": FORMAT_VERSION,
            "run": self.run.name, "config_hash": self.run.config_hash,
            "rows": len(self.rows), "bands": list(self.run.bands),
            "products": {name: self.image(name).unit for name in self.products},
            "columns": self.units, "files": self.files}, indent=1) + "\n")
        sync(path)


def prepare(run: Run, rows: "Optional[NDArray[np.int64]]", products: "Optional[Sequence[str]]",
            columns: "Optional[Sequence[str]]") -> Export:
    """Fill in what was not said: rows that are there and did not fail, positive and negative,
    all columns.

    Raises
    ------
    InputError
        Rows, products or columns that are not there.
    """
    chosen = run.where() if rows is None else np.atleast_1d(np.asarray(rows, np.int64))
    if len(chosen) and not 0 <= chosen.min() <= chosen.max() < len(run):
        raise InputError(f"{run.path}: rows beyond the {len(run)} that there are")
    names = [name for name in ("positive", "negative") if name in run.images
             ] if products is None else list(products)
    for name in names:
        run.images[name]
    if columns is None:
        columns = [*run.catalogue.names(), *run.measurements.names(), *run.carried.names()]
    export = Export(run, chosen, names, list(columns))
    export.table(np.empty(0, np.int64))
    there = run.there()[chosen]
    if not there.all():
        raise NotThere(f"{run.path}: row {int(chosen[~there][0])} is not there")
    return export


@contextlib.contextmanager
def whole_folder(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """The folder to write into until it is complete; then it gets its name.

    Raises
    ------
    InputError
        `folder` is there already.
    """
    if folder.is_symlink() or folder.exists():
        raise InputError(f"{folder}: is there already; give a new folder")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        yield partial
        sync(partial)
        partial.rename(folder)
        sync(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
