"""Registering through the command line: declare on settings, score new data, hold them against each other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stats.cohort_tables import outcome, population
from workflow.runs import cli

from corticolimbic.features import schema, write_table
from corticolimbic.foundation import write_json
from corticolimbic.predict import MarkerUse, gather, judge, marker_hash
from corticolimbic.workflow import REGISTERED, STEPS, config_text, read_config

RPN = "spisak2020_rpn"
CONFIG = """\
measure: {fd_threshold: 0.15}
cohort:
  outcome: {family: column, column: pain, unit: z}
  trajectories: {date_variable: visit_date}
  populations:
    - {name: kept, label: kept, rules: [{measured: mean_fd, at_most: 0.2}]}
    - {name: all}
predict: {markers: [{id: spisak2020_rpn}], resamples: 200}
"""


def study(out: Path, config: Path, *, r: float = 0.6, n: int = 90, day: str = "2999-01-01",
          seed: int = 7) -> Path:  # fmt: skip
    """Write what a run on new data leaves, judged by the package itself, without measuring anything."""
    rng = np.random.default_rng(seed)
    ids = [f"sub-new{at:03d}" for at in range(n)]
    people = pd.DataFrame({"site": "north"}, index=pd.Index(ids, name="participant_id"))
    values = pd.Series(rng.normal(size=n), ids)
    scored = r * values + np.sqrt(1 - r**2) * pd.Series(rng.normal(size=n), ids)
    members = pd.concat([population(people, ids[5:], "kept"), population(people, ids, "all")])
    common = {"session_id": "ses-none", "task": "rest", "run": "n/a", "site": "north", "marker": RPN}
    rows = [{"participant_id": person, "score": scored[person], "status": "ok", **common} for person in ids]
    use = MarkerUse(id=RPN)
    table, _ = judge(
        RPN,
        "pain",
        gather(scored, values, people, members, use),
        use,
        np.random.default_rng(1),
        resamples=200,
    )
    visits = [{"participant_id": person, "session_id": "ses-none", "variable": "visit_date", "value": day}
              for person in ids[:60]]  # fmt: skip
    write_json(out / "dataset_description.json", {"GeneratedBy": [{"Name": "corticolimbic"}]})
    (out / "config.yaml").write_text(config_text(read_config(config)), encoding="utf-8")
    steps = [{"name": step.name, "algorithm": step.algorithm} for step in STEPS]
    write_json(out / "manifest.json", {"steps": steps})
    write_json(out / "predict/markers.json", [{"id": RPN, "name": "RPN", "sha256": marker_hash(RPN)}])
    write_table(table, "evaluation", out / "predict/evaluation.tsv")
    write_table(schema("scores").table(rows), "scores", out / "predict/scores.tsv")
    write_table(members.reset_index(drop=True), "populations", out / "cohort/populations.parquet")
    write_table(outcome(values.to_dict()), "outcomes", out / "cohort/outcomes.parquet")
    write_table(schema("visits").table(visits), "visits", out / "cohort/visits.parquet")
    return out


@pytest.fixture(autouse=True)
def drawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no page but where a test looks at it: drawing takes longer than all the rest."""
    if "page" not in request.node.name:
        monkeypatch.setattr("corticolimbic.report.render", lambda out: out / "report.html")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def declared(config: Path, tmp_path: Path) -> Path:
    path = tmp_path / "declaration.json"
    done = cli("register", "declare", path, "--config", config, "--people", 50, "--population", "kept",
               "--expected", 0.43, "--deposited", "https://osf.io/abcde")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert json.loads(path.read_text())["sha256"] in done.out
    return path


def test_declare_score_new_data_and_check(config: Path, declared: Path, tmp_path: Path) -> None:
    out = study(tmp_path / "out", config)
    done = cli("register", "check", declared, out)
    assert (done.code, done.err) == (0, "")
    assert f"{RPN}: confirmed" in done.out
    assert "dates are known of 55 of 85 people" in done.out
    found = json.loads((out / REGISTERED).read_text(encoding="utf-8"))
    (result,) = found["results"]
    table = pd.read_csv(out / "predict/evaluation.tsv", sep="\t")
    row = table[(table["population"] == "kept") & (table["metric"] == "pearson_r")].iloc[0]
    assert result["figure"]["value"] == row["value"]
    assert (result["figure"]["low"], result["figure"]["n"]) == (row["ci_low"], 85)


@pytest.mark.slow
def test_the_page_says_what_was_declared_and_what_became_of_it(
    config: Path, declared: Path, tmp_path: Path
) -> None:
    out = study(tmp_path / "out", config)
    cli("register", "check", declared, out)
    page = re.sub(r"\s+", " ", (out / "report.html").read_text(encoding="utf-8"))
    for words in ("Registered validation", "Confirmed. Pearson r", "https://osf.io/abcde", "expected: 0.43"):
        assert words in page
    config.write_text(CONFIG.replace("fd_threshold: 0.15", "fd_threshold: 0.2"), encoding="utf-8")
    cli("register", "check", declared, study(out, config))
    page = (out / "report.html").read_text(encoding="utf-8")
    for words in ("Deviated from the declaration.", "measure.fd_threshold"):
        assert words in page


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (
            "fd_threshold: 0.15",
            "fd_threshold: 0.2",
            "setting, measure.fd_threshold: declared 0.15, found 0.2",
        ),
        (
            "at_most: 0.2}",
            "at_most: 0.3}",
            "cohort.populations.kept.rules[0].at_most: declared 0.2, found 0.3",
        ),
        ("unit: z", "unit: mm", 'outcome, cohort.outcome.unit: declared "z", found "mm"'),
        ("resamples: 200", "resamples: 300", "setting, predict.resamples: declared 200, found 300"),
    ],
)
def test_one_changed_setting_is_named(
    config: Path, declared: Path, tmp_path: Path, before: str, after: str, name: str
) -> None:
    assert before in CONFIG
    config.write_text(CONFIG.replace(before, after), encoding="utf-8")
    done = cli("register", "check", declared, study(tmp_path / "out", config))
    assert f"{RPN}: deviated" in done.out
    assert done.out.count("deviation: ") == 1
    assert name in done.out


def test_what_no_figure_depends_on_is_no_deviation(config: Path, declared: Path, tmp_path: Path) -> None:
    text = CONFIG.replace("label: kept,", "label: others say kept,") + "compare: {covariates: [age]}\n"
    config.write_text(text.replace("- {name: all}", "- {name: all, eligibility: false}"), encoding="utf-8")
    done = cli("register", "check", declared, study(tmp_path / "out", config))
    assert f"{RPN}: confirmed" in done.out


def test_too_few_people_and_too_little_effect(config: Path, declared: Path, tmp_path: Path) -> None:
    few = cli("register", "check", declared, study(tmp_path / "few", config, n=54))
    assert f"{RPN}: inconclusive" in few.out
    nothing = cli("register", "check", declared, study(tmp_path / "nothing", config, r=0.0))
    assert f"{RPN}: not confirmed" in nothing.out


def test_people_seen_or_dated_before_are_named(config: Path, tmp_path: Path) -> None:
    first = study(tmp_path / "first", config)
    path = tmp_path / "later.json"
    done = cli("register", "declare", path, "--config", config, "--people", 50, "--population", "kept",
               "--seen", first)  # fmt: skip
    assert "scored already: 90" in done.out
    assert "sub-new" not in path.read_text(encoding="utf-8")
    done = cli("register", "check", path, study(tmp_path / "again", config, day="2020-05-06"))
    assert "seen before, spisak2020_rpn: declared nobody, found 85 people" in done.out
    assert "dated before" in done.out
    assert f"{RPN}: deviated" in done.out


def test_another_marker_file_or_algorithm_is_a_deviation(
    config: Path, declared: Path, tmp_path: Path
) -> None:
    out = study(tmp_path / "out", config)
    write_json(out / "predict/markers.json", [{"id": RPN, "sha256": "1" * 64}])
    write_json(out / "manifest.json", {"steps": [{"name": "measure", "algorithm": 99}]})
    done = cli("register", "check", declared, out)
    assert "deviation: marker, spisak2020_rpn" in done.out
    assert "deviation: algorithm, measure" in done.out
    assert "deviation: algorithm, predict" in done.out


def test_a_changed_declaration_is_refused(config: Path, declared: Path, tmp_path: Path) -> None:
    declared.write_text(declared.read_text().replace('"minimum_people": 50', '"minimum_people": 5'))
    out = study(tmp_path / "out", config)
    done = cli("register", "check", declared, out)
    assert done.code == 1
    assert "CL772" in done.err
    assert not (out / REGISTERED).exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "which population is primary"),
        (("--population", "nobody"), "no population is named"),
        (("--population", "kept", "--marker", "other"), "does not name other"),
        (("--population", "kept", "--metric", "accuracy"), "no validation can be registered"),
        (("--population", "kept", "--metric", "auc"), "does not belong"),
        (("--population", "kept", "--outcome", "final_pain"), "no primary outcome"),
        (("--population", "kept", "--seen", "nowhere"), "no results folder"),
    ],
)
def test_what_does_not_fit_the_settings_is_refused(
    config: Path, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "declaration.json"
    done = cli("register", "declare", path, "--config", config, "--people", 50, *options)
    assert done.code == 2
    assert words in done.err
    assert not path.exists()


def test_nothing_to_check_and_nothing_to_declare(config: Path, declared: Path, tmp_path: Path) -> None:
    assert cli("register", "check", declared, tmp_path).code == 2
    config.write_text("cohort: {outcome: {family: column, column: pain}}\n", encoding="utf-8")
    done = cli("register", "declare", tmp_path / "x.json", "--config", config, "--people", 50)
    assert "the settings name no marker" in done.err
    again = cli("register", "declare", declared, "--config", config, "--people", 50)
    assert again.code == 2
