"""A study of several visits through the real command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from workflow.runs import CONFIG, named, run, small

from corticolimbic.features import read_table

SESSIONS = ("month00", "month06", "month12")


def test_effects_over_visits_stand_beside_those_of_one_visit(tmp_path: Path) -> None:
    data = small(tmp_path / "data", 12, sessions=SESSIONS)
    rng = np.random.default_rng(4)
    for number in range(12):
        person = f"sub-{number + 1:03d}"
        lines = ["session_id\tpain_nrs", *(f"ses-{name}\t{rng.integers(2, 9)}" for name in SESSIONS)]
        (data / person / f"{person}_sessions.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = CONFIG.replace("minimum_people: 4", "minimum_people: 4, longitudinal: {pain_column: pain_nrs}")
    finished = run(data, tmp_path / "out", config=config, command="compare")
    assert finished.code == 0, finished
    effects = read_table("effects", tmp_path / "out/compare/effects.tsv")
    assert set(effects["analysis"]) == {"baseline", "visits"}
    over = effects[effects["analysis"] == "visits"]
    assert over["contrast"].str.contains("pain_nrs within - between people").any()
    measured = over[over["estimate"].notna()]
    assert len(measured)
    assert (measured["n_visits"] == 36).all()
    declared = json.loads((tmp_path / "out/compare/declared.json").read_text(encoding="utf-8"))
    assert declared["visits"]["time_unit"] == "years"


def test_one_visit_only_says_why_there_is_no_analysis_over_visits(tmp_path: Path) -> None:
    finished = run(small(tmp_path / "data", 8, sessions=("month00",)), tmp_path / "out", command="compare")
    assert finished.code == 0, finished
    assert "CL607" in {code for (code,) in named(tmp_path / "out", "code")}
    effects = read_table("effects", tmp_path / "out/compare/effects.tsv")
    assert set(effects["analysis"]) == {"baseline"}
