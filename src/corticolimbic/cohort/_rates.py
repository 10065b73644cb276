"""How many people at each site had which outcome, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort._courses import COURSES
from corticolimbic.cohort._recovery import EVERYWHERE
from corticolimbic.cohort._survival import Z_95
from corticolimbic.features import schema


def wilson(events: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927); NaN where nobody was counted.

    Parameters
    ----------
    events, n
        People with the event, of all.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    if n == 0:
        return np.nan, np.nan
    share, squared = events / n, Z_95**2
    middle = (share + squared / (2 * n)) / (1 + squared / n)
    half = Z_95 / (1 + squared / n) * np.sqrt(share * (1 - share) / n + squared / (4 * n**2))
    low = 0.0 if events == 0 else float(middle - half)
    return low, 1.0 if events == n else float(middle + half)


def rates_table(outcomes: pd.DataFrame, courses: pd.Series, sites: pd.Series) -> pd.DataFrame:
    """Return rates for all sites together and for each (schema ``rates``).

    Parameters
    ----------
    outcomes
        Schema ``outcomes``; class outcomes are counted (label given, or value 0 and 1).
    courses
        Course by participant_id, empty where not classifiable.
    sites
        Site by participant_id.
    """
    rows: list[dict[str, Any]] = []
    known = outcomes[(outcomes["status"] == "ok") & (outcomes["label"] != "")]
    for name, group in known.groupby("outcome", sort=True):
        values = group.set_index("participant_id")["value"] == 1
        rows += _rows("outcome", str(name), values, sites)
    classified = courses[courses != ""]
    if len(classified):
        for name in COURSES:
            rows += _rows("course", name, classified == name, sites)
    return schema("rates").table(rows)


def _rows(kind: str, name: str, values: pd.Series, sites: pd.Series) -> list[dict[str, Any]]:
    known = sites.to_dict()  # a lookup in a Series costs a hundred times one in a dictionary
    place = values.index.map(lambda person: str(known.get(person, "n/a")))
    rows = []
    for site in [EVERYWHERE, *sorted(set(place))]:
        chosen = values if site == EVERYWHERE else values[place == site]
        n, events = len(chosen), int(chosen.sum())
        low, high = wilson(events, n)
        rows.append(
            {
                "kind": kind, "name": name, "site": site, "n": n, "events": events,
                "rate": events / n if n else np.nan, "ci_low": low, "ci_high": high,
            }
        )  # fmt: skip
    return rows
