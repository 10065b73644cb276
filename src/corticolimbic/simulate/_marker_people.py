"""Who takes part in the simulated cohort of markers: pain, motion and features, for any number of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from corticolimbic.simulate._marker_features import FEATURES, LACKING, MarkerFeature
from corticolimbic.simulate._marker_settings import MarkerCohortSettings
from corticolimbic.simulate._people import site_name
from corticolimbic.simulate._streams import stream

MONTHS = (0, 3, 6, 12)
_N_UNIFORM, _N_NORMAL = 9, 9
_SHRINK = 0.75
"""How much smaller each site is than the one before."""
_FD_UNIT = 0.06
"""Motion, in mm, that counts as one unit in the settings; about its standard deviation."""
_FD_SPREAD = 0.35
_GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Draws:
    """Independent draws behind people: uniform from 0 to 1, and standard normal."""

    uniform: Float[np.ndarray, "people 9"]
    normal: Float[np.ndarray, "people 9"]
    noise: Float[np.ndarray, "people visits features"]
    gone: Float[np.ndarray, "people visits features"]


@dataclass(frozen=True)
class MarkerPeople:
    """People as arrays, in one order.

    Parameters
    ----------
    site
        Number of the site.
    age, female, control, opioid
        Years; yes or no.
    pain
        Rated pain (0 to 10, one decimal) at `MONTHS`, as if nobody were lost.
    affective
        Affective pain score at the first visit, 0 to 12.
    relief
        Fall of the rated pain in percent of the first rating; of controls without meaning.
    motion
        Mean framewise displacement in mm at the first and the last visit.
    features
        Scores of `FEATURES` at both visits, in their units.
    missing
        Which of them were not measured.
    lost
        Index in `MONTHS` of the first visit that did not take place; 4 where all did.
    """

    site: Int[np.ndarray, " people"]
    age: Float[np.ndarray, " people"]
    female: Bool[np.ndarray, " people"]
    control: Bool[np.ndarray, " people"]
    opioid: Bool[np.ndarray, " people"]
    pain: Float[np.ndarray, "people 4"]
    affective: Float[np.ndarray, " people"]
    relief: Float[np.ndarray, " people"]
    motion: Float[np.ndarray, "people 2"]
    features: Float[np.ndarray, "people 2 features"]
    missing: Bool[np.ndarray, "people 2 features"]
    lost: Int[np.ndarray, " people"]


def own_draws(settings: MarkerCohortSettings, names: list[str]) -> Draws:
    """Return the draws of people by name: each has streams of their own, whoever else takes part."""
    shape = (len(names), 2, len(FEATURES))
    uniform, normal = np.empty((len(names), _N_UNIFORM)), np.empty((len(names), _N_NORMAL))
    noise, gone = np.empty(shape), np.empty(shape)
    for place, name in enumerate(names):
        uniform[place] = stream(settings.seed, name, "markers, person").random(_N_UNIFORM)
        normal[place] = stream(settings.seed, name, "markers, pain and motion").standard_normal(_N_NORMAL)
        noise[place] = stream(settings.seed, name, "markers, features").standard_normal(shape[1:])
        gone[place] = stream(settings.seed, name, "markers, missing").random(shape[1:])
    return Draws(uniform, normal, noise, gone)


def free_draws(people: int, rng: np.random.Generator) -> Draws:
    """Return draws of people who are in no study, for the truth of endless ones."""
    shape = (people, 2, len(FEATURES))
    return Draws(
        rng.random((people, _N_UNIFORM)),
        rng.standard_normal((people, _N_NORMAL)),
        rng.standard_normal(shape),
        rng.random(shape),
    )


def site_shares(settings: MarkerCohortSettings) -> Float[np.ndarray, " sites"]:
    """Return the share of people at each site."""
    sizes = _SHRINK ** np.arange(settings.sites)
    return np.asarray(sizes / sizes.sum())


def site_courses(settings: MarkerCohortSettings) -> Float[np.ndarray, " sites"]:
    """Return where each site stands between the least relief (-1) and the most (1), whatever its size."""
    if settings.sites == 1:
        return np.zeros(1)
    order = np.argsort(np.argsort((np.arange(settings.sites) + 1) * _GOLDEN % 1))
    return np.asarray(2 * order / (settings.sites - 1) - 1)


def marker_people(settings: MarkerCohortSettings, draws: Draws) -> MarkerPeople:
    """Return the people that draws make.

    How little pain falls makes people move more, and nothing else but what the settings say ties a feature
    to it. Relief is that of the ratings, error included.

    Parameters
    ----------
    settings
        The study.
    draws
        From `own_draws` or `free_draws`.
    """
    u, z = draws.uniform, draws.normal
    shares = np.cumsum(site_shares(settings))
    site = np.minimum(np.searchsorted(shares, u[:, 0], side="right"), settings.sites - 1)
    age = np.round(22 + 42 * u[:, 1], 1)
    control = u[:, 3] < settings.controls
    pain, relief = _pain(settings, site, age, control, u, z)
    bad = np.where(control, 0.0, (settings.relief_percent - relief) / settings.relief_spread)
    first = pain[:, 0]
    opioid = ~control & (u[:, 4] < _logistic(-1.2 + 0.5 * (first - 6) + 0.3 * bad))
    motion = _motion(settings, site, bad, z)
    people = MarkerPeople(
        site=site,
        age=age,
        female=u[:, 2] < 0.55,
        control=control,
        opioid=opioid,
        pain=pain,
        affective=np.clip(np.round(np.where(control, 0.3, 0.6 * first + 1.5 * z[:, 7])), 0, 12),
        relief=relief,
        motion=motion,
        features=np.zeros_like(draws.noise),
        missing=draws.gone < settings.missing,
        lost=_lost(settings, pain[:, -1], u),
    )
    for place, feature in enumerate(FEATURES):
        score = _score(settings, feature, people, bad, draws.noise[:, :, place])
        people.features[:, :, place] = feature.mean + feature.spread * score
        if feature.name == LACKING and settings.lacking_site is not None:
            people.missing[:, :, place] |= (site == settings.lacking_site)[:, None]
    return people


def _pain(
    settings: MarkerCohortSettings,
    site: Int[np.ndarray, " people"],
    age: Float[np.ndarray, " people"],
    control: Bool[np.ndarray, " people"],
    u: Float[np.ndarray, "people 9"],
    z: Float[np.ndarray, "people 9"],
) -> tuple[Float[np.ndarray, "people 4"], Float[np.ndarray, " people"]]:
    """Return rated pain at `MONTHS`, and its relief in percent."""
    older = (age - 43) / 12.1
    own = -0.15 * older + np.sqrt(1 - 0.15**2) * z[:, 0]
    mean = settings.relief_percent + settings.site_relief * site_courses(settings)[site]
    wanted = mean + settings.relief_spread * own
    first = np.round(np.where(control, 0.8 * u[:, 6], np.clip(6 + 1.2 * z[:, 1], 3.5, 9.0)), 1)
    last = np.where(control, 0.8 * u[:, 7], np.clip(first * (1 - wanted / 100), 0, 10))
    pain = [first]
    for place, month in enumerate(MONTHS[1:-1]):
        between = first + (last - first) * month / 12 + np.where(control, 0.1, 0.6) * z[:, 4 + place]
        pain.append(np.clip(np.round(between, 1), 0, 10))
    pain.append(np.round(last, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        relief = np.where(control, 0.0, (first - pain[-1]) / first * 100)
    return np.column_stack(pain), relief


def _motion(
    settings: MarkerCohortSettings,
    site: Int[np.ndarray, " people"],
    bad: Float[np.ndarray, " people"],
    z: Float[np.ndarray, "people 9"],
) -> Float[np.ndarray, "people 2"]:
    tie = settings.motion_outcome
    shift = np.array([0.3 * _of_site(settings, number, "motion") for number in range(settings.sites)])
    own = tie * bad + np.sqrt(1 - tie**2) * z[:, 2]
    logs = [own, 0.8 * own + 0.6 * z[:, 3]]
    return np.column_stack(
        [settings.motion_mm * np.exp(_FD_SPREAD * (value + shift[site])) for value in logs]
    )


def _score(
    settings: MarkerCohortSettings,
    feature: MarkerFeature,
    people: MarkerPeople,
    bad: Float[np.ndarray, " people"],
    noise: Float[np.ndarray, "people 2"],
) -> Float[np.ndarray, "people 2"]:
    """Return a feature at both visits, in its standard deviations."""
    moved = (people.motion - settings.motion_mm) / _FD_UNIT
    nuisance = settings.motion_nuisance * (-0.5 if feature.structural else 1.0)
    shifts = np.array(
        [
            settings.site_nuisance * _of_site(settings, number, feature.name)
            for number in range(settings.sites)
        ]
    )
    score = np.stack([noise[:, 0], 0.6 * noise[:, 0] + 0.8 * noise[:, 1]], axis=1)
    if feature.through == "motion":
        nuisance = feature.sign * settings.motion_feature
    if feature.through == "site":
        shifts = -feature.sign * settings.site_feature * site_courses(settings)
    score = score + nuisance * moved + shifts[people.site][:, None]
    own = -0.15 * (people.age - 43) / 12.1 if feature.structural else np.zeros(len(bad))
    own = own + (-0.3 * people.female if feature.measure == "volume" else -0.1 * people.opioid)
    if settings.effect and feature.through == "outcome":
        own = own + feature.sign * settings.works * bad
    if settings.effect and feature.through == "one threshold":
        own = own + feature.sign * settings.threshold_feature * _bump(people)
    return np.asarray(score + own[:, None])


def _bump(people: MarkerPeople) -> Float[np.ndarray, " people"]:
    """Return 1 just below a relief of 20 percent, -1 just above, 0 from 10 percent away."""
    near = ~people.control & (np.abs(people.relief - 20) <= 10)
    return np.where(near, np.where(people.relief < 20, 1.0, -1.0), 0.0)


def _lost(
    settings: MarkerCohortSettings, last: Float[np.ndarray, " people"], u: Float[np.ndarray, "people 9"]
) -> Int[np.ndarray, " people"]:
    odds = settings.loss / (1 - settings.loss) * np.exp(settings.loss_pain * (last - 4))
    gone = u[:, 5] < odds / (1 + odds)
    return np.where(gone, 1 + np.floor(3 * u[:, 8]).astype(np.int64), len(MONTHS))


def _of_site(settings: MarkerCohortSettings, number: int, purpose: str) -> float:
    return float(stream(settings.seed, site_name(number), f"markers, {purpose}").standard_normal())


def _logistic(value: Float[np.ndarray, " people"]) -> Float[np.ndarray, " people"]:
    return np.asarray(1 / (1 + np.exp(-value)))
