"""What is on disk: files that others read, the same bytes every time, and nothing lost when cut short."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from workflow.runs import cli, files

from corticolimbic.dataset import BoldRun, DatasetSettings, read_confounds, scan, validate
from corticolimbic.features import read_table
from corticolimbic.foundation import SettingsError
from corticolimbic.measure import MeasureSettings, measure_session, regress_out, strategy_confounds
from corticolimbic.simulate import SimulateSettings, is_simulated, person, simulate
from corticolimbic.simulate._disturbances import cleaning, disturb
from corticolimbic.simulate._planted import coupled
from corticolimbic.simulate._streams import stream

SMALL = SimulateSettings(people=3, sites=2, volumes=60, grid_mm=10, loss=0.0)
TABLES = SimulateSettings(people=16, sites=2, visits=1, images=False, grid_mm=5, volumes=80)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study") / "dataset"
    simulate(out, SMALL)
    return out


def test_every_run_is_found_with_its_mask_and_confounds_and_nothing_is_amiss(study: Path) -> None:
    found = scan(study, DatasetSettings())
    runs = [run for session in found.sessions for run in session.runs]
    assert [(run.participant_id, run.session_id) for run in runs] == [
        (f"sub-00{number}", session) for number in (1, 2, 3) for session in ("ses-baseline", "ses-month12")
    ]
    assert all(
        isinstance(run, BoldRun) and run.mask and run.confounds and run.confounds_sidecar for run in runs
    )
    assert not [item for item in validate(study, DatasetSettings()) if item.severity != "info"]


def test_images_say_where_they_are_and_hold_nothing_outside_the_brain(study: Path) -> None:
    folder = study / "sub-001" / "ses-baseline" / "func"
    bold = nibabel.load(next(folder.glob("*_desc-preproc_bold.nii.gz")))
    mask = nibabel.load(next(folder.glob("*_desc-brain_mask.nii.gz")))
    assert bold.header.get_data_dtype() == np.int16
    assert bold.header.get_zooms() == (10, 10, 10, 2)
    assert int(bold.header["sform_code"]) == int(bold.header["qform_code"]) == 4
    assert np.allclose(bold.get_sform(), bold.get_qform())
    assert np.array_equal(bold.affine, mask.affine)
    inside = np.asarray(mask.dataobj) > 0
    values = bold.get_fdata()
    assert values.shape == (*inside.shape, 60)
    assert not values[~inside].any()
    assert (values[inside].mean(axis=1) > 100).all()
    assert (values[inside].std(axis=1) > 1).all()
    spheres = np.linalg.inv(bold.affine) @ np.array([[2, 52, -2, 1], [10, 12, -8, 1], [-10, 12, -8, 1]]).T
    assert inside[tuple(np.rint(spheres[:3]).astype(int))].all()


@pytest.mark.parametrize("strategy", ["simple", "scrubbing", "compcor"])
def test_nilearn_reads_the_confounds_by_its_strategies(study: Path, strategy: str) -> None:
    from nilearn.interfaces.fmriprep import load_confounds_strategy

    folder = study / "sub-002" / "ses-month12" / "func"
    table, _ = load_confounds_strategy(
        str(next(folder.glob("*_desc-preproc_bold.nii.gz"))), denoise_strategy=strategy
    )
    assert len(table) == 60
    assert np.isfinite(table.to_numpy()).all()
    columns = {"simple": "csf", "scrubbing": "white_matter_power2", "compcor": "a_comp_cor_00"}
    assert columns[strategy] in table


def test_the_truth_cleans_series_as_the_measuring_code_does(study: Path) -> None:
    run = scan(study, DatasetSettings()).runs[0]
    table = read_confounds(study, run, 60).table
    nuisance = strategy_confounds(table, "simple", file="confounds")
    drawn = disturb(SMALL, person(SMALL, 0), stream(SMALL.seed, "sub-001", "ses-baseline"))
    values = np.random.default_rng(3).standard_normal((60, 4)) + 100
    theirs = regress_out(values[drawn.keep], nuisance.values[drawn.keep])[0]
    ours = cleaning(drawn, images=True) @ values
    assert np.allclose(ours, theirs - theirs.mean(axis=0), atol=1e-8)


def test_the_same_settings_give_the_same_bytes_whatever_the_processes(study: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "again", SMALL, n_jobs=2)
    assert files(tmp_path / "again") == files(study)


def test_another_seed_gives_other_people_and_images(study: Path, tmp_path: Path) -> None:
    one = SMALL.model_copy(update={"people": 2, "visits": 1, "seed": 5})
    simulate(tmp_path, one)
    name = "sub-001/ses-baseline/func/sub-001_ses-baseline_task-rest_desc-confounds_timeseries.tsv"
    assert (tmp_path / name).read_bytes() != (study / name).read_bytes()


def test_people_do_not_depend_on_who_else_takes_part() -> None:
    more = SMALL.model_copy(update={"people": 50})
    assert [person(more, index) for index in (2, 0, 1)] == [person(SMALL, index) for index in (2, 0, 1)]
    assert len({person(more, index).pain for index in range(50)}) == 50


def test_a_simulation_cut_short_goes_on_and_ends_with_the_same_bytes(study: Path, tmp_path: Path) -> None:
    cut = Path(shutil.copytree(study, tmp_path / "cut"))
    gone = cut / "truth" / "sessions" / "sub-002_ses-baseline.json"
    image = next((cut / "sub-002" / "ses-baseline" / "func").glob("*_bold.nii.gz"))
    missing = next((cut / "sub-003" / "ses-month12" / "func").glob("*_mask.nii.gz"))
    gone.unlink()
    image.write_bytes(b"cut")
    missing.unlink()
    (cut / "truth" / "effects.tsv").unlink()
    (cut / "sub-001" / ".part-abc.gz").write_bytes(b"x")
    kept = next((cut / "sub-001" / "ses-baseline" / "func").glob("*_bold.nii.gz"))
    before, steps = kept.stat().st_mtime_ns, []
    simulate(cut, SMALL, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(4, 6), (5, 6), (6, 6)]
    assert kept.stat().st_mtime_ns == before
    assert files(cut) == files(study)


def test_other_folders_and_other_settings_are_left_alone(study: Path, tmp_path: Path) -> None:
    assert is_simulated(study)
    before = files(study)
    with pytest.raises(SettingsError, match="other settings"):
        simulate(study, SMALL.model_copy(update={"seed": 1}))
    assert files(study) == before
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-01\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="something else"):
        simulate(tmp_path, SMALL)
    assert list(files(tmp_path)) == ["participants.tsv"]
    with pytest.raises(SettingsError, match=r"something else|cannot be written"):
        simulate(tmp_path / "participants.tsv", SMALL)


def test_memory_does_not_grow_with_people(tmp_path: Path) -> None:
    peaks = []
    simulate(tmp_path / "warm", SMALL)
    for count in (3, 12):
        tracemalloc.start()
        simulate(tmp_path / str(count), SMALL.model_copy(update={"people": count, "visits": 1}))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] + 2**20


def test_the_planted_difference_is_in_the_truth_and_a_null_cohort_has_none(tmp_path: Path) -> None:
    differences = {}
    for effect in (True, False):
        out = tmp_path / str(effect)
        simulate(out, TABLES.model_copy(update={"effect": effect}))
        truth = pd.read_csv(out / "truth" / "effects.tsv", sep="\t").set_index("target")
        differences[effect] = truth["latent_difference"]
    planted = differences[True] - differences[False]  # the same people: only the effect is left
    assert planted["NAc--mPFC"] > 0.15
    assert planted.idxmax() == "NAc--mPFC"
    assert planted["PCC--pHip"] == pytest.approx(0, abs=0.02)
    assert differences[False].abs().mean() < 0.06
    null = TABLES.model_copy(update={"effect": False})
    networks = [coupled(null, 0.01, persistent=group).coupling for group in (True, False)]
    assert np.array_equal(*networks)


def test_tables_are_measured_as_the_truth_says_on_average(tmp_path: Path) -> None:
    assert cli("simulate", tmp_path, "--tables-only", "--people", 16, "--visits", 1, "--sites", 2,
               "--volumes", 400, "--grid", 10, "--quiet", "--jobs", 1).code == 0  # fmt: skip
    out = tmp_path.parent / f"{tmp_path.name}-results"
    words = ("--config", tmp_path / "code" / "config.yaml", "--jobs", 1, "--quiet")
    assert cli("compare", tmp_path, out, *words).code == 0
    effects = read_table("effects", out / "compare" / "effects.tsv").query("population == 'eligible'")
    rows = effects[effects["contrast"].str.startswith("persistent_20")].set_index("target")
    truth = pd.read_csv(tmp_path / "truth" / "effects.tsv", sep="\t").set_index("target")
    assert rows.loc["NAc--mPFC", "estimate"] > 0
    off = (rows["estimate"] - truth["expected_estimate"].reindex(rows.index)) / rows["se"]
    assert rows["n"].iloc[0] == truth["n"].iloc[0]
    assert off.abs().mean() < 1.5


def test_the_truth_is_not_read_by_the_run(study: Path, tmp_path: Path) -> None:
    config = study / "code" / "config.yaml"
    assert cli("measure", study, tmp_path, "--config", config, "--jobs", 1, "--quiet").code == 0
    inputs = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["inputs"]["files"]
    assert inputs
    assert not [name for name in inputs if "truth" in name]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"people": 1}, "greater than or equal to 2"),
        ({"visits": 0}, "greater than or equal to 1"),
        ({"noise_percent": -1}, "greater than or equal to 0"),
        ({"grid_mm": 0.1}, "greater than or equal to 1"),
        ({"people": 2, "sites": 3}, "3 sites need at least as many people"),
        ({"displacement_mm": [4, 2]}, "from a smaller to a larger"),
        ({"volumes": 10}, "greater than or equal to 50"),
        ({"seed": -1}, "greater than or equal to 0"),
    ],
)
def test_odd_settings_are_refused_with_a_sentence(values: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        SimulateSettings.from_mapping(values, source="simulate")


def test_couplings_that_cannot_be_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    def planted(start: str, change: float) -> SimulateSettings:
        return SimulateSettings(planted=[{"start": start, "end": "mPFC", "change": change}])

    with pytest.raises(SettingsError, match="unstable"):
        simulate(tmp_path / "out", planted("NAc_L", 5.0))
    with pytest.raises(SettingsError, match="no node"):
        simulate(tmp_path / "out", planted("Nac", 0.1))
    assert not (tmp_path / "out").exists()
    result = cli("simulate", tmp_path / "out", "--grid", "0.1")
    assert (result.code, "grid_mm" in result.err) == (2, True)


@pytest.mark.slow
def test_long_runs_through_the_measuring_code_converge_to_the_truth(tmp_path: Path) -> None:
    settings = SimulateSettings(
        people=8, sites=1, visits=1, volumes=2500, grid_mm=6, motion_mm=0.0, dropout=0.2, seed=20261123
    )
    simulate(tmp_path, settings, n_jobs=2)
    rows = []
    for session in scan(tmp_path, DatasetSettings()).sessions:
        name = f"{session.participant_id}_{session.session_id}.json"
        truth = json.loads((tmp_path / "truth" / "sessions" / name).read_text(encoding="utf-8"))["expected_z"]
        measured = measure_session(tmp_path, session, MeasureSettings(statistics=("pearson",)))
        edges = [row for row in measured.features if row["measure"] == "fc"]
        rows.append({row["target"]: np.arctanh(row["value"]) - truth[row["target"]] for row in edges})
    bias = pd.DataFrame(rows).mean()
    print(
        f"mean |difference| {bias.abs().mean():.4f}, mean {bias.mean():+.4f}, largest {bias.abs().max():.4f}"
    )
    assert bias.abs().mean() < 0.02
    assert abs(bias.mean()) < 0.01


@pytest.mark.slow
def test_the_demo_finds_the_planted_difference(tmp_path: Path) -> None:
    assert cli("demo", tmp_path, "--quiet").code == 0
    effects = read_table("effects", tmp_path / "results" / "compare" / "effects.tsv")
    planted = effects[
        (effects["target"] == "NAc--mPFC") & effects["contrast"].str.startswith("persistent_20")
    ]
    assert sorted(planted["population"]) == ["eligible", "little_motion"]
    assert (planted["ci_low"] > 0).all()
    assert (tmp_path / "results" / "report.html").is_file()
    again = cli("demo", tmp_path, "--quiet")
    assert (again.code, "Nothing to do" in again.out) == (0, True)
