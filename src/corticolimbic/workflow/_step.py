"""Steps with declared inputs and outputs, cut into units that can be cached and run on their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corticolimbic.dataset import Participants, Scan, SessionTables
from corticolimbic.foundation import Problem
from corticolimbic.workflow._config import Config


@dataclass(frozen=True)
class Context:
    """Where a run reads and writes, and what it was told; crosses process borders.

    Parameters
    ----------
    dataset, out
        Folders.
    config
        All settings.
    """

    dataset: Path
    out: Path
    config: Config

    def path(self, name: str) -> Path:
        """Return the file that an input's or output's name stands for: ``dataset:...`` or relative to OUT."""
        if name.startswith(DATASET):
            return self.dataset / name.removeprefix(DATASET)
        return self.out / name


DATASET = "dataset:"
"""Prefix of inputs that lie in the dataset."""


@dataclass(frozen=True)
class Found:
    """What a look at the dataset's names and tables found, before anything is measured.

    Parameters
    ----------
    scan, participants, sessions
        From the dataset's readers.
    supplied_sessions
        Participant and session of everybody in a table of features that others computed.
    """

    scan: Scan
    participants: Participants
    sessions: SessionTables
    supplied_sessions: tuple[tuple[str, str], ...] = ()

    @property
    def sessions_with_features(self) -> int:
        """Number of sessions with images or with features that others computed."""
        own = {(session.participant_id, session.session_id) for session in self.scan.sessions}
        own |= {(session.participant_id, session.session_id) for session in self.scan.structure}
        return len(own.union(self.supplied_sessions))

    @property
    def people_seen(self) -> tuple[str, ...]:
        """Everyone with a series, a preprocessed image or a feature that others computed; sorted."""
        return tuple(sorted({*self.scan.participants_seen, *(one for one, _ in self.supplied_sessions)}))


@dataclass(frozen=True)
class Unit:
    """A piece of a step that is done or not done as a whole.

    Parameters
    ----------
    step
        Name of the step.
    name
        Name of the unit, for example ``sub-01_ses-none``.
    inputs
        Files read: ``dataset:PATH``, or a path relative to OUT. One that does not exist counts as absent.
    outputs
        Files written, relative to OUT.
    payload
        What the function needs beside the files: a JSON value or a dataclass of JSON values. A change of it
        makes the unit run again, as a change of a file does.
    """

    step: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    payload: Any = None


@dataclass
class Outcome:
    """What a unit's function returns beside its files.

    Parameters
    ----------
    problems
        Rows of ``problems.tsv``.
    definitions
        Entries of ``definitions.json``.
    facts
        Numbers for the log and the summary, for example how many runs were measured.
    outputs
        Files written beside those that the unit declares, relative to OUT: which ones is known only now.
    """

    problems: Sequence[Problem] = ()
    definitions: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    outputs: Sequence[str] = ()


@dataclass(frozen=True)
class Step:
    """One step of the workflow.

    Parameters
    ----------
    name
        Name, as in ``corticolimbic NAME``.
    title
        What it does, for progress and the log.
    algorithm
        Bumped whenever the same inputs and settings give another result.
    settings
        The settings that it reads; nothing else of the configuration makes it run again.
    units
        From what was found in the dataset to the units of work; none where the step is not asked for.
    function
        A pure function of a unit's declared inputs: context, unit and the hashes of the inputs by name.
    writes
        Patterns of all that its units can write, relative to OUT; what matches and belongs to no unit goes.
    """

    name: str
    title: str
    algorithm: int
    settings: Callable[[Config], dict[str, Any]]
    units: Callable[[Context, Found], tuple[Unit, ...]]
    function: Callable[[Context, Unit, Mapping[str, str]], Outcome]
    writes: tuple[str, ...]
