"""Ratings in the sessions tables become tables about pain over time, with each odd cell named once."""

from __future__ import annotations

import json
from pathlib import Path

from workflow.runs import problems, run, small

from corticolimbic.features import read_table

CONFIG = """
predict: {markers: []}
cohort:
  outcome:
    {family: relative, pain_column: nrs, baseline_session: ses-1, final_day: 90, final_window: [-10, 10]}
  trajectories:
    schedule: [{session: ses-1, day: 0}, {session: ses-2, day: 14}, {session: ses-3, day: 91}]
    date_variable: date
    eligibility: [{variable: nrs, at_least: 3, label: pain of at least 3}]
"""
RATINGS = {
    "sub-001": ["6", "3", "1"],
    "sub-002": ["6", "much", "6"],
    "sub-003": ["2", "2", "2"],
    "sub-004": ["12", "5", ""],
}


def dataset(root: Path) -> Path:
    made = small(root, 4)
    rows = [
        f"{person}\tses-{place + 1}\t{cell}\t2024-0{place + 1}-01"
        for person, cells in RATINGS.items()
        for place, cell in enumerate(cells)
    ]
    text = "\n".join(["participant_id\tsession_id\tnrs\tdate", *rows, ""])
    (made / "sessions.tsv").write_text(text, encoding="utf-8")
    return made


def test_ratings_become_courses_rates_curves_and_a_flow(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(dataset(tmp_path / "data"), out, command="cohort", config=CONFIG)

    def table(name: str):
        return read_table(name, out / f"cohort/{name}.parquet").set_index("participant_id", drop=False)

    found = table("trajectories")
    assert found["course"].to_dict() == {"sub-001": "by week 12", "sub-002": "", "sub-003": "", "sub-004": ""}
    assert found["course_reason"].to_dict() == {
        "sub-001": "",
        "sub-002": "fewer than 3 rated days",
        "sub-003": "not eligible (not: pain of at least 3)",
        "sub-004": "fewer than 3 rated days",
    }
    outcomes = table("outcomes")
    primary = outcomes[outcomes["outcome"] == "persistent_20"]["label"].to_dict()
    assert primary == {
        "sub-001": "recovered",
        "sub-002": "persistent",
        "sub-003": "persistent",
        "sub-004": "",
    }
    assert sorted((row["code"], row["found"]) for row in problems(out) if "nrs" in row["found"]) == [
        ("CL307", "nrs = 'much'"), ("CL312", "nrs = 12"),
    ]  # fmt: skip
    flow = json.loads((out / "cohort/flow.json").read_text(encoding="utf-8"))
    assert [stage["id"] for stage in flow["stages"]][:2] == ["listed", "eligible"]
    assert [visit["n"] for visit in flow["visits"]] == [3, 3, 3]
    rates = read_table("rates", out / "cohort/rates.parquet").set_index(["name", "site"])
    assert rates.loc[("persistent_20", "all"), ["events", "n"]].tolist() == [1, 2]  # eligible people only
    months = read_table("completeness", out / "cohort/completeness.parquet")["month"]
    assert {"2024-01", "2024-03", "2024-04"} & set(months)


def test_a_variable_that_is_not_there_is_a_settings_error_before_anything_is_measured(tmp_path: Path) -> None:
    config = CONFIG.replace("date_variable: date", "date_variable: dat")
    result = run(dataset(tmp_path / "data"), tmp_path / "out", config=config)
    assert result.code == 2, result
    assert "cohort.trajectories.date_variable: there is no variable 'dat'" in result.err
    assert "date, " in result.err
    assert not (tmp_path / "out").exists()
