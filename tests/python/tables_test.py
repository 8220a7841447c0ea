"""Columns, tables and the choice of rows."""

import numpy as np
import pytest
from made_run import make_run

import lensmill

units = pytest.importorskip("astropy.units")
pandas = pytest.importorskip("pandas")


def test_an_astropy_table_has_units_and_descriptions(made):
    run = lensmill.open(made("rich"))

    truth = run.catalogue.to_table()
    measured = run.measurements.to_table(["core_offset", "arc_snr.r"], rows=[5, 3])

    assert len(truth) == 150 and truth["theta_e_arcsec"].unit == units.arcsec
    assert truth["src_flux_nmgy_g"].unit == units.Unit("nmgy")
    assert "Einstein radius" in truth["theta_e_arcsec"].description
    assert truth["lens_q"].unit is None
    assert measured["core_offset"].unit == units.Unit("nmgy/pix")
    assert measured["core_offset"].shape == (2, 2, 2)
    np.testing.assert_array_equal(measured["arc_snr.r"],
                                  run.measurements["arc_snr"][[5, 3], 1])


def test_a_data_frame_has_a_column_for_each_place(made):
    run = lensmill.open(made("rich"))

    frame = run.measurements.to_pandas(rows=slice(100, 110))

    assert list(frame.index) == list(range(100, 110))
    np.testing.assert_array_equal(frame["core_flux_fraction.r.5"],
                                  run.measurements["core_flux_fraction"][100:110, 1, 1])
    assert frame.attrs["units"]["core_offset.g.3"] == "nmgy/pix"
    assert "image_x_arcsec.4" in frame and "core_flux_fraction" not in frame


def test_rows_that_are_not_there_stay_unknown_in_tables(tmp_path):
    text = {"catalogue/carried/name": lambda rows: np.array([b"row \xc3\xa9"] * len(rows))}
    run = lensmill.open(make_run(tmp_path / "run", 30, 10, shards=(0, 2), columns=text))

    table, frame = run.measurements.to_table(), run.measurements.to_pandas()
    carried, names = run.carried.to_table(), run.carried.to_pandas()

    assert table["status"].mask.sum() == 10 and table["status"].mask[10:20].all()
    assert frame["status"].isna().sum() == 10 and str(frame["status"].dtype) == "Int32"
    assert run.catalogue.to_pandas()["theta_e_arcsec"].isna().sum() == 10
    assert carried["name"][0] == "row é" and carried["name"].mask.sum() == 10
    assert names["name"].isna().sum() == 10 and names["name"][0] == "row é"


def test_where_takes_ranges_values_and_functions(made):
    run = lensmill.open(made("rich"))
    theta, count = (run.column(name).data for name in ("theta_e_arcsec", "n_images"))
    snr, status = run.column("arc_snr.r").data, run.column("status").data
    fine = status < 10

    for criteria, expected in (
            ({"theta_e_arcsec": (1, 2), "n_images": 4},
             (theta >= 1) & (theta <= 2) & (count == 4)),
            ({"theta_e_arcsec": (0.75, 1.5)}, (theta >= 0.75) & (theta <= 1.5)),
            ({"n_images": [2, 4]}, np.isin(count, [2, 4])),
            ({"n_images": {2}}, count == 2),
            ({"arc_snr.r": (40, None)}, snr >= 40),
            ({"arc_snr.r": (None, 40)}, snr <= 40),
            ({"arc_snr.r": lambda values: values > 80}, snr > 80),
            ({"counter_image_radius_pix": (0, np.inf)},
             np.isfinite(run.column("counter_image_radius_pix").data)),
            ({}, np.ones(len(run), bool))):
        rows = run.where(**criteria)
        assert 0 < len(rows)
        np.testing.assert_array_equal(rows, np.flatnonzero(expected & fine))


def test_where_leaves_failed_rows_out_unless_asked(tmp_path):
    folder = make_run(tmp_path / "run", 10, 10)
    import h5py
    shard = folder / "shards/shard-000000.h5"
    # The arrays' values are not under the seal.
    with h5py.File(shard) as file:
        at = file["measurements/status"].id.get_offset()
    data = bytearray(shard.read_bytes())
    data[at + 4 * 3] = 12
    shard.write_bytes(data)
    run = lensmill.open(folder)

    assert 3 not in run.where(theta_e_arcsec=(0, 9))
    assert 3 in run.where(theta_e_arcsec=(0, 9), include_failed=True)
    np.testing.assert_array_equal(run.where(status=12, include_failed=True), [3])


@pytest.mark.parametrize("criteria, problem", [
    ({"arc_snr": (1, 2)}, "arc_snr.g"), ({"theta_e_arcsec": (1, 2, 3)}, "lowest"),
    ({"theta_e_arcsec": "big"}, "number"), ({"theta_e_arcsec": (1, float("nan"))}, "NaN"),
    ({"theta_e_arcsec": {"min": 1}}, "dict"),
    ({"theta_e_arcsec": lambda values: values[:3] > 1}, "mask of 150 rows")])
def test_criteria_that_mean_nothing_are_refused(made, criteria, problem):
    with pytest.raises(lensmill.InputError, match=problem):
        lensmill.open(made("rich")).where(**criteria)


def test_one_band_need_not_be_named(made):
    run = lensmill.open(made("small"))

    np.testing.assert_array_equal(
        run.where(arc_snr=(50, None)),
        np.flatnonzero((run.measurements["arc_snr"].data[:, 0] >= 50)
                       & (run.measurements["status"].data < 10)))
