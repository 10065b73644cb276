"""A made-up export of a protocol's own dictionary, with pain, losses and answers that are known."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from cohort.redcap_reader import TERM, Line, read_dictionary, rows

START = date(2022, 3, 1)
SITES = ("north", "south")


@dataclass
class MadeExport:
    """What was put into the export.

    Parameters
    ----------
    answers
        Cells by participant, session and column.
    pain
        Weekly pain by participant and session, where the visit took place.
    lost
        Visits that did not take place.
    diary
        Diary pain by participant, in order.
    """

    answers: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    pain: dict[tuple[str, str], int] = field(default_factory=dict)
    lost: set[tuple[str, str]] = field(default_factory=set)
    diary: dict[str, list[int]] = field(default_factory=dict)


def fill(line: Line, rng: np.random.Generator) -> dict[str, str]:
    """Return what a person enters in a field."""
    if line.kind == "checkbox":
        return {column: str(rng.integers(2)) for column in line.columns}
    if line.codes:
        return {line.name: str(rng.choice(line.codes))}
    if line.validation in {"integer", "number"}:
        return {line.name: str(rng.integers(int(float(line.low)), min(int(float(line.high)), 500) + 1))}
    if line.kind == "yesno":
        return {line.name: "0"}
    return {line.name: "" if line.validation in {"date_ymd", "time"} else "text"}


def shown(line: Line, cells: dict[str, str]) -> bool:
    """Return whether branching logic shows a field."""
    term = TERM.fullmatch(line.branching)
    return term is None or (cells.get(term[1], "") == term[3]) == (term[2] == "=")


def write_export(protocol: Path, people: int, seed: int) -> MadeExport:
    """Write ``redcap/records.csv`` into a protocol's folder.

    Person p has pain 3 + p % 5 at first, and at each later visit one less for even p, the same for odd p.
    Every fourth person is lost from the third visit on: its form says so there, later visits have no row.
    """
    rng = np.random.default_rng(seed)
    lines = read_dictionary((protocol / "redcap/data_dictionary.csv").read_text(encoding="utf-8"))
    visits = [
        line.split("\t") for line in (protocol / "visits.tsv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    where = {
        (row[1], row[2]) for row in rows((protocol / "redcap/instrument_event_mapping.csv").read_text())[1:]
    }
    repeating = {row[1] for row in rows((protocol / "redcap/repeating_forms.csv").read_text("utf-8"))[1:]}
    header = ["record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"]
    for place, line in enumerate(lines):
        header += [] if line.name == "record_id" else line.columns
        if place + 1 == len(lines) or lines[place + 1].form != line.form:
            header.append(f"{line.form}_complete")
    made, table = MadeExport(), []
    for person in range(1, people + 1):
        label, site = f"{person:03d}", SITES[person % 2]
        name = f"sub-{label}"
        zero = START - timedelta(days=60 * person)  # so that every visit of the lost was due
        for at, (session, event, day, *_) in enumerate(visits):
            gone = person % 4 == 0 and at >= 2
            if gone and at > 2:
                made.lost.add((name, session))
                continue
            row = {"record_id": label, "redcap_event_name": event}
            if gone:
                made.lost.add((name, session))
                row |= {"visit_mode": "none", "visit_missing": "lost", "visit_complete": "2"}
                table.append(row)
                continue
            for line in lines:
                if (event, line.form) not in where or line.form in repeating or line.name == "record_id":
                    continue
                row |= fill(line, rng) if shown(line, row) else {}
                row[f"{line.form}_complete"] = "2"
            pain = 3 + person % 5 - at * (person % 2 == 0)
            made.pain[name, session] = pain
            row |= {
                "visit_date": str(zero + timedelta(days=int(day))),
                "visit_mode": "clinic",
                "visit_missing": "",
            }
            row |= {"nrs_avg7d": str(pain), "psqi_1": "23:00", "psqi_3": "07:00", "psqi_4": "6"}
            if at == 0:
                row |= {"site": site, "group": "patient", "condition": "sbp", "birth_date": "1970-05-06"}
                row |= {
                    "consent_date": row["visit_date"],
                    "sex": "FM"[person % 2],
                    "pain_duration_weeks": "6",
                }
                row |= {"pain_onset_date": str(zero - timedelta(days=42)), "surgery_date": str(zero)}
                row |= {"opioid_any": "1", "condition_other": ""}
                made.diary[name] = [pain] * 3
                for entry in range(3):
                    own = {
                        "record_id": label,
                        "redcap_event_name": event,
                        "redcap_repeat_instrument": "pain_diary",
                    }
                    own |= {
                        "redcap_repeat_instance": str(entry + 1),
                        "nrs_diary": str(pain),
                        "diary_time": "20:30",
                    }
                    own |= {"diary_date": str(zero + timedelta(days=entry + max(int(day), 0) + 1 + int(day)))}
                    table.append(own | {"pain_diary_complete": "2"})
                own = {"record_id": label, "redcap_event_name": event, "redcap_repeat_instrument": "opioids"}
                own |= {
                    "redcap_repeat_instance": "1",
                    "opioid_drug": "morphine",
                    "opioid_dose": str(10 * person),
                }
                table.append(own | {"opioids_complete": "2"})
            if person == 2 and at == 1:
                row |= {"peg_1": "REF", "pcs_4": "NASK"}
            made.answers[name, session] = {key: row[key] for key in row if key in header}
            table.append(row)
    table.sort(
        key=lambda row: (row["record_id"], [visit[1] for visit in visits].index(row["redcap_event_name"]))
    )
    with (protocol / "redcap/records.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    return made
