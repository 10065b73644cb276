"""Clinical tables written by hand for the tests of reading, and a reader without a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from corticolimbic.cohort import Clinical, CohortSettings, Source, Tables, read_clinical

DICTIONARY_HEADER = (
    "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"
    '"Choices, Calculations, OR Slider Labels",Field Note,Text Validation Type OR Show Slider Number,'
    "Text Validation Min,Text Validation Max,Identifier?,Branching Logic (Show field only if...)\n"
)


def no_tables(*people: str) -> Tables:
    """Return the tables of a dataset that has none, or none but the ids named."""
    index = pd.Index(list(people), name="participant_id", dtype="str")
    return Tables(
        pd.DataFrame(index=index),
        pd.DataFrame({"participant_id": [], "session_id": []}, dtype="str"),
    )


def read(*sources: Source, dataset: Path | None = None, known: Sequence[str] = (), **more: Any) -> Clinical:
    """Read sources alone."""
    settings = CohortSettings(sources=sources, **more)
    return read_clinical(no_tables(*known), settings, dataset or Path())


def redcap(
    folder: Path, records: str | bytes, fields: str = "", designations: str = "", **more: Any
) -> Source:
    """Write an export with its dictionary (rows without their header) and return it as a source."""
    (folder / "records.csv").write_bytes(records.encode() if isinstance(records, str) else records)
    named = {}
    if fields:
        (folder / "dictionary.csv").write_text(DICTIONARY_HEADER + fields, encoding="utf-8")
        named["dictionary"] = str(folder / "dictionary.csv")
    if designations:
        text = "arm_num,unique_event_name,form\n" + designations
        (folder / "designations.csv").write_text(text, encoding="utf-8")
        named["designations"] = str(folder / "designations.csv")
    return Source(kind="redcap", path=str(folder / "records.csv"), **named, **more)


def table(folder: Path, text: str | bytes, mapping: str, name: str = "table.csv", **more: Any) -> Source:
    """Write a plain table with its mapping and return it as a source."""
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    return Source(kind="table", path=str(folder / name), mapping=str(folder / "mapping.yaml"), **more)


def cells(found: Clinical) -> dict[tuple[str, str, str, str], str]:
    """Return the values by participant, session, variable and instance."""
    key = ["participant_id", "session_id", "variable", "instance"]
    return dict(zip(map(tuple, found.visits[key].to_numpy()), found.visits["value"], strict=True))


def why(found: Clinical) -> dict[tuple[str, str, str, str], str]:
    """Return the meanings of missing by participant, session, variable and instance."""
    key = ["participant_id", "session_id", "variable", "instance"]
    return dict(zip(map(tuple, found.visits[key].to_numpy()), found.visits["missing"], strict=True))


def said(found: Clinical) -> list[tuple[str, str]]:
    """Return code and row of every problem."""
    return [(item.code, item.row) for item in found.problems]
