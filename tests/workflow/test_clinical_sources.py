"""Clinical sources in a run: what they say is used, and a change of them is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow.runs import cli, named, problems, run, small

from corticolimbic.features import read_table

DICTIONARY = (
    "Variable / Field Name,Form Name,Field Type,Field Label,Text Validation Type OR Show Slider Number,"
    "Text Validation Min,Text Validation Max\n"
    "record_id,visit,text,ID,,,\nseen,visit,text,Day,date_ymd,,\npain,visit,text,Pain,number,0,10\n"
)
RECORDS = "record_id,redcap_event_name,redcap_data_access_group,seen,pain,visit_complete\n"
PAIN = {"001": (6, 5), "002": (7, 2), "003": (5, 5), "004": (8, 99), "005": (6, 1), "006": (4, 4)}


def config(folder: Path) -> str:
    return f"""\
measure: {{statistics: [pearson]}}
cohort:
  sources:
    - kind: redcap
      path: {folder / "records.csv"}
      dictionary: {folder / "dictionary.csv"}
      date_column: seen
      events: {{before_arm_1: ses-before, after_arm_1: ses-after}}
  outcome: {{family: relative, pain_column: pain, baseline_session: ses-before, final_session: ses-after}}
compare: {{covariates: [], minimum_people: 4}}
"""


def export(folder: Path, **pain: tuple[int, int]) -> None:
    rows = [
        f"{person},{event}_arm_1,{'north' if int(person) % 2 else 'south'},{day},{value},2"
        for person, values in {**PAIN, **pain}.items()
        for event, day, value in zip(("before", "after"), ("2020-01-01", "2020-04-01"), values, strict=True)
    ]
    (folder / "records.csv").write_text(RECORDS + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "dictionary.csv").write_text(DICTIONARY, encoding="utf-8")


@pytest.fixture
def study(tmp_path: Path) -> tuple[Path, Path]:
    """A dataset whose people are known from an export alone."""
    dataset = small(tmp_path / "data", 6)
    (dataset / "participants.tsv").unlink()
    export(tmp_path)
    return dataset, tmp_path / "out"


def test_an_export_gives_people_sites_visits_and_outcomes(study: tuple[Path, Path]) -> None:
    dataset, out = study
    finished = run(dataset, out, command="cohort", config=config(out.parent))
    assert finished.code == 3, "one rating is out of range"
    assert "CL301" not in {code for (code,) in named(out, "code")}, "the export says who the people are"
    wrong = [(row["code"], row["participant_id"], row["row"]) for row in problems(out)]
    assert ("CL312", "sub-004", "9") in wrong
    visits = read_table("visits", out / "cohort/visits.parquet")
    pain = visits[visits["variable"] == "pain"].set_index(["participant_id", "session_id"])
    assert pain["number"]["sub-001", "ses-after"] == 5
    assert pain["day"]["sub-001", "ses-after"] == 91
    assert pain["missing"]["sub-004", "ses-after"] == "unknown"
    outcomes = read_table("outcomes", out / "cohort/outcomes.parquet")
    persistent = outcomes[outcomes["outcome"] == "persistent_20"].set_index("participant_id")["value"]
    assert persistent[["sub-001", "sub-002", "sub-003", "sub-005"]].tolist() == [1, 0, 1, 0]
    assert set(read_table("sessions", out / "sessions.parquet")["site"]) == {"north", "south"}


def test_a_changed_export_is_read_again_and_nothing_is_measured_again(study: tuple[Path, Path]) -> None:
    dataset, out = study
    run(dataset, out, command="cohort", config=config(out.parent))
    again = run(dataset, out, command="cohort", config=config(out.parent))
    assert "Nothing to do" in again.out
    export(out.parent, **{"002": (7, 7)})
    changed = run(dataset, out, command="cohort", config=config(out.parent))
    assert "1 of 7 units" in changed.out
    outcomes = read_table("outcomes", out / "cohort/outcomes.parquet")
    persistent = outcomes[outcomes["outcome"] == "persistent_20"].set_index("participant_id")["value"]
    assert persistent["sub-002"] == 1


def test_a_run_compares_by_what_the_export_says(study: tuple[Path, Path]) -> None:
    dataset, out = study
    finished = run(dataset, out, config=config(out.parent))
    assert finished.code == 3
    assert (out / "compare/effects.tsv").is_file()
    assert (out / "report.html").is_file()


def test_validate_lists_the_problems_of_the_sources(study: tuple[Path, Path]) -> None:
    dataset, out = study
    settings = out.parent / "c.yaml"
    settings.write_text(config(out.parent), encoding="utf-8")
    finished = cli("validate", dataset, "--config", settings, "--jobs", "1")
    assert finished.code == 3
    assert "CL312" in finished.out
    assert "CL301" not in finished.out
    assert "CL306" not in finished.out


def test_people_of_the_export_without_images_are_named_and_the_reverse(study: tuple[Path, Path]) -> None:
    dataset, out = study
    export(out.parent, **{"777": (5, 5)})
    text = (out.parent / "records.csv").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("005")]
    (out.parent / "records.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    run(dataset, out, command="cohort", config=config(out.parent))
    found = named(out, "code", "participant_id")
    assert {("CL305", "sub-777"), ("CL306", "sub-005")} <= found


def test_a_run_that_reviewers_marked_red_is_not_measured(tmp_path: Path) -> None:
    dataset, out = small(tmp_path / "data", 3), tmp_path / "out"
    scans = "filename\trating\nfunc/sub-002_task-rest_bold.nii.gz\tred\n"
    (dataset / "sub-002/sub-002_scans.tsv").write_text(scans, encoding="utf-8")
    finished = run(dataset, out, command="cohort", config="cohort: {adapter: a2cps}\n")
    assert finished.code == 0, finished
    assert ("CL339", "sub-002") in named(out, "code", "participant_id")
    assert sorted(path.name for path in (out / "features").iterdir()) == ["sub-001", "sub-003"]
