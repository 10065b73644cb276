"""Baselines: fitted without whom they are tested on, and equal to scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score
from stats.cohort_tables import population

from corticolimbic.features import schema
from corticolimbic.predict import (
    ALL_SITES,
    K_FOLD,
    LEAVE_ONE_CENTRE_OUT,
    Judged,
    JudgingSettings,
    MarkerUse,
    NuisanceModel,
    PredictSettings,
    TrainingPeople,
    external_sites_of,
    gather,
    judge_baselines,
    judge_recalibrated,
    nuisances,
)
from corticolimbic.predict._out_of_fold import centre_by_centre, fold_by_fold
from corticolimbic.stats import ModelError, meta_correlation

SIZES = {"north": 22, "south": 17, "west": 31}
SETTINGS = PredictSettings(resamples=200, judging=JudgingSettings(repeats=1))


class Study:
    """Motion tells of the outcome, centres differ in it, age and sex tell nothing."""

    def __init__(self, seed: int = 3, motion: float = 1.0, centres: float = 1.0) -> None:
        rng = np.random.default_rng(seed)
        ids = [f"sub-{site}{at:02d}" for site, size in SIZES.items() for at in range(size)]
        sites = [name.removeprefix("sub-").rstrip("0123456789") for name in ids]
        n = len(ids)
        self.participants = pd.DataFrame(
            {"site": sites, "age": [f"{age:.2f}" for age in rng.uniform(20, 60, n)],
             "sex": rng.choice(["F", "M"], n)}, index=pd.Index(ids, name="participant_id"), dtype=object,
        )  # fmt: skip
        self.quality = pd.DataFrame({"mean_fd": rng.gamma(4, 0.04, n)}, index=ids)
        standard = (self.quality["mean_fd"] - 0.16) / 0.08
        place = pd.Series(sites, ids).map({"north": -centres, "south": 0.0, "west": centres})
        self.outcome = motion * standard + place + pd.Series(rng.normal(0, 1, n), ids)
        self.classes = (self.outcome > 0).astype(float)
        self.pain = self.outcome + pd.Series(rng.normal(0, 1, n), ids)
        self.populations = population(self.participants, ids, "everyone")

    def table(self, pain: bool = True) -> pd.DataFrame:
        given = self.pain if pain else pd.Series(dtype=float)
        return nuisances(self.participants, self.populations, self.quality, given, SETTINGS)

    def judged(self, classes: bool = False, **more: object) -> tuple[pd.DataFrame, list]:
        values = self.classes if classes else self.outcome
        return judge_baselines(
            "y", values, self.table(), self.populations, np.random.default_rng(5), SETTINGS,
            classes=classes, **more,
        )  # fmt: skip

    def left_out(self, columns: list[str], classes: bool = False) -> tuple[pd.Series, pd.Series]:
        """Predict each centre from the others with scikit-learn, and give the mean of the others."""
        raw = pd.DataFrame(
            {"mean_fd": self.quality["mean_fd"], "age": self.participants["age"].astype(float),
             "sex": (self.participants["sex"] == "M").astype(float), "pain": self.pain}
        )[columns]  # fmt: skip
        raw = (raw - raw.mean()) / raw.std()  # changes no prediction, and lets the solver come to rest
        y = self.classes if classes else self.outcome
        made, mean = pd.Series(index=y.index, dtype=float), pd.Series(index=y.index, dtype=float)
        for site in SIZES:
            test = self.participants["site"] == site
            if classes:
                model = LogisticRegression(C=np.inf, tol=1e-13, solver="newton-cholesky", max_iter=500)
                made[test] = model.fit(raw[~test], y[~test]).predict_proba(raw[test])[:, 1]
            else:
                made[test] = LinearRegression().fit(raw[~test], y[~test]).predict(raw[test])
            mean[test] = y[~test].mean()
        return made, mean


def value(table: pd.DataFrame, name: str, metric: str, site: str = ALL_SITES,
          scheme: str = LEAVE_ONE_CENTRE_OUT) -> float:  # fmt: skip
    rows = table[(table["name"] == name) & (table["metric"] == metric) & (table["site"] == site)]
    rows = rows[rows["scheme"] == scheme]
    assert len(rows) == 1
    return float(rows["value"].iloc[0])


@pytest.fixture(scope="module")
def study() -> Study:
    return Study()


@pytest.fixture(scope="module")
def table(study: Study) -> pd.DataFrame:
    made, problems = study.judged()
    assert problems == []
    assert schema("evaluation").check(made).equals(made)
    return made


COLUMNS = {
    "motion": ["mean_fd"],
    "age-sex": ["age", "sex"],
    "baseline pain": ["pain"],
    "all nuisances": ["mean_fd", "age", "sex"],
}


@pytest.mark.parametrize("name", list(COLUMNS))
def test_each_centre_equals_scikit_learn(study: Study, table: pd.DataFrame, name: str) -> None:
    made, mean = study.left_out(COLUMNS[name])
    rs, ns = [], []
    for site, size in SIZES.items():
        at = study.participants["site"] == site
        y = study.outcome[at]
        wanted = 1 - ((y - made[at]) ** 2).sum() / ((y - mean[at]) ** 2).sum()
        r = scipy_stats.pearsonr(made[at], y)[0]
        assert value(table, f"baseline: {name}", "q2", site) == pytest.approx(wanted, abs=1e-8)
        assert value(table, f"baseline: {name}", "pearson_r", site) == pytest.approx(r, abs=1e-8)
        rs.append(r)
        ns.append(size)
    y = study.outcome
    wanted = 1 - ((y - made) ** 2).sum() / ((y - mean) ** 2).sum()
    assert value(table, f"baseline: {name}", "q2") == pytest.approx(wanted, abs=1e-8)
    combined = meta_correlation(np.array(rs), np.array(ns)).value
    assert value(table, f"baseline: {name}", "pearson_r") == pytest.approx(combined, abs=1e-8)
    pooled = scipy_stats.pearsonr(made, y)[0]
    assert value(table, f"baseline: {name}", "pearson_r_pooled") == pytest.approx(pooled, abs=1e-8)


@pytest.fixture(scope="module")
def class_table(study: Study) -> pd.DataFrame:
    made, problems = study.judged(classes=True)
    assert problems == []
    return made


@pytest.mark.parametrize("name", list(COLUMNS))
def test_classes_equal_scikit_learn(study: Study, class_table: pd.DataFrame, name: str) -> None:
    table = class_table
    made, prevalence = study.left_out(COLUMNS[name], classes=True)
    y = study.classes
    wanted = 1 - ((y - made) ** 2).sum() / ((y - prevalence) ** 2).sum()
    assert value(table, f"baseline: {name}", "brier_skill_prevalence") == pytest.approx(wanted, abs=1e-7)
    assert value(table, f"baseline: {name}", "auc_pooled") == pytest.approx(roc_auc_score(y, made))
    each = {}
    for site in SIZES:
        at = study.participants["site"] == site
        each[site] = roc_auc_score(y[at], made[at])
        assert value(table, f"baseline: {name}", "auc", site) == pytest.approx(each[site])
    assert min(each.values()) <= value(table, f"baseline: {name}", "auc") <= max(each.values())


def test_a_centre_that_was_left_out_is_predicted_by_the_mean_whose_pooled_r_is_an_artefact(
    study: Study, table: pd.DataFrame
) -> None:
    for site in (*SIZES, ALL_SITES):
        assert value(table, "baseline: site", "q2", site) == 0
        assert np.isnan(value(table, "baseline: site", "pearson_r", site))
    _, mean = study.left_out(["mean_fd"])
    wanted = scipy_stats.pearsonr(mean, study.outcome)[0]
    assert value(table, "baseline: site", "pearson_r_pooled") == pytest.approx(wanted, abs=1e-8)
    assert wanted < -0.3


def test_folds_equal_scikit_learn_and_share_out_every_centre(study: Study) -> None:
    people = study.table().assign(outcome=study.outcome)
    model = NuisanceModel(("site", "mean_fd"), classes=False)
    found = fold_by_fold(people, model, np.random.default_rng(1), folds=5, repeats=2)
    y, sites = found.observed, found.people["site"].to_numpy()
    matrix = np.column_stack(
        [sites == "south", sites == "west", study.quality["mean_fd"].reindex(found.people.index)]
    )
    for repeat, fold in enumerate(found.fold):
        for one in range(5):
            test = fold == one
            wanted = LinearRegression().fit(matrix[~test], y[~test]).predict(matrix[test])
            np.testing.assert_allclose(found.predicted[repeat, test], wanted, atol=1e-10)
            assert set(found.reference[repeat, test]) == {y[~test].mean()}
            counts = [int((test & (sites == site)).sum()) for site in SIZES]
            assert all(abs(count - size / 5) < 1 for count, size in zip(counts, SIZES.values(), strict=True))
    assert (found.fold[0] != found.fold[1]).any()


def test_folds_inside_centres_know_the_centres_mean(table: pd.DataFrame) -> None:
    assert value(table, "baseline: site", "q2", scheme=K_FOLD) > 0
    assert value(table, "baseline: all nuisances", "q2", scheme=K_FOLD) > value(
        table, "baseline: motion", "q2", scheme=K_FOLD
    )
    folds = table[table["scheme"] == K_FOLD]
    assert set(folds["metric"]) == {"q2"}
    assert folds["ci_low"].isna().all()


def test_what_was_planted_is_found_and_permuted_labels_are_not(study: Study, table: pd.DataFrame) -> None:
    assert value(table, "baseline: motion", "q2") > 0.1
    assert value(table, "baseline: motion", "pearson_r") > 0.4
    assert value(table, "baseline: age-sex", "q2") < 0.05
    shuffled = Study()
    order = np.random.default_rng(8).permutation(len(shuffled.outcome))
    shuffled.outcome = pd.Series(shuffled.outcome.to_numpy()[order], shuffled.outcome.index)
    assert value(shuffled.judged()[0], "baseline: motion", "q2") < 0.05


def test_the_order_of_rows_changes_nothing(study: Study, table: pd.DataFrame) -> None:
    other = Study()
    order = np.random.default_rng(2).permutation(len(other.outcome))
    for name in ("participants", "quality", "outcome", "pain"):
        setattr(other, name, getattr(other, name).iloc[order])
    again = other.judged()[0].set_index(["name", "scheme", "site", "metric"])["value"]
    before = table.set_index(["name", "scheme", "site", "metric"])["value"]
    pd.testing.assert_series_equal(again.sort_index(), before.sort_index(), rtol=1e-9, atol=1e-12)


def test_leaving_out_one_person_the_mean_predicts_at_minus_one() -> None:
    """METHODS M-3: with every person a centre of their own the artefact is complete."""
    study = Study()
    study.participants = study.participants.iloc[::5].copy()
    study.participants["site"] = study.participants.index
    study.outcome = study.outcome[study.participants.index]
    study.populations = population(study.participants, study.participants.index, "everyone")
    people = pd.DataFrame({"site": study.participants["site"], "outcome": study.outcome})
    found = centre_by_centre(people, NuisanceModel(("site",), classes=False))
    assert scipy_stats.pearsonr(found.predicted[0], found.observed)[0] == pytest.approx(-1)
    table, _ = study.judged()
    assert not (table["scheme"] == LEAVE_ONE_CENTRE_OUT).any(), "no centre has people enough to be judged"


def test_a_level_that_nobody_had_is_predicted_without_the_column() -> None:
    people = pd.DataFrame(
        {"site": ["a", "a", "a", "b", "b", "b"], "age": [1.0, 2, 3, 2, 3, 5]}, index=list("uvwxyz")
    )
    y = np.array([1.0, 2, 2, 5, 7, 8])
    fitted = NuisanceModel(("site", "age"), classes=False).fit(people, y)
    new = pd.DataFrame({"site": ["b", "c"], "age": [4.0, 4.0]}, index=["p", "q"])
    both = LinearRegression().fit(np.column_stack([people["site"] == "b", people["age"]]), y)
    alone = LinearRegression().fit(people[["age"]].to_numpy(), y)
    wanted = [both.predict([[1, 4.0]])[0], alone.predict([[4.0]])[0]]
    np.testing.assert_allclose(fitted.predict(new), wanted, atol=1e-10)


def test_columns_that_do_not_vary_or_repeat_each_other_add_nothing() -> None:
    rng = np.random.default_rng(1)
    age = rng.uniform(20, 60, 30)
    people = pd.DataFrame({"age": age, "months": 12 * age, "sex": "F"}, index=[f"p{at}" for at in range(30)])
    y = rng.normal(size=30)
    alone = NuisanceModel(("age",), classes=False).fit(people, y).predict(people)
    every = NuisanceModel(("age", "months", "sex"), classes=False).fit(people, y).predict(people)
    np.testing.assert_allclose(every, alone, atol=1e-10)
    constant = NuisanceModel(("sex",), classes=False).fit(people, y).predict(people)
    assert set(constant) == {y.mean()}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_and_infinite_values_are_refused_by_the_model(bad: float) -> None:
    people = pd.DataFrame({"age": [1.0, 2, bad, 4]}, index=list("abcd"))
    with pytest.raises(ModelError, match=r"missing|infinite"):
        NuisanceModel(("age",), classes=False).fit(people, np.arange(4.0))


def test_people_without_a_column_are_left_out_of_its_baseline_only() -> None:
    study = Study()
    study.participants.loc["sub-north00", "age"] = "n/a"
    study.outcome["sub-west03"] = np.nan
    table, _ = study.judged()
    numbers = table[(table["metric"] == "q2") & (table["site"] == ALL_SITES)].groupby("name")["n"].first()
    assert numbers["baseline: age-sex"] == numbers["baseline: all nuisances"] == 68
    assert numbers["baseline: motion"] == numbers["baseline: site"] == 69


def test_what_cannot_be_judged_is_named() -> None:
    study = Study()
    study.participants = study.participants.drop(columns="sex")
    study.classes[:] = 1.0
    table, problems = study.judged(classes=True)
    assert table.empty
    assert {item.code for item in problems} == {"CL770", "CL771"}
    assert any("age-sex: nobody has sex" in item.found for item in problems)
    assert any("only one class" in item.found for item in problems)


def test_one_centre_is_judged_by_folds_alone_and_an_unknown_centre_is_none() -> None:
    study = Study()
    study.populations["site"] = ["north"] * 40 + ["n/a"] * 30
    table, problems = study.judged()
    assert set(table["scheme"]) == {K_FOLD}
    assert all(LEAVE_ONE_CENTRE_OUT in item.found for item in problems)


def test_without_baseline_pain_there_is_no_such_baseline_and_no_complaint() -> None:
    study = Study()
    table, problems = judge_baselines(
        "y", study.outcome, study.table(pain=False), study.populations, np.random.default_rng(1), SETTINGS,
        classes=False,
    )  # fmt: skip
    assert "baseline: baseline pain" not in set(table["name"])
    assert problems == []


TRAINED = TrainingPeople(column="site", equals="north", population="everyone")


def markers(study: Study, scores: pd.Series, training: TrainingPeople | None = None) -> Judged:
    use = MarkerUse(id="spisak2020_rpn", training=training)
    return gather(scores, study.outcome, study.participants, study.populations, use)


def test_a_marker_is_recalibrated_on_the_other_centres(study: Study) -> None:
    scores = (
        3
        + 0.2 * study.outcome
        + pd.Series(np.random.default_rng(6).normal(0, 0.2, len(study.outcome)), study.outcome.index)
    )
    table, problems = judge_recalibrated(
        "m", "y", markers(study, scores), np.random.default_rng(1), SETTINGS, classes=False
    )
    assert problems == []
    for site in SIZES:
        at = study.participants["site"] == site
        slope, intercept = np.polyfit(scores[~at], study.outcome[~at], 1)
        y = study.outcome[at]
        wanted = (
            1
            - ((y - intercept - slope * scores[at]) ** 2).sum() / ((y - study.outcome[~at].mean()) ** 2).sum()
        )
        assert value(table, "m", "q2", site) == pytest.approx(wanted, abs=1e-8)
        assert value(table, "m", "pearson_r", site) == pytest.approx(np.corrcoef(scores[at], y)[0, 1])
    assert set(table["kind"]) == {"marker"}
    assert set(table["scheme"]) == {LEAVE_ONE_CENTRE_OUT}


def test_people_who_trained_a_marker_take_no_part_in_its_recalibration(study: Study) -> None:
    rng = np.random.default_rng(6)
    scores = pd.Series(rng.normal(size=len(study.outcome)), study.outcome.index)
    perfect = scores.copy()
    trained = study.participants.index[study.participants["site"] == "north"]
    perfect[trained] = study.outcome[trained]
    made = [
        judge_recalibrated(
            "m", "y", markers(study, given, TRAINED), np.random.default_rng(1), SETTINGS, classes=False
        )[0]
        for given in (scores, perfect)
    ]
    pd.testing.assert_frame_equal(made[0], made[1])
    assert set(made[0]["site"]) == {"south", "west", ALL_SITES}


def test_baselines_are_judged_once_more_on_the_people_whom_the_marker_never_saw(study: Study) -> None:
    table, _ = study.judged(judged={"m": markers(study, study.outcome, TRAINED)})
    made, mean = study.left_out(["mean_fd"])
    at = study.participants["site"] != "north"
    y = study.outcome[at]
    wanted = 1 - ((y - made[at]) ** 2).sum() / ((y - mean[at]) ** 2).sum()
    assert value(table, "baseline: motion", "q2", external_sites_of("m")) == pytest.approx(wanted, abs=1e-8)


def test_one_centre_left_for_a_marker_is_no_recalibration(study: Study) -> None:
    study = Study()
    scores = study.outcome[study.participants["site"] == "west"]
    table, problems = judge_recalibrated(
        "m", "y", markers(study, scores), np.random.default_rng(1), SETTINGS, classes=False
    )
    assert table.empty
    assert problems == []
