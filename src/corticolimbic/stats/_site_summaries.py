"""Each site's effects without its people: what may leave a site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort import numbers
from corticolimbic.features import schema
from corticolimbic.foundation import Problem, package_version, problem
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._people_table import FEATURE_KEY, connectivity_table

NO_SITE = "n/a"
SUMMARY_KEY = ("population", *FEATURE_KEY, "run", "analysis", "contrast")
_COPIED = (*SUMMARY_KEY, "estimate_unit", "es_kind", "family", "model")
_WOMEN = frozenset({"f", "female", "w", "woman"})
_MEN = frozenset({"m", "male", "man"})
_WITHHELD = "withheld: fewer than {n} people"


def site_summaries(
    effects_of: Callable[[pd.DataFrame], pd.DataFrame],
    baseline: pd.DataFrame,
    participants: pd.DataFrame,
    outcomes: pd.DataFrame,
    populations: pd.DataFrame,
    settings: CompareSettings,
    declaration: str,
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Return the effects of each site, from the declared model on that site's people alone.

    No row names a person. Rows over fewer than ``minimum_site_people`` people hold their key and nothing
    else; sizes of groups are withheld where either group is smaller. Age and sex are given once for the whole
    site, rounded, so that no difference between two rows tells of one person.

    Parameters
    ----------
    effects_of
        From the rows of ``populations`` of one site to its effects (schema ``effects``).
    baseline
        Schema ``features``, rows of the baseline session.
    participants
        Strings, indexed by participant_id.
    outcomes, populations
        Schemas of these names.
    settings
        The statistic, and how many people are too few.
    declaration
        Hash of what was declared.

    Returns
    -------
    table, problems
        Schema ``site_summaries``; CL639 for each site that has rows withheld.
    """
    values = connectivity_table(baseline, settings.statistic)
    named = populations.assign(
        site=populations["site"].replace({NO_SITE: settings.site_name or NO_SITE, "": NO_SITE})
    )
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for site, mine in named.groupby("site", sort=True):
        about = {"site": str(site), "declaration": declaration, **_people(participants, mine, settings)}
        found = effects_of(mine).to_dict("records")
        summaries = [
            {**about, **_summary(row, _groups(row, values, outcomes, mine), settings)} for row in found
        ]
        withheld = sum(row["note"].startswith("withheld") for row in summaries)
        if withheld:
            few = settings.minimum_site_people
            told = f"{site}: {withheld} of {len(summaries)} effects rest on fewer than {few} people"
            problems.append(problem("CL639", found=told))
        rows += summaries
    return schema("site_summaries").table(rows), tuple(problems)


def _summary(
    row: dict[str, Any], groups: tuple[int, int] | None, settings: CompareSettings
) -> dict[str, Any]:
    few = settings.minimum_site_people
    kept: dict[str, Any] = {name: row[name] for name in _COPIED}
    kept |= {"schema_version": schema("site_summaries").schema_version, "package_version": package_version()}
    if row["n"] < few:
        return {**kept, "model": "", "note": _WITHHELD.format(n=few)}
    shown = groups is not None and min(groups) >= few
    return {
        **kept,
        **{
            name: row[name]
            for name in ("estimate", "se", "ci_low", "ci_high", "df", "effect_size", "n", "n_visits")
        },
        "es_se": _es_se(row),
        "n_reference": groups[0] if groups is not None and shown else None,
        "n_compared": groups[1] if groups is not None and shown else None,
        "note": "" if np.isfinite(row["estimate"]) else "not estimated",
    }


def _es_se(row: dict[str, Any]) -> float:
    ends = np.array([row["es_low"], row["es_high"]], dtype=float)
    if row["es_kind"] == "partial r":
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.arctanh(ends)
    return float(ends[1] - ends[0]) / (2 * 1.959963984540054)


def _groups(
    row: dict[str, Any], values: pd.DataFrame, outcomes: pd.DataFrame, populations: pd.DataFrame
) -> tuple[int, int] | None:
    """Return how many people of each group are in a model; None unless they add up to its people."""
    outcome, _, names = row["contrast"].partition(": ")
    compared, separator, reference = names.partition(" - ")
    column = tuple(row[name] for name in FEATURE_KEY)
    if not separator or column not in values.columns:
        return None
    mine = populations[(populations["population"] == row["population"]) & (populations["member"] == 1)]
    people = set(mine["participant_id"]) & set(values.index[values[column].notna()])
    known = outcomes[(outcomes["outcome"] == outcome) & outcomes["participant_id"].isin(people)]
    sizes = tuple(int((known["label"] == name).sum()) for name in (reference, compared))
    return (sizes[0], sizes[1]) if sum(sizes) == row["n"] else None


def _people(
    participants: pd.DataFrame, populations: pd.DataFrame, settings: CompareSettings
) -> dict[str, float]:
    """Return age and sex of everyone analysed at the site, rounded; nothing where they are too few."""
    few = settings.minimum_site_people
    people = participants.reindex(sorted(set(populations.loc[populations["member"] == 1, "participant_id"])))
    about = {}
    if "age" in people.columns:
        ages = numbers(people["age"].fillna("").astype(object), "age")[0].dropna()
        if len(ages) >= few:
            about["mean_age"] = float(np.round(ages.mean()))
    if "sex" in people.columns:
        cells = people["sex"].fillna("").astype(str).str.strip().str.lower()
        women, men = int(cells.isin(_WOMEN).sum()), int(cells.isin(_MEN).sum())
        if min(women, men) >= few:
            about["share_female"] = float(np.round(20 * women / (women + men)) / 20)
    return about
