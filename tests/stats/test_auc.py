"""AUC: against scikit-learn, scipy, pROC, and the structural components written out over all pairs."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from corticolimbic.stats import (
    ModelError,
    auc,
    auc_behind_misclassification,
    auc_difference,
    auc_under_misclassification,
    combine_auc,
    combine_auc_differences,
)

PROC = pd.read_csv(Path(__file__).with_name("auc_reference.tsv"), sep="\t", comment="#")
Z = scipy_stats.norm.ppf(0.975)


def whole_numbers(n: int, modulus: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the scores and classes of auc_reference.R."""
    i = np.arange(1, n + 1)
    classes = (i * 13 % 17 < 7).astype(int)
    first = i * 37 % modulus + classes * (modulus // 4)
    second = (i * 53 + i * i) % modulus + classes * (i % 3)
    return first.astype(float), second.astype(float), classes.astype(float)


def slow(scores: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return DeLong's structural components, pair by pair."""
    kernel = np.array(
        [
            [1.0 if a > b else 0.5 if a == b else 0.0 for b in scores[classes == 0]]
            for a in scores[classes == 1]
        ]
    )
    return kernel.mean(axis=1), kernel.mean(axis=0)


def cohort(n: int, seed: int, shift: float = 0.7, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    classes = (np.arange(n) % 3 == 0).astype(float)
    scores = rng.normal(size=n) + shift * classes
    return (scores.round() if ties else scores), classes


@pytest.mark.parametrize("row", list(PROC.itertuples()), ids=lambda row: f"{row.n}-{row.modulus}")
def test_auc_variance_and_paired_test_equal_proc(row) -> None:
    first, second, classes = whole_numbers(row.n, row.modulus)
    found, other = auc(first, classes), auc(second, classes)
    assert (found.value, other.value) == pytest.approx((row.first, row.second), abs=1e-11)
    assert found.se**2 == pytest.approx(row.variance, rel=1e-9)
    low, high = np.clip([found.value - Z * found.se, found.value + Z * found.se], 0, 1)
    assert (low, high) == pytest.approx((row.low, row.high), abs=1e-10)  # ours is on the log-odds scale
    paired = auc_difference(first, second, classes)
    assert paired.value / paired.se == pytest.approx(row.z, rel=1e-8)
    assert paired.p == pytest.approx(row.p, rel=1e-8)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [25, 60, 200])
def test_auc_equals_scikit_learn_and_the_components_of_all_pairs(n: int, ties: bool) -> None:
    from sklearn.metrics import roc_auc_score

    scores, classes = cohort(n, n, ties=ties)
    found = auc(scores, classes)
    assert found.value == pytest.approx(roc_auc_score(classes, scores), abs=1e-12)
    above, below = slow(scores, classes)
    variance = above.var(ddof=1) / above.size + below.var(ddof=1) / below.size
    assert found.se == pytest.approx(np.sqrt(variance), rel=1e-12)
    half = Z * found.se / (found.value * (1 - found.value))
    logit = np.log(found.value / (1 - found.value))
    ends = 1 / (1 + np.exp(-(logit + np.array([-half, half]))))
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(ends), abs=1e-12)
    if n > 25:
        wanted = scipy_stats.brunnermunzel(scores[classes == 0], scores[classes == 1])
        assert found.p == pytest.approx(wanted.pvalue, rel=1e-9)


def test_paired_difference_equals_the_covariance_of_all_pairs() -> None:
    scores, classes = cohort(70, 3, ties=True)
    other = scores + cohort(70, 4)[0]
    found = auc_difference(scores, other, classes)
    parts = [slow(one, classes) for one in (scores, other)]
    variance = sum(
        (np.cov(np.array([parts[0][side], parts[1][side]])) / parts[0][side].size) @ [1, -1] @ [1, -1]
        for side in (0, 1)
    )
    assert found.se == pytest.approx(np.sqrt(variance), rel=1e-10)
    assert found.value == pytest.approx(found.first - found.second, abs=1e-14)
    same = auc_difference(scores, 2 * scores + 1, classes)
    assert (same.value, same.se, same.p) == (0.0, 0.0, 1.0)


def test_a_few_people_get_the_exact_p() -> None:
    scores, classes = cohort(14, 5)
    wanted = scipy_stats.mannwhitneyu(scores[classes == 1], scores[classes == 0], method="exact").pvalue
    assert auc(scores, classes).p == pytest.approx(wanted, rel=1e-12)
    tied = np.array([1.0, 2, 2, 3, 2, 4, 4, 1])
    told = np.array([0.0, 0, 1, 1, 0, 1, 1, 0])
    observed = abs(auc(tied, told).value - 0.5)
    deals = [np.isin(np.arange(8), chosen).astype(float) for chosen in itertools.combinations(range(8), 4)]
    far = [abs(np.mean(slow(tied, deal)[0]) - 0.5) >= observed - 1e-12 for deal in deals]
    assert auc(tied, told).p == pytest.approx(np.mean(far), rel=1e-12)
    assert auc(tied, 1 - told).p == pytest.approx(np.mean(far), rel=1e-12)


@pytest.mark.parametrize(("n_cases", "n_others"), [(2, 2), (5, 20), (40, 60)])
def test_perfect_order_has_an_interval_and_an_exact_p(n_cases: int, n_others: int) -> None:
    classes = np.repeat([1.0, 0.0], [n_cases, n_others])
    found, worst = auc(classes + np.arange(classes.size) / 1e3, classes), auc(-classes, classes)
    assert (found.value, found.ci_high, worst.value, worst.ci_low) == (1.0, 1.0, 0.0, 0.0)
    assert found.p == pytest.approx(min(1.0, 2 / math.comb(n_cases + n_others, n_cases)))
    assert worst.ci_high == pytest.approx(1 - found.ci_low)
    # Newcombe's equation holds at the end that was found.
    end, mean = found.ci_low, (n_cases + n_others) / 2 - 1
    spread = end * (1 - end) * (1 + mean * ((1 - end) / (2 - end) + end / (1 + end))) / (n_cases * n_others)
    assert (1 - end) ** 2 == pytest.approx(Z**2 * spread, rel=1e-6)
    assert 0 < found.ci_low < 1
    assert found.se > 0


def test_what_has_no_auc_says_why() -> None:
    one = auc(np.arange(5.0), np.ones(5))
    assert (one.reason, one.n, one.n_cases) == ("one class only", 5, 5)
    assert math.isnan(auc(np.full(6, 0.3), np.array([0.0, 1, 0, 1, 0, 1])).value)
    lone = auc(np.arange(6.0), np.array([0.0, 0, 0, 0, 1, 0]))
    assert lone.value == pytest.approx(0.8)
    assert math.isnan(lone.ci_low)
    assert lone.p == pytest.approx(4 / 6)
    nobody = auc(np.zeros(0), np.zeros(0))
    assert (nobody.n, nobody.reason) == (0, "one class only")
    missing = auc(np.array([1.0, np.nan, 2, 3, 4]), np.array([0.0, 1, 1, np.nan, 1]))
    assert (missing.n, missing.n_cases) == (3, 2)
    with pytest.raises(ModelError, match="infinite"):
        auc(np.array([1.0, np.inf]), np.array([0.0, 1]))
    with pytest.raises(ModelError, match="0 or 1, not 2"):
        auc(np.array([1.0, 3]), np.array([0.0, 2]))
    few = auc_difference(np.arange(3.0), np.arange(3.0), np.array([0.0, 1, 0]))
    assert few.reason == "fewer than two in a class"


def test_the_order_of_people_and_the_unit_of_the_score_make_no_difference() -> None:
    scores, classes = cohort(50, 8, ties=True)
    order = np.random.default_rng(1).permutation(50)
    assert auc(scores, classes) == auc(scores[order], classes[order]) == auc(scores * 1000 - 5, classes)
    turned = auc(-scores, classes)
    assert turned.value == pytest.approx(1 - auc(scores, classes).value)
    assert turned.p == pytest.approx(auc(scores, classes).p)


def test_sites_are_combined_by_weights_of_their_numbers_alone() -> None:
    sites = [auc(*cohort(n, n, shift)) for n, shift in ((30, 0.2), (90, 0.9), (45, 1.4))]
    found = combine_auc(sites)
    weights = np.array([one.n_cases * one.n_others / (one.n + 1) for one in sites])
    weights /= weights.sum()
    assert found.value == pytest.approx(weights @ [one.value for one in sites])
    assert found.se == pytest.approx(np.sqrt((weights**2) @ [one.se**2 for one in sites]))
    assert (found.k, found.n, found.n_cases) == (3, 165, 55)
    inverse = np.array([one.se**-2 for one in sites])
    mean = inverse @ [one.value for one in sites] / inverse.sum()
    q = inverse @ [(one.value - mean) ** 2 for one in sites]
    assert found.q == pytest.approx(q)
    assert found.p_q == pytest.approx(scipy_stats.chi2.sf(q, 2))
    assert 0 <= found.i2 < 1


def test_a_site_that_scores_higher_and_has_more_cases_does_not_make_an_auc() -> None:
    """Pooled, a marker worth nothing would follow the sites' base rates; within sites it does not."""
    rng = np.random.default_rng(6)
    sites = [(rng.normal(size=400) + 3 * site, (rng.random(400) < 0.2 + 0.6 * site).astype(float))
             for site in (0, 1)]  # fmt: skip
    pooled = auc(*(np.concatenate(part) for part in zip(*sites, strict=True)))
    within = combine_auc([auc(*site) for site in sites])
    assert pooled.ci_low > 0.7
    assert within.ci_low < 0.5 < within.ci_high


def test_sites_without_an_auc_are_left_out_by_name() -> None:
    good, one_class = auc(*cohort(30, 1)), auc(np.arange(9.0), np.ones(9))
    constant = auc(np.ones(9), np.arange(9.0) % 2)
    found = combine_auc([one_class, good, constant])
    assert found.left_out == ((0, "one class only"), (2, "the score does not vary"))
    assert (found.value, found.ci_low, found.p, found.k) == (good.value, good.ci_low, good.p, 1)
    assert math.isnan(found.i2)
    nothing = combine_auc([one_class])
    assert (nothing.k, nothing.reason) == (0, "no site can be used")
    perfect = combine_auc([auc(np.arange(8.0), (np.arange(8) > 3).astype(float))] * 2)
    assert (perfect.value, perfect.ci_high) == (1.0, 1.0)
    assert perfect.ci_low > 0.5


def test_differences_are_combined_with_the_same_weights() -> None:
    sites = []
    for n in (40, 70):
        scores, classes = cohort(n, n)
        sites.append(auc_difference(scores, scores + cohort(n, n + 1)[0], classes))
    found = combine_auc_differences(sites)
    weights = np.array([one.n_cases * (one.n - one.n_cases) / (one.n + 1) for one in sites])
    assert found.value == pytest.approx(weights @ [one.value for one in sites] / weights.sum())
    assert found.p == pytest.approx(2 * scipy_stats.norm.sf(abs(found.value / found.se)))
    assert combine_auc_differences([]).k == 0


def test_the_ceiling_equals_simulated_misclassification() -> None:
    """Scores of 200,000 people, their classes recorded with error: what is left of the AUC."""
    rng = np.random.default_rng(20210401)
    n, shift, sensitivity, specificity = 200_000, 1.0, 0.85, 0.75
    true = rng.random(n) < 0.4
    recorded = np.where(true, rng.random(n) < sensitivity, rng.random(n) > specificity)
    ppv, npv = true[recorded].mean(), 1 - true[~recorded].mean()
    for scores in (rng.normal(size=n) + shift * true, true.astype(float)):
        seen, behind = auc(scores, recorded.astype(float)), auc(scores, true.astype(float))
        assert seen.value == pytest.approx(
            auc_under_misclassification(behind.value, float(ppv), float(npv)), abs=0.005
        )
        assert auc_behind_misclassification(seen.value, float(ppv), float(npv)) == pytest.approx(
            behind.value, abs=0.009
        )
    assert math.isnan(auc_behind_misclassification(0.6, 0.5, 0.5))
    with pytest.raises(ModelError, match="outside 0 to 1"):
        auc_under_misclassification(1.2, 0.9, 0.9)
