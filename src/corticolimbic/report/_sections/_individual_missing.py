"""What is missing for one person, and why."""

from __future__ import annotations

from corticolimbic.predict import Individual
from corticolimbic.report._blocks import Cell, Column, Paragraph, Section, Table
from corticolimbic.report._words import say


def lacking(person: Individual) -> Section:
    """Return the section."""
    if not person.missing:
        return Section("missing", say("person.missing"), (Paragraph(say("person.nothing_missing")),))
    columns = (
        Column(say("person.what")),
        Column(say("problems.session")),
        Column(say("person.why")),
        Column(say("problems.remedy")),
        Column(say("problems.code")),
    )
    rows = tuple(
        (Cell(item.what), Cell(item.session_id), Cell(item.why), Cell(item.remedy), Cell(item.code))
        for item in person.missing
    )
    return Section("missing", say("person.missing"), (Table(say("person.missing_table"), columns, rows),))
