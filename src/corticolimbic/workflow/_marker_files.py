"""The markers of a run: shipped ones, those of the study's own files, and weights that the user supplies."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from corticolimbic.foundation import (
    InputError,
    SettingsError,
    inside,
    read_bytes,
    read_text_table,
)
from corticolimbic.predict import (
    Marker,
    MarkerUse,
    MarkerWeights,
    PredictSettings,
    marker,
    marker_ids,
    read_marker,
    table_weights,
    with_weights,
)
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._step import DATASET

_TABLES = (".tsv", ".csv", ".tsv.gz", ".csv.gz")


def placed(config: Config, dataset: Path) -> Config:
    """Return the settings with files of markers and weights in the dataset named by their paths.

    Parameters
    ----------
    config
        All settings.
    dataset
        Folder of the dataset.
    """
    settings = config.predict
    if not settings.marker_files and not settings.weights:
        return config
    files = tuple(_place(name, dataset) for name in settings.marker_files)
    weights = tuple(item.model_copy(update={"file": _place(item.file, dataset)}) for item in settings.weights)
    found = settings.model_copy(update={"marker_files": files, "weights": weights})
    return config.model_copy(update={"predict": found})


def _place(name: str, dataset: Path) -> str:
    if name.startswith(DATASET):
        inside(dataset, name.removeprefix(DATASET))
        return str((dataset / name.removeprefix(DATASET)).resolve())
    return str(Path(name).resolve())


def marker_files(settings: PredictSettings) -> tuple[str, ...]:
    """Return the files that the settings name, as inputs of a unit."""
    return (*settings.marker_files, *(item.file for item in settings.weights))


def markers_used(settings: PredictSettings) -> tuple[tuple[Marker, MarkerUse], ...]:
    """Return every marker that is asked for, with its use; weights of tables are its terms.

    Parameters
    ----------
    settings
        With files as `placed` names them.

    Raises
    ------
    SettingsError
        A marker is unknown or stands twice, a file cannot be used, or weights are for a marker without any.
    """
    if not settings.markers:
        return ()
    own = _own(settings.marker_files)
    uses = (
        tuple(MarkerUse(id=name) for name in (*marker_ids(), *own))
        if settings.markers == "all"
        else settings.markers
    )
    twice = {use.id for use in uses if sum(other.id == use.id for other in uses) > 1}
    if twice:
        raise SettingsError(f"predict.markers names {', '.join(sorted(twice))} more than once")
    supplied = {item.marker: item for item in settings.weights}
    chosen = [(own.get(use.id) or _shipped(use.id, own), use) for use in uses]
    for name in supplied:
        found = own.get(name) or _shipped(name, own)
        if found.weights is None:
            raise SettingsError(f"predict.weights: marker {name} takes no weights of yours")
    return tuple((_weighted(item, supplied.get(item.id)), use) for item, use in chosen)


def _shipped(name: str, own: Iterable[str]) -> Marker:
    try:
        return marker(name)
    except SettingsError as error:
        more = f"; of your own files: {', '.join(own)}" if own else ""
        raise SettingsError(f"{error}{more}") from error


def _own(files: tuple[str, ...]) -> dict[str, Marker]:
    found: dict[str, Marker] = {}
    for name in files:
        path = Path(name)
        if not path.is_file():
            raise SettingsError(f"predict.marker_files: {name} does not exist")
        item = _read(path, path.stat().st_mtime_ns)
        if item.id in found or item.id in marker_ids():
            raise SettingsError(f"marker file {path.name}: the id {item.id!r} is taken; give yours another")
        found[item.id] = item
    return found


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> Marker:
    try:
        text = read_bytes(path).decode("utf-8")
    except (InputError, UnicodeDecodeError) as error:
        raise SettingsError(f"marker file {path.name} cannot be read: {error}") from error
    return read_marker(text, source=path.name)


def _weighted(item: Marker, supplied: MarkerWeights | None) -> Marker:
    if supplied is None or item.weights is None or item.weights.form != "table":
        return item
    path = Path(supplied.file)
    if not path.is_file():
        raise SettingsError(f"predict.weights: {supplied.file} does not exist")
    if not path.name.endswith(_TABLES):
        raise SettingsError(f"predict.weights: {item.id} takes a table (.tsv, .csv), not {path.name}")
    try:
        table = read_text_table(path)
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        intercept, weights = table_weights(rows, source=path.name)
        return with_weights(item, intercept, weights, atlas=supplied.atlas, source=path.name)
    except InputError as error:
        raise SettingsError(f"predict.weights of {item.id}: {error}") from error
