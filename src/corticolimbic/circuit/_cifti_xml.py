"""The XML of a CIFTI-2 file: what its rows and columns are, read without trusting it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from corticolimbic.circuit._grayordinates import BrainModel, Grayordinates
from corticolimbic.foundation import InputError

XML_LIMIT = 2**26
"""Most bytes of XML (170,000 grayordinates need 3 MB)."""
_ELEMENTS = 500_000
_DEPTH = 20
_ATTRIBUTE = 1000
_EXPONENT = 12
_PREFIX = "CIFTI_STRUCTURE_"
_TYPE = "CIFTI_INDEX_TYPE_"
_SURFACE = "CIFTI_MODEL_TYPE_SURFACE"


@dataclass(frozen=True)
class CiftiSeries:
    """Columns that are moments.

    Parameters
    ----------
    points
        Their number.
    step
        From one to the next, in ``unit``.
    unit
        ``SECOND``, ``HERTZ``, ``METER`` or ``RADIAN``.
    """

    points: int
    step: float
    unit: str


@dataclass(frozen=True)
class CiftiLabelMap:
    """One column of labels: its name, and names by key."""

    name: str
    labels: dict[int, str]


CiftiColumns = CiftiSeries | tuple[CiftiLabelMap, ...]


def cifti_axes(xml: bytes, file: str) -> tuple[Grayordinates, CiftiColumns]:
    """Return what the rows (brain models) and the columns (series or labels) of a matrix are.

    Document types and entities are refused before anything is expanded; depth, number of elements and
    length of attributes are bounded. nibabel then reads the elements.

    Raises
    ------
    InputError
        CL248 (no such XML, or a matrix of another kind), CL249 (indices that contradict each other).
    """
    _refuse_hostile(xml, file)
    matrix = _matrix(xml, file)
    described = sorted(int(number) for item in matrix for number in item.applies_to_matrix_dimension)
    if described != [0, 1]:
        _refuse(file, f"XML that describes dimensions {described}, where a matrix has 0 and 1"[:200])
    columns, rows = _map(matrix, 0), _map(matrix, 1)
    if _kind(rows) != "BRAIN_MODELS":
        _refuse(file, f"a matrix whose rows are {_kind(rows)}, not BRAIN_MODELS")
    if _kind(columns) == "SERIES":
        return _grayordinates(rows, file), _series(columns, file)
    if _kind(columns) == "LABELS":
        return _grayordinates(rows, file), tuple(_label_map(item, file) for item in columns.named_maps)
    _refuse(file, f"a matrix whose columns are {_kind(columns)}, neither SERIES nor LABELS")


def _refuse(file: str, found: str) -> NoReturn:
    raise InputError("CL248", file=file, found=found)


def _refuse_hostile(xml: bytes, file: str) -> None:
    from xml.parsers import expat

    depth = elements = 0

    def declared(*_: object) -> None:
        _refuse(file, "XML with a document type, which CIFTI has not")

    def begun(_: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > _DEPTH or elements > _ELEMENTS:
            _refuse(file, f"XML of more than {_DEPTH} levels or {_ELEMENTS:,} elements")
        if any(len(value) > _ATTRIBUTE for value in attributes.values()):
            _refuse(file, f"XML with an attribute of more than {_ATTRIBUTE:,} characters")

    def ended(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.EntityDeclHandler = declared
    parser.StartElementHandler = begun
    parser.EndElementHandler = ended
    try:
        parser.Parse(xml, True)  # noqa: FBT003 - expat takes it by position
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: unknown encodings
        _refuse(file, f"XML that cannot be read: {error}")


def _matrix(xml: bytes, file: str) -> Any:
    from nibabel.cifti2.parse_cifti2 import Cifti2Parser

    parser = Cifti2Parser()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.parse(string=xml)
        matrix = parser.header.matrix
        len(matrix)
    except Exception as error:  # nibabel raises whatever its code meets: KeyError, IndexError, TypeError ...
        _refuse(file, f"XML that is no CIFTI-2 ({type(error).__name__}: {error})")
    return matrix


def _map(matrix: Any, dimension: int) -> Any:
    return next(item for item in matrix if dimension in item.applies_to_matrix_dimension)


def _kind(described: Any) -> str:
    return str(described.indices_map_to_data_type).removeprefix(_TYPE)


def _series(described: Any, file: str) -> CiftiSeries:
    points, exponent = described.number_of_series_points, described.series_exponent
    step = described.series_step
    if None in (points, exponent, step) or not abs(exponent) <= _EXPONENT or not math.isfinite(step):
        _refuse(file, f"a series of {points} points by {step} x 10^{str(exponent)[:20]}")
    return CiftiSeries(int(points), float(step) * 10.0 ** int(exponent), str(described.series_unit))


def _label_map(described: Any, file: str) -> CiftiLabelMap:
    if described.label_table is None:
        _refuse(file, f"a map {described.map_name!r} without a table of labels")
    labels = {int(key): str(item.label or "").strip() for key, item in described.label_table.items()}
    return CiftiLabelMap(str(described.map_name or ""), labels)


def _grayordinates(described: Any, file: str) -> Grayordinates:
    models = []
    for item in described.brain_models:
        surface = item.model_type == _SURFACE
        indices = _indices(item.vertex_indices if surface else item.voxel_indices_ijk, 1 if surface else 3)
        name = str(item.brain_structure).removeprefix(_PREFIX)
        if len(indices) != item.index_count:
            found = f"{len(indices)} indices of {name}, which says that it has {item.index_count}"
            raise InputError("CL249", file=file, found=found)
        vertices = int(item.surface_number_of_vertices or 0) if surface else 0
        if vertices.bit_length() > 62 or int(item.index_offset or 0).bit_length() > 62:
            raise InputError("CL249", file=file, found=f"sizes of {name} that nothing has")
        kind = "surface" if surface else "volume"
        models.append(BrainModel(name, kind, int(item.index_offset or 0), indices, vertices))  # type: ignore[arg-type]
    shape, affine = _grid(described.volume, file)
    return Grayordinates(tuple(models), shape, affine, file)


def _indices(listed: Any, axes: int) -> np.ndarray:
    values = [] if listed is None else list(listed)
    return np.array(values, dtype=np.int64).reshape(-1, axes)


def _grid(volume: Any, file: str) -> tuple[tuple[int, int, int] | None, np.ndarray | None]:
    if volume is None:
        return None, None
    lengths, transform = volume.volume_dimensions, volume.transformation_matrix_voxel_indices_ijk_to_xyz
    matrix = None if transform is None else transform.matrix
    if matrix is None or np.shape(matrix) != (4, 4) or lengths is None or len(lengths) != 3:
        _refuse(file, "voxels without a grid of three dimensions and its affine")
    exponent = transform.meter_exponent
    if exponent is None or abs(exponent) > _EXPONENT or any(abs(length) > 2**31 for length in lengths):
        _refuse(file, f"voxels measured in 10^{str(exponent)[:20]} m")
    affine = np.array(matrix, dtype=np.float64)
    affine[:3] *= 10.0 ** (int(exponent) + 3)
    first, second, third = (int(length) for length in lengths)
    return (first, second, third), affine
