"""Volumes over people: slopes on age, sex and head size, normative position, never two versions in one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from stats.cohort_tables import features, people

from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError
from corticolimbic.stats import (
    CompareSettings,
    Comparison,
    HeadSize,
    NormativeModel,
    RelativeReference,
    compare,
    measured_quality,
)

SETTINGS = CompareSettings(
    structure=("volume:NAc", "thickness:Ins"),
    structure_terms=("age", "sex", "measured:icv"),
    relative=("z_normative", "head_size"),
    relative_reference=RelativeReference(covariates=("sex", "measured:icv")),
)


def study(n: int = 80, seed: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows and participants; accumbens falls by 3 mm^3 a year, rises by 0.4 mm^3 per cm^3 of head."""
    rng = np.random.default_rng(seed)
    table = people(n, rng, sites=("one",))
    age = table["age"].astype(float)
    head = 1500 + 120 * (table["sex"] == "M") + rng.normal(0, 100, n)
    nac = 1200 - 3 * (age - 40) + 0.4 * (head - 1500) + rng.normal(0, 60, n)
    key = {"task": "n/a", "atlas": "aseg", "measure": "volume", "statistic": "sum", "definition": "volume-1"}
    rows = [
        features({p: {"NAc": nac[p], "ICV": head[p] * 1000} for p in table.index}, rng, **key),
        features(
            {p: {"Ins": 3 - 0.004 * age[p] + rng.normal(0, 0.1)} for p in table.index},
            rng,
            **{
                **key,
                "atlas": "DK",
                "measure": "thickness",
                "statistic": "mean",
                "definition": "thickness-1",
            },
        ),
    ]
    return pd.concat(rows, ignore_index=True), table


def compared(rows: pd.DataFrame, table: pd.DataFrame, settings: CompareSettings = SETTINGS) -> Comparison:
    members = [{"participant_id": p, "population": "all", "member": 1, "site": "one"} for p in table.index]
    return compare(
        rows,
        measured_quality(rows),
        table,
        schema("outcomes").table([]),
        schema("populations").table(members),
        frozenset(),
        settings,
    )


@pytest.fixture(scope="module")
def found() -> tuple[pd.DataFrame, pd.DataFrame, Comparison]:
    rows, table = study()
    return rows, table, compared(rows, table)


def oracle(rows: pd.DataFrame, table: pd.DataFrame, target: str, *, head: bool) -> sm.regression.linear_model:
    wide = rows.pivot_table(index="participant_id", columns="target", values="value").reindex(table.index)
    x = pd.DataFrame({"age": table["age"].astype(float), "sex": (table["sex"] == "M").astype(float)})
    if head:
        x["measured:icv"] = wide["ICV"] / 1000
    return sm.OLS(wide[target], sm.add_constant(x)).fit(cov_type="HC2")


def test_terms_are_those_of_least_squares_and_thickness_has_no_head(
    found: tuple[pd.DataFrame, pd.DataFrame, Comparison],
) -> None:
    rows, table, result = found
    effects = result.effects.set_index(["target", "contrast"])
    names = {"age": "slope of age", "sex": "sex: M - F", "measured:icv": "slope of measured:icv"}
    fit = oracle(rows, table, "NAc", head=True)
    for term, contrast in names.items():
        row = effects.loc[("NAc", contrast)]
        assert row["estimate"] == pytest.approx(fit.params[term], rel=1e-7)
        assert row["se"] == pytest.approx(fit.bse[term], rel=1e-7)
    assert effects.loc[("NAc", "slope of age"), "estimate_unit"] == "mm3 per unit of age"
    thin = oracle(rows, table, "Ins", head=False)
    assert effects.loc[("Ins", "slope of age"), "estimate"] == pytest.approx(thin.params["age"], rel=1e-7)
    assert ("Ins", "slope of measured:icv") not in effects.index
    assert set(result.effects[result.effects["measure"] == "volume"]["family"]) == {
        f"structure: {term}, all, task n/a, aseg volume" for term in names
    }


def test_without_head_size_nothing_is_adjusted_for_it() -> None:
    rows, table = study()
    plain = compared(rows, table, SETTINGS.model_copy(update={"head_size": "none", "relative": ()}))
    row = plain.effects.set_index(["target", "contrast"]).loc[("NAc", "slope of age")]
    assert row["estimate"] == pytest.approx(oracle(rows, table, "NAc", head=False).params["age"], rel=1e-7)


def test_normative_position_and_average_head_are_those_of_the_estimators(
    found: tuple[pd.DataFrame, pd.DataFrame, Comparison],
) -> None:
    rows, table, result = found
    mine = result.structure[result.structure["target"] == "NAc"].set_index("participant_id")
    wide = rows.pivot_table(index="participant_id", columns="target", values="value")
    size = wide["ICV"] / 1000
    adjusted = HeadSize().fit(wide[["NAc"]], size).transform(wide[["NAc"]], size)["NAc"]
    np.testing.assert_allclose(mine["at_average_head"], adjusted.reindex(mine.index), rtol=1e-9)
    about = table.assign(**{"measured:icv": size.reindex(table.index), "(site)": "one"})
    model = NormativeModel("age", ("sex", "measured:icv"), "(site)").fit(wide[["NAc"]], about)
    z = model.transform(wide[["NAc"]], about).z["NAc"]
    np.testing.assert_allclose(mine["z"], z.reindex(mine.index), rtol=1e-6)
    assert np.isnan(result.structure.loc[result.structure["target"] == "Ins", "at_average_head"]).all()
    assert abs(mine["z"].std() - 1) < 0.15 and abs(np.corrcoef(mine["z"], mine["icv"])[0, 1]) < 0.1


def test_rows_and_people_in_any_order_give_the_same(
    found: tuple[pd.DataFrame, pd.DataFrame, Comparison],
) -> None:
    rows, table, result = found
    rng = np.random.default_rng(9)
    again = compared(
        rows.iloc[rng.permutation(len(rows))].reset_index(drop=True),
        table.iloc[rng.permutation(len(table))],
        SETTINGS.model_copy(update={"relative": ()}),
    )
    first = result.effects[result.effects["measure"].isin(["volume", "thickness"])]
    key = ["target", "contrast"]
    pd.testing.assert_series_equal(
        again.effects.set_index(key)["estimate"].sort_index(),
        first.set_index(key)["estimate"].sort_index(),
        rtol=1e-8,
    )


def test_two_versions_stay_two_columns(found: tuple[pd.DataFrame, pd.DataFrame, Comparison]) -> None:
    rows, table, _ = found
    late = set(table.index[:30])
    other = rows["participant_id"].isin(late) & (rows["target"] == "NAc")
    mixed = rows.assign(definition=np.where(other, "volume-2", rows["definition"]))
    result = compared(mixed, table, SETTINGS.model_copy(update={"relative": ()}))
    nac = result.effects[(result.effects["target"] == "NAc") & (result.effects["contrast"] == "slope of age")]
    assert sorted(zip(nac["definition"], nac["n"], strict=True)) == [("volume-1", 50), ("volume-2", 30)]


@pytest.mark.parametrize("cell", [np.nan, np.inf])
def test_who_lacks_a_volume_is_left_out_of_that_volume(cell: float) -> None:
    rows, table = study()
    person = table.index[3]
    rows.loc[(rows["participant_id"] == person) & (rows["target"] == "NAc"), "value"] = cell
    result = compared(rows, table, SETTINGS.model_copy(update={"relative": ()}))
    effects = result.effects.set_index(["target", "contrast"])
    assert effects.loc[("NAc", "slope of age"), "n"] == 79
    assert effects.loc[("Ins", "slope of age"), "n"] == 80


def test_without_anything_measured_nothing_is_compared_and_nothing_fails() -> None:
    rows, table = study()
    nothing = compared(rows[rows["target"] == "ICV"], table)
    assert nothing.effects.empty and nothing.structure.empty
    assert compared(schema("features").table([]), table).effects.empty


@pytest.mark.parametrize("name", ["NAc", "mass:NAc", "volume:"])
def test_what_is_no_measure_of_a_region_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="expected volume:REGION"):
        CompareSettings.from_mapping({"structure": [name]}, source="test")
