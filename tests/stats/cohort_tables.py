"""Tables of a made-up cohort, as the rooms before `stats` and `predict` write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema

EDGES = ("NAc--mPFC", "Amy--mPFC", "Hip--mPFC", "NAc--PAG")


def people(
    n: int, rng: np.random.Generator, sites: Sequence[str] = ("north", "south", "west")
) -> pd.DataFrame:
    """Return a participants table of strings: site, age, sex, pain."""
    ids = [f"sub-{number:03d}" for number in rng.permutation(n)]
    columns = {
        "site": [sites[at % len(sites)] for at in range(n)],
        "age": [f"{value:.1f}" for value in rng.uniform(20, 60, n)],
        "sex": rng.choice(["F", "M"], n),
        "pain": [f"{value:.3f}" for value in rng.normal(size=n)],
    }
    return pd.DataFrame(columns, index=pd.Index(ids, name="participant_id"), dtype=object)


def features(
    values: Mapping[str, Mapping[str, float]],
    rng: np.random.Generator | None = None,
    **key: str,
) -> pd.DataFrame:
    """Return feature rows from person -> target -> value; ``key`` overrides parts of the key."""
    rows = [
        {
            "participant_id": person,
            "session_id": "ses-none",
            "task": "rest",
            "run": "n/a",
            "acq": "n/a",
            "space": "n/a",
            "atlas": "coordinates",
            "strategy": "as-given",
            "measure": "fc",
            "statistic": "pearson",
            "definition": "fc-1",
            **key,
            "target": target,
            "value": value,
            "unit": "r",
            "qc": "ok" if np.isfinite(value) else "no signal",
        }
        for person, targets in values.items()
        for target, value in targets.items()
    ]
    table = schema("features").table(rows)
    return table if rng is None else table.iloc[rng.permutation(len(table))].reset_index(drop=True)


def quality(values: Mapping[str, tuple[float, float]], **key: str) -> pd.DataFrame:
    """Return the quality rows of person -> (mean displacement, censored share)."""
    return pd.concat(
        [
            features(
                {person: {"WholeBrain": pair[at]} for person, pair in values.items()}, measure=measure, **key
            )
            for at, measure in enumerate(("mean_fd", "censored_share"))
        ],
        ignore_index=True,
    )


def outcome(values: Mapping[str, float], name: str = "pain", **cells: Any) -> pd.DataFrame:
    """Return outcome rows of person -> value."""
    rows = [
        {
            "participant_id": person,
            "outcome": name,
            "family": "column",
            "role": "primary",
            "value": value,
            "status": "ok" if np.isfinite(value) else "missing",
            **{key: cell(value) if callable(cell) else cell for key, cell in cells.items()},
        }
        for person, value in values.items()
    ]
    return schema("outcomes").table(rows)


def population(table: pd.DataFrame, members: Iterable[str], name: str = "everyone") -> pd.DataFrame:
    """Return population rows: everyone listed, who is a member, at which site."""
    chosen = set(members)
    rows = [
        {
            "participant_id": person,
            "population": name,
            "site": table.loc[person, "site"],
            "member": int(person in chosen),
            "reason": "" if person in chosen else "not: by rule",
        }
        for person in table.index
    ]
    return schema("populations").table(rows)
