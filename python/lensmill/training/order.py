"""The order of an epoch: which rows are in which batch, as a pure function of rows, seed,
epoch and the sizes below, never of how many processes read it.

Rows are cut into blocks of neighbours within shards; blocks are shuffled; their rows, in
that order, are dealt to `lanes` equal parts; in each lane every window of rows is shuffled.
Batch g of the epoch is the next batch of lane g modulo `lanes`. A process that takes every
n-th batch therefore reads, where n divides `lanes`, blocks that no other process reads.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Tuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
BLOCK_ROWS, BUFFER_ROWS, LANES, SEED = 32, 2048, 8, 9176
BLOCKS, WINDOW = 0, 1  # what a permutation is of


def permutation(count: int, *key: int) -> Rows:
    """A permutation by a key: the order of the raw output of PCG64, which NumPy promises
    to keep (of its shuffles it does not)."""
    bits = np.random.PCG64(np.random.SeedSequence(key)).random_raw(count)
    return np.argsort(np.atleast_1d(bits), kind="stable").astype(np.int64)


@dataclass(frozen=True)
class Order:
    """The batches of every epoch.

    Parameters
    ----------
    rows : array of int64
        Rows to go through, ascending, each once.
    starts : array of int64
        First row of each shard: no block crosses it.
    batch_size : int
        Rows of a batch; the last one of an epoch may have fewer.
    seed : int
    block_rows : int
        Neighbouring rows that are read together.
    buffer_rows : int
        Rows that are shuffled among each other, over all lanes: what is in memory at a time
        over all processes.
    lanes : int
        Parts that are read independently. With as many, or with a divisor of it, readers
        (ranks times workers) no block is read twice.
    shuffle : bool
        False: rows in their order (one lane).
    """

    rows: Rows
    starts: Rows
    batch_size: int
    seed: int = SEED
    block_rows: int = BLOCK_ROWS
    buffer_rows: int = BUFFER_ROWS
    lanes: int = LANES
    shuffle: bool = True
    _cuts: Rows = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("batch_size", "block_rows", "buffer_rows", "lanes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more (got {getattr(self, name)})")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more (got {self.seed})")
        if len(self.rows) and not (np.diff(self.rows) > 0).all():
            raise ValueError("rows must be ascending, each once")
        # Blocks begin anew in each shard; a block is a part of `rows`.
        shard = np.searchsorted(self.starts, self.rows, side="right")
        first = np.flatnonzero(np.diff(shard, prepend=-1))
        ends = np.append(first[1:], len(self.rows))
        cuts = [np.arange(a, b, self.block_rows) for a, b in zip(first, ends)]
        object.__setattr__(self, "_cuts", np.concatenate(
            [*cuts, np.array([len(self.rows)])]).astype(np.int64))

    @property
    def batches(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.rows) // self.batch_size)

    @property
    def used_lanes(self) -> int:
        return max(1, min(self.lanes if self.shuffle else 1, self.batches))

    @property
    def window_rows(self) -> int:
        """Rows of a lane that are shuffled among each other: whole batches."""
        batches = max(1, self.buffer_rows // self.used_lanes // self.batch_size)
        return batches * self.batch_size

    def lane(self, number: int) -> Tuple[int, int]:
        """Batches [first, end) of a lane, numbered lane by lane."""
        n, lanes = self.batches, self.used_lanes
        return n * number // lanes, n * (number + 1) // lanes

    def locate(self, batch: int) -> Tuple[int, int]:
        """Of batch 0, 1, ... of an epoch: its lane, and which of the lane's batches it is."""
        lanes = self.used_lanes
        counts = [self.lane(k)[1] - self.lane(k)[0] for k in range(lanes)]
        least = min(counts)
        if batch < least * lanes:
            return batch % lanes, batch // lanes
        # Lanes with one batch more than others; the last one is last.
        longer = [k for k in range(lanes) if counts[k] > least]
        return longer[batch - least * lanes], least

    def window(self, epoch: int, lane: int, number: int) -> Rows:
        """The rows of a lane's window in the order of the epoch."""
        first, end = (k * self.batch_size for k in self.lane(lane))
        begin = first + number * self.window_rows
        end = min(begin + self.window_rows, end, len(self.rows))
        if not self.shuffle:
            return self.rows[begin:end]
        sequence = self._blocks(epoch)
        ends = np.cumsum(self._cuts[sequence + 1] - self._cuts[sequence])
        k = int(np.searchsorted(ends, begin, side="right"))
        parts, at = [], begin
        while at < end:
            size = int(self._cuts[sequence[k] + 1] - self._cuts[sequence[k]])
            skip = at - (int(ends[k]) - size)
            take = min(size - skip, end - at)
            origin = int(self._cuts[sequence[k]]) + skip
            parts.append(self.rows[origin:origin + take])
            at, k = at + take, k + 1
        rows = np.concatenate(parts)
        return np.asarray(
            rows[permutation(len(rows), self.seed, epoch, WINDOW, lane, number)])

    def _blocks(self, epoch: int) -> Rows:
        known: "Tuple[int, Rows] | None" = self.__dict__.get("_known")
        if known is None or known[0] != epoch:
            known = (epoch, permutation(len(self._cuts) - 1, self.seed, epoch, BLOCKS))
            object.__setattr__(self, "_known", known)
        return known[1]

    def batch(self, epoch: int, number: int) -> Rows:
        """The rows of one batch."""
        lane, k = self.locate(number)
        window, at = divmod(k * self.batch_size, self.window_rows)
        return self.window(epoch, lane, window)[at:at + self.batch_size]

    def digest(self) -> str:
        """Of the rows and all that decides their order."""
        sha256 = hashlib.sha256()
        for array in (self.rows, self._cuts):
            sha256.update(np.ascontiguousarray(array, "<i8").tobytes())
        sha256.update(repr((self.batch_size, self.seed, self.block_rows, self.buffer_rows,
                            self.lanes, self.shuffle)).encode())
        return sha256.hexdigest()
