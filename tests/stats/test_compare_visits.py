"""Effects over visits: against statsmodels on a long table joined by hand, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from stats.cohort_tables import features, outcome, population, quality

from corticolimbic.cohort import visits_table
from corticolimbic.stats import (
    CompareSettings,
    Comparison,
    VisitsSettings,
    VisitTables,
    compare,
    measured_quality,
)
from corticolimbic.stats._people_table import FEATURE_KEY
from corticolimbic.stats._visit_models import defined_groups

EDGES = ("NAc--mPFC", "Amy--mPFC")
MONTHS = (0, 6, 12, 24)


class LongStudy:
    """Three sites and four visits: groups part over time, pain acts in opposite ways between and within."""

    def __init__(self, n: int = 45, seed: int = 3, visits: tuple[int, ...] = MONTHS) -> None:
        rng = np.random.default_rng(seed)
        rows = []
        for number in range(n):
            group, site = number % 2, ("north", "south", "west")[number // 2 % 3]
            level, slope, typical = rng.normal(0, 0.2), rng.normal(0, 0.1), rng.uniform(2, 8)
            for at, month in enumerate(visits):
                if at and rng.uniform() < 0.1:
                    continue
                pain = typical + rng.normal(0, 1)
                fd = rng.uniform(0.05, 0.3)
                mean = (
                    0.3 + level + (slope + 0.3 * group) * month / 12 + 0.06 * typical - 0.1 * (pain - typical)
                )
                z = {edge: mean * (edge == EDGES[0]) + rng.normal(0, 0.1) for edge in EDGES}
                rows.append(
                    (f"sub-{number:03d}", f"ses-month{month:02d}", site, group, month / 12, pain, fd, z)
                )
        names = ["person", "session", "site", "group", "year", "pain", "fd", "z"]
        self.long = pd.DataFrame(rows, columns=names)
        self.people = self.long.drop_duplicates("person").set_index("person").rename_axis("participant_id")

    def tables(self) -> VisitTables:
        parts = []
        for session, rows in self.long.groupby("session"):
            cells = zip(rows["person"], rows["z"], strict=True)
            values = {who: {edge: float(np.tanh(z)) for edge, z in cell.items()} for who, cell in cells}
            moved = {who: (fd, 0.0) for who, fd in zip(rows["person"], rows["fd"], strict=True)}
            parts += [features(values, session_id=session), quality(moved, session_id=session)]
        sessions = pd.DataFrame(
            {
                "participant_id": self.long["person"],
                "session_id": self.long["session"],
                "pain_nrs": [repr(float(value)) for value in self.long["pain"]],
            },
            dtype=object,
        )
        clinical = visits_table(self.people[["site"]].astype(object), sessions)
        return VisitTables(
            pd.concat(parts, ignore_index=True), clinical, {}, "pain_nrs", frozenset({"pain_nrs"})
        )

    def run(self, tables: VisitTables | None = None, **settings: object) -> Comparison:
        tables = self.tables() if tables is None else tables
        first = tables.features[tables.features["session_id"] == "ses-month00"]
        groups = self.people["group"].astype(float).to_dict()
        label = {1.0: "persistent", 0.0: "recovered"}
        return compare(
            first[first["measure"] == "fc"],
            measured_quality(first),
            self.people[["site"]].astype(object),
            outcome(groups, "course", label=lambda value: label[value]),
            population(self.people, self.people.index),
            frozenset({EDGES[0]}),
            CompareSettings(**settings),
            tables,
        )

    def flat(self, target: str) -> pd.DataFrame:
        flat = self.long.assign(z=[cell[target] for cell in self.long["z"]])
        for name in ("pain", "fd"):
            flat[f"{name}_mean"] = flat.groupby("person")[name].transform("mean")
            flat[f"{name}_within"] = flat[name] - flat[f"{name}_mean"]
        return flat


def effect(found: Comparison, start: str, target: str = EDGES[0]) -> pd.Series:
    table = found.effects
    rows = table[(table["analysis"] == "visits") & (table["target"] == target)]
    rows = rows[[str(contrast).startswith(start) for contrast in rows["contrast"]]]
    assert len(rows) == 1, rows["contrast"].tolist()
    return rows.iloc[0]


@pytest.fixture(scope="module")
def study() -> tuple[LongStudy, Comparison]:
    made = LongStudy()
    return made, made.run()


def statsmodels(flat: pd.DataFrame, formula: str) -> object:
    model = smf.mixedlm(formula, flat, groups=flat["person"], re_formula="~year")
    return model.fit(reml=True, method=["bfgs", "lbfgs"], gtol=1e-9)


@pytest.mark.parametrize("target", EDGES)
def test_groups_over_time_equal_statsmodels(study: tuple[LongStudy, Comparison], target: str) -> None:
    made, found = study
    flat = made.flat(target)
    fit = statsmodels(flat, "z ~ group * year + fd_mean + fd_within + C(site)")
    for start, term in (
        ("course: persistent - recovered, at", "group"),
        ("course: change per year, recovered", "year"),
        ("course x time:", "group:year"),
    ):
        row = effect(found, start, target)
        assert row["estimate"] == pytest.approx(fit.params[term], abs=1e-4)
        # Ours is the GLS error with the estimated variances; statsmodels' comes from a numerical Hessian.
        assert row["se"] == pytest.approx(fit.bse[term], rel=5e-3)
        assert (row["n"], row["n_visits"], row["n_sites"]) == (45, len(flat), 3)
    assert row["model"].startswith("feature ~ group + time + group:time + motion + site + (time | person)")


def test_pain_between_and_within_people_are_told_apart(study: tuple[LongStudy, Comparison]) -> None:
    made, found = study
    fit = statsmodels(
        made.flat(EDGES[0]), "z ~ year + pain_mean + pain_within + fd_mean + fd_within + C(site)"
    )
    between, within = effect(found, "pain_nrs between"), effect(found, "pain_nrs within people")
    apart = effect(found, "pain_nrs within - between")
    assert between["estimate"] == pytest.approx(fit.params["pain_mean"], abs=1e-4)
    assert within["estimate"] == pytest.approx(fit.params["pain_within"], abs=1e-4)
    assert apart["estimate"] == pytest.approx(within["estimate"] - between["estimate"], abs=1e-10)
    assert within["ci_high"] < 0 < between["ci_low"]


def test_planted_change_is_found_and_tested_and_families_are_declared(
    study: tuple[LongStudy, Comparison],
) -> None:
    _, found = study
    row = effect(found, "course x time:")
    assert row["p"] < 1e-4
    assert row["ci_low"] < 0.3 < row["ci_high"]
    assert row["family"].startswith("primary: course x time")
    assert effect(found, "course x time:", EDGES[1])["family"].startswith("exploratory: course x time")
    assert found.declared["visits"]["done"]
    named = {family["name"] for family in found.declared["families"]}
    assert set(found.effects["family"]) == named
    scale = row["effect_size"] / row["estimate"]
    # Wider than the estimate's own interval in the same unit: the standard deviation is estimated too.
    assert (
        row["es_low"] < row["ci_low"] * scale < row["effect_size"] < row["ci_high"] * scale < row["es_high"]
    )
    assert row["detectable"] > 0
    changes = found.effects[
        (found.effects["target"] == row["target"])
        & found.effects["contrast"].str.startswith("course: change per")
    ].set_index("contrast")["estimate"]
    both = {name.rpartition(", ")[2]: value for name, value in changes.items()}
    compared = row["contrast"].partition(": ")[2].partition(" - ")[0]
    reference = row["contrast"].partition(" - ")[2].partition(",")[0]
    assert both[compared] - both[reference] == pytest.approx(row["estimate"])  # each group's own change


def test_only_features_that_defined_the_groups_are_drawn_and_not_tested() -> None:
    key = dict.fromkeys(FEATURE_KEY, "n/a")
    pain = tuple({**key, "measure": "pain_nrs", "target": "whole"}.values())
    edge = tuple({**key, "measure": "fc", "target": EDGES[0]}.values())
    assert defined_groups(pain, frozenset({"pain_nrs"}))
    assert not defined_groups(edge, frozenset({"pain_nrs"}))


def test_one_visit_alone_leaves_the_baseline_analysis_with_a_reason() -> None:
    found = LongStudy(visits=(0,)).run()
    assert set(found.effects["analysis"]) == {"baseline"}
    assert [item.code for item in found.problems if item.code == "CL607"] == ["CL607"]
    assert "0 people have features at two visits" in found.declared["visits"]["why"]


def test_switched_off_leaves_the_baseline_numbers_as_they_were(study: tuple[LongStudy, Comparison]) -> None:
    made, found = study
    off = made.run(longitudinal=VisitsSettings(visits="off"))
    base = found.effects[found.effects["analysis"] == "baseline"].reset_index(drop=True)
    pd.testing.assert_frame_equal(off.effects, base)


def test_a_site_that_is_the_group_is_refused_with_the_reason() -> None:
    made = LongStudy()
    site = np.where(made.people["group"] == 1, "north", "south")
    made.people["site"] = site
    found = made.run()
    said = [item.found for item in found.problems if item.code == "CL602" and "over visits" in item.found]
    assert said
    assert "cannot be told apart from site" in said[0]
    assert not found.effects["contrast"].str.startswith("course x time").any()


def test_a_visit_without_a_day_is_a_problem_and_the_rest_stays() -> None:
    made = LongStudy()
    tables = made.tables()
    for table in (tables.features, tables.clinical):
        table.loc[(table["participant_id"] == "sub-001") & (table["session_id"] == "ses-month06"),
                  "session_id"] = "ses-extra"  # fmt: skip
    found = made.run(tables)
    rows = [item for item in found.problems if item.code == "CL606"]
    assert [(item.participant_id, item.session_id) for item in rows] == [("sub-001", "ses-extra")]
    assert effect(found, "course x time:")["n_visits"] == len(made.long) - 1


def test_a_feature_that_a_group_lacks_has_no_group_effect() -> None:
    made = LongStudy()
    tables = made.tables()
    persistent = made.people.index[made.people["group"] == 1]
    lost = tables.features["participant_id"].isin(persistent) & (tables.features["target"] == EDGES[1])
    tables.features.loc[lost, "value"] = np.nan
    found = made.run(tables)
    row = effect(found, "course x time:", EDGES[1])
    assert np.isnan(row["estimate"])
    assert "cannot tell" in row["note"]
    assert np.isfinite(effect(found, "course x time:")["p"])


def test_infinite_values_and_repeated_columns_do_not_pass_for_results() -> None:
    made = LongStudy()
    tables = made.tables()
    edge = (tables.features["target"] == EDGES[0]) & (tables.features["participant_id"] == "sub-002")
    tables.features.loc[edge, "value"] = 1.0  # Fisher z is infinite
    assert effect(made.run(tables), "course x time:")["n"] == 44
    made.people["again"] = made.people["site"].map({"north": "a", "south": "b", "west": "c"})
    parts = CompareSettings(covariates=("again",))
    first = tables.features[tables.features["session_id"] == "ses-month00"]
    found = compare(first[first["measure"] == "fc"], measured_quality(first),
                    made.people[["site", "again"]].astype(object), outcome({}, "course"),
                    population(made.people, made.people.index), frozenset(), parts, tables)  # fmt: skip
    assert any("repeat each other" in item.found or "cannot be told" in item.found
               for item in found.problems if item.code == "CL602")  # fmt: skip


def test_three_people_are_too_few() -> None:
    found = LongStudy(n=3).run(longitudinal=VisitsSettings(visits="on"))
    assert found.effects["estimate"].isna().all()
    assert {"CL602", "CL603"} & {item.code for item in found.problems}
