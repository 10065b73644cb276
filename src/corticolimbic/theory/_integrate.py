"""People followed over days: the slow dynamics, deterministic or stochastic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from corticolimbic.foundation import SettingsError, available_cores, shipped_rows
from corticolimbic.theory import _kernels, _streams
from corticolimbic.theory._actions import Action, Schedule, schedule
from corticolimbic.theory._layout import CONSTANTS, LANES, OUTPUTS, SLOTS, STATES
from corticolimbic.theory._parameters import Parameters
from corticolimbic.theory._people import Flares, People
from corticolimbic.theory._theories import Theory
from corticolimbic.theory._theories import theory as named_theory

LONGEST = 36_525
"""Most days that are followed."""
_AT_ONCE = 16 * LANES
_GLANDS = ("cortisol", "acth", "pituitary", "adrenal")
_DERIVED = {"memory_share": ("memory_drive", "nociception", "opponent_drive")}


@dataclass(frozen=True)
class Transmitter:
    """A read-out of anti-reward: its level relative to rest is ``1 + gain * anti-reward``.

    Parameters
    ----------
    name
        As outputs name it.
    gain
        Rise for each unit of anti-reward.
    meaning, source
        What it is, and where the gain comes from.
    """

    name: str
    gain: float
    meaning: str = ""
    source: str = ""


def transmitters() -> tuple[Transmitter, ...]:
    """Return the transmitters of the package's table."""
    return tuple(
        Transmitter(row["name"], float(row["gain"]), row["meaning"], row["source"])
        for row in shipped_rows(__package__, "transmitters")
    )


def output_names() -> tuple[str, ...]:
    """Return the names of all outputs of :func:`follow`; those of own transmitters come on top."""
    return (*OUTPUTS, *_DERIVED, *(item.name for item in transmitters()))


@dataclass(frozen=True, eq=False)
class Course:
    """What became of people.

    Parameters
    ----------
    person
        Number of each person.
    days
        Days of the values: each is at the beginning of its day, after what happens then.
    outputs
        Names of the values.
    values
        One row a person, then days, then outputs.
    """

    person: Int64[np.ndarray, " people"]
    days: Int64[np.ndarray, " times"]
    outputs: tuple[str, ...]
    values: Float[np.ndarray, "people times outputs"]

    def of(self, name: str) -> Float[np.ndarray, "people times"]:
        """Return one output of everybody at all times.

        Raises
        ------
        SettingsError
            Where it was not asked for.
        """
        if name not in self.outputs:
            raise SettingsError(f"{name!r} was not asked for; this course has {', '.join(self.outputs)}")
        return self.values[..., self.outputs.index(name)]

    def at(self, name: str, day: int) -> Float[np.ndarray, " people"]:
        """Return one output of everybody on one day.

        Raises
        ------
        SettingsError
            Where output or day are not there.
        """
        (place,) = np.nonzero(self.days == day)
        if not len(place):
            raise SettingsError(f"day {day} is not among the days of this course")
        return self.of(name)[:, place[0]]


def follow(
    people: People,
    *,
    days: int = 1096,
    theory: Theory | str = "full",
    outputs: Sequence[str] = ("pain",),
    actions: Sequence[Action] = (),
    noise: bool = False,
    step: float | None = None,
    at: Sequence[int] | Int64[np.ndarray, " times"] | int = 7,
    start: Mapping[str, Any] | None = None,
    own_transmitters: Sequence[Transmitter] | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Course:
    """Follow people through the slow dynamics of a theory.

    Without noise, Shu and Osher's scheme of order 3 (glands and read-outs: Heun's, order 2). With noise the
    three fluctuations of drive and coupling are moved exactly (Ornstein-Uhlenbeck), the states by Heun's
    scheme on top of them (strong order 1), and the noise of learned value, if there is any, by Platen's
    scheme in the sense of Ito (strong order 1). Results depend neither on ``threads``, nor on who is followed
    beside whom.

    Parameters
    ----------
    people
        Who.
    days
        How long, in whole days.
    theory
        Parts at work, or the name of a theory.
    outputs
        What is kept, of :func:`output_names`; memory grows with people, times and outputs, and with nothing
        else.
    actions
        Clamps and treatments.
    noise
        Whether the drive fluctuates. Injury and flares belong to the people and come in either case.
    step
        Step in days, one over a whole number and at most 0.5; by default 0.5, and 0.25 with noise.
    at
        Days that are kept, ascending, or a number of days from one to the next.
    start
        States that do not begin at rest, by name: one value for all or one a person.
    own_transmitters
        Read-outs of anti-reward in place of those of the package's table.
    threads
        How many; by default one a core.
    progress
        Called with the numbers of people done and to do.

    Returns
    -------
    Course
        Float64 values.

    Raises
    ------
    SettingsError
        Where names, days or step are impossible.

    Examples
    --------
    >>> from corticolimbic.theory import draw_people, preset
    >>> people = draw_people(preset("prototype"), 4, seed=1)
    >>> follow(people, days=28, outputs=("pain", "reward")).values.shape
    (4, 5, 2)
    """
    part = named_theory(theory) if isinstance(theory, str) else theory
    steps = _steps(step, noise=noise)
    kept = _kept(at, days)
    read = transmitters() if own_transmitters is None else tuple(own_transmitters)
    base = _base_outputs(outputs, read)
    plan = schedule(actions, part, len(people))
    begin = _start(start, len(people))
    constant = constants(people.parameters, part)
    glands = part.adrenal or bool(set(base) & set(_GLANDS))
    flares = people.flares(days)  # of all at once: their loop takes as many rounds for few as for many
    values = np.empty((len(people), len(kept), len(outputs)))

    def work(which: slice) -> int:
        some = people.take(which)
        found = integrate(
            some,
            plan.take(which),
            constant,
            begin[which],
            days,
            steps,
            kept,
            base,
            glands=glands,
            noise=noise,
            flares=flares.take(which),
        )
        for place, name in enumerate(outputs):
            values[which, :, place] = _output(name, base, found, read)
        return len(some)

    slices = [slice(k, min(k + _AT_ONCE, len(people))) for k in range(0, len(people), _AT_ONCE)]
    _in_threads(work, slices, threads or available_cores(), len(people), progress)
    return Course(people.person, kept, tuple(outputs), values)


def integrate(
    people: People,
    plan: Schedule,
    constant: Float[np.ndarray, " constants"],
    start: Float[np.ndarray, "people states"],
    days: int,
    steps: int,
    kept: Int64[np.ndarray, " times"],
    base: Sequence[str],
    *,
    glands: bool,
    noise: bool,
    flares: Flares,
    given: Float[np.ndarray, "people draws channels"] | None = None,
) -> Float[np.ndarray, "people times outputs"]:
    """Run the compiled loops over some people; ``given`` normal numbers replace their own streams."""
    n = len(people)
    share = people.tail_share
    hurt = np.stack(
        [
            people.injury * (1.0 - share),
            people.injury * share,
            np.exp(-1.0 / (steps * people.healing_days)),
            np.exp(-1.0 / (steps * people.tail_days)),
            people.onset.astype(np.float64),
        ],
        axis=1,
    )
    words = _streams.words(people.seed, people.person, _streams.NOISE, 0, 4)
    out = np.empty((n, len(kept), len(base)))
    _kernels.run(
        -(-n // LANES),
        days,
        steps,
        constant,
        glands,
        noise,
        _slots(people),
        start,
        hurt,
        flares.start,
        flares.day,
        flares.size,
        plan.changes,
        plan.row,
        plan.state,
        plan.start,
        plan.stop,
        plan.times,
        plan.plus,
        words,
        np.zeros((0, 0, 0)) if given is None else given,
        kept,
        np.array([OUTPUTS.index(name) for name in base], dtype=np.int64),
        out,
    )
    return out


def constants(parameters: Parameters, theory: Theory) -> Float[np.ndarray, " constants"]:
    """Return what is the same for everybody, in the order in which the compiled loops read it."""
    p = parameters
    known = {
        **p.plain(),
        "consolidation_rate": 1.0 / p.consolidation_days,
        "coupling_rate": 1.0 / p.coupling_days,
        "antireward_rate": 1.0 / p.antireward_days,
        "reward_rate": 1.0 / p.reward_days,
        "grey_rate": 1.0 / p.grey_days,
        "distress_rate": 1.0 / p.distress_days,
        "noise_fast_rate": 1.0 / p.noise_fast_days,
        "noise_slow_rate": 1.0 / p.noise_slow_days,
        "noise_coupling": p.coupling_noise,
        "noise_coupling_rate": 1.0 / p.coupling_noise_days,
        "flare_rate": 1.0 / p.flare_days,
        "direct_gain": p.direct_gain if theory.direct else 0.0,
        "adrenal_gain": p.adrenal_gain if theory.adrenal else 0.0,
    }
    for name, role in (("gain", theory.gain_role), ("gate", theory.gate_role)):
        for place, kind in (("coupling", "coupling"), ("trait", "trait"), ("one", "none")):
            known[f"{name}_{place}"] = float(role == kind)
    return np.array([known[name] for name in CONSTANTS])


def _slots(people: People) -> Float[np.ndarray, "people slots"]:
    p = people.parameters
    values: dict[str, Any] = {
        "gain": people.gain,
        "coupling_trait": people.coupling_trait,
        "coupling_drive": p.coupling_drive,
        "acquisition": people.acquisition,
        "extinction": people.extinction,
        "extinction_extra": 0.0,
        "antireward_reactivity": people.antireward_reactivity,
        "reward_susceptibility": people.reward_susceptibility,
        "antireward_from_reward": p.antireward_from_reward,
        "reward_from_antireward": p.reward_from_antireward,
        "dopamine_extra": 0.0,
    }
    filled = np.ones((len(people), len(SLOTS)))
    for name, value in values.items():
        filled[:, SLOTS.index(name)] = value
    return filled


def _start(given: Mapping[str, Any] | None, n: int) -> Float[np.ndarray, "people states"]:
    begin = np.zeros((n, len(STATES)))
    begin[:, STATES.index("coupling")] = -1.0  # stands for the trait's own
    begin[:, STATES.index("pituitary")] = begin[:, STATES.index("adrenal")] = 1.0
    for name, value in (given or {}).items():
        numbers = np.asarray(value, dtype=np.float64)
        if name not in STATES or numbers.shape not in {(), (n,)}:
            raise SettingsError(f"{name}: a start is one of {', '.join(STATES)}, for all or for {n} people")
        if not np.isfinite(numbers).all() or (numbers < 0).any():
            raise SettingsError(f"{name}: a start is finite and not negative")
        begin[:, STATES.index(name)] = numbers
    return begin


def _steps(step: float | None, *, noise: bool) -> int:
    length = (0.25 if noise else 0.5) if step is None else step
    if not (np.isfinite(length) and 1 / 512 <= length <= 0.5 and abs(1 / length - round(1 / length)) < 1e-9):
        raise SettingsError(f"a step is one day over a whole number from 2 to 512, not {length} d")
    return round(1 / length)


def _kept(at: Sequence[int] | Int64[np.ndarray, " given"] | int, days: int) -> Int64[np.ndarray, " times"]:
    if not 0 <= days <= LONGEST:
        raise SettingsError(f"people are followed for 0 to {LONGEST:,} days, not {days}")
    if isinstance(at, int | np.integer):
        if at < 1:
            raise SettingsError(f"from one kept day to the next is at least one day, not {at}")
        return np.arange(0, days + 1, at, dtype=np.int64)
    kept = np.asarray(at)
    if kept.ndim != 1 or not len(kept) or kept.dtype.kind not in "iu":
        raise SettingsError("kept days are whole numbers")
    if (np.diff(kept) <= 0).any() or kept[0] < 0 or kept[-1] > days:
        raise SettingsError(f"kept days ascend from 0 to {days}, each once")
    return kept.astype(np.int64)


def _base_outputs(outputs: Sequence[str], read: Sequence[Transmitter]) -> tuple[str, ...]:
    """Return what the compiled loops have to give so that all outputs can be had."""
    base: dict[str, None] = {}
    names = {item.name for item in read}
    if not outputs or len(set(outputs)) != len(outputs):
        raise SettingsError("at least one output is asked for, and each once")
    for name in outputs:
        if name in OUTPUTS:
            base[name] = None
        elif name in _DERIVED:
            base.update(dict.fromkeys(_DERIVED[name]))
        elif name in names:
            base["antireward"] = None
        else:
            known = (*OUTPUTS, *_DERIVED, *sorted(names))
            raise SettingsError(f"no output is named {name!r}; there are {', '.join(known)}")
    return tuple(base)


def _output(
    name: str,
    base: Sequence[str],
    found: Float[np.ndarray, "people times outputs"],
    read: Sequence[Transmitter],
) -> Float[np.ndarray, "people times"]:
    if name in OUTPUTS:
        return found[..., base.index(name)]
    if name in _DERIVED:
        memory, *others = (found[..., base.index(part)] for part in _DERIVED[name])
        total = memory + sum(others)
        return np.divide(memory, total, out=np.zeros_like(memory), where=total > 0)
    (gain,) = [item.gain for item in read if item.name == name]
    return 1.0 + gain * found[..., base.index("antireward")]


def _in_threads(
    work: Callable[[slice], int],
    slices: Sequence[slice],
    threads: int,
    total: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    done = 0
    if threads == 1 or len(slices) == 1:
        for which in slices:
            done += work(which)
            if progress is not None:
                progress(done, total)
        return
    with ThreadPoolExecutor(max_workers=min(threads, len(slices))) as pool:
        futures = [pool.submit(work, which) for which in slices]
        try:
            for future in as_completed(futures):
                done += future.result()
                if progress is not None:
                    progress(done, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
