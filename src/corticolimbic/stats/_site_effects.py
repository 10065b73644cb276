"""What of the sites is left in features: tests of mean and spread, and how well the site can be told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy import special

from corticolimbic.features import schema
from corticolimbic.stats._combat_design import site_names
from corticolimbic.stats._combat_fit import fit_sites
from corticolimbic.stats._combat_table import check_values, joined
from corticolimbic.stats._covariate_coding import covariate_coding
from corticolimbic.stats._refusals import ModelError

ABOVE, BELOW = "above chance", "below chance"


def site_effects(
    values: pd.DataFrame,
    people: pd.DataFrame,
    rng: np.random.Generator,
    *,
    keep: tuple[str, ...] = (),
    site: str = "site",
    method: str = "none",
    stage: str = "before",
    alpha: float = 0.05,
    permutations: int = 199,
    decoding_permutations: int = 19,
) -> pd.DataFrame:
    """Describe the site effects of features, as METHODS M-6 has it.

    Give people that nothing was learnt from. Each feature's mean is tested by the F test of sites beside what
    is kept, its spread by the F test of sites on absolute residuals (Levene). Site is decoded from the
    residuals of all complete features by logistic regression and by support vectors with a radial basis, in 5
    folds; the figure is balanced accuracy. Permutations shuffle the residuals' sites.

    Parameters
    ----------
    values
        One row a person, one column a feature.
    people
        Site and covariates, joined by index.
    rng
        Random stream of folds and permutations.
    keep
        Covariates whose effects are not effects of sites.
    site
        Column of sites.
    method, stage
        Names that the table carries.
    alpha
        Rate at which tests should reject.
    permutations, decoding_permutations
        Shuffles behind the intervals of tests and of decoding.

    Returns
    -------
    pandas.DataFrame
        Schema ``harmonisation``: four rows.

    Raises
    ------
    ModelError
        There are fewer than two sites of five people, values are infinite, or nothing can be tested.
    """
    table, known = check_values(values), joined(values, people)
    names = np.array(site_names(known, site))
    columns = covariate_coding(known, keep).matrix(known)
    rows = np.flatnonzero((names != "") & ~np.isnan(columns).any(axis=1))
    sites, codes = np.unique(names[rows], return_inverse=True)
    if sites.size < 2 or np.bincount(codes).min() < 5:
        raise ModelError(f"effects of {site} need two sites of five people each", (site,))
    residual = _left(table[rows], np.zeros(rows.size, dtype=np.int64), columns[rows])
    tested = ~np.isnan(table[rows]).any(axis=0) & (residual.std(axis=0) > 1e-10)
    if not tested.any():
        raise ModelError("no feature that everybody has varies")
    residual = residual[:, tested]
    spent = columns.shape[1]

    def mean(labels: np.ndarray) -> float:
        return float((_p_value(residual, labels, spent) < alpha).mean())

    def spread(labels: np.ndarray) -> float:
        centre = np.array([np.median(residual[labels == at], axis=0) for at in range(sites.size)])
        return float((_p_value(np.abs(residual - centre[labels]), labels, spent) < alpha).mean())

    figures: list[tuple[str, Callable[[np.ndarray], float], float, int, int]] = [
        ("mean", mean, alpha, int(tested.sum()), permutations),
        ("variance", spread, alpha, int(tested.sum()), permutations),
    ]
    for kind in ("linear", "nonlinear"):
        decode = _decoder(residual, kind, rng)
        figures.append((f"decoding, {kind}", decode, 1 / sites.size, rows.size, decoding_permutations))
    found = []
    for what, figure, nominal, n, shuffles in figures:
        value = figure(codes)
        by_chance = [figure(rng.permutation(codes)) for _ in range(shuffles)]
        low, high = np.quantile(by_chance, [0.025, 0.975])
        note = ABOVE if value > high else BELOW if value < low else ""
        found.append(
            {
                "what": what,
                "method": method,
                "stage": stage,
                "place": "",
                "value": value,
                "low": low,
                "high": high,
                "nominal": nominal,
                "n": n,
                "note": note,
            }
        )
    return schema("harmonisation").table(found)


def _left(table: np.ndarray, codes: np.ndarray, columns: np.ndarray) -> np.ndarray:
    fit = fit_sites(table, codes, columns, 1)
    return table - fit.levels - columns @ fit.slopes


def _p_value(
    residual: Float[np.ndarray, "people features"], labels: Int[np.ndarray, " people"], spent: int
) -> Float[np.ndarray, " features"]:
    counts = np.bincount(labels)
    order = np.argsort(labels, kind="stable")
    sums = np.add.reduceat(residual[order], np.r_[0, np.cumsum(counts)[:-1]], axis=0)
    between = (sums**2 / counts[:, None]).sum(axis=0) - residual.sum(axis=0) ** 2 / len(residual)
    whole = (residual**2).sum(axis=0) - residual.sum(axis=0) ** 2 / len(residual)
    first, second = counts.size - 1, len(residual) - counts.size - spent
    return special.fdtrc(first, second, between / first / ((whole - between) / second))


def _decoder(residual: np.ndarray, kind: str, rng: np.random.Generator) -> Callable[[np.ndarray], float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    learner = LogisticRegression(C=0.1, max_iter=500) if kind == "linear" else SVC()
    folds = StratifiedKFold(5, shuffle=True, random_state=int(rng.integers(2**31)))

    def figure(labels: np.ndarray) -> float:
        told = cross_val_predict(make_pipeline(StandardScaler(), learner), residual, labels, cv=folds)
        return float(balanced_accuracy_score(labels, told))

    return figure
