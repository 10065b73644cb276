"""People of several sites with planted site effects."""

from __future__ import annotations

import numpy as np
import pandas as pd

PENALTY = 1e7 ** (3 / 10) / 100
"""Weight of bending at which curves are compared."""


def study(seed: int = 11, n_features: int = 8) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return values and people: 4 sites of 90, ages exact in single precision, two halves within sites."""
    rng = np.random.default_rng(seed)
    sites = np.repeat(["A", "B", "C", "D"], 90)
    age = np.round(rng.uniform(18, 80, sites.size) * 4) / 4
    age[:4] = 18.0, 80.0, 18.0, 80.0
    people = pd.DataFrame(
        {"site": sites, "age": age, "sex": rng.choice(["F", "M"], sites.size)},
        index=[f"sub-{number:03d}" for number in range(sites.size)],
    )
    people["male"] = (people["sex"] == "M").astype(float)
    people["half"] = np.r_[np.zeros(4), np.ones(1), np.arange(sites.size - 5) % 2].astype(int)
    code = pd.factorize(people["site"])[0]
    features = np.arange(n_features)
    added = rng.normal([[0.0], [1.0], [-1.0], [0.5]], 0.3, (4, n_features))
    spread = np.sqrt(1 / rng.gamma(8, 1 / 8, (4, n_features))) * np.array([[1.0], [1.5], [0.7], [1.0]])
    bent = np.sin((age - 18) / 12)[:, None] * (features / n_features)
    values = 5 + 0.02 * age[:, None] + bent + 0.4 * people["male"].to_numpy()[:, None] + added[code]
    values = values + spread[code] * rng.normal(size=(sites.size, n_features))
    return pd.DataFrame(values, people.index, [f"edge {name}" for name in features]), people
