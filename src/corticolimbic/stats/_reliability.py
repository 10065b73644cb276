"""How reliable each edge is: over runs of a session, halves of a run, and waves; at each site, over all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import Statistic, schema, session_order
from corticolimbic.stats._icc import icc
from corticolimbic.stats._people_table import FEATURE_KEY

ALL = "all"
RELIABILITY_ORDER = (("runs", "ICC(3,k)"), ("halves", "ICC(3,k)"), ("waves", "ICC(3,1)"))
"""Which reliability stands beside an effect: the first that could be estimated, declared before any result.

Runs of a session say how much of their average, which is what is tested, is the person's; halves step up to
the same data, but share the session's state; waves also hold what truly changed.
"""
_FORMS = {
    "runs": ("ICC(2,1)", "ICC(3,1)", "ICC(3,k)"),
    "halves": ("ICC(3,1)", "ICC(3,k)"),
    "waves": ("ICC(2,1)", "ICC(3,1)"),
}
_HALVES = ("pearson_half1", "pearson_half2")
_PRECISION = "fc_precision"
_PLACE = FEATURE_KEY[: FEATURE_KEY.index("measure")]


@dataclass(frozen=True)
class _Repeated:
    """Edges of one state, measured several times."""

    kind: str
    values: pd.DataFrame  # people in rows; (measurement, feature key) in columns
    measurements: tuple[str, ...]
    keys: tuple[tuple, ...]

    def array(self, people: pd.Index) -> np.ndarray:
        """Return people x measurements x features."""
        parts = [
            self.values.reindex(index=people, columns=[(name, *key) for key in self.keys]).to_numpy(float)
            for name in self.measurements
        ]
        return np.stack(parts, axis=1)


def reliability(
    features: pd.DataFrame, baseline: pd.DataFrame, sites: pd.Series, statistic: Statistic
) -> pd.DataFrame:
    """Return the intraclass correlation of every edge, in Fisher z (METHODS M-4).

    Over *runs* of the baseline session; *halves* of its runs (Pearson only; each half averaged over runs, so
    that the form with k is of all the data that an effect rests on); and *waves*, the sessions with their
    runs averaged. All measured people count, whatever their outcome.

    Parameters
    ----------
    features
        Schema ``features``, every session, circuit edges only.
    baseline
        Those of them that are of each person's baseline session.
    sites
        Site by participant_id; a person without one stands under ``n/a``.
    statistic
        Estimator of connectivity.

    Returns
    -------
    DataFrame
        Schema ``reliability``. Site ``all`` is within sites where there are several: their means are taken
        out, as they are from the effects.
    """
    rows: list[dict[str, Any]] = []
    for repeated in _repeated(features, baseline, statistic):
        people = repeated.values.index
        where = sites.reindex(people).fillna("n/a").astype(str).to_numpy(dtype=object)
        values = repeated.array(people)
        names, codes = np.unique(where.astype(str), return_inverse=True)
        for site in (ALL, *(str(name) for name in names if len(names) > 1)):
            chosen = np.ones(len(people), dtype=bool) if site == ALL else where == site
            rows += _site_rows(repeated, values[chosen], codes[chosen].astype(np.int64), site)
    return schema("reliability").table(rows)


def best_reliability(table: pd.DataFrame) -> pd.DataFrame:
    """Return, for each feature, its reliability of the first kind in `RELIABILITY_ORDER` that there is.

    Parameters
    ----------
    table
        Schema ``reliability``.
    """
    everywhere = table[(table["site"] == ALL) & table["icc"].notna()]
    rank = {pair: place for place, pair in enumerate(RELIABILITY_ORDER)}
    ranks = [
        rank.get((kind, form), -1) for kind, form in zip(everywhere["kind"], everywhere["form"], strict=True)
    ]
    ranked = everywhere.assign(rank=np.array(ranks, dtype=int))
    ranked = ranked[ranked["rank"] >= 0].sort_values("rank", kind="stable")
    return ranked.drop_duplicates(FEATURE_KEY).drop(columns="rank").reset_index(drop=True)


def _site_rows(repeated: _Repeated, values: np.ndarray, codes: np.ndarray, site: str) -> Iterator[dict]:
    for form in _FORMS[repeated.kind]:
        groups = codes if site == ALL else None
        found = icc(values, form, groups=groups, averaged=2.0 if repeated.kind == "halves" else None)
        for at, key in enumerate(repeated.keys):
            yield {
                **dict(zip(FEATURE_KEY, key, strict=True)),
                "kind": repeated.kind,
                "site": site,
                "form": form,
                "icc": found.icc[at],
                "icc_low": found.low[at],
                "icc_high": found.high[at],
                "n_people": int(found.n_people[at]),
                "n_repeated": int(found.n_repeated[at]),
                "n_measures": int(found.n_values[at]),
                "averaged": found.averaged[at],
                "sem": found.sem[at],
                "note": found.reason[at],
            }


def _repeated(features: pd.DataFrame, baseline: pd.DataFrame, statistic: Statistic) -> Iterator[_Repeated]:
    edges = _edges(baseline, statistic)
    keys = edges[FEATURE_KEY].drop_duplicates()
    yield from _by_state("runs", edges.assign(measurement=edges["run"]))
    if statistic == "pearson":
        halves = baseline[(baseline["measure"] == _PRECISION) & baseline["statistic"].isin(_HALVES)]
        named = _with_z(halves).rename(columns={"statistic": "measurement"})
        named = named.drop(columns=["measure", "definition"])
        yield from _by_state("halves", named.merge(keys, on=[*_PLACE, "target"], how="inner"))
    waves = _edges(features, statistic)
    yield from _by_state("waves", waves.assign(measurement=waves["session_id"]))


def _by_state(kind: str, rows: pd.DataFrame) -> Iterator[_Repeated]:
    """Yield each state, acquisition and atlas that was measured more than once: they are never pooled."""
    for _, part in rows.groupby(_PLACE, sort=True):
        names = tuple(sorted(set(part["measurement"]), key=session_order))
        if len(names) < 2:
            continue
        values = part.groupby(["participant_id", "measurement", *FEATURE_KEY], sort=True)["z"].mean()
        keys = tuple(part[FEATURE_KEY].drop_duplicates().sort_values(FEATURE_KEY).itertuples(index=False))
        wide = values.unstack(["measurement", *FEATURE_KEY])
        yield _Repeated(kind, wide, names, tuple(tuple(key) for key in keys))


def _edges(rows: pd.DataFrame, statistic: Statistic) -> pd.DataFrame:
    return _with_z(rows[(rows["measure"] == "fc") & (rows["statistic"] == statistic)])


def _with_z(rows: pd.DataFrame) -> pd.DataFrame:
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.arctanh(rows["value"].to_numpy(dtype=float))
    return rows.assign(z=np.where(np.isfinite(z), z, np.nan))
