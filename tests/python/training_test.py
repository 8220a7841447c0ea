"""Training sets: every row once, the same order whoever reads, no host in two parts."""

import hashlib
import json
import pickle

import numpy as np
import pytest
from made_run import make_run

import lensmill
from lensmill.training import (CoreDropout, CoreMask, Order, SaddleRemoved, Samples,
                               ShuffledBatches, TanhTaper, by_identity, stored)
from lensmill.training.splits import check_disjoint

ROWS, BATCH = 1037, 16  # the last batch is short


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = make_run(tmp_path_factory.mktemp("training") / "run", ROWS, 100, ("g", "r"))
    return lensmill.open(folder)


def rows_of(batches):
    return [batch["row"].tolist() for batch in batches]


def flat(lists):
    return [row for one in lists for row in one]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 200, ROWS])
@pytest.mark.parametrize("lanes, block", [(1, 8), (8, 32), (5, 7), (64, 1)])
def test_every_row_comes_once(run, count, lanes, block):
    rows = np.sort(np.random.default_rng(count).permutation(ROWS)[:count])

    found = rows_of(ShuffledBatches(run, rows, batch_size=BATCH, lanes=lanes,
                                    block_rows=block, buffer_rows=128))

    assert sorted(flat(found)) == rows.tolist()
    assert [len(one) for one in found[:-1]] == [BATCH] * (len(found) - 1)


def test_what_is_read_is_what_the_row_has(run):
    for batch in ShuffledBatches(run, batch_size=BATCH, buffer_rows=128,
                                 columns=["injection_id", "theta_e_arcsec"]):
        row = batch["row"]
        assert batch["positive"].dtype == np.float32
        np.testing.assert_array_equal(batch["positive"][:, 0, 0, 0], row.astype("f4"))
        np.testing.assert_array_equal(batch["negative"], -batch["positive"])
        np.testing.assert_array_equal(batch["injection_id"], row)
        np.testing.assert_allclose(batch["theta_e_arcsec"], 0.5 + row % 200 / 100.0)


def test_real_stamps_in_any_order(made):
    real = lensmill.open(made("int16"))
    expected = real.images["positive"][:].data

    for batch in ShuffledBatches(real, batch_size=7):
        np.testing.assert_array_equal(batch["positive"], expected[batch["row"]])


def test_the_order_is_of_seed_and_epoch_alone(run):
    def order(seed, epoch):
        batches = ShuffledBatches(run, batch_size=BATCH, seed=seed)
        batches.set_epoch(epoch)
        return rows_of(batches)

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1) != order(2, 1)
    assert sorted(flat(order(1, 1))) == list(range(ROWS))


def test_the_order_stays_what_it_is():
    # A checkpoint goes on years later: another order would break it.
    digest = "1bb2533da049240b"
    order = Order(np.arange(5000), np.arange(0, 5000, 700), 32, seed=7)
    rows = np.concatenate([order.batch(3, k) for k in range(order.batches)])

    assert sorted(rows) == list(range(5000))
    assert hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()[:16] == digest


def test_rows_are_mixed():
    order = Order(np.arange(20_000), np.arange(0, 20_000, 4096), 64)
    first = order.batch(0, 0)

    # From many blocks, not neighbours; far from sorted.
    assert len(set(first // 32)) >= 6
    assert np.corrcoef(np.arange(64), first)[0, 1] < 0.5


@pytest.mark.parametrize("ranks, workers", [(1, 2), (2, 1), (2, 3), (3, 2), (8, 1), (7, 5)])
def test_ranks_and_workers_share_the_same_batches(run, ranks, workers):
    everything = rows_of(ShuffledBatches(run, batch_size=BATCH, buffer_rows=256))
    found = {}

    for rank in range(ranks):
        batches = ShuffledBatches(run, batch_size=BATCH, buffer_rows=256, rank=rank,
                                  ranks=ranks)
        parts = [list(zip(batches.numbers(worker, workers),
                          rows_of(batches.iterate(worker, workers))))
                 for worker in range(workers)]
        assert len(batches) == sum(map(len, parts))
        for number, rows in flat(parts):
            assert number not in found
            found[number] = rows

    assert [found[number] for number in range(len(everything))] == everything


def test_equal_ranks_leave_out_less_than_one_batch_each_and_say_so(run):
    batches = [ShuffledBatches(run, batch_size=BATCH, rank=rank, ranks=4, equal_ranks=True)
               for rank in range(4)]

    assert {len(one) for one in batches} == {16} and batches[0].left_out == 1
    assert len(flat(flat(rows_of(one) for one in batches))) == 64 * BATCH


def test_the_short_batch_can_be_left_out(run):
    batches = rows_of(ShuffledBatches(run, batch_size=BATCH, drop_short=True))

    assert {len(one) for one in batches} == {BATCH} and len(batches) == ROWS // BATCH


@pytest.mark.parametrize("ranks, stop, ranks_after", [(1, 0, 1), (1, 10, 1), (2, 7, 3),
                                                      (4, 5, 1)])
def test_a_resumed_epoch_goes_on_where_it_stopped(run, ranks, stop, ranks_after):
    everything = rows_of(ShuffledBatches(run, batch_size=BATCH))
    before, state = [], None
    for rank in range(ranks):
        batches = ShuffledBatches(run, batch_size=BATCH, rank=rank, ranks=ranks)
        iterator = batches.iterate()
        before += [next(iterator)["row"].tolist() for _ in range(stop)]
        state = json.loads(json.dumps(batches.state_dict(stop)))
    after = []
    for rank in range(ranks_after):
        batches = ShuffledBatches(run, batch_size=BATCH, rank=rank, ranks=ranks_after)
        batches.load_state_dict(state)
        after += rows_of(batches)

    assert len(before) == ranks * stop
    assert sorted(before + after) == sorted(everything)


def test_a_state_of_another_order_is_refused(run):
    state = ShuffledBatches(run, batch_size=BATCH, seed=1).state_dict(3)

    for other in (ShuffledBatches(run, batch_size=BATCH, seed=2),
                  ShuffledBatches(run, batch_size=BATCH, seed=1, lanes=4),
                  ShuffledBatches(run, np.arange(50), batch_size=BATCH, seed=1)):
        with pytest.raises(lensmill.InputError, match="other rows"):
            other.load_state_dict(state)
    with pytest.raises(lensmill.InputError, match="format"):
        ShuffledBatches(run, batch_size=BATCH).load_state_dict({**state, "format": 2})


@pytest.mark.parametrize("readers, most_shared", [(4, 7), (3, None)])
def test_readers_whose_number_divides_the_lanes_share_no_block(readers, most_shared):
    order = Order(np.arange(16_384), np.arange(0, 16_384, 4096), 64, lanes=8)
    read = [set() for _ in range(readers)]
    for number in range(order.batches):
        read[number % readers].update((order.batch(0, number) // 32).tolist())

    shared = sum(len(one) for one in read) - len(set.union(*read))
    # Only the ends of the lanes can cut a block; other numbers read most blocks again.
    assert shared <= most_shared if most_shared is not None else shared > 100


def test_samples_are_rows_by_number(run):
    pairs = Samples(run, np.array([5, 3]), columns=["injection_id"])
    labelled = Samples(run, np.array([5, 3]), form="labelled")

    assert len(pairs) == 2 and pairs[1]["injection_id"] == 3
    assert pairs[-1]["row"] == 3 and pairs[0]["positive"].shape == (2, 4, 4)
    assert [int(labelled[k]["label"]) for k in range(len(labelled))] == [1, 0, 1, 0]
    np.testing.assert_array_equal(labelled[2]["image"], -labelled[3]["image"])
    with pytest.raises(IndexError):
        pairs[2]


def test_labelled_batches_have_both_of_a_pair(run):
    batch = next(iter(ShuffledBatches(run, batch_size=BATCH, form="labelled")))

    assert batch["label"].tolist() == [1] * BATCH + [0] * BATCH
    np.testing.assert_array_equal(batch["row"][:BATCH], batch["row"][BATCH:])
    np.testing.assert_array_equal(batch["image"][:BATCH], -batch["image"][BATCH:])


def test_pickled_batches_go_on_alike(run):
    batches = ShuffledBatches(run, batch_size=BATCH)
    batches.set_epoch(2)

    assert rows_of(pickle.loads(pickle.dumps(batches))) == rows_of(batches)


def test_rows_that_cannot_be_trained_on_are_refused(tmp_path, run):
    partly = lensmill.open(make_run(tmp_path / "run", 30, 10, shards=(0, 2)))

    assert sorted(flat(rows_of(ShuffledBatches(partly, batch_size=8)))) == [
        *range(10), *range(20, 30)]
    with pytest.raises(lensmill.NotThere, match="row 1[0-9] "):
        rows_of(ShuffledBatches(partly, np.arange(30), batch_size=8))
    for rows, problem in (([1, 1, 2], "once"), ([ROWS], "beyond"), ([-1], "beyond")):
        with pytest.raises(lensmill.InputError, match=problem):
            ShuffledBatches(run, np.array(rows), batch_size=2)
    for options in ({"form": "image"}, {"products": ["psitive"]}, {"columns": ["theta"]},
                    {"rank": 1}, {"undefined": "zero"}):
        with pytest.raises((ValueError, lensmill.InputError)):
            ShuffledBatches(run, **{"batch_size": 2, **options})


def test_undefined_pixels_are_an_error_unless_they_are_given_a_value(tmp_path):
    import h5py
    folder = make_run(tmp_path / "run", 10, 10)
    shard = folder / "shards/shard-000000.h5"
    with h5py.File(shard) as file:
        at = file["images/positive"].id.get_offset()
    data = bytearray(shard.read_bytes())
    data[at + 4 * 16 * 7:at + 4 * 16 * 7 + 4] = np.float32(np.nan).tobytes()
    shard.write_bytes(data)
    run = lensmill.open(folder)

    with pytest.raises(lensmill.InputError, match="row 7 has undefined pixels"):
        rows_of(ShuffledBatches(run, batch_size=4))
    filled = Samples(run, undefined=-9.0)[7]["positive"]
    kept = Samples(run, undefined="keep")[7]["positive"]
    assert filled[0, 0, 0] == -9.0 and np.isnan(kept[0, 0, 0])


# --- parts --------------------------------------------------------------------------

def repeating(folder, rows=4000, hosts=97, sources=61):
    return lensmill.open(make_run(
        folder, rows, 1000, columns={
            "catalogue/host_index": lambda rows: rows * 7919 % hosts,
            "catalogue/src_image_id": lambda rows: rows * 104729 % sources,
            "catalogue/split": lambda rows: (rows % 3).astype("u1")}))


FRACTIONS = {"train": 0.6, "validation": 0.2, "test": 0.2}


def test_no_host_and_no_source_is_in_two_parts(tmp_path):
    run = repeating(tmp_path / "run")

    split = by_identity(run, FRACTIONS, seed=3)

    check_disjoint(run, split)
    for column in ("host_index", "src_image_id"):
        seen = [set(run.catalogue.read(column, split.rows(name)).tolist())
                for name in split.names]
        assert all(seen) and not (seen[0] & seen[1] or seen[0] & seen[2]
                                  or seen[1] & seen[2])
    counts = split.counts()
    assert sum(counts.values()) == len(run) and counts["left out"] > 0
    # About 0.6² + 0.2² + 0.2² of the rows remain; so few hosts scatter widely.
    assert 0.3 < 1 - counts["left out"] / len(run) < 0.6


def test_parts_do_not_depend_on_other_rows_or_the_machine(tmp_path):
    short, long = repeating(tmp_path / "short", 1000), repeating(tmp_path / "long", 4000)

    np.testing.assert_array_equal(by_identity(short, FRACTIONS).part,
                                  by_identity(long, FRACTIONS).part[:1000])
    assert (by_identity(long, FRACTIONS, seed=1).part
            != by_identity(long, FRACTIONS, seed=2).part).any()


def test_by_host_alone_and_as_stored(tmp_path):
    run = repeating(tmp_path / "run")

    split = by_identity(run, FRACTIONS, by=["host"])
    assert split.counts()["left out"] == 0
    with pytest.raises(lensmill.InputError, match="src_image_id"):
        check_disjoint(run, split)
    own = stored(run)
    np.testing.assert_array_equal(own.rows("validation"), np.arange(1, 4000, 3))


def test_drawn_hosts_and_sources_are_each_rows_own(run):
    split = by_identity(run, FRACTIONS)

    counts = split.counts()
    assert counts["left out"] == 0
    # Binomial: 4 standard deviations of 1037 rows.
    assert abs(counts["train"] - 0.6 * ROWS) < 4 * (0.24 * ROWS) ** 0.5


@pytest.mark.parametrize("fractions, by", [({"a": 0.5}, ["host"]), ({}, ["host"]),
                                           ({"a": 1.5, "b": -0.5}, ["host"]),
                                           ({"a": 1.0}, ["lens"]), ({"a": 1.0}, "host")])
def test_parts_that_cannot_be(run, fractions, by):
    with pytest.raises(lensmill.InputError):
        by_identity(run, fractions, by=by)


# --- mitigations --------------------------------------------------------------------

def with_transform(run, transform, **options):
    plain = next(iter(ShuffledBatches(run, batch_size=64, products=[
        "positive", "negative", "counter_image"], shuffle=False)))
    changed = next(iter(ShuffledBatches(run, batch_size=64, transforms=[transform],
                                        shuffle=False, **options)))
    return plain, changed


def radius(run):
    # The lens is in the middle of these stamps.
    middle = 7.5
    y, x = np.mgrid[:16, :16]
    return np.hypot(x - middle, y - middle)


def test_the_core_mask_is_that_of_the_probe(made):
    run = lensmill.open(made("rich"))
    plain, changed = with_transform(run, CoreMask(5.0))
    inside = radius(run) < 5.0

    assert inside.sum() == 80  # of the central 10 x 10, as docs/probe.md has it
    for name in ("positive", "negative"):
        assert (changed[name][..., inside] == 0).all()
        np.testing.assert_array_equal(changed[name][..., ~inside], plain[name][..., ~inside])


def test_the_taper_is_that_of_the_probe(made):
    run = lensmill.open(made("rich"))
    plain, changed = with_transform(run, TanhTaper(5.0))
    weight = 0.5 * (1 + np.tanh((radius(run) - 5.0) / 1.5))
    expected = plain["negative"] + weight * (plain["positive"].astype(float)
                                             - plain["negative"])

    np.testing.assert_array_equal(changed["negative"], plain["negative"])
    # float32 rounding of the result.
    np.testing.assert_allclose(changed["positive"], expected, rtol=3e-7, atol=1e-9)


def test_the_saddles_light_is_taken_away(made):
    run = lensmill.open(made("rich"))
    plain, changed = with_transform(run, SaddleRemoved())

    np.testing.assert_array_equal(changed["positive"],
                                  plain["positive"] - plain["counter_image"])
    assert set(changed) == {"row", "positive", "negative"}
    with pytest.raises(lensmill.UnknownName, match="counter_image"):
        ShuffledBatches(lensmill.open(made("small")), batch_size=4,
                        transforms=[SaddleRemoved()])


def test_dropout_is_of_pairs_and_of_seed_and_epoch(made):
    run = lensmill.open(made("rich"))
    inside = radius(run) < 5.0

    def masked(epoch):
        batches = ShuffledBatches(run, batch_size=150, shuffle=False,
                                  transforms=[CoreDropout(0.5, 5.0)])
        batches.set_epoch(epoch)
        batch = next(iter(batches))
        both = [(batch[name][..., inside] == 0).all(axis=(1, 2))
                for name in ("positive", "negative")]
        np.testing.assert_array_equal(*both)
        return both[0].tolist()

    assert masked(0) == masked(0) != masked(1)
    # Binomial: 5 standard deviations of 150 rows.
    assert abs(sum(masked(0)) - 75) < 5 * (150 / 4) ** 0.5


def test_memory_is_given_again_only_when_no_view_is_left():
    from lensmill.training.memory import Memory
    memory = Memory()
    first = memory.array((4, 3))
    first[:] = 7
    place, view = first.ctypes.data, first[1:3].reshape(-1)[::2]

    del first
    other = memory.array((4, 3))
    other[:] = 0

    assert other.ctypes.data != place and (view == 7).all()
    del view
    assert memory.array((4, 3)).ctypes.data == place


def test_batches_that_are_kept_stay_what_they_are(run):
    kept = list(ShuffledBatches(run, batch_size=BATCH, buffer_rows=64))

    for batch in kept:
        np.testing.assert_array_equal(batch["positive"][:, 1, 2, 2],
                                      (batch["row"] + 0.1).astype("f4"))
