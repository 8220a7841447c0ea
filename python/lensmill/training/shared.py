"""Shared memory of a worker: what it reads lies there already when it is handed over."""

import weakref
from multiprocessing.heap import Arena
from typing import Any, List, Optional, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.training.memory import Owner

ALIGNMENT = 64


class SharedMemory:
    """Slots of equal size in one piece of shared memory (a file without a name in /dev/shm,
    or where temporary files go if that is too small); can be given to a child process.

    In the worker a slot is in use while an array of it has views there, or while batches
    that lie in it are in the consumer's hands.
    """

    def __init__(self, slots: int, slot_bytes: int) -> None:
        self.slot_bytes = -(-max(1, slot_bytes) // ALIGNMENT) * ALIGNMENT
        self.slots = slots
        self._arena: Any = Arena(slots * self.slot_bytes)
        self._alive = [False] * slots
        self._out = [0] * slots

    def bytes(self) -> "NDArray[np.uint8]":
        """All of it."""
        return np.frombuffer(self._arena.buffer, np.uint8)

    def slot(self, number: int) -> "NDArray[np.uint8]":
        start = number * self.slot_bytes
        return self.bytes()[start:start + self.slot_bytes]

    # In the worker.

    def array(self, shape: Tuple[int, ...]) -> "NDArray[np.float32]":
        """A float32 array with any contents, in a slot; elsewhere if it is too large or none
        is free."""
        size = 4 * int(np.prod(shape))
        free = next((k for k in range(self.slots)
                     if not self._alive[k] and self._out[k] == 0), None)
        if free is None or not 0 < size <= self.slot_bytes:
            return np.empty(shape, np.float32)
        memory = self.slot(free)[:size].view(np.float32).reshape(shape)
        owner = Owner(memory)
        self._alive[free] = True
        weakref.finalize(owner, self._dead, free).atexit = False
        return np.asarray(owner)

    def _dead(self, slot: int) -> None:
        self._alive[slot] = False

    def place_of(self, values: "NDArray[Any]") -> Optional[int]:
        """Where an array lies in the memory, if it lies there, in one piece."""
        if not values.flags.c_contiguous or values.nbytes == 0:
            return None
        offset = int(values.ctypes.data) - int(self.bytes().ctypes.data)
        inside = 0 <= offset and offset + values.nbytes <= self.slots * self.slot_bytes
        return offset if inside else None

    def slots_of(self, offsets: List[int]) -> List[int]:
        return sorted({offset // self.slot_bytes for offset in offsets})

    def give(self, slots: List[int]) -> None:
        """A batch that lies in these slots goes to the consumer."""
        for slot in slots:
            self._out[slot] += 1

    def take_back(self, slot: int) -> None:
        """The consumer has dropped a batch of this slot."""
        self._out[slot] -= 1
