"""Denoising in time against nilearn's ``signal.clean``, against waves whose gain is known, and by itself."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nilearn.signal import clean
from scipy.interpolate import CubicSpline

from corticolimbic.foundation import InputError
from corticolimbic.measure import Cleaning, cleaning, regress_out, share_in_band

TR = 1.5
VOLUMES = 160
BANDS = {"none": None, "both": (0.01, 0.1), "high only": (0.01, None), "low only": (None, 0.1)}
DROPPED = {
    "nothing": [],
    "inside": [20, 21, 22, 50, 90, 91, 150],
    "first": [0, 1, 2, 30, 31],
    "last": [40, 157, 158, 159],
    "both edges": [0, 1, 2, 3, 60, 61, 158, 159],
    "mirrored inside": [30, 129, 79, 80, 81],
}


def drifting(seed: int, columns: int, volumes: int = VOLUMES) -> np.ndarray:
    """Return series around 1000 with drift, waves and noise."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal((volumes, columns)), axis=0)
    return 1000 + walk * rng.uniform(0.1, 5, columns) + 3 * rng.standard_normal((volumes, columns))


def kept(dropped: list[int], volumes: int = VOLUMES) -> np.ndarray:
    keep = np.ones(volumes, dtype=bool)
    keep[dropped] = False
    return keep


def by_nilearn(
    values: np.ndarray,
    confounds: np.ndarray | None,
    keep: np.ndarray,
    band: tuple[float | None, float | None] | None,
    *,
    detrend: bool,
    filled: bool,
) -> np.ndarray:
    """Clean by nilearn; ``filled`` hands it series whose dropped volumes hold the spline already."""
    low, high = band or (None, None)
    tables = [values.copy(), None if confounds is None else confounds.copy()]
    sample = np.flatnonzero(keep)
    if filled:
        span = np.arange(sample[0], sample[-1] + 1)
        for at, table in enumerate(tables):
            if table is not None:
                tables[at] = CubicSpline(sample * TR, table[sample])(span * TR)
                tables[at][sample - sample[0]] = table[sample]
        sample = sample - sample[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clean(
            tables[0],
            confounds=tables[1],
            detrend=detrend,
            standardize=None,
            filter="butterworth" if band else False,
            high_pass=low,
            low_pass=high,
            t_r=TR,
            sample_mask=None if len(sample) == len(tables[0]) else sample,
            extrapolate=False,
        )


@pytest.mark.parametrize("detrend", [True, False])
@pytest.mark.parametrize("n_confounds", [0, 9])
@pytest.mark.parametrize("dropped", DROPPED)
@pytest.mark.parametrize("band", BANDS)
def test_series_equal_nilearns(band: str, dropped: str, n_confounds: int, detrend: bool) -> None:
    """Where nilearn interpolates every dropped volume it is asked directly, else with the spline made."""
    bounds, keep = BANDS[band], kept(DROPPED[dropped])
    values, confounds = drifting(1, 12), drifting(2, n_confounds)
    found = cleaning(confounds, keep, repetition_time=TR, band=bounds, detrend=detrend)
    asked = confounds if n_confounds else None
    straight = detrend and bounds is not None
    if detrend and bounds is None:  # a trend over time is a confound like any other
        asked = np.column_stack([confounds, np.arange(VOLUMES, dtype=float)])
    filled = dropped in {"both edges", "mirrored inside"} and bounds is not None
    wanted = by_nilearn(values, asked, keep, bounds, detrend=straight, filled=filled)
    np.testing.assert_allclose(found.apply(values), wanted, atol=1e-10 * 1000, rtol=0)
    ours, theirs = (item - item.mean(axis=0) for item in (found.apply(values), wanted))
    np.testing.assert_allclose(ours, theirs, atol=1e-10 * np.abs(theirs).max(), rtol=0)
    by_matrix = found.operator @ values
    np.testing.assert_allclose(by_matrix, ours, atol=1e-10 * np.abs(theirs).max(), rtol=0)


def test_nilearn_leaves_dropped_volumes_in_where_their_mirror_image_was_dropped_too() -> None:
    """Why the oracle is handed filled series there; this test falls when nilearn is mended."""
    values, keep = drifting(1, 4), kept(DROPPED["mirrored inside"])
    values[~keep] += 500.0
    direct = by_nilearn(values, None, keep, BANDS["both"], detrend=True, filled=False)
    filled = by_nilearn(values, None, keep, BANDS["both"], detrend=True, filled=True)
    assert np.abs(direct - filled).max() > 1
    found = cleaning(np.zeros((VOLUMES, 0)), keep, repetition_time=TR, band=BANDS["both"]).apply(values)
    np.testing.assert_allclose(found, filled, atol=1e-9)


@pytest.mark.parametrize("dropped", DROPPED)
@pytest.mark.parametrize("band", BANDS)
def test_what_stands_in_dropped_volumes_does_not_matter(band: str, dropped: str) -> None:
    keep = kept(DROPPED[dropped])
    values, confounds = drifting(3, 5), drifting(4, 6)
    plain = cleaning(confounds, keep, repetition_time=TR, band=BANDS[band]).apply(values)
    values[~keep], confounds[~keep] = np.nan, np.inf
    found = cleaning(confounds, keep, repetition_time=TR, band=BANDS[band])
    np.testing.assert_array_equal(found.apply(values), plain)
    assert (found.operator[:, ~keep] == 0).all()
    assert found.operator.shape == (int(keep.sum()), VOLUMES)


def test_without_a_band_it_is_the_regression_as_it_was() -> None:
    keep = kept(DROPPED["inside"])
    values, confounds = drifting(5, 7), drifting(6, 8)
    wanted, rank = regress_out(values[keep], confounds[keep])
    found = cleaning(confounds, keep)
    np.testing.assert_array_equal(found.apply(values), wanted)
    assert (found.rank, found.dof) == (rank, keep.sum() - rank)
    assert found.arithmetic == "160 volumes - 7 censored - 9 regressors = 144 degrees of freedom"


def gain(frequency: float, low: float, high: float) -> float:
    """Return what a Butterworth filter of order 5 by the bilinear transform, run twice, leaves of a wave."""
    at, first, last = (np.tan(np.pi * hertz * TR) for hertz in (frequency, low, high))
    return float(1 / (1 + ((at**2 - first * last) / (at * (last - first))) ** 10))


@pytest.mark.parametrize("frequency", [0.002, 0.009, 0.01, 0.03, 0.06, 0.09, 0.1, 0.12, 0.2, 0.3])
def test_waves_pass_or_are_stopped_as_the_formula_says(frequency: float) -> None:
    volumes = 1200
    time = np.arange(volumes) * TR
    wave = np.sin(2 * np.pi * frequency * time + 0.4)[:, None]
    keep = np.ones(volumes, dtype=bool)
    found = cleaning(np.zeros((volumes, 0)), keep, repetition_time=TR, band=(0.01, 0.1)).apply(500 + wave)
    middle = slice(400, 800)
    np.testing.assert_allclose(found[middle], gain(frequency, 0.01, 0.1) * wave[middle], atol=2e-3)


def test_cleaned_series_carry_nothing_of_the_filtered_confounds() -> None:
    keep = kept(DROPPED["inside"])
    values, confounds = drifting(7, 20), drifting(8, 10)
    confounds *= 10.0 ** np.arange(-5, 5)
    values += confounds @ np.random.default_rng(9).standard_normal((10, 20))
    for band in BANDS.values():
        found = cleaning(confounds, keep, repetition_time=TR, band=band)
        cleaned = found.apply(values)
        cleaned -= cleaned.mean(axis=0)
        np.testing.assert_allclose(found.basis.T @ cleaned, 0, atol=1e-10 * np.abs(values).max())
        np.testing.assert_allclose(found.basis.T @ found.basis, np.eye(10), atol=1e-12)


def test_long_gaps_let_the_spline_swing_and_are_told() -> None:
    """The spread of white noise beside a gap, as a multiple of that far from it."""
    rng = np.random.default_rng(17)
    values = rng.standard_normal((400, 200))
    spread = {}
    for gap in (0, 5, 10, 20):
        keep = kept(list(range(200, 200 + gap)), 400)
        found = cleaning(np.zeros((400, 0)), keep, repetition_time=2.0, band=(0.01, 0.1))
        deviation = found.apply(values).std(axis=1)
        spread[gap] = deviation[190:210].max() / deviation[40:150].mean()
        assert bool(found.doubt) == (gap >= 10)
        assert not cleaning(np.zeros((400, 0)), keep, repetition_time=2.0).doubt
    assert found.doubt == "20 volumes (40 s) dropped in a row"
    assert spread[0] < 1.2
    assert spread[5] < 1.6
    assert spread[10] > 2
    assert spread[20] > 4.5


def test_huge_and_tiny_units_are_cleaned_alike() -> None:
    keep = kept(DROPPED["inside"])
    values, confounds = drifting(18, 3), drifting(19, 5)
    for band in BANDS.values():
        found = cleaning(confounds, keep, repetition_time=TR, band=band)
        plain = found.apply(values)
        for power in (-700, 900):
            np.testing.assert_array_equal(found.apply(np.ldexp(values, power)), np.ldexp(plain, power))


@pytest.mark.parametrize("band", BANDS)
def test_constant_and_repeated_confounds_change_nothing(band: str) -> None:
    keep = kept(DROPPED["first"])
    values, own = drifting(10, 5), drifting(11, 4)
    useless = np.column_stack([np.full(VOLUMES, 1e4), own[:, 0], 7 - 2 * own[:, 1], np.zeros(VOLUMES)])
    plain = cleaning(own, keep, repetition_time=TR, band=BANDS[band])
    found = cleaning(np.column_stack([useless, own]), keep, repetition_time=TR, band=BANDS[band])
    assert found.rank == plain.rank
    np.testing.assert_allclose(found.apply(values), plain.apply(values), atol=1e-8)


def test_a_confound_that_the_filter_takes_away_takes_no_degree_of_freedom() -> None:
    trend = np.linspace(-3, 900, VOLUMES)[:, None]
    keep = np.ones(VOLUMES, dtype=bool)
    assert cleaning(trend, keep, repetition_time=TR, band=(0.01, 0.1)).rank == 0
    assert cleaning(trend, keep, repetition_time=TR, band=(None, 0.1)).rank == 2  # intercept and trend
    assert cleaning(trend, keep).rank == 2


@pytest.mark.parametrize("band", BANDS)
def test_explained_constant_and_missing_series(band: str) -> None:
    keep = kept(DROPPED["inside"])
    confounds = drifting(12, 3)
    values = np.column_stack(
        [confounds @ [1.0, -2.0, 0.3], np.full(VOLUMES, 0.1), np.full(VOLUMES, np.nan), drifting(13, 1)[:, 0]]
    )
    values = np.column_stack([values, values[:, 3]])
    values[5, 4] = np.nan
    found = cleaning(confounds, keep, repetition_time=TR, band=BANDS[band]).apply(values)
    for column in (0, 1):
        np.testing.assert_array_equal(found[:, column], found[0, column])
    assert np.isnan(found[:, [2, 4]]).all()
    assert found[:, 3].std() > 0


def test_the_required_example_of_degrees_of_freedom() -> None:
    """300 volumes at TR 0.8 s, 36 regressors, 0.01-0.1 Hz: 22 waves of two degrees each, less 36."""
    confounds = np.random.default_rng(14).standard_normal((300, 36))
    found = cleaning(confounds, np.ones(300, dtype=bool), repetition_time=0.8, band=(0.01, 0.1))
    assert found.rank == 36
    assert found.dof == pytest.approx(8)
    assert found.arithmetic == (
        "300 volumes - 0 censored = 300; 14.7% of them for 0.01-0.1 Hz at a repetition time of 0.8 s = 44; "
        "44 - 36 regressors = 8 degrees of freedom"
    )


@pytest.mark.parametrize("volumes", [1, 2, 7, 100, 101, 300])
def test_shares_of_neighbouring_bands_add_up(volumes: int) -> None:
    edges = [None, 0.0123, 0.0501, 0.11, 0.27, None]
    parts = [share_in_band(volumes, TR, pair) for pair in itertools.pairwise(edges)]
    assert sum(parts) == pytest.approx(1)
    assert share_in_band(volumes, TR, (None, None)) == pytest.approx(1)
    assert share_in_band(2000, 0.8, (0.01, 0.1)) == pytest.approx(2 * 0.8 * 0.09, rel=0.01)
    assert share_in_band(0, TR, (0.01, 0.1)) == 0


def test_white_noise_has_a_tenth_fewer_degrees_left_than_are_counted() -> None:
    """The variance of correlations is one over the degrees of freedom; a Butterworth filter's edge is soft.

    For white noise they are (tr M)^2 / tr(M^2) of the operator's product with itself, which a simulation
    confirms; the count of waves and regressors, which is what people can follow, lies within a tenth above.
    """
    rng = np.random.default_rng(15)
    keep = kept([40, 41, 100, 200, 201, 202], 300)
    found = cleaning(rng.standard_normal((300, 12)), keep, repetition_time=2.0, band=(0.01, 0.1))
    product = found.operator @ found.operator.T
    exact = np.trace(product) ** 2 / (product**2).sum()
    series = found.apply(rng.standard_normal((300, 500)))
    series = series / np.linalg.norm(series, axis=0)
    correlations = (series.T @ series)[np.triu_indices(500, 1)]
    assert 1 / correlations.var() == pytest.approx(exact, rel=0.02)
    assert 0.88 < exact / found.dof < 1


@given(
    st.integers(0, 40),
    st.integers(0, 12),
    st.sampled_from(list(BANDS.values())),
    st.booleans(),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_any_run_is_cleaned_or_has_nothing_left(
    volumes: int, columns: int, band: tuple[float | None, float | None] | None, detrend: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    keep = rng.random(volumes) < rng.choice([0.1, 0.5, 0.9, 1.0])
    found: Cleaning = cleaning(
        rng.standard_normal((volumes, columns)), keep, repetition_time=2.0, band=band, detrend=detrend
    )
    values = rng.standard_normal((volumes, 3))
    cleaned = found.apply(values)
    assert cleaned.shape == (keep.sum(), 3)
    assert found.operator.shape == (keep.sum(), volumes)
    assert np.isfinite(cleaned).all()
    assert found.dof <= keep.sum()
    if keep.sum() < 2:
        assert found.dof < 1
        np.testing.assert_array_equal(cleaned, np.broadcast_to(cleaned[:1], cleaned.shape))


@pytest.mark.parametrize(
    ("band", "repetition_time", "code", "words"),
    [
        ((0.01, 0.25), 2.0, "CL242", "0.25 Hz"),
        ((0.01, 0.3), 2.0, "CL242", "frequencies below 0.25 Hz"),
        ((0.4, None), 2.0, "CL242", "0.4 Hz"),
        ((0.01, 0.1), None, "CL241", "0.01-0.1 Hz asked for"),
    ],
)
def test_a_band_that_a_run_cannot_have_is_refused(
    band: tuple[float | None, float | None], repetition_time: float | None, code: str, words: str
) -> None:
    with pytest.raises(InputError, match=code) as caught:
        cleaning(
            np.zeros((90, 0)), np.ones(90, dtype=bool), repetition_time=repetition_time, band=band, file="x"
        )
    assert words in caught.value.problem.found
    assert caught.value.problem.file == "x"
    assert caught.value.problem.remedy


def test_a_confound_that_is_not_finite_where_it_counts_is_a_programming_error() -> None:
    confounds = drifting(16, 2)
    confounds[7, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        cleaning(confounds, np.ones(VOLUMES, dtype=bool))
    assert cleaning(confounds, kept([7])).rank == 3
