"""Arrays whose memory is used again once nobody has a view of them: fresh memory costs as
much time as reading into it."""

import weakref
from typing import Any, Dict, List, Protocol, Tuple

import numpy as np
from numpy.typing import NDArray

MOST_KEPT = 8  # pieces of memory, of each size


class Owner:
    """What all views of an array end at: it lives as long as one of them. (NumPy keeps the
    object whose __array_interface__ it took; of a buffer it would keep what is behind it.)"""

    def __init__(self, memory: "NDArray[Any]") -> None:
        self.__array_interface__ = memory.__array_interface__


class Arrays(Protocol):
    """Where arrays come from."""

    def array(self, shape: Tuple[int, ...]) -> "NDArray[np.float32]": ...


class Memory:
    """Gives arrays; takes their memory back when the last view of one is gone."""

    def __init__(self) -> None:
        self._free: Dict[Tuple[int, ...], List[Any]] = {}

    def array(self, shape: Tuple[int, ...]) -> "NDArray[np.float32]":
        """A float32 array with any contents."""
        free = self._free.setdefault(shape, [])
        memory = free.pop() if free else np.empty(shape, np.float32)
        owner = Owner(memory)
        weakref.finalize(owner, _give_back, free, memory).atexit = False
        return np.asarray(owner)

    def __getstate__(self) -> Dict[str, Any]:
        return {"_free": {}}  # another process has its own


def _give_back(free: List[Any], memory: Any) -> None:
    if len(free) < MOST_KEPT:
        free.append(memory)
