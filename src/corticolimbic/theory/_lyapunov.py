"""Stationary covariance, lagged covariance and exact steps of Ornstein-Uhlenbeck processes, in stacks.

Only products, inverses and exponentials are used, all of which work along leading axes.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import CorticolimbicError

_DOUBLINGS = 60


class ConvergenceError(CorticolimbicError):
    """An iteration did not converge."""


def stationary_covariance(
    coupling: Float[np.ndarray, "*networks nodes nodes"], noise: Float[np.ndarray, "*networks nodes nodes"]
) -> Float[np.ndarray, "*networks nodes nodes"]:
    """Solve ``J S + S J' + Q = 0`` for ``S``.

    The bilinear map turns the equation into ``S = A S A' + P``, with ``A = (I - hJ)^-1 (I + hJ)`` and
    ``P = 2h (I - hJ)^-1 Q (I - hJ)^-T``, exactly. Its series ``P + A P A' + A^2 P A^2' + ...`` is summed by
    doubling: after ``k`` rounds ``2^k`` terms are in, so convergence is quadratic. No eigenvectors are used:
    directed and defective couplings are no special case.

    Parameters
    ----------
    coupling
        ``J``, stable, in 1/s.
    noise
        ``Q``, symmetric.

    Returns
    -------
    Float[np.ndarray, "*networks nodes nodes"]
        ``S``, symmetric.

    Raises
    ------
    ConvergenceError
        Where a network is so close to instability that doubles cannot hold the answer.

    References
    ----------
    Smith 1968, SIAM J Appl Math 16:198. Doubling: Anderson 1978, Int J Control 28:295.
    """
    identity = np.eye(coupling.shape[-1])
    step = _balancing_step(coupling)
    resolvent = np.linalg.inv(identity - step * coupling)
    transition = resolvent @ (identity + step * coupling)
    total = 2.0 * step * resolvent @ noise @ _transposed(resolvent)
    for _ in range(_DOUBLINGS):
        added = transition @ total @ _transposed(transition)
        total = total + added
        if (_largest(added) <= 1e-17 * _largest(total)).all():
            return 0.5 * (total + _transposed(total))
        transition = transition @ transition
    raise ConvergenceError("no stationary covariance found: the network is too close to instability")


def lagged_covariance(
    coupling: Float[np.ndarray, "*networks nodes nodes"],
    covariance: Float[np.ndarray, "*networks nodes nodes"],
    lag_s: float,
) -> Float[np.ndarray, "*networks nodes nodes"]:
    """Return ``E[x(t + lag) x(t)'] = exp(J lag) S``; a negative lag gives the transpose."""
    from scipy.linalg import expm

    later = expm(coupling * abs(lag_s)) @ covariance
    return later if lag_s >= 0 else _transposed(later)


def transition_and_noise(
    coupling: Float[np.ndarray, "*networks nodes nodes"],
    noise: Float[np.ndarray, "*networks nodes nodes"],
    dt: float,
) -> tuple[Float[np.ndarray, "*networks nodes nodes"], Float[np.ndarray, "*networks nodes nodes"]]:
    """Return ``exp(J dt)`` and the integral of ``exp(J s) Q exp(J' s)`` over the step.

    The integral comes from one exponential of a matrix twice the size, over a piece of the step so short that
    nothing is lost to rounding, and from doubling the piece. (The difference ``S - F S F'`` would be simpler,
    and loses all digits in short steps.)

    References
    ----------
    Van Loan 1978, IEEE Trans Automat Contr 23:395.
    """
    from scipy.linalg import expm

    n = coupling.shape[-1]
    size = float(np.abs(coupling).sum(axis=-1).max()) * dt
    doublings = max(0, int(np.ceil(np.log2(max(size, 1e-300)))))
    piece = dt / 2**doublings
    block = np.zeros((*coupling.shape[:-2], 2 * n, 2 * n))
    block[..., :n, :n] = -coupling
    block[..., :n, n:] = noise
    block[..., n:, n:] = _transposed(coupling)
    exponential = expm(block * piece)
    transition = _transposed(exponential[..., n:, n:])
    added = transition @ exponential[..., :n, n:]
    for _ in range(doublings):
        added = added + transition @ added @ _transposed(transition)
        transition = transition @ transition
    return transition, 0.5 * (added + _transposed(added))


def _balancing_step(
    coupling: Float[np.ndarray, "*networks nodes nodes"],
) -> Float[np.ndarray, "*networks 1 1"]:
    """Return the step of the bilinear map, in s, at which slow and fast modes converge alike, roughly."""
    sizes = np.abs(np.linalg.eigvals(coupling))
    return (1.0 / np.sqrt(sizes.min(axis=-1) * sizes.max(axis=-1)))[..., None, None]


def _largest(stack: Float[np.ndarray, "*networks rows columns"]) -> Float[np.ndarray, "*networks 1 1"]:
    return np.abs(stack).max(axis=(-2, -1), keepdims=True)


def _transposed(
    stack: Float[np.ndarray, "*networks rows columns"],
) -> Float[np.ndarray, "*networks columns rows"]:
    return np.swapaxes(stack, -1, -2)
