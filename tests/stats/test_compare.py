"""Every circuit edge against the outcome: against statsmodels on a table joined independently."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats as scipy_stats
from stats.cohort_tables import EDGES, features, outcome, people, population, quality

from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError
from corticolimbic.stats import CompareSettings, Comparison, compare, contrasts, measured_quality

PRIMARY = frozenset({"NAc--mPFC", "Amy--mPFC"})
MEASURED = "measured:mean_fd"


@dataclass
class Study:
    """A cohort with planted effects, and what `compare` makes of it."""

    n: int = 48
    seed: int = 11
    table: pd.DataFrame = field(init=False)
    values: dict = field(init=False)
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.table = people(self.n, self.rng)
        self.pain = self.table["pain"].astype(float).to_dict()
        self.motion = {person: tuple(self.rng.uniform(0.05, 0.3, 2)) for person in self.table.index}
        self.values = {
            person: {
                target: float(np.tanh(0.1 * at * pain + self.rng.normal(0, 0.3)))
                for at, target in enumerate(EDGES)
            }
            for person, pain in self.pain.items()
        }

    def run(self, **changes: object) -> Comparison:
        parts: dict = {
            "baseline": features(self.values, self.rng),
            "quality": measured_quality(quality(self.motion)),
            "participants": self.table,
            "outcomes": outcome(self.pain),
            "populations": population(self.table, self.table.index),
            "primary": PRIMARY,
            "settings": CompareSettings(covariates=("age", "sex", MEASURED)),
        }
        return compare(**{**parts, **changes})

    def joined(self, target: str, persons: list[str] | None = None) -> pd.DataFrame:
        rows = []
        for person in persons or self.table.index:
            row = self.table.loc[person]
            rows.append(
                {
                    "z": np.arctanh(self.values[person][target]),
                    "pain": self.pain[person],
                    "age": float(row["age"]) if row["age"] not in {"n/a", ""} else np.nan,
                    "sex": row["sex"] if row["sex"] not in {"n/a", ""} else None,
                    "site": row["site"],
                    "fd": self.motion[person][0],
                }
            )
        return pd.DataFrame(rows).dropna()


def effect(found: Comparison, target: str, **where: str) -> pd.Series:
    rows = found.effects[found.effects["target"] == target]
    for name, value in where.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def codes(found: Comparison) -> set[str]:
    return {item.code for item in found.problems}


def check_against_statsmodels(row: pd.Series, joined: pd.DataFrame, formula: str, term: str) -> None:
    """Compare with OLS under the robust variance that the row's own model names."""
    robust = "HC3" if row["model"].endswith("HC3") else "HC2"
    assert robust in row["model"]
    fit = smf.ols(formula, joined).fit(cov_type=robust, use_t=True)
    df = fit.df_resid if robust == "HC3" else bell_mccaffrey(fit.model.exog, fit.model.exog_names.index(term))
    estimate, se = fit.params[term], fit.bse[term]
    half = scipy_stats.t.ppf(0.975, df) * se
    p = 2 * scipy_stats.t.sf(abs(estimate / se), df)
    wanted = [estimate, se, estimate / se, df, p, estimate - half, estimate + half]
    names = ["estimate", "se", "statistic_value", "df", "p", "ci_low", "ci_high"]
    np.testing.assert_allclose(row[names].astype(float), wanted, rtol=1e-8)
    assert row["n"] == len(joined)


def bell_mccaffrey(matrix: np.ndarray, column: int) -> float:
    """Return the degrees of freedom of an HC2 variance, from the full people x people matrix."""
    inverse = np.linalg.inv(matrix.T @ matrix)
    left = np.eye(len(matrix)) - matrix @ inverse @ matrix.T
    weight = (inverse @ matrix.T)[column] ** 2 / np.diag(left)
    spread = np.sqrt(weight)[:, None] * left * np.sqrt(weight)
    return float(np.trace(spread) ** 2 / (spread**2).sum())


@pytest.mark.parametrize(
    ("standard_errors", "estimator"), [("hc2", "OLS, HC2 with Bell-McCaffrey df"), ("hc3", "OLS, HC3")]
)
def test_the_declared_standard_errors_are_used(standard_errors: str, estimator: str) -> None:
    study = Study()
    settings = CompareSettings(covariates=("age", "sex", MEASURED), standard_errors=standard_errors)
    found = study.run(settings=settings)
    row = effect(found, "NAc--mPFC")
    assert row["model"].endswith(f"; {estimator}")
    assert found.declared["standard_errors"] == standard_errors
    joined = study.joined("NAc--mPFC")
    check_against_statsmodels(row, joined, "z ~ pain + age + C(sex) + fd + C(site)", "pain")
    assert CompareSettings().standard_errors == "hc2"


@pytest.mark.parametrize("target", EDGES)
def test_equals_statsmodels_on_a_table_joined_independently(target: str) -> None:
    study = Study()
    row = effect(study.run(), target)
    joined = study.joined(target)
    check_against_statsmodels(row, joined, "z ~ pain + age + C(sex) + fd + C(site)", "pain")
    classical = smf.ols("z ~ pain + age + C(sex) + fd + C(site)", joined).fit()
    t = classical.tvalues["pain"]
    assert row["effect_size"] == pytest.approx(t / np.sqrt(t**2 + classical.df_resid), rel=1e-9)
    assert (row["n_sites"], row["es_kind"]) == (3, "partial r")
    assert row["contrast"] == "slope of pain"
    assert row["estimate_unit"] == "Fisher z per unit of the outcome"
    assert row["run"] == "all"
    assert row["model"].startswith("feature ~ pain + age + sex + measured:mean_fd + site; OLS, HC")


def test_the_order_of_rows_does_not_matter() -> None:
    study = Study()
    first = study.run()
    table = study.table.iloc[study.rng.permutation(study.n)]
    tables = {
        "participants": table,
        "outcomes": outcome(study.pain).iloc[study.rng.permutation(study.n)],
        "populations": population(study.table, study.table.index).iloc[study.rng.permutation(study.n)],
        "quality": measured_quality(quality(study.motion)).iloc[::-1],
    }
    again = study.run(**tables)
    pd.testing.assert_frame_equal(first.effects, again.effects, rtol=1e-9)
    assert first.problems == again.problems
    assert first.declared == again.declared


def test_populations_stand_beside_each_other_and_share_nobody_elses_people() -> None:
    study = Study()
    few = sorted(study.table.index)[:30]
    both = pd.concat(
        [population(study.table, study.table.index, "everyone"), population(study.table, few, "kept")],
        ignore_index=True,
    )
    found = study.run(populations=both)
    assert list(dict.fromkeys(found.effects["population"])) == ["everyone", "kept"]
    for name, persons in (("everyone", sorted(study.table.index)), ("kept", few)):
        row = effect(found, "NAc--PAG", population=name)
        formula = "z ~ pain + age + C(sex) + fd + C(site)"
        check_against_statsmodels(row, study.joined("NAc--PAG", persons), formula, "pain")
    alone = study.run(populations=population(study.table, few, "kept"))
    kept = found.effects[found.effects["population"] == "kept"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.effects, kept)


def test_tasks_are_never_pooled() -> None:
    """Rest and rating with opposite planted effects come out apart, with their own families."""
    study = Study(n=60)
    planted = {}
    for task, slope in (("rest", 0.4), ("rating", -0.4)):
        planted[task] = {
            person: {"NAc--mPFC": float(np.tanh(slope * pain + study.rng.normal(0, 0.1)))}
            for person, pain in study.pain.items()
        }
    both = pd.concat([features(values, task=task) for task, values in planted.items()], ignore_index=True)
    found = study.run(baseline=both)
    assert len(found.effects) == 2
    for task, slope in (("rest", 0.4), ("rating", -0.4)):
        row = effect(found, "NAc--mPFC", task=task)
        assert row["estimate"] == pytest.approx(slope, abs=0.05)
        study.values = planted[task]
        formula = "z ~ pain + age + C(sex) + fd + C(site)"
        check_against_statsmodels(row, study.joined("NAc--mPFC"), formula, "pain")
    assert found.effects["family"].nunique() == 2


def test_runs_are_averaged_in_z_within_a_task() -> None:
    study = Study()
    second = {
        person: {target: float(np.tanh(study.rng.normal())) for target in EDGES}
        for person in list(study.values)[:40]
    }
    rows = pd.concat([features(study.values, run="01"), features(second, run="02")], ignore_index=True)
    found = study.run(baseline=rows)
    mean = {
        person: {
            target: float(np.tanh(np.mean([np.arctanh(run[person][target]) for run in (study.values, second)
                                           if person in run])))
            for target in EDGES
        }
        for person in study.values
    }  # fmt: skip
    study.values = mean
    assert len(found.effects) == len(EDGES)
    formula = "z ~ pain + age + C(sex) + fd + C(site)"
    check_against_statsmodels(effect(found, "NAc--PAG"), study.joined("NAc--PAG"), formula, "pain")


def test_atlases_acquisitions_and_spaces_are_apart_and_only_their_own_edges_are_listed() -> None:
    study = Study()
    one = {person: {name: targets[name] for name in EDGES[:2]} for person, targets in study.values.items()}
    other = {person: {name: targets[name] for name in EDGES[2:]} for person, targets in study.values.items()}
    rows = pd.concat(
        [
            features(one, atlas="coordinates", definition="fc-a", acq="fast"),
            features(one, atlas="coordinates", definition="fc-a", acq="slow"),
            features(one, atlas="coordinates", definition="fc-a", acq="slow", space="MNI152NLin6Asym"),
            features(other, atlas="MIST122", definition="fc-b"),
        ],
        ignore_index=True,
    )
    found = study.run(baseline=rows)
    assert len(found.effects) == 8, "only keys that occur are tested"
    assert found.problems == ()
    listed = {family["name"]: family["n_tests"] for family in found.declared["families"]}
    for name, group in found.effects.groupby("family"):
        assert len(group.drop_duplicates(["acq", "space", "atlas"])) == 1
        assert listed[name] == len(group)
        np.testing.assert_allclose(group["q"], scipy_stats.false_discovery_control(group["p"]), rtol=1e-12)


def test_q_is_adjusted_within_its_family_only() -> None:
    found = Study().run()
    for rank, targets in (("primary", PRIMARY), ("exploratory", set(EDGES) - PRIMARY)):
        rows = found.effects[found.effects["target"].isin(targets)]
        assert set(rows["family"]) == {f"{rank}: pain, everyone, task rest, coordinates"}
        np.testing.assert_allclose(rows["q"], scipy_stats.false_discovery_control(rows["p"]), rtol=1e-12)
    assert found.effects["p_fwe"].isna().all()
    assert found.declared["families"] == [
        {
            "name": f"{rank}: pain, everyone, task rest, coordinates",
            "description": f"{rank} edges of the circuit; pain, everyone, task rest, coordinates",
            "n_tests": 2,
        }
        for rank in ("exploratory", "primary")
    ]
    assert found.declared["covariates"] == ["age", "sex", MEASURED]
    assert (found.declared["outcome"], found.declared["statistic"]) == ("pain", "pearson")


def test_only_the_declared_estimator_is_tested() -> None:
    study = Study()
    rows = pd.concat([features(study.values), features(study.values, statistic="partial", definition="fc-2")])
    found = study.run(baseline=rows, settings=CompareSettings(statistic="partial"))
    assert set(found.effects["statistic"]) == {"partial"}


class TestCovariates:
    def test_a_typo_among_numbers_is_a_problem_and_missing(self) -> None:
        study = Study()
        typo, empty = study.table.index[3], study.table.index[5]
        study.table.loc[typo, "age"] = "4o"
        study.table.loc[empty, "age"] = "n/a"
        found = study.run()
        by_code = {item.code: item for item in found.problems if item.participant_id == typo}
        assert by_code["CL307"].found == "age = '4o'"
        assert by_code["CL307"].file == "participants.tsv"
        assert by_code["CL310"].found == "missing: age"
        assert {item.participant_id for item in found.problems if item.code == "CL310"} == {typo, empty}
        study.table.loc[typo, "age"] = "n/a"
        row = effect(found, "NAc--PAG")
        formula = "z ~ pain + age + C(sex) + fd + C(site)"
        check_against_statsmodels(row, study.joined("NAc--PAG"), formula, "pain")
        assert row["n"] == study.n - 2

    def test_text_is_read_as_levels(self) -> None:
        study = Study()
        hand = study.rng.choice(["left", "right", "both"], study.n)
        study.table["hand"] = pd.Series(hand, index=study.table.index, dtype=object)
        found = study.run(settings=CompareSettings(covariates=("hand",)))
        joined = study.joined("NAc--PAG").assign(hand=hand)
        row = effect(found, "NAc--PAG")
        check_against_statsmodels(row, joined, "z ~ pain + C(hand) + C(site)", "pain")
        assert codes(found) == set()

    def test_numbers_that_are_labels_of_two_stay_one_column(self) -> None:
        study = Study()
        study.table["sex"] = study.table["sex"].map({"F": "1", "M": "2"})
        found = study.run()
        formula = "z ~ pain + age + C(sex) + fd + C(site)"
        check_against_statsmodels(effect(found, "NAc--PAG"), study.joined("NAc--PAG"), formula, "pain")

    @pytest.mark.parametrize("name", ["weight", "measured:weight", "measured:"])
    def test_an_unknown_covariate_is_a_settings_error_that_lists_what_there_is(self, name: str) -> None:
        with pytest.raises(SettingsError, match=r"age|mean_fd"):
            Study().run(settings=CompareSettings(covariates=(name,)))

    @pytest.mark.parametrize("cell", ["", "n/a"])
    def test_a_covariate_that_nobody_has_is_a_problem_not_a_crash(self, cell: str) -> None:
        study = Study()
        study.table["age"] = cell
        found = study.run()
        assert found.effects.empty
        (problem,) = found.problems
        assert problem.code == "CL602"
        assert problem.found.endswith("nobody has a value of age")

    def test_a_covariate_that_does_not_vary_is_noted(self) -> None:
        study = Study()
        study.table["sex"] = "F"
        found = study.run()
        assert found.declared["notes"] == ["pain, everyone, task rest, coordinates: sex: does not vary"]
        check_against_statsmodels(
            effect(found, "NAc--PAG"), study.joined("NAc--PAG"), "z ~ pain + age + fd + C(site)", "pain"
        )

    def test_a_covariate_that_repeats_another_is_refused_by_name(self) -> None:
        study = Study()
        study.table["months"] = (study.table["age"].astype(float) * 12).map(repr)
        found = study.run(settings=CompareSettings(covariates=("age", "months")))
        assert found.effects.empty
        (problem,) = found.problems
        assert problem.code == "CL602"
        assert "months" in problem.found


class TestSites:
    def test_one_site_needs_no_term(self) -> None:
        study = Study()
        study.table["site"] = "north"
        row = effect(study.run(populations=population(study.table, study.table.index)), "NAc--PAG")
        formula = "z ~ pain + age + C(sex) + fd"
        check_against_statsmodels(row, study.joined("NAc--PAG"), formula, "pain")
        assert row["n_sites"] == 1

    def test_a_person_alone_at_a_site_is_left_out_and_named(self) -> None:
        study = Study()
        lone = study.table.index[7]
        study.table.loc[lone, "site"] = "far"
        found = study.run(populations=population(study.table, study.table.index))
        assert [(item.code, item.participant_id) for item in found.problems] == [("CL601", lone)]
        persons = [person for person in study.table.index if person != lone]
        formula = "z ~ pain + age + C(sex) + fd + C(site)"
        check_against_statsmodels(
            effect(found, "NAc--PAG"), study.joined("NAc--PAG", persons), formula, "pain"
        )

    def test_a_person_alone_among_those_with_an_edge_is_named_too(self) -> None:
        study = Study()
        here = [person for person in study.table.index if study.table.loc[person, "site"] == "west"]
        for person in here[1:]:
            study.values[person]["NAc--PAG"] = float("nan")
        found = study.run()
        assert effect(found, "NAc--PAG")["n"] == study.n - len(here)
        assert effect(found, "Hip--mPFC")["n"] == study.n
        assert [(item.code, item.participant_id) for item in found.problems] == [("CL601", here[0])]
        assert "1 of the edges" in found.problems[0].found

    def test_groups_fixed_by_site_cannot_be_told_apart(self) -> None:
        study = Study()
        group = {person: float(study.table.loc[person, "site"] == "north") for person in study.table.index}
        found = study.run(outcomes=outcome(group, "group"))
        assert found.effects.empty
        (problem,) = found.problems
        assert problem.code == "CL602"
        assert "cannot be told apart from site" in problem.found


class TestOutcomes:
    def labelled(self, study: Study) -> pd.DataFrame:
        label = {1.0: "persistent", 0.0: "recovered"}
        group = {person: float(pain > 0) for person, pain in study.pain.items()}
        return outcome(group, "persistent_20", family="relative", label=lambda value: label.get(value, ""))

    def test_groups_are_compared_as_persistent_minus_recovered(self) -> None:
        study = Study()
        table = self.labelled(study)
        row = effect(study.run(outcomes=table), "NAc--PAG")
        assert row["contrast"] == "persistent_20: persistent - recovered"
        assert (row["es_kind"], row["estimate_unit"]) == ("Hedges g", "Fisher z")
        joined = study.joined("NAc--PAG")
        joined["pain"] = (joined["pain"] > 0).astype(float)
        check_against_statsmodels(row, joined, "z ~ pain + age + C(sex) + fd + C(site)", "pain")

    def test_the_direction_does_not_turn_with_the_numbers_in_the_groups(self) -> None:
        for cut in (-0.5, 0.5):
            study = Study()
            label = {1.0: "a", 0.0: "z"}
            group = {person: float(pain > cut) for person, pain in study.pain.items()}
            table = outcome(group, "class", label=label.get)
            assert set(study.run(outcomes=table).effects["contrast"]) == {"class: a - z"}

    def test_final_pain_is_adjusted_for_baseline_pain(self) -> None:
        study = Study()
        baseline = {
            person: float(value)
            for person, value in zip(study.pain, study.rng.uniform(2, 9, study.n), strict=True)
        }
        tables = [
            self.labelled(study),
            outcome(study.pain, "final_pain", family="continuous"),
            outcome(baseline, "baseline_pain", family="continuous", role="covariate"),
            outcome(study.pain, "change_percent", family="continuous", role="secondary"),
            outcome({person: float(at % 2) for at, person in enumerate(study.pain)}, "persistent_30",
                    family="relative", role="sensitivity", label=lambda value: {1.0: "p", 0.0: "r"}[value]),
            outcome(study.pain, "persistent_40", family="relative", role="sweep"),
        ]  # fmt: skip
        found = study.run(outcomes=pd.concat(tables[::-1], ignore_index=True))
        asked = ["persistent_20", "final_pain", "persistent_30"]
        assert [item.outcome for item in contrasts(pd.concat(tables))] == asked
        assert found.declared["contrasts"] == asked
        row = effect(found, "NAc--PAG", contrast="slope of final_pain")
        joined = study.joined("NAc--PAG").assign(base=list(baseline.values()))
        check_against_statsmodels(row, joined, "z ~ pain + age + C(sex) + fd + base + C(site)", "pain")
        assert "baseline_pain" in row["model"]
        other = effect(found, "NAc--PAG", contrast="persistent_20: persistent - recovered")
        assert "baseline_pain" not in other["model"]

    def test_one_group_only_is_a_problem_not_a_crash(self) -> None:
        study = Study()
        table = outcome(dict.fromkeys(study.pain, 1.0), "c", label="persistent")
        found = study.run(outcomes=table)
        assert found.effects.empty
        assert codes(found) == {"CL602"}

    def test_a_missing_sensitivity_outcome_is_called_an_outcome(self) -> None:
        study = Study()
        lacking = study.table.index[2]
        found = study.run(outcomes=outcome({**study.pain, lacking: float("nan")}))
        assert [(item.code, item.participant_id) for item in found.problems] == [("CL308", lacking)]

    def test_no_outcome_is_an_empty_table_of_the_schema(self) -> None:
        found = Study().run(outcomes=schema("outcomes").table([]))
        assert found.effects.empty
        assert list(found.effects.columns) == schema("effects").names
        assert (found.declared["outcome"], found.declared["contrasts"], found.declared["families"]) == (
            "",
            [],
            [],
        )
        assert found.problems == ()


class TestTooFew:
    def test_no_member_and_no_feature_are_problems_not_crashes(self) -> None:
        study = Study()
        nobody = study.run(populations=population(study.table, []))
        assert nobody.effects.empty
        assert codes(nobody) == {"CL602"}
        nothing = study.run(baseline=features({}))
        assert nothing.effects.empty

    def test_an_edge_that_few_have_is_listed_without_a_test(self) -> None:
        study = Study()
        for person in list(study.values)[9:]:
            study.values[person]["NAc--PAG"] = float("nan")
        for person in study.values:
            study.values[person]["Hip--mPFC"] = float("nan")
        found = study.run()
        for target, n in (("NAc--PAG", 9), ("Hip--mPFC", 0)):
            row = effect(found, target)
            assert np.isnan(row["p"])
            assert np.isnan(row["q"])
            assert row["n"] <= n
        reasons = {
            item.found.split(": ")[0].rsplit(", ", 1)[1] for item in found.problems if item.code == "CL603"
        }
        assert reasons == {"NAc--PAG", "Hip--mPFC"}
        family = effect(found, "NAc--mPFC")["family"]
        assert {item["name"]: item["n_tests"] for item in found.declared["families"]}[family] == 2

    def test_people_without_a_run_are_not_in_the_model(self) -> None:
        study = Study()
        gone = study.table.index[0]
        del study.values[gone]
        persons = [person for person in study.table.index if person != gone]
        formula = "z ~ pain + age + C(sex) + fd + C(site)"
        check_against_statsmodels(
            effect(study.run(), "NAc--PAG"), study.joined("NAc--PAG", persons), formula, "pain"
        )


def test_family_wise_p_equivalence_and_power_stand_in_the_table() -> None:
    study = Study()
    asked = CompareSettings(covariates=("age", "sex", MEASURED), permutations=199, smallest_effect=0.5)
    plain, found = study.run(), study.run(settings=asked)
    columns = ["p_fwe", "p_equivalence"]
    assert plain.effects[columns].isna().all().all()
    rows = found.effects
    tested = rows["p"].notna()
    assert rows.loc[tested, [*columns, "detectable", "n_needed"]].notna().all().all()
    assert rows.loc[tested, "p_fwe"].between(1 / 200, 1).all()
    assert "CL627" not in codes(found)
    pd.testing.assert_series_equal(rows["detectable"], plain.effects["detectable"])
    strongest = rows.loc[rows["p"].idxmin()]
    assert strongest["p_fwe"] == pytest.approx(1 / 200)
    assert strongest["n_needed"] < strongest["n"]
    again = study.run(settings=asked)
    assert again.effects["p_fwe"].tolist() == rows["p_fwe"].tolist()
    moved = study.run(settings=asked.model_copy(update={"seed": 1}))
    assert moved.effects["p_fwe"].tolist() != rows["p_fwe"].tolist()
    few = study.run(settings=asked.model_copy(update={"permutations": 9}))
    assert "CL627" in codes(few)
