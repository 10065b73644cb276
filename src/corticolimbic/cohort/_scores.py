"""What scoring gives: a table and what was found wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from corticolimbic.foundation import Problem


@dataclass(frozen=True)
class Scores:
    """Scores of all people.

    Parameters
    ----------
    table
        Schema ``instrument_scores``.
    problems
        Answers out of range, cells that are no number, items without a column, safety items.
    """

    table: pd.DataFrame
    problems: tuple[Problem, ...]
