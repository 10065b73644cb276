"""What the markers of the simulated cohort are worth in truth, from a long simulation of the same people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy.stats import rankdata

from corticolimbic.simulate._marker_features import FEATURES
from corticolimbic.simulate._marker_people import MONTHS, MarkerPeople, free_draws, marker_people
from corticolimbic.simulate._marker_settings import MarkerCohortSettings

THRESHOLDS = (10.0, 20.0, 30.0, 40.0, 50.0)
"""Reliefs, in percent, below which pain counts as persistent; 20 is the study's own."""
_OWN = 20.0


@dataclass(frozen=True)
class Eligible:
    """People whose outcome is known, and the oriented score of one feature at the first visit."""

    score: Float[np.ndarray, " people"]
    relief: Float[np.ndarray, " people"]
    site: Int[np.ndarray, " people"]
    motion: Float[np.ndarray, " people"]

    def persistent(self, threshold: float) -> Bool[np.ndarray, " people"]:
        """Tell whose pain fell by less than a threshold in percent."""
        return self.relief < threshold - 1e-9


def marker_truth(
    settings: MarkerCohortSettings, rng: np.random.Generator, people: int = 60_000
) -> pd.DataFrame:
    """Return what each marker is worth in endless studies of this kind.

    Parameters
    ----------
    settings
        The study; its number of people is not used, its sites are.
    rng
        Source of the draws.
    people
        Of the long simulation, with controls; the standard error of an AUC is about 0.6 divided by its root.

    Returns
    -------
    DataFrame
        One row a marker: feature, through what it goes with the outcome (``outcome``, ``motion``, ``site``,
        ``one threshold``, ``nothing``), sign, AUC within sites at each threshold and over all people at the
        study's own, oriented so that above 0.5 is as published; and the partial correlation of the oriented
        score with persistence given motion and site. Markers that need several sessions have no AUC.
    """
    drawn = marker_people(settings, free_draws(people, rng))
    rows = []
    for place, feature in enumerate(FEATURES):
        found = eligible(drawn, place)
        worth: dict[str, float] = {
            f"auc_{threshold:g}": within_auc(found.score, found.persistent(threshold), found.site)
            for threshold in THRESHOLDS
        }
        worth["auc_pooled"] = auc(found.score, found.persistent(_OWN))
        worth["partial_r_motion_site"] = partial_r(found, _OWN)
        through = feature.through
        if not settings.effect and through in {"outcome", "one threshold"}:
            through = "nothing"
        for name in feature.markers:
            several = feature.several
            rows.append(
                {
                    "marker": name,
                    "measure": feature.measure,
                    "targets": ";".join(feature.targets),
                    "through": through,
                    "sign": feature.sign,
                    **{key: np.nan if several else value for key, value in worth.items()},
                }
            )
    return pd.DataFrame(rows)


def eligible(people: MarkerPeople, place: int) -> Eligible:
    """Return who counts: patients with a final rating and the feature (by its place in `FEATURES`)."""
    kept = ~people.control & (people.lost == len(MONTHS)) & ~people.missing[:, 0, place]
    return Eligible(
        FEATURES[place].sign * people.features[kept, 0, place],
        people.relief[kept],
        people.site[kept],
        people.motion[kept, 0],
    )


def auc(score: Float[np.ndarray, " people"], persistent: Bool[np.ndarray, " people"]) -> float:
    """Return the share of pairs that a score orders rightly, ties counted half; NaN with one class."""
    n, m = int(persistent.sum()), int((~persistent).sum())
    if not n or not m:
        return float("nan")
    return float((rankdata(score)[persistent].sum() - n * (n + 1) / 2) / (n * m))


def within_auc(
    score: Float[np.ndarray, " people"],
    persistent: Bool[np.ndarray, " people"],
    site: Int[np.ndarray, " people"],
) -> float:
    """Return the mean over sites of their AUC, weighted by what tells most: n m / (n + m)."""
    areas, weights = [], []
    for number in np.unique(site):
        here = site == number
        n, m = int(persistent[here].sum()), int((~persistent[here]).sum())
        if n and m:
            areas.append(auc(score[here], persistent[here]))
            weights.append(n * m / (n + m))
    return float(np.average(areas, weights=weights)) if areas else float("nan")


def partial_r(found: Eligible, threshold: float) -> float:
    """Return the correlation of the score with persistence, both given motion (linearly) and site."""
    dummies = (found.site[:, None] == np.unique(found.site)).astype(float)
    design = np.column_stack([found.motion, dummies])
    both = np.column_stack([found.score, found.persistent(threshold).astype(float)])
    left = both - design @ np.linalg.lstsq(design, both, rcond=None)[0]
    return float(np.corrcoef(left.T)[0, 1])
