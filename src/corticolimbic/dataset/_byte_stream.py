"""Bytes of a file in order, once, decompressed on the way: memory does not grow with the file."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from corticolimbic.foundation import InputError

_PIECE = 2**20
_EXPANSION = 1032
"""Deflate makes at most this many bytes of one."""


class ByteStream:
    """A file read from beginning to end.

    Parameters
    ----------
    stream
        Open for reading; decompresses if the file is compressed.
    file
        How problems name the file.
    size
        Bytes on disk.
    compressed
        Whether the stream decompresses.
    """

    def __init__(self, stream: BinaryIO, file: str, size: int, *, compressed: bool) -> None:
        self._stream = stream
        self.file = file
        self.size = size
        self.compressed = compressed
        self.position = 0
        """Bytes given out so far."""

    @property
    def most(self) -> int:
        """No more bytes than this can come out of the file, known before any is read."""
        return self.size * _EXPANSION if self.compressed else self.size

    def read(self, count: int) -> bytes:
        """Return ``count`` bytes, fewer only at the end."""
        found = bytearray(min(count, _PIECE))
        filled = self.read_into(memoryview(found))
        while filled == len(found) < count:
            more = bytearray(min(count - filled, _PIECE))
            got = self.read_into(memoryview(more))
            found += more[:got]
            filled += got
        return bytes(found[:filled])

    def read_into(self, target: memoryview) -> int:
        """Fill ``target`` (bytes) and return how many there were; fewer than asked for only at the end."""
        filled = 0
        while filled < len(target):
            piece = self._stream.read(min(len(target) - filled, _PIECE))
            if not piece:
                break
            target[filled : filled + len(piece)] = piece
            filled += len(piece)
        self.position += filled
        return filled

    def skip(self, count: int) -> int:
        """Pass over ``count`` bytes and return how many there were."""
        passed = 0
        while passed < count:
            piece = len(self.read(min(count - passed, _PIECE)))
            if not piece:
                break
            passed += piece
        return passed


@contextmanager
def byte_stream(path: Path, file: str) -> Iterator[ByteStream]:
    """Open a file, decompressing where its name ends in ``.gz``; errors of reading become InputError.

    isal decompresses where it is installed, about three times as fast as zlib.

    Raises
    ------
    InputError
        CL101 unreadable or no regular file, CL102 damaged or truncated gzip.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError("CL101", file=file, found="a folder, pipe or device, where a file is expected")
        compressed = path.suffix.lower() == ".gz"
        opener: Any = _gzip_module().open if compressed else open
        with opener(path, "rb") as stream:
            yield ByteStream(stream, file, path.stat().st_size, compressed=compressed)
    except (EOFError, gzip.BadGzipFile, *_damage()) as error:
        raise InputError("CL102", file=file, found=str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError("CL101", file=file, found=getattr(error, "strerror", "") or str(error)) from error


def _gzip_module() -> Any:
    try:
        from isal import igzip
    except ImportError:
        return gzip
    return igzip


def _damage() -> tuple[type[Exception], ...]:
    try:
        from isal import isal_zlib
    except ImportError:
        return (zlib.error,)
    return (zlib.error, isal_zlib.error)
