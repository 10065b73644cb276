"""A dataset of CIFTI files taken through the real command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dataset.synthetic_cifti import brain_axis, noise, write_cifti_tree, write_dlabel
from workflow.runs import cli, problems, run

PEOPLE = tuple(f"{number:02d}" for number in range(1, 7))
VOLUMES = 60
CONFIG = """\
dataset: {spaces: [fsLR], repetition_time: 2.0}
measure:
  atlases: [CiftiStructures]
  statistics: [pearson]
  label_images: [{path: LABELS}]
cohort: {outcome: {family: column, column: pain_sensitivity, unit: z}}
compare: {covariates: [age], minimum_people: 4}
"""


def coupled(label: str, _: str) -> np.ndarray:
    """Return noise in which accumbens and amygdala share a wave, more in each person than in the last."""
    axis, rng = brain_axis(), np.random.default_rng(100 + int(label))
    values, wave = noise(axis, VOLUMES, rng), rng.standard_normal(VOLUMES)
    for name in ("ACCUMBENS", "AMYGDALA"):
        for side in ("LEFT", "RIGHT"):
            values[:, axis.name == f"CIFTI_STRUCTURE_{name}_{side}"] += int(label) * wave[:, None]
    return values


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cifti")
    root = write_cifti_tree(folder / "data", PEOPLE, VOLUMES, np.random.default_rng(5), signal=coupled)
    axis = brain_axis()
    labels = folder / "atlas-Halves_space-fsLR.dlabel.nii"
    write_dlabel(labels, 1 + np.char.endswith(axis.name.astype(str), "RIGHT"), axis, {1: "left", 2: "right"})
    done = run(root, folder / "out", config=CONFIG.replace("LABELS", str(labels)))
    assert done.code == 0, done
    return folder / "out"


def test_everybody_has_features_of_both_atlases(results: Path) -> None:
    found = pd.concat(pd.read_parquet(path) for path in sorted(results.glob("features/*/*/*.parquet")))
    assert set(found["participant_id"]) == {f"sub-{label}" for label in PEOPLE}
    assert set(found["atlas"]) == {"CiftiStructures", "Halves"}
    assert set(found["space"]) == {"fsLR"}
    edges = found[(found["measure"] == "fc") & (found["target"] == "Amy--NAc")]
    assert (edges["qc"] == "ok").all() and len(edges) == len(PEOPLE)
    values = edges.set_index("participant_id")["value"].sort_index()
    assert values.iloc[-1] > 0.5 > values.iloc[0]  # by the amplitudes: about 0.8 and 0.1
    series = pd.concat(pd.read_parquet(path) for path in sorted(results.glob("series/*/*/*.parquet")))
    assert set(series.loc[series["atlas"] == "Halves", "region"]) == {"left", "right"}


def test_effects_and_page_are_there_and_nothing_failed(results: Path) -> None:
    effects = pd.read_csv(results / "compare/effects.tsv", sep="\t")
    assert "Amy--NAc" in set(effects["target"])
    assert (results / "report.html").stat().st_size > 1000
    assert not [row for row in problems(results) if row["severity"] == "failed"]


def test_by_default_the_files_are_left_and_the_setting_is_named(tmp_path: Path) -> None:
    root = write_cifti_tree(tmp_path / "data", ["01"], 10, np.random.default_rng(5))
    done = cli("validate", root)
    assert done.code != 0
    assert "add fsLR to dataset.spaces" in done.out + done.err
