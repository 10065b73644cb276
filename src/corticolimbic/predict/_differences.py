"""Whom the difference between populations rests on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.predict._judged import Judged
from corticolimbic.stats import pearson


def differences(name: str, outcome: str, judged: Judged) -> list[dict[str, Any]]:
    """Say whom the difference between populations rests on, for every external site where it exists.

    Parameters
    ----------
    name, outcome
        Of the marker and what it was judged against.
    judged
        As `gather` returns it.

    Returns
    -------
    list
        As written to ``predict/differences.json``: r and n in both populations, and each person who is in
        only one of them, with the rule that set them apart and, for those in the larger set, its r without
        them.
    """
    names = list(dict.fromkeys(judged.populations["population"]))
    found = []
    for first, second in ((names[0], other) for other in names[1:]):
        sets = {population: judged.members(population) for population in (first, second)}
        external = pd.concat(sets.values())
        for site in sorted(set(external.loc[~external["training"], "site"])):
            here = {population: _at_site(people, site) for population, people in sets.items()}
            only = {
                first: sorted(set(here[first].index) - set(here[second].index)),
                second: sorted(set(here[second].index) - set(here[first].index)),
            }
            if any(only.values()):
                found.append(_difference(name, outcome, site, here, only, judged))
    return found


def _at_site(people: pd.DataFrame, site: str) -> pd.DataFrame:
    return people[(people["site"] == site) & ~people["training"]]


def _difference(
    name: str,
    outcome: str,
    site: str,
    here: dict[str, pd.DataFrame],
    only: dict[str, list[str]],
    judged: Judged,
) -> dict[str, Any]:
    names = list(here)
    table = judged.populations.set_index(["participant_id", "population"])["reason"]
    everyone = pd.concat(here.values())
    larger = max(here.values(), key=len)
    everyone = everyone[~everyone.index.duplicated()]
    people = [
        {
            "participant_id": person,
            "in": [population for population in names if person in here[population].index],
            "score": float(everyone.loc[person, "score"]),
            "outcome": float(everyone.loc[person, "outcome"]),
            "reason": "; ".join(
                table.get((person, population), "")
                for population in names
                if person not in here[population].index
            ),
            "r_without": _r(larger.drop(index=person)) if person in larger.index else None,
        }
        for person in sorted({person for group in only.values() for person in group})
    ]
    return {
        "marker": name,
        "outcome": outcome,
        "site": site,
        "populations": names,
        "value": {population: _r(rows) for population, rows in here.items()},
        "n": {population: len(rows) for population, rows in here.items()},
        "only_in": only,
        "people": people,
    }


def _r(people: pd.DataFrame) -> float | None:
    value = pearson(people["score"].to_numpy(dtype=float), people["outcome"].to_numpy(dtype=float)).value
    return float(value) if np.isfinite(value) else None
