"""The first section of a person's page: what can and what cannot be concluded, in plain words."""

from __future__ import annotations

import math

from corticolimbic.predict import Individual
from corticolimbic.report._blocks import Block, Heading, Items, Paragraph, Section
from corticolimbic.report._numbers import decimal, share
from corticolimbic.report._words import say

BAND = 1.96
"""What is called usual lies within so many standard deviations of controls."""


def short(person: Individual) -> Section:
    """Return the section."""
    can = [*_rate(person), *_scores(person), *_features(person)]
    blocks: list[Block] = [Paragraph(say("person.lead", n=person.n_people), "lead")]
    if can:
        blocks += [Heading(say("person.can")), Items(tuple(can))]
    cannot = [say("person.cannot_course"), say("person.cannot_cause"), say("person.cannot_again")]
    blocks += [Heading(say("person.cannot")), Items(tuple(cannot))]
    return Section("short", say("person.short"), tuple(blocks))


def _rate(person: Individual) -> list[str]:
    rate = person.base_rate
    if rate is None:
        return [say("person.no_rate")]
    interval = f"{share(rate.low)} to {share(rate.high)}"
    return [
        say("person.rate", n=rate.n, persistent=rate.persistent, share=share(rate.share), interval=interval)
    ]


def _scores(person: Individual) -> list[str]:
    if not person.markers:
        return [say("person.no_markers")]
    scored = [item for item in person.markers if item.status == "ok"]
    likely = [item for item in scored if math.isfinite(item.probability.value)]
    lines = [say("person.scored", n=len(scored), all=len(person.markers))]
    if likely:
        lines.append(say("person.likely", n=len(likely), names=", ".join(item.name for item in likely)))
    elif scored:
        lines.append(say("person.none_likely"))
    return lines


def _features(person: Individual) -> list[str]:
    if not person.features:
        return [say("person.no_images")]
    placed = [item for item in person.features if math.isfinite(item.z)]
    if not placed:
        return [say("person.no_position")]
    beyond = sum(abs(item.z) > BAND for item in placed)
    return [say("person.beyond", n=len(placed), beyond=beyond, chance=decimal(0.05 * len(placed), 1))]
