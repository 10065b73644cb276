"""What a misclassified outcome leaves of a marker's AUC."""

from __future__ import annotations

import math

from corticolimbic.stats._refusals import ModelError


def auc_under_misclassification(true_auc: float, ppv: float, npv: float) -> float:
    r"""Return the AUC against a recorded class of a marker with this AUC against the true one.

    Of those recorded persistent a share ``ppv`` truly are; of those recorded recovered a share ``npv``. Given
    the true class, let the recorded one say nothing more of the score. Draw one person recorded persistent
    and one recorded recovered: with chance :math:`ppv \cdot npv` they are truly of different classes in that
    order, and in order of score with chance A; with chance :math:`(1 - ppv)(1 - npv)` they are swapped, and
    in order with chance 1 - A; else they are of one true class, and in order half the time. Summed,

    .. math:: A' = \tfrac12 + (A - \tfrac12)(ppv + npv - 1),

    so that a perfect marker (A = 1) reaches :math:`(ppv + npv) / 2`: the ceiling. Errors that depend on the
    score beyond the true class (a marker of how near pain is to the line) can lie above it.

    Parameters
    ----------
    true_auc
        Against the true class, 0 to 1.
    ppv, npv
        Shares of the recorded classes that are right.

    Returns
    -------
    float
        NaN where an input is NaN.

    Raises
    ------
    ModelError
        An input lies outside 0 to 1.

    Examples
    --------
    >>> [round(auc_under_misclassification(true_auc, 0.9, 0.7), 3) for true_auc in (1.0, 0.7)]
    [0.8, 0.62]
    """
    _check(true_auc, ppv, npv)
    return 0.5 + (true_auc - 0.5) * (ppv + npv - 1)


def auc_behind_misclassification(recorded_auc: float, ppv: float, npv: float) -> float:
    """Return the AUC against the true class behind one against the recorded class.

    The inverse of `auc_under_misclassification`, with its assumption; a noisy estimate above the ceiling
    comes out above 1 and is left so, as a cut would hide that the assumption failed.

    Parameters
    ----------
    recorded_auc
        Against the recorded class.
    ppv, npv
        Shares of the recorded classes that are right.

    Returns
    -------
    float
        NaN where the recorded class says nothing of the true one.

    Examples
    --------
    >>> round(auc_behind_misclassification(0.62, 0.9, 0.7), 3)
    0.7
    """
    _check(recorded_auc, ppv, npv)
    told = ppv + npv - 1
    return 0.5 + (recorded_auc - 0.5) / told if told > 0 else math.nan


def _check(*shares: float) -> None:
    if any(not 0 <= share <= 1 for share in shares if not math.isnan(share)):
        raise ModelError(f"an AUC or share lies outside 0 to 1: {', '.join(f'{one:g}' for one in shares)}")
