"""Kaplan-Meier and Turnbull: published values, another implementation, and each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corticolimbic.cohort import kaplan_meier, turnbull

# Weeks of remission under 6-MP, + censored (Freireich 1963), in every textbook.
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
# Months to breast retraction after radiotherapy, - not by then (Finkelstein & Wolfe 1985, Biometrics 41:933).
COSMESIS = (
    "45- 6,10 0,7 46- 46- 7,16 17- 7,14 37,44 0,8 4,11 15- 11,15 22- 46- 46- 25,37 46- 26,40 46- 27,34 "
    "36,44 46- 36,48 37- 40- 17,25 46- 11,18 38- 5,12 37- 0,5 18- 24- 36- 5,11 19,35 17,25 24- 32- 33- "
    "19,26 37- 34- 36-"
)


def remission() -> tuple[np.ndarray, np.ndarray]:
    items = REMISSION.split()
    return np.array([float(item.rstrip("+")) for item in items]), np.array(
        ["+" not in item for item in items]
    )


def cosmesis() -> tuple[np.ndarray, np.ndarray]:
    ends = np.array([item.replace("-", ",inf").split(",") for item in COSMESIS.split()], dtype=float)
    return ends[:, 0], ends[:, 1]


def test_kaplan_meier_gives_the_textbook_curve_with_its_log_log_interval() -> None:
    curve = kaplan_meier(*remission())
    assert curve.day.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.survival == pytest.approx([0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=5e-5)
    assert curve.se == pytest.approx([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5e-5)
    assert curve.low == pytest.approx([0.6197, 0.5631, 0.5032, 0.4316, 0.3675, 0.2678, 0.1881], abs=5e-5)
    assert curve.high == pytest.approx([0.9516, 0.9228, 0.8894, 0.8491, 0.8049, 0.7468, 0.6801], abs=5e-5)
    assert [curve.at(day) for day in (0.0, 5.9, 6.0, 9.0, 99.0)] == pytest.approx(
        [1, 1, *curve.survival[[0, 1, -1]].tolist()]
    )


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_kaplan_meier_equals_statsmodels_with_ties_and_censoring(people: list[tuple[int, bool]]) -> None:
    from statsmodels.duration.survfunc import SurvfuncRight

    day = np.array([float(person[0]) for person in people])
    event = np.array([person[1] for person in people])
    curve = kaplan_meier(day, event)
    if not event.any():
        assert len(curve.day) == 0
        return
    other = SurvfuncRight(day, event.astype(int))
    assert curve.day == pytest.approx(other.surv_times)
    assert curve.survival == pytest.approx(other.surv_prob)
    assert curve.at_risk == pytest.approx(other.n_risk)
    known = curve.survival > 0  # at 0 Greenwood's formula divides by nobody
    assert curve.se[known] == pytest.approx(other.surv_prob_se[known])
    assert (curve.low <= curve.survival).all()
    assert (curve.high >= curve.survival).all()


def test_turnbull_gives_the_published_shares_of_the_cosmesis_data() -> None:
    # Fay & Shaw 2010 (J Stat Softw 36:2), as do Finkelstein & Wolfe.
    curve = turnbull(*cosmesis())
    spans = list(zip(curve.day_from.tolist(), curve.day.tolist(), strict=True))
    assert spans == [(4, 5), (6, 7), (7, 8), (11, 12), (24, 25), (33, 34), (38, 40), (46, 48)]
    shares = [0.0463, 0.0334, 0.0887, 0.0708, 0.0926, 0.0818, 0.1209, 0.4656]
    assert curve.events / 46 == pytest.approx(shares, abs=5e-5)


def test_turnbull_on_exact_times_is_kaplan_meier_with_greenwood() -> None:
    day, event = remission()
    exact, intervals = kaplan_meier(day, event), turnbull(day, np.where(event, day, np.inf))
    for name in ("day", "survival", "se", "low", "high", "at_risk"):
        assert getattr(intervals, name) == pytest.approx(getattr(exact, name), abs=1e-8), name
    assert intervals.day_from.tolist() == intervals.day.tolist()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6), st.booleans()), min_size=1, max_size=25))
@settings(max_examples=40, deadline=None)
def test_turnbull_cannot_be_made_likelier(people: list[tuple[int, int, bool]]) -> None:
    left = np.array([float(start) for start, _, _ in people])
    right = np.array([np.inf if open_ended else float(start + span) for start, span, open_ended in people])
    curve = turnbull(left, right)
    # The optimum by its own conditions (Gentleman & Geyer 1994): no share's derivative is above n. The mass
    # of a drop is put at its right end, what is left over behind every visit.
    ends = np.append(curve.day, 1e9)
    mass = np.append(curve.events / len(left), curve.survival[-1] if len(curve.day) else 1.0)
    candidates = np.append(np.arange(1.0, 13.0), 1e9)
    chance = ((ends > left[:, None]) & (ends <= np.where(np.isinf(right), 2e9, right)[:, None])) @ mass
    inside = (candidates > left[:, None]) & (candidates <= np.where(np.isinf(right), 2e9, right)[:, None])
    assert chance.min() > 0
    assert ((inside / chance[:, None]).sum(axis=0) <= len(left) * (1 + 1e-4)).all()
    assert mass.sum() == pytest.approx(1)


def test_turnbull_finds_a_known_law_behind_visits_where_the_first_sight_is_late() -> None:
    rng = np.random.default_rng(20261)
    n, visits = 4000, np.array([0.0, 14, 42, 84, 180, 365])
    true = rng.exponential(90, n)
    seen = np.searchsorted(visits, true)
    left = visits[seen - 1]
    right = np.where(seen < len(visits), visits[np.minimum(seen, len(visits) - 1)], np.inf)
    curve = turnbull(left, right)
    assert curve.day.tolist() == visits[1:].tolist()
    assert np.abs(curve.survival - np.exp(-visits[1:] / 90)).max() < 0.025
    assert ((curve.low < np.exp(-visits[1:] / 90)) & (curve.high > np.exp(-visits[1:] / 90))).sum() >= 4
    late = kaplan_meier(np.where(np.isfinite(right), right, left), np.isfinite(right))
    assert late.at(60.0) - np.exp(-60 / 90) > 0.1  # the step curve is late between visits


def test_curves_without_an_event_are_empty_and_left_censoring_is_held() -> None:
    lasting = np.full(5, np.inf)
    assert len(turnbull(np.arange(5.0), lasting).day) == 0
    assert len(kaplan_meier(np.arange(5.0), np.zeros(5, dtype=bool)).day) == 0
    assert len(turnbull(np.zeros(0), np.zeros(0)).day) == 0
    early = turnbull(np.full(4, -np.inf), np.array([3.0, 5, 7, 9]))
    assert (early.day_from.tolist(), early.day.tolist(), early.survival.tolist()) == ([0.0], [3.0], [0.0])


@pytest.mark.parametrize(
    ("left", "right"), [(2.0, 1.0), (np.nan, 1.0), (1.0, np.nan), (np.inf, np.inf), (-np.inf, -np.inf)]
)
def test_intervals_that_hold_no_time_are_refused(left: float, right: float) -> None:
    with pytest.raises(ValueError, match="end"):
        turnbull(np.array([left]), np.array([right]))


def test_an_unknown_time_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        kaplan_meier(np.array([1.0, np.nan]), np.array([True, False]))


def test_a_consortium_is_fitted_fast() -> None:
    import time

    rng = np.random.default_rng(5)
    left = np.floor(rng.exponential(60, 2800))
    right = np.where(rng.random(2800) < 0.3, np.inf, left + rng.integers(1, 14, 2800))
    before = time.process_time()
    curve = turnbull(left, right)
    assert time.process_time() - before < 10
    assert (np.diff(curve.survival) < 0).all()
