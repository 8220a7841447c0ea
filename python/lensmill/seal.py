"""The seal of lensmill's HDF5 files (docs/output-format.md): the first bytes of a file say
where its arrays lie and give the SHA-256 of all other bytes. HDF5's library can crash on a
damaged structure, so the seal is checked before HDF5 sees the file."""

import hashlib
import os
import pathlib
from dataclasses import dataclass

from lensmill.errors import InputError

MAGIC = b"lensmill-sealed-hdf5 1\n"
SMALLEST_BLOCK_BYTES = 512
LARGEST_BLOCK_BYTES = 1 << 24
PIECE_BYTES = 1 << 20
FIXED_LINES_BYTES = 256  # all lines but those of extents
EXTENT_LINE_BYTES = 48


@dataclass(frozen=True)
class Seal:
    """What the first bytes say."""

    block_bytes: int
    file_bytes: int
    data: "tuple[tuple[int, int], ...]"  # (offset, bytes), ascending
    digest: str

    def text(self) -> bytes:
        lines = [MAGIC.decode() + "digest_algorithm SHA-256\n"
                 f"block_bytes {self.block_bytes}\nfile_bytes {self.file_bytes}\n"]
        lines += [f"data {offset} {size}\n" for offset, size in self.data]
        lines.append(f"structure_digest {self.digest}\n")
        return "".join(lines).encode().ljust(self.block_bytes, b"\0")


def block_bytes_for(arrays: int) -> int:
    """Room for the extents of so many arrays: a power of two, as HDF5 wants it."""
    size = SMALLEST_BLOCK_BYTES
    while size < FIXED_LINES_BYTES + EXTENT_LINE_BYTES * arrays:
        size *= 2
    return size


def _parse(block: bytes) -> Seal:
    """\\raises ValueError if it is not one, to the byte"""
    lines = block[:block.index(b"\0")].decode("ascii").splitlines()
    numbers: "dict[str, int]" = {}
    extents: "list[tuple[int, int]]" = []
    digest = ""
    for line in lines[2:]:
        key, *values = line.split(" ")
        if key == "data":
            extents.append((int(values[0]), int(values[1])))
        elif key == "structure_digest":
            digest = values[0]
        else:
            numbers[key] = int(values[0])
    seal = Seal(numbers["block_bytes"], numbers["file_bytes"], tuple(extents), digest)
    end = seal.block_bytes
    for offset, size in seal.data:
        if offset < end or size < 0 or offset + size > seal.file_bytes:
            raise ValueError("extents overlap")
        end = offset + size
    if seal.text() != block:
        raise ValueError("another text")
    return seal


def _digest(file: int, seal: Seal) -> str:
    sha256 = hashlib.sha256(
        Seal(seal.block_bytes, seal.file_bytes, seal.data, "0" * 64).text())
    at = seal.block_bytes
    for offset, size in (*seal.data, (seal.file_bytes, 0)):
        while at < offset:
            piece = os.pread(file, min(PIECE_BYTES, offset - at), at)
            if not piece:
                return ""  # cut short meanwhile
            sha256.update(piece)
            at += len(piece)
        at = offset + size
    return sha256.hexdigest()


def check_seal(path: pathlib.Path) -> bool:
    """Check the seal of a file, if it has one.

    Returns
    -------
    bool
        Whether the file is sealed; then it is whole but for the values in its arrays.

    Raises
    ------
    InputError
        The file is damaged or cut short.
    OSError
        It cannot be read.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        head = os.pread(file, SMALLEST_BLOCK_BYTES, 0)
        if not head.startswith(MAGIC):
            return False
        damaged = InputError(f"{path}: damaged: the seal in its first bytes cannot be read")
        try:
            size = int(head.split(b"block_bytes ", 1)[1].split(b"\n", 1)[0])
            if not SMALLEST_BLOCK_BYTES <= size <= LARGEST_BLOCK_BYTES:
                raise ValueError("no size of a block")
            there = os.fstat(file).st_size
            block = os.pread(file, size, 0)
            if len(block) < size:
                raise InputError(f"{path}: not a complete HDF5 file ({there} bytes, cut "
                                 "short)")
            seal = _parse(block)
        except (ValueError, IndexError, KeyError, UnicodeDecodeError):
            raise damaged from None
        if seal.file_bytes != there:
            raise InputError(f"{path}: not a complete HDF5 file ({there} bytes; it was "
                             f"written with {seal.file_bytes})")
        if _digest(file, seal) != seal.digest:
            raise InputError(f"{path}: damaged or changed: its structure (all but the "
                             "arrays) does not have the bytes it was written with")
        return True
    finally:
        os.close(file)


def write_seal(path: pathlib.Path, block_bytes: int,
               extents: "list[tuple[int, int]]") -> None:
    """Seal a closed file that has a user block of `block_bytes`."""
    joined: "list[tuple[int, int]]" = []
    for offset, size in sorted(extent for extent in extents if extent[1] > 0):
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + size)
        else:
            joined.append((offset, size))
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        seal = Seal(block_bytes, os.fstat(file).st_size, tuple(joined), "0" * 64)
        text = Seal(seal.block_bytes, seal.file_bytes, seal.data, _digest(file, seal)).text()
        os.pwrite(file, text, 0)
    finally:
        os.close(file)
