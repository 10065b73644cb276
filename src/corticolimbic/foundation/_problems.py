"""Problems: everything that was found wrong with an input, as rows that a person can act on."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Literal

Severity = Literal["info", "excluded", "failed"]


@dataclass(frozen=True)
class ProblemCode:
    """One entry of the catalogue of problems (``problem_codes.tsv``), the key of the error pages."""

    code: str
    severity: Severity
    title: str
    expected: str
    remedy: str
    explanation: str


@dataclass(frozen=True, order=True)
class Problem:
    """One row of ``problems.tsv``.

    Parameters
    ----------
    code
        Key of the catalogue, ``CL###``.
    participant_id, session_id
        With BIDS prefix, or empty where the problem is the dataset's.
    file
        Path relative to the dataset, or empty.
    row
        Row of the file as a person counts it (the header is row 1), or empty.
    severity
        ``info``: read all the same; ``excluded``: set aside by a rule; ``failed``: could not be read
        or estimated.
    found, expected, remedy
        Sentences without participants' values beyond what is needed to find the place.
    """

    participant_id: str
    session_id: str
    file: str
    row: str
    severity: Severity
    code: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        place = self.file + (f", row {self.row}" if self.row else "")
        who = " ".join(part for part in (self.participant_id, self.session_id) if part)
        where = ": ".join(part for part in (who, place) if part)
        title = problem_codes()[self.code].title
        text = f"{self.code} {title}. " + (f"{where}. " if where else "")
        return text + f"Found: {self.found}. Expected: {self.expected}. Remedy: {self.remedy}."


PROBLEM_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Problem))


@cache
def problem_codes() -> dict[str, ProblemCode]:
    """Return the catalogue of problems, keyed by code."""
    text = files(__package__).joinpath("problem_codes.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {row["code"]: ProblemCode(**row) for row in rows}  # type: ignore[arg-type]


def problem(
    code: str,
    *,
    found: str,
    participant_id: str = "",
    session_id: str = "",
    file: object = "",
    row: int | str = "",
    severity: Severity | None = None,
    expected: str = "",
    remedy: str = "",
) -> Problem:
    """Build a problem; what is not said comes from the catalogue.

    Parameters
    ----------
    code
        Key of the catalogue; an unknown one is a programming error (``KeyError``).
    found
        What was found, in a few words.
    participant_id, session_id, file, row, severity, expected, remedy
        See `Problem`; ``severity``, ``expected`` and ``remedy`` default to the catalogue's.
    """
    entry = problem_codes()[code]
    return Problem(
        participant_id=one_line(participant_id),
        session_id=one_line(session_id),
        file=one_line(str(file)),
        row=one_line(str(row)),
        severity=severity or entry.severity,
        code=code,
        found=one_line(found),
        expected=one_line(expected or entry.expected),
        remedy=one_line(remedy or entry.remedy),
    )


def one_line(text: str, limit: int = 300) -> str:
    """Return text fit for one cell: no control characters, no line ends, at most ``limit`` characters."""
    text = text[: 20 * limit]  # a cell of a damaged file can be as long as the file
    clean = "".join(character if character.isprintable() else " " for character in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def problem_rows(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Return problems as sorted, distinct rows for ``problems.tsv``."""
    return [asdict(item) for item in sorted(set(problems))]
