"""Numbers and files of the report that must be another command's, or left alone."""

import csv

import numpy as np
import pytest
import support

import lensmill

pytest.importorskip("matplotlib", reason="there is no matplotlib: reports are NOT made")
pytest.importorskip("jinja2", reason="there is no jinja2: reports are NOT made")
from lensmill.report import row_charts, write_report  # noqa: E402


def test_a_file_that_is_no_report_is_not_replaced(copied):
    run = copied("small")
    before = (run / "run.yaml").read_bytes()
    with pytest.raises(lensmill.InputError, match="is no report"):
        write_report(run, run / "run.yaml")
    assert (run / "run.yaml").read_bytes() == before
    page = write_report(run, run / "mine.html")
    assert write_report(run, page) == page  # a report is


def test_the_sources_offset_is_that_of_analyse(tmp_path):
    """Also where the lens is not in the stamp's middle."""
    text = support.edited(support.SMALL, "priors:\n", "priors:\n  lens_x_arcsec: 0.4\n"
                          "  lens_y_arcsec: -0.3\n").replace("count: 10", "count: 60")
    config, run = tmp_path / "moved.yaml", tmp_path / "moved"
    config.write_text(text)
    assert support.lensmill("run", config, "--output", run).code == 0
    with lensmill.open(run) as opened:
        chart = row_charts.core_map(opened)
        offset = np.hypot(opened.catalogue["src_x_arcsec"], opened.catalogue["src_y_arcsec"])
        share = np.asarray(offset / opened.catalogue["theta_e_arcsec"])
    lines = list(csv.DictReader(chart.csv.splitlines()))
    assert len(lines) > 50
    for line in lines:
        assert float(line["src_offset_over_theta_e"]) == pytest.approx(
            share[int(line["row"])], rel=1e-5)
