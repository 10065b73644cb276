"""Region series: what is read, what is refused, with code, file and row."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic import table_text

from corticolimbic.dataset import SeriesRun, read_series
from corticolimbic.foundation import TABLE_LIMIT, InputError, Problem

NAME = "sub-01_task-rest_seg-x_timeseries.tsv"
GOOD = "mPFC\tNAc\n1\t2\n3\t4.5\n-1e-3\t.5\n"
VALUES = np.array([[1, 2], [3, 4.5], [-1e-3, 0.5]])


def run(name: str = NAME, *sidecars: str) -> SeriesRun:
    return SeriesRun("sub-01", "ses-none", "rest", "n/a", "n/a", "n/a", "x", name, sidecars=sidecars)


def refused(root: Path, data: str | bytes, name: str = NAME) -> Problem:
    """Return the problem with which a series is refused; its file is always the series."""
    (root / name).write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(InputError) as caught:
        read_series(root, run(name))
    assert caught.value.problem.file == name
    return caught.value.problem


def read(root: Path, data: str | bytes, name: str = NAME) -> tuple[np.ndarray, list[tuple[str, str, str]]]:
    """Return values and (code, file, row) of each problem."""
    (root / name).write_bytes(data.encode() if isinstance(data, str) else data)
    series = read_series(root, run(name))
    assert all(item.participant_id == "sub-01" for item in series.problems)
    return series.values, [(item.code, item.file, item.row) for item in series.problems]


def test_reads_names_and_values(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(GOOD)
    series = read_series(tmp_path, run())
    assert series.regions == ("mPFC", "NAc")
    assert series.values.dtype == np.float64
    np.testing.assert_array_equal(series.values, VALUES)
    assert (series.repetition_time, series.problems) == (None, ())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbf" + GOOD.encode(), "CL106"),
        (GOOD.replace("\n", "\r\n").encode(), "CL106"),
        (GOOD.replace("\n", "\r").encode(), "CL106"),
        (GOOD.encode("utf-16"), "CL105"),
        (GOOD.replace("mPFC", "前额叶").encode("gb18030"), "CL105"),
        (GOOD.replace("mPFC", '"mPFC"').encode(), "CL106"),
    ],
    ids=["byte order mark", "CRLF", "CR only", "UTF-16", "GB18030", "quoted header"],
)
def test_foreign_text_is_read_and_noted(tmp_path: Path, data: bytes, code: str) -> None:
    values, problems = read(tmp_path, data)
    np.testing.assert_array_equal(values, VALUES)
    assert [item[:2] for item in problems] == [(code, NAME)]


def test_region_names_survive_gb18030_and_utf16(tmp_path: Path) -> None:
    for encoding in ("gb18030", "utf-16"):
        (tmp_path / NAME).write_bytes(GOOD.replace("mPFC", "前额叶").encode(encoding))
        assert read_series(tmp_path, run()).regions == ("前额叶", "NAc")


def test_names_are_normalised_on_both_paths(tmp_path: Path) -> None:
    for text in ("e\u0301\tNAc\n1\t2\n", "e\u0301\tNAc\n1\t2\r\n"):
        (tmp_path / NAME).write_text(text)
        assert read_series(tmp_path, run()).regions == ("é", "NAc")


def test_compressed_series_equals_plain(tmp_path: Path) -> None:
    values, problems = read(tmp_path, gzip.compress(GOOD.encode()), NAME + ".gz")
    np.testing.assert_array_equal(values, VALUES)
    assert problems == []


def test_truncated_gzip_is_cl102(tmp_path: Path) -> None:
    data = gzip.compress(GOOD.encode() * 50)
    assert refused(tmp_path, data[: len(data) // 2], NAME + ".gz").code == "CL102"


def test_gzip_with_wrong_checksum_is_cl102(tmp_path: Path) -> None:
    data = gzip.compress(GOOD.encode())
    assert refused(tmp_path, data[:-8] + bytes([data[-8] ^ 1]) + data[-7:], NAME + ".gz").code == "CL102"


def test_name_gz_without_compression_is_cl102(tmp_path: Path) -> None:
    assert refused(tmp_path, GOOD, NAME + ".gz").code == "CL102"


def test_decompression_is_bounded(tmp_path: Path) -> None:
    data = gzip.compress(b"0" * (TABLE_LIMIT + 2), 1)
    assert refused(tmp_path, data, NAME + ".gz").code == "CL103"


def test_a_table_of_nothing_but_tabs_is_bounded(tmp_path: Path) -> None:
    problem = refused(tmp_path, b"a\tb\n" + b"\t" * 21_000_000)
    assert (problem.code, problem.found) == ("CL103", "more than 20,000,000 cells")


def test_zero_bytes_is_cl111(tmp_path: Path) -> None:
    assert refused(tmp_path, "").code == "CL111"


def test_header_only_is_cl208(tmp_path: Path) -> None:
    for text in ("mPFC\tNAc\n", "mPFC\tNAc", "mPFC\tNAc\n\n\n"):
        assert refused(tmp_path, text).code == "CL208"


def test_nul_bytes_are_cl104(tmp_path: Path) -> None:
    assert refused(tmp_path, GOOD.replace("3", "\0")).code == "CL104"


def test_bytes_that_are_no_text_are_cl104(tmp_path: Path) -> None:
    assert refused(tmp_path, b"\xff\xfe\x00\xd8" + b"\xff").code == "CL104"


def test_repeated_region_is_cl108(tmp_path: Path) -> None:
    problem = refused(tmp_path, "mPFC\tNAc\tmPFC\n1\t2\t3\n")
    assert (problem.code, problem.row, problem.found) == ("CL108", "1", "column 'mPFC' twice")


def test_region_repeated_with_quotes_is_cl108(tmp_path: Path) -> None:
    assert refused(tmp_path, 'mPFC\t"mPFC"\n1\t2\n').code == "CL108"


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a\tb\n1\t2\n1\n", "3"),
        ("a\tb\n1\t2\t3\n", "2"),
        ("a\tb\n1\t2\t\n", "2"),
        ("a\n1\n1\t2\n", "3"),
        ("a\tb\n1\t2\n\n\n3\t4\n5\n", "6"),
    ],
)
def test_ragged_rows_are_cl107_with_the_line_of_the_file(tmp_path: Path, text: str, row: str) -> None:
    problem = refused(tmp_path, text)
    assert (problem.code, problem.row) == ("CL107", row)


def test_blank_line_inside_a_series_is_refused_since_a_volume_may_be_lost(tmp_path: Path) -> None:
    problem = refused(tmp_path, "a\tb\n1\t2\n\n3\t4\n")
    assert (problem.code, problem.row) == ("CL107", "3")


def test_blank_lines_after_the_series_are_nothing(tmp_path: Path) -> None:
    values, problems = read(tmp_path, GOOD + "\n\n")
    np.testing.assert_array_equal(values, VALUES)
    assert problems == []


def test_blank_line_in_a_table_of_one_region_is_a_gap(tmp_path: Path) -> None:
    values, problems = read(tmp_path, "a\n1\n\n2\n")
    assert np.isnan(values).all() and values.shape == (3, 1)
    assert problems == [("CL202", NAME, "3")]


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("x", "'x'"),
        ("1_000", "'1_000'"),
        ("1,5", "decimal comma"),
        ('"4.5"', "quotes"),
        ("0x10", "'0x10'"),
        ("1e", "'1e'"),
        ("1 2", "'1 2'"),
        ("٣", "'٣'"),
        ("#4.5", "'#4.5'"),
        ("--4", "'--4'"),
        ("4.5f", "'4.5f'"),
        ("None", "'None'"),
    ],
)
def test_text_in_a_cell_is_cl201_with_row_and_column(tmp_path: Path, cell: str, hint: str) -> None:
    problem = refused(tmp_path, GOOD.replace("4.5", cell))
    assert (problem.code, problem.row) == ("CL201", "3")
    assert hint in problem.found and "'NAc'" in problem.found


def test_commas_in_tsv_clothes_are_named(tmp_path: Path) -> None:
    problem = refused(tmp_path, "mPFC,NAc\n1,2\n3,4\n".replace(",", ";"))
    assert (problem.code, problem.row) == ("CL201", "2")
    assert "separated by ; instead of tabs" in problem.found
    problem = refused(tmp_path, "mPFC,NAc,VTA\n1,2,3\n")
    assert (problem.code, problem.row) == ("CL201", "2")
    assert "separated by , instead of tabs" in problem.found


@pytest.mark.parametrize("cell", ["n/a", "NaN", "", "inf", "-Infinity", "1e999", "NA"])
def test_a_gap_sets_the_region_aside_and_leaves_the_others(tmp_path: Path, cell: str) -> None:
    values, problems = read(tmp_path, GOOD.replace("4.5", cell))
    assert np.isnan(values[:, 1]).all()
    np.testing.assert_array_equal(values[:, 0], VALUES[:, 0])
    assert problems == [("CL202", NAME, "3")]


def test_gap_problem_names_region_and_extent(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(GOOD.replace("4.5", "n/a").replace(".5", "n/a"))
    (problem,) = read_series(tmp_path, run()).problems
    assert problem.found == "region 'NAc': 2 of 3 volumes, the first 'n/a'"


def test_region_missing_throughout_stays_as_nan_without_complaint(tmp_path: Path) -> None:
    values, problems = read(tmp_path, "a\tb\nn/a\t1\n\t2\nNaN\t3\n")
    assert np.isnan(values[:, 0]).all()
    np.testing.assert_array_equal(values[:, 1], [1, 2, 3])
    assert problems == []


def test_constant_region_is_left_to_measure(tmp_path: Path) -> None:
    values, problems = read(tmp_path, "a\tb\n0\t1\n0\t2\n")
    np.testing.assert_array_equal(values, [[0, 1], [0, 2]])
    assert problems == []


def test_measurements_in_the_first_row_are_no_header(tmp_path: Path) -> None:
    problem = refused(tmp_path, "0.25\t-1.5\n1\t2\n")
    assert (problem.code, problem.row) == ("CL217", "1")


def test_label_values_serve_as_names(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("1\t2\t17\n0.5\t1\t2\n")
    assert read_series(tmp_path, run()).regions == ("1", "2", "17")


def test_column_of_row_numbers_without_a_name_is_left_out(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("\tmPFC\tNAc\n0\t1\t2\n1\t3\t4\n")
    series = read_series(tmp_path, run())
    assert series.regions == ("mPFC", "NAc")
    np.testing.assert_array_equal(series.values, [[1, 2], [3, 4]])
    assert [(item.code, item.row) for item in series.problems] == [("CL117", "1")]


def test_ten_thousand_columns(tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(size=(5, 10_000))
    regions = [f"r{number}" for number in range(10_000)]
    (tmp_path / NAME).write_text(table_text(regions, values))
    series = read_series(tmp_path, run())
    assert series.regions == tuple(regions)
    np.testing.assert_allclose(series.values, values, rtol=1e-5)
    text = table_text(regions, values).replace("\n", "\r\n")
    (tmp_path / NAME).write_text(text, newline="")
    np.testing.assert_array_equal(read_series(tmp_path, run()).values, series.values)


def test_more_columns_than_the_limit_are_refused(tmp_path: Path) -> None:
    regions = "\t".join(f"r{number}" for number in range(100_001))
    cells = "\t".join("1" for _ in range(100_001))
    assert refused(tmp_path, f"{regions}\n{cells}\n").code == "CL103"


def test_missing_file_is_cl101(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_series(tmp_path, run())
    assert (caught.value.problem.code, caught.value.problem.file) == ("CL101", NAME)


def test_file_that_may_not_be_read_is_cl101(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_text(GOOD)

    def refuse(*_: object, **__: object) -> None:  # permissions would not stop the superuser
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError) as caught:
        read_series(tmp_path, run())
    problem = caught.value.problem
    assert (problem.code, problem.file, problem.found) == ("CL101", NAME, "Permission denied")


def test_a_folder_and_a_pipe_in_place_of_the_file_are_cl101(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    os.mkfifo(tmp_path / "pipe.tsv")
    for name in (NAME, "pipe.tsv"):
        with pytest.raises(InputError) as caught:
            read_series(tmp_path, run(name))
        assert caught.value.problem.code == "CL101"


@pytest.mark.parametrize("name", ["../secret.tsv", "/etc/passwd", "link.tsv", "a/../../secret.tsv", "a\0b"])
def test_no_path_leads_out_of_the_dataset(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.tsv").write_text(GOOD)
    root = tmp_path / "data"
    root.mkdir()
    (root / "link.tsv").symlink_to(tmp_path / "secret.tsv")
    with pytest.raises(InputError) as caught:
        read_series(root, run(name))
    assert caught.value.problem.code == "CL110"


def test_a_link_to_itself_is_no_file(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(tmp_path / NAME)
    with pytest.raises(InputError) as caught:
        read_series(tmp_path, run())
    assert caught.value.problem.code in {"CL110", "CL101"}  # Python 3.13 finds out later than 3.11


@pytest.mark.parametrize(
    ("content", "seconds", "codes"),
    [
        ('{"RepetitionTime": 2.5}', 2.5, []),
        ('{"RepetitionTime": 2}', 2.0, []),
        ('{"SamplingFrequency": 0.5}', 2.0, []),
        ('{"SamplingFrequency": "TR"}', None, []),
        ('{"RepetitionTime": "2.5"}', None, ["CL215"]),
        ('{"RepetitionTime": true}', None, ["CL215"]),
        ('{"RepetitionTime": -1}', None, ["CL215"]),
        ('{"RepetitionTime": 0}', None, ["CL215"]),
        ('{"RepetitionTime": 1e999}', None, ["CL215"]),
        ('{"RepetitionTime": NaN}', None, ["CL215"]),
        ('{"RepetitionTime": [[[]]]}', None, ["CL215"]),
        ("{", None, ["CL109"]),
        ("[2.0]", None, ["CL109"]),
        ("[" * 100_000, None, ["CL109"]),
    ],
)
def test_repetition_time_comes_from_the_sidecar(
    tmp_path: Path, content: str, seconds: float | None, codes: list[str]
) -> None:
    (tmp_path / NAME).write_text(GOOD)
    (tmp_path / "s.json").write_text(content)
    series = read_series(tmp_path, run(NAME, "s.json"))
    assert series.repetition_time == seconds
    assert [(item.code, item.file) for item in series.problems] == [(code, "s.json") for code in codes]


def test_the_nearest_sidecar_that_states_the_time_wins(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(GOOD)
    (tmp_path / "near.json").write_text('{"Other": 1}')
    (tmp_path / "middle.json").write_text('{"RepetitionTime": 1.5}')
    (tmp_path / "far.json").write_text('{"RepetitionTime": 3}')
    series = read_series(tmp_path, run(NAME, "near.json", "middle.json", "far.json"))
    assert series.repetition_time == 1.5
