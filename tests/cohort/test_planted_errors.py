"""A simulated export of seven sites: every planted error is found with its row, and none is invented."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cohort.clinical import read

from corticolimbic.cohort import Clinical, PlannedVisit, Source, TrajectorySettings
from corticolimbic.foundation import problem_codes
from corticolimbic.simulate import RedcapExport, redcap_export

SITES = ("north", "south", "east", "west", "centre", "coast", "lake")
WAVES = {"baseline": 0, "week_6": 42, "month_3": 91, "month_6": 182, "month_12": 365, "year_3": 1095}

WRONG = {"out of range": "phq9_3", "no number": "pcs_2", "unknown choice": "condition", "pounds": "weight"}


def sessions() -> dict[str, str]:
    return {f"{event}_arm_1": f"ses-{event.replace('_', '')}" for event in WAVES}


def read_export(made: RedcapExport) -> Clinical:
    source = Source(
        kind="redcap",
        path=str(made.records),
        dictionary=str(made.dictionary),
        designations=str(made.designations),
        events=sessions(),
        dates={"diary": "diary_date"},
        date_column="visit_date",
        sites=SITES,
        birth=("birth_date", "visit_birth_year"),
        sex=("sex", "visit_sex"),
    )
    plan = tuple(
        PlannedVisit(session=session, day=day, before=14, after=14)
        for session, day in zip(sessions().values(), WAVES.values(), strict=True)
    )
    return read(source, trajectories=TrajectorySettings(schedule=plan))


def problems(found: Clinical) -> Counter[tuple[str, int]]:
    return Counter((item.code, int(item.row)) for item in found.problems if item.code != "CL343")


def hold(made: RedcapExport, found: Clinical) -> None:
    """Planted and found are the same, row by row, and each tells whom, where and what to do."""
    planted = Counter((item.code, item.row) for item in made.planted)
    assert problems(found) - planted == Counter(), "invented"
    assert planted - problems(found) == Counter(), "not found"
    for item in found.problems:
        assert item.file == str(made.records)
        assert item.remedy == problem_codes()[item.code].remedy
        assert item.found
    named = [item for item in found.problems if item.code not in {"CL321", "CL333", "CL343"}]
    assert all(item.participant_id.startswith("sub-") for item in named if item.code != "CL333")


def test_an_export_without_errors_has_no_problems(tmp_path: Path) -> None:
    made = redcap_export(tmp_path, people=35, diary_days=6, errors_of_each_kind=0)
    found = read_export(made)
    assert made.planted == ()
    assert problems(found) == Counter()
    assert len(found.participants) == 35
    assert set(found.visits["missing"]) == {"", "refused", "not asked", "unknown"}


def test_every_cell_of_a_clean_export_is_what_pandas_reads(tmp_path: Path) -> None:
    made = redcap_export(tmp_path, people=42, diary_days=5, errors_of_each_kind=0)
    visits = read_export(made).visits
    raw = pd.read_csv(made.records, dtype=str, keep_default_na=False)
    assert len(raw) == made.n_rows
    keys = ["record_id", "redcap_event_name", "redcap_repeat_instance"]
    names = [
        name for name in raw.columns if not name.startswith("redcap") and name not in (*keys, "birth_date")
    ]
    long = raw.assign(row=np.arange(len(raw)) + 2).melt([*keys, "row"], names, "variable")
    long = long[~long["value"].isin(["", "REF", "NASK"])]
    theirs = pd.DataFrame(
        {
            "participant_id": "sub-" + long["record_id"],
            "session_id": long["redcap_event_name"].map(sessions()),
            "variable": long["variable"],
            "instance": long["redcap_repeat_instance"].replace("", "n/a"),
            "value": long["value"],
            "row": long["row"],
        }
    ).sort_values(["participant_id", "session_id", "variable", "instance"])
    ours = visits[(visits["value"] != "") & (visits["variable"] != "site")]
    assert len(ours) == len(theirs)
    for column in theirs:
        assert ours[column].tolist() == theirs[column].tolist(), column
    first = raw[raw["redcap_event_name"] == "baseline_arm_1"].drop_duplicates("record_id")
    zero = pd.to_datetime(first.set_index("record_id")["visit_date"])
    dates = raw["visit_date"].where(raw["visit_date"] != "", raw["diary_date"])
    days = (pd.to_datetime(dates) - raw["record_id"].map(zero)).dt.days
    assert (ours["day"].to_numpy() == days.to_numpy()[ours["row"].to_numpy() - 2]).all()


def test_every_planted_error_is_found_with_its_row_and_none_is_invented(tmp_path: Path) -> None:
    made = redcap_export(tmp_path, people=130, diary_days=6, errors_of_each_kind=4, seed=20260402)
    found = read_export(made)
    assert len({item.kind for item in made.planted}) == 20
    hold(made, found)


def test_a_wrong_cell_is_missing_and_the_cells_beside_it_are_read(tmp_path: Path) -> None:
    made = redcap_export(tmp_path, people=110, diary_days=6, errors_of_each_kind=2)
    found = read_export(made)
    visits, people = found.visits, found.participants
    for item in made.planted:
        if item.kind in WRONG:
            rows = visits[visits["row"] == item.row]
            wrong = WRONG[item.kind]
            cell = rows[rows["variable"] == wrong].iloc[0]
            assert (cell["value"], cell["missing"]) == ("", "unknown")
            assert np.isnan(cell["number"])
            assert (rows["value"] != "").sum() > 40
        if item.kind in {"visit order", "before birth", "impossible date", "spreadsheet date"}:
            assert visits[visits["row"] == item.row]["day"].isna().all()
        if item.kind in {"duplicate visit", "mangled id", "unknown event"}:
            assert item.row not in set(visits["row"])
    lake = visits[(visits["variable"] == "pain_now") & visits["value"].ne("")]
    assert not set(lake["participant_id"]) & set(people.index[people["site"] == "lake"])
    formulas = visits[visits["variable"] == "comment"]["value"]
    assert (formulas.str.startswith("'=HYPERLINK")).sum() == 2
    assert not visits["value"].str.match(r"[=@]").any()


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path: Path) -> None:
    made = redcap_export(tmp_path, people=2800, errors_of_each_kind=20, seed=20260403)
    assert made.n_rows > 100_000
    start = time.process_time()
    found = read_export(made)
    seconds = time.process_time() - start
    hold(made, found)
    assert len(found.visits) > 1_300_000
    assert seconds < 10, f"{seconds:.1f} s of CPU"
