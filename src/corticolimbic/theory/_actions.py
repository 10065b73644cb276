"""What is done to people in a window of time: clamps and treatments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int64

from corticolimbic.foundation import SettingsError, shipped_rows
from corticolimbic.theory._layout import SLOTS, STATES
from corticolimbic.theory._theories import Theory

Operation = Literal["hold", "scale", "add"]
FOREVER = 2**40
"""Day on which an action without end ends."""

_OF_PEOPLE = (
    "gain",
    "coupling_trait",
    "coupling_drive",
    "acquisition",
    "extinction",
    "antireward_reactivity",
    "reward_susceptibility",
    "antireward_from_reward",
    "reward_from_antireward",
)
_MOVED = {
    "coupling": "move_coupling",
    "antireward": "move_antireward",
    "reward": "move_reward",
    "value": "move_value",
    "memory": "move_memory",
}
_USED = {"coupling": "use_coupling", "antireward": "use_antireward", "reward": "use_reward"}
_ONLY_ADDED = {"erasure": "extinction_extra", "dopamine": "dopamine_extra"}
TARGETS: tuple[str, ...] = (*_OF_PEOPLE, "input", *_MOVED, *_ONLY_ADDED)
"""What can be acted on."""


@dataclass(frozen=True, eq=False)
class Action:
    """One quantity is held, scaled or added to, from the beginning of one day to the beginning of another.

    ===================================================== ============ ====================================
    target                                                operations   what
    ===================================================== ============ ====================================
    a person's value (``gain``, ``coupling_trait``, ...)  all          the value in the equations
    ``coupling_drive``, the two cross terms               all          the parameter
    ``input``                                             hold, scale  injury and flares together
    ``coupling``, ``antireward``, ``reward``              hold, scale  the state; scaled, what it does
    ``value``, ``memory``                                 hold         the state
    ``erasure``                                           add          value unlearned, 1/d
    ``dopamine``                                          add          dopamine tone
    ===================================================== ============ ====================================

    A held state stays at its value, without its own noise, and moves on from there when the window ends.

    Parameters
    ----------
    target
        What is acted on.
    operation
        ``hold`` at the value, ``scale`` by it, or ``add`` it.
    value
        For all, or one number a person.
    start, stop
        Whole days; ``stop`` None for ever.
    only
        Mask over people whom it concerns; None for all.

    Raises
    ------
    SettingsError
        Where target, operation, value or days are impossible.
    """

    target: str
    operation: Operation
    value: Any
    start: int = 0
    stop: int | None = None
    only: Bool[np.ndarray, " people"] | None = None

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise SettingsError(f"nothing named {self.target!r} can be acted on; {', '.join(TARGETS)} can")
        allowed = _allowed(self.target)
        if self.operation not in allowed:
            raise SettingsError(
                f"{self.target} can be acted on by {', '.join(allowed)}, not {self.operation!r}"
            )
        value = np.asarray(self.value, dtype=np.float64)
        if value.ndim > 1 or not np.isfinite(value).all():
            raise SettingsError(f"{self.target}: one finite number, or one a person")
        if (value < 0).any() and self.operation != "add":
            raise SettingsError(f"{self.target}: no negative value; found {value.min():g}")
        for day in (self.start, self.stop):
            if day is not None and (isinstance(day, bool) or not isinstance(day, int | np.integer)):
                raise SettingsError(f"{self.target}: windows begin and end on whole days, not on {day!r}")
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise SettingsError(
                f"{self.target}: a window begins on day 0 or later and ends after it begins; "
                f"found {self.start} to {self.stop}"
            )


def hold(target: str, value: Any, *, start: int = 0, stop: int | None = None, only: Any = None) -> Action:
    """Return the action that holds a quantity at a value; see :class:`Action`.

    Parameters
    ----------
    target, value, start, stop, only
        As there.

    Examples
    --------
    >>> hold("coupling", 0.74, start=14, stop=84).operation
    'hold'
    """
    return Action(target, "hold", value, start, stop, only)


def scale(target: str, value: Any, *, start: int = 0, stop: int | None = None, only: Any = None) -> Action:
    """Return the action that scales a quantity; see :class:`Action`.

    Parameters
    ----------
    target, value, start, stop, only
        As there.
    """
    return Action(target, "scale", value, start, stop, only)


def without_exchange(*, start: int = 0, stop: int | None = None) -> tuple[Action, ...]:
    """Return the actions that cut both cross terms between reward deficit and anti-reward."""
    terms = ("antireward_from_reward", "reward_from_antireward")
    return tuple(scale(term, 0.0, start=start, stop=stop) for term in terms)


def treatments() -> dict[str, tuple[str, ...]]:
    """Return the treatments of the package's table, each with what it does in words."""
    found: dict[str, tuple[str, ...]] = {}
    for row in shipped_rows(__package__, "treatments"):
        found[row["name"]] = (*found.get(row["name"], ()), row["meaning"])
    return found


def treatment(
    name: str, start: int, days: int, *, strength: float = 1.0, only: Any = None
) -> tuple[Action, ...]:
    """Return a course of a treatment.

    Parameters
    ----------
    name
        One of :func:`treatments`.
    start, days
        First day, and how many.
    strength
        1 for that of the table; between 0 (nothing) and the strength at which something falls below 0.
    only
        Mask over people who get it; None for all.

    Raises
    ------
    SettingsError
        Where there is no such treatment, or it is impossible.
    """
    rows = [row for row in shipped_rows(__package__, "treatments") if row["name"] == name]
    if not rows:
        raise SettingsError(f"no treatment is named {name!r}; there are {', '.join(treatments())}")
    if days < 1 or not strength >= 0:
        raise SettingsError(
            f"{name}: a course takes at least one day, at no negative strength; found {days} and {strength}"
        )
    made = []
    for row in rows:
        full = float(row["value"])
        value = full * strength if row["operation"] == "add" else 1.0 - strength * (1.0 - full)
        made.append(Action(row["target"], row["operation"], value, start, start + days, only))  # type: ignore[arg-type]
    return tuple(made)


@dataclass(frozen=True)
class Schedule:
    """Actions as the compiled loops read them: rows that multiply and add, one column a person."""

    row: Int64[np.ndarray, " actions"]
    state: Int64[np.ndarray, " actions"]
    start: Int64[np.ndarray, " actions"]
    stop: Int64[np.ndarray, " actions"]
    times: Float[np.ndarray, "actions people"]
    plus: Float[np.ndarray, "actions people"]

    @property
    def changes(self) -> Int64[np.ndarray, " days"]:
        """Days on which anything begins or ends, day 0 among them."""
        return np.unique(np.concatenate([[0], self.start, self.stop])).astype(np.int64)

    def take(self, which: slice) -> Schedule:
        """Return the schedule of some people."""
        times, plus = np.ascontiguousarray(self.times[:, which]), np.ascontiguousarray(self.plus[:, which])
        return Schedule(self.row, self.state, self.start, self.stop, times, plus)


def schedule(actions: Sequence[Action], theory: Theory, n: int) -> Schedule:
    """Return the actions, and those that a theory consists of, as rows.

    Actions on the same quantity follow each other in order. What a theory leaves out can be held, but not
    brought back by scaling.
    """
    everything = [*_of_theory(theory), *actions]
    rows, states, times, plus = [], [], [], []
    for action in everything:
        value = np.asarray(action.value, dtype=np.float64)
        only = np.ones(n, dtype=bool) if action.only is None else np.asarray(action.only)
        if value.shape not in {(), (n,)} or only.shape != (n,) or only.dtype != bool:
            raise SettingsError(f"{action.target}: values and masks are for {n} people, in their order")
        name, state = _place(action)
        rows.append(SLOTS.index(name))
        states.append(STATES.index(state) if state else -1)
        factor = value if action.operation == "scale" else np.float64(action.operation == "add")
        term = np.zeros(()) if action.operation == "scale" else value
        times.append(np.where(only, factor, 1.0))
        plus.append(np.where(only, term, 0.0))
    return Schedule(
        np.array(rows, dtype=np.int64),
        np.array(states, dtype=np.int64),
        np.array([action.start for action in everything], dtype=np.int64),
        np.array([FOREVER if a.stop is None else a.stop for a in everything], dtype=np.int64),
        np.array(times).reshape(len(everything), n),
        np.array(plus).reshape(len(everything), n),
    )


def _of_theory(theory: Theory) -> list[Action]:
    off = []
    if not theory.learning:
        off += [hold("value", 0.0), hold("memory", 0.0)]
    if not theory.reward:
        off += [hold("reward", 0.0)]
    if not theory.antireward:
        off += [hold("antireward", 0.0)]
    return off if theory.exchange else [*off, *without_exchange()]


def _allowed(target: str) -> tuple[str, ...]:
    if target in _ONLY_ADDED:
        return ("add",)
    if target in _MOVED:
        return ("hold", "scale") if target in _USED else ("hold",)
    return ("hold", "scale") if target == "input" else ("hold", "scale", "add")


def _place(action: Action) -> tuple[str, str]:
    if action.target in _ONLY_ADDED:
        return _ONLY_ADDED[action.target], ""
    if action.operation == "hold" and action.target in _MOVED:
        return _MOVED[action.target], action.target
    return _USED.get(action.target, action.target), ""
