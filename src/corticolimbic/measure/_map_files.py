"""The maps of a run as files: their names, and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int

from corticolimbic.dataset import NO_SESSION, BoldHeader, BoldRun
from corticolimbic.features import VoxelMap
from corticolimbic.foundation import Definition, Problem
from corticolimbic.measure._circuit_edges import region_means
from corticolimbic.measure._fluctuation_maps import fluctuation_maps
from corticolimbic.measure._fluctuations import BANDS
from corticolimbic.measure._measured_run import ALGORITHM, MeasuredRun, about
from corticolimbic.measure._region_series import VoxelSeries
from corticolimbic.measure._seed_maps import seed_maps
from corticolimbic.measure._settings import MeasureSettings


@dataclass(frozen=True)
class MeasuredMaps:
    """Maps of a run, with their definitions and what is to be said of them."""

    maps: tuple[VoxelMap, ...] = ()
    definitions: tuple[Definition, ...] = ()
    problems: tuple[Problem, ...] = ()


def seed_map_files(
    run: BoldRun,
    header: BoldHeader,
    measured: Sequence[MeasuredRun],
    voxels: VoxelSeries,
    operator: Float64[np.ndarray, "kept volumes"],
    settings: MeasureSettings,
) -> MeasuredMaps:
    """Return a map of correlation for each seed that the settings name, by each atlas that has it.

    A seed is a region of the circuit, whose series is the one that its edges are made of, or a node of an
    atlas.

    Parameters
    ----------
    run, header
        The image.
    measured
        The run by each atlas.
    voxels
        Of the image, all volumes.
    operator
        That cleaned the series.
    settings
        Which seeds.
    """
    maps, definitions, problems = [], [], []
    known = {name for one in measured for name in (*one.nodes, *(one.atlas.members() if one.atlas else ()))}
    strangers = [name for name in settings.seed_maps if name not in known]
    if strangers:
        problems.append(about(run, "CL255", found=f"no atlas here has {', '.join(strangers)}"))
    for one in measured:
        names, series, lost = _seeds(one, settings)
        problems += [about(run, "CL255", found=f"{one.key['atlas']}: {why}") for why in lost]
        if not names:
            continue
        values = {"statistic": "pearson", "min_coverage": settings.min_coverage, **one.how}
        atlas_hash = one.atlas.hash if one.atlas is not None else ""
        definition = Definition("fc_map", ALGORITHM, values, one.key["atlas"], atlas_hash)
        definitions.append(definition)
        for name, row in zip(names, seed_maps(voxels, operator, series), strict=True):
            extra = {"Seed": name, "Atlas": one.key["atlas"], "Units": "r", "Definition": definition.id}
            words = f"Correlation of each voxel with the seed {name}"
            path = _name(run, seg=one.key["atlas"], desc=name, stat="pearson")
            maps.append(_map(path, row, voxels, header, {"Description": words, **extra, **_facts(run, one)}))
    return MeasuredMaps(tuple(maps), tuple(definitions), tuple(problems))


def fluctuation_map_files(
    run: BoldRun,
    header: BoldHeader,
    one: MeasuredRun,
    voxels: VoxelSeries,
    volumes: Int[np.ndarray, " kept"],
    confounds: Float[np.ndarray, "kept confounds"],
    settings: MeasureSettings,
) -> MeasuredMaps:
    """Return a map of each measure of fluctuation that the settings name.

    Parameters
    ----------
    run, header
        The image.
    one
        The run by any atlas, for what is said beside the maps.
    voxels
        Of the image, all volumes.
    volumes, confounds
        Kept volumes, and confounds without drifts in them.
    settings
        Which measures.
    """
    bands = [band for band in BANDS if band.measure in settings.fluctuation_maps]
    rows, reasons, doubts = fluctuation_maps(voxels, volumes, confounds, header.repetition_time, bands)
    maps, definitions, problems = [], [], []
    for band, row, reason, doubt in zip(bands, rows, reasons, doubts, strict=True):
        if reason:
            problems.append(about(run, "CL256", found=f"{band.measure}: {reason}"))
            continue
        values = {"statistic": band.statistic, "band_hz": [band.low, band.high], **one.censored_how}
        definition = Definition(f"{band.measure}_map", ALGORITHM, values)
        definitions.append(definition)
        extra = {"Units": band.unit("%"), "Definition": definition.id}
        extra |= {"Doubt": doubt} if doubt else {}
        words = f"{band.measure} of each voxel, {band.low:g} to {band.high:g} Hz"
        path = _name(run, stat=band.measure)
        maps.append(_map(path, row, voxels, header, {"Description": words, **extra, **_facts(run, one)}))
    return MeasuredMaps(tuple(maps), tuple(definitions), tuple(problems))


def _seeds(one: MeasuredRun, settings: MeasureSettings) -> tuple[list[str], np.ndarray, list[str]]:
    """Return the seeds that an atlas has, their series, and why others have none."""
    regions = one.atlas.members() if one.atlas is not None else {}
    wanted = {name: regions[name] for name in settings.seed_maps if name in regions}
    found = region_means(
        one.series, one.usable, one.nodes, wanted, settings.min_coverage, coverage=one.coverage
    )
    names = [name for name in wanted if name not in found.lost]
    place = {name: at for at, name in enumerate(wanted)}
    columns = [found.series[:, place[name]] for name in names]
    lost = list(found.lost.values())
    nodes = {name: at for at, name in enumerate(one.nodes)}
    for name in settings.seed_maps:
        if name in regions or name not in nodes:
            continue
        if one.usable[nodes[name]]:
            names.append(name)
            columns.append(one.series[:, nodes[name]])
        else:
            lost.append(one.why_not([nodes[name]]))
    return names, np.column_stack(columns) if columns else np.zeros((len(one.series), 0)), lost


def _facts(run: BoldRun, one: MeasuredRun) -> dict[str, Any]:
    return {
        "Sources": [one.file],
        "Strategy": one.key["strategy"],
        "NumberOfVolumesKept": len(one.series),
        "DegreesOfFreedom": one.dof,
        "RepetitionTime": one.repetition_time,
        "SpatialReference": run.space,
    }


def _map(
    name: str, row: np.ndarray, voxels: VoxelSeries, header: BoldHeader, beside: Mapping[str, Any]
) -> VoxelMap:
    return VoxelMap(name, row, voxels.places, header.shape, header.affine, beside)


def _name(run: BoldRun, **more: str) -> str:
    entities = (f"{key}-{label}" for key, label in _entities(run, more))
    return "_".join([*entities, "boldmap"])


def _entities(run: BoldRun, more: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "sub", run.participant_id.removeprefix("sub-")
    if run.session_id != NO_SESSION:
        yield "ses", run.session_id.removeprefix("ses-")
    for key, label in (("task", run.task), ("acq", run.acq), ("run", run.run), ("space", run.space)):
        if label != "n/a":
            yield key, label
    for key, label in more.items():
        yield key, re.sub(r"[^0-9A-Za-z]+", "", label)  # NAc_L becomes NAcL; the whole name stands beside it
