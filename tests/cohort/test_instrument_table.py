"""The table of instruments agrees with itself: words, machine columns, ranges, parts and options."""

from __future__ import annotations

import csv
import re
from importlib.resources import files

import pytest
from cohort.form_answers import name_of, table

from corticolimbic.cohort import Subscale, instruments, options
from corticolimbic.cohort._instruments import subscales
from corticolimbic.cohort._score_formulas import _FORMULAS

RULES = list(subscales())
MISSING = {"complete", "none", "at_least", "a2cps", "rounded_total", "ticks", "blank_zero", "parts"}
FREE = {"nrs", "vas", "mme"}


def label(rule: Subscale) -> str:
    return f"{rule.key}: {rule.version}: {rule.name}"


def test_there_are_89_scores_each_named_once() -> None:
    assert len(RULES) == 89
    assert len({(rule.instrument, rule.version, rule.name) for rule in RULES}) == 89
    assert {rule.status for rule in RULES} == {"verified"}
    assert all(rule.source.startswith(("A:", "B:")) for rule in RULES)
    assert sum(rule.source.startswith("B:") for rule in RULES) == 23


@pytest.mark.parametrize("rule", RULES, ids=label)
def test_machine_columns_are_of_the_known_words_and_of_one_length(rule: Subscale) -> None:
    assert rule.formula.name in {*_FORMULAS, "each", "dose", "dose_total"}
    assert rule.missing.name in MISSING
    assert len(rule.items) == len(set(rule.items)) == len(rule.low) == len(rule.high) == len(rule.whole)
    assert all(low < high for low, high in zip(rule.low, rule.high, strict=True))
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in rule.variables)
    assert set(rule.reversed) <= set(rule.items)
    assert not rule.safety or rule.safety in rule.items
    before = [other.name for other in RULES[: RULES.index(rule)] if other.key == rule.key]
    assert set(rule.parts) <= set(before), "parts are scored before what takes them"
    assert bool(rule.parts) == (rule.missing.name == "parts")
    if rule.missing.name == "at_least":
        assert 0 < rule.missing.number < len(rule.items)


@pytest.mark.parametrize("row", [row for row in table() if row["key"] not in FREE], ids=name_of)
def test_machine_columns_say_what_the_words_say(row: dict[str, str]) -> None:
    (rule,) = [other for other in RULES if label(other) == name_of(row)]
    assert len(rule.items) == int(row["n_items"])
    assert [item.strip().lower() for item in row["items"].split(",")] == list(rule.items)
    if row["item_min"].isdigit():
        assert set(rule.low) == {float(row["item_min"])}
        assert set(rule.high) >= {float(re.match(r"\d+", row["item_max"])[0])}
    if row["reversed_items"][0].isdigit():
        assert row["reversed_items"].split(",") == list(rule.reversed)
    else:
        assert rule.reversed == ()
    if row["aggregation"] in {"sum", "mean", "single"} and not rule.parts:
        assert rule.formula.name == row["aggregation"]
    wanted = re.search(r"<= (\d+) of (\d+)", row["missing_rule"])
    if wanted and rule.missing.name != "none":
        allowed = 29 * len(rule.items) // 100 if rule.missing.name == "a2cps" else rule.missing.number
        assert (int(wanted[1]), int(wanted[2])) == (allowed, len(rule.items))
    at_least = re.search(r">= (\d+) of (\d+) answered", row["missing_rule"])
    if at_least:
        assert (rule.missing.name, rule.missing.number) == ("at_least", int(at_least[1]))
        assert int(at_least[2]) == len(rule.items)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.key not in FREE], ids=label)
def test_the_ends_of_the_scale_are_those_of_the_items(rule: Subscale) -> None:
    ends = {
        "sum": (sum(rule.low), sum(rule.high)),
        "mean": (rule.low[0], rule.high[0]),
        "single": (rule.low[0], rule.high[0]),
        "count_at_least": (0, len(rule.items)),
        "percent_of_maximum": (0, 100),
        "hundred_minus_mean": (0, 100),
    }.get(rule.formula.name)
    if rule.formula.name == "sum_of_parts":
        parts = [other for other in RULES if other.key == rule.key and other.name in rule.parts]
        ends = sum(part.score_min for part in parts), sum(part.score_max for part in parts)
    if ends is not None:
        assert (rule.score_min, rule.score_max) == ends


def test_every_option_changes_a_rule_of_its_instrument() -> None:
    text = (
        files("corticolimbic.cohort").joinpath("tables", "instrument_options.tsv").read_text(encoding="utf-8")
    )
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    names = {(rule.key, rule.name) for rule in RULES}
    assert all(not row["subscale"] or (row["key"], row["subscale"]) in names for row in rows)
    assert {row["field"] for row in rows} <= {"", "formula", "missing", "reversed", "low", "high"}
    usual = subscales()
    for option in options():
        chosen = subscales(((option.key, option.name, option.choice),))
        changed = {rule.key for rule, other in zip(chosen, usual, strict=True) if rule != other}
        assert changed == (set() if option.default else {option.key}), option
        for rule in chosen:
            assert rule.formula.name in {*_FORMULAS, "each", "dose", "dose_total"}
            assert rule.missing.name in MISSING


def test_the_pcs_subscales_share_out_its_items() -> None:
    (pcs,) = [item for item in instruments() if item.key == "pcs"]
    total, *parts = pcs.subscales
    assert sorted(item for part in parts for item in part.items) == sorted(total.items)
