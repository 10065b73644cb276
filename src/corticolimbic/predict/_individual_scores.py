"""Marker scores of one person, with the interval that their reliability leaves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import first_session, session_order
from corticolimbic.predict._individual_features import published_icc
from corticolimbic.predict._individual_probability import probability
from corticolimbic.predict._individual_record import Judgement, MarkerScore
from corticolimbic.predict._individual_study import Study
from corticolimbic.predict._judged import ALL_SITES, IN_SAMPLE
from corticolimbic.stats import FEATURE_KEY, ModelError, icc

_METRICS = ("auc", "pearson_r", "spearman_rho")


@dataclass(frozen=True)
class Steadiness:
    """Reliability of a score, its interval and its source; NaN where nothing is known."""

    icc: float = math.nan
    low: float = math.nan
    high: float = math.nan
    source: str = ""


def marker_scores(study: Study, person: str) -> tuple[MarkerScore, ...]:
    """Return every marker of the run for one person, also those that could not be computed."""
    return tuple(_marker(study, card, person) for card in study.cards)


def _marker(study: Study, card: Mapping[str, Any], person: str) -> MarkerScore:
    name = str(card.get("id", ""))
    rows = study.scores_of.get(name, study.scores.iloc[:0])
    own = rows[rows["participant_id"] == person]
    blank = MarkerScore(
        id=name,
        name=str(card.get("name") or name),
        role=str(card.get("role") or ""),
        sign=int(card.get("sign") or 0),
        unit=str(card.get("unit") or ""),
        direction=str(card.get("direction") or ""),
        population=str(card.get("population") or ""),
        threshold=str(card.get("threshold") or ""),
        verified=tuple(_published(item) for item in card.get("verified") or ()),
        failures=tuple(map(str, card.get("failures") or ())),
        trained_on=person in study.trained_on.get(name, frozenset()),
        judged=_judged(study, name),
        status=_status(own, card),
    )
    good = _of_session(rows, study.baseline_session, str(card.get("over") or "session"))
    mine = good[good["participant_id"] == person]
    if mine.empty:
        return blank
    score = float(mine["score"].mean())
    others = good[good["participant_id"] != person].groupby("participant_id", sort=True)["score"].mean()
    sd = _spread(others, study.sites)
    steady = steadiness(study, card, rows, good, len(mine))
    half = 1.96 * sd * math.sqrt(1 - min(max(steady.icc, 0.0), 1.0))
    values = others.to_numpy(dtype=float)
    return replace(
        blank,
        status="ok",
        session_id=str(mine["session_id"].iloc[0]),
        score=score,
        n_runs=len(mine),
        sd=sd,
        icc=steady.icc,
        icc_low=steady.low,
        icc_high=steady.high,
        icc_source=steady.source,
        half_width=half,
        n_people=len(others),
        percentile=share_below(values, score),
        percentile_low=share_below(values, score - half),
        percentile_high=share_below(values, score + half),
        probability=probability(study, name, person, score, others, blank.judged),
    )


def _published(item: Any) -> dict[str, Any]:
    found = item if isinstance(item, Mapping) else {}
    return {"what": str(found.get("what", "")), "value": found.get("value"), "n": found.get("n")}


def _status(own: pd.DataFrame, card: Mapping[str, Any]) -> str:
    lacking = own.loc[own["status"] != "ok", "status"]
    if len(lacking):
        return str(lacking.iloc[0])
    if len(own):
        return "not computable: needs a score in the session that is compared"
    needs = "; ".join(map(str, card.get("needs") or ())) or "images of this person"
    return f"not computable: needs {needs}"


def _of_session(rows: pd.DataFrame, session: str | None, over: str) -> pd.DataFrame:
    """Return the rows that count, as `person_scores` takes them.

    Of the session that is compared; a change is that of the last session, a mean over sessions is the same in
    all of them; without a session that anybody has a score in, each person's first.
    """
    good = rows[(rows["status"] == "ok") & np.isfinite(rows["score"].to_numpy(dtype=float))]
    if good.empty:
        return good
    if over == "change":
        order = good.assign(order=good["session_id"].map(session_order)).sort_values("order")
        last = order.groupby("participant_id")["session_id"].last()
        return good[good["session_id"] == good["participant_id"].map(last)]
    if session is not None and over != "person_mean" and (good["session_id"] == session).any():
        return good[good["session_id"] == session]
    return good[good["session_id"] == good["participant_id"].map(first_session(good))]


def _spread(others: pd.Series, sites: pd.Series) -> float:
    """Return the standard deviation over people, within sites where there are several."""
    groups = sites.reindex(others.index).fillna("n/a")
    left = len(others) - groups.nunique()
    if left < 2:
        return math.nan
    within = others - others.groupby(groups).transform("mean")
    return float(math.sqrt(float((within**2).sum()) / left))


def share_below(values: np.ndarray, score: float) -> float:
    """Return the percent of values below a score, half of those equal to it counted; NaN without values."""
    if not len(values) or not math.isfinite(score):
        return math.nan
    return float(100 * ((values < score).sum() + 0.5 * (values == score).sum()) / len(values))


def steadiness(
    study: Study, card: Mapping[str, Any], rows: pd.DataFrame, good: pd.DataFrame, n_runs: int
) -> Steadiness:
    """Return the reliability of a score: measured on runs, on its feature or on sessions, else published.

    Parameters
    ----------
    study
        Tables of the run.
    card
        What is known of the marker; ``reliability`` (icc, source) and ``inputs`` (measure, target) count.
    rows, good
        All its scores, and those of the session that counts.
    n_runs
        Runs behind the person's score.
    """
    runs = good.assign(measurement=good["task"] + "\t" + good["run"])
    found = _repeated(runs, study, n_runs, "this study, runs of a session")
    inputs = [tuple(map(str, item)) for item in card.get("inputs") or ()]
    if not math.isfinite(found.icc) and len(inputs) == 1:
        found = _of_feature(study, *inputs[0])
    if not math.isfinite(found.icc) and card.get("over", "session") == "session":
        later = rows[(rows["status"] == "ok") & np.isfinite(rows["score"].to_numpy(dtype=float))]
        means = later.groupby(["participant_id", "session_id"], as_index=False)["score"].mean()
        waves = means.assign(measurement=means["session_id"])
        found = _repeated(waves, study, 1, "this study, sessions (true change counts as noise)")
    if not math.isfinite(found.icc):
        found = _published_for(card, [measure for measure, _ in inputs])
    return found


def _repeated(rows: pd.DataFrame, study: Study, k: int, source: str) -> Steadiness:
    wide = rows.pivot_table(index="participant_id", columns="measurement", values="score", aggfunc="mean")
    wide = wide[sorted(wide.columns, key=session_order)]
    if wide.shape[1] < 2 or int((wide.notna().sum(axis=1) > 1).sum()) < study.settings.minimum_repeated:
        return Steadiness()
    _, codes = np.unique(study.sites.reindex(wide.index).fillna("n/a").astype(str), return_inverse=True)
    try:
        found = icc(
            wide.to_numpy(dtype=float)[:, :, None],
            "ICC(3,k)",
            groups=codes.astype(np.int64),
            averaged=float(k),
        )
    except ModelError:
        return Steadiness()
    return Steadiness(float(found.icc[0]), float(found.low[0]), float(found.high[0]), source)


def _of_feature(study: Study, measure: str, target: str) -> Steadiness:
    """Return the reliability that the run measured of a marker's only feature."""
    best = study.best_reliability
    key = best[FEATURE_KEY].astype(str)
    rows = best[(key["measure"] == measure) & (key["target"] == target)]
    if rows.empty:
        return Steadiness()
    row = rows.iloc[0]
    source = f"this study, {row['kind']} of its feature"
    return Steadiness(float(row["icc"]), float(row["icc_low"]), float(row["icc_high"]), source)


def _published_for(card: Mapping[str, Any], measures: list[str]) -> Steadiness:
    known = card.get("reliability")
    if isinstance(known, Mapping) and known.get("icc") is not None:
        return Steadiness(float(known["icc"]), source=f"published: {known.get('source', '')}")
    if card.get("icc") is not None:
        return Steadiness(float(card["icc"]), source=str(card.get("icc_source") or ""))
    stands_in = published_icc(measures[0]) if measures and len(set(measures)) == 1 else None
    if stands_in is None:
        return Steadiness()
    what = "published for single edges" if measures[0] == "fc" else "published"
    return Steadiness(
        stands_in.icc, stands_in.low, stands_in.high, f"{what}, not measured here: {stands_in.source}"
    )


def _judged(study: Study, name: str) -> Judgement:
    """Return how the marker does here: on the class outcome where there is one, over all external sites."""
    verdict, why, outcome = _verdict(study, name)
    rows = study.evaluation[
        (study.evaluation["name"] == name)
        & (study.evaluation["scheme"] != IN_SAMPLE)
        & study.evaluation["metric"].isin(_METRICS)
    ]
    for metric in _METRICS:
        here = rows[rows["metric"] == metric]
        if metric == "auc" and (here["outcome"] == study.class_outcome).any():
            here = here[here["outcome"] == study.class_outcome]
        if (here["population"] == study.population).any():
            here = here[here["population"] == study.population]
        whole = here[here["site"] == ALL_SITES]
        here = whole if len(whole) else here
        if len(here) and (len(whole) or len(here) == 1):
            row = here.iloc[0]
            return Judgement(
                str(row["outcome"]),
                metric,
                float(row["value"]),
                float(row["ci_low"]),
                float(row["ci_high"]),
                int(row["n"]),
                verdict,
                why,
            )
    return Judgement(outcome=outcome, verdict=verdict, why=why)


def _verdict(study: Study, name: str) -> tuple[str, str, str]:
    if study.verdicts is None:
        return "", "", ""
    rows = study.verdicts[study.verdicts["marker"] == name]
    for column, wanted in (("outcome", study.class_outcome), ("population", study.population)):
        if (rows[column] == wanted).any():
            rows = rows[rows[column] == wanted]
    if rows.empty:
        return "", "", ""
    row = rows.iloc[0]
    return str(row["verdict"]), str(row["why"]), str(row["outcome"])
