"""A marker's training people are known whichever way the settings ask for markers."""

from __future__ import annotations

import pandas as pd
import pytest

from corticolimbic.workflow import Config
from corticolimbic.workflow._individuals import _trained_on

USE = {
    "id": "spisak2020_rpn",
    "training": {"column": "study", "equals": "bochum", "population": "kept"},
}


@pytest.mark.parametrize("asked", [{"markers": [USE]}, {"markers": "all", "uses": [USE]}])
def test_training_people_are_found_in_a_list_and_beside_all(asked: dict) -> None:
    visits = pd.DataFrame(
        {
            "participant_id": ["sub-1", "sub-2", "sub-3"],
            "session_id": ["ses-none", "ses-none", "ses-1"],
            "variable": ["study"] * 3,
            "value": ["bochum", "essen", "bochum"],
        }
    )
    config = Config.model_validate({"predict": asked})
    assert _trained_on(config, visits) == {"spisak2020_rpn": frozenset({"sub-1"})}
