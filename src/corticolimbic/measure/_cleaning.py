"""Everything that denoising does to a series in time, as one linear operator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from corticolimbic.measure._interpolation import SWINGS_FROM, longest_gap, spline_weights
from corticolimbic.measure._nuisance import confound_basis, residuals
from corticolimbic.measure._temporal_filter import (
    PassBand,
    band_filter,
    band_words,
    check_band,
    share_in_band,
)


@dataclass(frozen=True, eq=False)
class Cleaning:
    """Detrending, band filter, regression of confounds and censoring of one run.

    Built by `cleaning`; the same for every series of the run, be it of a region or of a voxel.

    Parameters
    ----------
    keep
        Volumes that are kept, (n_volumes,).
    basis
        Orthonormal, around 0: what the confounds vary in, filtered as the series are, (n_kept, n).
    time_filter
        Kept volumes to kept volumes: interpolation, detrending, filter, censoring; None for no filter.
    rank
        Regressors that were removed: confounds; the intercept and a trend where the band holds them.
    share
        Share of the kept volumes' degrees of freedom that lies in the band; 1 without one.
    band
        Bounds in Hz, None without a filter.
    repetition_time
        Seconds, None where unknown.
    keep_mean
        Whether a series' own mean is in the result.
    """

    keep: Bool[np.ndarray, " volumes"]
    basis: Float64[np.ndarray, "kept rank"]
    time_filter: Float64[np.ndarray, "kept kept"] | None
    rank: int
    share: float = 1.0
    band: PassBand | None = None
    repetition_time: float | None = None
    keep_mean: bool = True

    @property
    def n_kept(self) -> int:
        """Volumes that are kept."""
        return int(self.keep.sum())

    @property
    def dof(self) -> float:
        """Degrees of freedom that are left in time (METHODS M-10); below 0 where nothing is."""
        return self.n_kept * self.share - self.rank

    @property
    def arithmetic(self) -> str:
        """How the degrees of freedom come about, in words."""
        n, kept = len(self.keep), self.n_kept
        words = f"{n} volumes - {n - kept} censored"
        if self.band is not None:
            held = _short(kept * self.share)
            words += (
                f" = {kept}; {_short(self.share * 100)}% of them for {band_words(self.band)} at a repetition "
                f"time of {self.repetition_time:g} s = {held}; {held}"
            )
        words += f" - {self.rank} regressors"
        return (
            f"{words} = {_short(self.dof)} degrees of freedom" if self.dof >= 0 else f"{words} leave nothing"
        )

    @property
    def doubt(self) -> str:
        """What is to be known of the gaps that were bridged, or empty."""
        gap = longest_gap(self.keep)
        if self.band is None or self.repetition_time is None or gap < SWINGS_FROM:
            return ""
        return f"{gap} volumes ({gap * self.repetition_time:.0f} s) dropped in a row"

    def apply(self, values: Float[np.ndarray, "volumes columns"]) -> Float64[np.ndarray, "kept columns"]:
        """Clean series.

        Parameters
        ----------
        values
            In every volume of the run; what stands in a dropped volume is not looked at.

        Returns
        -------
        array
            (n_kept, n_columns). Without a filter around the series' own mean; with one as nilearn leaves it,
            around the mean that the filtered series has in the kept volumes. A column that is not finite in a
            kept volume is NaN throughout; one that the regressors explain altogether, or of which the filter
            leaves nothing, is constant.
        """
        kept = values[self.keep].astype(np.float64)
        if not len(kept):
            return kept
        return residuals(kept, self.basis, self.time_filter, keep_mean=self.keep_mean)

    @cached_property
    def operator(self) -> Float64[np.ndarray, "kept volumes"]:
        """What `apply` does, as a matrix, up to the mean that it leaves in: its results are around 0.

        For callers with hundreds of thousands of series: ``operator @ values``, or
        ``operator[:, keep] @ values[keep]`` where dropped volumes may hold something not finite. Columns of
        dropped volumes are 0.
        """
        n = self.n_kept
        matrix = np.eye(n) if self.time_filter is None else self.time_filter.copy()
        matrix -= matrix.mean(axis=0) if n else 0.0
        matrix -= self.basis @ (self.basis.T @ matrix)
        # Constants are annihilated exactly, so that a large mean leaves no rounding behind.
        matrix -= matrix.mean(axis=1, keepdims=True) if n else 0.0
        whole = np.zeros((n, len(self.keep)))
        whole[:, self.keep] = matrix
        return whole


def cleaning(
    confounds: Float[np.ndarray, "volumes confounds"],
    keep: Bool[np.ndarray, " volumes"],
    *,
    repetition_time: float | None = None,
    band: PassBand | None = None,
    detrend: bool | None = None,
    file: str = "",
) -> Cleaning:
    """Return the operator that cleans every series of a run.

    Without a band: dropped volumes are left out, then intercept and confounds are removed by least squares.

    With a band, in the order of ``nilearn.signal.clean``: a cubic spline takes the place of dropped volumes
    (those before the first and after the last kept one are left out, never extrapolated); a linear trend is
    removed; the Butterworth filter runs forwards and backwards; dropped volumes are left out; the confounds,
    having gone through all of that themselves, are removed by least squares. The result is nilearn's to
    1e-10, save on purpose:

    - every dropped volume between kept ones is interpolated (nilearn 0.14 misses some: see `spline_weights`);
    - without a band, a trend is one over time; nilearn detrends the kept volumes as if they stood close
      together, and leaves the mean out;
    - a confound that is constant, or that the filter leaves nothing of, is no regressor (nilearn scales the
      rounding up to one);
    - runs too short for nilearn's padding are filtered with less.

    Parameters
    ----------
    confounds
        In every volume; finite where a volume is kept.
    keep
        Volumes that are kept.
    repetition_time
        Seconds; needed with a band.
    band
        Lowest and highest frequency that is kept, in Hz; None for no filter.
    detrend
        Whether a linear trend is removed; by default with a band only.
    file
        For messages.

    Raises
    ------
    InputError
        CL241, CL242: see `check_band`.
    ValueError
        Where a confound is not finite in a kept volume.

    Notes
    -----
    Degrees of freedom: of the kept volumes, the share that the band holds (`share_in_band`), less the rank of
    the filtered confounds. Intercept and trend count where the band has no lower bound; otherwise they lie
    outside. The filter's edges are soft: correlations of white noise vary as if a tenth fewer were left (a
    test measures it); brain signals, being autocorrelated, have fewer still.

    References
    ----------
    Lindquist et al. 2019, Hum Brain Mapp 40:2358, for filtering confounds with the signal; Power et al. 2014,
    NeuroImage 84:320, for interpolating before the filter and censoring after; Ciric et al. 2017, NeuroImage
    154:174, for counting what is left.
    """
    volumes = np.flatnonzero(keep)
    inside = confounds[volumes].astype(np.float64)
    if not np.isfinite(inside).all():
        raise ValueError("a confound is not finite in a volume that is kept")
    if band is None or band == (None, None):
        if detrend and len(volumes):
            inside = np.column_stack([inside, volumes.astype(np.float64)])
        basis = confound_basis(inside)
        rank = 1 + basis.shape[1] if len(volumes) else 0
        return Cleaning(keep, basis, None, rank, repetition_time=repetition_time)
    time = check_band(band, repetition_time, file)
    straight = detrend is None or detrend
    time_filter = _time_filter(volumes, time, band, detrend=straight)
    basis = confound_basis(inside, time_filter)
    whole = band[0] is None
    rank = basis.shape[1] + (min(len(volumes), 1 + straight) if whole else 0)
    span = int(volumes[-1] - volumes[0]) + 1 if len(volumes) else 0
    share = share_in_band(span, time, band)
    return Cleaning(keep, basis, time_filter, rank, share, band, time, keep_mean=whole and not straight)


def _time_filter(
    volumes: Int[np.ndarray, " kept"], repetition_time: float, band: PassBand, *, detrend: bool
) -> Float64[np.ndarray, "kept kept"]:
    """Return interpolation, detrending, filter and censoring together, by what they make of each volume."""
    if len(volumes) < 2:
        return np.zeros((len(volumes), len(volumes)))
    series = spline_weights(volumes)
    if detrend:
        time = np.arange(len(series)) - (len(series) - 1) / 2
        series = series - series.mean(axis=0)
        series -= np.outer(time, time @ series) / (time @ time)
    filtered: Float64[np.ndarray, "kept kept"] = band_filter(series, repetition_time, band)[
        volumes - volumes[0]
    ]
    return filtered


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
