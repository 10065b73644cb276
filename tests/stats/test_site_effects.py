"""Site effects are seen before harmonisation, and gone out of sample after it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from stats.combat_studies import study

from corticolimbic.stats import ComBat, ModelError, site_effects


def _rows(values: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    found = site_effects(
        values,
        people,
        np.random.default_rng(1),
        keep=("age", "sex"),
        permutations=39,
        decoding_permutations=1,
    )
    return found.set_index("what")


def test_harmonised_halves_no_longer_tell_their_site() -> None:
    values, people = study(n_features=12)
    half = people["half"] == 0
    before = _rows(values[~half], people)
    fitted = ComBat(keep=("age", "sex")).fit(values[half], people)
    after = _rows(fitted.transform(values[~half], people), people)
    assert (before["note"] == "above chance").all()
    assert before.loc["mean", "value"] > 0.9 > 0.3 > after.loc["mean", "value"]
    assert (after["value"] < before["value"]).all()


def test_means_and_spreads_are_tested_as_scipy_does() -> None:
    from scipy import stats

    values, people = study()
    found = site_effects(values, people, np.random.default_rng(1), permutations=2, decoding_permutations=2)
    parts = [values[people["site"] == site].to_numpy() for site in "ABCD"]
    share = (stats.f_oneway(*parts).pvalue < 0.05).mean()
    spread = np.mean([stats.levene(*(part[:, at] for part in parts)).pvalue < 0.05 for at in range(8)])
    assert found["value"].tolist()[:2] == [share, spread]


def test_too_few_people_are_refused() -> None:
    values, people = study()
    with pytest.raises(ModelError, match="five people"):
        site_effects(values.iloc[:93], people, np.random.default_rng(1))
