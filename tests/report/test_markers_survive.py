"""Which markers survive, on the page: grouped by verdict, words beside marks, those without a score last."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from report.judged_out import MARKERS, write_judged
from report.page_reader import read_page

from corticolimbic.features import schema, write_table
from corticolimbic.report import render
from corticolimbic.report._figures._survival_of_markers import GLYPHS, glyph
from corticolimbic.report._results import read_results
from corticolimbic.report._sections._survival import survival
from corticolimbic.report._words import say


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    out = tmp_path_factory.mktemp("judged")
    table = write_judged(out)
    render(out)
    return out, table, (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def section(judged) -> str:
    return re.search(r'<section id="survival".*?</section>', judged[2], re.DOTALL)[0]


@pytest.fixture(scope="module")
def figure(judged) -> str:
    return (judged[0] / "figures/markers-survive-1.svg").read_text(encoding="utf-8")


def test_the_first_sentence_says_who_survives_and_what_became_of_the_others(judged):
    text = read_page(judged[2]).sections["survival"]
    assert (
        "everyone: of 8 named markers, 6 could be judged against persistent_20, and 1 survives: "
        "Marker truly & <co>. The others: 1 explained by motion, 1 explained by site, 1 one threshold only, "
        "1 absent, 1 inconclusive." in text
    )


def test_markers_stand_in_the_order_of_their_verdicts(figure):
    order = [
        "survives (1)", "explained by motion (1)", "explained by site (1)", "one threshold only (1)",
        "absent (1)", "inconclusive (1)", "state marker, no predictor (1)", say("survival.baselines"),
    ]  # fmt: skip
    places = [figure.index(f">{words}<") for words in order]
    assert places == sorted(places)


def test_every_row_says_its_figure_and_its_verdict_in_words(figure, judged):
    drawn = judged[1][judged[1]["value"].notna() & (judged[1]["verdict"] != "too few")]
    assert figure.count("0.66 [0.60, 0.72], n 400") >= (drawn["value"] == 0.66).sum() - 1
    for verdict in set(drawn["verdict"]):
        assert f">{say.of('verdict', verdict)}<" in figure
    assert "n 200" in figure  # the other population stands beside it
    assert "ceiling 0.87" in figure


def test_what_was_published_stands_beside_it_or_is_said_to_be_unverified(figure):
    assert "published: 0.81 (n 39): AUC," in figure
    assert say("survival.unverified") in figure


def test_a_comparison_is_drawn_without_a_verdict(figure):
    assert ">motion only<" in figure
    assert "0.57 [0.51, 0.63], n 400" in figure


def test_markers_without_a_verdict_are_one_line_each_with_the_reason(section):
    lines = re.findall(r"<li>(.*?)</li>", section)
    assert lines == [
        "Marker few &amp; &lt;co&gt;: too few people; 20 people were judged, fewer than 40",
        "Marker lacking &amp; &lt;co&gt;: not computable; needs diffusion &lt;tractography&gt;",
    ]


def test_every_verdict_has_a_mark_a_word_and_a_meaning(judged):
    known = set(GLYPHS) | {"in-sample only", "too few", "not computable"}
    explained = {key.removeprefix("verdict.") for key in say.entries if key.startswith("verdict.explained")}
    assert len(explained) == 6
    assert all(say.of("verdict", name) for name in known | explained)
    assert all(say.of("judged", name) for name in known)
    shapes = [glyph(name).shape for name in (*GLYPHS, "explained by motion", "too few")]
    assert len(set(shapes)) == len(shapes)  # told apart without colour


def test_a_screen_reader_hears_the_figures(section):
    described = re.search(r"<desc[^>]*>(.*?)</desc>", section, re.DOTALL)[1]
    assert "Marker moving &amp; &lt;co&gt;: 0.66 [0.60, 0.72], n 400 explained by motion" in described


def test_many_markers_open_on_demand_and_those_without_a_score_are_not_repeated(judged):
    html = re.search(r'<section id="markers".*?</section>', judged[2], re.DOTALL)[0]
    summaries = re.findall(r"<summary>(.*?)</summary>", html)
    named = [line for line in summaries if line.startswith("Marker ")]
    assert len(named) == len(MARKERS) - 1
    assert "Marker moving &amp; &lt;co&gt;: explained by motion, too few people" in named
    assert "lacking" not in html
    assert say("marker.lacking_above", n=1) in html


def test_the_detail_shows_covariates_thresholds_and_the_reason(judged):
    names = {path.stem for path in (judged[0] / "figures").glob("*.svg")}
    assert {"adjusted-moving-persistent_20", "thresholds-moving-persistent_20"} <= names
    rows = pd.read_csv(judged[0] / "figures/adjusted-moving-persistent_20.tsv", sep="\t")
    assert rows.set_index("metric").loc["association|motion", "value"] == 0.02
    text = read_page(judged[2]).sections["markers"]
    assert "everyone, persistent_20: explained by motion; log odds ratio per SD 0.60 [0.35, 0.85]" in text


def test_curves_are_drawn_where_they_were_made(judged):
    names = {path.stem for path in (judged[0] / "figures").glob("*.svg")}
    assert {"calibration-truly-persistent_20", "decision-truly-persistent_20"} <= names
    assert "calibration-moving-persistent_20" not in names


def test_without_verdicts_there_is_no_section(tmp_path, judged):
    assert survival(read_results(tmp_path), None) is None
    write_table(schema("verdicts").table([]), "verdicts", tmp_path / "predict/verdicts.tsv")
    assert survival(read_results(tmp_path), None) is None


def test_markup_in_names_is_text(judged):
    assert "<co>" not in judged[2]
    assert "<tractography>" not in judged[2]
