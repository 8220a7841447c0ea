"""The catalogue and the measurements of a run as columns and tables."""

from collections.abc import Iterator, Mapping
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from lensmill.errors import InputError, needs, unknown
from lensmill.masked import ma
from lensmill.rows import row_numbers
from lensmill.table_file import Info, TableFile


class Columns(Mapping[str, Any]):
    """Columns by name, each read when it is asked for.

    ``columns["theta_e_arcsec"]`` is a `numpy.ma.MaskedArray` of all rows; rows that are not
    there (yet) are masked. Values that are undefined are NaN, and not masked.
    ``columns.to_table()`` and ``columns.to_pandas()`` give tables.

    A column with axes for bands and aperture radii may be narrowed by their names:
    ``columns["arc_snr.r"]``, ``columns["core_flux_fraction.r.5"]`` (radius 5 pix).
    """

    def __init__(self, table: TableFile, group: str) -> None:
        self._table = table
        self._group = group
        self._where = f"{table.layout.folder}: {group}"

    def names(self) -> List[str]:
        prefix = self._group + "/"
        return [name[len(prefix):] for name in self._table.datasets
                if name.startswith(prefix) and "/" not in name[len(prefix):]]

    def _info(self, name: str) -> Info:
        return self._table.info(f"{self._group}/{name}")

    def unit(self, name: str) -> str:
        """Unit of a column; empty for a pure number."""
        return self._info(self.split(name)[0]).unit

    def description(self, name: str) -> str:
        return self._info(self.split(name)[0]).description

    def axes(self, name: str) -> Tuple[str, ...]:
        """Names of the axes of `columns[name]` behind that of the rows."""
        column, index = self.split(name)
        return self._info(column).axes[len(index):]

    def labels(self, axis: str, length: int) -> Tuple[str, ...]:
        """What the places of an axis are called."""
        names: Tuple[str, ...] = ()
        if axis == "band":
            names = self._table.layout.bands
        elif axis == "radius":
            names = tuple(f"{radius:g}" for radius in
                          self._table.layout.aperture_radius_pix)
        return names if len(names) == length else tuple(map(str, range(length)))

    def split(self, name: str) -> Tuple[str, Tuple[int, ...]]:
        """"core_flux_fraction.r.5" as the column's name and indices of its axes.

        Raises
        ------
        UnknownName
            No such column, band or radius; the message names those that are there.
        """
        known = self.names()
        if name in known or not self._table.datasets:
            return name, ()
        column = next((other for other in sorted(known, key=len, reverse=True)
                       if name.startswith(other + ".")), None)
        if column is None:
            raise unknown(self._where, "column", name, known)
        info = self._info(column)
        index: List[int] = []
        rest = name[len(column) + 1:]
        while rest and len(index) < len(info.row_shape):
            axis = info.axes[len(index)]
            labels = self.labels(axis, info.row_shape[len(index)])
            label = next((one for one in sorted(labels, key=len, reverse=True)
                          if rest == one or rest.startswith(one + ".")), None)
            if label is None:
                raise unknown(f"{self._where}/{column}", axis, rest, labels)
            index.append(labels.index(label))
            rest = rest[len(label) + 1:]
        if rest:
            raise unknown(f"{self._where}/{column}", "further axis", rest, info.axes)
        return column, tuple(index)

    def read(self, name: str, rows: Any = slice(None)) -> Any:
        """Rows of a column, masked where they are not there.

        Parameters
        ----------
        name : str
            Perhaps narrowed: "arc_snr.r".
        rows : int, slice, list or mask
        """
        column, index = self.split(name)
        info = self._info(column)
        numbers, single = row_numbers(rows, self._table.layout.rows, self._where)
        values, there = self._table.read(info.name, numbers)
        if info.dtype.kind == "S":
            try:
                values = np.char.decode(values, "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(f"{self._where}/{name}: not UTF-8 ({error})") from None
        mask: Any = ma.nomask
        if not there.all():
            mask = np.broadcast_to(
                (~there).reshape(-1, *(1,) * (values.ndim - 1)), values.shape)
        array = ma.MaskedArray(values, mask=mask)[(slice(None), *index)]
        return array[0] if single else array

    def __getitem__(self, name: str) -> Any:
        return self.read(name)

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and (self.split(name)[0] in self.names())
        except InputError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def __repr__(self) -> str:
        return f"<{self._group}: {len(self)} columns of {self._table.layout.rows} rows>"

    def _chosen(self, columns: Optional[Sequence[str]]) -> List[str]:
        if isinstance(columns, str):
            raise TypeError("columns: a list of names is needed, not one text")
        return list(self.names() if columns is None else columns)

    def to_table(self, columns: Optional[Sequence[str]] = None, rows: Any = slice(None)
                 ) -> Any:
        """An `astropy.table.Table` with units and descriptions.

        Parameters
        ----------
        columns : list of str, optional
            Without: all.
        rows : slice, list or mask, optional
            Rows that are not there are masked (`run.there()` tells them apart).
        """
        try:
            from astropy.table import Column, MaskedColumn, Table
        except ImportError as error:
            raise needs("astropy", "to_table", error) from error
        table = Table(meta=self._meta())
        for name in self._chosen(columns):
            values = ma.atleast_1d(self.read(name, rows))
            unit = astropy_unit(self.unit(name))
            if ma.getmask(values) is ma.nomask:
                table[name] = Column(values.data, unit=unit,
                                     description=self.description(name))
            else:
                table[name] = MaskedColumn(values, unit=unit,
                                           description=self.description(name))
        return table

    def to_pandas(self, columns: Optional[Sequence[str]] = None, rows: Any = slice(None)
                  ) -> Any:
        """A `pandas.DataFrame` indexed by row number. Columns with axes become one for each
        place of them, named as in brackets: `arc_snr.r`. Units are in ``frame.attrs
        ["units"]``; rows that are not there are NA (whole numbers become pandas' Int64)."""
        try:
            import pandas
        except ImportError as error:
            raise needs("pandas", "to_pandas", error) from error
        numbers, _ = row_numbers(rows, self._table.layout.rows, self._where)
        series: Dict[str, Any] = {}
        units: Dict[str, str] = {}
        for name in self._chosen(columns):
            values = ma.atleast_1d(self.read(name, numbers))
            for label, part in self.flat(name, values):
                series[label] = _pandas_array(pandas, part)
                units[label] = self.unit(name)
        frame = pandas.DataFrame(series, index=pandas.Index(numbers, name="row"))
        frame.attrs.update(self._meta(), units=units)
        return frame

    def flat(self, name: str, values: Any) -> Iterator[Tuple[str, Any]]:
        """A column [row, ...] as columns [row] with the names of their places."""
        column, index = self.split(name)
        info = self._info(column)
        axes, shape = info.axes[len(index):], info.row_shape[len(index):]
        labels = [self.labels(axis, length) for axis, length in zip(axes, shape)]
        for place in np.ndindex(*shape):
            label = ".".join((name, *(labels[k][p] for k, p in enumerate(place))))
            yield label, values[(slice(None), *place)]

    def _meta(self) -> Dict[str, str]:
        layout = self._table.layout
        return {"run": layout.name, "group": self._group, "config_hash": layout.config_hash}


def _pandas_array(pandas: Any, values: Any) -> Any:
    mask = ma.getmaskarray(values)
    if not mask.any():
        return values.data
    if values.dtype.kind in "iu":
        return pandas.arrays.IntegerArray(values.data.copy(), mask.copy())
    if values.dtype.kind == "U":
        texts = values.data.astype(object)
        texts[mask] = None
        return pandas.array(texts, dtype="string")
    return values.filled(np.nan)


def astropy_unit(unit: str) -> Any:
    """`nmgy2`, `nmgy/pix`, `km/s`, ... as astropy has them; nothing for a pure number."""
    if not unit:
        return None
    from astropy import units
    try:
        return units.Unit(unit)
    except ValueError as error:
        raise InputError(f"unit `{unit}`: astropy does not know it ({error})") from None
