"""Finding the preprocessed images of a dataset by their names: of each run, the one that is measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from corticolimbic.dataset._claims import alone, ids, run_key
from corticolimbic.dataset._companions import Companions
from corticolimbic.dataset._names import FileName
from corticolimbic.dataset._runs import NOT_GIVEN, BoldRun, CiftiRun
from corticolimbic.dataset._settings import DatasetSettings
from corticolimbic.foundation import Problem, problem

_VOLUMES = (".nii", ".nii.gz")
_CIFTI = ".dtseries.nii"
_FSLR = "fsLR"
"""Space of the surfaces of a CIFTI file."""
_OF_SPACE = ("space", "cohort", "res", "den", "hemi")
_SHOWN = ("echo", "space", "cohort", "res", "den")
_PREPROCESSED = (None, "preproc")
_AROMA = "smoothAROMAnonaggr"
_RESOLUTIONS = (None, "native", "2")
"""Preferred first: as the standard output has it, as acquired, then 2 mm; then the others by name."""
_DENSITIES = ("91k", None, "170k")
"""Of CIFTI files, preferred first; then the others by name."""
_MEASURE_CIFTI = (
    "add fsLR to dataset.spaces to measure the grayordinates (.dtseries.nii), or run fMRIPrep with "
    "--output-spaces MNI152NLin2009cAsym"
)


class BoldFiles:
    """The images of a dataset with what belongs to them, indexed so that each run finds its own."""

    def __init__(self, names: Iterable[FileName]) -> None:
        self.images: list[FileName] = []
        self._masks: dict[tuple[str, frozenset], list[FileName]] = defaultdict(list)
        self._confounds: dict[tuple[str, frozenset], list[FileName]] = defaultdict(list)
        self._json: set[str] = set()
        sidecars = []
        for name in names:
            if name.suffix == "mask":
                self._masks[name.folder, name.without("desc", *_OF_SPACE)].append(name)
            elif name.extension == ".json":
                self._json.add(name.path)
                sidecars += [name] if name.suffix == "bold" else []
            elif name.suffix == "bold":
                self.images.append(name)
            elif is_confounds(name):
                self._confounds[name.folder, name.without("desc")].append(name)
        self._companions = Companions(sidecars, ())

    def runs(self) -> list[list[FileName]]:
        """Return the images, those of one run together, whatever their space, resolution and echo."""
        groups: dict[frozenset, list[FileName]] = defaultdict(list)
        for name in self.images:
            groups[name.without("desc", "echo", *_OF_SPACE)].append(name)
        return list(groups.values())

    def masks(self, image: FileName) -> list[FileName]:
        """Return the brain masks beside an image with its entities, in any space."""
        return self._masks.get((image.folder, image.without("desc", *_OF_SPACE)), [])

    def confounds(self, image: FileName) -> tuple[str | None, str | None]:
        """Return the table of confounds beside an image, and its JSON file; the newer suffix wins."""
        found = self._confounds.get((image.folder, image.without("desc", *_OF_SPACE)), [])
        if not found:
            return None, None
        table = max(found, key=lambda name: name.suffix).path
        described = table.removesuffix(".tsv") + ".json"
        return table, described if described in self._json else None

    def sidecars(self, image: FileName) -> tuple[str, ...]:
        """Return the JSON files that apply to an image."""
        return self._companions.sidecars(image)


def is_confounds(name: FileName) -> bool:
    """Tell whether a name is that of fMRIPrep's confounds, new (timeseries) or old (regressors)."""
    entities = name.entities
    segmented = "seg" in entities or "atlas" in entities
    of_table = name.suffix in ("timeseries", "regressors") and name.extension == ".tsv"
    return of_table and entities.get("desc") == "confounds" and "sub" in entities and not segmented


def bold_runs(
    files: BoldFiles, settings: DatasetSettings, problems: list[Problem]
) -> list[BoldRun | CiftiRun]:
    """Return one image for each run that has one in a space asked for; say what is left, and why.

    Parameters
    ----------
    files
        Everything found.
    settings
        Tasks asked for and spaces, preferred first.
    problems
        Added to.
    """
    chosen: list[FileName] = []
    denoised: dict[str, str] = {}
    for group in files.runs():
        if not _asked_for(group, settings, problems):
            continue
        images = _choose(group, settings, problems)
        chosen += images
        for image in images:
            same = [name for name in group if name.without("desc") == image.without("desc")]
            aroma = sorted(name.path for name in same if name.entities.get("desc") == _AROMA)
            if aroma:
                denoised[image.path] = aroma[0]
    return [_run(image, files, denoised, problems) for image in alone(chosen, problems)]


def _asked_for(group: list[FileName], settings: DatasetSettings, problems: list[Problem]) -> bool:
    task = group[0].entities.get("task", "n/a")
    if settings.tasks and task not in settings.tasks:
        expected = "task-" + " or task-".join(settings.tasks)
        _say("CL214", group[0], problems, found=f"task-{task}", expected=expected)
        return False
    return True


def _choose(group: list[FileName], settings: DatasetSettings, problems: list[Problem]) -> list[FileName]:
    """Return the image of a run that is measured (several where their names are equal), or none."""
    for name in group:
        if name.entities.get("desc") not in (*_PREPROCESSED, _AROMA):
            _say("CL235", name, problems, found=f"desc-{name.entities['desc']}")
    images = [name for name in group if name.entities.get("desc") in _PREPROCESSED]
    cifti = [name for name in images if _is_cifti(name)]
    volumes = [name for name in images if name.extension in _VOLUMES]
    if _FSLR in settings.spaces:
        volumes += cifti
    whole = [name for name in volumes if "echo" not in name.entities]
    echoes = [name for name in volumes if "echo" in name.entities]
    if echoes and not whole:
        found = "only " + ", ".join(sorted({f"echo-{name.entities['echo']}" for name in echoes}))
        _say("CL234", echoes[0], problems, found=found)
        return []
    ranked = sorted((_rank(name, settings), name.path, name) for name in whole if _standard(name, settings))
    if not ranked:
        if images:
            spaces = ", ".join(sorted({_space_shown(name) for name in images}))
            remedy = {"remedy": _MEASURE_CIFTI} if cifti and _FSLR not in settings.spaces else {}
            _say("CL232", images[0], problems, found=f"only in {spaces}", **remedy)
        return []
    best = [name for rank, _, name in ranked if rank == ranked[0][0]]
    left = sorted({_difference(name) for name in (*whole, *echoes) if name not in best})
    if left:
        _say("CL233", best[0], problems, found="left: " + ", ".join(left))
    return best


def _standard(name: FileName, settings: DatasetSettings) -> bool:
    in_fslr = name.entities.get("space") == _FSLR
    return name.entities.get("space") in settings.spaces and in_fslr == _is_cifti(name)


def _is_cifti(name: FileName) -> bool:
    return name.extension == _CIFTI and name.entities.get("space") == _FSLR


def _rank(name: FileName, settings: DatasetSettings) -> tuple[int, bool, int, str]:
    preferred, key = (_DENSITIES, "den") if _is_cifti(name) else (_RESOLUTIONS, "res")
    resolution = name.entities.get(key)
    place = preferred.index(resolution) if resolution in preferred else len(preferred)
    return settings.spaces.index(name.entities["space"]), "desc" not in name.entities, place, resolution or ""


def _difference(name: FileName) -> str:
    pairs = [
        f"{key}-{label}" for key, label in name.pairs if key in ("echo", "space", "cohort", "res", "den")
    ]
    return "_".join(pairs) or "native space"


def _space_shown(name: FileName) -> str:
    return name.entities.get("space", "native (func)")


def _run(
    image: FileName, files: BoldFiles, denoised: dict[str, str], problems: list[Problem]
) -> BoldRun | CiftiRun:
    confounds, described = files.confounds(image)
    if confounds is None:
        found = "no confounds beside the image; the run can only be used with strategy none"
        _say("CL229", image, problems, found=found, severity="info")
    if _is_cifti(image):
        return CiftiRun(
            *run_key(image),
            image.path,
            confounds=confounds,
            confounds_sidecar=described,
            sidecars=files.sidecars(image),
            density=image.entities.get("den", NOT_GIVEN),
        )
    return BoldRun(
        *run_key(image),
        image.path,
        mask=_mask(image, files, problems),
        confounds=confounds,
        confounds_sidecar=described,
        sidecars=files.sidecars(image),
        aroma=denoised.get(image.path),
    )


def _mask(image: FileName, files: BoldFiles, problems: list[Problem]) -> str | None:
    masks = files.masks(image)
    fitting = [name for name in masks if name.without("desc") == image.without("desc")]
    if fitting:
        return min(fitting, key=lambda name: (name.extension != image.extension, name.path)).path
    others = ", ".join(sorted({_difference(name) for name in masks}))
    _say("CL228", image, problems, found=f"masks only of {others}" if others else "no mask beside the image")
    return None


def _say(code: str, name: FileName, problems: list[Problem], **words: Any) -> None:
    participant, session = ids(name)
    problems.append(problem(code, participant_id=participant, session_id=session, file=name.path, **words))


def images_seen(names: Iterable[FileName]) -> Iterator[str]:
    """Yield everyone with a preprocessed image, in whatever space or folder."""
    for name in names:
        if name.suffix == "bold" and name.extension != ".json":
            yield ids(name)[0]
