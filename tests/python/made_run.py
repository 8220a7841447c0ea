"""Runs in lensmill's format without lensmill: any number of rows, shards and bands in a
moment. Every value says which row it is of."""

import pathlib

import h5py
import numpy as np

from lensmill.seal import block_bytes_for, write_seal

STAMP_PIX = 4
YAML = """\
schema: 1
run:
  name: "made"
  seed: 1
bands: [{bands}]
catalogue:
  sampled:
    count: {rows}
measure:
  aperture_radius_pix: [3, 5]
output:
  rows_per_shard: {rows_per_shard}
"""


def stamp_values(rows, bands):
    """[row, band, y, x]: row + band/10, the same in each pixel."""
    values = np.asarray(rows)[:, None] + 0.1 * np.arange(bands)
    return np.broadcast_to(values[:, :, None, None],
                           (len(rows), bands, STAMP_PIX, STAMP_PIX)).astype("<f4")


def add(file, name, values, unit=""):
    dataset = file.create_dataset(name, data=values, track_times=False)
    dataset.attrs["unit"] = unit
    dataset.attrs["description"] = f"{name} of a made run"


def write_shard(path, index, first, rows, *, bands, run_rows, config_hash="c" * 64,
                version=2, columns=None):
    numbers = np.arange(first, first + rows)
    columns = columns or {}
    partial = path.with_suffix(".partial")
    block = block_bytes_for(8 + len(columns))
    text = YAML.format(bands=", ".join(bands), rows=run_rows, rows_per_shard=rows)
    with h5py.File(partial, "w", userblock_size=block) as file:
        file.attrs.update({
            "format": "lensmill-shard", "format_version": version,
            "digest_algorithm": "SHA-256", "shard_index": index, "first_row": first,
            "row_count": rows, "run_rows": run_rows, "config_hash": config_hash,
            "bands": list(bands), "aperture_radius_pix": np.array([3.0, 5.0])})
        add(file, "images/positive", stamp_values(numbers, len(bands)), "nmgy")
        add(file, "images/negative", -stamp_values(numbers, len(bands)), "nmgy")
        add(file, "catalogue/injection_id", numbers.astype("<i8"))
        add(file, "catalogue/theta_e_arcsec", 0.5 + (numbers % 200) / 100.0, "arcsec")
        add(file, "measurements/status", np.zeros(rows, "<i4"))
        add(file, "measurements/rendered", np.ones(rows, "u1"))
        for name, of in columns.items():
            add(file, name, of(numbers))
        file["provenance/resolved_yaml"] = np.bytes_(text)
        file["provenance"].attrs["seed"] = 1
        names = []
        file.visititems(lambda name, item: names.append(name) if isinstance(
            item, h5py.Dataset) and not name.startswith("provenance") else None)
        extents = [(file[name].id.get_offset(), file[name].id.get_storage_size())
                   for name in names if file[name].id.get_offset() is not None]
    write_seal(partial, block, extents)
    partial.rename(path)


def make_many(folder, shards):
    """A run of so many shards of two rows each, patched out of one: HDF5 takes too long."""
    index_mark, first_mark = 7_700_100_100_100, 7_700_200_200_200
    folder = make_run(folder, 2 * shards, 2, shards=())
    template = folder / "template.h5"
    write_shard(template, index_mark, first_mark, 2, bands=("r",), run_rows=2 * shards)
    data = bytearray(template.read_bytes())
    block = int(data.split(b"block_bytes ", 1)[1].split(b"\n", 1)[0])
    places = [data.index(mark.to_bytes(8, "little"), block)
              for mark in (index_mark, first_mark)]
    extents = [tuple(map(int, line.split()[1:])) for line in
               data[:data.index(0)].decode().splitlines() if line.startswith("data ")]
    with h5py.File(template) as file:
        image = file["images/positive"].id.get_offset()
    for index in range(shards):
        for place, value in zip(places, (index, 2 * index)):
            data[place:place + 8] = value.to_bytes(8, "little")
        stamps = stamp_values(np.arange(2 * index, 2 * index + 2), 1).tobytes()
        data[image:image + len(stamps)] = stamps
        path = folder / f"shards/shard-{index:06d}.h5"
        path.write_bytes(data)
        write_seal(path, block, extents)
    template.unlink()
    return folder


def make_run(folder, rows, rows_per_shard, bands=("r",), shards=None, **options):
    """A run's folder; `shards`: numbers of those that are there."""
    folder = pathlib.Path(folder)
    (folder / "shards").mkdir(parents=True)
    (folder / "run.yaml").write_text(YAML.format(
        bands=", ".join(bands), rows=rows, rows_per_shard=rows_per_shard))
    for index in range(-(-rows // rows_per_shard)) if shards is None else shards:
        first = index * rows_per_shard
        write_shard(folder / f"shards/shard-{index:06d}.h5", index, first,
                    min(rows_per_shard, rows - first), bands=bands, run_rows=rows,
                    **options)
    return folder


