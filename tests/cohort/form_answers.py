"""Answers to questionnaires, and a second evaluator of the rules that shares nothing with the package's.

It works from the columns of the table that people wrote (items, reversed_items, aggregation, worked_example),
one form at a time, in plain Python.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib.resources import files

import pandas as pd

NAN = float("nan")
Answers = dict[str, float]


def table() -> list[dict[str, str]]:
    """Return the shipped table, as text."""
    text = files("corticolimbic.cohort").joinpath("tables", "instruments.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def name_of(row: Mapping[str, str]) -> str:
    return f"{row['key']}: {row['version']}: {row['subscale']}"


def example(row: Mapping[str, str]) -> tuple[Answers, float]:
    """Return a worked example: answers by item, and the score."""
    vector, _, score = row["worked_example"].rpartition("->")
    cells = [cell.strip() for cell in vector.split(",")]
    if "=" in vector:
        pairs = (cell.split("=") for cell in cells)
        return {item: hours(value) if ":" in value else float(value) for item, value in pairs}, float(score)
    numbered = all(item.strip().isdigit() for item in row["items"].split(","))
    names = map(str, range(1, len(cells) + 1)) if numbered else row["items"].lower().split(",")
    return dict(zip(names, map(float, cells), strict=True)), float(score)


def hours(clock: str) -> float:
    hour, minute = clock.split(":")
    return int(hour) + int(minute) / 60


def frame(key: str, *people: Mapping[str, float]) -> pd.DataFrame:
    """Return one row a person, sub-01 and on, with the items of one form."""
    wide = pd.DataFrame([{f"{key}_{item}": value for item, value in one.items()} for one in people])
    wide.insert(0, "participant_id", [f"sub-{number:02d}" for number in range(1, len(people) + 1)])
    return wide


def evaluate(row: Mapping[str, str], answers: Mapping[str, float]) -> float:
    """Return the score of a complete form by the words of the table."""
    items = [item.strip().lower() for item in row["items"].split(",")]
    rule = row["aggregation"]
    if row["instrument"] == "PSQI":
        return psqi(rule.split()[2].rstrip(":"), answers)
    turned = row["reversed_items"].split(",") if row["reversed_items"][0].isdigit() else []
    values = []
    for item in items:
        value = answers[item]
        values.append(float(row["item_min"]) + float(row["item_max"]) - value if item in turned else value)
    if rule == "sum":
        return sum(values)
    if rule == "mean":
        return sum(values) / len(values)
    if rule == "single":
        return values[0]
    if rule.startswith("custom count"):
        return float(len([value for value in values if value >= 3]))
    if rule.startswith("custom ODI"):
        return 100 * sum(values) / (5 * len(values))
    if rule.startswith("custom KOOS:"):
        return 100 - 25 * sum(values) / len(values)
    if rule.startswith("custom KOOS12"):
        thirds = [100 - 25 * sum(values[at : at + 4]) / 4 for at in (0, 4, 8)]
        return sum(thirds) / 3
    if rule.startswith("custom painDETECT"):
        return sum(values[:7]) + {1: 0, 2: -1, 3: 1, 4: 1}[int(values[7])] + 2 * values[8]
    return criteria(values, 3 if rule.startswith("custom FM2011") else 4)


def criteria(values: list[float], lowest: int) -> float:
    wpi, sss = sum(values[:19]), sum(values[19:25])
    met = (wpi >= 7 and sss >= 5) or (lowest <= wpi <= 6 and sss >= 9)
    if lowest == 4:
        regions = [values[1:4], values[5:8], values[8:11], values[11:14], values[14:17]]
        met = met and sum(1 in region for region in regions) >= 4
    return float(met and values[25] == 1)


def psqi(part: str, a: Mapping[str, float]) -> float:
    if part == "global":
        return sum(psqi(f"C{number}", a) for number in range(1, 8))
    if part == "C2":
        first = 0 if a["2"] <= 15 else 1 if a["2"] <= 30 else 2 if a["2"] <= 60 else 3
        return pairs(first + a["5a"])
    if part == "C3":
        return 0 if a["4"] >= 7 else 1 if a["4"] >= 6 else 2 if a["4"] >= 5 else 3
    if part == "C4":
        in_bed = a["3"] - a["1"] if a["3"] > a["1"] else a["3"] - a["1"] + 24
        percent = 100 * a["4"] / in_bed
        return 0 if percent >= 85 else 1 if percent >= 75 else 2 if percent >= 65 else 3
    if part == "C5":
        total = sum(a[f"5{letter}"] for letter in "bcdefghij")
        return 0 if total == 0 else 1 if total <= 9 else 2 if total <= 18 else 3
    if part == "C7":
        return pairs(a["8"] + a["9"])
    return a["6"] if part == "C1" else a["7"]


def pairs(total: float) -> float:
    return {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}[int(total)]
