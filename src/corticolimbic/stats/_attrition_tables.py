"""The analysis of attrition as a study asks for it: description, rates, and what was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort import wilson
from corticolimbic.features import schema
from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._attrition import NO_SITE, attrition, site_names
from corticolimbic.stats._attrition_settings import AttritionSettings
from corticolimbic.stats._delta import EVERYBODY, delta_rates
from corticolimbic.stats._expected_visits import expected_visits
from corticolimbic.stats._imputation import ChainedEquations
from corticolimbic.stats._observation_weights import ObservationWeights
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import read_term
from corticolimbic.stats._weighted_mean import weighted_mean

_FEW = 0.5
"""Effective share of those seen below which weights are said to rest on few people."""
_OUTCOME = " outcome"

OutcomeOfRatings = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True, eq=False)
class AttritionTables:
    """What `attrition_tables` found.

    Parameters
    ----------
    visits, patterns, differences
        See `Attrition`.
    rates
        Schema ``attrition_rates``: the share with the outcome among complete cases, weighted or imputed, and
        with imputed ratings shifted. Empty where no ratings were given.
    weights
        Fitted weights, or None.
    imputed
        Completed ratings, for later steps, or None.
    """

    visits: pd.DataFrame
    patterns: pd.DataFrame
    differences: pd.DataFrame
    rates: pd.DataFrame
    weights: ObservationWeights | None = None
    imputed: Any = None


@dataclass
class _Found:
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    weights: ObservationWeights | None = None
    imputed: Any = None


def attrition_tables(
    people: pd.DataFrame,
    observed: pd.DataFrame,
    settings: AttritionSettings,
    *,
    ratings: pd.DataFrame | None = None,
    outcome: OutcomeOfRatings | None = None,
) -> tuple[AttritionTables, tuple[Problem, ...]]:
    """Describe who was lost and, where ratings are given, estimate how many have the outcome.

    Parameters
    ----------
    people
        One row a person (index: participant_id), with covariates and site.
    observed
        People by visits in the order of time: true seen, false lost, missing not due.
    settings
        What is asked for.
    ratings
        People by visits, numbers; a visit without a rating counts as lost in the models. None: describe only.
    outcome
        Makes the outcome of a table of ratings (people by visits): 1, 0, or missing where it has none. It is
        called with completed ratings too, so that the class agrees with them. Needed with ``ratings``.

    Returns
    -------
    tables
        The description is always there; rates as far as they could be made.
    problems
        What was set aside or refused (CL310, CL373 to CL379).

    Raises
    ------
    ModelError
        A column that the settings name does not exist, or the tables do not fit each other: nothing can be
        described.
    """
    described = attrition(people, observed, settings.covariates, settings.site)
    found = _Found()
    if ratings is not None:
        if outcome is None:
            raise ModelError("rates need a function that makes the outcome of ratings")
        _rates(people, observed, settings, ratings.rename(columns=str), outcome, found)
    tables = AttritionTables(
        described.visits,
        described.patterns,
        described.differences,
        schema("attrition_rates").table(found.rows),
        found.weights,
        found.imputed,
    )
    return tables, tuple(sorted(set(found.problems)))


def _rates(
    people: pd.DataFrame,
    observed: pd.DataFrame,
    settings: AttritionSettings,
    ratings: pd.DataFrame,
    outcome: OutcomeOfRatings,
    found: _Found,
) -> None:
    people, observed, ratings = _aligned(people, observed, settings, ratings, found)
    if not len(people):  # a table without covariates counts as empty, however many people it has
        found.problems.append(problem("CL375", found="nobody is left of whom a rate could be told"))
        return
    values = _outcome_of(outcome, ratings).where(ratings.iloc[:, -1].notna())
    known = values.dropna()
    low, high = wilson(float(known.sum()), float(len(known)))
    n = len(people)
    rate, size = (known.mean() if len(known) else np.nan), max(len(known), 1)
    se = float(np.sqrt(rate * (1 - rate) / size))
    found.rows.append(
        _row("complete cases", n, len(known), rate, low, high, se=se, effective=float(len(known)))
    )
    if observed.to_numpy().all() and settings.method != "none":
        found.problems.append(problem("CL373", found=f"all visits of {n} people took place"))
    try:
        if settings.method == "weights":
            _weighted(people, observed, settings, ratings, values, found)
        elif settings.method == "imputation":
            _imputed(people, settings, ratings, outcome, found)
    except ModelError as error:
        found.problems.append(problem("CL375", found=f"{settings.method}: {error.reason}"))


def _aligned(
    people: pd.DataFrame,
    observed: pd.DataFrame,
    settings: AttritionSettings,
    ratings: pd.DataFrame,
    found: _Found,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the tables of the people that a rate is about; who is set aside becomes a problem."""
    table = expected_visits(observed.loc[people.index])
    lacking = [visit for visit in table.visits if visit not in ratings.columns]
    if lacking:
        raise ModelError(f"the table of ratings has no column for {', '.join(lacking)}", tuple(lacking))
    numbers = ratings.reindex(index=people.index, columns=list(table.visits)).astype(float)
    if np.isinf(numbers.to_numpy()).any():
        raise ModelError("the table of ratings holds infinite values; mend them or make them missing")
    numbers = numbers.where(table.seen)  # a rating of a visit that did not take place is none
    seen = numbers.notna().to_numpy()
    keep = np.asarray(table.expected.all(axis=1))
    for at in np.flatnonzero(~keep):
        due = ", ".join(np.array(table.visits)[~table.expected[at]])
        found.problems.append(
            problem(
                "CL308", participant_id=str(table.people[at]), file="sessions.tsv", found=f"not due: {due}"
            )
        )
    if settings.method != "none":
        for name in (*settings.covariates, *(settings.auxiliary if settings.method == "imputation" else ())):
            keep &= _has(people, name, keep, found)
        if (site := _site(people, settings)) is not None:
            keep &= _has(people.assign(**{site: people[site].astype("category")}), site, keep, found)
            sites = site_names(people, site)
            if sites is not None:
                keep &= _represented(people, sites, seen, keep, settings, found)
    frame = pd.DataFrame(seen, index=people.index, columns=list(table.visits))
    return people[keep], frame[keep], numbers[keep]


def _has(people: pd.DataFrame, name: str, keep: np.ndarray, found: _Found) -> np.ndarray:
    """Return who has the covariate; a covariate that nobody has is left to the model to refuse."""
    missing = read_term(people, name).missing
    if missing[keep].all():
        return np.ones(len(people), dtype=bool)
    for person in people.index[keep & missing]:
        found.problems.append(problem("CL310", participant_id=str(person), found=f"missing: {name}"))
    return ~missing


def _represented(
    people: pd.DataFrame,
    sites: np.ndarray,
    seen: np.ndarray,
    keep: np.ndarray,
    settings: AttritionSettings,
    found: _Found,
) -> np.ndarray:
    """Return who is at a site where somebody has a last rating, and for weights was seen throughout."""
    reached = seen.all(axis=1) if settings.method == "weights" else seen[:, -1]
    empty = sorted(set(sites[keep]) - set(sites[keep & reached]))
    for name in empty:
        here = keep & (sites == name)
        words = f"{settings.site} {name}: {int(here.sum())} people, nobody with a last rating"
        for person in people.index[here]:
            found.problems.append(problem("CL374", participant_id=str(person), found=words))
    return ~np.isin(sites, empty)


def _weighted(
    people: pd.DataFrame,
    observed: pd.DataFrame,
    settings: AttritionSettings,
    ratings: pd.DataFrame,
    values: pd.Series,
    found: _Found,
) -> None:
    weights = ObservationWeights(settings.covariates, _site(people, settings), truncation=settings.truncation)
    weights.fit(people, observed, ratings)
    found.weights = weights
    found.problems += [problem("CL376", found=words) for words in weights.separation_]
    found.problems += [problem("CL376", found=f"{name} does not vary") for name in weights.constant_]
    if weights.returned_:
        found.problems += [
            problem("CL379", participant_id=str(person), found="seen again after a visit missed")
            for person in weights.returned_
        ]
    rate = weighted_mean(values, weights)
    if rate.effective < _FEW * rate.n_seen:
        largest = float(np.nanmax(weights.weights_))
        found.problems.append(
            problem("CL377", found=f"{rate.n_seen} people seen count like {rate.effective:.0f}; the largest "
                    f"weight is {largest:.3g}")
        )  # fmt: skip
    found.rows.append(
        _row("weights", len(people), rate.n_seen, rate.estimate, rate.ci_low, rate.ci_high, se=rate.se,
             effective=rate.effective)
    )  # fmt: skip


def _imputed(
    people: pd.DataFrame,
    settings: AttritionSettings,
    ratings: pd.DataFrame,
    outcome: OutcomeOfRatings,
    found: _Found,
) -> None:
    visits = list(ratings.columns)
    site = _site(people, settings)
    predictors = (*settings.covariates, *settings.auxiliary)
    clash = sorted({*visits, _OUTCOME} & {*predictors, *((site,) if site else ())})
    if clash:
        raise ModelError(f"{', '.join(clash)} is both a visit and a covariate; rename one", tuple(clash))
    grouped = (
        () if settings.delta_by is None or settings.delta_by in (*predictors, site) else (settings.delta_by,)
    )
    extra = [*predictors, *((site,) if site else ()), *grouped]
    unknown = [name for name in extra if name not in people.columns]
    if unknown:
        raise ModelError(f"the table has no column {', '.join(unknown)}", tuple(unknown))
    chains = ChainedEquations(
        dict.fromkeys(visits, settings.imputed_by),
        predictors,
        site,
        by_site=settings.by_site and site is not None,
        imputations=settings.imputations,
        iterations=settings.iterations,
        donors=settings.donors,
        seed=settings.seed,
    ).fit(people[extra].join(ratings))
    found.problems += [problem("CL376", found=f"{name} does not vary") for name in chains.constant_]
    imputed = chains.imputed_.derive(
        lambda table: table.assign(**{_OUTCOME: _outcome_of(outcome, table[visits])})
    )
    found.imputed = imputed
    deltas = settings.delta if imputed.missing[:, -1].any() else ()
    n_seen = int((~imputed.missing[:, -1]).sum())
    shifted = delta_rates(imputed, _OUTCOME, visits[-1:], deltas, settings.scale, settings.delta_by)
    for rate in shifted:
        method = "imputation" if rate.delta == 0 else f"imputation, shifted by {rate.delta:+g}"
        pooled = rate.pooled
        found.rows.append(
            _row(method, len(people), n_seen, pooled.estimate, pooled.ci_low, pooled.ci_high, se=pooled.se,
                 group=rate.group, delta=rate.delta, df=pooled.df, fmi=pooled.fmi, imputations=len(imputed),
                 tips=int(rate.tips))
        )  # fmt: skip
        if rate.delta == 0 and rate.group == EVERYBODY and pooled.wanted > len(imputed):
            words = f"{len(imputed)} imputations, and {pooled.fmi:.0%} of the information is missing"
            found.problems.append(problem("CL378", found=words, expected=f"{pooled.wanted} or more"))


def _site(people: pd.DataFrame, settings: AttritionSettings) -> str | None:
    """Return the column of sites where more than one is known."""
    names = site_names(people, settings.site)
    return settings.site if names is not None and len(set(names) - {NO_SITE}) > 1 else None


def _outcome_of(outcome: OutcomeOfRatings, ratings: pd.DataFrame) -> pd.Series:
    values = outcome(ratings).reindex(ratings.index).astype(float)
    if not values.dropna().isin([0.0, 1.0]).all():
        raise ModelError("the outcome of ratings must be 0, 1 or missing")
    return values


def _row(
    method: str, n: int, n_seen: int, rate: float, low: float, high: float, *, se: float,
    effective: float = np.nan, group: str = EVERYBODY, delta: float = 0.0, df: float = np.nan,
    fmi: float = np.nan, imputations: int = 0, tips: int = 0,
) -> dict[str, Any]:  # fmt: skip
    return {
        "method": method,
        "group": group,
        "delta": delta,
        "n": n,
        "n_seen": n_seen,
        "rate": rate,
        "se": se,
        "ci_low": low,
        "ci_high": high,
        "df": df if np.isfinite(df) else np.nan,
        "effective": effective,
        "fmi": fmi,
        "imputations": imputations,
        "tips": tips,
    }
