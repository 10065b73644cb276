"""The section on people who were lost, made from tables that the analysis itself wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from report.example_out import write_demo
from report.page_reader import read_page
from stats.attrition_studies import persistent, study

from corticolimbic.features import schema, write_table
from corticolimbic.report import render
from corticolimbic.stats import AttritionSettings, attrition_tables


def write_attrition(out: Path, method: str, **more: object) -> None:
    one = study(240, np.random.default_rng(2026112540))
    people = one.people.assign(
        sex=np.where(np.arange(240) % 3, "F", "M"), **{"<b>疼痛</b>": one.complete["baseline"]}
    )
    settings = AttritionSettings.from_mapping(
        {"method": method, "covariates": ("age", "sex"), "imputations": 5, "iterations": 3, **more}
    )
    tables, _ = attrition_tables(people, one.observed, settings, ratings=one.ratings, outcome=persistent)
    for name, table in (
        ("attrition", tables.visits),
        ("attrition_patterns", tables.patterns),
        ("attrition_differences", tables.differences),
        ("attrition_rates", tables.rates),
    ):
        write_table(table, name, out / "cohort" / f"{name}.tsv")


@pytest.fixture(scope="module")
def lost_out(tmp_path_factory) -> Path:
    out = write_demo(tmp_path_factory.mktemp("lost"))
    write_attrition(out, "imputation", covariates=("age", "sex", "<b>疼痛</b>"), delta_by="site")
    render(out)
    return out


def test_the_section_says_who_was_lost_and_what_it_changes(lost_out):
    text = read_page((lost_out / "report.html").read_text(encoding="utf-8")).sections["attrition"]
    visits = pd.read_csv(lost_out / "cohort/attrition.tsv", sep="\t")
    last = visits[visits["site"] == "all"].iloc[-1]
    assert f"{last['n_lost']} of 240 people who were due were not seen" in text
    for words in (
        "lost at month 6",
        "site: south",
        "<b>疼痛</b>",
        "Complete cases",
        "Lost shifted by −2",
        "By group",
    ):
        assert words in text
    for figure in ("attrition-differences", "attrition-rates"):
        assert (lost_out / "figures" / f"{figure}.svg").is_file()


def test_without_tables_there_is_no_section(demo_page):
    assert "attrition" not in read_page(demo_page).sections


@pytest.mark.parametrize("method", ["none", "weights"])
def test_what_was_not_asked_for_is_left_out(tmp_path, method):
    out = write_demo(tmp_path)
    write_attrition(out, method, site=None)
    render(out)
    text = read_page((out / "report.html").read_text(encoding="utf-8")).sections["attrition"]
    assert ("counting like" in text) == (method == "weights")
    assert "shifted by" not in text
    assert "By site" not in text


def test_tables_without_anybody_lost_or_any_estimate_are_drawn(tmp_path):
    out = write_demo(tmp_path)
    counts = dict.fromkeys(("n_expected", "n_seen", "n_lost", "n_left", "visit_order"), 0)
    rows = {
        "attrition": {"visit": "later", "site": "all", **counts},
        "attrition_differences": {
            "visit": "later",
            "covariate": "age",
            "n_lost": 1,
            "reason": "one person lost",
        },
        "attrition_rates": {"method": "complete cases", "group": "all", "delta": 0.0, "n": 0, "n_seen": 0},
    }
    for name, row in rows.items():
        write_table(schema(name).table([row]), name, out / "cohort" / f"{name}.tsv")
    render(out)
    text = read_page((out / "report.html").read_text(encoding="utf-8")).sections["attrition"]
    assert "Nobody was due at the last visit" in text
    assert "one person lost" in text
    assert "No rate could be estimated" in text


def test_visits_bear_the_names_of_the_flow(tmp_path):
    out = write_demo(tmp_path)
    write_attrition(out, "none")
    flow = json.loads((out / "cohort/flow.json").read_text(encoding="utf-8"))
    visits = list(dict.fromkeys(pd.read_csv(out / "cohort/attrition.tsv", sep="\t")["visit"]))
    seen = {"n": 1, "by_site": {}, "removed": []}
    flow["visits"] = [{"id": visit, "label": f"visit of {visit}", **seen} for visit in visits]
    (out / "cohort/flow.json").write_text(json.dumps(flow), encoding="utf-8")
    render(out)
    text = read_page((out / "report.html").read_text(encoding="utf-8")).sections["attrition"]
    assert "At the last visit, visit of month" in text
    assert "lost at visit of month 6" in text
