from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from corticolimbic.stats import false_discovery


@pytest.mark.parametrize("seed", range(20))
def test_equals_statsmodels_within_each_family(seed):
    rng = np.random.default_rng(seed)
    p = rng.random(60) ** 2
    p[rng.random(60) < 0.2] = np.nan
    family = rng.choice(["primary", "exploratory", "探索"], 60).tolist()
    q = false_discovery(p, family)
    for name in set(family):
        members = np.array([one == name for one in family]) & ~np.isnan(p)
        np.testing.assert_allclose(q[members], multipletests(p[members], method="fdr_bh")[1], rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(q), np.isnan(p))


def test_a_test_that_was_not_made_does_not_count():
    p = np.array([0.01, np.nan, 0.02])
    assert false_discovery(p, ["a"] * 3)[[0, 2]] == pytest.approx(false_discovery(p[[0, 2]], ["a"] * 2))


def test_families_of_nan_stay_nan_and_wrong_input_is_refused():
    assert np.isnan(false_discovery(np.array([np.nan, np.nan]), ["a", "b"])).all()
    assert false_discovery(np.empty(0), []).size == 0
    with pytest.raises(ValueError, match="families"):
        false_discovery(np.array([0.1, 0.2]), ["a"])
    with pytest.raises(ValueError):
        false_discovery(np.array([0.1, 1.2]), ["a", "a"])
