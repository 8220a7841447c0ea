"""The package itself: its types, and that it can be installed."""

import pathlib
import shutil
import subprocess
import sys

import pytest

PYTHON = pathlib.Path(__file__).resolve().parents[2] / "python"
TIME_LIMIT_S = 240


def run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True,
                          timeout=TIME_LIMIT_S, **options)


@pytest.mark.skipif(shutil.which("mypy") is None, reason="there is no mypy: types unchecked")
def test_types(tmp_path):
    result = run("mypy", "--cache-dir", tmp_path, cwd=PYTHON)

    assert result.returncode == 0, result.stdout + result.stderr


def test_pip_install_from_a_clone(tmp_path):
    try:
        import ensurepip  # noqa: F401
        import setuptools  # noqa: F401
    except ImportError as error:
        pytest.skip(f"no venv with pip and setuptools here ({error}): not installed")
    clone = shutil.copytree(PYTHON, tmp_path / "clone/python")
    made = run(sys.executable, "-m", "venv", "--system-site-packages", tmp_path / "env")
    assert made.returncode == 0, made.stdout + made.stderr
    python = tmp_path / "env/bin/python3"

    # Without a network: what it depends on comes from the system.
    result = run(python, "-m", "pip", "install", "--no-deps", "--no-build-isolation",
                 "--no-index", clone)

    assert result.returncode == 0, result.stdout + result.stderr
    where = run(python, "-c", "import lensmill; print(lensmill.__file__)", cwd=tmp_path)
    assert str(tmp_path / "env") in where.stdout, where.stdout + where.stderr
    # With the files that a report is made from.
    folder = pathlib.Path(where.stdout.strip()).parent / "report"
    assert {"page.html", "page.css", "page.js"} <= {path.name for path in folder.iterdir()}
    helped = run(python, "-m", "lensmill", "merge", "--help", cwd=tmp_path)
    assert "all rows" in helped.stdout or "one real HDF5" in helped.stdout.lower()
