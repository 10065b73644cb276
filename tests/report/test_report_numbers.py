from __future__ import annotations

import json
import math
import re
import shutil

import numpy as np
import pandas as pd
from report.example_out import write_rpn
from report.page_reader import read_page

from corticolimbic.features import read_table, write_table
from corticolimbic.report import render
from corticolimbic.report._numbers import (
    decimal,
    digits_for,
    estimate,
    interval,
    probability,
    relation,
    share,
    whole,
)
from corticolimbic.report._sections._effects import without_group_by_time


def test_numbers_have_a_true_minus_and_no_negative_zero():
    assert decimal(-0.4299, 3) == "−0.430"
    assert decimal(-0.0004) == "0.00"
    assert decimal(math.nan) == decimal(math.inf) == "–"
    assert estimate(0.43, 0.123, math.nan) == "0.43 [0.12, –]"
    assert interval(math.nan, math.nan) == ""
    assert whole(2285) == "2,285"
    assert whole(-1) == "–"
    assert share(0.3) == "30 %"


def test_probabilities_never_claim_to_be_zero():
    assert probability(1e-12) == "< 0.001"
    assert relation("q", 1e-12) == "q < 0.001"
    assert relation("p", 0.0254) == "p = 0.025"
    assert probability(math.nan) == "–"


def test_small_estimates_get_the_decimals_that_tell_them_apart():
    assert digits_for([0.4, -0.1]) == 2
    assert digits_for([0.004, -0.002, math.nan]) == 4
    assert digits_for([]) == 2


def test_marker_is_shown_for_both_populations_with_intervals_spearman_and_skill(rpn_page):
    text = read_page(rpn_page).sections["markers"]
    for value in (
        "0.430 [",
        "0.238 [",
        "0.467 [",
        "−0.002 [",
        "0.437 [",
        "0.348 [",
        "0.232 [",
        "−0.116 [",
        "0.093 [",
        "−0.290 [",
    ):
        assert value in text, value
    assert "kept in the publication" in text
    assert "motion rules only" in text


def test_training_people_are_called_no_evidence_wherever_their_figure_stands(rpn_page):
    page = read_page(rpn_page)
    assert "training, in-sample: no evidence" in page.sections["markers"]
    assert "0.990" not in page.sections["summary"]
    assert "bochum" in page.sections["summary"]
    rows = re.findall(r"<tr>(.*?)</tr>", rpn_page, re.DOTALL)
    trained = [row for row in rows if "0.990 [" in row]
    assert len(trained) == 2
    assert all("training, in-sample: no evidence" in row for row in trained)


def test_difference_names_the_people_it_rests_on(rpn_page):
    text = read_page(rpn_page).sections["markers"]
    assert "r = 0.430 (n 37)" in text
    assert "r = 0.238 (n 41)" in text
    assert (
        "4 people who are in only one of them: sub-essen838, sub-essen839, sub-essen840, sub-essen841" in text
    )


def test_marker_without_input_says_what_it_needs(rpn_page):
    assert "dmPFC-amygdala-accumbens module: not computable, needs diffusion tractography" in rpn_page


def test_every_p_value_stands_beside_the_number_of_tests_in_its_family(rpn_out, rpn_page):
    table = re.search(r"<table>(?:(?!</table>).)*?>Tests<.*?</table>", rpn_page, re.DOTALL)
    assert table
    effects = read_table("effects", rpn_out / "compare/effects.tsv")
    body = rpn_page[rpn_page.index("Effect size [interval]") :]
    rows = re.findall(r"<tr>\s*<th scope=row.*?</tr>", body, re.DOTALL)[: len(effects)]
    sizes = {"primary": "8", "exploratory": "17"}
    for row in rows[:40]:
        cells = re.findall(r"<bdi>(.*?)</bdi>", row)
        assert sizes[cells[1]] in cells, cells


def test_what_defined_the_groups_has_no_probability_and_what_did_not_keeps_it():
    table = pd.DataFrame(
        {
            "contrast": "persistent_20 x time: persistent - recovered, per year",
            "note": ["drawn, not tested: the groups were made of this", ""],
            "p": 0.01,
            "q": 0.02,
            "p_fwe": 0.03,
            "statistic_value": 4.0,
        }
    )
    shown = without_group_by_time(table)
    assert shown["withheld"].tolist() == [True, False]
    assert shown.loc[0, ["p", "q", "p_fwe", "statistic_value"]].isna().all()
    assert shown.loc[1, "p"] == 0.01


def test_what_is_not_tested_is_never_printed_on_the_page(tmp_path):
    out = write_rpn(tmp_path)
    effects = read_table("effects", out / "compare/effects.tsv")
    effects["note"] = "drawn, not tested: the groups were made of this"
    effects["p"] = effects["q"] = 0.123
    write_table(effects, "effects", out / "compare/effects.tsv")
    text = read_page(render(out).read_text(encoding="utf-8"))
    assert "0.123" not in text.sections["effects"]
    assert "drawn, not tested" in text.sections["effects"]
    assert "0.123" not in text.sections["summary"]


def test_baseline_and_visits_stand_apart(tmp_path):
    out = write_rpn(tmp_path)
    effects = read_table("effects", out / "compare/effects.tsv")
    over = effects.assign(analysis="visits", contrast="pain_nrs within people", estimate=0.77125)
    write_table(pd.concat([effects, over], ignore_index=True), "effects", out / "compare/effects.tsv")
    text = read_page(render(out).read_text(encoding="utf-8")).sections["effects"]
    first, second = text.index("At baseline: one visit"), text.index("Over visits: all visits")
    assert first < second
    assert "0.77 " in text[second:]
    assert "0.77 " not in text[:second]


def test_summary_says_honestly_when_nothing_stands_out(tmp_path):
    out = write_rpn(tmp_path)
    effects = read_table("effects", out / "compare/effects.tsv")
    effects["q"] = 0.6
    write_table(effects, "effects", out / "compare/effects.tsv")
    text = read_page(render(out).read_text(encoding="utf-8")).sections["summary"]
    assert "no edge stands out among 8 primary tests" in text
    assert "absence of evidence is not evidence of absence" in text


def test_summary_names_a_planted_difference(tmp_path):
    out = write_rpn(tmp_path)
    effects = read_table("effects", out / "compare/effects.tsv")
    hit = (effects["target"] == "NAc--mPFC") & (effects["statistic"] == "partial")
    effects["q"] = np.where(hit, 0.0004, 0.5)
    effects["p"] = np.where(hit, 0.00005, 0.4)
    write_table(effects, "effects", out / "compare/effects.tsv")
    text = read_page(render(out).read_text(encoding="utf-8")).sections["summary"]
    assert "the clearest of 8 primary tests is NAc–mPFC" in text
    assert "q < 0.001" in text


def test_circuit_means_of_another_atlas_are_named_and_never_drawn_over_the_first(rpn_out, tmp_path):
    out = shutil.copytree(rpn_out, tmp_path / "out")
    known = json.loads((out / "circuit.json").read_text(encoding="utf-8"))
    other = [{**row, "atlas": "coordinates", "mean": 0.98765} for row in known["means"]]
    (out / "circuit.json").write_text(
        json.dumps({**known, "means": known["means"] + other}), encoding="utf-8"
    )
    text = render(out).read_text(encoding="utf-8")
    assert "task rest, atlas MIST122)" in text
    assert "in circuit.json and in the table of effects: task rest, atlas coordinates." in text
    assert "0.98765" not in text


def test_the_clearest_test_is_said_to_be_one_of_all_families_that_it_was_chosen_from(rpn_out, tmp_path):
    out = shutil.copytree(rpn_out, tmp_path / "out")
    effects = pd.read_csv(out / "compare/effects.tsv", sep="\t", keep_default_na=False)
    primary = effects[effects["family"] == "primary"]
    both = pd.concat([effects, primary.assign(task="sp", family="primary, sp")], ignore_index=True)
    both.to_csv(out / "compare/effects.tsv", sep="\t", index=False, lineterminator="\n")
    declared = json.loads((out / "compare/declared.json").read_text(encoding="utf-8"))
    n = next(family["n_tests"] for family in declared["families"] if family["name"] == "primary")
    declared["families"].append({"name": "primary, sp", "description": "primary, sp", "n_tests": n})
    (out / "compare/declared.json").write_text(json.dumps(declared), encoding="utf-8")
    assert f"{2 * n} primary tests" in render(out).read_text(encoding="utf-8")


def test_people_whose_site_is_unknown_are_at_no_site(rpn_out, tmp_path):
    out = shutil.copytree(rpn_out, tmp_path / "out")
    flow = json.loads((out / "cohort/flow.json").read_text(encoding="utf-8"))
    flow["stages"][0]["by_site"] = {"n/a": flow["stages"][0]["n"]}
    (out / "cohort/flow.json").write_text(json.dumps(flow), encoding="utf-8")
    summary = read_page(render(out).read_text(encoding="utf-8")).sections["summary"]
    assert "people came in; no site is known." in summary
    assert "at 1 site" not in summary


def test_a_panel_of_scores_counts_people_and_not_runs(rpn_out, tmp_path):
    out = shutil.copytree(rpn_out, tmp_path / "out")
    scores = read_table("scores", out / "predict/scores.tsv")
    again = scores.assign(run="2")
    write_table(pd.concat([scores, again], ignore_index=True), "scores", out / "predict/scores.tsv")

    def panels(page: str) -> set[str]:
        return set(re.findall(r"(?:bochum|essen|szeged) \(n \d+\)", page))

    once = panels((rpn_out / "report.html").read_text(encoding="utf-8"))
    assert once
    assert panels(render(out).read_text(encoding="utf-8")) == once
