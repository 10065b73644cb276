"""Maps of an image: fluctuations of every voxel, and correlations with ten seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks._image import BAND, REPETITION_TIME, Made, made
from benchmarks._job import Job, Size
from benchmarks._regions import _RUN, _weights, limit

N_SEEDS = 10


def prepare(size: Size, folder: Path) -> Made:
    """Write the run, once."""
    return made(size, folder)


def _one_pass(run: Made) -> tuple:
    from corticolimbic.dataset import read_bold_header, read_mask
    from corticolimbic.measure import region_series

    header = read_bold_header(run.root, run.run)
    mask = read_mask(run.root, run.run, header)
    weights = [_weights(run, run.parcels)]
    found = region_series(run.root, run.run, header, weights, mask=mask, usable_signal=0.3, keep_voxels=True)
    return header, found


def our_fluctuations(run: Made) -> np.ndarray:
    """Return ALFF, fALFF and slow-5 of every voxel with the package."""
    from corticolimbic.measure import BANDS
    from corticolimbic.measure._fluctuation_maps import fluctuation_maps

    header, found = _one_pass(run)
    bands = [band for band in BANDS if band.measure in ("alff", "falff", "slow5")]
    volumes = np.arange(header.n_volumes)
    return fluctuation_maps(found.voxels, volumes, run.confounds, header.repetition_time, bands)[0]


def our_seeds(run: Made) -> np.ndarray:
    """Return the correlation of every voxel with the seeds with the package."""
    from corticolimbic.measure import cleaning
    from corticolimbic.measure._seed_maps import seed_maps

    header, found = _one_pass(run)
    keep = np.ones(header.n_volumes, dtype=bool)
    clean = cleaning(run.confounds, keep, repetition_time=header.repetition_time, band=BAND)
    seeds = clean.apply(found.regions[0].values[:, :N_SEEDS])
    return seed_maps(found.voxels, clean.operator, seeds)


def their_seeds(run: Made) -> np.ndarray:
    """Return the same with nilearn: every voxel cleaned, then products of standardised series."""
    import nibabel
    from nilearn.maskers import NiftiLabelsMasker, NiftiMasker

    how = {
        "mask_img": str(run.root / str(run.run.mask)),
        "detrend": True,
        "standardize": "zscore_sample",
        "low_pass": BAND[1],
        "high_pass": BAND[0],
        "t_r": REPETITION_TIME,
    }
    image = str(run.root / run.run.bold)
    labels = np.where(run.parcels.data <= N_SEEDS, run.parcels.data, 0)
    masker = NiftiLabelsMasker(nibabel.Nifti1Image(labels, run.affine), resampling_target=None, **how)
    seeds = masker.fit_transform(image, confounds=run.confounds).T
    voxels = NiftiMasker(**how).fit_transform(image, confounds=run.confounds)
    products = seeds @ voxels
    lengths = np.linalg.norm(seeds, axis=1)[:, None] * np.linalg.norm(voxels, axis=0)
    there = np.full((N_SEEDS, *run.mask.shape), np.nan)
    there[:, run.mask] = products / lengths  # nilearn's order of voxels is C, ours the file's
    return np.array([one.ravel(order="F")[run.mask.ravel(order="F")] for one in there])


def check_fluctuations(mine: np.ndarray, theirs: None) -> None:
    """Every voxel inside the mask has a value."""
    assert np.isfinite(mine).all()


def check_seeds(mine: np.ndarray, theirs: np.ndarray) -> None:
    """Both sides give the same correlations."""
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5)


FLUCTUATIONS = Job(
    name=f"measure: ALFF, fALFF and slow-5 of every voxel ({_RUN}, unfiltered)",
    peer_name="n/a; limit: igzip",
    targets={"ratio_to_limit": 2.2},
    prepare=prepare,
    ours=our_fluctuations,
    peer=None,
    limit=limit,
    check=check_fluctuations,
)
SEEDS = Job(
    name=f"measure: 10 seed maps ({_RUN})",
    peer_name="nilearn maskers of voxels and seeds (one run); limit: igzip",
    targets={"ratio_to_limit": 4.0, "ratio": 0.05, "memory_mb": 1300},
    prepare=prepare,
    ours=our_seeds,
    peer=their_seeds,
    limit=limit,
    check=check_seeds,
    peer_once=True,
)
JOBS = (FLUCTUATIONS, SEEDS)
