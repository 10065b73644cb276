"""Clinical cells in long form: as written, and as numbers where they are numbers."""

from __future__ import annotations

import math

import pytest
from cohort.people import participants, ratings

from corticolimbic.cohort import NO_SESSION, number, numbers, text_column, visits_table


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("5", 5.0), (" 5 ", 5.0), ("-0.5", -0.5), ("+2", 2.0), (".5", 0.5), ("1e3", 1000.0), ("1E-2", 0.01),
        ("１２", 12.0),  # full-width digits, as Chinese keyboards write them
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cell: str, value: float) -> None:
    assert number(cell) == value


@pytest.mark.parametrize("cell", ["", "n/a", "NA", "NaN", " nan "])
def test_missing_cells_are_no_numbers_and_no_errors(cell: str) -> None:
    assert math.isnan(number(cell))


@pytest.mark.parametrize(
    "cell",
    [
        "1_000",
        "inf",
        "-inf",
        "Infinity",
        "1e999",
        "+nan",
        "nAn",
        "1,5",
        "5 mm",
        "0x10",
        "five",
        "5%",
        "1 000",
    ],
)
def test_other_text_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        number(cell)


def test_a_cell_that_is_no_number_is_named_by_person_and_column() -> None:
    values, problems = numbers(participants(age=["30", "thirty", ""])["age"], "age")
    assert values.tolist()[0] == 30
    assert values.isna().tolist() == [False, True, True]
    [found] = problems
    assert (found.code, found.participant_id, found.file) == ("CL307", "sub-2", "participants.tsv")
    assert found.found == "age = 'thirty'"


def test_text_keeps_its_words_and_loses_its_missing_marks() -> None:
    assert text_column(participants(site=[" a ", "n/a", "NaN", ""]), "site").tolist() == ["a", "", "", ""]


def test_visits_hold_every_cell_of_both_tables() -> None:
    people = participants(site=["a", "b"], age=["30", "n/a"])
    table = visits_table(people, ratings({"sub-2": {"ses-a": "5", "ses-b": "much"}}))
    rows = {(row.participant_id, row.session_id, row.variable): row for row in table.itertuples()}
    assert len(rows) == 6
    assert rows["sub-1", NO_SESSION, "age"].number == 30
    assert (rows["sub-2", NO_SESSION, "age"].value, rows["sub-2", "ses-b", "nrs"].value) == ("", "much")
    assert math.isnan(rows["sub-2", "ses-b", "nrs"].number)
    assert (rows["sub-2", "ses-a", "nrs"].source, rows["sub-1", NO_SESSION, "site"].source) == (
        "sessions.tsv",
        "participants.tsv",
    )


def test_columns_may_be_called_like_the_columns_of_the_long_form() -> None:
    names = ("value", "variable", "number", "source")
    table = visits_table(participants(**{name: [name[:2]] for name in names}), ratings({}))
    assert table.set_index("variable")["value"].to_dict() == {name: name[:2] for name in names}


def test_tables_without_columns_or_rows_leave_an_empty_table() -> None:
    empty = participants(site=["a"]).drop(columns="site")
    assert len(visits_table(empty, ratings({}))) == 0
    assert len(visits_table(empty, ratings({"sub-1": {"ses-a": "1"}}).drop(columns="nrs"))) == 0
