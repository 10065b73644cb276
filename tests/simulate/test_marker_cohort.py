"""The simulated cohort of markers: what is said to be true of it shows in its tables, by another route.

The long truth comes from the generator; here statsmodels and plain pandas look at the tables that it writes.
Seeds were fixed before the first run, and bounds of the slow test follow from its number of cohorts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from corticolimbic.dataset import SuppliedTable, read_supplied
from corticolimbic.foundation import SettingsError
from corticolimbic.predict import marker, marker_ids
from corticolimbic.simulate import (
    MarkerCohort,
    MarkerCohortSettings,
    MarkerInputsSettings,
    marker_cohort,
    marker_configuration,
    marker_truth,
    simulate_marker_inputs,
    simulate_markers,
)
from corticolimbic.simulate._marker_features import FEATURES

SEED, TRUTH_SEED, COHORTS = 2026112801, 2026112802, 200
THRESHOLDS = (10, 20, 30, 40, 50)
SMALL = MarkerCohortSettings(people=60, seed=7)
AMYGDALA = ["volume_Amy_L", "volume_Amy_R"]


def patients(cohort: MarkerCohort) -> pd.DataFrame:
    """Return patients with both ratings, from the tables alone: relief, site, motion and the four scores."""
    pain = cohort.sessions.pivot(index="participant_id", columns="session_id", values="pain_nrs")
    first, last = pain["ses-baseline"], pain["ses-month12"]
    table = cohort.participants.assign(relief=(first - last) / first * 100)
    table["motion"] = cohort.motion.query("session_id == 'ses-baseline'").set_index("participant_id")["value"]
    structure = cohort.structure.set_index("participant_id")
    table["works"] = -structure[AMYGDALA].sum(axis=1, skipna=False)
    table["site_only"] = -structure["fa_WholeBrainWM"]
    table["one_threshold"] = -structure["fa_SLF_R"]
    table["null"] = -structure[["volume_Hip_L", "volume_Hip_R"]].sum(axis=1, skipna=False)
    rows = cohort.function.query("session_id == 'ses-baseline' and measure == 'fc_within'")
    table["motion_only"] = rows.set_index("participant_id")["value"]
    return table[(table["group"] == "patient") & table["relief"].notna()]


def area(table: pd.DataFrame, score: str, threshold: float = 20, *, within: bool = True) -> float:
    """Return the AUC by Mann and Whitney's U, sites weighted by n m / (n + m)."""
    areas, weights = [], []
    known = table.dropna(subset=[score])
    for _, group in known.groupby("site") if within else [("", known)]:
        persistent = group["relief"] < threshold - 1e-9
        a, b = group.loc[persistent, score], group.loc[~persistent, score]
        if len(a) and len(b):
            areas.append(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))
            weights.append(len(a) * len(b) / (len(a) + len(b)))
    return float(np.average(areas, weights=weights))


def adjusted(table: pd.DataFrame, score: str) -> float:
    """Return t of the score in a linear model of persistence with motion and site (statsmodels)."""
    import statsmodels.api as sm

    known = table.dropna(subset=[score, "motion"])
    sites = pd.get_dummies(known["site"], drop_first=True, dtype=float)
    design = sm.add_constant(pd.concat([known[[score, "motion"]].apply(stats.zscore), sites], axis=1))
    return float(sm.OLS((known["relief"] < 20).astype(float), design).fit().tvalues[score])


@pytest.fixture(scope="module")
def cohort() -> MarkerCohort:
    """One large study."""
    return marker_cohort(MarkerCohortSettings(people=900, seed=SEED))


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    """What the markers are worth."""
    return marker_truth(MarkerCohortSettings(), np.random.default_rng(TRUTH_SEED), 12_000).set_index("marker")


@pytest.mark.slow
def test_each_marker_is_what_it_is_said_to_be(cohort: MarkerCohort) -> None:
    table = patients(cohort)
    assert 0.62 < area(table, "works") < 0.76
    assert adjusted(table, "works") > 4
    assert area(table, "motion_only") > 0.58
    assert abs(adjusted(table, "motion_only")) < 3
    assert 0.45 < area(table, "site_only") < 0.58
    assert area(table, "site_only", within=False) > 0.6
    assert area(table, "one_threshold") > 0.63
    assert all(abs(area(table, "one_threshold", level) - 0.5) < 0.08 for level in (10, 30, 40, 50))
    assert abs(area(table, "null") - 0.5) < 0.07


def test_the_truth_says_so_too_and_nothing_else_works(truth: pd.DataFrame) -> None:
    by = truth.reset_index().set_index("through")
    assert 0.67 < by.loc["outcome", "auc_20"] < 0.72
    assert by.loc["motion", "auc_20"] > 0.6
    assert abs(by.loc["motion", "partial_r_motion_site"]) < 0.03
    assert abs(by.loc["site", "auc_20"] - 0.5) < 0.035
    assert by.loc["site", "auc_pooled"] > 0.63
    assert by.loc["one threshold", "auc_20"] > 0.67
    assert (by.loc["one threshold", [f"auc_{level}" for level in (10, 30, 40, 50)]] - 0.5).abs().max() < 0.03
    null = by.loc["nothing"].dropna(subset=["auc_20"])
    assert len(null) == 10
    assert (null["auc_20"] - 0.5).abs().max() < 0.04


@pytest.mark.slow
def test_without_effect_the_nuisances_stay(truth: pd.DataFrame) -> None:
    settings = MarkerCohortSettings(effect=False)
    null = marker_truth(settings, np.random.default_rng(TRUTH_SEED), 12_000).set_index("marker")
    assert (null["through"] != "outcome").all()
    for name in ("vachonpresseau2016_amygdala_volume", "misic2024_right_slf_fa"):
        assert null.loc[name, "through"] == "nothing"
        assert abs(null.loc[name, "auc_20"] - 0.5) < 0.04
    for name in ("vachonpresseau2016_dmpfc_amy_nac_fc", "mansour2013_whole_brain_fa"):
        pd.testing.assert_series_equal(null.loc[name], truth.loc[name])


def test_what_disturbs_is_there(cohort: MarkerCohort) -> None:
    people = cohort.participants
    sizes = people["site"].value_counts()
    assert sizes.max() > 2.5 * sizes.min()
    lacking = cohort.structure["volume_NAc_L"].isna().to_numpy()
    assert set(people["site"][lacking].unique()) > {"cedar"}  # single values are missing elsewhere
    assert lacking[(people["site"] == "cedar").to_numpy()].all()
    assert lacking[(people["site"] != "cedar").to_numpy()].mean() < 0.06
    pain = cohort.sessions.pivot(index="participant_id", columns="session_id", values="pain_nrs")
    assert 0.05 < pain["ses-month12"].isna().mean() < 0.2
    assert (pain.loc[people["group"] == "control"].max(axis=1) < 1.2).all()
    table = patients(cohort)
    assert stats.spearmanr(table["motion"], table["relief"]).statistic < -0.25
    assert table.assign(kept=table["relief"] < 20).groupby("site")["kept"].mean().agg(np.ptp) > 0.3


def test_a_person_stays_the_same_in_a_larger_study() -> None:
    few = marker_cohort(MarkerCohortSettings(people=30))
    more = marker_cohort(MarkerCohortSettings(people=60))
    for name in ("participants", "structure", "function", "motion", "sessions"):
        a, b = getattr(few, name), getattr(more, name)
        pd.testing.assert_frame_equal(a, b.iloc[: len(a)])
    other = marker_cohort(MarkerCohortSettings(people=30, seed=1))
    assert not few.structure.equals(other.structure)


def test_markers_exist_with_these_signs_and_inputs() -> None:
    for feature in FEATURES:
        for name in feature.markers:
            item = marker(name)
            assert set(item.targets) == set(feature.targets), name
            assert {key.measure for key in item.keys} == {feature.measure}, name
            if not feature.several:
                assert item.sign == feature.sign, name


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study on disk."""
    out = tmp_path_factory.mktemp("markers") / "study"
    simulate_markers(out, SMALL, truth_people=3000)
    return out


def test_the_written_tables_are_read_as_they_were_meant(written: Path) -> None:
    tables = [SuppliedTable.model_validate(item) for item in marker_configuration()["supplied"]]
    ids = pd.read_csv(written / "participants.tsv", sep="\t")["participant_id"]
    supplied = read_supplied(written, tables, list(ids))
    assert supplied.problems == ()
    cohort = marker_cohort(SMALL)
    rows = supplied.features[supplied.features["target"] == "Amy_L"].set_index("participant_id")["value"]
    expected = cohort.structure.set_index("participant_id")["volume_Amy_L"]
    np.testing.assert_array_equal(rows.reindex(expected.index), expected)
    counts = supplied.features["measure"].value_counts()
    assert counts["mean_fd"] == len(cohort.motion)


def test_a_folder_of_other_settings_is_refused_and_the_same_are_written_again(written: Path) -> None:
    before = {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    simulate_markers(written, SMALL, truth_people=3000)
    assert {path: path.read_bytes() for path in written.rglob("*") if path.is_file()} == before
    with pytest.raises(SettingsError, match="other settings"):
        simulate_markers(written, MarkerCohortSettings(people=61, seed=7))
    with pytest.raises(SettingsError, match="something else"):
        simulate_markers(written.parent, MarkerCohortSettings(people=60))


@pytest.mark.parametrize(
    "values", [{"people": 20, "sites": 21}, {"motion_outcome": 2}, {"images": True}, {"people": 0}]
)
def test_impossible_studies_are_refused(values: dict) -> None:
    with pytest.raises(SettingsError):
        MarkerCohortSettings.from_mapping(values)


def test_one_site_and_few_people_are_possible() -> None:
    cohort = marker_cohort(MarkerCohortSettings(people=12, sites=1, lacking_site=None))
    assert set(cohort.participants["site"]) == {"alder"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study with the inputs of every marker."""
    out = tmp_path_factory.mktemp("inputs") / "study"
    simulate_marker_inputs(out, MarkerInputsSettings())
    return out


def test_every_input_that_a_marker_names_is_there(inputs: Path) -> None:
    rows = pd.read_csv(inputs / "derivatives" / "features.tsv", sep="\t", keep_default_na=False)
    assert rows["value"].notna().all()
    first = rows[rows["participant_id"] == "sub-001"]
    (inputs / "one.tsv").write_text(first.to_csv(sep="\t", index=False))
    assert read_supplied(inputs, [SuppliedTable(file="one.tsv")]).problems == ()
    assert rows.groupby("participant_id")["session_id"].nunique().eq(2).all()
    rows = first
    for item in map(marker, marker_ids()):
        for term in item.terms:
            here = rows[(rows["measure"] == term.key.measure) & rows["target"].isin(term.targets)]
            if term.key.statistic:
                here = here[here["statistic"] == term.key.statistic]
            if "*" not in term.key.atlases and term.key.atlases:
                here = here[here["atlas"].isin(term.key.atlases)]
            assert set(here["target"]) == set(term.targets), item.id
        if item.weights is not None:
            made = list((inputs / "derivatives" / "weights").glob(f"{item.id}_*"))
            assert {path.name.partition(".")[2] for path in made} in ({"json", "tsv"}, {"json", "nii.gz"})
            assert any(
                "not the published weights" in path.read_text() for path in made if path.suffix == ".json"
            )


def cohorts() -> Iterator[pd.DataFrame]:
    for seed in np.random.SeedSequence(SEED).generate_state(COHORTS):
        yield patients(marker_cohort(MarkerCohortSettings(seed=int(seed))))


@pytest.mark.slow
def test_200_cohorts_have_the_truth_in_the_mean() -> None:
    people = 60_000
    truth = marker_truth(MarkerCohortSettings(), np.random.default_rng(TRUTH_SEED), people)
    scores = {
        "works": "outcome",
        "motion_only": "motion",
        "site_only": "site",
        "one_threshold": "one threshold",
    }
    found: dict[tuple[str, int], list[float]] = {}
    pooled, t = [], []
    for table in cohorts():
        for score in scores:
            for level in THRESHOLDS:
                found.setdefault((score, level), []).append(area(table, score, level))
        pooled.append(area(table, "site_only", within=False))
        t.append(adjusted(table, "motion_only"))
    by = truth.set_index("through")
    for (score, level), values in found.items():
        expected = by.loc[scores[score], f"auc_{level}"]
        error = np.hypot(np.std(values, ddof=1) / np.sqrt(COHORTS), 0.58 / np.sqrt(0.77 * people))
        mean = float(np.mean(values))
        print(f"{score} at {level} %: {mean:.4f}, truth {expected:.4f}, error {error:.4f}")
        assert abs(mean - expected) < 3.5 * error
    print(f"site only, pooled: {np.mean(pooled):.3f}; motion only given motion: t {np.mean(t):.3f}")
    assert np.mean(pooled) > 0.6
    rejected = float(np.mean(np.abs(t) > 1.96))
    low, high = stats.binom.ppf([0.005, 0.995], COHORTS, 0.05) / COHORTS
    print(f"motion only, rejected given motion and site: {rejected:.3f} [{low:.3f}, {high:.3f}]")
    assert low <= rejected <= high
