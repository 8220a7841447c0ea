"""A run, opened for reading."""

import json
import os
import pathlib
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from lensmill import rgb as colour
from lensmill.columns import Columns
from lensmill.errors import InputError, NotThere
from lensmill.images import Images
from lensmill.layout import NO_SHARD_YET, Layout, load_config, open_layout, selection_of
from lensmill.rows import row_numbers
from lensmill.select import rows_where
from lensmill.table_file import TableFile


@dataclass(frozen=True)
class Input:
    """A file that a run was made from."""

    role: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """How a run was made, as its first shard says it.

    Attributes
    ----------
    facts : dict
        Software, commit, compiler, machine, seed, times, ...
    inputs : list of Input
    resolved_yaml : str
        The configuration as run, all defaults filled in.
    config : dict
        The same as a tree; scalars are texts.
    psf_self_test : str
    selection : dict or None
        With `catalogue.keep`: what became of the first shard's candidates.
    document : dict or None
        RUN/provenance.json (W3C PROV) of all jobs, if it is there.
    """

    facts: Dict[str, Any]
    inputs: List[Input]
    resolved_yaml: str
    config: Dict[str, Any]
    psf_self_test: str
    selection: Optional[Dict[str, Any]]
    document: Optional[Dict[str, Any]]


class Run:
    """A run of lensmill: complete, in progress, interrupted or moved, with NAME.h5 or
    without. Made by `lensmill.open`.

    Rows are numbered as in NAME.h5. Rows that are not there (yet) are masked wherever they
    would be read; a shard that is there but cannot be read raises. A run can be pickled and
    used after a fork: each process opens the files itself.

    Attributes
    ----------
    images : Images
        ``run.images["positive"][i]``: stamps [band, y, x].
    catalogue, measurements, carried : Columns
        The truth of each injection; what was measured; the user's own columns.
    bands : tuple of str
        In the order of all axes of bands.
    aperture_radius_pix : tuple of float
        In the order of all axes of radii.
    """

    def __init__(self, layout: Layout, path: pathlib.Path, max_open_files: Optional[int]
                 ) -> None:
        self._path = path
        self._limit = max_open_files
        self._set(layout)

    def _set(self, layout: Layout) -> None:
        self._table = TableFile(layout, self._limit)
        self.images = Images(self._table)
        self.catalogue = Columns(self._table, "catalogue")
        self.measurements = Columns(self._table, "measurements")
        self.carried = Columns(self._table, "catalogue/carried")
        self.bands: Tuple[str, ...] = layout.bands
        self.aperture_radius_pix: Tuple[float, ...] = layout.aperture_radius_pix

    @property
    def table(self) -> TableFile:
        """All datasets as stored."""
        return self._table

    @property
    def path(self) -> pathlib.Path:
        """The run's folder, or the file that was opened."""
        return self._path

    @property
    def name(self) -> str:
        return self._table.layout.name

    @property
    def config_hash(self) -> str:
        """SHA-256 of what configuration and input files decide; empty before the first
        shard."""
        return self._table.layout.config_hash

    def __len__(self) -> int:
        """Rows that can be numbered now: those that the run is to have, or with
        `catalogue.keep` those that are known (up to the first shard that is missing)."""
        return self._table.layout.rows

    @property
    def wanted_rows(self) -> int:
        """Rows that the run is to have."""
        return self._table.layout.wanted_rows

    def there(self) -> "NDArray[np.bool_]":
        """[rows]: which rows are there now."""
        return self._table.there()

    @property
    def complete(self) -> bool:
        """Whether all rows that the run is to have are there."""
        return len(self) == self.wanted_rows and bool(self.there().all())

    def refresh(self) -> "Run":
        """Look again at the folder of a run in progress: its rows, of a run that was
        extended or that keeps some of its rows only, may be more. Gives the run itself."""
        self.close()
        self._set(open_layout(self._path))
        return self

    def close(self) -> None:
        """Close all files; reading opens them again."""
        self._table.files.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (f"<lensmill run {self.name}: {len(self)} rows, bands "
                f"{', '.join(self.bands)}, {self._path}>")

    def where(self, *, include_failed: bool = False, **criteria: Any
              ) -> "NDArray[np.int64]":
        """Numbers of the rows that meet all criteria, ascending.

        Parameters
        ----------
        include_failed : bool
            Also rows with a status from 10 on, which are left out without this.
        **criteria
            A column of measurements, catalogue or carried columns, perhaps narrowed
            (``**{"arc_snr.r": (40, None)}``): a tuple (lowest, highest) of which None or an
            infinity is no bound, both included as in `catalogue.keep`; a list, set or array
            of values; one value; or a function of the column that gives a mask. Undefined
            values (NaN) meet none; rows that are not there are left out.
        """
        return rows_where(self._table, (self.measurements, self.catalogue, self.carried),
                          criteria, include_failed)

    def column(self, name: str, rows: Any = slice(None)) -> Any:
        """A column by name alone, of measurements, catalogue or carried columns."""
        from lensmill.select import find_column
        columns = find_column((self.measurements, self.catalogue, self.carried), name,
                              str(self._path))
        return columns.read(name, rows)

    def look(self, row: int, *, bands: Optional[Sequence[str]] = None,
             balance: Optional[Dict[str, float]] = None) -> colour.Look:
        """How the stamps of a row are made pictures of: by its `positive` (or the first
        product) and the noise of its `negative`, so that the pictures of a pair can be
        compared."""
        if not self.images.names():
            raise InputError(f"{self._path}: has no images to look at")
        product = "positive" if "positive" in self.images else self.images.names()[0]
        look = colour.look_of(self.bands, f"{self._path}: rgb", wanted=bands,
                              balance=balance)
        sky = self.stamp("negative", row) if "negative" in self.images else None
        return look.for_stamp(self.stamp(product, row), sky)

    def stamp(self, product: str, row: int) -> "NDArray[np.float32]":
        """One stamp [band, y, x] that must be there. \\raises NotThere"""
        number = row_numbers(row, len(self), f"{self._path}: {product}")[0][:1]
        return np.asarray(self.images[product].read_all(number)[0])

    def rgb(self, row: int, product: str = "positive", *,
            bands: Optional[Sequence[str]] = None,
            balance: Optional[Dict[str, float]] = None, minimum: Optional[float] = None,
            stretch: Optional[float] = None, q: Optional[float] = None
            ) -> "NDArray[np.float64]":
        """A colour picture [y, x, 3] in [0, 1] of one stamp, by Lupton et al. 2004
        (PASP 116, 133; `lensmill.rgb`): ``matplotlib.pyplot.imshow(run.rgb(7),
        origin="lower")``.

        Parameters
        ----------
        row : int
        product : str
        bands : three names, red first, or one; optional
            Without: the reddest, the middle and the bluest band.
        balance : dict of band to float, optional
            Factors of the bands. Without: the Legacy Surveys' for g, r, i, z, else 1.
        minimum, stretch, q : float, optional
            m, 1/alpha and Q of the paper, for images times balance. Without: black two
            sigmas below the sky, the brightest pixel of the row's `positive` 1, and a Q by
            which the sky is dark grey.
        """
        look = self.look(row, bands=bands, balance=balance)
        given = {"minimum": minimum, "stretch": stretch, "q": q}
        if stretch is not None and not stretch > 0 or q is not None and not q > 0:
            raise InputError(f"{self._path}: rgb: stretch and q must be above 0 (got "
                             f"{stretch}, {q})")
        look = replace(look, **{name: float(value) for name, value in given.items()
                                if value is not None})
        return look.picture(self.stamp(product, row))

    @property
    def provenance(self) -> Provenance:
        """How the run was made."""
        layout = self._table.layout
        if layout.example is None:
            raise NotThere(f"{layout.folder}: {NO_SHARD_YET}")
        with self._table.files.lock:
            file = self._table.files.get(layout.example)
            group = file["provenance"]
            facts = {name: value.item() if isinstance(value, np.generic) else value
                     for name, value in group.attrs.items()}
            parts = [[text.decode() for text in group[f"input_{part}"][:]]
                     if f"input_{part}" in group else []
                     for part in ("role", "path", "sha256")]
            text, test = (group[name][()].decode() if name in group else ""
                          for name in ("resolved_yaml", "psf_self_test"))
            selection = selection_of(file)
        document = None
        json_path = layout.folder / "provenance.json"
        if not layout.single and json_path.exists():
            try:
                document = json.loads(json_path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise InputError(f"{json_path}: not JSON ({error})") from None
        return Provenance(facts, [Input(*one) for one in zip(*parts)], text,
                          load_config(text, str(layout.example)), test, selection, document)


def open_run(path: "Union[str, os.PathLike[str]]", *, max_open_files: Optional[int] = None
             ) -> Run:
    """Open a run for reading.

    Parameters
    ----------
    path : str or path
        The run's folder; NAME.h5 or run.yaml in it; a shard; or a file that
        ``python -m lensmill merge`` has made.
    max_open_files : int, optional
        Shards held open at a time, those used last. Without: 64, or a quarter of what the
        process may open if that is less.

    Raises
    ------
    InputError
        No run there, a damaged file, a format that this package does not know.
    OSError
        The system does not let us look.
    """
    if max_open_files is not None and max_open_files < 1:
        raise ValueError(f"max_open_files must be 1 or more (got {max_open_files})")
    given = pathlib.Path(path)
    layout = open_layout(given)
    return Run(layout, given if layout.single else layout.folder, max_open_files)
