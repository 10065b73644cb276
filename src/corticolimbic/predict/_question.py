"""What markers are judged against, and what is judged: outcomes and candidates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from corticolimbic.stats import TTest

Kind = Literal["marker", "model", "baseline"]


@dataclass(frozen=True)
class Question:
    """One outcome.

    Parameters
    ----------
    outcome
        Its name.
    is_class
        1 persistent and 0 recovered, or a number.
    whole
        Everything is judged; else (the sweep of thresholds) the AUC alone.
    ceiling, ceiling_levels
        AUC against the recorded class of a marker that knows the true class, and of one that knows true first
        and final pain; NaN where no misclassification is known.
    """

    outcome: str
    is_class: bool
    whole: bool = True
    ceiling: float = math.nan
    ceiling_levels: float = math.nan


@dataclass(frozen=True)
class Candidate:
    """One marker, or a model that was learnt elsewhere.

    Parameters
    ----------
    name, kind
        As the evaluation names it.
    sign
        1 where a higher score should mean the worse outcome, -1 where a lower one, 0 where it is not stated.
    cut_off
        Published threshold of the score in its own unit, None where there is none.
    originals
        Published t tests by kind of outcome (class or number), and where each stands.
    """

    name: str
    kind: Kind = "marker"
    sign: int = 1
    cut_off: float | None = None
    originals: tuple[tuple[bool, TTest, str], ...] = ()

    @property
    def turn(self) -> float:
        """What scores are multiplied by, so that a higher one should mean the worse outcome."""
        return -1.0 if self.sign < 0 else 1.0

    def original(self, *, is_class: bool) -> tuple[TTest, str] | None:
        """Return the published test for this kind of outcome."""
        return next(((test, place) for of_class, test, place in self.originals if of_class == is_class), None)


def questions(
    outcomes: pd.DataFrame, misclassification: pd.DataFrame | None = None
) -> list[tuple[Question, pd.Series]]:
    """Return every outcome that markers are judged against, with its values by participant.

    The primary class and the primary number are judged in full; every other class (beside the primary one,
    and of the sweep) by its AUC.

    Parameters
    ----------
    outcomes
        Schema ``outcomes``.
    misclassification
        Schema ``misclassification``, None where there is none.
    """
    ceilings = {} if misclassification is None else misclassification.set_index("outcome").to_dict("index")
    found = []
    for name, rows in outcomes.groupby("outcome", sort=True):
        role = str(rows["role"].iloc[0])
        is_class = bool((rows["label"] != "").any()) or bool((rows["unit"] == "class").any())
        if role == "covariate" or not (is_class or role == "primary"):
            continue
        known = ceilings.get(name, {})
        question = Question(
            str(name),
            is_class,
            role == "primary",
            float(known.get("auc_ceiling", math.nan)),
            float(known.get("auc_ceiling_levels", math.nan)),
        )
        values = rows.set_index("participant_id")["value"].where((rows["status"] == "ok").to_numpy())
        found.append((question, values))
    return found
