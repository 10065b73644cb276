"""What `protocol init` writes is read, scored and turned into outcomes, without another line of settings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cohort.form_answers import evaluate, hours, table
from cohort.protocol_export import MadeExport, write_export
from workflow.runs import cli, named, problems, small

from corticolimbic.features import read_table

PEOPLE, SEED = 8, 20260703


@pytest.fixture(scope="module", params=["subacute", "surgical"])
def study(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, MadeExport]:
    """A protocol with the export of eight people, taken through `corticolimbic cohort` in its own folder."""
    folder = tmp_path_factory.mktemp(request.param)
    protocol = folder / "protocol"
    lang = "zh" if request.param == "surgical" else "en"
    assert cli("protocol", "init", protocol, "--design", request.param, "--lang", lang).code == 0
    made = write_export(protocol, PEOPLE, SEED)
    first = (protocol / "visits.tsv").read_text(encoding="utf-8").splitlines()[1].split("\t")[0]
    people = [f"{number:03d}" for number in range(1, PEOPLE + 1)]
    dataset = small(folder / "data", people, sessions=(first[4:],))
    (dataset / "participants.tsv").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(protocol)
        arguments = ("cohort", dataset, folder / "out", "--config", "study.yaml", "--quiet", "--jobs", "1")
        finished = cli(*arguments)
    assert finished.code == 0, (finished, problems(folder / "out"))
    return folder / "out", made


def test_nothing_is_found_wrong_with_it(study: tuple[Path, MadeExport]) -> None:
    out, _ = study
    found = {code for (code,) in named(out, "code")}
    # Told, not wrong: answered safety items, identifying columns, people without a final rating.
    assert found <= {"CL308", "CL343", "CL363", "CL365"}


def test_every_complete_form_is_scored_by_the_words_of_the_table(study: tuple[Path, MadeExport]) -> None:
    out, made = study
    scores = read_table("instrument_scores", out / "cohort/instrument_scores.parquet")
    single = scores[scores["instance"] == ""]
    told = single.set_index(["participant_id", "session_id", "instrument", "version", "subscale"])["score"]
    checked = 0
    for row in table():
        for who, cells in made.answers.items():
            own = {re.sub("_+", "_", name): cell for name, cell in cells.items()}
            items = {
                name.removeprefix(row["key"] + "_"): hours(cell) if ":" in cell else float(cell)
                for name, cell in own.items()
                if name.startswith(row["key"] + "_") and re.fullmatch(r"[\d.:]+", cell)
            }
            needed = {item.strip().lower() for item in row["item_keys"].split(",")}
            place = (*who, row["instrument"], row["version"], row["subscale"])
            if row["key"] in {"nrs", "vas", "mme"} or not needed <= set(items):
                continue
            assert told[place] == pytest.approx(evaluate(row, items)), place
            checked += 1
    assert checked > 1000


def test_missing_answers_keep_their_reason(study: tuple[Path, MadeExport]) -> None:
    out, made = study
    visits = read_table("visits", out / "cohort/visits.parquet")
    (session,) = {session for (person, session) in made.answers if person == "sub-002"} & {
        "ses-1m3",
        "ses-1w6",
    }
    own = visits[(visits["participant_id"] == "sub-002") & (visits["session_id"] == session)]
    assert own.set_index("variable")["missing"][["peg_1", "pcs_4"]].tolist() == ["refused", "not asked"]


def test_doses_and_diaries_are_read_from_their_repeating_forms(study: tuple[Path, MadeExport]) -> None:
    out, made = study
    visits = read_table("visits", out / "cohort/visits.parquet")
    doses = visits[visits["variable"] == "mme_total"]
    first = doses[doses["day"] <= 0].set_index("participant_id")["number"]
    assert first.to_dict() == {f"sub-{person:03d}": 10 * person for person in range(1, PEOPLE + 1)}
    assert set(doses.loc[doses["day"] > 0, "number"]) == {0}, "later forms say: takes none"
    ratings = read_table("ratings", out / "cohort/ratings.parquet")
    diary = ratings[ratings["variable"] == "nrs_diary"]
    assert {name: group["rating"].tolist() for name, group in diary.groupby("participant_id")} == made.diary
    weekly = ratings[ratings["variable"] == "nrs_avg7d"].set_index(["participant_id", "session_id"])["rating"]
    assert weekly.to_dict() == made.pain


def test_outcomes_follow_the_rule_of_the_design(study: tuple[Path, MadeExport]) -> None:
    out, made = study
    outcomes = read_table("outcomes", out / "cohort/outcomes.parquet")
    primary = outcomes[(outcomes["role"] == "primary") & (outcomes["unit"] == "class")]
    found = primary[primary["status"] == "ok"].set_index("participant_id")["value"].to_dict()
    surgical = set(primary["family"]) == {"absolute"}
    first, last = ("ses-0pre", "ses-4m12") if surgical else ("ses-0entry", "ses-3m12")
    expected = {}
    for person, session in made.pain:
        if session == last:
            now, then = made.pain[person, last], made.pain[person, first]
            expected[person] = float(now >= 4 if surgical else now > 0.8 * then)
    assert found == expected
    assert set(expected.values()) == {0.0, 1.0}
    assert len(expected) == 6


def test_the_lost_are_those_who_were_not_seen(study: tuple[Path, MadeExport]) -> None:
    out, made = study
    lost = read_table("attrition", out / "cohort/attrition.tsv")
    everybody = lost[lost["site"] == "all"].set_index("visit")["n_lost"].to_dict()
    assert everybody == {
        session: sum(place == (person, session) for place in made.lost for person in ("sub-004", "sub-008"))
        for session in everybody
    }
    assert sum(everybody.values()) == len(made.lost) == 6
    flow = json.loads((out / "cohort/flow.json").read_text(encoding="utf-8"))
    assert {visit["id"]: PEOPLE - visit["n"] for visit in flow["visits"]} == everybody
    rates = read_table("attrition_rates", out / "cohort/attrition_rates.tsv")
    assert rates[["n", "n_seen"]].to_numpy().tolist() == [[8, 6]]
    complete = read_table("completeness", out / "cohort/completeness.parquet")
    whole = complete[
        (complete["site"] == "all") & (complete["month"] == "all") & (complete["session_id"] == "all")
    ]
    assert whole.set_index("variable")["n_present"].to_dict() == {"(visit)": 34, "nrs_avg7d": 34}


def test_a_visit_has_its_day_and_the_person_their_stage(study: tuple[Path, MadeExport]) -> None:
    out, _ = study
    visits = read_table("visits", out / "cohort/visits.parquet")
    days = visits[(visits["variable"] == "nrs_avg7d") & (visits["participant_id"] == "sub-001")]
    assert days["day"].tolist() in ([0, 91, 182, 365, 1096], [-7, 42, 91, 182, 365])
    stages = read_table("trajectories", out / "cohort/trajectories.parquet")["stage"]
    assert set(stages) == {"subacute"}
