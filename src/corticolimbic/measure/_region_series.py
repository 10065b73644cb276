"""From volumes to the mean signal of regions: one pass over the file, whatever the number of atlases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from corticolimbic.circuit import RegionWeights
from corticolimbic.dataset import BoldHeader, BoldRun, iter_stored
from corticolimbic.measure._members import Inside, Members
from corticolimbic.measure._one_pass import Gathered, Passed, one_pass
from corticolimbic.measure._usable_signal import usable_voxels


@dataclass(frozen=True)
class RegionSignals:
    """The mean signal of an atlas' regions in every volume of a run.

    Parameters
    ----------
    names
        Regions, in the atlas' order; a region without voxels keeps its place.
    values
        Volumes by regions, in the image's unit; a column is NaN throughout where no voxel is left.
    n_voxels
        Voxels with usable signal.
    coverage
        Voxels with usable signal as a share of those that the region should have (METHODS M-12).
    notes
        What should be known about spaces.
    tsnr
        Mean over a region's varying voxels of mean / standard deviation in time, before smoothing; NaN
        without any. None where it was not asked for.
    """

    names: tuple[str, ...]
    values: Float64[np.ndarray, "volumes regions"]
    n_voxels: Int[np.ndarray, " regions"]
    coverage: Float[np.ndarray, " regions"]
    notes: tuple[str, ...] = ()
    tsnr: Float64[np.ndarray, " regions"] | None = None


@dataclass(frozen=True)
class VoxelSeries:
    """Every volume of the voxels inside the mask, as stored.

    Parameters
    ----------
    stored
        Volumes by voxels; the value is ``slope`` x stored + ``inter``.
    places
        Voxels on the grid, x varying fastest, rising.
    slope, inter
        Scaling of the header.
    mean
        Of each voxel over the run, scaled; not finite where any volume is not.
    usable
        Voxels with usable signal.
    """

    stored: Gathered
    places: Int[np.ndarray, " voxels"]
    slope: float
    inter: float
    mean: Float64[np.ndarray, " voxels"]
    usable: Bool[np.ndarray, " voxels"]


@dataclass(frozen=True)
class RunSignals:
    """What one pass over an image yields.

    Parameters
    ----------
    regions
        One for each atlas.
    brain_tsnr
        Median over the voxels with usable signal of mean / standard deviation in time.
    voxels
        The voxels themselves, where they were asked for.
    """

    regions: tuple[RegionSignals, ...]
    brain_tsnr: float
    voxels: VoxelSeries | None = None


def region_series(
    root: Path,
    run: BoldRun,
    header: BoldHeader,
    weights: Sequence[RegionWeights],
    *,
    mask: Bool[np.ndarray, "x y z"] | None,
    usable_signal: float,
    fwhm: float | None = None,
    counted: Bool[np.ndarray, " volumes"] | None = None,
    keep_voxels: bool = False,
) -> RunSignals:
    """Return the regions' mean signals, atlas by atlas, and how good the signal is.

    Means are over the voxels inside the mask (without one: of the grid) that are finite in every volume, in
    float64. Voxels without usable signal are counted out of the coverage, but not out of the means, so that
    the means are those of any other program with the same mask. With smoothing, the regions are those same
    voxels of the smoothed image, into which neighbours outside the region and the mask reach; values that
    are not finite count as 0 there. The file is read once; a second time only where a voxel of a region stops
    being finite after the first volume.

    Parameters
    ----------
    root, run, header
        The image and what `corticolimbic.dataset.read_bold_header` says of it.
    weights
        Of every atlas on the image's grid, without a mask.
    mask
        Voxels inside the brain.
    usable_signal
        See `usable_voxels`.
    fwhm
        Full width at half maximum of a Gaussian by which the image is smoothed, in mm; None does not.
    counted
        Volumes that count for the temporal signal-to-noise ratio; by default all.
    keep_voxels
        Return the voxels inside the mask too, for maps: as many times the memory as there are volumes.

    Raises
    ------
    InputError
        Those of `corticolimbic.dataset.iter_stored`, and CL237 where no voxel has signal.
    """
    members = Members.of(weights, header.shape)
    allowed = (
        np.ones(int(np.prod(header.shape)), dtype=bool) if mask is None else mask.ravel(order="F").copy()
    )
    every = np.ones(header.n_volumes, dtype=bool)
    while True:
        stream = iter_stored(root, run)
        first = next(stream)
        allowed &= np.isfinite(first)
        inside = members.inside(allowed, header.shape, header.affine, fwhm)
        passed = one_pass(
            chain((first,), stream),
            header.n_volumes,
            inside.places,
            inside.rows,
            counted=every if counted is None else counted,
            keep_voxels=keep_voxels,
        )
        lost = ~np.isfinite(passed.mean)  # a sum keeps whatever was not finite
        allowed[inside.places[lost]] = False
        if not lost[inside.members].any():
            break
    brain = inside.brain
    mean = header.slope * passed.mean[brain] + header.inter
    usable = np.zeros(len(passed.mean), dtype=bool)
    usable[brain] = usable_voxels(
        mean, passed.varies[brain], usable_signal, masked=mask is not None, file=run.bold
    )
    values = header.slope * passed.values + header.inter
    values[:, inside.n_voxels == 0] = np.nan
    tsnr = _tsnr(passed, header)
    voxels = None
    if passed.voxels is not None:
        kept = passed.voxels if brain.all() else passed.voxels[:, brain]
        voxels = VoxelSeries(kept, inside.places[brain], header.slope, header.inter, mean, usable[brain])
    signals = tuple(_split(weights, values, inside, members.n_voxels, usable, tsnr))
    return RunSignals(signals, float(np.median(tsnr[usable])), voxels)


def _tsnr(passed: Passed, header: BoldHeader) -> Float64[np.ndarray, " voxels"]:
    """Return mean / standard deviation of each voxel, NaN where it does not vary."""
    spread = abs(header.slope) * passed.spread
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, (header.slope * passed.centre + header.inter) / spread, np.nan)


def _split(
    weights: Sequence[RegionWeights],
    values: np.ndarray,
    inside: Inside,
    expected: np.ndarray,
    usable: np.ndarray,
    tsnr: np.ndarray,
) -> Iterable[RegionSignals]:
    n_rows = len(expected)
    n_usable = np.bincount(inside.member_rows[usable[inside.members]], minlength=n_rows)
    known = np.isfinite(tsnr[inside.members])
    rows, ratios = inside.member_rows[known], tsnr[inside.members][known]
    with np.errstate(invalid="ignore"):
        mean_tsnr = np.bincount(rows, ratios, minlength=n_rows) / np.bincount(rows, minlength=n_rows)
    share = n_usable / np.maximum(expected, 1)
    end = 0
    for item in weights:
        own = slice(end, end + len(item.names))
        end = own.stop
        # Inside the grid, the rest of a region's expected voxels would be as dense as those that are there.
        coverage = item.coverage * share[own]
        yield RegionSignals(
            item.names, values[:, own].copy(), n_usable[own], coverage, item.notes, mean_tsnr[own]
        )
