"""Where a person's signals and disturbances lie: maps over the brain's voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from corticolimbic.simulate._brain import Brain, node_places
from corticolimbic.simulate._people import Person
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._streams import stream

BRIGHTNESS = 1000.0
"""Mean signal in the middle of the brain, at the first site."""
DISTURBANCES = ("csf", "white_matter", "drift_slow", "drift_fast", "motion")
_NEIGHBOURS = 8
_DROPOUTS = (
    ((0.0, 38.0, -22.0), 14.0, 1.0),
    ((-10.0, 14.0, -12.0), 8.0, 0.4),
    ((10.0, 14.0, -12.0), 8.0, 0.4),
    ((-23.0, -3.0, -24.0), 9.0, 0.7),
    ((23.0, -3.0, -24.0), 9.0, 0.7),
)
"""Centre in mm, spread in mm and share of the person's dropout: orbitofrontal cortex, NAc, amygdala. "
"Assumed."""
_VENTRICLES = ((-8.0, -5.0, 18.0), (8.0, -5.0, 18.0), (0.0, -40.0, -30.0))


@dataclass(frozen=True, eq=False)
class Painted:
    """Maps of one person at one site; all that does not change in time.

    Parameters
    ----------
    mean
        Mean signal of each voxel.
    sources
        Sparse (voxels, nodes + territories): what each voxel takes from each source, in signal units.
    disturbances
        (voxels, disturbances) in signal units, for sources of a standard deviation of 1.
    noise
        Standard deviation of scanner noise in signal units.
    smoothness_mm
        Full width at half maximum of scanner noise.
    """

    mean: Float[np.ndarray, " voxels"]
    sources: Any
    disturbances: Float[np.ndarray, "voxels disturbances"]
    noise: float
    smoothness_mm: float


def painted(settings: SimulateSettings, person: Person, brain: Brain) -> Painted:
    """Paint a person.

    Sources lie in soft Voronoi territories of the network's nodes, each displaced in a direction of its own
    by the person's anatomy (METHODS M-8), among territories of the background that are nobody's nodes. The
    parcellation that is painted with is thus not the one that is measured with.
    """
    gain = 1.0 + settings.site_gain * person.site
    rougher, wider = 1.0 + settings.site_noise * person.site, 1.0 + settings.site_smoothness * person.site
    lost = np.max(
        [share * _bump(brain.places, centre, spread) for centre, spread, share in _DROPOUTS], axis=0
    )
    radius = np.linalg.norm((brain.places - [0.0, -18.0, 8.0]) / [68.0, 88.0, 75.0], axis=1)
    mean = BRIGHTNESS * gain * (0.9 + 0.2 * np.clip(radius, 0, 1)) * (1.0 - person.dropout * lost)
    percent = mean / 100.0
    fluid = np.max([_bump(brain.places, centre, 18.0) for centre in _VENTRICLES], axis=0)
    ahead = np.clip((brain.places[:, 1] + 100.0) / 170.0, 0, 1)
    maps = np.column_stack(
        [
            settings.physiology_percent * (0.2 + 0.8 * fluid),
            settings.physiology_percent * (0.6 - 0.4 * np.clip(radius, 0, 1)),
            0.8 * (0.5 + ahead),
            0.5 * (1.5 - ahead),
            settings.motion_percent * (0.4 + 0.8 * np.clip(radius, 0, 1)),
        ]
    )
    territory = _territories(displaced(settings, person), brain, settings.edge_mm * wider)
    return Painted(
        mean=mean,
        sources=(territory.multiply(settings.signal_percent * percent[:, None])).tocsr(),
        disturbances=maps * percent[:, None],
        noise=settings.noise_percent / 100.0 * BRIGHTNESS * gain * rougher,
        smoothness_mm=settings.smoothness_mm * wider,
    )


def displaced(settings: SimulateSettings, person: Person) -> Float[np.ndarray, "nodes 3"]:
    """Return where the middle of each node's territory lies in a person, in mm; the same at every visit."""
    rng = stream(settings.seed, person.participant_id, "anatomy")
    centres = node_places()
    way = rng.standard_normal(centres.shape)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    return centres + way * rng.uniform(*settings.displacement_mm, (len(centres), 1))


def _territories(nodes: np.ndarray, brain: Brain, edge_mm: float) -> Any:
    """Return the shares (voxels, nodes + territories) of each voxel in the territories around it."""
    from scipy.sparse import csr_array
    from scipy.spatial import KDTree

    centres = np.vstack([nodes, brain.territories])
    distance, nearest = KDTree(centres).query(brain.places, k=_NEIGHBOURS)
    share = np.exp((distance[:, :1] ** 2 - distance**2) / (2 * edge_mm**2))
    share /= share.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(brain.places)), _NEIGHBOURS)
    return csr_array((share.ravel(), (rows, nearest.ravel())), shape=(len(brain.places), len(centres)))


def _bump(places: np.ndarray, centre: tuple[float, float, float], spread: float) -> np.ndarray:
    return np.exp(-np.sum((places - np.array(centre)) ** 2, axis=1) / (2 * spread**2))
