"""Images through `measure_session`: strategies, degrees of freedom, bad input."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pandas as pd
import pytest
from dataset.synthetic_bold import confounds, write_confounds, write_fmriprep
from measure.bold_phantom import SPACE, affine, session, still, write_bold
from measure.phantom import connections, numbers, still_motion, text, write_run
from nilearn.interfaces.fmriprep import load_confounds_strategy
from nilearn.maskers import NiftiLabelsMasker

from corticolimbic.circuit import atlas
from corticolimbic.dataset import BoldRun, SessionFiles, scan
from corticolimbic.features import schema
from corticolimbic.measure import (
    BANDS,
    LabelImageSettings,
    MeasuredSession,
    MeasureSettings,
    measure_session,
)

SHAPE = (26, 28, 26)
PLACE = affine(np.diag([4.0, 4.0, 4.0]), (0.0, 10.0, 25.0), SHAPE)
HEAD = np.pad(np.ones([length - 2 for length in SHAPE], dtype=bool), 1)
VOLUMES = 90
FLUCTUATIONS = {band.measure for band in BANDS}
FEW = MeasureSettings(atlases=("baliki2012",), statistics=("pearson",))


@cache
def noise(volumes: int = VOLUMES, seed: int = 11) -> np.ndarray:
    return 1000 + 40 * np.random.default_rng(seed).standard_normal((*SHAPE, volumes))


def measured(root: Path, *runs: BoldRun, settings: MeasureSettings = FEW, **more: Any) -> MeasuredSession:
    found = measure_session(root, session(*runs), settings, **more)
    for table in ("features", "series", "matrices"):
        schema(table).table(getattr(found, table))
    return found


def write(root: Path, volumes: int = VOLUMES, run: str = "1", **more: Any) -> BoldRun:
    more = {"mask": HEAD, "table": still(volumes), **more}
    return write_bold(root, noise(volumes), PLACE, run=run, **more)


BESIDE = frozenset({"fc_precision", "degree", "coverage", "global_signal_share", "quality", "tsnr"})
"""What is measured beside edges and fluctuations."""


def jerky(volumes: int, censored: int) -> pd.DataFrame:
    """Return confounds in which that many volumes moved by a millimetre."""
    table = still(volumes)
    table.loc[table.index[5 : 5 + censored], "framewise_displacement"] = 1.0
    return table


@pytest.mark.parametrize("strategy", ["simple", "scrubbing", "compcor", "ica_aroma"])
def test_the_whole_way_equals_nilearns(tmp_path: Path, strategy: str) -> None:
    """Labels masker, named strategy and cleaning, all by nilearn, on a tree of fMRIPrep's."""
    root = write_fmriprep(
        tmp_path, 1, SHAPE, PLACE, 80, np.random.default_rng(3), spaces=(SPACE,), aroma=True
    )
    (files,) = scan(root).sessions
    (run,) = files.runs
    labels = np.zeros(SHAPE, dtype=np.int16)
    labels[8:12, 8:20, 9:17], labels[14:18, 8:20, 9:17], labels[12:14, 11:17, 11:15] = 7, 2, 40
    image = tmp_path / "labels.nii.gz"
    nibabel.save(nibabel.Nifti1Image(labels, PLACE), image)
    (tmp_path / "labels.tsv").write_text("index\tname\n40\tc\n7\ta\n2\tb\n", encoding="utf-8")
    settings = MeasureSettings(
        atlases=(),
        label_images=(LabelImageSettings(path=image, table=tmp_path / "labels.tsv", space=SPACE),),
        strategy=strategy,
        fd_threshold=None,
        statistics=("pearson",),
    )
    found = measure_session(root, files, settings)
    assert [item.code for item in found.problems if item.severity == "failed"] == []
    source = root / (run.aroma if strategy == "ica_aroma" else run.bold)
    regressors, sample = load_confounds_strategy(str(source), denoise_strategy=strategy)
    masker = NiftiLabelsMasker(
        image, mask_img=root / run.mask, standardize="zscore_sample", keep_masked_labels=False
    )
    theirs = masker.fit_transform(source, confounds=regressors, sample_mask=sample)
    theirs /= theirs.std(axis=0)  # zscore_sample divides by n - 1
    ours = {row["region"]: row["values"] for row in found.series}
    for column, name in enumerate("bac"):
        np.testing.assert_allclose(ours[name], theirs[:, column], atol=1e-6)
    (row,) = (row for row in found.features if row["measure"] == "mean_fd")
    assert row["dof"] == len(theirs) - 1 - regressors.shape[1]
    assert row["n_volumes"] == len(theirs)
    assert row["strategy"] == strategy


def test_rows_say_what_was_done(tmp_path: Path) -> None:
    run = write(tmp_path, table=jerky(VOLUMES, 4))
    hashes = {name: f"hash of {name}" for name in run.files}
    found = measured(tmp_path, run, inputs=hashes)
    assert found.problems == []
    assert found.n_runs == 1
    edges = connections(found)
    assert edges
    for row in found.features:
        if row["measure"] not in {"fc", "mean_fd", "censored_share", *FLUCTUATIONS}:
            continue
        assert (row["atlas"], row["space"], row["strategy"]) == ("baliki2012", SPACE, "simple, FD <= 0.5 mm")
        assert row["n_volumes"] == VOLUMES - 4
        slow = 1 if row["measure"] in FLUCTUATIONS else 3  # a linear trend instead of the cosines
        assert row["dof"] == VOLUMES - 4 - 1 - 24 - 2 - slow
        assert row["qc"] == "ok" or (row["measure"] in FLUCTUATIONS and row["qc"].startswith("gaps: "))
    for row in edges:
        assert row["coverage"] == 1
        assert row["n_voxels"] > 5
        definition = found.definitions[row["definition"]]["settings"]
        assert definition["strategy"] == "simple"
        assert definition["nuisance_motion"] == "full"
        assert definition["usable_signal"] == 0.3
        assert definition["space"] == SPACE
        assert "MNI152 coordinates" in definition["notes"][0]
    changed = measured(tmp_path, run, inputs={**hashes, run.confounds: "another"})
    assert changed.features[0]["inputs"] != found.features[0]["inputs"]


@pytest.mark.parametrize(
    ("name", "value", "changed"),
    [
        ("strategy", "compcor", {"motion", "fc", *FLUCTUATIONS, *BESIDE}),
        ("fd_threshold", 0.4, {"motion", "fc", *FLUCTUATIONS, *BESIDE}),
        ("radius_mm", 7.0, {"fc", *FLUCTUATIONS, *BESIDE}),
        ("usable_signal", 0.2, {"fc", *FLUCTUATIONS, *BESIDE}),
        ("min_coverage", 0.4, {"fc", *FLUCTUATIONS, *BESIDE}),
        ("allow_space_mismatch", ("MNI152NLin6Asym",), set()),
        ("allow_low_dof", True, set()),
    ],
)
def test_a_setting_that_changes_a_number_changes_its_definition(
    tmp_path: Path, name: str, value: Any, changed: set[str]
) -> None:
    run = write(tmp_path)
    before, after = (
        measured(tmp_path, run, settings=item).definitions
        for item in (FEW, FEW.model_copy(update={name: value}))
    )
    kinds = {item["measure"] for key, item in after.items() if key not in before}
    assert kinds == changed


def test_the_threshold_and_the_strategy_both_drop_volumes(tmp_path: Path) -> None:
    table = still(VOLUMES)
    table.loc[[20, 50], "framewise_displacement"] = [0.3, 0.9]
    table.loc[70, "std_dvars"] = 3.0
    table["non_steady_state_outlier00"] = (np.arange(VOLUMES) == 0).astype(float)
    run = write(tmp_path, table=table)
    kept = {}
    for strategy in ("none", "simple", "scrubbing"):
        for threshold in (None, 0.5, 0.2):
            settings = FEW.model_copy(update={"strategy": strategy, "fd_threshold": threshold})
            rows = measured(tmp_path, run, settings=settings).features
            kept[strategy, threshold] = rows[0]["n_volumes"]
            share = next(row["value"] for row in rows if row["measure"] == "censored_share")
            assert share == pytest.approx(1 - rows[0]["n_volumes"] / VOLUMES)
    for strategy in ("none", "simple"):
        assert [kept[strategy, threshold] for threshold in (None, 0.5, 0.2)] == [89, 88, 87]
    assert [kept["scrubbing", threshold] for threshold in (None, 0.5, 0.2)] == [87, 87, 86]


@pytest.mark.parametrize(
    ("volumes", "censored", "codes"), [(90, 0, []), (70, 15, ["CL212"]), (60, 20, ["CL211"])]
)
def test_few_degrees_of_freedom_are_told_with_the_arithmetic(
    tmp_path: Path, volumes: int, censored: int, codes: list[str]
) -> None:
    run = write(tmp_path, volumes, table=jerky(volumes, censored))
    found = measured(
        tmp_path, run, settings=FEW.model_copy(update={"atlases": ("baliki2012", "coordinates")})
    )
    told = [item for item in found.problems if item.code in {"CL211", "CL212"}]
    assert [item.code for item in told] == codes
    left = volumes - censored - 30
    for item in told:
        words = f"{volumes} volumes - {censored} censored - 30 regressors = {left} degrees of freedom"
        assert item.found == words
        assert item.file == run.bold
    quality = [row for row in found.features if row["measure"] in {"mean_fd", "censored_share"}]
    assert {row["atlas"] for row in quality} == {"baliki2012", "coordinates"}
    assert {row["dof"] for row in quality} == {left}
    refused = codes == ["CL211"]
    assert {row["qc"] for row in quality} == {"refused: too few degrees of freedom" if refused else "ok"}
    assert bool(found.matrices) != refused


@pytest.mark.parametrize(
    ("volumes", "refused"), [(45, False), (31, False), (30, True), (12, True), (2, True)]
)
def test_low_degrees_of_freedom_can_be_allowed_but_not_none(
    tmp_path: Path, volumes: int, refused: bool
) -> None:
    run = write(tmp_path, volumes)
    found = measured(tmp_path, run, settings=FEW.model_copy(update={"allow_low_dof": True}))
    assert ("CL211" in [item.code for item in found.problems]) == refused
    assert bool(found.matrices) != refused
    assert found.features[0]["dof"] == max(volumes - 30, 0)


def test_all_volumes_censored_and_one_volume_left(tmp_path: Path) -> None:
    for left in (0, 1):
        table = still(VOLUMES)
        table.loc[table.index[left:], "framewise_displacement"] = 2.0
        found = measured(tmp_path, write(tmp_path, table=table))
        (item,) = found.problems
        assert item.code == "CL211"
        assert item.found.startswith(f"90 volumes - {90 - left} censored - {left} regressors = 0")
        assert found.features[0]["n_volumes"] == left
        assert not found.matrices


Spoil = Callable[[Path, BoldRun], BoldRun]


def raw(root: Path, run: BoldRun, at: int, value: bytes) -> BoldRun:
    """Overwrite bytes of the image's header."""
    data = bytearray(gzip.decompress((root / run.bold).read_bytes()))
    data[at : at + len(value)] = value
    (root / run.bold).write_bytes(gzip.compress(bytes(data), 1))
    return run


def file_cut(root: Path, run: BoldRun, cut: int) -> BoldRun:
    """Write the image uncompressed, that many bytes short (below 0: long)."""
    data = gzip.decompress((root / run.bold).read_bytes())
    name = run.bold.removesuffix(".gz")
    (root / name).write_bytes(data[:-cut] if cut > 0 else data + bytes(-cut))
    return replace(run, bold=name)


def longer_confounds(root: Path, run: BoldRun) -> BoldRun:
    write_confounds(root / run.confounds, confounds(VOLUMES + 1, np.random.default_rng(0)))
    return run


def mask_elsewhere(root: Path, run: BoldRun) -> BoldRun:
    name = run.mask.replace(SPACE, "MNI152NLin2009cAsym")
    (root / run.mask).rename(root / name)
    return replace(run, mask=name)


def all_zero(root: Path, run: BoldRun) -> BoldRun:
    return write_bold(root, np.zeros((*SHAPE, VOLUMES)), PLACE, run="1", mask=HEAD, table=still(VOLUMES))


def three_d(root: Path, run: BoldRun) -> BoldRun:
    image = nibabel.Nifti1Image(noise(1)[..., 0], PLACE)
    nibabel.save(image, root / run.bold)
    return run


def not_numbers(root: Path, run: BoldRun) -> BoldRun:
    lines = (root / run.confounds).read_text().split("\n")
    lines[4] = lines[4].replace(lines[4].split("\t")[0], "many", 1)
    (root / run.confounds).write_text("\n".join(lines))
    return run


def one_confound_missing(root: Path, run: BoldRun) -> BoldRun:
    table = still(VOLUMES)
    table.loc[30, "rot_y"] = np.nan
    write_confounds(root / run.confounds, table)
    return run


ONE_MORE = np.int16(VOLUMES + 1).tobytes()
MILLISECONDS = np.float32(2000).tobytes()
SPOILED: dict[str, tuple[str, str, Spoil]] = {
    "confounds one row longer": ("CL230", "91 rows", longer_confounds),
    "no confounds": ("CL229", "", lambda _, run: replace(run, confounds=None)),
    "mask in another space": ("CL402", "MNI152NLin2009cAsym", mask_elsewhere),
    "all zero": ("CL237", "every voxel of the mask is 0", all_zero),
    "three dimensions": ("CL219", "3 dimensions", three_d),
    "repetition time 0": ("CL224", "", lambda root, run: raw(root, run, 92, np.float32(0).tobytes())),
    "repetition time in ms": (
        "CL225",
        "2000",
        lambda root, run: raw(root, run, 92, MILLISECONDS),
    ),
    "header and confounds disagree": ("CL230", "", lambda root, run: raw(root, run, 48, ONE_MORE)),
    "header lies": ("CL220", "", lambda root, run: file_cut(root, run, -1)),
    "slices missing at the end": ("CL220", "", lambda root, run: file_cut(root, run, 3000)),
    "affine not finite": ("CL222", "", lambda root, run: raw(root, run, 280, np.float32(np.nan).tobytes())),
    "no image": ("CL101", "", lambda _, run: replace(run, bold="sub-01/func/absent_bold.nii.gz")),
    "text in the confounds": ("CL231", "many", not_numbers),
    "a confound missing": ("CL236", "rot_y", one_confound_missing),
}


@pytest.mark.parametrize("key", SPOILED)
def test_a_run_that_cannot_be_used_becomes_a_problem_and_the_other_goes_on(tmp_path: Path, key: str) -> None:
    code, words, spoil = SPOILED[key]
    bad = spoil(tmp_path, write(tmp_path, run="1"))
    good = write(tmp_path, run="2")
    found = measured(tmp_path, bad, good)
    (item,) = found.problems
    assert (item.code, item.severity) == (code, "failed")
    assert words in item.found
    assert (item.participant_id, item.session_id) == ("sub-01", "ses-none")
    assert item.file
    assert {row["run"] for row in found.features} == {"2"}
    assert found.n_runs == 1


def test_no_mask_is_noted_and_the_run_goes_on(tmp_path: Path) -> None:
    found = measured(tmp_path, replace(write(tmp_path), mask=None))
    (item,) = found.problems
    assert (item.code, item.severity) == ("CL228", "info")
    assert "every voxel" in item.found
    assert found.n_runs == 1
    assert {row["qc"] for row in connections(found)} == {"ok"}


def test_without_confounds_only_a_run_that_needs_none_is_measured(tmp_path: Path) -> None:
    run = replace(write(tmp_path), confounds=None)
    for update, codes in (
        ({"strategy": "simple", "fd_threshold": None}, ["CL229"]),
        ({"strategy": "none"}, ["CL206"]),
        ({"strategy": "none", "fd_threshold": None}, []),
    ):
        found = measured(tmp_path, run, settings=FEW.model_copy(update=update))
        assert [item.code for item in found.problems] == codes
        assert found.n_runs == (not codes)
    assert {row["strategy"] for row in found.features} == {"none"}
    assert {row["dof"] for row in connections(found)} == {VOLUMES - 1}
    assert found.features[0]["qc"] == "no framewise displacement"


def test_confounds_without_displacement(tmp_path: Path) -> None:
    table = still(VOLUMES).drop(columns="framewise_displacement")
    run = write(tmp_path, table=table)
    found = measured(tmp_path, run)
    assert [(item.code, item.severity) for item in found.problems] == [("CL205", "failed")]
    found = measured(tmp_path, run, settings=FEW.model_copy(update={"fd_threshold": None}))
    assert [(item.code, item.severity) for item in found.problems] == [("CL205", "info")]
    assert found.n_runs == 1


def test_aroma_needs_its_own_image(tmp_path: Path) -> None:
    run = write(tmp_path, run="1")
    denoised = write_bold(tmp_path, noise(seed=99), PLACE, run="9")
    settings = FEW.model_copy(update={"strategy": "ica_aroma"})
    found = measured(tmp_path, run, settings=settings)
    (item,) = found.problems
    assert item.code == "CL236"
    assert "smoothAROMAnonaggr" in item.found
    plain = measured(tmp_path, run, settings=FEW.model_copy(update={"strategy": "none"}))
    found = measured(tmp_path, replace(run, aroma=denoised.bold), settings=settings)
    assert found.problems == []
    first, second = (np.stack([row["values"] for row in item.series]) for item in (found, plain))
    assert np.abs(np.mean(first * second, axis=1)).max() < 0.5, "another image was read"


def test_compcor_without_its_json_is_refused(tmp_path: Path) -> None:
    run = write(tmp_path)
    settings = FEW.model_copy(update={"strategy": "compcor"})
    (item,) = measured(tmp_path, replace(run, confounds_sidecar=None), settings=settings).problems
    assert (item.code, item.file) == ("CL236", run.confounds)
    (tmp_path / run.confounds_sidecar).write_text("[1", encoding="utf-8")
    (item,) = measured(tmp_path, run, settings=settings).problems
    assert (item.code, item.file) == ("CL109", run.confounds_sidecar)


def test_the_repetition_time_of_the_settings_stands_in_for_a_missing_one(tmp_path: Path) -> None:
    run = write(tmp_path, repetition_time=0.0)
    assert [item.code for item in measured(tmp_path, run).problems] == ["CL224"]
    assert measured(tmp_path, run, repetition_time=2.0).problems == []
    described = run.bold.replace(".nii.gz", ".json")
    (tmp_path / described).write_text(json.dumps({"RepetitionTime": 1.5}), encoding="utf-8")
    assert measured(tmp_path, replace(run, sidecars=(described,))).problems == []


def test_images_and_series_of_one_session_stand_side_by_side(tmp_path: Path) -> None:
    code = numbers(atlas("MIST122"))
    table = write_run(tmp_path, text(list(code), code), atlas="MIST122", motion=still_motion())
    files = SessionFiles("sub-01", "ses-none", (table, write(tmp_path)))
    found = measure_session(tmp_path, files, FEW, atlases={"MIST122": atlas("MIST122")})
    assert found.problems == []
    assert found.n_runs == 2
    assert {row["atlas"] for row in found.features} == {"MIST122", "baliki2012"}
    features = schema("features").table(found.features)
    voxels = features.loc[features.measure == "fc"].groupby("atlas").n_voxels
    assert voxels.max()["MIST122"] == -1
    assert voxels.min()["baliki2012"] > 0
