"""Whatever bytes a CIFTI file holds: nibabel's values, or an InputError, soon and in little memory."""

from __future__ import annotations

import logging
import random
import struct
import tracemalloc
from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
import pytest
from dataset import mutations
from dataset.mutations import damaged, each_survives
from dataset.synthetic_cifti import brain_axis, noise, series_image, write_dlabel
from dataset.test_fuzzed_readers import sound

from corticolimbic.circuit import grayordinate_labels
from corticolimbic.dataset import (
    BoldRun,
    CiftiRun,
    DatasetSettings,
    iter_grayordinates,
    read_cifti_header,
    scan,
    validate,
)
from corticolimbic.foundation import InputError

RUN = CiftiRun("sub-1", "ses-1", "n/a", "n/a", "n/a", "fsLR", "sub-1_space-fsLR_bold.dtseries.nii")
MEMORY = 32 * 2**20
INPUTS = mutations.N_INPUTS // 16
"""Parsing XML takes its time."""
_AXIS = brain_axis(("CORTEX_LEFT", "AMYGDALA_LEFT", "BRAIN_STEM"))
_WHOLE = series_image(noise(_AXIS, 4, np.random.default_rng(1)), _AXIS).to_bytes()
_WORDS = (
    (b'IndexCount="', 6), (b'IndexOffset="', 6), (b'Vertices="', 6), (b'Exponent="', 6), (b'Points="', 4),
    (b'SeriesStep="', 4), (b'Dimensions="', 4), (b'Dimension="', 4), (b"<VertexIndices>", 3), (b"IJK>", 4),
    (b"CIFTI_", 3), (b'XYZ MeterExponent="', 3), (b"-3\">", 3), (b"Unit=\"", 1),
)  # fmt: skip
_TEXT = (
    b"", b"0", b"1", b"-1", b"7", b"1e9", b"99999999999", b"9" * 5000, b"nan", b"inf", b"1,2", b"14,14,14",
    b" ", b"x", b"&amp;", b"&lol;", b"<!DOCTYPE a>", b"<a>", b"</CIFTI>", b"\0", b"\xff", "疼".encode(),
)  # fmt: skip


def _xml(data: bytes, rng: random.Random) -> bytes:
    """Return a file whose XML had accidents; sizes in the header follow, so that the parser sees them."""
    offset, length = struct.unpack("<q", data[168:176])[0], struct.unpack("<i", data[544:548])[0]
    xml = data[552 : 544 + length].rstrip(b"\0")
    for _ in range(rng.choice([1, 1, 2])):
        if rng.random() < 0.3:
            xml = damaged([xml], rng)
            continue
        word, cut = rng.choice(_WORDS)
        at = rng.choice([place for place in range(len(xml)) if xml.startswith(word, place)] or [0]) + len(
            word
        )
        xml = xml[:at] + rng.choice(_TEXT) + xml[at + rng.randrange(cut) :]
    size = -(-(len(xml) + 8) // 16) * 16
    block = struct.pack("<ii", size, 32) + xml.ljust(size - 8, b"\0")
    return data[:168] + struct.pack("<q", 544 + size) + data[176:544] + block + data[offset:]


def _header(data: bytes, rng: random.Random) -> bytes:
    at, kind = rng.choice(
        [(12, "<h"), (16, "<q"), (56, "<q"), (64, "<q"), (168, "<q"), (176, "<d"), (184, "<d")]
    )
    if kind == "<d":
        new = struct.pack(kind, rng.choice([0.0, 2.0, float("nan"), float("inf"), 1e300]))
    else:
        top = 2**15 if kind == "<h" else 2**62
        new = struct.pack(kind, rng.choice([0, 1, 2, 4, 8, 16, 64, 540, 30000, -1, top - 1]))
    return data[:at] + new + data[at + len(new) :]


def made(rng: random.Random) -> bytes:
    """Return a valid file after accidents to XML, header, extension or whole."""
    how = rng.random()
    if how < 0.6:
        return _xml(_WHOLE, rng)
    if how < 0.8:
        return _header(_WHOLE, rng)
    if how < 0.85:
        at = 540 + rng.randrange(12)
        return _WHOLE[:at] + bytes([rng.randrange(256)]) + _WHOLE[at + 1 :]
    return damaged([_WHOLE], rng)


def test_cifti_files_survive_damage(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("nibabel.global"), "disabled", True)
    monkeypatch.setattr(mutations, "N_INPUTS", INPUTS)
    seen: Counter[str] = Counter()
    path = memory / RUN.bold

    def use(data: bytes) -> None:
        path.write_bytes(data)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        try:
            header = read_cifti_header(memory, RUN)
            parts = [part for _, part in iter_grayordinates(memory, RUN, chunk=9)]
        except InputError as error:
            assert error.problem.file == RUN.bold
            sound((error.problem,))
            seen[error.problem.code] += 1
            return
        finally:
            assert tracemalloc.get_traced_memory()[1] - before < MEMORY
        seen["read"] += 1
        sound(header.problems)
        values = np.concatenate(parts)
        assert values.shape == (header.grayordinates.size, header.n_volumes)
        assert 0.05 <= header.repetition_time <= 60
        with np.errstate(all="ignore"):
            theirs = np.asarray(nibabel.load(path).dataobj, dtype=np.float64)
        np.testing.assert_array_equal(values.T, theirs)

    tracemalloc.start()
    try:
        each_survives("cifti", made, use)
    finally:
        tracemalloc.stop()
    if INPUTS >= 125:
        assert seen["read"] > INPUTS / 40, seen
        assert not {"CL220", "CL248", "CL249"} - set(seen), seen


def test_dense_labels_survive_damage(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("nibabel.global"), "disabled", True)
    monkeypatch.setattr(mutations, "N_INPUTS", INPUTS)
    path = memory / "x.dlabel.nii"
    write_dlabel(path, np.arange(len(_AXIS)) % 3, _AXIS, {1: "a", 2: "b"})
    whole = path.read_bytes()

    def use(data: bytes) -> None:
        path.write_bytes(data)
        try:
            found = grayordinate_labels(path)
        except InputError as error:
            sound((error.problem,))
            return
        assert len(found.values) == found.grayordinates.size
        assert 0 not in found.labels

    each_survives(
        "dlabel", lambda rng: _xml(whole, rng) if rng.random() < 0.7 else damaged([whole], rng), use
    )


_ENDS = (
    "_space-fsLR_den-91k_bold.dtseries.nii", "_space-fsLR_den-170k_bold.dtseries.nii",
    "_space-fsLR_bold.dtseries.nii", "_space-fsLR_desc-preproc_bold.dtseries.nii", "_bold.dtseries.nii",
    "_space-fsLR_den-91k_bold.dtseries.nii.gz", "_space-fsLR_den-91k_bold.json", "_space-fsLR_bold.nii.gz",
    "_space-MNI152NLin6Asym_desc-preproc_bold.nii.gz", "_desc-confounds_timeseries.tsv",
    "_space-fsLR_den-_bold.dtseries.nii", "_echo-1_space-fsLR_den-91k_bold.dtseries.nii",
)  # fmt: skip


def test_trees_with_grayordinates_survive_any_names_and_damage(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("nibabel.global"), "disabled", True)
    monkeypatch.setattr(mutations, "N_INPUTS", INPUTS // 2)
    asked = DatasetSettings(spaces=("fsLR", "MNI152NLin6Asym"))
    trees, kinds = iter(range(10**9)), Counter[str]()

    def make(rng: random.Random) -> list[tuple[str, bytes]]:
        files = []
        for _ in range(rng.randrange(1, 7)):
            name = f"sub-1{rng.choice(['', '_task-rest', '_task-rest_run-2'])}{rng.choice(_ENDS)}"
            content = made(rng) if rng.random() < 0.5 else _WHOLE
            files.append((rng.choice(["", "sub-1/func/"]) + name, content))
        return files

    def use(files: list[tuple[str, bytes]]) -> None:
        root = memory / str(next(trees))
        for name, content in files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        found = scan(root, asked)
        sound(found.problems)
        kinds.update(type(run).__name__ for run in found.runs)
        for run in found.runs:
            assert isinstance(run, CiftiRun | BoldRun)
            assert run.bold.endswith(".dtseries.nii") == isinstance(run, CiftiRun)
            assert all((root / name).is_file() for name in run.files)
        assert bool(found.runs) != any(row.code == "CL802" for row in found.problems)
        sound(validate(root, asked))

    each_survives("cifti trees", make, use)
    assert INPUTS < 125 or min(kinds["CiftiRun"], kinds["BoldRun"]) > 5, kinds
