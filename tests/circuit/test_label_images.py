"""Label images and their tables: read by key, bounded, refused when they are no parcellation."""

import csv
import gzip

import nibabel as nib
import numpy as np
import pytest
from nilearn.image import resample_img

from corticolimbic.circuit import atlas, label_image, read_label_table, region_weights
from corticolimbic.foundation import InputError, SettingsError

AFFINE = nib.affines.from_matvec(np.diag([-3.0, 3.0, 3.0]), [15.0, -15.0, -15.0])


def save(path, data, affine=AFFINE):
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


def picture():
    data = np.zeros((10, 10, 10), dtype=np.int16)
    data[2:4], data[5:6], data[7:9] = 3, 41, 7
    return data


def test_names_come_by_key_from_a_permuted_table_with_gaps(tmp_path):
    image = save(tmp_path / "space-MNI152NLin6Asym_dseg.nii.gz", picture().astype(np.float32))
    table = tmp_path / "dseg.tsv"
    table.write_text("name\tcolour\tindex\nc\tx\t7\na\tx\t3\nb\tx\t41\n")
    found = label_image(image, table)
    assert found.labels == {7: "c", 3: "a", 41: "b"}
    assert found.space == "MNI152NLin6Asym"
    weights = region_weights(found, (10, 10, 10), AFFINE, found.space)
    assert dict(zip(weights.names, weights.n_voxels.tolist(), strict=True)) == {"c": 200, "a": 200, "b": 100}


@pytest.mark.parametrize(
    ("name", "text", "labels"),
    [
        ("a.csv", "Region_Index,Region_Name\n7,x\n2,y\n", {7: "x", 2: "y"}),
        ("melbourne.txt", "aHIP-rh\npHIP-rh\nlAMY-rh\n", {1: "aHIP-rh", 2: "pHIP-rh", 3: "lAMY-rh"}),
        ("workbench.txt", "one\n5 1 2 3 255\ntwo\n2 1 2 3 255\n", {5: "one", 2: "two"}),
        ("bom.tsv", "\ufeffindex\tname\r\n1\tx\r\n", {1: "x"}),
    ],
)
def test_tables_of_every_kind_are_read_by_key(tmp_path, name, text, labels):
    path = tmp_path / name
    path.write_bytes(text.encode())
    assert read_label_table(path) == labels


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("index\tname\n1\ta\n1\tb\n", "index 1 twice"),
        ("index\tname\n1\ta\n2\ta\n", "label name 'a' twice"),
        ("index\tname\n1.5\ta\n", "no whole number"),
        ("index\tname\n-2\ta\n", "below zero"),
        ("number\ttitle\n1\ta\n", "no columns index and name"),
    ],
)
def test_ambiguous_tables_are_refused(tmp_path, text, found):
    path = tmp_path / "labels.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=found) as error:
        read_label_table(path)
    assert error.value.problem.code == "CL403"


def test_values_without_a_name_are_listed_and_not_measured(tmp_path):
    image = save(tmp_path / "x.nii", picture())
    table = tmp_path / "x.tsv"
    table.write_text("index\tname\n3\ta\n")
    found = label_image(image, table, space="here")
    assert found.unnamed == (7, 41)
    assert region_weights(found, (10, 10, 10), AFFINE, "here").names == ("a",)


def test_table_and_atlas_must_agree(tmp_path):
    image = save(tmp_path / "x.nii", picture())
    table = tmp_path / "x.tsv"
    table.write_text("index\tname\n1\taHIP-lh\n")
    with pytest.raises(InputError, match="only one of table and atlas"):
        label_image(image, table, atlas="TianS2")
    with pytest.raises(SettingsError, match="by a table or by an atlas"):
        label_image(image)
    assert label_image(image, atlas="TianS2").space == atlas("TianS2").space


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("Tian_Subcortex_S2_3T_2009cAsym.nii.gz", "MNI152NLin2009cAsym"),
        ("Schaefer_S2_MNI152NLin6Asym_2mm.nii.gz", "MNI152NLin6Asym"),
        ("Schaefer_S2_3T_MNI152NLin2009cAsym_2mm.nii.gz", "MNI152NLin2009cAsym"),
        ("sub-1_space-T1w_dseg.nii.gz", "T1w"),
        ("Tian_Subcortex_S2_3T_1mm.nii.gz", "MNI152NLin6Asym"),
    ],
)
def test_the_space_is_read_from_the_name_and_else_from_the_atlas(tmp_path, name, space):
    image = save(tmp_path / name, picture())
    assert label_image(image, atlas="TianS2").space == space
    assert label_image(image, atlas="TianS2", space="said").space == "said"


def test_probabilities_need_a_threshold_and_give_the_most_probable_label(tmp_path):
    data = np.zeros((4, 4, 4, 3), dtype=np.uint8)
    data[0, ..., 0], data[0, ..., 1] = 40, 60
    data[1, ..., 2] = 20
    data[2, ..., 1], data[2, ..., 2] = 50, 50
    image = save(tmp_path / "p.nii.gz", data)
    table = tmp_path / "p.csv"
    table.write_text("index,name\n0,a\n1,b\n2,c\n")
    with pytest.raises(InputError, match="without a threshold"):
        label_image(image, table)
    found = label_image(image, table, threshold=25)
    assert found.labels == {1: "a", 2: "b", 3: "c"}
    assert [int(found.data[x, 0, 0]) for x in range(4)] == [2, 0, 2, 0]


@pytest.mark.parametrize("fault", ["fraction", "nan", "negative", "affine", "five", "text", "cut", "absent"])
def test_a_file_that_is_no_parcellation_is_refused(tmp_path, fault):
    data, affine, path = picture().astype(np.float32), AFFINE.copy(), tmp_path / "x.nii.gz"
    if fault == "fraction":
        data[0, 0, 0] = 0.5
    elif fault == "nan":
        data[0, 0, 0] = np.nan
    elif fault == "negative":
        data[0, 0, 0] = -1
    elif fault == "five":
        data = np.zeros((2, 2, 2, 2, 2), dtype=np.float32)
    image = nib.Nifti1Image(data, affine)
    if fault == "affine":
        image.header.set_sform(np.zeros((4, 4)), code=1)
        image = nib.Nifti1Image(data, None, image.header)
        image.header["sform_code"], image.header["srow_x"] = 1, 0
        path = tmp_path / "x.nii"
        image.to_filename(path)
    elif fault != "absent":
        nib.save(image, path)
    if fault == "text":
        path.write_bytes(gzip.compress(b"no image at all"))
    elif fault == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError) as error:
        label_image(path, atlas="TianS2")
    code = {"cut": "CL102", "absent": "CL101"}.get(fault, "CL403")
    assert error.value.problem.code == code


COARSE = (60, 72, 60)
MELBOURNE = "atlases/melbourne-subcortex/"
TIAN = MELBOURNE + "Tian_Subcortex_"
SCHAEFER = MELBOURNE + "Schaefer2018_{}Parcels_7Networks_order_Tian_Subcortex_S2_"
REAL = [
    ("MIST122", "rpn/space-MNI152NLin6Asym_seg-MIST122_dseg.nii.gz", "rpn/seg-MIST122_dseg.tsv"),
    ("CIT168", "atlases/cit168/CIT168_subcortex.nii.gz", "atlases/cit168/CIT168_subcortex_lookup.csv"),
]
REAL += [
    (f"Tian{scale}", f"{TIAN}{scale}_3T_{file}.nii.gz", f"{TIAN}{scale}_3T_label.txt")
    for scale in ("S2", "S4")
    for file in ("1mm", "2009cAsym")
]
REAL += [
    (f"Schaefer{n}TianS2", SCHAEFER.format(n) + file, SCHAEFER.format(n) + "label.txt")
    for n in (100, 400)
    for file in ("MNI152NLin6Asym_2mm.nii.gz", "3T_MNI152NLin2009cAsym_2mm.nii.gz")
]


@pytest.mark.parametrize(("name", "image", "table"), REAL)
def test_a_phantom_of_numbers_arrives_under_its_own_names(shared_data, name, image, table):
    """Each voxel holds its label's number; the expected names come from the shared files alone."""
    file = nib.load(shared_data / image)
    numbers = np.asarray(file.dataobj)
    expected = expected_labels(shared_data / table)
    labels = label_image(shared_data / image, shared_data / table, atlas=name)
    assert not labels.unnamed
    coarse = nib.affines.from_matvec(np.diag([3.0, 3.0, 3.0]), [-90.0, -126.0, -72.0])
    grid = {"interpolation": "nearest", "force_resample": True, "copy_header": True}
    sampled = np.asarray(resample_img(file, coarse, COARSE, **grid).dataobj)
    for phantom, affine in [(numbers, file.affine), (sampled, coarse)]:
        shape = phantom.shape
        found = region_weights(labels, shape, affine, labels.space)
        means = found.means(phantom.reshape(-1, 1).astype(np.float64))[:, 0]
        arrived = dict(zip(found.names, means, strict=True))
        assert set(arrived) == set(expected)
        there = {label: value for label, value in arrived.items() if np.isfinite(value)}
        assert len(there) >= 0.9 * len(expected)
        np.testing.assert_allclose(
            [there[label] for label in sorted(there)], [expected[label] for label in sorted(there)], atol=1e-9
        )
        lost = [label for label in arrived if label not in there]
        assert (found.coverage[[found.names.index(label) for label in lost]] == 0).all()


def expected_labels(path):
    if path.suffix == ".txt":
        lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
        if len(lines[1].split()) == 5:
            return {name: int(line.split()[0]) for name, line in zip(lines[::2], lines[1::2], strict=True)}
        return {name: number for number, name in enumerate(lines, start=1)}
    with path.open(encoding="utf-8-sig") as stream:
        rows = list(csv.reader(stream, delimiter="," if path.suffix == ".csv" else "\t"))
    names = [cell.casefold() for cell in rows[0]]
    index = names.index("index") if "index" in names else names.index("region_index")
    name = names.index("name") if "name" in names else names.index("region_name")
    return {row[name]: int(row[index]) for row in rows[1:]}


@pytest.mark.slow
def test_harvard_oxford_is_read_from_its_probabilities(shared_data):
    folder = shared_data / "atlases/harvard-oxford"
    labels = label_image(
        folder / "atlas_harvard_oxford.nii.gz",
        folder / "labels_harvard_oxford.csv",
        atlas="HarvardOxford",
        threshold=25,
    )
    found = region_weights(labels, labels.data.shape, labels.affine, "MNI152NLin6Asym")
    means = found.means(labels.data.reshape(-1, 1).astype(np.float64))[:, 0]
    nodes = {node.name: node for node in atlas("HarvardOxford").nodes}
    assert set(found.names) == set(nodes)
    for label, value in zip(found.names, means, strict=True):
        assert np.isnan(value) or value == pytest.approx(nodes[label].index)
    assert np.isfinite(means).sum() >= 110
    indices = np.argwhere(labels.data == nodes["Right_Accumbens"].index)
    centre = nib.affines.apply_affine(labels.affine, indices).mean(axis=0)
    np.testing.assert_allclose(centre, [10, 12, -7], atol=2)
