from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from corticolimbic.stats import (
    ChainedEquations,
    ModelError,
    aligned,
    association,
    design,
    gee,
    mixed_model,
    pool,
    pooled_models,
    visit_design,
)

N, VISITS = 50, 3


def study(seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return people of whom some have no age, their visits, and features."""
    rng = np.random.default_rng(seed)
    ids = [f"sub-{number:02d}" for number in range(N)]
    people = pd.DataFrame({"age": rng.normal(size=N), "group": rng.integers(0, 2, N) * 1.0}, index=ids)
    level = rng.normal(size=(N, 2)) + people[["age"]].to_numpy()
    people["level"] = level[:, 0] + 0.3 * rng.normal(size=N)
    people.loc[rng.random(N) < 0.3, "age"] = np.nan
    visits = pd.DataFrame(
        {"person": np.repeat(ids, VISITS), "year": np.tile(np.arange(VISITS) * 1.0, N)},
        index=[f"v{number}" for number in range(N * VISITS)],
    )
    values = np.repeat(level, VISITS, axis=0) + rng.normal(size=(N * VISITS, 2))
    return people, visits, pd.DataFrame(values, index=visits.index, columns=["one", "two"])


def fits(kind: str) -> list:
    people, visits, features = study()
    imputed = ChainedEquations({"age": "normal"}, ("group", "level"), imputations=6).fit(people).imputed_
    found = []
    for table in imputed:
        if kind == "association":
            model = design(table, "group", ("age",))
            found.append(association(aligned(features.groupby(visits["person"]).mean(), model), model))
            continue
        rows = visits.assign(age=table["age"].reindex(visits["person"]).to_numpy())
        model = visit_design(rows, "person", "year", ("age", "year"))
        fit = mixed_model if kind == "mixed" else gee
        found.append(fit(aligned(features, model), model))
    return found


@pytest.mark.parametrize("kind", ["association", "mixed", "gee"])
def test_every_effect_equals_pool_of_its_numbers(kind):
    models = fits(kind)
    found = pooled_models(iter(models))
    for effect in range(len(found.names)):
        for feature in range(2):
            at = (effect, feature) if kind != "association" else feature
            numbers = [(fit.estimate[at], fit.se[at] ** 2, fit.df[at]) for fit in models]
            estimate, variance, df = np.array(numbers).T
            one = pool(estimate, variance, float(df.mean()))
            for name in ("estimate", "se", "ci_low", "ci_high", "df", "fmi", "within", "between"):
                assert getattr(found, name)[effect, feature] == pytest.approx(getattr(one, name), rel=1e-9), (
                    name
                )
    assert found.imputations == 6
    assert (found.df < np.array([np.atleast_2d(fit.df) for fit in models]).mean(axis=0)).all()


def test_by_hand():
    models = fits("mixed")[:3]
    found = pooled_models(models)
    q = np.array([fit.estimate[1, 0] for fit in models])
    u = np.array([fit.se[1, 0] ** 2 for fit in models])
    total = u.mean() + 4 / 3 * q.var(ddof=1)
    gamma = 4 / 3 * q.var(ddof=1) / total
    complete = np.mean([fit.df[1, 0] for fit in models])
    old, observed = 2 / gamma**2, (complete + 1) / (complete + 3) * complete * (1 - gamma)
    assert found.se[1, 0] == pytest.approx(np.sqrt(total))
    assert found.df[1, 0] == pytest.approx(old * observed / (old + observed))


def test_age_is_what_loses_information_and_time_is_not():
    found = pooled_models(fits("mixed"))
    assert found.fmi[found.row("age"), 0] > 0.1
    assert found.fmi[found.row("year"), 0] < 0.05


def test_equal_fits_give_the_fit_and_a_reason_stays():
    [one, *_] = fits("mixed")
    same = pooled_models([one, one, one])
    assert same.se == pytest.approx(one.se)
    assert (same.fmi == 0).all()
    _, visits, features = study()
    model = visit_design(visits, "person", "year", ("year",))
    gone = features.assign(two=np.nan)
    fit = mixed_model(aligned(gone, model), model)
    found = pooled_models([fit, fit])
    assert found.reason[0] == ""
    assert "of 10 needed" in found.reason[1]
    assert np.isnan(found.p[:, 1]).all()
    assert np.isfinite(found.p[:, 0]).all()


def test_what_cannot_be_pooled_is_refused():
    mixed, marginal = fits("mixed"), fits("gee")
    with pytest.raises(ModelError, match="at least 2"):
        pooled_models(mixed[:1])
    with pytest.raises(ModelError, match="differ in effects"):
        pooled_models([mixed[0], marginal[0]])
