"""Finding the runs of a dataset, region series and images, by their names."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from corticolimbic.dataset._bold_scan import BoldFiles, bold_runs, images_seen, is_confounds
from corticolimbic.dataset._claims import alone, ids, run_key, segmentation
from corticolimbic.dataset._companions import Companions
from corticolimbic.dataset._names import BIDS_LABEL, FileName, parse_name
from corticolimbic.dataset._runs import AnyRun, ImageRun, Scan, SeriesRun, SessionFiles
from corticolimbic.dataset._settings import DatasetSettings
from corticolimbic.dataset._structure_names import is_structure
from corticolimbic.dataset._structure_scan import structure_sessions
from corticolimbic.dataset._walk import walk
from corticolimbic.foundation import Problem, problem

_VOLUMES = (".nii", ".nii.gz")
_IMAGES = (*_VOLUMES, ".dtseries.nii", ".func.gii")
_COMPRESSED_CIFTI = ".dtseries.nii.gz"
_IMAGE_NAME = "a name of key-value pairs ending in _desc-preproc_bold.nii.gz"
_NO_STANDARD = "a compressed CIFTI file, which the standard does not have"
_UNPACK = "unpack the file (gunzip) if it should be read"
_REMEDY = (
    "check that the folder is a BIDS derivatives dataset with *_timeseries.tsv files or fMRIPrep's "
    "*_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz images (for *.dtseries.nii, add fsLR to "
    "dataset.spaces)"
)


def scan(root: Path, settings: DatasetSettings | None = None, *, optional: bool = False) -> Scan:
    """Find the region series and preprocessed images of a BIDS derivatives dataset.

    Reads names only. Files are, at any depth (links to folders are not followed),
    ``sub-X[_ses-Y][_task-T][_acq-A][_run-R][_space-S]_seg-NAME[_stat-mean]_timeseries.tsv[.gz]`` and
    fMRIPrep's ``..._space-S[_res-R]_desc-preproc_bold.nii[.gz]`` with ``desc-brain_mask``,
    ``desc-confounds_timeseries.tsv`` (or ``_regressors``) and sidecars; with ``fsLR`` among the spaces also
    CIFTI's ``..._space-fsLR[_den-91k]_bold.dtseries.nii``. Of an image in several spaces the one
    named first in ``settings.spaces`` is taken; of several resolutions the one without ``res-``, then
    ``native``, then ``2``. Volumes and thickness are found in FreeSurfer's and FastSurfer's folders
    (``sub-X[_ses-Y]/stats/aseg.stats``) wherever these lie.

    Parameters
    ----------
    root
        Folder of the dataset.
    settings
        Which tasks, segmentations and spaces are asked for; all tasks and segmentations by default.
    optional
        Whether there may be neither series nor images, because others computed the features.
    """
    settings = settings or DatasetSettings()
    found = walk(root)
    problems = list(found.problems)
    structural = [path for path in found.paths if is_structure(path)]
    names = list(_parse((path for path in found.paths if not is_structure(path)), problems))
    series = [name for name in names if _is_table_of_series(name)]
    quiet = [name for name in names if name.extension == ".json"]
    placed = [name for name in names if name.extension != ".json" and _in_its_folder(name, problems)]
    images = BoldFiles([*quiet, *placed])
    companions = Companions(
        [name for name in quiet if name.suffix == "timeseries"],
        [name for name in placed if name.suffix == "motion"],
    )
    placed = [name for name in placed if _is_table_of_series(name)]
    problems += _foreign_labels([*placed, *images.images])
    runs = [_run(name, companions, problems) for name in alone(placed, problems)]
    wanted: list[AnyRun] = [run for run in runs if _asked_for(run, settings, problems)]
    wanted += bold_runs(images, settings, problems)
    wanted.sort(key=_order)
    structure = structure_sessions(root, structural, settings, problems)
    if not wanted and not structure and not (optional and not series and not images.images):
        problems.append(problem("CL802", found=_nothing(len(series), len(images.images)), remedy=_REMEDY))
    seen = {ids(name)[0] for name in series} | set(images_seen(names))
    seen |= {session.participant_id for session in structure}
    return Scan(
        sessions=tuple(_sessions(wanted)),
        problems=tuple(sorted(set(problems))),
        participants_seen=tuple(sorted(seen)),
        structure=structure,
    )


def _order(run: AnyRun) -> tuple[str | bool, ...]:
    atlas, path = ("", run.bold) if isinstance(run, ImageRun) else (run.atlas, run.series)
    image = isinstance(run, ImageRun)
    return run.participant_id, run.session_id, image, run.task, run.run, run.acq, run.space, atlas, path


def _nothing(n_series: int, n_images: int) -> str:
    if not n_series and not n_images:
        return "no region series and no preprocessed image"
    return f"{n_series} series and {n_images} images, none of which can be used"


def _is_table_of_series(name: FileName) -> bool:
    return name.suffix == "timeseries" and name.extension != ".json" and not is_confounds(name)


def _parse(paths: Iterable[str], problems: list[Problem]) -> Iterator[FileName]:
    for path in paths:
        try:
            name = parse_name(path)
        except ValueError as error:
            if "_bold." in path and not path.endswith(".json"):
                problems.append(problem("CL114", file=path, found=str(error), expected=_IMAGE_NAME))
            elif not path.endswith((".json", "_motion.tsv", "_motion.tsv.gz", "_regressors.tsv", *_VOLUMES)):
                problems.append(problem("CL114", file=path, found=str(error)))
            continue
        if name.extension == _COMPRESSED_CIFTI:
            problems.append(problem("CL114", file=path, found=_NO_STANDARD, remedy=_UNPACK))
        elif name.suffix == "bold" and name.extension in _IMAGES:
            if "sub" in name.entities:
                yield name
            else:
                problems.append(problem("CL114", file=path, found="no sub-", expected=_IMAGE_NAME))
        elif (
            name.extension in (".json", *_IMAGES)
            or name.suffix == "motion"
            or is_confounds(name)
            or _is_series(name, problems)
        ):
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


def _foreign_labels(names: Iterable[FileName]) -> Iterator[Problem]:
    told: set[tuple[str, str]] = set()
    for name in names:
        for key, label in name.pairs:
            if BIDS_LABEL.fullmatch(label) or (key, label) in told:
                continue
            told.add((key, label))
            participant = ids(name)[0] if key == "sub" else ""
            yield problem("CL112", participant_id=participant, file=name.path, found=f"{key}-{label}")


def _run(name: FileName, companions: Companions, problems: list[Problem]) -> SeriesRun:
    participant, session, task, run, acq, space = run_key(name)
    motion, trouble = companions.motion(name)
    if trouble:
        problems.append(replace(trouble, participant_id=participant, session_id=session))
    sidecars = companions.sidecars(name)
    return SeriesRun(
        participant, session, task, run, acq, space, segmentation(name), name.path, motion, sidecars
    )


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


def _sessions(runs: list[AnyRun]) -> Iterator[SessionFiles]:
    for (participant, session), group in groupby(runs, key=lambda run: (run.participant_id, run.session_id)):
        yield SessionFiles(participant, session, tuple(group))
