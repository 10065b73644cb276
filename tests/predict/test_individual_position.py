"""One person against controls: by direct formulas, by coverage, and left out where a control."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from corticolimbic.predict import position
from corticolimbic.predict._individual_features import adjustment
from corticolimbic.stats import ModelError


def test_without_covariates_it_is_crawford_and_howell() -> None:
    controls = np.random.default_rng(4).normal(100, 15, 24)
    found = position(72.0, np.ones(1), controls, np.ones((24, 1)))
    mean, sd = controls.mean(), controls.std(ddof=1)
    assert found.z == pytest.approx((72 - mean) / sd)
    t = (72 - mean) / (sd * np.sqrt(25 / 24))
    assert found.percentile == pytest.approx(100 * stats.t.cdf(t, 23))
    # The interval's ends are the distances at which the t that was seen is at 97.5 % and 2.5 %.
    seen = found.z * np.sqrt(24)
    for end, share in ((found.z_low, 0.975), (found.z_high, 0.025)):
        assert stats.nct.sf(-seen, 23, -end * np.sqrt(24)) == pytest.approx(share, abs=1e-6)
    assert found.percentile_low == pytest.approx(100 * stats.norm.cdf(found.z_low))


def test_the_percentile_is_that_of_the_two_sample_t_of_one_against_many() -> None:
    controls = np.random.default_rng(5).normal(0, 1, 15)
    found = position(1.3, np.ones(1), controls, np.ones((15, 1)))
    assert found.percentile == pytest.approx(
        100 * (1 - stats.ttest_ind([1.3], controls, alternative="greater").pvalue)
    )


def test_with_covariates_it_is_the_prediction_of_statsmodels() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(6)
    matrix = np.column_stack([np.ones(40), rng.normal(size=40), rng.integers(0, 2, 40)])
    controls = matrix @ [1.0, 0.5, -0.7] + rng.normal(size=40)
    row = np.array([1.0, 1.2, 1.0])
    found = position(3.1, row, controls, matrix)
    fitted = sm.OLS(controls, matrix).fit()
    told = fitted.get_prediction(row[None, :])
    assert found.expected == pytest.approx(told.predicted_mean[0])
    assert found.sd == pytest.approx(np.sqrt(fitted.scale))
    t = (3.1 - told.predicted_mean[0]) / told.se_obs[0]
    assert found.percentile == pytest.approx(100 * stats.t.cdf(t, 37))


@pytest.mark.slow
def test_the_interval_covers_the_true_distance() -> None:
    """Seed and band (binomial 99 %, 2,000 people) chosen before the first run."""
    rng = np.random.default_rng(20261125)
    hits = 0
    for _ in range(2000):
        matrix = np.column_stack([np.ones(22), rng.normal(size=22)])
        controls = matrix @ [2.0, -1.0] + 3 * rng.normal(size=22)
        truth = rng.uniform(-2.5, 2.5)
        found = position(2.0 - 0.8 + 3 * truth, np.array([1.0, 0.8]), controls, matrix)
        hits += found.z_low <= truth <= found.z_high
    low, high = stats.binom.interval(0.99, 2000, 0.95)
    assert low <= hits <= high


def test_a_value_below_mirrors_the_value_above() -> None:
    controls = np.random.default_rng(8).normal(size=30)
    centred = controls - controls.mean()
    ones = np.ones((30, 1))
    above, below = position(2.2, np.ones(1), centred, ones), position(-2.2, np.ones(1), -centred, ones)
    assert (above.z, above.z_low, above.z_high) == pytest.approx((-below.z, -below.z_high, -below.z_low))


@pytest.mark.parametrize(
    ("controls", "matrix", "said"),
    [
        (np.array([1.0, 2.0]), np.ones((2, 1)), "degrees of freedom"),
        (np.array([1.0]), np.ones((1, 1)), "0 degrees"),
        (np.full(30, 0.4), np.ones((30, 1)), "do not vary"),
        (np.arange(30.0), np.ones((30, 2)), "repeats itself"),
    ],
)
def test_what_cannot_be_placed_is_refused(controls: np.ndarray, matrix: np.ndarray, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        position(1.0, np.ones(matrix.shape[1]), controls, matrix)


def facts(**columns: list) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"sub-{at}" for at in range(n)])


OTHERS = [f"sub-{at}" for at in range(1, 41)]


def test_what_the_controls_allow_is_adjusted_for_and_the_rest_is_said() -> None:
    rng = np.random.default_rng(9)
    table = facts(
        age=[90.0, *rng.uniform(20, 60, 40)],
        sex=["F", *["F", "M"] * 20],
        motion=[np.nan, *rng.uniform(0, 0.3, 40)],
        site=["south", *["north"] * 38, "south", "south"],
    )
    found = adjustment(table, "sub-0", OTHERS, 20)
    assert found.used == ("age (beyond the controls' range)", "sex")
    assert found.left_out == (
        "motion: not known of the person",
        "site: 2 controls of the person's site, 5 are needed",
    )
    assert found.matrix.shape == (40, 3)
    assert found.row[2] == 0  # the person's own level is the reference
    assert found.matrix[:, 2].sum() == 20


def test_who_lacks_what_is_adjusted_for_is_no_control() -> None:
    table = facts(age=[40.0, *[np.nan] * 10, *np.linspace(20, 60, 30)], sex=["F"] * 41)
    found = adjustment(table, "sub-0", OTHERS, 20)
    assert found.people == tuple(OTHERS[10:])
    assert found.used == ("age",)  # everybody is F: nothing to adjust for, nothing to say
    assert found.left_out == ()
    few = adjustment(table, "sub-0", OTHERS, 31)
    assert (few.used, few.left_out) == ((), ("age: 30 controls have it, 31 are needed",))


@pytest.mark.parametrize("age", [[40.0] * 41, [40.0, *[np.nan] * 40]])
def test_a_column_that_tells_nothing_is_left_out(age: list[float]) -> None:
    found = adjustment(facts(age=age), "sub-0", OTHERS, 20)
    assert found.used == ()
    assert len(found.left_out) == 1
    assert found.matrix.shape == (40, 1)
