"""Sensitivity and specificity at a cut-off, and what they mean where more or fewer people are persistent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from corticolimbic.cohort import wilson
from corticolimbic.stats._auc import pairs_of
from corticolimbic.stats._correlation import Estimate
from corticolimbic.stats._refusals import ModelError


@dataclass(frozen=True)
class Accuracy:
    """How a test's yes or no agrees with the class.

    Parameters
    ----------
    sensitivity, specificity
        Share of class 1 called yes, of class 0 called no, with Wilson's intervals; no p.
    true_yes, true_no
        People behind them.
    """

    sensitivity: Estimate
    specificity: Estimate
    true_yes: int
    true_no: int


def cut_off_at(
    scores: Float[np.ndarray, " people"], classes: Float[np.ndarray, " people"], specificity: float = 0.80
) -> float:
    """Return the lowest score such that at least this share of class 0 lies at or below it.

    To be set on training people and applied to others: those above the cut-off are called yes.

    Parameters
    ----------
    scores
        A higher one speaks for class 1; NaN is left out.
    classes
        1 or 0.
    specificity
        The share.

    Raises
    ------
    ModelError
        Nobody is of class 0.

    Examples
    --------
    >>> cut_off_at(np.array([1.0, 2, 3, 4, 5, 9]), np.array([0.0, 0, 0, 0, 0, 1]))
    4.0
    """
    known, told = pairs_of(scores, classes)
    others = np.sort(known[told == 0])
    if not others.size:
        raise ModelError("a cut-off at a specificity needs people of class 0")
    return float(others[int(np.ceil(specificity * others.size - 1e-9)) - 1])


def accuracy(
    called: Bool[np.ndarray, " people"], classes: Float[np.ndarray, " people"], *, level: float = 0.95
) -> Accuracy:
    """Return sensitivity and specificity of a yes or no.

    Parameters
    ----------
    called
        Yes of each person.
    classes
        1 or 0, none missing.
    level
        Coverage.

    Examples
    --------
    >>> found = accuracy(np.array([True, True, False, False]), np.array([1.0, 0, 1, 0]))
    >>> found.sensitivity.value, found.specificity.value
    (0.5, 0.5)
    """
    cases, others = classes == 1, classes == 0
    yes, no = int((called & cases).sum()), int((~called & others).sum())
    return Accuracy(_share(yes, int(cases.sum()), level), _share(no, int(others.sum()), level), yes, no)


def _share(count: int, n: int, level: float) -> Estimate:
    low, high = wilson(count, n, level)
    value = count / n if n else float("nan")
    return Estimate(value, low, high, float("nan"), n, "" if n else "nobody of this class")


def predictive_values(
    found: Accuracy, prevalence: float, *, level: float = 0.95
) -> tuple[Estimate, Estimate]:
    r"""Return PPV and NPV at a prevalence, as if sensitivity and specificity were the same there.

    Intervals are symmetric in log odds (Mercaldo, Lau & Zhou 2007, Stat Med 26:2170):
    :math:`\mathrm{var}\,\mathrm{logit}\,PPV = (1 - se) / (se\,n_1) + sp / ((1 - sp)\,n_0)`, and likewise for
    NPV. Where a share is 0 or 1, they are made from counts with z squared over 2 added to each cell, as those
    authors do.

    Parameters
    ----------
    found
        Of `accuracy`.
    prevalence
        Share of class 1 in the population meant, between 0 and 1.
    level
        Coverage.

    Examples
    --------
    >>> found = accuracy(np.arange(100) % 5 != 0, (np.arange(100) < 50).astype(float))
    >>> ppv, npv = predictive_values(found, 0.5)
    >>> round(ppv.value, 3), round(npv.value, 3)
    (0.5, 0.5)
    """
    nan = float("nan")
    n_cases, n_others = found.sensitivity.n, found.specificity.n
    n = n_cases + n_others
    if not n_cases or not n_others:
        none = Estimate(nan, nan, nan, nan, n, "one class only")
        return none, none
    ppv, npv = _bayes(found.sensitivity.value, found.specificity.value, prevalence)
    z = float(special.ndtri((1 + level) / 2))
    yes, no, n1, n0 = float(found.true_yes), float(found.true_no), float(n_cases), float(n_others)
    if yes in {0.0, n1} or no in {0.0, n0}:
        yes, no, n1, n0 = yes + z**2 / 2, no + z**2 / 2, n1 + z**2, n0 + z**2
    sensitivity, specificity = yes / n1, no / n0
    middle = _bayes(sensitivity, specificity, prevalence)
    errors = (
        np.sqrt((1 - sensitivity) / (sensitivity * n1) + specificity / ((1 - specificity) * n0)),
        np.sqrt(sensitivity / ((1 - sensitivity) * n1) + (1 - specificity) / (specificity * n0)),
    )
    ends = [
        special.expit(special.logit(at) + np.array([-z, z]) * error)
        for at, error in zip(middle, errors, strict=True)
    ]
    reasons = ("" if np.isfinite(value) else "nobody is called so" for value in (ppv, npv))
    return tuple(  # type: ignore[return-value]
        Estimate(value, min(float(low), value), max(float(high), value), nan, n, reason)
        if not reason
        else Estimate(nan, nan, nan, nan, n, reason)
        for value, (low, high), reason in zip((ppv, npv), ends, reasons, strict=True)
    )


def _bayes(sensitivity: float, specificity: float, prevalence: float) -> tuple[float, float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        yes = sensitivity * prevalence + (1 - specificity) * (1 - prevalence)
        no = (1 - sensitivity) * prevalence + specificity * (1 - prevalence)
        return (
            float(np.divide(sensitivity * prevalence, yes)),
            float(np.divide(specificity * (1 - prevalence), no)),
        )
