"""Weights that users supply: tables by name, images on one grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from predict.marker_tables import TASKS
from stats.cohort_tables import features

from corticolimbic.foundation import InputError
from corticolimbic.predict import MarkerWeights, map_score, marker, score, table_weights, with_weights
from corticolimbic.workflow import _marker_maps as maps

ROWS = [
    {"target": "B--A", "weight": "2", "center": "0.1", "scale": "0.5"},
    {"target": "A--C", "weight": "-1.5", "center": "", "scale": ""},
    {"target": "intercept", "weight": "0.25", "center": "", "scale": ""},
]
VALUES = {"sub-1": {"A--B": 0.3, "A--C": 0.2}, "sub-2": {"A--B": -0.1, "A--C": 0.4}}


def connections(**key: str) -> pd.DataFrame:
    return features(VALUES, np.random.default_rng(1), **{"statistic": "partial", "atlas": "study", **key})


def test_a_table_of_weights_is_applied_by_name() -> None:
    intercept, weights = table_weights(ROWS, source="w.tsv")
    item = with_weights(marker("kincses2024_rcpl"), intercept, weights, atlas="study")
    found, problems = score(item, connections(), {}, TASKS)
    wanted = [0.25 + 2 * (v["A--B"] - 0.1) / 0.5 - 1.5 * v["A--C"] for v in VALUES.values()]
    assert found["score"].tolist() == pytest.approx(wanted)
    assert problems == []


def test_regions_that_the_data_do_not_have_are_named_and_nobody_is_scored() -> None:
    rows = [*ROWS, {"target": "Z--A", "weight": "1"}, {"target": "Y--X", "weight": "1"}]
    item = with_weights(marker("kincses2024_rcpl"), *table_weights(rows, source="w.tsv"))
    found, problems = score(item, connections(), {}, TASKS)
    assert found["score"].isna().all()
    assert "CL704" in {one.code for one in problems}
    assert all(name in problems[0].found for name in ("Z", "Y", "X"))
    assert "severity='failed'" in repr(next(one for one in problems if one.code == "CL704"))
    nothing, problems = score(item, connections(measure="alff"), {}, TASKS)
    assert {one.code for one in problems} == {"CL701"}, "then the measure is lacking, not a region"
    assert nothing["status"].str.contains("resting-state series").all()


def test_regions_that_a_registered_atlas_does_not_have_are_refused_at_once() -> None:
    with pytest.raises(InputError, match=r"not in MIST122: A, B, C"):
        with_weights(marker("kincses2024_rcpl"), *table_weights(ROWS, source="w.tsv"), atlas="MIST122")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"target": "A--D", "weight": "high"}, "weight 'high' is no number"),
        ({"target": "A--D", "weight": "inf"}, "weight 'inf' is no number"),
        ({"target": "A--D", "weight": "1", "scale": "0"}, "scale 0, not above 0"),
        ({"target": "A--B", "weight": "1"}, "A--B stands twice"),
        ({"target": "--", "weight": "1"}, "is no target"),
    ],
)
def test_a_table_that_cannot_be_used_names_the_row(row: dict, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        table_weights([*ROWS, row], source="w.tsv")
    assert (caught.value.problem.code, caught.value.problem.row) == ("CL704", "5")


def test_a_table_without_its_columns_or_rows_is_refused() -> None:
    for rows in ([], [{"region": "A", "weight": "1"}]):
        with pytest.raises(InputError, match="CL704"):
            table_weights(rows, source="w.tsv")


GRID = np.diag([2.0, 2.0, 2.0, 1.0])


def test_similarities_of_maps_equal_numpy_over_the_voxels_that_both_have() -> None:
    rng = np.random.default_rng(2)
    weights, values = rng.normal(size=(4, 5, 6)), rng.normal(size=(4, 5, 6))
    weights[0], values[1, 2] = 0.0, np.nan
    values[2, 2, 2] = 0.0
    left = (weights != 0) & np.isfinite(values) & (values != 0)
    w, v = weights[left], values[left]
    assert map_score(weights, GRID, values, GRID, intercept=3.0).score == pytest.approx(w @ v + 3)
    cosine = w @ v / np.linalg.norm(w) / np.linalg.norm(v)
    assert map_score(weights, GRID, values, GRID, "cosine").score == pytest.approx(cosine)
    found = map_score(weights, GRID, values, GRID, "correlation")
    assert found.score == pytest.approx(np.corrcoef(w, v)[0, 1])
    assert (found.n_weights, found.n_lacking) == (90, 7)


@pytest.mark.parametrize("shift", [0.5, -2.0])
def test_another_grid_is_refused_and_nothing_is_resampled(shift: float) -> None:
    image = np.ones((3, 3, 3))
    moved = GRID.copy()
    moved[0, 3] = shift
    with pytest.raises(InputError, match=r"CL705.*3x3x3 voxels of 2x2x2 mm"):
        map_score(image, GRID, image, moved)
    with pytest.raises(InputError, match="CL705"):
        map_score(image, GRID, np.ones((3, 3, 4)), GRID)


def saved(path: Path, values: np.ndarray, affine: np.ndarray = GRID) -> None:
    from nibabel import Nifti1Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Nifti1Image(values.astype(np.float32), affine).to_filename(path)


def test_maps_of_people_are_found_by_their_names_and_every_defect_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    weights = rng.normal(size=(3, 4, 5)).astype(np.float32)
    saved(tmp_path / "nps_space-MNI_weights.nii.gz", weights)
    own = {f"sub-{at}": rng.normal(size=(3, 4, 5)).astype(np.float32) for at in (1, 2, 3, 4)}
    own["sub-3"][:2] = np.nan
    other = {"sub-2": "space-Native_"}
    for person, values in own.items():
        name = f"{person}_ses-1_task-heat_run-01_{other.get(person, 'space-MNI_')}stat-effect_statmap.nii.gz"
        saved(tmp_path / "glm" / person / name, values, GRID if person != "sub-4" else GRID * 1.5)
    (tmp_path / "glm" / "sub-5_task-heat_space-MNI_stat-effect_statmap.nii.gz").write_bytes(b"no image")
    told = MarkerWeights(
        marker="wager2013_nps", file=str(tmp_path / "nps_space-MNI_weights.nii.gz"),
        maps="glm/**/*_statmap.nii.gz",
    )  # fmt: skip
    table, problems = maps.map_scores(marker("wager2013_nps"), told, tmp_path)
    rows = table.set_index("participant_id")
    assert rows["status"]["sub-1"] == "ok"
    assert rows.loc["sub-1", ["session_id", "task", "run"]].tolist() == ["ses-1", "heat", "01"]
    assert rows["score"]["sub-1"] == pytest.approx(float((weights * own["sub-1"]).sum()), rel=1e-5)
    assert rows["score"].drop("sub-1").isna().all()
    assert "found 33%" in rows["status"]["sub-3"]
    codes = {(one.code, one.participant_id) for one in problems}
    assert codes == {("CL705", "sub-2"), ("CL706", "sub-3"), ("CL705", "sub-4"), ("CL704", "sub-5")}
    unknown = told.model_copy(update={"file": str(tmp_path / "weights.nii.gz")})
    saved(tmp_path / "weights.nii.gz", weights)
    table, problems = maps.map_scores(marker("wager2013_nps"), unknown, tmp_path)
    assert (len(table), [one.code for one in problems]) == (0, ["CL705"])
