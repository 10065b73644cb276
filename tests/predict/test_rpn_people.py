"""The 119 people of Spisak et al. 2020 through the whole pipeline, against the publication and a slow path.

The numbers are those of METHODS M-2 and the publication (Nature Communications 11:187).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LinearRegression
from threadpoolctl import threadpool_limits

from corticolimbic.cli import main
from corticolimbic.features import read_sessions, read_table

KEPT, RULES = "kept_in_publication", "motion_rules"
PUBLISHED = {
    (KEPT, "essen"): (0.4299, 0.001, 0.232, 37),
    (KEPT, "szeged"): (0.4673, 0.001, -0.116, 19),
    (RULES, "essen"): (0.238, 0.002, 0.093, 41),
    (RULES, "szeged"): (-0.002, 0.002, -0.290, 23),
}
"""Population and site: r, its tolerance, skill, people."""
SET_APART = {
    "essen": ["sub-essen001", "sub-essen003", "sub-essen038", "sub-essen040"],
    "szeged": ["sub-szeged002", "sub-szeged011", "sub-szeged012", "sub-szeged026"],
}
"""Eight people within the motion rules whose pain thresholds were "out of range"."""


@pytest.fixture(scope="session")
def rpn(shared_data: Path) -> Path:
    """Return the folder of the real three-centre sample."""
    return shared_data / "rpn"


@pytest.fixture(scope="session")
def out(rpn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of one run with the shipped settings."""
    folder = tmp_path_factory.mktemp("rpn") / "out"
    settings = Path(__file__).parents[2] / "examples" / "rpn.yaml"
    assert main(["run", str(rpn), str(folder), "--config", str(settings), "--quiet"]) == 0
    return folder


@pytest.fixture(scope="session")
def people(rpn: Path) -> pd.DataFrame:
    return pd.read_csv(rpn / "participants.tsv", sep="\t", na_values="n/a", index_col="participant_id")


@pytest.fixture(scope="session")
def slow(rpn: Path, people: pd.DataFrame) -> pd.DataFrame:
    """Score everybody by the published recipe with pandas and scikit-learn, without a line of ours."""
    connections = pd.read_csv(rpn / "rpn_signature_connections.tsv", sep="\t")
    intercept = json.loads((rpn / "rpn_signature_connections.json").read_text())["intercept"]
    rows = {}
    with threadpool_limits(1):
        for person in people.index:
            rows[person] = score_slowly(rpn / person / "func", connections, intercept)
    return pd.DataFrame(rows).T


def score_slowly(folder: Path, connections: pd.DataFrame, intercept: float) -> dict[str, float]:
    series = pd.read_csv(next(folder.glob("*_timeseries.tsv")), sep="\t")
    moved = pd.read_csv(next(folder.glob("*_motion.tsv")), sep="\t")["framewise_displacement"]
    moved.iloc[0] = 0.0 if np.isnan(moved.iloc[0]) else moved.iloc[0]
    series = series[(moved <= 0.15).to_numpy()]
    spread = series.std(ddof=0)
    z = ((series - series.mean()) / spread.where(spread > 0)).fillna(0.0)
    inverse = np.linalg.inv(LedoitWolf(store_precision=False).fit(z.to_numpy()).covariance_)
    scale = np.sqrt(np.diag(inverse))
    partial = pd.DataFrame(-inverse / np.outer(scale, scale), series.columns, series.columns)
    values = np.array([partial.loc[row.region_a, row.region_b] for row in connections.itertuples()])
    flat = set(series.columns[series.max() == series.min()])
    lost = flat & {*connections["region_a"], *connections["region_b"]}
    total = (connections["weight"] * (values - connections["center"]) / connections["scale"]).sum()
    return {
        "score": np.nan if lost else intercept + total,
        "mean_fd": moved.iloc[1:].mean(),
        "censored": (moved > 0.15).mean(),
        "kept_volumes": len(series),
    }


def evaluation(out: Path, population: str, site: str) -> pd.DataFrame:
    table = read_table("evaluation", out / "predict" / "evaluation.tsv")
    fixed = table["scheme"].isin(["external", "in-sample"]) & table["metric"].isin(
        ["pearson_r", "spearman_rho", "skill"]
    )
    here = fixed & (table["kind"] == "marker") & (table["population"] == population) & (table["site"] == site)
    return table[here].set_index("metric")


def test_everybody_is_read(out: Path, people: pd.DataFrame) -> None:
    features = read_sessions(out, "features")
    assert len(people) == 119
    assert set(features["participant_id"]) == set(people.index)
    assert len(features[["participant_id", "session_id"]].drop_duplicates()) == 119
    assert len(read_table("sessions", out / "sessions.parquet")) == 119
    problems = read_table("problems", out / "problems.tsv")
    assert not (problems["severity"] == "failed").any()
    assert json.loads((out / "cohort" / "flow.json").read_text())["stages"][0]["n"] == 119


def test_scores_equal_a_slow_computation_of_its_own(out: Path, slow: pd.DataFrame) -> None:
    scores = read_table("scores", out / "predict" / "scores.tsv").set_index("participant_id")
    assert scores.index.is_unique
    assert set(scores.index) == set(slow.index)
    for person, row in slow.iterrows():
        if row["kept_volumes"] < 16 or np.isnan(row["score"]):
            assert scores.loc[person, "status"].startswith("not computable: needs ")
        else:
            assert scores.loc[person, "status"] == "ok"
            assert scores.loc[person, "score"] == pytest.approx(row["score"], abs=1e-8)
    assert (scores["status"] == "ok").sum() >= 110


def test_motion_equals_a_slow_computation_of_its_own(out: Path, slow: pd.DataFrame) -> None:
    sessions = read_table("sessions", out / "sessions.parquet").set_index("participant_id")
    np.testing.assert_allclose(sessions["mean_fd"].reindex(slow.index), slow["mean_fd"], atol=1e-12)
    np.testing.assert_allclose(sessions["censored_share"].reindex(slow.index), slow["censored"], atol=1e-12)


@pytest.mark.parametrize(("population", "site"), PUBLISHED)
def test_the_published_figures(
    out: Path, slow: pd.DataFrame, people: pd.DataFrame, population: str, site: str
) -> None:
    r, tolerance, skill, n = PUBLISHED[population, site]
    found = evaluation(out, population, site)
    assert found["value"]["pearson_r"] == pytest.approx(r, abs=tolerance)
    assert found["value"]["skill"] == pytest.approx(skill, abs=0.001)
    assert set(found["n"]) == {n}
    assert set(found["scheme"]) == {"external"}
    kept = people["kept_in_publication"] == 1
    rules = (slow["mean_fd"] <= 0.15) & (slow["censored"] <= 0.30)
    chosen = (kept if population == KEPT else rules) & (people["site"] == site) & slow["score"].notna()
    score, outcome = slow["score"][chosen], people["pain_sensitivity"][chosen]
    assert chosen.sum() == n
    pearson = scipy_stats.pearsonr(score, outcome)
    assert found["value"]["pearson_r"] == pytest.approx(pearson[0], abs=1e-8)
    assert found["p"]["pearson_r"] == pytest.approx(pearson[1], rel=1e-5)
    interval = pearson.confidence_interval()
    ends = (found["ci_low"]["pearson_r"], found["ci_high"]["pearson_r"])
    assert ends == pytest.approx((interval.low, interval.high), abs=1e-8)
    assert found["value"]["spearman_rho"] == pytest.approx(scipy_stats.spearmanr(score, outcome)[0], abs=1e-8)
    reference = people["pain_sensitivity"][kept & (people["site"] == "bochum")].mean()
    wanted = 1 - ((outcome - score) ** 2).sum() / ((outcome - reference) ** 2).sum()
    assert found["value"]["skill"] == pytest.approx(wanted, abs=1e-8)
    assert (found["ci_low"] < found["value"]).all()
    assert (found["value"] < found["ci_high"]).all()


@pytest.mark.parametrize(("population", "q2", "partial"), [(KEPT, 0.115, 0.433), (RULES, 0.012, 0.182)])
def test_out_of_fold_and_baselines_stand_beside_it(
    out: Path, slow: pd.DataFrame, people: pd.DataFrame, population: str, q2: float, partial: float
) -> None:
    table = read_table("evaluation", out / "predict" / "evaluation.tsv")
    rows = table[(table["population"] == population) & (table["site"] == "all external sites")]
    found = rows.set_index(["name", "scheme", "metric"])["value"]
    kept = people["kept_in_publication"] == 1
    rules = (slow["mean_fd"] <= 0.15) & (slow["censored"] <= 0.30)
    chosen = (kept if population == KEPT else rules) & (people["site"] != "bochum") & slow["score"].notna()
    score, outcome, site = slow["score"][chosen], people["pain_sensitivity"][chosen], people["site"][chosen]
    errors, baseline = pd.Series(dtype=float), pd.Series(dtype=float)
    for left in ("essen", "szeged"):  # the publication's score, recalibrated at the other centre
        slope, intercept = np.polyfit(score[site != left], outcome[site != left], 1)
        errors = pd.concat([errors, (outcome - intercept - slope * score)[site == left] ** 2])
        baseline = pd.concat([baseline, (outcome - outcome[site != left].mean())[site == left] ** 2])
    wanted = 1 - errors.sum() / baseline.sum()
    assert found["spisak2020_rpn", "leave-one-centre-out", "q2"] == pytest.approx(wanted, abs=1e-7)
    assert wanted == pytest.approx(q2, abs=0.001)
    centred = [values - values.groupby(site).transform("mean") for values in (score, outcome)]
    within = scipy_stats.pearsonr(*centred)[0]
    assert found["spisak2020_rpn", "external", "association|site"] == pytest.approx(within, abs=1e-7)
    assert within == pytest.approx(partial, abs=0.001)
    for name in ("baseline: motion", "baseline: age-sex"):
        assert found[name, "leave-one-centre-out", "q2"] < 0.05
        assert np.isfinite(found[name, "leave-one-centre-out", "pearson_r"])
    assert np.isfinite(found["baseline: site", "k-fold", "q2"])
    assert set(table.loc[table["kind"] == "marker", "name"]) == {"spisak2020_rpn"}


@pytest.mark.parametrize("population", [KEPT, RULES])
def test_the_training_centre_is_in_sample(out: Path, population: str) -> None:
    found = evaluation(out, population, "bochum")
    assert found["value"]["pearson_r"] == pytest.approx(0.9896, abs=0.001)
    assert set(found["scheme"]) == {"in-sample"}
    assert set(found["n"]) == {35}
    combined = evaluation(out, population, "all external sites")
    assert set(combined["n"]) == {sum(row[3] for key, row in PUBLISHED.items() if key[0] == population)}


def test_the_difference_rests_on_exactly_eight_people(out: Path) -> None:
    found = {item["site"]: item for item in json.loads((out / "predict" / "differences.json").read_text())}
    assert {site: item["only_in"] for site, item in found.items()} == {
        site: {KEPT: [], RULES: names} for site, names in SET_APART.items()
    }
    for site, item in found.items():
        assert [person["participant_id"] for person in item["people"]] == SET_APART[site]
        assert all(person["in"] == [RULES] for person in item["people"])
        assert all(person["reason"].startswith("not: ") for person in item["people"])
        for name in (KEPT, RULES):
            assert item["value"][name] == pytest.approx(PUBLISHED[name, site][0], abs=0.002)


def left_out(
    people: pd.DataFrame, slow: pd.DataFrame, population: str, columns: list[str]
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Predict each centre from the others with scikit-learn; return people, predictions, others' means."""
    kept = people["kept_in_publication"] == 1
    rules = (slow["mean_fd"] <= 0.15) & (slow["censored"] <= 0.30)
    known = slow["score"].notna() & people["pain_sensitivity"].notna()
    chosen = people[(kept if population == KEPT else rules) & known]
    raw = pd.DataFrame({"mean_fd": slow["mean_fd"], "age": people["age"], "sex": people["sex"] == "M"})
    raw = raw.astype(float).loc[chosen.index, columns]
    made, mean = pd.Series(index=chosen.index, dtype=float), pd.Series(index=chosen.index, dtype=float)
    for site in ("bochum", "essen", "szeged"):
        test = chosen["site"] == site
        others = chosen.loc[~test, "pain_sensitivity"]
        mean[test] = others.mean()
        made[test] = mean[test]
        if columns:
            made[test] = LinearRegression().fit(raw[~test], others).predict(raw[test])
    return chosen, made, mean


def judged_beside(out: Path, name: str, population: str, site: str) -> pd.Series:
    table = read_table("evaluation", out / "predict" / "evaluation.tsv")
    table = table[(table["scheme"] == "leave-one-centre-out") & (table["name"] == name)]
    table = table[(table["population"] == population) & (table["site"] == site)]
    return table.set_index("metric")["value"]


@pytest.mark.parametrize("population", [KEPT, RULES])
@pytest.mark.parametrize(
    ("name", "columns"), [("site", []), ("motion", ["mean_fd"]), ("age-sex", ["age", "sex"])]
)
def test_baselines_equal_scikit_learn_centre_by_centre(
    out: Path, slow: pd.DataFrame, people: pd.DataFrame, population: str, name: str, columns: list[str]
) -> None:
    chosen, made, mean = left_out(people, slow, population, columns)
    places = {site: chosen["site"] == site for site in ("bochum", "essen", "szeged")}
    places["all external sites"] = chosen["site"] != ""
    places["external sites of spisak2020_rpn"] = chosen["site"] != "bochum"
    for site, at in places.items():
        found = judged_beside(out, f"baseline: {name}", population, site)
        y = chosen.loc[at, "pain_sensitivity"]
        wanted = 1 - ((y - made[at]) ** 2).sum() / ((y - mean[at]) ** 2).sum()
        assert found["q2"] == pytest.approx(wanted, abs=1e-8)
        if site in {"bochum", "essen", "szeged"} and columns:
            assert found["pearson_r"] == pytest.approx(scipy_stats.pearsonr(made[at], y)[0], abs=1e-8)
        elif columns:
            pooled = scipy_stats.pearsonr(made[at], y)[0]
            assert found["pearson_r_pooled"] == pytest.approx(pooled, abs=1e-8)


def test_the_mean_of_the_other_centres_predicts_at_minus_a_third(out: Path) -> None:
    """METHODS M-3: an artefact, printed beside figures that cannot show it."""
    found = judged_beside(out, "baseline: site", KEPT, "all external sites")
    assert found["pearson_r_pooled"] == pytest.approx(-0.34, abs=0.005)
    assert found["q2"] == 0
    assert np.isnan(found["pearson_r"])


@pytest.mark.parametrize("population", [KEPT, RULES])
def test_the_marker_recalibrated_on_the_other_external_centre(
    out: Path, slow: pd.DataFrame, people: pd.DataFrame, population: str
) -> None:
    chosen, _, _ = left_out(people, slow, population, [])
    score = slow["score"].astype(float)
    for site, other in (("essen", "szeged"), ("szeged", "essen")):
        test, train = (chosen[chosen["site"] == one] for one in (site, other))
        slope, intercept = np.polyfit(score[train.index], train["pain_sensitivity"], 1)
        y, made = test["pain_sensitivity"], intercept + slope * score[test.index]
        mean = train["pain_sensitivity"].mean()
        found = judged_beside(out, "spisak2020_rpn", population, site)
        assert found["q2"] == pytest.approx(1 - ((y - made) ** 2).sum() / ((y - mean) ** 2).sum(), abs=1e-6)
        r = scipy_stats.pearsonr(score[test.index], y)[0] * np.sign(slope)
        assert found["pearson_r"] == pytest.approx(r, abs=1e-6)


def test_the_page_shows_the_baselines_beside_the_marker(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    for words in ("site only", "motion only", "age and sex only", "recalibrated", "as published", "−0.45"):
        assert words in page
    assert "Published in baseline" not in page


def test_the_page_shows_the_figures_and_marks_training_people(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    for words in ("0.43", "0.47", "0.24", "in-sample", "sub-essen001", "sub-szeged026"):
        assert words in page


def test_circuit_edges_are_compared_in_both_populations(out: Path) -> None:
    effects = read_table("effects", out / "compare" / "effects.tsv")
    assert set(effects["population"]) == {KEPT, RULES}
    assert set(effects["task"]) == {"rest"}
    sizes = effects.groupby("population")["n"].max()
    assert sizes[KEPT] == 35 + 37 + 19
    assert sizes[RULES] == 35 + 41 + 23
    assert effects["p"].between(0, 1).all()
    assert (effects["q"] >= effects["p"]).all()
