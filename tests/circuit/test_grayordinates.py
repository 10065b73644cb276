"""Parcellations of grayordinates: found by structure and index, refused on another mesh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic_cifti import (
    GRID,
    PLACE,
    STRUCTURES,
    VERTICES,
    Axis,
    brain_axis,
    noise,
    write_dlabel,
    write_dtseries,
)

from corticolimbic.circuit import (
    Atlas,
    BrainModel,
    Grayordinates,
    Mapping,
    Node,
    atlas,
    grayordinate_labels,
    grayordinate_weights,
    measurable_edges,
    missing_regions,
)
from corticolimbic.foundation import InputError, SettingsError, SpaceMismatchError

OWN = atlas("CiftiStructures")


def grayordinates(path: Path, axis: Axis | None = None) -> Grayordinates:
    """Return those of a file with these brain models."""
    axis = axis or brain_axis()
    write_dlabel(path, np.zeros(len(axis)), axis, {})
    return grayordinate_labels(path).grayordinates


class TestOwnStructures:
    def test_regions_that_are_a_structure_are_measured_on_both_sides(self) -> None:
        members = OWN.members()
        assert members["NAc"] == ("ACCUMBENS_LEFT", "ACCUMBENS_RIGHT")
        for region, name in (
            ("NAc", "ACCUMBENS"), ("Amy", "AMYGDALA"), ("Hip", "HIPPOCAMPUS"), ("Thal", "THALAMUS"),
            ("Caudate", "CAUDATE"), ("Putamen", "PUTAMEN"),
        ):  # fmt: skip
            assert members[f"{region}_L"] == (f"{name}_LEFT",)
            assert members[f"{region}_R"] == (f"{name}_RIGHT",)
            assert OWN.relation(region) == "equal"
        assert OWN.relation("Striatum") == "part"

    def test_whatever_a_structure_only_contains_is_not_measured_and_nothing_stands_in(self) -> None:
        for region in ("VTA", "SNcPBPVTA", "Hypothalamus", "VentralPallidum", "mPFC", "Ins", "S1"):
            assert OWN.relation(region) == "contains"
            assert region not in OWN.members()
        nodes = {row.node for row in OWN.mappings if row.region == "VTA"}
        assert nodes == {"BRAIN_STEM", "DIENCEPHALON_VENTRAL_LEFT", "DIENCEPHALON_VENTRAL_RIGHT"}
        for edge in measurable_edges(OWN):
            assert not edge.stands_in_for
        assert {"VTA", "PAG", "RVM", "mPFC"} <= set(missing_regions(OWN))

    def test_names_are_those_of_the_standard(self) -> None:
        from nibabel.cifti2.cifti2 import CIFTI_BRAIN_STRUCTURES

        for node in OWN.nodes:
            assert f"CIFTI_STRUCTURE_{node.name}" in CIFTI_BRAIN_STRUCTURES
            assert node.side == {"LEFT": "L", "RIGHT": "R"}.get(node.name.rpartition("_")[2], "B")

    def test_an_atlas_without_structures_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="baliki2012"):
            grayordinate_weights(atlas("baliki2012"), grayordinates(tmp_path / "a.dlabel.nii"), "fsLR")


class TestLabels:
    def test_names_and_keys_are_the_files(self, tmp_path: Path) -> None:
        axis = brain_axis()
        keys = np.random.default_rng(1).choice([0, 5, 900], size=len(axis))
        write_dlabel(tmp_path / "Some.32k_fs_LR.dlabel.nii", keys, axis, {900: "b", 5: "ä", 7: "unused"})
        found = grayordinate_labels(tmp_path / "Some.32k_fs_LR.dlabel.nii")
        assert found.labels == {900: "b", 5: "ä", 7: "unused"}
        assert (found.space, found.unnamed) == ("fsLR", ())
        np.testing.assert_array_equal(found.values, keys)

    def test_a_table_gives_other_names(self, tmp_path: Path) -> None:
        axis = brain_axis()
        write_dlabel(tmp_path / "x.dlabel.nii", np.full(len(axis), 5), axis, {5: "five"})
        (tmp_path / "x.tsv").write_text("index\tname\n5\tNAc\n", encoding="utf-8")
        found = grayordinate_labels(tmp_path / "x.dlabel.nii", tmp_path / "x.tsv")
        assert (found.labels, found.space) == ({5: "NAc"}, "")

    def test_with_an_atlas_key_and_name_must_be_its_own(self, tmp_path: Path) -> None:
        axis, known = brain_axis(), Atlas("a", "labels", "s", ("s",), (Node("x", "L", 1),), ())
        write_dlabel(tmp_path / "x.dlabel.nii", np.ones(len(axis)), axis, {1: "x"})
        assert grayordinate_labels(tmp_path / "x.dlabel.nii", atlas=known).labels == {1: "x"}
        for names, said in (({1: "y"}, "label 1 is 'y'"), ({2: "x"}, "label 2 is 'x'")):
            write_dlabel(tmp_path / "x.dlabel.nii", np.ones(len(axis)), axis, names)
            with pytest.raises(InputError, match=said):
                grayordinate_labels(tmp_path / "x.dlabel.nii", atlas=known)

    def test_several_maps_fractions_and_series_are_no_parcellation(self, tmp_path: Path) -> None:
        axis, path = brain_axis(), tmp_path / "x.dlabel.nii"
        write_dlabel(path, np.ones((2, len(axis))), axis, {1: "x"})
        with pytest.raises(InputError, match=r"CL403.*2 maps"):
            grayordinate_labels(path)
        write_dlabel(path, np.full(len(axis), 1.5), axis, {1: "x"})
        with pytest.raises(InputError, match=r"CL403.*whole numbers"):
            grayordinate_labels(path)
        write_dlabel(path, np.ones(len(axis)), axis, {1: "x", 2: "x"})
        with pytest.raises(InputError, match=r"CL403.*twice"):
            grayordinate_labels(path)
        write_dtseries(path, noise(axis, 3, np.random.default_rng(1)), axis)
        with pytest.raises(InputError, match=r"CL403.*a series"):
            grayordinate_labels(path)

    def test_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="CL101"):
            grayordinate_labels(tmp_path / "absent.dlabel.nii")
        with pytest.raises(InputError, match="CL101"):
            grayordinate_labels(tmp_path)
        (tmp_path / "x.dlabel.nii").write_bytes(b"/annex/objects/x")
        with pytest.raises(InputError, match="CL248"):
            grayordinate_labels(tmp_path / "x.dlabel.nii")


class TestOtherMeshes:
    def test_surfaces_of_another_density_are_cl252(self, tmp_path: Path) -> None:
        data = grayordinates(tmp_path / "data.dlabel.nii")
        axis = brain_axis(vertices={name: 80 for name in VERTICES})
        write_dlabel(tmp_path / "x.dlabel.nii", np.ones(len(axis)), axis, {1: "a"})
        with pytest.raises(SpaceMismatchError, match=r"CL252.*80 vertices, data with 60"):
            grayordinate_weights(grayordinate_labels(tmp_path / "x.dlabel.nii"), data, "fsLR")

    def test_voxels_off_the_grid_are_cl252_and_a_shifted_grid_is_the_same_place(self, tmp_path: Path) -> None:
        data = grayordinates(tmp_path / "data.dlabel.nii")
        names = [name for name in STRUCTURES if name not in VERTICES]

        def coverage(place: np.ndarray, grid: tuple[int, int, int]) -> np.ndarray:
            axis = brain_axis(names, place=place, grid=grid)
            keys = np.ones(len(axis))
            write_dlabel(tmp_path / "x.dlabel.nii", keys, axis, {1: "all"})
            return grayordinate_weights(grayordinate_labels(tmp_path / "x.dlabel.nii"), data, "fsLR").coverage

        assert coverage(PLACE, (20, 20, 20)) == 1
        off = PLACE.copy()
        off[1, 3] += 0.7
        with pytest.raises(SpaceMismatchError, match=r"CL252.*0.35 voxels off"):
            coverage(off, GRID)
        moved = PLACE.copy()
        moved[1, 3] += 2 * len(GRID) * 10  # every voxel lies outside the data's grid
        assert coverage(moved, GRID) == 0

    def test_a_named_space_must_be_the_datas_or_allowed(self, tmp_path: Path) -> None:
        data = grayordinates(tmp_path / "data.dlabel.nii")
        labels = replace(
            grayordinate_labels(tmp_path / "data.dlabel.nii"), space="fsaverage", labels={1: "a"}
        )
        with pytest.raises(SpaceMismatchError, match="CL402"):
            grayordinate_weights(labels, data, "fsLR")
        allowed = grayordinate_weights(labels, data, "fsLR", allow_space_mismatch=("fsaverage",))
        assert "as allowed" in allowed.notes[0]


class TestIdentity:
    def model(self, indices: list[int], first: int = 0, structure: str = "CORTEX_LEFT") -> BrainModel:
        return BrainModel(structure, "surface", first, np.array(indices).reshape(-1, 1), 10)

    def test_find_is_the_inverse_of_taking_rows(self, tmp_path: Path) -> None:
        axis = brain_axis()
        rng = np.random.default_rng(4)
        parts = [rng.permutation(np.flatnonzero(axis.name == name)) for name in np.unique(axis.name)]
        order = np.concatenate([part[: len(part) // 2 + 1] for part in parts])
        data, some = (
            grayordinates(tmp_path / "a.dlabel.nii"),
            grayordinates(tmp_path / "b.dlabel.nii", axis[order]),
        )
        np.testing.assert_array_equal(data.find(some), order)
        back = some.find(data)
        assert (back[order] == np.arange(len(order))).all()
        assert (np.delete(back, order) == -1).all()

    def test_rows_are_covered_once(self) -> None:
        for models in (
            (self.model([1, 2]), self.model([3], first=1)),
            (self.model([1, 2]), self.model([2], first=2)),
            (self.model([10]),),
        ):
            with pytest.raises(InputError, match="CL249"):
                Grayordinates(models)
        same = Grayordinates((self.model([1, 2]), self.model([2], first=2, structure="CORTEX_RIGHT")))
        assert same.size == 3

    def test_the_hash_follows_identity(self) -> None:
        one, other = Grayordinates((self.model([1, 2]),)), Grayordinates((self.model([1, 3]),))
        assert one.hash == Grayordinates((self.model([1, 2]),)).hash != other.hash

    def test_no_models_are_no_grayordinates(self) -> None:
        assert Grayordinates(()).size == 0
        weights = grayordinate_weights(OWN, Grayordinates(()), "fsLR")
        assert (weights.coverage == 0).all()


def test_maps_of_own_atlases_may_name_any_structure() -> None:
    made = Atlas(
        "x", "structures", "fsLR", (), (Node("OTHER", "B"),), (Mapping("NAc", "OTHER", "equal", "", "s"),)
    )
    model = BrainModel("OTHER", "surface", 0, np.array([[0], [1]]), 2)
    weights = grayordinate_weights(made, Grayordinates((model,)), "fsLR")
    assert weights.n_voxels.tolist() == [2]
