"""Motion tables: one value a volume, or an error that says why not."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from corticolimbic.dataset import SeriesRun, not_seconds, read_motion
from corticolimbic.foundation import InputError, Problem

NAME = "sub-01_task-rest_motion.tsv"
GOOD = "framewise_displacement\tother\nn/a\tx\n0.25\ty\n0\tz\n"


def run(motion: str | None = NAME) -> SeriesRun:
    series = "sub-01_task-rest_seg-x_timeseries.tsv"
    return SeriesRun("sub-01", "ses-none", "rest", "n/a", "n/a", "n/a", "x", series, motion)


def refused(root: Path, text: str, n_volumes: int = 3) -> Problem:
    (root / NAME).write_text(text)
    with pytest.raises(InputError) as caught:
        read_motion(root, run(), n_volumes)
    assert caught.value.problem.file == NAME
    return caught.value.problem


def test_reads_displacement_and_leaves_other_columns_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(GOOD)
    motion = read_motion(tmp_path, run(), 3)
    np.testing.assert_array_equal(motion.framewise_displacement, [np.nan, 0.25, 0])
    assert motion.problems == ()


def test_reads_compressed_and_foreign_line_ends_with_a_note(tmp_path: Path) -> None:
    (tmp_path / (NAME + ".gz")).write_bytes(gzip.compress(GOOD.replace("\n", "\r\n").encode()))
    motion = read_motion(tmp_path, run(NAME + ".gz"), 3)
    np.testing.assert_array_equal(motion.framewise_displacement, [np.nan, 0.25, 0])
    assert [(item.code, item.participant_id) for item in motion.problems] == [("CL106", "sub-01")]


@pytest.mark.parametrize(
    ("n_volumes", "found"), [(4, "3 motion rows and 4 volumes"), (2, "3 motion rows and 2 volumes")]
)
def test_one_row_short_or_long_is_cl204(tmp_path: Path, n_volumes: int, found: str) -> None:
    problem = refused(tmp_path, GOOD, n_volumes)
    assert (problem.code, problem.found) == ("CL204", found)


def test_no_column_is_cl205(tmp_path: Path) -> None:
    problem = refused(tmp_path, GOOD.replace("framewise_", ""))
    assert (problem.code, problem.row) == ("CL205", "1")
    assert "displacement, other" in problem.found


def test_no_table_is_cl206_and_names_the_series(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_motion(tmp_path, run(None), 3)
    assert caught.value.problem.code == "CL206"
    assert caught.value.problem.file == "sub-01_task-rest_seg-x_timeseries.tsv"


@pytest.mark.parametrize("cell", ["abc", "-0.1", "inf", "1e999", "0,25", "1_0"])
def test_text_negative_or_infinite_is_cl216_with_its_row(tmp_path: Path, cell: str) -> None:
    problem = refused(tmp_path, GOOD.replace("0.25", cell))
    assert (problem.code, problem.row) == ("CL216", "3")


def test_a_missing_value_written_as_an_empty_line_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("framewise_displacement\n\n0.5\n\n0.25\n")
    motion = read_motion(tmp_path, run(), 4)
    np.testing.assert_array_equal(motion.framewise_displacement, [np.nan, 0.5, np.nan, 0.25])


def test_zero_rows_fit_no_series(tmp_path: Path) -> None:
    assert refused(tmp_path, "framewise_displacement\n").code == "CL204"


def test_dvars_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    text = "framewise_displacement\tSTD_DVARS\nn/a\tn/a\n0.25\t1.5\n0\t0.9\n"
    (tmp_path / NAME).write_text(text)
    assert read_motion(tmp_path, run(), 3).std_dvars is None
    motion = read_motion(tmp_path, run(), 3, std_dvars=True)
    np.testing.assert_array_equal(motion.std_dvars, [np.nan, 1.5, 0.9])
    np.testing.assert_array_equal(motion.framewise_displacement, [np.nan, 0.25, 0])


@pytest.mark.parametrize("cell", ["fast", "-0.1", "inf"])
def test_dvars_that_cannot_be_used_are_refused_only_where_they_are_asked_for(
    tmp_path: Path, cell: str
) -> None:
    (tmp_path / NAME).write_text(f"framewise_displacement\tstd_dvars\nn/a\tn/a\n0.25\t{cell}\n")
    assert read_motion(tmp_path, run(), 2).std_dvars is None
    with pytest.raises(InputError, match="CL216") as caught:
        read_motion(tmp_path, run(), 2, std_dvars=True)
    assert (caught.value.problem.file, caught.value.problem.row) == (NAME, "3")
    (tmp_path / NAME).write_text(GOOD)
    with pytest.raises(InputError, match="CL239"):
        read_motion(tmp_path, run(), 3, std_dvars=True)


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (2.0, ""),
        (0.05, ""),
        (60.0, ""),
        (2000.0, "2000 (milliseconds?)"),
        (0.01, "0.01 (not between"),
        (1e6, "1e+06 (not"),
    ],
)
def test_times_that_can_be_none_in_seconds_are_told_in_words(time: float, words: str) -> None:
    assert not_seconds(time).startswith(words)
    assert bool(not_seconds(time)) == bool(words)
