"""The expected measured difference between groups, edge by edge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.foundation import read_json, write_text
from corticolimbic.simulate._people import Person, person, session_name, site_name
from corticolimbic.simulate._session import truth_path
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._study import table_text
from corticolimbic.simulate._truth import edge_names
from corticolimbic.stats import ModelError, aligned, association, design

PERSISTENT_SHARE = 0.20
"""Pain that falls by less than this share persists, as the configuration declares."""
FLOOR = 1.0


def write_group_truth(root: Path, settings: SimulateSettings) -> None:
    """Write ``truth/effects.tsv``: what the declared comparison would estimate if nothing were noisy.

    Per edge: the difference of the expected values between the latent groups; and the estimate that the
    declared model (people with an outcome, groups by their ratings, covariates age, sex, motion and site)
    makes of the expected values: as the model is linear, the expectation of its estimate in these people.
    """
    names = edge_names()
    people, values, motion = [], [], []
    for index in range(settings.people):
        one = person(settings, index)
        truth = read_json(truth_path(root, one.participant_id, session_name(0)))
        people.append(one)
        values.append([truth["expected_z"][name] for name in names])
        motion.append(truth["mean_fd"])
    expected = np.array(values)
    latent = np.array([one.persistent for one in people])
    plain = np.full(len(names), np.nan)
    if latent.any() and not latent.all():
        plain = expected[latent].mean(axis=0) - expected[~latent].mean(axis=0)
    estimate, n = expected_estimate(people, expected, np.array(motion), names)
    table = pd.DataFrame(
        {"target": names, "latent_difference": plain, "expected_estimate": estimate, "n": [n] * len(names)}
    )
    write_text(root / "truth" / "effects.tsv", table_text(table))


def rated_group(one: Person) -> str:
    """Return the group that a person's ratings give, or nothing where they give none."""
    first, last = one.ratings.get(0), one.ratings.get(12)
    if first is None or last is None or first < FLOOR:
        return ""
    return "persistent" if (last - first) / first * 100 > -PERSISTENT_SHARE * 100 + 1e-9 else "recovered"


def expected_estimate(
    people: list[Person],
    expected: Float[np.ndarray, "people edges"],
    mean_fd: Float[np.ndarray, " people"],
    names: tuple[str, ...],
) -> tuple[Float[np.ndarray, " edges"], int]:
    """Return what the declared model makes of expected values (NaN if it cannot), and of how many people."""
    index = [one.participant_id for one in people]
    table = pd.DataFrame(
        {
            "group": [rated_group(one) for one in people],
            "age": [one.age for one in people],
            "sex": [one.sex for one in people],
            "mean_fd": mean_fd,
            "site": [site_name(one.site) for one in people],
        },
        index=index,
    )
    site = "site" if table["site"].nunique() > 1 else None
    features = pd.DataFrame(expected, index=index, columns=list(names))
    try:
        model = design(table, "group", ("age", "sex", "mean_fd"), site, reference="recovered")
        return association(aligned(features, model), model).estimate, len(model.people)
    except ModelError:
        return np.full(len(names), np.nan), 0
