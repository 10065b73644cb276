"""Fitted estimators as plain text and arrays, and the name of the people that they were fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import hash_bytes, hash_json
from corticolimbic.stats._refusals import ModelError

SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class StoredEstimator:
    """A fitted estimator, ready for model.json and weights.npz (never a pickle).

    Parameters
    ----------
    model
        What JSON holds: kind, schema_version, reference_id, settings and facts of the fit.
    arrays
        What an npz file holds, by name.
    """

    model: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def checked(self, kind: str) -> StoredEstimator:
        """Return this, known to be of a kind and version that this program reads.

        Raises
        ------
        ModelError
            It is of another kind or version.
        """
        found = (self.model.get("kind"), self.model.get("schema_version"))
        if found != (kind, SCHEMA_VERSION):
            raise ModelError(f"a stored {kind} of version {SCHEMA_VERSION} is expected, not {found}")
        return self


def stored(
    kind: str,
    reference_id: str,
    settings: Mapping[str, Any],
    facts: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> StoredEstimator:
    """Put a fitted estimator into its plain form."""
    head = {"kind": kind, "schema_version": SCHEMA_VERSION, "reference_id": reference_id}
    return StoredEstimator({**head, "settings": dict(settings), **facts}, dict(arrays))


def reference_id(
    kind: str, settings: Mapping[str, Any], people: Sequence[str], values: Float[np.ndarray, "..."]
) -> str:
    """Return 16 hexadecimal digits that name a reference: settings, people in order of key, their values."""
    order = np.argsort(np.asarray(people, dtype=str), kind="stable")
    data = np.ascontiguousarray(np.asarray(values, dtype="<f8")[order])
    named = [str(people[at]) for at in order]
    return hash_json([kind, dict(settings), named, list(data.shape), hash_bytes(data.tobytes())])[:16]


def check_people(people: Sequence[str], n: int) -> tuple[str, ...]:
    """Return the keys as strings, one for each row and none twice.

    Raises
    ------
    ModelError
        They are not.
    """
    keys = tuple(str(person) for person in people)
    if len(keys) != n:
        raise ModelError(f"{len(keys)} keys name {n} rows; give one for each")
    if len(set(keys)) < len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ModelError(f"{', '.join(twice[:5])} occurs more than once; give one row a person")
    return keys
