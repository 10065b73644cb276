"""Relative measures beside the edges: by key, from the declared reference, in a family of their own."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from stats.cohort_tables import features, people

from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError
from corticolimbic.stats import (
    CompareSettings,
    HubDisruption,
    NormativeModel,
    RelativeReference,
    compare,
    connectivity_table,
    measured_quality,
    nodal_degree,
    relative_rows,
)

NODES = [f"R{at}" for at in range(8)]
EDGES = [f"{a}--{b}" for a, b in itertools.combinations(NODES, 2)]
REFERENCE = RelativeReference(column="group", value="control")


def study(n: int = 60) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(1)
    table = people(n, rng)
    table["group"] = ["control" if at % 5 < 3 else "patient" for at in range(n)]
    hub = np.array([0.1 * (a + b) / 2 for a, b in itertools.combinations(range(8), 2)])
    rows = features(
        {
            person: dict(zip(EDGES, np.tanh(hub + rng.normal(0, 0.1, 28)), strict=True))
            for person in table.index
        },
        rng,
    )
    return rows, table, table["site"]


def test_values_are_those_of_the_estimators_and_people_are_joined_by_key() -> None:
    rows, table, sites = study()
    wide = connectivity_table(rows, "pearson")
    found = relative_rows(wide, table, sites, ("hub_disruption", "z_normative"), REFERENCE)
    assert found.table.shape == (60, 29)
    members = (table["group"].reindex(wide.index) == "control").to_numpy()
    covariates = table.assign(**{"(site)": sites})
    model = NormativeModel("age", ("sex",), "(site)").fit(wide[members], covariates)
    z = model.transform(wide, covariates).z
    mine = found.table.xs("z_normative", axis=1, level="measure")
    np.testing.assert_allclose(mine.to_numpy(), z.to_numpy(), rtol=1e-9)
    matrices = np.zeros((60, 8, 8))
    for column in wide.columns:
        a, b = (NODES.index(end) for end in column[wide.columns.names.index("target")].split("--"))
        matrices[:, a, b] = matrices[:, b, a] = wide[column]
    degrees = nodal_degree(matrices, density=0.25)
    hubs = (
        HubDisruption().fit(degrees[members], list(wide.index[members])).transform(degrees, list(wide.index))
    )
    kappa = found.table.xs("hub_disruption", axis=1, level="measure").iloc[:, 0]
    np.testing.assert_allclose(kappa, hubs["slope"], rtol=1e-9)
    order = np.random.default_rng(2).permutation(60)
    other = relative_rows(
        wide.iloc[order], table.iloc[order[::-1]], sites, ("hub_disruption", "z_normative"), REFERENCE
    )
    pd.testing.assert_frame_equal(other.table.reindex(wide.index), found.table, rtol=1e-6)
    assert set(other.fitted) == set(found.fitted)
    assert not found.stored.duplicated(["participant_id", "measure", "target"]).any()
    n = found.stored[found.stored["measure"] == "z_normative"].set_index("participant_id")["n_reference"]
    assert set(n[wide.index[members]]) == {35}  # oneself is never among them
    assert set(n[wide.index[~members]]) == {36}


def test_the_comparison_tests_them_apart_from_the_edges_and_leaves_the_edges_alone() -> None:
    rows, table, sites = study()
    index = list(table.index)
    outcomes = schema("outcomes").table(
        [
            {"participant_id": person, "outcome": "group", "family": "column", "role": "primary",
             "status": "ok", "label": group, "value": float(group == "patient")}
            for person, group in table["group"].items()
        ]
    )  # fmt: skip
    populations = schema("populations").table(
        [{"participant_id": p, "population": "all", "member": 1, "site": sites[p]} for p in index]
    )
    arguments = (rows, measured_quality(rows), table, outcomes, populations, frozenset({"R0--R1"}))
    plain = compare(*arguments, CompareSettings())
    both = compare(
        *arguments,
        CompareSettings(relative=("hub_disruption", "z_normative"), relative_reference=REFERENCE),
    )
    assert plain.relative.stored.empty
    assert len(plain.effects) == 28
    edges = both.effects[both.effects["measure"] == "fc"].reset_index(drop=True)
    pd.testing.assert_frame_equal(edges, plain.effects)
    relative = both.effects[both.effects["measure"] != "fc"]
    assert len(relative) == 29
    assert relative["family"].str.startswith("relative: ").all()
    assert set(relative["estimate_unit"]) == {"slope", "z"}
    assert {row["description"].split(";")[0] for row in both.declared["families"]} >= {"relative measures"}


def test_a_reference_that_cannot_be_fitted_is_a_problem_and_a_wrong_one_is_refused() -> None:
    rows, table, sites = study()
    wide = connectivity_table(rows, "pearson")
    nobody = RelativeReference(column="group", value="nobody")
    found = relative_rows(wide, table, sites, ("hub_disruption", "z_normative"), nobody)
    assert found.table.empty
    assert {one.code for one in found.problems} == {"CL621"}
    with pytest.raises(SettingsError):
        relative_rows(wide, table, sites, ("z_normative",), RelativeReference(column="arm", value="x"))
    with pytest.raises(SettingsError, match="value"):
        relative_rows(wide, table, sites, ("z_normative",), RelativeReference(column="group"))
    empty = relative_rows(wide.iloc[:0], table, sites, ("z_normative",), REFERENCE)
    assert empty.stored.empty


def test_people_who_cannot_be_placed_are_named_once_each() -> None:
    rows, table, sites = study()
    wide = connectivity_table(rows, "pearson")
    lost, far, new = wide.index[:3]
    table["age"] = [str(30 + at // 5) for at in range(60)]  # the reference spans what the others have
    table.loc[lost, "age"] = "n/a"
    table.loc[[far, new], "group"] = "patient"
    table.loc[far, "age"] = "99"
    sites = sites.copy()
    sites[new] = "elsewhere"
    found = relative_rows(wide, table, sites, ("z_normative",), REFERENCE)
    told = {(one.code, one.participant_id) for one in found.problems}
    assert told == {("CL620", lost), ("CL623", far), ("CL622", new)}
    assert found.table.loc[lost].isna().all()
    assert found.table.loc[[far, new]].notna().all().all()
