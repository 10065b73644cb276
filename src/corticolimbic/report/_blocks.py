"""What a section is made of: a few kinds of block, each drawn by one macro of the template."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from corticolimbic.report._numbers import Number


@dataclass(frozen=True)
class Paragraph:
    """Running text. ``tone``: "", "lead", "note" (small, beside the matter) or "warning"."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    kind: ClassVar[str] = "items"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """Terms with their explanations."""

    kind: ClassVar[str] = "pairs"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Code:
    """Text as it stands in a file."""

    kind: ClassVar[str] = "code"
    text: str
    label: str


@dataclass(frozen=True)
class Cell:
    """One cell: what is printed, what it is sorted by, and whether it is quiet (not a result to stress)."""

    text: str
    order: str | Number = ""
    quiet: bool = False

    @property
    def sort_key(self) -> str:
        """Return what the browser sorts by; missing numbers are empty and go last."""
        if isinstance(self.order, str):
            return self.order or self.text
        return repr(float(self.order)) if math.isfinite(self.order) else ""


@dataclass(frozen=True)
class Column:
    """One column; ``numeric`` columns are right-aligned and sorted as numbers."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    Parameters
    ----------
    caption
        What a row is, with units.
    columns, rows
        The cells.
    sortable, filterable
        Whether the browser offers it.
    pointer
        Where the rest is, when rows were left off.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sortable: bool = False
    filterable: bool = False
    pointer: str = ""

    @property
    def many(self) -> bool:
        """Whether there is enough to sort or filter."""
        return len(self.rows) > 3


@dataclass(frozen=True)
class Illustration:
    """A figure, wide and narrow, already escaped SVG."""

    kind: ClassVar[str] = "illustration"
    name: str
    caption: str
    wide: Markup
    narrow: Markup
    width: int


@dataclass(frozen=True)
class Row:
    """Figures beside each other where there is room."""

    kind: ClassVar[str] = "row"
    figures: tuple[Illustration, ...]


@dataclass(frozen=True)
class Fold:
    """Blocks that open on demand."""

    kind: ClassVar[str] = "fold"
    summary: str
    blocks: tuple[Block, ...]


Block = Paragraph | Heading | Items | Pairs | Code | Table | Illustration | Row | Fold


@dataclass(frozen=True)
class Section:
    """One section of the page."""

    id: str
    title: str
    blocks: tuple[Block, ...]


def capped(rows: Sequence[tuple[Cell, ...]], limit: int) -> tuple[tuple[Cell, ...], ...]:
    """Return the first rows, no more than ``limit``."""
    return tuple(rows[:limit])
