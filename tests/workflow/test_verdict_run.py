"""Verdicts in a whole run: they follow the judging, and their own settings make nothing else run again."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow.runs import CONFIG, run, small, units_run

from corticolimbic.features import read_table
from corticolimbic.predict import MarkerFacts, VerdictSettings, verdicts

WITH_MARKER = CONFIG + "predict: {resamples: 200, markers: [{id: spisak2020_rpn}]}\n"


@pytest.mark.slow
def test_verdicts_follow_the_judging_and_their_settings_rerun_nothing_else(tmp_path: Path) -> None:
    dataset, out = small(tmp_path / "data", 6), tmp_path / "out"
    assert run(dataset, out, config=WITH_MARKER, command="predict").code == 0
    table = read_table("verdicts", out / "predict/verdicts.tsv")
    assert set(table["marker"]) == {"spisak2020_rpn"}
    again, _ = verdicts(
        read_table("evaluation", out / "predict/evaluation.tsv"),
        read_table("scores", out / "predict/scores.tsv"),
        read_table("outcomes", out / "cohort/outcomes.parquet"),
        read_table("populations", out / "cohort/populations.parquet"),
        [MarkerFacts("spisak2020_rpn", "susceptibility", 1)],
        VerdictSettings(),
    )
    assert table["verdict"].to_list() == again["verdict"].to_list()
    changed = WITH_MARKER + "verdicts: {smallest_auc: 0.7}\n"
    assert run(dataset, out, config=changed, command="predict").code == 0
    assert units_run(out) == ["verdicts all"]
