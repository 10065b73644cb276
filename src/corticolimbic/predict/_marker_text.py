"""The text of a marker's file, for its hash."""

from __future__ import annotations

from importlib.resources import files

from corticolimbic.foundation import hash_bytes
from corticolimbic.predict._marker_file import marker


def marker_text(name: str) -> str:
    """Return the text of a shipped marker's file, byte for byte.

    Raises
    ------
    SettingsError
        Where no marker has this id.
    """
    path = files(__package__).joinpath("markers", f"{marker(name).id}.json")
    return path.read_bytes().decode("utf-8")


def marker_hash(name: str) -> str:
    """Return the SHA-256 of a shipped marker's file.

    Examples
    --------
    >>> len(marker_hash("spisak2020_rpn"))
    64
    """
    return hash_bytes(marker_text(name).encode("utf-8"))
