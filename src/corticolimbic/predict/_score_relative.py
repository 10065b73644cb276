"""Scores that place a person against a reference, which the study declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from corticolimbic.cohort import text_column
from corticolimbic.features import first_session, session_order
from corticolimbic.foundation import Problem, SettingsError, problem
from corticolimbic.predict._inputs import RUN, Inputs
from corticolimbic.predict._markers import Marker
from corticolimbic.predict._score_data import Beside
from corticolimbic.stats import (
    HeadSize,
    HubDisruption,
    ModelError,
    NormativeModel,
    RelativeReference,
    StoredEstimator,
)

_NEEDS = "not computable: needs "
_COLUMNS = [*RUN, "score", "status", "se"]
_HEAD = (("volume", "ICV"), ("intracranial_volume", "WholeBrain"))
_SITE = "(site)"


@dataclass(frozen=True, eq=False)
class RelativeScores:
    """Scores against a reference; ``refused`` says why nobody has one."""

    frame: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    fitted: Mapping[str, StoredEstimator] = field(default_factory=dict)
    refused: str = ""


def relative_scores(marker: Marker, found: Inputs, features: pd.DataFrame, beside: Beside) -> RelativeScores:
    """Fit the marker's estimator on the reference's first session, and score every session.

    Runs of a session are averaged first.

    Parameters
    ----------
    marker
        Of kind ``relative``.
    found
        Its inputs.
    features
        Schema ``features``, for intracranial volume.
    beside
        With people and reference.
    """
    nothing = pd.DataFrame([], columns=_COLUMNS)
    if beside.reference is None:
        return RelativeScores(nothing, refused="a reference that the study declares (predict.reference)")
    if marker.relative is None or found.values.empty:
        return RelativeScores(nothing)
    estimator = marker.relative.estimator
    values = found.targets if estimator == "hub_disruption" else _formula(marker, found)
    sessions = values.groupby(level=RUN[:2], sort=True).mean()  # runs of a session
    first = _at_first(sessions, beside.baseline)
    try:
        members = _members(first, beside, beside.reference)
        if not members:
            raise ModelError("nobody of the declared reference has the inputs")
        made = _PLACED[estimator](sessions, first, members, features, beside)
    except ModelError as error:
        words = f"{marker.id}: {error.reason}"
        return RelativeScores(
            nothing, (problem("CL707", found=words),), refused=f"a usable reference ({error.reason})"
        )
    table, fitted = made
    frame = table.reset_index().assign(task="n/a", run="n/a")
    why = frame["reason"].where(frame["reason"] != "", "an input and the covariates of the reference")
    good = np.isfinite(frame["score"].to_numpy(dtype=float))
    frame["status"] = np.where(good, "ok", _NEEDS + why)
    return RelativeScores(frame[_COLUMNS], (), {fitted.model["reference_id"]: fitted})


def _formula(marker: Marker, found: Inputs) -> pd.DataFrame:
    total = sum(
        term.weight * (found.values[place] - term.center) / term.scale
        for place, term in enumerate(marker.terms)
    )
    return pd.DataFrame({marker.id: marker.intercept + total}, index=found.values.index)


def _at_first(sessions: pd.DataFrame, baseline: str | None) -> pd.DataFrame:
    """Return one row a person: the session named, or the first."""
    index = sessions.index.to_frame(index=False)
    chosen = index["participant_id"].map(first_session(index)) if baseline is None else baseline
    return sessions[(index["session_id"] == chosen).to_numpy()].droplevel("session_id")


def _members(first: pd.DataFrame, beside: Beside, reference: RelativeReference) -> list[str]:
    if reference.column is None:
        return list(first.index)
    if reference.value is None:
        raise SettingsError("predict.reference: a column needs the value that marks the reference")
    if beside.people is None:
        raise ModelError("the table of people that marks the reference is not there")
    cells = text_column(beside.people, reference.column).reindex(first.index).fillna("")
    return list(first.index[(cells == reference.value).to_numpy(dtype=bool)])


def _by_session(sessions: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    names = sorted(set(sessions.index.get_level_values("session_id")), key=session_order)
    return [(name, sessions.xs(name, level="session_id")) for name in names]


def _stacked(parts: list[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """Join sessions: columns score, se, reason; index participant_id, session_id."""
    whole = [part.rename_axis("participant_id").assign(session_id=name) for name, part in parts]
    return pd.concat(whole).set_index("session_id", append=True)


def _hubs(
    sessions: pd.DataFrame, first: pd.DataFrame, members: list[str], features: pd.DataFrame, beside: Beside
) -> tuple[pd.DataFrame, StoredEstimator]:
    fitted = HubDisruption().fit(first.loc[members].to_numpy(dtype=float), members)
    parts = []
    for name, rows in _by_session(sessions):
        made = fitted.transform(rows.to_numpy(dtype=float), list(rows.index))
        parts.append((name, made[["slope", "se", "reason"]].rename(columns={"slope": "score"})))
    return _stacked(parts), fitted.to_plain()


def _normative(
    sessions: pd.DataFrame, first: pd.DataFrame, members: list[str], features: pd.DataFrame, beside: Beside
) -> tuple[pd.DataFrame, StoredEstimator]:
    reference = beside.reference or RelativeReference()
    if beside.people is None:
        raise ModelError(f"the table of people with {reference.age} is not there")
    columns = (reference.age, *reference.covariates)
    absent = [name for name in columns if name not in beside.people.columns]
    if absent:
        raise ModelError(f"participants.tsv has no column {', '.join(absent)}")
    named = {name: text_column(beside.people, name) for name in columns}
    people = pd.DataFrame(named, index=beside.people.index)
    site = _site(beside)
    if site is not None:
        people[_SITE] = site.reindex(people.index)
    (column,) = first.columns
    fitted = NormativeModel(reference.age, reference.covariates, _SITE if site is not None else None)
    fitted = fitted.fit(first.loc[members], people)
    if fitted.refused_:
        raise ModelError(next(iter(fitted.refused_.values())))
    parts = []
    for name, rows in _by_session(sessions):
        made = fitted.transform(rows, people)
        reasons = pd.Series({person: made.reasons.get(person, "") for person in rows.index}, dtype=object)
        table = pd.DataFrame({"score": made.z[column], "se": made.se[column], "reason": reasons})
        parts.append((name, table))
    return _stacked(parts), fitted.to_plain()


def _site(beside: Beside) -> pd.Series | None:
    sites = beside.sites
    if sites is None or not set(sites.values()) - {"", "n/a"}:
        return None
    return pd.Series({person: "" if name == "n/a" else name for person, name in sites.items()}, dtype=object)


def _head_size(
    sessions: pd.DataFrame, first: pd.DataFrame, members: list[str], features: pd.DataFrame, beside: Beside
) -> tuple[pd.DataFrame, StoredEstimator]:
    size = next((rows for pair in _HEAD if len(rows := _size(features, *pair))), None)
    if size is None:
        raise ModelError("intracranial volume is not among the features")
    index = size.index.to_frame(index=False)
    at_first = size[(index["session_id"] == index["participant_id"].map(first_session(index))).to_numpy()]
    fitted = HeadSize().fit(first.loc[members], at_first.droplevel("session_id"))
    if fitted.refused_:
        raise ModelError(next(iter(fitted.refused_.values())))
    parts = []
    for name, rows in _by_session(sessions):
        own = size.xs(name, level="session_id") if name in index["session_id"].to_numpy() else size.iloc[:0]
        own = own if own.index.nlevels == 1 else own.droplevel("session_id")
        made = fitted.transform(rows, own).iloc[:, 0]
        parts.append((name, pd.DataFrame({"score": made, "se": np.nan, "reason": ""})))
    return _stacked(parts), fitted.to_plain()


def _size(features: pd.DataFrame, measure: str, target: str) -> pd.Series:
    rows = features[(features["measure"] == measure) & (features["target"] == target)]
    return rows.groupby(["participant_id", "session_id"])["value"].mean()


_PLACED = {"hub_disruption": _hubs, "z_normative": _normative, "head_size_residual": _head_size}
