"""Weights that let those who were seen stand for those who were lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy import special

from corticolimbic.stats._covariate_coding import covariate_coding
from corticolimbic.stats._expected_visits import ExpectedVisits, expected_visits
from corticolimbic.stats._logistic import LogisticFit, fit_logistic
from corticolimbic.stats._model_matrix import collinear
from corticolimbic.stats._refusals import ModelError


@dataclass(frozen=True, eq=False)
class VisitModel:
    """Who, of those seen until then, was seen at one visit.

    Parameters
    ----------
    visit
        Its name.
    columns
        Of the logistic model; the first is the intercept.
    at_risk, seen
        People seen at every visit before, and at this one too.
    fit
        The model; None where nobody was lost, and everybody's probability is 1.
    history
        Earlier visits whose ratings are columns, with their mean and standard deviation.
    """

    visit: str
    columns: tuple[str, ...]
    at_risk: int
    seen: int
    fit: LogisticFit | None
    history: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, eq=False)
class _Stage:
    """What the sandwich needs of one visit's model: its people (rows of the training table) and scores."""

    rows: Int[np.ndarray, " at_risk"]
    matrix: Float[np.ndarray, "at_risk columns"]
    residual: Float[np.ndarray, " at_risk"]
    probability: Float[np.ndarray, " at_risk"]
    information: Float[np.ndarray, "columns columns"]
    share: float

    @cached_property
    def moves(self) -> Float[np.ndarray, "at_risk columns"]:
        """Change of the coefficients that each person makes, by one Newton step without them."""
        influence = np.linalg.solve(self.information, self.matrix.T).T
        leverage = (influence * self.matrix).sum(axis=1) * self.probability * (1 - self.probability)
        return influence * (self.residual / np.maximum(1 - leverage, 1e-8))[:, None]


@dataclass(eq=False)
class ObservationWeights:
    r"""Inverse-probability-of-observation weights for the last of several visits.

    At each visit a logistic model tells, among those seen at every visit before, who is seen: from baseline
    covariates, the site, and the first and the latest rating so far. The weight of a person seen to the end
    is :math:`\prod_t s_t / p_t`, p the fitted probabilities and s the share seen (which keeps the weights
    near 1 and changes no mean; ``stabilised=False`` leaves it out). Robins, Rotnitzky & Zhao 1995 (J Am Stat
    Assoc 90:106). The mean of those seen so weighted is that of everybody expected if, at each visit, who is
    lost depends on nothing but the columns of the model (missing at random), the model is right, and nobody
    is certain to be lost.

    A person who misses a visit and returns counts as lost from the first visit missed: the models need a
    monotone pattern. Who was not due at one of the visits is outside.

    Parameters
    ----------
    covariates
        Baseline columns of the table of people.
    site
        Column of sites, always read as names; None for models without it.
    stabilised
        Whether to multiply by the share seen at each visit.
    truncation
        Percentile (50 to 100) of the weights at which larger ones are cut off: less variance, some bias. None
        leaves them as they are.

    Attributes
    ----------
    visits_
        Names of the visits.
    models_
        One `VisitModel` a visit.
    limit_
        Largest weight, infinite without truncation.
    weights_
        Of the people fitted on; NaN where not seen to the end.
    people_
        Keys of the people in the models: due at every visit, no covariate missing.
    missing_, not_due_, returned_
        Keys of who has no weight as a covariate is missing, or a visit was not due; and of who came back.
    constant_
        Covariates set aside because they do not vary.
    truncated_
        How many weights were cut off.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"pain": rng.normal(5, 1.5, 400)})
    >>> stays = rng.random(400) < 1 / (1 + np.exp(people["pain"] - 6))
    >>> observed = pd.DataFrame({"baseline": True, "month 6": stays})
    >>> fitted = ObservationWeights(("pain",)).fit(people, observed)
    >>> round(float(people["pain"][stays].mean()), 1), round(float(people["pain"].mean()), 1)
    (4.5, 4.9)
    >>> weighted = (fitted.weights_ * people["pain"]).sum() / fitted.weights_.sum()
    >>> round(float(weighted), 1)
    4.9
    """

    covariates: tuple[str, ...] = ()
    site: str | None = None
    stabilised: bool = True
    truncation: float | None = None

    def fit(
        self, people: pd.DataFrame, observed: pd.DataFrame, ratings: pd.DataFrame | None = None
    ) -> ObservationWeights:
        """Fit the models.

        Parameters
        ----------
        people
            One row a person, with the covariates.
        observed
            People by visits, see `expected_visits`; rows are joined to ``people`` by key.
        ratings
            People by visits, numbers: the course so far enters the later models. None leaves it out.

        Raises
        ------
        ModelError
            Nobody was seen at a visit or at a site, one person was lost, fewer people were lost (or seen)
            than the model has columns, a covariate is missing for everyone, or columns repeat each other.
        """
        if self.truncation is not None and not 50 <= self.truncation <= 100:
            raise ModelError(f"weights are truncated at a percentile from 50 to 100, not {self.truncation:g}")
        table = expected_visits(_joined(observed, people))
        self.visits_ = table.visits
        self.coding_ = covariate_coding(people, self.covariates, self.site)
        self.constant_ = self.coding_.constant
        baseline = self.coding_.matrix(people)
        course = None if ratings is None else _course(ratings, people, table.visits)
        keys = np.empty(len(people), dtype=object)
        keys[:] = table.people
        due, missing = table.expected.all(axis=1), np.isnan(baseline).any(axis=1)
        inside = due & ~missing
        self.not_due_, self.missing_ = tuple(keys[~due]), tuple(keys[due & missing])
        self.returned_ = tuple(keys[table.returned & inside])
        self._refuse_empty_sites(people, table, inside)
        models, self._stages = [], []
        stayed = table.stayed
        for visit in range(len(table.visits)):
            before = stayed[:, visit - 1] if visit else np.ones(len(people), dtype=bool)
            rows = np.flatnonzero(inside & before)
            model, stage = _visit_model(
                table.visits, visit, rows, stayed[rows, visit], baseline, course, self
            )
            models.append(model)
            self._stages += [] if stage is None else [stage]
        self.models_ = tuple(models)
        self.people_ = tuple(keys[inside])
        self._rows = np.flatnonzero(inside)
        self.limit_ = np.inf
        raw = self.transform(people, observed, ratings)
        if self.truncation is not None and raw.notna().any():
            self.limit_ = float(np.nanpercentile(raw, self.truncation))
        self.weights_ = raw.clip(upper=self.limit_)
        self._free = (raw <= self.limit_).to_numpy()
        self.truncated_ = int((raw > self.limit_).sum())
        return self

    def transform(
        self, people: pd.DataFrame, observed: pd.DataFrame, ratings: pd.DataFrame | None = None
    ) -> pd.Series:
        """Return the weights of people, in the order of ``people``; NaN where not seen at every visit.

        Parameters
        ----------
        people, observed, ratings
            As for `fit`; other people may be given, as in the held-out part of a fold.
        """
        table = expected_visits(_joined(observed, people))
        if table.visits != self.visits_:
            raise ModelError(
                f"the visits are {', '.join(table.visits)}; the weights were learnt for "
                f"{', '.join(self.visits_)}"
            )
        baseline = self.coding_.matrix(people)
        uses_course = any(model.history for model in self.models_)
        if uses_course and ratings is None:
            raise ModelError("these weights were learnt with ratings; give the ratings of these people too")
        course = _course(ratings, people, table.visits) if uses_course and ratings is not None else None
        weights = np.where(table.stayed[:, -1], 1.0, np.nan)
        rows = np.flatnonzero(table.stayed[:, -1])
        for model in self.models_:
            if model.fit is None:
                continue
            whole = _columns(baseline, course, model.history, table.visits, rows)
            names = ("intercept", *self.coding_.columns, *(_rated(name) for name, _, _ in model.history))
            matrix = whole[:, [names.index(name) for name in model.columns]]
            share = model.seen / model.at_risk if self.stabilised else 1.0
            weights[rows] *= share * (1 + np.exp(-matrix @ model.fit.coefficients))
        weights[np.isnan(baseline).any(axis=1)] = np.nan
        return pd.Series(weights, index=people.index, name="weight").clip(upper=self.limit_)

    def counted(self, moments: Float[np.ndarray, "people moments"]) -> Float[np.ndarray, "people moments"]:
        r"""Return weighted moments with the estimation of the weights counted.

        An estimate solves :math:`\sum_i w_i u_i = 0`. As the weights come from models fitted to the same
        people, the influence of person i is :math:`w_i u_i - B' I^{-1} s_i`, summed over visits, with s the
        score of the logistic model, I its information and :math:`B = \sum_i w_i u_i (1 - p_i) x_i` (stacked
        estimating equations: Lunceford & Davidian 2004, Stat Med 23:2937; Tsiatis 2006, chapter 9). Weights
        that were cut off count as known. The estimate may not depend on the scale of the weights.

        Parameters
        ----------
        moments
            :math:`w_i u_i` of the people fitted on, in their order, 0 for who was not seen.
        """
        if np.isnan(moments).any():
            raise ModelError("moments may not be missing; give 0 for people who were not seen")
        found = moments.copy()
        active = moments * self._free[:, None]
        for stage in self._stages:
            slopes = (stage.matrix * (1 - stage.probability)[:, None]).T @ active[stage.rows]
            scores = stage.matrix * stage.residual[:, None]
            found[stage.rows] -= scores @ np.linalg.solve(stage.information, slopes)
        return found

    @property
    def by_visit_(self) -> Float[np.ndarray, "people visits"]:
        """Weight of each person fitted on at each visit; NaN from the first visit missed, and outside."""
        found = np.full((len(self.weights_), len(self.visits_)), np.nan)
        now = np.full(len(self.weights_), np.nan)
        now[self._rows] = 1.0
        stages = iter(self._stages)
        for visit, model in enumerate(self.models_):
            if model.fit is not None:
                stage = next(stages)
                seen = stage.residual > 0  # 1 - p where seen, -p where lost
                now[stage.rows] *= np.where(seen, stage.share / stage.probability, np.nan)
            found[:, visit] = np.minimum(now, self.limit_)
        return found

    def counted_by_visit(
        self, moments: Float[np.ndarray, "people visits moments"]
    ) -> Float[np.ndarray, "people moments"]:
        """Return each person's sum over visits of weighted moments, the estimation of the weights counted.

        As `counted`, with a weight for each visit: the model of a visit stands in the weights of that visit
        and of every later one.

        Parameters
        ----------
        moments
            Weight (`by_visit_`) times moment of the people fitted on, 0 where a visit does not count.
        """
        free = np.nan_to_num(self.by_visit_) < self.limit_
        found = moments.sum(axis=1)
        active = moments * free[:, :, None]
        stages = iter(self._stages)
        for visit, model in enumerate(self.models_):
            if model.fit is None:
                continue
            stage = next(stages)
            later = active[stage.rows, visit:].sum(axis=1)
            slopes = (stage.matrix * (1 - stage.probability)[:, None]).T @ later
            scores = stage.matrix * stage.residual[:, None]
            found[stage.rows] -= scores @ np.linalg.solve(stage.information, slopes)
        return found

    def leave_one_out(
        self, chunk: int = 256
    ) -> Iterator[tuple[Int[np.ndarray, " chunk"], Float[np.ndarray, "chunk people"]]]:
        r"""Yield the weights that everybody would have without one person, for many persons at a time.

        The models are fitted anew by one Newton step, :math:`\beta_{(i)} = \beta - I^{-1} s_i / (1 - h_i)`, h
        the leverage (Pregibon 1981, Ann Stat 9:705), so a jackknife of any weighted estimate counts the
        estimation of the weights. The weight of the person left out is 0, as is that of people not seen.

        Parameters
        ----------
        chunk
            Persons at a time: memory is ``chunk`` times people.
        """
        seen = self.weights_.notna().to_numpy()
        for first in range(0, len(self._rows), chunk):
            gone = self._rows[first : first + chunk]
            logs = np.zeros((len(gone), len(seen)))
            for stage in self._stages:
                at = np.searchsorted(stage.rows, gone)
                among = (at < len(stage.rows)) & (stage.rows[np.minimum(at, len(stage.rows) - 1)] == gone)
                moves = np.zeros((len(gone), stage.matrix.shape[1]))
                moves[among] = stage.moves[at[among]]
                linear = special.logit(stage.probability) - moves @ stage.matrix.T
                logs[:, stage.rows] += np.logaddexp(0, -linear) + np.log(stage.share)
            weights = np.where(seen, np.minimum(np.exp(logs), self.limit_), 0.0)
            weights[np.arange(len(gone)), gone] = 0.0
            yield gone, weights

    def leave_one_out_by_visit(
        self, chunk: int = 64
    ) -> Iterator[tuple[Int[np.ndarray, " chunk"], Float[np.ndarray, "chunk people visits"]]]:
        """Yield the weights of every visit without one person, as `leave_one_out` does of the last.

        Parameters
        ----------
        chunk
            Persons at a time: memory is ``chunk`` times people times visits.
        """
        seen = ~np.isnan(self.by_visit_)
        for first in range(0, len(self._rows), chunk):
            gone = self._rows[first : first + chunk]
            logs, found = np.zeros((len(gone), len(seen))), np.zeros((len(gone), *seen.shape))
            stages = iter(self._stages)
            for visit, model in enumerate(self.models_):
                if model.fit is not None:
                    stage = next(stages)
                    at = np.minimum(np.searchsorted(stage.rows, gone), len(stage.rows) - 1)
                    moves = stage.moves[at] * (stage.rows[at] == gone)[:, None]
                    linear = special.logit(stage.probability) - moves @ stage.matrix.T
                    logs[:, stage.rows] += np.logaddexp(0, -linear) + np.log(stage.share)
                found[:, :, visit] = np.where(seen[:, visit], np.minimum(np.exp(logs), self.limit_), 0.0)
            found[np.arange(len(gone)), gone] = 0.0
            yield gone, found

    @property
    def effective_(self) -> float:
        """Effective number of people seen (Kish 1965): squared sum over sum of squares of the weights."""
        return effective_size(self.weights_.to_numpy())

    @property
    def separation_(self) -> tuple[str, ...]:
        """For each visit whose columns told perfectly who was lost, words that say so."""
        return tuple(
            f"{model.visit}: {model.fit.separation}"
            for model in self.models_
            if model.fit is not None and model.fit.separation
        )

    def _refuse_empty_sites(
        self, people: pd.DataFrame, table: ExpectedVisits, inside: Bool[np.ndarray, " people"]
    ) -> None:
        if self.site is None:
            return
        names = people[self.site].astype(str).to_numpy()
        empty = sorted(set(names[inside]) - set(names[inside & table.stayed[:, -1]]))
        if empty:
            raise ModelError(
                f"nobody was seen to the end at {self.site} {', '.join(empty)}; nobody seen can stand for "
                "these people: set them aside, or leave the site out of the model",
                (self.site,),
            )


def effective_size(weights: Float[np.ndarray, " people"]) -> float:
    """Return Kish's effective number of people, ``(sum w)^2 / sum w^2``; NaN weights do not count.

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 2.0, np.nan]))
    2.6666666666666665
    """
    known = weights[~np.isnan(weights)]
    squares = float((known**2).sum())
    return float(known.sum() ** 2 / squares) if squares else 0.0


def _visit_model(
    visits: tuple[str, ...],
    visit: int,
    rows: np.ndarray,
    seen: np.ndarray,
    baseline: np.ndarray,
    course: np.ndarray | None,
    given: ObservationWeights,
) -> tuple[VisitModel, _Stage | None]:
    name, n_seen = visits[visit], int(seen.sum())
    n_lost = len(rows) - n_seen
    if n_seen == 0:
        raise ModelError(f"nobody was seen at {name}: nobody can stand for those lost; leave the visit out")
    if n_lost == 0:
        return VisitModel(name, ("intercept",), len(rows), n_seen, None, ()), None
    if n_lost == 1:
        raise ModelError(
            f"one person was lost at {name}: no model can tell who is lost; compare with complete cases, or "
            "impute"
        )
    history = _history(visits, visit, rows, course)
    names = ("intercept", *given.coding_.columns, *(_rated(earlier) for earlier, _, _ in history))
    whole = _columns(baseline, course, history, visits, rows)
    if np.isnan(whole).any():
        lacking = [label for label, gap in zip(names, np.isnan(whole).any(axis=0), strict=True) if gap]
        raise ModelError(f"some people seen before {name} have no {', '.join(lacking)}; a visit without a "
                         "rating is a visit lost", tuple(lacking))  # fmt: skip
    varies = np.ptp(whole, axis=0) > 0
    varies[0] = True
    matrix, columns = whole[:, varies], tuple(np.array(names, dtype=object)[varies])
    fewer = min(n_lost, n_seen)
    if fewer < len(columns):
        which = "lost" if n_lost <= n_seen else "seen"
        raise ModelError(
            f"{fewer} people were {which} at {name}, and its model has {len(columns)} columns "
            f"({', '.join(columns)}); name fewer covariates",
            columns,
        )
    if at_fault := collinear(columns, matrix):
        raise ModelError(f"at {name} columns repeat each other: {', '.join(at_fault)}; drop one", at_fault)
    fit = fit_logistic(matrix, seen.astype(float), columns)
    share = n_seen / len(rows) if given.stabilised else 1.0
    stage = _Stage(rows, matrix, seen - fit.probability, fit.probability, fit.information, share)
    return VisitModel(name, columns, len(rows), n_seen, fit, history), stage


def _history(
    visits: tuple[str, ...], visit: int, rows: np.ndarray, course: np.ndarray | None
) -> tuple[tuple[str, float, float], ...]:
    """Return the first and the latest earlier visit with the moments of their ratings."""
    if course is None or visit == 0:
        return ()
    found = []
    for at in sorted({0, visit - 1}):
        values = course[rows, at]
        known = values[~np.isnan(values)]
        if known.size:
            found.append((visits[at], float(known.mean()), float(known.std()) or 1.0))
    return tuple(found)


def _columns(
    baseline: np.ndarray,
    course: np.ndarray | None,
    history: tuple[tuple[str, float, float], ...],
    visits: tuple[str, ...],
    rows: np.ndarray,
) -> Float[np.ndarray, "people columns"]:
    parts = [np.ones((len(rows), 1)), baseline[rows]]
    if course is not None:
        parts += [(course[rows, visits.index(name)][:, None] - mean) / sd for name, mean, sd in history]
    return np.concatenate(parts, axis=1)


def _rated(visit: str) -> str:
    return f"rating at {visit}"


def _joined(observed: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the people, joined by key."""
    if not people.index.is_unique:
        twice = people.index[people.index.duplicated()].unique().tolist()
        raise ModelError(f"people stand more than once in the table: {', '.join(map(str, twice[:5]))}")
    lacking = people.index.difference(observed.index, sort=False)
    if len(lacking):
        raise ModelError(f"the table of visits has no row for {', '.join(map(str, lacking[:5].tolist()))}")
    return observed.loc[people.index]


def _course(ratings: pd.DataFrame, people: pd.DataFrame, visits: tuple[str, ...]) -> np.ndarray:
    named = ratings.rename(columns=str)
    lacking = [visit for visit in visits[:-1] if visit not in named.columns]
    if lacking:
        raise ModelError(f"the table of ratings has no column for {', '.join(lacking)}", tuple(lacking))
    values = named.reindex(index=people.index, columns=list(visits))
    found = values.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(found).any():
        raise ModelError("the table of ratings holds infinite values; mend them or make them missing")
    return found
