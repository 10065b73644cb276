"""Scores stand among what was recorded: as columns of people and sessions, and as rows of the visits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from cohort.clinical import read, redcap

from corticolimbic.cohort import (
    Clinical,
    CohortSettings,
    Outcome,
    instruments,
    score_variables,
    score_visits,
    with_scores,
)
from corticolimbic.features import schema

FIELDS = "".join(f"peg_{item},visit,,text,Item {item},,,number,0,10,,\n" for item in (1, 2, 3))
HEAD = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,seen,"
HEAD += "peg_1,peg_2,peg_3,peg_total,pgic_1,nrs_diary\n"
DICTIONARY = (
    "record_id,visit,,text,ID,,,,,,,\nseen,visit,,text,Day,,,date_ymd,,,,\n"
    + FIELDS
    + "peg_total,visit,,text,Computed,,,number,,,,\npgic_1,visit,,text,Change,,,integer,1,7,,\n"
    "nrs_diary,diary,,text,Pain,,,number,0,10,,\n"
)
ROWS = (
    "1,a,,,2020-01-01,5,6,7,,,\n1,a,diary,1,,,,,,,4\n1,b,,,2020-03-01,2,2,2,,3,\n"
    "2,a,,,2020-01-05,1,1,,,,\n2,b,,,2020-03-05,9,9,9,,6,\n"
    "3,b,,,2020-03-09,4,4,4,,1,\n"
)
EVENTS = {"a": "ses-1before", "b": "ses-2after"}


def study(folder: Path, rows: str = ROWS) -> Clinical:
    return read(redcap(folder, HEAD + rows, DICTIONARY, date_column="seen", events=EVENTS))


def joined(clinical: Clinical, **outcome: str) -> Clinical:
    chosen = Outcome(**outcome) if outcome else Outcome()
    return with_scores(clinical, score_visits(clinical.visits).table, CohortSettings(outcome=chosen))


def blank(folder: Path) -> Clinical:
    """Return the study without a column of its own that bears a score's name."""
    clinical = study(folder)
    kept = clinical.visits[clinical.visits["variable"] != "peg_total"]
    drop = [
        [name for name in table if name == "peg_total"]
        for table in (clinical.participants, clinical.sessions)
    ]
    return Clinical(
        clinical.participants.drop(columns=drop[0]),
        clinical.sessions.drop(columns=drop[1]),
        kept.reset_index(drop=True),
    )


def test_every_shipped_score_has_a_name_of_its_own() -> None:
    rules = [rule for item in instruments() for rule in item.subscales]
    table = pd.DataFrame(
        {
            "instrument": [rule.instrument for rule in rules],
            "version": [rule.version for rule in rules],
            "subscale": [rule.name for rule in rules],
        }
    )
    names = score_variables(table.drop_duplicates()).tolist()
    assert len(names) > 80
    assert len(set(names)) == len(names)
    assert {"phq9_total", "fms_2011_criteria_met", "stai_t_trait"} <= set(names)
    assert {"shaps_franken_total", "shaps_original_total", "mme_total", "tsk11_total"} <= set(names)
    assert all(name.isidentifier() for name in names)
    more = [("PHQ-9", "9-item", "safety item 9"), ("NRS-pain", "0-10", "intensity (now)")]
    more += [
        ("opioid-MME", "before 2022", "total"),
        ("PROMIS-29", "Profile v2.1 (v2.0 same forms [mem])", "anxiety (raw) T"),
    ]
    wanted = ["phq9_safety_item_9", "nrs_intensity_now", "mme_total", "promis29_anxiety_t"]
    columns = ["instrument", "version", "subscale"]
    assert score_variables(pd.DataFrame(more, columns=columns)).tolist() == wanted


def test_a_baseline_score_is_a_column_of_the_people_and_each_a_row_of_the_visits(tmp_path: Path) -> None:
    found = joined(blank(tmp_path))
    assert found.participants["peg_total"].to_dict() == {"sub-1": "6", "sub-2": "", "sub-3": "4"}
    rows = found.visits[found.visits["variable"] == "peg_total"]
    told = rows.set_index(["participant_id", "session_id"])
    assert told["number"].to_dict() == {
        ("sub-1", "ses-1before"): 6,
        ("sub-1", "ses-2after"): 2,
        ("sub-2", "ses-2after"): 9,
        ("sub-3", "ses-2after"): 4,
    }
    assert told["day"].tolist() == [0, 60, 60, 0]
    assert set(rows["missing"]) == {""}
    assert set(rows["source"]) == {"cohort/instrument_scores.parquet"}
    key = schema("visits").key
    assert found.visits[key].equals(found.visits[key].sort_values(key, kind="stable").reset_index(drop=True))
    assert schema("visits").check(found.visits).equals(found.visits)
    wide = found.sessions.set_index(["participant_id", "session_id"])["peg_total"]
    assert wide.to_dict()["sub-1", "ses-2after"] == "2"
    assert wide.to_dict()["sub-2", "ses-1before"] == ""


def test_the_baseline_is_that_of_the_outcome_where_one_is_declared(tmp_path: Path) -> None:
    session = {"family": "relative", "pain_column": "peg_1", "final_session": "ses-2after"}
    found = joined(blank(tmp_path), baseline_session="ses-1before", **session)
    assert found.participants["peg_total"].to_dict() == {"sub-1": "6", "sub-2": "", "sub-3": ""}


def test_what_was_asked_in_one_session_only_is_a_column_of_the_people(tmp_path: Path) -> None:
    found = joined(blank(tmp_path))
    assert found.participants["pgic_change"].tolist() == ["3", "6", "1"]


def test_repeats_of_a_form_stay_in_their_own_table(tmp_path: Path) -> None:
    clinical = blank(tmp_path)
    scores = score_visits(clinical.visits).table
    diary = scores[scores["subscale"].str.contains("diary")]
    assert diary["instance"].tolist() == ["1"]
    assert set(scores.loc[scores["instrument"] == "PEG", "instance"]) == {""}
    found = joined(clinical)
    assert not [name for name in found.participants.columns if "intensity" in name]
    assert "nrs_intensity_diary" not in set(found.visits["variable"])


def test_a_column_of_the_studys_own_is_never_replaced(tmp_path: Path) -> None:
    clinical = study(tmp_path, ROWS.replace("5,6,7,,", "5,6,7,99,"))
    found = joined(clinical)
    assert [item.found for item in found.problems if item.code == "CL347"] == ["peg_total"]
    rows = found.visits[found.visits["variable"] == "peg_total"]
    assert rows.loc[rows["value"] != "", "value"].tolist() == ["99"]
    assert "peg_total" not in found.participants
    assert found.sessions["peg_total"].equals(clinical.sessions["peg_total"])
    assert found.participants["pgic_change"].tolist() == ["3", "6", "1"]


def test_without_a_score_nothing_changes(tmp_path: Path) -> None:
    clinical = blank(tmp_path)
    nothing = schema("instrument_scores").table([])
    found = with_scores(clinical, nothing, CohortSettings())
    assert found.visits is clinical.visits
    assert found.participants is clinical.participants
    refused = score_visits(clinical.visits).table.assign(status="out of range", score=np.nan)
    assert "peg_total" not in with_scores(clinical, refused, CohortSettings()).participants


def test_doses_without_drugs_are_no_opioids() -> None:
    cells = [("sub-1", "ses-1", "opioid_dose", "n/a", "20")]
    visits = pd.DataFrame(cells, columns=["participant_id", "session_id", "variable", "instance", "value"])
    found = score_visits(visits.assign(number=20.0, missing="", source=""))
    assert found.table.empty
    assert found.problems == ()
