"""Images whose regions hold the signal of their own number: every value arrives under its own name."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from measure.bold_phantom import (
    ENCODINGS,
    MATRICES,
    SPACE,
    affine,
    painted,
    session,
    sphere_numbers,
    write_bold,
)
from measure.phantom import connections, correlation, correlations, numbers
from measure.test_phantom import check_edges, check_matrix, check_series
from scipy.ndimage import map_coordinates

from corticolimbic.circuit import atlas
from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError
from corticolimbic.measure import (
    LabelImageSettings,
    MeasuredSession,
    MeasureSettings,
    measure_session,
    read_parcels,
)

MELBOURNE = "atlases/melbourne-subcortex"
SCHAEFER = f"{MELBOURNE}/Schaefer2018_{{}}Parcels_7Networks_order_Tian_Subcortex_S2"
LABELS = {
    "CIT168": ("CIT168", "atlases/cit168/CIT168_subcortex.nii.gz", "MNI152NLin2009cAsym", None),
    "HarvardOxford": ("HarvardOxford", "atlases/harvard-oxford/atlas_harvard_oxford.nii.gz", SPACE, 25),
    "TianS2": ("TianS2", f"{MELBOURNE}/Tian_Subcortex_S2_3T_1mm.nii.gz", SPACE, None),
    "TianS2 2009c": (
        "TianS2",
        f"{MELBOURNE}/Tian_Subcortex_S2_3T_2009cAsym.nii.gz",
        "MNI152NLin2009cAsym",
        None,
    ),
    "TianS4": ("TianS4", f"{MELBOURNE}/Tian_Subcortex_S4_3T_1mm.nii.gz", SPACE, None),
    "Schaefer100": ("Schaefer100TianS2", SCHAEFER.format(100) + "_MNI152NLin6Asym_2mm.nii.gz", SPACE, None),
    "Schaefer100 2009c": (
        "Schaefer100TianS2",
        SCHAEFER.format(100) + "_3T_MNI152NLin2009cAsym_2mm.nii.gz",
        "MNI152NLin2009cAsym",
        None,
    ),
    "Schaefer400": ("Schaefer400TianS2", SCHAEFER.format(400) + "_MNI152NLin6Asym_2mm.nii.gz", SPACE, None),
}
SLOW = {"HarvardOxford"}  # half a gigabyte of probabilities
VOLUMES = 48
PLAIN = {"strategy": "none", "fd_threshold": None, "statistics": ("pearson",)}
SHAPE = (24, 29, 22)


def write_labels(
    path: Path, data: np.ndarray, place: np.ndarray, table: dict[int, str] | None = None
) -> Path:
    nibabel.save(nibabel.Nifti1Image(data.astype(np.int16), place), path)
    if table:
        rows = "".join(f"{name}\t{value}\n" for value, name in table.items())
        path.with_name("labels.tsv").write_text("name\tindex\n" + rows, encoding="utf-8")
    return path


def stripes(values: list[int], shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Return labels in boxes along two axes."""
    data = np.zeros(shape, dtype=int)
    first = int(np.ceil(np.sqrt(len(values))))
    for place, value in enumerate(values):
        i, j = divmod(place, first)
        x, y = (np.linspace(0, length, first + 1).astype(int) for length in shape[:2])
        data[x[i] : x[i + 1], y[j] : y[j + 1], 2:-2] = value
    return data


def sampled(labels: np.ndarray, labels_affine: np.ndarray, shape: tuple[int, int, int], place: np.ndarray):
    """Return the nearest label of every voxel of another grid, by an independent program."""
    mm = nibabel.affines.apply_affine(place, np.stack(np.indices(shape), axis=-1))
    at = nibabel.affines.apply_affine(np.linalg.inv(labels_affine), mm)
    return map_coordinates(labels, at.reshape(-1, 3).T, order=0, mode="constant").reshape(shape)


def check(found: MeasuredSession, code: dict[str, int], lost: set[str]) -> None:
    check_series(found, code, lost)
    (matrix,) = correlations(found)
    check_matrix(matrix, found.definitions, code, lost)
    schema("features").table(found.features)
    schema("series").table(found.series)


@pytest.mark.parametrize(
    "key", [pytest.param(key, marks=[pytest.mark.slow] if key in SLOW else []) for key in LABELS]
)
def test_every_label_atlas_arrives_under_its_own_names(shared_data: Path, tmp_path: Path, key: str) -> None:
    """On a grid of 3 mm, flipped, that no voxel of the label image shares."""
    name, file, space, threshold = LABELS[key]
    settings = MeasureSettings(
        **PLAIN,
        atlases=(),
        label_images=(
            LabelImageSettings(path=shared_data / file, atlas=name, space=space, threshold=threshold),
        ),
    )
    (parcels,) = read_parcels(settings)
    assert parcels.name == name
    image = nibabel.load(shared_data / file)
    # Which of 113 probabilities is the largest has tests of its own.
    labels = parcels.drawn.data if threshold else np.asarray(image.dataobj).astype(int)
    held = nibabel.affines.apply_affine(image.affine, np.argwhere(labels > 0))
    low, high = held.min(axis=0), held.max(axis=0)
    shape = tuple((np.ceil((high - low) / 3).astype(int) + 3).tolist())
    place = affine(np.diag([-3.0, 3.0, 3.0]), tuple((low + high) / 2 + [0.37, 0.41, 0.29]), shape)
    code = {node: number for node, number in numbers(atlas(name)).items() if number in parcels.drawn.labels}
    grid = sampled(labels, image.affine, shape, place)
    lost = {node for node, number in code.items() if not (grid == number).any()}
    assert len(lost) <= 2
    run = write_bold(tmp_path, painted(grid, VOLUMES), place, space=space, compressed=False)
    found = measure_session(tmp_path, session(run), settings)
    assert [item.code for item in found.problems] == ["CL228", *(["CL203"] if lost else [])]
    check(found, code, lost)
    edges = [row for row in connections(found) if row["definition"] != correlations(found)[0]["definition"]]
    check_edges(edges, name, code, lost)
    sizes = {node: int((grid == number).sum()) for node, number in code.items()}
    members = atlas(name).members()
    for row in edges:
        ends = row["target"].split("--")
        assert row["n_voxels"] == min(sum(sizes[node] for node in members[end]) for end in ends)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("turned", MATRICES)
def test_axes_and_encodings_change_nothing(tmp_path: Path, turned: str, encoding: str) -> None:
    """On the label image's own grid; values with gaps, the table in another order."""
    values = [300, 4, 9, 2, 77, 1000, 1, 41]
    place = affine(MATRICES[turned], (0.0, -15.0, 10.0), SHAPE)
    data = stripes(values)
    code = {f"region{value}": value for value in sorted(values, key=str)}
    names = {value: name for name, value in code.items()}
    path = write_labels(tmp_path / f"tpl-{SPACE}_seg-mine_dseg.nii.gz", data, place, names)
    settings = MeasureSettings(
        **PLAIN,
        atlases=("baliki2012",),
        label_images=(LabelImageSettings(path=path, table=tmp_path / "labels.tsv", space=SPACE),),
    )
    run = write_bold(tmp_path, painted(data), place, encoding=encoding)
    found = measure_session(tmp_path, session(run), settings)
    found.series = [row for row in found.series if row["atlas"] == "mine"]
    found.matrices = [row for row in found.matrices if row["atlas"] == "mine"]
    assert {row["region"] for row in found.series} == set(code)
    assert {row["coverage"] for row in found.series} == {1.0}
    tolerance = 5e-3 if "int16" in encoding else 2e-4 if encoding.endswith("float32") else 1e-6
    pairs = np.triu_indices(len(code), k=1)
    order = found.definitions[correlations(found)[0]["definition"]]["settings"]["nodes"]
    wanted = [correlation(code[order[i]], code[order[j]]) for i, j in zip(*pairs, strict=True)]
    np.testing.assert_allclose(correlations(found)[0]["upper"], wanted, atol=tolerance)
    assert "CL210" in {item.code for item in found.problems}, "no map onto the circuit is known of mine"


def test_an_atlas_of_series_names_labels_of_an_image(tmp_path: Path) -> None:
    """MIST122 with one column (the global signal) that no label image holds."""
    parcels = atlas("MIST122")
    code = {node.name: node.index for node in parcels.nodes if node.index is not None}
    shape = (44, 44, 8)
    place = affine(np.diag([3.0, 3.0, 3.0]), (0.0, 0.0, 0.0), shape)
    data = stripes(list(code.values()), shape)
    path = write_labels(tmp_path / "labels.nii.gz", data, place)
    settings = MeasureSettings(
        **PLAIN, atlases=(), label_images=(LabelImageSettings(path=path, atlas="MIST122", space=SPACE),)
    )
    found = measure_session(tmp_path, session(write_bold(tmp_path, painted(data), place)), settings)
    check(found, code, set())
    edges = [row for row in connections(found) if "GlobalSignal" in row["target"]]
    assert all("no column for GlobalSignal" in row["qc"] for row in edges)


@pytest.mark.parametrize("space", ["MNI152NLin6Asym", "MNI152NLin2009cAsym", "MNI152NLin2009aAsym"])
def test_spaces_are_told_apart(tmp_path: Path, space: str) -> None:
    place = affine(MATRICES["upright"], (0.0, -15.0, 10.0), SHAPE)
    data = stripes([1, 2, 3])
    paths = {}
    for own in ("MNI152NLin6Asym", "MNI152NLin2009cAsym", "MNI152NLin2009aAsym"):
        (tmp_path / own).mkdir()
        name = tmp_path / own / f"space-{own}_atlas-of{own[9:]}_dseg.nii.gz"
        paths[own] = write_labels(name, data, place, {1: "a", 2: "b", 3: "c"})
    images = tuple(
        LabelImageSettings(path=path, table=path.with_name("labels.tsv")) for path in paths.values()
    )
    run = write_bold(tmp_path, painted(data), place, space=space)
    strict = MeasureSettings(**PLAIN, label_images=images)
    found = measure_session(tmp_path, session(run), strict)
    own = f"of{space[9:]}"
    assert {row["atlas"] for row in found.matrices} == {"coordinates", own}
    refused = [item for item in found.problems if item.code == "CL402"]
    assert len(refused) == 2
    assert all(space in item.found and item.file == run.bold for item in refused)
    assert found.n_runs == 1
    notes = {item["atlas"]: item["settings"]["notes"] for item in found.definitions.values() if item["atlas"]}
    assert notes["coordinates"] == [f"spheres at MNI152 coordinates used in {space}"]
    assert notes[own] == []
    other = next(name for name in paths if name != space)
    named = MeasureSettings(**PLAIN, label_images=images, allow_space_mismatch=(other,))
    found = measure_session(tmp_path, session(run), named)
    assert {row["atlas"] for row in found.matrices} == {"coordinates", own, f"of{other[9:]}"}
    notes = {item["atlas"]: item["settings"]["notes"] for item in found.definitions.values() if item["atlas"]}
    assert notes[f"of{other[9:]}"] == [f"label image in {other} used in {space}, as allowed"]


def test_a_session_in_another_space_than_every_label_image_has_no_rows(tmp_path: Path) -> None:
    place = affine(MATRICES["upright"], (0.0, 0.0, 0.0), SHAPE)
    path = write_labels(tmp_path / f"space-{SPACE}_dseg.nii.gz", stripes([1, 2]), place, {1: "a", 2: "b"})
    label = LabelImageSettings(path=path, table=tmp_path / "labels.tsv")
    settings = MeasureSettings(**PLAIN, atlases=(), label_images=(label,))
    run = write_bold(tmp_path, painted(stripes([1, 2])), place, space="MNI152NLin2009cAsym")
    found = measure_session(tmp_path, session(run), settings)
    assert [item.code for item in found.problems] == ["CL228", "CL402"]
    assert (found.n_runs, found.features, found.series) == (0, [], [])


@pytest.mark.parametrize("turned", MATRICES)
def test_spheres_hold_their_own_signal(tmp_path: Path, turned: str) -> None:
    chosen = atlas("baliki2012")
    code = numbers(chosen)
    shape = (50, 40, 40)
    place = affine(MATRICES[turned], (0.0, 10.0, 20.0), shape)
    grid = sphere_numbers(chosen, code, shape, place)
    run = write_bold(tmp_path, painted(grid), place)
    found = measure_session(tmp_path, session(run), MeasureSettings(**PLAIN, atlases=("baliki2012",)))
    assert [item.code for item in found.problems] == ["CL228"]
    check(found, code, set())
    edges = connections(found)
    check_edges(edges, "baliki2012", code)
    larger = MeasureSettings(**PLAIN, atlases=("baliki2012",), radius_mm=6.5)
    again = measure_session(tmp_path, session(run), larger)
    check(again, code, set())
    assert connections(again)[-1]["n_voxels"] > connections(found)[-1]["n_voxels"]
    assert connections(again)[-1]["definition"] != connections(found)[-1]["definition"]


def test_a_partial_field_of_view_takes_its_own_regions_only(tmp_path: Path) -> None:
    """Of eight slabs, ten slices each, the image holds six and pieces of the others."""
    shape = (9, 80, 9)
    place = affine(np.diag([3.0, 3.0, 3.0]), (0.0, 0.0, 0.0), shape)
    data = np.repeat(np.arange(1, 9), 10)[None, :, None] * np.ones(shape, dtype=int)
    names = {value: f"slab{value}" for value in range(1, 9)}
    path = write_labels(tmp_path / "slabs.nii.gz", data, place, names)
    label = LabelImageSettings(path=path, table=tmp_path / "labels.tsv", space=SPACE)
    settings = MeasureSettings(**PLAIN, atlases=(), label_images=(label,))
    for slices, shares in ((64, {7: 0.4, 8: 0.0}), (67, {7: 0.7, 8: 0.0}), (72, {8: 0.2}), (80, {})):
        run = write_bold(tmp_path, painted(data[:, :slices], 60), place)
        found = measure_session(tmp_path, session(run), settings)
        coverage = {row["region"]: row["coverage"] for row in found.series}
        assert coverage == pytest.approx(
            {name: shares.get(value, 1.0) for value, name in names.items()}, abs=1e-9
        )
        lost = {names[value] for value, share in shares.items() if share < 0.5}
        matrix = correlations(found)[0]
        order = found.definitions[matrix["definition"]]["settings"]["nodes"]
        i, j = np.triu_indices(8, k=1)
        missing = [order[a] in lost or order[b] in lost for a, b in zip(i, j, strict=True)]
        np.testing.assert_array_equal(np.isnan(matrix["upper"]), missing)
        codes = {item.code: item.found for item in found.problems}
        assert ("CL203" in codes) == (0.0 in shares.values())
        scarce = [value for value, share in shares.items() if 0 < share < 0.5]
        assert ("CL238" in codes) == bool(scarce)
        for value in scarce:
            assert f"slab{value} ({shares[value]:.0%})" in codes["CL238"]
        assert found.n_runs == 1


def test_an_edge_at_the_edge_of_the_image_says_why_it_is_missing(tmp_path: Path) -> None:
    chosen = atlas("baliki2012")
    code = numbers(chosen)
    shape = (50, 40, 40)
    place = affine(MATRICES["upright"], (0.0, 10.0, 20.0), shape)
    grid = sphere_numbers(chosen, code, shape, place)
    node = chosen.node("mPFC")
    cut = int(np.floor(np.linalg.inv(place)[1] @ [node.x, node.y, node.z, 1]))  # less than half of the sphere
    for slices, words in ((cut, "coverage of mPFC is 0."), (cut - 4, "no signal in mPFC")):
        run = write_bold(tmp_path, painted(grid)[:, :slices], place)
        found = measure_session(tmp_path, session(run), MeasureSettings(**PLAIN, atlases=("baliki2012",)))
        edges = {row["target"]: row for row in connections(found)}
        for target, row in edges.items():
            if "mPFC" in target:
                assert words in row["qc"]
                assert np.isnan(row["value"])
                assert row["coverage"] < 0.5
            else:
                assert row["qc"] == "ok"
                assert np.isfinite(row["value"])


def test_atlases_that_cannot_be_read_are_settings_errors(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="label_images"):
        read_parcels(MeasureSettings(atlases=("MIST122",)))
    with pytest.raises(SettingsError, match="no known atlas"):
        read_parcels(MeasureSettings(atlases=("nobody",)))
    with pytest.raises(SettingsError, match="twice"):
        read_parcels(MeasureSettings(atlases=("coordinates", "circuit")))
    with pytest.raises(SettingsError, match="name its labels"):
        read_parcels(MeasureSettings(label_images=(LabelImageSettings(path=tmp_path / "x.nii"),)))


def test_a_label_image_that_changed_is_read_again(tmp_path: Path) -> None:
    place = affine(MATRICES["upright"], (0.0, 0.0, 0.0), SHAPE)
    path = write_labels(tmp_path / "x.nii.gz", stripes([1, 2]), place, {1: "a", 2: "b"})
    settings = MeasureSettings(
        atlases=(), label_images=(LabelImageSettings(path=path, table=tmp_path / "labels.tsv", space=SPACE),)
    )
    (before,) = read_parcels(settings)
    assert read_parcels(settings)[0] is before
    write_labels(path, stripes([1, 2, 2]), place, {1: "a", 2: "bb"})
    (after,) = read_parcels(settings)
    assert after.hash != before.hash
    assert after.drawn.labels == {1: "a", 2: "bb"}


def test_labels_without_a_name_are_noted(tmp_path: Path) -> None:
    place = affine(MATRICES["upright"], (0.0, 0.0, 0.0), SHAPE)
    path = write_labels(tmp_path / "x.nii.gz", stripes([1, 2, 5]), place, {1: "a", 2: "b"})
    settings = MeasureSettings(
        **PLAIN,
        atlases=(),
        label_images=(LabelImageSettings(path=path, table=tmp_path / "labels.tsv", space=SPACE),),
    )
    run = write_bold(tmp_path, painted(stripes([1, 2, 5])), place)
    found = measure_session(tmp_path, session(run), settings)
    definition = found.definitions[correlations(found)[0]["definition"]]
    assert definition["settings"]["notes"] == ["labels without a name, not measured: 5"]
    assert {row["region"] for row in found.series} == {"a", "b"}
    np.testing.assert_allclose(correlations(found)[0]["upper"], [correlation(1, 2)], atol=1e-4)
