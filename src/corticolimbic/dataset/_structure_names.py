"""Files of volumes and thickness by their names, and the person and session that folders tell."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from corticolimbic.dataset._names import usable_label
from corticolimbic.dataset._structure_files import (
    AS_GIVEN,
    LONGITUDINAL,
    NO_SESSION,
    NOT_GIVEN,
    Hemisphere,
    StructureFile,
    StructureKind,
)

STRUCTURE_NAME = (
    r".*\.stats|[lr]h\.(hippoSf|amygNuc)Volumes-.*\.txt"
    r"|(catROI|cat)_.*\.xml|(?!.*_(timeseries|motion|bold|regressors|events|physio|scans|sessions)\.)"
    r"(.*(aseg|aparc|synthseg|catROI|neuromorphometrics).*|(.*[_.-])?first[_.-].*)\.(tsv|csv|txt|dat)"
)
"""Names that may be files of structure, for the walk through a dataset."""
_IS_STRUCTURE = re.compile(STRUCTURE_NAME, re.IGNORECASE | re.DOTALL)
_SUBFIELDS = re.compile(
    r"(?P<hemi>lh|rh)\.(?P<what>hippoSf|amygNuc)Volumes-(?P<analysis>.+?)\.(?P<version>v\d+)"
    r"(?:\.long)?\.txt"
)
_FIRST = re.compile(r"(?!.*_log).*(?:^|[_.-])first(?:[_.-].*)?\.txt", re.IGNORECASE)
CAT12_ATLAS = "neuromorphometrics"
"""The only atlas of CAT12 whose labels are mapped."""
_SUBFIELD_STATS = {"hipposubfields": "hippoSf", "amygdalar-nuclei": "amygNuc"}
_ATLASES = {
    "aseg": "aseg",
    "aseg+DKT": "aseg+DKT",
    "aseg+DKT.VINN": "aseg+DKT",
    "aparc": "DK",
    "aparc.DKTatlas": "DKT",
    "aparc.DKTatlas40": "DKT",
    "aparc.DKTatlas.mapped": "DKT",
    "aparc.a2009s": "Destrieux",
    "BA_exvivo": "BA_exvivo",
}
"""Name of a file of FreeSurfer or FastSurfer to the atlas of its labels."""
_SIDE = re.compile(r"(?:(?P<before>.+)[._])?(?:hemi-)?(?P<side>lh|rh|(?<=hemi-)[LR])")
_SIDES: dict[str, Hemisphere] = {"lh": "L", "rh": "R", "L": "L", "R": "R"}
_TEMPLATES = ("fsaverage", "cvs_avg35", "V1_average", "lh.EC_average", "rh.EC_average", "bert")


@dataclass(frozen=True)
class Owner:
    """Whom a folder or a file name belongs to."""

    participant_id: str
    session_id: str
    acq: str = NOT_GIVEN
    run: str = NOT_GIVEN
    stream: str = AS_GIVEN


def is_structure(path: str) -> bool:
    """Tell whether a file may hold volumes or thickness, by its name."""
    return _IS_STRUCTURE.fullmatch(path.rpartition("/")[2]) is not None


def is_template(path: str) -> bool:
    """Tell whether a file belongs to one of the average brains that FreeSurfer puts beside the people."""
    return any(part.startswith(_TEMPLATES) for part in path.split("/")[:-1])


def stats_file(path: str) -> StructureFile | None:
    """Return whose statistics a file of FreeSurfer's or FastSurfer's is; None for one that is not used.

    Raises
    ------
    ValueError
        With what names no person that can be used.
    """
    *folders, name = unicodedata.normalize("NFC", path).split("/")
    if name.endswith(".xml"):
        owner = _named(name.removesuffix(".xml").partition("_")[2])
        return _of(owner, path, "cat", CAT12_ATLAS, "")
    if _FIRST.fullmatch(name):
        return _of(_first_owner(folders, name), path, "first", "FIRST", "")
    if not name.endswith((".stats", ".txt")):
        return None
    found = _SUBFIELDS.fullmatch(name)
    if found is not None:
        owner = _owner(folders[:-1])
        side, analysis = _SIDES[found["hemi"]], f"{found['analysis']} {found['version']}"
        return _of(owner, path, "volumes", found["what"], side, analysis)
    parts = name.split(".")
    if parts[0] in _SUBFIELD_STATS and parts[-1] == "stats" and len(parts) > 3 and parts[1] in _SIDES:
        version = next((part for part in parts if re.fullmatch(r"v\d+", part)), "")
        analysis = " ".join(["-".join(part for part in parts[2:-1] if part != version), version])
        return _of(_owner(folders[:-1]), path, "stats", _SUBFIELD_STATS[parts[0]], _SIDES[parts[1]], analysis)
    said = _atlas_of(name)
    if said is None:
        return None
    atlas, hemisphere, prefix = said
    owner = _named(prefix) if prefix else _owner(folders[:-1] if folders[-1:] == ["stats"] else folders)
    return _of(owner, path, "stats", atlas, hemisphere)


def _first_owner(folders: list[str], name: str) -> Owner:
    """Return whose volumes of FIRST a text file holds: by its name, else by its folder."""
    return _named(name.rpartition(".")[0]) if name.startswith("sub-") else _owner(folders)


def _of(
    owner: Owner,
    path: str,
    kind: StructureKind,
    atlas: str,
    hemisphere: Hemisphere,
    analysis: str = "",
) -> StructureFile:
    who = owner.participant_id, owner.session_id
    return StructureFile(
        *who, path, kind, atlas, hemisphere, owner.acq, owner.run, owner.stream, analysis=analysis
    )


def _atlas_of(name: str) -> tuple[str, Hemisphere, str] | None:
    """Return atlas, hemisphere and what stands before them, for a name that ends in .stats."""
    bare = name.removesuffix(".stats")
    for known in sorted(_ATLASES, key=len, reverse=True):
        before = bare.removesuffix(known)
        if before == bare or (before and before[-1] not in "._"):
            continue
        found = _SIDE.fullmatch(before.rstrip("._"))
        if found is None:
            return _ATLASES[known], "", before.rstrip("._")
        return _ATLASES[known], _SIDES[found["side"]], found["before"] or ""
    return None


def _owner(folders: list[str]) -> Owner:
    """Return whose folder it is that holds ``stats`` or ``mri``: the innermost, with the session above it."""
    if not folders:
        raise ValueError("no folder of a person above it")
    *above, folder = folders
    if folder.startswith("ses-") and above and above[-1].startswith("sub-"):
        owner = _named(f"{above[-1]}_{folder}")
    else:
        owner = _named(folder)
        session = next((part for part in reversed(above) if part.startswith("ses-")), "")
        if owner.session_id == NO_SESSION and session and usable_label(session[4:]):
            owner = Owner(owner.participant_id, session, owner.acq, owner.run, owner.stream)
    return owner


def row_owner(path: str, cell: str) -> Owner:
    """Return whom a row of a table stands for, by its first cell as programs write it.

    ``sub-01``, ``01``, ``sub-01_ses-02``, ``sub-01_ses-02.long.sub-01``, ``/data/sub-01_ses-02_T1w.nii.gz``.
    A table inside a person's ``stats`` folder is that person's, whatever the cell says.

    Raises
    ------
    ValueError
        With what names no person that can be used.
    """
    folders = path.split("/")[:-1]
    if folders[-1:] == ["stats"]:
        return _owner(folders[:-1])
    return _named(unicodedata.normalize("NFC", cell.rstrip("/").rpartition("/")[2]))


def _named(name: str) -> Owner:
    name, long, template = name.partition(".long.")
    stream = LONGITUDINAL if long and template else AS_GIVEN
    name = re.sub(r"\.(nii|mgz|xml)(\.gz)?$", "", name)
    if not name.startswith("sub-"):
        return Owner(_checked("sub", name), NO_SESSION, stream=stream)
    pairs: dict[str, str] = {}
    for part in name.split("_"):
        key, dash, label = part.partition("-")
        if dash and key not in pairs:
            pairs[key] = label
    person = _checked("sub", pairs["sub"])
    session = _checked("ses", pairs["ses"]) if "ses" in pairs else NO_SESSION
    return Owner(person, session, pairs.get("acq", NOT_GIVEN), pairs.get("run", NOT_GIVEN), stream)


def _checked(key: str, label: str) -> str:
    if not usable_label(label):
        raise ValueError(f"the label {label!r}, which cannot be the {key}- of anybody")
    return f"{key}-{label}"


def template_of(path: str) -> str:
    """Return the folder of the template that a file of the longitudinal stream was made with, or nothing."""
    for part in path.split("/")[:-1]:
        _, long, template = part.partition(".long.")
        if long:
            return template
    return ""
