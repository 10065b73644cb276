"""Models over visits from files to effects.tsv and the page: against statsmodels by hand, and bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from workflow.runs import problems, run
from workflow.visits_study import CONFIG, REGIONS, change_column, write_visits_study

from corticolimbic.features import read_table

EDGE = "NAc_R--mPFC"
pytestmark = pytest.mark.slow  # 24 to 96 sessions measured; test_visits_run holds the small one


def by_hand(data: Path) -> pd.DataFrame:
    """Return the long table, read from the files without this package."""
    people = pd.read_csv(data / "participants.tsv", sep="\t").set_index("participant_id")
    rows = []
    for path in sorted(data.glob("sub-*/ses-*/func/*_timeseries.tsv")):
        person, session = path.parts[-4:-2]
        series = pd.read_csv(path, sep="\t")
        pain = pd.read_csv(data / person / f"{person}_sessions.tsv", sep="\t").set_index("session_id")
        motion = pd.read_csv(path.with_name(path.name.split("_seg-")[0] + "_motion.tsv"), sep="\t")
        rows.append(
            {
                "person": person,
                "session": session,
                "site": people.loc[person, "site"],
                "group": people.loc[person, "course"],
                "year": int(session.removeprefix("ses-month")) / 12,
                "pain": pain.loc[session, "pain_nrs"],
                "fd": motion["framewise_displacement"].mean(),
                "z": np.arctanh(np.corrcoef(series["mPFC"], series["NAc_R"])[0, 1]),
            }
        )
    long = pd.DataFrame(rows)
    for name in ("pain", "fd"):
        long[f"{name}_mean"] = long.groupby("person")[name].transform("mean")
        long[f"{name}_within"] = long[name] - long[f"{name}_mean"]
    return long


def over_visits(out: Path) -> pd.DataFrame:
    effects = read_table("effects", out / "compare/effects.tsv")
    return effects[effects["analysis"] == "visits"]


def one(rows: pd.DataFrame, start: str, target: str = EDGE) -> pd.Series:
    found = rows[(rows["target"] == target) & rows["contrast"].str.startswith(start)]
    assert len(found) == 1, found["contrast"].tolist()
    return found.iloc[0]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    root = tmp_path_factory.mktemp("visits")
    data = write_visits_study(root / "data")
    finished = run(data, root / "out", config=CONFIG, command="compare")
    assert finished.code == 0, finished
    return data, over_visits(root / "out")


def test_effects_from_files_equal_statsmodels_by_hand(study: tuple[Path, pd.DataFrame]) -> None:
    data, rows = study
    long = by_hand(data)
    group = "C(group, Treatment('recovered'))"
    for formula, expected in (
        (
            f"z ~ {group} * year + fd_mean + fd_within + C(site)",
            {
                "course: change per year, recovered": "year",
                "course: persistent - recovered, at time 0": f"{group}[T.persistent]",
                "course x time: persistent - recovered": f"{group}[T.persistent]:year",
            },
        ),
        (
            "z ~ year + pain_mean + pain_within + fd_mean + fd_within + C(site)",
            {"pain_nrs between people": "pain_mean", "pain_nrs within people (": "pain_within"},
        ),
    ):
        model = smf.mixedlm(formula, long, groups=long["person"], re_formula="~year")
        fit = model.fit(reml=True, method=["bfgs", "lbfgs"], gtol=1e-9)
        for start, term in expected.items():
            row = one(rows, start)
            assert row["estimate"] == pytest.approx(fit.params[term], abs=1e-4), start
            assert (row["n"], row["n_visits"], row["n_sites"]) == (24, 96, 3)


def test_planted_change_and_the_reversal_are_found(study: tuple[Path, pd.DataFrame]) -> None:
    _, rows = study
    change = one(rows, "course x time")
    assert change["ci_low"] < 0.3 < change["ci_high"]
    assert change["p"] < 0.001
    within, between = one(rows, "pain_nrs within people ("), one(rows, "pain_nrs between people")
    assert within["ci_high"] < 0 < between["ci_low"]


def no_nucleus_in_a_group(data: Path) -> None:
    people = pd.read_csv(data / "participants.tsv", sep="\t", index_col="participant_id")
    for person in people.index[people["course"] == "persistent"]:
        for path in data.glob(f"{person}/ses-*/func/*_timeseries.tsv"):
            pd.read_csv(path, sep="\t").assign(NAc_R="n/a").to_csv(path, sep="\t", index=False)


def infinite_value(data: Path) -> None:
    [path] = data.glob("sub-002/ses-month06/func/*_timeseries.tsv")
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[5] = "\t".join(["inf"] * len(REGIONS))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def site_is_the_group(data: Path) -> None:
    change_column(data, "course", {"north": "persistent", "south": "recovered", "west": "recovered"})


def site_again(data: Path) -> None:
    change_column(data, "scanner", {"north": "A", "south": "B", "west": "C"})


BAD: dict[str, tuple[int, Callable[[Path], object], str, set[str], str]] = {
    "site is the group": (12, site_is_the_group, "", {"CL602"}, "cannot be told apart from site"),
    "a group lacks a region": (12, no_nucleus_in_a_group, "", {"CL605"}, "cannot tell"),
    "three people": (3, lambda _: None, "", {"CL607"}, "people have features at two visits"),
    "infinite value": (12, infinite_value, "", {"CL201", "CL202", "CL203"}, ""),
    "collinear covariate": (12, site_again, "scanner", {"CL602"}, "columns repeat each other"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input_leaves_a_problem_and_a_page(case: str, tmp_path: Path) -> None:
    n, damage, covariate, codes, words = BAD[case]
    data = write_visits_study(tmp_path / "data", n, months=(0, 6, 12))
    damage(data)
    config = CONFIG.replace('["measured:mean_fd"]', f"[{covariate}]")
    finished = run(data, tmp_path / "out", config=config)
    assert finished.code in {0, 3}, finished
    assert "Traceback" not in finished.err + (tmp_path / "out/log.jsonl").read_text(encoding="utf-8")
    found = [row for row in problems(tmp_path / "out") if row["code"] in codes and words in row["found"]]
    assert found, sorted({(row["code"], row["found"]) for row in problems(tmp_path / "out")})
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert found[0]["code"] in page
    refused = {"site is the group": "course", "three people": "", "collinear covariate": ""}
    if case in refused:  # what was refused has no row, rather than rows of numbers
        assert not over_visits(tmp_path / "out")["contrast"].str.startswith(refused[case]).any()
    else:
        assert np.isfinite(over_visits(tmp_path / "out")["estimate"]).any()
