"""Harmonisation through the real command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from workflow.runs import CONFIG, named, run, small

from corticolimbic.features import read_table
from corticolimbic.stats import _site_halves


def test_a_run_harmonises_where_asked_and_writes_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_site_halves, "DECODINGS", 1)
    data = small(tmp_path / "data", 24)
    path = data / "participants.tsv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    place = head.split("\t").index("site")
    cells = [line.split("\t") for line in lines]
    for at, row in enumerate(cells):
        row[place] = ("a", "b")[at % 2]
    path.write_text("\n".join([head, *("\t".join(row) for row in cells)]) + "\n", encoding="utf-8")
    plain = run(data, tmp_path / "plain", command="compare")
    asked = CONFIG.replace("minimum_people: 4", "minimum_people: 4, harmonise: combat")
    finished = run(data, tmp_path / "out", config=asked)
    assert plain.code == finished.code == 0, finished
    rows = read_table("harmonisation", tmp_path / "out/compare/harmonisation.tsv")
    assert set(rows["stage"]) == {"before", "after"}
    assert read_table("harmonisation", tmp_path / "plain/compare/harmonisation.tsv").empty
    effects = read_table("effects", tmp_path / "out/compare/effects.tsv")
    assert effects["model"].str.contains("harmonised: combat").all()
    before = read_table("effects", tmp_path / "plain/compare/effects.tsv")
    assert not np.allclose(effects["estimate"], before["estimate"])
    declared = json.loads((tmp_path / "out/compare/declared.json").read_text(encoding="utf-8"))
    assert declared["harmonised"]["method"] == "combat"
    assert "CL612" not in {code for (code,) in named(tmp_path / "out", "code")}
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert 'id="harmonisation"' in page
