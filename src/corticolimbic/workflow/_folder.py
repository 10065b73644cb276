"""The results folder: ours, one run at a time, described so that others know what made it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corticolimbic.foundation import (
    InputError,
    SettingsError,
    atomic_path,
    is_temporary,
    package_version,
    read_json,
    write_json,
)
from corticolimbic.workflow._records import STATE

DESCRIPTION = "dataset_description.json"
_NAME = "corticolimbic"


def check_folder(out: Path, dataset: Path) -> None:
    """Refuse a folder that holds somebody else's files.

    Raises
    ------
    SettingsError
        Where OUT is a file, is the dataset or holds it, or is not empty and was not made by this package.
    """
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file; name a folder for the results")
    if out.resolve() == dataset.resolve() or dataset.resolve().is_relative_to(out.resolve() / STATE):
        raise SettingsError(f"{out} is the dataset itself; name another folder for the results")
    if not out.is_dir() or is_ours(out):
        return
    others = sorted(
        item.name
        for item in out.iterdir()
        if item.name not in {STATE, DESCRIPTION} and not is_temporary(item)
    )
    if others:
        shown = ", ".join(others[:3])
        raise SettingsError(
            f"{out} holds files that this program did not write ({shown}); name an empty folder"
        )


def is_ours(out: Path) -> bool:
    """Tell whether a folder was made by this package."""
    try:
        made_by = read_json(out / DESCRIPTION).get("GeneratedBy", [])
    except InputError:
        return False
    return isinstance(made_by, list) and any(
        isinstance(item, dict) and item.get("Name") == _NAME for item in made_by
    )


def describe(out: Path, source: str) -> None:
    """Write ``dataset_description.json``."""
    with replaced_if_changed(out / DESCRIPTION) as path:
        write_json(
            path,
            {
                "Name": f"corticolimbic measures of {source}",
                "BIDSVersion": "1.9.0",
                "DatasetType": "derivative",
                "GeneratedBy": [{"Name": _NAME, "Version": package_version()}],
            },
        )


@contextmanager
def replaced_if_changed(path: Path) -> Iterator[Path]:
    """Yield a temporary path; what the block writes there becomes ``path``, unless it stands there already.

    Summaries are made anew in every run; a run that changes nothing leaves the times of all files alone.
    """
    with atomic_path(path) as temporary:
        yield temporary
        if path.is_file() and path.read_bytes() == temporary.read_bytes():
            os.utime(temporary, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder for one run; the lock goes with the process, also when it is killed.

    Raises
    ------
    SettingsError
        Where another run is writing here, or nobody can.
    """
    path = out / STATE / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("w")
    except OSError as error:
        raise SettingsError(f"{out} cannot be written ({error.strerror}); name another folder") from error
    with opened as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(
                f"another run is writing to {out}; wait for it, or name another folder"
            ) from error
        yield
