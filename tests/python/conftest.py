"""Runs that the tests of the Python package share, made once by the program."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent.parent / "python")]

import support  # noqa: E402

ROWS = 150  # three shards, the last one shorter
KEEP = "{arc_snr: {r: [40, inf]}, magnification: [-inf, 6], n_images: [2, 4]}"


def with_rows(text, rows=ROWS):
    return support.edited(text, "count: 10", f"count: {rows}")


CONFIGS = {
    "small": with_rows(support.SMALL),
    "rich": with_rows(support.RICH),
    "int16": with_rows(support.RICH).replace("output:\n", "output:\n  encoding: int16\n"),
    "keep": support.edited(support.RICH, "catalogue: {sampled: {count: 10}}",
                           f"catalogue: {{sampled: {{count: 40}}, keep: {KEEP}}}"),
}


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """`made(name)`: the folder of one of CONFIGS; not to be changed."""
    folder = tmp_path_factory.mktemp("made")

    def make(name):
        run = folder / name
        if not run.exists():
            config = folder / f"{name}.yaml"
            config.write_text(CONFIGS[name])
            subprocess.run([support.PROGRAM, "run", config, "--output", run], check=True,
                           capture_output=True, env=support.environment(),
                           timeout=support.TIME_LIMIT_S)
        return run

    return make


@pytest.fixture
def copied(made, tmp_path):
    """`copied(name)`: a copy of it, to be damaged."""
    def copy(name):
        return pathlib.Path(shutil.copytree(made(name), tmp_path / name))

    return copy


@pytest.fixture(scope="session")
def python():
    """`python(code, *arguments)`: what a Python process of its own prints, with the package
    on its path."""
    def run(code, *arguments, **environment):
        path = str(HERE.parent.parent / "python")
        result = subprocess.run(
            [sys.executable, "-B", "-c", code, *map(str, arguments)], capture_output=True,
            text=True, timeout=support.TIME_LIMIT_S,
            env={**os.environ, "PYTHONPATH": path, **environment})
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run
