"""Virtual people: group, site, motion, pain, and when they are lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._streams import stream

_GOLDEN = (np.sqrt(5) - 1) / 2
_FIRST, _LAST = 0, 12
_SITE_NAMES = [
    "alder",
    "birch",
    "cedar",
    "dogwood",
    "elm",
    "fir",
    "ginkgo",
    "hazel",
    "ironwood",
    "juniper",
    "katsura",
    "larch",
    "maple",
    "nutmeg",
    "oak",
    "pine",
    "quince",
    "rowan",
    "spruce",
    "teak",
    "upas",
    "viburnum",
    "willow",
    "xylosma",
    "yew",
    "zelkova",
]
WIDEST = 2.5
"""Where the spread of couplings over people is cut, in standard deviations."""


@dataclass(frozen=True)
class Person:
    """One simulated person.

    Parameters
    ----------
    participant_id
        With prefix ``sub-``.
    site
        Index of the site.
    persistent
        Whether pain persists: the latent group, not what ratings make of it.
    age, sex
        Years; F or M.
    coupling
        Deviation of the planted couplings from the group's, without unit.
    motion
        Mean framewise displacement that the person tends to, in mm.
    dropout
        Share of signal lost in the middle of the orbitofrontal dropout.
    pain
        Pain at the first and last visit without error of measurement, 0 to 10.
    ratings
        Rated pain by month; those after the loss are missing.
    months
        Months of the visits with imaging that took place.
    lost
        Whether the person was lost before the last visit.
    control
        Whether the person has no pain and nothing planted.
    coupling_slope
        The person's own change of the planted couplings in a year.
    visit_deviations
        By month, how far the planted couplings lie off the person's line at a visit.
    course
        Pain without error of measurement at every planned visit with imaging, by month.
    """

    participant_id: str
    site: int
    persistent: bool
    age: float
    sex: str
    coupling: float
    motion: float
    dropout: float
    pain: tuple[float, float]
    ratings: dict[int, float]
    months: tuple[int, ...]
    lost: bool
    control: bool = False
    coupling_slope: float = 0.0
    visit_deviations: dict[int, float] = field(default_factory=dict)
    course: dict[int, float] = field(default_factory=dict)

    @property
    def pain_mean(self) -> float:
        """Mean of pain without error over the visits with imaging that were planned."""
        return float(np.mean(list(self.course.values())))


def site_name(site: int) -> str:
    """Return the name of a site."""
    return _SITE_NAMES[site]


def session_name(month: int) -> str:
    """Return the BIDS session of a visit."""
    return "ses-baseline" if month == _FIRST else f"ses-month{month:02d}"


def imaging_months(settings: SimulateSettings) -> tuple[int, ...]:
    """Return the months of the visits with imaging."""
    if settings.months:
        return settings.months
    if settings.visits == 1:
        return (_FIRST,)
    return tuple(round(float(month)) for month in np.linspace(_FIRST, _LAST, settings.visits))


def rating_months(settings: SimulateSettings) -> tuple[int, ...]:
    """Return the months at which pain is rated: every visit, and the last month whatever the visits."""
    return tuple(sorted({*imaging_months(settings), _FIRST, _LAST}))


def person(settings: SimulateSettings, index: int) -> Person:
    """Return one person, whatever the number of people.

    Parameters
    ----------
    settings
        The study.
    index
        From 0; people are dealt to the sites in turn. Groups follow a sequence that keeps close to the
        site's share from the first person on.
    """
    name = f"sub-{index + 1:0{max(3, len(str(settings.people)))}d}"
    rng = stream(settings.seed, name, "person")
    site = index % settings.sites
    start = float(stream(settings.seed, site_name(site), "groups").random())
    persistent = bool((start + index // settings.sites * _GOLDEN) % 1 < _share(settings, site))
    first = float(np.clip(rng.normal(6.0, 1.2), 3.0, 9.5))
    ratio = rng.uniform(0.85, 1.2) if persistent else rng.uniform(0.05, 0.55)
    last = float(np.clip(first * ratio, 0, 10))
    errors = settings.rating_error * rng.standard_normal(_LAST + 1)
    months = imaging_months(settings)
    end_of_study = max(_LAST, months[-1])
    later = stream(settings.seed, name, "later")
    errors = np.concatenate([errors, settings.rating_error * later.standard_normal(36 - _LAST)])
    swings = settings.pain_fluctuation * later.standard_normal(37)
    slope, deviations = float(np.clip(later.standard_normal(), -WIDEST, WIDEST)), later.standard_normal(37)
    control = bool(later.random() < settings.controls)
    if control:
        persistent, first, last = False, float(later.uniform(0, 0.8)), float(later.uniform(0, 0.8))
        swings = swings / 10
    odds = settings.loss / (1 - settings.loss) * np.exp(settings.loss_pain * (last - 4.0))
    lost = bool(rng.random() < odds / (1 + odds))
    end = int(rng.integers(1, _LAST + 1)) * end_of_study // _LAST if lost else end_of_study + 1
    course = {
        month: float(np.clip(first + (last - first) * min(month, _LAST) / _LAST + swings[month], 0, 10))
        for month in rating_months(settings)
    }
    rated = {month: _rating(course[month], errors[month]) for month in rating_months(settings) if month < end}
    return Person(
        participant_id=name,
        site=site,
        persistent=persistent,
        age=float(np.round(rng.uniform(22, 64), 1)),
        sex="F" if rng.random() < 0.55 else "M",
        coupling=settings.between_people * float(np.clip(rng.standard_normal(), -WIDEST, WIDEST)),
        motion=settings.motion_mm
        * float(np.exp(settings.motion_group * persistent + 0.35 * rng.standard_normal())),
        dropout=float(np.clip(settings.dropout * (1 + 0.25 * rng.standard_normal()), 0.0, 0.95)),
        pain=(first, last),
        ratings=rated,
        months=tuple(month for month in months if month < end),
        lost=lost,
        control=control,
        coupling_slope=settings.between_slopes * slope,
        visit_deviations={
            month: _visit_spread(settings, place) * float(np.clip(deviations[month], -WIDEST, WIDEST))
            for place, month in enumerate(months)
        },
        course={month: course[month] for month in months},
    )


def moving(settings: SimulateSettings, one: Person, month: int) -> Person:
    """Return the person with the motion that belongs to a visit."""
    if not (settings.motion_per_year and one.persistent):
        return one
    return replace(one, motion=one.motion * float(np.exp(settings.motion_per_year * month / 12)))


def _visit_spread(settings: SimulateSettings, visit: int) -> float:
    spreads = settings.visit_deviation
    return spreads[min(visit, len(spreads) - 1)] if spreads else 0.0


def _share(settings: SimulateSettings, site: int) -> float:
    spread = site / (settings.sites - 1) - 0.5 if settings.sites > 1 else 0.0
    return float(np.clip(settings.persistent_share + settings.site_outcome * spread, 0.01, 0.99))


def _rating(pain: float, error: float) -> float:
    return round(float(np.clip(pain + error, 0, 10)), 1)
