"""When a person recovered and which course their pain took, by the declared rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corticolimbic.cohort import COURSES, Days, TrajectorySettings, course, recovery, wilson
from corticolimbic.cohort._courses import relapsed
from corticolimbic.cohort._rates import rates_table
from corticolimbic.cohort._recovery import recovery_table
from corticolimbic.cohort._trajectory_settings import RecoveryRule
from corticolimbic.features import schema

TOLD = TrajectorySettings()


def days(*rated: tuple[float, float]) -> Days:
    return Days(np.array([float(day) for day, _ in rated]), np.array([float(value) for _, value in rated]))


@pytest.mark.parametrize(
    ("rated", "rule", "left", "right", "reason"),
    [
        ([(0, 6), (14, 3), (42, 1), (84, 4)], {}, 14, 42, ""),
        ([(0, 6), (14, 3)], {}, 14, np.inf, ""),
        ([(0, 6)], {}, 0, np.inf, ""),
        ([(-9, 0), (0, 6), (7, 0)], {}, 0, 7, ""),  # before day 0 does not count
        ([(0, 1), (7, 5)], {}, np.nan, np.nan, "no pain above 1 at the first rating"),
        ([(3, 0), (7, 5)], {}, 0, 3, ""),  # left-censored
        ([], {}, np.nan, np.nan, "no rating on a known day"),
        ([(-5, 3)], {}, np.nan, np.nan, "no rating on a known day"),
        ([(0, 6), (1, 1), (2, 5), (3, 1), (4, 0)], {"sustained": 2}, 2, 3, ""),
        ([(0, 6), (1, 5), (2, 1)], {"sustained": 2}, 1, np.inf, ""),
        ([(0, 6), (1, 5), (2, 1)], {"sustained": 2, "unconfirmed": "event"}, 1, 2, ""),
        ([(0, 6), (9, 2)], {"level": 2.0}, 0, 9, ""),
    ],
)
def test_visits_bracket_the_day_of_recovery(
    rated: list, rule: dict, left: float, right: float, reason: str
) -> None:
    found = recovery(days(*rated), RecoveryRule(**rule))
    assert (found.left, found.right) == pytest.approx((left, right), nan_ok=True)
    assert (found.reason, found.event) == (reason, bool(np.isfinite(right)))


@pytest.mark.parametrize(
    ("rated", "name"),
    [
        ([(0, 6), (7, 4), (14, 1), (84, 0)], "rapid"),
        ([(0, 6), (14, 2), (84, 1)], "by week 12"),
        ([(0, 6), (14, 4), (98, 1)], "by week 12"),  # a visit may miss week 12 by its grace
        ([(0, 6), (14, 5), (99, 1)], "incomplete"),
        ([(0, 10), (14, 9), (84, 7)], "incomplete"),  # 30 % exactly
        ([(0, 10), (14, 9), (84, 7.1)], "persistent"),
        ([(0, 6), (14, 6), (84, 9)], "persistent"),
        ([(0, 6), (14, 1), (84, 5)], "fluctuating"),  # a relapse is not recovery
        ([(0, 6), (14, 1), (84, 4)], "rapid"),  # a rise within the error of a rating is none
        ([(0, 4), (14, 8), (84, 0)], "by week 12"),  # rose, then fell: no relapse
    ],
)
def test_each_course_by_its_rule(rated: list, name: str) -> None:
    told = days(*rated)
    assert course(told, recovery(told, TOLD.recovery), TOLD.classes, TOLD.recovery).name == name


@pytest.mark.parametrize(
    ("rated", "reason"),
    [
        ([], "fewer than 3 rated days"),
        ([(0, 6), (84, 6)], "fewer than 3 rated days"),
        ([(0, 1), (14, 6), (84, 6)], "no pain above 1 at the first rating"),
        ([(0, 6), (14, 6), (69, 6)], "followed to day 69 only"),
    ],
)
def test_who_cannot_be_classified_is_told_why(rated: list, reason: str) -> None:
    told = days(*rated)
    found = course(told, recovery(told, TOLD.recovery), TOLD.classes, TOLD.recovery)
    assert (found.name, found.reason) == ("", reason)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=12), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_a_relapse_is_a_fall_and_a_later_rise_somewhere(values: list[int], swing: int) -> None:
    expected = any(
        values[i] - values[j] >= swing and values[k] - values[j] >= swing
        for i in range(len(values))
        for j in range(i + 1, len(values))
        for k in range(j + 1, len(values))
    )
    assert relapsed(np.array(values, dtype=float), float(swing)) == expected


@given(st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_wilson_equals_statsmodels(events: int, more: int) -> None:
    from statsmodels.stats.proportion import proportion_confint

    n = events + more
    if n == 0:
        assert np.isnan(wilson(0, 0)).all()
    else:
        assert wilson(events, n) == pytest.approx(proportion_confint(events, n, method="wilson"), abs=1e-12)


def test_rates_are_counted_at_each_site_and_everywhere() -> None:
    rows = [
        {"participant_id": f"sub-{place}", "outcome": "persistent_20", "label": label, "value": value,
         "status": status, "family": "relative", "role": "primary", "unit": "class", "reason": ""}
        for place, (label, value, status) in enumerate(
            [("persistent", 1.0, "ok"), ("recovered", 0.0, "ok"), ("persistent", 1.0, "ok"),
             ("", np.nan, "missing")]
        )
    ]  # fmt: skip
    sites = pd.Series(["a", "a", "b", "b"], index=[f"sub-{place}" for place in range(4)])
    courses = pd.Series(["rapid", "", "persistent", "persistent"], index=sites.index)
    table = rates_table(schema("outcomes").table(rows), courses, sites)
    counted = table.set_index(["kind", "name", "site"]).sort_index()[["events", "n"]]
    assert counted.loc[("outcome", "persistent_20")].T.to_dict("list") == {
        "a": [1, 2],
        "all": [2, 3],
        "b": [1, 1],
    }
    assert counted.loc[("course", "persistent")].T.to_dict("list") == {
        "all": [2, 3],
        "a": [0, 1],
        "b": [2, 2],
    }
    assert set(table["name"]) == {"persistent_20", *COURSES}
    assert (table["ci_low"] <= table["rate"]).all()
    assert (table["rate"] <= table["ci_high"]).all()


def test_the_curves_of_a_study_begin_at_1_and_count_every_site() -> None:
    rated = {f"sub-{n}": recovery(days((0, 6), (14, n % 4), (84, 0)), TOLD.recovery) for n in range(12)}
    rated["sub-12"] = recovery(days((0, 0)), TOLD.recovery)
    sites = pd.Series({person: "ab"[n % 2] for n, person in enumerate(rated)})
    table = recovery_table(rated, sites)
    first = table[table["day"] == 0].set_index(["site", "method"])
    assert first["at_risk"].to_dict() == {(s, m): n for s, n in (("all", 12), ("a", 6), ("b", 6))
                                          for m in ("kaplan_meier", "turnbull")}  # fmt: skip
    assert (first["survival"] == 1).all()
    everywhere = table[(table["site"] == "all") & (table["day"] == 14)].set_index("method")
    assert everywhere["survival"].tolist() == pytest.approx([0.5, 0.5])
    assert everywhere["day_from"].to_dict() == {"kaplan_meier": 14, "turnbull": 0}
