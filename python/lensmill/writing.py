"""Files that are there whole or not at all."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from lensmill.errors import InputError


@contextlib.contextmanager
def whole_file(path: pathlib.Path, overwrite: bool) -> Iterator[pathlib.Path]:
    """The name to write `path` under until it is complete; then it is synced and renamed.

    Raises
    ------
    InputError
        `path` is there and is not to be replaced, or is not a plain file.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise InputError(f"{path}: is a link, a folder or no plain file: it is not replaced")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: is there already (--overwrite, overwrite=True, replaces it)")
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    # Exclusively: nothing of another's is written over, nor through a link.
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        yield partial
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def sync(path: pathlib.Path) -> None:
    """Have the system write a file, or a folder's names, to the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
