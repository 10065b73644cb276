"""Networks for the tests, and an oracle that shares no code with the package: the system as one chain."""

import numpy as np
from scipy.linalg import expm, solve_continuous_lyapunov

from corticolimbic.theory import Network


def random_network(seed, n, density=0.5, slowest=-0.3):
    """A directed network whose slowest mode decays at a stated rate, with correlated noise."""
    rng = np.random.default_rng(seed)
    coupling = rng.normal(size=(n, n)) * (rng.random((n, n)) < density)
    coupling -= (np.linalg.eigvals(coupling).real.max() - slowest) * np.eye(n)
    root = rng.normal(size=(n, n))
    return Network(tuple(f"n{i}" for i in range(n)), coupling, root @ root.T / n)


def chained_covariance(network, lag_s=0.0, shapes=(6, 16), weights=(1.0, -1.0 / 6.0)):
    """BOLD covariance from the Lyapunov equation of activity and 16 first-order filters a node (1 s each)."""
    n = len(network.names)
    stages = max(shapes)
    system = np.zeros((n * (stages + 1), n * (stages + 1)))
    noise = np.zeros_like(system)
    noise[:n, :n] = network.noise
    system[:n, :n] = network.coupling
    read = np.zeros((n, len(system)))
    for stage in range(1, stages + 1):
        here, before = slice(stage * n, (stage + 1) * n), slice((stage - 1) * n, stage * n)
        system[here, here] = -np.eye(n)
        system[here, before] = np.eye(n)
    for shape, weight in zip(shapes, weights, strict=True):
        read[:, shape * n : (shape + 1) * n] += weight * np.eye(n)
    state = solve_continuous_lyapunov(system, -noise)
    return read @ expm(system * lag_s) @ state @ read.T


def relative(ours, theirs):
    """Largest difference, over the largest value."""
    return np.abs(ours - theirs).max() / np.abs(theirs).max()
