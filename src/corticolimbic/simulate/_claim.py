"""A folder taken for a simulation, once it is sure that it holds none of other settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corticolimbic.foundation import (
    InputError,
    SettingsError,
    hash_json,
    package_version,
    read_json,
    sweep_temporary,
    write_json,
)
from corticolimbic.simulate._study import describe, is_simulated


def claim(out: Path, told: Mapping[str, Any], algorithm: int, how: str) -> str:
    """Take a folder for a simulation and write what it is made from; return the mark of that.

    Parameters
    ----------
    out
        The folder.
    told
        Settings, and the scenario where there are several; what differs makes another simulation.
    algorithm
        Number of the generator.
    how
        How the truth was found.

    Raises
    ------
    SettingsError
        Where the folder holds something else, or cannot be written.
    """
    mark = hash_json({**told, "algorithm": algorithm})
    place = out / "truth" / "settings.json"
    if out.exists() and not is_simulated(out):
        raise SettingsError(f"{out} holds something else than a simulation of ours; name another folder")
    try:
        earlier = read_json(place).get("mark")
    except InputError:
        earlier = None
    if earlier is not None and earlier != mark:
        raise SettingsError(
            f"{out} holds a simulation with other settings; name another folder, or remove it"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{out} cannot be written ({error.strerror}); name another folder") from error
    sweep_temporary(out)
    describe(out)
    write_json(place, {"mark": mark, **told, "version": package_version(), "how": how})
    return mark
