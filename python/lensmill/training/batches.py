"""A stream of shuffled batches, the same whoever reads it, that can be stopped and resumed."""

from collections.abc import Iterator
from typing import Any, Dict, Optional

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError
from lensmill.run import Run
from lensmill.training.order import Order
from lensmill.training.samples import Reader, generator
from lensmill.training.transforms import Batch

TRANSFORMS = 2  # of the generator's key
STATE_FORMAT = 1


class ShuffledBatches:
    """Iterates over one epoch in batches of NumPy arrays.

    The batches of an epoch and their order are a function of the rows, `seed`, the epoch and
    the sizes (`Order`), not of how many processes read them: rank r of R with worker w of W
    takes batches r + R (w + W m), m = 0, 1, ... of those that remain. No row comes twice or
    is lost, at any number of ranks and workers. Ranks may differ by one batch in length,
    unless `equal_ranks` leaves out up to R - 1 batches at the end (`left_out`).

    Parameters
    ----------
    run : Run
    rows : array of int64, optional
        Without: all rows that are there and did not fail (`run.where()`).
    batch_size : int
        Rows of a batch; of pairs twice as many stamps.
    seed, block_rows, buffer_rows, lanes, shuffle
        As for `Order`. Memory: `buffer_rows` rows of images over all readers.
    rank, ranks : int
        Of this process among those that train together.
    equal_ranks : bool
        Give each rank the same number of batches, as DistributedDataParallel needs.
    drop_short : bool
        Leave out the epoch's last batch if it is short.
    **options
        As for `Reader`: form, products, columns, transforms, undefined.
    """

    def __init__(self, run: Run, rows: "Optional[NDArray[np.int64]]" = None, *,
                 batch_size: int, rank: int = 0, ranks: int = 1, equal_ranks: bool = False,
                 drop_short: bool = False, seed: Optional[int] = None,
                 block_rows: Optional[int] = None, buffer_rows: Optional[int] = None,
                 lanes: Optional[int] = None, shuffle: bool = True, **options: Any) -> None:
        if not 0 <= rank < ranks:
            raise ValueError(f"rank must be in [0, ranks) (got {rank} of {ranks})")
        self.reader = Reader(run, **options)
        sizes = {name: value for name, value in (
            ("seed", seed), ("block_rows", block_rows), ("buffer_rows", buffer_rows),
            ("lanes", lanes)) if value is not None}
        chosen = run.where() if rows is None else np.asarray(rows, np.int64)
        self.order = Order(np.unique(chosen), run.table.layout.starts[:-1], batch_size,
                           shuffle=shuffle, **sizes)
        if len(self.order.rows) != len(chosen):
            raise InputError(f"{run.path}: the rows of a training set must be there once "
                             f"each (got {len(chosen) - len(self.order.rows)} again)")
        if len(chosen) and not 0 <= self.order.rows[0] <= self.order.rows[-1] < len(run):
            raise InputError(f"{run.path}: rows beyond the {len(run)} that there are")
        self.rank, self.ranks, self.equal_ranks = rank, ranks, equal_ranks
        self.drop_short = drop_short
        self.epoch, self.start = 0, 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch that the next iteration is of, from its beginning."""
        if epoch < 0:
            raise ValueError(f"epoch must be 0 or more (got {epoch})")
        self.epoch, self.start = epoch, 0

    @property
    def batches(self) -> int:
        """Batches of an epoch over all ranks, before any are left out for equal ranks."""
        short = len(self.order.rows) % self.order.batch_size != 0
        return self.order.batches - int(self.drop_short and short)

    def _end(self) -> int:
        remaining = self.batches - self.start
        return self.start + (remaining // self.ranks * self.ranks if self.equal_ranks
                             else remaining)

    @property
    def left_out(self) -> int:
        """Batches at the epoch's end that no rank gets, because of equal_ranks."""
        return self.batches - self._end()

    def __len__(self) -> int:
        """Batches that this rank gets, from where it starts."""
        return len(range(self.start + self.rank, self._end(), self.ranks))

    def numbers(self, worker: int = 0, workers: int = 1) -> range:
        """Which batches of the epoch a worker of this rank reads, in order."""
        return range(self.start + self.rank + self.ranks * worker, self._end(),
                     self.ranks * workers)

    def iterate(self, worker: int = 0, workers: int = 1) -> Iterator[Batch]:
        """The batches of one worker of this rank."""
        epoch, order = self.epoch, self.order
        windows: Dict[int, Any] = {}  # of each lane the one that is being read
        for number in self.numbers(worker, workers):
            lane, k = order.locate(number)
            window, at = divmod(k * order.batch_size, order.window_rows)
            if windows.get(lane, (-1,))[0] != window:
                windows.pop(lane, None)
                windows[lane] = (window, self._read(order.window(epoch, lane, window)))
            data: Batch = windows[lane][1]
            end = min(at + order.batch_size, len(data["row"]))
            batch = {name: values[at:end] for name, values in data.items()}
            if end == len(data["row"]):
                del windows[lane]
            yield self.reader.finish(batch, generator(order.seed, epoch, TRANSFORMS, number))

    def _read(self, rows: "NDArray[np.int64]") -> Batch:
        return self.reader.read(rows)

    def __iter__(self) -> Iterator[Batch]:
        return self.iterate()

    def state_dict(self, delivered: int = 0) -> Dict[str, Any]:
        """Where to go on: a few numbers, as JSON can have them.

        Parameters
        ----------
        delivered : int
            Batches of this iteration that each rank has had (prefetched ones do not count).
        """
        done = min(self.start + delivered * self.ranks, self.batches)
        return {"format": STATE_FORMAT, "epoch": self.epoch, "batches": done,
                "order": self.order.digest()}

    def load_state_dict(self, state: "Dict[str, Any]") -> None:
        """Go on where `state_dict` was taken, with any number of ranks and workers.

        Raises
        ------
        InputError
            The state is of other rows, another seed or other sizes.
        """
        if state.get("format") != STATE_FORMAT:
            raise InputError(f"state_dict: format {state.get('format')!r} (this package knows "
                             f"{STATE_FORMAT})")
        if state["order"] != self.order.digest():
            raise InputError("state_dict: of other rows, another seed, batch size or other "
                             "block_rows, buffer_rows, lanes: batches would come twice or be "
                             "lost")
        self.epoch, self.start = int(state["epoch"]), int(state["batches"])
