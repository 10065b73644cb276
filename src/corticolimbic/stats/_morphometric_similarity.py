"""Networks of one person's regions that are alike in their form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._stored import StoredEstimator, check_people, reference_id, stored

Scaling = Literal["within", "reference"]
Likeness = Literal["correlation", "inverse_distance"]
_KIND = "morphometric_similarity"


@dataclass(eq=False)
class MorphometricSimilarity:
    """Similarity of each two regions over several measures (area, volume, thickness, curvature).

    Each measure is first made comparable: ``within``, by its mean and SD over the person's regions (Seidlitz
    et al. 2018, Neuron 97:231; nothing is learnt of others); ``reference``, by mean and SD of that measure in
    that region over the reference's people, so that two regions are alike where the person departs from
    others alike in both. The profiles are then compared by ``correlation`` (Pearson) or
    ``inverse_distance``, 1 / (1 + root mean squared difference). One value a region and measure is enough.
    People of the reference are scaled by the others of it.

    Parameters
    ----------
    scaling, likeness
        As above.
    minimum_measures
        Two regions with fewer measures in common have no similarity.
    minimum_people
        Of the reference, for each region and measure.

    Attributes
    ----------
    people_
        Keys of the reference.
    reference_id_
        Name of the reference.
    """

    scaling: Scaling = "within"
    likeness: Likeness = "correlation"
    minimum_measures: int = 3
    minimum_people: int = 10

    def fit(
        self, values: Float[np.ndarray, "people regions measures"], people: Sequence[str]
    ) -> MorphometricSimilarity:
        """Take the reference; with ``within`` only its form is kept.

        Parameters
        ----------
        values
            NaN or infinite where a region or measure is missing.
        people
            Their keys.

        Raises
        ------
        ModelError
            There are fewer measures than two regions must have in common, or, with ``reference``, no region
            has enough people.
        """
        self.people_ = check_people(people, len(values))
        if values.shape[2] < self.minimum_measures:
            raise ModelError(f"{values.shape[2]} measures, {self.minimum_measures} are needed")
        self._values = np.where(np.isfinite(values), values, np.nan)
        self._shape = values.shape[1:]
        known = np.isfinite(self._values)
        if self.scaling == "reference" and not (known.sum(axis=0) >= self.minimum_people).any():
            raise ModelError(f"no region has {self.minimum_people} people of the reference")
        self.reference_id_ = reference_id(_KIND, self._settings(), self.people_, self._values)
        return self

    def transform(
        self, values: Float[np.ndarray, "people regions measures"], people: Sequence[str]
    ) -> Float[np.ndarray, "people regions regions"]:
        """Return each person's network: 1 in the diagonal, NaN where regions share too few measures.

        Parameters
        ----------
        values, people
            As in `fit`, regions and measures in the same order.
        """
        if values.shape[1:] != self._shape:
            raise ModelError(f"the reference has regions and measures {self._shape}, not {values.shape[1:]}")
        keys = check_people(people, len(values))
        profiles = self.profiles(values, keys)
        networks = np.empty((len(keys), values.shape[1], values.shape[1]))
        for at, one in enumerate(profiles):
            networks[at] = _alike(one, self.likeness, self.minimum_measures)
        return networks

    def profiles(
        self, values: Float[np.ndarray, "people regions measures"], people: Sequence[str]
    ) -> Float[np.ndarray, "people regions measures"]:
        """Return the scaled values that are compared.

        Parameters
        ----------
        values, people
            As in `transform`.
        """
        found = np.where(np.isfinite(values), values, np.nan)
        if self.scaling == "within":
            return np.array([_scaled(one, one, 2) for one in found]).reshape(found.shape)
        place = {key: at for at, key in enumerate(self.people_)}
        scaled = np.empty(found.shape)
        for at, (key, one) in enumerate(zip(people, found, strict=True)):
            others = np.delete(self._values, place[key], axis=0) if key in place else self._values
            scaled[at] = _scaled(one, others, self.minimum_people)
        return scaled

    def to_plain(self) -> StoredEstimator:
        """Return the reference as plain text and arrays."""
        facts = {"people": list(self.people_)}
        return stored(_KIND, self.reference_id_, self._settings(), facts, {"values": self._values})

    @classmethod
    def from_plain(cls, plain: StoredEstimator) -> MorphometricSimilarity:
        """Return the reference that `to_plain` wrote."""
        model = plain.checked(_KIND).model
        return cls(**model["settings"]).fit(plain.arrays["values"], model["people"])

    def _settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def divergence_similarity(
    mean: Float[np.ndarray, "people regions"],
    sd: Float[np.ndarray, "people regions"],
    form: Literal["inverse", "exponential"] = "inverse",
) -> Float[np.ndarray, "people regions regions"]:
    """Return similarity of regions by the symmetric Kullback-Leibler divergence J of normal distributions.

    ``inverse`` is 1 / (1 + J), the form of MIND (Sebenius et al. 2023, Nat Neurosci 26:1461);
    ``exponential`` is exp(-J), that of Kong et al. 2014 (PLoS One 9:e112405). Both papers estimate J from all
    vertices or voxels of a region; where only mean and SD are stored (ThickAvg and ThickStd of FreeSurfer),
    the distributions are taken as normal. Nothing is learnt of others.

    Parameters
    ----------
    mean, sd
        Of each region's distribution, in one unit. A region without an SD above 0 is NaN.
    form
        As above.
    """
    known = np.isfinite(mean) & np.isfinite(sd) & (sd > 0)
    m, variance = np.where(known, mean, np.nan), np.where(known, sd, np.nan) ** 2
    gap = (m[:, :, None] - m[:, None, :]) ** 2
    a, b = variance[:, :, None], variance[:, None, :]
    divergence = (a + gap) / (2 * b) + (b + gap) / (2 * a) - 1
    return np.exp(-divergence) if form == "exponential" else 1 / (1 + divergence)


def _scaled(one: np.ndarray, others: np.ndarray, minimum: int) -> np.ndarray:
    """Return one person's values in SDs from the mean of the first axis of ``others``."""
    known = np.isfinite(others)
    count = known.sum(axis=0)
    mean = np.where(known, others, 0.0).sum(axis=0) / np.maximum(count, 1)
    deviation = np.where(known, others - mean, 0.0)
    sd = np.sqrt((deviation**2).sum(axis=0) / np.maximum(count - 1, 1))
    good = (count >= max(minimum, 2)) & (sd > 1e-12 * np.abs(mean))
    return np.where(good, one - mean, np.nan) / np.where(good, sd, 1.0)


def _alike(profile: np.ndarray, likeness: Likeness, minimum: int) -> np.ndarray:
    known = np.isfinite(profile).astype(float)
    filled = np.nan_to_num(profile)
    count = known @ known.T
    n = np.maximum(count, 1)
    if likeness == "inverse_distance":
        squares = (filled**2) @ known.T
        distance = np.maximum(squares + squares.T - 2 * filled @ filled.T, 0.0) / n
        found = 1 / (1 + np.sqrt(distance))
    else:
        sums = filled @ known.T
        squares = (filled**2) @ known.T - sums**2 / n
        product = filled @ filled.T - sums * sums.T / n
        flat = np.minimum(squares, squares.T) <= 1e-12
        found = product / np.sqrt(np.where(flat, np.nan, squares * squares.T))
    found = np.where(count >= minimum, found, np.nan)
    diagonal = np.arange(len(found))
    found[diagonal, diagonal] = np.where(np.isnan(found[diagonal, diagonal]), np.nan, 1.0)
    return found
