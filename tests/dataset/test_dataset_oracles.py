"""Other people's readers agree with ours: bids2table on names, pandas on numbers, all of a real dataset."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from corticolimbic.dataset import read_motion, read_participants, read_series, scan, validate
from corticolimbic.dataset._names import parse_name

KEYS = {"ses": "02", "task": "rest", "acq": "hires", "run": "01", "space": "MNI152NLin6Asym", "stat": "mean"}


def test_entities_of_valid_names_equal_those_of_bids2table() -> None:
    bids2table = pytest.importorskip("bids2table", reason="bids2table, the oracle, is not installed")
    for n_keys in range(len(KEYS) + 1):
        for keys in itertools.combinations(KEYS, n_keys):
            chosen = {"sub": "A01", **{key: KEYS[key] for key in keys}, "seg": "MIST122"}
            stem = "_".join(f"{key}-{label}" for key, label in chosen.items())
            for end in ("timeseries.tsv", "timeseries.tsv.gz", "motion.tsv", "timeseries.json"):
                ours = parse_name(f"sub-A01/func/{stem}_{end}")
                theirs = bids2table.parse_bids_entities(f"sub-A01/func/{stem}_{end}")
                mine = {**ours.entities, "datatype": "func", "suffix": ours.suffix, "ext": ours.extension}
                assert mine == {key: str(label) for key, label in theirs.items()}


@pytest.fixture(scope="session")
def rpn(shared_data: Path) -> Path:
    if not (shared_data / "rpn").is_dir():
        pytest.skip("no rpn among the real data")
    return shared_data / "rpn"


def test_every_real_series_equals_pandas(rpn: Path) -> None:
    found = scan(rpn)
    assert (len(found.runs), found.problems) == (119, ())
    for run in found.runs:
        series = read_series(rpn, run)
        theirs = pd.read_csv(rpn / run.series, sep="\t")
        assert series.regions == tuple(theirs.columns)
        # pandas' default converter may differ from the nearest double by one unit in the last place
        np.testing.assert_allclose(series.values, theirs.to_numpy(), rtol=1e-15, atol=0)
        assert series.problems == ()
        motion = read_motion(rpn, run, len(series.values)).framewise_displacement
        displacement = pd.read_csv(rpn / str(run.motion), sep="\t")["framewise_displacement"]
        np.testing.assert_allclose(motion, displacement.to_numpy(), rtol=1e-15)


def test_real_participants_join_completely(rpn: Path) -> None:
    people = read_participants(rpn)
    theirs = pd.read_csv(rpn / "participants.tsv", sep="\t", dtype=str, keep_default_na=False)
    theirs = theirs.replace("n/a", "").set_index("participant_id").sort_index()
    assert people.ids == scan(rpn).participants_seen == tuple(theirs.index)
    assert people.table.to_dict() == theirs.to_dict()
    assert people.table.groupby("site").size().to_dict() == {"bochum": 41, "essen": 49, "szeged": 29}


def test_the_real_dataset_is_valid(rpn: Path) -> None:
    assert validate(rpn) == ()
