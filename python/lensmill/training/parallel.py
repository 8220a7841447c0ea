"""Batches read by worker processes, handed over in shared memory that is used again: what a
DataLoader spends on fresh shared memory for each batch is several times the reading."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import weakref
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from lensmill.errors import LensmillError
from lensmill.training.batches import ShuffledBatches
from lensmill.training.memory import Owner
from lensmill.training.samples import LABELLED
from lensmill.training.shared import SharedMemory
from lensmill.training.transforms import Batch

AHEAD = 2   # batches that a worker reads before the consumer asks
HELD = 2    # batches of a worker that the consumer may keep; of more it gets copies
LOOK_S = 5.0  # between looks whether the consumer lives
BATCH, ERROR, END = "batch", "error", "end"
TAKEN = -1  # to the worker: a batch was taken; other numbers: a slot is given back

# Of each array its offset in the shared memory, shape and type.
Places = Dict[str, Tuple[int, Tuple[int, ...], str]]


class WorkerFailed(LensmillError, RuntimeError):
    """A worker ended without a word: it was killed, or crashed."""


def shared_memory_for(batches: ShuffledBatches, workers: int) -> SharedMemory:
    """For the windows that a worker has open, and those that batches on their way keep."""
    reader, order = batches.reader, batches.order
    readers = batches.ranks * workers
    lanes = order.used_lanes
    if lanes % readers == 0:
        lanes //= readers  # the others' lanes are never read
    products = len(reader.read_products)
    slots = (lanes + AHEAD + HELD) * products
    if reader.form == LABELLED:
        slots += AHEAD + HELD + 1  # pairs are put together in slots of their own
    stamp = 4 * max(int(np.prod(reader.run.images[name].shape[1:]))
                    for name in reader.read_products)
    rows = max(order.window_rows, 2 * order.batch_size)
    return SharedMemory(slots, stamp * min(rows, max(1, 2 * len(order.rows))))


def iterate_in_workers(batches: ShuffledBatches, workers: int,
                       method: Optional[str] = None) -> Iterator[Batch]:
    """The rest of this rank's epoch, in the order of one process, read by `workers`.

    Arrays lie in shared memory until the last view of a batch is gone. Who keeps many
    batches gets copies.

    Parameters
    ----------
    workers : int
        1 or more.
    method : "fork", "spawn" or "forkserver", optional
        How the workers are started; without: the system's default.

    Raises
    ------
    WorkerFailed
        A worker was killed. What a worker raises is raised here.
    """
    context = multiprocessing.get_context(method)
    with contextlib.ExitStack() as stack:
        readers = []
        for worker in range(workers):
            readers.append(_Worker(context, batches, worker, workers))
            stack.callback(readers[-1].stop)
        number = 0
        while (batch := readers[number % workers].next()) is not None:
            number += 1
            yield batch
            del batch  # not held while the next one is waited for


class _Worker:
    """A worker, seen from the process that it reads for."""

    def __init__(self, context: Any, batches: ShuffledBatches, worker: int, workers: int
                 ) -> None:
        self._memory = shared_memory_for(batches, workers)
        self._held = 0
        self._results, results = context.Pipe(duplex=False)
        tokens, self._tokens = context.Pipe(duplex=False)
        self._name = f"worker {worker} of {workers}"
        self._process = context.Process(
            target=_work, args=(batches, worker, workers, self._memory, tokens, results),
            daemon=True)
        self._process.start()
        # The worker has these ends; its death is seen by the end of its pipe.
        results.close()
        tokens.close()

    def next(self) -> Optional[Batch]:
        """The worker's next batch; nothing at the end."""
        try:
            kind, content = self._results.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            raise WorkerFailed(f"{self._name} was killed or crashed (exit code "
                               f"{self._process.exitcode}) while reading batches") from None
        if kind == ERROR:
            raise content
        if kind == END:
            return None
        places, others = content
        self._send(TAKEN)
        batch: Batch = dict(others)
        if places:
            self._take(places, batch)
        return batch

    def _take(self, places: Places, batch: Batch) -> None:
        memory = self._memory.bytes()
        slots = self._memory.slots_of([place[0] for place in places.values()])
        keep = self._held < HELD
        whole: Any = np.asarray(Owner(memory)) if keep else memory
        for name, (offset, shape, kind) in places.items():
            dtype = np.dtype(kind)
            size = dtype.itemsize * int(np.prod(shape))
            array = whole[offset:offset + size].view(dtype).reshape(shape)
            batch[name] = array if keep else array.copy()
        if keep:
            self._held += 1
            weakref.finalize(whole.base, self._dropped, slots).atexit = False
        else:
            self._give_back(slots)

    def _dropped(self, slots: List[int]) -> None:
        self._held -= 1
        self._give_back(slots)

    def _give_back(self, slots: List[int]) -> None:
        for slot in slots:
            self._send(slot)

    def _send(self, token: int) -> None:
        with contextlib.suppress(OSError):  # the worker is gone
            self._tokens.send(token)

    def stop(self) -> None:
        """End the worker; arrays that are still held stay what they are."""
        for pipe in (self._tokens, self._results):
            pipe.close()
        if self._process.is_alive():
            self._process.terminate()
        self._process.join()


def _work(batches: ShuffledBatches, worker: int, workers: int, memory: SharedMemory,
          tokens: Connection, results: Connection) -> None:
    """What a worker does: read ahead, but not far."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the consumer decides
    batches.reader.memory = memory
    parent, ahead = os.getppid(), 0
    try:
        for batch in batches.iterate(worker, workers):
            places: Places = {}
            others: Batch = {}
            for name, values in batch.items():
                at = memory.place_of(values) if values.ndim == 4 else None
                if at is None:
                    others[name] = values
                else:
                    places[name] = (at, values.shape, values.dtype.str)
            memory.give(memory.slots_of([place[0] for place in places.values()]))
            results.send((BATCH, (places, others)))
            ahead += 1
            while ahead > AHEAD or tokens.poll():
                if not tokens.poll(LOOK_S):
                    if os.getppid() != parent:
                        return  # it was killed, and siblings hold its end of the pipe
                    continue
                token = tokens.recv()
                if token == TAKEN:
                    ahead -= 1
                else:
                    memory.take_back(token)
        results.send((END, None))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the consumer has stopped
    except BaseException as error:  # noqa: B902: all of them are the consumer's to see
        results.send((ERROR, _portable(error)))


def _portable(error: BaseException) -> BaseException:
    """Itself if it can be pickled and back, else its words."""
    try:
        again: BaseException = pickle.loads(pickle.dumps(error))
        return again
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
