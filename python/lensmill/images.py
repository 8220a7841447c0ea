"""The stamps of a run."""

from collections.abc import Iterator, Mapping
from typing import Any, List, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError, NotThere, unknown
from lensmill.masked import ma
from lensmill.rows import Rows, row_numbers
from lensmill.table_file import TableFile

NOT_A_NUMBER = -32768  # of int16 stamps


class ImageProduct:
    """Stamps of one product, [row, band, y, x] in float32, whatever their encoding.

    ``product[key]`` with a number, a slice, a list or a mask of rows gives a
    `numpy.ma.MaskedArray`: stamps of rows that are not there (yet) are masked, with NaN
    beneath the mask. A tuple goes on to the other axes; a band may be called by its name:
    ``product[:100, "r"]``. Pixels that are undefined are NaN, and not masked.
    """

    def __init__(self, table: TableFile, name: str) -> None:
        self._table = table
        self._info = table.info(f"images/{name}")
        self.name = name
        self._where = f"{table.layout.folder}: images/{name}"
        kind = self._info.dtype
        self._scaled = kind == np.int16
        if not self._scaled and kind != np.float32:
            raise InputError(f"{self._where}: is of type {kind}, but float32 or int16 is "
                             "expected")
        bands = len(table.layout.bands)
        if len(self._info.row_shape) != 3 or self._info.row_shape[0] != bands:
            raise InputError(f"{self._where}: stamps have shape "
                             f"{list(self._info.row_shape)}, but the run has the bands "
                             f"{', '.join(table.layout.bands)}")
        self.unit = self._info.unit
        if self._scaled:
            for part in ("scale", "offset"):
                other = f"images/{name}_{part}"
                if other not in table.datasets:
                    raise InputError(f"{self._where}: is int16, but has no {other}: its "
                                     "values cannot be known")
                if table.datasets[other].row_shape != (bands,):
                    raise InputError(f"{self._where}: {other} has shape "
                                     f"{list(table.datasets[other].row_shape)} a row, "
                                     f"[{bands}] is expected")
            self.unit = table.datasets[f"images/{name}_offset"].unit

    @property
    def description(self) -> str:
        return self._info.description

    @property
    def bands(self) -> Tuple[str, ...]:
        """Names of the bands, in the order of axis 1."""
        return self._table.layout.bands

    @property
    def shape(self) -> Tuple[int, ...]:
        return (self._table.layout.rows, *self._info.row_shape)

    @property
    def dtype(self) -> "np.dtype[Any]":
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return self._table.layout.rows

    def __repr__(self) -> str:
        return (f"<{self.name}: {list(self.shape)} [row, band, y, x], bands "
                f"{', '.join(self.bands)}, {self.unit or 'no unit'}>")

    def band_index(self, band: Any) -> Any:
        """The index of a band's name, of names in a list too; else `band` itself."""
        if isinstance(band, str):
            if band not in self.bands:
                raise unknown(self._where, "band", band, self.bands)
            return self.bands.index(band)
        if isinstance(band, (list, tuple)) and any(isinstance(one, str) for one in band):
            return [self.band_index(one) for one in band]
        return band

    def read(self, rows: Rows, *, out: "NDArray[np.float32] | None" = None
             ) -> "Tuple[NDArray[np.float32], NDArray[np.bool_]]":
        """Stamps [len(rows), band, y, x] and which of them are there; NaN where not."""
        if not self._scaled:
            values, there = self._table.read(self._info.name, rows, out=out)
            return values, there
        stored, there = self._table.read(self._info.name, rows)
        scale, scale_there = self._table.read(f"{self._info.name}_scale", rows)
        offset, offset_there = self._table.read(f"{self._info.name}_offset", rows)
        there &= scale_there & offset_there
        if out is None:
            out = np.empty(stored.shape, np.float32)
        decoded = stored * scale[:, :, None, None]
        decoded += offset[:, :, None, None]
        out[...] = decoded
        out[stored == NOT_A_NUMBER] = np.nan
        out[~there] = np.nan
        return out, there

    def read_all(self, rows: Rows, *, out: "NDArray[np.float32] | None" = None
                 ) -> "NDArray[np.float32]":
        """Stamps that must be there. \\raises NotThere, naming the first that is not"""
        values, there = self.read(rows, out=out)
        if not there.all():
            raise NotThere(f"{self._where}: row {int(rows[~there][0])} is not there (its "
                           "shard has not been made, or was removed)")
        return values

    def __getitem__(self, key: Any) -> Any:
        first, rest = (key[0], key[1:]) if isinstance(key, tuple) and key else (key, ())
        rows, single = row_numbers(first, len(self), self._where)
        values, there = self.read(rows)
        mask: Any = ma.nomask
        if not there.all():
            mask = np.broadcast_to(~there[:, None, None, None], values.shape)
        stamps = ma.MaskedArray(values, mask=mask, fill_value=np.nan)
        if rest:
            rest = (self.band_index(rest[0]), *rest[1:])
            stamps = stamps[(slice(None), *rest)]
        return stamps[0] if single else stamps


class Images(Mapping[str, ImageProduct]):
    """The products of a run by name: ``run.images["positive"]``. Also `variance` and
    `mask` where the run has them."""

    def __init__(self, table: TableFile) -> None:
        self._table = table

    def names(self) -> List[str]:
        names = [name.split("/", 1)[1] for name in self._table.datasets
                 if name.startswith("images/")]
        coded = [name for name in names
                 if self._table.datasets[f"images/{name}"].dtype == np.int16]
        parts = {f"{name}_{part}" for name in coded for part in ("scale", "offset")}
        return [name for name in names if name not in parts]

    def __getitem__(self, name: str) -> ImageProduct:
        if self._table.datasets and name not in self.names():
            raise unknown(f"{self._table.layout.folder}: images", "product", name,
                          self.names())
        return ImageProduct(self._table, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def __repr__(self) -> str:
        return f"<images: {', '.join(self.names())}>"
