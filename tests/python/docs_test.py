"""The examples of docs/python.md run as they stand, but for the run's name."""

import pathlib
import re

import pytest

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def examples():
    return CODE.findall((DOCS / "python.md").read_text())


def test_there_are_examples():
    assert len(examples()) == 5


@pytest.mark.parametrize("number", range(5))
def test_example(made, python, number):
    code = examples()[number].replace('"RUN"', repr(str(made("rich"))))
    code = code.replace('"config.yaml"', repr(str(made("rich").with_suffix(".yaml"))))
    if "torch" in code:
        pytest.importorskip("torch", reason="there is no torch: the example of training is "
                            "NOT run")
        # Two epochs of what a few rows allow.
        code = "checkpoint = {}\n" + code.replace("range(10)", "range(2)")
    if "plt" in code:
        pytest.importorskip("matplotlib")
        code = code.replace('["z", "r", "g"]', '["r", "g", "g"]')
    run = f"import lensmill\nrun = lensmill.open({str(made('rich'))!r})\n"

    python(run + code, MPLBACKEND="Agg")
