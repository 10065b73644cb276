"""Pooling what sites sent: which rows belong together, and their mean."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._multiplicity import false_discovery
from corticolimbic.stats._random_effects import MetaAnalysis, leave_one_out, meta_analysis
from corticolimbic.stats._site_summaries import SUMMARY_KEY

_SAME = ("definition", "estimate_unit", "es_kind", "declaration")
"""What must agree between sites for their effects to have a common mean."""
_QUESTION = [name for name in SUMMARY_KEY if name != "definition"]
_WORDS = {
    "definition": "definition of the measure",
    "estimate_unit": "unit",
    "es_kind": "kind of effect size",
    "declaration": "declaration (outcome, populations, covariates)",
}
_BETWEEN = " | "


@dataclass(frozen=True)
class PooledSites:
    """Effects pooled over sites.

    Parameters
    ----------
    pooled
        Schema ``pooled``.
    used
        Schema ``site_summaries``: the rows that entered.
    problems
        Rows that did not, and versions that differ.
    """

    pooled: pd.DataFrame
    used: pd.DataFrame
    problems: tuple[Problem, ...]


def pool_sites(summaries: pd.DataFrame, places: pd.Series | None = None) -> PooledSites:
    """Pool every feature and contrast over the sites that have it.

    Parameters
    ----------
    summaries
        Schema ``site_summaries``, the rows of all sites.
    places
        ``FILE:ROW`` of each row, for problems; by the index of ``summaries``.

    Returns
    -------
    PooledSites
        The order of sites and rows makes no difference.
    """
    table = schema("site_summaries").check(summaries)
    places = pd.Series("", index=table.index) if places is None else places
    problems: list[Problem] = []
    known = table[table["note"] == ""]
    broken = known.apply(_why_unusable, axis=1) if len(known) else pd.Series(dtype=object)
    for place, why in broken[broken != ""].items():
        problems.append(_about("CL643", places.loc[place], f"{known.loc[place, 'site']}: {why}"))
    known = known.loc[broken[broken == ""].index] if len(known) else known
    agreed, differing = _agreed(known)
    for place, why in differing.items():
        problems.append(_about("CL644", places.loc[place], why))
    used = known.loc[agreed].sort_values([*SUMMARY_KEY, "site"], ignore_index=True)
    versions = sorted(set(used["package_version"]))
    if len(versions) > 1:
        told = "; ".join(f"{site} {rows['package_version'].iloc[0]}" for site, rows in used.groupby("site"))
        problems.append(problem("CL645", found=told))
    return PooledSites(_pooled(used, table), used, tuple(sorted(set(problems))))


def _why_unusable(row: pd.Series) -> str:
    if not np.isfinite(row["estimate"]):
        return f"the estimate is {row['estimate']}"
    if not np.isfinite(row["se"]) or row["se"] <= 0:
        return f"the standard error is {row['se']}"
    if row["n"] < 1:
        return f"{row['n']} people"
    return ""


def _about(code: str, place: str, found: str) -> Problem:
    file, _, row = str(place).rpartition(":")
    return problem(code, file=file, row=row, found=found)


def _agreed(table: pd.DataFrame) -> tuple[list[Any], dict[Any, str]]:
    """Return the rows that go with most sites, and why each other one does not."""
    agreed: list[Any] = []
    differing: dict[Any, str] = {}
    for _, rows in table.groupby(_QUESTION, sort=False):
        told = rows[list(_SAME)].apply(tuple, axis=1)
        counts = Counter(told)
        norm = min(counts, key=lambda one: (-counts[one], one))
        for place, mine in told.items():
            others = [
                f"{_WORDS[name]} {own[:40]!r}, others {usual[:40]!r}"
                for name, own, usual in zip(_SAME, mine, norm, strict=True)
                if own != usual
            ]
            if others:
                differing[place] = f"{rows.loc[place, 'site']}, {rows.loc[place, 'target']}: {others[0]}"
            else:
                agreed.append(place)
    return agreed, differing


def _pooled(used: pd.DataFrame, everything: pd.DataFrame) -> pd.DataFrame:
    if used.empty:
        return schema("pooled").table([])
    sites = sorted(set(used["site"]))
    groups = list(used.groupby(list(SUMMARY_KEY), sort=True))
    asked = {key: set(rows["site"]) for key, rows in everything.groupby(_QUESTION)}
    wide = {
        name: np.array([rows.set_index("site")[name].reindex(sites) for _, rows in groups], dtype=float)
        for name in ("estimate", "se", "effect_size", "es_se")
    }
    found = meta_analysis(wide["estimate"], wide["se"])
    without = leave_one_out(wide["estimate"], wide["se"])
    sizes = _sizes(wide["effect_size"], wide["es_se"], [rows["es_kind"].iloc[0] for _, rows in groups])
    families = np.array([rows["family"].iloc[0] for _, rows in groups])
    q = false_discovery(found.p, families)
    table = [
        {
            **rows.iloc[0][[*SUMMARY_KEY, "estimate_unit", "es_kind", "family"]].to_dict(),
            **_numbers(found, place),
            **{name: float(values[place]) for name, values in sizes.items()},
            **_without(without[place], float(found.estimate[place]), sites),
            "q": q[place],
            "n": int(rows["n"].sum()),
            "sites": _BETWEEN.join(rows["site"]),
            "note": _note(rows, asked[tuple(rows.iloc[0][_QUESTION])]),
        }
        for place, (_, rows) in enumerate(groups)
    ]
    return schema("pooled").table(table)


def _numbers(found: MetaAnalysis, place: int) -> dict[str, Any]:
    names = ("estimate", "se", "ci_low", "ci_high", "hk_low", "hk_high", "p", "common", "common_low",
             "common_high", "tau2", "tau2_low", "tau2_high", "i2", "h2", "p_q", "prediction_low",
             "prediction_high")  # fmt: skip
    row: dict[str, Any] = {name: float(getattr(found, name)[place]) for name in names}
    return {**row, "k": int(found.k[place]), "cochran_q": float(found.q[place])}


def _sizes(sizes: np.ndarray, errors: np.ndarray, kinds: list[str]) -> dict[str, np.ndarray]:
    """Pool the standardised effects, partial correlations as Fisher z; unusable ones are left out."""
    fisher = np.array([kind == "partial r" for kind in kinds])
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(fisher[:, None], np.arctanh(sizes), sizes)
    usable = np.isfinite(values) & np.isfinite(errors) & (errors > 0)
    found = meta_analysis(np.where(usable, values, np.nan), np.where(usable, errors, np.nan))
    ends = {"effect_size": found.estimate, "es_low": found.hk_low, "es_high": found.hk_high}
    return {name: np.where(fisher, np.tanh(value), value) for name, value in ends.items()}


def _without(means: np.ndarray, mean: float, sites: list[str]) -> dict[str, Any]:
    if not np.isfinite(means).sum() > 1:
        return {}
    most = int(np.nanargmax(np.abs(means - mean)))
    return {
        "without_low": float(np.nanmin(means)),
        "without_high": float(np.nanmax(means)),
        "without_site": sites[most],
    }


def _note(rows: pd.DataFrame, asked: set[str]) -> str:
    parts = []
    lacking = sorted(asked - set(rows["site"]))
    if lacking:
        parts.append(f"not pooled: {', '.join(lacking)}")
    if len(rows) == 1:
        parts.append("one site: nothing is pooled, the estimate is its own")
    elif len(rows) == 2:
        parts.append("two sites: the interval rests on one degree of freedom")
    if rows["model"].nunique() > 1:
        parts.append("models differ in their columns")
    return "; ".join(parts)
