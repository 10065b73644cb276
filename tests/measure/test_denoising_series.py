"""Tables of region series: nuisance signals, band and censoring, up to the whole run on real series."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dataset.synthetic import table_text
from measure.phantom import session, write_run
from nilearn.signal import clean

from corticolimbic.features import read_sessions, schema
from corticolimbic.measure import MeasuredSession, MeasureSettings, measure_session
from corticolimbic.workflow import Config, run

NAMES = ("WM", "mPFC", "NAc_R", "Vent", "Ins_R", "mCingulum")
NODES = ("mPFC", "NAc_R", "Ins_R", "mCingulum")
VOLUMES = 120
TR = 2.0


def made(volumes: int = VOLUMES) -> np.ndarray:
    """Return nodes that share the two nuisance signals, on a drift."""
    rng = np.random.default_rng(21)
    values = rng.standard_normal((volumes, 6))
    values[:, [1, 2, 4, 5]] += values[:, [0, 3]] @ rng.uniform(0.5, 2, (2, 4))
    return np.round(values + np.linspace(0, 3, volumes)[:, None], 4)  # as the table will hold them


def motion(bad: dict[int, tuple[float, float]], volumes: int = VOLUMES) -> str:
    rows = ["framewise_displacement\tstd_dvars", "n/a\tn/a"]
    rows += ["{:g}\t{:g}".format(*bad.get(at, (0.05, 1.0))) for at in range(1, volumes)]
    return "\n".join(rows) + "\n"


def measured(
    root: Path,
    values: np.ndarray | None = None,
    moved: str | None = None,
    repetition_time: float | None = TR,
    **settings: Any,
) -> MeasuredSession:
    series = table_text(NAMES, made() if values is None else values)
    asked = {"fd_threshold": None if moved is None else 0.5, "statistics": ("pearson",), **settings}
    files = session(write_run(root, series, atlas="mine", motion=moved))
    found = measure_session(
        root,
        files,
        MeasureSettings(**asked),
        atlases={"mine": None},
        repetition_time=repetition_time,
    )
    for table in ("features", "series", "matrices"):
        schema(table).table(getattr(found, table))
    return found


def upper(values: np.ndarray) -> np.ndarray:
    return np.corrcoef(values, rowvar=False)[np.triu_indices(values.shape[1], 1)]


def problem(found: MeasuredSession) -> Any:
    (item,) = (item for item in found.problems if item.code != "CL210")
    assert item.participant_id == "sub-01"
    assert item.remedy
    return item


def test_nuisance_signals_are_removed_and_are_no_nodes(tmp_path: Path) -> None:
    found = measured(tmp_path, nuisance_regions=("WM", "Vent"))
    assert [item.code for item in found.problems] == ["CL210"]
    assert [row["region"] for row in found.series] == list(NODES)
    (row,) = [item for item in found.matrices if item["statistic"] == "pearson"]
    design = np.column_stack([np.ones(VOLUMES), made()[:, [0, 3]]])
    nodes = made()[:, [1, 2, 4, 5]]
    residual = nodes - design @ np.linalg.lstsq(design, nodes, rcond=None)[0]
    np.testing.assert_allclose(row["upper"], upper(residual), atol=1e-6)
    assert row["strategy"] == "as-given - WM - Vent"
    quality = found.features[0]
    assert (quality["dof"], quality["n_volumes"]) == (VOLUMES - 3, VOLUMES)
    assert found.definitions[row["definition"]]["settings"]["nuisance_regions"] == ["WM", "Vent"]
    plain = measured(tmp_path / "plain")
    assert plain.matrices[0]["definition"] != row["definition"]
    assert plain.matrices[0]["strategy"] == "as-given"


def test_band_censoring_and_nuisance_together_equal_nilearns(tmp_path: Path) -> None:
    bad = {20: (0.9, 1.0), 21: (0.05, 3.0), 64: (0.7, 2.0), 90: (0.1, 1.9)}
    found = measured(
        tmp_path,
        moved=motion(bad),
        nuisance_regions=("WM", "Vent"),
        band_hz=(0.01, 0.15),
        dvars_threshold=1.5,
        censor_before=1,
        censor_after=1,
        dummy_scans=3,
    )
    dropped = {0, 1, 2, 19, 20, 21, 22, 63, 64, 65, 89, 90, 91}
    kept = np.array([at for at in range(VOLUMES) if at not in dropped])
    # nilearn leaves a dropped volume as it is where its mirror image was dropped: none is, here.
    cut = made()[3:]
    inside = {at - 3 for at in dropped if at >= 3}
    assert not inside & {len(cut) - 1 - at for at in inside}
    wanted = clean(
        cut[:, [1, 2, 4, 5]],
        confounds=cut[:, [0, 3]],
        sample_mask=kept - 3,
        standardize=None,
        high_pass=0.01,
        low_pass=0.15,
        t_r=TR,
        extrapolate=False,
    )
    (row,) = [item for item in found.matrices if item["statistic"] == "pearson"]
    np.testing.assert_allclose(row["upper"], upper(wanted), atol=1e-6)
    series = np.column_stack([item["values"] for item in found.series])
    np.testing.assert_allclose(series, (wanted - wanted.mean(axis=0)) / wanted.std(axis=0), atol=1e-5)
    assert row["n_volumes"] == len(kept) == 107
    assert row["strategy"] == (
        "as-given - WM - Vent, FD <= 0.5 mm, DVARS <= 1.5, neighbours -1 +1, first 3 dropped, 0.01-0.15 Hz"
    )
    waves = sum(0.01 <= wave / (117 * TR) <= 0.15 for wave in range(60))
    assert found.features[0]["dof"] == pytest.approx(107 * 2 * waves / 117 - 2)
    settings = found.definitions[row["definition"]]["settings"]
    assert settings["filter"]["pass_hz"] == [0.01, 0.15]
    assert settings["censor_neighbours"] == [1, 1]


def test_too_little_left_in_the_band_is_refused_with_the_arithmetic(tmp_path: Path) -> None:
    found = measured(tmp_path, band_hz=(0.02, 0.05), nuisance_regions=("WM", "Vent"))
    item = problem(found)
    assert (item.code, item.severity) == ("CL211", "excluded")
    assert item.found == (
        "120 volumes - 0 censored = 120; 13.3% of them for 0.02-0.05 Hz at a repetition time of 2 s = 16; "
        "16 - 2 regressors = 14 degrees of freedom"
    )
    assert not found.matrices


@pytest.mark.parametrize(
    ("settings", "repetition_time", "code", "words"),
    [
        ({"nuisance_regions": ("WM", "Ventricle")}, TR, "CL240", "no column Ventricle"),
        ({"nuisance_regions": NAMES}, TR, "CL240", "every column"),
        ({"band_hz": (0.01, 0.1)}, None, "CL241", "no repetition time"),
        ({"band_hz": (0.01, 0.1)}, 2000.0, "CL225", "2000 (milliseconds?)"),
        ({"band_hz": (0.01, 0.3)}, TR, "CL242", "frequencies below 0.25 Hz"),
        ({"dvars_threshold": 1.5}, TR, "CL239", "no motion table"),
        ({"dummy_scans": 500}, TR, "CL211", "0 volumes kept (100% censored)"),
        ({"dummy_scans": 119, "band_hz": (0.01, 0.1)}, TR, "CL211", "119 censored = 1"),
        ({"dummy_scans": 120, "band_hz": (None, 0.1)}, TR, "CL211", "120 censored = 0"),
        ({"min_segment": 121}, TR, "CL211", "0 volumes kept"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    tmp_path: Path, settings: dict[str, Any], repetition_time: float | None, code: str, words: str
) -> None:
    found = measured(tmp_path, repetition_time=repetition_time, **settings)
    item = problem(found)
    assert item.code == code
    assert words in item.found
    assert not found.matrices


def test_a_nuisance_signal_with_gaps_is_refused_and_a_constant_one_changes_nothing(tmp_path: Path) -> None:
    values = made()
    values[:, 0] = 700.0
    found = measured(tmp_path, values, nuisance_regions=("WM", "Vent"))
    alone = measured(tmp_path / "b", values, nuisance_regions=("Vent",))
    assert found.features[0]["dof"] == VOLUMES - 2
    np.testing.assert_allclose(
        found.matrices[0]["upper"], np.asarray(alone.matrices[0]["upper"])[4:], atol=1e-6
    )
    values[10, 3] = np.nan
    gone = measured(tmp_path / "c", values, nuisance_regions=("WM", "Vent"))
    assert {item.code for item in gone.problems} == {"CL202", "CL240"}
    assert not gone.matrices


def test_a_repetition_time_in_milliseconds_counts_as_unknown_where_no_band_needs_it(tmp_path: Path) -> None:
    found = measured(tmp_path, repetition_time=2000.0)
    item = problem(found)
    assert (item.code, item.severity) == ("CL225", "info")
    assert "no frequency is measured" in item.found
    assert found.matrices


def test_a_motion_table_without_dvars_is_refused_only_where_they_are_asked_for(tmp_path: Path) -> None:
    text = "\n".join(["framewise_displacement", "n/a", *["0.1"] * (VOLUMES - 1)]) + "\n"
    assert measured(tmp_path, moved=text).matrices
    item = problem(measured(tmp_path, moved=text, dvars_threshold=1.5))
    assert (item.code, item.row) == ("CL239", "1")
    wrong = motion({30: (0.1, 1.0)}).replace("0.1\t1", "0.1\tmany", 1)
    assert measured(tmp_path, moved=wrong).matrices, "a column that nobody asked for is not looked at"
    assert problem(measured(tmp_path, moved=wrong, dvars_threshold=1.5)).code == "CL216"


def test_a_long_gap_under_a_band_is_told(tmp_path: Path) -> None:
    moved = motion({at: (2.0, 1.0) for at in range(50, 62)})
    item = problem(measured(tmp_path, moved=moved, band_hz=(0.01, 0.15)))
    assert (item.code, item.severity) == ("CL243", "info")
    assert item.found == "12 volumes (24 s) dropped in a row"
    assert [item.code for item in measured(tmp_path, moved=moved).problems] == ["CL210"]


def test_a_node_that_the_nuisance_signals_explain_has_no_signal(tmp_path: Path) -> None:
    values = made()
    values[:, 2] = np.round(2 * values[:, 0] - values[:, 3], 4)
    for band in (None, (0.01, 0.2)):
        found = measured(tmp_path, values, nuisance_regions=("WM", "Vent"), band_hz=band)
        item = problem(found)
        assert (item.code, item.severity) == ("CL203", "info")
        assert "NAc_R" in item.found
        assert np.isnan(np.asarray(found.matrices[0]["upper"], dtype=float)).sum() == 3


@pytest.fixture
def nitime(shared_data: Path, tmp_path: Path) -> tuple[Path, pd.DataFrame]:
    """Return a dataset of one person, made of the real series, and these as a table."""
    table = pd.read_csv(shared_data / "timeseries-nitime" / "fmri_timeseries.csv")
    root = tmp_path / "data"
    folder = root / "sub-01" / "func"
    folder.mkdir(parents=True)
    stem = folder / "sub-01_task-rest_seg-nitime_stat-mean_timeseries"
    table.to_csv(f"{stem}.tsv", sep="\t", index=False)
    Path(f"{stem}.json").write_text(json.dumps({"RepetitionTime": 1.89}), encoding="utf-8")
    description = {"Name": "nitime", "BIDSVersion": "1.9.0", "DatasetType": "derivative"}
    (root / "dataset_description.json").write_text(json.dumps(description), encoding="utf-8")
    (root / "participants.tsv").write_text("participant_id\tsite\nsub-01\tnorth\n", encoding="utf-8")
    return root, table


@pytest.mark.parametrize("band", [None, (0.02, 0.15)])
def test_real_series_with_nuisance_signals_end_to_end(
    nitime: tuple[Path, pd.DataFrame], tmp_path: Path, band: tuple[float, float] | None
) -> None:
    """The white matter, ventricle and whole-brain signals of 250 x 31 real values, through the whole run."""
    root, table = nitime
    removed = ["WM", "Vent", "Brain"]
    measure = {"fd_threshold": None, "nuisance_regions": removed, "band_hz": band}
    config = Config.model_validate({"measure": measure})
    result = run(root, tmp_path / "out", config, n_jobs=1, quiet=True)
    assert result.exit_code == 0, result
    matrices = read_sessions(tmp_path / "out", "matrices", kind="matrices")
    series = read_sessions(tmp_path / "out", "series", kind="series").sort_values("position")
    nodes = [name for name in table.columns if name not in removed]
    assert series["region"].tolist() == nodes
    assert len(nodes) == 28
    low, high = band or (None, None)
    cleaned = clean(
        table[nodes].to_numpy(),
        confounds=table[removed].to_numpy(),
        detrend=band is not None,
        standardize=None,
        filter="butterworth" if band else False,
        high_pass=low,
        low_pass=high,
        t_r=1.89,
    )
    if band is None:  # and without nilearn
        design = np.column_stack([np.ones(250), table[removed].to_numpy()])
        other = table[nodes].to_numpy()
        other = other - design @ np.linalg.lstsq(design, other, rcond=None)[0]
        np.testing.assert_allclose(upper(cleaned), upper(other), atol=1e-10)
    wanted = (cleaned - cleaned.mean(axis=0)) / cleaned.std(axis=0)
    np.testing.assert_allclose(np.column_stack(series["values"].to_list()), wanted, atol=2e-6)
    row = matrices.set_index("statistic").loc["pearson"]
    np.testing.assert_allclose(row["upper"], upper(cleaned), atol=1e-6)
    assert row["strategy"] == "as-given - WM - Vent - Brain" + (", 0.02-0.15 Hz" if band else "")
    quality = read_sessions(tmp_path / "out", "features", kind="features").set_index("measure")
    assert quality.loc["censored_share", "value"] == 0
    waves = sum(0.02 <= wave / (250 * 1.89) <= 0.15 for wave in range(126))
    assert quality.loc["censored_share", "dof"] == pytest.approx(2 * waves - 3 if band else 250 - 4)
