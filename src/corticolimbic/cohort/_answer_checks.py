"""Answers of one form held against its ranges: what lies outside, and whether the coding looks shifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from corticolimbic.cohort._instruments import Subscale
from corticolimbic.cohort._item_table import ItemTable, in_instance
from corticolimbic.cohort._scoring_settings import ScoringSettings
from corticolimbic.foundation import Problem, problem

_SHOWN = 200
"""Most problem rows of one variable; the rest is one row with their number."""
_ENOUGH = 20
"""Fewest answers from which a shifted coding is suspected."""


@dataclass(frozen=True)
class CheckedForm:
    """One form's answers.

    Parameters
    ----------
    items
        Place of each item's column.
    answers
        Within range; NaN where missing or outside.
    answered
        Where a cell held a number, within range or not.
    outside
        Where that number is outside the form's range.
    beyond
        The distinct answers outside, as shifted.
    problems
        One for each such cell.
    """

    items: Mapping[str, int]
    answers: Float[np.ndarray, "rows items"]
    answered: Bool[np.ndarray, "rows items"]
    outside: Bool[np.ndarray, "rows items"]
    beyond: frozenset[float]
    problems: tuple[Problem, ...]

    def take(self, items: Sequence[str]) -> np.ndarray:
        """Return the answers of the items named, NaN for those without a column."""
        return self._of(self.answers, np.nan, items)

    def take_answered(self, items: Sequence[str]) -> np.ndarray:
        """Return where the items named were answered."""
        return self._of(self.answered, 0.0, items)

    def take_outside(self, items: Sequence[str]) -> np.ndarray:
        """Return where the items named are outside their range."""
        return self._of(self.outside, 0.0, items)

    def _of(self, table: np.ndarray, absent: float, items: Sequence[str]) -> np.ndarray:
        taken = np.full((len(table), len(items)), absent, dtype=table.dtype)
        for place, item in enumerate(items):
            if item in self.items:
                taken[:, place] = table[:, self.items[item]]
        return taken


@dataclass(frozen=True)
class _Range:
    low: float
    high: float
    whole: bool


def check_form(
    rules: Sequence[Subscale], items: ItemTable, column: Mapping[str, int], settings: ScoringSettings
) -> CheckedForm:
    """Return one form's answers, shifted to the form's own codes and held against its ranges.

    Parameters
    ----------
    rules
        The form's subscales.
    items
        All answers.
    column
        Place of each variable in ``items``.
    settings
        Lowest answer codes of the data.
    """
    ranges: dict[str, _Range] = {}
    for rule in rules:
        for item, low, high, whole in zip(rule.items, rule.low, rule.high, rule.whole, strict=True):
            ranges.setdefault(item, _Range(low, high, whole))
    key = rules[0].key
    names = [item for item in ranges if f"{key}_{item}" in column]
    answers = items.answers[:, [column[f"{key}_{item}"] for item in names]].copy()
    answered = ~np.isnan(answers)
    if key in settings.coded_from:
        answers += np.asarray([ranges[item].low for item in names]) - settings.coded_from[key]
    outside = np.zeros_like(answered)
    problems: list[Problem] = []
    for place, item in enumerate(names):
        values, allowed = answers[:, place], ranges[item]
        with np.errstate(invalid="ignore"):
            odd = (values < allowed.low) | (values > allowed.high)
            if allowed.whole:
                odd |= answered[:, place] & (values % 1 != 0)
        outside[:, place] = odd
        if odd.any():
            raw = items.answers[:, column[f"{key}_{item}"]]
            problems += _problems(
                np.nonzero(odd)[0], raw, items.names[f"{key}_{item}"], allowed, items.people
            )
    beyond = frozenset(np.unique(answers[outside]).tolist())
    answers[outside] = np.nan
    places = {item: place for place, item in enumerate(names)}
    return CheckedForm(places, answers, answered, outside, beyond, tuple(problems))


def _problems(
    rows: np.ndarray, raw: np.ndarray, name: str, allowed: _Range, people: pd.DataFrame
) -> list[Problem]:
    kind = "a whole number, " if allowed.whole else ""
    expected = f"{kind}{allowed.low:g} to {allowed.high:g}"
    found = [
        problem(
            "CL360",
            participant_id=str(people["participant_id"].iloc[row]),
            session_id=str(people["session_id"].iloc[row]),
            found=f"{name} = {raw[row]:g}" + in_instance(people.iloc[row]),
            expected=expected,
        )
        for row in rows[:_SHOWN]
    ]
    if len(rows) > _SHOWN:
        found.append(
            problem("CL360", found=f"{name}: {len(rows) - _SHOWN} more cells out of range", expected=expected)
        )
    return found


def coding_hint(
    key: str, rules: Sequence[Subscale], form: CheckedForm, settings: ScoringSettings
) -> list[Problem]:
    """Say so where all answers of a form lie one code above or below its range; nothing is shifted.

    Parameters
    ----------
    key, rules
        The form.
    form
        Its answers.
    settings
        Where a coding is declared, nothing is suspected.
    """
    if key in settings.coded_from or not form.outside.any():
        return []
    scales = {(low, high) for rule in rules for low, high in zip(rule.low, rule.high, strict=True)}
    if len(scales) > 1 or int(form.answered.sum()) < _ENOUGH:
        return []
    low, high = next(iter(scales))
    inside = set(np.unique(form.answers[~np.isnan(form.answers)]).tolist())
    above = form.beyond == {high + 1} and low not in inside
    below = form.beyond == {low - 1} and high not in inside
    if not above and not below:
        return []
    base = low + 1 if above else low - 1
    found = (
        f"{rules[0].instrument}: answers look coded from {base:g}; the form's codes are {low:g} to {high:g}"
    )
    remedy = f"check the coding; if so, declare it in the settings, coded_from: {{{key}: {base:g}}}"
    return [problem("CL364", found=found, remedy=remedy)]


def sleep_check(key: str, form: CheckedForm, people: pd.DataFrame) -> list[Problem]:
    """Say so where more sleep than time in bed was stated: 11:00 for 23:00 is the usual cause.

    Parameters
    ----------
    key, form
        The form; only the PSQI has clock times.
    people
        Who the rows are.
    """
    if key != "psqi":
        return []
    bedtime, rising, asleep = form.take(("1", "3", "4")).T
    in_bed = (rising - bedtime) % 24
    with np.errstate(invalid="ignore"):
        longer = np.nonzero(asleep > in_bed)[0]
    return [
        problem(
            "CL371",
            participant_id=str(people["participant_id"].iloc[row]),
            session_id=str(people["session_id"].iloc[row]),
            found=f"{asleep[row]:g} h asleep, {in_bed[row]:g} h in bed" + in_instance(people.iloc[row]),
        )
        for row in longer
    ]
