"""How often single ratings put a person into the wrong class, and what that costs a perfect marker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.cohort._criterion import Criterion
from corticolimbic.cohort._latent_pain import LatentPain
from corticolimbic.cohort._ratings import TOP

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True)
class Misclassification:
    """The recorded class against the class that the pain itself would have.

    Parameters
    ----------
    rate
        Share of people in the wrong class.
    sensitivity, specificity
        Of the recorded class for the true one.
    prevalence, recorded
        Share of people who are truly, and by their ratings, persistent.
    ceiling
        AUC against the recorded class of a marker that knows everybody's true class: (PPV + NPV) / 2.
    ceiling_levels
        The same for a marker that knows everybody's true first and final pain, and so who is near the line;
        no marker of pain can do better.
    """

    rate: float
    sensitivity: float
    specificity: float
    prevalence: float
    recorded: float
    ceiling: float
    ceiling_levels: float


def misclassification(
    study: LatentPain,
    criterion: Criterion,
    *,
    day_to_day_sd: float,
    n_first: int = 1,
    n_final: int = 1,
) -> Misclassification:
    """Work out how single ratings misclassify, by numerical integration over the study's pain.

    Parameters
    ----------
    study
        How first and final pain are spread; cut at 0 and 10.
    criterion
        What is called persistent.
    day_to_day_sd
        Error of a rating, NRS.
    n_first, n_final
        Ratings of which the mean is compared, at each end.

    Notes
    -----
    Ratings themselves are neither rounded nor cut here.
    """
    mass, truly, chance = _grid(study, criterion, day_to_day_sd, n_first, n_final)
    both, only = float(mass[truly] @ chance[truly]), float(mass[~truly] @ chance[~truly])
    prevalence = float(mass[truly].sum())
    recorded = both + only
    rate = prevalence - both + only
    with np.errstate(divide="ignore", invalid="ignore"):
        ppv, npv = np.divide(both, recorded), np.divide(1 - prevalence - only, 1 - recorded)
        return Misclassification(
            rate=rate,
            sensitivity=float(np.divide(both, prevalence)),
            specificity=float(1 - np.divide(only, 1 - prevalence)),
            prevalence=prevalence,
            recorded=recorded,
            ceiling=auc_ceiling(float(ppv), float(npv)),
            ceiling_levels=_auc_of_levels(mass, chance),
        )


def auc_ceiling(ppv: float, npv: float) -> float:
    """Return the AUC against a recorded class of a marker that knows the true class.

    Such a marker has two values, so its AUC is the mean of the shares that it gets right: of those recorded
    persistent who truly are (``ppv``), and of those recorded recovered who truly are (``npv``).

    Examples
    --------
    >>> round(auc_ceiling(0.9, 0.7), 6)
    0.8
    """
    return (ppv + npv) / 2


def chance_of_a_fall(
    level: float, threshold: float, day_to_day_sd: float, *, against: str = "level"
) -> float:
    """Return how often an unchanged person shows a fall by at least a share, from one rating to another.

    Parameters
    ----------
    level
        The person's unchanged pain, NRS.
    threshold
        The share.
    day_to_day_sd
        Error of a rating, NRS.
    against
        ``level``: the share is taken of the pain itself, so of a fixed number of points; ``rating``: of the
        first rating, whose error moves the line too (as the relative outcome does).

    Examples
    --------
    The figure of METHODS M-1:

    >>> round(chance_of_a_fall(6.0, 0.20, 1.2), 2)
    0.24
    >>> round(chance_of_a_fall(6.0, 0.20, 1.2, against="rating"), 2)
    0.22
    """
    from scipy.special import ndtr

    share = 1.0 if against == "level" else 1.0 - threshold
    return float(ndtr(-threshold * level / (day_to_day_sd * np.sqrt(1.0 + share**2))))


def _grid(
    study: LatentPain, criterion: Criterion, sd: float, n_first: int, n_final: int
) -> tuple[Float[np.ndarray, " node"], Bool[np.ndarray, " node"], Float[np.ndarray, " node"]]:
    """Return mass, true class and chance of being recorded persistent, on nodes that respect the line."""
    first = TOP * (_NODES + 1) / 2
    line = np.clip(criterion.line(first), 0.0, TOP)
    nodes, masses, classes = [], [], []
    for truly, low, high in ((False, np.zeros_like(line), line), (True, line, np.full_like(line, TOP))):
        final = low[:, None] + (high - low)[:, None] * (_NODES + 1) / 2
        weight = _WEIGHTS[:, None] * _WEIGHTS[None, :] * (high - low)[:, None]
        pairs = np.stack([np.broadcast_to(first[:, None], final.shape).ravel(), final.ravel()], axis=1)
        away = pairs - study.mean
        distance = np.einsum("ni,ij,nj->n", away, np.linalg.inv(study.covariance), away)
        nodes.append(pairs)
        masses.append(np.log(np.maximum(weight.ravel(), 1e-300)) - distance / 2)
        classes.append(np.full(len(pairs), truly))
    pairs, logs = np.concatenate(nodes), np.concatenate(masses)
    mass = np.exp(logs - logs.max())
    return mass / mass.sum(), np.concatenate(classes), _recorded(pairs, criterion, sd, n_first, n_final)


def _recorded(
    pairs: Float[np.ndarray, "node 2"], criterion: Criterion, sd: float, n_first: int, n_final: int
) -> Float[np.ndarray, " node"]:
    """Return the chance that ratings of this first and final pain meet the criterion."""
    from scipy.special import ndtr

    first, final = sd / np.sqrt(n_first), sd / np.sqrt(n_final)
    if criterion.rise is None:
        gap = pairs[:, 1] - criterion.share * pairs[:, 0] - criterion.above
        return ndtr(gap / np.hypot(final, criterion.share * first))
    # Two conditions on the same final rating: integrated over that rating, from the level upwards.
    start = np.maximum(criterion.above, pairs[:, 1] - 8 * final)
    reach = np.maximum(pairs[:, 1] + 8 * final - start, 0.0)
    rated = start[:, None] + reach[:, None] * (_NODES + 1) / 2
    density = np.exp(-0.5 * ((rated - pairs[:, 1:]) / final) ** 2) / (final * np.sqrt(2 * np.pi))
    grown = ndtr((rated - criterion.rise - pairs[:, :1]) / first)
    return np.clip((density * grown) @ _WEIGHTS * reach / 2, 0.0, 1.0)


def _auc_of_levels(mass: Float[np.ndarray, " node"], chance: Float[np.ndarray, " node"]) -> float:
    order = np.argsort(chance, kind="stable")
    cases, others = (mass * chance)[order], (mass * (1 - chance))[order]
    below = np.cumsum(others) - others / 2
    return float((cases * below).sum() / (cases.sum() * others.sum()))
