"""Grayordinates: the vertices and voxels of a CIFTI file, known by structure and index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn

import numpy as np
from jaxtyping import Float64, Int64

from corticolimbic.foundation import InputError, SpaceMismatchError, hash_bytes, hash_json

VERTEX_LIMIT = 2**22
"""Most vertices of one surface (fsaverage has 163,842)."""
_VOLUME_LIMIT = 2**13
"""Most voxels along one axis."""
_OFF_GRID = 0.05
"""Share of a voxel by which centres of two equal grids may differ (affines are written with few digits)."""


@dataclass(frozen=True, eq=False)
class BrainModel:
    """A run of grayordinates of one structure.

    Parameters
    ----------
    structure
        CIFTI's name without prefix, for instance ``ACCUMBENS_LEFT``.
    kind
        Vertices of a ``surface`` or voxels of a ``volume``.
    first
        Position of the first one among all grayordinates of the file.
    indices
        Vertex numbers, (n, 1), or voxel indices, (n, 3).
    n_vertices
        Vertices of the whole surface, the medial wall among them; 0 for voxels.
    """

    structure: str
    kind: Literal["surface", "volume"]
    first: int
    indices: Int64[np.ndarray, "n axes"]
    n_vertices: int = 0

    @property
    def places(self) -> slice:
        """Positions among all grayordinates of the file."""
        return slice(self.first, self.first + len(self.indices))


@dataclass(frozen=True, eq=False)
class Grayordinates:
    """Which vertex or voxel each row of a CIFTI matrix is.

    Parameters
    ----------
    models
        In the order of the file; together they cover every row once.
    shape, affine
        Grid of the voxels and voxel indices to mm; None where there are no voxels.
    file
        For messages.
    """

    models: tuple[BrainModel, ...]
    shape: tuple[int, int, int] | None = None
    affine: Float64[np.ndarray, "4 4"] | None = None
    file: str = ""

    def __post_init__(self) -> None:
        end = 0
        for model in self.models:
            if model.first != end:
                self._refuse(f"{model.structure} begins at row {model.first}, where {end} is next")
            end += len(model.indices)
            self._check(model)
        for name, group in self._groups().items():
            keys = np.concatenate([self._keys(model) for model in group])
            if len(np.unique(keys)) < len(keys):
                self._refuse(f"a {'vertex' if name[1] == 'surface' else 'voxel'} of {name[0]} twice")

    @property
    def size(self) -> int:
        """Number of grayordinates."""
        return sum(len(model.indices) for model in self.models)

    @property
    def structures(self) -> tuple[str, ...]:
        """Names of the structures in the order of the file, each once."""
        return tuple(dict.fromkeys(model.structure for model in self.models))

    @property
    def hash(self) -> str:
        """Changes with the identity of any row, or the place of its voxel."""
        models = [
            [model.structure, model.kind, model.n_vertices, hash_bytes(model.indices.tobytes())]
            for model in self.models
        ]
        affine = None if self.affine is None else self.affine.tolist()
        return hash_json([models, self.shape and list(self.shape), affine])

    def find(self, other: Grayordinates) -> Int64[np.ndarray, " others"]:
        """Return where the grayordinates of another file stand in this one, -1 where they do not.

        They are the same by structure and vertex, or by structure and place of the voxel, never by row.

        Raises
        ------
        SpaceMismatchError
            CL252 where surfaces differ in their number of vertices, or voxels lie on another grid.
        """
        found = np.full(other.size, -1, dtype=np.int64)
        own = self._groups()
        for model in other.models:
            group = own.get((model.structure, model.kind))
            if group is None or not len(model.indices):
                continue
            wanted = self._foreign_keys(model, group[0], other)
            keys = np.concatenate([self._keys(item) for item in group])
            rows = np.concatenate([np.arange(item.places.start, item.places.stop) for item in group])
            order = np.argsort(keys)
            at = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
            there = keys[order[at]] == wanted
            found[model.places] = np.where(there, rows[order[at]], -1)
        return found

    def _groups(self) -> dict[tuple[str, str], list[BrainModel]]:
        groups: dict[tuple[str, str], list[BrainModel]] = {}
        for model in self.models:
            if len(model.indices):
                groups.setdefault((model.structure, model.kind), []).append(model)
        return groups

    def _keys(self, model: BrainModel) -> np.ndarray:
        if model.kind == "surface" or self.shape is None:
            return model.indices[:, 0]
        return np.asarray(np.ravel_multi_index(tuple(model.indices.T), self.shape))

    def _foreign_keys(self, model: BrainModel, own: BrainModel, other: Grayordinates) -> np.ndarray:
        """Return keys of another file's model among those of this file; -1 outside its grid."""
        if model.kind == "surface":
            if model.n_vertices != own.n_vertices:
                found = f"{model.structure} with {model.n_vertices:,} vertices, data with {own.n_vertices:,}"
                raise SpaceMismatchError("CL252", file=other.file, found=found)
            return model.indices[:, 0]
        if self.affine is None or other.affine is None or self.shape is None:  # a volume has a grid
            raise AssertionError
        to_own = np.linalg.inv(self.affine) @ other.affine
        place = model.indices @ to_own[:3, :3].T + to_own[:3, 3]
        nearest = np.rint(place).astype(np.int64)
        off = float(np.abs(place - nearest).max())
        if off > _OFF_GRID:
            found = f"voxels of {model.structure} up to {off:.2f} voxels off the data's grid"
            raise SpaceMismatchError("CL252", file=other.file, found=found)
        inside = ((nearest >= 0) & (nearest < self.shape)).all(axis=1)
        keys = np.full(len(nearest), -1, dtype=np.int64)
        keys[inside] = np.ravel_multi_index(tuple(nearest[inside].T), self.shape)
        return keys

    def _check(self, model: BrainModel) -> None:
        if model.kind == "surface":
            limits: tuple[int, ...] = (model.n_vertices,)
            if not 0 < model.n_vertices <= VERTEX_LIMIT:
                self._refuse(f"a surface {model.structure} of {model.n_vertices:,} vertices")
        elif self.shape is None or self.affine is None:
            self._refuse(f"voxels of {model.structure} without a grid")
        else:
            limits = self.shape
            self._check_grid(self.affine)
        if model.indices.shape[1] != len(limits):
            self._refuse(f"indices of {model.structure} in {model.indices.shape[1]} dimensions")
        if ((model.indices < 0) | (model.indices >= limits)).any():
            self._refuse(f"indices of {model.structure} outside {' x '.join(map(str, limits))}")

    def _check_grid(self, affine: np.ndarray) -> None:
        if self.shape is not None and not all(0 < length <= _VOLUME_LIMIT for length in self.shape):
            self._refuse(f"a grid of {' x '.join(map(str, self.shape))} voxels")
        if not np.isfinite(affine).all() or not 1e-9 < abs(np.linalg.det(affine[:3, :3])) < 1e9:
            self._refuse("an affine of the voxels that is not finite or cannot be inverted")

    def _refuse(self, found: str) -> NoReturn:
        raise InputError("CL249", file=self.file, found=found)
