"""Rows of one dataset in one open file, read straight into their places."""

import os
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple, Union

import h5py
import numpy as np
from numpy.typing import NDArray

# Rows this large are read one by one into their places; smaller ones in larger pieces.
LARGE_ROW_BYTES = 2048
# A part of a dataset is read as a whole if this share of it is wanted.
DENSE = 8
MOST_BUFFERS = 1024  # of one preadv (IOV_MAX)

Target = Union[slice, "NDArray[np.int64]"]


@dataclass(frozen=True)
class Stored:
    """A dataset in an open file."""

    dataset: h5py.Dataset
    rows: int
    row_bytes: int
    place: Optional[Tuple[int, int]]  # of contiguous arrays: file descriptor, offset


def stored_as(file: h5py.File, dataset: h5py.Dataset, rows: int) -> Stored:
    """How a dataset of so many rows lies in its file."""
    row_bytes = dataset.dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64))
    offset = dataset.id.get_offset()  # None unless contiguous, which has no filters
    place = None
    if offset is not None and file.driver == "sec2" and row_bytes >= LARGE_ROW_BYTES:
        place = (int(file.id.get_vfd_handle()), int(offset))
    return Stored(dataset, rows, row_bytes, place)


def runs_of(local: "NDArray[np.int64]") -> List[Tuple[int, int]]:
    """[begin, end) of the parts of `local` whose rows follow each other."""
    cuts = (np.flatnonzero(np.diff(local) != 1) + 1).tolist()
    return list(zip([0, *cuts], [*cuts, len(local)]))


def _read_fully(descriptor: int, buffers: List[memoryview], offset: int) -> None:
    """Fill the buffers, in order, from the file. \\raises OSError if it ends before"""
    while buffers:
        part = buffers[:MOST_BUFFERS]
        got = os.preadv(descriptor, part, offset)
        if got == 0:
            raise OSError("the file is cut short")
        offset += got
        rest = sum(len(one) for one in part) - got
        if rest == 0:
            buffers = buffers[MOST_BUFFERS:]
            continue
        done = 0
        while got >= len(buffers[done]):
            got -= len(buffers[done])
            done += 1
        buffers = [buffers[done][got:], *buffers[done + 1:]]


def read_rows(stored: Stored, local: "NDArray[np.int64]", values: "NDArray[Any]",
              target: Target) -> None:
    """Read rows of the file into rows of `values`.

    Parameters
    ----------
    local : array of int64
        Rows of the file, ascending.
    values : array
        Of the dataset's type and row shape.
    target : slice or array of int64
        Where they belong: one place for each, in their order; more are ignored.
    """
    if len(local) == 0 or stored.row_bytes == 0:
        return
    dataset = stored.dataset
    runs = runs_of(local)
    if stored.place is not None and values.flags.c_contiguous:
        descriptor, start = stored.place
        size = stored.row_bytes
        flat: Any = values.reshape(-1).view(np.uint8)
        memory = memoryview(flat)
        for begin, end in runs:
            if isinstance(target, slice):
                first = target.start + begin
                buffers = [memory[first * size:(first + end - begin) * size]]
            else:
                buffers = [memory[row * size:(row + 1) * size]
                           for row in target[begin:end].tolist()]
            _read_fully(descriptor, buffers, start + int(local[begin]) * size)
        return
    if isinstance(target, slice) and len(runs) == 1 and values.flags.c_contiguous:
        dataset.read_direct(
            values, np.s_[int(local[0]):int(local[-1]) + 1],
            np.s_[target.start:target.start + len(local)])
        return
    first, last = int(local[0]), int(local[-1])
    if last + 1 - first <= DENSE * len(local):
        block = dataset[first:last + 1][local - first]
    else:
        block = np.empty((len(local), *dataset.shape[1:]), dataset.dtype)
        for begin, end in runs:
            dataset.read_direct(block, np.s_[int(local[begin]):int(local[end - 1]) + 1],
                                np.s_[begin:end])
    if isinstance(target, slice):
        values[target.start:target.start + len(local)] = block
    else:
        values[target[:len(local)]] = block
