"""Who was lost, when, and how they differ from those who were seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from corticolimbic.cohort import wilson
from corticolimbic.features import schema
from corticolimbic.stats._effect_sizes import hedges_g
from corticolimbic.stats._expected_visits import ExpectedVisits, expected_visits
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import Levels, Numbers, Term, read_levels, read_term

EVERYWHERE = "all"
"""The site of rows about everybody."""
NO_SITE = "n/a"


@dataclass(frozen=True, eq=False)
class Attrition:
    """Description of who was lost; nothing is modelled.

    Parameters
    ----------
    visits
        Schema ``attrition``: people expected, seen and lost, by visit and site.
    patterns
        Schema ``attrition_patterns``: which visits people were seen at.
    differences
        Schema ``attrition_differences``: baseline covariates of the lost against the seen, by visit.
    """

    visits: pd.DataFrame
    patterns: pd.DataFrame
    differences: pd.DataFrame


def attrition(
    people: pd.DataFrame,
    observed: pd.DataFrame,
    covariates: tuple[str, ...] = (),
    site: str | None = None,
    level: float = 0.95,
) -> Attrition:
    r"""Describe who was lost, when, and how they differ.

    Shares lost carry Wilson's interval. Differences between those lost at a visit and those seen are
    standardised: Hedges' g with its exact interval for numbers (`hedges_g`; above 0 the lost have more), and
    for each level of a class :math:`(p_l - p_s) / \sqrt{(p_l q_l + p_s q_s)/2}` (Austin 2009, Stat Med
    28:3083) with the standard error :math:`\sqrt{1/n_l + 1/n_s + d^2/(2(n_l + n_s))}` (Hedges & Olkin 1985,
    p. 86; Yang & Dalton 2012, SAS Global Forum 335). No test is made: with many people any difference is
    significant, and it is its size that biases.

    Parameters
    ----------
    people
        One row a person, with the covariates.
    observed
        People by visits: true seen, false lost, missing not due (see `expected_visits`); joined by key.
    covariates
        Baseline columns that are compared.
    site
        Column of sites; None where there is one. Sites are compared like a covariate too.
    level
        Coverage of the intervals.

    Raises
    ------
    ModelError
        A column is unknown, a person stands twice or has no row of visits.

    Examples
    --------
    >>> people = pd.DataFrame({"pain": [3.0, 5.0, 7.0, 8.0, 4.0, 6.0]})
    >>> observed = pd.DataFrame({"baseline": True, "month 6": [True, True, False, False, True, True]})
    >>> found = attrition(people, observed, ("pain",))
    >>> found.visits[["visit", "n_expected", "n_lost"]].to_numpy().tolist()
    [['baseline', 6, 0], ['month 6', 6, 2]]
    >>> found.patterns["kind"].tolist()
    ['complete', 'dropout']
    """
    names = (*covariates, *((site,) if site is not None else ()))
    unknown = tuple(name for name in names if name not in people.columns)
    if unknown:
        raise ModelError(f"the table has no column {', '.join(map(repr, unknown))}", unknown)
    if not people.index.is_unique:
        raise ModelError("people stand more than once in the table")
    lacking = people.index.difference(observed.index, sort=False)
    if len(lacking):
        raise ModelError(f"the table of visits has no row for {', '.join(map(str, lacking[:5].tolist()))}")
    table = expected_visits(observed.loc[people.index])
    terms = [read_levels(people, name) if name == site else read_term(people, name) for name in names]
    return Attrition(
        visits=schema("attrition").table(_visit_rows(table, site_names(people, site), level)),
        patterns=schema("attrition_patterns").table(_pattern_rows(table)),
        differences=schema("attrition_differences").table(_difference_rows(table, terms, level)),
    )


def site_names(people: pd.DataFrame, site: str | None) -> np.ndarray | None:
    """Return the site of each person as text, ``n/a`` where not known; None without a column of sites."""
    if site is None:
        return None
    term = read_levels(people, site)
    named = np.array([*term.levels, NO_SITE], dtype=object)
    return np.asarray(named[term.codes])


def _visit_rows(table: ExpectedVisits, sites: np.ndarray | None, level: float) -> list[dict[str, Any]]:
    groups = [(EVERYWHERE, np.ones(len(table.people), dtype=bool))]
    if sites is not None:
        groups += [(str(name), sites == name) for name in sorted(set(sites))]
    later = np.logical_or.accumulate(table.seen[:, ::-1], axis=1)[
        :, ::-1
    ]  # seen at this visit or a later one
    rows = []
    for place, visit in enumerate(table.visits):
        for name, here in groups:
            expected, lost = (part[here, place].sum() for part in (table.expected, table.lost))
            gone = table.lost[here, place] & ~later[here, place]
            before = later[here, place - 1] if place else np.ones(int(here.sum()), dtype=bool)
            low, high = wilson(float(lost), float(expected), level)
            rows.append(
                {
                    "visit": visit,
                    "site": name,
                    "visit_order": place,
                    "n_expected": int(expected),
                    "n_seen": int(expected - lost),
                    "n_lost": int(lost),
                    "n_left": int((gone & before).sum()),
                    "share_lost": lost / expected if expected else np.nan,
                    "ci_low": low,
                    "ci_high": high,
                }
            )
    return rows


def _pattern_rows(table: ExpectedVisits) -> list[dict[str, Any]]:
    marks = np.where(table.seen, "1", np.where(table.expected, "0", "-"))
    counts = Counter("".join(row) for row in marks)
    rows = []
    for pattern, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        rows.append({"pattern": pattern, "kind": _kind(pattern), "n": n, "share": n / len(table.people)})
    return rows


def _kind(pattern: str) -> str:
    due = pattern.replace("-", "")
    if "0" not in due:
        return "complete" if due else "not due"
    if "1" not in due:
        return "never seen"
    return "intermittent" if "01" in due else "dropout"


def _difference_rows(table: ExpectedVisits, terms: list[Term], level: float) -> list[dict[str, Any]]:
    rows = []
    for place, visit in enumerate(table.visits):
        lost, seen = table.lost[:, place], table.seen[:, place]
        if not lost.any():
            continue
        for term in terms:
            if isinstance(term, Numbers):
                row = _number(term.values[lost], term.values[seen], level)
                rows.append({"visit": visit, "covariate": term.name, "level": "", **row})
            else:
                rows += [
                    {
                        "visit": visit,
                        "covariate": term.name,
                        "level": name,
                        **_class(term, code, lost, seen, level),
                    }
                    for code, name in enumerate(term.levels)
                ] or [
                    {
                        "visit": visit,
                        "covariate": term.name,
                        "level": "",
                        **_nothing(0, 0, "nobody has a value"),
                    }
                ]
    return rows


def _nothing(n_lost: int, n_seen: int, reason: str) -> dict[str, Any]:
    return {"n_lost": n_lost, "n_seen": n_seen, "reason": reason}


def _number(lost: np.ndarray, seen: np.ndarray, level: float) -> dict[str, Any]:
    lost, seen = lost[~np.isnan(lost)], seen[~np.isnan(seen)]
    row = _nothing(lost.size, seen.size, _too_few(lost.size, seen.size))
    row |= {
        "value_lost": lost.mean() if lost.size else np.nan,
        "value_seen": seen.mean() if seen.size else np.nan,
    }
    if row["reason"]:
        return row
    df = lost.size + seen.size - 2
    pooled = np.sqrt((((lost - lost.mean()) ** 2).sum() + ((seen - seen.mean()) ** 2).sum()) / df)
    size = max(np.abs(lost).max(), np.abs(seen).max())
    if pooled <= 64 * np.finfo(float).eps * size:
        return row | {"reason": "does not vary among the lost, nor among the seen"}
    factor = 1 / lost.size + 1 / seen.size
    t = np.array([(lost.mean() - seen.mean()) / (pooled * np.sqrt(factor))])
    g, low, high = hedges_g(t, df, factor, level)
    return row | {"difference": g[0], "ci_low": low[0], "ci_high": high[0]}


def _class(term: Levels, code: int, lost: np.ndarray, seen: np.ndarray, level: float) -> dict[str, Any]:
    parts = [term.codes[who] for who in (lost, seen)]
    n_lost, n_seen = (int((part >= 0).sum()) for part in parts)
    row = _nothing(n_lost, n_seen, _too_few(n_lost, n_seen))
    shares = [
        (part == code).sum() / n if n else np.nan for part, n in zip(parts, (n_lost, n_seen), strict=True)
    ]
    row |= {"value_lost": shares[0], "value_seen": shares[1]}
    if row["reason"]:
        return row
    spread = float(np.sqrt(sum(share * (1 - share) for share in shares) / 2))
    if spread == 0:
        return row | {"reason": "does not vary among the lost, nor among the seen"}
    d = (shares[0] - shares[1]) / spread
    half = float(special.ndtri((1 + level) / 2)) * np.sqrt(
        1 / n_lost + 1 / n_seen + d**2 / (2 * (n_lost + n_seen))
    )
    return row | {"difference": d, "ci_low": d - half, "ci_high": d + half}


def _too_few(n_lost: int, n_seen: int) -> str:
    """Return why two groups cannot be compared, or nothing."""
    if n_lost == 0 and n_seen == 0:
        return "nobody has a value"
    for n, which in ((n_lost, "lost"), (n_seen, "seen")):
        if n < 2:
            return f"{'nobody' if n == 0 else 'one person'} {which} has a value; a difference needs two"
    return ""
