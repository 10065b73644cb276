"""Missing items: which rule holds for a subscale, and what it makes of unanswered items (METHODS M-13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.cohort._instruments import RuleWord, Subscale

GeneralRule = Literal["own", "complete", "a2cps_29"]
_NOT_PRORATING = frozenset({"complete", "ticks", "blank_zero", "parts"})


@dataclass(frozen=True)
class Filled:
    """Answers after a rule for missing items.

    Parameters
    ----------
    answers
        NaN where the rule does not allow to go on.
    prorated
        Rows in which a person's own answers stand for missing ones.
    blank
        Rows in which a blank counts as 0, as the form says.
    """

    answers: Float[np.ndarray, "rows items"]
    prorated: Bool[np.ndarray, " rows"]
    blank: Bool[np.ndarray, " rows"]


def effective_rule(subscale: Subscale, general: GeneralRule) -> tuple[RuleWord, bool]:
    """Return the rule that holds, and whether it is the instrument's own and was seen in a source.

    The instrument's own rule comes first, then the general rule that the study chose, then nothing: all
    items are needed.

    Parameters
    ----------
    subscale
        With its own rule.
    general
        ``own``: no general rule. ``complete``: nothing is prorated, whatever the instrument allows.
        ``a2cps_29``: the 29 % rule where the instrument has none and its items may be averaged.
    """
    own = subscale.missing
    if own.name in _NOT_PRORATING:
        # "complete" as a general rule takes the weights for missing parts away too.
        return (RuleWord("parts") if own.name == "parts" and general == "complete" else own), True
    if general == "complete":
        return RuleWord("complete"), True
    if own.name != "none":
        return own, subscale.missing_status == "own"
    if general == "a2cps_29" and subscale.general:
        return RuleWord("a2cps"), False
    return RuleWord("complete"), True


def allowed_missing(rule: RuleWord, n_items: int) -> int:
    """Return how many of ``n_items`` may be missing under a rule that fills them."""
    if rule.name == "at_least":
        return n_items - rule.number
    if rule.name == "rounded_total":
        return rule.number
    return 29 * n_items // 100 if rule.name == "a2cps" else 0


def rule_words(rule: RuleWord, n_items: int) -> str:
    """Return a rule in words, for the reason of a score."""
    allowed = allowed_missing(rule, n_items)
    if rule.name == "a2cps":
        return f"A2CPS 29 % rule: up to {allowed} of {n_items} by the rounded person mean"
    if rule.name == "rounded_total":
        return f"up to {allowed} of {n_items} by the person mean, total rounded"
    if rule.name == "at_least":
        return f"person mean where at least {rule.number} of {n_items} are answered"
    return "all items needed"


def fill(
    rule: RuleWord,
    answers: Float[np.ndarray, "rows items"],
    items: tuple[str, ...],
    returned: Bool[np.ndarray, " rows"],
) -> Filled:
    """Return the answers with what the rule makes of missing ones.

    Parameters
    ----------
    rule
        From `effective_rule`.
    answers
        Reversed where the form says so; NaN where missing.
    items
        Keys of the items.
    returned
        Rows in which at least one item of the whole form was answered.
    """
    missing = np.isnan(answers)
    number = missing.sum(axis=1)
    nothing = np.zeros(len(answers), dtype=bool)
    if rule.name in {"at_least", "a2cps", "rounded_total"}:
        able = (number > 0) & (number <= allowed_missing(rule, answers.shape[1])) & (~missing).any(axis=1)
        known = np.maximum((~missing).sum(axis=1), 1)
        mean = np.where(missing, 0.0, answers).sum(axis=1) / known
        if rule.name == "a2cps":
            mean = np.rint(mean)  # halves to even, as R's round() does
        return Filled(np.where(missing & able[:, None], mean[:, None], answers), able, nothing)
    if rule.name == "ticks":
        # A form of ticks has no explicit 0. Where one stands, blanks are unanswered and not unticked.
        ticks = np.arange(answers.shape[1]) < rule.number
        only_ticks = ~(answers[:, ticks] == 0).any(axis=1) & returned
        zero = missing & ticks & only_ticks[:, None]
        return Filled(np.where(zero, 0.0, answers), nothing, zero.any(axis=1))
    if rule.name == "blank_zero":
        may = np.asarray([item == rule.value for item in items]) & (~missing).any(axis=1)[:, None]
        zero = missing & may
        return Filled(np.where(zero, 0.0, answers), nothing, zero.any(axis=1))
    return Filled(answers, nothing, nothing)


def fill_parts(
    rule: RuleWord, parts: Float[np.ndarray, "rows parts"]
) -> tuple[Float[np.ndarray, "rows parts"], Bool[np.ndarray, " rows"]]:
    """Return scores of parts, missing ones by the mean of the others where the rule allows it.

    Parameters
    ----------
    rule
        ``parts:N`` allows N missing parts.
    parts
        NaN where missing.
    """
    missing = np.isnan(parts)
    number = missing.sum(axis=1)
    allowed = rule.number if rule.name == "parts" and rule.value else 0
    able = (number > 0) & (number <= allowed)
    known = np.maximum((~missing).sum(axis=1), 1)
    mean = np.where(missing, 0.0, parts).sum(axis=1) / known
    return np.where(missing & able[:, None], mean[:, None], parts), able
