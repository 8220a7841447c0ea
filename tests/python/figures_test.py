"""Figures: drawn from any run, with what they say taken from it."""

import json

import numpy as np
import pytest
from made_run import make_run

import lensmill
from lensmill.__main__ import main

pytest.importorskip("matplotlib", reason="there is no matplotlib: figures are NOT drawn")
from lensmill.figures import pair_gallery, plot_analysis, quicklook  # noqa: E402
from lensmill.figures.common import best_rows, reported, spread_rows  # noqa: E402
from lensmill.figures.quick_look import bin_means  # noqa: E402

PNG = b"\x89PNG"


def pictures(figure):
    return [np.asarray(axes.get_images()[0].get_array()) for axes in figure.axes if axes.get_images()]


@pytest.mark.parametrize("name, panels", [("rich", 3 * 7), ("int16", 3 * 7), ("small", 3 * 7),
                                          ("keep", 3 * 7)])
def test_quicklook_shows_pairs_and_the_split(made, name, panels):
    run = lensmill.open(made(name))

    figure = quicklook(run)

    drawn = pictures(figure)
    assert len(drawn) == panels
    # No empty one: bright light in each positive and arc, and dark places; the negative
    # of a row is no brighter.
    for negative, positive, arc in zip(drawn[0::3], drawn[1::3], drawn[2::3]):
        assert positive.min() < 0.4 and 0.9 < positive.max() <= 1.0
        assert arc.min() < 0.4 and 0.9 < arc.max() <= 1.0
        assert np.mean(negative) < np.mean(positive)
    bars = figure.axes[-1].containers
    assert len(bars) >= 2
    assert "pix, r" in figure.axes[-1].get_ylabel()


def test_the_bars_add_up_to_the_points(made):
    run = lensmill.open(made("rich"))
    axes = quicklook(run, 2).axes[-1]

    total = np.zeros(5)
    for container in axes.containers:
        total += [bar.get_height() for bar in container]
    points = axes.lines[0].get_ydata()
    there = np.isfinite(points)
    assert there.any()
    # Terms below 1e-6 are not drawn.
    np.testing.assert_allclose(total[there], points[there], atol=1e-5)


def test_bins_are_half_open_and_the_last_one_closed():
    means = bin_means(np.array([0.5, 0.75, 2.5, 2.6, 0.4]), np.array([1.0, 2, 3, 9, 9]))

    np.testing.assert_array_equal(means, [1, 2, np.nan, np.nan, 3])


def test_rows_shown_are_the_best_and_the_spread(made):
    run = lensmill.open(made("rich"))
    theta, snr = (run.column(name).data for name in ("theta_e_arcsec", "arc_snr_total"))
    fine = run.where()

    best = best_rows(run, 3)
    assert (np.diff(theta[best]) >= 0).all()
    assert snr[best].max() == np.nanmax(snr[fine])
    spread = spread_rows(run, 5)
    assert theta[spread[0]] == theta[fine].min() and theta[spread[-1]] == theta[fine].max()
    assert reported(run) == (1, 1)


def test_pairs_are_positive_negative_and_difference(made, tmp_path):
    run = lensmill.open(made("rich"))

    figure = pair_gallery(run, 5)

    drawn = pictures(figure)
    assert len(drawn) == 15
    row = int(spread_rows(run, 5)[4])
    np.testing.assert_array_equal(drawn[12], run.rgb(row))
    np.testing.assert_array_equal(drawn[13], run.rgb(row, "negative"))
    assert r"$\theta_E$ 1.50" in figure.axes[13].get_title()


def test_what_analyse_found(made, tmp_path):
    from shutil import copytree

    import support
    run = copytree(made("rich"), tmp_path / "run")
    with pytest.raises(lensmill.InputError, match="lensmill analyse"):
        plot_analysis(run)
    assert support.lensmill("analyse", run).code == 0

    assert main(["plot-analysis", str(run)]) == 0

    assert (run / "analysis/analysis.png").read_bytes().startswith(PNG)
    report = json.loads((run / "analysis/analysis.json").read_text())
    report["format_version"] = 2
    (run / "analysis/analysis.json").write_text(json.dumps(report))
    with pytest.raises(lensmill.InputError, match="version 2"):
        plot_analysis(run)


def test_commands_write_pngs_or_say_why_not(made, tmp_path, capsys):
    for command in ("quicklook", "pair-gallery"):
        png = tmp_path / f"{command}.png"
        assert main([command, str(made("rich")), "--png", str(png), "--count", "3"]) == 0
        assert png.read_bytes().startswith(PNG)
    empty = make_run(tmp_path / "empty", 10, 10, shards=())
    assert main(["quicklook", str(empty), "--png", str(tmp_path / "no.png")]) == 65
    assert main(["pair-gallery", str(empty), "--png", str(tmp_path / "no.png")]) == 65
    assert "no shard is there yet" in capsys.readouterr().err
    assert main(["pair-gallery", str(made("rich")), "--count", "0"]) == 65
    assert main(["quicklook", str(tmp_path / "nothing")]) == 74
    assert not (tmp_path / "no.png").exists()
    assert list(tmp_path.glob("*.partial")) == []
