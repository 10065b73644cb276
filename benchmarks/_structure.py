"""Volumes and thickness of many people out of FreeSurfer's statistics."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from benchmarks._job import Job, Size

_HEADER = re.compile(r"# Measure [^,]+, (?P<name>[^,]+), .*, (?P<value>[0-9.]+), \S+")
_SURFACE = ["StructName", "NumVert", "SurfArea", "GrayVol", "ThickAvg", "ThickStd"]
_VOLUME = ["Index", "SegId", "NVoxels", "Volume_mm3", "StructName", "normMean"]


def prepare(size: Size, folder: Path) -> Path:
    """Write the statistics of simulated brains, once."""
    from corticolimbic.simulate import simulated_anatomy, write_freesurfer

    root = folder / "structure"
    if root.exists():
        return root
    people = 1000 if size == "full" else 4
    rng = np.random.default_rng(20250530)
    for number in range(people):
        write_freesurfer(root / "derivatives" / "freesurfer", f"sub-{number + 1:04d}", simulated_anatomy(rng))
    return root


def ours(root: Path) -> dict[tuple[str, str], float]:
    """Find, read, join into regions and check the table with the package."""
    from corticolimbic.dataset import scan
    from corticolimbic.features import schema
    from corticolimbic.measure import measure_structure

    rows = [row for session in scan(root).structure for row in measure_structure(root, session).features]
    table = schema("features").table(rows)
    keys = zip(table["participant_id"], table["measure"] + " " + table["target"], strict=True)
    return dict(zip(keys, table["value"], strict=True))


def peer(root: Path) -> dict[tuple[str, str], float]:
    """Read the same files with pandas and a pattern for the header, the folders known beforehand."""
    import pandas as pd

    found = {}
    for person in sorted((root / "derivatives" / "freesurfer").iterdir()):
        stats = person / "stats"
        text = (stats / "aseg.stats").read_text()
        whole = {item["name"]: float(item["value"]) for item in _HEADER.finditer(text)}
        aseg = pd.read_csv(stats / "aseg.stats", sep=r"\s+", comment="#", names=_VOLUME)
        volume = aseg.set_index("StructName")["Volume_mm3"]
        found[person.name, "volume ICV"] = whole["eTIV"]
        for side, name in (("L", "Left"), ("R", "Right")):
            found[person.name, f"volume Amy_{side}"] = float(volume[f"{name}-Amygdala"])
            found[person.name, f"volume NAc_{side}"] = float(volume[f"{name}-Accumbens-area"])
            file = stats / f"{side.lower()}h.aparc.stats"
            surface = pd.read_csv(file, sep=r"\s+", comment="#", names=_SURFACE).set_index("StructName")
            found[person.name, f"thickness Ins_{side}"] = float(surface["ThickAvg"]["insula"])
    return found


def check(mine: dict[tuple[str, str], float], theirs: dict[tuple[str, str], float]) -> None:
    """Both sides read the same numbers for the same people."""
    assert {person for person, _ in mine} == {person for person, _ in theirs}
    for key, value in theirs.items():
        assert mine[key] == value, key


JOB = Job(
    name="measure: 1,000 people's FreeSurfer statistics (3 files each) found, read, joined into regions",
    peer_name="pandas.read_csv and a pattern for the header, folders known, 7 values a person, none checked",
    targets={"ours": 10.0, "ratio": 1.0},
    prepare=prepare,
    ours=ours,
    peer=peer,
    limit=None,
    check=check,
)
