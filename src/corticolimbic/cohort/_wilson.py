"""Wilson's interval of a proportion."""

from __future__ import annotations

import numpy as np
from scipy import special


def wilson(count: int | float, n: int | float, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a proportion (Wilson 1927, J Am Stat Assoc 22:209).

    Parameters
    ----------
    count, n
        Of n people, ``count`` have it; an effective number may be no whole one.
    level
        Coverage.

    Returns
    -------
    low, high
        NaN where ``n`` is 0.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(15, 20)]
    [0.5313, 0.8881]
    """
    if n <= 0:
        return np.nan, np.nan
    share, z2 = count / n, float(special.ndtri((1 + level) / 2)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    low = 0.0 if count == 0 else max(0.0, float(middle - half))  # rounding would leave 1e-17
    return low, 1.0 if count == n else min(1.0, float(middle + half))
