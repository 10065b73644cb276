"""Longitudinal ComBat: sites are taken from visits without taking what belongs to the person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.stats._combat_design import SiteDesign, site_design
from corticolimbic.stats._combat_prior import learn_prior, shrink
from corticolimbic.stats._combat_table import check_values, joined
from corticolimbic.stats._design import LeftOut
from corticolimbic.stats._mixed import mixed_model
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._visit_design import VisitDesign


@dataclass(frozen=True)
class LongitudinalComBat:
    r"""Harmonisation of visits (Beer et al. 2020, NeuroImage 220:117129).

    ComBat,
    :math:`y_{ijv}(t) = \alpha_v + x_{ij}(t)'\beta_v + \eta_{jv} + \gamma_{iv} + \delta_{iv} e_{ijv}(t)`,
    with a random intercept of each person, by REML; the residual variance standardises.

    Parameters
    ----------
    keep
        Covariates whose effects stay, time among them; ``group:year`` is a product. They enter as they are.
    person, site
        Columns.
    eb
        Whether estimates are shrunk.
    tolerance
        Relative change at which the search of the posterior ends.
    minimum_people
        A feature that fewer people have is not estimated.
    """

    keep: tuple[str, ...] = ()
    person: str = "participant_id"
    site: str = "site"
    eb: bool = True
    tolerance: float = 1e-8
    minimum_people: int = 10

    def fit(self, values: pd.DataFrame, visits: pd.DataFrame) -> FittedLongitudinalComBat:
        """Learn what sites add and multiply; errors are those of `ComBat.fit` and `mixed_model`.

        Parameters
        ----------
        values
            One row a visit, one column a feature, NaN where missing.
        visits
            Person, site and covariates of each visit, joined by index.
        """
        table, known = check_values(values), joined(values, visits)
        design, rows, left_out = site_design(known, self.site, self.keep, ())
        known, table = known.iloc[rows], table[rows]
        person, names = _people(known, self.person)
        codes = design.codes(known)
        n_sites = len(design.sites)
        if (np.bincount(codes, minlength=n_sites) < 2).any():
            raise ModelError(f"a {self.site} has one visit: the spread there cannot be known", (self.site,))
        kept = design.matrix(known)
        dummies = (codes[:, None] == np.arange(1, n_sites)).astype(float)
        order = np.argsort(person, kind="stable")
        matrix = np.column_stack([np.ones(len(known)), kept, dummies])
        model = VisitDesign(
            keys=tuple(known.index[order]),
            person=person[order],
            people=names,
            time=np.zeros(len(known)),
            time_name="time",
            columns=("intercept", *design.columns, *(f"{self.site}[{name}]" for name in design.sites[1:])),
            matrix=matrix[order],
            effects=(*self.keep, self.site),
            site=self.site,
            site_codes=codes[order],
            left_out=(),
            notes=(),
        )
        fit = mixed_model(table[order], model, minimum_people=self.minimum_people)
        present = (~np.isnan(table)).astype(float)
        n = (codes[:, None] == np.arange(n_sites)).T.astype(float) @ present
        split = 1 + kept.shape[1]
        effects = np.vstack([np.zeros(table.shape[1]), fit.estimate[split:]])
        mean = (n * effects).sum(axis=0) / n.sum(axis=0)  # people-weighted effects of sites add up to 0
        found = FittedLongitudinalComBat(
            self,
            design,
            values.columns,
            fit.estimate[0] + mean,
            fit.estimate[1:split],
            effects - mean,
            fit.intercept_sd,
            fit.residual_sd,
            np.zeros_like(effects),
            np.ones_like(effects),
            fit.reason,
            left_out,
        )
        return found.shrunk(table, known)


@dataclass(frozen=True, eq=False)
class FittedLongitudinalComBat:
    """What `LongitudinalComBat` learnt.

    Parameters
    ----------
    settings, design, features
        What was asked for, sites and the coding of what is kept, columns learnt from.
    level, slopes
        Fixed effects, at the mean of sites.
    effects
        Fixed effects of sites; weighted by visits they add up to 0.
    intercept_sd, sd
        Standard deviations between people and of the residual.
    location, scale
        What each site adds (in ``sd``), by what it multiplies, after shrinkage.
    reason
        Empty, or why a feature cannot be harmonised (it becomes NaN).
    left_out
        Visits that were not learnt from, and why.
    """

    settings: LongitudinalComBat
    design: SiteDesign
    features: pd.Index
    level: Float[np.ndarray, " features"]
    slopes: Float[np.ndarray, "columns features"]
    effects: Float[np.ndarray, "sites features"]
    intercept_sd: Float[np.ndarray, " features"]
    sd: Float[np.ndarray, " features"]
    location: Float[np.ndarray, "sites features"]
    scale: Float[np.ndarray, "sites features"]
    reason: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    def transform(self, values: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
        """Return harmonised values; a person's own level is predicted from their visits in this table.

        Visits without a person, site or covariate become NaN; sites not learnt from are refused.
        """
        lacking = self.features.difference(values.columns)
        if len(lacking):
            raise ModelError(f"{len(lacking)} features that were learnt are missing (first: {lacking[0]})")
        values = values[self.features]
        table, known = check_values(values), joined(values, visits)
        codes = self.design.codes(known)
        if (codes == -2).any():
            new = sorted(set(known.loc[codes == -2, self.design.site].astype(str)))
            raise ModelError(f"{self.design.site} {', '.join(new)} was not learnt from", (self.design.site,))
        out = np.full(table.shape, np.nan)
        usable = (codes >= 0) & known[self.settings.person].notna().to_numpy()
        usable &= ~np.isnan(self.design.matrix(known)).any(axis=1)
        rows = np.flatnonzero(usable)
        if rows.size:
            kept, standard = self._standard(table[rows], known.iloc[rows])
            at = codes[rows]
            out[rows] = (standard - self.location[at]) / self.scale[at] * self.sd + kept
        return pd.DataFrame(out, index=values.index, columns=values.columns)

    def shrunk(self, table: np.ndarray, known: pd.DataFrame) -> FittedLongitudinalComBat:
        """Fill what sites add and multiply from the standardised values learnt from."""
        _, standard = self._standard(table, known)
        codes = self.design.codes(known)
        for at in range(len(self.design.sites)):
            part = standard[codes == at]
            n = (~np.isnan(part)).sum(axis=0).astype(float)
            location = np.nansum(part, axis=0) / np.where(n > 0, n, np.nan)
            squares = np.nansum((part - location) ** 2, axis=0)
            variance = squares / np.where(n > 1, n - 1, np.nan)
            variance = np.where(variance > 0, variance, np.nan)
            prior = learn_prior(location, variance) if self.settings.eb else None
            if prior is not None:
                location, variance = shrink(prior, location, variance, squares, n, self.settings.tolerance)
            self.location[at] = location
            self.scale[at] = np.sqrt(np.where(np.isnan(variance), 1.0, variance))
        return self

    def _standard(self, table: np.ndarray, known: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return what is kept (the person's level included) and the standardised rest, the sites in it."""
        person, names = _people(known, self.settings.person)
        fixed = self.level + self.design.matrix(known) @ self.slopes
        left = table - fixed - self.effects[self.design.codes(known)]
        belongs = (person == np.arange(len(names))[:, None]).astype(float)
        n = belongs @ (~np.isnan(left)).astype(float)
        between, within = self.intercept_sd**2, self.sd**2
        levels = between * (belongs @ np.nan_to_num(left)) / (within + n * between)
        kept = fixed + levels[person]
        with np.errstate(divide="ignore", invalid="ignore"):
            return kept, (table - kept) / self.sd


def _people(known: pd.DataFrame, person: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if person not in known.columns:
        raise ModelError(f"the table has no column {person!r}", (person,))
    if known[person].isna().any():
        raise ModelError(f"{person} is not known of every visit", (person,))
    codes, names = pd.factorize(known[person].astype(str), sort=True)
    return codes.astype(np.int64), tuple(names)
