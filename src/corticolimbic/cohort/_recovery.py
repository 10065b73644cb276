"""When a person recovered: visits only bracket it; and the curves of a whole study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.cohort._ratings import Days
from corticolimbic.cohort._survival import Curve, kaplan_meier
from corticolimbic.cohort._trajectory_settings import RecoveryRule
from corticolimbic.cohort._turnbull import turnbull
from corticolimbic.features import schema

EVERYWHERE = "all"
"""What stands for all sites together."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Recovery:
    """When pain first fell to the level of recovery and stayed there as long as the rule asks.

    Parameters
    ----------
    left
        Last day on which it had not; 0 where the first rating already finds it.
    right
        Day on which it was seen, inf where it was not.
    reason
        Why the person cannot be counted, empty where they can; then both days are NaN.
    """

    left: float
    right: float
    reason: str = ""

    @property
    def event(self) -> bool:
        """Whether recovery was seen."""
        return bool(np.isfinite(self.right))

    @property
    def seen(self) -> float:
        """Day of recovery as seen, or the last day known to be without it."""
        return self.right if self.event else self.left


def recovery(days: Days, rule: RecoveryRule) -> Recovery:
    """Return when a person recovered.

    Parameters
    ----------
    days
        Rated days; those before day 0 do not count.
    rule
        Level, and how many rated days in a row must keep to it.
    """
    counted = days.day >= 0
    day, low = days.day[counted], days.rating[counted] <= rule.level + _ROUNDING
    if not len(day):
        return Recovery(np.nan, np.nan, "no rating on a known day")
    if low[0] and day[0] == 0:
        return Recovery(np.nan, np.nan, f"no pain above {rule.level:g} at the first rating")
    start, confirmed = _first_run(low, rule.sustained)
    if start is None:
        return Recovery(float(day[-1]), np.inf)
    before = float(day[start - 1]) if start else 0.0
    if confirmed or rule.unconfirmed == "event":
        return Recovery(before, float(day[start]))
    return Recovery(before, np.inf)


def _first_run(low: np.ndarray, length: int) -> tuple[int | None, bool]:
    """Return where the first run begins that is long enough, or that the end cuts short; and which it is."""
    start = None
    for place, value in enumerate(low):
        if not value:
            start = None
            continue
        start = place if start is None else start
        if place - start + 1 == length:
            return start, True
    return start, False


def recovery_table(recoveries: dict[str, Recovery], sites: pd.Series) -> pd.DataFrame:
    """Return the curves of time to recovery, for all sites together and for each (schema ``recovery``).

    Parameters
    ----------
    recoveries
        By participant_id.
    sites
        Site by participant_id.
    """
    known = {person: item for person, item in recoveries.items() if not item.reason}
    told = sites.to_dict()
    where = {person: str(told.get(person, "n/a")) for person in known}
    places = sorted(set(where.values()))
    rows = []
    for site in [EVERYWHERE, *places]:
        people = [item for person, item in known.items() if site in {EVERYWHERE, where[person]}]
        left = np.array([item.left for item in people], dtype=float)
        right = np.array([item.right for item in people], dtype=float)
        seen = np.where(np.isfinite(right), right, left)
        for method, curve in (
            ("kaplan_meier", kaplan_meier(seen, np.isfinite(right))),
            ("turnbull", turnbull(left, right)),
        ):
            rows += _rows(site, method, curve, len(people))
    return schema("recovery").table(rows)


def _rows(site: str, method: str, curve: Curve, n: int) -> list[dict[str, object]]:
    start = {
        "site": site, "method": method, "day": 0.0, "day_from": 0.0, "at_risk": n, "events": 0.0,
        "survival": 1.0, "ci_low": 1.0, "ci_high": 1.0,
    }  # fmt: skip
    drops = [
        {
            "site": site,
            "method": method,
            "day": float(curve.day[place]),
            "day_from": float(curve.day_from[place]),
            "at_risk": int(curve.at_risk[place]),
            "events": float(curve.events[place]),
            "survival": float(curve.survival[place]),
            "ci_low": float(curve.low[place]),
            "ci_high": float(curve.high[place]),
        }
        for place in range(len(curve.day))
    ]
    return [start, *drops]
