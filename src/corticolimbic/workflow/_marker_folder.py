"""Scoring markers outside a run: on a finished results folder, or on a table of features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from corticolimbic.features import SchemaError, read_sessions, read_table, schema
from corticolimbic.foundation import InputError, Problem, SettingsError, read_text_table
from corticolimbic.predict import Beside, Marker, MarkerUse, PredictSettings, Scored
from corticolimbic.workflow._config import Config, read_config
from corticolimbic.workflow._folder import is_ours
from corticolimbic.workflow._marker_files import placed
from corticolimbic.workflow._marker_scores import read_beside, score_markers

_FILLED = {
    "session_id": "ses-none", "task": "n/a", "run": "n/a", "acq": "n/a", "space": "n/a", "atlas": "n/a",
    "strategy": "as-given", "statistic": "n/a", "definition": "n/a", "unit": "n/a", "qc": "ok",
}  # fmt: skip
_NEEDED = ("participant_id", "measure", "target", "value")
_MISSING = frozenset({"", "n/a", "nan", "na", "null"})


@dataclass(frozen=True, eq=False)
class FolderScores:
    """What was scored: marker, its use and its scores; how many people there are; what is wrong."""

    done: tuple[tuple[Marker, MarkerUse, Scored], ...]
    n_people: int
    problems: tuple[Problem, ...]


def score_stored(
    path: Path,
    *,
    names: Sequence[str] = (),
    people: Path | None = None,
    config: Path | None = None,
) -> FolderScores:
    """Score markers on stored features.

    Parameters
    ----------
    path
        Results folder of a run, or a table of features: .parquet of schema ``features``, or .tsv or .csv
        with participant_id, measure, target and value, and any other column of it.
    names
        Marker ids; all by default.
    people
        Participants table, for relative markers; by default what the folder's sessions.parquet has.
    config
        Settings; by default the folder's own config.yaml.

    Raises
    ------
    SettingsError
        The path is neither, a marker is unknown, or a table cannot be used.
    """
    folder = path if path.is_dir() else None
    if folder is not None and not is_ours(folder):
        raise SettingsError(f"{path} is no results folder of a run; name one, or a table of features")
    if folder is None and not path.is_file():
        raise SettingsError(f"{path} does not exist")
    told = config or (folder / "config.yaml" if folder is not None else None)
    chosen = read_config(told) if told is not None and told.is_file() else Config()
    features = stored_features(folder) if folder is not None else feature_table(path)
    table = _people(people) if people is not None else _sessions(folder)
    settings = _asked(placed(chosen, Path.cwd()).predict, names)
    baseline = chosen.cohort.outcome.baseline_session if folder is not None else None
    beside = (
        read_beside(folder, table, settings, baseline)
        if folder is not None
        else Beside(people=table, reference=settings.reference, atlas=settings.atlas)
    )
    done, problems = score_markers(settings, None, features, _sites(table, chosen), beside)
    seen = {person for _, _, found in done for person in found.table["participant_id"]}
    return FolderScores(tuple(done), len(seen), tuple(problems))


def _asked(settings: PredictSettings, names: Sequence[str]) -> PredictSettings:
    uses = tuple(MarkerUse(id=name) for name in dict.fromkeys(names))
    return settings.model_copy(update={"markers": uses or "all"})


def stored_features(folder: Path) -> pd.DataFrame:
    """Return the features of every session and of every step that writes them."""
    rooms = sorted({path.stem for path in folder.glob("features/sub-*/ses-*/*.parquet")})
    tables = [read_sessions(folder, "features", room=room) for room in rooms]
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else schema("features").table([])


def feature_table(path: Path) -> pd.DataFrame:
    """Read one table of features; see `score_stored`.

    Raises
    ------
    SettingsError
        A column is missing, a value is no number, or a row stands twice; with the row.
    """
    try:
        if path.suffix == ".parquet":
            return read_table("features", path)
        table = read_text_table(path)
    except (InputError, SchemaError) as error:
        raise SettingsError(f"{path.name} is no table of features: {error}") from error
    lacking = [name for name in _NEEDED if name not in table.columns]
    unknown = [name for name in table.columns if name not in schema("features").names]
    if lacking or unknown:
        has = f"; it has {', '.join(unknown[:5])}, which is none of its columns" if unknown else ""
        raise SettingsError(f"{path.name} is no table of features: no column {', '.join(lacking)}{has}")
    rows = []
    for number, cells in zip(table.numbers, table.rows, strict=True):
        row = {name: cell.strip() for name, cell in zip(table.columns, cells, strict=True)}
        values = {name: _number(row.pop(name), name, path, number) for name in _numeric() if name in row}
        rows.append({**_FILLED, **{name: cell for name, cell in row.items() if cell}, **values})
    try:
        return schema("features").table(rows)
    except SchemaError as error:
        raise SettingsError(f"{path.name} is no table of features: {error}") from error


def _numeric() -> list[str]:
    return [column.name for column in schema("features").columns if column.type in {"float", "int"}]


def _number(cell: str, column: str, path: Path, row: int) -> float | int | None:
    if cell.casefold() in _MISSING:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise SettingsError(f"{path.name}, row {row}: {column} {cell[:40]!r} is no number")
    return int(value) if column in {"n_voxels", "n_volumes"} else value


def _people(path: Path) -> pd.DataFrame:
    try:
        table = read_text_table(path)
    except InputError as error:
        raise SettingsError(f"{path.name}: {error}") from error
    if "participant_id" not in table.columns:
        raise SettingsError(f"{path.name} has no column participant_id")
    frame = pd.DataFrame(list(table.rows), columns=list(table.columns), dtype=object)
    frame = frame.replace(["n/a", "nan"], "").set_index("participant_id")
    if frame.index.has_duplicates:
        raise SettingsError(f"{path.name} lists {frame.index[frame.index.duplicated()][0]} more than once")
    return frame


def _sessions(folder: Path | None) -> pd.DataFrame | None:
    """Return what a results folder knows of people: their first row of sessions.parquet, as text."""
    path = folder / "sessions.parquet" if folder is not None else None
    if path is None or not path.is_file():
        return None
    table = read_table("sessions", path).drop_duplicates("participant_id").set_index("participant_id")
    cells = table.astype(object).where(table.notna(), "")
    return cells.map(lambda cell: "" if isinstance(cell, float) and np.isnan(cell) else str(cell))


def _sites(people: pd.DataFrame | None, config: Config) -> dict[str, str]:
    if people is None:
        return {}
    column = next((name for name in (config.cohort.site_column, "site") if name in people.columns), None)
    cells = people[column] if column is not None else pd.Series("n/a", people.index)
    return {str(person): str(cell) or "n/a" for person, cell in cells.items()}
