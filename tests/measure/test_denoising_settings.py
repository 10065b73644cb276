"""What the settings of denoising take, how they are refused, and how runs say what was done to them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from corticolimbic.foundation import SettingsError
from corticolimbic.measure import MeasureSettings
from corticolimbic.measure._denoised import censoring_how, filter_how, strategy_label


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("band_hz", [0.1, 0.01], "lowest first"),
        ("band_hz", [0.1, 0.1], "below the second"),
        ("band_hz", [None, None], "write null"),
        ("band_hz", [0, 0.1], "above 0 Hz"),
        ("band_hz", [-0.01, None], "above 0 Hz"),
        ("band_hz", [0.01], "measure.band_hz"),
        ("band_hz", [0.01, float("nan")], "finite"),
        ("band_hz", ["slow", "fast"], "slow"),
        ("dvars_threshold", 0, "greater than 0"),
        ("censor_before", -1, "greater than or equal to 0"),
        ("censor_after", 1.5, "integer"),
        ("min_segment", -2, "greater than or equal to 0"),
        ("dummy_scans", -1, "greater than or equal to 0"),
        ("nuisance_regions", ["WM", "WM"], "twice"),
        ("nuisance_regions", [" "], "empty"),
        ("strategy", "36p", "36P"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(name: str, value: Any, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        MeasureSettings.from_mapping({name: value}, source="measure")
    assert name in str(caught.value)
    assert words.removeprefix("measure.") in str(caught.value)


@pytest.mark.parametrize("band", [[0.01, 0.1], [None, 0.1], [0.01, None], None])
def test_bands_as_they_stand_in_a_file(band: list[float | None] | None) -> None:
    settings = MeasureSettings.from_mapping({"band_hz": band})
    assert settings.band_hz == (tuple(band) if band is not None else None)
    assert MeasureSettings.from_mapping(settings.plain()) == settings


DIFFERENT: list[dict[str, Any]] = [
    {},
    {"fd_threshold": None},
    {"fd_threshold": 0.2},
    {"dvars_threshold": 1.5},
    {"censor_before": 1},
    {"censor_after": 1},
    {"censor_before": 1, "censor_after": 2},
    {"min_segment": 5},
    {"dummy_scans": 0},
    {"dummy_scans": 4},
    {"band_hz": (0.01, 0.1)},
    {"band_hz": (0.01, None)},
    {"band_hz": (None, 0.1)},
    {"band_hz": (0.009, 0.08), "dummy_scans": 4, "min_segment": 5},
]


def test_different_denoisings_have_different_labels_and_definitions() -> None:
    found = []
    for values in DIFFERENT:
        settings = MeasureSettings(**values)
        how = censoring_how(settings) | filter_how(settings, drifts=True)
        found.append((strategy_label("simple", settings), {"fd": settings.fd_threshold, **how}))
    for (label, how), (other, instead) in itertools.combinations(found, 2):
        assert label != other
        assert how != instead


def test_labels_and_definitions_of_the_default_are_what_they_were() -> None:
    settings = MeasureSettings()
    assert strategy_label("simple", settings) == "simple, FD <= 0.5 mm"
    assert censoring_how(settings) == {}
    assert filter_how(settings, drifts=True) == {}


def test_a_label_says_it_all() -> None:
    settings = MeasureSettings(
        fd_threshold=0.2,
        dvars_threshold=1.5,
        censor_before=1,
        censor_after=2,
        min_segment=5,
        dummy_scans=4,
        band_hz=(0.01, 0.1),
    )
    assert strategy_label("36P", settings) == (
        "36P, FD <= 0.2 mm, DVARS <= 1.5, neighbours -1 +2, segments >= 5, first 4 dropped, 0.01-0.1 Hz"
    )


@pytest.mark.parametrize(
    ("band", "left_out"),
    [((1 / 128, 0.1), True), ((0.01, None), True), ((0.005, 0.1), False), ((None, 0.1), False)],
)
def test_cosines_are_left_out_where_the_band_begins_above_them(
    band: tuple[float | None, float | None], left_out: bool
) -> None:
    settings = MeasureSettings(band_hz=band)
    assert ("drift_cosines" in filter_how(settings, drifts=True)["filter"]) == left_out
    assert "drift_cosines" not in filter_how(settings, drifts=False)["filter"]
