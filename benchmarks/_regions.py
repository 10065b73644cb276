"""Regions of an image: everything at once in one pass, beside nilearn's maskers, each for one atlas."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks._image import BAND, REPETITION_TIME, SPACE, Made, made
from benchmarks._job import Job, Size

SMOOTHING = 6.0


def prepare(size: Size, folder: Path) -> Made:
    """Write the run, once."""
    return made(size, folder)


def cleaned(run: Made, fwhm: float | None = None) -> list[np.ndarray]:
    """Return the cleaned series of all atlases with the package."""
    from corticolimbic.circuit import atlas
    from corticolimbic.dataset import read_bold_header, read_mask
    from corticolimbic.measure import cleaning, region_series

    header = read_bold_header(run.root, run.run)
    weights = [_weights(run, item) for item in (run.parcels, atlas("coordinates"), run.spheres)]
    mask = read_mask(run.root, run.run, header)
    found = region_series(run.root, run.run, header, weights, mask=mask, usable_signal=0.3, fwhm=fwhm).regions
    clean = cleaning(
        run.confounds,
        np.ones(header.n_volumes, dtype=bool),
        repetition_time=header.repetition_time,
        band=BAND,
    )
    series = clean.apply(np.hstack([item.values for item in found]))
    return np.split(series, np.cumsum([len(item.names) for item in found])[:-1], axis=1)


_KEPT: dict[tuple[int, str], object] = {}


def _weights(run: Made, item: object) -> object:
    """Return an atlas' weights, from memory after the first time, as the package does for a study."""
    from corticolimbic.circuit import region_weights

    key = id(run), getattr(item, "name", "parcels")
    if key not in _KEPT:
        _KEPT[key] = region_weights(item, run.mask.shape, run.affine, SPACE)
    return _KEPT[key]


def ours(run: Made) -> list[np.ndarray]:
    """Parcels, circuit and spheres."""
    return cleaned(run)


def ours_smoothed(run: Made) -> list[np.ndarray]:
    """The same of the smoothed image."""
    return cleaned(run, SMOOTHING)


def labels_masker(run: Made, fwhm: float | None = None) -> np.ndarray:
    """Return the parcels' cleaned series by nilearn, and nothing else."""
    import nibabel
    from nilearn.maskers import NiftiLabelsMasker

    masker = NiftiLabelsMasker(
        nibabel.Nifti1Image(run.parcels.data, run.affine),
        mask_img=str(run.root / str(run.run.mask)),
        resampling_target=None,
        smoothing_fwhm=fwhm,
        detrend=True,
        standardize=None,
        standardize_confounds=True,
        low_pass=BAND[1],
        high_pass=BAND[0],
        t_r=REPETITION_TIME,
    )
    return masker.fit_transform(str(run.root / run.run.bold), confounds=run.confounds)


def labels_masker_smoothed(run: Made) -> np.ndarray:
    """The same of the smoothed image."""
    return labels_masker(run, SMOOTHING)


def spheres_masker(run: Made) -> np.ndarray:
    """Return the spheres' cleaned series by nilearn, and nothing else."""
    from nilearn.maskers import NiftiSpheresMasker

    masker = NiftiSpheresMasker(
        [(node.x, node.y, node.z) for node in run.spheres.nodes],
        radius=5.0,
        allow_overlap=True,
        mask_img=str(run.root / str(run.run.mask)),
        detrend=True,
        standardize=None,
        low_pass=BAND[1],
        high_pass=BAND[0],
        t_r=REPETITION_TIME,
    )
    return masker.fit_transform(str(run.root / run.run.bold), confounds=run.confounds)


def limit(run: Made) -> int:
    """Decompress the file with igzip, and drop what comes out."""
    from isal import igzip

    total = 0
    with igzip.open(run.root / run.run.bold, "rb") as stream:
        while piece := stream.read(2**20):
            total += len(piece)
    return total


def check_labels(mine: list[np.ndarray], theirs: np.ndarray) -> None:
    """Both sides give the same series, to 1e-10 of the image's level."""
    np.testing.assert_allclose(mine[0], theirs, rtol=0, atol=1e-10 * 9000)


def check_spheres(mine: list[np.ndarray], theirs: np.ndarray) -> None:
    """Both sides give the same series; nilearn cuts its spheres' means of integer images to integers."""
    for one, other in zip(mine[2].T, theirs.T, strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.95


def check_smoothed(mine: list[np.ndarray], theirs: np.ndarray) -> None:
    """Both sides give the same series, to 2e-5 of the image's level, and what varies in them is the same."""
    np.testing.assert_allclose(mine[0], theirs, rtol=0, atol=2e-5 * 9000)
    assert min(np.corrcoef(a, b)[0, 1] for a, b in zip(mine[0].T, theirs.T, strict=True)) > 0.999


_RUN = "97x115x97x300 int16, 36 confounds, 0.01-0.1 Hz"
BESIDE_LABELS = Job(
    name=f"measure: 432 parcels, circuit and 30 spheres in one pass ({_RUN})",
    peer_name="nilearn NiftiLabelsMasker, the 432 parcels alone (one run); limit: igzip",
    targets={"ratio_to_limit": 1.3, "ratio": round(1 / 7, 4), "memory_mb": 450},
    prepare=prepare,
    ours=ours,
    peer=labels_masker,
    limit=limit,
    check=check_labels,
    peer_once=True,
)
BESIDE_SPHERES = Job(
    name=f"measure: the same, beside the peer's spheres ({_RUN})",
    peer_name="nilearn NiftiSpheresMasker, the 30 spheres alone (one run); limit: igzip",
    targets={"ratio_to_limit": 1.3, "ratio": round(1 / 12, 4), "memory_mb": 450},
    prepare=prepare,
    ours=ours,
    peer=spheres_masker,
    limit=limit,
    check=check_spheres,
    peer_once=True,
)
SMOOTHED = Job(
    name=f"measure: the same with 6 mm smoothing ({_RUN})",
    peer_name="nilearn NiftiLabelsMasker with smoothing, the 432 parcels alone (one run); limit: igzip",
    targets={"ratio_to_limit": 1.7, "ratio": round(1 / 12, 4)},
    prepare=prepare,
    ours=ours_smoothed,
    peer=labels_masker_smoothed,
    limit=limit,
    check=check_smoothed,
    peer_once=True,
)
JOBS = (BESIDE_LABELS, BESIDE_SPHERES, SMOOTHED)
