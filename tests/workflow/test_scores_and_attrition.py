"""Questionnaires are scored in a run, scores can be named wherever a column is, and the lost are counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from workflow.runs import cli, named, run, small, tables, units_run

from corticolimbic.features import read_table

PEOPLE = [f"{number:03d}" for number in range(1, 21)]
MAP = "variable\tinstrument\titem\n" + "".join(f"mood{item}\tphq9\t{item}\n" for item in range(1, 10))
RESULTS = (
    "instrument_scores.parquet",
    *(f"attrition{end}.tsv" for end in ("", "_patterns", "_differences", "_rates")),
)


def export(folder: Path, items: bool = True) -> None:
    """Write twenty people: the last six are not seen again; the sum of nine items is the number, up to 9."""
    names = [f"mood{item}" for item in range(1, 10)] if items else []
    lines = [",".join(["record_id", "redcap_event_name", "redcap_data_access_group", "seen", "pain", *names])]
    for place, person in enumerate(PEOPLE, 1):
        answers = [str(int(item <= place)) for item in range(1, 10)] if items else []
        lines.append(",".join([person, "before_arm_1", "north", "2020-01-01", str(3 + place % 5), *answers]))
        if place <= 14:
            lines.append(
                ",".join([person, "after_arm_1", "north", "2020-04-01", str(place * 3 % 7), *answers])
            )
    (folder / "records.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "map.tsv").write_text(MAP, encoding="utf-8")


def config(folder: Path, more: str = "", scoring: str = "", attrition: str = "") -> str:
    return f"""\
dataset: {{allow_missing_imaging: true}}
measure: {{statistics: [pearson]}}
cohort:
  sources:
    - kind: redcap
      path: {folder / "records.csv"}
      date_column: seen
      events: {{before_arm_1: ses-before, after_arm_1: ses-after}}
  scoring: {{mapping: {folder / "map.tsv"}{scoring}}}
  outcome: {{family: relative, pain_column: pain, baseline_session: ses-before, final_session: ses-after}}
  trajectories:
    schedule: [{{session: ses-before, day: 0}}, {{session: ses-after, day: 91, before: 30, after: 30}}]
{more}
attrition: {{method: none{attrition}}}
compare: {{covariates: [phq9_total], minimum_people: 4}}
"""


@pytest.fixture
def study(tmp_path: Path) -> tuple[Path, Path]:
    """Images of two people's first visit, and an export of all."""
    dataset = small(tmp_path / "data", PEOPLE[:2], sessions=("before",))
    (dataset / "participants.tsv").unlink()
    export(tmp_path)
    return dataset, tmp_path / "out"


def test_scores_are_made_named_and_used(study: tuple[Path, Path]) -> None:
    out = study[1]
    dataset = small(out.parent / "more", PEOPLE[:14], sessions=("before",))
    (dataset / "participants.tsv").unlink()
    more = "    eligibility: [{variable: phq9_total, at_least: 2}]"
    finished = run(dataset, out, config=config(out.parent, more), command="compare")
    assert finished.code == 0, finished
    scores = read_table("instrument_scores", out / "cohort/instrument_scores.parquet")
    totals = scores[(scores["subscale"] == "total") & (scores["session_id"] == "ses-before")]
    assert totals["score"].tolist() == [min(place, 9) for place in range(1, 21)]
    assert set(totals["status"]) == {"ok"}
    visits = read_table("visits", out / "cohort/visits.parquet")
    assert (visits["variable"] == "phq9_total").sum() == 34
    flow = (out / "cohort/flow.json").read_text(encoding="utf-8")
    assert "phq9_total" in flow
    populations = read_table("populations", out / "cohort/populations.parquet").set_index("participant_id")
    assert "phq9_total" in populations.loc["sub-001"].to_string(), "a score of 1 is not eligible"
    assert "phq9_total" in (out / "compare/declared.json").read_text(encoding="utf-8")


def test_the_lost_are_counted_and_compared(study: tuple[Path, Path]) -> None:
    dataset, out = study
    asked = ", covariates: [phq9_total], site: null"
    finished = run(dataset, out, config=config(out.parent, attrition=asked), command="cohort")
    assert finished.code == 0, finished
    lost = read_table("attrition", out / "cohort/attrition.tsv").set_index("visit")
    assert lost["n_expected"].to_dict() == {"ses-before": 20, "ses-after": 20}
    assert lost["n_lost"].to_dict() == {"ses-before": 0, "ses-after": 6}
    patterns = read_table("attrition_patterns", out / "cohort/attrition_patterns.tsv")
    assert dict(zip(patterns["pattern"], patterns["n"], strict=True)) == {"11": 14, "10": 6}
    apart = read_table("attrition_differences", out / "cohort/attrition_differences.tsv")
    assert apart["value_seen"].tolist() == pytest.approx([np.mean([min(place, 9) for place in range(1, 15)])])
    assert apart["value_lost"].tolist() == [9]
    rates = read_table("attrition_rates", out / "cohort/attrition_rates.tsv")
    outcomes = read_table("outcomes", out / "cohort/outcomes.parquet")
    known = outcomes[(outcomes["outcome"] == "persistent_20") & (outcomes["status"] == "ok")]["value"]
    assert rates[["method", "n", "n_seen"]].to_numpy().tolist() == [["complete cases", 20, 14]]
    assert rates["rate"].tolist() == [known.mean()]


def test_imputed_rates_stand_beside_the_complete_cases(study: tuple[Path, Path]) -> None:
    dataset, out = study
    asked = ", site: null, imputations: 3, iterations: 2, delta: [0, 2]"
    text = config(out.parent, attrition=asked).replace("method: none", "method: imputation")
    assert run(dataset, out, config=text, command="cohort").code == 0
    rates = read_table("attrition_rates", out / "cohort/attrition_rates.tsv")
    assert set(rates["method"]) >= {"complete cases", "imputation", "imputation, shifted by +2"}
    made = rates.set_index("method")["rate"]
    assert made["imputation, shifted by +2"] >= made["imputation"]


def test_a_changed_mapping_and_a_changed_rule_of_attrition_run_again(study: tuple[Path, Path]) -> None:
    dataset, out = study
    run(dataset, out, config=config(out.parent), command="cohort")
    assert "Nothing to do" in run(dataset, out, config=config(out.parent), command="cohort").out
    (out.parent / "map.tsv").write_text(MAP.replace("mood9\tphq9\t9\n", ""), encoding="utf-8")
    run(dataset, out, config=config(out.parent), command="cohort")
    assert units_run(out) == ["cohort all"]
    scores = read_table("instrument_scores", out / "cohort/instrument_scores.parquet")
    assert set(scores["n_answered"]) == {8, 0} or 9 not in set(scores["n_answered"])
    run(dataset, out, config=config(out.parent, attrition=", covariates: [phq9_total]"), command="cohort")
    assert units_run(out) == ["cohort all"]


def test_a_mapping_that_cannot_be_used_is_a_problem_and_nothing_is_scored(study: tuple[Path, Path]) -> None:
    dataset, out = study
    (out.parent / "map.tsv").write_text("variable\tinstrument\n", encoding="utf-8")
    text = config(out.parent).replace("[phq9_total]", "[]")
    assert run(dataset, out, config=text, command="cohort").code == 3
    assert ("CL368", "map.tsv") in named(out, "code", "file")
    assert not (out / "cohort/instrument_scores.parquet").exists()
    done = cli("validate", dataset, "--config", out.parent / "out.yaml", "--jobs", "1")
    assert "CL368" in done.out


def test_a_name_that_no_score_has_is_refused_before_anything_is_measured(study: tuple[Path, Path]) -> None:
    dataset, out = study
    text = config(out.parent, attrition=", covariates: [phq9_sum]")
    finished = run(dataset, out, config=text, command="cohort")
    assert finished.code == 2
    assert "phq9_sum" in finished.err
    assert "phq9_total" in finished.err, "the names that there are"


def test_without_questionnaires_or_a_second_visit_nothing_is_written(tmp_path: Path) -> None:
    dataset, out = small(tmp_path / "data"), tmp_path / "out"
    assert run(dataset, out, command="cohort").code == 0
    assert not [name for name in RESULTS if (out / "cohort" / name).exists()]
    assert not named(out, "code") & {("CL347",), ("CL348",), ("CL372",)}


def test_what_no_longer_follows_goes(study: tuple[Path, Path]) -> None:
    dataset, out = study
    run(dataset, out, config=config(out.parent), command="cohort")
    assert all((out / "cohort" / name).is_file() for name in RESULTS)
    before = tables(out)
    export(out.parent, items=False)
    text = config(out.parent).replace("[phq9_total]", "[]").replace(f"mapping: {out.parent / 'map.tsv'}", "")
    finished = run(dataset, out, config=text, command="cohort")
    assert finished.code == 0, finished
    assert not (out / "cohort/instrument_scores.parquet").exists()
    assert tables(out)["cohort/attrition.tsv"] == before["cohort/attrition.tsv"]
