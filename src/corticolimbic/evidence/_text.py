"""Evidence as plain text for the terminal."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import fields

from corticolimbic.evidence._effects import Effect, effects
from corticolimbic.evidence._facts import Fact, stylised_facts
from corticolimbic.evidence._findings import Finding, findings
from corticolimbic.foundation import SettingsError

Evidence = Finding | Effect | Fact
_NARROWEST = 40


def list_text(rows: Sequence[Evidence], width: int = 100) -> str:
    """Return one line for each row, in aligned columns, no longer than ``width``.

    Disputed claims carry a ``!`` after their id, effects that nobody verified in their source a ``?``, and
    the last lines say what these mean.

    Parameters
    ----------
    rows
        Findings, effects and facts may be mixed.
    width
        Of the terminal, in characters; at least 40.
    """
    width = max(width, _NARROWEST)
    cells = [_cells(row) for row in rows]
    if not cells:
        return "nothing found\n"
    columns = [max(len(row[place]) for row in cells) for place in range(3)]
    columns = [min(columns[0], 6), min(columns[1], width // 4), min(columns[2], width // 4)]
    lines = []
    for *short, rest in cells:
        head = "  ".join(_fit(cell, size).ljust(size) for cell, size in zip(short, columns, strict=True))
        lines.append(f"{head}  {_fit(rest, width - len(head) - 2)}".rstrip())
    if any(_disputed(row) for row in rows):
        lines += ["", _fit("! disputed: by the review itself or by the source that it cites", width)]
    if any(_unverified(row) for row in rows):
        lines += ["", _fit("? not verified in its source", width)]
    return "\n".join(lines) + "\n"


def show_text(name: str, width: int = 100) -> str:
    """Return everything that is known of one finding, effect or fact.

    Parameters
    ----------
    name
        Its id: ``F001``, ``E001``, ``M01``, in any case.
    width
        Of the terminal, in characters; at least 40.

    Raises
    ------
    SettingsError
        Where nothing has this id.
    """
    row = _find(name)
    width = max(width, _NARROWEST)
    pairs = [(field.name, getattr(row, field.name)) for field in fields(row)]
    pairs = [(key, _plain(value)) for key, value in pairs if value not in (None, "", ())]
    if _disputed(row):
        pairs.append(("disputed", _why(row)))
    size = max(len(key) for key, _ in pairs)
    lines: list[str] = []
    for key, value in pairs:
        wrapped = textwrap.wrap(value, width - size - 2, break_long_words=True, break_on_hyphens=False) or [
            ""
        ]
        lines.append(f"{key.ljust(size)}  {wrapped[0]}")
        lines += [" " * (size + 2) + line for line in wrapped[1:]]
    return "\n".join(lines) + "\n"


def _find(name: str) -> Evidence:
    everything: Iterable[Evidence] = (*findings(), *effects(), *stylised_facts())
    known = {row.id.casefold(): row for row in everything}
    found = known.get(name.strip().casefold())
    if found is None:
        near = difflib.get_close_matches(name.casefold(), list(known), n=3)
        hint = f"; near are {', '.join(known[key].id for key in near)}" if near else ""
        raise SettingsError(f"{name!r} is no finding (F...), effect (E...) or fact (M...){hint}")
    return found


def _cells(row: Evidence) -> tuple[str, str, str, str]:
    mark = "!" if _disputed(row) else "?" if _unverified(row) else ""
    if isinstance(row, Finding):
        about = row.region_or_edge or "-"
        rest = "; ".join(part for part in (row.condition, row.direction, row.contrast) if part)
        return row.id + mark, about, f"{row.measure_term} ({row.state})", rest
    if isinstance(row, Effect):
        value = "n/a" if row.value is None else f"{row.value:g}"
        rest = f"{row.effect_type} {value}; {row.target}" + (f"; {row.contrast}" if row.contrast else "")
        return row.id + mark, row.study, f"{row.measure_term} ({row.state})", rest
    return row.id + mark, row.model, row.kind, row.fact


def _disputed(row: Evidence) -> bool:
    return not isinstance(row, Effect) and row.disputed


def _unverified(row: Evidence) -> bool:
    return isinstance(row, Effect) and not row.verified


def _why(row: Evidence) -> str:
    codes = row.contradictions if isinstance(row, Finding) else ()
    return "yes" + (f", see {', '.join(codes)}" if codes else ", by its source")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fit(cell: str, size: int) -> str:
    return cell if len(cell) <= size else cell[: max(size - 1, 0)] + "…"
