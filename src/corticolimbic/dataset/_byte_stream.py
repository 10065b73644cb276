"""Bytes of a file in order, once, decompressed on the way: memory does not grow with the file."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from corticolimbic.foundation import InputError

_PIECE = 2**20
"""Bytes asked of the file at once."""
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

    def __init__(self, stream: io.BufferedIOBase, file: str, size: int, *, compressed: bool) -> None:
        self._stream = stream
        # A gzip file's own readinto copies what its buffer could have written to the target at once.
        buffer = getattr(stream, "_buffer", None)
        self._direct: Any = buffer if isinstance(buffer, io.BufferedReader) else stream
        self.file = file
        self.size = size
        self.compressed = compressed
        self.position = 0

    @property
    def most(self) -> int:
        """No more bytes than this can come out of the file, known before any is read."""
        return self.size * _EXPANSION if self.compressed else self.size

    def read(self, count: int) -> bytes:
        """Return ``count`` bytes, fewer only at the end."""
        pieces = list(self._pieces(count))
        return b"".join(pieces)

    def read_into(self, target: memoryview) -> int:
        """Fill ``target`` (bytes) and return how many there were; fewer only at the end."""
        filled = 0
        while filled < len(target):
            with self._problems():
                # Piece by piece, which stays in the processor's cache on its way.
                count = self._direct.readinto(target[filled : filled + _PIECE]) or 0
            if not count:
                break
            filled += count
        self.position += filled
        return filled

    def skip(self, count: int) -> int:
        """Pass over ``count`` bytes and return how many there were; fewer only at the end."""
        return sum(len(piece) for piece in self._pieces(count))

    def _pieces(self, count: int) -> Iterator[bytes]:
        left = count
        while left > 0:
            with self._problems():
                piece = self._stream.read(min(left, _PIECE))
            if not piece:
                return
            left -= len(piece)
            self.position += len(piece)
            yield piece

    @contextmanager
    def _problems(self) -> Iterator[None]:
        try:
            yield
        except _damage() as error:
            raise InputError("CL102", file=self.file, found=str(error)) from error
        except OSError as error:
            raise InputError("CL101", file=self.file, found=error.strerror or str(error)) from error


@contextmanager
def byte_stream(path: Path, file: str) -> Iterator[ByteStream]:
    """Open a file, decompressing where its name ends in ``.gz``; errors of reading become InputError.

    isal decompresses where it is installed, else zlib; both read files of several gzip members.

    Parameters
    ----------
    path
        The file.
    file
        How problems name it.

    Raises
    ------
    InputError
        CL101 unreadable or no regular file, CL102 damaged or truncated gzip (while reading).
    """
    compressed = path.suffix.lower() == ".gz"
    opener: Any = _gzip_module().open if compressed else open
    try:
        if path.exists() and not path.is_file():
            raise InputError("CL101", file=file, found="a folder, pipe or device, where a file is expected")
        size = path.stat().st_size
        stream = opener(path, "rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError("CL101", file=file, found=getattr(error, "strerror", "") or str(error)) from error
    with stream:
        yield ByteStream(stream, file, size, compressed=compressed)


def _gzip_module() -> Any:
    try:
        from isal import igzip
    except ImportError:
        return gzip
    return igzip


def _damage() -> tuple[type[Exception], ...]:
    known: list[type[Exception]] = [EOFError, gzip.BadGzipFile, zlib.error]
    with suppress(ImportError):
        from isal import isal_zlib

        error: Any = isal_zlib.error  # its stubs call it an instance
        known.append(error)
    return tuple(known)
