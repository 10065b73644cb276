"""Mean connectivity of the circuit in each population, for the drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from corticolimbic.features import Statistic
from corticolimbic.stats._people_table import FEATURE_KEY, connectivity_table

_SHOWN = ("task", "acq", "space", "atlas", "strategy", "statistic", "target")


def circuit_means(
    baseline: pd.DataFrame, populations: pd.DataFrame, statistic: Statistic, *, level: float = 0.95
) -> list[dict[str, Any]]:
    """Return the mean of each edge over the people of each population, averaged in Fisher z and given as r.

    Parameters
    ----------
    baseline
        Schema ``features``, rows of the baseline session.
    populations
        Schema ``populations``.
    statistic
        Estimator.
    level
        Coverage of the t interval of the mean.

    Returns
    -------
    list
        Rows with population, task, acq, space, atlas, strategy, statistic, target, mean, ci_low, ci_high (r),
        sd (z), n, unit.
    """
    table = connectivity_table(baseline, statistic)
    rows = []
    for name in dict.fromkeys(populations["population"]):
        members = populations[(populations["population"] == name) & (populations["member"] == 1)]
        values = table[table.index.isin(members["participant_id"])]
        for column in table.columns:
            key = dict(zip(FEATURE_KEY, column, strict=True))
            z = values[column].dropna().to_numpy(dtype=float)
            rows.append(
                {
                    "population": name,
                    **{part: key[part] for part in _SHOWN},
                    **_mean(z, level),
                }
            )
    return rows


def _mean(z: np.ndarray, level: float) -> dict[str, Any]:
    n = len(z)
    mean = float(z.mean()) if n else None
    if n < 2 or mean is None:
        return {
            "mean": None if mean is None else float(np.tanh(mean)),
            "sd": None,
            "ci_low": None,
            "ci_high": None,
            "n": n,
            "unit": "r",
        }
    spread = float(z.std(ddof=1))
    half = float(special.stdtrit(n - 1, (1 + level) / 2)) * spread / np.sqrt(n)
    return {
        "mean": float(np.tanh(mean)),
        "sd": spread,
        "ci_low": float(np.tanh(mean - half)),
        "ci_high": float(np.tanh(mean + half)),
        "n": n,
        "unit": "r",
    }
