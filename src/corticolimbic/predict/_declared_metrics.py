"""The metrics that a validation can be registered for: what they are without any effect, and of what."""

from __future__ import annotations

from dataclasses import dataclass

from corticolimbic.foundation import SettingsError
from corticolimbic.predict._judged import EXTERNAL

OUT_OF_FOLD = "out of fold"
"""Centres left out where there are several, else folds: whichever the judging of these people took."""
GIVEN = "|"
"""Stands between a metric and the covariates that it is adjusted for: ``association|age+sex``."""


@dataclass(frozen=True)
class DeclaredMetric:
    """One metric of the evaluation that has an interval.

    Parameters
    ----------
    name
        As in ``evaluation``.
    null
        Its value where a marker tells nothing.
    classes
        Whether it is of a class outcome; None for both.
    scheme
        How the people are judged.
    """

    name: str
    null: float
    classes: bool | None
    scheme: str = EXTERNAL


_METRICS = (
    DeclaredMetric("auc", 0.5, classes=True),
    DeclaredMetric("auc_increment", 0.0, classes=True, scheme=OUT_OF_FOLD),
    DeclaredMetric("brier_skill_prevalence", 0.0, classes=True, scheme=OUT_OF_FOLD),
    DeclaredMetric("brier_skill_baseline_pain", 0.0, classes=True, scheme=OUT_OF_FOLD),
    DeclaredMetric("pearson_r", 0.0, classes=False),
    DeclaredMetric("spearman_rho", 0.0, classes=False),
    DeclaredMetric("skill", 0.0, classes=False),
    DeclaredMetric("q2", 0.0, classes=False, scheme=OUT_OF_FOLD),
    DeclaredMetric("association", 0.0, classes=None),
)


def declared_metric(name: str) -> DeclaredMetric:
    """Return a metric by name; ``association|COVARIATES`` is an association given covariates.

    Raises
    ------
    SettingsError
        Where nobody can be held to it: it is unknown, or has no interval.

    Examples
    --------
    >>> declared_metric("auc").null
    0.5
    """
    plain, given, covariates = name.partition(GIVEN)
    known = {item.name: item for item in _METRICS}
    if plain not in known or (given and (plain != "association" or not covariates.strip())):
        has = ", ".join([*known, "association|COVARIATES"])
        raise SettingsError(f"no validation can be registered for the metric {name!r}; there are {has}")
    item = known[plain]
    return DeclaredMetric(name, item.null, item.classes, item.scheme)


def adjusted_covariates(metric: str) -> tuple[str, ...]:
    """Return the covariates that a metric is adjusted for.

    Examples
    --------
    >>> adjusted_covariates("association|age+sex")
    ('age', 'sex')
    """
    return tuple(part.strip() for part in metric.partition(GIVEN)[2].split("+") if part.strip())
