"""Mean connectivity for the drawing, by population and task."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from stats.cohort_tables import features, people, population

from corticolimbic.stats import circuit_means


def test_means_are_made_in_z_with_a_t_interval_and_given_as_r() -> None:
    rng = np.random.default_rng(1)
    table = people(12, rng)
    values = {
        person: {"A--B": float(r)} for person, r in zip(table.index, rng.uniform(-0.9, 0.9, 12), strict=True)
    }
    kept = sorted(table.index)[:7]
    both = pd.concat([population(table, table.index), population(table, kept, "kept")], ignore_index=True)
    rows = {row["population"]: row for row in circuit_means(features(values, rng), both, "pearson")}
    for name, persons in (("everyone", list(table.index)), ("kept", kept)):
        z = np.arctanh([values[person]["A--B"] for person in persons])
        low, high = scipy_stats.t.interval(0.95, len(z) - 1, z.mean(), scipy_stats.sem(z))
        row = rows[name]
        assert row["n"] == len(persons)
        found = [row[key] for key in ("mean", "ci_low", "ci_high", "sd")]
        np.testing.assert_allclose(found, [np.tanh(z.mean()), np.tanh(low), np.tanh(high), z.std(ddof=1)])
        assert (row["target"], row["task"], row["statistic"], row["atlas"], row["unit"]) == (
            "A--B", "rest", "pearson", "coordinates", "r"
        )  # fmt: skip


@pytest.mark.parametrize(("cells", "n"), [([np.nan, np.nan], 0), ([0.5, np.nan], 1)])
def test_too_few_people_have_no_interval_and_no_nan_reaches_json(cells: list[float], n: int) -> None:
    table = people(2, np.random.default_rng(1))
    values = {person: {"A--B": cell} for person, cell in zip(table.index, cells, strict=True)}
    (row,) = circuit_means(features(values), population(table, table.index), "pearson")
    assert row["n"] == n
    assert row["mean"] == (pytest.approx(0.5) if n else None)
    assert row["ci_low"] is row["ci_high"] is row["sd"] is None


def test_each_mean_says_of_what_series_it_is() -> None:
    table = people(3, np.random.default_rng(1))
    rows = features({person: {"A--B": 0.5} for person in table.index})
    rows = pd.concat([rows, rows.assign(atlas="other", space="S")], ignore_index=True)
    means = circuit_means(rows, population(table, table.index), "pearson")
    found = {(row["atlas"], row["space"]) for row in means}
    assert found == {("coordinates", rows["space"].iloc[0]), ("other", "S")}
    assert len(means) == 2
    assert {"acq", "strategy"} <= set(means[0])


def test_tasks_stay_apart() -> None:
    table = people(4, np.random.default_rng(1))
    rows = pd.concat(
        [
            features({person: {"A--B": r} for person in table.index}, task=task)
            for task, r in (("rest", 0.5), ("x", -0.5))
        ],
        ignore_index=True,
    )
    found = {
        row["task"]: row["mean"] for row in circuit_means(rows, population(table, table.index), "pearson")
    }
    assert found == {"rest": pytest.approx(0.5), "x": pytest.approx(-0.5)}
