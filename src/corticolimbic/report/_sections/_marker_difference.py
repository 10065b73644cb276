"""What the difference between two populations rests on: the sentence, and the people by name."""

from __future__ import annotations

from corticolimbic.report._blocks import Block, Cell, Column, Heading, Paragraph, Table, capped
from corticolimbic.report._numbers import decimal
from corticolimbic.report._records_markers import Difference
from corticolimbic.report._results import Results
from corticolimbic.report._sections._people import site_name
from corticolimbic.report._words import say

_PEOPLE = 60
_NAMED = 12


def difference_blocks(marker: str, results: Results) -> list[Block]:
    """Return a sentence for each site and one table of the people."""
    found = [item for item in results.differences or () if item.marker == marker]
    if not found:
        return []
    blocks: list[Block] = [Heading(say("difference.title"))]
    blocks += [Paragraph(sentence(item, results)) for item in found]
    blocks += [Paragraph(item.explanation) for item in found if item.explanation]
    rows = [row for item in found for row in _rows(item, results)]
    if rows:
        columns = (
            Column(say("people.site")),
            Column(say("problems.participant")),
            Column(say("difference.in")),
            Column(say("marker.score"), numeric=True),
            Column(say("marker.outcome"), numeric=True),
            Column(say("difference.without"), numeric=True),
            Column(say("difference.reason")),
        )
        shown = capped(rows, _PEOPLE)
        pointer = say("difference.pointer", shown=len(shown), n=len(rows)) if len(rows) > len(shown) else ""
        blocks.append(Table(say("difference.table"), columns, shown, sortable=True, pointer=pointer))
    return blocks


def sentence(item: Difference, results: Results) -> str:
    """Return what the difference at one site rests on, as a sentence."""
    values = "; ".join(
        say(
            "difference.value",
            population=results.population_label(name),
            value=decimal(item.value.get(name, float("nan")), 3),
            n=item.n.get(name, -1),
        )
        for name in item.populations
    )
    names = [person.participant_id for person in item.people]
    listed = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        listed += " " + say("difference.and_more", n=len(names) - _NAMED)
    return say("difference.sentence", site=site_name(item.site), values=values, n=len(names), people=listed)


def _rows(item: Difference, results: Results) -> list[tuple[Cell, ...]]:
    return [
        (
            Cell(site_name(item.site)),
            Cell(person.participant_id),
            Cell(", ".join(map(results.population_label, person.member_of)) or say("marker.no_population")),
            Cell(decimal(person.score), person.score),
            Cell(decimal(person.outcome), person.outcome),
            Cell(decimal(person.r_without, 3), person.r_without),
            Cell(person.reason),
        )
        for person in item.people
    ]
