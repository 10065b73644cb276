"""All features of a run, of whichever step, as one table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from corticolimbic.features import read_sessions, schema
from corticolimbic.workflow import _measure_step, _structure_step, _supplied_step
from corticolimbic.workflow._measure_step import outputs
from corticolimbic.workflow._step import Found

ROOMS = (_measure_step.ROOM, _structure_step.STRUCTURE_ROOM, _supplied_step.ROOM)
"""Files of features in each session's folder."""


def measured_rows(out: Path) -> pd.DataFrame:
    """Return the features of every session, measured here or supplied, sorted by key.

    Parameters
    ----------
    out
        Results folder.
    """
    tables = [read_sessions(out, "features", room=room) for room in ROOMS]
    filled = [table for table in tables if len(table)]
    if len(filled) < 2:
        return filled[0] if filled else tables[0]
    form = schema("features")
    return form.check(pd.concat(filled).sort_values(form.key, ignore_index=True))


def measured_inputs(found: Found) -> tuple[str, ...]:
    """Return the feature tables of all sessions, relative to OUT."""
    images = (outputs(session.participant_id, session.session_id)[0] for session in found.scan.sessions)
    structure = (
        _structure_step.structure_output(session.participant_id, session.session_id)
        for session in found.scan.structure
    )
    return (*images, *structure, *_supplied_step.supplied_outputs(found))
