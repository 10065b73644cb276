"""Pain over time on the page: what is shown is what the tables hold, and odd tables break nothing."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from report.example_out import FOLLOWED, write_followed
from report.page_reader import read_page

from corticolimbic.features import read_table, schema, write_table
from corticolimbic.foundation import write_json
from corticolimbic.report import render
from corticolimbic.report._figures._courses import LINES, thinned


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    out = write_followed(tmp_path_factory.mktemp("followed"))
    render(out)
    return out


@pytest.fixture
def out(followed, tmp_path):
    return shutil.copytree(followed, tmp_path / "out")


def _page(out):
    return read_page(render(out).read_text(encoding="utf-8"))


def _table(out, name):
    return read_table(name, out / f"cohort/{name}.parquet")


def test_each_class_stands_with_its_count_and_interval(followed):
    words = read_page((followed / "report.html").read_text(encoding="utf-8")).sections["people"]
    rates = _table(followed, "rates")
    rows = rates[(rates["kind"] == "course") & (rates["site"] == "all") & (rates["events"] > 0)]
    assert len(rows) == 5
    for row in rows.itertuples():
        percent = f"{100 * row.rate:.0f} [{100 * row.ci_low:.0f}, {100 * row.ci_high:.0f}] %"
        assert f"{row.events}/{row.n}: {percent}" in words


def test_the_flow_names_every_visit_with_who_was_seen(followed):
    flow = json.loads((followed / "cohort/flow.json").read_text())
    words = read_page((followed / "report.html").read_text(encoding="utf-8")).sections["people"]
    place = -1
    for group in [*flow["stages"][:2], *flow["visits"], *flow["stages"][2:]]:
        here = words.index(f"{group['label']}: {group['n']}")  # the description, in the figure's order
        assert here > place
        place = here
    assert "Of these people not at this visit" in words


def test_figures_hold_the_numbers_of_the_tables(followed):
    folder = followed / "figures"
    recovery = pd.read_csv(folder / "recovery.tsv", sep="\t")
    np.testing.assert_allclose(recovery["survival"], _table(followed, "recovery")["survival"])
    courses = pd.read_csv(folder / "courses.tsv", sep="\t")
    assert len(courses) == len(_table(followed, "ratings"))
    drawn = (folder / "completeness.svg").read_text(encoding="utf-8")
    table = _table(followed, "completeness")
    row = table[(table["site"] == "north") & (table["month"] == "all") & (table["session_id"] == "all")].iloc[
        0
    ]
    assert f"{row['n_present']} of {row['n_due']} due" in drawn


def test_what_single_ratings_are_worth_is_printed(followed):
    words = read_page((followed / "report.html").read_text(encoding="utf-8")).sections["people"]
    row = _table(followed, "misclassification").set_index("outcome").loc["persistent_20"]
    assert f"wrong in about {100 * row['rate']:.0f} % of people" in words
    assert f"AUC of only {row['auc_ceiling']:.2f}" in words


@pytest.mark.parametrize("names", [FOLLOWED, FOLLOWED[1:]])
def test_absent_and_empty_tables_leave_the_rest_standing(out, names):
    for name in names:
        write_table(schema(name).table([]), name, out / f"cohort/{name}.parquet")
    assert len(_page(out).named("section")) == 10
    for name in names:
        (out / f"cohort/{name}.parquet").unlink()
    assert len(_page(out).named("section")) == 10


def test_damaged_tables_are_named(out):
    for name in FOLLOWED:
        (out / f"cohort/{name}.parquet").write_bytes(b"PAR1 damaged")
    words = _page(out).sections["problems"]
    assert [name for name in FOLLOWED if f"cohort/{name}.parquet" not in words] == []


def test_names_from_the_data_are_text_wherever_they_stand(out):
    evil = "<b>x</b>" + "ů患" * 60
    for name in FOLLOWED:
        table = _table(out, name)
        for column in {"site", "variable", "course_reason"} & set(table.columns):
            table[column] = table[column].replace(
                {"north": evil, "pain_nrs": evil, "fewer than 3 rated days": evil}
            )
        write_table(table, name, out / f"cohort/{name}.parquet")
    flow = json.loads((out / "cohort/flow.json").read_text())
    flow["visits"][0]["label"] = evil
    flow["visits"] *= 4
    write_json(out / "cohort/flow.json", flow)
    text = render(out).read_text(encoding="utf-8")
    assert "<b>x" not in text
    assert "&lt;b&gt;x" in text


def test_a_study_without_classes_shows_everybody(out):
    table = _table(out, "trajectories").assign(course="", course_reason="fewer than 3 rated days")
    write_table(table, "trajectories", out / "cohort/trajectories.parquet")
    words = _page(out).sections["people"]
    assert "Everybody" in words
    assert "Without a class: 90 people" in words


def test_nobody_recovered_and_nobody_due(out):
    table = _table(out, "recovery")
    write_table(table[table["day"] == 0], "recovery", out / "cohort/recovery.parquet")
    counts = _table(out, "completeness").assign(n_due=0, n_present=0, share=np.nan)
    write_table(counts, "completeness", out / "cohort/completeness.parquet")
    assert "had not recovered" in _page(out).sections["people"]


def test_many_people_are_thinned_evenly_and_few_are_all_drawn():
    assert list(thinned(5)) == [0, 1, 2, 3, 4]
    assert list(thinned(0)) == []
    many = list(thinned(2800))
    assert len(many) <= LINES
    assert many[-1] > 2700
