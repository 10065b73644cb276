"""Features that miss the same rows, together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from corticolimbic.stats._refusals import ModelError


def patterns(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield which rows are present, and the features that have just these rows."""
    n_rows, n_features = values.shape
    if n_features and np.isfinite(np.ones(n_rows) @ values).all():  # one pass instead of a sort
        yield np.ones(n_rows, dtype=bool), np.arange(n_features)
        return
    packed, which = np.unique(np.packbits(~np.isnan(values), axis=0), axis=1, return_inverse=True)
    for number in range(packed.shape[1]):
        features = np.flatnonzero(which == number)
        yield ~np.isnan(values[:, features[0]]), features


def refuse_infinite(values: np.ndarray) -> None:
    """Raise `ModelError` where a feature holds infinite values; ``columns`` holds the features' positions."""
    with np.errstate(invalid="ignore", over="ignore"):
        suspects = np.flatnonzero(~np.isfinite(np.ones(len(values)) @ values))
    infinite = suspects[np.isinf(values[:, suspects]).any(axis=0)]
    if infinite.size:
        raise ModelError(
            f"{infinite.size} features hold infinite values (first: {infinite[0]}); mend them",
            columns=tuple(str(feature) for feature in infinite),
        )
