"""Evaluation rows as the judging writes them, made by hand for tests of what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.predict import ALL_SITES, EXTERNAL

OUTCOME, OTHERS = "persistent_20", ("persistent_10", "persistent_30", "persistent_40", "persistent_50")
THREE = tuple[float, float, float]


def row(
    metric: str,
    interval: THREE,
    *,
    name: str = "m",
    outcome: str = OUTCOME,
    site: str = ALL_SITES,
    scheme: str = EXTERNAL,
    p: float = np.nan,
    n: int = 400,
    population: str = "everyone",
    kind: str = "marker",
) -> dict:
    value, low, high = interval
    return {
        "name": name, "kind": kind, "outcome": outcome, "population": population, "scheme": scheme,
        "site": site, "metric": metric, "value": value, "ci_low": low, "ci_high": high, "p": p, "n": n,
    }  # fmt: skip


def class_rows(
    auc: THREE,
    p: float,
    *,
    pooled: THREE | None = None,
    crude: THREE | None = None,
    given: Mapping[str, THREE] | None = None,
    sweep: Sequence[THREE] = (),
    **where,
) -> list[dict]:
    """Return the rows of one marker against a class outcome."""
    rows = [row("auc", auc, p=p, **where), row("auc_pooled", pooled or auc, **where)]
    if crude is not None:
        rows.append(row("association", crude, **where))
    rows += [row(f"association|{name}", interval, **where) for name, interval in (given or {}).items()]
    rows += [
        row("auc", interval, outcome=other, **where) for other, interval in zip(OTHERS, sweep, strict=False)
    ]
    return rows


@cache
def tables(
    n: int = 400, persistent: int = 200, names: tuple[str, ...] = ("m",), site: str = "north"
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return scores, outcomes and populations in which everybody has everything."""
    people = [f"sub-{at:04d}" for at in range(n)]
    scores = [
        {"participant_id": person, "session_id": "ses-1", "task": "n/a", "run": "n/a", "site": site,
         "marker": name, "score": 1.0, "status": "ok"}
        for name in names for person in people
    ]  # fmt: skip
    outcomes = [
        {"participant_id": person, "outcome": name, "family": "relative", "unit": "class", "status": "ok",
         "role": "primary" if name == OUTCOME else "sweep", "value": float(at < persistent),
         "label": "persistent" if at < persistent else "recovered"}
        for name in (OUTCOME, *OTHERS) for at, person in enumerate(people)
    ]  # fmt: skip
    members = [
        {"participant_id": person, "population": "everyone", "site": site, "member": 1} for person in people
    ]
    return (
        schema("scores").table(scores),
        schema("outcomes").table(outcomes),
        schema("populations").table(members),
    )


def evaluation(rows: list[dict]) -> pd.DataFrame:
    return schema("evaluation").table(rows)
