"""Which rows of a run are in which file, told from run.yaml and the shards' headers alone:
neither NAME.h5 nor the folder's path is needed."""

import errno
import json
import os
import pathlib
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional, Tuple

import h5py
import numpy as np
import yaml
from numpy.typing import NDArray

from lensmill.errors import InputError
from lensmill.shard_files import open_hdf5

FORMAT_VERSIONS = (1, 2)
SHARD_FORMAT, RUN_FORMAT = "lensmill-shard", "lensmill-run"
COUNT_KEYS = ("sampled", "sobol")  # below catalogue: {count: N}
NO_SHARD_YET = ("no shard is there yet (nothing to read; continue the run with `lensmill "
                "run ... --resume`)")


@dataclass(frozen=True)
class Header:
    """What a shard, or a file with all rows, says of itself in its root attributes."""

    version: int
    is_shard: bool
    first: int          # row; with catalogue.keep: candidate
    count: int          # rows
    candidates: int     # with catalogue.keep, else -1
    index: int
    run_rows: int
    config_hash: str
    bands: Tuple[str, ...]
    aperture_radius_pix: Tuple[float, ...]


def read_header(file: h5py.File, path: pathlib.Path) -> Header:
    """\\raises InputError: not ours, or of a format that this package does not know"""
    attributes = file.attrs
    kind = attributes.get("format")
    if kind not in (SHARD_FORMAT, RUN_FORMAT):
        raise InputError(f"{path}: not a file of a lensmill run (its attribute `format` is "
                         f"{kind!r})")
    version = int(attributes.get("format_version", -1))
    if version not in FORMAT_VERSIONS:
        raise InputError(f"{path}: format version {version} (this package reads 1 to "
                         f"{FORMAT_VERSIONS[-1]}): use a newer lensmill package")
    algorithm = attributes.get("digest_algorithm", "SHA-256")
    if algorithm != "SHA-256":
        raise InputError(f"{path}: its digests are {algorithm} (this package knows SHA-256)")
    if version >= 2 and file.userblock_size == 0:
        raise InputError(f"{path}: has lost its seal (the text that it begins with): copied "
                         "or changed by another program")
    keep = "candidate_count" in attributes and kind == SHARD_FORMAT
    try:
        return Header(
            version=version, is_shard=kind == SHARD_FORMAT,
            first=int(attributes["first_candidate" if keep else "first_row"])
            if kind == SHARD_FORMAT else 0,
            count=int(attributes["row_count"]),
            candidates=int(attributes["candidate_count"]) if keep else -1,
            index=int(attributes.get("shard_index", 0)),
            run_rows=int(attributes.get("run_rows", attributes["row_count"])),
            config_hash=str(attributes["config_hash"]),
            bands=tuple(str(band) for band in attributes.get("bands", ())),
            aperture_radius_pix=tuple(
                float(r) for r in attributes.get("aperture_radius_pix", ())))
    except KeyError as error:
        raise InputError(f"{path}: lacks a root attribute ({error})") from None


@dataclass
class Layout:
    """The files of a run and their rows.

    `starts` has each file's first row and, at the end, the number of rows that can be told
    now: all that the run is to have, or with `catalogue.keep` those that are known (up to
    the first shard that is missing).
    """

    folder: pathlib.Path
    name: str
    files: List[pathlib.Path]
    starts: NDArray[np.int64]
    wanted_rows: int
    bands: Tuple[str, ...]
    aperture_radius_pix: Tuple[float, ...]
    yaml_text: str
    config_hash: str = ""
    version: int = 0
    example: Optional[pathlib.Path] = None  # a shard that is there
    keeps: bool = False
    single: bool = False  # one file by itself, not a run's folder
    blocks: Dict[pathlib.Path, Tuple[int, int, int]] = field(default_factory=dict)
    # By file: shard, first row or candidate, and how many of these at most.

    @property
    def rows(self) -> int:
        return int(self.starts[-1])


def is_there(path: pathlib.Path) -> bool:
    """\\raises OSError if that cannot be told: a folder that cannot be looked into must not
    look like missing rows"""
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    return True


def shard_path(folder: pathlib.Path, index: int) -> pathlib.Path:
    return folder / "shards" / f"shard-{index:06d}.h5"


def load_config(text: str, where: str) -> Dict[str, Any]:
    """run.yaml with all scalars as texts."""
    try:
        tree = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not YAML ({error})") from None
    if not isinstance(tree, dict):
        raise InputError(f"{where}: not the configuration of a run")
    return tree


def config_value(config: Dict[str, Any], key: str, where: str) -> Any:
    value: Any = config
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise InputError(f"{where}: has no {key}")
        value = value[part]
    return value


def config_int(config: Dict[str, Any], key: str, where: str) -> int:
    text = config_value(config, key, where)
    try:
        return int(text)
    except (TypeError, ValueError):
        raise InputError(f"{where}: {key}: not a whole number ({text!r})") from None


def _first_header(folder: pathlib.Path) -> "Tuple[Optional[Header], Optional[pathlib.Path]]":
    """Of the first shard that is there; if none of them can be read, the error of one."""
    try:
        names = sorted(os.listdir(folder / "shards"))
    except FileNotFoundError:
        return None, None
    error: Optional[InputError] = None
    for name in names:
        path = folder / "shards" / name
        if not (name.startswith("shard-") and name.endswith(".h5")):
            continue
        try:
            with open_hdf5(path) as file:
                header = read_header(file, path)
            if header.is_shard:
                return header, path
        except InputError as damage:
            error = error or damage
        except FileNotFoundError:
            continue
    if error is not None:
        raise error
    return None, None


def _kept(layout: Layout, rows_per_shard: int) -> None:
    """Of a run with catalogue.keep: as far as no shard is missing."""
    rows, starts, index = 0, [0], 0
    while rows < layout.wanted_rows:
        path = shard_path(layout.folder, index)
        if not is_there(path):
            break
        with open_hdf5(path) as file:
            header = read_header(file, path)
        if (header.candidates < 0 or header.index != index
                or header.first != index * rows_per_shard):
            raise InputError(f"{path}: is not shard {index} of this run (it says shard "
                             f"{header.index}, candidates from {header.first})")
        layout.files.append(path)
        layout.blocks[path] = (index, header.first, header.candidates)
        rows = min(rows + header.count, layout.wanted_rows)
        starts.append(rows)
        index += 1
    layout.starts = np.array(starts, dtype=np.int64)


def _open_folder(folder: pathlib.Path) -> Layout:
    yaml_path = folder / "run.yaml"
    where = str(yaml_path)
    try:
        text = yaml_path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{folder}: not a run (it has no run.yaml)") from None
    config = load_config(text, where)
    header, example = _first_header(folder)
    catalogue = config_value(config, "catalogue", where)
    rows_per_shard = config_int(config, "output.rows_per_shard", where)
    if rows_per_shard < 1:
        raise InputError(f"{where}: output.rows_per_shard: must be 1 or more")
    rows = next((config_int(config, f"catalogue.{key}.count", where) for key in COUNT_KEYS
                 if isinstance(catalogue, dict) and isinstance(catalogue.get(key), dict)
                 and "count" in catalogue[key]), -1)
    if rows < 0:
        # The length of a grid, a Saltelli design or a file: the shards know.
        if header is None:
            raise InputError(f"{folder}: {NO_SHARD_YET}")
        rows = header.run_rows
    bands = tuple(map(str, config_value(config, "bands", where)))
    radii = tuple(map(float, config_value(config, "measure.aperture_radius_pix", where)))
    if header is not None and header.bands and header.bands != bands:
        raise InputError(f"{where}: bands {list(bands)} are not those that {example} was "
                         f"made with, {list(header.bands)} (edited since? put it back: "
                         "/provenance/resolved_yaml of the shard has it)")
    layout = Layout(
        folder=folder, name=str(config_value(config, "run.name", where)), files=[],
        starts=np.zeros(1, np.int64), wanted_rows=rows, bands=bands,
        aperture_radius_pix=radii, yaml_text=text,
        config_hash="" if header is None else header.config_hash,
        version=0 if header is None else header.version, example=example,
        keeps=isinstance(catalogue, dict) and "keep" in catalogue
        and "min_acceptance" in (catalogue["keep"] or {}))
    if layout.keeps:
        _kept(layout, rows_per_shard)
        return layout
    shards = -(-rows // rows_per_shard)
    for index in range(shards):
        path = shard_path(folder, index)
        first = index * rows_per_shard
        layout.files.append(path)
        layout.blocks[path] = (index, first, min(rows_per_shard, rows - first))
    layout.starts = np.minimum(np.arange(shards + 1, dtype=np.int64) * rows_per_shard, rows)
    return layout


def _open_single(path: pathlib.Path, header: Header, text: str) -> Layout:
    """A shard by itself, or a file that has all rows (`python -m lensmill merge`)."""
    return Layout(
        folder=path.parent, name=path.stem, files=[path],
        starts=np.array([0, header.count], np.int64), wanted_rows=header.count,
        bands=header.bands, aperture_radius_pix=header.aperture_radius_pix,
        yaml_text=text, config_hash=header.config_hash, version=header.version,
        example=path, keeps=header.candidates >= 0, single=True,
        blocks={path: (header.index, header.first,
                       header.candidates if header.candidates >= 0 else header.count)})


def open_layout(path: pathlib.Path) -> Layout:
    """The files of the run at `path`: its folder, NAME.h5 or run.yaml in it, a shard, or a
    merged file.

    Raises
    ------
    InputError
        No run there; a damaged file; a format that is not known.
    OSError
        The system does not let us look.
    """
    if path.is_dir():
        return _open_folder(path)
    if not is_there(path):
        raise FileNotFoundError(errno.ENOENT, "no such file or folder", str(path))
    folder = path.parent
    if path.name == "run.yaml":
        return _open_folder(folder)
    if is_there(folder / "run.yaml"):
        layout = _open_folder(folder)
        if path.name == f"{layout.name}.h5":
            return layout
    with open_hdf5(path) as file:
        header = read_header(file, path)
        if "provenance/resolved_yaml" not in file:
            raise InputError(f"{path}: has no provenance/resolved_yaml")
        text = file["provenance/resolved_yaml"][()].decode()
        columns = file.get("catalogue", {})
        if any(dataset.is_virtual for dataset in columns.values()
               if isinstance(dataset, h5py.Dataset)):
            raise InputError(f"{path}: is the virtual file of a run and contains no rows "
                             "itself; they are in shards/ beside it: open the run's folder "
                             "(move it as a whole), or merge it into one file first "
                             "(`python -m lensmill merge RUN -o FILE`)")
    if not header.bands:
        config = load_config(text, str(path))
        header = replace(
            header, bands=tuple(config_value(config, "bands", str(path))),
            aperture_radius_pix=tuple(map(float, config_value(
                config, "measure.aperture_radius_pix", str(path)))))
    return _open_single(path, header, text)


def selection_of(file: h5py.File) -> "Dict[str, Any] | None":
    """What became of the candidates of a run with catalogue.keep."""
    text = file.attrs.get("selection")
    return None if text is None else json.loads(text)
