"""Scores are those of the worked examples, of a second evaluator, and of the rules for missing items."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from cohort.form_answers import NAN, Answers, evaluate, example, frame, name_of, table

from corticolimbic.cohort import ScoringSettings, instruments, score, score_visits
from corticolimbic.features import read_table, schema, write_table

ROWS = [row for row in table() if row["key"] != "mme"]
SCORED = [row for row in ROWS if row["key"] not in {"nrs", "vas"}]


def scored(wide: pd.DataFrame, row: dict[str, str], settings: ScoringSettings | None = None) -> pd.DataFrame:
    """Return the rows of one subscale."""
    found = score(wide, settings).table
    mine = (found["version"] == row["version"]) & (found["subscale"] == row["subscale"])
    return found[mine & (found["instrument"] == row["instrument"])].set_index("participant_id")


def row_of(key: str, subscale: str, version: str = "") -> dict[str, str]:
    (found,) = [
        row
        for row in ROWS
        if (row["key"], row["subscale"]) == (key, subscale) and row["version"].startswith(version)
    ]
    return found


def forms(key: str, n: int, seed: int) -> list[Answers]:
    """Return random complete forms of one key, within range."""
    rng = np.random.default_rng(seed)
    rules = [rule for item in instruments() if item.key == key for rule in item.subscales]
    bounds = {
        item: (low, high)
        for rule in rules
        for item, low, high in zip(rule.items, rule.low, rule.high, strict=True)
    }
    made = [
        {item: float(rng.integers(low, high + 1)) for item, (low, high) in bounds.items()} for _ in range(n)
    ]
    for one in made if key == "psqi" else []:
        one |= {"1": float(rng.choice([21.5, 22, 23.25, 0.5])), "3": float(rng.choice([5.5, 7, 8.25]))}
        one |= {"2": float(rng.integers(0, 91)), "4": float(rng.choice([4.5, 5, 5.75, 6, 6.5, 7, 8]))}
    return made


@pytest.mark.parametrize("row", SCORED, ids=name_of)
def test_worked_examples(row: dict[str, str]) -> None:
    answers, wanted = example(row)
    got = scored(frame(row["key"], answers), row).iloc[0]
    assert got["score"] == pytest.approx(wanted, abs=5e-5)
    assert (got["status"], got["rule_status"], got["rule_source"]) == ("ok", "verified", row["rule_source"])
    assert got["n_items"] == got["n_answered"] == int(row["n_items"])


@pytest.mark.parametrize("row", SCORED, ids=name_of)
def test_random_forms_score_as_the_second_evaluator_says(row: dict[str, str]) -> None:
    people = forms(row["key"], 40, seed=20261)
    got = scored(frame(row["key"], *people), row)["score"]
    assert got.tolist() == pytest.approx([evaluate(row, one) for one in people], abs=1e-9)
    assert got.between(float(row["score_min"]), float(row["score_max"])).all()


@pytest.mark.parametrize("key", ["nrs", "vas"])
def test_each_rating_stands_for_itself(key: str) -> None:
    wide = frame(key, {"now": 6, "avg7d": 3.5}, {"now": NAN, "avg7d": 0})
    got = score(wide).table
    assert got[["participant_id", "subscale", "score", "scale"]].values.tolist() == [
        ["sub-01", "intensity (now)", 6, "0-10" if key == "nrs" else "0-100"],
        ["sub-01", "intensity (avg7d)", 3.5, "0-10" if key == "nrs" else "0-100"],
        ["sub-02", "intensity (avg7d)", 0, "0-10" if key == "nrs" else "0-100"],
    ]


HANDBOOK = [
    ("bpi", "interference", "5,4,NA,7,3,8,NA", 5.4),
    ("odi", "percent", "2,1,3,2,1,0,NA,1,3,3", 35.5556),
    ("koos", "pain", "1,2,2,3,1,NA,NA,NA,NA", 55),
    ("hads", "anxiety", "2,3,1,NA,0,NA,NA", 10.5),
    ("gad7", "total", "1,2,NA,3,1,NA,1", 12),
    ("stai_s", "state (Y-1)", "2,3,NA,NA,4,1,2,3,2,2,3,1,2,1,4,2,1,2,3,4", 36),
    ("gad7", "total", "1,2,NA,3,NA,NA,1", NAN),
]


@pytest.mark.parametrize(("key", "subscale", "vector", "wanted"), HANDBOOK)
def test_the_handbook_s_cases_of_missing_items(key: str, subscale: str, vector: str, wanted: float) -> None:
    row = row_of(key, subscale)
    items = row["items"].lower().split(",")
    values = [NAN if cell == "NA" else float(cell) for cell in vector.split(",")]
    got = scored(frame(key, dict(zip(items, values, strict=True))), row).iloc[0]
    assert got["score"] == pytest.approx(wanted, abs=5e-5, nan_ok=True)
    assert got["status"] == ("missing" if np.isnan(wanted) else "prorated")
    assert got["n_answered"] == len(values) - np.isnan(values).sum()


# How many items may be missing, read by hand from the words of missing_rule; what fills them.
ALLOWED = {
    ("bpi", "interference"): (3, "mean"),
    ("paindetect", "symptoms (7-item)"): (2, "rounded mean"),
    ("pcs", "total"): (3, "rounded mean"),
    ("pcs6", "total"): (1, "rounded mean"),
    ("phq9", "total"): (2, "rounded mean"),
    ("phq8", "total"): (2, "rounded mean"),
    ("gad7", "total"): (2, "rounded mean"),
    ("fabq", "physical activity"): (1, "rounded mean"),
    ("stai_s", "state (Y-1)"): (2, "mean, total rounded"),
    ("stai_t", "trait (Y-2, items 21-40 renumbered 1-20)"): (2, "mean, total rounded"),
    ("hads", "anxiety"): (3, "mean"),
    ("hads", "depression"): (3, "mean"),
    ("odi", "percent"): (1, "mean"),
    ("koos", "symptoms"): (3, "mean"),
    ("koos", "pain"): (4, "mean"),
    ("koos", "ADL"): (8, "mean"),
    ("koos", "sport/rec"): (2, "mean"),
    ("koos", "QOL"): (2, "mean"),
    ("koos12", "pain"): (2, "mean"),
    ("koos12", "function"): (2, "mean"),
    ("koos12", "QOL"): (2, "mean"),
}
COMPOSITE = {"paindetect: total", "hads: total", "koos12: summary", "psqi: global", "fms", "psqi: C5", "rmdq"}
PLAIN = [
    row
    for row in SCORED
    if not any(f"{row['key']}: {row['subscale']}".startswith(name) for name in COMPOSITE)
]


def with_missing(row: dict[str, str], one: Answers, n: int) -> Answers:
    items = [item.strip().lower() for item in row["items"].split(",")]
    return one | dict.fromkeys(items[:n], NAN)


@pytest.mark.parametrize("row", PLAIN, ids=name_of)
def test_some_items_missing_are_prorated_and_too_many_are_not(row: dict[str, str]) -> None:
    allowed, filling = ALLOWED.get((row["key"], row["subscale"]), (0, ""))
    people = forms(row["key"], 25, seed=20262)
    some, many = ([with_missing(row, one, allowed + more) for one in people] for more in (0, 1))
    wide = frame(row["key"], *many).assign(**{f"{row['key']}_x": 1})
    lost = scored(wide, row, ScoringSettings(empty_forms=True))
    assert set(lost["status"]) == {"missing"}
    assert lost["score"].isna().all()
    assert all(lost["reason"].str.contains(f"{int(row['n_items']) - allowed - 1} of {row['n_items']} items"))
    if allowed:
        got = scored(frame(row["key"], *some), row)
        assert set(got["status"]) == {"prorated"}
        assert got["score"].tolist() == pytest.approx([prorated(row, one, filling) for one in some], abs=1e-9)


def prorated(row: dict[str, str], one: Answers, filling: str) -> float:
    items = [item.strip().lower() for item in row["items"].split(",")]
    turned = row["reversed_items"].split(",") if row["reversed_items"][0].isdigit() else []
    ends = float(row["item_min"]) + float(row["item_max"])
    known = [ends - one[item] if item in turned else one[item] for item in items if one[item] == one[item]]
    mean = sum(known) / len(known)
    filler = float(round(mean)) if filling == "rounded mean" else mean
    complete = one | {
        item: ends - filler if item in turned else filler for item in items if one[item] != one[item]
    }
    value = evaluate(row, complete)
    return float(round(value)) if filling == "mean, total rounded" else value


def test_totals_of_parts_follow_their_parts() -> None:
    one = forms("hads", 1, seed=3)[0]
    half = one | dict.fromkeys(["1", "3", "5"], NAN)
    gone = one | dict.fromkeys(["1", "3", "5", "7"], NAN)
    got = scored(frame("hads", one, half, gone), row_of("hads", "total"))
    assert got["status"].tolist() == ["ok", "prorated", "missing"]
    anxiety = 7 * (half["7"] + half["9"] + half["11"] + half["13"]) / 4
    depression = sum(half[str(item)] for item in range(2, 15, 2))
    assert got["score"].iloc[1] == pytest.approx(anxiety + depression)
    knee = forms("koos12", 1, seed=4)[0]
    lost = knee | dict.fromkeys(["9", "10", "11"], NAN)
    got = scored(frame("koos12", knee | {"1": NAN, "2": NAN}, lost), row_of("koos12", "summary knee impact"))
    assert got["status"].tolist() == ["prorated", "missing"]


def test_paindetect_pictures_and_radiation_are_never_imputed() -> None:
    one = forms("paindetect", 1, seed=5)[0] | {"3": 2.0, "8": 2.0, "9": 1.0}
    people = [
        one | {"1": NAN, "2": NAN},
        one | {"8": NAN},
        one | {"9": NAN},
        one | {"1": NAN, "2": NAN, "4": NAN},
    ]
    got = scored(frame("paindetect", *people), row_of("paindetect", "total"))
    assert got["status"].tolist() == ["prorated", "missing", "missing", "missing"]
    known = [one[str(item)] for item in range(3, 8)]
    assert got["score"].iloc[0] == sum(known) + 2 * round(sum(known) / 5) - 1 + 2


def test_the_body_map_counts_blanks_as_unticked_only_on_a_form_of_ticks() -> None:
    row = row_of("fms", "WPI")
    ticks = {str(site): (1.0 if site in {2, 9} else NAN) for site in range(1, 20)}
    rest = dict.fromkeys(map(str, range(20, 27)), 1.0)
    yes_no = ticks | {"1": 0.0}
    nothing = dict.fromkeys(ticks, NAN)
    got = scored(frame("fms", ticks | rest, yes_no | rest, nothing | rest), row)
    assert got["score"].tolist() == pytest.approx([2, NAN, 0], nan_ok=True)
    assert got["reason"].iloc[0] == "blanks count 0 on this form"
    assert got["status"].tolist() == ["ok", "missing", "ok"]
    total = scored(frame("fms", ticks | rest | {"20": NAN}), row_of("fms", "FS / PSD total")).iloc[0]
    assert (total["status"], total["n_answered"]) == ("missing", 7)
    for version, wanted in (("2011", [1, 0]), ("2016", [0, 0])):
        met = row_of("fms", "criteria met (0/1)", version)
        sites = dict.fromkeys(map(str, range(1, 20)), 0.0)
        three = sites | dict.fromkeys(["2", "6", "9"], 1.0) | dict.fromkeys(["20", "21", "22"], 3.0)
        three |= dict.fromkeys(["23", "24", "25"], 1.0) | {"26": 1.0}
        assert scored(frame("fms", three, three | {"26": 0.0}), met)["score"].tolist() == wanted


def test_rmdq_blanks_are_ticks_or_a_share() -> None:
    row = row_of("rmdq", "total")
    ticks = dict.fromkeys(map(str, range(1, 25)), NAN) | {"3": 1.0, "7": 1.0}
    yes_no = ticks | {"4": 0.0, "5": 0.0}
    got = scored(frame("rmdq", ticks, yes_no), row)
    assert got["score"].tolist() == pytest.approx([2, NAN], nan_ok=True)
    share = ScoringSettings(options={"rmdq": {"blanks": "proportional"}})
    assert scored(frame("rmdq", yes_no), row, share)["score"].tolist() == [24 * 2 / 4]


def test_psqi_needs_everything_but_the_other_reason() -> None:
    answers, _ = example(row_of("psqi", "global"))
    row = row_of("psqi", "global")
    people = [answers | {"5j": NAN}, answers | {"5b": NAN}, answers | {"4": NAN}]
    got = scored(frame("psqi", *people), row)
    assert got["status"].tolist() == ["ok", "missing", "missing"]
    assert got["score"].iloc[0] == 10
    weighted = ScoringSettings(options={"psqi": {"missing_components": "2"}})
    got = scored(frame("psqi", *people), row, weighted)
    assert got["status"].tolist() == ["ok", "prorated", "prorated"]
    assert got["score"].tolist() == pytest.approx([10, (10 - 1) * 7 / 6, (10 - 2) * 7 / 5])


def test_psqi_edges_are_an_option() -> None:
    base, _ = example(row_of("psqi", "global"))
    edge = base | {"1": 23.0, "3": 7.0, "4": 7.0, "2": 15.0, "5a": 0.0}
    eight = base | {"1": 23.0, "3": 7.0, "4": 6.8}
    wanted = {"form": (0, 0, 0), "paper": (0, 1, 0), "lcbc": (1, 1, 1)}
    for choice, (latency, duration, efficiency) in wanted.items():
        settings = ScoringSettings(options={"psqi": {"edges": choice}})
        wide = frame("psqi", edge, eight)
        assert scored(wide, row_of("psqi", "C2 latency"), settings)["score"].iloc[0] == latency
        assert scored(wide, row_of("psqi", "C3 duration"), settings)["score"].iloc[0] == duration
        assert scored(wide, row_of("psqi", "C4 efficiency"), settings)["score"].iloc[1] == efficiency


def test_options_are_recorded_with_the_score_that_they_change() -> None:
    answers, _ = example(row_of("psqi", "global"))
    settings = ScoringSettings(options={"psqi": {"edges": "paper"}})
    source = score(frame("psqi", answers), settings).table.set_index("subscale")["rule_source"]
    changed = source.index[source.str.contains("option edges = paper")]
    assert changed.tolist() == ["C3 duration"]


def test_sleep_that_is_longer_than_the_night_is_said() -> None:
    base, _ = example(row_of("psqi", "global"))
    found = score(frame("psqi", base, base | {"1": 6.0, "3": 9.0, "4": 7.0}))
    assert [(item.code, item.participant_id) for item in found.problems] == [("CL371", "sub-02")]
    assert found.problems[0].found == "7 h asleep, 3 h in bed"


def test_psqi_without_time_in_bed_has_no_efficiency() -> None:
    base, _ = example(row_of("psqi", "global"))
    got = scored(frame("psqi", base | {"1": 7.0, "3": 7.0}), row_of("psqi", "C4 efficiency")).iloc[0]
    assert (got["status"], got["reason"]) == ("missing", "the answers do not make a score")


def every(items: str, ends: int) -> dict[str, int]:
    """Return low + high of each reversed item."""
    return dict.fromkeys(items.split(), ends)


@pytest.mark.parametrize(
    ("key", "option", "choice", "subscale", "changes"),
    [
        ("koos", "coding", "label", "symptoms", {"s4": 4, "s5": 4}),
        (
            "hads",
            "coding",
            "position",
            "total",
            every("1 3 5 6 8 10 11 13", 3),
        ),
        ("shaps", "coding", "position", "total", every("2 4 5 7 9 12 14", 5)),
        ("promis29", "coding", "label_order", "sleep disturbance (raw)", {"17": 6, "18": 6}),
        (
            "promis29",
            "coding",
            "label_order",
            "social roles and activities (raw)",
            every("21 22 23 24", 6),
        ),
        ("pgic", "coding", "worst_first", "change", {"1": 8}),
    ],
)
def test_codings_are_declared(
    key: str, option: str, choice: str, subscale: str, changes: dict[str, int]
) -> None:
    """A form stored in the other coding scores as the same form in the usual one."""
    people = forms(key, 10, seed=6)
    stored = [one | {item: total - one[item] for item, total in changes.items()} for one in people]
    settings = ScoringSettings(options={key: {option: choice}})
    ours = score(frame(key, *people)).table
    theirs = score(frame(key, *stored), settings).table
    mine = ours["subscale"] == subscale
    assert mine.any()
    same = theirs[theirs["subscale"] == subscale]
    pd.testing.assert_frame_equal(ours[mine].drop(columns="rule_source"), same.drop(columns="rule_source"))
    assert all(same["rule_source"].str.contains(f"; option {option} = {choice}: "))
    other = score(frame(key, *stored)).table
    assert (other.loc[other["subscale"] == subscale, "score"] != ours.loc[mine, "score"]).any()


def test_odi_options() -> None:
    row = row_of("odi", "percent")
    one = dict(zip(map(str, range(1, 11)), [2.0, 1, 3, NAN, NAN, 0, 1, 1, 3, 3], strict=True))
    assert scored(frame("odi", one), row)["status"].tolist() == ["missing"]
    free = ScoringSettings(options={"odi": {"missing_sections": "any", "rounding": "whole"}})
    assert scored(frame("odi", one), row, free)["score"].tolist() == [35]
    half = dict.fromkeys(map(str, range(1, 9)), 2.0) | {"9": 4.0, "10": 5.0}
    assert scored(frame("odi", half), row, free)["score"].tolist() == [50]
    strict = ScoringSettings(options={"odi": {"missing_sections": "0"}})
    assert scored(frame("odi", one | {"4": 1.0}), row, strict)["status"].tolist() == ["missing"]
    shifted = ScoringSettings(coded_from={"odi": 1})
    answers, wanted = example(row)
    stored = {item: value + 1 for item, value in answers.items()}
    assert scored(frame("odi", stored), row, shifted)["score"].tolist() == [wanted]


def test_older_koos_rule_allows_two() -> None:
    row = row_of("koos", "ADL")
    one = forms("koos", 1, seed=7)[0]
    older = ScoringSettings(options={"koos": {"missing": "1998"}})
    people = [with_missing(row, one, 2), with_missing(row, one, 3)]
    assert scored(frame("koos", *people), row, older)["status"].tolist() == ["prorated", "missing"]


def test_the_general_rule_fills_scales_without_a_rule_and_says_so() -> None:
    row = row_of("tsk17", "total")
    one = forms("tsk17", 1, seed=8)[0]
    people = [with_missing(row, one, 4), with_missing(row, one, 5)]
    general = ScoringSettings(missing="a2cps_29")
    got = scored(frame("tsk17", *people), row, general)
    assert got["status"].tolist() == ["prorated", "missing"]
    assert (got["rule_status"].iloc[0], got["rule_status"].iloc[1]) == ("assumed", "verified")
    assert "A2CPS 29 % rule: up to 4 of 17" in got["reason"].iloc[0]
    assert got["score"].iloc[0] == prorated(row, people[0], "rounded mean")
    for key, subscale in (("promis29", "anxiety (raw)"), ("dn4", "total"), ("auditc", "total")):
        some = with_missing(next(r for r in ROWS if r["key"] == key and r["subscale"] == subscale), {}, 1)
        full = forms(key, 1, seed=9)[0] if key != "dn4" else dict.fromkeys(map(str, range(1, 11)), 1.0)
        found = score(frame(key, full | some), general).table
        assert set(found.loc[found["subscale"] == subscale, "status"]) == {"missing"}


def test_nothing_is_prorated_where_all_items_are_asked_for() -> None:
    row = row_of("gad7", "total")
    wide = frame("gad7", with_missing(row, forms("gad7", 1, seed=10)[0], 1))
    assert scored(wide, row, ScoringSettings(missing="complete"))["status"].tolist() == ["missing"]
    one = ScoringSettings(missing="complete", missing_by_instrument={"gad7": "own"})
    assert scored(wide, row, one)["status"].tolist() == ["prorated"]


def test_rules_by_analogy_are_marked_assumed() -> None:
    row = row_of("phq9", "total")
    one = forms("phq9", 1, seed=11)[0]
    got = scored(frame("phq9", one, with_missing(row, one, 2)), row)
    assert got["rule_status"].tolist() == ["verified", "assumed"]


def test_rounded_person_means_round_halves_to_even() -> None:
    row = row_of("gad7", "total")
    halves = dict(zip(map(str, range(1, 8)), [NAN, 0, 1, 0, 1, 0, 1], strict=True))
    more = dict(zip(map(str, range(1, 8)), [NAN, 1, 2, 1, 2, 1, 2], strict=True))
    assert scored(frame("gad7", halves, more), row)["score"].tolist() == [3 + 0, 9 + 2]


PEOPLE = [f"sub-{person:02d}" for person in range(25)]


@pytest.fixture(scope="module")
def every_form() -> pd.DataFrame:
    """25 people, complete in every form that there is."""
    keys = sorted({row["key"] for row in ROWS})
    return pd.concat([frame(key, *forms(key, 25, seed=1)).iloc[:, 1:] for key in keys], axis=1)


@pytest.fixture(scope="module")
def complete(every_form: pd.DataFrame) -> pd.DataFrame:
    """Their scores."""
    return score(every_form.assign(participant_id=PEOPLE)).table


@pytest.mark.parametrize(
    ("general", "out_of_range"),
    [("own", "refuse"), ("complete", "refuse"), ("a2cps_29", "missing")],
)
def test_whatever_is_missing_or_wrong_every_row_keeps_its_promises(
    every_form: pd.DataFrame, complete: pd.DataFrame, general: str, out_of_range: str
) -> None:
    rng = np.random.default_rng(20264)
    wide = every_form
    hurt = wide.mask(rng.random(wide.shape) < rng.choice([0, 0.05, 0.3, 0.9], size=(25, 1)))
    hurt = hurt.mask(rng.random(wide.shape) < 0.01, 99999.0)
    hurt.insert(0, "participant_id", PEOPLE)
    found = score(hurt, ScoringSettings(missing=general, out_of_range=out_of_range))
    form = schema("instrument_scores")
    pd.testing.assert_frame_equal(form.check(found.table), found.table)
    rows = found.table
    scored_rows = rows["status"].isin(["ok", "prorated"])
    assert (rows["score"].notna() == scored_rows).all()
    ends = rows["scale"].str.extract(r"^(-?[0-9]+)-([0-9]+)$").astype(float)
    assert ends.notna().all(axis=None)
    inside = rows["score"].between(ends[0] - 1e-9, ends[1] + 1e-9)
    assert (inside | rows["score"].isna()).all()
    assert ((rows["n_answered"] >= 0) & (rows["n_answered"] <= rows["n_items"])).all()
    assert (rows.loc[~rows["status"].isin(["ok"]), "reason"] != "").all()
    assert ("out of range" in set(rows["status"])) == (out_of_range == "refuse")
    assert ("prorated" in set(rows["status"])) == (general != "complete")
    # A prorated score is the complete one where nothing was missing: it never changes answered forms.
    same = rows[rows["status"].eq("ok") & rows["reason"].eq("") & rows["n_answered"].eq(rows["n_items"])]
    both = same.merge(complete, on=form.key)
    assert len(both) == len(same) > 200
    np.testing.assert_allclose(both["score_x"], both["score_y"])


def test_a_wide_study_is_scored_in_seconds() -> None:
    rng = np.random.default_rng(12)
    keys = {"pcs": 13, "phq9": 9, "gad7": 7, "stai_s": 20, "koos12": 12, "odi": 10, "tsk17": 17, "panas": 20}
    n = 2800 * 6
    people = pd.DataFrame(
        {
            "participant_id": np.repeat([f"sub-{number:04d}" for number in range(2800)], 6),
            "session_id": np.tile([f"ses-{number}" for number in range(6)], 2800),
        }
    )
    low = {"stai_s": 1, "tsk17": 1, "panas": 1}
    items = {
        f"{key}_{item}": rng.integers(low.get(key, 0), 4, n).astype(float)
        for key, count in keys.items()
        for item in range(1, count + 1)
    }
    wide = pd.concat([people, pd.DataFrame(items)], axis=1)
    wide.iloc[:, 2:] = wide.iloc[:, 2:].mask(rng.random((n, len(items))) < 0.02)
    before = time.process_time()
    found = score(wide)
    taken = time.process_time() - before
    assert len(found.table) == n * 16
    assert taken < 4
    sample = found.table[found.table["subscale"] == "rumination"].head(50)
    wanted = wide[[f"pcs_{item}" for item in (8, 9, 10, 11)]].head(50).sum(axis=1, skipna=False)
    np.testing.assert_array_equal(sample["score"], wanted)


def test_the_table_is_of_its_schema_and_comes_back(tmp_path) -> None:
    wide = frame("phq9", *forms("phq9", 3, seed=13)).assign(instance=[1.0, 2.0, np.nan])
    found = score(wide).table
    pd.testing.assert_frame_equal(schema("instrument_scores").check(found), found)
    write_table(found, "instrument_scores", tmp_path / "scores.parquet")
    pd.testing.assert_frame_equal(read_table("instrument_scores", tmp_path / "scores.parquet"), found)
    assert found["instance"].unique().tolist() == ["1", "2", ""]
    empty = score(pd.DataFrame({"participant_id": ["sub-1"], "age": [40]}))
    assert (len(empty.table), empty.problems) == (0, ())
    visits = schema("visits").table([])
    assert len(score_visits(visits).table) == 0
