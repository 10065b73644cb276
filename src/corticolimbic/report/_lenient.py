"""Reading JSON that other steps wrote without trusting it: wrong types become missing, never a crash."""

from __future__ import annotations

import math
from typing import Any

from corticolimbic.foundation import one_line


def text(value: Any, limit: int = 300) -> str:
    """Return a value as one line of text without control or direction marks; empty for nothing."""
    if value is None or isinstance(value, dict | list):
        return ""
    return one_line(str(value), limit)


def number(value: Any) -> float:
    """Return a value as a float, NaN where it is none."""
    if isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def count(value: Any) -> int:
    """Return a value as a count, -1 where it is none."""
    found = number(value)
    return int(found) if math.isfinite(found) and found >= 0 else -1


def mapping(value: Any) -> dict[str, Any]:
    """Return a JSON object, empty where the value is none."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the JSON objects of a list, empty where the value is none."""
    return [mapping(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """Return a list of texts; a single text stands for a list of one."""
    if isinstance(value, str):
        return (text(value),) if value.strip() else ()
    return tuple(text(item) for item in value if text(item)) if isinstance(value, list | tuple) else ()


def counts(value: Any) -> dict[str, int]:
    """Return a JSON object of counts."""
    return {text(key): count(item) for key, item in mapping(value).items()}


def numbers(value: Any) -> dict[str, float]:
    """Return a JSON object of numbers."""
    return {text(key): number(item) for key, item in mapping(value).items()}
