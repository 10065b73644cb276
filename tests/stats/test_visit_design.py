from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from corticolimbic.stats import LeftOut, ModelError, aligned, visit_design


def visits(n_people: int = 8, n_visits: int = 3, **columns: object) -> pd.DataFrame:
    """Return a table of visits: columns of one value a person are repeated over their visits."""
    n = n_people * n_visits
    person = np.repeat(np.arange(n_people), n_visits)
    table = {
        "person": [f"sub-{one:02d}" for one in person],
        "session": np.tile([f"ses-{one + 1}" for one in range(n_visits)], n_people),
        "month": np.tile(np.arange(n_visits) * 6.0, n_people),
    }
    for name, values in columns.items():
        column = np.asarray(values, dtype=object if isinstance(values[0], str | None) else None)
        table[name] = column if len(column) == n else column[person]
    return pd.DataFrame(table).set_index(["person", "session"])


def random_columns(seed: int, n_people: int = 8, n_visits: int = 3) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    return {
        "group": ["patient", "control"] * (n_people // 2),
        "age": rng.normal(45, 10, n_people),
        "pain": rng.normal(5, 2, n_people * n_visits),
        "site": ["north", "north", "south", "south"] * (n_people // 4),
    }


def test_columns_are_named_and_coded_by_what_they_are():
    table = visits(**random_columns(1))
    model = visit_design(table, "person", "month", ("group", "month", "group:month", "age", "pain"), "site")
    assert model.columns == (
        "intercept",
        "group[patient]",
        "month",
        "group[patient]:month",
        "age",
        "pain[person mean]",
        "pain[deviation]",
        "site[south]",
    )
    assert model.formula == "feature ~ group + month + group:month + age + pain + site"
    by_name = dict(zip(model.columns, model.matrix.T, strict=True))
    rows = table.loc[list(model.keys)]
    np.testing.assert_array_equal(by_name["group[patient]"], rows["group"] == "patient")
    np.testing.assert_array_equal(by_name["month"], rows["month"])  # 0 stays where groups are compared
    np.testing.assert_array_equal(
        by_name["group[patient]:month"], rows["month"] * (rows["group"] == "patient")
    )
    np.testing.assert_allclose(by_name["age"], rows["age"] - rows["age"].mean())
    mean = rows.groupby("person")["pain"].transform("mean")
    np.testing.assert_allclose(by_name["pain[deviation]"], rows["pain"] - mean)
    np.testing.assert_allclose(by_name["pain[person mean]"], mean - mean.mean(), atol=1e-12)
    np.testing.assert_array_equal(by_name["site[south]"], rows["site"] == "south")


def test_only_what_varies_within_people_is_split():
    table = visits(**random_columns(2))
    table["typical"] = table.groupby("person")["pain"].transform("mean")  # equal but for rounding
    table["typical"] *= 1 + 1e-16 * np.arange(len(table))
    model = visit_design(table, "person", "month", ("age", "typical", "month"))
    assert model.columns == ("intercept", "age", "typical", "month")


def test_a_person_mean_counts_visits_that_are_not_in_the_model_for_another_reason():
    table = visits(**random_columns(3))
    whole = visit_design(table, "person", "month", ("month", "pain"))
    table.loc[("sub-02", "ses-3"), "month"] = np.nan
    model = visit_design(table, "person", "month", ("month", "pain"))
    assert model.left_out == (LeftOut(("sub-02", "ses-3"), "missing: month", "missing"),)
    kept = [whole.keys.index(key) for key in model.keys]
    np.testing.assert_array_equal(model.matrix[:, 3], whole.matrix[kept, 3])


def test_a_split_covariate_may_change_over_time():
    table = visits(**random_columns(4))
    model = visit_design(table, "person", "month", ("month", "pain", "pain:month"))
    assert model.columns[-2:] == ("pain[person mean]:month", "pain[deviation]:month")
    np.testing.assert_allclose(model.matrix[:, -1], model.matrix[:, 1] * model.matrix[:, 3])


def test_visits_without_a_value_are_left_out_by_name_and_people_stay():
    table = visits(**random_columns(5))
    table.loc[("sub-00", "ses-1"), "pain"] = np.nan
    table.loc[("sub-01", slice(None)), "group"] = "n/a"
    model = visit_design(table, "person", "month", ("group", "month", "pain"))
    assert {item.person: item.reason for item in model.left_out} == {
        ("sub-00", "ses-1"): "missing: pain",
        **{("sub-01", f"ses-{n}"): "missing: group" for n in (1, 2, 3)},
    }
    assert "sub-00" in model.people
    assert "sub-01" not in model.people
    assert len(model.keys) == len(table) - 4


def test_rows_are_sorted_by_person_and_time_and_features_join_by_key():
    table = visits(**random_columns(6))
    features = pd.DataFrame({"fc": np.arange(len(table), dtype=float)}, index=table.index)
    order = np.random.default_rng(6).permutation(len(table))
    model = visit_design(table.iloc[order], "person", "month", ("month",))
    assert (np.diff(model.person) >= 0).all()
    assert (np.diff(model.time)[np.diff(model.person) == 0] > 0).all()
    values = aligned(features.iloc[order[::-1]].drop(index=[("sub-03", "ses-2")]), model)[:, 0]
    for key, value in zip(model.keys, values, strict=True):
        assert np.isnan(value) if key == ("sub-03", "ses-2") else value == features.loc[key, "fc"]


def test_people_may_stand_in_a_column_and_be_unknown():
    table = visits(**random_columns(7)).reset_index()
    table["person"] = table["person"].astype(object)
    table.loc[0, "person"] = None
    table.loc[1, "person"] = ""
    model = visit_design(table, "person", "month", ("month",))
    assert [item.reason for item in model.left_out] == ["missing: person"] * 2
    assert model.people[0] == "sub-00"
    assert set(model.keys) == set(range(2, len(table)))


def test_zeros_and_ones_are_groups_and_the_first_in_the_alphabet_is_the_reference():
    table = visits(smoker=[1, 0, 1, 1, 0, 1, 1, 1], group=["b", "b", "a", "b", "b", "c", "b", "a"])
    model = visit_design(table, "person", "month", ("smoker", "group", "month"))
    assert model.columns == ("intercept", "smoker[1]", "group[b]", "group[c]", "month")
    other = visit_design(table, "person", "month", ("group", "month"), references={"group": "c"})
    assert other.columns == ("intercept", "group[a]", "group[b]", "month")


def test_somebody_alone_at_a_site_stays():
    columns = random_columns(8)
    columns["site"] = ["north"] * 4 + ["south"] * 3 + ["west"]
    model = visit_design(visits(**columns), "person", "month", ("month",), "site")
    assert model.left_out == ()
    assert "site[west]" in model.columns


def test_what_does_not_vary_leaves_no_column_and_a_note():
    table = visits(age=[40.0] * 8, group=["a"] * 8)
    model = visit_design(table, "person", "month", ("group", "month", "group:month", "age"))
    assert model.columns == ("intercept", "month")
    assert model.notes == ("group: does not vary", "group:month: does not vary", "age: does not vary")
    assert model.formula == "feature ~ month"


def test_unicode_names_and_labels_are_kept():
    table = visits(grüße=["schmerz", "ohne"] * 4).rename(columns={"month": "月"})
    model = visit_design(table, "person", "月", ("grüße", "月", "grüße:月"))
    assert model.columns[-1] == "grüße[schmerz]:月"


def test_a_group_that_is_a_site_is_refused_with_the_reason():
    columns = random_columns(9)
    columns["site"] = ["north", "south"] * 4  # as the groups
    with pytest.raises(ModelError, match="group cannot be told apart from site") as caught:
        visit_design(visits(**columns), "person", "month", ("group", "month", "group:month"), "site")
    assert set(caught.value.columns) == {"group[patient]", "site[south]"}


def test_age_at_the_visit_repeats_time_and_says_so():
    table = visits(**random_columns(10))
    table["age"] = table["age"] + table["month"] / 12
    with pytest.raises(ModelError, match="repeat each other") as caught:
        visit_design(table, "person", "month", ("month", "age"))
    assert set(caught.value.columns) == {"month", "age[deviation]"}


@pytest.mark.parametrize(
    ("change", "effects", "words"),
    [
        ({}, ("month", "mood"), "no column 'mood'"),
        ({}, ("month", "month"), "more than once in the model"),
        ({}, ("group", "group:month"), "needs each of its columns"),
        ({}, ("month", "month:month"), "needs each of its columns"),
        ({"age": [np.inf, 1.0, 2, 3, 4, 5, 6, 7]}, ("age", "month"), "infinite"),
        ({"month": [np.inf, *range(23)]}, ("month",), "infinite"),
        ({"month": ["one"] * 24}, ("month",), "must hold numbers"),
        ({"dose": ["1", "2", "3", "4"] * 2}, ("dose", "month"), "text that holds numbers"),
    ],
)
def test_what_cannot_be_modelled_is_refused(change, effects, words):
    table = visits(**{**random_columns(11), **change})
    with pytest.raises(ModelError, match=words):
        visit_design(table, "person", "month", effects)


def test_repeated_visits_one_visit_each_and_strange_references_are_refused():
    table = visits(**random_columns(12))
    with pytest.raises(ModelError, match="visits stand more than once"):
        visit_design(pd.concat([table, table.iloc[:1]]), "person", "month", ("month",))
    with pytest.raises(ModelError, match="none of the 8 people has two visits"):
        visit_design(visits(n_visits=1, group=["a", "b"] * 4), "person", "month", ("group",))
    with pytest.raises(ModelError, match="no column and no index level"):
        visit_design(table, "participant", "month", ("month",))
    with pytest.raises(ModelError, match="no level 'x'"):
        visit_design(table, "person", "month", ("group",), references={"group": "x"})
    with pytest.raises(ModelError, match="continuous"):
        visit_design(table, "person", "month", ("age",), references={"age": "x"})
    with pytest.raises(ModelError, match="which the model lacks"):
        visit_design(table, "person", "month", ("age",), references={"group": "patient"})
    with pytest.raises(ModelError, match="too few"):
        visit_design(table.iloc[:3], "person", "month", ("month", "pain"))
    with pytest.raises(ModelError):
        visit_design(table.iloc[:0], "person", "month", ("month", "group"))
