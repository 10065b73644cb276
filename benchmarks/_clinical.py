"""Clinical data of a multi-centre study: an export read, scored and turned into outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks._job import Job, Size

WAVES = {"baseline": 0, "week_6": 42, "month_3": 91, "month_6": 182, "month_12": 365, "year_3": 1095}
SITES = ("north", "south", "east", "west", "centre", "coast", "lake")
PEOPLE = {"full": 2800, "smoke": 140}
ERRORS = {"full": 20, "smoke": 1}


def prepare(size: Size, folder: Path) -> tuple[Any, Any]:
    """Write an export of seven sites, six waves and a diary, with planted errors, and its settings."""
    from corticolimbic.cohort import CohortSettings
    from corticolimbic.simulate import redcap_export

    made = redcap_export(folder, people=PEOPLE[size], errors_of_each_kind=ERRORS[size], seed=20260403)
    sessions = {f"{wave}_arm_1": f"ses-{wave.replace('_', '')}" for wave in WAVES}
    source = {
        "kind": "redcap",
        "path": str(made.records),
        "dictionary": str(made.dictionary),
        "designations": str(made.designations),
        "events": sessions,
        "dates": {"diary": "diary_date"},
        "date_column": "visit_date",
        "sites": list(SITES),
        "birth": ["birth_date", "visit_birth_year"],
        "sex": ["sex", "visit_sex"],
    }
    schedule = [
        {"session": session, "day": day, "before": 14, "after": 14}
        for session, day in zip(sessions.values(), WAVES.values(), strict=True)
    ]
    ratings = [{"variable": "pain_week"}, {"variable": "diary_pain"}]
    outcome = {"family": "relative", "pain_column": "pain_week", "baseline_session": "ses-baseline",
               "final_session": "ses-month12"}  # fmt: skip
    settings = CohortSettings.model_validate(
        {
            "sources": [source],
            "trajectories": {"schedule": schedule, "ratings": ratings, "date_variable": "visit_date"},
            "outcome": outcome,
        }
    )
    return made, settings


def ours(inputs: tuple[Any, Any]) -> Any:
    """Read, score, and derive outcomes, courses, recovery, rates and completeness."""
    import pandas as pd

    from corticolimbic.cohort import (
        Tables,
        follow_up,
        outcomes,
        pain_ratings,
        read_clinical,
        score_visits,
        sites,
        with_scores,
    )

    made, settings = inputs
    nobody = pd.DataFrame(index=pd.Index([], name="participant_id", dtype="str"))
    nothing = pd.DataFrame({"participant_id": [], "session_id": []}, dtype="str")
    read = read_clinical(Tables(nobody, nothing), settings, made.records.parent)
    scores = score_visits(read.visits, settings.scoring)
    clinical = with_scores(read, scores.table, settings)
    place = sites(clinical.participants, settings)
    ratings, _ = pain_ratings(clinical.visits, place, settings)
    found = outcomes(clinical.participants, clinical.sessions, settings.outcome, ratings)
    followed = follow_up(clinical.visits, ratings, found, place, settings)
    return made, clinical, scores.table, found.table, followed


def check(mine: Any, theirs: Any) -> None:
    """Every planted error is found, everybody has an outcome, and the sums of the PCS are sums."""
    made, clinical, scores, table, followed = mine
    planted = {(item.code, str(item.row)) for item in made.planted}
    assert planted <= {(item.code, str(item.row)) for item in clinical.problems}
    people = len(clinical.participants)
    assert (table["outcome"] == "persistent_20").sum() == people == len(followed.trajectories)
    total = scores[(scores["instrument"] == "PCS") & (scores["subscale"] == "total")]
    parts = scores[(scores["instrument"] == "PCS") & (scores["subscale"] != "total")]
    key = ["participant_id", "session_id"]
    sums = parts.groupby(key)["score"].sum(min_count=3)
    both = total.set_index(key)["score"].to_frame("total").join(sums).dropna()
    assert len(both) > 0.9 * len(total)
    assert (both["total"] == both["score"]).all()


JOB = Job(
    name="cohort: an export of 2,800 people, 6 waves and a diary (100,000 rows) read, scored, to outcomes",
    peer_name="none",
    targets={"ours": 10.0},
    prepare=prepare,
    ours=ours,
    peer=None,
    limit=None,
    check=check,
)
