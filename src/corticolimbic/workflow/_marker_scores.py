"""Scoring every marker that is asked for, from the tables of a results folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from corticolimbic.features import read_table
from corticolimbic.foundation import Problem, problem
from corticolimbic.predict import Beside, Marker, MarkerUse, PredictSettings, Scored, scored
from corticolimbic.workflow._cohort_scores import SCORES
from corticolimbic.workflow._marker_files import markers_used
from corticolimbic.workflow._marker_maps import map_files, map_scores
from corticolimbic.workflow._step import DATASET

CLINICAL_TABLES = ("cohort/visits.parquet", "cohort/ratings.parquet", SCORES)
"""Tables of the cohort from which clinical markers take their values; the last where there is one."""


def read_beside(
    out: Path, people: pd.DataFrame | None, settings: PredictSettings, baseline: str | None
) -> Beside:
    """Return what markers take beside features, from a results folder.

    Parameters
    ----------
    out
        The folder.
    people
        Participants table, indexed by participant_id.
    settings
        With the reference.
    baseline
        Session at which a reference is taken; None for each person's first.
    """
    visits, ratings, scores = (
        read_table(Path(name).stem, out / name) if (out / name).is_file() else None
        for name in CLINICAL_TABLES
    )
    return Beside(
        visits=visits,
        ratings=ratings,
        instrument_scores=scores,
        people=people,
        reference=settings.reference,
        atlas=settings.atlas,
        baseline=baseline,
    )


def maps_used(dataset: Path, settings: PredictSettings) -> tuple[str, ...]:
    """Return the maps that weights are applied to, as inputs of a unit."""
    found = (path for item in settings.weights for path in map_files(dataset, item))
    return tuple(f"{DATASET}{path.relative_to(dataset).as_posix()}" for path in found)


def score_markers(
    settings: PredictSettings,
    dataset: Path | None,
    features: pd.DataFrame,
    sites: Mapping[str, str],
    beside: Beside,
) -> tuple[list[tuple[Marker, MarkerUse, Scored]], list[Problem]]:
    """Score every marker that the settings ask for.

    Parameters
    ----------
    settings
        Which, and with whose weights.
    dataset
        Folder of the dataset, for maps; None where there is none.
    features
        Schema ``features``.
    sites
        Participant to site.
    beside
        What markers take beside features.

    Returns
    -------
    scored
        Marker, its use and its scores, in the order of the settings.
    problems
        Where all markers were asked for, those without their inputs make one problem together.
    """
    used = markers_used(settings)
    maps, problems = {}, []
    supplied = {item.marker: item for item in settings.weights}
    for item, _ in used:
        if item.id in supplied and item.weights is not None and item.weights.form == "image" and dataset:
            maps[item.id], trouble = map_scores(item, supplied[item.id], dataset)
            problems += trouble
    with_maps = Beside(**{**vars(beside), "maps": maps})
    done, idle = [], []
    for item, use in used:
        found = scored(item, features, sites, settings.state_tasks, with_maps)
        done.append((item, use, found))
        nobody = not (found.table["status"] == "ok").any()
        idle += [item.id] if nobody else []
        if settings.markers == "all" and nobody and item.id not in supplied:
            problems += [one for one in found.problems if one.code != "CL701"]
        else:
            problems += found.problems
    if settings.markers == "all" and idle:
        words = f"{len(idle)} of {len(used)} markers: {', '.join(idle[:8])}" + ", ..." * (len(idle) > 8)
        problems.append(problem("CL703", found=words))
    return done, problems
