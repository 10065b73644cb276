"""Everything about pain over time of whole studies: made up, broken, large, and real."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cohort.people import diary, participants, ratings

from corticolimbic.cohort import (
    COURSES,
    CohortSettings,
    FollowUp,
    follow_up,
    outcomes,
    pain_ratings,
    sites,
    visits_table,
)

MONTHS = {"ses-baseline": 0.0, "ses-month01": 30.0, "ses-month03": 90.0, "ses-month06": 180.0}
SETTINGS = CohortSettings.from_mapping(
    {
        "outcome": {
            "family": "relative", "pain_column": "nrs", "baseline_session": "ses-baseline",
            "final_session": "ses-month06",
        },
        "trajectories": {"schedule": [{"session": name, "day": day} for name, day in MONTHS.items()]},
    }
)  # fmt: skip


def study(n: int, seed: int, *, lost: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return participants, sessions tables and true final pain; half recover in the manner of e^-t."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(4, 8, n)
    last = np.where(rng.random(n) < 0.5, first * rng.uniform(0, 0.4, n), first * rng.uniform(0.8, 1.2, n))
    rows = []
    for person in range(n):
        for name, day in MONTHS.items():
            level = last[person] + (first[person] - last[person]) * np.exp(-day / 40)
            rating = float(np.clip(level + 1.2 * rng.normal(), 0, 10))
            gone = name != "ses-baseline" and rng.random() < lost
            rows.append((f"sub-{person + 1}", name, "" if gone else f"{rating:.2f}"))
    sessions = pd.DataFrame(rows, columns=["participant_id", "session_id", "nrs"], dtype="str")
    return participants(site=[("a", "b", "c")[k % 3] for k in range(n)]), sessions, last >= 0.8 * first


def followed(people: pd.DataFrame, sessions: pd.DataFrame, told: CohortSettings = SETTINGS) -> FollowUp:
    visits, place = visits_table(people, sessions), sites(people, told)
    rated, _ = pain_ratings(visits, place, told)
    found = outcomes(people, sessions, told.outcome, rated)
    return follow_up(visits, rated, found, place, told)


def test_all_ratings_tell_the_truly_persistent_better_than_two() -> None:
    people, sessions, truly = study(300, 11)
    found = followed(people, sessions)
    chance = found.trajectories["p_persistent"].to_numpy()
    assert ((chance >= 0) & (chance <= 1)).all()
    assert np.mean((chance - truly) ** 2) < 0.75 * np.mean((chance.mean() - truly) ** 2)
    label = (chance > 0.5) != truly
    rows = found.misclassification.set_index("outcome")
    assert label.mean() < 0.2
    assert rows.loc["persistent_20", "n"] == 300
    assert (
        0.5 < rows.loc["persistent_20", "auc_ceiling"] < rows.loc["persistent_20", "auc_ceiling_levels"] < 1
    )
    assert set(found.trajectories["criterion"]) == {"persistent_20"}


def test_whoever_lost_the_final_rating_still_has_a_chance_from_the_others() -> None:
    people, sessions, truly = study(400, 12, lost=0.35)
    found = followed(people, sessions).trajectories.set_index("participant_id")
    without = sessions[(sessions["session_id"] == "ses-month06") & (sessions["nrs"] == "")]["participant_id"]
    chance = found.loc[without, "p_persistent"]
    assert len(chance) > 80
    assert chance.notna().all()
    truth = pd.Series(truly, index=people.index)[without].to_numpy()
    assert np.mean((chance - truth) ** 2) < 0.9 * np.mean((truth.mean() - truth) ** 2)


def test_tables_agree_with_each_other() -> None:
    people, sessions, _ = study(120, 13, lost=0.2)
    found = followed(people, sessions)
    courses = found.trajectories["course"]
    assert ((courses == "") == (found.trajectories["course_reason"] != "")).all()
    assert set(courses) <= {"", *COURSES}
    everywhere = found.rates[(found.rates["kind"] == "course") & (found.rates["site"] == "all")]
    assert everywhere["events"].sum() == (courses != "").sum()
    start = found.recovery[(found.recovery["site"] == "all") & (found.recovery["day"] == 0)]
    assert (start["at_risk"] == (found.trajectories["recovered"] >= 0).sum()).all()
    known = found.trajectories["recovered"] == 1
    assert (
        found.trajectories.loc[known, "recovery_after"] < found.trajectories.loc[known, "recovery_by"]
    ).all()
    assert found.mean_courses[found.mean_courses["course"] == "all"]["day"].tolist() == list(MONTHS.values())
    assert len(found.ratings) == (sessions["nrs"] != "").sum()


def test_the_order_of_rows_changes_nothing() -> None:
    people, sessions, _ = study(40, 14, lost=0.2)
    one = followed(people, sessions)
    other = followed(people.sample(frac=1, random_state=3), sessions.sample(frac=1, random_state=4))
    key = ["participant_id"]
    pd.testing.assert_frame_equal(
        one.trajectories.sort_values(key, ignore_index=True),
        other.trajectories.sort_values(key, ignore_index=True), rtol=1e-9,
    )  # fmt: skip
    for name in ("ratings", "rates", "recovery", "mean_courses", "misclassification", "completeness"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), rtol=1e-9, obj=name)


@pytest.mark.parametrize(
    ("site", "pain"),
    [
        (["all"], {"sub-1": {"ses-baseline": "5", "ses-month06": "0"}}),
        (["患者"], {"sub-1": {"ses-baseline": "5", "ses-month06": "5"}}),
        (["x", ""], {"sub-1": {"ses-baseline": "n/a", "ses-month06": ""}}),
        (["x"], {"sub-9": {"ses-baseline": "5", "ses-month06": "5"}}),
        (["x"] * 30, {f"sub-{n + 1}": {"ses-baseline": "5", "ses-month06": "5"} for n in range(30)}),
        (["x"] * 30, {f"sub-{n + 1}": {"ses-baseline": "0", "ses-month06": "0"} for n in range(30)}),
    ],
)
def test_odd_studies_are_followed_without_a_fall(site: list[str], pain: dict) -> None:
    found = followed(participants(site=site), ratings(pain))
    assert len(found.trajectories) == len(site)
    assert found.trajectories["p_persistent"].dropna().between(0, 1).all()


def test_a_study_without_ratings_has_empty_tables_and_everyone_s_reason() -> None:
    found = followed(participants(site=["x", "y"]), ratings({}), CohortSettings())
    for name in ("ratings", "rates", "recovery", "mean_courses", "misclassification", "completeness"):
        assert getattr(found, name).empty, name
    assert set(found.trajectories["course_reason"]) == {"fewer than 3 rated days"}


def diaries(n: int) -> tuple[pd.DataFrame, pd.DataFrame, CohortSettings]:
    """Return people, their visits table with 35 diary days each, and settings with a final day."""
    rng = np.random.default_rng(15)
    people = participants(site=[f"site{k % 7}" for k in range(n)])
    values = {
        person: [(day, int(rng.integers(0, 11))) for day in sorted(rng.integers(0, 180, 35).tolist())]
        for person in people.index
    }
    chosen = {"family": "relative", "pain_column": "nrs", "baseline_session": "ses-none", "final_day": 170}
    return people, diary(values), CohortSettings.from_mapping({"outcome": chosen})


def test_ratings_of_diaries_without_sessions_are_followed() -> None:
    people, visits, told = diaries(60)
    place = sites(people, told)
    rated, _ = pain_ratings(visits, place, told)
    found = outcomes(people, ratings({"sub-1": {"ses-none": "5"}}), told.outcome, rated)
    table = follow_up(visits, rated, found, place, told).trajectories
    assert (table["n_ratings"] == 35).all()
    assert table["p_persistent"].between(0, 1).all()


@pytest.mark.slow
def test_a_consortium_with_98000_ratings_is_followed_in_seconds() -> None:
    people, visits, told = diaries(2800)
    before = time.process_time()
    place = sites(people, told)
    rated, _ = pain_ratings(visits, place, told)
    found = outcomes(people, ratings({"sub-1": {"ses-none": "5"}}), told.outcome, rated)
    follow_up(visits, rated, found, place, told)
    assert time.process_time() - before < 40  # with every shape checked; a fifth of it without


def test_sore_throats_after_surgery_equal_another_path(shared_data: Path) -> None:
    """Liquorice gargle trial: sore throat 30 and 90 minutes, 4 hours and a morning after extubation."""
    from statsmodels.duration.survfunc import SurvfuncRight
    from statsmodels.stats.proportion import proportion_confint

    wide = pd.read_csv(shared_data / "pain-ratings-more" / "licorice_gargle.csv")
    hours = {"pacu30min_throatPain": 0.5, "pacu90min_throatPain": 1.5, "postOp4hour_throatPain": 4.0,
             "pod1am_throatPain": 18.0}  # fmt: skip
    sessions = {name: f"ses-h{place}" for place, name in enumerate(hours)}
    people = participants(site=[("sugar", "liquorice")[arm] for arm in wide["treat"]])
    rows = [
        (person, sessions[name], "" if np.isnan(value) else f"{value:g}")
        for name in hours
        for person, value in zip(people.index, wide[name], strict=True)
    ]
    table = pd.DataFrame(rows, columns=["participant_id", "session_id", "throat"], dtype="str")
    told = CohortSettings.from_mapping(
        {
            "outcome": {
                "family": "absolute", "pain_column": "throat", "baseline_session": "ses-h0",
                "final_session": "ses-h3", "level": 1, "levels_beside": [2], "levels_sweep": [3],
            },
            "trajectories": {
                "schedule": [{"session": sessions[name], "day": at / 24} for name, at in hours.items()],
                "recovery": {"level": 0},
            },
        }
    )  # fmt: skip
    found = followed(people, table, told)
    rates = found.rates[found.rates["kind"] == "outcome"].set_index(["name", "site"])
    for level in (1, 2, 3):
        for arm, site in enumerate(("sugar", "liquorice")):
            last = wide.loc[wide["treat"] == arm, "pod1am_throatPain"].dropna()
            row = rates.loc[(f"pain_at_least_{level}", site)]
            assert (row["events"], row["n"]) == ((last >= level).sum(), len(last))
            expected = proportion_confint(row["events"], row["n"], method="wilson")
            assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected)

    pain = wide[list(hours)].to_numpy()
    at = np.array(list(hours.values())) / 24
    free, rated = pain == 0, ~np.isnan(pain)
    event = free.any(axis=1)
    day = np.where(event, at[free.argmax(axis=1)], at[len(at) - 1 - rated[:, ::-1].argmax(axis=1)])
    counted = rated.any(axis=1)
    other = SurvfuncRight(day[counted], event[counted].astype(int))
    ours = found.recovery[(found.recovery["site"] == "all") & (found.recovery["method"] == "kaplan_meier")]
    assert ours["survival"].tolist()[1:] == pytest.approx(other.surv_prob)
    assert ours["day"].tolist()[1:] == pytest.approx(other.surv_times)
    assert ours["at_risk"].tolist()[1:] == pytest.approx(other.n_risk)


def test_headache_diaries_equal_another_path(shared_data: Path) -> None:
    """Migraine diaries: days until the first three in a row without headache, after treatment began."""
    from statsmodels.duration.survfunc import SurvfuncRight

    long = pd.read_csv(shared_data / "pain-ratings-more" / "KosteckiDillon.csv")
    long["pain"] = (long["headache"] == "yes").astype(float)
    values = {
        f"sub-{person}": list(zip(group["time"], group["pain"], strict=True))
        for person, group in long.groupby("id")
    }
    people = participants(site=["x"]).reindex(list(values)).fillna("toronto").rename_axis("participant_id")
    told = CohortSettings.from_mapping(
        {
            "trajectories": {
                "ratings": [{"variable": "headache", "scale": [0, 1]}],
                "recovery": {"level": 0, "sustained": 3},
            }
        }
    )
    visits, place = diary(values, "headache"), sites(people, told)
    rated, problems = pain_ratings(visits, place, told)
    assert (len(rated.rating), problems) == (4152, ())
    table = follow_up(visits, rated, outcomes(people, ratings({}), told.outcome), place, told)

    # Another path: rolling sums over the day's mean, person by person, in pandas.
    seen = []
    for _, group in long[long["time"] >= 0].groupby("id"):
        daily = group.groupby("time")["pain"].mean().sort_index()
        free = (daily == 0).astype(int)
        if free.iloc[0] and daily.index[0] == 0:
            continue
        runs = free.rolling(3).sum() == 3
        if runs.any():
            seen.append((daily.index[int(np.flatnonzero(runs)[0]) - 2], 1))
        else:
            tail = len(daily) - int((free[::-1].cumprod()).sum())  # an unconfirmed run at the end
            seen.append((daily.index[tail - 1] if tail else 0, 0))
    day, event = np.array(seen, dtype=float).T
    other = SurvfuncRight(day, event.astype(int))
    ours = table.recovery[(table.recovery["site"] == "all") & (table.recovery["method"] == "kaplan_meier")]
    assert ours["at_risk"].iloc[0] == len(seen)
    assert ours["survival"].tolist()[1:] == pytest.approx(other.surv_prob)
    assert ours["day"].tolist()[1:] == pytest.approx(other.surv_times)
