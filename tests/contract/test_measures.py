"""The register of measures holds all that this package measures, and nothing of a table lies outside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dataset.synthetic import write_dataset

from corticolimbic.circuit import atlas
from corticolimbic.dataset import scan
from corticolimbic.evidence import effects
from corticolimbic.features import known_target, measures
from corticolimbic.measure import MeasureSettings, measure_session
from corticolimbic.predict import marker, marker_ids

NOT_OF_THE_BRAIN = {"score", "prevalence", "other"}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Everything that one session gives."""
    known = atlas("coordinates")
    names = [node.name for node in known.nodes]
    rng = np.random.default_rng(281)
    root = write_dataset(tmp_path_factory.mktemp("all"), 1, names, 200, rng=rng)
    session = scan(root).sessions[0]
    found = measure_session(
        root, session, MeasureSettings(), atlases={"coordinates": known}, repetition_time=2.0
    )
    return pd.DataFrame(found.features)


def test_what_is_measured_is_registered_with_its_unit_and_statistic(measured: pd.DataFrame) -> None:
    known = measures()
    rows = measured[["measure", "statistic", "unit"]].drop_duplicates()
    assert len(rows) > 12
    strange = [
        tuple(row)
        for row in rows.itertuples(index=False)
        if row.measure not in known
        or row.statistic not in known[row.measure].statistics
        or row.unit not in known[row.measure].units
    ]
    assert not strange


def test_what_is_measured_stands_on_registered_targets(measured: pd.DataFrame) -> None:
    for target in measured["target"].unique():
        assert str(known_target(target)) == target


def test_measures_of_the_published_effects_are_registered() -> None:
    assert {effect.measure_term for effect in effects()} - NOT_OF_THE_BRAIN <= measures().keys()


def test_inputs_of_the_markers_are_registered() -> None:
    for name in marker_ids():
        item = marker(name)
        for term in item.terms:
            key = getattr(term, "key", None)
            assert key is None or key.measure in measures(), name
