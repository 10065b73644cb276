"""The base rate first; then what scores make of it, here and at other base rates."""

from __future__ import annotations

import math

from corticolimbic.predict import Individual, MarkerScore
from corticolimbic.report._blocks import Block, Cell, Column, Items, Paragraph, Section, Table
from corticolimbic.report._numbers import share
from corticolimbic.report._sections._individual_course import outcome_words
from corticolimbic.report._words import say


def base_rate(person: Individual) -> Section:
    """Return the section."""
    rate = person.base_rate
    blocks: list[Block] = []
    if rate is None:
        blocks.append(Paragraph(say("person.no_rate")))
    else:
        blocks.append(
            Paragraph(
                say(
                    "person.rate_long",
                    outcome=outcome_words(rate.outcome),
                    n=rate.n,
                    persistent=rate.persistent,
                    share=share(rate.share),
                    interval=f"{share(rate.low)} to {share(rate.high)}",
                )
            )
        )
    likely = [item for item in person.markers if math.isfinite(item.probability.value)]
    if likely:
        blocks += [_table(likely), Paragraph(say("person.elsewhere"), "note")]
    blocks += _refused(person)
    return Section("rate", say("person.rate_title"), tuple(blocks))


def _refused(person: Individual) -> list[Block]:
    """Say why scores give no probability, markers of one reason together."""
    groups: dict[str, list[str]] = {}
    for item in person.markers:
        if item.status == "ok" and item.probability.reason:
            groups.setdefault(item.probability.reason, []).append(item.name)
    if not groups:
        return []
    lines = tuple(
        say("person.refused_line", names=", ".join(names), reason=reason) for reason, names in groups.items()
    )
    return [Paragraph(say("person.refused"), "note"), Items(lines)]


def _table(likely: list[MarkerScore]) -> Table:
    rates = [place.rate for place in likely[0].probability.elsewhere]
    columns = (
        Column(say("person.marker")),
        Column(say("person.here"), numeric=True),
        *(Column(say("person.at_rate", rate=share(rate)), numeric=True) for rate in rates),
        Column(say("person.fitted")),
    )
    rows = tuple(
        (
            Cell(item.name),
            _chance(item.probability.value, item.probability.low, item.probability.high),
            *(_chance(place.probability, place.low, place.high) for place in item.probability.elsewhere),
            Cell(
                say(
                    "person.fitted_on",
                    n=item.probability.n,
                    persistent=item.probability.persistent,
                    share=share(item.probability.base_rate),
                ),
            ),
        )
        for item in likely
    )
    return Table(say("person.rate_table"), columns, rows)


def _chance(value: float, low: float, high: float) -> Cell:
    return Cell(f"{share(value)} [{share(low)}, {share(high)}]", value)
