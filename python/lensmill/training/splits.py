"""Training, validation and test parts without a host or a source in two of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Dict, List, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError, unknown
from lensmill.masked import ma
from lensmill.run import Run

# Which columns say who a row's host and source are, the best first. Without any of them
# each row has its own (an analytic profile with numbers drawn for the row).
IDENTITY = {"host": ("host_id", "host_index"), "source": ("src_image_id", "src_image_index")}
STORED_NAMES = ("train", "validation", "test")
LEFT_OUT = -1


@dataclass(frozen=True)
class Split:
    """Which part each row of a run is in.

    Attributes
    ----------
    names : tuple of str
        The parts.
    part : array of int8
        [rows]: index of the part's name; -1 for rows of no part.
    """

    names: Tuple[str, ...]
    part: "NDArray[np.int8]"

    def rows(self, name: str, among: Any = None) -> "NDArray[np.int64]":
        """Rows of a part, ascending; of those `among` (numbers) if given."""
        if name not in self.names:
            raise unknown("split", "part", name, self.names)
        rows = np.flatnonzero(self.part == self.names.index(name)).astype(np.int64)
        return rows if among is None else np.intersect1d(rows, np.asarray(among, np.int64))

    def counts(self) -> Dict[str, int]:
        """Rows of each part, and under "left out" those of none."""
        counts = {name: int((self.part == k).sum()) for k, name in enumerate(self.names)}
        return {**counts, "left out": int((self.part == LEFT_OUT).sum())}


def stored(run: Run) -> Split:
    """The parts that the run itself has made (`catalogue.split`): rows of one real host go
    together, sources do not."""
    values = run.catalogue["split"]
    part = np.full(len(run), LEFT_OUT, np.int8)
    there = ~ma.getmaskarray(values)
    part[there] = values.data[there].astype(np.int8)
    return Split(STORED_NAMES, part)


def uniform_of(text: str) -> float:
    """A number in [0, 1) that is a text's own, on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2.0 ** 64


def identity(run: Run, kind: str) -> "Tuple[str, Any]":
    """The column by which rows have the same host or source, and its values; ("", ...) with
    the injections' ids where each row has its own."""
    if kind not in IDENTITY:
        raise unknown("split", "kind of identity", kind, tuple(IDENTITY))
    for name in IDENTITY[kind]:
        if name in run.catalogue.names():
            return name, run.catalogue[name]
    return "", run.catalogue["injection_id"]


def by_identity(run: Run, fractions: "Mapping[str, float]",
                by: "Sequence[str]" = ("host", "source"), *, seed: int = 0) -> Split:
    """Parts by a hash of the ids of hosts and sources: no host and no source is in two of
    them, the positive and the negative of a row are in one, and a row's part depends neither
    on the run's length nor on other rows.

    A row whose host and source fall into different parts is in none: of two parts with the
    shares p and 1 - p, p² + (1 - p)² of the rows remain where both host and source repeat.
    Where hosts (or sources) are drawn for each row, the other one decides.

    Parameters
    ----------
    run : Run
    fractions : dict of str to float
        Share of the hosts, and of the sources, in each part; they add up to 1.
    by : list
        "host", "source", or both.
    seed : int
        Another one gives other parts.

    Raises
    ------
    InputError
        Shares that do not add up to 1; a column of ids with undefined values.
    """
    names = tuple(fractions)
    shares = np.array([float(fractions[name]) for name in names])
    if not names or (shares < 0).any() or abs(shares.sum() - 1.0) > 1e-9:
        raise InputError(f"split: shares must be 0 or more and add up to 1 (got "
                         f"{dict(fractions)})")
    if isinstance(by, str) or not by:
        raise InputError(f"split: by must be a list of host, source (got {by!r})")
    ends = np.cumsum(shares)
    columns = [(kind, *identity(run, kind)) for kind in by]
    repeated = [one for one in columns if one[1]]
    part = np.full(len(run), LEFT_OUT, np.int8)
    first = True
    # Where all rows have their own hosts and sources, their ids decide, once.
    for kind, column, values in repeated or columns[:1]:
        own = _parts(kind if column else "injection", column, values, ends, seed)
        part = own if first else np.where(part == own, part, LEFT_OUT).astype(np.int8)
        first = False
    return Split(names, part)


def _parts(kind: str, column: str, values: Any, ends: "NDArray[np.float64]", seed: int
           ) -> "NDArray[np.int8]":
    mask = ma.getmaskarray(values)
    data = values.data
    if data.dtype.kind == "f" and np.isnan(data[~mask]).any():
        raise InputError(f"split: {column} has undefined values")
    kinds, inverse = np.unique(data, return_inverse=True)
    texts: List[str] = [str(one) for one in kinds.tolist()]
    last = len(ends) - 1
    part_of = np.array([min(int(np.searchsorted(ends, uniform_of(f"{seed}/{kind}/{text}"),
                                                side="right")), last)
                        for text in texts], np.int8)
    part = part_of[inverse.reshape(-1)] if len(texts) else np.empty(0, np.int8)
    part[mask] = LEFT_OUT
    return np.asarray(part, np.int8)


def check_disjoint(run: Run, split: Split, by: "Sequence[str]" = ("host", "source")) -> None:
    """That no host and no source is in two parts.

    Raises
    ------
    InputError
        One is; the message names it.
    """
    for kind in by:
        column, values = identity(run, kind)
        if not column:
            continue
        seen: Dict[Any, int] = {}
        for value, part in zip(values.tolist(), split.part.tolist()):
            if part != LEFT_OUT and seen.setdefault(value, part) != part:
                raise InputError(f"split: {column} {value} is in {split.names[part]} and in "
                                 f"{split.names[seen[value]]}")
