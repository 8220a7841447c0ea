"""Rows rendered on demand: the stored bytes of a run, rows without a run, streams, and what
is refused."""

import json
import multiprocessing
import os
import pathlib
import pickle
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest
import support
from conftest import CONFIGS, ROWS

import lensmill
from lensmill.errors import InputError, LensmillError, MissingPackage
from lensmill.renderer import Renderer, find_program
from lensmill.seal import write_seal

PROGRAM = support.PROGRAM


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("LENSMILL_PROGRAM", str(PROGRAM))
    for name, value in support.environment().items():
        monkeypatch.setenv(name, value)


def stored_of(run, rows):
    """Every dataset of some rows as the shards have it."""
    stored = {}
    with lensmill.open(run) as opened:
        for name in opened.table.datasets:
            stored[name], there = opened.table.read(name, np.asarray(rows))
            assert there.all()
    return stored


def assert_same(rendered, stored):
    assert sorted(rendered.stored) == sorted(stored)
    for name, values in stored.items():
        assert rendered.stored[name].tobytes() == np.ascontiguousarray(values).tobytes(), name


@pytest.mark.parametrize("name", ["small", "rich", "int16", "keep"])
def test_a_runs_rows_are_the_stored_bytes(made, name):
    run = made(name)
    with lensmill.open(run) as opened:
        count = len(opened)
        rows = [count - 1, 0, 7, 7, count // 2]
        images = {product: opened.images[product].read(np.asarray(rows))[0]
                  for product in opened.images}

    with Renderer(run=run) as renderer:
        rendered = renderer.rows(rows)
        again = renderer.rows(rows[1])

        assert len(renderer) == count
    assert rendered.row.tolist() == rows
    assert_same(rendered, stored_of(run, rows))
    assert_same(again, stored_of(run, [0]))
    for product, pixels in images.items():
        np.testing.assert_array_equal(rendered.images[product], pixels)
    assert rendered.catalogue["injection_id"].shape == (5,)
    assert "status" in rendered.measurements


def test_rows_of_a_configuration_are_those_of_its_run(made, tmp_path):
    config = tmp_path / "rich.yaml"
    config.write_text(CONFIGS["rich"])
    rows = np.arange(0, ROWS, 13)

    with Renderer(config) as renderer:
        assert_same(renderer.rows(rows), stored_of(made("rich"), rows))
        assert renderer.rows([]).stored["images/positive"].shape[0] == 0
        assert "bands" in renderer.description
    with Renderer(config, overrides={"run.seed": 99}) as other:
        assert (other.rows(0).images["positive"]
                != stored_of(made("rich"), [0])["images/positive"]).any()


def test_a_part_of_the_data_set(made):
    run = made("rich")
    with lensmill.open(run) as opened:
        split = np.asarray(opened.catalogue["split"])

    with Renderer(run=run) as renderer:
        for number, name in enumerate(("train", "validation", "test")):
            rendered = renderer.rows(range(ROWS), split=name)

            assert rendered.row.tolist() == np.flatnonzero(split == number).tolist()
            assert (rendered.catalogue["split"] == number).all()
        with pytest.raises(InputError, match="must be train, validation or test"):
            renderer.rows(0, split="tests")


def test_many_rows_come_in_several_requests(made):
    with Renderer(run=made("small")) as renderer:
        renderer.start()._description["most_rows"] = 4
        rendered = renderer.rows(range(11))

    assert_same(rendered, stored_of(made("small"), range(11)))


def test_what_is_refused_says_why_and_the_next_request_is_answered(made):
    with Renderer(run=made("small")) as renderer:
        with pytest.raises(InputError, match=f"row {ROWS}: there are rows 0 to {ROWS - 1}"):
            renderer.rows([0, ROWS])
        with pytest.raises(InputError, match="row -1"):
            renderer.rows(-1)
        with pytest.raises(TypeError, match="integers"):
            renderer.rows(0.5)
        assert len(renderer.rows(3)) == 1


def of_another_build(shard):
    """Change what a shard says of its build, and seal it again."""
    with h5py.File(shard) as file:
        fingerprint = file.attrs["build_fingerprint"].encode()
    data = shard.read_bytes()
    text = data[:data.index(0)].decode()
    block = int(text.split("block_bytes ", 1)[1].split("\n", 1)[0])
    assert fingerprint in data[block:]
    shard.write_bytes(data[:block] + data[block:].replace(fingerprint,
                                                          fingerprint[::-1]))
    write_seal(shard, block, [tuple(map(int, line.split()[1:]))
                              for line in text.splitlines() if line.startswith("data ")])


def test_a_run_that_is_not_what_it_was_made_of(copied, tmp_path):
    run = copied("small")
    text = (run / "run.yaml").read_text()
    (run / "run.yaml").write_text(text.replace("seed: 7", "seed: 8", 1))
    assert text != (run / "run.yaml").read_text()

    with pytest.raises(InputError, match="config_hash"):
        Renderer(run=run).start()

    (run / "run.yaml").write_text(text)
    of_another_build(run / "shards" / "shard-000001.h5")
    with Renderer(run=run) as renderer:
        renderer.rows(0)
        with pytest.raises(InputError, match="made by another build"):
            renderer.rows(70)
    with Renderer(run=run, accept_different_build=True) as renderer:
        assert len(renderer.rows(70)) == 1


def test_what_cannot_be_started(tmp_path, made, monkeypatch):
    config = tmp_path / "keep.yaml"
    config.write_text(CONFIGS["keep"])
    with pytest.raises(InputError, match="catalogue.keep"):
        Renderer(config).start()
    config.write_text(CONFIGS["small"].replace("stamp_size_pix", "stamp_size_px"))
    with pytest.raises(InputError, match="stamp_size_pix"):
        Renderer(config).start()
    with pytest.raises(InputError, match="nowhere.yaml"):
        Renderer(tmp_path / "nowhere.yaml").start()
    with pytest.raises(InputError, match="no such folder"):
        Renderer(run=tmp_path / "nowhere")
    with pytest.raises(InputError, match="run=..."):
        Renderer(made("small"))
    with pytest.raises(ValueError, match="one of them"):
        Renderer()
    monkeypatch.setenv("LENSMILL_PROGRAM", "/no/such/lensmill")
    with pytest.raises(MissingPackage, match="/no/such/lensmill"):
        find_program()


def test_a_program_that_is_killed_is_an_error_and_then_started_again(made):
    with Renderer(run=made("small")) as renderer:
        renderer.rows(0)
        os.kill(renderer._process.pid, signal.SIGKILL)
        with pytest.raises(LensmillError, match="signal 9"):
            renderer.rows(1)
        assert_same(renderer.rows(1), stored_of(made("small"), [1]))


def test_an_interrupted_request_is_not_the_next_ones_answer(made):
    def interrupt(*_):
        raise TimeoutError

    with Renderer(run=made("small")) as renderer:
        expected = renderer.rows([5]).stored
        old = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.002)
            with pytest.raises(TimeoutError):
                for _ in range(1000):
                    renderer.rows(list(range(ROWS)))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        assert renderer.rows([5]).row.tolist() == [5]
        assert_same(renderer.rows([5]), expected)


def test_it_starts_in_a_rank_of_mpirun(made):
    code = f"import lensmill; print(lensmill.Renderer(run={str(made('small'))!r}).rows([1]).row)"
    done = subprocess.run(["mpirun", "-n", "1", "--oversubscribe", sys.executable, "-c", code],
                          capture_output=True, text=True, timeout=support.TIME_LIMIT_S,
                          env={**os.environ, "PYTHONPATH": str(
                              pathlib.Path(lensmill.__file__).parents[1])})
    assert done.returncode == 0 and "[1]" in done.stdout, done.stderr


def sums_of(renderer, rows, queue):
    queue.put(renderer.rows(rows).images["positive"].astype("f8").sum())


def test_it_is_pickled_and_forked(made):
    rows = [1, 2, 3]
    with Renderer(run=made("small")) as renderer:
        mine = renderer.rows(rows)
        copy = pickle.loads(pickle.dumps(renderer))
        assert_same(copy.rows(rows), mine.stored)
        copy.close()
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        processes = [context.Process(target=sums_of, args=(renderer, rows, queue))
                     for _ in range(2)]
        for process in processes:
            process.start()
        sums = [queue.get(timeout=60) for _ in processes]
        for process in processes:
            process.join()
        # The parent's program is not disturbed by its children's.
        assert_same(renderer.rows(rows), mine.stored)
    assert sums == [mine.images["positive"].astype("f8").sum()] * 2


def take(count, *arguments, **options):
    rows = lensmill.stream(*arguments, **options)
    taken = [next(rows) for _ in range(count)]
    rows.close()
    return taken


def test_a_stream_is_told_by_seed_epoch_and_worker(tmp_path):
    config = tmp_path / "rich.yaml"
    config.write_text(CONFIGS["rich"])
    options = dict(block=4, epoch_rows=16, columns=["theta_e_arcsec", "status"])
    alone = take(30, config, **options)

    # Failed rows apart, the first epoch has rows 0 to 15, the next one 16 to 31.
    numbers = [row["row"] for row in alone]
    assert numbers == sorted(numbers) and numbers[-1] > 16
    again = take(30, config, **options)
    assert [row["positive"].tobytes() for row in again] == [
        row["positive"].tobytes() for row in alone]
    by_row = {row["row"]: row for row in alone}
    for worker in range(2):
        for row in take(7, config, worker=worker, workers=2, **options):
            assert row["row"] // 4 % 2 == worker
            assert row["positive"].tobytes() == by_row[row["row"]]["positive"].tobytes()
    later = take(3, config, epoch=1, **options)
    assert later[0]["row"] >= 16
    assert later[0]["negative"].tobytes() == by_row[later[0]["row"]]["negative"].tobytes()
    beyond = take(2, config, epoch=10**6, **options)
    assert beyond[0]["row"] >= 16 * 10**6


def test_a_stream_of_one_part(tmp_path):
    config = tmp_path / "small.yaml"
    config.write_text(CONFIGS["rich"])
    rows = take(5, config, "test", epoch_rows=64, columns=["split"])
    assert {int(row["split"]) for row in rows} == {2}
    with pytest.raises(InputError, match="no product difference"):
        take(1, config, products=["difference"])
    with pytest.raises(InputError, match="no column colour"):
        take(1, config, columns=["colour"])
    with pytest.raises(ValueError, match="epoch_rows"):
        take(1, config, epoch_rows=-5)
    with pytest.raises(ValueError, match="worker must be"):
        take(1, config, worker=2, workers=2)


def test_requests_without_python(made):
    requests = b'{"rows": [2]}\n\nnonsense\n{"rows": "all"}\n{"rows": [1e30]}\n{"rows": [0.5]}\n[]\n{}\n' \
               b'{"rows": [], "split": null}\n{"rows": [0], "split": 3}\n{"rows": [1]}'
    done = subprocess.run([PROGRAM, "render", made("small")], input=requests,
                          capture_output=True, timeout=support.TIME_LIMIT_S)

    assert done.returncode == 0, done.stderr
    out = done.stdout
    answers, data = [], []
    first, _, out = out.partition(b"\n")
    description = json.loads(first)
    assert description["format"] == "lensmill render 1"
    while out:
        line, _, out = out.partition(b"\n")
        answers.append(json.loads(line))
        count = answers[-1].get("bytes", 0)
        data.append(out[:count])
        out = out[count:]
    assert [answer.get("rows") for answer in answers] == [
        [2], *[None] * 6, [], None, [1]]
    assert ["line of JSON" in answer["error"] or "must be integers" in answer["error"]
            for answer in answers if "error" in answer] == [True] * 7
    assert {answer["code"] for answer in answers if "error" in answer} == {64}
    stored = stored_of(made("small"), [1])
    names = [entry["name"].lstrip("/") for entry in description["datasets"]]
    assert data[-1] == b"".join(np.ascontiguousarray(stored[name]).tobytes()
                                for name in names)


def test_command_lines_that_make_no_sense(made, tmp_path):
    config = tmp_path / "small.yaml"
    config.write_text(CONFIGS["small"])
    for arguments, words in (
            ([made("small"), "--set", "run.seed=1"], "a run's rows are what they are"),
            ([config, "--accept-different-build"], "concerns a run's rows")):
        done = subprocess.run([PROGRAM, "render", *arguments], input=b"", capture_output=True,
                              timeout=support.TIME_LIMIT_S)
        assert done.returncode == 64 and words in done.stderr.decode()
    two = support.lensmill("render", config, ranks=2)
    assert two.code == 64 and "on one rank" in two.stderr
