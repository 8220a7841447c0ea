"""lensmill.pytorch under real DataLoaders: workers by fork and spawn, stop and resume."""

import multiprocessing

import numpy as np
import pytest
from made_run import make_run

import lensmill

torch = pytest.importorskip("torch", reason="there is no torch: lensmill.pytorch is NOT "
                            "tested (its NumPy core is)")
if hasattr(torch, "utils"):
    from torch.utils.data import DataLoader

    from lensmill.pytorch import Batches, Loader, Samples

ROWS, BATCH = 500, 16


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = make_run(tmp_path_factory.mktemp("torch") / "run", ROWS, 100, ("g", "r"))
    opened = lensmill.open(folder)
    opened.images["positive"][:]  # handles are open before workers are made
    return opened


def numbers(loader):
    found = []
    for batch in loader:
        assert batch["positive"].dtype == torch.float32
        assert torch.equal(batch["positive"][:, 0, 0, 0], batch["row"].float())
        found.append(batch["row"].tolist())
    return found


@pytest.mark.parametrize("method, workers", [("fork", 1), ("fork", 3), ("spawn", 2)])
@pytest.mark.parametrize("own", [True, False])
def test_workers_give_the_same_batches_in_the_same_order(run, method, workers, own):
    expected = numbers(Loader(Batches(run, batch_size=BATCH)))
    batches = Batches(run, batch_size=BATCH)

    found = numbers(Loader(batches, num_workers=workers, method=method) if own else
                    DataLoader(batches, batch_size=None, num_workers=workers,
                               multiprocessing_context=method))

    assert found == expected and len(found) == 32
    assert sorted(sum(found, [])) == list(range(ROWS))


def test_epochs_follow_each_other_in_other_orders(run):
    loader = Loader(Batches(run, batch_size=BATCH), num_workers=1)

    first, second = numbers(loader), numbers(loader)

    assert first != second and sorted(sum(first, [])) == sorted(sum(second, []))
    assert loader.epoch == 2


@pytest.mark.parametrize("workers, workers_after", [(0, 2), (2, 0), (3, 2)])
def test_a_stopped_loader_goes_on_with_what_was_not_delivered(run, workers, workers_after):
    expected = numbers(Loader(Batches(run, batch_size=BATCH)))
    loader = Loader(Batches(run, batch_size=BATCH), num_workers=workers)
    before, state = [], None
    for batch in loader:
        before.append(batch["row"].tolist())
        if len(before) == 9:
            state = loader.state_dict()
            break

    again = Loader(Batches(run, batch_size=BATCH), num_workers=workers_after)
    again.load_state_dict(state)

    assert len(again) == 23 and before + numbers(again) == expected
    assert numbers(again) == numbers(_second_epoch(run))


def _second_epoch(run):
    loader = Loader(Batches(run, batch_size=BATCH))
    loader.batches.set_epoch(1)
    return loader


def test_map_style_with_torchs_own_shuffling(run):
    loader = DataLoader(Samples(run, form="labelled"), batch_size=8, shuffle=True,
                        num_workers=2)

    labels = [batch["label"] for batch in loader]

    assert sum(map(len, labels)) == 2 * ROWS and int(sum(map(torch.sum, labels))) == ROWS


def test_texts_and_whole_numbers(tmp_path):
    run = lensmill.open(make_run(tmp_path / "run", 8, 8, columns={
        "catalogue/carried/name": lambda rows: np.array([b"a"] * len(rows))}))

    batch = next(iter(Batches(run, batch_size=4, columns=["name", "injection_id"])))

    assert batch["name"] == ["a"] * 4 and batch["injection_id"].dtype == torch.int64


def _train(rank, port, folder, queue):
    torch.distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}",
                                         rank=rank, world_size=2)
    batches = Batches(lensmill.open(folder), batch_size=BATCH)
    queue.put((rank, len(batches), [batch["row"].tolist() for batch in batches]))
    torch.distributed.destroy_process_group()


def test_ranks_of_torch_distributed(run):
    import socket
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_train, args=(rank, port, str(run.path), queue))
                 for rank in range(2)]
    for process in processes:
        process.start()
    results = [queue.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)

    assert [one[1] for one in results] == [16, 16]
    rows = sum((sum(one[2], []) for one in results), [])
    assert sorted(rows) == list(range(ROWS))
