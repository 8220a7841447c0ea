"""One real HDF5 file of all rows of a run: what its virtual file NAME.h5 shows, readable
with plain h5py without a file per shard. Sealed as lensmill's own files are."""

import argparse
import json
import pathlib
from typing import Any, Dict, Tuple

import h5py
import numpy as np

from lensmill.errors import InputError
from lensmill.layout import RUN_FORMAT, config_int, load_config, selection_of
from lensmill.run import Run, open_run
from lensmill.seal import block_bytes_for, write_seal
from lensmill.writing import whole_file

BLOCK_BYTES = 64 << 20
# Root attributes of a shard that are not of the whole run.
OF_A_SHARD = ("title", "format", "digest_algorithm", "data_digest", "record_digest",
              "shard_index", "first_row", "row_count", "run_rows", "rows_per_checksum",
              "first_candidate", "candidate_count", "selection")
PROVENANCE = ("resolved_yaml", "psf_self_test", "overridden_priors", "input_role",
              "input_path", "input_sha256")


def add_command(commands: Any) -> None:
    parser = commands.add_parser("merge", help="all rows of a run in one HDF5 file",
                                 description=__doc__)
    parser.add_argument("run_path", metavar="RUN", type=pathlib.Path, help="a run's folder")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True,
                        help="HDF5 file to make")
    parser.add_argument("--incomplete", action="store_true",
                        help="also of a run whose rows are not all there; those that are "
                        "missing get the values that they have in NAME.h5")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace the output if it is there")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    rows, missing = merge(options.run_path, options.output, incomplete=options.incomplete,
                          overwrite=options.overwrite)
    print(f"{options.output}: {rows} rows"
          + (f", {missing} of them MISSING (NaN; measurements/rendered is 0)"
             if missing else ""))


def merge(run_path: pathlib.Path, output: pathlib.Path, *, incomplete: bool = False,
          overwrite: bool = False) -> Tuple[int, int]:
    """Write all rows of a run into one file.

    Parameters
    ----------
    run_path, output : path
    incomplete : bool
        Accept a run whose rows are not all there.
    overwrite : bool
        Replace `output`.

    Returns
    -------
    rows, missing : int
        Rows of the file, and how many of them are not there.

    Raises
    ------
    InputError
        Rows are missing; a damaged shard; an output that is the run's own file.
    """
    run = open_run(run_path)
    with run:
        _refuse_own_files(run, output)
        there = run.there()
        missing = int(len(there) - there.sum())
        if not incomplete and (missing or len(run) < run.wanted_rows):
            raise InputError(f"{run.path}: {run.wanted_rows - int(there.sum())} of "
                             f"{run.wanted_rows} rows are not there: continue the run with "
                             "--resume, or say --incomplete")
        if not run.table.datasets:
            run.images["positive"]  # says that no shard is there
        with whole_file(output, overwrite) as partial:
            block = block_bytes_for(len(run.table.datasets))
            with h5py.File(partial, "w", userblock_size=block) as file:
                _write_header(run, file)
                _write_rows(run, file)
            with h5py.File(partial, "r") as file:
                extents = [(file[name].id.get_offset(), file[name].id.get_storage_size())
                           for name in run.table.datasets
                           if file[name].id.get_offset() is not None]
            write_seal(partial, block, extents)
    return len(there), missing


def _refuse_own_files(run: Run, output: pathlib.Path) -> None:
    folder = run.table.layout.folder.resolve()
    where = output.resolve()
    if (where == folder / f"{run.name}.h5" or where.parent == folder / "shards"
            or where in [path.resolve() for path in run.table.layout.files]):
        raise InputError(f"{output}: is a file of the run itself; give another --output")


def _write_header(run: Run, file: h5py.File) -> None:
    layout = run.table.layout
    assert layout.example is not None
    source = run.table.files.get(layout.example)
    file.attrs["title"] = "lensmill run: all rows"
    file.attrs["format"] = RUN_FORMAT
    for name, value in source.attrs.items():
        if name not in OF_A_SHARD and name not in ("bands", "aperture_radius_pix"):
            file.attrs[name] = value
    file.attrs["reading"] = (
        "rows that are not there have NaN, the lowest integer of a signed type, the largest "
        "of an unsigned one, and 0 in /measurements/rendered")
    file.attrs["row_count"] = len(run)
    file.attrs["rows_per_shard"] = config_int(
        load_config(layout.yaml_text, str(layout.folder)), "output.rows_per_shard",
        str(layout.folder))
    file.attrs["bands"] = list(run.bands)
    file.attrs["aperture_radius_pix"] = np.array(run.aperture_radius_pix)
    if layout.keeps:
        candidates, selection = _selection(run)
        file.attrs["candidate_count"] = candidates
        file.attrs["selection"] = json.dumps(selection, sort_keys=True,
                                             separators=(",", ":"))
    group = file.create_group("provenance")
    for name, value in source["provenance"].attrs.items():
        group.attrs[name] = value
    for name in PROVENANCE:
        if name in source["provenance"]:
            source.copy(f"provenance/{name}", group)


def _selection(run: Run) -> Tuple[int, Dict[str, Any]]:
    """What became of the candidates, summed over the shards that count."""
    total: Dict[str, Any] = {"candidates": 0, "failed": 0, "kept": 0, "outside": {}}
    for path in run.table.layout.files:
        one = selection_of(run.table.files.get(path))
        if one is None:
            raise InputError(f"{path}: has no attribute `selection`")
        for key in ("candidates", "failed", "kept"):
            total[key] += one[key]
        for key, count in one["outside"].items():
            total["outside"][key] = total["outside"].get(key, 0) + count
    return int(total["candidates"]), total


def _write_rows(run: Run, file: h5py.File) -> None:
    table = run.table
    for name, info in table.datasets.items():
        dataset = file.create_dataset(name, (len(run), *info.row_shape), info.dtype,
                                      track_times=False)
        dataset.attrs["unit"] = info.unit
        dataset.attrs["description"] = info.description
    starts = table.layout.starts
    for k in range(len(table.layout.files)):
        # Shard by shard: each is opened once.
        for name, info in table.datasets.items():
            row_bytes = info.dtype.itemsize * max(1, int(np.prod(info.row_shape)))
            step = max(1, BLOCK_BYTES // row_bytes)
            for first in range(int(starts[k]), int(starts[k + 1]), step):
                rows = np.arange(first, min(first + step, int(starts[k + 1])))
                values, _ = table.read(name, rows)
                file[name][rows[0]:rows[-1] + 1] = values
