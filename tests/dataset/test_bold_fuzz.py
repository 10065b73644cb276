"""Whatever bytes an image holds: nibabel's values, or an InputError, soon and in little memory."""

from __future__ import annotations

import gzip
import logging
import random
import tracemalloc
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from dataset.mutations import N_INPUTS, damaged, each_survives
from dataset.synthetic_bold import AFFINE, bold_image, mask_image, write_confounds
from dataset.synthetic_bold import confounds as made_confounds
from dataset.test_fuzzed_readers import JSON, sound

from corticolimbic.dataset import (
    BoldRun,
    iter_volumes,
    read_bold_header,
    read_confounds,
    read_mask,
    scan,
    validate,
)
from corticolimbic.foundation import InputError

SHAPE = (4, 3, 5)
MEMORY = 48 * 2**20
"""More than an input may ever ask for: gzip of these sizes can hold no more than a few MiB."""


def _images() -> list[bytes]:
    values = np.random.default_rng(4).normal(500, 30, (*SHAPE, 6))
    made = [bold_image(values, AFFINE, kind).to_bytes() for kind in ("int16", "float32", "uint8", "float64")]
    swapped = nibabel.Nifti1Image(values.astype(">i2"), AFFINE, nibabel.Nifti1Header(endianness=">"))
    swapped.set_qform(AFFINE, code=1)
    swapped.header["pixdim"][4] = 2
    second = nibabel.Nifti2Image(values.astype("f4"), AFFINE)
    second.header["pixdim"][4] = 2
    return [*made, swapped.to_bytes(), second.to_bytes()]


IMAGES = _images()
NUMBERS = (0, 1, 2, 3, 4, 5, 7, 16, 255, 256, 348, 352, 540, 32767, -1, -32768, 2**31 - 1, -(2**31), 2**62)
REALS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 352.0, 353.5, 2000.0, 1e-40, 1e38, -1e38, np.nan, np.inf, -np.inf)


def _field(data: bytes, rng: random.Random) -> bytes:
    """Write a telling value into a field of the header, in its own type and byte order."""
    second = data[4:7] == b"n+2"
    kind = nibabel.Nifti2Header if second else nibabel.Nifti1Header
    size = 540 if second else 348
    if len(data) < size:
        return data
    header = np.frombuffer(data[:size], kind.template_dtype).copy()
    if header["sizeof_hdr"][0] not in (348, 540):
        header = np.frombuffer(data[:size], kind.template_dtype.newbyteorder(">")).copy()
    names = [name for name in header.dtype.names if name not in {"descrip", "aux_file", "db_name"}]
    likely = ["dim", "pixdim", "vox_offset", "datatype", "bitpix", "scl_slope", "scl_inter", "sform_code"]
    name = rng.choice(likely if rng.random() < 0.6 else names)
    cell = header[name].reshape(-1)
    place = 0 if rng.random() < 0.3 else rng.randrange(len(cell))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if cell.dtype.kind == "S":
            cell[place] = rng.choice([b"n+1", b"n+2", b"ni1", b"", b"\xff\xff"])
        elif cell.dtype.kind == "f":
            cell[place] = rng.choice(REALS)
        else:
            width = 8 * cell.dtype.itemsize
            number = rng.choice(NUMBERS) % 2**width
            signed = number - 2**width if cell.dtype.kind == "i" and number >= 2 ** (width - 1) else number
            cell[place] = signed
    header[name] = cell.reshape(header[name].shape)
    return header.tobytes() + data[size:]


def image(rng: random.Random) -> tuple[str, bytes]:
    """Return a suffix and bytes: a valid image after accidents to header, data or compression."""
    data = rng.choice(IMAGES)
    how = rng.random()
    if how < 0.65:
        for _ in range(rng.choice([1, 1, 2, 3])):
            data = _field(data, rng)
    elif how < 0.9:
        data = damaged([data], rng)
    if rng.random() < 0.3:
        data += bytes(rng.choice([0, 1, 3, 1000])) if rng.random() < 0.5 else b"\xff" * rng.randrange(600)
    if rng.random() < 0.5:
        return ".nii", data
    if rng.random() < 0.2:
        place = rng.randrange(len(data) + 1)
        data = gzip.compress(data[:place], 1) + gzip.compress(data[place:], 9)
    else:
        data = gzip.compress(data, 1)
    if rng.random() < 0.2:
        data = damaged([data], rng)
    return ".nii.gz", data


def test_images_survive_damage_and_what_is_read_is_what_nibabel_reads(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("nibabel.global"), "disabled", True)
    seen: Counter[str] = Counter()
    base = "sub-1_space-MNI152NLin6Asym_desc-preproc_bold"
    runs = {
        end: BoldRun("sub-1", "ses-1", "n/a", "n/a", "n/a", "MNI152NLin6Asym", base + end)
        for end in (".nii", ".nii.gz")
    }

    def use(made: tuple[str, bytes]) -> None:
        end, data = made
        run = runs[end]
        (memory / run.bold).write_bytes(data)
        header, parts = None, []
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        try:
            try:
                header = read_bold_header(memory, run)
            except InputError as error:
                if error.problem.code not in {"CL224", "CL225"}:
                    raise
            parts = [part for _, part in iter_volumes(memory, run, chunk=4)]
        except InputError as error:
            assert error.problem.file == run.bold
            assert error.problem.severity == "failed"
            sound((error.problem,))
            seen[error.problem.code] += 1
            return
        finally:
            assert tracemalloc.get_traced_memory()[1] - before < MEMORY
        seen["read"] += 1
        values = np.concatenate(parts, axis=3)
        if header is not None:
            sound(header.problems)
            assert values.shape == (*header.shape, header.n_volumes)
            assert values.dtype.name == header.dtype
            assert np.isfinite(header.affine).all() and abs(np.linalg.det(header.affine)) > 0
            assert 0.05 <= header.repetition_time <= 60
        agree(memory / run.bold, values, header)

    tracemalloc.start()
    try:
        each_survives("bold", image, use)
    finally:
        tracemalloc.stop()
    if N_INPUTS >= 2000:  # the damage reaches every kind of refusal, and leaves some images whole
        assert seen["read"] > N_INPUTS / 20
        missed = {"CL102", "CL218", "CL219", "CL220", "CL221", "CL222"} - set(seen)
        assert not missed, seen


def agree(path: Path, values: np.ndarray, header: Any) -> None:
    """Compare with nibabel, which reads the header as data where the offset says 0."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = nibabel.load(path)
        if other.dataobj.offset < 348:
            return
        theirs = np.asarray(other.dataobj, dtype=np.float64)
    np.testing.assert_array_equal(values, theirs.reshape(values.shape))
    if header is not None:
        np.testing.assert_array_equal(header.affine, other.affine)


def test_masks_survive_damage(memory: Path) -> None:
    inside = np.ones(SHAPE, dtype=bool)
    inside[0] = False
    valid = mask_image(inside, AFFINE).to_bytes()
    name = "sub-1_space-MNI152NLin6Asym_desc-"
    run = BoldRun(
        "sub-1", "ses-1", "n/a", "n/a", "n/a", "MNI152NLin6Asym", f"{name}preproc_bold.nii",
        mask=f"{name}brain_mask.nii",
    )  # fmt: skip
    (memory / run.bold).write_bytes(IMAGES[0])
    header = read_bold_header(memory, run)

    def make(rng: random.Random) -> bytes:
        return _field(valid, rng) if rng.random() < 0.6 else damaged([valid], rng)

    def use(data: bytes) -> None:
        (memory / str(run.mask)).write_bytes(data)
        try:
            mask = read_mask(memory, run, header)
        except InputError as error:
            assert error.problem.file == run.mask
            sound((error.problem,))
            return
        assert mask.dtype == bool
        assert mask.shape == SHAPE
        assert mask.any()

    each_survives("mask", make, use)


def test_confounds_survive_damage(memory: Path) -> None:
    run = BoldRun("sub-1", "ses-1", "n/a", "n/a", "n/a", "s", "x.nii", confounds="c.tsv")
    write_confounds(memory / "c.tsv", made_confounds(6, np.random.default_rng(0), n_components=1))
    whole = (memory / "c.tsv").read_bytes()
    small = b"framewise_displacement\tcsf\nn/a\t1\n0.1\t2\n0.25\t-2e3\n0.0\tinf\n1\t0\n2\tn/a\n"

    def use(data: bytes) -> None:
        (memory / "c.tsv").write_bytes(data)
        try:
            result = read_confounds(memory, run, 6)
        except InputError as error:
            assert error.problem.file == "c.tsv"
            sound((error.problem,))
            return
        sound(result.problems)
        assert len(result.table) == 6
        assert len(set(result.table.columns)) == len(result.table.columns)
        assert not np.isinf(result.table.to_numpy()).any()
        displacement = result.framewise_displacement
        assert displacement is None or not (displacement < 0).any()
        assert (displacement is None) == any(item.code == "CL205" for item in result.problems)

    each_survives("confounds", lambda rng: damaged((whole, small, small), rng), use)


_ENDS = (
    "_desc-preproc_bold.nii", "_desc-preproc_bold.nii.gz", "_bold.nii.gz", "_desc-brain_mask.nii",
    "_desc-confounds_timeseries.tsv", "_desc-confounds_regressors.tsv", "_desc-confounds_timeseries.json",
    "_bold.json", "_desc-preproc_bold.json", "_bold.dtseries.nii", "_hemi-L_bold.func.gii",
    "_desc-smoothAROMAnonaggr_bold.nii", "_desc-denoised_bold.nii", "_BOLD.NII.GZ", "_desc-_bold.nii",
)  # fmt: skip
_MIDDLES = (
    "", "_space-MNI152NLin2009cAsym", "_space-MNI152NLin6Asym", "_space-T1w", "_echo-2",
    "_space-MNI152NLin2009cAsym_res-2", "_echo-1_space-MNI152NLin2009cAsym", "_cohort-1",
    "_run-1_space-MNI152NLin6Asym", "_dir-AP_space-MNI152NLin6Asym", "_space-é", "_space-", "_space-x/y",
)  # fmt: skip


def test_trees_survive_any_names_and_damaged_files(memory: Path) -> None:
    trees = iter(range(10**9))

    def make(rng: random.Random) -> list[tuple[str, bytes]]:
        files = []
        for _ in range(rng.randrange(1, 9)):
            person = rng.choice(["sub-1", "sub-1", "sub-2", "sub-é", "task-rest"])
            name = f"{person}_task-rest{rng.choice(_MIDDLES)}{rng.choice(_ENDS)}".replace("/", "")
            folder = rng.choice(["", "sub-1/func/", "sub-1/func/", "sub-2/func/"])
            content = image(rng)[1] if ".nii" in name else damaged([*JSON, b"csf\n1\n2\n3\n4\n5\n6\n"], rng)
            files.append((folder + name, content))
        return files

    def use(files: list[tuple[str, bytes]]) -> None:
        root = memory / str(next(trees))
        for name, content in files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        found = scan(root)
        sound(found.problems)
        keys = {(run.participant_id, run.session_id, run.task, run.run, run.space) for run in found.runs}
        assert len(keys) == len(found.runs)
        for run in found.runs:
            assert isinstance(run, BoldRun)
            assert all((root / name).is_file() for name in run.files)
        assert bool(found.runs) != any(row.code == "CL802" for row in found.problems)
        sound(validate(root))

    each_survives("trees", make, use)
