"""Scores of one form: every subscale over all people, with what was missing and by which rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.cohort._answer_checks import CheckedForm, check_form, coding_hint, sleep_check
from corticolimbic.cohort._instruments import RuleWord, Subscale
from corticolimbic.cohort._item_table import ItemTable
from corticolimbic.cohort._missing_items import effective_rule, fill, fill_parts, rule_words
from corticolimbic.cohort._score_formulas import formula_score
from corticolimbic.cohort._scoring_files import Norm
from corticolimbic.cohort._scoring_settings import ScoringSettings
from corticolimbic.foundation import Problem, problem

_OK, _PRORATED, _MISSING, _OUTSIDE = "ok", "prorated", "missing", "out of range"


@dataclass(frozen=True)
class Block:
    """One subscale's rows: places in the table of people, and columns as long as they."""

    rows: np.ndarray
    columns: dict[str, object]


@dataclass(frozen=True)
class _Scored:
    """One subscale over all rows of a form."""

    subscale: Subscale
    score: np.ndarray
    status: np.ndarray
    reason: np.ndarray
    answered: np.ndarray
    assumed: np.ndarray
    filled: np.ndarray


def score_form(
    key: str,
    rules: Sequence[Subscale],
    items: ItemTable,
    column: Mapping[str, int],
    settings: ScoringSettings,
    norms: Iterable[Norm],
) -> tuple[list[Block], list[Problem]]:
    """Score all subscales of one form.

    Parameters
    ----------
    key, rules
        The form and its subscales, parts before those that take them.
    items
        All answers.
    column
        Place of each variable in ``items``.
    settings, norms
        How.
    """
    form = check_form(rules, items, column, settings)
    returned: np.ndarray = np.asarray(form.answered.any(axis=1))
    told: np.ndarray = np.zeros(len(returned), dtype=np.bool_)
    told[[row for row, form_key in items.reasons if form_key == key]] = True
    told = told & ~returned
    given = np.ones_like(returned) if settings.empty_forms else returned | told
    done: dict[str, _Scored] = {}
    blocks: list[Block] = []
    problems = [*form.problems, *coding_hint(key, rules, form, settings)]
    problems += sleep_check(key, form, items.people)
    for rule in rules:
        lacking = [name for name in rule.variables if name not in column]
        if rule.formula.name == "each":
            blocks += _each(rule, form, given, settings)
            continue
        if len(lacking) == len(rule.items):
            continue
        scored = _subscale(rule, form, returned, done, settings)
        done[rule.name] = scored
        problems += _lacking(rule, lacking)
        blocks.append(_block(scored, given, items.reasons, told))
        blocks += [_t_scores(scored, norm, given) for norm in norms if _fits(norm, rule)]
        if rule.safety in form.items:
            block, flags = _safety(rule, form, given, items.people, settings)
            blocks.append(block)
            problems += flags
    return blocks, problems


def _lacking(rule: Subscale, lacking: Sequence[str]) -> list[Problem]:
    if not lacking:
        return []
    found = f"{rule.instrument}, {rule.version}, {rule.name}: no variable {', '.join(lacking)}"
    return [problem("CL363", found=found)]


def _subscale(
    rule: Subscale,
    form: CheckedForm,
    returned: np.ndarray,
    done: Mapping[str, _Scored],
    settings: ScoringSettings,
) -> _Scored:
    raw = form.take(rule.items)
    answered = form.take_answered(rule.items).sum(axis=1)
    general = settings.missing_by_instrument.get(rule.key, settings.missing)
    word, sourced = effective_rule(rule, general)
    turned = np.asarray([item in rule.reversed for item in rule.items], dtype=bool)
    ends = np.asarray(rule.low) + np.asarray(rule.high)
    answers = np.where(turned, np.where(np.isfinite(ends), ends, 0) - raw, raw)
    if rule.parts:
        parts = [done[name] for name in rule.parts if name in done]
        scores = np.full((len(raw), len(rule.parts)), np.nan)
        prorated = np.zeros(len(raw), dtype=bool)
        blank, assumed = prorated.copy(), prorated.copy()
        for place, name in enumerate(rule.parts):
            if name in done:
                scores[:, place] = done[name].score
        for part in parts:
            prorated |= part.status == _PRORATED
            assumed |= part.assumed
            answers = _taken_over(answers, rule.items, part)
        scores, able = fill_parts(word, scores)
        prorated |= able
        value = formula_score(rule, answers, scores)
    else:
        filled = fill(word, answers, rule.items, returned)
        answers, prorated, blank = filled.answers, filled.prorated, filled.blank
        value = formula_score(rule, answers, np.zeros((len(raw), 0)))
        if word.name == "rounded_total":
            value = np.where(prorated, np.rint(value), value)
        assumed = prorated & (not sourced)
    outside = form.take_outside(rule.items).any(axis=1) & (settings.out_of_range == "refuse")
    value = np.where(outside, np.nan, value)
    status = np.select(
        [outside, np.isnan(value), prorated], [_OUTSIDE, _MISSING, _PRORATED], default=_OK
    ).astype(object)
    reason = _reasons(rule, word, status, answered, blank)
    return _Scored(rule, value, status, reason, answered, assumed & (status == _PRORATED), answers)


def _taken_over(answers: np.ndarray, items: tuple[str, ...], part: _Scored) -> np.ndarray:
    """Return the answers with a part's own where they are the same items, filled by the part's rule."""
    taken = answers.copy()
    for place, item in enumerate(items):
        if item in part.subscale.items:
            taken[:, place] = part.filled[:, part.subscale.items.index(item)]
    return taken


def _reasons(
    rule: Subscale, word: RuleWord, status: np.ndarray, answered: np.ndarray, blank: np.ndarray
) -> np.ndarray:
    n = len(rule.items)
    counts = range(n + 1)
    needs = f"needs {', '.join(rule.parts)}" if rule.parts else rule_words(word, n)
    known = {
        _PRORATED: [f"{count} of {n} items answered; {needs}" for count in counts],
        _MISSING: [f"{count} of {n} items answered; {needs}" for count in counts],
        _OUTSIDE: ["an answer is outside the form's range" for _ in counts],
        _OK: ["" for _ in counts],
    }
    if rule.parts:
        known[_PRORATED] = [
            f"{count} of {n} items answered; parts prorated by their rules" for count in counts
        ]
        known[_MISSING][n] = "all items answered, but a part has no score"
    else:
        known[_MISSING][n] = "the answers do not make a score"
    reason = np.full(len(status), "", dtype=object)
    for name, words in known.items():
        rows = status == name
        reason[rows] = np.asarray(words, dtype=object)[answered[rows]]
    reason[blank & (status == _OK)] = "blanks count 0 on this form"
    return reason


def _block(
    scored: _Scored, given: np.ndarray, reasons: Mapping[tuple[int, str], str], told: np.ndarray
) -> Block:
    rule = scored.subscale
    rows = np.nonzero(given)[0]
    reason = scored.reason.copy()
    for row in np.nonzero(told)[0]:
        reason[row] = f"form missing: {reasons[(int(row), rule.key)]}"
    status = np.where(scored.assumed & (rule.status == "verified"), "assumed", rule.status)
    return Block(
        rows,
        {
            **_names(rule, rule.name, rule.unit, rule.scale),
            "score": scored.score[rows],
            "n_items": len(rule.items),
            "n_answered": scored.answered[rows],
            "status": scored.status[rows],
            "reason": reason[rows],
            "rule_status": status[rows].astype(object),
        },
    )


def _names(rule: Subscale, name: str, unit: str, scale: str) -> dict[str, object]:
    return {
        "instrument": rule.instrument,
        "version": rule.version,
        "subscale": name,
        "unit": unit,
        "scale": scale,
        "rule_source": rule.source,
    }


def _each(rule: Subscale, form: CheckedForm, given: np.ndarray, settings: ScoringSettings) -> Iterable[Block]:
    """Return a block for every item of a rating scale that stands for itself."""
    for item in rule.items:
        if item not in form.items:
            continue
        value = form.take((item,))[:, 0]
        outside = form.take_outside((item,))[:, 0]
        answered = form.take_answered((item,))[:, 0]
        rows = np.nonzero(answered | (given & settings.empty_forms))[0]
        refused = outside & (settings.out_of_range == "refuse")
        status = np.select([refused, np.isnan(value)], [_OUTSIDE, _MISSING], default=_OK).astype(object)
        reason = np.where(
            status == _OK, "", np.where(refused, "the rating is outside its scale", "no rating")
        )
        yield Block(
            rows,
            {
                **_names(rule, f"{rule.name} ({item})", rule.unit, rule.scale),
                "score": value[rows],
                "n_items": 1,
                "n_answered": answered[rows].astype(np.int64),
                "status": status[rows],
                "reason": reason[rows].astype(object),
                "rule_status": rule.status,
            },
        )


def _fits(norm: Norm, rule: Subscale) -> bool:
    return (norm.key, norm.subscale) == (rule.key, rule.name)


def _t_scores(scored: _Scored, norm: Norm, given: np.ndarray) -> Block:
    rows = np.nonzero(given)[0]
    raw, status = scored.score[rows], scored.status[rows].copy()
    t = np.asarray([norm.t.get(float(value), np.nan) for value in raw], dtype=float)
    lost = np.isnan(t) & ~np.isnan(raw)
    status[lost] = _MISSING
    reason = np.where(lost, "the raw score is not in the norm table", scored.reason[rows])
    return Block(
        rows,
        {
            **_names(scored.subscale, f"{norm.subscale} T", "T", ""),
            "score": t,
            "n_items": len(scored.subscale.items),
            "n_answered": scored.answered[rows],
            "status": status,
            "reason": reason.astype(object),
            "rule_source": f"norm table {norm.source}",
            "rule_status": "user-supplied",
        },
    )


def _safety(
    rule: Subscale, form: CheckedForm, given: np.ndarray, people: pd.DataFrame, settings: ScoringSettings
) -> tuple[Block, list[Problem]]:
    """Return the safety item's own rows, and a note for everyone who answered above its lowest answer."""
    place = rule.items.index(rule.safety)
    value = form.take((rule.safety,))[:, 0]
    rows = np.nonzero(given)[0]
    missing = np.isnan(value)
    outside = form.take_outside((rule.safety,))[:, 0] & (settings.out_of_range == "refuse")
    status = np.select([outside, missing], [_OUTSIDE, _MISSING], default=_OK).astype(object)
    who = people["participant_id"].to_numpy(dtype=object), people["session_id"].to_numpy(dtype=object)
    found = f"{rule.instrument} item {rule.safety} above its lowest answer"
    flags = [
        problem("CL365", participant_id=str(who[0][row]), session_id=str(who[1][row]), found=found)
        for row in np.nonzero(value > rule.low[place])[0]
    ]
    block = Block(
        rows,
        {
            **_names(
                rule, f"safety item {rule.safety}", "points", f"{rule.low[place]:g}-{rule.high[place]:g}"
            ),
            "score": value[rows],
            "n_items": 1,
            "n_answered": form.take_answered((rule.safety,))[rows, 0].astype(np.int64),
            "status": status[rows],
            "reason": np.where(status[rows] == _OK, "", "not answered, or out of range").astype(object),
            "rule_status": rule.status,
        },
    )
    return block, flags
