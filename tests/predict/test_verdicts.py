"""Verdicts on markers from rows whose verdict is plain, and from rows that must not be over-read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from predict.judged_markers import OUTCOME, class_rows, evaluation, row, tables

from corticolimbic.features import schema
from corticolimbic.predict import (
    IN_SAMPLE,
    VERDICT_RULES,
    MarkerFacts,
    VerdictSettings,
    verdicts,
)

COVARIATES = ("age+sex", "motion", "site", "medication", "baseline_pain")
GOOD, CRUDE = (0.66, 0.60, 0.72), (0.60, 0.35, 0.85)
STEADY = ((0.65, 0.59, 0.71),) * 4
GONE = (0.02, -0.2, 0.24)
PROGNOSTIC = MarkerFacts("m", "prognostic", 1)


def given(**changed):
    """Return associations that stand, some of them changed."""
    everything = dict.fromkeys((*COVARIATES, "all"), (0.55, 0.28, 0.82))
    return {**everything, **{name.replace("age_sex", "age+sex"): value for name, value in changed.items()}}


def give(
    rows: list[dict], marker: MarkerFacts = PROGNOSTIC, cohort=None, settings=None, **changed
) -> pd.Series:
    scores, outcomes, populations = cohort or tables(**changed)
    found, _ = verdicts(
        evaluation(rows), scores, outcomes, populations, [marker], settings or VerdictSettings()
    )
    assert len(found) == 1
    return found.iloc[0]


def test_an_effect_within_sites_that_stands_given_everything_survives() -> None:
    found = give(class_rows(GOOD, 1e-4, crude=CRUDE, given=given(), sweep=STEADY))
    assert found["verdict"] == "survives"
    assert found["why"] == (
        "within sites AUC 0.66 [0.60, 0.72], n 400, q < 0.001 over 1 named marker; given age and sex, "
        "motion, site, medication and baseline pain the log odds ratio per SD is 0.55 [0.28, 0.82]; holds at "
        "4 of 4 other thresholds"
    )
    assert (found["n_thresholds"], found["n_standing"], found["n_fallen"]) == (4, 4, 0)
    assert found["adjusted_value"] == 0.55
    assert found["n_smaller_class"] == 200


@pytest.mark.parametrize(
    ("covariate", "words"),
    [
        ("motion", "explained by motion"),
        ("baseline_pain", "explained by baseline pain"),
        ("age_sex", "explained by age and sex"),
        ("medication", "explained by medication"),
    ],
)
def test_an_effect_that_goes_with_a_covariate_is_explained_by_it(covariate: str, words: str) -> None:
    rows = class_rows(GOOD, 1e-4, crude=CRUDE, given=given(**{covariate: GONE, "all": GONE}), sweep=STEADY)
    found = give(rows)
    assert found["verdict"] == words
    assert "0.60 [0.35, 0.85]" in found["why"]
    assert "0.02 [-0.20, 0.24]" in found["why"]


def test_an_effect_that_only_all_covariates_take_away_is_explained_by_them_together() -> None:
    found = give(class_rows(GOOD, 1e-4, crude=CRUDE, given=given(all=GONE), sweep=STEADY))
    assert found["verdict"] == "explained by covariates together"


def test_an_effect_over_all_people_with_none_within_sites_is_explained_by_site() -> None:
    rows = class_rows((0.51, 0.45, 0.57), 0.8, pooled=(0.68, 0.62, 0.74), crude=CRUDE, given=given(all=GONE))
    found = give(rows)
    assert found["verdict"] == "explained by site"
    assert "over all people AUC 0.68 [0.62, 0.74], within sites 0.51 [0.45, 0.57]" in found["why"]


def test_an_effect_at_the_primary_threshold_alone_is_called_so() -> None:
    rows = class_rows(GOOD, 1e-4, crude=CRUDE, given=given(), sweep=((0.52, 0.46, 0.58),) * 3 + (GOOD,))
    found = give(rows)
    assert found["verdict"] == "one threshold only"
    assert "gone at 3 of 4 others (AUC 0.52 to 0.66)" in found["why"]


def test_losing_significance_alone_explains_nothing() -> None:
    wide = (0.25, -0.30, 0.80)  # half is gone, but what was there before is well within the interval
    rows = class_rows(GOOD, 1e-4, crude=CRUDE, given=given(motion=wide, all=wide), sweep=STEADY)
    found = give(rows)
    assert found["verdict"] == "inconclusive"
    assert "0.25 [-0.30, 0.80]" in found["why"]


def test_a_wide_interval_within_sites_does_not_say_that_site_explains() -> None:
    rows = class_rows((0.55, 0.40, 0.70), 0.5, pooled=(0.66, 0.58, 0.74))
    found = give(rows)
    assert found["verdict"] == "inconclusive"
    assert "which site may explain" in found["why"]


def test_wide_intervals_at_other_thresholds_do_not_say_one_threshold_only() -> None:
    wide = ((0.60, 0.45, 0.75),) * 4
    assert give(class_rows(GOOD, 1e-4, crude=CRUDE, given=given(), sweep=wide))["verdict"] == "inconclusive"


def test_absence_needs_an_interval_within_the_smallest_effect_of_interest() -> None:
    assert give(class_rows((0.51, 0.46, 0.56), 0.7))["verdict"] == "absent"
    assert give(class_rows((0.51, 0.39, 0.63), 0.8))["verdict"] == "inconclusive"
    # sure, and too small to matter
    assert give(class_rows((0.54, 0.52, 0.56), 1e-4, crude=CRUDE, given=given()))["verdict"] == "absent"


def test_an_effect_against_the_published_direction_is_opposite() -> None:
    against = {name: (-0.5, -0.8, -0.2) for name in (*COVARIATES, "all")}
    rows = class_rows((0.33, 0.27, 0.39), 1e-4, crude=(-0.6, -0.9, -0.3), given=against)
    assert give(rows)["verdict"] == "opposite"
    rows = class_rows(
        (0.33, 0.27, 0.39), 1e-4, crude=(-0.6, -0.9, -0.3), given={**against, "all": (-0.1, -0.4, 0.2)}
    )
    assert give(rows)["verdict"] == "inconclusive"


@pytest.mark.parametrize("auc", [GOOD, (0.30, 0.25, 0.35), (0.5, 0.47, 0.53), (0.5, 0.3, 0.7)])
def test_a_state_marker_is_never_called_a_predictor(auc) -> None:
    found = give(
        class_rows(auc, 1e-6, crude=CRUDE, given=given(), sweep=STEADY), MarkerFacts("m", "state", 1)
    )
    assert found["verdict"] == "state marker"
    assert found["family_size"] == 0
    assert np.isnan(found["q"])


def test_without_a_published_direction_nothing_survives_and_nothing_is_opposite() -> None:
    unsigned = MarkerFacts("m", "prognostic", 0)
    assert give(class_rows(GOOD, 1e-6, crude=CRUDE, given=given()), unsigned)["verdict"] == "inconclusive"
    assert give(class_rows((0.3, 0.2, 0.4), 1e-6), unsigned)["verdict"] == "inconclusive"
    assert give(class_rows((0.51, 0.46, 0.56), 0.7), unsigned)["verdict"] == "absent"


def test_people_who_trained_the_marker_are_no_evidence() -> None:
    found = give(class_rows(GOOD, 1e-6, scheme=IN_SAMPLE))
    assert found["verdict"] == "in-sample only"
    assert np.isnan(found["value"])


@pytest.mark.parametrize(
    ("rows", "cohort"),
    [
        ([], {}),
        (class_rows(GOOD, 1e-6, n=39), {}),
        (class_rows((1.0, 1.0, 1.0), 0.0, crude=CRUDE, given=given()), {}),  # DeLong with nothing to spare
        (class_rows(GOOD, 1e-6, crude=CRUDE, given=given(), sweep=STEADY), {"persistent": 9}),
        (class_rows((np.nan, np.nan, np.nan), np.nan), {}),
    ],
)
def test_too_few_people_get_no_verdict(rows, cohort) -> None:
    assert give(rows, **cohort)["verdict"] == "too few"


def test_a_marker_without_any_score_says_what_it_needs() -> None:
    scores, outcomes, populations = tables()
    needing = MarkerFacts("m", "prognostic", 1, ("diffusion tractography",))
    found = give([], needing, (scores.iloc[:0], outcomes, populations))
    assert (found["verdict"], found["why"]) == (
        "not computable",
        "not computable: needs diffusion tractography",
    )
    failed = scores.assign(status="not computable: needs sub-x/anat/y.tsv", score=np.nan)
    assert give([], needing, (failed, outcomes, populations))["why"].endswith("needs sub-x/anat/y.tsv")


def test_one_site_is_judged_by_itself_and_said_not_to_be_held_against_site() -> None:
    standing = {name: value for name, value in given().items() if name not in {"site", "medication"}}
    rows = class_rows(GOOD, 1e-4, crude=CRUDE, given=standing, sweep=STEADY, site="north")
    found = give(rows)
    assert found["verdict"] == "survives"
    assert found["why"].endswith("not held against site and medication")


def test_several_sites_that_were_not_combined_are_not_picked_from() -> None:
    rows = [*class_rows(GOOD, 1e-4, site="north"), *class_rows(GOOD, 1e-4, site="south")]
    assert give(rows)["verdict"] == "too few"


def test_without_a_joint_model_each_covariate_must_leave_the_effect() -> None:
    each = {name: value for name, value in given().items() if name != "all"}
    rows = class_rows(GOOD, 1e-4, crude=CRUDE, given=each, sweep=STEADY)
    assert give(rows)["verdict"] == "survives"
    unsure = {**each, "motion": (0.4, -0.05, 0.85)}
    assert give(class_rows(GOOD, 1e-4, crude=CRUDE, given=unsure, sweep=STEADY))["verdict"] == "inconclusive"


def test_a_real_effect_within_sites_beside_a_difference_between_them_survives() -> None:
    """What site adds to the crude association is not held against what stands within sites."""
    within = given(site=(0.50, 0.22, 0.78), all=(0.48, 0.20, 0.76), motion=(0.55, -0.05, 1.15))
    rows = class_rows(
        GOOD, 1e-4, pooled=(0.78, 0.73, 0.83), crude=(1.2, 0.9, 1.5), given=within, sweep=STEADY
    )
    assert give(rows)["verdict"] == "survives"


def test_q_counts_the_named_predictors_and_not_state_markers() -> None:
    p = [0.01, 0.02, 0.03, 0.04]
    names = ["a", "b", "c", "d", "s", "u"]
    facts = [MarkerFacts(name, "prognostic", 1) for name in names[:4]]
    facts += [MarkerFacts("s", "state", 1), MarkerFacts("u", "prognostic", 0)]
    rows = [
        one
        for name, value in zip(names, [*p, 1e-9, 1e-9], strict=True)
        for one in class_rows(GOOD, value, name=name)
    ]
    found, _ = verdicts(evaluation(rows), *tables(names=tuple(names)), facts, VerdictSettings())
    q = found.set_index("marker")["q"]
    assert q[names[:4]].to_list() == pytest.approx([0.04] * 4)
    assert q[["s", "u"]].isna().all()
    assert set(found["family_size"]) == {4}


def test_a_nominal_effect_among_many_markers_is_inconclusive() -> None:
    names = [f"m{at}" for at in range(12)]
    rows = class_rows((0.57, 0.51, 0.63), 0.02, name="m0", crude=CRUDE, given=given(), sweep=STEADY)
    rows += [one for name in names[1:] for one in class_rows((0.51, 0.45, 0.57), 0.7, name=name)]
    facts = [MarkerFacts(name, "prognostic", 1) for name in names]
    found, _ = verdicts(evaluation(rows), *tables(names=tuple(names)), facts, VerdictSettings())
    first = found.set_index("marker").loc["m0"]
    assert first["verdict"] == "inconclusive"
    assert "q 0.240 over 12 named markers" in first["why"]


def test_a_continuous_outcome_is_judged_by_the_correlation_within_sites() -> None:
    scores, outcomes, populations = tables()
    outcomes = outcomes[outcomes["outcome"] == OUTCOME].assign(
        outcome="final_pain", family="continuous", label="", value=3.0
    )

    def judged(r, p, crude, site, everything):
        rows = [
            row("pearson_r", r, outcome="final_pain", p=p),
            row("association", crude, outcome="final_pain"),
            row("association|site", site, outcome="final_pain"),
            row("association|all", everything, outcome="final_pain"),
        ]
        return give(rows, cohort=(scores, outcomes, populations))

    good = (0.30, 0.2, 0.4)
    assert judged(good, 1e-6, good, good, good)["verdict"] == "survives"
    none = (0.02, -0.08, 0.12)
    found = judged(none, 0.6, good, none, none)
    assert found["verdict"] == "explained by site"
    assert "partial r 0.30 [0.20, 0.40]" in found["why"]
    assert judged(none, 0.6, none, none, none)["verdict"] == "absent"
    assert judged((0.1, -0.1, 0.3), 0.3, good, good, good)["verdict"] == "inconclusive"


def test_covariates_that_nobody_could_be_held_against_are_named_once() -> None:
    standing = {"motion": (0.5, 0.2, 0.8), "all": (0.5, 0.2, 0.8)}
    rows = class_rows(GOOD, 1e-4, crude=CRUDE, given=standing)
    _, problems = verdicts(evaluation(rows), *tables(), [PROGNOSTIC], VerdictSettings())
    assert [item.code for item in problems] == ["CL720"]
    assert "age and sex, site, medication and baseline pain" in problems[0].found


def test_baselines_and_models_get_no_verdict() -> None:
    rows = class_rows(GOOD, 1e-4, name="m", kind="baseline")
    assert give(rows)["verdict"] == "too few"


def test_each_population_has_its_own_verdict() -> None:
    scores, outcomes, populations = tables()
    kept = populations.assign(population="kept")
    kept.loc[200:, "member"] = 0
    rows = class_rows(GOOD, 1e-4, crude=CRUDE, given=given(), sweep=STEADY, population="kept")
    rows += class_rows((0.51, 0.46, 0.56), 0.8)
    both = pd.concat([kept, populations], ignore_index=True)
    found, _ = verdicts(evaluation(rows), scores, outcomes, both, [PROGNOSTIC], VerdictSettings())
    # all 200 kept people are persistent: one class only, which no verdict may rest on
    assert found["verdict"].to_list() == ["too few", "absent"]
    assert found["n_scored"].to_list() == [200, 400]


def test_empty_tables_give_an_empty_table() -> None:
    nothing = [schema(name).table([]) for name in ("evaluation", "scores", "outcomes", "populations")]
    found, problems = verdicts(*nothing, [PROGNOSTIC], VerdictSettings())
    assert found.empty
    assert problems == []
    assert list(found) == schema("verdicts").names
    table, _ = verdicts(nothing[0], *tables(), [], VerdictSettings())
    assert table.empty


def test_the_order_of_rows_does_not_matter() -> None:
    rows = class_rows(GOOD, 1e-4, crude=CRUDE, given=given(motion=GONE, all=GONE), sweep=STEADY)
    rows += class_rows((0.51, 0.4, 0.6), 0.7, site="north")
    assert give(rows).equals(give(rows[::-1]))


def test_bounds_change_what_counts() -> None:
    rows = class_rows((0.51, 0.44, 0.58), 0.7)
    assert give(rows)["verdict"] == "absent"
    assert give(rows, settings=VerdictSettings(smallest_auc=0.56))["verdict"] == "inconclusive"


def test_every_rule_says_what_it_asks_and_the_last_one_answers() -> None:
    assert all(rule.asks.endswith(".") for rule in VERDICT_RULES)
    assert [rule.verdict for rule in VERDICT_RULES][-1] == "inconclusive"
