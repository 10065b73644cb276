"""The haemodynamic response as a sum of gamma densities, in time and in frequency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from jaxtyping import Complex, Float

from corticolimbic.foundation import SettingsError


@dataclass(frozen=True)
class Response:
    """A haemodynamic response ``h(t) = sum of weight x gamma density(t; shape, scale)``.

    Parameters
    ----------
    name
        What it is called.
    shapes, scales, weights
        One entry for each gamma density: shape without unit (2 or more), scale in s, weight. A gamma of shape
        ``a`` is what a chain of ``a`` first-order filters with time constant ``scale`` makes of an impulse.
    source
        Where the figures come from.
    """

    name: str
    shapes: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    source: str

    def __post_init__(self) -> None:
        if not len(self.shapes) == len(self.scales) == len(self.weights) > 0:
            raise SettingsError(
                f"response {self.name!r} needs as many shapes as scales and weights, at least one"
            )
        if not (all(shape >= 2 for shape in self.shapes) and all(scale > 0 for scale in self.scales)):
            raise SettingsError(f"response {self.name!r} needs shapes of 2 or more and scales above 0 s")

    def at(self, t: Float[np.ndarray, "times"]) -> Float[np.ndarray, "times"]:
        """Return ``h`` in 1/s at times in s after a brief activity; 0 before it."""
        from scipy.stats import gamma

        parts = zip(self.shapes, self.scales, self.weights, strict=True)
        return np.sum([weight * gamma.pdf(t, shape, scale=scale) for shape, scale, weight in parts], axis=0)

    def gain(self, omega: Float[np.ndarray, "frequencies"]) -> Complex[np.ndarray, "frequencies"]:
        """Return the transfer function at angular frequencies in radians per s."""
        parts = zip(self.shapes, self.scales, self.weights, strict=True)
        return np.sum([weight * (1 + 1j * omega * scale) ** -shape for shape, scale, weight in parts], axis=0)

    @property
    def is_cascade(self) -> bool:
        """Say whether all parts are chains of whole numbers of equal filters, which gives closed forms."""
        return len(set(self.scales)) == 1 and all(float(shape).is_integer() for shape in self.shapes)

    @cached_property
    def memory_s(self) -> float:
        """Time in s after which less than 1e-12 of each gamma density is left."""
        from scipy.stats import gamma

        return max(
            float(gamma.isf(1e-12, shape, scale=scale))
            for shape, scale in zip(self.shapes, self.scales, strict=True)
        )

    @cached_property
    def highest_omega(self) -> float:
        """Angular frequency (radians per s) above which a gamma density passes less than 1e-10 of power."""
        return max(
            float(np.sqrt(1e10 ** (1 / shape) - 1)) / scale
            for shape, scale in zip(self.shapes, self.scales, strict=True)
        )

    @cached_property
    def overlap(self) -> tuple[float, ...]:
        """Coefficients of the response's overlap with itself, for cascades.

        With ``u = v / scale``, the overlap at shift ``v >= 0``, ``r(v) = integral of h(s) h(s + v) ds``, is
        ``exp(-u) / scale`` times the sum of ``overlap[m] u^m / m!``. Each pair of shapes ``a``, ``b`` gives
        ``binomial(a + b - 2 - m, a - 1) / 2^(a + b - 1 - m)`` for ``m < b``.
        """
        if not self.is_cascade:
            raise SettingsError(f"response {self.name!r} is no cascade of equal first-order filters")
        shapes = [int(shape) for shape in self.shapes]
        total = [0.0] * max(shapes)
        for a, first in zip(shapes, self.weights, strict=True):
            for b, second in zip(shapes, self.weights, strict=True):
                for m in range(b):
                    total[m] += first * second * comb(a + b - 2 - m, a - 1) / 2 ** (a + b - 1 - m)
        return tuple(total)


CANONICAL = Response(
    name="canonical",
    shapes=(6.0, 16.0),
    scales=(1.0, 1.0),
    weights=(1.0, -1.0 / 6.0),
    source="SPM's canonical response (spm_hrf): peak gamma 6 s, undershoot 16 s, dispersions 1 s, ratio 1/6 "
    "(Friston 1998 NeuroImage 7:30; Glover 1999 NeuroImage 9:416 for the form)",
)
GLOVER = Response(
    name="glover",
    shapes=(6.0 / 0.9, 12.0 / 0.9),
    scales=(0.9, 0.9),
    weights=(1.0, -0.48),
    source="Glover 1999 NeuroImage 9:416; nilearn's figures: delays 6 and 12 s, dispersion 0.9 s, ratio 0.48",
)


def haemodynamic_response(
    t: Float[np.ndarray, "times"], response: Response = CANONICAL
) -> Float[np.ndarray, "times"]:
    """Return the haemodynamic response in 1/s at times in s.

    Examples
    --------
    >>> haemodynamic_response(np.array([0.0, 5.0, 16.0])).round(4).tolist()
    [0.0, 0.1754, -0.0156]
    """
    return response.at(t)
