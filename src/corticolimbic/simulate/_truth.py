"""The expected measured value of every edge, in closed form (METHODS M-8)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from jaxtyping import Float

from corticolimbic.circuit import atlas, measurable_edges
from corticolimbic.simulate._brain import ATLAS, Brain
from corticolimbic.simulate._noise import sphere_noise
from corticolimbic.simulate._painted import Painted
from corticolimbic.simulate._planted import expected_covariance
from corticolimbic.theory import Network

HOW = (
    "Expected Fisher z of the correlation that the declared pipeline measures, over the neural signal "
    "and the noise of the scanner, given the head motion, physiology and drift that were drawn. With W "
    "the mean weights of the spheres, P the painted maps and T the matrix that drops volumes and removes "
    "confounds, the covariance of the cleaned series is W P C P' W' + W D N'T'T N D' W' + noise, where C "
    "is the BOLD covariance of the network summed over lags with the weights of T'T. Fisher z is taken "
    "of the correlations of that covariance: the bias of a finite run, about r / (2 x degrees of "
    "freedom), and the loss of nodes without usable signal are not in it."
)


def expected_series_covariance(
    painted: Painted,
    brain: Brain,
    network: Network,
    cleaning: Float[np.ndarray, "kept volumes"],
    sources: Float[np.ndarray, "volumes disturbances"],
    repetition_time: float,
) -> Float[np.ndarray, "nodes nodes"]:
    """Return the expected covariance of the spheres' cleaned series, in squared signal units.

    Parameters
    ----------
    painted, brain, network
        Where signals lie, and the person's network.
    cleaning
        Matrix from a series to the cleaned one.
    sources
        Disturbances as they were drawn.
    repetition_time
        Seconds.
    """
    form = cleaning.T @ cleaning / len(cleaning)
    nodes, territories = expected_covariance(network, lag_weights(form), repetition_time)
    spheres = brain.spheres
    maps = (spheres @ painted.sources).toarray()
    own, other = maps[:, : len(nodes)], maps[:, len(nodes) :]
    disturbed = spheres @ painted.disturbances
    covariance = own @ nodes @ own.T + territories * other @ other.T
    covariance += disturbed @ (sources.T @ form @ sources) @ disturbed.T
    return covariance + np.trace(form) * painted.noise**2 * sphere_noise(brain, painted.smoothness_mm)


def lag_weights(form: Float[np.ndarray, "volumes volumes"]) -> Float[np.ndarray, " volumes"]:
    """Return the sums of a symmetric matrix's diagonals, those beside the middle counted on both sides."""
    n = len(form)
    rows, columns = np.indices(form.shape)
    return np.bincount(np.abs(rows - columns).ravel(), form.ravel(), minlength=n)


def edge_names() -> tuple[str, ...]:
    """Return the circuit's edges that the spheres measure."""
    return tuple(edge.target for edge in measurable_edges(atlas(ATLAS)))


def edge_correlations(
    covariance: Float[np.ndarray, "*people nodes nodes"],
) -> Float[np.ndarray, "*people edges"]:
    """Return the correlation of each edge's regions: means of their nodes' standardised series."""
    weights, first, second = _edges()
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    nodes = covariance / (sd[..., :, None] * sd[..., None, :])
    regions = weights @ nodes @ weights.T
    spread = np.sqrt(np.diagonal(regions, axis1=-2, axis2=-1))
    return regions[..., first, second] / (spread[..., first] * spread[..., second])


def expected_z(covariance: Float[np.ndarray, "nodes nodes"]) -> Mapping[str, float]:
    """Return Fisher z of each edge."""
    return dict(zip(edge_names(), np.arctanh(edge_correlations(covariance)).tolist(), strict=True))


@cache
def _edges() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean weights (regions, nodes), and the places of the edges' ends among the regions."""
    spheres = atlas(ATLAS)
    place = {node.name: position for position, node in enumerate(spheres.nodes)}
    members = spheres.members()
    ends = [edge.ends for edge in measurable_edges(spheres)]
    regions = {
        name: position for position, name in enumerate(dict.fromkeys(end for pair in ends for end in pair))
    }
    weights = np.zeros((len(regions), len(place)))
    for name, position in regions.items():
        weights[position, [place[node] for node in members[name]]] = 1 / len(members[name])
    first, second = (np.array([regions[pair[side]] for pair in ends]) for side in (0, 1))
    return weights, first, second
