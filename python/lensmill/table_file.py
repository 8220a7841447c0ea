"""Rows of a run's datasets, read from the shards themselves."""

import errno
import functools
import pathlib
import re
from dataclasses import dataclass
from typing import Any, Dict, Tuple

import h5py
import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError, unknown
from lensmill.layout import NO_SHARD_YET, Layout, is_there, read_header
from lensmill.shard_files import ShardFiles
from lensmill.stored import Stored, read_rows, stored_as

GROUPS = ("images", "catalogue", "catalogue/carried", "measurements")


@dataclass(frozen=True)
class Info:
    """A dataset: what a shard says of it."""

    name: str                # "catalogue/theta_e_arcsec"
    dtype: "np.dtype[Any]"
    row_shape: Tuple[int, ...]
    unit: str
    description: str

    @property
    def axes(self) -> Tuple[str, ...]:
        """Names of the axes behind the row's, as far as the description says them."""
        found = re.search(r"\[((?:band|radius|bin|y|x)(?:, (?:band|radius|bin|y|x))*)\]",
                          self.description)
        axes = tuple(found.group(1).split(", ")) if found else ()
        if len(axes) == len(self.row_shape):
            return axes
        return tuple(f"axis_{k}" for k in range(len(self.row_shape)))


def absent_value(info: Info) -> Any:
    """What a row that is not there has beneath its mask: that of the virtual file, no value
    of a row that was made."""
    if info.name == "measurements/rendered":
        return 0
    kind = info.dtype.kind
    if kind == "f":
        return np.nan
    if kind == "i":
        return np.iinfo(info.dtype).min
    if kind == "u":
        return np.iinfo(info.dtype).max
    return b""


def _datasets(file: h5py.File, path: pathlib.Path) -> Dict[str, Info]:
    found = {}
    for group in GROUPS:
        if group not in file:
            continue
        for name, dataset in file[group].items():
            if not isinstance(dataset, h5py.Dataset):
                continue
            for attribute in ("unit", "description"):
                if attribute not in dataset.attrs:
                    raise InputError(f"{path}: {group}/{name}: has no attribute "
                                     f"`{attribute}`")
            if dataset.dtype.kind not in "fiuS" or dataset.ndim < 1:
                raise InputError(f"{path}: {group}/{name}: is of type {dataset.dtype}, "
                                 f"shape {dataset.shape}, which is no column of a run")
            found[f"{group}/{name}"] = Info(
                f"{group}/{name}", dataset.dtype, tuple(dataset.shape[1:]),
                str(dataset.attrs["unit"]), str(dataset.attrs["description"]))
    return found


class TableFile:
    """All rows of all datasets of a run.

    Attributes
    ----------
    layout : Layout
    datasets : dict of str to Info
        By path in the file, of the first shard that is there.
    """

    def __init__(self, layout: Layout, limit: "int | None" = None) -> None:
        self.layout = layout
        # Bound to the layout, not to self: no cycle keeps files open.
        self.files = ShardFiles(functools.partial(_check_file, layout), limit)
        self.datasets: Dict[str, Info] = {}
        if layout.example is not None:
            with self.files.lock:
                self.datasets = _datasets(self.files.get(layout.example), layout.example)

    def info(self, name: str) -> Info:
        try:
            return self.datasets[name]
        except KeyError:
            if not self.datasets:
                raise InputError(f"{self.layout.folder}: {NO_SHARD_YET}") from None
            group, short = name.rsplit("/", 1)
            known = [other.rsplit("/", 1)[1] for other in self.datasets
                     if other.rsplit("/", 1)[0] == group]
            raise unknown(f"{self.layout.folder}: {group}", "dataset", short,
                          known) from None

    def _dataset(self, path: pathlib.Path, info: Info) -> "Stored":
        """The dataset in this file."""
        memory = self.files.memory(path)
        if info.name not in memory:
            memory[info.name] = self._check_dataset(path, info)
        stored: Stored = memory[info.name]
        return stored

    def _check_dataset(self, path: pathlib.Path, info: Info) -> "Stored":
        file = self.files.get(path)
        dataset = file.get(info.name)
        count = int(file.attrs["row_count"])
        if not isinstance(dataset, h5py.Dataset):
            raise InputError(f"{path}: lacks {info.name}, which {self.layout.example} has: "
                             "damaged, or of another run")
        if dataset.shape != (count, *info.row_shape) or dataset.dtype != info.dtype:
            raise InputError(f"{path}: {info.name} is {dataset.dtype} {dataset.shape}, "
                             f"{info.dtype} {(count, *info.row_shape)} is expected")
        if dataset.attrs.get("unit") != info.unit:
            raise InputError(f"{path}: {info.name} is in `{dataset.attrs.get('unit')}`, but "
                             f"in `{info.unit}` in {self.layout.example}")
        return stored_as(file, dataset, count)

    def there(self) -> "NDArray[np.bool_]":
        """Which rows are there now."""
        result = np.zeros(self.layout.rows, dtype=bool)
        starts = self.layout.starts
        for k, path in enumerate(self.layout.files):
            if starts[k + 1] > starts[k] and is_there(path):
                with self.files.lock:
                    count = int(self.files.get(path).attrs["row_count"])
                result[starts[k]:min(starts[k] + count, starts[k + 1])] = True
        return result

    def read(self, name: str, rows: "NDArray[np.int64]", *, out: "NDArray[Any] | None" = None
             ) -> "Tuple[NDArray[Any], NDArray[np.bool_]]":
        """Rows of a dataset as stored, in the order asked for.

        Parameters
        ----------
        name : str
            Path of the dataset in the file.
        rows : array of int64
            Each in [0, rows of the run).
        out : array, optional
            Where to put them: [len(rows), ...] of the dataset's type.

        Returns
        -------
        values : array
            [len(rows), ...]; rows that are not there have `absent_value`.
        there : array of bool
            [len(rows)]

        Raises
        ------
        InputError
            A shard that is damaged, of another run or of another format.
        OSError
            A shard that is there and cannot be opened or read.
        """
        info = self.info(name)
        values = out if out is not None else np.empty((len(rows), *info.row_shape),
                                                      info.dtype)
        there = np.zeros(len(rows), dtype=bool)
        if len(rows) == 0:
            return values, there
        in_order = bool(np.all(rows[1:] > rows[:-1]))
        order = np.arange(len(rows)) if in_order else np.argsort(rows, kind="stable")
        ordered = rows if in_order else rows[order]
        # Of empty shards that begin at a row, the last file that does has it.
        owner = np.searchsorted(self.layout.starts[:-1], ordered, side="right") - 1
        cuts = np.flatnonzero(np.diff(owner)) + 1
        for begin, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(rows)]):
            k = int(owner[begin])
            path = self.layout.files[k]
            local = ordered[begin:end] - self.layout.starts[k]
            target: "slice | NDArray[np.int64]" = (
                slice(begin, end) if in_order else order[begin:end])
            self._read_file(path, info, local, values, there, target)
        return values, there

    def _read_file(self, path: pathlib.Path, info: Info, local: "NDArray[np.int64]",
                   values: "NDArray[Any]", there: "NDArray[np.bool_]",
                   target: "slice | NDArray[np.int64]") -> None:
        with self.files.lock:
            try:
                stored = self._dataset(path, info)
            except FileNotFoundError:
                # Not made yet, or removed. All other errors are the caller's.
                if is_there(path):
                    raise
                values[target] = absent_value(info)
                return
            usable = int(np.searchsorted(local, stored.rows))
            try:
                read_rows(stored, local[:usable], values, target)
            except OSError as error:
                raise OSError(error.errno or errno.EIO,
                              f"{info.name}: cannot be read ({error})",
                              str(path)) from error
        if isinstance(target, slice):
            there[target.start:target.start + usable] = True
            values[target.start + usable:target.stop] = absent_value(info)
        else:
            there[target[:usable]] = True
            values[target[usable:]] = absent_value(info)


def _check_file(layout: Layout, file: h5py.File, path: pathlib.Path) -> None:
    """That an opened file is the one that the layout has in this place."""
    header = read_header(file, path)
    if path not in layout.blocks:
        if path == layout.example:
            return  # of the run, beyond its last row
        raise InputError(f"{path}: is no file of this run")
    index, first, most = layout.blocks[path]
    count = header.candidates if header.candidates >= 0 else header.count
    if header.index != index or header.first != first or count > most:
        raise InputError(f"{path}: contains shard {header.index}, {count} rows from "
                         f"{header.first}, where shard {index} with {most} from {first} "
                         "belongs")
    if layout.config_hash and header.config_hash != layout.config_hash:
        raise InputError(f"{path}: made by another configuration or other inputs than "
                         f"{layout.example}")
    if layout.version and header.version != layout.version:
        raise InputError(f"{path}: has format version {header.version}, but "
                         f"{layout.example} has {layout.version}")
