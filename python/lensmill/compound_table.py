"""A compound dataset of HDF5 (astropy's Table.write, a structured array by h5py), column
by column, as astropy reads it: units and masks are in metadata of its own."""

import pathlib
from typing import Any, Dict, List, Optional

import h5py
import numpy

from lensmill.errors import InputError


def compound_tables(file: h5py.File) -> List[str]:
    """Paths of all one-dimensional compound datasets."""
    found: List[str] = []

    def look(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.names and item.ndim == 1:
            found.append(path)

    file.visititems(look)
    return found


def choose(path: pathlib.Path, wanted: Optional[str]) -> str:
    """The dataset to read. Raises InputError."""
    try:
        file = h5py.File(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read as HDF5 ({error})")
    with file:
        found = compound_tables(file)
        if not found:
            raise InputError(f"{path}: has no compound dataset; a file of one dataset per "
                             "column is read as it is")
        if wanted is None and len(found) > 1:
            raise InputError(f"{path}: has {len(found)} compound datasets; choose by "
                             f"--dataset (there are: {', '.join(found)})")
        name = found[0] if wanted is None else wanted.strip("/")
        if name not in found:
            raise InputError(f"{path}: has no compound dataset {wanted} (there are: "
                             f"{', '.join(found)})")
        if "pandas_type" in file[name].parent.attrs or "pandas_type" in file[name].attrs:
            raise InputError(f"{path}: {name} is in a layout of pandas' own (to_hdf); "
                             "write it by DataFrame.to_parquet and convert that")
    return name


class CompoundTable:
    def __init__(self, path: pathlib.Path, dataset: Optional[str]) -> None:
        try:
            from astropy.table import Table
        except ImportError as error:
            raise InputError(f"{path}: reading a compound dataset needs astropy "
                             f"(python3-astropy): {error}")
        self.path = path
        self.table = Table.read(path, path=choose(path, dataset), format="hdf5")
        self.names: List[str] = self.table.colnames
        self.rows = len(self.table)
        self.units: Dict[str, str] = {
            name: str(self.table[name].unit) for name in self.names
            if getattr(self.table[name], "unit", None) is not None}

    def column(self, name: str) -> Any:
        """One column: an array that HDF5 has a type for. Raises InputError."""
        from astropy.table import Column
        where = f"{self.path}: column {name}"
        column = self.table[name]
        if not isinstance(column, Column):
            raise InputError(f"{where}: is a {type(column).__name__}, not plain numbers or "
                             "texts; leave it out by --columns, or write it as columns")
        values = numpy.asarray(column)
        mask = numpy.broadcast_to(getattr(column, "mask", False), values.shape)
        if values.dtype.kind in "SUO":
            return texts_of(where, values, mask)
        if values.dtype.kind not in "biuf":
            raise InputError(f"{where}: is of type {values.dtype}, which has no place here; "
                             "leave it out by --columns")
        if not mask.any():
            return values
        if values.dtype.kind != "f":
            row = int(numpy.argwhere(mask)[0][0]) + 1
            raise InputError(f"{where}: row {row} is masked, for which {values.dtype} has "
                             "no mark; fill it before, or leave the column out by --columns")
        return numpy.where(mask, numpy.nan, values)


def texts_of(where: str, values: Any, mask: Any) -> Any:
    """Masked texts are empty: a text column has no other mark."""
    texts = []
    for value, masked in zip(values.ravel(), mask.ravel(), strict=True):
        if not isinstance(value, (str, bytes)):
            raise InputError(f"{where}: contains {type(value).__name__}, neither numbers "
                             "nor texts; leave it out by --columns")
        text = value.encode() if isinstance(value, str) else bytes(value)
        texts.append(b"" if masked else text)
    length = max(map(len, texts), default=1) or 1
    return numpy.array(texts, h5py.string_dtype("utf-8", length)).reshape(values.shape)
