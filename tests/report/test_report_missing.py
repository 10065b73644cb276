from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from report.example_out import write_rpn
from report.page_reader import read_page

from corticolimbic.features import read_table, schema, write_table
from corticolimbic.foundation import write_json
from corticolimbic.report import render

FILES = [
    "manifest.json",
    "config.yaml",
    "definitions.json",
    "problems.tsv",
    "sessions.parquet",
    "quality.tsv",
    "region_quality.tsv",
    "cohort/flow.json",
    "cohort/outcomes.parquet",
    "cohort/populations.parquet",
    "compare/effects.tsv",
    "compare/declared.json",
    "circuit.json",
    "predict/scores.tsv",
    "predict/evaluation.tsv",
    "predict/markers.json",
    "predict/differences.json",
]
TABLES = {
    "problems": "problems.tsv",
    "effects": "compare/effects.tsv",
    "scores": "predict/scores.tsv",
    "sessions": "sessions.parquet",
    "quality": "quality.tsv",
    "region_quality": "region_quality.tsv",
    "evaluation": "predict/evaluation.tsv",
    "outcomes": "cohort/outcomes.parquet",
    "populations": "cohort/populations.parquet",
}


@pytest.fixture
def out(rpn_out, tmp_path):
    return shutil.copytree(rpn_out, tmp_path / "out")


def _page(out):
    return read_page(render(out).read_text(encoding="utf-8"))


def test_empty_folder_says_in_every_section_what_is_not_there(tmp_path):
    page = _page(tmp_path)
    assert "holds no result that could be summed up" in page.sections["summary"]
    assert "cohort/flow.json" in page.sections["people"]
    assert "what went wrong is not known" in page.sections["problems"]
    assert "compare/effects.tsv" in page.sections["effects"]
    assert "No published marker was asked for" in page.sections["markers"]
    assert "not known" in page.sections["settings"]


@pytest.mark.parametrize("name", FILES)
def test_any_absent_file_leaves_the_rest_standing(out, name):
    (out / name).unlink()
    page = _page(out)
    assert len(page.named("section")) == 10
    assert "could not be read" not in page.sections["summary"].replace("that could not be read or", "")


def test_damaged_files_are_named_not_crashed_on(out):
    damaged = [name for name in FILES if name != "config.yaml"]
    for name in FILES:
        (out / name).write_bytes(b"\x00damaged\xff{[")
    page = _page(out)
    assert [name for name in damaged if name not in page.sections["problems"]] == []
    assert [name for name in damaged if name not in page.sections["summary"]] == []


@pytest.mark.parametrize(
    "value",
    ["[]", "{}", "null", "3", '"text"', '[1, null, "x"]', '{"stages": 3, "means": [[]], "edges": {"a": 1}}'],
)
def test_json_of_another_form_is_read_as_nothing(out, value):
    for name in FILES:
        if name.endswith(".json"):
            (out / name).write_text(value)
    assert len(_page(out).named("section")) == 10


@pytest.mark.parametrize("name", TABLES)
def test_table_without_rows_is_said(out, name):
    table = read_table(name, out / TABLES[name])
    write_table(table.head(0), name, out / TABLES[name])
    page = _page(out)
    assert len(page.named("section")) == 10
    if name == "effects":
        assert "no effect could be estimated" in page.sections["effects"]
    if name == "problems":
        assert "No problem was found" in page.sections["problems"]


@pytest.mark.parametrize(
    "name", ["effects", "scores", "sessions", "quality", "region_quality", "evaluation", "outcomes"]
)
def test_table_of_missing_numbers_is_said(out, name):
    table = read_table(name, out / TABLES[name])
    for column in schema(name).columns:
        if column.type == "float":
            table[column.name] = np.nan
    write_table(table, name, out / TABLES[name])
    page = _page(out)
    assert "nan" not in page.text.lower().replace("finance", "").split()
    if name == "effects":
        assert "every estimate is missing" in page.sections["effects"]


def test_circuit_without_means_or_places_is_said(out):
    circuit = json.loads((out / "circuit.json").read_text())
    for region in circuit["regions"][:4]:
        region["x"] = None
    write_json(out / "circuit.json", circuit)
    assert "Without a coordinate" in _page(out).sections["circuit"]
    write_json(out / "circuit.json", {**circuit, "means": []})
    assert "No edge of the circuit could be measured" in _page(out).sections["circuit"]


def test_nobody_is_counted_as_nobody(out):
    flow = json.loads((out / "cohort/flow.json").read_text())
    for group in (*flow["stages"], *flow["populations"]):
        group["n"], group["by_site"] = 0, {}
    write_json(out / "cohort/flow.json", flow)
    page = _page(out)
    assert "0 people came in; no site is known" in page.sections["summary"]


@pytest.mark.parametrize("n_sites", [1, 40])
def test_one_and_forty_sites_are_drawn(out, n_sites):
    sessions = read_table("sessions", out / TABLES["sessions"])
    sessions["site"] = np.array(
        [f"site{place % n_sites:02d}" for place in range(len(sessions))], dtype=object
    )
    write_table(sessions, "sessions", out / TABLES["sessions"])
    sites = {f"site{place:02d}": 3 for place in range(n_sites)}
    flow = json.loads((out / "cohort/flow.json").read_text())
    for group in (*flow["stages"], *flow["populations"]):
        group["by_site"] = sites
    write_json(out / "cohort/flow.json", flow)
    evaluation = read_table("evaluation", out / TABLES["evaluation"]).query("site == 'essen'")
    rows = [row | {"site": site} for site in sites for row in evaluation.to_dict("records")]
    write_table(schema("evaluation").table(rows), "evaluation", out / TABLES["evaluation"])
    page = _page(out)
    assert f"at {n_sites} site" in page.sections["summary"]
    assert all(site in page.sections["quality"] and site in page.sections["markers"] for site in sites)


def test_three_thousand_people_stay_a_small_page(out):
    one = read_table("sessions", out / TABLES["sessions"])
    many = [
        row | {"participant_id": f"sub-{copy:02d}{row['participant_id'][4:]}"}
        for copy in range(26)
        for row in one.to_dict("records")
    ]
    write_table(schema("sessions").table(many), "sessions", out / TABLES["sessions"])
    found = read_table("problems", out / TABLES["problems"]).to_dict("records")
    rows = [row | {"row": str(copy)} for copy in range(300) for row in found]
    write_table(schema("problems").table(rows), "problems", out / TABLES["problems"])
    graded = read_table("quality", out / TABLES["quality"]).to_dict("records")
    poor = [
        row
        | {
            "participant_id": f"sub-{copy:02d}{row['participant_id'][4:]}",
            "grade": "amber",
            "reasons": "amber: dof 20 below 30",
        }
        for copy in range(26)
        for row in graded
    ]
    write_table(schema("quality").table(poor), "quality", out / TABLES["quality"])
    page = _page(out)
    assert len(many) > 3000
    assert f"The first 200 of {len(poor):,} rows; all are in quality.tsv." in page.sections["quality"]
    assert (out / "report.html").stat().st_size < 3_000_000
    assert "The first 300 of 3,000 problems are shown; all are in problems.tsv." in page.sections["problems"]


def test_single_population_has_one_wide_circuit(demo_out, demo_page):
    assert len(list((demo_out / "figures").glob("circuit-*.svg"))) == 1
    assert "everyone eligible (n 35)" in read_page(demo_page).sections["circuit"]


def test_unknown_populations_of_tables_are_shown_under_their_own_name(tmp_path):
    out = write_rpn(tmp_path)
    (out / "cohort/flow.json").unlink()
    (out / "cohort/populations.parquet").unlink()
    for name in ("effects", "evaluation"):
        table = read_table(name, out / TABLES[name])
        table["population"] = table["population"].replace("motion_rules", "n/a").astype(object)
        write_table(table, name, out / TABLES[name])
    assert "n/a" in _page(out).sections["markers"]
