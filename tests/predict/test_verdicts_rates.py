"""How often each verdict is given for each kind of truth; cohorts and estimators are the tests' own.

The bounds are what the rules promise: a marker of nothing, of motion, of site, of baseline pain or of one
threshold hardly ever survives, whatever the size; the more people, the more often the truth is named. The
seeds were chosen before the first run, the bounds after runs with other seeds.
"""

from __future__ import annotations

import numpy as np
import pytest
from predict.verdict_cohorts import TRUTHS, Cohort, auc, judged, rates
from scipy import stats as scipy_stats

from corticolimbic.predict import VerdictSettings
from corticolimbic.predict._verdict_rules import verdict

NAMED = dict(
    zip(
        TRUTHS,
        ("survives", "explained by motion", "explained by site", "explained by baseline pain",
         "one threshold only"),
        strict=True,
    )
)  # fmt: skip


def test_one_large_cohort_tells_every_truth_apart() -> None:
    found = judged(Cohort(1500, np.random.default_rng(20261125)))
    given = {name: verdict(one, VerdictSettings())[0] for name, one in found.items()}
    assert {name: given[name] for name in NAMED} == NAMED
    assert {given[name] for name in given if name.startswith("null")} == {"absent"}


def test_the_tests_own_auc_is_mann_whitney() -> None:
    rng = np.random.default_rng(3)
    score, persistent = rng.normal(size=80), rng.integers(0, 2, 80).astype(bool)
    u = scipy_stats.mannwhitneyu(score[persistent], score[~persistent]).statistic
    expected = u / (persistent.sum() * (~persistent).sum())
    assert auc(score, persistent, np.zeros(80)).value == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "named"),
    [
        (100, {"prognostic": 0.5, "one threshold": 0.6}),
        (400, dict(zip(TRUTHS, (0.95, 0.35, 0.85, 0.4, 0.95), strict=True))),
        (1500, dict(zip(TRUTHS, (0.99, 0.5, 0.99, 0.9, 0.99), strict=True))),
    ],
)  # fmt: skip
def test_truths_are_named_and_what_is_none_hardly_ever_survives(n: int, named: dict[str, float]) -> None:
    found = rates(n, 500, 20261126, VerdictSettings())
    for truth, counts in found.items():
        total = sum(counts.values())
        print(n, truth, {name: round(count / total, 4) for name, count in counts.most_common()})
        if truth != "prognostic":
            assert counts["survives"] / total <= (0.01 if truth == "null" else 0.05)
        if truth in named:
            assert counts[NAMED[truth]] / total >= named[truth]
    # the marker that works is never explained away, and nothing that is nothing is explained
    explained = {name for name in found["prognostic"] if name.startswith("explained")}
    assert sum(found["prognostic"][name] for name in explained) <= 5
    null = found["null"]
    assert sum(null[name] for name in null if name.startswith("explained")) / sum(null.values()) <= 0.01
