"""JSON as studies publish it: a bracket that is missing at the end is put there, and said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corticolimbic.foundation import JSON_LIMIT, InputError, Problem, problem, read_bytes

_CLOSING = {"{": "}", "[": "]"}


def read_tolerant_json(path: Path, name: str) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Read a JSON object whose last brackets may be missing.

    Parameters
    ----------
    path
        The file.
    name
        How problems name it.

    Returns
    -------
    tuple
        The object (empty where it cannot be read), and what was found: CL338 mended, CL109 not readable.
    """
    try:
        text = read_bytes(path, limit=JSON_LIMIT).decode("utf-8-sig")
    except InputError as error:
        return {}, (problem(error.problem.code, file=name, found=error.problem.found),)
    except UnicodeDecodeError as error:
        return {}, (problem("CL109", file=name, found=str(error)),)
    try:
        return _object(text, name), ()
    except (ValueError, RecursionError) as first:
        lacking = _open_brackets(text)
        if lacking:
            try:
                found = f"no {lacking!r} at the end"
                mended = _object(text.rstrip().rstrip(",") + lacking, name)
                return mended, (problem("CL338", file=name, found=found),)
            except (ValueError, RecursionError):
                pass
        return {}, (problem("CL109", file=name, severity="info", found=str(first)),)


def _object(text: str, name: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"{name}: a JSON {type(value).__name__}")
    return value


def _open_brackets(text: str) -> str:
    """Return the brackets that would close those left open; empty where none is, or they do not match."""
    open_ones: list[str] = []
    inside = escaped = False
    for sign in text:
        if inside:
            if escaped:
                escaped = False
            elif sign == "\\":
                escaped = True
            elif sign == '"':
                inside = False
        elif sign == '"':
            inside = True
        elif sign in _CLOSING:
            open_ones.append(_CLOSING[sign])
        elif sign in _CLOSING.values() and (not open_ones or open_ones.pop() != sign):
            return ""
    return "" if inside else "".join(reversed(open_ones))


def entry_of(said: dict[str, Any], column: str) -> dict[str, Any]:
    """Return what a sidecar says of a column, also where a missing bracket put it inside another entry."""
    entry = said.get(column)
    if isinstance(entry, dict):
        return entry
    for key, value in said.items():
        if isinstance(value, dict) and key != "Levels":
            found = entry_of(value, column)
            if found:
                return found
    return {}
