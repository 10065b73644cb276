"""Which volumes stay, and which runs are refused, with reasons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic import table_text
from measure.phantom import session, write_run

from corticolimbic.features import schema
from corticolimbic.measure import REFUSED, MeasuredSession, MeasureSettings, keep_volumes, measure_session
from corticolimbic.measure import mean_displacement as mean_fd
from corticolimbic.measure._censoring import CensoringRule, HeadMotion

NAMES = ("mPFC", "NAc_R", "Ins_R", "mCingulum")


def motion_text(cells: list[str]) -> str:
    return "\n".join(["framewise_displacement", *cells]) + "\n"


def measured(
    root: Path, volumes: int, motion: str | None, settings: MeasureSettings, values: np.ndarray | None = None
) -> MeasuredSession:
    rng = np.random.default_rng(3)
    series = rng.normal(size=(volumes, 4)) if values is None else values
    run = write_run(root, table_text(NAMES, series), atlas="unmapped", motion=motion)
    return measure_session(root, session(run), settings, atlases={"unmapped": None})


def codes(found: MeasuredSession) -> list[str]:
    return [item.code for item in found.problems if item.code != "CL210"]


def test_undefined_first_volume_counts_as_still_later_ones_are_dropped() -> None:
    displacement = np.array([np.nan, 0.1, np.nan, 0.15, 0.1500001, 0.0])
    assert keep_volumes(displacement, 0.15).tolist() == [True, True, False, True, False, True]
    assert np.isnan(displacement[0]), "the input is left alone"
    assert keep_volumes(np.array([0.2, 0.1]), 0.15).tolist() == [False, True], "a defined first value counts"
    assert keep_volumes(np.zeros(0), 0.15).tolist() == []


def test_mean_displacement_is_over_defined_volumes() -> None:
    assert mean_fd(np.array([np.nan, 0.1, 0.3])) == pytest.approx(0.2)
    assert np.isnan(mean_fd(np.array([np.nan, np.nan])))
    assert np.isnan(mean_fd(np.zeros(0)))


def test_kept_volumes_alone_enter_the_estimate(tmp_path: Path) -> None:
    values = np.random.default_rng(4).normal(size=(60, 4))
    drop = np.zeros(60, dtype=bool)
    drop[[5, 6, 30, 59]] = True
    cells = ["n/a", *("0.9" if gone else "0.1" for gone in drop[1:])]
    found = measured(tmp_path, 60, motion_text(cells), MeasureSettings(fd_threshold=0.5), values)
    first = next(row for row in found.matrices if row["statistic"] == "pearson")
    wanted = np.corrcoef(np.round(values, 12)[~drop], rowvar=False)[np.triu_indices(4, 1)]
    np.testing.assert_allclose(first["upper"], wanted, atol=1e-4)
    assert first["n_volumes"] == 56
    by_measure = {row["measure"]: row for row in found.features}
    assert by_measure["censored_share"]["value"] == pytest.approx(4 / 60)
    assert by_measure["mean_fd"]["value"] == pytest.approx((4 * 0.9 + 55 * 0.1) / 59)
    assert by_measure["mean_fd"]["dof"] == 55
    assert len(found.series[0]["values"]) == 56


def test_all_volumes_censored_is_refused_with_its_quality_kept(tmp_path: Path) -> None:
    motion = motion_text(["2.0"] * 40)
    found = measured(tmp_path, 40, motion, MeasureSettings(fd_threshold=0.5, quality=False))
    assert codes(found) == ["CL211"]
    problem = found.problems[-1]
    assert (problem.participant_id, problem.session_id, problem.severity) == (
        "sub-01",
        "ses-none",
        "excluded",
    )
    assert "0 volumes kept (100% censored)" in problem.found
    assert {row["measure"]: row["value"] for row in found.features} == {"mean_fd": 2.0, "censored_share": 1.0}
    assert {row["qc"] for row in found.features} == {REFUSED}
    assert found.matrices == found.series == []
    assert found.n_runs == 0
    assert len(schema("features").table(found.features)) == 2


@pytest.mark.parametrize(
    ("volumes", "code"), [(15, "CL211"), (16, "CL212"), (30, "CL212"), (31, None), (2, "CL211"), (1, "CL211")]
)
def test_degrees_of_freedom_are_refused_below_15_and_warned_of_below_30(
    tmp_path: Path, volumes: int, code: str | None
) -> None:
    found = measured(tmp_path, volumes, None, MeasureSettings(fd_threshold=None))
    assert [item for item in codes(found) if item != "CL203"] == ([code] if code else [])
    assert bool(found.matrices) == (code != "CL211")
    assert found.features[0]["dof"] == volumes - 1


def test_low_degrees_of_freedom_can_be_allowed_by_name_but_one_volume_never(tmp_path: Path) -> None:
    settings = MeasureSettings(fd_threshold=None, allow_low_dof=True)
    found = measured(tmp_path, 5, None, settings)
    assert codes(found) == ["CL212"]
    assert found.matrices
    assert {row["qc"] for row in found.features if row["measure"] == "censored_share"} == {"ok"}
    assert "CL211" in codes(measured(tmp_path / "one", 1, None, settings))


def test_no_motion_table_is_refused_only_where_censoring_was_asked_for(tmp_path: Path) -> None:
    refused = measured(tmp_path, 40, None, MeasureSettings(fd_threshold=0.5))
    assert codes(refused) == ["CL206"]
    assert refused.features == []
    found = measured(tmp_path, 40, None, MeasureSettings(fd_threshold=None))
    assert codes(found) == []
    by_measure = {row["measure"]: row for row in found.features}
    assert np.isnan(by_measure["mean_fd"]["value"])
    assert by_measure["mean_fd"]["qc"] == "no framewise displacement"
    assert (by_measure["censored_share"]["value"], by_measure["censored_share"]["qc"]) == (0, "ok")
    assert by_measure["mean_fd"]["strategy"] == "as-given"


def test_motion_is_reported_also_where_nothing_is_censored(tmp_path: Path) -> None:
    found = measured(tmp_path, 40, motion_text(["n/a"] + ["2.0"] * 39), MeasureSettings(fd_threshold=None))
    by_measure = {row["measure"]: row for row in found.features}
    assert by_measure["mean_fd"]["value"] == pytest.approx(2.0)
    assert by_measure["mean_fd"]["n_volumes"] == 40


@pytest.mark.parametrize(
    ("motion", "code"),
    [
        (motion_text(["0.1"] * 39), "CL204"),
        (motion_text(["0.1"] * 39 + ["fast"]), "CL216"),
        (motion_text(["0.1"] * 39 + ["-1"]), "CL216"),
        ("rotation\n" + "0.1\n" * 40, "CL205"),
    ],
)
def test_motion_problems_carry_the_person_and_the_other_runs_go_on(
    tmp_path: Path, motion: str, code: str
) -> None:
    rng = np.random.default_rng(1)
    bad = write_run(tmp_path, table_text(NAMES, rng.normal(size=(40, 4))), atlas="x", motion=motion, run="1")
    good_motion = motion_text(["n/a"] + ["0.1"] * 39)
    good = write_run(
        tmp_path, table_text(NAMES, rng.normal(size=(40, 4))), atlas="x", motion=good_motion, run="2"
    )
    found = measure_session(tmp_path, session(bad, good), MeasureSettings(), atlases={"x": None})
    first = found.problems[0]
    assert (first.code, first.participant_id, first.session_id) == (code, "sub-01", "ses-none")
    assert first.file == bad.motion
    assert {row["run"] for row in found.features} == {"2"}
    assert found.n_runs == 1


@pytest.mark.parametrize("cell", ["inf", "n/a", "1e999"])
def test_a_gap_in_a_column_sets_the_region_aside_and_the_rest_goes_on(tmp_path: Path, cell: str) -> None:
    lines = table_text(NAMES, np.random.default_rng(1).normal(size=(40, 4))).splitlines()
    cells = lines[8].split("\t")
    lines[8] = "\t".join([cells[0], cell, *cells[2:]])
    run = write_run(tmp_path, "\n".join(lines) + "\n", atlas="x")
    settings = MeasureSettings(fd_threshold=None, statistics=("pearson",))
    found = measure_session(tmp_path, session(run), settings, atlases={"x": None})
    assert codes(found) == ["CL202", "CL203"]
    assert all(item.participant_id == "sub-01" for item in found.problems)
    assert {row["region"]: row["coverage"] for row in found.series} == {
        "mPFC": 1.0, "NAc_R": 0.0, "Ins_R": 1.0, "mCingulum": 1.0
    }  # fmt: skip
    upper = found.matrices[0]["upper"]
    assert np.isnan(upper).tolist() == [True, False, False, True, True, False]


def rule_keeps(displacement: list[float], dvars: list[float] | None = None, **rule: float) -> str:
    """Return kept volumes as 1, dropped ones as 0."""
    values = np.array(displacement, dtype=float)
    motion = HeadMotion(values, None if dvars is None else np.array(dvars, dtype=float))
    keep = CensoringRule(**rule).keep(motion, np.ones(len(values), dtype=bool))
    return "".join("1" if kept else "0" for kept in keep)


def test_neighbours_of_volumes_above_a_threshold_are_dropped() -> None:
    jump = [np.nan, 0, 0, 0, 9, 0, 0, 0, 0, 0]
    assert rule_keeps(jump, fd_threshold=0.5) == "1111011111"
    assert rule_keeps(jump, fd_threshold=0.5, before=1) == "1110011111"
    assert rule_keeps(jump, fd_threshold=0.5, after=2) == "1111000111"
    assert rule_keeps(jump, fd_threshold=0.5, before=3, after=99) == "1000000000"
    assert rule_keeps([9, 0, 0, 0, 9], fd_threshold=0.5, before=1, after=1) == "00100", "nothing wraps around"
    assert rule_keeps(jump, before=3, after=3) == "1111111111", "no threshold, no neighbours"


def test_either_quantity_drops_and_what_is_undefined_counts_as_in_displacement() -> None:
    dvars = [np.nan, 1, 1.5, 1.51, 1, np.nan]
    assert rule_keeps([np.nan, 0, 0, 0, 9, 0], dvars, fd_threshold=0.5, dvars_threshold=1.5) == "111000"
    assert rule_keeps([np.nan, 0, 0, 0, 9, 0], dvars, fd_threshold=0.5) == "111101"
    assert rule_keeps([0, 9, 0], None, dvars_threshold=1.5) == "111"


def test_short_segments_are_dropped_at_last() -> None:
    jumps = [0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 0]
    assert rule_keeps(jumps, fd_threshold=0.5, min_segment=1) == "11011101111"
    assert rule_keeps(jumps, fd_threshold=0.5, min_segment=3) == "00011101111"
    assert rule_keeps(jumps, fd_threshold=0.5, min_segment=4) == "00000001111"
    assert rule_keeps(jumps, fd_threshold=0.5, after=1, min_segment=3) == "00000000111"
    assert rule_keeps(jumps, fd_threshold=0.5, min_segment=12) == "0" * 11
    assert rule_keeps([], fd_threshold=0.5, before=2, min_segment=3) == ""


def test_volumes_that_are_not_allowed_cut_segments_but_have_no_neighbours() -> None:
    allowed = np.array([False, False, True, True, False, True, True, True])
    rule = CensoringRule(0.5, before=1, after=1, min_segment=3)
    found = rule.keep(HeadMotion(np.zeros(8)), allowed)
    assert found.tolist() == [False] * 5 + [True] * 3
    np.testing.assert_array_equal(CensoringRule(0.5, before=1).keep(HeadMotion(), allowed), allowed)


def test_segments_agree_with_nilearns_scrubbing_on_chance() -> None:
    """nilearn's own rule for segments, on random censoring: shorter than five are dropped."""
    from nilearn.interfaces.fmriprep.load_confounds_scrub import optimize_scrub

    rng = np.random.default_rng(23)
    for _ in range(50):
        displacement = (rng.random(60) < 0.2).astype(float)
        theirs = np.ones(60, dtype=bool)
        bad = np.flatnonzero(displacement)
        theirs[optimize_scrub(bad, 60, 5).astype(int)] = False
        ours = rule_keeps(displacement.tolist(), fd_threshold=0.5, min_segment=5)
        assert ours == "".join("1" if kept else "0" for kept in theirs)
