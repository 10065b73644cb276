"""The t test behind a published correlation, AUC or difference, for a replication Bayes factor."""

from __future__ import annotations

import math

from scipy import special

from corticolimbic.stats._replication import TTest


def original_test(kind: str, value: float, n: int, n_cases: int | None = None) -> TTest | None:
    r"""Return the t test of a published effect.

    A correlation gives :math:`t = r\sqrt{(n - 2) / (1 - r^2)}`; an AUC the difference
    :math:`d = \sqrt2\,\Phi^{-1}(A)` of two normal groups of equal spread (Ruscio 2008, Psychol Methods
    13:19), a difference d or g itself, :math:`t = d \sqrt{n_1 n_0 / n}`. Groups of unknown size are taken
    as equal.

    Parameters
    ----------
    kind
        ``r``, ``auc``, ``d``, ``g`` or ``t``.
    value
        In the direction of the marker.
    n
        People.
    n_cases
        Those of the one group; None where unknown.

    Returns
    -------
    TTest or None
        None for another kind, fewer than four people, or a value without a finite t (an AUC of 1).

    Examples
    --------
    >>> found = original_test("r", 0.5, 27)
    >>> round(found.t, 3), found.df
    (2.887, 25)
    """
    if n < 4 or not math.isfinite(value):
        return None
    if kind == "r":
        return TTest(value * math.sqrt((n - 2) / (1 - value**2)), n - 2, n) if abs(value) < 1 else None
    cases = n / 2 if n_cases is None else float(n_cases)
    size = cases * (n - cases) / n
    if size <= 0:
        return None
    if kind == "t":
        return TTest(value, n - 2, size)
    if kind == "auc":
        if not 0 < value < 1:
            return None
        value = math.sqrt(2) * float(special.ndtri(value))
    elif kind not in {"d", "g"}:
        return None
    return TTest(value * math.sqrt(size), n - 2, size)
