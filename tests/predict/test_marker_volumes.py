"""Volumes of fifty real healthy adults (FreeSurfer, ds004604): sums, and their place among each other."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from workflow.runs import cli

from corticolimbic.features import read_table

MARKERS = {"makary2020_nac_volume": "Accumbens-area", "vachonpresseau2016_amygdala_volume": "Amygdala",
           "vachonpresseau2016_hippocampus_volume": "Hippocampus"}  # fmt: skip
REGIONS = {"Accumbens-area": "NAc", "Amygdala": "Amy", "Hippocampus": "Hip"}
LINE = re.compile(
    r"^\s*\d+\s+\d+\s+\d+\s+([\d.]+)\s+(Left|Right)-(Accumbens-area|Amygdala|Hippocampus)\s", re.M
)


@pytest.fixture(scope="module")
def volumes(shared_data: Path) -> pd.DataFrame:
    """Read aseg.stats by one regular expression: person, region, side, mm3."""
    root = shared_data / "freesurfer-ds004604" / "derivatives" / "freesurfer"
    rows = [
        (path.parts[-3], *found.groups())
        for path in sorted(root.glob("sub-*/stats/aseg.stats"))
        for found in LINE.finditer(path.read_text())
    ]
    table = pd.DataFrame(rows, columns=["person", "mm3", "side", "label"])
    return table.assign(mm3=table["mm3"].astype(float))


@pytest.mark.slow
def test_volumes_and_their_place_among_healthy_adults(
    volumes: pd.DataFrame, shared_data: Path, tmp_path: Path
) -> None:
    assert volumes["person"].nunique() >= 45
    table = pd.DataFrame(
        {
            "participant_id": volumes["person"],
            "measure": "volume",
            "target": [f"{REGIONS[row.label]}_{row.side[0]}" for row in volumes.itertuples()],
            "statistic": "sum",
            "atlas": "aseg",
            "value": volumes["mm3"],
        }
    )
    table.sample(frac=1, random_state=3).to_csv(tmp_path / "f.tsv", sep="\t", index=False)
    settings = "predict: {reference: {age: age, covariates: [sex]}}"
    (tmp_path / "s.yaml").write_text(settings, encoding="utf-8")
    names = [name + end for name in MARKERS for end in ("", "_normative")]
    result = cli(
        "markers", "score", tmp_path / "f.tsv", "--table", tmp_path / "scores.tsv",
        "--config", tmp_path / "s.yaml", "--people", shared_data / "freesurfer-ds004604" / "participants.tsv",
        *[word for name in names for word in ("--marker", name)],
    )  # fmt: skip
    assert result.code == 0, result
    assert "6 of 6 markers scored" in result.out
    scores = read_table("scores", tmp_path / "scores.tsv")
    for name, label in MARKERS.items():
        wanted = volumes[volumes["label"] == label].groupby("person")["mm3"].sum()
        found = scores[scores["marker"] == name].set_index("participant_id")["score"]
        assert found.sort_index().to_dict() == pytest.approx(wanted.to_dict())
        z = scores[scores["marker"] == name + "_normative"].set_index("participant_id")["score"]
        z = z.reindex(wanted.index)
        assert z.notna().sum() >= 45
        assert abs(z.mean()) < 0.2
        assert 0.8 < z.std() < 1.25
        known = z.notna()
        assert scipy_stats.spearmanr(z[known], wanted[known])[0] > 0.7
        assert np.abs(z[known]).max() < 5
