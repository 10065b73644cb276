"""Fluctuations of the circuit's regions, from files to rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dataset.synthetic import table_text
from measure.bold_phantom import affine, write_bold
from measure.bold_phantom import still as still_confounds
from measure.phantom import numbers, session, write_run
from scipy.signal import butter, detrend, lombscargle, periodogram, sosfiltfilt

from corticolimbic.circuit import atlas, atlas_names
from corticolimbic.dataset import SeriesRun, scan
from corticolimbic.features import schema
from corticolimbic.measure import BANDS, MeasureSettings, measure_session

VOLUMES = 150
TIME = 2.0
NAMES = {band.measure for band in BANDS}
PLAIN = MeasureSettings(fd_threshold=None, statistics=("pearson",), circuit_edges=False)
BASE = np.random.default_rng(21).standard_normal(VOLUMES)
"""What every region of the phantom does, each as strongly as its number says."""


def by_hand(series: np.ndarray, time: float = TIME) -> dict[str, float]:
    """Return the five numbers of a series without gaps, by another program."""
    frequencies, density = periodogram(detrend(series), 1 / time, detrend=False)
    whole = (frequencies > 0) & (frequencies < 0.5 / time - 1e-9)

    def inside(low: float, high: float) -> np.ndarray:
        return (frequencies > low - 1e-9) & (frequencies < high - 1e-9)

    root = np.sqrt(density)
    return {
        "alff": root[inside(0.01, 0.1)].mean(),
        "falff": root[inside(0.01, 0.1)].sum() / root[whole].sum(),
        "slow5": root[inside(0.01, 0.027)].mean(),
        "slow4": root[inside(0.027, 0.073)].mean(),
        "power_012_020": density[inside(0.12, 0.2)].sum() * frequencies[1],
    }


def rows(found: Any) -> pd.DataFrame:
    """Return the rows of fluctuations by measure and region, checked against the schema."""
    schema("features").table(found.features)
    table = pd.DataFrame([row for row in found.features if row["measure"] in NAMES])
    return table.set_index(["measure", "target"]) if len(table) else table


def write_series(
    root: Path, columns: dict[str, np.ndarray], name: str = "baliki2012", **more: Any
) -> SeriesRun:
    values = np.column_stack(list(columns.values()))
    return write_run(root, table_text(list(columns), values), atlas=name, **more)


def measured(
    root: Path, run: SeriesRun, settings: MeasureSettings = PLAIN, time: float | None = TIME
) -> pd.DataFrame:
    parcels = {run.atlas: atlas(run.atlas)}
    return rows(measure_session(root, session(run), settings, atlases=parcels, repetition_time=time))


def four(seed: int = 4, volumes: int = VOLUMES) -> dict[str, np.ndarray]:
    values = np.random.default_rng(seed).standard_normal((volumes, 4))
    return dict(zip(atlas("baliki2012").members(), values.T, strict=True))


@pytest.mark.parametrize("name", atlas_names())
def test_every_regions_strength_arrives_under_its_own_name(tmp_path: Path, name: str) -> None:
    """Region k is 100 + k times one series: its values are the series' own times the mean k of its nodes."""
    code = numbers(atlas(name))
    order = np.random.default_rng(9).permutation(list(code)).tolist()
    table = measured(tmp_path, write_series(tmp_path, {at: 100 + code[at] * BASE for at in order}, name))
    members = atlas(name).members()
    wanted = by_hand(BASE)
    assert set(table.index) == {(measure, region) for measure in NAMES for region in members}
    assert set(table["qc"]) == {"ok"}
    for region, nodes in members.items():
        mean = np.mean([code[node] for node in nodes])
        square = np.mean([code[node] ** 2 for node in nodes])
        for measure in NAMES:
            scale = {"falff": 1.0, "power_012_020": square}.get(measure, mean)
            row = table.loc[measure, region]
            assert row["value"] == pytest.approx(scale * wanted[measure], rel=1e-3 if code else 0)
            assert row["coverage"] == 1
            assert row["n_volumes"] == VOLUMES
            assert row["dof"] == VOLUMES - 2


def test_numbers_are_those_of_another_program(tmp_path: Path) -> None:
    columns = four()
    digits = pd.DataFrame(columns).to_csv(sep="\t", index=False)
    run = write_run(tmp_path, digits, atlas="baliki2012")
    table = measured(tmp_path, run)
    for region, series in columns.items():
        for measure, value in by_hand(series).items():
            assert table.loc[measure, region]["value"] == pytest.approx(value, rel=1e-9)


def test_a_region_has_the_mean_strength_of_its_nodes_whatever_their_synchrony(tmp_path: Path) -> None:
    """Two nodes in opposite phase, one twice as strong: the mean series would say half, not three halves."""
    code = numbers(atlas("coordinates"))
    columns = {name: np.random.default_rng(code[name]).standard_normal(VOLUMES) for name in code}
    columns |= {"NAc_L": BASE, "NAc_R": -2 * BASE}
    run = write_series(tmp_path, columns, "coordinates")
    table = measured(tmp_path, run)
    for measure in ("alff", "slow5", "slow4"):
        assert table.loc[measure, "NAc"]["value"] == pytest.approx(1.5 * by_hand(BASE)[measure], rel=1e-5)
    assert table.loc["power_012_020", "NAc"]["value"] == pytest.approx(
        2.5 * by_hand(BASE)["power_012_020"], rel=1e-5
    )
    assert table.loc["falff", "NAc"]["value"] == pytest.approx(by_hand(BASE)["falff"], rel=1e-5)


@pytest.mark.parametrize(
    ("sidecar", "time"),
    [({"RepetitionTime": 0.8}, 0.8), ({"SamplingFrequency": 0.5}, 2.0), ({}, None)],
)
def test_the_repetition_time_comes_from_the_sidecar_in_seconds(
    tmp_path: Path, sidecar: dict[str, float], time: float | None
) -> None:
    columns = four(volumes=400)
    write_series(tmp_path, columns)
    written = tmp_path / "sub-01/func/sub-01_task-rest_seg-baliki2012_stat-mean_timeseries.tsv"
    written.with_suffix(".json").write_text(json.dumps(sidecar), encoding="utf-8")
    (files,) = scan(tmp_path).sessions
    found = measure_session(tmp_path, files, PLAIN, atlases={"baliki2012": atlas("baliki2012")})
    table = rows(found)
    if time is None:
        assert set(table["qc"]) == {"no repetition time"}
        assert table["value"].isna().all()
        assert len(table) == 5 * 4
        return
    for region, series in columns.items():
        for measure, value in by_hand(series, time).items():
            assert table.loc[measure, region]["value"] == pytest.approx(value, rel=1e-4)


def test_units_are_stated_and_a_table_of_series_has_none_of_its_own(tmp_path: Path) -> None:
    table = measured(tmp_path, write_series(tmp_path, four()))
    assert table.loc["alff", "mPFC"]["unit"] == "series unit/sqrt(Hz)"
    assert table.loc["falff", "mPFC"]["unit"] == "ratio"
    assert table.loc["power_012_020", "mPFC"]["unit"] == "series unit^2"
    assert table["statistic"].groupby("measure").first().to_dict() == {
        band.measure: band.statistic for band in BANDS
    }


def test_regions_without_signal_or_without_anything_but_a_trend_say_so(tmp_path: Path) -> None:
    columns = four()
    columns["NAc_R"] = np.full(VOLUMES, 3.0)
    columns["Ins_R"] = np.arange(VOLUMES, dtype=float)
    del columns["S1M1_L"]
    table = measured(tmp_path, write_series(tmp_path, columns))
    reasons = table["qc"].groupby("target").unique()
    assert reasons["NAc_R"].tolist() == ["no signal in NAc_R"]
    assert reasons["Ins_R"].tolist() == ["Ins_R: nothing is left besides trend and confounds"]
    assert reasons["S1M1_L"].tolist() == ["no column for S1M1_L"]
    assert reasons["mPFC"].tolist() == ["ok"]
    assert (table["value"].isna() == (table["qc"] != "ok")).all()


def test_too_few_volumes_and_too_long_a_repetition_time_take_their_own_bands_only(tmp_path: Path) -> None:
    run = write_series(tmp_path, {name: series[:60] for name, series in four().items()})
    short = measured(tmp_path, run)
    assert short.loc["slow5", "mPFC"]["qc"] == "too short: 2 frequencies of the band fit into 120 s"
    assert np.isfinite(short.loc["alff", "mPFC"]["value"])
    slow = measured(tmp_path, run, time=3.0)
    assert slow.loc["power_012_020", "mPFC"]["qc"] == "needs a repetition time of at most 2.5 s, not 3 s"
    assert np.isfinite(slow.loc["slow5", "mPFC"]["value"])
    near = measured(tmp_path, run, time=2.4).loc["power_012_020", "mPFC"]
    assert near["qc"] == "near Nyquist: the band ends at 96% of 0.208 Hz"
    assert np.isfinite(near["value"])


def test_after_censoring_the_spectrum_is_that_of_lomb_and_scargle(tmp_path: Path) -> None:
    columns = four()
    motion = np.where(np.random.default_rng(8).random(VOLUMES) < 0.3, 0.9, 0.1)
    motion[[0, -1]] = 0.1
    text = "\n".join(["framewise_displacement", "n/a", *map(str, motion[1:].tolist())]) + "\n"
    run = write_run(
        tmp_path, pd.DataFrame(columns).to_csv(sep="\t", index=False), atlas="baliki2012", motion=text
    )
    table = measured(tmp_path, run, PLAIN.model_copy(update={"fd_threshold": 0.5}))
    keep = motion < 0.5
    times = TIME * np.flatnonzero(keep)
    frequencies = np.arange(1, VOLUMES // 2) / (VOLUMES * TIME)
    slow = (frequencies > 0.01 - 1e-9) & (frequencies < 0.027 - 1e-9)
    for region, series in columns.items():
        left = series[keep] - np.polyval(np.polyfit(times, series[keep], 1), times)
        power = lombscargle(times, left, 2 * np.pi * frequencies) * 4 / keep.sum() * VOLUMES * TIME / 2
        assert table.loc["slow5", region]["value"] == pytest.approx(np.sqrt(power[slow]).mean(), rel=1e-6)
    assert set(table["n_volumes"]) == {keep.sum()}
    assert set(table["dof"]) == {keep.sum() - 2}
    assert all(qc.startswith("gaps: about ") for qc in table["qc"])


@pytest.mark.parametrize("censored", [False, True])
def test_series_that_were_band_limited_before_are_told_apart(tmp_path: Path, censored: bool) -> None:
    """Gaps would fill the empty frequencies again: the whole run is looked at."""
    volumes = 300
    limit = butter(8, (0.008, 0.08), "bandpass", fs=1 / TIME, output="sos")
    columns = {name: 1000 + sosfiltfilt(limit, series) for name, series in four(volumes=volumes).items()}
    motion = "\n".join(["framewise_displacement", "n/a", *(["0.1", "0.1", "0.9"] * 100)[1:]]) + "\n"
    text = table_text(list(columns), np.column_stack(list(columns.values())) * 1e6 - 1e9)
    run = write_run(tmp_path, text, atlas="baliki2012", motion=motion)
    settings = PLAIN.model_copy(update={"fd_threshold": 0.5}) if censored else PLAIN
    table = measured(tmp_path, run, settings)
    for region in columns:
        assert table.loc["power_012_020", region]["qc"].startswith("band-limited before: hardly any power at")
        assert table.loc["falff", region]["qc"].endswith("of all frequencies")
        assert table.loc[["power_012_020", "falff"]]["value"].isna().all()
        for measure in ("slow5", "slow4"):
            assert table.loc[measure, region]["qc"].partition(": ")[0] == ("gaps" if censored else "ok")
        assert np.isfinite(table.loc["slow5", region]["value"])


def test_the_setting_switches_the_rows_off_and_an_unmapped_atlas_has_none(tmp_path: Path) -> None:
    run = write_series(tmp_path, four())
    assert len(measured(tmp_path, run, PLAIN.model_copy(update={"fluctuations": False}))) == 0
    other = replace(run, atlas="mine")
    found = measure_session(tmp_path, session(other), PLAIN, atlases={"mine": None}, repetition_time=TIME)
    assert len(rows(found)) == 0


def test_definitions_say_everything_that_made_the_number(tmp_path: Path) -> None:
    run = write_series(tmp_path, four())
    found = measure_session(
        tmp_path, session(run), PLAIN, atlases={"baliki2012": atlas("baliki2012")}, repetition_time=TIME
    )
    table = rows(found)
    for band in BANDS:
        (key,) = set(table.loc[band.measure]["definition"])
        definition = found.definitions[key]
        settings = definition["settings"]
        assert definition["measure"] == band.measure
        assert definition["atlas_hash"] == atlas("baliki2012").hash
        assert settings["band_hz"] == [band.low, band.high]
        assert settings["detrend"] == "linear"
        assert settings["edges"] == "lower in, upper out"
        assert settings["over_nodes"] == "mean of values"
        assert settings["input"] == "as given: unit unknown"


# Images

SHAPE = (26, 28, 26)
PLACE = affine(np.diag([4.0, 4.0, 4.0]), (0.0, 10.0, 25.0), SHAPE)
HEAD = np.pad(np.ones([length - 2 for length in SHAPE], dtype=bool), 1)
IMAGES = MeasureSettings(atlases=("baliki2012",), statistics=("pearson",), fd_threshold=None)


def image_of(base: np.ndarray, level: float, strength: float) -> np.ndarray:
    noise = np.random.default_rng(6).standard_normal((*SHAPE, 1))
    return level * (1 + 0.1 * noise) * (1 + strength * base)


def bold_rows(root: Path, values: np.ndarray, strategy: str, **more: Any) -> pd.DataFrame:
    settings = IMAGES.model_copy(update={"strategy": strategy, **more})
    table = still_confounds(values.shape[3])
    run = write_bold(root, values, PLACE, mask=HEAD, table=table, encoding="float64")
    found = measure_session(root, session(run), settings)
    assert [item.code for item in found.problems if item.severity == "failed"] == []
    return rows(found)


@pytest.mark.parametrize("level", [200.0, 15000.0])
def test_images_are_measured_in_percent_of_the_mean_whatever_the_scanners_unit(
    tmp_path: Path, level: float
) -> None:
    table = bold_rows(tmp_path, image_of(BASE, level, 0.01), "none")
    base = 100 * 0.01 * BASE / (1 + 0.01 * BASE.mean())
    for measure, value in by_hand(base).items():
        for region in atlas("baliki2012").members():
            row = table.loc[measure, region]
            assert row["value"] == pytest.approx(value, rel=1e-6)
            assert row["qc"] == "ok"
            assert row["n_voxels"] > 0
    assert table.loc["slow5", "NAc_R"]["unit"] == "%/sqrt(Hz)"
    assert table.loc["power_012_020", "NAc_R"]["unit"] == "%^2"


@pytest.mark.parametrize("strategy", ["simple", "compcor", "scrubbing"])
def test_confounds_are_removed_but_slow_cosines_are_not(tmp_path: Path, strategy: str) -> None:
    from nilearn.interfaces.fmriprep import load_confounds_strategy

    time = np.arange(VOLUMES)
    slow = np.cos(3 * np.pi * (time + 0.5) / VOLUMES)  # one of the cosines
    base = BASE + 5 * slow
    table = bold_rows(tmp_path, image_of(base, 1000.0, 0.005), strategy)
    (image,) = (tmp_path / "sub-01/func").glob("*_bold.nii.gz")
    regressors, sample = load_confounds_strategy(str(image), denoise_strategy=strategy)
    assert sample is None or len(sample) == VOLUMES
    fast = [name for name in regressors if not name.startswith("cosine")]
    assert len(fast) == regressors.shape[1] - 3
    design = np.column_stack([np.ones(VOLUMES), time, regressors[fast]])
    design /= np.linalg.norm(design, axis=0)  # squares of small movements would fall below lstsq's cut-off
    signal = 1 + 0.005 * base
    left = signal - design @ np.linalg.lstsq(design, signal, rcond=None)[0]
    for measure, value in by_hand(100 * left / signal.mean()).items():
        assert table.loc[measure, "mPFC"]["value"] == pytest.approx(value, rel=1e-6)
    assert set(table["dof"]) == {VOLUMES - 2 - len(fast)}
    (definition,) = set(table.loc["slow5"]["definition"])
    assert definition.startswith("slow5-")


def test_images_without_their_mean_have_no_percentage(tmp_path: Path) -> None:
    values = image_of(BASE, 1000.0, 0.01)
    values -= values.mean(axis=3, keepdims=True)
    table = bold_rows(tmp_path, values, "none", usable_signal=0.0)
    assert {qc.partition(": ")[2] for qc in table["qc"]} == {
        "no percentage of a mean signal that is not above its own spread"
    }
    assert table["value"].isna().all()


GOLDEN = {
    "alff": 24.1861899219,
    "falff": 0.447506931377,
    "slow5": 33.5367558155,
    "slow4": 21.8030883801,
    "power_012_020": 26.761115932,
}
GOLDEN_CENSORED = {
    "alff": 27.1229604735,
    "falff": 0.430833375531,
    "slow5": 34.1159922445,
    "slow4": 27.4287090536,
    "power_012_020": 39.5335337028,
}


def test_golden_values_stand_or_the_algorithm_number_is_bumped(tmp_path: Path) -> None:
    """See test_definitions: whole numbers, so that every platform writes the same file."""
    volumes = np.arange(100)[:, None]
    steps = np.array([[7, 11, 13, 17]]) * (volumes + 3) % np.array([[29, 23, 31, 19]])
    values = (steps + (volumes**2) % 37).astype(float)
    columns = dict(zip(atlas("baliki2012").members(), values.T, strict=True))
    motion = "\n".join(["framewise_displacement", "n/a", *(f"0.{at % 7}" for at in range(1, 100))]) + "\n"
    run = write_series(tmp_path, columns, motion=motion)
    for threshold, wanted in ((None, GOLDEN), (0.5, GOLDEN_CENSORED)):
        table = measured(tmp_path, run, PLAIN.model_copy(update={"fd_threshold": threshold}))
        found = {measure: table.loc[measure, "NAc_R"]["value"] for measure in wanted}
        assert found == pytest.approx(wanted, abs=1e-9), "see the message in test_definitions"
