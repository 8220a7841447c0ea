"""Row numbers from what a user puts into brackets."""

from typing import Any, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.masked import ma

Rows = NDArray[np.int64]


def row_numbers(key: Any, count: int, where: str) -> Tuple[Rows, bool]:
    """The rows that `key` means, of `count`.

    Parameters
    ----------
    key : int, slice, list, array of whole numbers, or array of bool [count]
        As NumPy has it: negative numbers count from the end.

    Returns
    -------
    rows : array of int64
        Each in [0, count).
    single : bool
        Whether the key was one number: the axis of the rows goes away.

    Raises
    ------
    IndexError
        A row beyond the run's, a mask of another length, not a row number.
    """
    if isinstance(key, slice):
        return np.arange(*key.indices(count), dtype=np.int64), False
    if key is Ellipsis:
        return np.arange(count, dtype=np.int64), False
    if isinstance(key, ma.MaskedArray):
        if ma.getmaskarray(key).any():
            raise IndexError(f"{where}: the rows asked for are partly masked themselves; "
                             "say what these mean (.filled(False))")
        key = key.data
    array = np.asarray(key)
    if array.dtype == bool:
        if array.shape != (count,):
            raise IndexError(f"{where}: the mask of rows has shape {list(array.shape)}, but "
                             f"the run has {count} rows")
        return np.flatnonzero(array).astype(np.int64), False
    if array.size == 0 and array.ndim == 1:
        return np.empty(0, np.int64), False
    if array.dtype.kind not in "iu" or array.ndim > 1:
        raise IndexError(f"{where}: rows are asked for by a number, a slice, a list of "
                         f"numbers or a mask, not by {key!r}")
    single = array.ndim == 0
    rows = np.atleast_1d(array).astype(np.int64)
    bad = (rows < -count) | (rows >= count)
    if bad.any():
        raise IndexError(f"{where}: row {int(rows[bad][0])} is beyond the {count} rows that "
                         "there are")
    return np.where(rows < 0, rows + count, rows), single
