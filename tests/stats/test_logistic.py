from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from corticolimbic.stats import ModelError, fit_logistic


def columns(matrix: np.ndarray) -> tuple[str, ...]:
    return ("intercept", *(f"x{at}" for at in range(1, matrix.shape[1])))


@pytest.mark.parametrize("number", range(40))
def test_equals_statsmodels(number):
    rng = np.random.default_rng([20261125, number])
    n, k = int(rng.integers(60, 400)), int(rng.integers(1, 6))
    matrix = np.column_stack([np.ones(n), rng.standard_normal((n, k))])
    matrix[:, -1] = matrix[:, -1] > 0.3
    linear = matrix @ rng.normal(0, 0.7, k + 1)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-linear))).astype(float)
    found = fit_logistic(matrix, outcome, columns(matrix))
    peer = sm.Logit(outcome, matrix).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    np.testing.assert_allclose(found.coefficients, peer.params, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(np.linalg.inv(found.information), peer.cov_params(), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.probability, peer.predict(matrix), rtol=1e-8)
    assert (found.separation, found.penalty) == ("", 0.0)


def test_a_column_that_tells_the_outcome_is_named_and_gets_the_prior():
    rng = np.random.default_rng(1)
    x, other = rng.standard_normal(100), rng.standard_normal(100)
    matrix = np.column_stack([np.ones(100), x, other])
    found = fit_logistic(matrix, (x > 0).astype(float), columns(matrix))
    assert "x1" in found.separation
    assert found.penalty == pytest.approx(1 / 2.5**2)
    assert np.isfinite(found.coefficients).all()
    assert found.coefficients[1] > 3
    # It is the maximum of the penalised likelihood: its gradient is 0.
    gradient = (
        matrix.T @ ((x > 0) - found.probability) - found.penalty * np.array([0, 1, 1]) * found.coefficients
    )
    np.testing.assert_allclose(gradient, 0, atol=1e-9)


def test_a_level_without_losses_is_separation_too():
    rng = np.random.default_rng(2)
    level = np.repeat([0.0, 1.0], 60)
    outcome = np.where(level == 1, 1.0, rng.random(120) < 0.6)
    matrix = np.column_stack([np.ones(120), level, rng.standard_normal(120)])
    found = fit_logistic(matrix, outcome, ("intercept", "site[west]", "age"))
    assert found.separation.startswith("site[west] tells perfectly")
    assert 0.9 < found.probability[level == 1].min() < 1


def test_extreme_but_not_separated_data_keep_maximum_likelihood():
    x = np.concatenate([np.linspace(-30, -1, 50), np.linspace(1, 30, 50), [-1.5, 1.5]])
    outcome = np.concatenate([np.zeros(50), np.ones(50), [1.0, 0.0]])
    matrix = np.column_stack([np.ones(102), x / x.std()])
    found = fit_logistic(matrix, outcome, columns(matrix))
    assert found.penalty == 0
    peer = sm.Logit(outcome, matrix).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    np.testing.assert_allclose(found.coefficients, peer.params, rtol=1e-7, atol=1e-9)


def test_an_outcome_that_does_not_vary_is_refused():
    with pytest.raises(ModelError, match="with and without"):
        fit_logistic(np.ones((5, 1)), np.ones(5), ("intercept",))
