"""BIDS file names as key-value pairs, read tolerantly and without meaning being added."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

BIDS_LABEL = re.compile(r"[A-Za-z0-9]+")
"""What BIDS allows as a label."""
_FORBIDDEN = frozenset('/\\:*?"<>|')
_EXTENSIONS = (
    ".tsv.gz",
    ".tsv",
    ".json",
    ".dtseries.nii.gz",
    ".dtseries.nii",
    ".func.gii",
    ".nii.gz",
    ".nii",
)


@dataclass(frozen=True)
class FileName:
    """The parts of a name ``key-label_key-label_suffix.ext``.

    Parameters
    ----------
    path
        Path relative to the dataset, with ``/``, exactly as on disk.
    pairs
        Keys and labels in the order written, labels NFC-normalised.
    suffix, extension
        For instance ``timeseries`` and ``.tsv.gz``.
    """

    path: str
    pairs: tuple[tuple[str, str], ...]
    suffix: str
    extension: str

    @cached_property
    def entities(self) -> dict[str, str]:
        """Labels by key."""
        return dict(self.pairs)

    @property
    def folder(self) -> str:
        """Folder of the file relative to the dataset; empty at the root."""
        return self.path.rpartition("/")[0]

    def without(self, *keys: str) -> frozenset[tuple[str, str]]:
        """Return the pairs, in no order, except those of ``keys``."""
        return frozenset(pair for pair in self.pairs if pair[0] not in keys)


def parse_name(path: str) -> FileName:
    """Take a file name apart.

    Parameters
    ----------
    path
        Path relative to the dataset, with ``/``.

    Raises
    ------
    ValueError
        With a sentence that says what in the name cannot be understood.
    """
    name = unicodedata.normalize("NFC", path.rpartition("/")[2])
    extension = next((end for end in _EXTENSIONS if name.endswith(end)), "")
    if not extension:
        raise ValueError("an extension other than .tsv, .tsv.gz and .json")
    *parts, suffix = name.removesuffix(extension).split("_")
    pairs = []
    for part in parts:
        key, dash, label = part.partition("-")
        if not (dash and BIDS_LABEL.fullmatch(key)):
            raise ValueError(f"{part!r}, which is no key-label pair")
        if not usable_label(label):
            raise ValueError(f"the label {label!r} of {key}-")
        pairs.append((key, label))
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key that stands twice")
    return FileName(path, tuple(pairs), suffix, extension)


def usable_label(label: str) -> bool:
    """Tell whether a label can be carried safely: printable, no blanks, nothing that means a path."""
    return (
        bool(label)
        and label.isprintable()
        and not any(character.isspace() or character in _FORBIDDEN for character in label)
        and ".." not in label
    )
