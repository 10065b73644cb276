"""Numbers as people read them: a true minus sign, intervals, p-values that never claim to be zero."""

from __future__ import annotations

import math
from collections.abc import Iterable

Number = int | float
"""A value; NaN where there is none."""
MISSING = "–"
_MINUS = "\N{MINUS SIGN}"


def decimal(value: Number, digits: int = 2) -> str:
    """Return a number with fixed decimals; a dash where it is not finite.

    Examples
    --------
    >>> decimal(-0.4299, 2)
    '−0.43'
    >>> decimal(-0.001, 2)
    '0.00'
    """
    if not math.isfinite(value):
        return MISSING
    text = f"{value:,.{digits}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


def whole(value: Number) -> str:
    """Return a count with thousands set apart; a dash where there is none (negative or missing)."""
    return f"{int(value):,}" if math.isfinite(value) and value >= 0 else MISSING


def interval(low: Number, high: Number, digits: int = 2) -> str:
    """Return ``[low, high]``, or nothing where neither end is known."""
    if not (math.isfinite(low) or math.isfinite(high)):
        return ""
    return f"[{decimal(low, digits)}, {decimal(high, digits)}]"


def estimate(value: Number, low: Number, high: Number, digits: int = 2) -> str:
    """Return ``value [low, high]``.

    Examples
    --------
    >>> estimate(0.43, 0.1243, 0.6621)
    '0.43 [0.12, 0.66]'
    """
    return " ".join(part for part in (decimal(value, digits), interval(low, high, digits)) if part)


def probability(value: Number) -> str:
    """Return a p or q value with three decimals, ``< 0.001`` below that."""
    if not math.isfinite(value):
        return MISSING
    return "< 0.001" if value < 0.001 else decimal(value, 3)


def relation(name: str, value: Number) -> str:
    """Return ``q = 0.025``, ``q < 0.001`` or ``q unknown`` as a dash.

    Examples
    --------
    >>> relation("q", 0.00001)
    'q < 0.001'
    """
    text = probability(value)
    return f"{name} {text}" if text.startswith("<") else f"{name} = {text}"


def share(value: Number) -> str:
    """Return a share as a percentage without decimals."""
    return decimal(100 * value, 0) + " %" if math.isfinite(value) else MISSING


def duration(seconds: Number) -> str:
    """Return seconds as people read them."""
    if not math.isfinite(seconds):
        return MISSING
    return f"{decimal(seconds, 1)} s" if seconds < 120 else f"{decimal(seconds / 60, 1)} min"


def digits_for(values: Iterable[Number]) -> int:
    """Return how many decimals tell these values apart: two, or more where all are small."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=1.0)
    return 2 if largest >= 0.1 or largest == 0 else min(6, 1 - math.floor(math.log10(largest)))
