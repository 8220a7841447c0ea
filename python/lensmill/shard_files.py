"""Open HDF5 files, a bounded number at a time, in whatever process asks."""

import errno
import os
import pathlib
import resource
import threading
from collections import OrderedDict
from typing import Any, Callable, Dict, List, Tuple

import h5py

from lensmill.errors import InputError
from lensmill.seal import check_seal

MOST_OPEN_FILES = 64
# What a process inherited over fork() is never closed there: HDF5's state is a copy, and
# its locks may be held by a thread that the copy does not have.
_inherited: List[Any] = []


def open_file_limit() -> int:
    """How many files to hold open: 64, or a quarter of what the process may (`ulimit -n`)."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return MOST_OPEN_FILES
    return max(1, min(MOST_OPEN_FILES, soft // 4))


def open_hdf5(path: pathlib.Path, sealed: bool = False) -> h5py.File:
    """Open a file to read, its seal checked first, unless it is known to be `sealed`.

    Raises
    ------
    FileNotFoundError
        It is not there.
    OSError
        The system does not let us open it; never taken for "not there".
    InputError
        Not an HDF5 file, or damaged.
    """
    try:
        if not sealed:
            check_seal(path)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} (while opening a file of the run)",
                      str(path)) from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        try:
            # h5py says OSError of files that are no HDF5, too.
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as system:
            raise OSError(system.errno, f"{system.strerror} (while opening a file of the "
                          "run)", str(path)) from error
        # HDF5 says the system's reason in words only.
        for code in (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EIO, errno.EACCES):
            if f"errno = {code}," in str(error):
                raise OSError(code, os.strerror(code) + " (while HDF5 opened it)",
                              str(path)) from error
        raise InputError(f"{path}: not a readable HDF5 file ({error})") from error


class ShardFiles:
    """The files of a run that are open now: those used last, each checked once when it was
    opened. Handles are of one process: another one (fork, pickle) opens its own.

    Parameters
    ----------
    check : callable
        Called with each file and its path when it has been opened; raises if it does not
        belong to the run.
    limit : int, optional
        Files open at a time; without it `open_file_limit()`.
    """

    def __init__(self, check: Callable[[h5py.File, pathlib.Path], None],
                 limit: "int | None" = None) -> None:
        self._check = check
        self._limit = limit or open_file_limit()
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._files: "OrderedDict[pathlib.Path, h5py.File]" = OrderedDict()
        # What others remember of a file, as long as it stays open.
        self._memory: Dict[pathlib.Path, Dict[str, Any]] = {}
        # What was checked, by what tells a file from one that took its place.
        self._known: Dict[pathlib.Path, Tuple[int, ...]] = {}

    @property
    def lock(self) -> threading.RLock:
        """Held while a file's data are read: another thread must not close it meanwhile."""
        if self._process != os.getpid():
            _inherited.append(self._files)
            self._forget()
        return self._lock

    def get(self, path: pathlib.Path) -> h5py.File:
        """The open file. \\raises as open_hdf5, and what `check` raises"""
        with self.lock:
            file = self._files.get(path)
            if file is not None:
                self._files.move_to_end(path)
                return file
            while len(self._files) >= self._limit:
                oldest, file = self._files.popitem(last=False)
                del self._memory[oldest]
                file.close()
            status = os.stat(path)
            identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            known = self._known.get(path) == identity
            file = open_hdf5(path, sealed=known)
            if not known:
                try:
                    self._check(file, path)
                except BaseException:
                    file.close()
                    raise
                self._known[path] = identity
            self._files[path] = file
            self._memory[path] = {}
            return file

    def memory(self, path: pathlib.Path) -> Dict[str, Any]:
        """What is remembered of a file since it was opened; the file is open then."""
        self.get(path)
        return self._memory[path]

    def close(self) -> None:
        with self.lock:
            self._memory.clear()
            while self._files:
                self._files.popitem()[1].close()

    def __getstate__(self) -> Dict[str, Any]:
        return {"_check": self._check, "_limit": self._limit}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()
