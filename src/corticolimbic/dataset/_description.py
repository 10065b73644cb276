"""Reading what a dataset says about itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, one_line, read_json

FILE = "dataset_description.json"


@dataclass(frozen=True)
class Description:
    """Name, licence and citation of a dataset, each one line of text or empty."""

    name: str
    licence: str
    how_to_cite: str
    problems: tuple[Problem, ...] = ()


def read_description(root: Path) -> Description:
    """Read ``dataset_description.json``; whatever it lacks is empty, and an unreadable file is a problem."""
    if not os.path.lexists(root / FILE):
        return Description("", "", "")
    try:
        content = read_json(within(root, FILE))
    except InputError as error:
        return Description("", "", "", (error.problem,))
    cite = _text(content.get("HowToAcknowledge"))
    if not cite:
        parts = (_text(content.get(key)) for key in ("Authors", "Name", "DatasetDOI"))
        cite = ". ".join(part for part in parts if part) if content.get("Authors") else ""
    return Description(_text(content.get("Name")), _text(content.get("License")), cite)


def _text(value: Any) -> str:
    """Return text, or a list of texts joined; anything else says nothing."""
    if isinstance(value, str):
        return one_line(value, limit=1000)
    if isinstance(value, list):
        return one_line(", ".join(item[:200] for item in value[:100] if isinstance(item, str)), limit=1000)
    return ""
