"""Parquet tables of all columns, with the stamps beside them in .npz files."""

import pathlib
from collections.abc import Sequence
from typing import Any, Dict, Optional

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import needs
from lensmill.export.common import prepare, whole_folder
from lensmill.run import Run

ROWS_PER_FILE = 4096


def write_parquet(run: Run, folder: pathlib.Path, *,
                  rows: "Optional[NDArray[np.int64]]" = None,
                  products: "Optional[Sequence[str]]" = None,
                  columns: "Optional[Sequence[str]]" = None,
                  rows_per_file: int = ROWS_PER_FILE) -> int:
    """Write rows as `FOLDER/RUN-000000.parquet`, ... and `.npz` files of the same names,
    with an index.json.

    A column with axes has one for each of their places (`arc_snr.r`), `row` comes first;
    units are in the metadata `unit` of each field (`python3 -m lensmill table-to-hdf5` knows
    them). The .npz has `row` and each product as [row, band, y, x] in the same order.

    Returns
    -------
    int
        Rows written.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise needs("pyarrow", "writing Parquet", error) from error
    export = prepare(run, rows, products, columns)
    with whole_folder(folder) as partial:
        for number, part in export.parts(rows_per_file):
            stem = partial / f"{run.name}-{number:06d}"
            table = export.table(part)
            fields = [pyarrow.field(name, pyarrow.array(values).type, metadata=_unit(
                export.units.get(name, ""))) for name, values in table.items()]
            schema = pyarrow.schema(fields, metadata={
                "run": run.name, "config_hash": run.config_hash,
                "bands": ",".join(run.bands)})
            path = stem.with_suffix(".parquet")
            pyarrow.parquet.write_table(
                pyarrow.table([pyarrow.array(values) for values in table.values()],
                              schema=schema), path)
            export.add_file(path, len(part))
            images: Dict[str, Any] = {name: export.images(name, part)
                                      for name in export.products}
            np.savez(stem.with_suffix(".npz"), row=part, **images)
            export.add_file(stem.with_suffix(".npz"), len(part))
        export.write_index(partial, "parquet")
    return len(export.rows)


def _unit(unit: str) -> "Optional[Dict[str, str]]":
    return {"unit": unit} if unit else None
