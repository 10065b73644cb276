"""All visits by a GEE in which those who were seen stand for those who were lost (METHODS M-5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy import special

from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._design import aligned
from corticolimbic.stats._gee import GeeEffects, gee
from corticolimbic.stats._gee_weights import RowWeights, row_weights
from corticolimbic.stats._joined_tables import SITE
from corticolimbic.stats._mixed import Combination, quantile
from corticolimbic.stats._mixed_effect_sizes import MixedEffectSizes
from corticolimbic.stats._observation_weights import ObservationWeights, effective_size
from corticolimbic.stats._power import detectable_t, people_needed
from corticolimbic.stats._visit_design import VisitDesign
from corticolimbic.stats._visit_tables import NAMES, VisitTables, visit_column

GROUP, BASELINE_PAIN = "group", "baseline_pain"
WEIGHTED_SIZE = (
    "estimate / residual standard deviation of the model (of weighted residuals, over visits less columns); "
    "its interval is the estimate's in that unit"
)
_NO_WEIGHT = "no weight: the person missed an earlier visit, or lacks a covariate of the weights"


@dataclass(frozen=True, eq=False)
class WeightedVisits:
    """Effects of a weighted GEE and of combinations of them, with what the table of effects asks for.

    Parameters
    ----------
    names
        Columns of the design, then combinations: the rows of the arrays of effects.
    estimate, se, ci_low, ci_high, statistic, df, p
        Of each feature. A combination has the fewest degrees of freedom of its columns.
    residual_sd
        Root of the weighted mean of squared residuals, times visits over visits less columns.
    n, n_people, n_sites
        Visits with a weight, people and sites of each feature.
    reason, note
        Why a feature has no result; nothing is noted of single features.
    model
        Formula, estimator, and what the weights were learnt from.
    problems, notes
        Visits without a weight (CL604), and what is to be known of the weights.
    """

    names: tuple[str, ...]
    estimate: Float[np.ndarray, "effects features"]
    se: Float[np.ndarray, "effects features"]
    ci_low: Float[np.ndarray, "effects features"]
    ci_high: Float[np.ndarray, "effects features"]
    statistic: Float[np.ndarray, "effects features"]
    df: Float[np.ndarray, "effects features"]
    p: Float[np.ndarray, "effects features"]
    residual_sd: Float[np.ndarray, " features"]
    n: Int[np.ndarray, " features"]
    n_people: Int[np.ndarray, " features"]
    n_sites: Int[np.ndarray, " features"]
    reason: tuple[str, ...]
    note: tuple[str, ...]
    model: str
    n_columns: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    def effect_size(self, name: str) -> MixedEffectSizes:
        """Return an effect and its interval in residual standard deviations."""
        row, sd = self.names.index(name), self.residual_sd
        return MixedEffectSizes(
            self.estimate[row] / sd, self.ci_low[row] / sd, self.ci_high[row] / sd, self.se[row] / sd, sd
        )

    def further(self, name: str) -> dict[str, np.ndarray]:
        """Return what `further_columns` does; nothing is rearranged or held against a smallest effect."""
        row, nothing = self.names.index(name), np.full(self.n.size, np.nan)
        people = self.n_people.astype(float)
        df = self.df[row]
        needed = people_needed(self.statistic[row], people, np.minimum(df, people - self.n_columns))
        reach = detectable_t(df) * self.se[row] / self.residual_sd
        return {"p_fwe": nothing, "p_equivalence": nothing.copy(), "detectable": reach, "n_needed": needed}


def weighted_visits(
    values: pd.DataFrame,
    rows: pd.DataFrame,
    model: VisitDesign,
    pairs: Sequence[Combination],
    sites: pd.Series,
    group: pd.Series | None,
    tables: VisitTables,
    participants: pd.DataFrame,
    known: dict[str, pd.Series],
    settings: CompareSettings,
    minimum: int,
) -> WeightedVisits:
    """Fit the GEE of a question, with weights of its people having been seen until each session.

    Everybody of the question counts as due at every session that anybody of it has; seen is who has features.
    Nobody lost is no weights.

    Parameters
    ----------
    values
        Features by person and session.
    rows
        Visits of the question with features and a time: sessions are ordered by their median time.
    model, pairs
        The design, and the combinations of its columns.
    sites
        Site of each person of the question.
    group
        Group by person, None where the question has none; who has no group is not of the question.
    tables, participants, known
        Where the covariates of the weights are; values that vary over visits are those of the first session.
    settings
        Of the comparison.
    minimum
        A feature that fewer people have is not estimated.

    Raises
    ------
    ModelError
        The weights or the model cannot be estimated.
    """
    observed = _observed(values, rows, sites, group)
    notes: list[str] = []
    problems: list[Problem] = []
    weights: RowWeights | None = None
    source = "nobody was lost"
    if not observed.to_numpy().all():
        people, covariates, problems = _people(observed, sites, group, tables, participants, known, settings)
        site = _site(people, observed, notes)
        fitted = ObservationWeights(covariates, site).fit(people, observed)
        sessions = pd.Series([str(key[1]) for key in rows.index], index=rows.index)
        weights = row_weights(model, fitted, sessions)
        source = ", ".join((*covariates, *filter(None, (site,)))) or "nothing but the session"
        notes += _told(fitted, weights)
        problems += [
            problem("CL604", found=_NO_WEIGHT, participant_id=str(key[0]), session_id=str(key[1]))
            for key in weights.left_out
            if isinstance(key, tuple)
        ]
    if settings.permutations or settings.smallest_effect is not None:
        notes.append("a weighted GEE has no p_fwe and no p_equivalence")
    y = aligned(values, model)
    fit = gee(y, model, weights=weights, correlation="independence", minimum_people=minimum)
    w = np.ones(len(y)) if weights is None else weights.values
    effects = _combined(fit, pairs)
    return WeightedVisits(
        **effects,
        names=(*fit.names, *(pair.name for pair in pairs)),
        residual_sd=_residual_sd(y, model.matrix, fit.estimate, w),
        n=fit.n,
        n_people=fit.n_people,
        n_sites=fit.n_sites,
        reason=fit.reason,
        note=("",) * len(fit.reason),
        model=f"weighted {fit.model.replace('; GEE', ' by GEE')}; weights of being seen: {source}",
        n_columns=len(model.columns),
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _observed(
    values: pd.DataFrame, rows: pd.DataFrame, sites: pd.Series, group: pd.Series | None
) -> pd.DataFrame:
    """Return who of the question has features at which session, sessions in the order of time."""
    people = sites.index[~sites.index.duplicated()]
    if group is not None:
        own = group.reindex(people)
        people = people[(own.notna() & (own != "")).to_numpy()]
    time = rows["time"].groupby(level="session_id").median()
    order = sorted(time.index, key=lambda session: (time[session], str(session)))
    seen = set(values.dropna(how="all").index)
    cells = {str(session): [(person, session) in seen for person in people] for session in order}
    return pd.DataFrame(cells, index=people, dtype=bool)


def _people(
    observed: pd.DataFrame,
    sites: pd.Series,
    group: pd.Series | None,
    tables: VisitTables,
    participants: pd.DataFrame,
    known: dict[str, pd.Series],
    settings: CompareSettings,
) -> tuple[pd.DataFrame, tuple[str, ...], list[Problem]]:
    """Return the covariates of the weights by person, and what could not be read of them."""
    people, problems = observed.index, []
    asked = settings.longitudinal.weight_covariates
    if asked is None:  # motion is of a scan: who was lost at the first session has none
        declared = tuple(name for name in settings.covariates if name not in NAMES)
        pain = known.get(BASELINE_PAIN)
        rated = pain is not None and pain.reindex(people).notna().any()
        asked = (*declared, *((BASELINE_PAIN,) if rated else ()))
    covariates = tuple(dict.fromkeys(NAMES.get(name, name) for name in asked))
    first = pd.MultiIndex.from_product([people, observed.columns[:1]], names=["participant_id", "session_id"])
    table = pd.DataFrame(index=people)
    table[SITE] = sites[~sites.index.duplicated()].reindex(people).astype(str)
    for name in covariates:
        if name == GROUP and group is not None:
            table[name] = group.reindex(people).to_numpy()
        elif name in known:
            table[name] = known[name].reindex(people).to_numpy()
        else:
            column, said = visit_column(name, first, tables, participants)
            table[name] = column.to_numpy()
            problems += said
    return table, covariates, problems


def _site(people: pd.DataFrame, observed: pd.DataFrame, notes: list[str]) -> str | None:
    """Return the column of sites, None where there is one site or a site has nobody left."""
    if people[SITE].nunique() < 2:
        return None
    left = observed.all(axis=1).groupby(people[SITE]).any()
    if left.all():
        return SITE
    empty = ", ".join(map(str, left.index[~left]))
    notes.append(f"the weights do not count the site: nobody was seen to the end at {empty}")
    return None


def _told(fitted: ObservationWeights, weights: RowWeights) -> list[str]:
    used = weights.values[weights.values > 0]
    told = [
        f"weights of visits from {used.min():.3g} to {used.max():.3g}, which count as "
        f"{effective_size(used):.0f} of {used.size} visits; everybody counts as due at every session"
    ]
    if fitted.missing_:
        told.append(f"{len(fitted.missing_)} people lack a covariate of the weights and are left out")
    return told + [f"who was lost is told perfectly at {words}" for words in fitted.separation_]


def _combined(fit: GeeEffects, pairs: Sequence[Combination]) -> dict[str, np.ndarray]:
    """Return effects with those of combinations below them."""
    arrays = {
        name: [getattr(fit, name)] for name in ("estimate", "se", "ci_low", "ci_high", "statistic", "df", "p")
    }
    for pair in pairs:
        at = [fit.row(column) for column in pair.columns]
        by = np.array(pair.weights)
        estimate = by @ fit.estimate[at]
        se = np.sqrt(np.einsum("i,fij,j->f", by, fit.covariance[:, at][:, :, at], by))
        df = fit.df[at].min(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = estimate / se
        half = quantile(df, fit.level) * se
        found = {
            "estimate": estimate,
            "se": se,
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "statistic": t,
            "df": df,
            "p": 2 * special.stdtr(df, -np.abs(t)),
        }
        for name, row in found.items():
            arrays[name].append(row[None])
    return {name: np.concatenate(parts) for name, parts in arrays.items()}


def _residual_sd(
    y: Float[np.ndarray, "rows features"],
    matrix: Float[np.ndarray, "rows columns"],
    estimate: Float[np.ndarray, "columns features"],
    w: Float[np.ndarray, " rows"],
) -> Float[np.ndarray, " features"]:
    used = ~np.isnan(y) & (w > 0)[:, None]
    square = np.where(used, np.square(y - matrix @ estimate), 0.0)
    n = used.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (w @ square) / (w @ used)
        sd = np.sqrt(mean * n / (n - matrix.shape[1]))
    return np.where(np.isnan(estimate).any(axis=0), np.nan, sd)
