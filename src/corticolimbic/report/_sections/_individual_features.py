"""The circuit of one person against controls."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from corticolimbic.predict import FeaturePosition, Individual
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Paragraph, Section, Table
from corticolimbic.report._figures._placed import Placed, draw_placed
from corticolimbic.report._numbers import decimal, estimate
from corticolimbic.report._sections._circuit import pretty
from corticolimbic.report._sections._individual_short import BAND
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

ROWS = 24
"""Features that are drawn; the others are in the table."""


def features(person: Individual, draw: Draw) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    placed = [item for item in person.features if math.isfinite(item.z)]
    if not person.features:
        blocks.append(Paragraph(say("person.no_images"), "note"))
    elif not placed:
        reason = person.controls.reason or next(item.reason for item in person.features)
        blocks.append(Paragraph(say("person.unplaced", reason=reason), "note"))
    else:
        blocks.append(Paragraph(_told(person, placed)))
        blocks.append(draw(_plan(placed[:ROWS])))
        if len(placed) > ROWS:
            blocks.append(Paragraph(say("person.more_features", n=len(placed) - ROWS), "note"))
    if person.features:
        blocks.append(Fold(say("person.features_fold"), (_table(person.features),)))
    return Section("features", say("person.features"), tuple(blocks))


def _told(person: Individual, placed: list[FeaturePosition]) -> str:
    """Return who the controls are and what they were adjusted for."""
    own = person.controls
    numbers = sorted({item.n_controls for item in placed})
    parts = [
        say(
            "person.controls",
            column=own.column,
            value=own.value,
            range=f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}",
        )
    ]
    if own.is_control:
        parts.append(say("person.is_control"))
    used = dict.fromkeys(name for item in placed for name in item.adjusted)
    left = dict.fromkeys(why for item in placed for why in item.not_adjusted)
    parts.append(say("person.adjusted", names=", ".join(used)) if used else say("person.adjusted_none"))
    if left:
        parts.append(say("person.adjusted_not", reasons="; ".join(left)))
    return " ".join(parts)


def _plan(placed: list[FeaturePosition]) -> Plan:
    several = len({(item.task, item.atlas) for item in placed}) > 1
    rows = [
        Placed(
            label=_label(item, several=several),
            value=item.z,
            low=item.z_low,
            high=item.z_high,
            far_low=item.z - item.noise,
            far_high=item.z + item.noise,
            words=say("person.placed", z=decimal(item.z, 1), percent=decimal(item.percentile, 0)),
            quiet=not math.isfinite(item.noise),
        )
        for item in placed
    ]
    reached = max(abs(end) for item in placed for end in (item.z_low, item.z_high))
    far = min(6, max(3, math.ceil(reached)))
    return Plan(
        name="features",
        title=say("person.features_title"),
        description="; ".join(f"{row.label}: {row.words}" for row in rows),
        caption=say("person.features_caption"),
        draw=partial(
            draw_placed, rows=rows, axis=say("person.features_axis"), ends=(-far, far, 1), band=(-BAND, BAND)
        ),
        data=pd.DataFrame(
            {
                "measure": [item.measure for item in placed],
                "target": [item.target for item in placed],
                "z": [item.z for item in placed],
                "z_low": [item.z_low for item in placed],
                "z_high": [item.z_high for item in placed],
                "noise": [item.noise for item in placed],
                "percentile": [item.percentile for item in placed],
            }
        ),
    )


def _label(item: FeaturePosition, *, several: bool) -> str:
    """Return a feature's name, with its measure unless it is connectivity, and its task where they differ."""
    parts = [pretty(item.target)]
    if item.measure != "fc":
        parts.append(item.measure)
    if several and item.task not in {"", "n/a"}:
        parts.append(f"{item.task}, {item.atlas}")
    return " · ".join(parts)


def _table(found: tuple[FeaturePosition, ...]) -> Table:
    columns = (
        Column(say("person.feature")),
        Column(say("person.value"), numeric=True),
        Column(say("person.z"), numeric=True),
        Column(say("person.percentile"), numeric=True),
        Column(say("person.n_controls"), numeric=True),
        Column(say("person.icc")),
        Column(say("person.why")),
    )
    rows = tuple(
        (
            Cell(_label(item, several=True)),
            Cell(f"{decimal(item.value)} {item.unit}".strip(), item.value),
            Cell(estimate(item.z, item.z_low, item.z_high), item.z),
            Cell(estimate(item.percentile, item.percentile_low, item.percentile_high, 0), item.percentile),
            Cell(f"{item.n_controls}", float(item.n_controls)),
            Cell(
                say("person.icc_of", icc=decimal(item.icc), source=item.icc_source)
                if math.isfinite(item.icc)
                else say("person.icc_unknown")
            ),
            Cell(item.reason),
        )
        for item in found
    )
    return Table(say("person.features_table"), columns, rows)
