"""Weights of having been observed, for the rows of a model over visits."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from corticolimbic.stats._observation_weights import ObservationWeights
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._visit_design import VisitDesign


@dataclass(frozen=True, eq=False)
class RowWeights:
    """Weights of the rows of a design, and what a sandwich needs to count their estimation.

    Parameters
    ----------
    values
        Weight of each row; 0 where it has none: the person came back after a visit missed, was not due at a
        visit, or lacks a covariate of the weights.
    people
        Row of each row's person in the table that the weights were fitted on; -1 where it has none.
    visits
        Number of each row's visit among those of the weights.
    source
        The fitted weights.
    left_out
        Keys of the rows with weight 0.
    """

    values: Float[np.ndarray, " rows"]
    people: Int[np.ndarray, " rows"]
    visits: Int[np.ndarray, " rows"]
    source: ObservationWeights
    left_out: tuple[Hashable, ...]

    def counted(
        self, moments: Float[np.ndarray, "rows columns features"], places: Int[np.ndarray, " rows"]
    ) -> Float[np.ndarray, "people columns features"]:
        """Return each person's sum of weighted moments with the estimation of the weights counted.

        Parameters
        ----------
        moments
            Weight times moment of rows.
        places
            Rows of the design that they are.
        """
        n_visits, n_columns, n_features = len(self.source.visits_), *moments.shape[1:]
        spread = np.zeros((len(self.source.weights_), n_visits, n_columns * n_features))
        spread[self.people[places], self.visits[places]] = moments.reshape(len(moments), -1)
        found = self.source.counted_by_visit(spread)
        return found.reshape(len(found), n_columns, n_features)

    def jackknife(
        self,
        x: Float[np.ndarray, "rows columns"],
        y: Float[np.ndarray, "rows features"],
        places: Int[np.ndarray, " rows"],
    ) -> Float[np.ndarray, "features columns columns"]:
        """Return the covariance of the estimates by leaving out one person at a time, weights fitted anew.

        Parameters
        ----------
        x, y
            Columns and features of rows.
        places
            Rows of the design that they are.
        """
        person, visit = self.people[places], self.visits[places]
        parts = []
        for _, weights in self.source.leave_one_out_by_visit():
            turned = weights[:, person, visit][:, :, None] * x
            inner = np.einsum("gra,rb->gab", turned, x)
            parts.append(np.linalg.solve(inner, turned.transpose(0, 2, 1) @ y))
        made = np.concatenate(parts)
        made -= made.mean(axis=0)
        return np.einsum("gcf,gdf->fcd", made, made) * (len(made) - 1) / len(made)


def row_weights(design: VisitDesign, fitted: ObservationWeights, visits: pd.Series) -> RowWeights:
    """Return the weight of each visit of a design: of its person having been seen until then.

    Parameters
    ----------
    design
        Of the model over visits.
    fitted
        Fitted on a table of people whose index names them as the design does, and on the visits in order.
    visits
        Name of the visit, as `ObservationWeights.visits_` has it, by key of the design's rows.

    Raises
    ------
    ModelError
        A row has no visit, a visit is none of those of the weights, a person has a visit twice, or no row
        has a weight.
    """
    lacking = [key for key in design.keys if key not in visits.index]
    if lacking:
        raise ModelError(f"no visit is named for {', '.join(map(str, lacking[:5]))}")
    names = visits.astype(str).to_dict()
    known = {name: at for at, name in enumerate(fitted.visits_)}
    foreign = sorted({names[key] for key in design.keys} - set(known))
    if foreign:
        raise ModelError(f"{', '.join(foreign)}: the weights know {', '.join(fitted.visits_)}")
    visit = np.array([known[names[key]] for key in design.keys], dtype=np.int64)
    rows = {person: at for at, person in enumerate(fitted.weights_.index)}
    own = np.array([rows.get(person, -1) for person in design.people], dtype=np.int64)[design.person]
    if len(np.unique(np.column_stack([design.person, visit]), axis=0)) < len(visit):
        raise ModelError("a person has two rows of one visit; the weights are of one")
    table = fitted.by_visit_
    weights = np.where(own >= 0, table[np.maximum(own, 0), visit], np.nan)
    values = np.where(np.isnan(weights), 0.0, weights)
    if not values.any():
        raise ModelError(
            "no visit has a weight: people of the model and of the weights are named differently"
        )
    gone = tuple(design.keys[at] for at in np.flatnonzero(values == 0))
    return RowWeights(values, own, visit, fitted, gone)
