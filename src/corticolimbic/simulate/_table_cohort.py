"""Cohorts as tables, without images: what thousands of studies would have measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError
from corticolimbic.simulate._brain import ATLAS
from corticolimbic.simulate._group_truth import expected_estimate
from corticolimbic.simulate._people import Person, person, rating_months, session_name, site_name
from corticolimbic.simulate._planted import check_planted
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._table_model import TableModel, table_model
from corticolimbic.simulate._truth import edge_correlations, edge_names

SEED_LIMIT = 2**62
_CHUNK = 500
_STRATEGY = "simple, FD <= 0.5 mm"


@dataclass(frozen=True, eq=False)
class TableCohort:
    """One simulated study as tables.

    Parameters
    ----------
    features
        Schema ``features``: motion and the circuit's edges (Pearson), at the first visit, or at all from
        `visit_cohort`.
    participants
        Strings, indexed by participant_id.
    sessions
        Strings: participant_id, session_id, pain_nrs.
    people
        Who they are in truth.
    expected
        Expected Fisher z (people, edges), over the noise of measuring.
    """

    features: pd.DataFrame
    participants: pd.DataFrame
    sessions: pd.DataFrame
    people: tuple[Person, ...]
    expected: pd.DataFrame


def table_cohort(settings: SimulateSettings, rng: np.random.Generator) -> TableCohort:
    """Draw a study as tables: the same people and nuisances as with images, connectivity without images.

    Each person's covariance of the spheres' cleaned series is a Wishart draw around its expectation, with the
    effective degrees of freedom of the autocorrelated, cleaned run (`TableModel.dof`), fewer where volumes
    are censored. Motion differs between groups and leaves its artefact, sites differ in noise and
    smoothness, people are lost depending on their pain.

    Parameters
    ----------
    settings
        The study; its seed is not used.
    rng
        Source of the study's own seed, and of the draws.

    Raises
    ------
    SettingsError
        Where the settings make no stable network, or runs are too short.
    """
    check_planted(settings)
    _refuse_longitudinal(settings)
    drawn = settings.model_copy(update={"seed": int(rng.integers(SEED_LIMIT))})
    people = [person(drawn, index) for index in range(drawn.people)]
    model = table_model(settings)
    mean_fd, covariance = _expected(people, model, rng)
    kept = model.kept(mean_fd)
    values = edge_correlations(wishart(covariance, model.dof * kept, rng))
    ids = [one.participant_id for one in people]
    expected = pd.DataFrame(np.arctanh(edge_correlations(covariance)), index=ids, columns=list(edge_names()))
    keys = [(one, session_name(0)) for one in ids]
    return assembled(settings, people, keys, values, mean_fd, kept, expected)


def assembled(
    settings: SimulateSettings,
    people: list[Person],
    keys: list[tuple[str, str]],
    values: Float[np.ndarray, "visits edges"],
    mean_fd: Float[np.ndarray, " visits"],
    kept: Float[np.ndarray, " visits"],
    expected: pd.DataFrame,
) -> TableCohort:
    """Put the tables of a study together; ``keys`` are the person and session of each visit."""
    volumes = np.rint(settings.volumes * kept).astype(np.int64)
    return TableCohort(
        features=_features(settings, keys, values, mean_fd, 1 - kept, volumes),
        participants=_participants(settings, people),
        sessions=_sessions(settings, people),
        people=tuple(people),
        expected=expected,
    )


def population_estimate(settings: SimulateSettings, n_people: int, rng: np.random.Generator) -> pd.Series:
    """Return what the declared comparison of ratings' groups estimates in endless studies, by edge, in z.

    A study of many people is drawn, with expected values in place of measured ones, to which the bias of a
    Fisher z of so many degrees of freedom is added.

    Parameters
    ----------
    settings
        The study; its number of people is not used.
    n_people
        Of the large study; the standard error falls with its root.
    rng
        Source of its seed.
    """
    _refuse_longitudinal(settings)
    drawn = settings.model_copy(update={"seed": int(rng.integers(SEED_LIMIT)), "people": n_people})
    people = [person(drawn, index) for index in range(n_people)]
    model = table_model(settings)
    parts, moved = [], []
    for first in range(0, n_people, _CHUNK):
        mean_fd, covariance = _expected(people[first : first + _CHUNK], model, rng)
        r = edge_correlations(covariance)
        parts.append(np.arctanh(r) + r / (2 * model.dof * model.kept(mean_fd)[:, None]))
        moved.append(mean_fd)
    estimate, _ = expected_estimate(people, np.concatenate(parts), np.concatenate(moved), edge_names())
    return pd.Series(estimate, index=list(edge_names()))


def _refuse_longitudinal(settings: SimulateSettings) -> None:
    if settings.longitudinal or settings.controls:
        raise SettingsError("couplings differ between visits, or there are controls: use visit_cohort")


def _expected(
    people: list[Person], model: TableModel, rng: np.random.Generator
) -> tuple[Float[np.ndarray, " people"], Float[np.ndarray, "people nodes nodes"]]:
    mean_fd = np.array([one.motion for one in people]) * np.exp(0.15 * rng.standard_normal(len(people)))
    anatomy = rng.integers(model.other.shape[1], size=len(people))
    return mean_fd, model.covariance(people, anatomy, mean_fd)


def wishart(
    covariance: Float[np.ndarray, "people nodes nodes"],
    dof: Float[np.ndarray, " people"],
    rng: np.random.Generator,
) -> Float[np.ndarray, "people nodes nodes"]:
    """Return one Wishart matrix a person, by Bartlett's decomposition; degrees of freedom may be broken."""
    people, n, _ = covariance.shape
    try:
        root = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise SettingsError(
            "on this grid the atlas' spheres have no voxels of their own; make grid_mm smaller"
        ) from None
    lower = np.tril(rng.standard_normal((people, n, n)), -1)
    place = np.arange(n)
    lower[:, place, place] = np.sqrt(rng.chisquare(np.maximum(dof[:, None] - place, 1.0)))
    factor = root @ lower
    return factor @ np.swapaxes(factor, -1, -2)


def _features(
    settings: SimulateSettings,
    keys: list[tuple[str, str]],
    values: np.ndarray,
    mean_fd: np.ndarray,
    censored: np.ndarray,
    volumes: np.ndarray,
) -> pd.DataFrame:
    targets = edge_names()
    per = len(targets) + 2
    rows = len(keys) * per
    numbers = np.column_stack([values, mean_fd, censored]).ravel()
    columns: dict[str, object] = {
        "participant_id": np.repeat(np.array([one for one, _ in keys], dtype=object), per),
        "session_id": np.repeat(np.array([session for _, session in keys], dtype=object), per),
        "task": "rest",
        "run": "n/a",
        "acq": "n/a",
        "space": settings.space,
        "atlas": ATLAS,
        "strategy": _STRATEGY,
        "measure": np.tile(
            np.array(["fc"] * len(targets) + ["mean_fd", "censored_share"], dtype=object), len(keys)
        ),
        "target": np.tile(np.array([*targets, "WholeBrain", "WholeBrain"], dtype=object), len(keys)),
        "statistic": np.tile(
            np.array(["pearson"] * len(targets) + ["mean", "share"], dtype=object), len(keys)
        ),
        "definition": "simulated",
        "value": numbers,
        "unit": np.tile(np.array(["r"] * len(targets) + ["mm", "share"], dtype=object), len(keys)),
        "coverage": 1.0,
        "n_voxels": np.full(rows, -1, dtype=np.int64),
        "n_volumes": np.repeat(volumes, per),
        "dof": np.repeat(volumes.astype(np.float64), per),
        "mean_fd": np.repeat(mean_fd, per),
        "qc": "ok",
        "inputs": "simulated",
    }
    return pd.DataFrame(columns, index=range(rows))[schema("features").names]


def _participants(settings: SimulateSettings, people: list[Person]) -> pd.DataFrame:
    columns = {
        "site": [site_name(one.site) for one in people],
        "age": [f"{one.age:g}" for one in people],
        "sex": [one.sex for one in people],
    }
    if settings.controls:
        columns["diagnosis"] = ["control" if one.control else "patient" for one in people]
    return pd.DataFrame(columns, index=[one.participant_id for one in people], dtype=object)


def _sessions(settings: SimulateSettings, people: list[Person]) -> pd.DataFrame:
    rows = [
        (one.participant_id, session_name(month), f"{one.ratings[month]:g}" if month in one.ratings else "")
        for one in people
        for month in rating_months(settings)
    ]
    return pd.DataFrame(rows, columns=["participant_id", "session_id", "pain_nrs"], dtype=object)
