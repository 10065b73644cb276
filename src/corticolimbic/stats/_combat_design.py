"""What harmonisation knows of people: their site, and the covariates whose effects are kept."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from corticolimbic.stats._combat_spline import Curve, curve
from corticolimbic.stats._covariate_coding import CovariateCoding, covariate_coding
from corticolimbic.stats._design import LeftOut
from corticolimbic.stats._model_matrix import collinear
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import Numbers, read_levels, read_term

MISSING, UNSEEN = -1, -2
"""Codes of people whose site is not known, or was not among those learnt from."""


@dataclass(frozen=True, eq=False)
class SiteDesign:
    """How sites and covariates become numbers, learnt from some people.

    Parameters
    ----------
    site
        Column of sites.
    sites
        Their names, in alphabetical order.
    coding
        Of the covariates that enter as they are.
    products
        Interactions, as pairs or more of covariates.
    curves
        Of the covariates that enter as smooth curves; their columns stand last.
    """

    site: str
    sites: tuple[str, ...]
    coding: CovariateCoding
    products: tuple[tuple[str, ...], ...]
    curves: tuple[Curve, ...]

    def matrix(self, people: pd.DataFrame) -> Float[np.ndarray, "people columns"]:
        """Return the covariates' columns, NaN where one is missing; sites have none here."""
        plain = self.coding.matrix(people)
        parts = [plain, *(self._product(plain, one) for one in self.products)]
        parts += [one.columns(_numbers(people, one.name)) for one in self.curves]
        return np.concatenate(parts, axis=1)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of `matrix`."""
        names = list(self.coding.columns)
        for one in self.products:
            names += [":".join(self.coding.columns[at] for at in chosen) for chosen in self._chosen(one)]
        for bend in self.curves:
            names += [f"{bend.name}[curve {at + 1}]" for at in range(len(bend.bending))]
        return tuple(names)

    def codes(self, people: pd.DataFrame) -> Int[np.ndarray, " people"]:
        """Return each person's position in ``sites``, or MISSING, or UNSEEN."""
        names = site_names(people, self.site)
        place = {name: at for at, name in enumerate(self.sites)}
        return np.array([place.get(name, UNSEEN) if name else MISSING for name in names], dtype=np.int64)

    def _chosen(self, product: tuple[str, ...]) -> list[tuple[int, ...]]:
        sets = [[at for at, name in enumerate(self.coding.columns) if name.split("[")[0] == factor]
                for factor in product]  # fmt: skip
        found: list[tuple[int, ...]] = [()]
        for several in sets:
            found = [(*head, at) for head in found for at in several]
        return found

    def _product(self, plain: np.ndarray, product: tuple[str, ...]) -> np.ndarray:
        columns = [np.prod(plain[:, list(chosen)], axis=1) for chosen in self._chosen(product)]
        return np.column_stack(columns) if columns else np.empty((len(plain), 0))


def site_design(
    people: pd.DataFrame, site: str, keep: tuple[str, ...], smooth: tuple[str, ...]
) -> tuple[SiteDesign, Int[np.ndarray, " rows"], tuple[LeftOut, ...]]:
    """Learn the coding; return it, the rows that have everything, and who has not.

    Raises
    ------
    ModelError
        A column is unknown, there are fewer than two sites, or a covariate cannot be told apart from the
        sites (``columns`` names what is at fault).
    """
    factors = tuple(one for name in keep for one in name.split(":"))
    unknown = tuple(name for name in dict.fromkeys((site, *factors, *smooth)) if name not in people.columns)
    if unknown:
        raise ModelError(f"the table has no column {', '.join(map(repr, unknown))}", unknown)
    if site in (*factors, *smooth):
        raise ModelError(f"{site} is the column of sites; it cannot be kept as a covariate too", (site,))
    both = tuple(sorted(set(factors) & set(smooth)))
    if both:
        raise ModelError(f"{', '.join(both)} is kept as a curve; do not name it as a straight line too", both)
    plain = tuple(name for name in keep if ":" not in name)
    alone = tuple(sorted(set(factors) - set(plain)))
    if alone:
        raise ModelError(f"{', '.join(alone)} must be kept alone too where its product is kept", alone)
    terms = {name: read_term(people, name).missing for name in (*plain, *smooth)}
    names = site_names(people, site)
    lacks = {site: np.array([not name for name in names], dtype=bool), **terms}
    missing = np.column_stack(list(lacks.values()))
    rows = np.flatnonzero(~missing.any(axis=1))
    keys: list[Hashable] = list(people.index)
    left_out = tuple(
        LeftOut(keys[row], "missing: " + ", ".join(np.array(list(lacks))[missing[row]]), "missing")
        for row in np.flatnonzero(missing.any(axis=1))
    )
    sites = tuple(sorted({names[row] for row in rows}))
    if rows.size == 0:
        raise ModelError("nobody has a site and a value of every covariate that is kept")
    if len(sites) < 2:
        raise ModelError(f"everybody is of one site ({sites[0]}); there is nothing to harmonise", (site,))
    known = people.iloc[rows]
    found = SiteDesign(
        site,
        sites,
        covariate_coding(known, plain),
        tuple(tuple(name.split(":")) for name in keep if ":" in name),
        tuple(curve(name, _numbers(known, name)) for name in smooth),
    )
    _refuse_confounded(found, known)
    return found, rows, left_out


def _refuse_confounded(found: SiteDesign, people: pd.DataFrame) -> None:
    """Raise where covariates are fixed by the sites; curves are judged by their straight part."""
    codes = found.codes(people)
    n_plain = len(found.columns) - sum(len(one.bending) for one in found.curves)
    straight = [_numbers(people, one.name) for one in found.curves]
    straight = [(line - line.mean()) / (line.std() or 1.0) for line in straight]
    columns = np.column_stack([found.matrix(people)[:, :n_plain], *straight])
    names = (*found.columns[:n_plain], *(one.name for one in found.curves))
    dummies = (codes[:, None] == np.arange(len(found.sites))).astype(float)
    if len(people) <= columns.shape[1] + len(found.sites):
        raise ModelError(
            f"{len(people)} people are too few for {len(found.sites)} sites and {columns.shape[1]} columns"
        )
    sites = tuple(f"{found.site}[{name}]" for name in found.sites)
    flat = tuple(name for name, line in zip(names, columns.T, strict=True) if not np.any(line))
    at_fault = flat or collinear((*sites, *names), np.column_stack([dummies, columns]))
    if at_fault:
        kept = tuple(name for name in at_fault if name in names)
        raise ModelError(
            f"the sites cannot be told apart from {', '.join(kept)}: what is kept must vary within sites",
            at_fault,
        )


def site_names(people: pd.DataFrame, site: str) -> list[str]:
    """Return the name of each person's site, empty where not known."""
    term = read_levels(people, site)
    return [term.levels[code] if code >= 0 else "" for code in term.codes]


def _numbers(people: pd.DataFrame, name: str) -> np.ndarray:
    term = read_term(people, name)
    if not isinstance(term, Numbers):
        raise ModelError(f"{name} is text; a smooth curve needs numbers", (name,))
    return term.values
