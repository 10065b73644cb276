"""How far a person stands from what is usual at their age, sex, site and head size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._age_spline import AgeSpline, age_spline
from corticolimbic.stats._covariate_coding import CovariateCoding, _Coded, covariate_coding
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._shrunken_regression import Shrunken, shrunken_regression
from corticolimbic.stats._stored import StoredEstimator, check_people, reference_id, stored

_KIND = "normative_model"


@dataclass(frozen=True, eq=False)
class NormativeScores:
    """Where people stand, people by features; NaN where a person or a feature has no score.

    Parameters
    ----------
    z
        (value - mean) / root of (noise + ignorance).
    se
        Standard deviation of z that comes from not knowing the mean: root of ignorance / (noise + ignorance).
    pit
        Probability of a smaller value (Student t); uniform in people like the reference.
    mean, noise, ignorance
        Prediction, variance among people alike, and variance of the prediction, in units of the feature.
    reasons
        Person to the reason why they have no score at all.
    unseen
        People of a site that the reference does not know.
    outside
        People younger or older than everyone of the reference.
    """

    z: pd.DataFrame
    se: pd.DataFrame
    pit: pd.DataFrame
    mean: pd.DataFrame
    noise: pd.DataFrame
    ignorance: pd.DataFrame
    reasons: dict[str, str]
    unseen: tuple[str, ...]
    outside: tuple[str, ...]


@dataclass(eq=False)
class NormativeModel:
    r"""Bayesian linear regression of each feature on a smooth of age, covariates and shrunken site offsets.

    The line of age and the covariates have flat priors; the bends of the B-spline, and the offsets of sites,
    are normal with variances estimated from the reference (empirical Bayes). Follows Fraza et al. 2021
    (NeuroImage 245:118715), with site as a random offset as in Kia et al. 2022 (PLoS One 17:e0278776). A
    person of an unseen site gets the average site and the variance between sites as further ignorance; with
    fewer than ``minimum_sites`` sites that variance is not known, and such a person gets no score. People of
    the reference, at any visit, are scored with their own row taken out of it (exactly, with the variances
    kept). The uncertainty of the variances themselves is not counted, beyond Student's t in ``pit``.

    Parameters
    ----------
    age
        Column of the table of people (years).
    covariates
        Further columns: sex, intracranial volume.
    site
        Column of sites, read as names; None for none.
    knots
        Inner knots of the cubic B-spline.
    heteroscedastic
        Whether the logarithm of the noise variance is linear in age.
    minimum_people
        A feature that fewer people of the reference have is not scored.
    minimum_sites
        Fewest sites from which the variance between sites is believed for an unseen one.

    Attributes
    ----------
    features_
        Columns scored.
    refused_
        Feature to the reason why it is not scored.
    people_, left_out_
        Keys of the reference, and of people of it who lack a covariate.
    sites_
        Sites of the reference.
    posterior_
        In standard deviations of each feature.
    reference_id_
        Name of the reference.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> people = pd.DataFrame({"age": rng.uniform(20, 70, 300)}, index=[f"sub-{at}" for at in range(300)])
    >>> values = pd.DataFrame({"volume": 900 - 3 * people["age"] + rng.normal(0, 50, 300)})
    >>> fitted = NormativeModel(covariates=(), site=None).fit(values, people)
    >>> new = pd.DataFrame({"age": [40.0]}, index=["sub-new"])
    >>> scored = fitted.transform(pd.DataFrame({"volume": [680.0]}, index=["sub-new"]), new)
    >>> round(float(scored.z.loc["sub-new", "volume"]), 0)
    -2.0
    """

    age: str = "age"
    covariates: tuple[str, ...] = ("sex",)
    site: str | None = "site"
    knots: int = 3
    heteroscedastic: bool = False
    minimum_people: int = 20
    minimum_sites: int = 3

    def fit(self, values: pd.DataFrame, people: pd.DataFrame) -> NormativeModel:
        """Fit on the reference.

        Parameters
        ----------
        values
            People by features; NaN and infinite values are missing.
        people
            The columns named, joined by key; who is not listed lacks them.

        Raises
        ------
        ModelError
            A column is unknown, or nobody of the reference has them all.
        """
        keys = check_people(list(values.index), len(values))
        table = _joined(people, keys)
        self._check(table)
        age = _numeric(table[self.age])
        site = _names(table, self.site)
        complete = np.isfinite(age) & (site != "") if self.site else np.isfinite(age)
        if not complete.any():
            raise ModelError(
                f"nobody of the reference has {self.age}" + f" and {self.site}" * bool(self.site)
            )
        self._coding = covariate_coding(table[complete], self.covariates)
        coded = np.full((len(table), len(self._coding.columns)), np.nan)
        coded[complete] = self._coding.matrix(table[complete])
        complete &= np.isfinite(coded).all(axis=1)
        if not complete.any():
            raise ModelError("nobody of the reference has every covariate")
        self.left_out_ = tuple(key for key, whole in zip(keys, complete, strict=True) if not whole)
        self.people_ = tuple(key for key, whole in zip(keys, complete, strict=True) if whole)
        self.sites_ = tuple(sorted(set(site[complete]))) if self.site else ()
        self._spline = age_spline(age[complete], self.knots)
        self._matrix = self._columns(age[complete], coded[complete], site[complete])
        rows = _finite(values)[complete]
        self.features_, self.refused_ = self._scored(values.columns, rows)
        at = [values.columns.get_loc(name) for name in self.features_]
        kept = rows[:, at]
        self._center, self._spread = _moments(kept)
        self._values = ((kept - self._center) / self._spread).T
        scale = self._spline.standardised(age[complete]) if self.heteroscedastic else None
        self._scale = np.zeros(len(kept)) if scale is None else scale
        self.posterior_ = shrunken_regression(self._values, self._matrix, self._groups(), scale)
        for name, good in zip(self.features_, self.posterior_.converged, strict=True):
            if not good:
                self.refused_[name] = "its variances did not converge"
        # What was given, not what was computed of it: rounding there depends on the order of the people.
        given = table.loc[complete, [*self.covariates, *((self.site,) if self.site else ())]].astype(str)
        named = ["\t".join([key, *cells]) for key, cells in zip(self.people_, given.to_numpy(), strict=True)]
        everything = np.column_stack([age[complete], kept])
        self.reference_id_ = reference_id(_KIND, self._settings(), named, everything)
        return self

    def transform(self, values: pd.DataFrame, people: pd.DataFrame) -> NormativeScores:
        """Score people.

        Parameters
        ----------
        values
            People by features, with every feature that was fitted.
        people
            As in `fit`.

        Raises
        ------
        ModelError
            A column is unknown.
        """
        keys = check_people(list(values.index), len(values))
        table = _joined(people, keys)
        self._check(table)
        lacking = [name for name in self.features_ if name not in values.columns]
        if lacking:
            raise ModelError(f"the table has no feature {', '.join(map(str, lacking[:5]))}")
        age, site = _numeric(table[self.age]), _names(table, self.site)
        coded = self._coded(table)
        unseen = ~np.isin(site, self.sites_) if self.site else np.zeros(len(keys), dtype=bool)
        reasons = self._reasons(keys, age, coded, site, unseen)
        rows = np.array([key not in reasons for key in keys], dtype=bool)
        raw = _finite(values)[:, [values.columns.get_loc(name) for name in self.features_]]
        y = ((raw - self._center) / self._spread).T[:, rows]
        matrix = self._columns(age[rows], coded[rows], site[rows])
        mean, ignorance = self._predict(matrix, [key for key, has in zip(keys, rows, strict=True) if has])
        if self.site and len(self.sites_) > 1:
            ignorance += np.where(unseen[rows], self.posterior_.prior[:, -1:], 0.0)
        scale = self._spline.standardised(age[rows]) if self.heteroscedastic else np.zeros(int(rows.sum()))
        noise = self.posterior_.noise(scale)
        total = np.sqrt(noise + ignorance)
        z = (y - mean) / total
        pit = special.stdtr(self.posterior_.dof[:, None], z)
        good = self.posterior_.converged
        units, centre = self._spread[:, None], self._center[:, None]

        def framed(numbers: np.ndarray) -> pd.DataFrame:
            whole = np.full((len(keys), len(values.columns)), np.nan)
            at = np.array([values.columns.get_loc(name) for name in self.features_], dtype=int)
            whole[np.ix_(rows, at[good])] = np.where(np.isnan(z), np.nan, numbers)[good].T
            return pd.DataFrame(whole, index=values.index, columns=values.columns)

        return NormativeScores(
            framed(z),
            framed(np.sqrt(ignorance) / total),
            framed(pit),
            framed(mean * units + centre),
            framed(noise * units**2),
            framed(ignorance * units**2),
            reasons,
            tuple(key for key, new in zip(keys, unseen & rows, strict=True) if new),
            tuple(key for key, far in zip(keys, self._spline.outside(age) & rows, strict=True) if far),
        )

    def to_plain(self, *, with_people: bool = True) -> StoredEstimator:
        """Return the fitted model as plain text and arrays.

        Parameters
        ----------
        with_people
            Whether the reference's own rows go with it. Without them nothing of a person is in it, and
            whoever is scored is taken for somebody else than the reference.
        """
        fit = self.posterior_
        arrays = {name: getattr(fit, name) for name in Shrunken.__dataclass_fields__}
        arrays |= {"center": self._center, "spread": self._spread, "knots": self._spline.knots}
        arrays |= {"bends": self._spline.bends, "line": self._spline.line}
        people: list[str] = []
        if with_people:
            people = list(self.people_)
            arrays |= {"values": self._values, "matrix": self._matrix, "scale": self._scale}
        facts: dict[str, Any] = {
            "people": people,
            "left_out": list(self.left_out_) if with_people else [],
            "sites": list(self.sites_),
            "features": [list(name) if isinstance(name, tuple) else name for name in self.features_],
            "refused": [
                [list(name) if isinstance(name, tuple) else name, why] for name, why in self.refused_.items()
            ],
            "ages": [self._spline.center, self._spline.scale],
            "coded": [[one.name, list(one.levels), one.mean, one.sd] for one in self._coding.coded],
            "constant": list(self._coding.constant),
        }
        return stored(_KIND, self.reference_id_, self._settings(), facts, arrays)

    @classmethod
    def from_plain(cls, plain: StoredEstimator) -> NormativeModel:
        """Return the model that `to_plain` wrote."""
        model, arrays = plain.checked(_KIND).model, plain.arrays
        made = cls(**{**model["settings"], "covariates": tuple(model["settings"]["covariates"])})

        def name(one: Any) -> Any:
            return tuple(one) if isinstance(one, list) else one

        made.features_ = tuple(name(one) for one in model["features"])
        made.refused_ = {name(one): why for one, why in model["refused"]}
        made.people_, made.left_out_ = tuple(model["people"]), tuple(model["left_out"])
        made.sites_, made.reference_id_ = tuple(model["sites"]), model["reference_id"]
        center, scale = model["ages"]
        made._spline = AgeSpline(center, scale, arrays["knots"], arrays["bends"], arrays["line"])
        coded = tuple(_Coded(one[0], tuple(one[1]), one[2], one[3]) for one in model["coded"])
        made._coding = CovariateCoding(coded, None, tuple(model["constant"]))
        made._center, made._spread = arrays["center"], arrays["spread"]
        made.posterior_ = Shrunken(*(arrays[field] for field in Shrunken.__dataclass_fields__))
        columns = made.posterior_.mean.shape[1]
        made._values = arrays.get("values", np.empty((len(made.features_), 0)))
        made._matrix = arrays.get("matrix", np.empty((0, columns)))
        made._scale = arrays.get("scale", np.empty(0))
        return made

    def _settings(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**fields, "covariates": list(self.covariates)}

    def _check(self, table: pd.DataFrame) -> None:
        named = (self.age, *self.covariates, *((self.site,) if self.site else ()))
        lacking = tuple(name for name in named if name not in table.columns)
        if lacking:
            raise ModelError(f"the table of people has no column {', '.join(lacking)}", lacking)

    def _groups(self) -> np.ndarray:
        flat = 1 + (self._spline.scale > 0) + len(self._coding.columns)
        bends = self._spline.bends.shape[1]
        sites = len(self.sites_) if len(self.sites_) > 1 else 0
        return np.array([-1] * flat + [0] * bends + [int(bends > 0)] * sites, dtype=int)

    def _columns(self, age: np.ndarray, coded: np.ndarray, site: np.ndarray) -> np.ndarray:
        parts = [np.ones((len(age), 1))]
        if self._spline.scale > 0:
            parts.append(self._spline.standardised(age)[:, None])
        parts += [coded, self._spline.curve(age)]
        if len(self.sites_) > 1:
            parts.append((site[:, None] == np.array(self.sites_, dtype=object)).astype(float))
        return np.concatenate(parts, axis=1)

    def _coded(self, table: pd.DataFrame) -> np.ndarray:
        """Return the covariates' columns; a level that the reference does not know is missing."""
        known = table.copy()
        for one in self._coding.coded:
            if one.levels:
                cells = known[one.name].astype(object)
                known[one.name] = cells.where(cells.isin(one.levels), "")
        return self._coding.matrix(known)

    def _scored(self, names: pd.Index, rows: np.ndarray) -> tuple[tuple[Any, ...], dict[Any, str]]:
        needed = max(self.minimum_people, self._matrix.shape[1] - len(self.sites_) + 2)
        refused, kept = {}, []
        for name, column in zip(names, rows.T, strict=True):
            known = column[np.isfinite(column)]
            if len(known) < needed:
                refused[name] = f"{len(known)} people of the reference have it, {needed} are needed"
            elif not np.ptp(known) > 1e-12 * np.abs(known).max():
                refused[name] = "it does not vary in the reference"
            else:
                kept.append(name)
        return tuple(kept), refused

    def _reasons(
        self, keys: tuple[str, ...], age: np.ndarray, coded: np.ndarray, site: np.ndarray, unseen: np.ndarray
    ) -> dict[str, str]:
        reasons = {}
        for at, key in enumerate(keys):
            if not np.isfinite(age[at]):
                reasons[key] = f"{self.age} is not known"
            elif not np.isfinite(coded[at]).all():
                reasons[key] = "a covariate is missing, or has a level that the reference does not know"
            elif self.site and site[at] == "":
                reasons[key] = f"{self.site} is not known"
            elif unseen[at] and len(self.sites_) < self.minimum_sites:
                reasons[key] = (
                    f"{site[at]} is not among the {len(self.sites_)} sites of the reference, too few to know "
                    "how sites differ"
                )
        return reasons

    def _predict(
        self, matrix: Float[np.ndarray, "people columns"], keys: list[str]
    ) -> tuple[Float[np.ndarray, "features people"], Float[np.ndarray, "features people"]]:
        """Return mean and ignorance; the own row of who is in the reference is taken out of it."""
        fit = self.posterior_
        mean = fit.mean @ matrix.T
        ignorance = np.einsum("np,fpq,nq->fn", matrix, fit.covariance, matrix, optimize=True)
        rows = {key: at for at, key in enumerate(self.people_)}
        for column, key in enumerate(keys):
            if key not in rows:
                continue
            at = rows[key]
            own, y = self._matrix[at], self._values[:, at]
            pulled = fit.covariance @ own
            noise = fit.noise(self._scale[at : at + 1])[:, 0]
            left = np.maximum(noise - pulled @ own, 1e-12 * noise)
            towards = pulled @ matrix[column]
            inside = ~np.isnan(y)
            residual = np.where(inside, np.nan_to_num(y) - fit.mean @ own, 0.0)
            mean[:, column] -= np.where(inside, towards * residual / left, 0.0)
            ignorance[:, column] += np.where(inside, towards**2 / left, 0.0)
        return mean, ignorance


def _joined(people: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    if people.index.has_duplicates:
        raise ModelError("the table of people lists someone more than once")
    return people.reindex(list(keys))


def _numeric(column: pd.Series) -> np.ndarray:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _names(table: pd.DataFrame, site: str | None) -> np.ndarray:
    if site is None:
        return np.full(len(table), "", dtype=object)
    return np.array(["" if pd.isna(cell) else str(cell) for cell in table[site]], dtype=object)


def _finite(values: pd.DataFrame) -> np.ndarray:
    numbers = values.to_numpy(dtype=float)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _moments(kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if kept.shape[1] == 0:
        return np.empty(0), np.empty(0)
    return np.nanmean(kept, axis=0), np.nanstd(kept, axis=0)
