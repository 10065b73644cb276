"""ComBat: what a site adds to a feature, and by what it multiplies its spread, estimated and taken away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from corticolimbic.stats._combat_design import MISSING, UNSEEN, SiteDesign, site_design
from corticolimbic.stats._combat_fit import SiteFit, fit_sites
from corticolimbic.stats._combat_prior import Prior, learn_prior, shrink
from corticolimbic.stats._combat_table import check_values, joined
from corticolimbic.stats._design import LeftOut
from corticolimbic.stats._refusals import ModelError

CONSTANT = "does not vary"
EXACT = "the sites and what is kept explain it exactly"
UNTOLD = "those who have it cannot tell what is kept from the sites"


@dataclass(frozen=True)
class ComBat:
    r"""Harmonisation of sites (Johnson et al. 2007, Biostatistics 8:118; Fortin 2018, NeuroImage 167:104).

    :math:`y_{ijv} = \alpha_v + x_{ij}'\beta_v + \gamma_{iv} + \delta_{iv} e_{ijv}`: what a site adds and by
    what it multiplies is estimated for every feature, shrunk to what the site does to all, and taken away;
    the effects of ``keep`` and ``smooth`` stay. With ``smooth`` it is ComBat-GAM (Pomponio et al. 2020,
    NeuroImage 208:116450): a cubic spline of 10 columns, its bending penalised.

    Parameters
    ----------
    keep
        Covariates whose effects stay, as many as asked: numbers, or names of groups; ``group:age`` is a
        product of two that are kept too.
    smooth
        Covariates (age) whose effect stays as a smooth curve.
    site
        Column of sites, always read as names.
    reference
        Site whose values stay as they are, and which the others are brought to; None for the mean of all.
    eb
        Whether estimates are shrunk (empirical Bayes).
    mean_only
        Whether only what a site adds is taken away. Locations are shrunk by the people of the site; the
        original programs shrink as if there were one.
    unseen
        Sites that were not learnt from: ``refuse``, or ``estimate`` what they add and multiply
        from the people given, shrunk by the prior over all sites learnt from.
    lone
        A site with one person: ``refuse``, or ``location``, which takes away what it adds and leaves the
        spread.
    penalty
        Weight of the bending of curves; None chooses it for each feature by generalised cross-validation.
        The original program draws random folds.
    tolerance
        Relative change at which the search of the posterior ends; that of the original programs.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> people = pd.DataFrame({"site": np.repeat(["A", "B"], 40), "age": rng.uniform(20, 70, 80)})
    >>> added = np.where(people["site"] == "B", 2.0, 0.0)[:, None]
    >>> values = pd.DataFrame(0.05 * people[["age"]].to_numpy() + added + rng.normal(size=(80, 5)))
    >>> fitted = ComBat(keep=("age",)).fit(values, people)
    >>> means = fitted.transform(values, people).groupby(people["site"]).mean().mean(axis=1)
    >>> bool(abs(means["B"] - means["A"]) < 0.5)
    True
    """

    keep: tuple[str, ...] = ()
    smooth: tuple[str, ...] = ()
    site: str = "site"
    reference: str | None = None
    eb: bool = True
    mean_only: bool = False
    unseen: Literal["refuse", "estimate"] = "refuse"
    lone: Literal["refuse", "location"] = "refuse"
    penalty: float | None = None
    tolerance: float = 1e-4

    def fit(self, values: pd.DataFrame, people: pd.DataFrame) -> FittedComBat:
        """Learn what sites add and multiply.

        Parameters
        ----------
        values
            Features in any unit: one row a person (or visit), one column a feature, NaN where missing. Each
            feature is learnt from those who have it.
        people
            Site and covariates, joined to the values by index. Rows that lack one are not learnt from.

        Raises
        ------
        ModelError
            Values are infinite, an index repeats, a column is unknown, there are fewer than two sites, a site
            has one person, or what is kept cannot be told apart from the sites.
        """
        table, known = check_values(values), joined(values, people)
        design, rows, left_out = site_design(known, self.site, self.keep, self.smooth)
        known = known.iloc[rows]
        codes = design.codes(known)
        reference = self._reference(design)
        counts = np.bincount(codes, minlength=len(design.sites))
        lone = tuple(design.sites[at] for at in np.flatnonzero(counts == 1))
        if lone and self.lone == "refuse":
            raise ModelError(
                f"one person alone at {self.site} {', '.join(lone)}: the spread there cannot be known; "
                "leave them out, or ask for lone = location",
                (self.site,),
            )
        learnt = table if rows.size == len(table) else table[rows]
        found = fit_sites(
            learnt, codes, design.matrix(known), len(design.sites), _bending(design), self.penalty
        )
        return _fitted(self, design, values.columns, learnt, found, reference, left_out)

    def _reference(self, design: SiteDesign) -> int | None:
        if self.reference is None:
            return None
        if self.reference not in design.sites:
            raise ModelError(
                f"there is no {self.site} {self.reference!r} to be the reference; "
                f"there are {', '.join(design.sites)}",
                (self.site,),
            )
        return design.sites.index(self.reference)


@dataclass(frozen=True, eq=False)
class FittedComBat:
    """What `ComBat` learnt; it is applied to anybody by `transform`.

    Parameters
    ----------
    settings
        What was asked for.
    design
        Sites, and the coding of what is kept.
    features
        Columns learnt from, in order.
    level
        Of each feature at the mean of the sites (weighted by their people), or at the reference.
    slopes
        Of what is kept.
    sd
        Residual standard deviation, pooled over sites (or of the reference), divided by people.
    location, scale
        What each site adds, in ``sd``, and by what it multiplies, after shrinkage; NaN where nobody of the
        site has the feature.
    raw_location, raw_scale
        The same before shrinkage.
    priors
        Of each site; None where features are too few to shrink.
    penalty
        Weight of bending by feature.
    unchanged
        Features that are passed through as they are, and why.
    left_out
        Rows that were not learnt from, and why.
    """

    settings: ComBat
    design: SiteDesign
    features: pd.Index
    level: Float[np.ndarray, " features"]
    slopes: Float[np.ndarray, "columns features"]
    sd: Float[np.ndarray, " features"]
    location: Float[np.ndarray, "sites features"]
    scale: Float[np.ndarray, "sites features"]
    raw_location: Float[np.ndarray, "sites features"]
    raw_scale: Float[np.ndarray, "sites features"]
    priors: tuple[Prior | None, ...]
    penalty: Float[np.ndarray, " features"]
    unchanged: Mapping[Hashable, str]
    left_out: tuple[LeftOut, ...]

    def transform(self, values: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
        """Return harmonised values, in the order of those given.

        Nothing is learnt from these people (except of sites not seen before, where that was asked for). Those
        without a site or a covariate become NaN.

        Parameters
        ----------
        values
            The features learnt from, in any order.
        people
            Site and covariates, joined to the values by index.

        Raises
        ------
        ModelError
            A feature is missing, values are infinite, a site was not learnt from, a group has a new name.
        """
        values = self.chosen(values)
        table, known = check_values(values), joined(values, people)
        codes, columns = self.design.codes(known), self.design.matrix(known)
        new = self.unseen_sites(known, codes)
        kept = columns @ self.slopes
        kept += self.level
        return pd.DataFrame(
            self.adjusted(table, kept, codes, new, known), index=values.index, columns=values.columns
        )

    def residuals(self, values: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
        """Return harmonised values less what is kept, in ``sd``; NaN for features that are passed through."""
        out = self.transform(values, people)
        kept = self.design.matrix(joined(values, people)) @ self.slopes + self.level
        return (out - kept) / self.sd

    def chosen(self, values: pd.DataFrame) -> pd.DataFrame:
        """Return the features learnt from, or raise where one is missing."""
        lacking = self.features.difference(values.columns)
        if len(lacking):
            raise ModelError(f"{len(lacking)} features that were learnt are missing (first: {lacking[0]})")
        return values if values.columns.equals(self.features) else values[self.features]

    def unseen_sites(self, people: pd.DataFrame, codes: Int[np.ndarray, " people"]) -> list[str]:
        """Return the names of sites not learnt from, or raise where they are refused."""
        if not (codes == UNSEEN).any():
            return []
        new = sorted({str(name) for name in people.loc[codes == UNSEEN, self.settings.site]})
        if self.settings.unseen == "refuse":
            raise ModelError(
                f"{self.settings.site} {', '.join(new)} was not among the sites learnt from; "
                "ask for unseen = estimate",
                (self.settings.site,),
            )
        return new

    def adjusted(
        self,
        table: Float[np.ndarray, "people features"],
        kept: Float[np.ndarray, "people features"],
        codes: Int[np.ndarray, " people"],
        new: list[str],
        people: pd.DataFrame,
    ) -> Float[np.ndarray, "people features"]:
        """Take away what sites add and multiply, around what is kept."""
        out = np.full(table.shape, np.nan)
        for at in range(len(self.design.sites)):
            rows = np.flatnonzero(codes == at)
            if self.settings.reference == self.design.sites[at]:
                out[rows] = table[rows]
            elif rows.size:
                out[rows] = self._site(table[rows], kept[rows], self.location[at], self.scale[at])
        for name in new:
            rows = np.flatnonzero((people[self.settings.site].astype(str) == name).to_numpy())
            with np.errstate(divide="ignore", invalid="ignore"):
                standard = (table[rows] - kept[rows]) / self.sd
            out[rows] = self._site(table[rows], kept[rows], *self._estimated(standard))
        still = np.array([self.unchanged.get(one) in (CONSTANT, EXACT) for one in self.features], dtype=bool)
        if still.any():
            out[:, still] = np.where((codes == MISSING)[:, None], np.nan, table[:, still])
        return out

    def _site(
        self, table: np.ndarray, kept: np.ndarray, location: np.ndarray, scale: np.ndarray
    ) -> np.ndarray:
        out = table - kept
        out -= location * self.sd
        out /= scale
        out += kept
        return out

    def _estimated(self, standard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate a new site from its people, with the prior over all sites learnt from."""
        n = (~np.isnan(standard)).sum(axis=0).astype(float)
        location = np.nansum(standard, axis=0) / np.where(n > 0, n, np.nan)
        squares = np.nansum((standard - location) ** 2, axis=0)
        variance = _usable(squares / np.where(n > 1, n - 1, np.nan), mean_only=self.settings.mean_only)
        if not self.settings.eb:
            return location, np.sqrt(np.where(np.isnan(variance), 1.0, variance))
        prior = learn_prior(self.raw_location.ravel(), self._informing(self.raw_scale**2).ravel())
        if prior is None:
            return location, np.sqrt(np.where(np.isnan(variance), 1.0, variance))
        location, variance = shrink(prior, location, variance, squares, n, self.settings.tolerance)
        return location, np.sqrt(variance)

    def _informing(self, variance: np.ndarray) -> np.ndarray:
        return np.where(self.settings.mean_only, np.nan, variance)


def _bending(design: SiteDesign) -> np.ndarray | None:
    if not design.curves:
        return None
    width = len(design.columns)
    found = np.zeros((width, width))
    stop = width
    for one in reversed(design.curves):
        start = stop - len(one.bending)
        found[start:stop, start:stop] = one.bending
        stop = start
    return found


def _usable(variance: np.ndarray, *, mean_only: bool) -> np.ndarray:
    """Leave variances that cannot be multiplied away as NaN: of one person, or of a constant at the site."""
    return np.where(mean_only | ~(variance > 1e-20), np.nan, variance)


def _fitted(
    settings: ComBat,
    design: SiteDesign,
    features: pd.Index,
    learnt: np.ndarray,
    found: SiteFit,
    reference: int | None,
    left_out: tuple[LeftOut, ...],
) -> FittedComBat:
    """Standardise what least squares found, and shrink it."""
    n = found.n
    levels = np.where(n > 0, found.levels, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if reference is None:
            level = (n * levels).sum(axis=0) / n.sum(axis=0)
            sd = np.sqrt(found.squares.sum(axis=0) / n.sum(axis=0))
        else:
            level = found.levels[reference]
            sd = np.sqrt(found.squares[reference] / n[reference])
        constant, exact = _still(learnt, sd)
        untold = ~(constant | exact) & ~np.isfinite(sd)
        sd = np.where(constant | exact | untold, np.nan, sd)
        location = (found.levels - level) / sd
        squares = found.squares / sd**2
        variance = _usable(squares / np.where(n > 1, n - 1, np.nan), mean_only=settings.mean_only)
    reasons = ((constant, CONSTANT), (exact, EXACT), (untold, UNTOLD))
    unchanged = {feature: why for mask, why in reasons for feature in features[mask]}
    priors: list[Prior | None] = []
    final, spread = location.copy(), np.where(np.isnan(variance), 1.0, variance)
    for at in range(len(design.sites)):
        prior = learn_prior(location[at], variance[at]) if settings.eb else None
        priors.append(prior)
        if at == reference:
            final[at], spread[at] = 0.0, 1.0
        elif prior is not None:
            final[at], spread[at] = shrink(
                prior, location[at], variance[at], squares[at], n[at], settings.tolerance
            )
    return FittedComBat(
        settings,
        design,
        features,
        level,
        found.slopes,
        sd,
        final,
        np.sqrt(spread),
        location,
        np.sqrt(variance),
        tuple(priors),
        found.penalty,
        unchanged,
        left_out,
    )


def _still(learnt: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell features that do not vary, and those that the model leaves nothing but rounding of."""
    n = (~np.isnan(learnt)).sum(axis=0)
    filled = np.where(np.isnan(learnt), np.inf, learnt)
    low, high = filled.min(axis=0), np.where(np.isnan(learnt), -np.inf, learnt).max(axis=0)
    size = np.maximum(np.abs(low), np.abs(high))
    constant = (n == 0) | (high - low <= 64 * np.finfo(float).eps * size)
    return constant, ~constant & (sd <= 1e-10 * size)
