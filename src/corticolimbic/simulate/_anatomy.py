"""A simulated person's volumes and thickness, by FreeSurfer's labels: the truth behind the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

_SUBCORTICAL = {
    "Thalamus": 7300.0,
    "Caudate": 3500.0,
    "Putamen": 4900.0,
    "Pallidum": 2000.0,
    "Hippocampus": 4100.0,
    "Amygdala": 1700.0,
    "Accumbens-area": 550.0,
    "VentralDC": 4000.0,
}
"""Rounded volumes in mm^3 of one hemisphere of a healthy adult at 40 years."""
_CORTICAL = {
    "bankssts": (1000.0, 2.5),
    "caudalanteriorcingulate": (700.0, 2.5),
    "caudalmiddlefrontal": (2200.0, 2.5),
    "entorhinal": (450.0, 3.3),
    "inferiorparietal": (5000.0, 2.4),
    "insula": (2300.0, 3.0),
    "isthmuscingulate": (1000.0, 2.4),
    "lateralorbitofrontal": (2700.0, 2.6),
    "medialorbitofrontal": (1900.0, 2.4),
    "parahippocampal": (700.0, 2.7),
    "postcentral": (4200.0, 2.0),
    "posteriorcingulate": (1200.0, 2.5),
    "precentral": (4900.0, 2.5),
    "rostralanteriorcingulate": (750.0, 2.8),
    "rostralmiddlefrontal": (5800.0, 2.3),
    "superiorfrontal": (7300.0, 2.7),
    "superiorparietal": (5400.0, 2.2),
    "supramarginal": (3800.0, 2.5),
}
"""Rounded area in mm^2 and thickness in mm of labels of Desikan-Killiany; not all of them."""
_HEAD, _FEMALE, _HEAD_SD = 1_550_000.0, -150_000.0, 120_000.0
_GROWTH, _AGEING, _THINNING = 0.7, 0.003, 0.0015
"""Exponent of a region on the head, share lost a year of volume and of thickness after 40."""
_SPREAD, _THICK_SPREAD = 0.08, 0.04


@dataclass(frozen=True)
class Anatomy:
    """The true structure of one brain.

    Parameters
    ----------
    intracranial
        In mm^3.
    volumes
        Label of ``aseg`` (``Left-Amygdala``) to mm^3.
    cortex
        ``lh`` and ``rh`` to label of Desikan-Killiany to area in mm^2 and thickness in mm.
    holes
        Of the surfaces of ``lh`` and ``rh`` before they are fixed.
    """

    intracranial: float
    volumes: Mapping[str, float]
    cortex: Mapping[str, Mapping[str, tuple[float, float]]]
    holes: Mapping[str, int] = field(default_factory=lambda: {"lh": 10, "rh": 12})


def simulated_anatomy(
    rng: np.random.Generator,
    *,
    age: float = 40.0,
    female: bool = False,
    effects: Mapping[str, float] | None = None,
) -> Anatomy:
    """Draw a person's brain.

    Heads differ by sex, regions grow with the head to the power 0.7 and shrink by 0.3 % a year after 40, each
    with a spread of 8 % of its own; thickness has a spread of 4 % and loses 0.15 % a year. These are round
    figures for phantoms, no norms.

    Parameters
    ----------
    rng
        Source of randomness.
    age
        In years.
    female
        Whether to draw a woman's head.
    effects
        Name of a subcortical structure (``Amygdala``) to the share by which both sides differ: -0.1 for 10 %
        less.
    """
    head = _HEAD + _FEMALE * female + rng.normal(0.0, _HEAD_SD)
    grown = (head / _HEAD) ** _GROWTH
    older = max(age - 40.0, -20.0)
    volumes = {}
    for side in ("Left", "Right"):
        for name, mean in _SUBCORTICAL.items():
            change = (1 + (effects or {}).get(name, 0.0)) * (1 - _AGEING * older)
            volumes[f"{side}-{name}"] = mean * grown * change * np.exp(rng.normal(0.0, _SPREAD))
    volumes["Brain-Stem"] = 21_000.0 * grown * np.exp(rng.normal(0.0, _SPREAD))
    cortex = {
        hemisphere: {
            name: (
                float(area * grown * np.exp(rng.normal(0.0, _SPREAD))),
                float(thick * (1 - _THINNING * older) * np.exp(rng.normal(0.0, _THICK_SPREAD))),
            )
            for name, (area, thick) in _CORTICAL.items()
        }
        for hemisphere in ("lh", "rh")
    }
    holes = {hemisphere: int(rng.poisson(12)) for hemisphere in ("lh", "rh")}
    return Anatomy(float(head), {name: float(value) for name, value in volumes.items()}, cortex, holes)
