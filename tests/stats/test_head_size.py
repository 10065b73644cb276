"""Head size taken out: planted powers and slopes, statsmodels' errors, and refusals."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from corticolimbic.stats import HeadSize, ModelError, StoredEstimator


def heads(n: int = 80) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(1)
    index = [f"sub-{at:03d}" for at in range(n)]
    size = pd.Series(rng.normal(1500, 140, n), index=index)
    table = pd.DataFrame({"power": 3 * size**0.7, "line": 200 + 0.4 * size}, index=index)
    return table, size


def test_planted_relations_leave_nothing_behind() -> None:
    table, size = heads()
    power = HeadSize("power").fit(table, size)
    np.testing.assert_allclose(power.slopes_[0], 0.7, rtol=1e-10)
    np.testing.assert_allclose(power.transform(table, size)["power"], 3 * power.average_**0.7, rtol=1e-9)
    line = HeadSize("residual").fit(table, size)
    np.testing.assert_allclose(line.transform(table, size)["line"], 200 + 0.4 * size.mean(), rtol=1e-9)
    share = HeadSize("proportional").fit(table, size).transform(table, size)
    np.testing.assert_allclose(share["line"], table["line"] / size * size.mean(), rtol=1e-12)
    assert np.corrcoef(share["power"], size)[0, 1] < -0.9  # proportions overcorrect what grows more slowly


def test_slopes_have_the_errors_of_least_squares() -> None:
    import statsmodels.api as sm

    table, size = heads()
    table += np.random.default_rng(2).normal(0, 30, table.shape)
    fitted = HeadSize("residual").fit(table, size)
    peer = sm.OLS(table["line"], sm.add_constant(size)).fit()
    np.testing.assert_allclose(
        [fitted.slopes_[1], fitted.slopes_se_[1]], [peer.params.iloc[1], peer.bse.iloc[1]]
    )


def test_bad_values_and_references() -> None:
    table, size = heads()
    expected = HeadSize().fit(table, size).transform(table, size)
    order = np.random.default_rng(3).permutation(80)
    pd.testing.assert_frame_equal(HeadSize().fit(table, size.iloc[order]).transform(table, size), expected)
    fitted = HeadSize("power").fit(table, size)
    table.iloc[0, 0], size.iloc[1], size.iloc[2] = -1.0, np.inf, 0.0
    scored = fitted.transform(table, size)
    assert np.isnan(scored.iloc[0, 0])
    assert np.isfinite(scored.iloc[0, 1])
    assert scored.iloc[1:3].isna().all().all()
    rare = table.assign(rare=np.where(np.arange(80) < 4, 1.0, np.nan))
    assert set(HeadSize().fit(rare, size).refused_) == {"rare"}
    assert HeadSize().fit(rare, size).transform(rare, size)["rare"].isna().all()
    with pytest.raises(ModelError, match="vary"):
        HeadSize().fit(table, size * 0 + 1500)
    with pytest.raises(ModelError, match="no feature"):
        fitted.transform(table[["line"]], size)
    plain = fitted.to_plain()
    again = HeadSize.from_plain(StoredEstimator(json.loads(json.dumps(plain.model)), plain.arrays))
    pd.testing.assert_frame_equal(again.transform(table, size), scored)
