"""The files of sites inside a run: each site's effects without its people, and their mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from corticolimbic.features import write_table
from corticolimbic.foundation import Problem, hash_json
from corticolimbic.stats import Comparison, pool_sites, site_summaries
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._step import Context

SITE_FILES = ("compare/site_summaries.tsv", "compare/pooled.tsv")


def declared_by_sites(config: Config) -> str:
    """Return the hash of what sites must agree on: outcome, populations and model, not their files."""
    compared = config.compare.plain()
    own = {
        "site_summaries",
        "site_name",
        "minimum_site_people",
        "minimum_people",
        "relative",
        "relative_reference",
        "permutations",
        "permutation_blocks",
        "harmonise",
        "harmonise_keep",
        "harmonise_smooth",
        "seed",
    }
    cohort = config.cohort.plain()
    declared = {
        "compare": {name: value for name, value in compared.items() if name not in own},
        "outcome": _without_labels(cohort["outcome"]),
        "populations": _without_labels(cohort["populations"]),
    }
    return hash_json(declared)[:16]


def _without_labels(value: Any) -> Any:
    """Return settings without what is only said of them."""
    if isinstance(value, dict):
        return {
            name: _without_labels(item)
            for name, item in value.items()
            if name not in {"label", "description"}
        }
    return [_without_labels(item) for item in value] if isinstance(value, list | tuple) else value


def write_sites(
    context: Context,
    compared: Callable[[pd.DataFrame], Comparison],
    baseline: pd.DataFrame,
    participants: pd.DataFrame,
    outcomes: pd.DataFrame,
    populations: pd.DataFrame,
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Write the sites' effects, and their mean where there are two sites; return the files and problems.

    Parameters
    ----------
    context
        Where, and the settings.
    compared
        From the rows of ``populations`` of one site to its comparison.
    baseline, participants, outcomes, populations
        As for `corticolimbic.stats.site_summaries`.
    """
    summaries, problems = site_summaries(
        lambda members: compared(members).effects,
        baseline,
        participants,
        outcomes,
        populations,
        context.config.compare,
        declared_by_sites(context.config),
    )
    write_table(summaries, "site_summaries", context.out / SITE_FILES[0])
    if summaries["site"].nunique() < 2:
        return SITE_FILES[:1], problems
    found = pool_sites(summaries)
    write_table(found.pooled, "pooled", context.out / SITE_FILES[1])
    return SITE_FILES, (*problems, *found.problems)
