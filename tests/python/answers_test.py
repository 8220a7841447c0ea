"""lensmill answers: sentences that follow from the numbers, on planted ones, and what is not
answerable."""

import json
import shutil
import subprocess

import pytest
import support

import lensmill
from lensmill.answers.command import (answers_of, as_markdown, as_text, escaped,
                                      read_evidence, runs_of)
from lensmill.answers.questions import QUESTIONS
from lensmill.errors import InputError


@pytest.fixture(autouse=True)
def program(monkeypatch):
    for name, value in {**support.environment(), "LENSMILL_PROGRAM": str(support.PROGRAM),
                        }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def analysed(made, tmp_path):
    """`analysed(name, change)`: a copy of a run with its analysis, the JSON changed."""
    def copy(name, change=None, folder="run"):
        run = tmp_path / folder
        shutil.copytree(made(name), run)
        subprocess.run([support.PROGRAM, "analyse", run], check=True, capture_output=True,
                       env=support.environment(), timeout=support.TIME_LIMIT_S)
        path = run / "analysis/analysis.json"
        if change is not None:
            document = json.loads(path.read_text())
            change(document)
            path.write_text(json.dumps(document))
        return run

    return copy


def answers(*runs):
    evidence = read_evidence(list(runs))
    return runs_of(evidence), answers_of(evidence)


def answer_to(found, text):
    return next(one["answers"] for one in found if text in one["question"])


def leads(document, by_bin):
    """Plant who leads: bin -> (leader, next, dominance)."""
    for row in document["attribution"]["tables"]["robustness"]["rows"]:
        leader, other, dominance = by_bin.get(row["theta_e_bin"], by_bin["other"])
        row.update(leader=leader, next=other, dominance=dominance, lead=0.3, lead_lower=0.2,
                   lead_upper=0.4)
    for row in document["core_flux"]["tables"]["core_flux"]["rows"]:
        row.update(n=1000, mean=0.3, mean_lower=0.29, mean_upper=0.31)


def planted(analysed, by_bin):
    run = analysed("rich", lambda document: leads(document, by_bin))
    found = answers(run)[1]
    return (answer_to(found, "Is the light in the core the counter-image's?")[0]["answer"],
            answer_to(found, "The dominant cause")[0]["answer"])


def test_each_question_is_there_in_order(analysed):
    runs, found = answers(analysed("rich"))

    assert [one["question"] for one in found] == [question.text for question in QUESTIONS]
    assert len(runs) == 1 and "r < " in runs[0]["definition"]
    for one in found:
        for entry in one["answers"]:
            assert entry["answered"] == bool(entry["answer"])
            assert entry["answered"] != bool(entry["not_answerable"])
    for name in ("H1", "H2", "H3", "H4"):
        assert any(one["question"].startswith(name) for one in found)
    untested = answer_to(found, "H3")[0]
    assert not untested["answered"] and "--counterfactuals" in untested["not_answerable"]
    masking = answer_to(found, "3. Does masking")[0]
    assert not masking["answered"] and "lensmill probe" in masking["not_answerable"]


def test_a_cause_that_leads_everywhere_is_named(analysed):
    by_bin = {"other": ("counter_image", "outer_image", "leads")}
    long, short = planted(analysed, by_bin)
    assert "all rows together: the counter-image, by 30.0 [20.0, 40.0] % of the core flux over " \
           "the outer image" in long
    assert short.startswith("One at every theta_E: the counter-image leads at")


def test_a_tie_is_called_a_tie_and_no_winner(analysed):
    long, short = planted(analysed, {"other": ("outer_image", "counter_image", "tie")})
    assert "a tie of outer image and counter-image" in long
    assert short.startswith("None is shown to lead at any theta_E: tie at")
    assert "leads" not in short and "over" not in long.split("tie of")[0]


def test_causes_that_change_with_theta_e_are_not_one(analysed):
    def change(document):
        leads(document, {"other": ("counter_image", "outer_image", "leads"),
                         "[0.75, 1)": ("psf_transport", "outer_image", "leads"),
                         "all": ("counter_image", "outer_image", "tie")})

    found = answers(analysed("rich", change))[1]
    short = answer_to(found, "The dominant cause")[0]["answer"]
    assert short.startswith("No single one, it depends on theta_E")
    assert "the light that the PSF moves leads at" in short
    assert short.endswith("Over all rows together, which depends on their theta_E: tie.")


def test_too_few_rows_are_no_answer(analysed):
    def change(document):
        for row in document["core_flux"]["tables"]["core_flux"]["rows"]:
            row["n"] = 3
        for row in document["attribution"]["tables"]["robustness"]["rows"]:
            row.update(leader=None, dominance="too few")
        document["inner_images"]["tables"]["inner_images"]["rows"] = []
        document["model"]["predictor"] = None
        document["psf_expectation"]["tables"] = {}
        document["paired"]["tables"] = {}
        document["visibility"]["tables"] = {}
        document["hypotheses"]["tables"] = {}

    found = answers(analysed("rich", change))[1]
    for text in ("Is the light in the core", "The dominant cause", "how many are in the core",
                 "How much of the arc's light", "annulus free", "scale with the arc's flux",
                 "How often is the counter-image visible", "0.4 % was expected", "H2",
                 "A quantitative model"):
        for entry in answer_to(found, text):
            assert not entry["answered"], (text, entry)
            assert entry["not_answerable"]


@pytest.mark.parametrize("visible", [False, True])
@pytest.mark.parametrize("change, upper, auc, words", [
    (-0.02, -0.01, 0.9, ": a cost."), (-0.02, None, 0.9, ": not decided, of too few hosts"), (-0.01, 0.01, 0.9, ": no cost is seen (one of 0.0150"),
    (0.0, 0.0, 0.999, "no room for a cost")])
def test_masking_is_said_as_it_was_measured(analysed, change, upper, auc, words, visible):
    run = analysed("rich")
    estimate = {"value": auc, "lower": auc - 0.01, "upper": min(1.0, auc + 0.01)}
    zero = {"value": 0.0, "lower": 0.0, "upper": 0.0}
    moved = {"value": change, "lower": change - 0.02, "upper": upper,
             "standard_error": 0.015 / 2.9265}

    def variant(name, change):
        part = {"auc": estimate, "auc_minus_baseline": change}
        if visible:
            part = {"auc_visible_counter_image": estimate,
                    "auc_visible_counter_image_minus_baseline": change,
                    "auc": {**estimate, "value": 0.5},
                    "auc_minus_baseline": {**change, "value": 7.0}}
        return {"variant": name, "applies": True, "core": part, "annulus": part, "full": part}

    with lensmill.open(run) as opened:
        name, seed = opened.name, int(opened.provenance.facts["seed"])
    (run / "analysis/probe.json").write_text(json.dumps(
        {"format": "lensmill probe 1", "run": name, "seed": seed, "core_radius_pix": 5.0,
         "test_rows": 100, "confidence": 0.9,
         "variants": [variant("baseline", zero), variant("core_mask", moved)]}))

    said = answer_to(answers(run)[1], "3. Does masking")[0]["answer"]
    assert words in said and said.startswith("Of simulated lenses:")
    assert f"by {change:.3f}" in said
    assert ("whose counter-image is visible" in said) == visible


def test_two_hosts_decide_nothing(analysed):
    run = analysed("rich")
    with lensmill.open(run) as opened:
        name, seed = opened.name, int(opened.provenance.facts["seed"])
    sure = {"value": -0.06, "lower": -0.07, "upper": -0.05, "standard_error": 0.005}
    auc = {"value": 0.5, "lower": 0.49, "upper": 0.51}
    part = {"auc": auc, "auc_minus_baseline": sure}
    (run / "analysis/probe.json").write_text(json.dumps(
        {"format": "lensmill probe 1", "run": name, "seed": seed, "core_radius_pix": 5.0,
         "test_rows": 100, "test_hosts": 2, "confidence": 0.9, "variants": [
             {"variant": name, "applies": True, "rank": rank, "core": part, "annulus": part,
              "full": part} for rank, name in ((0, "baseline"), (1, "core_mask"))]}))
    found = answers(run)[1]
    masking = answer_to(found, "3. Does masking")[0]
    assert ": not decided, of too few hosts" in masking["answer"]
    assert "of 2 hosts" in masking["definition"]
    assert "not decided" in answer_to(found, "A fix validated")[0]["answer"]


def plant_change(document, **values):
    for row in document["attribution"]["tables"]["leader_change"]["rows"]:
        row.update({"below": "counter-image", "above": "counter-image", "theta_e": None,
                    "theta_e_lower": None, "theta_e_upper": None, **values})


@pytest.mark.parametrize("values, words", [
    (dict(found="several", decided_everywhere=0), "it changes more than once"),
    (dict(found="none", decided_everywhere=0), "at every theta_E at which it is decided"),
    (dict(found="none", decided_everywhere=1), "is the larger at every theta_E;"),
    (dict(found="not_decided", decided_everywhere=0), "these rows do not decide"),
    (dict(found="one", above="outer image", theta_e_lower=0.75, theta_e_upper=1.0,
          decided_everywhere=1), "up to 0.75 arcsec, the outer image from 1 arcsec on")])
def test_where_the_leader_changes(analysed, values, words):
    run = analysed("rich", lambda document: plant_change(document, **values))
    said = answer_to(answers(run)[1], "From which theta_E on")[0]["answer"]
    assert words in said
    assert ("at every theta_E" in said) == (values["found"] == "none")


def test_a_grid_of_several_parameters_answers_nothing_about_one(analysed):
    def plant(document, widths):
        document["scan"]["tables"] = {"scan": {"rows": [
            {"row": k, "theta_e_arcsec": 1.0 + k, "psf_fwhm_pix": widths[k],
             "core_flux_fraction": 0.3 - 0.1 * k} for k in range(2)]}}

    alone = analysed("rich", lambda document: plant(document, [5.0, 5.0]))
    both = analysed("rich", lambda document: plant(document, [2.0, 8.0]), "both")
    said = answer_to(answers(alone)[1], "1.2 C")[0]
    assert "from 0.300 to 0.200" in said["answer"]
    refused = answer_to(answers(both)[1], "1.2 C")[0]
    assert not refused["answered"] and "psf_fwhm_pix" in refused["not_answerable"]


def test_runs_side_by_side(analysed, made, tmp_path):
    one = analysed("rich")
    with pytest.raises(InputError, match="give each run once"):
        read_evidence([one, made("rich")])
    with pytest.raises(InputError, match="not the same quantity|is of another run"):
        read_evidence([one, analysed("int16", lambda document: document["rows"].update(
            aperture_radius_pix=7.0), "other")])


def test_markdown_and_text(analysed):
    runs, found = answers(analysed("rich"))
    runs[0]["run"] = "a_b*<script>|`x`\nnext"

    markdown = as_markdown(runs, found)
    assert "<script>" not in markdown and escaped("<script>") in markdown
    assert "a\\_b\\*" in markdown and "\nnext" not in markdown
    for question in QUESTIONS:
        assert f"**{escaped(question.text)}**" in markdown
        assert question.text in as_text(runs, found)


def test_the_program_hands_on(analysed, tmp_path):
    run = analysed("rich")
    file = tmp_path / "answers.md"
    result = support.lensmill("answers", run, "--markdown", file, "--json",
                              tmp_path / "answers.json")
    assert result.code == 0, result
    assert "Hypotheses" in result.stdout and file.read_text().startswith("# The reference")
    assert json.loads((tmp_path / "answers.json").read_text())["format"] == "lensmill answers 1"
    again = support.lensmill("answers", run, "--markdown", file)
    assert again.code == 65 and "is there already" in again.stderr
    assert support.lensmill("answers", tmp_path / "nowhere").code == 74
