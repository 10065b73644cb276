"""Images of weights applied to people's maps: read here, multiplied in `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.foundation import InputError, Problem, SettingsError, problem
from corticolimbic.predict import Marker, MarkerWeights, map_score

_COLUMNS = ["participant_id", "session_id", "task", "run", "score", "status"]
_NEEDS = "not computable: needs "


def map_files(dataset: Path, supplied: MarkerWeights) -> tuple[Path, ...]:
    """Return the maps that a pattern names, sorted.

    Raises
    ------
    SettingsError
        The pattern leaves the dataset.
    """
    if not supplied.maps:
        return ()
    if Path(supplied.maps).is_absolute() or ".." in Path(supplied.maps).parts:
        raise SettingsError(f"predict.weights, maps: {supplied.maps} is no pattern below the dataset")
    return tuple(sorted(path for path in dataset.glob(supplied.maps) if path.is_file()))


def map_scores(item: Marker, supplied: MarkerWeights, dataset: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """Apply the weights to every map.

    Parameters
    ----------
    item
        A marker with weights on an image.
    supplied
        The image, and which maps.
    dataset
        Folder of the dataset.

    Returns
    -------
    scores
        One row a map: participant_id, session_id, task, run, score, status.
    problems
        CL704 weights that cannot be read, CL705 another space or grid, CL706 voxels without a value.

    Raises
    ------
    SettingsError
        The marker takes no image.
    """
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    path = Path(supplied.file)
    try:
        weights, affine = _image(path)
        space = supplied.space or entities(path.name).get("space", "")
        if not space:
            raise InputError(
                "CL705", file=path.name, found="weights of unknown space (predict.weights, space)"
            )
        if not np.any(np.nan_to_num(weights)):
            raise InputError("CL704", file=path.name, found="every weight is 0")
    except InputError as error:
        return pd.DataFrame([], columns=_COLUMNS), [error.problem]
    similarity = item.weights.similarity if item.weights else "dot"
    for found in map_files(dataset, supplied):
        name = found.relative_to(dataset).as_posix()
        parts = entities(found.name)
        if "sub" not in parts:
            problems.append(problem("CL705", file=name, found="a name without sub-"))
            continue
        person = f"sub-{parts['sub']}"
        session = f"ses-{parts['ses']}" if "ses" in parts else "ses-none"
        row = {"participant_id": person, "session_id": session, "task": parts.get("task", "n/a"),
               "run": parts.get("run", "n/a"), "score": np.nan}  # fmt: skip
        try:
            values, grid = _image(found)
            theirs = parts.get("space", "") or supplied.maps_space
            if theirs != space:
                raise InputError(
                    "CL705", file=name, found=f"weights in {space}, map in {theirs or 'an unknown space'}"
                )
            made = map_score(weights, affine, values, grid, similarity, item.intercept)
        except InputError as error:
            problems.append(
                InputError(error.problem.code, found=error.problem.found, file=name).about(person, session)
            )
            rows.append({**row, "status": f"{_NEEDS}a map in the space and on the grid of the weights"})
            continue
        if made.n_lacking:
            words = f"{item.id}: {made.n_lacking} of {made.n_weights} voxels"
            problems.append(
                problem("CL706", participant_id=person, session_id=session, file=name, found=words)
            )
        if made.coverage < supplied.minimum_coverage or not np.isfinite(made.score):
            words = f"a map with values at {supplied.minimum_coverage:.0%} of the weights' voxels"
            rows.append({**row, "status": f"{_NEEDS}{words}, found {made.coverage:.0%}"})
        else:
            rows.append({**row, "score": made.score, "status": "ok"})
    table = pd.DataFrame(rows, columns=_COLUMNS)
    twice = table.duplicated(_COLUMNS[:4], keep=False)
    table.loc[twice, ["score", "status"]] = [np.nan, f"{_NEEDS}one map for each run, found more"]
    return table.drop_duplicates(_COLUMNS[:4], ignore_index=True), problems


def entities(name: str) -> dict[str, str]:
    """Return the entities of a BIDS file name."""
    pairs = (part.partition("-") for part in name.partition(".")[0].split("_"))
    return {key: label for key, dash, label in pairs if dash and label}


def _image(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return values and affine of a 3-D NIfTI image."""
    import nibabel

    try:
        image = nibabel.load(path)
        values = np.asarray(image.get_fdata(dtype=np.float64))
    except Exception as error:  # nibabel's own errors share no base class
        raise InputError("CL704", file=path.name, found=f"no readable NIfTI image ({error})") from error
    values = values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values
    if values.ndim != 3:
        raise InputError("CL704", file=path.name, found=f"an image of {values.ndim} dimensions")
    return values, np.asarray(image.affine, dtype=np.float64)
