"""NumPy stacks of host cutouts, [n, band, y, x] in .npy or .npz, as the HDF5 file that
`host.cutouts: {file: ..., dataset: images}` reads."""

import argparse
import pathlib
import zipfile
from typing import Any, Optional

import h5py
import numpy

from lensmill.errors import InputError
from lensmill.writing import whole_file

BLOCK_BYTES = 64 << 20


def add_command(commands: Any) -> None:
    parser = commands.add_parser(
        "stack-to-hdf5", help="host cutouts in .npy or .npz as HDF5", description=__doc__)
    parser.add_argument("stack", type=pathlib.Path, help=".npy or .npz")
    parser.add_argument("output", type=pathlib.Path, help="HDF5 file to make")
    parser.add_argument("--bands", required=True, metavar="g,r,z",
                        help="bands of the stack's second axis, in order: attribute "
                        "`bands` of the file, by which lensmill finds them")
    parser.add_argument("--images", metavar="NAME",
                        help=".npz: the array of the images (needed where there are "
                        "several)")
    parser.add_argument("--weights", metavar="NAME",
                        help="array of the .npz, or .npy file, with weights of the same "
                        "shape: dataset `weights`")
    parser.add_argument("--ids", metavar="NAME",
                        help="array of the .npz, or .npy file, with a whole number or a "
                        "text for each host: dataset `ids`")
    parser.add_argument("--unit", default="",
                        help="unit of the images, e.g. nanomaggy: lensmill compares it "
                        "with the configuration")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace the output if it is there")
    parser.set_defaults(run=run)


class Stack:
    """The arrays of a .npz by name, or the one of a .npy under no name. A .npy is read
    block by block; an array of a .npz is unpacked whole when it is asked for."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        try:
            self.file: Any = numpy.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: not a NumPy file of plain arrays ({error})")
        self.is_npz = isinstance(self.file, numpy.lib.npyio.NpzFile)

    def images(self, name: Optional[str]) -> Any:
        if not self.is_npz:
            if name:
                raise InputError(f"{self.path}: --images is for .npz; a .npy contains one "
                                 "array")
            return self.file
        names = self.file.files
        if name is None and len(names) != 1:
            raise InputError(f"{self.path}: contains {len(names)} arrays "
                             f"({', '.join(names)}); say by --images which are the images")
        return self.array(name or names[0])

    def array(self, name: str) -> Any:
        """Of this file, or of the .npy file that is named."""
        if self.is_npz and name in self.file.files:
            try:
                return self.file[name]
            except (ValueError, zipfile.BadZipFile) as error:
                raise InputError(f"{self.path}: {name}: cannot be read ({error})")
        if name.endswith(".npy"):
            return Stack(pathlib.Path(name)).images(None)
        known = f" (it has {', '.join(self.file.files)})" if self.is_npz else ""
        raise InputError(f"{self.path}: has no array {name}{known}")


def check_pixels(array: Any, what: object) -> None:
    if array.ndim != 4 or 0 in array.shape:
        raise InputError(f"{what}: has shape {list(array.shape)}, but [n, band, y, x] is "
                         "needed")
    if array.dtype.kind not in "fiu":
        raise InputError(f"{what}: is of type {array.dtype}, but numbers are needed")


def write_pixels(file: h5py.File, name: str, array: Any, unit: str, description: str
                 ) -> None:
    dataset = file.create_dataset(name, array.shape, "<f4",
                                  chunks=(1, 1, *array.shape[2:]), track_times=False)
    dataset.attrs["unit"] = unit
    dataset.attrs["description"] = description
    step = max(1, BLOCK_BYTES // max(1, 8 * int(numpy.prod(array.shape[1:]))))
    for first in range(0, len(array), step):
        dataset[first:first + step] = array[first:first + step].astype("f4")


def ids_of(array: Any, count: int, what: str) -> Any:
    if array.shape != (count,):
        raise InputError(f"{what}: has shape {list(array.shape)}, but [{count}] is needed, "
                         "an id for each host")
    if array.dtype.kind in "iu":
        if array.max() > numpy.iinfo("i8").max:
            raise InputError(f"{what}: has ids beyond 64 bits with sign")
        return array.astype("<i8")
    if array.dtype.kind == "U":
        return numpy.char.encode(array, "utf-8")
    if array.dtype.kind == "S":
        return numpy.asarray(array)
    raise InputError(f"{what}: is of type {array.dtype}, but whole numbers or texts are "
                     "needed")


def run(options: argparse.Namespace) -> None:
    stack = Stack(options.stack)
    images = stack.images(options.images)
    check_pixels(images, f"{options.stack}: the images")
    bands = options.bands.split(",")
    if len(bands) != images.shape[1] or len(set(bands)) != len(bands):
        raise InputError(f"{options.stack}: the images have {images.shape[1]} bands, but "
                         f"--bands names {options.bands}")
    weights = stack.array(options.weights) if options.weights else None
    if weights is not None:
        check_pixels(weights, options.weights)
        if weights.shape != images.shape:
            raise InputError(f"{options.weights}: has shape {list(weights.shape)}, but the "
                             f"images have {list(images.shape)}")
    ids = None
    if options.ids:
        ids = ids_of(stack.array(options.ids), len(images), options.ids)
    with whole_file(options.output, options.overwrite) as partial:
        with h5py.File(partial, "w") as file:
            file.attrs["bands"] = bands
            write_pixels(file, "images", images, options.unit, "host cutouts")
            if weights is not None:
                # What they are is said in the configuration: weight: {kind: ...}.
                write_pixels(file, "weights", weights, "", "weights of the images")
            if ids is not None:
                file.create_dataset("ids", data=ids, track_times=False)
    print(f"{options.output}: {len(images)} hosts of {images.shape[1]} bands, "
          f"{images.shape[2]} x {images.shape[3]} pixels")
