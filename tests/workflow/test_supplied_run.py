"""A study without images: features that others computed and clinical tables, through the whole command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from workflow.runs import Finished, cli, named, run, tables, units_run

from corticolimbic.features import read_table
from corticolimbic.predict import marker_ids

CONFIG = """\
supplied: [{file: fa.tsv, source: FSL}]
cohort:
  outcome: {family: relative, pain_column: pain_nrs, baseline_session: ses-1, final_session: ses-2}
compare: {covariates: ["measured:mean_fd"]}
predict: {markers: [{id: spisak2020_rpn}]}
"""


def write(root: Path, people: int = 16) -> Path:
    rng = np.random.default_rng(280)
    listed, visits = ["participant_id\tsite"], ["participant_id\tsession_id\tpain_nrs"]
    supplied = ["participant_id\tsession_id\tmeasure\ttarget\tvalue"]
    for number in range(people):
        name = f"sub-{number:02d}"
        listed.append(f"{name}\t{'ab'[number % 2]}")
        visits += [f"{name}\tses-1\t6", f"{name}\tses-2\t{(number % 3) * 3}"]
        supplied += [
            f"{name}\tses-1\tfa\tSLF_R\t{0.4 + 0.02 * rng.standard_normal():.4f}",
            f"{name}\tses-1\tmean_fd\tWholeBrain\t{rng.uniform(0.1, 0.3):.3f}",
        ]
    root.mkdir()
    for file, lines in (("participants", listed), ("sessions", visits), ("fa", supplied)):
        (root / f"{file}.tsv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Finished]:
    """Dataset, results and what the command said, all but the page."""
    folder = tmp_path_factory.mktemp("supplied")
    dataset = write(folder / "data")
    return dataset, folder / "out", run(dataset, folder / "out", command="predict", config=CONFIG)


def test_a_dataset_without_images_goes_through_every_step(done: tuple[Path, Path, Finished]) -> None:
    _, out, finished = done
    assert finished.code == 0, finished.err
    assert units_run(out) == [
        "supplied all",
        "cohort all",
        "compare all",
        "agreement all",
        "predict all",
        "verdicts all",
    ]
    assert {code for (code,) in named(out, "code")} == {"CL633", "CL701", "CL771"}
    rows = read_table("features", out / "features/sub-03/ses-1/supplied.parquet")
    assert rows["measure"].tolist() == ["fa", "mean_fd"]
    definitions = json.loads((out / "definitions.json").read_text())
    assert set(rows["definition"]) <= definitions.keys()
    assert read_table("supplied", out / "supplied.tsv")["n_people"].tolist() == [16, 16]


def test_people_with_supplied_features_are_measured_and_their_motion_known(
    done: tuple[Path, Path, Finished],
) -> None:
    _, out, _ = done
    populations = read_table("populations", out / "cohort/populations.parquet")
    assert populations["member"].all()
    stages = json.loads((out / "cohort/flow.json").read_text())["stages"]
    assert {stage["n"] for stage in stages} == {16}
    assert read_table("sessions", out / "sessions.parquet")["mean_fd"].between(0.1, 0.3).all()


@pytest.mark.slow
def test_nothing_is_done_twice_and_a_changed_cell_is_seen(done: tuple[Path, Path, Finished]) -> None:
    dataset, out, _ = done
    before = tables(out)
    assert run(dataset, out, command="predict", config=CONFIG).code == 0
    assert units_run(out) == []
    assert tables(out) == before
    text = (dataset / "fa.tsv").read_text()
    try:
        (dataset / "fa.tsv").write_text(text.replace("sub-03\tses-1\tfa", "sub-03\tses-1\tmd"))
        assert run(dataset, out, command="predict", config=CONFIG).code == 0
        assert "supplied all" in units_run(out)
        rows = read_table("features", out / "features/sub-03/ses-1/supplied.parquet")
        assert rows["measure"].tolist() == ["md", "mean_fd"]
    finally:
        (dataset / "fa.tsv").write_text(text)
    assert run(dataset, out, command="predict", config=CONFIG).code == 0
    assert tables(out) == before


def test_without_the_table_the_dataset_holds_nothing(tmp_path: Path) -> None:
    dataset = write(tmp_path / "data", 3)
    (dataset / "fa.tsv").unlink()
    finished = run(dataset, tmp_path / "out", command="cohort", config=CONFIG)
    assert finished.code == 1
    assert {code for (code,) in named(tmp_path / "out", "code")} >= {"CL101", "CL802"}
    assert run(dataset, tmp_path / "out", command="validate", config=CONFIG).code != 0


def simulated(folder: Path, scenario: str, *more: str, command: str = "run") -> Path:
    """Write a simulated study, take it through the command with its own settings, and return the results."""
    study, out = folder / "study", folder / "out"
    assert cli("simulate", study, "--scenario", scenario, *more).code == 0
    done = cli(command, study, out, "--config", study / "code" / "config.yaml", "--quiet", "--jobs", "1")
    assert done.code == 0, done.out
    return out


@pytest.mark.slow
def test_the_cohort_of_markers_goes_through_the_whole_run(tmp_path: Path) -> None:
    out = simulated(tmp_path, "markers", "--people", "200")
    assert (out / "report.html").is_file()
    scores = read_table("scores", out / "predict/scores.tsv")
    assert len(set(scores["marker"])) == 20
    known = scores[scores["status"] == "ok"].groupby("marker")["participant_id"].nunique()
    assert len(known) == 20
    assert known.drop("makary2020_nac_volume").min() > 150
    lacking = scores[(scores["marker"] == "makary2020_nac_volume") & (scores["status"] != "ok")]
    assert "cedar" in set(lacking["site"])
    populations = read_table("populations", out / "cohort/populations.parquet")
    assert 120 < populations["member"].sum() < 180


@pytest.mark.slow
def test_every_marker_computes_where_its_inputs_are(tmp_path: Path) -> None:
    out = simulated(tmp_path, "marker-inputs", command="predict")
    scores = read_table("scores", out / "predict/scores.tsv")
    assert set(scores["marker"]) == set(marker_ids())
    assert (scores.assign(ok=scores["status"] == "ok").groupby("marker")["ok"].mean() == 1).all()
