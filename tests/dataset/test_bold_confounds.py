"""Confounds as fMRIPrep writes them: one row a volume, numbers or n/a, fit for nilearn's strategies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dataset.synthetic_bold import AFFINE, confounds, write_confounds, write_fmriprep

from corticolimbic.dataset import BoldRun, Confounds, read_confounds, scan
from corticolimbic.foundation import InputError

TABLE = "sub-1_desc-confounds_timeseries.tsv"
RUN = BoldRun("sub-1", "ses-1", "rest", "n/a", "n/a", "s", "sub-1_bold.nii.gz", confounds=TABLE)


def read(root: Path, text: str | bytes, n_volumes: int) -> Confounds:
    (root / TABLE).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_confounds(root, RUN, n_volumes)


@pytest.mark.parametrize("name", ["test-v21_desc-confounds_timeseries.tsv"])
def test_a_real_table_is_read_to_the_bit(tmp_path: Path, shared_data: Path, name: str) -> None:
    source = shared_data / "confounds-fmriprep" / name
    if not source.is_file():
        pytest.skip("no confounds-fmriprep in the shared data")
    text = pd.read_csv(source, sep="\t", dtype=str, keep_default_na=False)
    expected = text.replace("n/a", "nan").astype(float)
    result = read(tmp_path, source.read_bytes(), len(expected))
    assert list(result.table.columns) == list(expected.columns)
    np.testing.assert_array_equal(result.table.to_numpy(), expected.to_numpy())
    assert result.framewise_displacement is not None
    assert np.isnan(result.framewise_displacement[0])
    np.testing.assert_array_equal(result.framewise_displacement, expected["framewise_displacement"])
    assert result.problems == ()
    with pytest.raises(InputError, match=f"CL230.*{len(expected)} rows of confounds and {len(expected) - 1}"):
        read(tmp_path, source.read_bytes(), len(expected) - 1)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    table = confounds(30, np.random.default_rng(1), aroma=True)
    write_confounds(tmp_path / TABLE, table)
    result = read_confounds(tmp_path, RUN, 30)
    pd.testing.assert_frame_equal(result.table, table, check_column_type=False)
    assert all(kind == np.float64 for kind in result.table.dtypes)


@pytest.mark.parametrize(("n_rows", "n_volumes"), [(13, 12), (11, 12), (0, 12), (12, 1)])
def test_one_row_more_or_less_than_volumes_is_cl230(tmp_path: Path, n_rows: int, n_volumes: int) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "csf\tframewise_displacement\n" + "1.0\t0.1\n" * n_rows, n_volumes)
    row = caught.value.problem
    assert (row.code, row.file) == ("CL230", TABLE)
    assert row.found == f"{n_rows} rows of confounds and {n_volumes} volumes"


def test_no_table_is_cl229(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"CL229.*strategy to none"):
        read_confounds(tmp_path, BoldRun("sub-1", "ses-1", "rest", "n/a", "n/a", "s", "x.nii"), 3)


@pytest.mark.parametrize("cell", ["abc", "1,5", "0x1F", "1_0", '"a"', "True"])
def test_text_is_cl231_with_row_and_column(tmp_path: Path, cell: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"csf\tframewise_displacement\n1\tn/a\n{cell}\t0.1\n", 2)
    row = caught.value.problem
    assert (row.code, row.row) == ("CL231", "3")
    assert "'csf'" in row.found


def test_missing_stays_missing_and_infinite_becomes_missing_with_a_note(tmp_path: Path) -> None:
    text = "csf\tstd_dvars\tframewise_displacement\n1\tn/a\tn/a\n2\tinf\t0.1\n3\t-inf\t0.2\n"
    result = read(tmp_path, text, 3)
    np.testing.assert_array_equal(result.table["std_dvars"], [np.nan] * 3)
    np.testing.assert_array_equal(result.table["csf"], [1, 2, 3])
    (row,) = result.problems
    assert (row.code, row.severity, row.row, row.participant_id) == ("CL231", "info", "3", "sub-1")
    assert "'std_dvars'" in row.found


def test_no_displacement_is_noted_not_refused(tmp_path: Path) -> None:
    result = read(tmp_path, "csf\tFramewiseDisplacement\n1\t0\n2\t1\n", 2)
    assert result.framewise_displacement is None
    assert [(item.code, item.severity) for item in result.problems] == [("CL205", "info")]


def test_a_negative_displacement_is_cl216(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"CL216.*row 3.*-0.1 mm"):
        read(tmp_path, "framewise_displacement\n0.2\n-0.1\n", 2)


def test_columns_are_distinct_and_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="CL108"):
        read(tmp_path, "csf\tcsf\n1\t2\n", 1)
    result = read(tmp_path, "\tcsf\tframewise_displacement\n0\t1\t0.1\n1\t2\t0.2\n", 2)
    assert list(result.table.columns) == ["csf", "framewise_displacement"]
    assert [item.code for item in result.problems] == ["CL117"]


def test_quotes_and_windows_line_ends_are_tolerated_and_noted(tmp_path: Path) -> None:
    result = read(tmp_path, '"csf"\t"framewise_displacement"\r\n1\t0.1\r\n', 1)
    assert list(result.table.columns) == ["csf", "framewise_displacement"]
    assert {item.code for item in result.problems} == {"CL106"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BoldRun]:
    root = write_fmriprep(
        tmp_path_factory.mktemp("prep"), 1, (3, 3, 3), AFFINE, 50, np.random.default_rng(8),
        aroma=True, head_motion=0.1,
    )  # fmt: skip
    (run,) = scan(root).runs
    assert isinstance(run, BoldRun)
    return root, run


class TestStrategies:
    """The synthetic tree is one that nilearn's named strategies read, with the columns that they say."""

    @pytest.mark.parametrize(
        ("strategy", "n_columns", "censors"),
        [
            ("simple", 3 + 24 + 2, False),
            ("scrubbing", 3 + 24 + 8, True),
            ("compcor", 3 + 24 + 6, False),
            ("ica_aroma", 3 + 2, False),
        ],
    )
    def test_each_gives_its_columns(
        self, tree: tuple[Path, BoldRun], strategy: str, n_columns: int, censors: bool
    ) -> None:
        from nilearn.interfaces.fmriprep import load_confounds_strategy

        root, run = tree
        image = run.aroma if strategy == "ica_aroma" else run.bold
        chosen, kept = load_confounds_strategy(str(root / str(image)), denoise_strategy=strategy)
        table = read_confounds(root, run, 50).table
        assert chosen.shape == (50, n_columns)
        assert set(chosen.columns) <= set(table.columns)
        assert (kept is not None and 0 < len(kept) < 50) == censors

    def test_framewise_displacement_is_powers_of_the_motion_columns(self, tree: tuple[Path, BoldRun]) -> None:
        result = read_confounds(tree[0], tree[1], 50)
        moved = result.table[["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]].diff().abs()
        expected = moved.to_numpy() @ np.array([1, 1, 1, 50, 50, 50])
        assert result.framewise_displacement is not None
        np.testing.assert_allclose(result.framewise_displacement[1:], expected[1:], atol=1e-12)
        assert np.isnan(result.framewise_displacement[0])
