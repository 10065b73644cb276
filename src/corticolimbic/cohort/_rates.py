"""How many people at each site had which outcome, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort._courses import COURSES
from corticolimbic.cohort._recovery import EVERYWHERE
from corticolimbic.cohort._wilson import wilson
from corticolimbic.features import schema


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
