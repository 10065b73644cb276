"""The beginning of a CIFTI-2 file: a NIfTI-2 header and XML, checked before memory is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from corticolimbic.circuit._cifti_xml import XML_LIMIT, CiftiColumns, CiftiSeries, cifti_axes
from corticolimbic.circuit._grayordinates import Grayordinates
from corticolimbic.circuit._nifti_values import stored_dtype, stored_scaling
from corticolimbic.foundation import InputError

DATA_LIMIT = 2**36
"""Most bytes of a matrix (64 GiB)."""
_XML_FREE, _XML_OF_ROW = 2**22, 64
"""Bytes of XML that may stand beside the indices, and with the indices of one row (they need 5 to 12)."""
_HEADER = 540
_CIFTI = 32
"""NIfTI's code of the extension that holds CIFTI's XML."""
_SILENT = logging.Logger("corticolimbic.circuit.cifti", logging.CRITICAL + 1)


@dataclass(frozen=True)
class CiftiLayout:
    """Where the values of a CIFTI matrix lie in its file, and what they are.

    Parameters
    ----------
    n_columns, n_rows
        Moments or maps, and grayordinates. In the file all columns of a row lie side by side.
    dtype
        As stored, with byte order.
    offset
        Bytes before the first value.
    slope, inter
        Value = slope x stored + inter, in float64; None where the stored values are the values.
    columns
        What the columns are.
    grayordinates
        What the rows are.
    """

    n_columns: int
    n_rows: int
    dtype: np.dtype
    offset: int
    slope: float | None
    inter: float | None
    columns: CiftiColumns
    grayordinates: Grayordinates

    @property
    def row_bytes(self) -> int:
        """Bytes of the values of one grayordinate."""
        return self.n_columns * self.dtype.itemsize


def read_cifti_layout(read: Callable[[int], bytes], size: int, file: str) -> CiftiLayout:
    """Read the beginning of a CIFTI-2 file, up to the first value.

    Parameters
    ----------
    read
        Returns the next so many bytes of the file, fewer only at its end.
    size
        Bytes of the file.
    file
        For messages.

    Raises
    ------
    InputError
        CL248 (no CIFTI-2 file of grayordinates), CL220 (the file's size is not what the header says), CL221
        (type or scaling), CL249 (header and XML contradict each other).
    """
    header = _header(read(_HEADER), file)
    lengths = [int(length) for length in header.get_data_shape()]
    if len(lengths) != 6 or lengths[:4] != [1, 1, 1, 1] or min(lengths) < 1:
        _refuse(file, f"an image of {' x '.join(map(str, lengths)) or 'no dimension'}")
    n_columns, n_rows = lengths[4:]
    dtype = stored_dtype(header, file)
    slope, inter = stored_scaling(header, file)
    offset = _check_size(header, n_columns * n_rows * dtype.itemsize, size, file)
    if offset - _HEADER > _XML_FREE + _XML_OF_ROW * n_rows:  # a list of numbers takes 20 times its text
        _refuse(file, f"{offset - _HEADER:,} bytes of XML for {n_rows:,} rows")
    xml = _xml(read(offset - _HEADER), header, file)
    grayordinates, columns = cifti_axes(xml, file)
    points = columns.points if isinstance(columns, CiftiSeries) else len(columns)
    if (points, grayordinates.size) != (n_columns, n_rows):
        found = f"a matrix of {n_rows} x {n_columns}; its XML describes {grayordinates.size} x {points}"
        raise InputError("CL249", file=file, found=found)
    return CiftiLayout(n_columns, n_rows, dtype, offset, slope, inter, columns, grayordinates)


def _refuse(file: str, found: str) -> NoReturn:
    raise InputError("CL248", file=file, found=found)


def _header(block: bytes, file: str) -> Any:
    from nibabel import Nifti2Header

    mark = next((mark for mark, order in (("<", "little"), (">", "big")) if _says(block, order)), None)
    if mark is None or block[4:7] != b"n+2":
        _refuse(file, f"a file that begins with {block[:8]!r}" if block else "an empty file")
    if len(block) < _HEADER:
        raise InputError("CL220", file=file, found=f"{len(block)} bytes, less than a header")
    try:
        with np.errstate(all="ignore"):
            header = Nifti2Header(block, mark, check=False)
            header.check_fix(logger=_SILENT, error_level=40)
            header.get_data_shape()
    except Exception as error:  # nibabel's own errors share no base class
        _refuse(file, f"{type(error).__name__}: {error}")
    return header


def _says(block: bytes, order: Any) -> bool:
    return int.from_bytes(block[:4], order) == _HEADER


def _check_size(header: Any, data_bytes: int, size: int, file: str) -> int:
    """Return where the data begin, once the file is known to hold exactly them."""
    stated = float(header["vox_offset"])
    if not _HEADER + 12 <= stated <= _HEADER + 12 + XML_LIMIT or stated != int(stated):
        _refuse(file, f"data that begin at byte {stated:g}, with no room for CIFTI's XML or too much")
    if data_bytes > DATA_LIMIT:
        _refuse(file, f"a matrix of {data_bytes:,} bytes")
    if int(stated) + data_bytes != size:
        found = f"{size:,} bytes in the file; its header needs {int(stated) + data_bytes:,}"
        raise InputError("CL220", file=file, found=found)
    return int(stated)


def _xml(block: bytes, header: Any, file: str) -> bytes:
    """Return the content of CIFTI's extension, of one or several behind the header."""
    order: Any = "little" if header.endianness == "<" else "big"
    place = 4
    while block[:1] == b"\1" and place + 8 <= len(block):
        length = int.from_bytes(block[place : place + 4], order)
        code = int.from_bytes(block[place + 4 : place + 8], order)
        if length < 8 or place + length > len(block):
            break
        if code == _CIFTI:
            return block[place + 8 : place + length].rstrip(b"\0")
        place += length
    _refuse(file, "a NIfTI-2 image without CIFTI's XML")
