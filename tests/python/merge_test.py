"""python -m lensmill merge: one real file with what the virtual file shows."""

import h5py
import numpy as np
import pytest
from made_run import make_run

import lensmill
import support
from lensmill.__main__ import main
from lensmill.merge import merge


def everything(path):
    """Datasets (type, bytes, attributes) and the attributes of groups."""
    found = {}
    with h5py.File(path) as file:
        def add(name, item):
            attributes = {key: np.asarray(value).tolist() for key, value in
                          item.attrs.items()}
            found[name] = ((item.dtype.str, item.shape, item[()].tobytes())
                           if isinstance(item, h5py.Dataset) else None, attributes)
        file.visititems(add)
        found["/"] = {key: np.asarray(value).tolist() for key, value in file.attrs.items()}
    return found


@pytest.mark.parametrize("name", ["small", "int16", "keep"])
def test_equal_to_the_virtual_file(made, tmp_path, name):
    output = tmp_path / "all.h5"

    assert main(["merge", str(made(name)), "-o", str(output)]) == 0

    actual, expected = everything(output), everything(support.virtual_file(made(name)))
    # What says how the file is to be read differs by nature.
    for attribute in ("title", "reading"):
        assert actual["/"].pop(attribute) and expected["/"].pop(attribute)
    assert actual == expected
    assert [path.name for path in tmp_path.iterdir()] == ["all.h5"]


def test_read_by_the_package_and_by_the_program(made, tmp_path):
    output = tmp_path / "all.h5"
    merge(made("int16"), output)

    run, whole = lensmill.open(output), lensmill.open(made("int16"))

    np.testing.assert_array_equal(run.images["positive"][:].data,
                                  whole.images["positive"][:].data)
    assert run.complete and run.provenance.facts == whole.provenance.facts
    result = support.lensmill("info", output)
    assert result.code == 0 and "/images/positive" in result.stdout, str(result)


def test_damage_is_found(made, tmp_path):
    output = tmp_path / "all.h5"
    merge(made("small"), output)
    data = bytearray(output.read_bytes())
    with h5py.File(output) as file:
        data[file.userblock_size + 50] ^= 1
    output.write_bytes(data)

    with pytest.raises(lensmill.InputError, match="damaged"):
        lensmill.open(output)


def test_rows_that_are_not_there(tmp_path, capsys):
    folder = make_run(tmp_path / "run", 30, 10, shards=(0, 2))
    output = tmp_path / "all.h5"

    assert main(["merge", str(folder), "-o", str(output)]) == 65
    assert "10 of 30 rows are not there" in capsys.readouterr().err
    assert not output.exists()

    assert merge(folder, output, incomplete=True) == (30, 10)
    with h5py.File(output) as file:
        assert np.isnan(file["images/positive"][10:20]).all()
        np.testing.assert_array_equal(file["measurements/rendered"][:],
                                      [1] * 10 + [0] * 10 + [1] * 10)
        assert (file["measurements/status"][10:20] == np.iinfo("i4").min).all()


def test_nothing_is_written_over_that_should_not_be(made, tmp_path):
    there = tmp_path / "there.h5"
    there.write_text("mine")
    (tmp_path / "link.h5").symlink_to(there)
    own = support.virtual_file(made("small"))
    before = own.read_bytes()

    for output, overwrite in ((there, False), (tmp_path / "link.h5", True), (own, True),
                              (made("small") / "shards/shard-000000.h5", True),
                              (made("small") / "shards/new.h5", False)):
        with pytest.raises(lensmill.InputError):
            merge(made("small"), output, overwrite=overwrite)
    assert there.read_text() == "mine" and own.read_bytes() == before
    merge(made("small"), there, overwrite=True)
    assert lensmill.open(there).complete


def test_a_damaged_shard_leaves_no_file(tmp_path):
    folder = make_run(tmp_path / "run", 30, 10)
    (folder / "shards/shard-000002.h5").write_bytes(b"no")

    with pytest.raises(lensmill.InputError, match="shard-000002"):
        merge(folder, tmp_path / "all.h5")
    assert list(tmp_path.glob("all*")) == []
