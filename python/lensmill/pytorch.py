"""PyTorch over `lensmill.training`: tensors, workers, ranks, stopping and resuming.

`Samples` is a map-style data set as it is: `DataLoader(Samples(run), batch_size=64,
shuffle=True)`. `Batches` is the shuffling, iterable one; it makes its batches itself.
"""

from collections.abc import Iterator
from typing import Any, Dict, Optional

import numpy as np

from lensmill.errors import needs
from lensmill.renderer import Source
from lensmill.run import Run
from lensmill.streaming import stream
from lensmill.training.batches import ShuffledBatches
from lensmill.training.parallel import iterate_in_workers
from lensmill.training.samples import Samples

try:
    import torch
    from torch.utils.data import IterableDataset, get_worker_info
except ImportError as error:
    raise needs("torch", "lensmill.pytorch", error) from error

__all__ = ["Batches", "Loader", "Samples", "Stream", "tensors"]


def tensors(batch: "Dict[str, Any]") -> "Dict[str, Any]":
    """Arrays as tensors that share their memory; texts as lists."""
    return {name: (values.tolist() if values.dtype.kind in "US" else
                   torch.from_numpy(np.ascontiguousarray(values)))
            for name, values in batch.items()}


class Batches(IterableDataset):  # type: ignore[misc]
    """Shuffled batches of a run as tensors, for `DataLoader(..., batch_size=None)`.

    Parameters
    ----------
    run, rows, batch_size, **options
        As for `lensmill.training.ShuffledBatches`. Without `rank` and `ranks` those of
        torch.distributed, if it is initialised; then `equal_ranks` is on unless it is
        given.
    """

    def __init__(self, run: Run, rows: Any = None, *, batch_size: int, **options: Any
                 ) -> None:
        super().__init__()
        if "ranks" not in options and torch.distributed.is_available() and (
                torch.distributed.is_initialized()):
            options.update(rank=torch.distributed.get_rank(),
                           ranks=torch.distributed.get_world_size())
            options.setdefault("equal_ranks", True)
        self.batches = ShuffledBatches(run, rows, batch_size=batch_size, **options)

    def set_epoch(self, epoch: int) -> None:
        self.batches.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        return map(tensors, self.batches.iterate(worker, workers))


class Stream(IterableDataset):  # type: ignore[misc]
    """`lensmill.stream` as tensors, for `DataLoader(..., num_workers=N)`: each worker renders
    rows of its own with a program of its own."""

    def __init__(self, config: Source, split: Optional[str] = None, **options: Any) -> None:
        super().__init__()
        self.config, self.split, self.options = config, split, options

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        for row in stream(self.config, self.split, **self.options):
            yield {name: torch.as_tensor(np.array(value)) for name, value in row.items()}


class Loader:
    """Epoch after epoch of `Batches`, which can be stopped anywhere and resumed: it counts
    the batches that were *delivered*; those that workers have read ahead do not count. Its
    workers hand batches over in shared memory that is used again, which is several times as
    fast as a DataLoader's.

    ``for batch in loader`` is one epoch (or the rest of one that was resumed); the next
    loop is the next epoch. ``loader.state_dict()`` is a small dict for the checkpoint;
    ``load_state_dict`` goes on with any number of workers and ranks.

    Parameters
    ----------
    batches : Batches
    num_workers : int
        Processes that read; 0: this one.
    method : "fork", "spawn" or "forkserver", optional
        How they are started; without: the system's default.
    pin_memory : bool
        Copy the tensors into page-locked memory, from which a GPU reads faster.
    """

    def __init__(self, batches: Batches, num_workers: int = 0, *,
                 method: Optional[str] = None, pin_memory: bool = False) -> None:
        if num_workers < 0:
            raise ValueError(f"num_workers must be 0 or more (got {num_workers})")
        self.batches, self.num_workers, self.method = batches, num_workers, method
        self.pin_memory = pin_memory
        self._delivered = 0

    def __len__(self) -> int:
        return len(self.batches)

    @property
    def epoch(self) -> int:
        return self.batches.batches.epoch

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        stream = self.batches.batches
        self._delivered = 0
        source = stream.iterate() if self.num_workers == 0 else iterate_in_workers(
            stream, self.num_workers, self.method)
        for arrays in source:
            batch = tensors(arrays)
            del arrays
            if self.pin_memory:
                batch = {name: value.pin_memory() if torch.is_tensor(value) else value
                         for name, value in batch.items()}
            self._delivered += 1
            yield batch
            del batch
        self._delivered = 0
        stream.set_epoch(stream.epoch + 1)

    def state_dict(self) -> Dict[str, Any]:
        """Of the batches delivered so far, the one in hand included."""
        return self.batches.batches.state_dict(self._delivered)

    def load_state_dict(self, state: Optional[Dict[str, Any]]) -> None:
        """\\raises InputError if the state is of another order"""
        if state is not None:
            self.batches.batches.load_state_dict(state)
        self._delivered = 0
