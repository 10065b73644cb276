"""Settings of the analysis over visits: what does not fit the tables is named before anything is measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow.runs import run
from workflow.visits_study import CONFIG, write_visits_study

BASE = "pain_column: pain_nrs, random: intercept and slope"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_visits_study(tmp_path_factory.mktemp("settings") / "data", 6, months=(0, 6))


WRONG = {
    "time_column: weeks": ("longitudinal.time_column", "'weeks'", "pain_nrs"),
    "pain_column: vas": ("longitudinal.pain_column", "'vas'", "pain_nrs"),
    "terms: [time, handedness]": ("longitudinal.terms", "'handedness'", "participants.tsv has site, age"),
    "group_column: arm": ("longitudinal.group_column", "'arm'", "course"),
    "group_column: course, group_reference: control": (
        "group_reference",
        "'control'",
        "persistent, recovered",
    ),
    "group_reference: control": ("group_reference", "without", "group_column"),
    "terms: [group, 'group:time']": ("terms", "group:time needs each", ""),
    "terms: [time, site]": ("terms", "the site is always in the model", ""),
    "terms: [time, time]": ("terms", "each term once", ""),
    "missing: weights, weight_covariates: [handedness]": (
        "longitudinal.weight_covariates",
        "'handedness'",
        "",
    ),
}


@pytest.mark.parametrize("dry", [True, False], ids=["dry run", "run"])
@pytest.mark.parametrize("wrong", list(WRONG))
def test_a_wrong_setting_is_named_and_nothing_is_written(
    wrong: str, dry: bool, data: Path, tmp_path: Path
) -> None:
    config = CONFIG.replace(BASE, wrong)
    finished = run(data, tmp_path / "out", *(["--dry-run"] if dry else []), config=config)
    assert finished.code == 2, finished
    for words in WRONG[wrong]:
        assert words in finished.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "right",
    ["terms: [group, time, 'group:time', motion, age, pain_nrs]", "visits: 'off', time_column: weeks"],
)
def test_what_fits_or_is_switched_off_passes(right: str, data: Path, tmp_path: Path) -> None:
    finished = run(data, tmp_path / "out", "--dry-run", config=CONFIG.replace(BASE, right))
    assert finished.code == 0, finished
    assert "6 of 6 unit(s) would run" in finished.out or "12 of 12 unit(s) would run" in finished.out
