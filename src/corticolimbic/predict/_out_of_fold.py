"""Predictions of people whom the model did not see: centre by centre, or fold by fold inside centres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from corticolimbic.predict._nuisance_model import NuisanceModel
from corticolimbic.stats import ModelError

LEAVE_ONE_CENTRE_OUT, K_FOLD = "leave-one-centre-out", "k-fold"
SITE, OUTCOME = "site", "outcome"
NO_SITE = "n/a"


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What was predicted of people by models that were fitted without them.

    Parameters
    ----------
    people
        Columns site and outcome, indexed by participant_id.
    predicted, reference
        Prediction and mean outcome of the people fitted, of each repeat and person.
    fold
        Fold of each repeat and person.
    """

    people: pd.DataFrame
    predicted: Float[np.ndarray, "repeats people"]
    reference: Float[np.ndarray, "repeats people"]
    fold: Int[np.ndarray, "repeats people"]

    @property
    def observed(self) -> Float[np.ndarray, " people"]:
        """Outcome of each person."""
        return self.people[OUTCOME].to_numpy(dtype=float)

    def of(self, members: np.ndarray) -> OutOfFold:
        """Return a part of the people.

        Parameters
        ----------
        members
            True for those who belong to it.
        """
        return OutOfFold(
            self.people[members],
            self.predicted[:, members],
            self.reference[:, members],
            self.fold[:, members],
        )


def centre_by_centre(people: pd.DataFrame, model: NuisanceModel) -> OutOfFold:
    """Predict the people of each centre by a model fitted to those of all others.

    The centre is no column of the model: nothing can be learnt of a centre that was left out. People whose
    centre is not known are left out.

    Parameters
    ----------
    people
        Columns site, outcome and those of the model; complete, indexed by participant_id.
    model
        What is fitted.

    Raises
    ------
    ModelError
        There is one centre only, or a model cannot be fitted.
    """
    known = people[people[SITE] != NO_SITE]
    names = sorted(set(known[SITE]))
    if len(names) < 2:
        raise ModelError(f"{len(names)} centre; leaving one out needs 2")
    chosen = NuisanceModel(tuple(name for name in model.columns if name != SITE), model.classes)
    fold = known[SITE].map({name: at for at, name in enumerate(names)}).to_numpy(dtype=np.int64)
    return _predicted(known, chosen, fold[None, :])


def fold_by_fold(
    people: pd.DataFrame, model: NuisanceModel, rng: np.random.Generator, *, folds: int, repeats: int
) -> OutOfFold:
    """Predict everybody by models fitted to the other folds, which hold a share of each centre (and class).

    Parameters
    ----------
    people
        Columns site, outcome and those of the model; complete, indexed by participant_id.
    model
        What is fitted.
    rng
        Random stream that deals people to folds.
    folds, repeats
        Folds, and how often all is dealt anew.

    Raises
    ------
    ModelError
        There are fewer people than folds, or a model cannot be fitted.
    """
    if len(people) < folds:
        raise ModelError(f"{len(people)} people for {folds} folds")
    table = people.sort_index()  # dealt by name, not by the order in which files were read
    strata = [SITE, OUTCOME] if model.classes else [SITE]
    groups = list(table.groupby(strata, sort=True).indices.values())
    dealt = np.array([_deal(groups, len(table), rng, folds) for _ in range(repeats)])
    return _predicted(table, model, dealt)


def _deal(groups: list[np.ndarray], n: int, rng: np.random.Generator, folds: int) -> np.ndarray:
    """Deal each group round the table, going on where the last one ended: folds differ by one person."""
    order = np.concatenate([rng.permutation(rows) for rows in groups])
    fold = np.empty(n, dtype=np.int64)
    fold[order] = (np.arange(n) + rng.integers(folds)) % folds
    return fold


def _predicted(people: pd.DataFrame, model: NuisanceModel, fold: np.ndarray) -> OutOfFold:
    observed = people[OUTCOME].to_numpy(dtype=float)
    predicted, reference = np.empty(fold.shape), np.empty(fold.shape)
    for repeat, train, test in _splits(fold):
        fitted = model.fit(people[train], observed[train])
        predicted[repeat, test] = fitted.predict(people[test])
        reference[repeat, test] = observed[train].mean()
    return OutOfFold(people[[SITE, OUTCOME]], predicted, reference, fold)


def _splits(fold: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    for repeat, row in enumerate(fold):
        for one in np.unique(row):
            yield repeat, row != one, row == one
