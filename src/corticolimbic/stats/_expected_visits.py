"""Which visits were expected of whom, and which took place."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool

from corticolimbic.stats._refusals import ModelError


@dataclass(frozen=True, eq=False)
class ExpectedVisits:
    """People by visits.

    Parameters
    ----------
    people
        Keys of the rows.
    visits
        Names, in the order of time.
    expected
        Whether the visit was due.
    seen
        Whether it took place; False where it was not due.
    """

    people: tuple[Hashable, ...]
    visits: tuple[str, ...]
    expected: Bool[np.ndarray, "people visits"]
    seen: Bool[np.ndarray, "people visits"]

    @property
    def lost(self) -> Bool[np.ndarray, "people visits"]:
        """Whether the visit was due and did not take place."""
        return self.expected & ~self.seen

    @property
    def stayed(self) -> Bool[np.ndarray, "people visits"]:
        """Whether this visit and every one before it took place."""
        return np.logical_and.accumulate(self.seen, axis=1)

    @property
    def returned(self) -> Bool[np.ndarray, " people"]:
        """Whether a person missed a visit that was due and was seen at a later one."""
        missed_before = np.logical_or.accumulate(self.lost, axis=1)
        return np.asarray((self.seen & missed_before).any(axis=1))


def expected_visits(observed: pd.DataFrame) -> ExpectedVisits:
    """Read a table of people by visits: true where seen, false where lost, missing where not due.

    Parameters
    ----------
    observed
        Index: people, no key twice. Columns: visits in the order of time. Cells: booleans, 0 or 1; missing
        where the visit was not expected (not yet due, not part of this person's schedule).

    Raises
    ------
    ModelError
        A person or a visit stands twice, there is no visit, or a cell is something else.

    Examples
    --------
    >>> table = pd.DataFrame({"baseline": [1, 1, 1], "month 6": [1, 0, None]}, index=["a", "b", "c"])
    >>> expected_visits(table).lost.tolist()
    [[False, False], [False, True], [False, False]]
    """
    for axis, words in ((observed.index, "people"), (observed.columns, "visits")):
        if not axis.is_unique:
            twice = axis[axis.duplicated()].unique().tolist()
            raise ModelError(f"{words} stand more than once in the table: {', '.join(map(str, twice[:5]))}")
    if not len(observed.columns) or not len(observed):
        raise ModelError(
            "the table of visits is empty: it needs a row for each person, a column for each visit"
        )
    cells = observed.astype(object)
    known = observed.notna().to_numpy(dtype=bool)
    wrong = known & ~cells.isin([True, False]).to_numpy(dtype=bool)  # 1 and 0 are equal to true and false
    if wrong.any():
        row, column = (int(at[0]) for at in np.nonzero(wrong))
        raise ModelError(
            f"visits are true (seen), false (lost) or missing (not due); {observed.index[row]} has "
            f"{str(cells.iat[row, column])[:40]!r} at {observed.columns[column]}",
            (str(observed.columns[column]),),
        )
    seen = (cells == 1).to_numpy(dtype=bool) & known
    return ExpectedVisits(tuple(observed.index), tuple(map(str, observed.columns)), known, seen)
