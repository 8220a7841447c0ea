"""Batches read by worker processes, handed over in shared memory that is used again: what a
DataLoader spends on fresh shared memory for each batch is several times the reading."""

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import signal
import weakref
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any, Dict, List, Optional, Set, Tuple

import numpy as np

from lensmill.errors import LensmillError
from lensmill.training.batches import ShuffledBatches
from lensmill.training.memory import Owner
from lensmill.training.transforms import Batch

SLOTS = 4  # batches of a worker that are read ahead or in the consumer's hands
LOOK_S = 5.0  # between looks whether the consumer lives
BATCH, ERROR, END = "batch", "error", "end"


class WorkerFailed(LensmillError, RuntimeError):
    """A worker ended without a word: it was killed, or crashed."""


def slot_bytes(batches: ShuffledBatches) -> int:
    """Room for the images of one batch, as they come without transforms that enlarge them."""
    reader = batches.reader
    stamp = 4 * sum(int(np.prod(reader.run.images[name].shape[1:]))
                    for name in reader.products)
    return max(1, stamp) * batches.order.batch_size


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
    size = slot_bytes(batches)
    with contextlib.ExitStack() as stack:
        readers = [_Worker(context, batches, worker, workers, size)
                   for worker in range(workers)]
        for reader in readers:
            stack.callback(reader.stop)
        number = 0
        while (batch := readers[number % workers].next()) is not None:
            number += 1
            yield batch
            del batch  # not held while the next one is waited for


class _Worker:
    """A worker, seen from the process that it reads for."""

    def __init__(self, context: Any, batches: ShuffledBatches, worker: int, workers: int,
                 size: int) -> None:
        self._memory = [context.RawArray(ctypes.c_ubyte, size) for _ in range(SLOTS)]
        self._held: Set[int] = set()
        self._results, results = context.Pipe(duplex=False)
        free, self._free = context.Pipe(duplex=False)
        for slot in range(SLOTS):
            self._free.send(slot)
        self._name = f"worker {worker} of {workers}"
        self._process = context.Process(
            target=_work, args=(batches, worker, workers, self._memory, free, results),
            daemon=True)
        self._process.start()
        # The worker has these ends; its death is seen by the end of its pipe.
        results.close()
        free.close()

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
        slot, places, others = content
        batch: Batch = dict(others)
        if places:
            self._take(slot, places, batch)
        else:
            self._give_back(slot)
        return batch

    def _take(self, slot: int, places: "Dict[str, Tuple[int, Tuple[int, ...], str]]",
              batch: Batch) -> None:
        memory = np.frombuffer(self._memory[slot], np.uint8)
        # One slot at least stays the worker's, or it would wait for ever.
        keep = len(self._held) < SLOTS - 1
        whole: Any = np.asarray(Owner(memory)) if keep else memory
        for name, (offset, shape, kind) in places.items():
            dtype = np.dtype(kind)
            size = dtype.itemsize * int(np.prod(shape))
            array = whole[offset:offset + size].view(dtype).reshape(shape)
            batch[name] = array if keep else array.copy()
        if keep:
            self._held.add(slot)
            weakref.finalize(whole.base, self._give_back, slot).atexit = False
        else:
            self._give_back(slot)

    def _give_back(self, slot: int) -> None:
        self._held.discard(slot)
        with contextlib.suppress(OSError):  # the worker is gone
            self._free.send(slot)

    def stop(self) -> None:
        """End the worker; arrays that are still held stay what they are."""
        for pipe in (self._free, self._results):
            pipe.close()
        self._process.join(0.0)
        if self._process.is_alive():
            self._process.terminate()
        self._process.join()


def _work(batches: ShuffledBatches, worker: int, workers: int, memory: List[Any],
          free: Connection, results: Connection) -> None:
    """What a worker does: fill slots as they come free."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the consumer decides
    slots = [np.frombuffer(one, np.uint8) for one in memory]
    parent = os.getppid()
    try:
        for batch in batches.iterate(worker, workers):
            while not free.poll(LOOK_S):
                if os.getppid() != parent:
                    return  # it was killed, and siblings hold its end of the pipe
            slot = free.recv()
            places: "Dict[str, Tuple[int, Tuple[int, ...], str]]" = {}
            others: Batch = {}
            offset = 0
            for name, values in batch.items():
                fits = (isinstance(values, np.ndarray) and values.ndim == 4
                        and offset + values.nbytes <= len(slots[slot]))
                if not fits:
                    others[name] = values
                    continue
                target = slots[slot][offset:offset + values.nbytes]
                np.copyto(target.view(values.dtype).reshape(values.shape), values)
                places[name] = (offset, values.shape, values.dtype.str)
                offset += values.nbytes
            results.send((BATCH, (slot, places, others)))
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

