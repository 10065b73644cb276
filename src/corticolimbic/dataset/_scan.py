"""Finding the region series of a dataset by their names."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from corticolimbic.dataset._companions import Companions
from corticolimbic.dataset._names import BIDS_LABEL, FileName, parse_name
from corticolimbic.dataset._runs import NO_SESSION, NOT_GIVEN, Scan, SeriesRun, SessionFiles
from corticolimbic.dataset._settings import DatasetSettings
from corticolimbic.dataset._walk import walk
from corticolimbic.foundation import Problem, problem


def scan(root: Path, settings: DatasetSettings | None = None) -> Scan:
    """Find the region series of a BIDS derivatives dataset.

    Reads names only. Files are
    ``sub-X[_ses-Y][_task-T][_acq-A][_run-R][_space-S]_seg-NAME[_stat-mean]_timeseries.tsv[.gz]`` at any
    depth; links to folders are not followed.

    Parameters
    ----------
    root
        Folder of the dataset.
    settings
        Which tasks and segmentations are asked for; all by default.
    """
    settings = settings or DatasetSettings()
    found = walk(root)
    problems = list(found.problems)
    names = list(_parse(found.paths, problems))
    tables = [name for name in names if name.extension != ".json"]
    series = [name for name in tables if name.suffix == "timeseries"]
    placed = [name for name in tables if _in_its_folder(name, problems)]
    companions = Companions(
        [name for name in names if name.extension == ".json"],
        [name for name in placed if name.suffix == "motion"],
    )
    placed = [name for name in placed if name.suffix == "timeseries"]
    problems += _foreign_labels(placed)
    runs = [_run(name, companions, problems) for name in _alone(placed, problems)]
    wanted = sorted(run for run in runs if _asked_for(run, settings, problems))
    if not wanted:
        problems.append(problem("CL802", found=_nothing(len(series))))
    return Scan(
        sessions=tuple(_sessions(wanted)),
        problems=tuple(sorted(set(problems))),
        participants_seen=tuple(sorted({_ids(name)[0] for name in series})),
    )


def _nothing(n_series: int) -> str:
    return f"{n_series} series, none of which can be used" if n_series else "no region series"


def _parse(paths: Iterable[str], problems: list[Problem]) -> Iterator[FileName]:
    for path in paths:
        try:
            name = parse_name(path)
        except ValueError as error:
            if not path.endswith((".json", "_motion.tsv", "_motion.tsv.gz")):
                problems.append(problem("CL114", file=path, found=str(error)))
            continue
        if name.extension == ".json" or name.suffix == "motion" or _is_series(name, problems):
            yield name


def _is_series(name: FileName, problems: list[Problem]) -> bool:
    entities = name.entities
    segmented = "seg" in entities or "atlas" in entities
    if not segmented and "confounds" in entities.get("desc", ""):
        return False  # fMRIPrep's confounds share the suffix, and are no region series
    missing = [key for key, there in (("sub-", "sub" in entities), ("seg-", segmented)) if not there]
    if missing:
        problems.append(problem("CL114", file=name.path, found="no " + " and no ".join(missing)))
    elif entities.get("stat", "mean") != "mean":
        problems.append(
            problem("CL114", file=name.path, found=f"stat-{entities['stat']}, which is no mean series")
        )
    elif name.suffix != "timeseries":
        problems.append(problem("CL114", file=name.path, found=f"the suffix {name.suffix!r}"))
    else:
        return True
    return False


def _in_its_folder(name: FileName, problems: list[Problem]) -> bool:
    """Tell whether the folders that name a subject or session agree with the file."""
    for folder in unicodedata.normalize("NFC", name.folder).split("/"):
        for key in ("sub", "ses"):
            label = name.entities.get(key)
            if folder.startswith(f"{key}-") and folder != f"{key}-{label}":
                said = f"{key}-{label}" if label else f"no {key}-"
                found = f"{said} in the name of a file in folder {folder}"
                problems.append(problem("CL115", file=name.path, found=found))
                return False
    return True


def _ids(name: FileName) -> tuple[str, str]:
    session = name.entities.get("ses")
    return f"sub-{name.entities['sub']}", f"ses-{session}" if session else NO_SESSION


def _foreign_labels(names: Iterable[FileName]) -> Iterator[Problem]:
    told: set[tuple[str, str]] = set()
    for name in names:
        for key, label in name.pairs:
            if BIDS_LABEL.fullmatch(label) or (key, label) in told:
                continue
            told.add((key, label))
            participant = _ids(name)[0] if key == "sub" else ""
            yield problem("CL112", participant_id=participant, file=name.path, found=f"{key}-{label}")


def _key(name: FileName) -> tuple[str, ...]:
    rest = (name.entities.get(key, NOT_GIVEN) for key in ("task", "run", "acq", "space"))
    return *_ids(name), *rest, name.entities.get("seg") or name.entities["atlas"]


def _alone(names: Iterable[FileName], problems: list[Problem]) -> Iterator[FileName]:
    """Yield the files that are the only ones to claim their run; the others become problems."""
    claims: dict[tuple[str, ...], list[FileName]] = defaultdict(list)
    for name in names:
        claims[_key(name)].append(name)
    for (participant, session, *_), claimants in claims.items():
        if len(claimants) == 1:
            yield claimants[0]
            continue
        for name in claimants:
            others = ", ".join(other.path for other in claimants if other is not name)
            problems.append(
                problem(
                    "CL113",
                    participant_id=participant,
                    session_id=session,
                    file=name.path,
                    found=f"the same run in {others}",
                )
            )


def _run(name: FileName, companions: Companions, problems: list[Problem]) -> SeriesRun:
    participant, session, task, run, acq, space, atlas = _key(name)
    motion, trouble = companions.motion(name)
    if trouble:
        problems.append(replace(trouble, participant_id=participant, session_id=session))
    sidecars = companions.sidecars(name)
    return SeriesRun(participant, session, task, run, acq, space, atlas, name.path, motion, sidecars)


def _asked_for(run: SeriesRun, settings: DatasetSettings, problems: list[Problem]) -> bool:
    for what, label, wanted in (
        ("task", run.task, settings.tasks),
        ("seg", run.atlas, settings.segmentations),
    ):
        if wanted and label not in wanted:
            problems.append(
                problem(
                    "CL214",
                    participant_id=run.participant_id,
                    session_id=run.session_id,
                    file=run.series,
                    found=f"{what}-{label}",
                    expected=f"{what}-" + f" or {what}-".join(wanted),
                )
            )
            return False
    return True


def _sessions(runs: list[SeriesRun]) -> Iterator[SessionFiles]:
    for (participant, session), group in groupby(runs, key=lambda run: (run.participant_id, run.session_id)):
        yield SessionFiles(participant, session, tuple(group))
