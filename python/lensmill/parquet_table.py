"""A table in Parquet, column by column. Needs pyarrow, which Debian does not package."""

import pathlib
from typing import Any, Dict, List

import h5py
import numpy

from lensmill.errors import InputError


class ParquetTable:
    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.file = open_parquet(path)
        schema = self.file.schema_arrow
        self.names: List[str] = schema.names
        self.rows: int = self.file.metadata.num_rows
        self.units = units_of(schema)

    def column(self, name: str) -> Any:
        """One column: an array that HDF5 has a type for. Raises InputError."""
        where = f"{self.path}: column {name}"
        # One column at a time is in memory.
        table = self.file.read(columns=[name])
        if table.num_columns != 1:
            raise InputError(f"{where}: is a structure of {table.num_columns} columns; "
                             "flatten it before")
        return array_of(where, whole(table.column(0)))


def open_parquet(path: pathlib.Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(
            f"{path}: reading Parquet needs the Python package pyarrow, which this Python "
            f"cannot load ({error}; Debian has no package of it): python3 -m venv ENV && "
            "ENV/bin/pip install pyarrow h5py astropy, then ENV/bin/python3 -m lensmill "
            "table-to-hdf5 ...")
    try:
        return pyarrow.parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise InputError(f"{path}: not a Parquet file ({error})")


def units_of(schema: Any) -> Dict[str, str]:
    """By the metadata of the fields, or of astropy."""
    units: Dict[str, str] = {}
    for field in schema:
        for key in (b"unit", b"units"):
            if field.metadata and key in field.metadata:
                units.setdefault(field.name, field.metadata[key].decode())
    header = (schema.metadata or {}).get(b"table_meta_yaml")
    if header is not None:
        try:
            from astropy.table import meta
        except ImportError:
            raise InputError("the file's units are in astropy's metadata; install astropy "
                             "(python3-astropy) to read them")
        for column in meta.get_header_from_yaml(header.decode().split("\n"))["datatype"]:
            if "unit" in column:
                units.setdefault(column["name"], str(column["unit"]))
    return units


def first_null(column: Any) -> int:
    return int(numpy.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0]) + 1


def whole(column: Any) -> Any:
    """The chunks of a column as one array."""
    import pyarrow
    return pyarrow.concat_arrays(column.chunks) if column.num_chunks else pyarrow.array(
        [], column.type)


def array_of(where: str, column: Any) -> Any:
    """An array of Arrow as an array that HDF5 has a type for. \\raises InputError"""
    from pyarrow import types
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        if column.null_count:
            raise InputError(f"{where}: row {first_null(column)} is null")
        rows = len(column)
        sizes = numpy.array([len(row) for row in column]) if rows else numpy.zeros(0)
        if rows and (sizes != sizes[0]).any():
            odd = int(numpy.flatnonzero(sizes != sizes[0])[0])
            raise InputError(f"{where}: row {odd + 1} has {sizes[odd]} values, row 1 has "
                             f"{sizes[0]}")
        return array_of(where, column.flatten()).reshape(rows, -1)
    if types.is_string(kind) or types.is_large_string(kind):
        # A null is an empty text: a text column has no other mark.
        texts = [(text or "").encode() for text in column.to_pylist()]
        length = max(map(len, texts), default=1) or 1
        return numpy.array(texts, h5py.string_dtype("utf-8", length))
    if types.is_floating(kind):
        values = column.to_numpy(zero_copy_only=False)  # nulls are NaN
        return values.astype("f4") if values.dtype == "f2" else values
    if types.is_integer(kind) or types.is_boolean(kind):
        if column.null_count:
            raise InputError(
                f"{where}: row {first_null(column)} is null, for which {kind} has no mark; "
                "fill it before, or leave the column out by --columns")
        return column.to_numpy(zero_copy_only=False)
    raise InputError(f"{where}: is of type {kind}, which has no place in HDF5 here; leave "
                     "it out by --columns")
