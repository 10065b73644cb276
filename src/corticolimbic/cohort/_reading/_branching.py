"""REDCap's branching logic, read as an expression and evaluated for all rows at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped

_TOKEN = re.compile(
    r"\s*(?:(?P<field>\[[^\[\]]+\](?:\[[^\[\]]+\])?)|(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<compare><>|!=|<=|>=|=|<|>)|(?P<word>and\b|or\b|not\b)|(?P<sign>[()+\-*/]))",
    re.IGNORECASE,
)
_CHECKBOX = re.compile(r"(\w+)\(([^)]*)\)")


class NotRead(Exception):
    """The logic uses something that is not evaluated here."""


@dataclass(frozen=True)
class Reference:
    """A field that a logic names.

    Parameters
    ----------
    field
        Name of its column (``name___code`` for a checkbox).
    event
        Unique event name; empty for the row's own.
    """

    field: str
    event: str = ""


Values = Shaped[np.ndarray, "rows"]
Look = Callable[[Reference], Values]


def shown(logic: str, look: Look, n_rows: int) -> Bool[np.ndarray, "rows"]:
    """Return in which rows a field is shown.

    Parameters
    ----------
    logic
        As in the dictionary, not empty.
    look
        From a reference to the cells of that field in all rows, as objects.
    n_rows
        How many rows.

    Raises
    ------
    NotRead
        Where the logic uses functions or signs that are not evaluated here.
    """
    parser = _Parser(_tokens(logic), look, n_rows)
    result = parser.either()
    if parser.place < len(parser.tokens):
        raise NotRead(logic)
    return _truth(result)


def _tokens(logic: str) -> list[tuple[str, str]]:
    tokens, place, text = [], 0, logic.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise NotRead(logic)
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind]))
        place = found.end()
    return tokens


class _Parser:
    """Or, and, comparison, sum, product, atom: from loose to tight."""

    def __init__(self, tokens: list[tuple[str, str]], look: Look, n_rows: int) -> None:
        self.tokens, self.look, self.n_rows, self.place = tokens, look, n_rows, 0

    def _next(self, *wanted: str) -> str:
        """Take the next token if it is one of those wanted."""
        if self.place < len(self.tokens):
            kind, text = self.tokens[self.place]
            if kind in wanted or text.lower() in wanted:
                self.place += 1
                return text.lower() if kind == "word" else text
        return ""

    def either(self) -> Values:
        result = self._both()
        while self._next("or"):
            other = self._both()
            result = _truth(result) | _truth(other)
        return result

    def _both(self) -> Values:
        result = self._compared()
        while self._next("and"):
            other = self._compared()
            result = _truth(result) & _truth(other)
        return result

    def _compared(self) -> Values:
        left = self._sum()
        sign = self._next("compare")
        return _compare(left, sign, self._sum()) if sign else left

    def _sum(self) -> Values:
        result = self._product()
        while sign := self._next("+", "-"):
            other = _numbers(self._product())
            result = _numbers(result) + other if sign == "+" else _numbers(result) - other
        return result

    def _product(self) -> Values:
        result = self._atom()
        while sign := self._next("*", "/"):
            other = _numbers(self._atom())
            with np.errstate(divide="ignore", invalid="ignore"):
                result = _numbers(result) * other if sign == "*" else _numbers(result) / other
        return result

    def _atom(self) -> Values:
        if self._next("("):
            result = self.either()
            if not self._next(")"):
                raise NotRead("a bracket is not closed")
            return result
        if self._next("not"):
            return ~_truth(self._atom())
        if text := self._next("text"):
            return self._constant(text[1:-1])
        if text := self._next("number"):
            return self._constant(text)
        if text := self._next("field"):
            return self.look(_reference(text))
        raise NotRead("an operand is missing")

    def _constant(self, text: str) -> Values:
        return np.full(self.n_rows, text, dtype=object)


def _reference(text: str) -> Reference:
    first, _, second = text[1:-1].partition("][")
    event, name = (first, second) if second else ("", first)
    if ":" in name or "-" in name:  # [field:label], [previous-event-name]: smart variables
        raise NotRead(text)
    checkbox = _CHECKBOX.fullmatch(name)
    return Reference(f"{checkbox[1]}___{checkbox[2].lower()}" if checkbox else name, event)


def _numbers(values: Values) -> Float[np.ndarray, "rows"]:
    if values.dtype != object:
        return values.astype(float)
    table: dict[object, float] = {}
    for value in set(values.tolist()):
        try:
            table[value] = float(str(value))
        except ValueError:
            table[value] = np.nan
    return np.array([table[value] for value in values.tolist()], dtype=float)


def _truth(values: Values) -> Bool[np.ndarray, "rows"]:
    if values.dtype == bool:
        return values
    numbers = _numbers(values)
    return ~np.isnan(numbers) & (numbers != 0)


def _compare(left: Values, sign: str, right: Values) -> Bool[np.ndarray, "rows"]:
    a, b = _numbers(left), _numbers(right)
    both = ~np.isnan(a) & ~np.isnan(b)
    if sign in {"=", "<>", "!="}:
        same = np.where(both, a == b, left == right).astype(bool)
        return same if sign == "=" else ~same
    with np.errstate(invalid="ignore"):
        result = {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
    return result & both
