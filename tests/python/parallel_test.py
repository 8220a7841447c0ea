"""Batches from worker processes: the same ones, in order, whoever keeps or stops what."""

import gc
import multiprocessing
import os
import signal

import numpy as np
import pytest
from made_run import make_run

import lensmill
from lensmill.training import (CoreMask, ShuffledBatches, WorkerFailed, iterate_in_workers)

ROWS, BATCH = 500, 16


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = make_run(tmp_path_factory.mktemp("parallel") / "run", ROWS, 100, ("g", "r"))
    opened = lensmill.open(folder)
    opened.images["positive"][:]  # handles are open before workers are made
    return opened


def same(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("method, workers", [("fork", 1), ("fork", 2), ("fork", 5),
                                             ("spawn", 2)])
@pytest.mark.parametrize("form", ["pair", "labelled"])
def test_the_same_batches_in_the_same_order(run, method, workers, form):
    batches = ShuffledBatches(run, batch_size=BATCH, form=form, columns=["theta_e_arcsec"])
    expected = list(batches)

    count = 0
    for found, one in zip(iterate_in_workers(batches, workers, method), expected):
        same(found, one)
        count += 1

    assert count == len(expected) == 32
    assert multiprocessing.active_children() == []


def test_batches_that_are_kept_stay_what_they_are(run):
    batches = ShuffledBatches(run, batch_size=BATCH)

    kept = list(iterate_in_workers(batches, 2, "fork"))

    gc.collect()
    for found, one in zip(kept, batches):
        same(found, one)


def test_a_view_alone_keeps_its_memory(run):
    views = []
    for batch in iterate_in_workers(ShuffledBatches(run, batch_size=BATCH), 1, "fork"):
        if len(views) < 2:
            views.append((batch["row"].copy(), batch["positive"][:, 0, 1:, 2]))
        del batch

    for rows, view in views:
        np.testing.assert_array_equal(view, np.repeat(rows[:, None], 3, 1))


def test_a_consumer_that_stops_leaves_no_process(run):
    iterator = iterate_in_workers(ShuffledBatches(run, batch_size=BATCH), 3, "fork")
    next(iterator)
    assert len(multiprocessing.active_children()) == 3

    iterator.close()

    assert multiprocessing.active_children() == []


def test_what_a_worker_raises_is_raised(tmp_path):
    folder = make_run(tmp_path / "run", 100, 50)
    batches = ShuffledBatches(lensmill.open(folder), batch_size=BATCH, shuffle=False)
    (folder / "shards/shard-000001.h5").write_bytes(b"no")

    with pytest.raises(lensmill.InputError, match="shard-000001"):
        list(iterate_in_workers(batches, 2, "fork"))
    assert multiprocessing.active_children() == []


class Dies:
    """A transform that kills its process at a batch that has a certain row."""

    products, needs_lens = (), False

    def __call__(self, batch, rng):
        if 300 in batch["row"]:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch


class Enlarges(Dies):
    def __call__(self, batch, rng):
        batch["positive"] = np.repeat(batch["positive"], 3, axis=1).astype(np.float64)
        return batch


def test_a_worker_that_is_killed_is_an_error_and_no_end(run):
    batches = ShuffledBatches(run, batch_size=BATCH, transforms=[Dies()])

    with pytest.raises(WorkerFailed, match="exit code -9"):
        list(iterate_in_workers(batches, 2, "fork"))


def test_arrays_that_a_transform_makes_larger(run):
    batches = ShuffledBatches(run, batch_size=BATCH, transforms=[Enlarges()])

    for found, one in zip(iterate_in_workers(batches, 2, "fork"), batches):
        same(found, one)
        assert found["positive"].shape[1:] == (6, 4, 4)


def test_transforms_and_a_resumed_epoch(made):
    rich = lensmill.open(made("rich"))
    batches = ShuffledBatches(rich, batch_size=8, transforms=[CoreMask(3.0)])
    expected = list(batches)
    again = ShuffledBatches(rich, batch_size=8, transforms=[CoreMask(3.0)])
    again.load_state_dict(batches.state_dict(7))

    for found, one in zip(iterate_in_workers(again, 2, "fork"), expected[7:]):
        same(found, one)
