"""CIFTI runs through `measure_session`: cleaned as volumes are, refused with words, bounded in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from dataset.synthetic_bold import confounds, write_confounds
from dataset.synthetic_cifti import (
    STRUCTURES,
    VERTICES,
    Axis,
    brain_axis,
    noise,
    write_cifti_tree,
    write_dlabel,
)
from measure.bold_phantom import write_bold
from nibabel import cifti2

from corticolimbic.circuit import atlas
from corticolimbic.dataset import CiftiRun, DatasetSettings, SessionFiles, scan
from corticolimbic.features import schema
from corticolimbic.measure import LabelImageSettings, MeasuredSession, MeasureSettings, measure_session

T = 90
ASKED = DatasetSettings(spaces=("fsLR",))
OWN = MeasureSettings(atlases=("CiftiStructures",), statistics=("pearson",))


def measured(root: Path, settings: MeasureSettings = OWN, **more: Any) -> MeasuredSession:
    (session,) = scan(root, ASKED).sessions
    found = measure_session(root, session, settings, **more)
    for table in ("features", "series", "matrices"):
        schema(table).table(getattr(found, table))
    return found


def tree(
    root: Path, axis: Axis | None = None, change: Callable[[np.ndarray, Axis], None] | None = None
) -> Path:
    axis = axis or brain_axis()
    values = noise(axis, T, np.random.default_rng(7))
    if change is not None:
        change(values, axis)
    return write_cifti_tree(
        root, ["01"], T, np.random.default_rng(1), axis=axis, signal=lambda *_: values, head_motion=0.02
    )


def failed(found: MeasuredSession) -> list[tuple[str, str]]:
    return [(item.code, item.found) for item in found.problems if item.severity == "failed"]


@pytest.mark.parametrize("strategy", ["simple", "scrubbing", "compcor", "none"])
def test_series_are_those_of_an_image_with_the_same_values(tmp_path: Path, strategy: str) -> None:
    """Each grayordinate becomes a voxel: labels, confounds, censoring and the rest are another path's."""
    axis = brain_axis()
    values = noise(axis, T, np.random.default_rng(7))
    root = tree(tmp_path / "cifti", axis)
    table = confounds(T, np.random.default_rng(9), head_motion=0.06)
    write_confounds(root / "sub-01/func/sub-01_task-rest_desc-confounds_timeseries.tsv", table)
    grid, place = (len(axis), 1, 1), np.diag([2.0, 2, 2, 1])
    other = tmp_path / "volumes"
    run = write_bold(other, values.T.reshape(*grid, T), place, mask=np.ones(grid, dtype=bool), table=table)
    labels = [STRUCTURES.index(name.removeprefix("CIFTI_STRUCTURE_")) + 1 for name in axis.name]
    nibabel.save(
        nibabel.Nifti1Image(np.array(labels, dtype=np.int16).reshape(grid), place), other / "labels.nii"
    )
    names = "".join(f"{number}\t{name}\n" for number, name in enumerate(STRUCTURES, start=1))
    (other / "labels.tsv").write_text("index\tname\n" + names, encoding="utf-8")
    image = LabelImageSettings(path=other / "labels.nii", table=other / "labels.tsv", space=run.space)
    more = {"statistics": ("pearson",), "strategy": strategy, "fd_threshold": 0.5}
    theirs = measure_session(
        other,
        SessionFiles("sub-01", "ses-none", (run,)),
        MeasureSettings(atlases=(), label_images=(image,), **more),
    )
    ours = measured(root, MeasureSettings(atlases=("CiftiStructures",), **more))
    assert failed(ours) == failed(theirs) == []
    expected = {row["region"]: row for row in theirs.series}
    assert len(ours.series) == len(STRUCTURES)
    for row in ours.series:
        np.testing.assert_allclose(row["values"], expected[row["region"]]["values"], atol=2e-6)
        assert row["coverage"] == expected[row["region"]]["coverage"] == 1
    quality = ("n_volumes", "dof", "mean_fd")
    (first, *_), (second, *_) = ours.features, theirs.features
    assert [first[name] for name in quality] == [second[name] for name in quality]
    if strategy != "none":
        assert first["n_volumes"] < T


def test_edges_of_the_circuit_come_with_their_grayordinates(tmp_path: Path) -> None:
    root = tree(tmp_path)
    found = measured(root)
    assert found.problems == []
    edges = {row["target"]: row for row in found.features if row["measure"] == "fc"}
    assert set(edges) == {"Amy--NAc", "Amy--Hip", "Hip--NAc"}
    row = edges["Amy--NAc"]
    assert (row["atlas"], row["space"], row["strategy"]) == (
        "CiftiStructures",
        "fsLR",
        "simple, FD <= 0.5 mm",
    )
    assert (row["n_voxels"], row["coverage"], row["qc"]) == (9, 1.0, "ok")
    assert np.isfinite(row["value"])
    assert {row["measure"] for row in found.features} > {"fc", "alff", "falff", "mean_fd"}
    (definition,) = (item for key, item in found.definitions.items() if key == row["definition"])
    assert definition["settings"]["density"] == "91k"


def test_a_structure_that_is_absent_makes_nan_with_the_reason(tmp_path: Path) -> None:
    axis = brain_axis([name for name in STRUCTURES if not name.startswith("ACCUMBENS")])
    found = measured(tree(tmp_path, axis))
    edges = {row["target"]: row for row in found.features if row["measure"] == "fc"}
    assert np.isnan(edges["Amy--NAc"]["value"])
    assert edges["Amy--NAc"]["qc"] == "no signal in NAc"
    assert edges["Amy--NAc"]["coverage"] == 0
    assert edges["Amy--Hip"]["qc"] == "ok"
    (note,) = found.problems
    assert (note.code, "ACCUMBENS_LEFT, ACCUMBENS_RIGHT" in note.found) == ("CL203", True)


def test_a_structure_that_is_hardly_covered_makes_nan_with_the_reason(tmp_path: Path) -> None:
    def flatten(values: np.ndarray, axis: Axis) -> None:
        for side, count in (("LEFT", 5), ("RIGHT", 6)):
            values[:, np.flatnonzero(axis.name == f"CIFTI_STRUCTURE_AMYGDALA_{side}")[:count]] = 1000.0

    found = measured(tree(tmp_path, change=flatten))
    edges = {row["target"]: row for row in found.features if row["measure"] == "fc"}
    assert np.isnan(edges["Amy--Hip"]["value"])
    assert edges["Amy--Hip"]["qc"] == "coverage of Amy is 0.27, below 0.5"
    assert [item.code for item in found.problems] == ["CL238"]


class TestAtlases:
    def labels(self, path: Path, axis: Axis) -> LabelImageSettings:
        keys = np.where(np.char.find(axis.name.astype(str), "CORTEX") >= 0, 3, 8)
        keys[::7] = 0
        write_dlabel(path, keys, axis, {3: "cortex", 8: "below"})
        return LabelImageSettings(path=path)

    def test_dense_labels_are_measured_in_the_same_pass(self, tmp_path: Path) -> None:
        root = tree(tmp_path / "data")
        image = self.labels(tmp_path / "atlas-Mine_space-fsLR.dlabel.nii", brain_axis(STRUCTURES[::-1]))
        settings = MeasureSettings(
            atlases=("CiftiStructures",), label_images=(image,), statistics=("pearson",), circuit_edges=False
        )
        found = measured(root, settings)
        assert failed(found) == []
        assert {row["atlas"] for row in found.series} == {"CiftiStructures", "Mine"}
        mine = [row for row in found.series if row["atlas"] == "Mine"]
        assert [row["region"] for row in mine] == ["cortex", "below"]

    def test_dense_labels_of_a_known_atlas_make_up_the_circuits_regions(self, tmp_path: Path) -> None:
        axis, known, rng = brain_axis(), atlas("TianS2"), np.random.default_rng(3)
        names = {node.index: node.name for node in known.nodes if node.index is not None}
        keys = rng.permutation(np.resize(list(names), len(axis)))
        path = tmp_path / "x_space-fsLR.dlabel.nii"
        write_dlabel(path, keys, axis, names)
        settings = MeasureSettings(
            atlases=(),
            label_images=(LabelImageSettings(path=path, atlas="TianS2"),),
            statistics=("pearson",),
            strategy="none",
            fd_threshold=None,
        )
        root = tree(tmp_path / "data", axis)
        found = measured(root, settings)
        assert failed(found) == []
        edges = {row["target"]: row for row in found.features if row["measure"] == "fc"}
        (run,) = scan(root, ASKED).runs
        stored = nibabel.load(root / run.bold).get_fdata()
        ends = []
        for region in ("Amy", "NAc"):
            nodes = [
                stored[:, keys == known.node(name).index].mean(axis=1) for name in known.members()[region]
            ]
            ends.append(np.mean([(node - node.mean()) / node.std() for node in nodes], axis=0))
        np.testing.assert_allclose(edges["Amy--NAc"]["value"], np.corrcoef(ends)[0, 1], atol=1e-10)
        assert {row["atlas"] for row in found.series} == {"TianS2"}

    def test_what_is_for_volumes_is_named_and_the_rest_is_measured(self, tmp_path: Path) -> None:
        settings = MeasureSettings(atlases=("coordinates", "CiftiStructures"), statistics=("pearson",))
        found = measured(tree(tmp_path), settings)
        (note,) = found.problems
        assert (note.code, note.severity) == ("CL251", "info")
        assert note.found == "a run of grayordinates; for volumes: coordinates"
        assert found.n_runs == 1

    def test_spheres_alone_are_cl253_with_the_setting(self, tmp_path: Path) -> None:
        found = measured(tree(tmp_path), MeasureSettings())
        (note,) = found.problems
        assert note.code == "CL253"
        assert "CiftiStructures" in note.remedy
        assert found.n_runs == 0 and not found.features

    def test_volumes_cannot_be_measured_by_structures(self, tmp_path: Path) -> None:
        values = 1000 + np.random.default_rng(1).normal(0, 10, (4, 4, 4, T))
        run = write_bold(tmp_path, values, np.diag([4.0, 4, 4, 1]), mask=np.ones((4, 4, 4), dtype=bool))
        settings = MeasureSettings(atlases=("CiftiStructures",), strategy="none", fd_threshold=None)
        found = measure_session(tmp_path, SessionFiles("sub-01", "ses-none", (run,)), settings)
        assert [item.code for item in found.problems] == ["CL253"]

    def test_labels_of_another_density_are_cl252_and_the_rest_is_measured(self, tmp_path: Path) -> None:
        axis = brain_axis(vertices={name: 80 for name in VERTICES})
        image = self.labels(tmp_path / "x.dlabel.nii", axis)
        settings = MeasureSettings(
            atlases=("CiftiStructures",), label_images=(image,), statistics=("pearson",)
        )
        found = measured(tree(tmp_path / "data"), settings)
        assert [code for code, _ in failed(found)] == ["CL252"]
        assert found.n_runs == 1

    def test_a_threshold_belongs_to_probabilities(self, tmp_path: Path) -> None:
        image = self.labels(tmp_path / "x.dlabel.nii", brain_axis()).model_copy(update={"threshold": 0.5})
        from corticolimbic.foundation import SettingsError

        with pytest.raises(SettingsError, match="threshold"):
            measured(tree(tmp_path / "data"), MeasureSettings(label_images=(image,)))


def test_ica_aroma_has_no_cifti_file(tmp_path: Path) -> None:
    settings = MeasureSettings(atlases=("CiftiStructures",), strategy="ica_aroma")
    (code, found), *rest = failed(measured(tree(tmp_path), settings))
    assert (code, rest) == ("CL236", [])
    assert "CIFTI" in found


@pytest.mark.slow
def test_a_run_of_full_size_in_little_memory(tmp_path: Path) -> None:
    """91,282 grayordinates by 300 volumes: seconds and memory of a process of its own."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of memory is read from /proc")
    axis = _full_axis()
    assert len(axis) == 91_282
    rng = np.random.default_rng(3)
    values = (1000 + 10 * rng.standard_normal((300, len(axis)))).astype(np.float32)
    root = write_cifti_tree(
        tmp_path, ["01"], 300, np.random.default_rng(1), axis=axis, signal=lambda *_: values
    )
    (run,) = scan(root, ASKED).runs
    assert isinstance(run, CiftiRun)
    assert (root / run.bold).stat().st_size > 300 * 91_282 * 4
    code = (
        "import sys, time; from pathlib import Path\n"
        "from corticolimbic.dataset import DatasetSettings, scan\n"
        "from corticolimbic.measure import MeasureSettings, measure_session\n"
        "def mib(key):\n"
        "    rows = Path('/proc/self/status').read_text().splitlines()\n"
        "    return int(next(row for row in rows if row.startswith(key)).split()[1]) / 1024\n"
        "root = Path(sys.argv[1])\n"
        "(session,) = scan(root, DatasetSettings(spaces=('fsLR',))).sessions\n"
        "settings = MeasureSettings(atlases=('CiftiStructures',), statistics=('pearson',))\n"
        "import scipy.sparse, nibabel.cifti2, pandas, sklearn.covariance, nilearn.interfaces.fmriprep\n"
        "before, start = mib('VmRSS'), time.process_time()\n"
        "found = measure_session(root, session, settings)\n"
        "assert found.n_runs == 1 and not found.problems, found.problems\n"
        "print(time.process_time() - start, before, mib('VmHWM'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    seconds, before, most = map(float, done.stdout.split())
    print(f"\n91,282 x 300: {seconds:.2f} CPU seconds, {before:.0f} MiB before, {most:.0f} MiB at most")
    assert seconds < 10
    assert most - before < 150


def _full_axis() -> Axis:
    """Return brain models of the sizes of the 91k standard."""
    rng = np.random.default_rng(1)
    axis = None
    for name, count in (("CORTEX_LEFT", 29_696), ("CORTEX_RIGHT", 29_716)):
        used = np.sort(rng.permutation(32_492)[:count])
        piece = Axis.from_surface(used, 32_492, name=f"CIFTI_STRUCTURE_{name}")
        axis = piece if axis is None else axis + piece
    counts = {
        "ACCUMBENS_LEFT": 135, "ACCUMBENS_RIGHT": 140, "AMYGDALA_LEFT": 315, "AMYGDALA_RIGHT": 332,
        "BRAIN_STEM": 3472, "CAUDATE_LEFT": 728, "CAUDATE_RIGHT": 755, "CEREBELLUM_LEFT": 8709,
        "CEREBELLUM_RIGHT": 9144, "DIENCEPHALON_VENTRAL_LEFT": 706, "DIENCEPHALON_VENTRAL_RIGHT": 712,
        "HIPPOCAMPUS_LEFT": 764, "HIPPOCAMPUS_RIGHT": 795, "PALLIDUM_LEFT": 297, "PALLIDUM_RIGHT": 260,
        "PUTAMEN_LEFT": 1060, "PUTAMEN_RIGHT": 1010, "THALAMUS_LEFT": 1288, "THALAMUS_RIGHT": 1248,
    }  # fmt: skip
    grid, place = (91, 109, 91), np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
    taken, start = rng.permutation(int(np.prod(grid))), 0
    for name, count in counts.items():
        voxels = np.stack(np.unravel_index(np.sort(taken[start : start + count]), grid), axis=1)
        start += count
        names = np.array([f"CIFTI_STRUCTURE_{name}"] * count, dtype=object)
        axis = axis + Axis(names, voxel=voxels, affine=place, volume_shape=grid)
    assert isinstance(axis, cifti2.BrainModelAxis)
    return axis
