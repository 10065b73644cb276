"""Values of regions freed of the size of the head, as it acts in a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._stored import StoredEstimator, check_people, reference_id, stored

Method = Literal["residual", "power", "proportional"]
_KIND = "head_size"


@dataclass(eq=False)
class HeadSize:
    r"""Each feature at the reference's average intracranial volume.

    ``residual``: :math:`y - b (v - \bar v)`, b the reference's slope (Mathalon et al. 1993, Psychiatry Res
    50:121). ``power``: :math:`y (\tilde v / v)^b`, b the reference's slope of log y on log v, :math:`\tilde
    v` its geometric mean (allometry; Liu et al. 2014, NeuroImage 94:241). ``proportional``:
    :math:`y \bar v / v`, which overcorrects whatever grows more slowly than the head. All stay in the unit of
    the feature. Only head size is in the slope: where age or sex go with it and matter, use `NormativeModel`
    with all of them.

    Parameters
    ----------
    method
        Which of them.
    minimum_people
        A feature that fewer people of the reference have is NaN.

    Attributes
    ----------
    slopes_, slopes_se_
        b of each feature and its standard error; 1 and 0 for ``proportional``.
    average_
        Of intracranial volume in the reference.
    refused_
        Feature to the reason why it is NaN.
    people_
        Keys of the reference.
    reference_id_
        Name of the reference.

    Examples
    --------
    >>> size = pd.Series([1400.0, 1500.0, 1600.0, 1700.0], index=list("abcd"))
    >>> table = pd.DataFrame({"NAc": size / 2 + [1.0, -1.0, -1.0, 1.0]})
    >>> HeadSize(minimum_people=4).fit(table, size).transform(table, size)["NAc"].tolist()
    [776.0, 774.0, 774.0, 776.0]
    """

    method: Method = "residual"
    minimum_people: int = 10

    def fit(self, values: pd.DataFrame, size: pd.Series) -> HeadSize:
        """Fit on the reference.

        Parameters
        ----------
        values
            People by features.
        size
            Intracranial volume, joined by key.

        Raises
        ------
        ModelError
            Nobody's intracranial volume is known and positive, or it does not vary.
        """
        keys = check_people(list(values.index), len(values))
        v = _positive(size.reindex(list(keys)))
        has = np.isfinite(v)
        if not has.any() or (self.method != "proportional" and not np.ptp(v[has]) > 0):
            raise ModelError("the reference's intracranial volume is not known, or does not vary")
        self.people_ = tuple(key for key, one in zip(keys, has, strict=True) if one)
        power = self.method == "power"
        self.average_ = float(np.exp(np.log(v[has]).mean()) if power else v[has].mean())
        x, y = v[has], _finite(values)[has]
        if power:
            x, y = np.log(x), np.log(np.where(y > 0, y, np.nan))
        self.features_ = tuple(values.columns)
        self.slopes_, self.slopes_se_ = np.ones(y.shape[1]), np.zeros(y.shape[1])
        self.refused_ = {}
        for at, name in enumerate(self.features_):
            known = np.isfinite(y[:, at])
            varies = known.any() and np.ptp(x[known]) > 0
            if known.sum() < max(self.minimum_people, 3) or (self.method != "proportional" and not varies):
                self.refused_[name] = f"{int(known.sum())} people of the reference have it"
            elif self.method != "proportional":
                self.slopes_[at], self.slopes_se_[at] = _slope(x[known], y[known, at])
        self.reference_id_ = reference_id(_KIND, self._settings(), self.people_, np.column_stack([v[has], y]))
        return self

    def transform(self, values: pd.DataFrame, size: pd.Series) -> pd.DataFrame:
        """Return the values at average size; NaN where value or size is missing, or not positive for a power.

        Parameters
        ----------
        values, size
            As in `fit`.
        """
        lacking = [name for name in self.features_ if name not in values.columns]
        if lacking:
            raise ModelError(f"the table has no feature {', '.join(map(str, lacking[:5]))}")
        v = _positive(size.reindex(list(values.index)))[:, None]
        y = _finite(values[list(self.features_)])
        if self.method == "residual":
            adjusted = y - self.slopes_ * (v - self.average_)
        elif self.method == "power":
            adjusted = np.where(y > 0, y, np.nan) * (self.average_ / v) ** self.slopes_
        else:
            adjusted = y * self.average_ / v
        adjusted[:, [name in self.refused_ for name in self.features_]] = np.nan
        return pd.DataFrame(adjusted, index=values.index, columns=pd.Index(self.features_))

    def to_plain(self) -> StoredEstimator:
        """Return the fitted estimator as plain text and arrays."""
        facts = {
            "people": list(self.people_),
            "features": [_listed(name) for name in self.features_],
            "refused": [[_listed(name), why] for name, why in self.refused_.items()],
            "average": self.average_,
        }
        arrays = {"slopes": self.slopes_, "slopes_se": self.slopes_se_}
        return stored(_KIND, self.reference_id_, self._settings(), facts, arrays)

    @classmethod
    def from_plain(cls, plain: StoredEstimator) -> HeadSize:
        """Return the estimator that `to_plain` wrote."""
        model, arrays = plain.checked(_KIND).model, plain.arrays
        made = cls(**model["settings"])
        made.people_, made.reference_id_ = tuple(model["people"]), model["reference_id"]
        made.features_ = tuple(_named(name) for name in model["features"])
        made.refused_ = {_named(name): why for name, why in model["refused"]}
        made.average_, made.slopes_, made.slopes_se_ = model["average"], arrays["slopes"], arrays["slopes_se"]
        return made

    def _settings(self) -> dict[str, Any]:
        return {"method": self.method, "minimum_people": self.minimum_people}


def _listed(name: Any) -> Any:
    return list(name) if isinstance(name, tuple) else name


def _named(name: Any) -> Any:
    return tuple(name) if isinstance(name, list) else name


def _positive(size: pd.Series) -> np.ndarray:
    values = pd.to_numeric(size, errors="coerce").to_numpy(dtype=float)
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def _finite(values: pd.DataFrame) -> np.ndarray:
    numbers = values.to_numpy(dtype=float)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    centred = x - x.mean()
    square = float(centred @ centred)
    slope = float(centred @ y) / square
    residual = y - y.mean() - slope * centred
    return slope, float(np.sqrt(residual @ residual / (len(x) - 2) / square))
