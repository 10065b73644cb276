"""Errors that teach: what was found, what was expected, where, and what to do."""

from __future__ import annotations

from corticolimbic.foundation._problems import Problem, problem


class CorticolimbicError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(CorticolimbicError):
    """An input file cannot be used; carries the row of ``problems.tsv`` that says why.

    Parameters
    ----------
    code
        Key of the problem catalogue (``CL###``).
    found
        What was found.
    file, row
        Where, relative to the dataset.
    expected, remedy
        Default to the catalogue's.
    """

    def __init__(
        self,
        code: str,
        *,
        found: str,
        file: object = "",
        row: int | str = "",
        expected: str = "",
        remedy: str = "",
    ) -> None:
        self.problem: Problem = problem(
            code, found=found, file=file, row=row, expected=expected, remedy=remedy
        )
        super().__init__(str(self.problem))

    def __reduce__(self) -> tuple:
        """Cross a process border with the keyword arguments kept."""
        return _rebuild, (type(self), self.problem)

    def about(self, participant_id: str, session_id: str = "") -> Problem:
        """Return the problem with the person that it concerns."""
        from dataclasses import replace

        return replace(self.problem, participant_id=participant_id, session_id=session_id)


def _rebuild(kind: type[InputError], row: Problem) -> InputError:
    error = kind.__new__(kind)
    Exception.__init__(error, str(row))
    error.problem = row
    return error


class SettingsError(CorticolimbicError):
    """The configuration asks for something that cannot be done."""


class LowDofError(InputError):
    """Too few degrees of freedom are left to estimate connectivity (METHODS M-10)."""


class SpaceMismatchError(InputError):
    """A label image and the data are in different spaces (DESIGN rule 3)."""
