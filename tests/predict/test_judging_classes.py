"""Class outcomes: what a marker's rows say, against slow ways; and cohorts that cannot be judged."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from stats.cohort_tables import outcome as outcome_rows
from stats.cohort_tables import people, population

from corticolimbic.features import SchemaError, read_table, schema
from corticolimbic.foundation import InputError, SettingsError
from corticolimbic.predict import (
    ALL_SITES,
    Candidate,
    Evaluation,
    JudgingSettings,
    MarkerUse,
    PredictSettings,
    Question,
    TrainingPeople,
    covariates_of,
    evaluate,
    gather,
    questions,
)
from corticolimbic.stats import TTest, auc, combine_auc

SETTINGS = PredictSettings(resamples=200, judging=JudgingSettings(repeats=3))
LOCO, KFOLD = "leave-one-centre-out", "k-fold"
QUESTION = Question("persistent_20", is_class=True, ceiling=0.86, ceiling_levels=0.93)
MARKER = Candidate("m", originals=((True, TTest(2.5, 38, 10.0), "E1"),))


class Cohort:
    """Three sites; a score that works, motion and baseline pain that tell something."""

    def __init__(
        self, n: int = 120, seed: int = 3, sites: tuple[str, ...] = ("north", "south", "west")
    ) -> None:
        rng = np.random.default_rng(seed)
        self.table = people(n, rng, sites)
        ids = self.table.index
        self.motion = pd.Series(rng.gamma(4, 0.04, n), ids)
        self.pain = pd.Series(rng.uniform(3, 9, n), ids)
        self.scores = pd.Series(rng.normal(size=n), ids)
        chance = 1 / (1 + np.exp(-(self.scores + 0.3 * (self.pain - 6) + 4 * (self.motion - 0.16))))
        self.classes = (rng.random(n) < chance).astype(float)
        self.populations = pd.concat(
            [population(self.table, [one for one in ids if one[-1] != "7"], "kept"),
             population(self.table, ids, "all")], ignore_index=True,
        )  # fmt: skip

    def covariates(self, settings: JudgingSettings = SETTINGS.judging):
        quality = pd.DataFrame({"mean_fd": self.motion})
        pain = outcome_rows(self.pain.to_dict(), "baseline_pain", family="continuous", role="covariate")
        empty = pd.DataFrame({"participant_id": [], "session_id": []}, dtype=object)
        return covariates_of(self.table, empty, quality, pain, settings)

    def judged(self, use: MarkerUse | None = None, **changes: object):
        made = gather(
            self.scores,
            self.classes,
            self.table,
            self.populations,
            use or MarkerUse(id="m"),
            self.covariates(),
        )
        return replace(made, **changes) if changes else made

    def evaluate(self, candidate: Candidate = MARKER, question: Question = QUESTION, use=None) -> Evaluation:
        use = use or MarkerUse(id="m")
        return evaluate(candidate, question, self.judged(use), use, SETTINGS)

    def at(self, site: str) -> tuple[np.ndarray, np.ndarray]:
        here = self.table.index[self.table["site"] == site]
        return self.scores[here].to_numpy(), self.classes[here].to_numpy()


def rows(found: Evaluation, **where: str) -> pd.DataFrame:
    table = found.table
    for name, value in {"population": "all", **where}.items():
        table = table[table[name] == value]
    return table.set_index("metric")


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return Cohort()


@pytest.fixture(scope="module")
def found(cohort: Cohort) -> Evaluation:
    return cohort.evaluate()


def test_every_metric_of_the_contract_is_there(found: Evaluation) -> None:
    external = set(rows(found, site=ALL_SITES, scheme="external").index)
    assert external == {
        "auc", "auc_pooled", "auc_heterogeneity", "auc_ceiling", "association", "association|age+sex",
        "association|motion", "association|site", "association|baseline_pain", "association|all",
        "increment_loglik", "bf_replication",
    }  # fmt: skip
    folds = set(rows(found, site=ALL_SITES, scheme=LOCO).index)
    assert folds == {
        "brier", "brier_skill_prevalence", "brier_skill_baseline_pain", "calibration_intercept",
        "calibration_slope", "auc_increment", "sensitivity", "specificity",
        *(f"{name}_{share}" for name in ("ppv", "npv") for share in ("05", "20", "40", "60")),
    }  # fmt: skip
    assert schema("evaluation").check(found.table).equals(found.table)
    assert schema("curves").check(found.curves).equals(found.curves)
    assert set(found.table["population"]) == {"kept", "all"}
    notes = rows(found, site=ALL_SITES)["note"]
    assert "assumes the same sensitivity and specificity" in notes["ppv_20"]
    assert "without medication, which is lacking" in notes["association|all"]
    assert "0.930" in notes["auc_ceiling"]
    assert {item.code for item in found.problems} == {"CL715"}


def test_auc_of_each_site_and_combined_within_them(cohort: Cohort, found: Evaluation) -> None:
    sites = {site: auc(*cohort.at(site)) for site in ("north", "south", "west")}
    for site, one in sites.items():
        row = rows(found, site=site, scheme="external").loc["auc"]
        assert (row["value"], row["ci_low"], row["p"]) == pytest.approx((one.value, one.ci_low, one.p))
        assert row["n"] == one.n
    combined = combine_auc(list(sites.values()))
    row = rows(found, site=ALL_SITES).loc["auc"]
    assert (row["value"], row["ci_high"], row["p"]) == pytest.approx(
        (combined.value, combined.ci_high, combined.p)
    )
    assert rows(found, site=ALL_SITES)["p"]["auc_heterogeneity"] == pytest.approx(combined.p_q)


def test_fold_rows_equal_models_fitted_at_the_other_centres(cohort: Cohort, found: Evaluation) -> None:
    import statsmodels.api as sm

    ids = sorted(cohort.table.index)
    site, y = cohort.table.loc[ids, "site"].to_numpy(), cohort.classes[ids].to_numpy()
    x, pain = cohort.scores[ids].to_numpy(), cohort.pain[ids].to_numpy()
    predicted, base, alone = (np.zeros(len(ids)) for _ in range(3))
    called = np.zeros(len(ids), dtype=bool)
    for left in np.unique(site):
        train, here = site != left, site == left
        for target, columns in ((predicted, x), (alone, pain)):
            design = sm.add_constant(columns)
            target[here] = sm.Logit(y[train], design[train]).fit(disp=0).predict(design[here])
        base[here] = y[train].mean()
        others = np.sort(x[train][y[train] == 0])
        called[here] = x[here] > others[math.ceil(0.8 * others.size) - 1]
    values = rows(found, site=ALL_SITES, scheme=LOCO)["value"]
    loss = ((y - predicted) ** 2).sum()
    assert values["brier"] == pytest.approx(loss / len(ids))
    assert values["brier_skill_prevalence"] == pytest.approx(1 - loss / ((y - base) ** 2).sum())
    assert values["brier_skill_baseline_pain"] == pytest.approx(1 - loss / ((y - alone) ** 2).sum())
    design = np.column_stack(
        [*(site == name for name in np.unique(site)), np.log(predicted / (1 - predicted))]
    )
    fitted = sm.GLM(y, design.astype(float), sm.families.Binomial()).fit()
    assert values["calibration_slope"] == pytest.approx(fitted.params[-1], rel=1e-5)
    assert values["sensitivity"] == pytest.approx(called[y == 1].mean())
    assert values["specificity"] == pytest.approx(1 - called[y == 0].mean())
    curve = found.curves[(found.curves["population"] == "all") & (found.curves["curve"] == "decision")]
    at = curve[curve["x"].round(6) == 0.4].iloc[0]
    treated = predicted >= 0.4
    wanted = (treated & (y == 1)).mean() - (treated & (y == 0)).mean() * 0.4 / 0.6
    assert at["y"] == pytest.approx(wanted)


def test_associations_equal_statsmodels(cohort: Cohort, found: Evaluation) -> None:
    import statsmodels.api as sm

    ids = cohort.table.index
    z = cohort.scores / cohort.scores.std(ddof=0)
    for metric, extra in (("association", []), ("association|motion", [cohort.motion]),
                          ("association|site", [cohort.table["site"] == name for name in ("south", "west")]),
                          ("association|baseline_pain", [cohort.pain])):  # fmt: skip
        design = np.column_stack([np.ones(len(ids)), *extra, z]).astype(float)
        fitted = sm.Logit(cohort.classes, design).fit(disp=0)
        row = rows(found, site=ALL_SITES).loc[metric]
        assert row["value"] == pytest.approx(fitted.params.iloc[-1], rel=1e-6)
        assert row["p"] == pytest.approx(fitted.pvalues.iloc[-1], rel=1e-5)


def test_the_roc_curve_has_the_area_of_the_combined_auc(found: Evaluation) -> None:
    curve = found.curves[(found.curves["population"] == "all") & (found.curves["curve"] == "roc")]
    for site in ("north", ALL_SITES):
        part = curve[curve["site"] == site]
        area = np.trapezoid(part["y"], part["x"])
        assert area == pytest.approx(rows(found, site=site)["value"]["auc"], abs=0.02)
    assert {"roc", "calibration", "decision", "decision_all", "decision_baseline_pain"} == set(
        found.curves["curve"]
    )


def test_a_marker_of_the_other_direction_is_turned(cohort: Cohort, found: Evaluation) -> None:
    turned = Cohort()
    turned.scores = -turned.scores
    candidate = replace(MARKER, sign=-1)
    pd.testing.assert_frame_equal(turned.evaluate(candidate).table, found.table)
    plain = turned.evaluate(replace(MARKER, sign=0))
    row = rows(plain, site=ALL_SITES).loc["auc"]
    assert row["value"] == pytest.approx(1 - rows(found, site=ALL_SITES)["value"]["auc"])
    assert row["note"].startswith("the marker states no direction")
    assert "bf_replication" not in rows(plain, site=ALL_SITES).index


def test_the_order_of_people_makes_no_difference(found: Evaluation) -> None:
    shuffled = Cohort()
    rng = np.random.default_rng(9)
    for name in ("scores", "classes", "motion", "pain", "table"):
        whole = getattr(shuffled, name)
        setattr(shuffled, name, whole.iloc[rng.permutation(len(whole))])
    shuffled.populations = shuffled.populations.sample(frac=1, random_state=2).sort_values(
        "population", ascending=False, kind="stable", ignore_index=True
    )
    again = shuffled.evaluate()
    key = schema("evaluation").key
    pd.testing.assert_frame_equal(
        again.table.sort_values(key, ignore_index=True), found.table.sort_values(key, ignore_index=True),
        rtol=1e-9,
    )  # fmt: skip


def test_training_people_are_apart_and_without_p(cohort: Cohort) -> None:
    use = MarkerUse(id="m", training=TrainingPeople(column="site", equals="north", population="all"))
    found = cohort.evaluate(use=use)
    inside = rows(found, site="north")
    assert list(inside["scheme"]) == ["in-sample"]
    assert math.isnan(inside["p"]["auc"])
    assert rows(found, site=ALL_SITES)["n"]["auc"] == 80
    assert rows(found, site=ALL_SITES, scheme=LOCO)["n"]["brier"] == 80


def test_one_centre_is_judged_by_stratified_folds() -> None:
    single = Cohort(60, sites=("only",))
    found = single.evaluate()
    assert set(found.table["site"]) == {"only"}
    assert set(found.table["scheme"]) == {"external", KFOLD}
    folds = rows(found, site="only", scheme=KFOLD)
    assert 0 < folds["value"]["brier"] < 0.3
    assert math.isnan(folds["p"]["auc_increment"])
    assert folds["ci_low"]["calibration_slope"] < folds["value"]["calibration_slope"]
    assert "association|site" not in rows(found).index


def test_a_published_cut_off_is_used_as_it_is(cohort: Cohort) -> None:
    found = cohort.evaluate(replace(MARKER, cut_off=0.3))
    called = cohort.scores > 0.3
    row = rows(found, site=ALL_SITES, scheme="external").loc["sensitivity"]
    assert row["value"] == pytest.approx(called[cohort.classes == 1].mean())
    assert "published cut-off 0.3" in row["note"]


def test_sweep_outcomes_get_their_auc_alone(cohort: Cohort) -> None:
    found = cohort.evaluate(question=replace(QUESTION, outcome="persistent_40", whole=False))
    assert set(found.table["metric"]) == {"auc", "auc_pooled", "auc_heterogeneity", "auc_ceiling"}
    assert found.curves.empty


def test_a_marker_that_is_only_motion_or_only_site_falls_when_they_are_held() -> None:
    """Forty cohorts: the adjusted association's p is that of nothing."""
    p = {"motion": [], "site": []}
    for seed in range(40):
        rng = np.random.default_rng(700 + seed)
        n = 90
        motion, site = rng.normal(size=n), np.arange(n) % 3
        classes = (rng.random(n) < 1 / (1 + np.exp(-motion - (site - 1)))).astype(float)
        from corticolimbic.stats import adjusted_log_odds

        dummies = np.column_stack([site == 1, site == 2]).astype(float)
        both = np.column_stack([motion, dummies])
        p["motion"].append(adjusted_log_odds(motion + rng.normal(size=n), classes, both).p)
        p["site"].append(adjusted_log_odds(site + rng.normal(size=n), classes, both).p)
    assert all(scipy_stats.kstest(values, "uniform").pvalue > 0.001 for values in p.values())


def test_a_site_with_one_class_is_left_out_by_name() -> None:
    cohort = Cohort()
    south = cohort.table.index[cohort.table["site"] == "south"]
    cohort.classes[south] = 1.0
    found = cohort.evaluate()
    row = rows(found, site=ALL_SITES).loc["auc"]
    assert row["n"] == 80
    assert "without south: one class only" in row["note"]
    assert math.isnan(rows(found, site="south")["value"]["auc"])
    named = [item.found for item in found.problems if item.code == "CL713"]
    assert "m, persistent_20, all, south: one class only (40 of 40 of class 1)" in named


@pytest.mark.parametrize(
    "change", ["one class", "constant", "all missing at a site", "nobody", "four", "ties"]
)
def test_cohorts_that_say_little_end_in_rows_or_problems(change: str) -> None:
    cohort = Cohort(60)
    codes = {"CL715"}
    if change == "one class":
        cohort.classes[:] = 0.0
        codes = {"CL717"}
    elif change == "constant":
        cohort.scores[:] = 0.5
        codes |= {"CL713"}
    elif change == "all missing at a site":
        cohort.scores[cohort.table.index[cohort.table["site"] == "west"]] = np.nan
    elif change == "nobody":
        cohort.scores[:] = np.nan
        codes = set()
    elif change == "four":
        few = sorted(cohort.table.index)[:4]
        cohort.scores, cohort.classes = cohort.scores[few], pd.Series([0.0, 1, 0, 1], few)
        codes |= {"CL702", "CL714"}
    else:
        cohort.scores = cohort.scores.round()
    found = cohort.evaluate()
    assert {item.code for item in found.problems} - {"CL714"} == codes - {"CL714"}
    values = rows(found)
    if change in {"one class", "nobody"}:
        assert found.table.empty
    elif change == "constant":
        assert values.loc[["auc"], "value"].isna().all()
        assert "does not vary" in values["note"]["association"]
    elif change == "all missing at a site":
        assert set(values["site"]) == {"north", "south", ALL_SITES}
    elif change == "four":
        assert set(values["scheme"]) <= {"external"}, "four people train no model"


def test_scores_that_are_text_are_refused_by_file_and_column(tmp_path) -> None:
    cohort = Cohort(20)
    cohort.scores = cohort.scores.map(lambda value: f"{value:.3f}")
    with pytest.raises(InputError, match=r"(?s)CL716.*score") as refused:
        cohort.judged()
    assert refused.value.problem.file == "predict/scores.tsv"
    assert "column score holds '" in refused.value.problem.found
    table = schema("scores").table([{"participant_id": "sub-1", "score": 1.0, "status": "ok"}])
    path = tmp_path / "scores.tsv"
    path.write_text(
        "\t".join(table.columns) + "\n" + "\t".join(["x"] * (len(table.columns) - 3) + ["much", "1", "ok\n"])
    )
    with pytest.raises(SchemaError, match=r"scores.tsv: .*column score: .*'much'"):
        read_table("scores", path)


def test_a_medication_column_that_is_not_there_is_a_settings_error(cohort: Cohort) -> None:
    with pytest.raises(SettingsError, match="no table has a column 'opioids'"):
        cohort.covariates(JudgingSettings(medication_columns=("opioids",)))
    with_dose = Cohort()
    with_dose.table["dose"] = [str(at % 4) for at in range(len(with_dose.table))]
    made = with_dose.covariates(JudgingSettings(medication_columns=("dose",)))
    assert made.columns["medication"] == ("medication",)


def test_questions_are_the_primary_outcomes_and_every_class() -> None:
    table = pd.concat(
        [outcome_rows({"sub-1": 1.0, "sub-2": 0.0}, name, family="relative", role=role, unit="class",
                      label=lambda value: "persistent" if value else "recovered")
         for name, role in (("persistent_20", "primary"), ("persistent_30", "sensitivity"),
                            ("persistent_50", "sweep"))]
        + [outcome_rows({"sub-1": 5.0}, name, family="continuous", role=role)
           for name, role in (("final_pain", "primary"), ("change", "secondary"),
                              ("baseline_pain", "covariate"))],
        ignore_index=True,
    )  # fmt: skip
    wrong = pd.DataFrame({"outcome": ["persistent_20"], "auc_ceiling": [0.9], "auc_ceiling_levels": [0.95]})
    asked = {question.outcome: question for question, _ in questions(table, wrong)}
    assert list(asked) == ["final_pain", "persistent_20", "persistent_30", "persistent_50"]
    assert [one.whole for one in asked.values()] == [True, True, False, False]
    assert (asked["persistent_20"].ceiling, asked["final_pain"].is_class) == (0.9, False)
