"""Public clinical tables, read by the mappings in examples/clinical and held against pandas."""

from __future__ import annotations

import os
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cohort.clinical import read

from corticolimbic.cohort import NO_SESSION, Clinical, Source

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CORTICOLIMBIC_SHARED_DATA") or REPOSITORY.parent / "shared/data")
MAPPINGS = REPOSITORY / "examples/clinical"
pytestmark = pytest.mark.skipif(
    not (SHARED / "cohorts").is_dir(), reason="public data is neither named nor beside the repository"
)


def source(path: str, mapping: str, **more: Any) -> Source:
    return Source(kind="table", path=str(SHARED / path), mapping=str(MAPPINGS / f"{mapping}.yaml"), **more)


def frame(path: str, sign: str = ",") -> pd.DataFrame:
    """Read a table with pandas as strings."""
    text = (SHARED / path).read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n")
    return pd.read_csv(StringIO(text), sep=sign, dtype=str, keep_default_na=False)


def numbers(found: Clinical, variable: str, **where: str) -> pd.Series:
    """Return the numbers of one variable by participant."""
    rows = found.visits[found.visits["variable"] == variable]
    for key, value in where.items():
        rows = rows[rows[key] == value]
    return rows.set_index("participant_id")["number"].sort_index()


def expected(table: pd.DataFrame, ids: str, column: str, levels: dict[str, float] | None = None) -> pd.Series:
    cells = table[column].map(levels) if levels else pd.to_numeric(table[column], errors="coerce")
    index = "sub-" + table[ids].str.removeprefix("sub-")
    return pd.Series(cells.to_numpy(dtype=float), index=index).sort_index()


def equal(ours: pd.Series, theirs: pd.Series) -> None:
    assert ours.index.tolist() == theirs.index.tolist()
    np.testing.assert_array_equal(ours.to_numpy(), theirs.to_numpy())


def codes(found: Clinical) -> Counter[str]:
    return Counter(item.code for item in found.problems)


def test_knee_osteoarthritis_with_its_misspelt_column() -> None:
    found = read(source("cohorts/ds000208/participants.tsv", "ds000208"))
    table = frame("cohorts/ds000208/participants.tsv", "\t")
    equal(numbers(found, "age"), expected(table, "participant_id", "Age"))
    equal(numbers(found, "analgesia_vas"), expected(table, "participant_id", "% Analsesia VAS"))
    equal(numbers(found, "drug"), expected(table, "participant_id", "Drug", {"placebo": 0, "duloxetine": 1}))
    reason = found.visits[found.visits["variable"] == "drug"]["missing"].value_counts()
    assert reason["unknown"] == 20
    assert codes(found) == {}


def test_fibromyalgia_questionnaires_and_ratings_around_music() -> None:
    found = read(source("cohorts/ds001928/participants.tsv", "ds001928"))
    table = frame("cohorts/ds001928/participants.tsv", "\t")
    for variable, column in (("pcs_total", "pcs"), ("cesd_total", "cesd"), ("stai_trait", "trait")):
        equal(numbers(found, variable), expected(table, "participant_id", column))
    equal(numbers(found, "pain_now", instance="music-after"), expected(table, "participant_id", "pim2"))
    changes = {"psp", "puc1", "puc2", "pum1", "pum2", "dpic", "dpuc", "dpim", "dpum"} - {"psp"}
    [unused] = [item for item in found.problems if item.code == "CL335"]
    assert set(unused.found.split(", ")) == changes


def test_healthy_adults_of_the_freesurfer_set() -> None:
    found = read(source("freesurfer-ds004604/participants.tsv", "ds004604"))
    equal(
        numbers(found, "age"),
        expected(frame("freesurfer-ds004604/participants.tsv", "\t"), "participant_id", "age"),
    )
    assert found.participants["sex"].value_counts().to_dict() == {"M": 27, "F": 23}
    assert codes(found) == {}


def test_three_centres_keep_their_sites_and_anxiety_outside_its_scale_is_named() -> None:
    found = read(source("rpn/participants.tsv", "rpn"))
    table = frame("rpn/participants.tsv", "\t")
    assert found.participants["site"].value_counts().to_dict() == {"essen": 49, "bochum": 41, "szeged": 29}
    equal(numbers(found, "pcs_total"), expected(table, "participant_id", "pain_catastrophizing"))
    theirs = expected(table, "participant_id", "state_anxiety")
    outside = (theirs < 20) | (theirs > 80)
    equal(numbers(found, "stai_state"), theirs.where(~outside))
    named = {item.row for item in found.problems if item.code == "CL312" and "stai_state" in item.found}
    rows = "sub-" + table["participant_id"].str.removeprefix("sub-")
    assert named == {str(place + 2) for place, person in enumerate(rows) if outside[person]}
    assert outside.sum() > 20, "some centres wrote anxiety on another scale"


def test_a_crossover_trial_with_carriage_returns_and_two_ways_of_writing_ids() -> None:
    periods = {"1": "ses-period1", "2": "ses-period2"}
    found = read(
        source("pain-ratings-amitriptyline/xoverBOCF.csv", "amitriptyline-pain", events=periods),
        source("pain-ratings-amitriptyline/Demographics.csv", "amitriptyline-people"),
        source(
            "pain-ratings-amitriptyline/RescueMeds.csv", "amitriptyline-rescue", id_digits=3, id_prefix="E"
        ),
    )
    table = frame("pain-ratings-amitriptyline/xoverBOCF.csv")
    for period, session in periods.items():
        for time in "123":
            equal(
                numbers(found, "pain_nrs", session_id=session, instance=time),
                expected(table[table["Period"] == period], "ID", f"Time{time}"),
            )
    people = frame("pain-ratings-amitriptyline/Demographics.csv")
    equal(numbers(found, "cd4"), expected(people, "ID", "CD4"))
    never = found.visits[(found.visits["variable"] == "stavudine_now") & (found.visits["value"] == "")]
    assert set(never["missing"]) == {"not asked"}
    rescue = frame("pain-ratings-amitriptyline/RescueMeds.csv")
    rescue["ID"] = "E" + rescue["ID"].str.zfill(3)
    equal(numbers(found, "rescue_taken", instance="placebo"), expected(rescue, "ID", "Placebo.taken"))
    assert len(found.participants) == 124
    returns = [item.file for item in found.problems if item.code == "CL106"]
    assert len(returns) == 3
    assert codes(found)["CL337"] == 1, "the zeros of the rescue table were put back by declaration"


def test_throat_pain_at_four_times_after_an_operation() -> None:
    found = read(source("pain-ratings-more/licorice_gargle.csv", "licorice-gargle"))
    table = frame("pain-ratings-more/licorice_gargle.csv")
    for session, column in (("ses-30min", "pacu30min_throatPain"), ("ses-day1", "pod1am_throatPain")):
        equal(numbers(found, "throat_pain", session_id=session), expected(table, "rownames", column))
    blank = (table["pod1am_throatPain"] == "").sum()
    rows = found.visits[
        (found.visits["variable"] == "throat_pain") & (found.visits["session_id"] == "ses-day1")
    ]
    assert (rows["missing"] == "unknown").sum() == blank
    assert set(rows["day"]) == {1.0}
    assert codes(found) == {"CL335": 1}


def test_a_headache_diary_of_4152_days_has_one_day_twice() -> None:
    found = read(source("pain-ratings-more/KosteckiDillon.csv", "headache-diary"))
    table = frame("pain-ratings-more/KosteckiDillon.csv")
    days = found.visits[found.visits["variable"] == "headache"]
    assert (len(days), days["participant_id"].nunique()) == (4151, 133)
    once = table.drop_duplicates(["id", "time"])
    theirs = once.assign(number=once["headache"].map({"yes": 1.0, "no": 0.0}), day=once["time"].astype(float))
    theirs = theirs.assign(participant_id="sub-" + theirs["id"], instance=theirs["time"])
    merged = days.merge(theirs, on=["participant_id", "instance"], suffixes=("", "_theirs"))
    assert len(merged) == len(days)
    assert (merged["number"] == merged["number_theirs"]).all()
    assert (merged["day"] == merged["day_theirs"]).all()
    [again] = [item for item in found.problems if item.code == "CL304"]
    assert (again.participant_id, again.row) == ("sub-90", "2853")


def test_headache_before_and_one_year_after_acupuncture() -> None:
    found = read(source("pain-ratings-more/acupuncture_df.csv", "acupuncture"))
    table = frame("pain-ratings-more/acupuncture_df.csv")
    before = numbers(found, "headache_score", session_id="ses-before")
    after = numbers(found, "headache_score", session_id="ses-year1")
    equal(before, expected(table, "rownames", "pk1"))
    np.testing.assert_allclose(after - before, expected(table, "rownames", "change"), atol=1e-4)
    assert NO_SESSION in set(found.visits["session_id"])
