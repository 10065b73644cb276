"""The expected estimates of the declared model of change, edge by edge, in a study that was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from corticolimbic.foundation import read_json, write_text
from corticolimbic.simulate._people import person, session_name
from corticolimbic.simulate._session import truth_path
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._study import table_text
from corticolimbic.simulate._truth import edge_names
from corticolimbic.simulate._visit_cohort import CONTRASTS, change_table, declared_change, visit_table
from corticolimbic.stats import ModelError


def write_change_truth(root: Path, settings: SimulateSettings) -> None:
    """Write ``truth/changes.tsv``: what the declared model of change makes of the expected values.

    One row an edge and contrast: group at the first visit, change of that difference in a year, person mean
    of pain, deviation from it, and deviation less mean. The model is fitted to values without measuring
    noise, so that visits are weighted a little otherwise than in the study's own fit.
    """
    people = [person(settings, index) for index in range(settings.people)]
    visits = [(one, month) for one in people for month in one.months]
    truths = [read_json(truth_path(root, one.participant_id, session_name(month))) for one, month in visits]
    table = visit_table(people, visits, np.array([truth["mean_fd"] for truth in truths]))
    names = edge_names()
    values = [[truth["expected_z"][name] for name in names] for truth in truths]
    z = pd.DataFrame(values, index=table.index, columns=list(names))
    try:
        found = change_table(declared_change(table, z))
    except ModelError:
        found = pd.DataFrame(np.nan, index=pd.Index(names, name="target"), columns=list(CONTRASTS))
    long = found.reset_index().melt("target", var_name="contrast", value_name="expected_estimate")
    write_text(root / "truth" / "changes.tsv", table_text(long))
