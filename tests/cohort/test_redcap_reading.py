"""REDCap exports by hand: events, repeats, checkboxes, labels, branching, missing data codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from cohort.clinical import cells, read, redcap, said, why

from corticolimbic.cohort import NO_SESSION, PlannedVisit, TrajectorySettings
from corticolimbic.foundation import SettingsError

FIELDS = (
    "record_id,base,,text,Record ID,,,,,,,\n"
    "born,base,,text,Born,,,date_ymd,,,y,\n"
    'sex,base,,radio,Sex,"1, male | 2, female",,,,,,\n'
    'drugs,base,,checkbox,Drugs taken,"1, opioid | 2, NSAID",,,,,,\n'
    "dose,base,,text,Dose,,mg,number,0,500,,[drugs(1)] = '1'\n"
    "seen,visit,,text,Day of visit,,,date_ymd,,,,\n"
    "pain,visit,,text,Pain,,,number,0,10,,\n"
    "why_pain,visit,,notes,Why,,,,,,,[pain] > 5 and [sex] <> ''\n"
    "day,diary,,text,Day,,,date_ymd,,,,\n"
    "pain_day,diary,,text,Pain of the day,,,integer,0,10,,\n"
)
DESIGNATED = "1,v1_arm_1,base\n1,v1_arm_1,visit\n1,v1_arm_1,diary\n1,v2_arm_1,visit\n"
RAW = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,redcap_data_access_group,"
    "born,sex,drugs___1,drugs___2,dose,base_complete,seen,pain,why_pain,visit_complete,day,pain_day,"
    "diary_complete\n"
    "01,v1_arm_1,,,north,1960-02-01,1,1,0,20,2,2020-01-10,6,work,2,,,\n"
    "01,v1_arm_1,diary,1,north,,,,,,,,,,,2020-01-11,5,2\n"
    "01,v1_arm_1,diary,2,north,,,,,,,,,,,2020-01-13,REF,2\n"
    "01,v2_arm_1,,,north,,,,,,,2020-02-10,3,,2,,,\n"
    "02,v1_arm_1,,,south,1970-05-05,2,0,1,,2,2020-03-01,,,2,,,\n"
    "02,v2_arm_1,,,south,,,,,,,2020-04-01,LTFU,NASK,1,,,\n"
)
LABELLED = (
    "Record ID,Event Name,Repeat Instrument,Repeat Instance,Data Access Group,Born,Sex,"
    "Drugs taken (choice=opioid),Drugs taken (choice=NSAID),Dose,Complete?,Day of visit,Pain,Why,Complete?,"
    "Day,Pain of the day,Complete?\n"
    "01,First,,,north,1960-02-01,male,Checked,Unchecked,20,Complete,2020-01-10,6,work,Complete,,,\n"
    "01,First,Diary,1,north,,,,,,,,,,,2020-01-11,5,Complete\n"
    "01,First,Diary,2,north,,,,,,,,,,,2020-01-13,REF,Complete\n"
    "01,Second,,,north,,,,,,,2020-02-10,3,,Complete,,,\n"
    "02,First,,,south,1970-05-05,female,Unchecked,Checked,,Complete,2020-03-01,,,Complete,,,\n"
    "02,Second,,,south,,,,,,,2020-04-01,LTFU,NASK,Unverified,,,\n"
)
EVENTS = {"v1_arm_1": "ses-1", "v2_arm_1": "ses-2", "First": "ses-1", "Second": "ses-2"}
DATED = {"date_column": "seen", "dates": {"diary": "day"}, "events": EVENTS}


def test_events_repeats_and_checkboxes_become_sessions_instances_and_variables(tmp_path: Path) -> None:
    found = read(redcap(tmp_path, RAW, FIELDS, **DATED))
    value = cells(found)
    assert value["sub-01", "ses-1", "pain", "n/a"] == "6"
    assert value["sub-01", "ses-2", "pain", "n/a"] == "3"
    assert value["sub-01", "ses-1", "pain_day", "1"] == "5"
    assert value["sub-01", "ses-1", "drugs___1", "n/a"] == "1"
    assert value["sub-02", "ses-1", "drugs___1", "n/a"] == "0"
    assert value["sub-02", NO_SESSION, "site", "n/a"] == "south"
    assert ("sub-01", "ses-2", "sex", "n/a") not in value, "the form was not given at that event"
    assert (
        found.visits.set_index(["participant_id", "variable", "instance"])["row"]["sub-01", "pain_day", "2"]
        == 4
    )
    assert said(found) == [("CL343", "")]


def test_reasons_for_missing_values_are_kept_apart(tmp_path: Path) -> None:
    reason = why(read(redcap(tmp_path, RAW, FIELDS, **DATED)))
    assert reason["sub-01", "ses-1", "pain_day", "2"] == "refused"
    assert reason["sub-02", "ses-2", "pain", "n/a"] == "lost"
    assert reason["sub-02", "ses-2", "why_pain", "n/a"] == "not asked", "said by its code"
    assert reason["sub-02", "ses-1", "pain", "n/a"] == "unknown"
    assert reason["sub-02", "ses-1", "dose", "n/a"] == "not asked", "by branching logic"
    assert reason["sub-02", "ses-1", "why_pain", "n/a"] == "not asked", "pain is blank"
    assert reason["sub-01", "ses-2", "why_pain", "n/a"] == "not asked", "sex is blank in that event"
    assert reason["sub-01", "ses-1", "dose", "n/a"] == ""


def test_codes_of_the_project_come_before_the_usual_ones(tmp_path: Path) -> None:
    reason = why(read(redcap(tmp_path, RAW, FIELDS, missing={"LTFU": "refused", "6": "not asked"}, **DATED)))
    assert reason["sub-02", "ses-2", "pain", "n/a"] == "refused"
    assert reason["sub-01", "ses-1", "pain", "n/a"] == "not asked"


def test_labels_and_codes_give_the_same_table(tmp_path: Path) -> None:
    raw = read(redcap(tmp_path, RAW, FIELDS, **DATED)).visits
    labelled = read(redcap(tmp_path, LABELLED, FIELDS, labels=True, **DATED)).visits
    assert raw.equals(labelled)


def test_days_count_from_the_first_visit_or_from_a_declared_date(tmp_path: Path) -> None:
    source = redcap(tmp_path, RAW, FIELDS, **DATED)
    keys = ["participant_id", "session_id", "variable", "instance"]
    day = read(source).visits.set_index(keys)["day"]
    assert day["sub-01", "ses-2", "pain", "n/a"] == 31
    assert day["sub-01", "ses-1", "pain_day", "2"] == 3
    assert day["sub-02", "ses-1", "pain", "n/a"] == 0
    later = read(source, day_zero="seen").visits.set_index(keys)["day"]
    assert later["sub-01", "ses-2", "pain", "n/a"] == 31
    with pytest.raises(SettingsError, match="operation"):
        read(source, day_zero="operation")


def test_a_survey_is_dated_by_its_time_stamp(tmp_path: Path) -> None:
    fields = "record_id,a,,text,ID,,,,,,,\npain,a,,text,Pain,,,number,0,10,,\n"
    records = (
        "record_id,redcap_event_name,a_timestamp,pain,a_complete\n"
        "1,v1_arm_1,2020-01-01 12:00:00,5,2\n1,v2_arm_1,2020-01-03 18:00,4,2\n"
        "1,v3_arm_1,[not completed],4,1\n"
    )
    day = read(redcap(tmp_path, records, fields)).visits.set_index(["session_id", "variable"])["day"]
    assert day["ses-v2", "pain"] == pytest.approx(2.75)
    assert day.isna()["ses-v3", "pain"]


def test_a_form_is_expected_where_it_is_designated_and_a_stray_value_is_named(tmp_path: Path) -> None:
    stray = RAW.replace("02,v2_arm_1,,,south,,,,,,,2020-04-01", "02,v2_arm_1,,,south,,2,,,,,2020-04-01")
    found = read(redcap(tmp_path, stray, FIELDS, DESIGNATED, **DATED))
    assert [item for item in said(found) if item[0] != "CL343"] == [("CL331", "7")]
    assert ("sub-02", "ses-2", "sex", "n/a") not in cells(found)
    lost = RAW + "03,v1_arm_1,,,north,1980-01-01,1,0,0,,2,,,,,,,\n"
    reason = why(read(redcap(tmp_path, lost, FIELDS, DESIGNATED, **DATED)))
    assert reason["sub-03", "ses-1", "pain", "n/a"] == "unknown"


def test_a_checkbox_that_was_not_asked_says_so_in_a_column_of_its_own(tmp_path: Path) -> None:
    records = "record_id,drugs___1,drugs___2,drugs___nask,base_complete\n1,1,0,0,2\n2,,,1,2\n"
    found = read(redcap(tmp_path, records, FIELDS))
    assert why(found)["sub-2", NO_SESSION, "drugs___1", "n/a"] == "not asked"
    assert "drugs___nask" not in set(found.visits["variable"])


def test_logic_that_uses_functions_is_noted_and_nothing_is_taken_for_not_asked(tmp_path: Path) -> None:
    fields = FIELDS.replace("[drugs(1)] = '1'", "\"datediff([born],'today','y') > 60\"")
    found = read(redcap(tmp_path, RAW, fields, **DATED))
    assert "CL334" in {code for code, _ in said(found)}
    assert why(found)["sub-02", "ses-1", "dose", "n/a"] == "unknown"


@pytest.mark.parametrize(
    ("logic", "asked"),
    [
        ("[sex] = '2'", {"1": False, "2": True}),
        ("[sex] = 1 or [drugs(2)] = '1'", {"1": True, "2": True}),
        ("([sex] = 1 or [drugs(2)] = '1') and [drugs(1)] <> '1'", {"1": False, "2": True}),
        ("[v1_arm_1][sex] = '1'", {"1": True, "2": False}),
        ("[born] != ''", {"1": True, "2": True}),
        ("[sex] + 1 >= 3", {"1": False, "2": True}),
    ],
)
def test_branching_logic_decides_who_was_asked(tmp_path: Path, logic: str, asked: dict[str, bool]) -> None:
    fields = FIELDS.replace("[pain] > 5 and [sex] <> ''", logic).replace("[drugs(1)] = '1'", "")
    records = RAW.replace("6,work,2", "6,,2")
    reason = why(read(redcap(tmp_path, records, fields, **DATED)))
    for person, expected in asked.items():
        got = reason[f"sub-0{person}", "ses-1", "why_pain", "n/a"]
        assert got == ("unknown" if expected else "not asked"), person


def test_identifiers_stay_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    left = read(redcap(tmp_path, RAW, FIELDS, **DATED))
    assert "born" not in set(left.visits["variable"])
    kept = read(redcap(tmp_path, RAW, FIELDS, identifiers="keep", **DATED))
    assert cells(kept)["sub-01", "ses-1", "born", "n/a"] == "1960-02-01"


def test_an_event_without_a_session_is_set_aside_and_a_shared_session_refused(
    tmp_path: Path,
) -> None:
    few = {**DATED, "events": {"v1_arm_1": "ses-1"}}
    found = read(redcap(tmp_path, RAW, FIELDS, **few))
    assert [row for code, row in said(found) if code == "CL333"] == ["5", "7"]
    assert set(found.visits["session_id"]) == {"ses-1", NO_SESSION}
    twice = RAW.replace("v2_arm_1", "v1_arm_2")
    with pytest.raises(SettingsError, match="declare events"):
        read(redcap(tmp_path, twice, FIELDS, date_column="seen"))


def test_people_and_sessions_hold_what_was_asked_once(tmp_path: Path) -> None:
    found = read(redcap(tmp_path, RAW, FIELDS, **DATED))
    assert found.participants.loc["sub-02", ["site", "sex"]].tolist() == ["south", "2"]
    assert list(found.sessions["session_id"]) == ["ses-1", "ses-2"] * 2
    assert found.sessions["pain"].tolist() == ["6", "3", "", ""]
    assert "pain_day" not in found.sessions.columns, "diaries stay in the table of visits"


def test_windows_of_the_schedule_are_held_against_the_visits(tmp_path: Path) -> None:
    plan = (
        PlannedVisit(session="ses-1", day=0),
        PlannedVisit(session="ses-2", day=28, before=2, after=2),
    )
    found = read(redcap(tmp_path, RAW, FIELDS, **DATED), trajectories=TrajectorySettings(schedule=plan))
    assert [row for code, row in said(found) if code == "CL326"] == ["5", "7"]


def test_columns_that_the_dictionary_does_not_know_are_named_once(tmp_path: Path) -> None:
    records = RAW.replace("diary_complete\n", "diary_complete,extra\n", 1).replace("2,,,\n", "2,,,,x\n")
    lines = [line if line.count(",") == 18 else line + "," for line in records.splitlines()]
    found = read(redcap(tmp_path, "\n".join(lines), FIELDS, **DATED))
    assert [item.found for item in found.problems if item.code == "CL335"] == ["extra"]


def test_without_a_dictionary_what_is_filled_is_read(tmp_path: Path) -> None:
    found = read(redcap(tmp_path, RAW, **DATED))
    value = cells(found)
    assert value["sub-01", "ses-1", "pain_day", "1"] == "5"
    assert value["sub-01", "ses-1", "drugs___1", "n/a"] == "1"
    assert ("sub-01", "ses-1", "pain_day", "n/a") not in value


def test_a_dictionary_without_its_columns_is_refused_by_name(tmp_path: Path) -> None:
    source = redcap(tmp_path, RAW, FIELDS)
    (tmp_path / "dictionary.csv").write_text("name,form\na,b\n", encoding="utf-8")
    [item] = read(source).problems
    assert item.code == "CL318"
    assert "variable / field name" in item.found
