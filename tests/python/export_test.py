"""Exports read back by the libraries that others use: the same numbers."""

import io
import json
import tarfile

import h5py
import numpy as np
import pytest
from made_run import make_run

import lensmill
from lensmill.__main__ import main
from lensmill.export import write_fits, write_parquet, write_webdataset


def samples_of(path):
    """By the convention: members that share the name before the first dot."""
    samples = {}
    with tarfile.open(path) as tar:
        for member in tar:
            key, extension = member.name.split(".", 1)
            samples.setdefault(key, {})[extension] = tar.extractfile(member).read()
    return samples


def test_webdataset(made, tmp_path):
    run = lensmill.open(made("int16"))
    rows = run.where(n_images=2)

    assert write_webdataset(run, tmp_path / "out", rows=rows, rows_per_file=40,
                            products=["positive", "arc"]) == len(rows)

    index = json.loads((tmp_path / "out/index.json").read_text())
    found = {}
    for entry in index["files"]:
        samples = samples_of(tmp_path / "out" / entry["file"])
        assert len(samples) == entry["rows"] <= 40
        found.update(samples)
    assert list(found) == [f"{row:09d}" for row in rows] and len(index["files"]) > 1
    for row in rows[::17]:
        sample = found[f"{row:09d}"]
        for product in ("positive", "arc"):
            np.testing.assert_array_equal(np.load(io.BytesIO(sample[f"{product}.npy"])),
                                          run.images[product][row].data)
        truth = json.loads(sample["json"])
        assert truth["row"] == row
        assert truth["theta_e_arcsec"] == run.catalogue.read("theta_e_arcsec", row)
        assert truth["core_flux_fraction.r.5"] == run.measurements.read(
            "core_flux_fraction.r.5", row)
    assert index["products"]["positive"] == "nmgy"
    assert index["columns"]["core_offset.g.3"] == "nmgy/pix"


def test_webdataset_by_its_own_library(made, tmp_path):
    webdataset = pytest.importorskip("webdataset", reason="there is no webdataset: read by "
                                     "tarfile alone")
    run = lensmill.open(made("rich"))
    write_webdataset(run, tmp_path / "out")

    samples = list(webdataset.WebDataset(str(tmp_path / "out/rich-000000.tar"),
                                         shardshuffle=False).decode())

    assert len(samples) == len(run.where())
    np.testing.assert_array_equal(samples[3]["positive.npy"], run.images["positive"][
        samples[3]["json"]["row"]].data)


def test_the_same_bytes_again_and_undefined_numbers(made, tmp_path):
    run = lensmill.open(made("rich"))
    one, two = (tmp_path / name for name in ("one", "two"))
    for folder in (one, two):
        write_webdataset(run, folder)

    assert (one / "rich-000000.tar").read_bytes() == (two / "rich-000000.tar").read_bytes()
    radius = run.measurements["counter_image_radius_pix"]
    row = int(np.flatnonzero(np.isnan(radius.data))[0])
    text = samples_of(tmp_path / "one/rich-000000.tar")[f"{row:09d}"]["json"]
    assert json.loads(text, parse_constant=pytest.fail)["counter_image_radius_pix"] is None


def test_parquet_and_npz(made, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="there is no pyarrow: Parquet is "
                                  "NOT tested")
    run = lensmill.open(made("rich"))
    rows = run.where()

    write_parquet(run, tmp_path / "out", rows_per_file=100)

    tables = [parquet.read_table(tmp_path / f"out/rich-00000{k}.parquet") for k in (0, 1)]
    stamps = [np.load(tmp_path / f"out/rich-00000{k}.npz") for k in (0, 1)]
    column = np.concatenate([table["arc_snr.r"].to_numpy() for table in tables])
    np.testing.assert_array_equal(column, run.measurements["arc_snr.r"][rows].data)
    np.testing.assert_array_equal(np.concatenate([one["row"] for one in stamps]), rows)
    np.testing.assert_array_equal(np.concatenate([one["negative"] for one in stamps]),
                                  run.images["negative"][rows].data)
    # Back as HDF5, units and all.
    assert main(["table-to-hdf5", str(tmp_path / "out/rich-000000.parquet"),
                 str(tmp_path / "back.h5")]) == 0
    with h5py.File(tmp_path / "back.h5") as file:
        assert file["theta_e_arcsec"].attrs["unit"] == "arcsec"
        np.testing.assert_array_equal(file["theta_e_arcsec"],
                                      run.catalogue["theta_e_arcsec"][rows[:100]].data)


def test_fits_cutouts(made, tmp_path):
    fits = pytest.importorskip("astropy.io.fits")
    from astropy.table import Table
    run = lensmill.open(made("rich"))

    write_fits(run, tmp_path / "out", rows=[3, 70])

    table = Table.read(tmp_path / "out/catalogue.fits")
    assert list(table["FILE"]) == ["000/000000003.fits", "000/000000070.fits"]
    assert str(table["theta_e_arcsec"].unit) == "arcsec"
    header = fits.getheader(tmp_path / "out/catalogue.fits", 1)
    units = {header[f"TTYPE{k}"]: header.get(f"TUNIT{k}") for k in range(
        1, header["TFIELDS"] + 1)}
    assert units["core_offset.r.5"] == "nanomaggy/pix" and units["lens_q"] is None
    assert units["src_flux_nmgy_g"] == "nanomaggy"
    np.testing.assert_array_equal(table["core_offset.r.5"],
                                  run.measurements["core_offset.r.5"][[3, 70]].data)
    with fits.open(tmp_path / "out" / table["FILE"][1], checksum=True) as file:
        np.testing.assert_array_equal(file[0].data, run.images["positive"][70].data)
        np.testing.assert_array_equal(file["NEGATIVE"].data, run.images["negative"][70].data)
        header = file[0].header
        assert (header["BANDS"], header["BAND1"], header["BUNIT"], header["PIXSCALE"],
                header["INJID"]) == ("gr", "r", "nanomaggy", 0.262, 70)


def test_the_command_and_a_part(made, tmp_path, capsys):
    run = lensmill.open(made("rich"))

    assert main(["export", str(made("rich")), "--to", "webdataset", "-o",
                 str(tmp_path / "out"), "--split", "train", "--columns",
                 "theta_e_arcsec,split", "--products", "positive"]) == 0

    rows = run.where(split=0)
    samples = samples_of(tmp_path / "out/rich-000000.tar")
    assert list(samples) == [f"{row:09d}" for row in rows]
    assert json.loads(samples[f"{rows[0]:09d}"]["json"]).keys() == {
        "row", "theta_e_arcsec", "split"}
    assert f"{len(rows)} rows" in capsys.readouterr().out


def test_what_cannot_be_exported_leaves_nothing(made, tmp_path, capsys):
    partly = make_run(tmp_path / "run", 30, 10, shards=(0, 2))
    (tmp_path / "there").mkdir()
    run = lensmill.open(partly)

    for rows, options in ((None, {"products": ["arcs"]}), (None, {"columns": ["theta"]}),
                          ([15], {}), ([30], {})):
        with pytest.raises(lensmill.InputError):
            write_webdataset(run, tmp_path / "out", rows=rows, **options)
    with pytest.raises(lensmill.InputError, match="there already"):
        write_webdataset(run, tmp_path / "there")
    (partly / "shards/shard-000002.h5").write_bytes(b"no")
    with pytest.raises(lensmill.InputError, match="shard-000002"):
        write_webdataset(run, tmp_path / "out", rows=[25])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "there"]
    assert main(["export", str(made("rich")), "--to", "fits", "-o", str(tmp_path / "out"),
                 "--split", "training"]) == 65
    assert "train, validation, test" in capsys.readouterr().err
