"""Cross-validation: centres left out in turn, or stratified folds, and predictions for those left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from corticolimbic.stats._fold_models import Recalibration
from corticolimbic.stats._refusals import ModelError


@dataclass(frozen=True, eq=False)
class Folds:
    """Who is left out together.

    Parameters
    ----------
    scheme
        ``leave-one-centre-out`` or ``k-fold``.
    place
        Fold of each person, one row a repeat.
    names
        Name of each fold.
    """

    scheme: str
    place: Int[np.ndarray, "repeats people"]
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions for people who were left out of the fit.

    Parameters
    ----------
    predicted
        NaN where the model could not be fitted, or a column is missing.
    failures
        What could not be fitted, and why, each once.
    separated
        Folds whose training people were told apart perfectly.
    """

    predicted: Float[np.ndarray, "repeats people"]
    failures: tuple[str, ...]
    separated: int


def centres_left_out(sites: Sequence[str]) -> Folds:
    """Return folds of whole sites, in alphabetical order.

    Parameters
    ----------
    sites
        Of each person; at least two different ones.

    Raises
    ------
    ModelError
        All people are of one site.

    Examples
    --------
    >>> centres_left_out(["south", "north", "south"]).place.tolist()
    [[1, 0, 1]]
    """
    names, place = np.unique(np.asarray(sites, dtype=str), return_inverse=True)
    if len(names) < 2:
        raise ModelError("leaving out a centre needs at least two")
    return Folds("leave-one-centre-out", place.reshape(1, -1).astype(np.int64), tuple(map(str, names)))


def stratified_folds(
    outcome: Float[np.ndarray, " people"], rng: np.random.Generator, *, k: int = 5, repeats: int = 10
) -> Folds:
    """Return folds in which the outcome is spread alike: people are dealt out in its order, ties at random.

    Parameters
    ----------
    outcome
        Class or number, without missing values.
    rng
        Random stream.
    k, repeats
        Folds, and how often people are dealt out anew.

    Raises
    ------
    ModelError
        There are fewer people than folds, or fewer than two folds.

    Examples
    --------
    >>> folds = stratified_folds(np.array([0.0, 1, 0, 1, 0, 1]), np.random.default_rng(1), k=3, repeats=2)
    >>> [np.bincount(row).tolist() for row in folds.place]
    [[2, 2, 2], [2, 2, 2]]
    """
    n_people = outcome.size
    if k < 2 or n_people < k:
        raise ModelError(f"{n_people} people cannot be dealt out to {k} folds")
    place = np.empty((repeats, n_people), dtype=np.int64)
    for repeat in range(repeats):
        order = np.lexsort((rng.random(n_people), outcome))
        blocks = -(-n_people // k)
        if np.unique(outcome).size > 2:  # each block of k neighbours goes to k folds, in an order of its own
            dealt = np.concatenate([rng.permutation(k) for _ in range(blocks)])
        else:  # one order for all, so that no class is one short in one fold and one over in another
            dealt = np.tile(rng.permutation(k), blocks)
        place[repeat, order] = dealt[:n_people]
    return Folds("k-fold", place, tuple(f"fold {number + 1}" for number in range(k)))


def out_of_fold(
    model: Recalibration,
    matrix: Float[np.ndarray, "people columns"],
    outcome: Float[np.ndarray, " people"],
    folds: Folds,
) -> OutOfFold:
    """Predict everybody by a model that was fitted without their fold.

    Parameters
    ----------
    model
        What is fitted.
    matrix
        Columns; people with a NaN train no model and get no prediction.
    outcome
        Class or number, without missing values.
    folds
        Who is left out together.
    """
    known = np.isfinite(matrix).all(axis=1)
    predicted = np.full(folds.place.shape, np.nan)
    failures: dict[str, None] = {}
    separated = 0
    for repeat, place in enumerate(folds.place):
        for number in np.unique(place):
            here, train = (place == number) & known, (place != number) & known
            if not here.any():
                continue
            try:
                fitted = model.fit(matrix[train], outcome[train])
            except ModelError as refusal:
                failures[f"without {folds.names[number]}: {refusal.reason}"] = None
                continue
            separated += bool(fitted.separation)
            predicted[repeat, here] = fitted.transform(matrix[here])
    return OutOfFold(predicted, tuple(failures), separated)
