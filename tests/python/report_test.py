"""The report: the answer first, all of it in one file, right for any run or refused."""

import csv
import html
import html.parser
import json
import re
import shutil

import pytest
import support
from made_run import make_run

import lensmill
from lensmill.__main__ import main

pytest.importorskip("matplotlib", reason="there is no matplotlib: reports are NOT made")
pytest.importorskip("jinja2", reason="there is no jinja2: reports are NOT made")
from lensmill import findings  # noqa: E402
from lensmill.report import charts, write_report  # noqa: E402
from lensmill.report.answer import answer_of  # noqa: E402
from lensmill.findings import Findings, read_findings  # noqa: E402

NASTY = "<script>alert(1)</script>\"'&"


class Page(html.parser.HTMLParser):
    """What stands in a page: tags with their attributes, and ids."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)
        self.ids = [a["id"] for _, a in self.tags if "id" in a]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def of(self, tag, cls=None):
        return [a for t, a in self.tags
                if t == tag and (cls is None or cls in (a.get("class") or "").split())]


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("LENSMILL_PROGRAM", support.PROGRAM)
    for name, value in support.environment().items():
        monkeypatch.setenv(name, value)


def make(tmp_path, text, name="run"):
    config = tmp_path / f"{name}.yaml"
    config.write_text(text)
    run = tmp_path / name
    result = support.lensmill("run", config, "--output", run)
    assert result.code == 0, result
    return run


def five_bands(rows):
    """SMALL in five bands."""
    text = support.SMALL.replace("bands: [r]", "bands: [u, g, r, i, z]")
    text = text.replace("count: 10", f"count: {rows}")
    for key, value in (("src_flux_nmgy_r", "10.0"),):
        text = text.replace(f"  {key}: {value}\n", "".join(
            f"  src_flux_nmgy_{band}: {value}\n" for band in "ugriz"))
    text = text.replace("{kind: gaussian, fwhm_pix: 4.0}\n",
                        "{kind: gaussian, fwhm_pix: 4.0}\n" + "".join(
                            f"  {band}: {{kind: gaussian, fwhm_pix: 4.0}}\n"
                            for band in "ugiz"))
    for value in ("0.01", "500"):
        text = text.replace(f"{{r: {value}}}", "{" + ", ".join(
            f"{band}: {value}" for band in "ugriz") + "}")
    return text


def page_of(run, **options):
    return Page(write_report(run, **options).read_text())


@pytest.mark.parametrize("name", ["small", "int16", "keep"])
def test_a_report_is_one_whole_file(copied, name):
    run = copied(name)

    page = page_of(run)

    # The picture comes first, then the answer.
    assert page.ids.index("arcs") < page.ids.index("answer") < page.ids.index("figures")
    assert len(page.ids) == len(set(page.ids))
    for anchor in page.of("a"):
        link = anchor["href"]
        assert link.startswith(("#", "data:text/csv;")), link
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert anchor["download"].endswith(".csv")
    for tag, attributes in page.tags:
        for key in ("src", "href", "xlink:href"):
            assert (attributes.get(key) or "#").startswith(("#", "data:")), (tag, key)
    figures = page.of("svg", "chart")
    assert len(figures) >= 5
    assert len(page.of("figure", "plot")) == len(figures)
    assert len(page.of("figure", "pair")) >= 10


def test_figures_and_their_data_agree(copied, tmp_path):
    run = copied("rich")
    folder = tmp_path / "figures"

    write_report(run, figures=folder)

    names = {path.stem for path in folder.glob("*.csv")}
    assert names | {"arcs"} == {path.stem for path in folder.glob("*.png")}
    assert {"attribution", "core-map", "profiles", "offsets"} <= names
    report = json.loads((run / "analysis/analysis.json").read_text())
    with open(folder / "attribution.csv", newline="") as file:
        first = next(row for row in csv.DictReader(file) if row["contribution"])
    (stored,) = [row for row in report["attribution"]["tables"]["attribution"]["rows"]
                 if row["account"] == "split" and row["cause"] == first["cause"]
                 and row["theta_e_bin"] == first["theta_e_bin"]]
    assert stored["contribution"] == float(first["contribution"])
    assert stored["rows_led"] == float(first["rows_led"])


def test_the_answer_is_that_of_analyse(copied):
    run = copied("rich")
    write_report(run)
    report = json.loads((run / "analysis/analysis.json").read_text())
    with lensmill.open(run) as opened:
        answer = answer_of(read_findings(opened))

    core = {row["theta_e_bin"]: row
            for row in report["core_flux"]["tables"]["core_flux"]["rows"]}
    assert f"{100 * core['all']['mean']:.1f} %" in answer.headline
    assert [line.theta_e for line in answer.lines] == [n for n, r in core.items() if r["n"]]
    for line in answer.lines:
        assert line.core.startswith(f"{core[line.theta_e]['mean']:.3f} [")


def changed_leader(theta_e):
    """Findings with a change of the leader at theta_E, made by hand."""
    row = {"n": 100, "mean": 0.3, "mean_lower": 0.25, "mean_upper": 0.35}
    lead = {"account": "split", "band": "r", "radius": 5, "weighting": "rows",
            "dominance": "leads"}
    part = {"account": "split", "contribution": 0.2, "contribution_lower": 0.1,
            "contribution_upper": 0.3}
    bins = (("[0.5, 1)", "outer_image"), ("[1, 2]", "counter_image"))
    return Findings({
        "rows": {"band": "r", "aperture_radius_pix": 5, "confidence": 0.9},
        "core_flux": {"tables": {"core_flux": {"rows": [
            {"theta_e_bin": name, **row} for name in ("[0.5, 1)", "[1, 2]", "all")]}}},
        "attribution": {"tables": {
            "leader_change": {"rows": [{
                "ranking": "split", "below": "outer image", "above": "counter-image",
                "theta_e": theta_e, "theta_e_lower": None, "theta_e_upper": None}]},
            "robustness": {"rows": [
                {"theta_e_bin": name, "leader": cause, **lead}
                for name, cause in (*bins, ("all", "outer_image"))]},
            "attribution": {"rows": [{"theta_e_bin": name, "cause": cause, **part}
                                     for name, cause in bins]}}}})


def test_the_headline_says_who_and_from_where():
    answer = answer_of(changed_leader(1.0))

    assert answer.headline == (
        "30.0 % of the arc's light is in the core (r < 5 pix, band r): from θ_E = 1.00″ on "
        "mostly the counter-image's, below mostly the outer image's.")
    assert [line.who for line in answer.lines] == ["outer image", "counter-image",
                                                   "no single one"]
    assert answer.lines[0].how_much == "0.200 [0.100, 0.300]"
    assert answer.lines[0].how_sure == "leads; it leads in 1 of 1 ways of counting"
    # No change that is known, and two leaders: nothing is said of one.
    assert "mostly" not in answer_of(changed_leader(None)).headline


def test_one_row_five_bands(tmp_path):
    run = make(tmp_path, five_bands(1))

    page = page_of(run)

    assert "u, g, r, i, z" in page.text
    assert len(page.of("figure", "pair")) == 1
    assert "attribution" in {i.removeprefix("figure-") for i in page.ids}


def test_runs_without_rows_or_with_failed_ones_alone_are_refused(tmp_path):
    empty = make_run(tmp_path / "empty", 10, 5, shards=())
    with pytest.raises(lensmill.InputError, match="no row is there yet"):
        write_report(empty)
    failed = make_run(tmp_path / "failed", 10, 5)
    with lensmill.open(failed) as run:
        run.where = lambda **_: []
        with pytest.raises(lensmill.InputError, match="all of its 10 rows have failed"):
            read_findings(run)
    with pytest.raises(lensmill.InputError, match="not of one file"):
        write_report(failed / "shards/shard-000000.h5")
    # Without the columns that an analysis needs: what `analyse` says is passed on.
    with pytest.raises(lensmill.InputError, match="ended with 65"):
        write_report(failed)
    assert main(["report", str(failed)]) == 65
    assert main(["report", str(tmp_path / "nothing")]) == 74


def test_an_interrupted_run_says_so_and_grows(copied):
    run = copied("rich")
    removed = run / "shards/shard-000001.h5"
    kept = removed.rename(run / "kept")

    page = page_of(run)
    assert "86 of 150 rows are there" in page.text

    # The analysis of fewer rows is not taken for that of all.
    kept.rename(removed)
    page = page_of(run)
    assert "in progress" not in page.text
    report = json.loads((run / "analysis/analysis.json").read_text())
    assert report["rows"]["rows"] == 150


def test_findings_are_made_again_as_they_were(copied):
    run = copied("small")
    assert support.lensmill("analyse", run, "--theta-e-bins", "1,1.3", "--counterfactuals",
                            "5").code == 0
    (run / "shards/shard-000002.h5").unlink()

    write_report(run)

    report = json.loads((run / "analysis/analysis.json").read_text())
    assert report["rows"]["theta_e_edges_arcsec"] == [1.0, 1.3]
    assert report["counterfactuals"]["rows"] == 5


@pytest.mark.parametrize("damage, message", [
    (lambda report: report["run"].update(config_hash="0" * 64), "is of another run"),
    (lambda report: report.update(format_version=99), "version 99"),
    (lambda report: report.pop("rows"), "lacks 'rows'"),
    (lambda report: report.update(run=3), "lacks"),
])
def test_findings_of_another_run_or_damaged_are_refused(copied, damage, message):
    run = copied("small")
    assert support.lensmill("analyse", run).code == 0
    path = run / "analysis/analysis.json"
    report = json.loads(path.read_text())
    damage(report)
    path.write_text(json.dumps(report))

    with pytest.raises(lensmill.InputError, match=message):
        write_report(run)

    for text in ("{", "[]", "\0"):
        path.write_text(text)
        with pytest.raises(lensmill.InputError, match="analysis.json"):
            write_report(run)
    assert not (run / "analysis/report.html").exists()


def test_a_damaged_shard_is_refused(copied):
    run = copied("rich")
    assert support.lensmill("analyse", run).code == 0
    path = run / "shards/shard-000001.h5"
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 2])

    with pytest.raises(lensmill.InputError, match="shard-000001.h5"):
        write_report(run)


def test_without_the_program_it_says_what_to_run(copied, monkeypatch):
    def missing():
        raise lensmill.MissingPackage("set LENSMILL_PROGRAM")

    monkeypatch.setattr(findings, "find_program", missing)

    with pytest.raises(lensmill.InputError, match="lensmill analyse .*LENSMILL_PROGRAM"):
        write_report(copied("small"))


PROBE = {"format": "lensmill probe 1", "run": "small", "seed": 7, "variants": [
    {"variant": name, "applies": True, **{region: {"auc": {
        "value": value, "standard_error": 0.01, "lower": value - 0.02,
        "upper": min(1.0, value + 0.02)}} for region in ("core", "annulus", "full")}}
    for name, value in (("baseline", 0.9), ("core_mask", 0.5))]}


def test_the_probe_is_shown_or_named(copied):
    run = copied("small")
    assert "lensmill probe" in page_of(run).text
    path = run / "analysis/probe.json"
    path.write_text(json.dumps(PROBE))

    page = page_of(run)

    assert "figure-shortcut" in page.ids
    assert "AUC of 0.900 [0.880, 0.920]" in page.text
    for key, value in (("seed", 8), ("run", "other"), ("config_hash", "0" * 64)):
        path.write_text(json.dumps({**PROBE, key: value}))
        with pytest.raises(lensmill.InputError, match="probe.json: is of another run"):
            write_report(run)


def test_what_users_write_is_text(tmp_path):
    text = support.edited(support.SMALL, "seed: 7", f"seed: 7, note: {json.dumps(NASTY)}")
    folder = tmp_path / "<b>&'$x$"
    folder.mkdir()
    run = make(folder, text)
    other = make(folder, support.SMALL.replace("theta_e_arcsec: 1.2",
                                               "theta_e_arcsec: 1.4"), "<i>other")

    raw = write_report(run, other=other).read_text()

    assert html.escape(NASTY, quote=False) in html.unescape(raw) or NASTY in html.unescape(raw)
    page = Page(raw)
    assert len(page.of("script")) == 1 and not page.of("b") and not page.of("i")
    assert NASTY in page.text and "<b>&'$x$" in page.text and "<i>other" in page.text
    assert "<script>alert" not in raw


def test_two_runs_are_compared(tmp_path):
    small = make(tmp_path, support.SMALL.replace("count: 10", "count: 60"), "a")
    large = make(tmp_path, support.SMALL.replace("count: 10", "count: 60").replace(
        "theta_e_arcsec: 1.2", "theta_e_arcsec: 1.4"), "b")

    page = page_of(small, other=large)

    assert {"comparison", "figure-comparison"} <= set(page.ids)
    assert "-    theta_e_arcsec: 1.4" in page.text or "-  theta_e_arcsec: 1.4" in page.text
    values = [json.loads((run / "analysis/analysis.json").read_text())["core_flux"][
        "tables"]["core_flux"]["rows"] for run in (small, large)]
    means = [next(r["mean"] for r in rows if r["theta_e_bin"] == "all") for rows in values]
    assert f"{means[0] - means[1]:+.3f} ±" in page.text


def test_charts_of_nothing_are_left_out(copied):
    nothing = Findings({"rows": {"band": "r", "aperture_radius_pix": 5, "confidence": 0.9}})
    for make_chart in (charts.attribution, charts.shortcut, charts.profiles, charts.sobol,
                       charts.visibility, charts.offsets, charts.shapley,
                       charts.core_by_radius):
        assert make_chart(nothing) is None


def test_the_same_run_gives_the_same_page(copied):
    run = copied("small")

    assert write_report(run).read_bytes() == write_report(run).read_bytes()


def test_the_program_hands_on_and_says_what_is_missing(copied, tmp_path):
    run = copied("small")

    result = support.lensmill("report", run, "-o", tmp_path / "page.html", "--count", "4")

    assert result.code == 0, result
    assert result.stdout == f"{tmp_path}/page.html\n"
    assert support.lensmill("report").code == support.USAGE
    result = support.lensmill("report", run, "--count", "0")
    assert result.code == support.BAD_DATA and "--count" in result.stderr
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho matplotlib jinja2\n")
    fake.chmod(0o755)
    result = support.lensmill("report", run, env={"LENSMILL_PYTHON": str(fake)})
    assert result.code == support.BAD_DATA
    assert re.search(r"python lacks matplotlib jinja2.*install-packages.sh.*"
                     "python3-jinja2", result.stderr)
    result = support.lensmill("report", run, env={"LENSMILL_PYTHON": "/no/python"})
    assert result.code == support.BAD_DATA and "cannot be started" in result.stderr
    result = support.lensmill("report", run, ranks=2)
    assert result.code == support.USAGE and "without mpirun" in result.stderr


def test_whole_or_not_at_all(copied, tmp_path):
    run = copied("small")
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder must be")

    assert main(["report", str(run), "-o", str(blocked / "page.html")]) == 74
    shutil.rmtree(run / "analysis")
    assert main(["report", str(run), "-o", str(tmp_path / "new/page.html")]) == 0
    assert (tmp_path / "new/page.html").exists()
    assert not list((tmp_path / "new").glob("*.partial"))
