"""Pain of one person over visits, and what came of it."""

from __future__ import annotations

import math
import re
from functools import partial

import pandas as pd

from corticolimbic.predict import Individual, PersonOutcome
from corticolimbic.report._blocks import Block, Items, Paragraph, Section
from corticolimbic.report._figures._own_course import draw_own_course
from corticolimbic.report._numbers import decimal, share
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_RELATIVE = re.compile(r"persistent_(\d+)")


def course(person: Individual, draw: Draw) -> Section:
    """Return the section."""
    dated = [visit for visit in person.visits if math.isfinite(visit.day)]
    blocks: list[Block] = []
    if not person.visits:
        blocks.append(Paragraph(say("person.no_ratings"), "note"))
    elif len(dated) > 1:
        blocks.append(draw(_plan(person)))
    else:
        listed = "; ".join(f"{visit.session_id}: {decimal(visit.rating, 1)}" for visit in person.visits)
        blocks.append(Paragraph(say("person.ratings", listed=listed)))
    lines = [_outcome(item) for item in person.outcomes]
    if math.isfinite(person.p_persistent):
        lines.append(say("person.p_persistent", p=share(person.p_persistent)))
    if lines:
        blocks.append(Items(tuple(lines)))
    return Section("pain", say("person.pain"), tuple(blocks))


def outcome_words(name: str) -> str:
    """Return an outcome's name with what it means, where the name is one that the package makes itself."""
    found = _RELATIVE.fullmatch(name)
    return say("person.relative_outcome", name=name, percent=found[1]) if found else name


def _outcome(item: PersonOutcome) -> str:
    if item.reason:
        return say("person.outcome_missing", name=outcome_words(item.name), reason=item.reason)
    found = item.label or f"{decimal(item.value, 1)} {item.unit}".strip()
    return say("person.outcome", name=outcome_words(item.name), found=found)


def _plan(person: Individual) -> Plan:
    visits = [visit for visit in person.visits if math.isfinite(visit.day)]
    days, ratings = [visit.day for visit in visits], [visit.rating for visit in visits]
    listed = "; ".join(
        say("person.rating_at", day=decimal(visit.day, 0), rating=decimal(visit.rating, 1))
        for visit in visits
    )
    return Plan(
        name="pain",
        title=say("person.pain"),
        description=listed,
        caption=say("person.pain_caption"),
        draw=partial(
            draw_own_course,
            days=days,
            ratings=ratings,
            upwards=say("person.pain_axis"),
            across=say("person.days_axis"),
        ),
        data=pd.DataFrame(
            {"session_id": [visit.session_id for visit in visits], "day": days, "rating": ratings}
        ),
        width=640,
    )
