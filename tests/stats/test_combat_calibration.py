"""Out of sample after ComBat, tests by site reject at the nominal rate (METHODS M-6, M-9); bad input too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from stats.combat_studies import study
from stats.test_combat_further import _visits

from corticolimbic.stats import ComBat, CovBat, LongitudinalComBat, ModelError, site_effects

TABLES, FEATURES = 200, 100
SEED = 2026112541


def _rates(learn: int, test: int) -> tuple[float, float]:
    """Return the shares of 20,000 features whose mean and whose spread differs by site, in new people."""
    mean = spread = 0
    for rng in np.random.default_rng([SEED, learn, test]).spawn(TABLES):
        added = rng.normal([[0.0], [1.0], [-0.5]], 0.4, (3, FEATURES))
        scale = np.sqrt(1 / rng.gamma(8, 1 / 8, (3, FEATURES)))
        code = np.repeat([0, 1, 2], [test] * 3)
        every = np.r_[code, np.repeat([0, 1, 2], [learn] * 3)]
        values = pd.DataFrame(added[every] + scale[every] * rng.normal(size=(every.size, FEATURES)))
        people = pd.DataFrame({"site": np.array(["A", "B", "C"])[every]})
        new = values.index < code.size
        fitted = ComBat().fit(values[~new], people[~new])
        out = fitted.transform(values[new], people[new]).to_numpy()
        parts = [out[code == at] for at in range(3)]
        mean += int((stats.f_oneway(*parts).pvalue < 0.05).sum())
        apart = [np.abs(part - np.median(part, axis=0)) for part in parts]
        spread += int((stats.f_oneway(*apart).pvalue < 0.05).sum())  # Levene, centred on medians
    return mean / (TABLES * FEATURES), spread / (TABLES * FEATURES)


@pytest.mark.slow
def test_sites_well_known_reject_at_the_nominal_rate() -> None:
    found = _rates(4000, 40)
    print("learnt from 4000 a site, tested in 40:", found)
    # Levene's test on medians is cautious by itself: it is held against its own rate where sites never were.
    never = np.random.default_rng([SEED, 0]).normal(size=(3, 40, TABLES * FEATURES))
    apart = np.abs(never - np.median(never, axis=1, keepdims=True))
    own = float((stats.f_oneway(*apart).pvalue < 0.05).mean())
    # Two quantities, Holm: a band of 99.5 %; the second rate is a difference of two simulated ones.
    low, high = stats.binom.interval(0.995, TABLES * FEATURES, 0.05)
    assert low <= found[0] * TABLES * FEATURES <= high
    error = np.sqrt(2 * own * (1 - own) / (TABLES * FEATURES))
    assert abs(found[1] - own) <= stats.norm.ppf(0.9975) * error


@pytest.mark.slow
def test_halves_know_sites_less_well() -> None:
    # What is learnt from 40 people has its own error: tests in 40 others reject more often than 5 %.
    found = _rates(40, 40)
    print("learnt from 40 a site, tested in 40:", found)
    assert 0.05 < found[0] < 0.30
    assert found[1] < 0.30


def test_below_chance_is_flagged() -> None:
    # Sites of exactly equal means: who is left out of a fold pulls the others the opposite way, so what is
    # learnt from the others is wrong more often than a guess.
    rng = np.random.default_rng(3)
    values = pd.DataFrame(rng.normal(size=(40, 30)))
    people = pd.DataFrame({"site": np.repeat(["A", "B"], 20)})
    table = values - values.groupby(people["site"]).transform("mean")
    found = site_effects(table, people, rng, permutations=39, decoding_permutations=5).set_index("what")
    assert found.loc["mean", "value"] == 0.0
    assert found.loc["decoding, linear", "note"] == "below chance"
    assert found.loc["decoding, linear", "value"] < 0.3


def test_covbat_keeps_missing_values_and_new_people_do_not_change_each_other() -> None:
    values, people = study()
    half = people["half"] == 0
    values = values.copy()
    learnt, new = values[half].copy(), values[~half].copy()
    learnt.iloc[3, 0] = np.nan
    fitted = CovBat(ComBat(keep=("age", "sex"))).fit(learnt, people)
    assert fitted.used.tolist() == [False] + [True] * 7
    pd.testing.assert_series_equal(
        fitted.transform(new, people)["edge 0"], fitted.first.transform(new, people)["edge 0"]
    )
    new.iloc[5, 2] = np.nan
    out = fitted.transform(new, people)
    assert np.isnan(out.iloc[5, 2])
    assert out.isna().to_numpy().sum() == 1
    alone = fitted.transform(new.iloc[[9]], people)
    np.testing.assert_allclose(alone.to_numpy(), out.iloc[[9]].to_numpy(), rtol=1e-12)
    with pytest.raises(ModelError, match="not among the sites"):
        fitted.transform(new.iloc[:3], people.assign(site="Ω 9"))
    with pytest.raises(ModelError, match="two features"):
        CovBat().fit(learnt.iloc[:, :2], people)
    with pytest.raises(ModelError, match="between 0 and 1"):
        CovBat(share=1.5).fit(learnt, people)


def test_longitudinal_combat_refuses_what_it_cannot_learn() -> None:
    values, visits = _visits()
    learner = LongitudinalComBat(keep=("year",))
    one_visit = visits.copy()
    one_visit.loc[0, "site"] = "D"
    with pytest.raises(ModelError, match="one visit"):
        learner.fit(values, one_visit)
    with pytest.raises(ModelError, match="no column 'participant_id'"):
        learner.fit(values, visits.drop(columns="participant_id"))
    with pytest.raises(ModelError, match="not known of every visit"):
        learner.fit(values, visits.assign(participant_id=visits["participant_id"].where(visits.index > 2)))
    infinite = values.copy()
    infinite.iloc[0, 0] = np.inf
    with pytest.raises(ModelError, match="infinite"):
        learner.fit(infinite, visits)
    with pytest.raises(ModelError, match="one site"):
        learner.fit(values, visits.assign(site="A"))
    fitted = learner.fit(values, visits)
    with pytest.raises(ModelError, match="not learnt from"):
        fitted.transform(values.iloc[:2], visits.assign(site="Ω"))
    gone = visits.copy()
    gone.loc[4, "year"] = np.nan
    assert fitted.transform(values, gone).isna().any(axis=1).to_numpy().nonzero()[0].tolist() == [4]
