"""What is known of one person of a finished run, as a record that is written and drawn."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

INDIVIDUAL_VERSION = 1


@dataclass(frozen=True)
class Visit:
    """Pain at one visit: days since the first (NaN where unknown), rating on the study's scale (0 to 10)."""

    session_id: str
    day: float
    rating: float


@dataclass(frozen=True)
class PersonOutcome:
    """One outcome: what came of the person, or why that is not known."""

    name: str
    role: str
    label: str
    value: float
    unit: str
    reason: str


@dataclass(frozen=True)
class BaseRate:
    """How many of the study's other people turned out persistent, with Wilson's interval."""

    outcome: str
    population: str
    persistent: int
    n: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class FeaturePosition:
    """One feature against controls.

    Parameters
    ----------
    task, atlas, measure, target, unit, value
        Which feature, and the person's value (Fisher z of connectivity, runs averaged).
    n_controls
        Other controls that it was held against.
    z, z_low, z_high, percentile, percentile_low, percentile_high
        As `Position` says; NaN with a reason.
    noise
        Half width of a 95 % interval for noise of the measurement, in standard deviations of controls:
        1.96 sqrt(1 - ICC); NaN where no ICC is known.
    icc, icc_source
        Reliability behind it, and where it is from.
    adjusted
        What the controls were adjusted for.
    not_adjusted
        What they were not adjusted for, each with its reason.
    reason
        Empty, or why there is no position.
    """

    task: str
    atlas: str
    measure: str
    target: str
    unit: str
    value: float
    n_controls: int
    z: float = math.nan
    z_low: float = math.nan
    z_high: float = math.nan
    percentile: float = math.nan
    percentile_low: float = math.nan
    percentile_high: float = math.nan
    noise: float = math.nan
    icc: float = math.nan
    icc_source: str = ""
    adjusted: tuple[str, ...] = ()
    not_adjusted: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Controls:
    """Who the controls are: the column and cell that mark them, and how many others have features."""

    column: str
    value: str
    n: int
    minimum: int
    is_control: bool
    reason: str


@dataclass(frozen=True)
class Elsewhere:
    """What the score would mean where ``rate`` of people turn out persistent."""

    rate: float
    probability: float
    low: float
    high: float


@dataclass(frozen=True)
class Probability:
    """Probability of persistence after recalibration in this study, fitted without the person.

    Parameters
    ----------
    outcome, population
        What it is a probability of, and whom it was fitted on.
    value, low, high
        With its 95 % interval (Wald on log odds); NaN with a reason.
    n, persistent
        People it was fitted on.
    base_rate
        Share of persistent people that the fit rests on: of the person's site where there are several.
    elsewhere
        The same at other base rates; assumes the same sensitivity and specificity there.
    reason
        Empty, or why no probability is given.
    """

    outcome: str = ""
    population: str = ""
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    persistent: int = 0
    base_rate: float = math.nan
    elsewhere: tuple[Elsewhere, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Judgement:
    """How the marker does in this study: a metric with its interval, and the verdict where there is one."""

    outcome: str = ""
    metric: str = ""
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    verdict: str = ""
    why: str = ""


@dataclass(frozen=True)
class MarkerScore:
    """One marker of one person.

    Parameters
    ----------
    id, name, role, sign, unit, direction
        Which marker, and what a higher score means.
    population, threshold, verified, failures
        Whom it was learned in, what counted as recovery there, its published figures (what, value, n), and
        where it failed.
    status
        ``ok``, or not computable: needs what.
    session_id, score, n_runs
        The score, a mean over so many runs of one session.
    sd, icc, icc_low, icc_high, icc_source
        Spread over the other people (within sites), reliability and where it is from.
    half_width
        1.96 sd sqrt(1 - icc) (METHODS M-3).
    n_people, percentile, percentile_low, percentile_high
        Share of so many other people with a lower score, in percent, at the score and at the ends of its
        interval.
    trained_on
        Whether the person is among those the marker was trained on.
    judged, probability
        How the marker does in this study, and what it makes of the score.
    """

    id: str
    name: str
    role: str
    sign: int
    unit: str
    direction: str
    population: str
    threshold: str
    verified: tuple[dict[str, Any], ...]
    failures: tuple[str, ...]
    status: str
    session_id: str = ""
    score: float = math.nan
    n_runs: int = 0
    sd: float = math.nan
    icc: float = math.nan
    icc_low: float = math.nan
    icc_high: float = math.nan
    icc_source: str = ""
    half_width: float = math.nan
    n_people: int = 0
    percentile: float = math.nan
    percentile_low: float = math.nan
    percentile_high: float = math.nan
    trained_on: bool = False
    judged: Judgement = Judgement()
    probability: Probability = Probability()


@dataclass(frozen=True)
class Missing:
    """Something that is not there: what, in which session, why, and what would help."""

    what: str
    session_id: str
    why: str
    remedy: str
    code: str


@dataclass(frozen=True)
class Individual:
    """One person of a finished run. Holds no date, no name and nothing of a person beyond the id.

    Parameters
    ----------
    participant_id, site, baseline_session
        Who, where, and the session that features and scores are of.
    n_people
        People of the study.
    visits, outcomes, p_persistent
        Pain over visits, what came of it, and the probability of having been persistent given that ratings
        vary from day to day (NaN where unknown).
    base_rate
        Of the study's other people; None where the outcome is no class or nobody's is known.
    controls, features, markers, missing
        As their classes say.
    """

    participant_id: str
    site: str
    baseline_session: str
    n_people: int
    visits: tuple[Visit, ...]
    outcomes: tuple[PersonOutcome, ...]
    p_persistent: float
    base_rate: BaseRate | None
    controls: Controls
    features: tuple[FeaturePosition, ...]
    markers: tuple[MarkerScore, ...]
    missing: tuple[Missing, ...]


def individual_json(person: Individual) -> dict[str, Any]:
    """Return a record as JSON values: NaN is null, ``schema_version`` tells its form."""
    plain: dict[str, Any] = _plain(asdict(person))
    return {"schema_version": INDIVIDUAL_VERSION, **plain}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):  # also of numpy
        return float(value) if math.isfinite(value) else None
    return value
