"""A table whose rows know whom, which visit and which day they are about, with its answers by variable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int8, Int64, Shaped

from corticolimbic.cohort._reading._field import BLANK, UNKNOWN, Field, Interpreted
from corticolimbic.cohort._reading._grid import Coded
from corticolimbic.foundation import Problem, problem

NO_INSTANCE = "n/a"
"""Instance of what was asked once in a session."""


@dataclass(frozen=True)
class Answers:
    """Values of one variable.

    Parameters
    ----------
    variable
        Name in the table of visits.
    unit
        Declared unit.
    rows
        Places of the rows in the sheet.
    value, number, missing
        One each row: text, NaN where no number, code of `MEANINGS`.
    session, instance
        In place of the rows' own, where not empty (wide tables).
    """

    variable: str
    unit: str
    rows: Int64[np.ndarray, "answers"]
    value: Shaped[np.ndarray, "answers"]
    number: Float[np.ndarray, "answers"]
    missing: Int8[np.ndarray, "answers"]
    session: str = ""
    instance: str = ""
    day: float = float("nan")


@dataclass
class Sheet:
    """One table being read.

    Parameters
    ----------
    file
        How problems name it.
    numbers
        Row in the file as a person counts it, for each row.
    person, session, instance
        Texts for each row; the person is empty where the row is set aside.
    date
        Days since 1970-01-01 for each row; NaN where unknown.
    day
        Days since day zero, where the table states them; NaN where not.
    form
        Name of the repeating form for each row; empty in rows of a visit.
    site
        Site for each row; empty where unknown.
    birth, sex
        Year of birth (as a number) or date as days since 1970, and sex, for each row where stated.
    answers, problems
        Filled while reading.
    """

    file: str
    numbers: Int64[np.ndarray, "rows"]
    person: Shaped[np.ndarray, "rows"]
    session: Shaped[np.ndarray, "rows"]
    instance: Shaped[np.ndarray, "rows"]
    date: Float[np.ndarray, "rows"]
    day: Float[np.ndarray, "rows"]
    form: Shaped[np.ndarray, "rows"]
    site: Shaped[np.ndarray, "rows"]
    birth: Float[np.ndarray, "rows"]
    sex: Shaped[np.ndarray, "rows"]
    answers: list[Answers] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def alive(self) -> Bool[np.ndarray, "rows"]:
        """Rows that are not set aside."""
        return self.person != ""

    def say(self, code: str, row: int, found: str, *, session: str = "", expected: str = "") -> None:
        """Add a problem of one row."""
        self.problems.append(
            problem(
                code,
                participant_id=str(self.person[row]),
                session_id=session or str(self.session[row]),
                file=self.file,
                row=int(self.numbers[row]),
                found=found,
                expected=expected,
            )
        )

    def add(
        self,
        what: Field,
        coded: Coded,
        read: Interpreted,
        rows: Int64[np.ndarray, "answers"],
        *,
        blank: Int8[np.ndarray, "answers"] | None = None,
        session: str = "",
        instance: str = "",
        day: float = float("nan"),
    ) -> Answers:
        """Add a variable's answers in the rows given, and a problem for each cell that is one.

        Parameters
        ----------
        what, coded, read
            The column.
        rows
            Places of the rows in which it was to be answered.
        blank
            What an empty cell means in each of them; by default unknown.
        session, instance, day
            In place of the rows' own.
        """
        codes = coded.codes[rows]
        missing = read.missing[codes]
        if blank is None:
            missing[missing == BLANK] = UNKNOWN
        else:
            missing = np.where(missing == BLANK, blank, missing).astype(np.int8)
        number = read.number[codes]
        faulty = read.faulty
        if faulty.any():
            for place in np.flatnonzero(faulty[codes]):
                cell = read.cells[codes[place]]
                shown = coded.kinds[codes[place]]
                found = (
                    f"{what.variable} = {shown!r}" if not what.identifier else f"{what.variable} (identifier)"
                )
                self.say(cell.code, int(rows[place]), found, session=session, expected=cell.expected)
            number = np.where(faulty[codes] & (missing > 0), np.nan, number)
        made = Answers(
            what.variable, what.unit, rows, read.value[codes], number, missing, session, instance, day
        )
        self.answers.append(made)
        return made


def empty_sheet(file: str, numbers: Int64[np.ndarray, "rows"]) -> Sheet:
    """Return a sheet whose rows know nothing yet."""

    def texts() -> np.ndarray:
        return np.full(len(numbers), "", dtype=object)

    def unknown() -> np.ndarray:
        return np.full(len(numbers), np.nan)

    return Sheet(
        file,
        numbers,
        texts(),
        texts(),
        np.full(len(numbers), NO_INSTANCE, dtype=object),
        unknown(),
        unknown(),
        texts(),
        texts(),
        unknown(),
        texts(),
    )


def declared_notes(sheet: Sheet, what: Field, coded: Coded, read: Interpreted) -> Iterator[Problem]:
    """Say once for a column which cells were read by declaration only."""
    used = [place for place, cell in enumerate(read.cells) if cell.declared]
    if used:
        first = int(np.flatnonzero(np.isin(coded.codes, used))[0])
        count = int(np.isin(coded.codes, used).sum())
        found = f"{what.variable}: {count} cells such as {coded.kinds[used[0]]!r}"
        if what.identifier:
            found = f"{what.variable}: {count} cells"
        yield problem("CL337", file=sheet.file, row=int(sheet.numbers[first]), found=found)
