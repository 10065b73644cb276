from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from corticolimbic.features import schema
from corticolimbic.stats import association, design, pool_sites

SEED = 20260612
EDGES = ("NAc--mPFC", "Hip--mPFC", "Amy--dmPFC")


def row(site: str, target: str = EDGES[0], **changed: object) -> dict[str, object]:
    """One row of a site's file."""
    return {
        "site": site,
        "population": "eligible",
        "task": "rest",
        "run": "all",
        "acq": "n/a",
        "space": "n/a",
        "atlas": "circuit",
        "strategy": "as-given",
        "measure": "fc",
        "target": target,
        "statistic": "pearson",
        "definition": "d1",
        "analysis": "baseline",
        "contrast": "slope of pain",
        "estimate": 0.1,
        "estimate_unit": "Fisher z per unit of the outcome",
        "se": 0.05,
        "ci_low": 0.0,
        "ci_high": 0.2,
        "df": 30.0,
        "effect_size": 0.3,
        "es_se": 0.1,
        "es_kind": "partial r",
        "n": 40,
        "n_visits": 40,
        "family": "primary: pain",
        "model": "feature ~ pain",
        "declaration": "abc",
        "schema_version": 1,
        "package_version": "0.1.0",
        "note": "",
        **changed,
    }


def summaries(*rows: dict[str, object]) -> pd.DataFrame:
    return schema("site_summaries").table(list(rows))


def simulated(
    slopes: list[float], people: int, rng: np.random.Generator, *, classical: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sites of equal size with their own level; return the pooled table and the one-stage effects.

    ``classical``: the errors of one residual SD for all sites, with which pooling is least squares itself.
    """
    tables, values, rows = [], [], []
    for number, slope in enumerate(slopes):
        ids = [f"sub-{number}-{person:03d}" for person in range(people)]
        pain = rng.normal(5, 2, people)
        z = np.column_stack([slope * pain + 0.5 * number + rng.normal(0, 0.5, people) for _ in EDGES])
        table = pd.DataFrame({"pain": pain, "site": f"site {number}"}, index=ids)
        found = association(z, design(table, "pain"))
        spread = np.sqrt(((pain - pain.mean()) ** 2).sum())
        errors = np.full(len(EDGES), 0.5 / spread) if classical else found.se
        rows += [
            row(f"site {number}", target, estimate=found.estimate[place], se=errors[place], n=people)
            for place, target in enumerate(EDGES)
        ]
        tables.append(table)
        values.append(z)
    one = association(np.vstack(values), design(pd.concat(tables), "pain", site="site"))
    pooled = pool_sites(summaries(*rows)).pooled.set_index("target").loc[list(EDGES)]
    return pooled, pd.DataFrame({"estimate": one.estimate, "se": one.se}, index=list(EDGES))


def test_pooling_sites_that_share_an_effect_equals_the_analysis_of_their_people():
    rng = np.random.default_rng(SEED)
    pooled, together = simulated([0.1] * 5, 200, rng, classical=True)
    assert np.allclose(pooled["common"], together["estimate"], rtol=1e-9)
    # Robust errors weigh sites with some 20 % noise, which moves the mean by about 0.2 of its error. The
    # first bound, 0.1, was a guess and failed (0.3 at one edge); 0.6 is three times what the noise should do.
    pooled, together = simulated([0.1] * 5, 200, rng)
    assert (np.abs(pooled["common"] - together["estimate"]) < 0.6 * together["se"]).all()
    half = (pooled["common_high"] - pooled["common_low"]) / (2 * 1.959964)
    assert (np.abs(half / together["se"] - 1) < 0.1).all()


def test_differences_between_sites_are_found_where_planted_and_else_not():
    rng = np.random.default_rng(SEED)
    planted, _ = simulated([0.0, 0.1, 0.2, 0.3, 0.4], 120, rng)
    assert (planted["p_q"] < 1e-6).all()
    assert (planted["i2"] > 0.8).all()
    assert (planted["prediction_low"] < 0).all()
    truth = np.var([0.0, 0.1, 0.2, 0.3, 0.4], ddof=1)
    assert ((planted["tau2_low"] < truth) & (truth < planted["tau2_high"])).all()
    rejected = [p for _ in range(5) for p in simulated([0.1] * 4, 80, rng)[0]["p_q"]]
    assert np.mean(np.array(rejected) < 0.001) < 0.05


@pytest.mark.parametrize(
    "changed",
    [{"se": np.nan}, {"se": 0.0}, {"se": -0.1}, {"se": np.inf}, {"estimate": np.inf}, {"estimate": np.nan},
     {"n": 0}],
)  # fmt: skip
def test_an_impossible_row_is_named_and_the_others_are_pooled(changed):
    table = summaries(row("A"), row("B", estimate=0.2), row("C", **changed))
    found = pool_sites(table, pd.Series(["a.tsv:2", "b.tsv:2", "c.tsv:7"]))
    assert [(item.code, item.file, item.row) for item in found.problems] == [("CL643", "c.tsv", "7")]
    assert found.pooled["k"].tolist() == [2]
    assert found.pooled["sites"].tolist() == ["A | B"]
    assert "not pooled: C" in found.pooled["note"].iloc[0]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"definition": "d2"}, "definition"),
        ({"estimate_unit": "Fisher z per month"}, "unit"),
        ({"declaration": "xyz"}, "declaration"),
        ({"es_kind": "Hedges g"}, "effect size"),
    ],
)
def test_a_site_that_estimated_something_else_is_set_aside(changed, word):
    table = summaries(row("A"), row("B"), row("C", **changed))
    found = pool_sites(table, pd.Series(["a:2", "b:2", "c:2"]))
    assert [(item.code, item.file) for item in found.problems] == [("CL644", "c")]
    assert word in found.problems[0].found
    assert found.pooled["k"].tolist() == [2]


def test_versions_that_differ_are_told_and_pooled():
    found = pool_sites(summaries(row("A"), row("B", package_version="0.2.0")))
    assert [item.code for item in found.problems] == ["CL645"]
    assert found.pooled["k"].tolist() == [2]


def test_one_site_is_its_own_and_no_site_is_nothing():
    one = pool_sites(summaries(row("A"))).pooled.iloc[0]
    assert (one["k"], one["estimate"]) == (1, pytest.approx(0.1))
    assert np.isnan(one[["p", "q", "hk_low", "tau2", "prediction_low"]].astype(float)).all()
    assert "one site" in one["note"]
    assert pool_sites(summaries()).pooled.empty


def test_order_of_rows_makes_no_difference():
    rng = np.random.default_rng(SEED)
    rows = [
        row(site, target, estimate=float(rng.normal()), se=float(rng.uniform(0.1, 0.3)))
        for site in ("A", "Zürich", "=cmd()", "上海")
        for target in EDGES
    ]
    table = summaries(*rows)
    mixed = table.sample(frac=1, random_state=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(pool_sites(table).pooled, pool_sites(mixed).pooled)
    assert "=cmd()" in pool_sites(table).pooled["sites"].iloc[0]


def test_q_is_adjusted_within_the_family():
    asked = zip(EDGES, (0.3, 0.1, 0.05), ("primary: x", "primary: x", "exploratory: x"), strict=True)
    rows = [row(site, edge, estimate=e, family=name) for edge, e, name in asked for site in "ABCDE"]
    found = pool_sites(summaries(*rows)).pooled.set_index("target")
    assert found.loc[EDGES[2], "q"] == pytest.approx(found.loc[EDGES[2], "p"])
    assert found.loc[EDGES[0], "q"] == pytest.approx(2 * found.loc[EDGES[0], "p"])
