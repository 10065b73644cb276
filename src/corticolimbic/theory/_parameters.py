"""Parameters of the slow dynamics: their table, presets, and files of users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

from corticolimbic.foundation import InputError, SettingsError, hash_json, read_json, read_yaml, shipped_rows

SCHEMA_VERSION = 1
"""Version of parameter files; bumped when a parameter changes its name or meaning."""


@dataclass(frozen=True)
class Parameter:
    """What is known of one parameter: a row of the package's table.

    Parameters
    ----------
    name
        As in :class:`Parameters` and in files.
    symbol
        In the equations of ``docs/theory-engine.md``; empty where they have none.
    meaning
        What it is.
    value
        Of the preset ``prototype``.
    unit
        ``1`` where it has none.
    low, high
        Allowed range; what lies outside is refused.
    status
        ``tuned``, ``assumed`` or ``published``.
    source
        Where the value comes from, and what to know of it.
    """

    name: str
    symbol: str
    meaning: str
    value: float
    unit: str
    low: float
    high: float
    status: Literal["tuned", "assumed", "published"]
    source: str


@cache
def parameter_table() -> tuple[Parameter, ...]:
    """Return the table of parameters, in its order."""
    return tuple(
        Parameter(
            name=row["name"],
            symbol=row["symbol"],
            meaning=row["meaning"],
            value=float(row["value"]),
            unit=row["unit"],
            low=float(row["low"]),
            high=float(row["high"]),
            status=row["status"],  # type: ignore[arg-type]
            source=row["source"],
        )
        for row in shipped_rows(__package__, "parameters")
    )


@dataclass(frozen=True)
class Parameters:
    """Parameters of a population, typed and checked; :func:`parameter_table` says what each one is.

    Raises
    ------
    SettingsError
        Naming every parameter that is not finite or outside its allowed range, and cross terms whose product
        reaches 1, with which anti-reward and reward deficit would grow without end.

    Examples
    --------
    >>> preset("prototype").changed(gain=1.3).gain
    1.3
    """

    gain: float
    gain_sd: float
    coupling_sd: float
    coupling_drive: float
    coupling_days: float
    coupling_noise: float
    coupling_noise_days: float
    acquisition: float
    acquisition_sd: float
    extinction: float
    extinction_sd: float
    consolidation_days: float
    consolidation_rise: float
    consolidated_share: float
    control_loss: float
    antireward_reactivity: float
    antireward_sd: float
    reward_susceptibility: float
    reward_sd: float
    antireward_gain: float
    reward_gain: float
    antireward_from_reward: float
    reward_from_antireward: float
    antireward_days: float
    reward_days: float
    sensitisation: float
    dopamine_response: float
    dopamine_opponent: float
    dopamine_floor: float
    direct_gain: float
    adrenal_gain: float
    pituitary_turnover: float
    adrenal_turnover: float
    stress_gain: float
    grey_days: float
    distress_days: float
    noise_fast: float
    noise_fast_days: float
    noise_slow: float
    noise_slow_days: float
    noise_memory: float
    flare_rate: float
    flare_rate_sd: float
    flare_size: float
    flare_size_sd: float
    flare_days: float
    slow_share: float
    slow_injury: float
    slow_days: float
    slow_days_sd: float
    fast_injury: float
    fast_days: float
    fast_days_sd: float
    injury_sd: float
    tail_share: float
    tail_share_sd: float
    tail_days: float
    tail_days_sd: float
    loading_coupling: float
    loading_gain: float
    loading_antireward: float
    loading_reward: float
    loading_acquisition: float
    loading_extinction: float
    rating_scale: float
    rating_sd: float
    age_mean: float
    age_sd: float
    female_share: float
    factor_per_decade: float
    factor_female: float

    def __post_init__(self) -> None:
        for name, value in _possible(asdict(self)).items():
            object.__setattr__(self, name, value)

    def changed(self, **values: Any) -> Parameters:
        """Return parameters of which some have another value.

        Raises
        ------
        SettingsError
            On a name that is no parameter, and on impossible values.
        """
        _refuse_unknown(values, "parameters")
        return Parameters(**_possible({**asdict(self), **values}))

    def plain(self) -> dict[str, float]:
        """Return the values by name."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that belong to these values, to be recorded with what they made."""
        return hash_json(self.plain())[:12]


def _possible(values: Mapping[str, Any]) -> dict[str, float]:
    """Return values as floats, or refuse all that are impossible at once."""
    wrong = []
    for row in parameter_table():
        value = values[row.name]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | np.number)
            or not np.isfinite(value)
        ):
            wrong.append(f"{row.name}: a finite number is needed; found {value!r}")
        elif not row.low <= value <= row.high:
            unit = "" if row.unit == "1" else f" {row.unit}"
            wrong.append(
                f"{row.name} ({row.meaning}): from {row.low:g} to {row.high:g}{unit}; found {value:g}"
            )
    if not wrong:
        product = values["antireward_from_reward"] * values["reward_from_antireward"]
        if product >= 1:
            wrong.append(
                "antireward_from_reward times reward_from_antireward must be below 1, "
                f"not {product:g}: the two would grow without end"
            )
    if wrong:
        raise SettingsError("parameters that are impossible:\n  " + "\n  ".join(wrong))
    return {name: float(value) for name, value in values.items()}


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that the package ships."""
    folder = files(__package__).joinpath("presets")
    return tuple(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir()))


def preset(name: str, *, theory: str = "full") -> Parameters:
    """Return the parameters of a preset.

    Parameters
    ----------
    name
        One of :func:`preset_names`.
    theory
        Theory for which they are meant. A preset may hold values for it with which the theory alone gives the
        same share of chronic pain as the full one.

    Raises
    ------
    SettingsError
        Where there is no such preset.
    """
    if name not in preset_names():
        raise SettingsError(f"no preset is named {name!r}; there are {', '.join(preset_names())}")
    with _as_path(name) as path:
        return read_parameters(path, theory=theory)


def read_parameters(path: Path, *, theory: str = "full") -> Parameters:
    """Read a parameter file, YAML or (by its suffix) JSON.

    It holds ``schema_version``; ``preset``, whose values hold where it says nothing (without one, those of
    the package's table do); ``parameters`` by name; ``theories``, values by name for one theory; ``note``.

    Parameters
    ----------
    path
        The file.
    theory
        Theory for which the parameters are meant.

    Raises
    ------
    SettingsError
        Where the file cannot be read, is of another version, or has unknown names or impossible values.
    """
    what = f"parameter file {path.name}"
    if path.suffix == ".json":
        try:
            values: Mapping[str, Any] | None = read_json(path)
        except InputError as error:
            raise SettingsError(f"{what}: {error.problem.found}") from error
    else:
        values = read_yaml(path, what="parameter file")
    return _from_file(values or {}, what, theory)


def _from_file(values: Mapping[str, Any], what: str, theory: str) -> Parameters:
    unknown = sorted(str(name) for name in values if name not in _KEYS)
    if unknown:
        raise SettingsError(f"{what}: {', '.join(unknown)} is nothing that stands in it ({', '.join(_KEYS)})")
    version = values.get("schema_version")
    if type(version) is not int or version != SCHEMA_VERSION:
        raise SettingsError(
            f"{what}: schema_version {SCHEMA_VERSION} is what this program reads; found "
            f"{'none' if version is None else repr(version)}. Take names and meanings from its table of "
            "parameters, then set the version."
        )
    theories = _mapping(values, "theories", what)
    own = {**_mapping(values, "parameters", what), **_mapping(theories, theory, f"{what}, theories")}
    _refuse_unknown(own, what)
    base = values.get("preset")
    try:
        if base is not None:
            return preset(str(base), theory=theory).changed(**own)
        return Parameters(**_possible({**{row.name: row.value for row in parameter_table()}, **own}))
    except SettingsError as error:
        raise SettingsError(f"{what}: {error}") from error


_KEYS = ("schema_version", "note", "preset", "parameters", "theories")


def _mapping(values: Mapping[str, Any], name: str, what: str) -> dict[str, Any]:
    found = values.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise SettingsError(f"{what}: {name} holds values by name, not a {type(found).__name__}")
    return found


def _refuse_unknown(values: Mapping[str, Any], what: str) -> None:
    known = {field.name for field in fields(Parameters)}
    unknown = sorted(str(name) for name in values if name not in known)
    if unknown:
        from difflib import get_close_matches

        near = [match for name in unknown for match in get_close_matches(name, known, n=1)]
        hint = f" (meant {', '.join(near)}?)" if near else ""
        raise SettingsError(f"{what}: no such parameter: {', '.join(unknown)}{hint}")


def _as_path(name: str) -> Any:
    from importlib.resources import as_file

    return as_file(files(__package__).joinpath("presets", f"{name}.yaml"))
