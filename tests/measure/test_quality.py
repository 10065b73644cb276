"""Quality of runs: the share of the global signal, the rules, and the grades that they give."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic import table_text
from measure.phantom import session, write_run

from corticolimbic.circuit import atlas
from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError
from corticolimbic.measure import (
    Measured,
    MeasuredSession,
    MeasureSettings,
    global_signal_share,
    grade,
    measure_session,
    rules,
    standardise,
)
from corticolimbic.measure._measured_run import MeasuredRun
from corticolimbic.measure._quality_rows import store_grade

PLAIN = MeasureSettings(fd_threshold=0.5, statistics=("pearson",), fluctuations=False, circuit_edges=False)
KINDS = ("max_fd", "tsnr", "coverage", "global_signal_share", "quality")


def share(values: np.ndarray) -> float:
    return global_signal_share(*standardise(values))


def test_the_global_share_is_that_of_regressions_on_the_mean_of_the_others() -> None:
    rng = np.random.default_rng(8)
    values = rng.standard_normal((120, 9)) + 0.8 * rng.standard_normal((120, 1)) * np.linspace(-1, 2, 9)
    values[:, 4] = 3.0  # constant: no series
    series, usable = standardise(values)
    wanted = []
    for at in np.flatnonzero(usable):
        others = series[:, [other for other in np.flatnonzero(usable) if other != at]].mean(axis=1)
        fit = np.polynomial.polynomial.polyfit(others, series[:, at], 1)
        wanted.append(1 - np.var(series[:, at] - fit[0] - fit[1] * others))
    assert share(values) == pytest.approx(np.mean(wanted), rel=1e-9)


def test_the_global_share_of_known_mixtures() -> None:
    """Of one signal with share s in each of n nodes: (n - 1) s^2 / (1 + (n - 2) s)."""
    rng = np.random.default_rng(9)
    n, volumes = 50, 20_000
    common, own = rng.standard_normal((volumes, 1)), rng.standard_normal((volumes, n))
    for s in (0.0, 0.2, 0.5, 1.0):
        found = share(np.sqrt(s) * common + np.sqrt(1 - s) * own)
        assert found == pytest.approx((n - 1) * s**2 / (1 + (n - 2) * s), abs=0.01)


def test_too_few_nodes_have_no_global_signal() -> None:
    assert math.isnan(share(np.zeros((20, 4))))
    assert math.isnan(share(np.random.default_rng(1).standard_normal((20, 1))))
    assert math.isnan(share(np.zeros((0, 4))))
    opposite = np.random.default_rng(1).standard_normal((20, 1)) * np.array([1.0, -1.0])
    assert share(opposite) == pytest.approx(1.0)


def test_every_rule_says_where_its_limits_come_from() -> None:
    assert len(rules()) >= 8
    for rule in rules():
        assert rule.source
        assert rule.side in {"above", "below"}
        assert math.isfinite(rule.amber) or math.isfinite(rule.red)
        if math.isfinite(rule.amber) and math.isfinite(rule.red):
            assert (rule.red > rule.amber) == (rule.side == "above"), "red is worse than amber"


def test_limits_fire_beyond_them_and_not_on_them() -> None:
    rule = {rule.name: rule for rule in rules()}
    assert [rule["mean_fd"].grade(value) for value in (0.1, 0.25, 0.26, 0.55, 0.56)] == [0, 0, 1, 1, 2]
    assert [rule["dof"].grade(value) for value in (31.0, 30.0, 29.0, 15.0, 14.0)] == [0, 0, 1, 1, 2]
    assert rule["mean_fd"].grade(math.nan) == 0
    assert rule["max_fd"].grade(1e9) == 1, "no red limit"


def test_the_worst_rule_gives_the_grade_and_every_rule_that_fired_is_named() -> None:
    found = grade(
        rules(),
        {"mean_fd": Measured(0.3), "region_tsnr": Measured(4.2, "NAc"), "dof": Measured(8.0)},
    )
    assert found.value == 2
    assert found.qc == (
        "red: dof 8 below 15; amber: mean_fd 0.3 above 0.25 mm; amber: region_tsnr 4.2 (NAc) below 15"
    )
    assert grade(rules(), {}).qc == "ok"
    assert grade(rules(), {}).value == 0


def test_limits_can_be_set_and_unset_by_name() -> None:
    own = rules({"mean_fd": (None, 0.1), "max_fd": (None, None)})
    assert [rule.name for rule in own] == [rule.name for rule in rules()]
    assert grade(own, {"mean_fd": Measured(0.2), "max_fd": Measured(50.0)}).qc == (
        "red: mean_fd 0.2 above 0.1 mm"
    )


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ([{"rule": "mean-fd", "amber": 1}], "no such rule"),
        ([{"rule": "dof", "amber": 1}, {"rule": "dof", "red": 1}], "stands twice"),
        ([{"rule": "dof", "amber": "high"}], "number"),
    ],
)
def test_limits_that_cannot_be_used_are_refused(limits: list, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        MeasureSettings.from_mapping({"quality_limits": limits})


def measured(root: Path, values: np.ndarray, displacement: list[str], **update: object) -> MeasuredSession:
    names = list(atlas("coordinates").members()) if values.shape[1] > 50 else None
    names = [node.name for node in atlas("coordinates").nodes][: values.shape[1]] if names is None else names
    motion = "\n".join(["framewise_displacement", "n/a", *displacement]) + "\n"
    run = write_run(root, table_text(names, values), atlas="coordinates", motion=motion)
    settings = PLAIN.model_copy(update=update)
    return measure_session(root, session(run), settings, atlases={"coordinates": atlas("coordinates")})


def noise(volumes: int = 100) -> np.ndarray:
    return np.random.default_rng(4).standard_normal((volumes, len(atlas("coordinates").nodes)))


def value(found: MeasuredSession, measure: str, target: str = "WholeBrain") -> dict:
    (row,) = (row for row in found.features if (row["measure"], row["target"]) == (measure, target))
    return row


def test_a_quiet_run_is_green_and_its_rows_hold_to_the_schema(tmp_path: Path) -> None:
    found = measured(tmp_path, noise(), ["0.1"] * 98 + ["0.4"])
    table = schema("features").table(found.features)
    assert len(table[table["measure"] == "quality"]) == 1
    row = value(found, "quality")
    assert (row["value"], row["qc"], row["unit"]) == (0.0, "ok", "grade")
    assert value(found, "max_fd")["value"] == pytest.approx(0.4)
    assert value(found, "global_signal_share")["value"] < 0.05
    assert {row["target"] for row in found.features if row["measure"] == "coverage"} >= {"NAc", "Hip", "PAG"}
    assert value(found, "coverage", "NAc")["value"] == 1
    assert not [row for row in found.features if row["measure"] == "tsnr"], "series do not tell"


def test_grades_flag_and_never_drop(tmp_path: Path) -> None:
    values = noise()
    values[:, [9, 10]] = 0.0  # both sides of NAc
    jumps = ["0.1"] * 60 + ["0.8"] * 38 + ["7.0"]
    found = measured(tmp_path, values, jumps)
    row = value(found, "quality")
    assert row["value"] == 1
    for name in ("mean_fd 0.", "max_fd 7 above 5 mm", "censored_share 0.39", "region_coverage 0 (NAc)"):
        assert name in row["qc"]
    assert "red:" not in row["qc"]
    assert found.n_runs == 1
    assert found.matrices
    assert value(found, "coverage", "NAc")["qc"] == "no signal in NAc"
    assert value(found, "coverage", "Amy")["qc"] == "ok"


def test_a_run_that_is_refused_is_red_with_the_rule_and_keeps_what_is_known(tmp_path: Path) -> None:
    found = measured(tmp_path, noise(40), ["0.1"] * 9 + ["2.0"] * 30)
    assert found.n_runs == 0
    row = value(found, "quality")
    assert row["value"] == 2
    assert "red: dof 9 below 15" in row["qc"]
    assert value(found, "max_fd")["value"] == 2
    shared = value(found, "global_signal_share")
    assert math.isnan(shared["value"])
    assert "refused" in shared["qc"]


def test_without_motion_nothing_is_claimed_of_it(tmp_path: Path) -> None:
    run = write_run(tmp_path, table_text(["a", "b", "c"], noise()[:, :3]), atlas="mine")
    settings = PLAIN.model_copy(update={"fd_threshold": None})
    found = measure_session(tmp_path, session(run), settings, atlases={"mine": None})
    row = value(found, "max_fd")
    assert math.isnan(row["value"])
    assert row["qc"] == "no framewise displacement"
    assert value(found, "quality")["value"] == 0
    assert not [row for row in found.features if row["measure"] == "coverage"], "no map onto the circuit"


def image_run(tsnr: np.ndarray, voxels: np.ndarray, brain: float) -> MeasuredRun:
    """Return a run as images give it, with this signal-to-noise ratio of each node."""
    parcels = atlas("coordinates")
    values = noise()
    series, usable = standardise(values)
    key = dict.fromkeys(("participant_id", "session_id", "task", "run", "acq", "space", "strategy"), "x")
    return MeasuredRun(
        key={**key, "atlas": parcels.name},
        file="x",
        nodes=tuple(node.name for node in parcels.nodes),
        series=series,
        usable=usable,
        coverage=np.ones(len(usable)),
        atlas=parcels,
        n_before=100,
        rank=1,
        mean_fd=0.1,
        inputs="",
        n_voxels=voxels,
        max_fd=0.2,
        tsnr=tsnr,
        brain_tsnr=brain,
    )


def test_a_regions_signal_to_noise_ratio_is_its_voxels_mean(tmp_path: Path) -> None:
    n = len(atlas("coordinates").nodes)
    tsnr, voxels = np.full(n, 60.0), np.full(n, 10)
    at = {node.name: place for place, node in enumerate(atlas("coordinates").nodes)}
    tsnr[at["NAc_L"]], voxels[at["NAc_L"]] = 8.0, 30
    tsnr[at["NAc_R"]] = 20.0
    tsnr[at["PAG"]], voxels[at["PAG"]] = np.nan, 0
    tables = MeasuredSession()
    store_grade(image_run(tsnr, voxels, 55.0), PLAIN, tables, refused="")
    row = value(tables, "tsnr", "NAc")
    assert (row["value"], row["n_voxels"], row["unit"]) == (
        pytest.approx((30 * 8 + 10 * 20) / 40),
        40,
        "ratio",
    )
    assert value(tables, "tsnr", "Amy")["value"] == 60
    assert math.isnan(value(tables, "tsnr", "PAG")["value"])
    assert value(tables, "tsnr", "PAG")["qc"] == "no voxel in PAG"
    assert value(tables, "tsnr")["value"] == 55
    assert value(tables, "quality")["qc"] == "amber: region_tsnr 11 (NAc) below 15"
    schema("features").table(tables.features)
    bad = MeasuredSession()
    store_grade(replace(image_run(tsnr, voxels, 9.0)), PLAIN, bad, refused="")
    assert value(bad, "quality")["value"] == 2
    assert value(bad, "quality")["qc"].startswith("red: brain_tsnr 9 below 10; ")
