"""Rows by what they contain."""

from collections.abc import Mapping, Sequence
from typing import Any, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.columns import Columns
from lensmill.errors import InputError, UnknownName
from lensmill.masked import ma
from lensmill.table_file import TableFile

FIRST_FAILURE = 10  # of `status`


def find_column(groups: Tuple[Columns, ...], name: str, where: str) -> Columns:
    """The group that has a column. A name that two groups have means the first.

    Raises
    ------
    UnknownName
        None has it; the message names the columns that there are.
    """
    problem = None
    for columns in groups:
        if name in columns:
            return columns
        try:
            columns.split(name)
        except UnknownName as error:
            # That a band is not there says more than that a column is not.
            if " column " not in str(error):
                problem = error
    if problem is not None:
        raise problem
    known = [one for columns in groups for one in columns.names()]
    if not known:
        groups[0].unit(name)  # says that no shard is there yet
    raise UnknownName(f"{where}: has no column {name} (it has: {', '.join(known)})")


def meets(name: str, values: Any, criterion: Any) -> "NDArray[np.bool_]":
    """Which of the values [row] meet a criterion (`Run.where`)."""
    if callable(criterion):
        mask = ma.filled(ma.asarray(criterion(values)), False)
        if mask.dtype != bool or mask.shape != values.shape:
            raise InputError(f"where: the function for {name} must give a mask of "
                             f"{len(values)} rows")
        return np.asarray(mask, bool)
    data = values.data
    is_text = data.dtype.kind == "U"
    if isinstance(criterion, tuple):
        if len(criterion) != 2:
            raise InputError(f"where: {name}: a tuple is (lowest, highest), a list is of "
                             f"values (got {criterion!r})")
        if is_text:
            raise InputError(f"where: {name}: is a text and has no range")
        lowest, highest = (bound if bound is None else float(bound) for bound in criterion)
        for bound in (lowest, highest):
            if bound is not None and np.isnan(bound):
                raise InputError(f"where: {name}: a bound must not be NaN")
        result = np.ones(len(data), bool)
        if data.dtype.kind == "f":
            result &= ~np.isnan(data)
        if lowest is not None:
            result &= data >= lowest
        if highest is not None:
            result &= data <= highest
        return result
    if isinstance(criterion, (str, bytes)) or not isinstance(
            criterion, (Sequence, set, frozenset, np.ndarray)):
        if isinstance(criterion, Mapping):
            raise InputError(f"where: {name}: a dict is no criterion")
        criterion = [criterion]
    wanted = np.array(sorted(criterion) if isinstance(criterion, (set, frozenset))
                      else list(criterion))
    if wanted.size and (wanted.dtype.kind in "US") != is_text:
        raise InputError(f"where: {name}: is {'a text' if is_text else 'a number'}, but is "
                         f"compared with {wanted.tolist()!r}")
    return np.asarray(np.isin(data, wanted), bool)


def rows_where(table: TableFile, groups: Tuple[Columns, ...], criteria: "Mapping[str, Any]",
               include_failed: bool) -> "NDArray[np.int64]":
    """What `Run.where` does."""
    if not criteria and include_failed:
        return np.flatnonzero(table.there()).astype(np.int64)
    chosen: "NDArray[np.bool_] | None" = None
    where = str(table.layout.folder)
    everything = dict(criteria)
    checks = [(name, find_column(groups, name, where), criterion)
              for name, criterion in everything.items()]
    if not include_failed:
        checks.append(("status", groups[0], (None, FIRST_FAILURE - 1)))
    for name, columns, criterion in checks:
        values = columns.read(name)
        if values.ndim > 1 and all(length == 1 for length in values.shape[1:]):
            values = values.reshape(len(values))
        if values.ndim > 1:
            column, index = columns.split(name)
            axes = columns.axes(name)
            labels = [list(columns.labels(axis, n)) for axis, n in zip(axes,
                                                                       values.shape[1:])]
            example = ".".join([name, *(one[0] for one in labels)])
            raise InputError(f"{where}: where: {name} has the axes {', '.join(axes)}; name "
                             f"one place, as in **{{\"{example}\": ...}} (places: "
                             f"{'; '.join(', '.join(one[:8]) for one in labels)})")
        mask = meets(name, values, criterion) & ~ma.getmaskarray(values)
        chosen = mask if chosen is None else chosen & mask
    assert chosen is not None
    return np.flatnonzero(chosen).astype(np.int64)
