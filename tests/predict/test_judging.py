"""Judging: training people apart, sites apart, references from where they were declared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from stats.cohort_tables import population

from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError
from corticolimbic.predict import (
    ALL_SITES,
    EXTERNAL,
    IN_SAMPLE,
    Judged,
    MarkerUse,
    TrainingPeople,
    differences,
    gather,
    judge,
)

SIZES = {"train": 12, "north": 15, "south": 9, "tiny": 3}
TRAINING = TrainingPeople(column="site", equals="train", population="kept")


class Cohort:
    def __init__(self, sizes: dict[str, int] = SIZES, seed: int = 4) -> None:
        rng = np.random.default_rng(seed)
        ids = [f"sub-{site}{at}" for site, size in sizes.items() for at in range(size)]
        self.table = pd.DataFrame(
            {"site": [name.removeprefix("sub-").rstrip("0123456789") for name in ids]}, ids
        )
        order = rng.permutation(ids)
        self.outcome = pd.Series(rng.normal(1, 1, len(ids)), order)
        self.scores = (0.5 * self.outcome + rng.normal(0.3, 0.8, len(ids)))[rng.permutation(ids)]
        self.kept = [name for name in ids if not name.endswith("0")]
        self.populations = pd.concat(
            [population(self.table, self.kept, "kept"), population(self.table, ids, "all")], ignore_index=True
        )

    def gathered(self, use: MarkerUse) -> Judged:
        return gather(self.scores, self.outcome, self.table, self.populations, use)

    def judged(self, use: MarkerUse) -> tuple[pd.DataFrame, list]:
        return judge("m", "pain", self.gathered(use), use, np.random.default_rng(1), resamples=200)

    def pairs(self, site: str, kept: bool) -> tuple[np.ndarray, np.ndarray]:
        names = [
            name
            for name in self.table.index
            if self.table.site[name] == site and (not kept or name in self.kept)
        ]
        return self.scores[names].to_numpy(), self.outcome[names].to_numpy()


def use(**values: object) -> MarkerUse:
    return MarkerUse(id="spisak2020_rpn", **values)


def rows(table: pd.DataFrame, **where: str) -> pd.DataFrame:
    for name, value in where.items():
        table = table[table[name] == value]
    return table.set_index("metric")


@pytest.mark.parametrize("name", ["kept", "all"])
def test_each_site_and_population_equals_scipy(name: str) -> None:
    cohort = Cohort()
    table, _ = cohort.judged(use(training=TRAINING))
    reference = np.mean(cohort.pairs("train", True)[1])
    for site in ("train", "north", "south"):
        score, outcome = cohort.pairs(site, name == "kept")
        found = rows(table, population=name, site=site)
        assert found["value"]["pearson_r"] == pytest.approx(scipy_stats.pearsonr(score, outcome)[0])
        if site != "train":  # in-sample, no evidence
            assert found["p"]["pearson_r"] == pytest.approx(scipy_stats.pearsonr(score, outcome)[1])
        assert found["value"]["spearman_rho"] == pytest.approx(scipy_stats.spearmanr(score, outcome)[0])
        wanted = 1 - ((outcome - score) ** 2).sum() / ((outcome - reference) ** 2).sum()
        assert found["value"]["skill"] == pytest.approx(wanted)
        assert set(found["n"]) == {len(score)}
        interval = scipy_stats.pearsonr(score, outcome).confidence_interval()
        assert (found["ci_low"]["pearson_r"], found["ci_high"]["pearson_r"]) == pytest.approx(tuple(interval))
        assert found["ci_low"]["skill"] <= found["value"]["skill"] <= found["ci_high"]["skill"]
    assert schema("evaluation").check(table).equals(table)


def test_training_people_are_in_sample_and_never_among_the_external_sites() -> None:
    cohort = Cohort()
    table, _ = cohort.judged(use(training=TRAINING))
    assert set(rows(table, site="train")["scheme"]) == {IN_SAMPLE}
    assert set(table.loc[table["site"] != "train", "scheme"]) == {EXTERNAL}
    combined = rows(table, population="all", site=ALL_SITES)
    assert set(combined["n"]) == {SIZES["north"] + SIZES["south"]}, (
        "neither training people nor sites left out"
    )
    z = [np.arctanh(scipy_stats.pearsonr(*cohort.pairs(site, False))[0]) for site in ("north", "south")]
    assert np.tanh(min(z)) < combined["value"]["pearson_r"] < np.tanh(max(z))
    score, outcome = (
        np.concatenate(parts)
        for parts in zip(*(cohort.pairs(s, False) for s in ("north", "south")), strict=True)
    )
    reference = np.mean(cohort.pairs("train", True)[1])
    wanted = 1 - ((outcome - score) ** 2).sum() / ((outcome - reference) ** 2).sum()
    assert combined["value"]["skill"] == pytest.approx(wanted)
    assert "spearman_rho" not in combined.index


def test_training_people_inside_an_external_site_are_judged_apart() -> None:
    cohort = Cohort()
    cohort.table["trained"] = ["yes" if at % 3 == 0 else "no" for at in range(len(cohort.table))]
    training = TrainingPeople(column="trained", equals="yes", population="all")
    table, _ = cohort.judged(use(training=training))
    sizes = rows(table, population="all", site="north").reset_index().groupby("scheme")["n"].first()
    assert sizes.sum() == SIZES["north"]
    assert set(sizes.index) == {EXTERNAL, IN_SAMPLE}


def test_small_sites_are_named_not_judged() -> None:
    table, problems = Cohort().judged(use(training=TRAINING))
    assert "tiny" not in set(table["site"])
    assert {item.code for item in problems} == {"CL702"}
    assert {item.found for item in problems} == {"m, kept, tiny: 2 people", "m, all, tiny: 3 people"}


def test_the_training_mean_of_the_settings_is_used() -> None:
    cohort = Cohort()
    for training in (None, TRAINING):
        assert cohort.gathered(use(training=training, training_mean=0.25)).training_mean == 0.25
    table, _ = cohort.judged(use(training_mean=0.25))
    score, outcome = cohort.pairs("north", False)
    wanted = 1 - ((outcome - score) ** 2).sum() / ((outcome - 0.25) ** 2).sum()
    assert rows(table, population="all", site="north")["value"]["skill"] == pytest.approx(wanted)


def test_without_a_reference_or_unit_there_is_no_skill() -> None:
    cohort = Cohort()
    for choice in (use(), use(training=TRAINING, predicts_outcome=False)):
        table, _ = cohort.judged(choice)
        assert set(table["metric"]) == {"pearson_r", "spearman_rho"}
    assert np.isnan(cohort.gathered(use()).training_mean)


def test_the_reference_is_the_training_people_of_the_declared_population_with_an_outcome() -> None:
    cohort = Cohort()
    cohort.outcome["sub-train3"] = np.nan
    cohort.scores = cohort.scores.drop("sub-train4")
    people = [f"sub-train{at}" for at in range(1, 12) if at not in (3, 10)]
    assert cohort.gathered(use(training=TRAINING)).training_mean == pytest.approx(
        cohort.outcome[people].mean()
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"column": "centre"}, "no column 'centre'"),
        ({"equals": "Train"}, "nobody has site = 'Train'; the cells are north, south, tiny, train"),
        ({"population": "nobody"}, "no population is named 'nobody'; there are kept, all"),
    ],
)
def test_training_people_that_are_not_there_are_a_settings_error(change: dict, words: str) -> None:
    """A misspelling must not turn training people into external evidence."""
    with pytest.raises(SettingsError, match=words):
        Cohort().gathered(use(training=TRAINING.model_copy(update=change)))


def test_sites_whose_scores_do_not_vary_have_no_correlation_and_spoil_no_other() -> None:
    cohort = Cohort()
    for site in ("north", "south"):
        cohort.scores[[name for name in cohort.scores.index if site in name]] = 0.5
        table, _ = cohort.judged(use(training=TRAINING))
        combined = rows(table, population="all", site=ALL_SITES)
        r = rows(table, population="all", site=site)["value"]["pearson_r"]
        assert np.isnan(r)
        if site == "north":
            south = rows(table, population="all", site="south")
            assert combined["value"]["pearson_r"] == pytest.approx(south["value"]["pearson_r"])
        else:
            assert np.isnan(combined["value"]["pearson_r"])
            assert combined["n"]["pearson_r"] == 0


def test_people_without_score_or_outcome_are_not_counted() -> None:
    cohort = Cohort()
    cohort.scores = cohort.scores.drop("sub-north1")
    cohort.outcome["sub-north2"] = np.nan
    table, _ = cohort.judged(use(training=TRAINING))
    assert set(rows(table, population="all", site="north")["n"]) == {SIZES["north"] - 2}


def test_differences_name_each_person_with_the_rule_and_r_without_them() -> None:
    cohort = Cohort()
    found = differences("m", "pain", cohort.gathered(use(training=TRAINING)))
    assert [item["site"] for item in found] == ["north", "south", "tiny"], "training people are not external"
    north = found[0]
    assert north["populations"] == ["kept", "all"]
    assert north["only_in"] == {"kept": [], "all": ["sub-north0", "sub-north10"]}
    assert north["n"] == {"kept": 13, "all": 15}
    for name in ("kept", "all"):
        assert north["value"][name] == pytest.approx(
            scipy_stats.pearsonr(*cohort.pairs("north", name == "kept"))[0]
        )
    person = north["people"][0]
    assert (person["participant_id"], person["in"], person["reason"]) == (
        "sub-north0",
        ["all"],
        "not: by rule",
    )
    names = [name for name in cohort.table.index if "north" in name and name != "sub-north0"]
    wanted = scipy_stats.pearsonr(cohort.scores[names], cohort.outcome[names])[0]
    assert person["r_without"] == pytest.approx(wanted)
    assert found[2]["value"]["kept"] is None, "two people have no r, and JSON no NaN"


def test_someone_who_is_only_in_the_smaller_population_has_no_r_of_the_larger_without_them() -> None:
    cohort = Cohort()
    rest = [name for name in cohort.table.index if name != "sub-north1"]
    cohort.populations = pd.concat(
        [population(cohort.table, ["sub-north1", "sub-north2"], "few"),
         population(cohort.table, rest, "most")], ignore_index=True,
    )  # fmt: skip
    north = next(item for item in differences("m", "pain", cohort.gathered(use())) if item["site"] == "north")
    without = {person["participant_id"]: person["r_without"] for person in north["people"]}
    assert without["sub-north1"] is None
    assert without["sub-north3"] is not None


def test_people_who_trained_the_marker_get_no_p() -> None:
    table, _ = Cohort().judged(use(training=TRAINING))
    assert table.loc[table["scheme"] == IN_SAMPLE, "p"].isna().all()
    tested = table[(table["scheme"] == EXTERNAL) & (table["metric"] == "pearson_r")]
    assert tested["p"].notna().all()


def test_equal_populations_have_no_differences() -> None:
    cohort = Cohort()
    cohort.populations = population(cohort.table, cohort.table.index, "all")
    assert differences("m", "pain", cohort.gathered(use())) == []
    assert cohort.judged(use())[0]["population"].unique().tolist() == ["all"]


def test_nobody_with_a_score_is_an_empty_evaluation() -> None:
    cohort = Cohort()
    cohort.scores = cohort.scores.iloc[:0]
    table, problems = cohort.judged(use(training=TRAINING))
    assert table.empty
    assert list(table.columns) == schema("evaluation").names
    assert problems == []
