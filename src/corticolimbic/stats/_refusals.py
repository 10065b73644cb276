"""The refusal of an analysis that cannot be estimated as asked."""

from __future__ import annotations

from corticolimbic.foundation import SettingsError


class ModelError(SettingsError):
    """What was asked cannot be estimated from these people; the caller may turn it into problem CL602.

    Parameters
    ----------
    reason
        One sentence: what is wrong and what would help.
    columns
        Columns of the table, or of the design, that are at fault; empty where it is not a column's fault.

    Examples
    --------
    >>> ModelError("age repeats another column", columns=("age", "age_months")).columns
    ('age', 'age_months')
    """

    def __init__(self, reason: str, columns: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.columns = columns

    def __reduce__(self) -> tuple:
        """Cross a process border with the columns kept."""
        return type(self), (self.reason, self.columns)
