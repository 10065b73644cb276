from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from stats.icc_reference import FORMS, N_TABLES, judged

from corticolimbic.stats import ModelError, aligned, icc, mixed_model, stepped, visit_design

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def one(table: np.ndarray) -> np.ndarray:
    return np.asarray(table, dtype=float)[:, :, None]


def gappy(seed: int, n: int = 40, k: int = 3, features: int = 8, spread: float = 1.0) -> np.ndarray:
    """Return people x measurements x features that share their gaps."""
    rng = np.random.default_rng(seed)
    values = spread * rng.standard_normal((n, 1, features)) + 0.8 * rng.standard_normal((n, k, features))
    values += np.linspace(0, 0.7, k)[:, None]
    values[rng.random((n, k)) < 0.25] = np.nan
    return values


def test_equals_shrout_and_fleiss_published_table():
    # Shrout & Fleiss 1979, table 4: the six forms of the ratings in table 2.
    published = dict(zip(FORMS, (0.17, 0.29, 0.71, 0.44, 0.62, 0.91), strict=True))
    assert {form: round(float(icc(one(SHROUT_FLEISS), form).icc[0]), 2) for form in FORMS} == published


@pytest.mark.parametrize("form", FORMS)
def test_estimates_and_intervals_equal_pingouin(form):
    reference = pd.read_csv(Path(__file__).with_name("icc_reference.tsv"), sep="\t", comment="#")
    theirs = reference[reference["form"] == form].set_index("number")
    assert len(theirs) == N_TABLES
    for number in range(N_TABLES):
        found = icc(one(judged(number)), form)
        ours = [found.icc[0], found.low[0], found.high[0]]
        assert ours == pytest.approx(theirs.loc[number, ["icc", "low", "high"]].tolist(), abs=2e-7)


def test_mcgraw_and_wongs_names_are_the_same_forms():
    names = {"ICC(1)": "ICC(1,1)", "ICC(A,1)": "ICC(2,1)", "ICC(C,1)": "ICC(3,1)", "ICC(A,k)": "ICC(2,k)"}
    for name, form in names.items():
        assert icc(one(SHROUT_FLEISS), name).icc == icc(one(SHROUT_FLEISS), form).icc


@pytest.mark.parametrize(("form", "effects"), [("ICC(3,1)", ("run",)), ("ICC(1,1)", ())])
def test_with_gaps_variances_are_those_of_the_mixed_model(form, effects):
    values = gappy(3)
    n, k, n_features = values.shape
    rows = [(f"p{i:02d}", f"run{j}", float(j)) for i in range(n) for j in range(k)]
    table = pd.DataFrame(rows, columns=["person", "run", "time"])
    model = visit_design(table[~np.isnan(values[:, :, 0]).ravel()], "person", "time", effects)
    fit = mixed_model(aligned(pd.DataFrame(values.reshape(n * k, n_features)), model), model)
    found = icc(values, form)
    assert not fit.singular.any()
    assert found.between_sd == pytest.approx(fit.intercept_sd, rel=1e-7)
    assert found.sem == pytest.approx(fit.residual_sd, rel=1e-7)
    assert found.icc == pytest.approx(fit.intercept_sd**2 / (fit.intercept_sd**2 + fit.residual_sd**2))


def test_limits_with_gaps_are_where_the_dense_f_statistic_is_the_quantile():
    values = gappy(5, n=15, features=1)
    n, k, _ = values.shape
    person, run = (grid.ravel() for grid in np.indices((n, k)))
    y = values[:, :, 0].ravel()
    known = ~np.isnan(y)
    z = (person[known, None] == np.unique(person[known])).astype(float)
    x = (run[known, None] == np.arange(k)).astype(float)

    def left(v: np.ndarray) -> float:
        root = np.linalg.inv(np.linalg.cholesky(v))
        rest = root @ y[known] - (root @ x) @ np.linalg.lstsq(root @ x, root @ y[known], rcond=None)[0]
        return float(rest @ rest)

    both = np.hstack([x, z])
    rest = y[known] - both @ np.linalg.lstsq(both, y[known], rcond=None)[0]
    f = known.sum() - np.linalg.matrix_rank(both)
    q = np.linalg.matrix_rank(both) - k
    found = icc(values, "ICC(3,1)")
    for limit, tail in ((found.low[0], 0.975), (found.high[0], 0.025)):
        ratio = limit / (1 - limit)
        whole = left(np.eye(known.sum()) + ratio * z @ z.T)
        statistic = (whole - rest @ rest) / q / (rest @ rest / f)
        assert stats.f.cdf(statistic, q, f) == pytest.approx(tail, abs=1e-9)


def test_gaps_filled_again_give_the_complete_answer():
    values = gappy(7)
    whole = np.where(np.isnan(values), 0.3, values)
    alone = whole.copy()
    alone[:, :, 1:] = np.nan  # features are told apart by their own gaps
    assert icc(alone, "ICC(2,1)").icc[0] == pytest.approx(icc(whole, "ICC(2,1)").icc[0], abs=1e-12)
    assert icc(np.vstack([whole, np.full((2, 3, 8), np.nan)])).icc == pytest.approx(icc(whole).icc, abs=1e-12)


def test_sites_are_taken_out_and_someone_alone_at_a_site_tells_nothing():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((30, 1, 1)) + rng.standard_normal((30, 2, 1))
    sites = np.arange(30) % 2
    shifted = values + 50.0 * sites[:, None, None]
    assert icc(shifted, groups=sites).icc == pytest.approx(icc(values, groups=sites).icc, abs=1e-9)
    assert icc(shifted).icc[0] > 0.99
    lone = np.vstack([values, np.full((1, 2, 1), 80.0)])
    with_lone = icc(lone, "ICC(1,1)", groups=np.append(sites, 2))
    without = icc(values, "ICC(1,1)", groups=sites)
    assert with_lone.low[0] == pytest.approx(without.low[0], abs=0.03)
    assert with_lone.icc[0] < 0.9


def test_halves_step_up_as_spearman_and_brown_say():
    rng = np.random.default_rng(2)
    halves = rng.standard_normal((50, 1, 3)) + rng.standard_normal((50, 2, 3))
    single, whole = icc(halves, "ICC(3,1)"), icc(halves, "ICC(3,k)")
    assert whole.icc == pytest.approx(2 * single.icc / (1 + single.icc))
    assert icc(halves, "ICC(3,k)", averaged=4).icc == pytest.approx(stepped(single.icc, 4.0))
    assert icc(halves, "ICC(3,k)", averaged=1).icc == pytest.approx(single.icc)


def test_bad_input_gets_a_reason_or_is_refused():
    rng = np.random.default_rng(4)
    good = rng.standard_normal((10, 2, 1))
    assert "measured more than once" in icc(np.where(np.arange(2)[:, None] == 0, good, np.nan)).reason[0]
    constant = icc(np.full((10, 2, 1), 7.3))
    assert constant.reason == ("the feature does not vary",)
    assert np.isnan([constant.icc[0], constant.low[0]]).all()
    nothing = icc(np.full((10, 2, 2), np.nan))
    assert all(nothing.reason)
    assert icc(np.empty((0, 2, 1))).reason[0]
    assert icc(np.empty((5, 2, 0))).icc.size == 0
    infinite = good.copy()
    infinite[0, 0, 0] = np.inf
    with pytest.raises(ModelError, match="infinite"):
        icc(infinite)
    with pytest.raises(ModelError, match=r"ICC\(4,1\) is no form"):
        icc(good, "ICC(4,1)")
    with pytest.raises(ModelError, match="at least one"):
        icc(good, averaged=0.5)


def test_three_people_give_a_wide_interval_and_equal_measurements_give_one():
    three = icc(one([[1.0, 1.4], [2.0, 1.7], [3.0, 3.3]]))
    assert three.low[0] < 0.2 < three.icc[0] < three.high[0]
    same = icc(one([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0], [3.0, 3.0]]))
    assert (same.icc[0], same.low[0], same.high[0]) == pytest.approx((1.0, 1.0, 1.0))
    assert same.sem[0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_alike_measurements_of_different_people_fall_below_zero(form):
    table = one([[1.0, 5.0], [5.0, 1.2], [2.0, 4.1], [4.0, 2.2]])
    found = icc(table, form)
    assert found.icc[0] < 0
    assert found.low[0] <= found.icc[0] <= found.high[0]


def test_order_of_people_does_not_matter():
    values = gappy(9)
    turn = np.random.default_rng(0).permutation(len(values))
    for form in FORMS:
        assert icc(values[turn], form).low == pytest.approx(icc(values, form).low, abs=1e-9)
