"""One row a person: joined by key, first session as people number it, runs averaged in z."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from stats.cohort_tables import features, quality

from corticolimbic.stats import baseline_rows, connectivity_table, measured_quality


def test_the_first_session_is_the_first_as_people_number_them() -> None:
    rows = pd.concat(
        [features({person: {"A--B": 0.1}}, session_id=session)
         for person, session in (("sub-1", "ses-10"), ("sub-1", "ses-2"), ("sub-2", "ses-10"),
                                 ("sub-3", "ses-none"))],
        ignore_index=True,
    )  # fmt: skip
    first = baseline_rows(rows, None)
    assert dict(zip(first["participant_id"], first["session_id"], strict=True)) == {
        "sub-1": "ses-2", "sub-2": "ses-10", "sub-3": "ses-none"
    }  # fmt: skip
    assert baseline_rows(rows, "ses-10")["participant_id"].tolist() == ["sub-1", "sub-2"]
    assert baseline_rows(rows, "ses-1").empty
    assert baseline_rows(rows.iloc[:0], None).empty


def test_quality_is_the_mean_over_runs_and_lists_everyone() -> None:
    rows = pd.concat(
        [
            quality({"sub-1": (0.1, 0.0), "sub-2": (np.nan, 0.5)}, run="1"),
            quality({"sub-1": (0.3, 0.2)}, run="2"),
            features({"sub-3": {"A--B": 0.5}}),
        ],
        ignore_index=True,
    )
    table = measured_quality(rows)
    assert table.index.tolist() == ["sub-1", "sub-2", "sub-3"]
    np.testing.assert_allclose(table["mean_fd"], [0.2, np.nan, np.nan])
    np.testing.assert_allclose(table["censored_share"], [0.1, 0.5, np.nan])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-0.99, 0.99), min_size=1, max_size=5), st.randoms())
def test_runs_are_averaged_in_z_whatever_their_order(values: list[float], random: object) -> None:
    order = list(enumerate(values))
    random.shuffle(order)  # type: ignore[attr-defined]
    rows = pd.concat(
        [features({"sub-1": {"A--B": value}}, run=str(run)) for run, value in order], ignore_index=True
    )
    table = connectivity_table(rows, "pearson")
    assert table.shape == (1, 1)
    np.testing.assert_allclose(table.iloc[0, 0], np.mean(np.arctanh(values)), atol=1e-12)


def test_missing_runs_do_not_make_the_others_missing_and_perfect_ones_are_missing() -> None:
    rows = pd.concat(
        [features({"sub-1": {"A--B": value}, "sub-2": {"A--B": 1.0}}, run=str(run))
         for run, value in enumerate([0.5, np.nan])],
        ignore_index=True,
    )  # fmt: skip
    table = connectivity_table(rows, "pearson")
    np.testing.assert_allclose(table.loc["sub-1"], np.arctanh(0.5))
    assert table.loc["sub-2"].isna().all()


def test_only_keys_that_occur_become_columns() -> None:
    parts = [
        features(
            {"sub-1": {f"{atlas}{at}--Z": 0.1 for at in range(3)}},
            atlas=atlas,
            task=task,
            definition=f"fc-{atlas}",
        )
        for atlas, task in (("a", "rest"), ("b", "rating"), ("c", "rest"))
    ]
    missing = features({"sub-1": {"d--Z": np.nan}})
    table = connectivity_table(pd.concat([*parts, missing], ignore_index=True), "pearson")
    assert table.shape == (1, 10)
    assert int(table.isna().sum().sum()) == 1
    assert connectivity_table(missing.iloc[:0], "pearson").shape == (0, 0)
