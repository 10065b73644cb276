from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from corticolimbic.foundation import SettingsError
from corticolimbic.stats import LeftOut, ModelError, aligned, design


def people(**columns: object) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"sub-{number:02d}" for number in range(n)])


def test_text_is_coded_against_the_most_frequent_level_and_numbers_are_centred():
    table = people(
        pain=[1.0, 2, 3, 4, 5, 7], sex=["M", "F", "M", "F", "M", "M"], age=[20, 30, 40, 50, 60, 70]
    )
    model = design(table, "pain", ("sex", "age"))
    assert model.columns == ("intercept", "pain", "sex[F]", "age")
    assert model.matrix[:, 2].tolist() == [0, 1, 0, 1, 0, 0]
    assert model.matrix[:, 3].tolist() == [-25, -15, -5, 5, 15, 25]
    assert model.kind == "slope"
    assert model.contrast == "slope of pain"
    assert model.formula == "feature ~ pain + sex + age"


def test_ties_between_levels_go_to_the_first_in_the_alphabet():
    table = people(pain=[1.0, 2, 4, 3, 6, 5], scanner=["b", "b", "c", "a", "c", "a"])
    assert design(table, "pain", ("scanner",)).columns == ("intercept", "pain", "scanner[b]", "scanner[c]")


def test_people_without_a_covariate_are_left_out_by_name():
    table = people(
        pain=[1.0, 2, np.nan, 4, 5, 3, 7, 8],
        age=[20.0, np.nan, np.nan, 50, 60, 80, 55, 31],
        sex=["F", "M", "F", "M", "", "F", "M", "F"],
    )
    model = design(table, "pain", ("age", "sex"))
    assert model.people == ("sub-00", "sub-03", "sub-05", "sub-06", "sub-07")
    reasons = {item.person: (item.reason, item.kind) for item in model.left_out}
    assert reasons["sub-01"] == ("missing: age", "missing")
    assert reasons["sub-02"] == ("missing: pain, age", "missing")
    assert reasons["sub-04"] == ("missing: sex", "missing")


def test_people_alone_at_a_site_are_left_out_only_from_models_with_sites():
    table = people(pain=[1.0, 2, 3, 5, 4, 6, 9], site=["A", "A", "A", "B", "B", "B", "C"])
    model = design(table, "pain", (), "site")
    assert model.left_out == (LeftOut("sub-06", "alone at site: C", "alone"),)
    assert model.columns == ("intercept", "pain", "site[B]")
    assert design(table, "pain").left_out == ()


def test_who_becomes_alone_through_another_exclusion_is_left_out_too():
    table = people(
        pain=[1.0, 2, 3, 5, 4, 6, 9, 8],
        site=["A", "A", "A", "A", "A", "A", "B", "B"],
        sex=["F", "M", "F", "M", "F", "M", "F", "X"],
    )
    model = design(table, "pain", ("sex",), "site")
    reasons = {item.person: item.reason for item in model.left_out}
    assert reasons == {"sub-07": "alone with sex: X", "sub-06": "alone at site: B"}
    assert model.notes == ("site: does not vary",)


def test_sites_written_as_numbers_are_names():
    table = people(pain=[1.0, 2, 4, 3, 6, 5], site=[1, 1, 2, 2, 3, 3])
    assert design(table, "pain", (), "site").columns == ("intercept", "pain", "site[2]", "site[3]")


@pytest.mark.parametrize(
    ("cells", "contrast", "column"),
    [
        (["SBPr", "SBPp", "SBPr", "SBPr", "SBPr", "SBPp"], "group: SBPr - SBPp", [1, 0, 1, 1, 1, 0]),
        ([True, False, True, True, True, False], "group: True - False", [1, 0, 1, 1, 1, 0]),
        ([1, 0, 1, 1, 1, 0], "group: 1 - 0", [1, 0, 1, 1, 1, 0]),
        (["痛", "健康", "痛", "痛", "痛", "健康"], "group: 痛 - 健康", [1, 0, 1, 1, 1, 0]),
    ],
)
def test_the_sign_of_a_difference_does_not_depend_on_group_sizes(cells, contrast, column):
    model = design(people(group=cells), "group")
    assert (model.kind, model.contrast) == ("difference", contrast)
    assert model.matrix[:, 1].tolist() == column
    swapped = design(people(group=cells), "group", reference=contrast.split(": ")[1].split(" - ")[0])
    assert swapped.matrix[:, 1].tolist() == [1 - cell for cell in column]


def test_nullable_columns_with_missing_cells_are_read():
    table = people(
        group=pd.array([True, False, None, True, False, True], dtype="boolean"),
        age=pd.array([20, 35, 40, None, 60, 41], dtype="Int64"),
    )
    model = design(table, "group", ("age",))
    assert {item.person: item.reason for item in model.left_out} == {
        "sub-02": "missing: group",
        "sub-03": "missing: age",
    }
    assert model.matrix[:, 1].tolist() == [1, 0, 0, 1]


def test_a_covariate_with_one_level_is_dropped_and_noted():
    table = people(pain=[1.0, 2, 3, 5], sex=["F"] * 4, age=[30, 30, 30, 30])
    model = design(table, "pain", ("sex", "age"))
    assert model.columns == ("intercept", "pain")
    assert model.notes == ("sex: does not vary", "age: does not vary")
    assert model.formula == "feature ~ pain"


@pytest.mark.parametrize(
    ("table", "arguments", "words", "columns"),
    [
        (people(pain=[2.0] * 5), ("pain",), "does not vary", ("pain",)),
        (people(group=["a"] * 5), ("group",), "1 groups", ("group",)),
        (people(group=list("abcab")), ("group",), "3 groups", ("group",)),
        (people(pain=[1.0, np.inf, 2, 3]), ("pain",), "infinite", ("pain",)),
        (people(pain=[np.nan] * 4), ("pain",), "does not vary", ("pain",)),
        (people(pain=[1.0, 2, 3]), ("age",), "no column 'age'", ("age",)),
        (people(pain=[1.0, 2, 3], age=[1.0, 3, 2]), ("pain", ("age", "age")), "more than once", ("age",)),
        (people(pain=[1.0, 2, 3], age=[1.0, 3, 2]), ("pain", ("age",)), "too few", None),
        (people(pain=[1.0, 2, 3, 4], age=["31", "42", "53", "31"]), ("pain", ("age",)), "convert", ("age",)),
        (people(pain=[1.0, 2, 3, 4], z=[1j, 2j, 3j, 4j]), ("pain", ("z",)), "complex", ("z",)),
    ],
)
def test_what_cannot_be_modelled_is_refused_with_the_column_at_fault(table, arguments, words, columns):
    with pytest.raises(ModelError, match=words) as caught:
        design(table, *arguments)
    assert isinstance(caught.value, SettingsError)
    if columns is not None:
        assert caught.value.columns == columns


def test_collinear_columns_are_named_and_innocent_ones_are_not():
    rng = np.random.default_rng(3)
    age = rng.normal(40, 9, 30)
    table = people(
        pain=rng.normal(size=30),
        age=age,
        months=12 * age + 6,
        sex=rng.choice(["F", "M"], 30),
        mood=rng.random(30),
    )
    with pytest.raises(ModelError, match="repeat each other") as caught:
        design(table, "pain", ("age", "mood", "months", "sex"))
    assert set(caught.value.columns) == {"age", "months"}


def test_a_group_that_is_a_site_is_refused_with_the_reason():
    table = people(group=["patient"] * 6 + ["control"] * 6, site=list("AAABBBCCCDDD"))
    with pytest.raises(ModelError, match="cannot be told apart from site") as caught:
        design(table, "group", (), "site")
    assert "group[patient]" in caught.value.columns
    assert all(name.startswith(("group", "site")) for name in caught.value.columns)


def test_one_mixed_site_is_enough_to_tell_group_from_site():
    table = people(group=["patient"] * 6 + ["control"] * 6, site=list("AAABBBBCCCDD"))
    model = design(table, "group", (), "site")
    assert np.linalg.matrix_rank(model.matrix) == len(model.columns)


def test_repeated_people_are_refused_in_both_tables():
    table = people(pain=[1.0, 2, 3, 4])
    model = design(table, "pain")
    table.index = ["a", "a", "b", "c"]
    with pytest.raises(ModelError, match="more than once in the table: a"):
        design(table, "pain")
    with pytest.raises(ModelError, match="more than once in the table: a"):
        aligned(table, model)


def test_a_column_name_that_stands_twice_is_refused():
    table = people(pain=[1.0, 2, 3, 4])
    table = pd.concat([table, table], axis=1)
    with pytest.raises(ModelError, match="stands more than once"):
        design(table, "pain")


def test_features_join_people_by_key():
    table = people(pain=[1.0, 2, 3, 4])
    model = design(table, "pain")
    features = pd.DataFrame({"fc": [30.0, 10.0, 99.0, 0.0]}, index=["sub-03", "sub-01", "sub-77", "sub-00"])
    assert aligned(features, model)[:2].ravel().tolist() == [0.0, 10.0]
    assert np.isnan(aligned(features, model)[2, 0])


def test_a_refusal_crosses_a_process_border_whole():
    import pickle

    refusal = pickle.loads(pickle.dumps(ModelError("why", ("age",))))
    assert (str(refusal), refusal.columns) == ("why", ("age",))
