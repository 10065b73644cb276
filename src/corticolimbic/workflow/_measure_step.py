"""Step measure: every session's series become features, cleaned series and matrices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast, get_args

from corticolimbic.circuit import Atlas, atlas
from corticolimbic.dataset import SeriesRun
from corticolimbic.features import Statistic, schema, write_map, write_table
from corticolimbic.foundation import SettingsError
from corticolimbic.measure import ALGORITHM, NodeTargets, measure_session
from corticolimbic.predict import marker
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._step import DATASET, Context, Found, Outcome, Step, Unit

ROOM = "function"
"""Name of the files of this step in each session's folder."""
_TABLES = ("features", "series", "matrices")


def asked_for(config: Config) -> tuple[NodeTargets, ...]:
    """Return the edges between atlas nodes that the markers of the configuration need."""
    wanted: dict[tuple[str, Statistic], dict[str, None]] = {}
    for use in config.predict.markers:
        for term in marker(use.id).terms:
            if term.key.measure == "fc" and term.key.statistic in get_args(Statistic):
                for name in term.key.atlases:
                    # mypy does not follow get_args
                    wanted.setdefault((name, cast(Statistic, term.key.statistic)), {}).update(
                        dict.fromkeys(term.targets)
                    )
    return tuple(
        NodeTargets(name, statistic, tuple(targets)) for (name, statistic), targets in wanted.items()
    )


def _settings(config: Config) -> dict[str, Any]:
    targets = [[item.atlas, item.statistic, list(item.targets)] for item in asked_for(config)]
    return {
        "dataset": {"repetition_time": config.dataset.repetition_time},
        **config.measure.plain(),
        "targets": targets,
    }


def outputs(participant_id: str, session_id: str) -> tuple[str, ...]:
    """Return what measuring a session writes, relative to OUT."""
    return tuple(f"{table}/{participant_id}/{session_id}/{ROOM}.parquet" for table in _TABLES)


def _units(context: Context, found: Found) -> tuple[Unit, ...]:
    named = (path for item in context.config.measure.label_images for path in (item.path, item.table))
    labels = tuple(str(path.resolve()) for path in named if path is not None)
    return tuple(
        Unit(
            "measure",
            f"{session.participant_id}_{session.session_id}",
            (*dict.fromkeys(f"{DATASET}{name}" for run in session.runs for name in run.files), *labels),
            outputs(session.participant_id, session.session_id),
            session,
        )
        for session in found.scan.sessions
    )


def circuit_atlas(config: Config, name: str) -> Atlas | None:
    """Return what the nodes of an atlas in the tables mean for the circuit, None where that is not known.

    A label image may carry a name of its own beside the atlas whose labels it holds.
    """
    own = {item.name: item.atlas for item in config.measure.label_images if item.name and item.atlas}
    return known_atlas(own.get(name, name))


@cache
def known_atlas(name: str) -> Atlas | None:
    """Return the atlas of a segmentation label, None where it has no map onto the circuit."""
    try:
        return atlas(name)
    except SettingsError:
        return None


def _measure(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    session = unit.payload
    measured = measure_session(
        context.dataset,
        session,
        context.config.measure,
        atlases={run.atlas: known_atlas(run.atlas) for run in session.runs if isinstance(run, SeriesRun)},
        repetition_time=context.config.dataset.repetition_time,
        asked_for=asked_for(context.config),
        inputs={name.removeprefix(DATASET): value for name, value in hashes.items()},
    )
    for table, output in zip(_TABLES, unit.outputs, strict=True):
        write_table(schema(table).table(getattr(measured, table)), table, context.out / output)
    folder = f"maps/{session.participant_id}/{session.session_id}"
    written = [f"{folder}/{name}" for item in measured.maps for name in write_map(item, context.out / folder)]
    return Outcome(measured.problems, measured.definitions, {"n_runs": measured.n_runs}, written)


_WRITES = (*(f"{table}/*/*/{ROOM}.parquet" for table in _TABLES), "maps/*/*/*_boldmap.*")
MEASURE = Step("measure", "Measuring sessions", ALGORITHM, _settings, _units, _measure, _WRITES)
