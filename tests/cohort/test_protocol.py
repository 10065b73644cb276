"""A protocol can be imported, described in two languages, filled in and scored without a mapping."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cohort.form_answers import evaluate, table
from cohort.redcap_reader import Line, read_dictionary, rows
from workflow.runs import cli

from corticolimbic.cohort import (
    instruments,
    protocol_files,
    score,
    score_visits,
    write_protocol,
)
from corticolimbic.features import session_order
from corticolimbic.foundation import SettingsError
from corticolimbic.workflow import read_config

DESIGNS = ("subacute", "surgical")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ASKED = [
    "nrs",
    "vas",
    "peg",
    "bpi",
    "sfmpq2",
    "paindetect",
    "fms",
    "pcs",
    "phq9",
    "bdi2",
    "gad7",
    "stai_s",
    "stai_t",
    "shaps",
    "pss10",
    "panas",
    "tsk17",
    "odi",
    "koos",
    "pgic",
    "promis29",
    "psqi",
]


@pytest.fixture(scope="module", params=DESIGNS)
def files(request: pytest.FixtureRequest) -> dict[str, str]:
    """Files of one design, in Chinese where anything depends on it."""
    return protocol_files(request.param, "zh")


@pytest.fixture(scope="module")
def dictionary(files: dict[str, str]) -> list[Line]:
    return read_dictionary(files["redcap/data_dictionary.csv"])


def test_the_dictionary_is_one_that_redcap_takes(files: dict[str, str], dictionary: list[Line]) -> None:
    assert dictionary[0].name == "record_id"
    assert len(dictionary) > 350
    english = read_dictionary(protocol_files("subacute", "en")["redcap/data_dictionary.csv"])
    assert not any(CHINESE.search(field.label) for field in english)
    assert all(CHINESE.search(field.label) for field in dictionary)


def test_events_forms_and_repeats_name_each_other(files: dict[str, str], dictionary: list[Line]) -> None:
    header, *events = rows(files["redcap/events.csv"])
    assert header[:2] == ["event_name", "arm_num"]
    names = [event[5] for event in events]
    # REDCap makes the unique name itself: blanks become underscores.
    assert names == [event[0].replace(" ", "_") + "_arm_1" for event in events]
    assert [int(event[2]) for event in events] == sorted(int(event[2]) for event in events)
    assert all(int(event[column]) >= 0 for event in events for column in (2, 3, 4))
    header, *mapping = rows(files["redcap/instrument_event_mapping.csv"])
    assert header == ["arm_num", "unique_event_name", "form"]
    assert {line[1] for line in mapping} == set(names)
    assert {line[2] for line in mapping} == {field.form for field in dictionary}
    assert len({tuple(line) for line in mapping}) == len(mapping)
    repeats = rows(files["redcap/repeating_forms.csv"])[1:]
    assert {line[1] for line in repeats} == {"pain_diary", "opioids", "other_medication"}
    assert {("1", line[0], line[1]) for line in repeats} <= {tuple(line) for line in mapping}
    first = [line[2] for line in mapping if line[1] == names[0]]
    assert "demographics" in first
    assert "pgic" not in first
    assert ("surgery" in first) == (names[0] == "ses_0pre_arm_1")


@pytest.mark.parametrize("design", DESIGNS)
def test_visits_are_those_of_the_design(design: str) -> None:
    lines = list(csv.DictReader(io.StringIO(protocol_files(design, "en")["visits.tsv"]), delimiter="\t"))
    sessions = [line["session_id"] for line in lines]
    assert sessions == sorted(sessions, key=session_order)
    windows = [(int(line["earliest"]), int(line["day"]), int(line["latest"])) for line in lines]
    assert all(early <= day <= late for early, day, late in windows)
    assert all(before[2] < after[0] for before, after in itertools.pairwise(windows))
    months = [round(day / 30.44) for _, day, _ in windows[1:]]
    assert months == ([3, 6, 12, 36] if design == "subacute" else [1, 3, 6, 12])
    if design == "surgical":
        assert windows[0][2] < 0
        assert windows[1][1] == 42


def test_every_item_asked_for_has_a_field_of_the_name_that_scoring_looks_for(dictionary: list[Line]) -> None:
    exported = {re.sub("_+", "_", column) for field in dictionary for column in field.columns}
    for item in instruments():
        if item.key in ASKED:
            wanted = {f"{item.key}_{name}" for name in item.items}
            assert wanted - exported == (
                {"vas_" + name for name in _not_asked()} if item.key == "vas" else set()
            )
    for prefix in ("opioid_", "med_", "gamble_", "nback_", "speed_", "cort_", "qst_"):
        assert any(name.startswith(prefix) for name in exported)
    assert {"condition", "pain_duration_weeks", "visit_date", "scanner_software", "site"} <= exported


def _not_asked() -> list[str]:
    return ["worst24h", "least24h", "worst7d", "least7d", "diary", "diary_worst"]


def test_ranges_of_the_fields_are_those_of_the_table(dictionary: list[Line]) -> None:
    fields = {field.name: field for field in dictionary}
    for row in table():
        if row["key"] not in ASKED or not row["item_min"].isdigit() or row["key"] in {"nrs", "vas", "fms"}:
            continue
        for item in row["item_keys"].split(","):
            field = fields[f"{row['key']}_{item}"]
            ends = (field.codes[0], field.codes[-1]) if field.codes else (field.low, field.high)
            assert ends == (row["item_min"], row["item_max"]), field.name
    assert len(fields["fms"].codes) == 19


def test_item_texts_are_not_in_it(files: dict[str, str], dictionary: list[Line]) -> None:
    keys = {item.key for item in instruments()} - {"nrs", "vas", "mme"}
    items = [field for field in dictionary if field.name.rpartition("_")[0] in keys]
    assert len(items) > 250
    assert all(re.fullmatch(r"[\w -]+?(状态|特质)? 第[0-9A-Z]+题", field.label) for field in items)
    english = {
        field.name: field.label
        for field in read_dictionary(protocol_files("surgical", "en")["redcap/data_dictionary.csv"])
    }
    assert all(re.fullmatch(r"[\w -]+ item [0-9A-Z]+", english[field.name]) for field in items)


def test_phenotype_templates_describe_every_column_in_two_languages(files: dict[str, str]) -> None:
    tables = [name for name in files if name.startswith("bids/") and name.endswith(".tsv")]
    assert len(tables) > 30
    for name in tables:
        columns = files[name].removesuffix("\n").split("\t")
        assert len(set(columns)) == len(columns)
        sheet = json.loads(files[name.removesuffix(".tsv") + ".json"])
        assert set(columns) == set(sheet) - {"MeasurementToolMetadata"}
        for column in columns:
            assert sheet[column]["Description"].strip()
            assert not CHINESE.search(sheet[column]["Description"])
            assert CHINESE.search(sheet[column]["Description_zh"]), column
            assert set(sheet[column].get("Levels", {})) == set(sheet[column].get("Levels_zh", {}))
        if name.startswith("bids/phenotype"):
            assert columns[:2] == ["participant_id", "session_id"]
            assert CHINESE.search(sheet["MeasurementToolMetadata"]["Description_zh"])
    diary = files["bids/phenotype/pain_diary.tsv"].split("\t")
    assert diary[2] == "instance"
    scoring = json.loads(files["bids/phenotype/fm_survey.json"])["MeasurementToolMetadata"]["Scoring"]
    assert {item["Version"] for item in scoring} == {"2011", "2016"}


def answer(field: Line, rng: np.random.Generator) -> dict[str, str]:
    """Return what a person enters in a field, as an export writes it."""
    if field.kind == "checkbox":
        return {column: str(rng.integers(2)) for column in field.columns}
    if field.codes:
        return {field.name: str(rng.choice(field.codes))}
    if field.validation == "time":
        return {field.name: f"{rng.choice([22, 23, 0, 6, 7])}:{rng.choice(['05', '30'])}"}
    if field.validation in {"integer", "number"}:
        return {field.name: str(rng.integers(int(field.low), min(int(field.high), 500) + 1))}
    if field.kind == "yesno":
        return {field.name: "1"}
    return {field.name: "2026-01-31" if field.validation == "date_ymd" else "text"}


def test_an_export_of_it_is_scored_without_a_mapping(files: dict[str, str], dictionary: list[Line]) -> None:
    rng = np.random.default_rng(20263)
    sessions = {
        line[1]: line[0] for line in (row.split("\t") for row in files["visits.tsv"].splitlines()[1:])
    }
    mapping = rows(files["redcap/instrument_event_mapping.csv"])[1:]
    export = []
    for person in range(4):
        for event, session in sessions.items():
            line = {"participant_id": f"sub-{person}", "session_id": session}
            for field in dictionary:
                if ["1", event, field.form] in mapping:
                    line |= answer(field, rng)
            # awake in bed for 8 hours, so that sleep has an efficiency
            export.append(line | {"psqi_1": "23:00", "psqi_3": "7:00", "psqi_4": "6"})
    found = score(pd.DataFrame(export).drop(columns=["opioid_drug", "opioid_dose"]))
    assert {item.code for item in found.problems} <= {"CL363", "CL365"}
    assert set(found.table["status"]) == {"ok"}
    wide = {(line["participant_id"], line["session_id"]): line for line in export}
    checked = 0
    for row in table():
        mine = (found.table["instrument"] == row["instrument"]) & (found.table["subscale"] == row["subscale"])
        mine &= found.table["version"] == row["version"]
        if row["key"] not in ASKED or row["key"] in {"nrs", "vas"}:
            continue
        expected_rows = 4 * (len(sessions) - (row["key"] == "pgic"))
        assert mine.sum() == expected_rows, row["key"]
        for score_row in found.table[mine].itertuples():
            line = wide[score_row.participant_id, score_row.session_id]
            answers = {
                re.sub("_+", "_", name).removeprefix(row["key"] + "_"): _hours(cell)
                for name, cell in line.items()
                if name.startswith(row["key"] + "_")
            }
            assert score_row.score == pytest.approx(evaluate(row, answers)), row["subscale"]
            checked += 1
    assert checked > 800
    ratings = found.table[found.table["instrument"] == "NRS-pain"]
    assert set(ratings["subscale"]) >= {
        "intensity (now)",
        "intensity (avg24h)",
        "intensity (avg7d)",
        "intensity (diary)",
    }


def _hours(cell: str) -> float:
    if re.fullmatch(r"\d+:\d\d", cell):
        return int(cell.split(":")[0]) + int(cell.split(":")[1]) / 60
    return float(cell)


def test_opioids_of_the_repeating_form_become_mme(dictionary: list[Line]) -> None:
    drugs = next(field.codes for field in dictionary if field.name == "opioid_drug")
    cells = [
        ("1", "opioid_drug", "fentanyl_td"),
        ("1", "opioid_dose", "25"),
        ("2", "opioid_drug", "codeine"),
        ("2", "opioid_dose", "120"),
    ]
    assert {"fentanyl_td", "codeine", "buprenorphine"} <= set(drugs)
    visits = pd.DataFrame(cells, columns=["instance", "variable", "value"])
    visits = visits.assign(participant_id="sub-1", session_id="ses-0pre", source="", number=np.nan)
    found = score_visits(visits).table.set_index("subscale")
    assert found["score"].to_dict() == pytest.approx({"codeine": 18, "fentanyl_td": 60, "total": 78})


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_settings_and_readme_belong_to_the_protocol(tmp_path: Path, design: str, lang: str) -> None:
    write_protocol(tmp_path, design, lang)
    outcome = read_config(tmp_path / "study.yaml").cohort.outcome
    sessions = [line.split("\t")[0] for line in (tmp_path / "visits.tsv").read_text().splitlines()[1:]]
    assert {outcome.baseline_session, outcome.final_session} <= set(sessions)
    assert outcome.pain_column in (tmp_path / "bids/sub-LABEL_sessions.tsv").read_text().strip().split("\t")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert bool(CHINESE.search(text)) == (lang == "zh")
    assert all(f"`{session}`" in text for session in sessions)
    assert "{" not in text
    lines = list(
        csv.DictReader(
            (tmp_path / "scoring.tsv").open(encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE
        )
    )
    assert {line["key"] for line in lines} == set(ASKED) - {"nrs", "vas"}
    assert all(line["rule_source"] and line["licence"] for line in lines)


def test_files_are_never_overwritten_without_being_told(tmp_path: Path) -> None:
    target = tmp_path / "new" / "protocol"
    done = cli("protocol", "init", str(target))
    assert (done.code, done.err) == (0, "")
    assert f"Start with: {target / 'README.md'}" in done.out
    (target / "study.yaml").write_text("mine")
    (target / "notes.txt").write_text("mine")
    (target / "redcap" / "events.csv").unlink()
    again = cli("protocol", "init", str(target), "--lang", "zh")
    assert again.code == 2
    assert "nothing was written" in again.err
    assert "--force" in again.err
    assert (target / "study.yaml").read_text() == "mine"
    assert not (target / "redcap" / "events.csv").exists()
    assert cli("protocol", "init", str(target), "--design", "surgical", "--force").code == 0
    assert "ses-0pre" in (target / "study.yaml").read_text()
    assert (target / "notes.txt").read_text() == "mine"
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SettingsError, match="no folder"):
        write_protocol(file)
    assert cli("protocol", "init", str(target), "--design", "other").code == 2
    assert cli("protocol").code == 2


def test_equal_calls_write_equal_bytes() -> None:
    assert protocol_files("subacute", "en") == protocol_files("subacute", "en")
