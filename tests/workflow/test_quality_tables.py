"""Tables of quality in OUT, from rows of features and through the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from workflow.runs import CONFIG, run, small

from corticolimbic.features import read_sessions, read_table, schema
from corticolimbic.workflow._quality_tables import region_quality, run_quality

KEY = {"session_id": "ses-01", "acq": "n/a", "space": "MNI", "strategy": "simple"}


def row(person: str, measure: str, value: float, target: str = "WholeBrain", **more: object) -> dict:
    base = {"task": "rest", "run": "1", "atlas": "TianS2", "statistic": "x", "definition": "d", "qc": "ok"}
    base |= {"n_volumes": 90, "dof": 60.0}
    return {
        **KEY,
        **base,
        "participant_id": person,
        "measure": measure,
        "target": target,
        "value": value,
    } | more


def made() -> pd.DataFrame:
    rows = []
    for place, person in enumerate(("sub-1", "sub-2", "sub-3")):
        for number in ("1", "2"):
            words = "red: dof 8 below 15" if (person, number) == ("sub-2", "2") else "ok"
            rows += [
                row(person, "quality", 0.0 if words == "ok" else 2.0, qc=words, run=number),
                row(person, "mean_fd", 0.1 * (place + 1), run=number),
                row(person, "tsnr", 50.0 + place, run=number),
                row(person, "tsnr", 20.0 + 10 * place, "NAc", run=number),
                row(person, "coverage", 0.5 + 0.2 * place, "NAc", run=number, qc="ok" if place else "lost"),
                row(person, "coverage", 1.0, "Amy", run=number),
            ]
    return schema("features").table(rows)


def test_runs_carry_their_grade_reasons_and_site() -> None:
    table = run_quality(made(), pd.Series({"sub-1": "north", "sub-2": "south"}))
    assert len(table) == 6
    bad = table[(table["participant_id"] == "sub-2") & (table["run"] == "2")].iloc[0]
    assert (bad["grade"], bad["reasons"], bad["site"]) == ("red", "red: dof 8 below 15", "south")
    assert (bad["mean_fd"], bad["tsnr"], bad["n_regions"], bad["n_lost"]) == (0.2, 51.0, 2, 0)
    assert np.isnan(bad["max_fd"])
    first = table[table["participant_id"] == "sub-1"].iloc[0]
    assert (first["grade"], first["reasons"], first["n_lost"]) == ("green", "", 1)
    assert set(table[table["participant_id"] == "sub-3"]["site"]) == {"n/a"}


def test_regions_are_summed_up_over_runs_at_each_site_and_at_all() -> None:
    table = region_quality(made(), pd.Series({"sub-1": "north", "sub-2": "north", "sub-3": "south"}))
    place = table.set_index(["region", "site"])
    everywhere = place.loc["NAc", "all"]
    assert (everywhere["n_runs"], everywhere["n_lost"]) == (6, 2)
    assert everywhere["tsnr_median"] == 30
    assert everywhere["coverage_low"] == pytest.approx(np.quantile([0.5, 0.5, 0.7, 0.7, 0.9, 0.9], 0.1))
    assert place.loc["NAc", "north"]["tsnr_median"] == 25
    assert place.loc["NAc", "south"]["n_runs"] == 2
    assert np.isnan(place.loc["Amy", "all"]["tsnr_median"])


def test_no_rows_give_empty_tables() -> None:
    nothing = schema("features").table([])
    assert run_quality(nothing, pd.Series(dtype=object)).empty
    assert region_quality(nothing, pd.Series(dtype=object)).empty


def test_the_command_writes_both_tables_and_none_when_quality_is_off(tmp_path: Path) -> None:
    data, out = small(tmp_path / "data"), tmp_path / "out"
    assert run(data, out, command="cohort").code == 0
    table = read_table("quality", out / "quality.tsv")
    features = read_sessions(out, "features", room="function")
    grades = features[features["measure"] == "quality"]
    assert len(table) == len(grades) == 6
    assert set(table["grade"]) <= {"green", "amber", "red"}
    assert not read_table("region_quality", out / "region_quality.tsv").empty
    off = CONFIG.replace("measure: {", "measure: {quality: false, ")
    assert run(data, out, command="cohort", config=off).code == 0
    assert not (out / "quality.tsv").exists()
    assert not (out / "region_quality.tsv").exists()
    assert (out / "sessions.parquet").exists()
