"""CovBat and longitudinal ComBat against plain implementations of the papers' equations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from stats.combat_studies import study

from corticolimbic.stats import ComBat, CovBat, LongitudinalComBat


def test_covbat_equals_its_steps_written_out() -> None:
    values, people = study()
    combat = ComBat(keep=("age", "sex"))
    mine = CovBat(combat, share=0.8).fit(values, people).transform(values, people)
    first = combat.fit(values, people)
    kept = first.design.matrix(people) @ first.slopes + first.level
    residual = (first.transform(values, people).to_numpy() - kept) / first.sd
    centre, spread = residual.mean(axis=0), residual.std(axis=0, ddof=1)
    standard = (residual - centre) / spread
    variances, axes = np.linalg.eigh(np.cov(standard.T))
    variances, axes = variances[::-1], axes[:, ::-1]
    k = next(n for n in range(1, 9) if variances[:n].sum() / variances.sum() > 0.8)
    scores = standard @ axes
    sites = people["site"].to_numpy()
    for at in range(k):
        one, within = scores[:, at].copy(), np.empty(len(scores))
        for site in np.unique(sites):
            within[sites == site] = one[sites == site] - one[sites == site].mean()
        pooled = np.sqrt((within**2).mean())
        for site in np.unique(sites):
            here = sites == site
            scores[here, at] = one.mean() + within[here] / (within[here] / pooled).std(ddof=1)
    expected = (scores @ axes.T * spread + centre) * first.sd + kept
    np.testing.assert_allclose(mine.to_numpy(), expected, atol=1e-9)


def _visits(n_features: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(7)
    person = np.repeat(np.arange(48), 3)
    visits = pd.DataFrame({"participant_id": [f"sub-{one:02d}" for one in person]})
    visits["year"] = np.tile([0.0, 1.0, 2.0], 48)
    visits["group"] = np.where(person % 2, "patient", "control")
    moves = np.where(person % 5 == 0, np.tile([0, 0, 1], 48), 0)
    visits["site"] = np.array(["A", "B", "C"])[(person // 16 + moves) % 3]
    code = pd.factorize(visits["site"], sort=True)[0]
    level = rng.normal(0, 1, (48, n_features))[person]
    trend = np.where(visits["group"] == "patient", -0.3, 0.1) * visits["year"]
    added = rng.normal([[0.0], [1.0], [-0.8]], 0.2, (3, n_features))[code]
    noise = rng.normal(size=(len(person), n_features)) * np.array([0.5, 0.9, 0.6])[code][:, None]
    return pd.DataFrame(level + trend.to_numpy()[:, None] + added + noise), visits


def test_longitudinal_combat_equals_the_equations_person_by_person() -> None:
    import statsmodels.api as sm

    values, visits = _visits()
    keep = ("group", "year", "group:year")
    mine = LongitudinalComBat(keep=keep).fit(values, visits).transform(values, visits)
    patient = (visits["group"] == "patient").to_numpy(float)
    year = visits["year"].to_numpy()
    kept = np.column_stack([np.ones(len(visits)), patient, year, patient * year])
    sites = ["A", "B", "C"]
    own = np.column_stack([(visits["site"] == site).to_numpy(float) for site in sites])
    standard, fixed, sds = [], [], []
    for feature in values:
        y = values[feature].to_numpy()
        model = sm.MixedLM(y, np.column_stack([kept, own[:, 1:]]), visits["participant_id"])
        fit = model.fit(reml=True, gtol=1e-10, method="bfgs")
        gamma = np.r_[0.0, fit.fe_params[4:]]
        shift = (own.sum(axis=0) @ gamma) / len(y)
        gamma -= shift
        mean = kept @ fit.fe_params[:4] + shift
        sd, between = np.sqrt(fit.scale), fit.cov_re[0, 0]
        for name in visits["participant_id"].unique():
            rows = (visits["participant_id"] == name).to_numpy()
            left = y[rows] - mean[rows] - own[rows] @ gamma
            covariance = between * np.ones((rows.sum(),) * 2) + fit.scale * np.eye(rows.sum())
            mean[rows] += between * np.ones(rows.sum()) @ np.linalg.solve(covariance, left)
        standard.append((y - mean) / sd)
        fixed.append(mean)
        sds.append(sd)
    z = np.array(standard)
    out = np.empty_like(z)
    for at in range(3):
        rows = own[:, at] == 1
        n = rows.sum()
        g, d = z[:, rows].mean(axis=1), z[:, rows].var(axis=1, ddof=1)
        bar, tau, m, s = g.mean(), g.var(ddof=1), d.mean(), d.var(ddof=1)
        lam, theta = (m**2 + 2 * s) / s, (m**3 + m * s) / s
        gs, ds = g.copy(), d.copy()
        for _ in range(200):
            gs = (n * tau * g + ds * bar) / (n * tau + ds)
            ds = (theta + 0.5 * ((z[:, rows] - gs[:, None]) ** 2).sum(axis=1)) / (n / 2 + lam - 1)
        out[:, rows] = (z[:, rows] - gs[:, None]) / np.sqrt(ds)[:, None]
    expected = (out * np.array(sds)[:, None] + np.array(fixed)).T
    np.testing.assert_allclose(mine.to_numpy(), expected, atol=2e-4)
