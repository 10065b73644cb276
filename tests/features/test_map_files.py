"""Maps of voxels on disk."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np

from corticolimbic.features import VoxelMap, write_map

AFFINE = np.array([[-2.0, 0.1, 0, 30], [0, 2.1, 0, -40], [0, 0, 2.2, 5], [0, 0, 0, 1]])


def made() -> VoxelMap:
    rng = np.random.default_rng(4)
    shape = (7, 5, 6)
    places = np.sort(rng.choice(np.prod(shape), 60, replace=False))
    values = rng.normal(size=60).astype(np.float32)
    values[3] = np.nan
    return VoxelMap("sub-Jörg_task-rest_stat-alff_boldmap", values, places, shape, AFFINE, {"Units": "%"})


def test_nibabel_reads_the_values_where_they_belong(tmp_path: Path) -> None:
    found = made()
    image, beside = write_map(found, tmp_path / "maps")
    read = nibabel.load(tmp_path / "maps" / image)
    np.testing.assert_allclose(read.affine, AFFINE, rtol=1e-6)
    assert read.get_data_dtype() == np.float32
    assert int(read.header["sform_code"]) == 4
    values = read.get_fdata().ravel(order="F")
    np.testing.assert_array_equal(values[found.places].astype(np.float32), found.values)
    outside = np.ones(values.size, dtype=bool)
    outside[found.places] = False
    assert np.isnan(values[outside]).all()
    assert json.loads((tmp_path / "maps" / beside).read_text(encoding="utf-8")) == {"Units": "%"}


def test_equal_maps_give_equal_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_map(made(), tmp_path / folder)
    for name in ("nii.gz", "json"):
        one, two = (next((tmp_path / folder).glob(f"*.{name}")).read_bytes() for folder in ("a", "b"))
        assert one == two
