"""What BOLD sees of a network: covariance after the haemodynamic response."""

from __future__ import annotations

import numpy as np
from jaxtyping import Complex, Float

from corticolimbic.foundation import SettingsError
from corticolimbic.theory._lyapunov import stationary_covariance
from corticolimbic.theory._network import Network, correlation
from corticolimbic.theory._response import CANONICAL, Response

# Gauss-Legendre points in a band: the density is smooth, so that the error falls exponentially (tested).
_BAND_POINTS = 64


def bold_covariance(
    network: Network, *, response: Response = CANONICAL, band: tuple[float, float] | None = None
) -> Float[np.ndarray, "*networks nodes nodes"]:
    """Return the covariance of the network's BOLD signals, noise of the scanner left out.

    With ``b = h * x`` and ``r`` the overlap of the response ``h`` with itself, the covariance is
    ``g(J) S + S g(J)'``, where ``g(J) = integral over v > 0 of r(v) exp(J v)``. For a cascade of equal
    first-order filters ``r`` is a polynomial times an exponential, so ``g`` is a polynomial in
    ``(I - scale J)^-1``: a closed form without eigenvectors, for directed networks too. Other responses, and
    bands, are integrated over frequency.

    Parameters
    ----------
    network
        One network, or a stack of them.
    response
        Haemodynamic response of every node.
    band
        Lowest and highest frequency in Hz of an ideal filter, or None for the whole signal.

    Returns
    -------
    Float[np.ndarray, "*networks nodes nodes"]
        Covariance; with white input of ``Q`` per second, its unit is that of the activity squared.
    """
    if band is not None:
        return _band_covariance(network, response, band)
    if not response.is_cascade:
        return bold_lagged_covariance(network, 0.0, response=response)
    covariance = stationary_covariance(network.coupling, network.noise)
    identity = np.eye(len(network.names))
    resolvent = np.linalg.inv(identity - response.scales[0] * network.coupling)
    polynomial = np.zeros_like(network.coupling)
    for coefficient in reversed(response.overlap):
        polynomial = (polynomial + coefficient * identity) @ resolvent
    half = polynomial @ covariance
    return half + np.swapaxes(half, -1, -2)


def bold_correlation(
    network: Network, *, response: Response = CANONICAL, band: tuple[float, float] | None = None
) -> Float[np.ndarray, "*networks nodes nodes"]:
    """Return the correlations of the network's BOLD signals: what long noiseless runs converge to.

    Parameters
    ----------
    network
        One network, or a stack of them.
    response
        Haemodynamic response.
    band
        Lowest and highest frequency in Hz of an ideal filter; None for all.
    """
    return correlation(bold_covariance(network, response=response, band=band))


def bold_spectrum(
    network: Network, omega: Float[np.ndarray, "frequencies"], response: Response = CANONICAL
) -> Complex[np.ndarray, "*networks frequencies nodes nodes"]:
    """Return the cross-spectral density of BOLD at angular frequencies in radians per s.

    Its integral over all frequencies, positive and negative, divided by 2 pi, is the covariance.

    Parameters
    ----------
    network
        One network, or a stack of them.
    omega
        Angular frequencies, radians per s.
    response
        Haemodynamic response.
    """
    identity = np.eye(len(network.names))
    system = 1j * omega[:, None, None] * identity - network.coupling[..., None, :, :]
    transfer = np.linalg.inv(system) * response.gain(omega)[:, None, None]
    return transfer @ network.noise[..., None, :, :] @ np.conj(np.swapaxes(transfer, -1, -2))


def bold_lagged_covariance(
    network: Network, lag_s: float, *, response: Response = CANONICAL
) -> Float[np.ndarray, "*networks nodes nodes"]:
    """Return ``E[b(t + lag) b(t)']`` of the network's BOLD signals ``b``; the lag is in s.

    The row is the later signal where the lag is positive. A sum over evenly spaced frequencies is taken: the
    covariance of a periodic process, whose period is so long that about 1e-12 of the true covariance is left
    at its end.

    Parameters
    ----------
    network
        One network, or a stack of them.
    lag_s
        Lag in s, of either sign.
    response
        Haemodynamic response.
    """
    spacing = 2 * np.pi / (abs(lag_s) + 2 * memory_s(network, response))
    omega = np.arange(int(np.ceil(response.highest_omega / spacing)) + 1) * spacing
    turned = np.exp(1j * omega * lag_s)[:, None, None] * bold_spectrum(network, omega, response)
    weights = np.full(len(omega), spacing / np.pi)
    weights[0] /= 2
    return np.einsum("f,...fij->...ij", weights, turned.real)


def memory_s(network: Network, response: Response = CANONICAL) -> float:
    """Return the time in s after which a BOLD signal of the network has forgotten itself to about 1e-12."""
    slowest = -float(np.linalg.eigvals(network.coupling).real.max())
    return response.memory_s + np.log(1e12) / slowest


def _band_covariance(
    network: Network, response: Response, band: tuple[float, float]
) -> Float[np.ndarray, "*networks nodes nodes"]:
    low, high = band
    if not 0 <= low < high:
        raise SettingsError(f"a band runs from a lower to a higher frequency in Hz, not from {low} to {high}")
    points, weights = np.polynomial.legendre.leggauss(_BAND_POINTS)
    hertz = low + (high - low) * (points + 1) / 2
    density = bold_spectrum(network, 2 * np.pi * hertz, response).real
    return np.einsum("f,...fij->...ij", weights * (high - low), density)
