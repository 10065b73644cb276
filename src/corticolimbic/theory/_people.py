"""People before anything happens to them: traits, age, sex, and the injury that awaits them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from corticolimbic.foundation import SettingsError
from corticolimbic.theory import _streams
from corticolimbic.theory._parameters import Parameters

TRAITS = ("coupling", "gain", "antireward", "reward", "acquisition", "extinction")
"""Traits that share the common factor; the extinction trait is slowness."""
_YOUNGEST, _OLDEST = 18.0, 80.0
_DAYS_A_YEAR = 365.25
_MOST_FLARES = 20_000


@dataclass(frozen=True)
class Flares:
    """New minor injuries of several people.

    Parameters
    ----------
    start
        Place of each person's first flare; one number more than people.
    day
        Whole day at whose beginning each flare sets in, ascending within a person.
    size
        Its size.
    """

    start: Int64[np.ndarray, " ends"]
    day: Int64[np.ndarray, " flares"]
    size: Float[np.ndarray, " flares"]

    def take(self, which: slice) -> Flares:
        """Return the flares of people next to each other."""
        start = self.start[which.start : which.stop + 1]
        of_them = slice(start[0], start[-1])
        return Flares(start - start[0], self.day[of_them], self.size[of_them])


@dataclass(frozen=True, eq=False)
class People:
    """People of one population, as arrays with one row a person.

    Parameters
    ----------
    parameters
        Of the population.
    seed
        Of all random streams.
    person
        Number of each person; with the seed it names the person's streams.
    factor
        Common factor of the predisposition, in standard deviations.
    traits
        Traits in standard deviations, in the order of :data:`TRAITS`.
    age, female
        Age in years, and sex.
    coupling_trait
        Predisposition of the mPFC-NAc coupling, whose median is 1.
    gain, acquisition, extinction, antireward_reactivity, reward_susceptibility
        The person's own values, in the units of the parameters of these names.
    slow
        Whether the injury is of the slowly healing kind.
    injury, healing_days
        Its size and healing constant.
    tail_share, tail_days
        Share that heals with a constant of its own, and that constant.
    onset
        Day at whose beginning the injury happens; -1 for never.
    flare_rate
        New minor injuries a year.
    rating
        Scale on which the person rates pain.
    """

    parameters: Parameters
    seed: int
    person: Int64[np.ndarray, " people"]
    factor: Float[np.ndarray, " people"]
    traits: Float[np.ndarray, "people traits"]
    age: Float[np.ndarray, " people"]
    female: Bool[np.ndarray, " people"]
    coupling_trait: Float[np.ndarray, " people"]
    gain: Float[np.ndarray, " people"]
    acquisition: Float[np.ndarray, " people"]
    extinction: Float[np.ndarray, " people"]
    antireward_reactivity: Float[np.ndarray, " people"]
    reward_susceptibility: Float[np.ndarray, " people"]
    slow: Bool[np.ndarray, " people"]
    injury: Float[np.ndarray, " people"]
    healing_days: Float[np.ndarray, " people"]
    tail_share: Float[np.ndarray, " people"]
    tail_days: Float[np.ndarray, " people"]
    onset: Int64[np.ndarray, " people"]
    flare_rate: Float[np.ndarray, " people"]
    rating: Float[np.ndarray, " people"]

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.person)

    def take(self, which: slice | Shaped[np.ndarray, " chosen"]) -> People:
        """Return some of the people, by a slice, a mask or places; each keeps the streams of their number."""
        arrays: dict[str, Any] = {name: getattr(self, name)[which] for name in _ARRAYS}
        return replace(self, **arrays)

    def changed(self, **values: Any) -> People:
        """Return the same people with some columns replaced, by a number for all or one value a person.

        Raises
        ------
        SettingsError
            On a name that is no column, a wrong number of values, or values that are impossible.
        """
        arrays: dict[str, Any] = {}
        for name, value in values.items():
            if name not in _ARRAYS or name in {"person", "traits"}:
                raise SettingsError(f"people have no column {name!r} that can be replaced")
            kind = getattr(self, name).dtype
            given = np.asarray(value)
            if given.shape not in {(), (len(self),)}:
                raise SettingsError(f"{name}: one value, or one for each of {len(self)} people")
            if given.dtype.kind not in "biuf" or not np.isfinite(given.astype(float)).all():
                raise SettingsError(f"{name}: finite numbers are needed")
            if kind.kind in "bi" and (given.astype(float) != given.astype(kind)).any():
                raise SettingsError(f"{name}: whole numbers are needed")
            if name != "factor" and (given < (-1 if name == "onset" else 0)).any():
                raise SettingsError(f"{name}: no value may be negative; found {given.min():g}")
            if name in {"healing_days", "tail_days"} and (given <= 0).any():
                raise SettingsError(f"{name}: a duration is above 0 days")
            arrays[name] = np.array(np.broadcast_to(given, len(self)), dtype=kind)
        return replace(self, **arrays)

    def unhurt(self) -> People:
        """Return the same people without injury and without flares."""
        return self.changed(onset=-1, flare_rate=0.0)

    def flares(self, days: int) -> Flares:
        """Return the flares up to a day; a longer time only adds to them.

        They come at the person's own rate, independently, and set in at the beginning of the next whole day.
        """
        parameters = self.parameters
        clock = np.zeros(len(self))
        left = np.flatnonzero(self.flare_rate > 0)
        owners, when, sizes = [], [], []
        for number in range(_MOST_FLARES):
            if not len(left):
                break
            person = self.person[left]
            gap = -np.log(_streams.uniforms(self.seed, person, _streams.FLARES, 2 * number, 1)[:, 0])
            clock[left] += gap * _DAYS_A_YEAR / self.flare_rate[left]
            left = left[clock[left] <= days]
            if len(left):
                z = _streams.normals(self.seed, self.person[left], _streams.FLARES, 2 * number + 1, 1)[:, 0]
                owners.append(left)
                when.append(np.ceil(clock[left]).astype(np.int64))
                sizes.append(parameters.flare_size * np.exp(parameters.flare_size_sd * z))
        if not owners:
            return Flares(np.zeros(len(self) + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))
        owner = np.concatenate(owners)
        order = np.argsort(owner, kind="stable")
        counts = np.bincount(owner, minlength=len(self))
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Flares(start, np.concatenate(when)[order], np.concatenate(sizes)[order])


_ARRAYS = tuple(field.name for field in fields(People) if field.name not in {"parameters", "seed"})


def draw_people(parameters: Parameters, n: int, seed: int, *, first: int = 0) -> People:
    """Draw people of a population.

    Person ``i`` is the same whoever is drawn beside: two calls for 100 people each, the second with
    ``first=100``, give those of one call for 200.

    Parameters
    ----------
    parameters
        Of the population.
    n
        How many people.
    seed
        Of all their random streams, from 0 to 2^63.
    first
        Number of the first person.

    Raises
    ------
    SettingsError
        Where nobody is asked for, or the seed is impossible.

    Examples
    --------
    >>> from corticolimbic.theory import preset
    >>> people = draw_people(preset("prototype"), 3, seed=1)
    >>> len(people), people.coupling_trait.shape
    (3, (3,))
    """
    if n < 1 or first < 0:
        raise SettingsError(f"at least one person, numbered from 0 on, is drawn; not {n} from {first} on")
    p = parameters
    person = np.arange(first, first + n, dtype=np.int64)
    z = _streams.normals(seed, person, _streams.TRAITS, 0, 18)
    u = _streams.uniforms(seed, person, _streams.TRAITS, 18, 2)
    female = u[:, 0] < p.female_share
    age = np.clip(p.age_mean + p.age_sd * z[:, 7], _YOUNGEST, _OLDEST)
    factor = z[:, 0] + p.factor_female * (female - p.female_share)
    factor = factor + p.factor_per_decade * (age - p.age_mean) / 10.0
    loading = np.array([getattr(p, f"loading_{name}") for name in TRAITS])
    traits = factor[:, None] * loading + z[:, 1:7] * np.sqrt(1.0 - loading**2)
    coupling, gain, antireward, reward, acquisition, extinction = traits.T
    slow = u[:, 1] < p.slow_share
    size = np.where(slow, p.slow_injury, p.fast_injury)
    days = np.where(slow, p.slow_days, p.fast_days)
    spread = np.where(slow, p.slow_days_sd, p.fast_days_sd)
    return People(
        parameters=p,
        seed=seed,
        person=person,
        factor=factor,
        traits=traits,
        age=age,
        female=female,
        coupling_trait=np.exp(p.coupling_sd * coupling),
        gain=p.gain * np.exp(p.gain_sd * gain),
        acquisition=p.acquisition * np.exp(p.acquisition_sd * acquisition),
        extinction=p.extinction * np.exp(-p.extinction_sd * extinction),
        antireward_reactivity=p.antireward_reactivity * np.exp(p.antireward_sd * antireward),
        reward_susceptibility=p.reward_susceptibility * np.exp(p.reward_sd * reward),
        slow=slow,
        injury=size * np.exp(p.injury_sd * z[:, 8]),
        healing_days=days * np.exp(spread * z[:, 9]),
        tail_share=_share(p.tail_share, p.tail_share_sd * z[:, 10]),
        tail_days=p.tail_days * np.exp(p.tail_days_sd * z[:, 11]),
        onset=np.zeros(n, dtype=np.int64),
        flare_rate=p.flare_rate * np.exp(p.flare_rate_sd * z[:, 12] - 0.5 * p.flare_rate_sd**2),
        rating=p.rating_scale * np.exp(p.rating_sd * z[:, 13]),
    )


def _share(median: float, logits: Float[np.ndarray, " people"]) -> Float[np.ndarray, " people"]:
    if median == 0:
        return np.zeros(len(logits))
    return median / (median + (1.0 - median) * np.exp(-logits))
