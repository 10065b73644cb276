"""Simulated activity and BOLD of a network, without error of discretisation."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import SettingsError
from corticolimbic.theory._bold import memory_s
from corticolimbic.theory._network import Network
from corticolimbic.theory._response import CANONICAL, Response

# Numbers of white noise held at once while runs are synthesised: 32 MB, and about four times that in all.
_AT_ONCE = 4_000_000
# Forgetting may take this many times the run, or this many times a short run, before a network is too slow.
_LONGEST_CIRCLE = 20
_SHORT_RUN = 1_000


def simulate_activity(
    network: Network, n_steps: int, dt: float, rng: np.random.Generator
) -> Float[np.ndarray, "steps nodes"]:
    """Return stationary activity at steps of ``dt`` seconds, by the exact discretisation.

    Parameters
    ----------
    network
        One network.
    n_steps
        Number of steps, the first one drawn from the stationary distribution.
    dt
        Step in s; of any length, as the discretisation is exact.
    rng
        Random stream.
    """
    _one(network)
    if n_steps < 1:
        raise SettingsError(f"at least one step is simulated, not {n_steps}")
    transition, noise = network.step(dt)
    kicks = rng.standard_normal((n_steps, len(network.names))) @ _root(noise).T
    kicks[0] = _root(network.covariance()) @ rng.standard_normal(len(network.names))
    activity = np.empty_like(kicks)
    activity[0] = kicks[0]
    for step in range(1, n_steps):
        activity[step] = transition @ activity[step - 1] + kicks[step]
    return activity


def simulate_bold(
    network: Network,
    n_volumes: int,
    repetition_time: float,
    rng: np.random.Generator,
    *,
    n_runs: int = 1,
    response: Response = CANONICAL,
) -> Float[np.ndarray, "runs volumes nodes"]:
    """Return stationary BOLD of a network in its own units, noise of the scanner left out.

    White noise on a fine circle of time is filtered in frequency by the network and the response, and sampled
    at the repetition time. No start to burn in, no step to choose. Two errors are left, together below 1e-9
    of the variance (tested): the circle closes after the run and the time in which the signal forgets itself,
    and frequencies where the response passes less than 1e-10 of its power are dropped.

    Parameters
    ----------
    network
        One network.
    n_volumes, repetition_time
        Volumes of a run, and the time in s between them.
    rng
        Source of randomness; runs are drawn in order.
    n_runs
        How many independent runs.
    response
        Haemodynamic response of every node.

    Returns
    -------
    Float[np.ndarray, "runs volumes nodes"]
        Signals whose covariance is :func:`bold_covariance`.
    """
    _one(network)
    if n_volumes < 1 or n_runs < 1 or not repetition_time > 0:
        raise SettingsError(
            "the numbers of runs and volumes and the repetition time must be above 0, "
            f"not {n_runs}, {n_volumes} and {repetition_time} s"
        )
    fine = int(np.ceil(repetition_time * response.highest_omega / np.pi))
    spare = int(np.ceil(memory_s(network, response) / repetition_time))
    if spare > _LONGEST_CIRCLE * max(n_volumes, _SHORT_RUN):
        raise SettingsError(
            f"the network forgets so slowly ({spare} volumes) that {n_volumes} volumes cannot be simulated"
        )
    samples = _fast_length(n_volumes + spare) * fine
    n = len(network.names)
    root = _root(network.noise)
    block = max(1, _AT_ONCE // (samples * n))
    signals = np.empty((n_runs, n_volumes, n))
    for first in range(0, n_runs, block):
        count = min(block, n_runs - first)
        white = rng.standard_normal((count, samples, n)) @ root.T
        slow = filtered(network, response, white, repetition_time / fine)
        signals[first : first + count] = slow[:, : n_volumes * fine : fine]
    return signals


def filtered(
    network: Network, response: Response, white: Float[np.ndarray, "runs samples nodes"], spacing: float
) -> Float[np.ndarray, "runs samples nodes"]:
    """Return what network and response make of white input on a circle of time.

    Input has the covariance of the network's noise in each sample; samples are ``spacing`` seconds apart. The
    network is solved in its Schur form, one frequency for all runs at once, so that directed couplings with
    degenerate modes are as safe as any.
    """
    from scipy.fft import irfft, rfft
    from scipy.linalg import schur

    samples = white.shape[1]
    triangle, basis = schur(network.coupling, output="complex")
    omega = 2 * np.pi * np.arange(samples // 2 + 1) / (samples * spacing)
    modes = rfft(white, axis=1) @ np.conj(basis)
    modes *= (response.gain(omega) / np.sqrt(spacing))[None, :, None]
    for node in range(len(network.names) - 1, -1, -1):
        modes[..., node] += modes[..., node + 1 :] @ triangle[node, node + 1 :]
        modes[..., node] /= 1j * omega - triangle[node, node]
    return irfft(modes @ basis.T, n=samples, axis=1)


def _fast_length(at_least: int) -> int:
    from scipy.fft import next_fast_len

    return int(next_fast_len(at_least, real=True))


def _root(covariance: Float[np.ndarray, "nodes nodes"]) -> Float[np.ndarray, "nodes nodes"]:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.clip(values, 0.0, None))


def _one(network: Network) -> None:
    if network.coupling.ndim != 2:
        raise SettingsError("one network at a time can be simulated; this is a stack of them")
