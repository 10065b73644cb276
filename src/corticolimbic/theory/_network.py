"""A linear stochastic network, and what can be said about it without simulating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import SettingsError
from corticolimbic.theory._lyapunov import lagged_covariance, stationary_covariance, transition_and_noise


class UnstableNetworkError(SettingsError):
    """A network has no stationary state.

    Parameters
    ----------
    eigenvalue
        Of the coupling matrix, the one with the largest real part, in 1/s.
    message
        What is wrong.
    """

    def __init__(self, eigenvalue: complex, message: str) -> None:
        super().__init__(message)
        self.eigenvalue = eigenvalue


@dataclass(frozen=True, eq=False)
class Network:
    """An Ornstein-Uhlenbeck network: ``dx = J x dt + dW``, with ``E[dW dW'] = Q dt``.

    Leading axes, if any, are networks of the same nodes: every closed form works on all of them at once.

    Parameters
    ----------
    names
        Names of the nodes, each once.
    coupling
        ``J`` in 1/s. The row is the target and the column is the source: ``coupling[i, j]`` is what one unit
        of activity of node ``j`` adds to node ``i`` each second. The diagonal is ``-1/tau``.
    noise
        ``Q`` in 1/s, symmetric, no negative eigenvalue: covariance of the input that arrives in one second.

    Raises
    ------
    SettingsError
        Where shapes, names or numbers do not fit together.
    UnstableNetworkError
        Where an eigenvalue of the coupling matrix has a real part that is not negative.

    Examples
    --------
    >>> one = Network(("NAc",), np.array([[-2.0]]), np.array([[4.0]]))
    >>> float(one.covariance()[0, 0])
    1.0
    """

    names: tuple[str, ...]
    coupling: Float[np.ndarray, "*networks nodes nodes"]
    noise: Float[np.ndarray, "*any nodes nodes"]

    def __post_init__(self) -> None:
        coupling = np.array(self.coupling, dtype=np.float64)
        noise = np.array(self.noise, dtype=np.float64)
        n = len(self.names)
        if len(set(self.names)) != n or n == 0:
            raise SettingsError("a network needs node names, each once")
        if coupling.shape[-2:] != (n, n) or noise.shape[-2:] != (n, n):
            raise SettingsError(
                f"{n} nodes are named, but the coupling is {coupling.shape} and the noise is {noise.shape}"
            )
        if not (np.isfinite(coupling).all() and np.isfinite(noise).all()):
            raise SettingsError("couplings and noise must be finite numbers")
        noise = np.array(np.broadcast_to(noise, coupling.shape))
        _refuse_impossible_noise(noise)
        _refuse_unstable(self.names, coupling)
        for array in (coupling, noise):
            array.flags.writeable = False
        object.__setattr__(self, "coupling", coupling)
        object.__setattr__(self, "noise", noise)

    @property
    def time_constants(self) -> Float[np.ndarray, "*networks nodes"]:
        """Time constant of each node on its own, in s: ``-1 / J_ii``."""
        return -1.0 / np.diagonal(self.coupling, axis1=-2, axis2=-1)

    @property
    def weights(self) -> Float[np.ndarray, "*networks nodes nodes"]:
        """Couplings without unit, ``C`` in ``tau dx = (-x + C x) dt + ...``: row target, column source."""
        return self.coupling * self.time_constants[..., :, None] + np.eye(len(self.names))

    def index(self, name: str) -> int:
        """Return the place of a node.

        Raises
        ------
        SettingsError
            Where the network has no such node.
        """
        if name not in self.names:
            raise SettingsError(f"{name!r} is no node of this network; its nodes are {', '.join(self.names)}")
        return self.names.index(name)

    def covariance(self) -> Float[np.ndarray, "*networks nodes nodes"]:
        """Return the stationary covariance ``S`` of the activity: ``J S + S J' + Q = 0``."""
        return stationary_covariance(self.coupling, self.noise)

    def lagged_covariance(self, lag_s: float) -> Float[np.ndarray, "*networks nodes nodes"]:
        """Return ``E[x(t + lag) x(t)']``: the row is the later signal where the lag, in s, is positive."""
        return lagged_covariance(self.coupling, self.covariance(), lag_s)

    def low_frequency_covariance(self) -> Float[np.ndarray, "*networks nodes nodes"]:
        """Return ``J^-1 Q J^-T`` in s: the spectral density at frequency zero, which a slow filter sees."""
        inverse = np.linalg.inv(self.coupling)
        return inverse @ self.noise @ np.swapaxes(inverse, -1, -2)

    def step(
        self, dt: float
    ) -> tuple[Float[np.ndarray, "*networks nodes nodes"], Float[np.ndarray, "*networks nodes nodes"]]:
        """Return the transition over ``dt`` seconds and the covariance of the noise that it adds.

        ``x(t + dt) = transition x(t) + e`` with ``e`` normal: exact, however long the step.
        """
        if not dt > 0:
            raise SettingsError(f"a step must last longer than 0 s, not {dt}")
        return transition_and_noise(self.coupling, self.noise, dt)


def correlation(
    covariance: Float[np.ndarray, "*networks nodes nodes"],
) -> Float[np.ndarray, "*networks nodes nodes"]:
    """Return the correlations that belong to covariances; the diagonal is 1."""
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    result = covariance / (sd[..., :, None] * sd[..., None, :])
    nodes = np.arange(covariance.shape[-1])
    result[..., nodes, nodes] = 1.0
    return result


def _refuse_impossible_noise(noise: Float[np.ndarray, "*networks nodes nodes"]) -> None:
    scale = float(np.abs(noise).max())
    if np.abs(noise - np.swapaxes(noise, -1, -2)).max() > 1e-12 * scale:
        raise SettingsError("the covariance of the noise must be symmetric")
    lowest = float(np.linalg.eigvalsh(noise).min())
    if lowest < -1e-12 * scale:
        raise SettingsError(f"the covariance of the noise has a negative eigenvalue, {lowest:.4g}")


def _refuse_unstable(names: Sequence[str], coupling: Float[np.ndarray, "*networks nodes nodes"]) -> None:
    values, vectors = np.linalg.eig(coupling.reshape(-1, len(names), len(names)))
    network, mode = np.unravel_index(int(values.real.argmax()), values.shape)
    worst = complex(values[network, mode])
    if worst.real < 0:
        return
    strongest = np.argsort(-np.abs(vectors[network, :, mode]))[:3]
    which = f" (network {network} of {len(values)})" if len(values) > 1 else ""
    raise UnstableNetworkError(
        worst,
        f"the network{which} is unstable: eigenvalue {worst.real:+.6g}{worst.imag:+.6g}i 1/s is not below 0; "
        f"the growing mode is led by {', '.join(names[i] for i in strongest)}. Weaken couplings among them.",
    )
