"""Where a run's region signals come from: volumes on a grid, or grayordinates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool

from corticolimbic.circuit import LabelImage, RegionWeights, grayordinate_weights
from corticolimbic.dataset import (
    BoldHeader,
    BoldRun,
    CiftiHeader,
    CiftiRun,
    read_bold_header,
    read_cifti_header,
    read_mask,
)
from corticolimbic.foundation import InputError, Problem, SpaceMismatchError
from corticolimbic.measure._confounds import reads_aroma
from corticolimbic.measure._grayordinate_series import grayordinate_series
from corticolimbic.measure._measured_run import about
from corticolimbic.measure._parcels import Parcels, grid_weights
from corticolimbic.measure._region_series import RunSignals, region_series
from corticolimbic.measure._settings import MeasureSettings

Chosen = tuple[Parcels, RegionWeights]
"""An atlas that may be used in a run, and its weights there."""


@runtime_checkable
class SignalSource(Protocol):
    """What cleaning needs of a run, whatever kind of file holds its signal."""

    @property
    def n_volumes(self) -> int:
        """Volumes of the run."""

    @property
    def repetition_time(self) -> float:
        """Seconds."""

    @property
    def files(self) -> tuple[str, ...]:
        """Files that decide on the signals, relative to the dataset."""

    @property
    def how(self) -> Mapping[str, Any]:
        """What else than settings and atlas made the signals, for definitions."""

    def chosen(self, parcels: Sequence[Parcels], problems: list[Problem]) -> list[Chosen]:
        """Return the atlases that may be used, with their weights; say of the others why not."""

    def region_signals(
        self, weights: Sequence[RegionWeights], *, counted: Bool[np.ndarray, " volumes"], keep_voxels: bool
    ) -> RunSignals:
        """Return the regions' mean signals, atlas by atlas, reading the file once.

        Parameters
        ----------
        weights
            Of the atlases.
        counted
            Volumes that count for the temporal signal-to-noise ratio.
        keep_voxels
            Return the voxels too, where the file has some.
        """


def signal_source(
    root: Path,
    run: BoldRun | CiftiRun,
    settings: MeasureSettings,
    *,
    repetition_time: float | None,
    problems: list[Problem],
) -> SignalSource:
    """Read the header of a run's file and return where its signals come from.

    Parameters
    ----------
    root, run, settings
        What is measured, and how.
    repetition_time
        Seconds, where the sidecars state none.
    problems
        Added to.

    Raises
    ------
    InputError
        Where the file cannot be used, or the strategy needs another one.
    """
    if isinstance(run, CiftiRun):
        if reads_aroma(settings.strategy):
            found = f"strategy {settings.strategy}: fMRIPrep writes no CIFTI file that ICA-AROMA denoised"
            remedy = "choose another measure.strategy, or measure the volumes (dataset.spaces)"
            raise InputError("CL236", file=run.bold, found=found, remedy=remedy)
        grayordinates = read_cifti_header(root, run, repetition_time=repetition_time)
        problems += grayordinates.problems
        return GrayordinateSource(root, run, settings, grayordinates)
    image = _image(run, settings)
    header = read_bold_header(root, image, repetition_time=repetition_time)
    problems += header.problems
    return VolumeSource(root, image, settings, header, _mask(root, run, header, problems))


@dataclass(frozen=True)
class VolumeSource:
    """Signals of voxels on a grid.

    Parameters
    ----------
    root, run, settings
        What is measured, and how; ``run`` names the image that the strategy is meant for.
    header
        Of the image.
    mask
        Voxels inside the brain, or None.
    """

    root: Path
    run: BoldRun
    settings: MeasureSettings
    header: BoldHeader
    mask: Bool[np.ndarray, "x y z"] | None

    @property
    def n_volumes(self) -> int:
        """Volumes of the run."""
        return self.header.n_volumes

    @property
    def repetition_time(self) -> float:
        """Seconds."""
        return self.header.repetition_time

    @property
    def files(self) -> tuple[str, ...]:
        """Image and mask."""
        return tuple(name for name in (self.run.bold, self.run.mask) if name)

    @property
    def how(self) -> Mapping[str, Any]:
        """The smoothing, where there is one; settings, atlas and space say the rest."""
        fwhm = self.settings.smoothing_fwhm
        return {} if fwhm is None else {"smoothing_fwhm": fwhm}

    def chosen(self, parcels: Sequence[Parcels], problems: list[Problem]) -> list[Chosen]:
        """Return the spheres and label images that may be used on the grid."""
        fitting = _of_kind(self.run, parcels, problems, on_grayordinates=False)
        return list(_weighed(self.run, fitting, self._weights, problems))

    def _weights(self, parcels: Parcels) -> RegionWeights:
        allowed = self.settings.allow_space_mismatch
        return grid_weights(parcels, self.header.shape, self.header.affine, self.run.space, allowed)

    def region_signals(
        self, weights: Sequence[RegionWeights], *, counted: Bool[np.ndarray, " volumes"], keep_voxels: bool
    ) -> RunSignals:
        """See `corticolimbic.measure.region_series`."""
        return region_series(
            self.root,
            self.run,
            self.header,
            weights,
            mask=self.mask,
            usable_signal=self.settings.usable_signal,
            fwhm=self.settings.smoothing_fwhm,
            counted=counted,
            keep_voxels=keep_voxels,
        )


@dataclass(frozen=True)
class GrayordinateSource:
    """Signals of vertices and voxels of a CIFTI file.

    Parameters
    ----------
    root, run, settings
        What is measured, and how.
    header
        Of the file.
    """

    root: Path
    run: CiftiRun
    settings: MeasureSettings
    header: CiftiHeader

    @property
    def n_volumes(self) -> int:
        """Moments of the run."""
        return self.header.n_volumes

    @property
    def repetition_time(self) -> float:
        """Seconds."""
        return self.header.repetition_time

    @property
    def files(self) -> tuple[str, ...]:
        """The CIFTI file."""
        return (self.run.bold,)

    @property
    def how(self) -> Mapping[str, Any]:
        """The density of the mesh: its regions are other samples than those of another density."""
        return {"density": self.run.density}

    def chosen(self, parcels: Sequence[Parcels], problems: list[Problem]) -> list[Chosen]:
        """Return CIFTI's structures and the dense labels that may be used."""
        fitting = _of_kind(self.run, parcels, problems, on_grayordinates=True)
        return list(_weighed(self.run, fitting, self._weights, problems))

    def _weights(self, parcels: Parcels) -> RegionWeights:
        drawn, allowed = parcels.drawn, self.settings.allow_space_mismatch
        if isinstance(drawn, LabelImage):
            raise TypeError(f"{parcels.name} is an image on a grid")
        return grayordinate_weights(
            drawn, self.header.grayordinates, self.run.space, allow_space_mismatch=allowed
        )

    def region_signals(
        self, weights: Sequence[RegionWeights], *, counted: Bool[np.ndarray, " volumes"], keep_voxels: bool
    ) -> RunSignals:
        """See `grayordinate_series`; there are no voxels to keep."""
        share = self.settings.usable_signal
        return grayordinate_series(
            self.root, self.run, self.header, weights, usable_signal=share, counted=counted
        )


def _image(run: BoldRun, settings: MeasureSettings) -> BoldRun:
    """Return the run with the image that the strategy is meant for."""
    if not reads_aroma(settings.strategy):
        return run
    if run.aroma is None:
        found = f"strategy {settings.strategy}: no *_desc-smoothAROMAnonaggr_bold.nii.gz in the run's space"
        remedy = "choose another measure.strategy, or have ICA-AROMA's image written beside the run"
        raise InputError("CL236", file=run.bold, found=found, remedy=remedy)
    return replace(run, bold=run.aroma)


def _mask(
    root: Path, run: BoldRun, header: BoldHeader, problems: list[Problem]
) -> Bool[np.ndarray, "x y z"] | None:
    if run.mask is not None:
        return read_mask(root, run, header)
    found = (
        "no mask: every voxel of the grid counts; for the brain's median, those above a tenth of the range"
    )
    problems.append(about(run, "CL228", found=found))
    return None


def _of_kind(
    run: BoldRun | CiftiRun, parcels: Sequence[Parcels], problems: list[Problem], *, on_grayordinates: bool
) -> list[Parcels]:
    """Return the atlases that are for this kind of run; there must be one if there are any."""
    fitting = [item for item in parcels if item.on_grayordinates == on_grayordinates]
    others = [item.name for item in parcels if item not in fitting]
    if others:
        kind, other = ("grayordinates", "volumes") if on_grayordinates else ("volumes", "grayordinates")
        found = f"a run of {kind}; for {other}: {', '.join(others)}"
        if not fitting:
            raise InputError("CL253", file=run.bold, found=found)
        problems.append(about(run, "CL251", found=found))
    return fitting


def _weighed(
    run: BoldRun | CiftiRun,
    parcels: Sequence[Parcels],
    weights: Callable[[Parcels], RegionWeights],
    problems: list[Problem],
) -> Iterator[Chosen]:
    """Yield the atlases that may be used in the run's space, with their weights."""
    for item in parcels:
        try:
            yield item, weights(item)
        except SpaceMismatchError as error:
            code = error.problem.code
            problems.append(about(run, code, found=f"{item.name}: {error.problem.found}"))
