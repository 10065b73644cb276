"""Cohorts with markers whose truth is known, judged by estimators of their own, for the rates of verdicts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from scipy import special

from corticolimbic.predict import MarkerFacts, VerdictSettings
from corticolimbic.predict._verdict_figures import Figures, Interval
from corticolimbic.predict._verdict_rules import verdict
from corticolimbic.stats import false_discovery

TRUTHS = ("prognostic", "motion", "site", "baseline_pain", "one threshold")
NULLS = 6
SITES = 4
THRESHOLDS = (10, 30, 40, 50)
PRIMARY = 20


class Cohort:
    """Pain falls by 30 % in the mean; persistence is a fall below a threshold.

    Persistence follows a trait, motion, site and baseline pain. Each marker is one of these plus noise; the
    marker of one threshold tells only those just above 20 % from those just below. Motion is measured with a
    reliability of 0.9.
    """

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        site = rng.integers(0, SITES, n)
        of_site = np.linspace(-1.2, 1.2, SITES)[site]
        trait, motion, pain, age = rng.normal(size=(4, n))
        liability = 0.65 * trait + 0.55 * motion + 0.55 * of_site + 0.5 * pain + rng.normal(size=n)
        self.fall = 30 - 25 * liability / liability.std()
        near = (self.fall >= 10).astype(float) * (self.fall < 20) - (self.fall >= 20) * (self.fall < 30)
        self.markers = {
            "prognostic": trait + rng.normal(0, 0.5, n),
            "motion": motion + rng.normal(0, 0.5, n),
            "site": of_site + rng.normal(0, 0.7, n),
            "baseline_pain": pain + rng.normal(0, 0.5, n),
            "one threshold": 1.6 * near + rng.normal(size=n),
        }
        self.markers |= {f"null {at}": rng.normal(size=n) for at in range(NULLS)}
        measured = motion + rng.normal(0, 1 / 3, n)
        dummies = (site[:, None] == np.arange(1, SITES)).astype(float)
        self.site = site
        self.covariates = {
            "age+sex": np.column_stack([age, rng.integers(0, 2, n)]),
            "motion": measured[:, None],
            "site": dummies,
            "baseline_pain": pain[:, None],
        }
        self.covariates["all"] = np.column_stack(list(self.covariates.values()))

    def classes(self, threshold: float) -> np.ndarray:
        return self.fall < threshold


def auc(score: np.ndarray, persistent: np.ndarray, strata: np.ndarray) -> Interval:
    """Return the AUC within strata, weighted, with DeLong's variance."""
    total = weighted = variance = 0.0
    for name in np.unique(strata):
        high, low = (score[(strata == name) & (persistent == is_it)] for is_it in (True, False))
        if len(high) < 2 or len(low) < 2:
            continue
        above = (high[:, None] > low).astype(float)
        weight = len(high) * len(low) / (len(high) + len(low) + 1)
        spread = above.mean(1).var(ddof=1) / len(high) + above.mean(0).var(ddof=1) / len(low)
        total, weighted = total + weight, weighted + weight * above.mean()
        variance += weight**2 * spread
    if not total or not variance:
        return Interval()
    value, error = weighted / total, np.sqrt(variance) / total
    return _wald(value, error, 0.5, len(score))


def association(score: np.ndarray, persistent: np.ndarray, covariates: np.ndarray | None) -> Interval:
    """Return the log odds ratio per SD by Newton's method, with Wald's interval."""
    columns = [np.ones(len(score)), (score - score.mean()) / score.std()]
    x = np.column_stack(columns if covariates is None else [*columns, covariates])
    beta = np.zeros(x.shape[1])
    for _ in range(25):
        chance = special.expit(x @ beta)
        information = x.T @ (x * (chance * (1 - chance))[:, None])
        step = np.linalg.solve(information, x.T @ (persistent - chance))
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    else:
        return Interval()
    return _wald(beta[1], np.sqrt(np.linalg.inv(information)[1, 1]), 0.0, len(score))


def _wald(value: float, error: float, none: float, n: int) -> Interval:
    half = 1.959964 * error
    p = 2 * special.ndtr(-abs(value - none) / error)
    return Interval(float(value), float(value - half), float(value + half), float(p), n)


def judged(cohort: Cohort) -> dict[str, Figures]:
    persistent = cohort.classes(PRIMARY)
    everyone = np.zeros(len(cohort.site), dtype=int)
    found = {}
    for name, score in cohort.markers.items():
        swept = {str(at): auc(score, cohort.classes(at), cohort.site) for at in THRESHOLDS}
        found[name] = Figures(
            MarkerFacts(name, "prognostic", 1), "persistent_20", "everyone", "auc",
            own=auc(score, persistent, cohort.site), pooled=auc(score, persistent, everyone),
            crude=association(score, persistent, None),
            given={given: association(score, persistent, x) for given, x in cohort.covariates.items()},
            sweep={at: interval for at, interval in swept.items() if interval.known},
            fewest=int(min(persistent.sum(), (~persistent).sum())), computed=True, scored=len(score),
        )  # fmt: skip
    p = np.array([one.own.p for one in found.values()])
    q = false_discovery(p, ["named"] * len(p))
    return {
        name: replace(one, q=float(value), family=len(p))
        for (name, one), value in zip(found.items(), q, strict=True)
    }


def rates(n: int, cohorts: int, seed: int, settings: VerdictSettings) -> dict[str, Counter[str]]:
    """Return how often each verdict is given for each truth; the null markers are counted together."""
    counted: dict[str, Counter[str]] = {name: Counter() for name in (*TRUTHS, "null")}
    for rng in np.random.default_rng(seed).spawn(cohorts):
        for name, one in judged(Cohort(n, rng)).items():
            counted[name.partition(" ")[0] if name.startswith("null") else name][
                verdict(one, settings)[0]
            ] += 1
    return counted
