"""The declared comparison of two real cohorts, held against a computation of its own, and its page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats
from stats.real_cohorts import DECLARED, as_text, declared_rows

PAGE = Path(__file__).parents[2] / "docs" / "real-cohorts.md"


@pytest.fixture(scope="module", params=list(DECLARED))
def cohort(request: pytest.FixtureRequest, shared_data: Path) -> tuple[str, Path, pd.DataFrame]:
    name = str(request.param)
    cohorts = shared_data / "cohorts"
    if not (cohorts / f"{name}-mriqc").is_dir():
        pytest.skip(f"no {name} with its image quality among the real data")
    return name, cohorts, declared_rows(cohorts, name)


def read_again(cohorts: Path, name: str) -> pd.DataFrame:
    """Read a cohort once more, with pandas alone."""
    table = pd.read_csv(cohorts / name / "participants.tsv", sep="\t", na_values="n/a")
    table = table.dropna(subset=["participant_id"]).set_index("participant_id")
    table = table.rename(columns=DECLARED[name].names)
    for one in table.index:
        runs = sorted((cohorts / f"{name}-mriqc" / one / "func").glob("*.json"))
        found = [json.loads(path.read_text(encoding="utf-8")) for path in runs]
        for measure in ("fd_mean", "fd_perc", "dvars_std", "tsnr"):
            table.loc[one, measure] = sum(item[measure] for item in found) / len(found)
    table["log_fd_mean"] = np.log(table["fd_mean"])
    return table


def by_hand(y: np.ndarray, x: np.ndarray) -> dict[str, float]:
    """Return HC2 and Bell and McCaffrey by their definitions, and Hedges' g by searching noncentral t."""
    import statsmodels.api as sm

    fit = sm.OLS(y, x).fit(cov_type="HC2")
    inverse = np.linalg.inv(x.T @ x)
    hat = x @ inverse @ x.T
    rest = np.eye(len(y)) - hat
    weights = (inverse @ x.T)[1] / np.sqrt(1 - np.diag(hat))
    each = rest * weights  # columns g_i of Imbens and Kolesar
    gram = each.T @ each
    df = float(np.trace(gram) ** 2 / np.sum(gram**2))
    residual = y - hat @ y
    own_df = len(y) - x.shape[1]
    root = np.sqrt(inverse[1, 1])
    t = fit.params[1] / np.sqrt(residual @ residual / own_df) / root
    j = special.gamma(own_df / 2) / np.sqrt(own_df / 2) / special.gamma((own_df - 1) / 2)
    ends = [
        optimize.brentq(lambda delta, at=at: stats.nct.cdf(t, own_df, delta) - at, t - 4.5, t + 4.5) * root
        for at in (0.975, 0.025)
    ]
    return {
        "estimate": fit.params[1],
        "se": fit.bse[1],
        "df": df,
        "p": 2 * stats.t.sf(abs(fit.params[1] / fit.bse[1]), df),
        "effect_size": j * t * root,
        "es_low": ends[0],
        "es_high": ends[1],
        "r": t / np.sqrt(t**2 + own_df),
    }


def test_every_row_equals_a_computation_of_its_own(cohort: tuple[str, Path, pd.DataFrame]) -> None:
    name, cohorts, rows = cohort
    declared, table = DECLARED[name], read_again(cohorts, name)
    for row in rows.to_dict("records"):
        tested = row["contrast"].removeprefix("slope of ").partition(":")[0]
        used = table
        if row["family"] == "within patients":
            used = table[table[declared.group] != declared.reference]
        x = used[tested]
        x = (x != declared.reference) if tested == declared.group else x
        columns = [np.ones(len(used)), x.to_numpy(dtype=float)]
        for other in row["used"]:
            values = used[other]
            if values.nunique() == 1:  # everybody in ds001928 is female
                continue
            numeric = pd.api.types.is_numeric_dtype(values)
            columns.append(values.to_numpy(float) if numeric else (values == values.max()).to_numpy(float))
        found = by_hand(used[row["feature"]].to_numpy(dtype=float), np.column_stack(columns))
        for key in ("estimate", "se", "df", "p"):
            assert row[key] == pytest.approx(found[key], rel=1e-8, abs=1e-12), (row["feature"], key)
        if row["es_kind"] == "Hedges g":
            for key in ("effect_size", "es_low", "es_high"):
                assert row[key] == pytest.approx(found[key], abs=1e-6), (row["feature"], key)
        else:
            assert row["effect_size"] == pytest.approx(found["r"], abs=1e-10)
        assert row["n"] == len(used)


def test_q_is_benjamini_hochberg_within_a_family_and_a_model(
    cohort: tuple[str, Path, pd.DataFrame],
) -> None:
    from statsmodels.stats.multitest import multipletests

    for _, family in cohort[2].groupby(["family", "covariates"]):
        expected = multipletests(family["p"], method="fdr_bh")[1]
        np.testing.assert_allclose(family["q"], expected, rtol=1e-12)


def test_the_page_prints_every_row_as_it_is_computed(cohort: tuple[str, Path, pd.DataFrame]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert as_text(cohort[2]) in page
    assert page.index("Declared on 2026-11-25 before it ran") < page.index("## What it showed")
