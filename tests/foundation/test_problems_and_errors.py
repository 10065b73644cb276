"""Problems and errors: complete, one line, and the same on the other side of a process border."""

from __future__ import annotations

import copy
import pickle
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corticolimbic.foundation import (
    PROBLEM_COLUMNS,
    CorticolimbicError,
    InputError,
    LowDofError,
    Problem,
    SettingsError,
    Severity,
    SpaceMismatchError,
    one_line,
    problem,
    problem_codes,
    problem_rows,
)


@pytest.mark.parametrize("code", problem_codes())
def test_every_problem_code_is_complete(code: str) -> None:
    entry = problem_codes()[code]
    assert entry.code == code
    assert len(code) == 5
    assert code[:2] == "CL"
    assert code[2:].isdigit()
    assert entry.severity in get_args(Severity)
    for words in (entry.title, entry.expected, entry.remedy, entry.explanation):
        assert words == one_line(words)
        assert len(words) > 3
    assert not entry.title.endswith(".")
    assert entry.explanation.endswith(".")


def test_titles_tell_codes_apart() -> None:
    titles = [entry.title for entry in problem_codes().values()]
    assert len(set(titles)) == len(titles)


def test_a_problem_takes_from_the_catalogue_what_is_not_said() -> None:
    entry = problem_codes()["CL204"]
    row = problem("CL204", found="239 rows", file="sub-1/motion.tsv", row=7)
    assert (row.severity, row.expected, row.remedy, row.row) == (
        entry.severity,
        entry.expected,
        entry.remedy,
        "7",
    )
    other = problem("CL204", found="x", severity="info", expected="y", remedy="z")
    assert (other.severity, other.expected, other.remedy) == ("info", "y", "z")
    for words in ("CL204", entry.title, "sub-1/motion.tsv, row 7", "239 rows", entry.remedy):
        assert words in str(row)
    with pytest.raises(KeyError):
        problem("CL000", found="x")


@given(st.text(max_size=60), st.text(max_size=60))
def test_every_field_of_a_problem_fits_one_cell(text: str, other: str) -> None:
    row = problem(
        "CL201", found=text, file=other, participant_id=text, session_id=other, row=text, remedy=other
    )
    for name in PROBLEM_COLUMNS:
        assert getattr(row, name).isprintable()
    assert "\n" not in str(row)


@given(st.text(max_size=900), st.integers(1, 80))
def test_one_line_has_no_control_characters_and_a_bounded_length(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
    assert line == " ".join(line.split())
    if text.isprintable() and text == " ".join(text.split()) and len(text) <= limit:
        assert line == text


def test_one_line_takes_no_time_over_a_cell_as_long_as_a_file() -> None:
    assert one_line("x" * 10**7) == "x" * 299 + "…"
    assert one_line("evil \u202e\u200b\x1b[31m text") == "evil [31m text"


def test_rows_are_sorted_and_distinct() -> None:
    rows = [
        problem("CL203", found="b", participant_id="sub-2"),
        problem("CL203", found="a", participant_id="sub-1"),
    ]
    table = problem_rows([*rows, *rows])
    assert [row["participant_id"] for row in table] == ["sub-1", "sub-2"]
    assert list(table[0]) == list(PROBLEM_COLUMNS)


@pytest.mark.parametrize("kind", [InputError, LowDofError, SpaceMismatchError])
def test_input_errors_cross_a_process_border_whole(kind: type[InputError]) -> None:
    error = kind("CL211", found="14 degrees", file="a.tsv", row=3, expected="more", remedy="wait")
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(twin) is kind
        assert isinstance(twin, CorticolimbicError)
        assert twin.problem == error.problem
        assert str(twin) == str(error)
        assert twin.args == error.args
    assert error.about("sub-1", "ses-2").participant_id == "sub-1"
    assert error.problem.participant_id == "", "the error itself is left alone"


def test_problems_and_settings_errors_cross_a_process_border() -> None:
    row = problem("CL203", found="x", participant_id="sub-1")
    assert pickle.loads(pickle.dumps(row)) == row
    assert isinstance(row, Problem)
    assert str(pickle.loads(pickle.dumps(SettingsError("no atlas")))) == "no atlas"
