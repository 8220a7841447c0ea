"""WebDataset: tar files of samples; the members of one sample share the name before the
first dot, what follows says what they are (https://webdataset.github.io)."""

import io
import json
import math
import pathlib
import tarfile
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from lensmill.export.common import prepare, whole_folder
from lensmill.run import Run

ROWS_PER_FILE = 1000


def write_webdataset(run: Run, folder: pathlib.Path, *,
                     rows: "Optional[NDArray[np.int64]]" = None,
                     products: "Optional[Sequence[str]]" = None,
                     columns: "Optional[Sequence[str]]" = None,
                     rows_per_file: int = ROWS_PER_FILE) -> int:
    """Write rows as `FOLDER/RUN-000000.tar`, ... with an index.json.

    Sample `000000123` (row 123) has the members `000000123.positive.npy` ([band, y, x],
    float32) and so on, and `000000123.json` with its columns; undefined numbers are null.
    The bytes depend on the run and the arguments alone.

    Returns
    -------
    int
        Rows written.
    """
    export = prepare(run, rows, products, columns)
    with whole_folder(folder) as partial:
        for number, part in export.parts(rows_per_file):
            path = partial / f"{run.name}-{number:06d}.tar"
            table = export.table(part)
            images = {name: export.images(name, part) for name in export.products}
            with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
                for k, row in enumerate(part.tolist()):
                    key = f"{row:09d}"
                    for name, stamps in images.items():
                        _add(tar, f"{key}.{name}.npy", _npy(stamps[k]))
                    text = json.dumps({name: _plain(values[k])
                                       for name, values in table.items()})
                    _add(tar, f"{key}.json", text.encode())
            export.add_file(path, len(part))
        export.write_index(partial, "webdataset")
    return len(export.rows)


def _npy(array: "NDArray[Any]") -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    """As JSON has it."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        # JSON has neither; infinities are rare enough to be told as texts.
        return None if math.isnan(plain) else str(plain)
    return plain


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # no times, no owners: the same bytes each time
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
