"""lensmill.open: what is read is what the shards contain, or an exception."""

import pathlib
import pickle

import h5py
import numpy as np
import pytest
from made_run import make_many, make_run, stamp_values

import lensmill
import support

SOURCE = pathlib.Path(__file__).resolve().parents[2]
RUNS = ("small", "rich", "int16", "keep")


def decoded(file, product):
    """By the formula of docs/output-format.md."""
    stored = file[f"images/{product}"][:]
    if stored.dtype != np.int16:
        return stored
    scale, offset = (file[f"images/{product}_{part}"][:][:, :, None, None]
                     for part in ("scale", "offset"))
    return np.where(stored == -32768, np.nan, offset + scale * stored).astype("f4")


@pytest.mark.parametrize("name", RUNS)
def test_every_value_is_that_of_the_virtual_file(made, name):
    run = lensmill.open(made(name))

    with h5py.File(support.virtual_file(made(name))) as file:
        assert run.complete and len(run) == file.attrs["row_count"]
        assert list(run.images) == [product for product in file["images"]
                                    if not product.endswith(("_scale", "_offset"))]
        for product in run.images:
            expected = decoded(file, product)
            assert run.images[product].unit == ("nmgy2" if product == "variance" else "nmgy")
            np.testing.assert_array_equal(run.images[product][:].data, expected)
        for group, columns in (("catalogue", run.catalogue),
                               ("measurements", run.measurements)):
            assert columns.names() == list(file[group])
            for column in columns:
                np.testing.assert_array_equal(columns[column].data, file[group][column][:])
                assert columns.unit(column) == file[group][column].attrs["unit"]


def test_int16_is_the_float_within_half_a_step(made):
    coded, plain = (lensmill.open(made(name)).images["positive"][:].data
                    for name in ("int16", "rich"))
    step = np.ptp(plain, axis=(2, 3)) / 65534
    # float32 rounds the decoded value.
    rounding = 1e-6 * np.abs(plain).max()

    assert (np.abs(coded - plain) <= 0.51 * step[:, :, None, None] + rounding).all()
    assert not np.array_equal(coded, plain)


def test_rows_are_asked_for_as_numpy_has_it(made):
    positive = lensmill.open(made("rich")).images["positive"]
    everything = positive[:]
    mask = np.zeros(len(positive), bool)
    mask[[3, 64, 149]] = True

    for key in (0, -1, np.int64(70), slice(60, 70), slice(None, None, -7), [149, 0, 64, 64],
                [], mask, np.array([5, -5]), slice(130, 10_000)):
        np.testing.assert_array_equal(positive[key].data, everything[key].data)
    np.testing.assert_array_equal(positive[3:5, "r"].data, everything[3:5, 1].data)
    np.testing.assert_array_equal(positive[9, ["r", "g"], 2].data,
                                  everything[9][[1, 0], 2].data)


@pytest.mark.parametrize("key", [150, -151, [0, 150], np.ones(149, bool), 1.0, "r", None])
def test_rows_that_cannot_be_are_refused(made, key):
    with pytest.raises(IndexError):
        lensmill.open(made("rich")).images["positive"][key]


def test_unknown_names_are_answered_with_those_that_there_are(made):
    run = lensmill.open(made("rich"))

    for ask, name, known in (
            (lambda: run.images["psitive"], "psitive", "counter_image"),
            (lambda: run.images["positive"][0, "z"], "band z", "g, r"),
            (lambda: run.catalogue["theta_e"], "theta_e", "theta_e_arcsec"),
            (lambda: run.measurements["arc_snr.z"], "band z", "g, r"),
            (lambda: run.measurements["core_flux_fraction.r.4"], "radius 4", "3, 5"),
            (lambda: run.where(theta_e=1), "theta_e", "theta_e_arcsec"),
            (lambda: run.where(**{"arc_snr.z": 1}), "band z", "g, r"),
            (lambda: run.rgb(0, bands=["z", "r", "g"]), "band z", "g, r")):
        with pytest.raises(lensmill.InputError) as error:
            ask()
        assert name in str(error.value) and known in str(error.value)


def test_columns_are_narrowed_by_band_and_radius(made):
    measured = lensmill.open(made("rich")).measurements

    np.testing.assert_array_equal(measured["core_flux_fraction.r.5"].data,
                                  measured["core_flux_fraction"].data[:, 1, 1])
    assert measured.axes("core_flux_fraction") == ("band", "radius")
    assert measured.axes("arc_snr.g") == ()


def test_rows_that_are_not_there_are_masked_and_no_number(copied):
    folder = copied("rich")
    complete = lensmill.open(folder).images["positive"][:]
    (folder / "shards/shard-000001.h5").unlink()
    run = lensmill.open(folder)
    gone = np.zeros(len(run), bool)
    gone[64:128] = True

    stamps, status = run.images["positive"][:], run.measurements["status"]

    np.testing.assert_array_equal(run.there(), ~gone)
    assert not run.complete
    np.testing.assert_array_equal(stamps.mask.all(axis=(1, 2, 3)), gone)
    assert np.isnan(stamps.data[gone]).all()
    np.testing.assert_array_equal(stamps.data[~gone], complete.data[~gone])
    np.testing.assert_array_equal(status.mask, gone)
    # Nor beneath the mask a status that a row could have.
    assert (status.data[gone] == np.iinfo(np.int32).min).all()
    assert run.images["positive"][70].mask.all()
    assert run.measurements.read("status", 70) is np.ma.masked
    assert not np.isin(run.where(), np.flatnonzero(gone)).any()
    assert not np.isin(run.where(include_failed=True), np.flatnonzero(gone)).any()
    with pytest.raises(lensmill.NotThere, match="row 70 "):
        run.rgb(70)


def test_a_run_in_progress_gains_rows(copied):
    folder = copied("rich")
    last = folder / "shards/shard-000002.h5"
    aside = last.rename(folder / "aside")
    run = lensmill.open(folder)
    assert run.images["positive"][149].mask.all()

    aside.rename(last)

    assert not np.ma.getmaskarray(run.images["positive"][149]).any()
    assert run.complete


def test_a_moved_run_without_its_virtual_file(copied, tmp_path):
    folder = copied("small").rename(tmp_path / "elsewhere")
    support.virtual_file(folder).unlink()

    run = lensmill.open(folder / "run.yaml")

    assert run.complete and run.name == "small" and len(run) == 150
    assert np.isfinite(run.images["positive"][:].data).all()


def test_of_a_run_that_keeps_some_rows_those_are_known_that_come_before_a_gap(copied):
    folder = copied("keep")
    whole = lensmill.open(folder)
    starts = whole.table.layout.starts
    # Shards of unequal numbers of rows, and one that goes on beyond the run's last row.
    assert len(set(np.diff(starts))) > 1
    aside = (folder / "shards/shard-000001.h5").rename(folder / "aside")

    run = lensmill.open(folder)

    assert len(run) == starts[1] < run.wanted_rows == 40 and not run.complete
    np.testing.assert_array_equal(run.catalogue["injection_id"],
                                  whole.catalogue["injection_id"][:starts[1]])
    aside.rename(folder / "shards/shard-000001.h5")
    assert len(run.refresh()) == 40 and run.complete


def spoil(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("damage", ["structure", "seal", "cut", "empty", "text", "folder"])
def test_a_shard_that_cannot_be_read_raises(copied, damage):
    folder = copied("rich")
    shard = folder / "shards/shard-000001.h5"
    with h5py.File(shard) as file:
        structure = file.userblock_size + 100  # the root's object header
    if damage == "structure":
        spoil(shard, structure)
    elif damage == "seal":
        spoil(shard, 60)
    elif damage == "cut":
        shard.write_bytes(shard.read_bytes()[:-1000])
    elif damage == "empty":
        shard.write_bytes(b"")
    elif damage == "text":
        shard.write_text("no HDF5")
    else:
        shard.unlink()
        shard.mkdir()
    run = lensmill.open(folder)

    assert np.isfinite(run.images["positive"][:64].data).all()
    for ask in (lambda: run.images["positive"][:], lambda: run.images["positive"][64],
                lambda: run.catalogue["theta_e_arcsec"], run.there,
                lambda: run.where(n_images=4)):
        with pytest.raises((lensmill.InputError, OSError), match="shard-000001"):
            ask()


def test_a_shard_of_another_run_place_or_version_raises(tmp_path):
    for name, problem, options in (
            ("other", "another configuration", {"config_hash": "d" * 64}),
            ("version", "format version 3", {"version": 3})):
        folder = make_run(tmp_path / name, 30, 10, shards=(0, 1))
        other = make_run(tmp_path / f"{name}-other", 30, 10, shards=(2,), **options)
        (other / "shards/shard-000002.h5").rename(folder / "shards/shard-000002.h5")
        run = lensmill.open(folder)
        with pytest.raises(lensmill.InputError, match=problem):
            run.images["positive"][25]
    folder = make_run(tmp_path / "place", 30, 10, shards=(0, 1))
    (folder / "shards/shard-000001.h5").rename(folder / "shards/shard-000002.h5")
    with pytest.raises(lensmill.InputError, match="contains shard 1"):
        lensmill.open(folder).images["positive"][25]


def test_a_dataset_that_one_shard_lacks_raises(tmp_path):
    folder = make_run(tmp_path / "run", 20, 10, shards=(0,),
                      columns={"measurements/extra": lambda rows: rows * 1.0})
    other = make_run(tmp_path / "other", 20, 10, shards=(1,))
    (other / "shards/shard-000001.h5").rename(folder / "shards/shard-000001.h5")
    run = lensmill.open(folder)

    with pytest.raises(lensmill.InputError, match="lacks measurements/extra"):
        run.measurements["extra"]
    assert len(run.measurements["status"]) == 20


def test_what_is_no_run_says_so(copied, tmp_path):
    folder = copied("small")
    alone = support.virtual_file(folder).rename(tmp_path / "small.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["images/positive"] = np.zeros(3)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/run.yaml").write_text("run: [")

    for path, problem in ((alone, "shards/ beside it"), (tmp_path, "no run.yaml"),
                          (tmp_path / "text.h5", "not a readable HDF5"),
                          (tmp_path / "foreign.h5", "not a file of a lensmill run"),
                          (tmp_path / "broken", "not YAML")):
        with pytest.raises(lensmill.InputError, match=problem):
            lensmill.open(path)
    with pytest.raises(FileNotFoundError):
        lensmill.open(tmp_path / "nothing")


def test_an_edited_list_of_bands_is_refused(copied):
    folder = copied("rich")
    text = (folder / "run.yaml").read_text()
    (folder / "run.yaml").write_text(text.replace('bands: ["g", "r"]', 'bands: ["r", "g"]'))

    with pytest.raises(lensmill.InputError, match="edited since"):
        lensmill.open(folder)


def test_a_run_of_format_version_1():
    run = lensmill.open(SOURCE / "tests/data/run_version_1")

    assert run.complete and len(run) > 0 and run.bands
    with h5py.File(support.virtual_file(SOURCE / "tests/data/run_version_1")) as file:
        for product in run.images:
            np.testing.assert_array_equal(run.images[product][:].data,
                                          file[f"images/{product}"][:])


def test_a_shard_by_itself(made):
    whole = lensmill.open(made("rich"))

    shard = lensmill.open(made("rich") / "shards/shard-000002.h5")

    assert len(shard) == 22
    np.testing.assert_array_equal(shard.images["positive"][:].data,
                                  whole.images["positive"][128:].data)


def test_before_the_first_shard(tmp_path):
    run = lensmill.open(make_run(tmp_path / "run", 30, 10, shards=()))

    assert len(run) == 30 and not run.there().any() and list(run.images) == []
    for ask in (lambda: run.images["positive"], lambda: run.catalogue["theta_e_arcsec"],
                lambda: run.where(theta_e_arcsec=1), lambda: run.provenance):
        with pytest.raises(lensmill.InputError, match="no shard is there yet"):
            ask()


@pytest.mark.parametrize("rows, bands", [(1, "r"), (37, "grizy"), (100_000, "r")])
def test_any_number_of_rows_and_bands(tmp_path, rows, bands):
    run = lensmill.open(make_run(tmp_path / "run", rows, 20_000, tuple(bands)))
    some = np.unique(np.linspace(0, rows - 1, 1000).astype(int))

    np.testing.assert_array_equal(run.images["positive"][some].data,
                                  stamp_values(some, len(bands)))
    assert run.images["positive"].bands == tuple(bands)
    assert run.rgb(rows - 1).shape == (4, 4, 3)
    np.testing.assert_array_equal(run.catalogue["injection_id"], np.arange(rows))


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
import numpy as np, lensmill
run = lensmill.open(sys.argv[1])
rows = np.random.default_rng(1).permutation(len(run))
stamps = run.images["positive"][rows]
assert not np.ma.getmaskarray(stamps).any()
assert np.array_equal(stamps.data[:, 0, 0, 0], rows.astype("f4")), "a wrong stamp"
# And where none can be opened at all, that is said.
import os
held = []
while True:
    try: held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError: break
run.close()
try:
    while True: held.append(os.open("/dev/null", os.O_RDONLY))
except OSError: pass
try:
    run.images["positive"][0]
except OSError as error:
    assert "Too many open files" in str(error), error
    print("right, and refused")
"""


def test_three_thousand_shards_with_256_open_files(tmp_path, python):
    folder = make_many(tmp_path / "run", 3000)

    assert python(LIMITED, folder) == "right, and refused\n"


FORKED = """
import os, pickle, sys
import numpy as np, lensmill
run = lensmill.open(sys.argv[1])
expected = run.images["positive"][:].data.copy()
children = []
for child in range(3):
    process = os.fork()
    if process == 0:
        rows = np.random.default_rng(child).permutation(len(run))
        for _ in range(20):
            ok = np.array_equal(run.images["positive"][rows].data, expected[rows])
            if not ok: os._exit(1)
        os._exit(0)
    children.append(process)
for _ in range(20):
    assert np.array_equal(run.images["positive"][:].data, expected)
for process in children:
    assert os.waitpid(process, 0)[1] == 0
print("equal")
"""


def test_a_fork_opens_files_of_its_own(made, python):
    assert python(FORKED, made("rich")) == "equal\n"


def test_a_run_is_pickled_without_its_handles(made):
    run = lensmill.open(made("int16"))
    expected = run.images["positive"][:]

    again = pickle.loads(pickle.dumps(run))

    np.testing.assert_array_equal(again.images["positive"][:].data, expected.data)


def test_provenance(made):
    facts = lensmill.open(made("rich")).provenance

    assert facts.facts["seed"] == 20260206 and facts.facts["software"] == "lensmill"
    assert facts.config["run"]["name"] == "rich" and "seed: 20260206" in facts.resolved_yaml
    assert facts.psf_self_test and "activity" in facts.document
    assert lensmill.open(made("keep")).provenance.selection["kept"] > 0
