"""Files: atomic writing, bounded reading, hashing, and paths that cannot leave their root."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corticolimbic.foundation._errors import InputError

TABLE_LIMIT = 256 * 2**20
"""Largest table read, in bytes after decompression."""
JSON_LIMIT = 16 * 2**20
"""Largest JSON file read, in bytes."""
_TEMPORARY = ".part-"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; it becomes ``path`` only if the block succeeds.

    A process killed in the block leaves a ``.part-*`` file, which `sweep_temporary` removes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_TEMPORARY, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def write_text(path: Path, text: str) -> None:
    r"""Write UTF-8 text atomically, with ``\n`` line ends."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically: sorted keys, no NaN, so that equal content gives equal bytes."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def is_temporary(path: Path) -> bool:
    """Tell whether a file was left behind by a killed `atomic_path`."""
    return path.name.startswith(_TEMPORARY)


def sweep_temporary(folder: Path) -> int:
    """Remove what killed processes left behind in ``folder``; return how many files."""
    stale = [path for path in folder.rglob(_TEMPORARY + "*") if path.is_file()]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def inside(root: Path, name: str | Path) -> Path:
    """Return ``root / name``, resolved, if it stays inside ``root``.

    Raises
    ------
    InputError
        CL110 where the path, after links are followed, leaves the dataset.
    """
    base = root.resolve()
    try:
        path = (base / name).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a NUL in the name
        raise InputError("CL110", file=name, found=f"a path that leads nowhere: {error}") from error
    if not path.is_relative_to(base):
        raise InputError("CL110", file=name, found="a path that points outside the dataset")
    return path


def read_bytes(path: Path, *, limit: int = TABLE_LIMIT) -> bytes:
    """Read a file, decompressing ``.gz``, never more than ``limit`` bytes.

    Raises
    ------
    InputError
        CL101 unreadable or no regular file (a pipe would block for ever), CL102 damaged or truncated gzip,
        CL103 larger than the limit.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(
                "CL101", file=path.name, found="a folder, pipe or device, where a file is expected"
            )
        if path.suffix == ".gz":
            with gzip.open(path, "rb") as stream:
                data = stream.read(limit + 1)
        else:
            with path.open("rb") as stream:
                data = stream.read(limit + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError("CL102", file=path.name, found=str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(
            "CL101", file=path.name, found=getattr(error, "strerror", "") or str(error)
        ) from error
    if len(data) > limit:
        raise InputError("CL103", file=path.name, found=f"more than {limit:,} bytes")
    return data


def read_json(path: Path, *, limit: int = JSON_LIMIT) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InputError
        CL109 where the text is no JSON object, and those of `read_bytes`.
    """
    data = read_bytes(path, limit=limit)
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError("CL109", file=path.name, found=f"{type(error).__name__}: {error}") from error
    if not isinstance(value, dict):
        raise InputError("CL109", file=path.name, found=f"a JSON {type(value).__name__}")
    return value


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as it lies on disk (compressed where it is compressed)."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_json(value: Any) -> str:
    """Return the SHA-256 of a JSON value, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hash_bytes(text.encode("utf-8", "surrogatepass"))  # names of files need not be UTF-8
