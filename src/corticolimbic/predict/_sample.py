"""The people of one population whom a candidate is judged on, and the rows that come of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.predict._covariates import Covariates
from corticolimbic.predict._judged import ALL_SITES, EXTERNAL, MINIMUM_PEOPLE, Judged
from corticolimbic.predict._question import Candidate, Question
from corticolimbic.stats import Estimate

Row = dict[str, Any]


@runtime_checkable
class Numbers(Protocol):
    """What an estimate of any kind has."""

    @property
    def value(self) -> float: ...
    @property
    def ci_low(self) -> float: ...
    @property
    def ci_high(self) -> float: ...
    @property
    def p(self) -> float: ...
    @property
    def n(self) -> int: ...


@dataclass(frozen=True)
class Sample:
    """External people of one population, in the order of their ids.

    Parameters
    ----------
    people
        Columns score (oriented), outcome, site; indexed by participant_id.
    covariates
        Of these people, with columns of their sites.
    common
        Name, kind, outcome and population of every row.
    site
        What stands for all these people: ALL_SITES, or their one site.
    """

    people: pd.DataFrame
    covariates: Covariates
    common: dict[str, str]
    site: str

    @property
    def score(self) -> Float[np.ndarray, " people"]:
        """Oriented score."""
        return self.people["score"].to_numpy(dtype=float)

    @property
    def outcome(self) -> Float[np.ndarray, " people"]:
        """Class or number."""
        return self.people["outcome"].to_numpy(dtype=float)

    @property
    def sites(self) -> list[str]:
        """Site of each person."""
        return [str(site) for site in self.people["site"]]

    @property
    def name(self) -> str:
        """Who is judged against what, for problems."""
        return f"{self.common['name']}, {self.common['outcome']}, {self.common['population']}"

    def row(
        self, metric: str, found: Numbers, *, note: str = "", site: str = "", scheme: str = EXTERNAL
    ) -> Row:
        """Return one row of the evaluation; by default of all these people as external."""
        reason = str(getattr(found, "reason", ""))
        return {
            **self.common,
            "site": site or self.site,
            "scheme": scheme,
            "metric": metric,
            **{name: getattr(found, name) for name in ("value", "ci_low", "ci_high", "p", "n")},
            "note": "; ".join(dict.fromkeys(part for part in (note, reason) if part)),
        }


def sample(candidate: Candidate, question: Question, judged: Judged, population: str) -> Sample:
    """Return the external people of a population, scores turned so that higher should mean worse."""
    members = judged.members(population)
    people = members[~members["training"]].sort_index()
    people = people.assign(score=people["score"] * candidate.turn)
    common = {
        "name": candidate.name,
        "kind": candidate.kind,
        "outcome": question.outcome,
        "population": population,
    }
    sizes = people["site"].value_counts()
    large = sorted(sizes.index[sizes >= MINIMUM_PEOPLE])
    covariates = judged.covariates.of(people.index, people["site"])
    return Sample(people, covariates, common, str(large[0]) if len(large) == 1 else ALL_SITES)


def averaged(found: Iterable[Numbers]) -> Estimate:
    """Return the mean of estimates over repeats; they share their people, so the interval is not narrowed.

    A single one keeps its p; over several none is given.
    """
    known = [one for one in found if math.isfinite(one.value)]
    if not known:
        return Estimate(math.nan, math.nan, math.nan, math.nan, 0, "could not be estimated in any fold")
    columns = np.array([[one.value, one.ci_low, one.ci_high] for one in known])
    value, low, high = (float(number) for number in columns.mean(axis=0))
    return Estimate(
        value, low, high, known[0].p if len(known) == 1 else math.nan, max(one.n for one in known)
    )
