"""Every run leaves what was published beside what it found."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow.conftest import Place
from workflow.runs import CONFIG, run, units_run

from corticolimbic.evidence import claims
from corticolimbic.features import read_table
from corticolimbic.foundation import SettingsError
from corticolimbic.workflow import STEPS, Config, Context, Unit


def test_a_run_writes_a_row_for_every_finding(finished: Place) -> None:
    table = read_table("agreement", finished.out / "agreement.tsv")
    assert set(table["finding"]) == {claim.finding for claim in claims()}
    again = run(finished.dataset, finished.out, "--dry-run")
    assert "agreement: 0 of 1 unit(s) would run" in again.out


def test_only_its_own_settings_and_the_effects_make_it_run_again(finished: Place) -> None:
    changed = CONFIG + "agreement: {smallest_difference: 0.3}\n"
    assert run(finished.dataset, finished.out, config=changed).code == 0
    assert units_run(finished.out)[0] == "agreement all"


def test_without_a_comparison_each_finding_says_why(tmp_path: Path) -> None:
    [step] = [step for step in STEPS if step.name == "agreement"]
    context = Context(tmp_path, tmp_path, Config())
    step.function(context, Unit("agreement", "all", ("compare/effects.tsv",), step.writes), {})
    table = read_table("agreement", tmp_path / "agreement.tsv")
    assert set(table["verdict"]) == {"not tested"}
    assert (table["why"] != "").all()


def test_a_label_of_two_roles_is_refused() -> None:
    with pytest.raises(SettingsError, match="more than one"):
        Config.from_mapping(
            {"agreement": {"groups": {"patients": ["x"], "controls": ["x"]}}}, source="configuration"
        )
