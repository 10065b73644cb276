"""Fifty real people's FreeSurfer statistics: every value equals its file, read along another path."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from corticolimbic.dataset import scan
from corticolimbic.features import schema
from corticolimbic.measure import measure_structure, structure_atlases

ASEG = re.compile(r"^ *\d+ +\d+ +\d+ +(?P<volume>[\d.]+) +(?P<label>\S+) ", re.MULTILINE)
HEADER = re.compile(r"^# Measure \w+, (?P<name>\w+), [^,]*, (?P<value>[\d.]+), \S+$", re.MULTILINE)


def _surface(path: Path) -> dict[str, tuple[float, float, float]]:
    """Return area, volume and thickness by label, by the places that FreeSurfer 7 gives the columns."""
    rows = (line.split() for line in path.read_text().splitlines() if not line.startswith("#"))
    return {row[0]: (float(row[2]), float(row[3]), float(row[4])) for row in rows}


@pytest.fixture(scope="module")
def measured(shared_data: Path) -> tuple[Path, pd.DataFrame]:
    root = shared_data / "freesurfer-ds004604"
    if not root.is_dir():
        pytest.skip("no freesurfer-ds004604 in the real data")
    made = [measure_structure(root, session) for session in scan(root).structure]
    assert not [item for one in made for item in one.problems]
    return root, schema("features").table([row for one in made for row in one.features])


def test_every_value_of_fifty_people_equals_its_file(measured: tuple[Path, pd.DataFrame]) -> None:
    root, table = measured
    assert table["participant_id"].nunique() == 50
    assert (table["qc"] == "ok").all()
    compared = 0
    for person, rows in table.groupby("participant_id"):
        stats = root / "derivatives" / "freesurfer" / str(person) / "stats"
        text = (stats / "aseg.stats").read_text()
        volume = {item["label"]: float(item["volume"]) for item in ASEG.finditer(text)}
        whole = {f"#{item['name']}": float(item["value"]) for item in HEADER.finditer(text)}
        surface = {side: _surface(stats / f"{side.lower()}h.aparc.stats") for side in "LR"}
        keys = zip(rows["atlas"], rows["measure"], rows["target"], strict=True)
        found = dict(zip(keys, rows["value"], strict=True))
        for region, sides in structure_atlases()["aseg"].parts.items():
            for side, parts in sides.items():
                target = region if side == "M" else f"{region}_{side}"
                known = {**volume, **whole}
                expected = sum(next(known[name] for name in names if name in known) for names in parts)
                assert found["aseg", "volume", target] == pytest.approx(expected, rel=1e-12)
                compared += 1
        for region, sides in structure_atlases()["DK"].parts.items():
            if region == "Cortex":
                continue
            for side, parts in sides.items():
                cells = [surface[side][names[0]] for names in parts]
                area = sum(item[0] for item in cells)
                mean = sum(item[0] * item[2] for item in cells) / area
                assert found["DK", "area", f"{region}_{side}"] == area
                assert found["DK", "volume", f"{region}_{side}"] == sum(item[1] for item in cells)
                assert found["DK", "thickness", f"{region}_{side}"] == pytest.approx(mean, rel=1e-12)
                compared += 3
        assert found["aseg", "surface_holes", "Cortex"] == whole["#SurfaceHoles"]
    assert compared == 50 * (27 + 3 * 30)


def test_sums_are_those_of_the_hemispheres(measured: tuple[Path, pd.DataFrame]) -> None:
    _, table = measured
    wide = table[table["measure"] == "volume"].pivot_table(
        index="participant_id", columns=["atlas", "target"], values="value"
    )
    for atlas, target in wide.columns:
        if (atlas, f"{target}_L") in wide.columns:
            both = wide[atlas, f"{target}_L"] + wide[atlas, f"{target}_R"]
            pd.testing.assert_series_equal(both, wide[atlas, target], check_names=False, rtol=1e-9)
