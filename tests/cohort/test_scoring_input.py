"""What scoring is given: names, long form, odd cells, files, settings; and what it says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cohort.form_answers import NAN, frame

from corticolimbic.cohort import (
    ScoringFiles,
    ScoringSettings,
    instrument,
    instruments,
    mme,
    opioid_factors,
    options,
    read_mapping,
    read_norms,
    read_rules,
    score,
    score_visits,
)
from corticolimbic.features import schema
from corticolimbic.foundation import InputError, SettingsError

GAD = {str(item): 1.0 for item in range(1, 8)}


def codes(found) -> list[tuple[str, str, str]]:
    return [(item.code, item.participant_id, item.found) for item in found.problems]


def long(rows: list[tuple[str, str, str, str]], **more: list[str]) -> pd.DataFrame:
    """Return visits from (person, session, variable, cell)."""
    visits = pd.DataFrame(rows, columns=["participant_id", "session_id", "variable", "value"])
    numbers = pd.to_numeric(visits["value"], errors="coerce").astype(float)
    return visits.assign(number=numbers, source="sessions.tsv", **more)


def cells(person: str, key: str, values: dict[str, object], session: str = "ses-1") -> list:
    return [(person, session, f"{key}_{item}", str(value)) for item, value in values.items()]


def test_an_answer_out_of_range_is_a_problem_and_its_subscale_is_not_scored() -> None:
    wide = frame("pcs", *[{str(item): 1.0 for item in range(1, 14)}] * 2)
    wide.loc[1, "pcs_8"] = 7
    found = score(wide)
    assert codes(found) == [("CL360", "sub-02", "pcs_8 = 7")]
    assert found.problems[0].expected == "a whole number, 0 to 4"
    mine = found.table[found.table["participant_id"] == "sub-02"].set_index("subscale")
    assert mine["status"].to_dict() == {
        "total": "out of range",
        "rumination": "out of range",
        "magnification": "ok",
        "helplessness": "ok",
    }
    assert mine["score"].isna().to_dict()["total"]
    assert mine.loc["total", "n_answered"] == 13
    told = score(wide, ScoringSettings(out_of_range="missing"))
    mine = told.table[told.table["participant_id"] == "sub-02"].set_index("subscale")
    assert (mine.loc["total", "status"], mine.loc["total", "score"]) == ("prorated", 13)
    assert (mine.loc["rumination", "status"], codes(told)) == ("missing", codes(found))


@pytest.mark.parametrize(
    ("value", "good"), [(2.5, False), (-1, False), (4, False), (np.inf, False), (0, True), (3, True)]
)
def test_likert_answers_are_the_form_s_whole_numbers(value: float, good: bool) -> None:
    found = score(frame("gad7", GAD | {"3": value}))
    assert (found.table["status"].iloc[0] == "ok") == good
    assert bool(found.problems) != good


def test_scales_are_declared_and_never_guessed() -> None:
    wide = frame("nrs", {"avg7d": 63.0})
    assert codes(score(wide)) == [("CL360", "sub-01", "nrs_avg7d = 63")]
    assert score(wide).table["status"].tolist() == ["out of range"]
    as_vas = score(wide, ScoringSettings(prefixes={"nrs": "vas"})).table.iloc[0]
    assert (as_vas["instrument"], as_vas["score"], as_vas["scale"]) == ("VAS-pain", 63, "0-100")


def test_a_shifted_coding_is_suspected_and_nothing_is_shifted() -> None:
    rng = np.random.default_rng(1)
    stored = [{str(item): float(rng.integers(1, 5)) for item in range(1, 8)} for _ in range(10)]
    stored[0] |= {"1": 4.0}
    found = score(frame("gad7", *stored))
    (hint,) = [item for item in found.problems if item.code == "CL364"]
    assert "coded from 1" in hint.found
    assert "coded_from: {gad7: 1}" in hint.remedy
    assert "out of range" in set(found.table["status"])
    declared = score(frame("gad7", *stored), ScoringSettings(coded_from={"gad7": 1}))
    assert declared.problems == ()
    assert declared.table["score"].tolist() == [sum(one.values()) - 7 for one in stored]
    stored[1] |= {"2": 0.0}  # a form with its own lowest code is not shifted, only wrong
    assert "CL364" not in {item.code for item in score(frame("gad7", *stored)).problems}
    low = [{str(item): float(rng.integers(0, 4)) for item in range(1, 18)} for _ in range(10)]
    assert "CL364" in {item.code for item in score(frame("tsk17", *low)).problems}


def test_many_wrong_cells_of_one_variable_are_counted_not_listed_for_ever() -> None:
    wide = frame("gad7", *[GAD | {"1": 9.0}] * 1000)
    found = [item.found for item in score(wide).problems if item.code == "CL360"]
    assert len(found) == 201
    assert found[-1] == "gad7_1: 800 more cells out of range"


def test_safety_items_have_their_own_row_and_flag() -> None:
    base = {str(item): 0.0 for item in range(1, 10)}
    found = score(frame("phq9", base, base | {"9": 1.0}, base | {"9": NAN}))
    own = found.table[found.table["subscale"] == "safety item 9"]
    assert own["score"].tolist() == pytest.approx([0, 1, NAN], nan_ok=True)
    assert own["status"].tolist() == ["ok", "ok", "missing"]
    assert codes(found) == [("CL365", "sub-02", "PHQ-9 item 9 above its lowest answer")]
    total = found.table[found.table["subscale"] == "total"]
    assert total["status"].tolist() == ["ok", "ok", "prorated"]


def test_items_without_a_column_are_missing_for_all_and_said_once() -> None:
    wide = frame("pcs", *[{str(item): 1.0 for item in range(1, 13)}] * 5)
    found = score(wide)
    assert [item.found for item in found.problems] == [
        "PCS, 13-item, total: no variable pcs_13",
        "PCS, 13-item, magnification: no variable pcs_13",
    ]
    assert set(found.table["subscale"]) == {"total", "rumination", "magnification", "helplessness"}
    only = score(frame("bpi", dict.fromkeys(["q3", "q4", "q5", "q6"], 2.0)))
    assert only.table["subscale"].tolist() == ["severity"]


def test_names_are_found_in_any_case_and_as_check_boxes() -> None:
    wide = pd.DataFrame({"participant_id": ["sub-1"], **{f"GAD7_{item}": [1] for item in range(1, 8)}})
    assert score(wide).table["score"].tolist() == [7]
    ticks = {f"fms___{site}": [int(site < 4)] for site in range(1, 20)}
    boxes = score(pd.DataFrame({"participant_id": ["sub-1"], **ticks})).table
    assert boxes.set_index("subscale").loc["WPI", "score"] == 3
    with pytest.raises(SettingsError, match=r"gad7_1 and GAD7_1 both stand for gad7_1|GAD7_1 and gad7_1"):
        score(wide.assign(gad7_1=1))


def test_items_of_an_undeclared_version_are_said_not_guessed() -> None:
    wide = frame("tsk", {str(item): 2.0 for item in range(1, 18)})
    found = score(wide)
    assert found.table.empty
    assert [(item.code, item.found) for item in found.problems] == [("CL372", "17 variables such as tsk_1")]
    assert "{tsk: tsk17 or tsk11}" in found.problems[0].remedy
    declared = score(wide, ScoringSettings(prefixes={"tsk": "tsk17"}))
    assert declared.table["score"].tolist() == [34 + 4]
    assert declared.problems == ()
    visits = long([("sub-1", "ses-1", f"Phq{item}", "1") for item in range(1, 9)])
    assert [item.code for item in score_visits(visits).problems] == ["CL372"]
    declared = score_visits(visits, ScoringSettings(prefixes={"phq": "phq8"}))
    assert declared.table["score"].tolist() == [8]
    strangers = {"pain_1": [1], "pain_2": [1], "pain_3": [2], "age_10": [1]}
    others = pd.DataFrame({"participant_id": ["sub-1"], **strangers})
    assert score(others).problems == ()


def test_the_stai_may_be_numbered_through() -> None:
    wide = frame("stai", {str(item): 2.0 for item in range(1, 41)})
    found = score(wide).table
    assert found["score"].tolist() == [10 * 3 + 10 * 2, 9 * 3 + 11 * 2]
    assert score(wide).problems == ()


def test_settings_from_yaml_may_hold_numbers() -> None:
    settings = ScoringSettings.from_mapping(
        {"versions": {"fms": 2016}, "options": {"odi": {"missing_sections": 0}, "koos": {"missing": 1998}}}
    )
    assert settings.versions == {"fms": "2016"}
    assert ScoringSettings.from_mapping(settings.plain()) == settings


def test_text_cells_are_read_as_numbers_or_said() -> None:
    wide = frame("gad7", GAD, GAD, GAD).astype({"gad7_2": object, "gad7_3": object})
    wide["gad7_2"] = ["2", " 3 ", "n/a"]
    wide["gad7_3"] = ["often", None, "1_0"]
    found = score(wide)
    assert codes(found) == [
        ("CL361", "sub-01", "gad7_3 = 'often'"),
        ("CL361", "sub-03", "gad7_3 = '1_0'"),
    ]
    assert found.table["score"].tolist() == [8, 9, 7]
    assert found.table["n_answered"].tolist() == [6, 6, 5]


def test_repeated_rows_are_refused_and_repeats_are_kept_apart() -> None:
    wide = frame("nrs", {"diary": 3}, {"diary": 5}).assign(participant_id="sub-1", session_id="ses-1")
    with pytest.raises(SettingsError, match=r"1 row.*sub-1 ses-1.*instance"):
        score(wide)
    found = score(wide.assign(instance=["2", "1"])).table
    assert found[["instance", "score"]].values.tolist() == [["1", 5], ["2", 3]]
    with pytest.raises(SettingsError, match="participant_id"):
        score(wide.drop(columns="participant_id"))


def test_visits_in_long_form_score_as_the_wide_frame_does() -> None:
    rng = np.random.default_rng(2)
    people = [{str(item): float(rng.integers(0, 4)) for item in range(1, 10)} for _ in range(30)]
    wide = frame("phq9", *people)
    wide = wide.mask(rng.random(wide.shape) < 0.05).assign(
        participant_id=wide["participant_id"], session_id="ses-1"
    )
    rows = wide.melt(["participant_id", "session_id"], var_name="variable").sample(frac=1, random_state=3)
    visits = rows.assign(
        number=rows["value"].astype(float),
        value=rows["value"].map("{:g}".format).replace("nan", ""),
        source="",
    )
    extra = long([("sub-01", "ses-1", "age", "44"), ("sub-01", "ses-1", "phq9_note", "text")])
    found = score_visits(pd.concat([visits, extra], ignore_index=True))
    pd.testing.assert_frame_equal(found.table, score(wide).table)
    assert found.problems == score(wide).problems


def test_long_form_reads_clock_times_instances_and_reasons() -> None:
    night = {"1": "23:30", "3": "7:00:00", "4": "6", "2": "25", "5a": "2", "6": "2"}
    rows = cells("sub-1", "psqi", night) + cells("sub-2", "gad7", {"1": "", "2": ""})
    rows += cells("sub-3", "gad7", {"1": ""}) + cells("sub-4", "gad7", {"1": ""})
    told = [""] * len(night) + ["refused", "refused", "", "not asked"]
    found = score_visits(long(rows, missing=told))
    table = found.table.set_index(["participant_id", "subscale"])
    assert table.loc[("sub-1", "C4 efficiency"), "score"] == 1
    assert table.loc[("sub-2", "total"), ["status", "reason"]].tolist() == [
        "missing",
        "form missing: refused",
    ]
    assert set(found.table["participant_id"]) == {"sub-1", "sub-2"}
    everyone = score_visits(
        long(rows, missing=told), ScoringSettings(empty_forms=True, instruments=("gad7",))
    )
    assert set(everyone.table["participant_id"]) == {"sub-1", "sub-2", "sub-3", "sub-4"}
    odd = score_visits(long(cells("sub-1", "psqi", {"1": "25:30", "3": "late", "4": "6"})))
    assert [item.found for item in odd.problems if item.code == "CL361"] == [
        "psqi_1 = '25:30'",
        "psqi_3 = 'late'",
    ]
    repeats = long(
        cells("sub-1", "nrs", {"diary": 4}) + cells("sub-1", "nrs", {"diary": 6}), instance=["1", "2"]
    )
    assert score_visits(repeats).table[["instance", "score"]].values.tolist() == [["1", 4], ["2", 6]]


def test_an_item_that_stands_twice_counts_as_missing_unless_both_agree() -> None:
    one = cells("sub-1", "gad7", {item: int(value) for item, value in GAD.items()})
    found = score_visits(long([*one, ("sub-1", "ses-1", "gad7_2", "3")]))
    assert codes(found) == [("CL362", "sub-1", "gad7_2 = 1 and 3")]
    assert found.table[["n_answered", "status"]].values.tolist() == [[6, "prorated"]]
    same = score_visits(long([*one, ("sub-1", "ses-1", "gad7_2", "1")]))
    assert (same.problems, same.table["status"].tolist()) == ((), ["ok"])


def test_versions_are_kept_apart_and_can_be_chosen() -> None:
    wide = frame("shaps", {str(item): 3.0 for item in range(1, 15)})
    both = score(wide).table
    assert both[["version", "score"]].values.tolist() == [
        ["original (Snaith 1995)", 14],
        ["Franken 2007 ordinal", 42],
    ]
    one = score(wide, ScoringSettings(versions={"shaps": "franken"})).table
    assert one["score"].tolist() == [42]
    assert score(wide, ScoringSettings(instruments=("pcs",))).table.empty


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"versions": {"shaps": "new"}}, "original, franken"),
        ({"versions": {"phq9": "x"}}, "one version only"),
        ({"versions": {"phq": "x"}}, "no instrument has the key 'phq'"),
        ({"options": {"odi": {"missing_sections": "7"}}}, "takes 1, 0, any"),
        ({"options": {"odi": {"missing": "1"}}}, "options are missing_sections, rounding"),
        ({"missing": "mean"}, "a2cps_29"),
        ({"coded_form": {}}, "misspelling"),
    ],
)
def test_settings_that_mean_nothing_are_refused_with_what_there_is(values: dict, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ScoringSettings.from_mapping(values)


@pytest.mark.parametrize(
    "values",
    [
        {"instruments": ["gad"]},
        {"coded_from": {"gad": 1}},
        {"missing_by_instrument": {"gad": "own"}},
        {"prefixes": {"anx": "gad"}},
    ],
)
def test_settings_about_an_instrument_that_nobody_knows_are_refused(values: dict) -> None:
    settings = ScoringSettings.from_mapping(values)
    with pytest.raises(SettingsError, match="no instrument has the key 'gad'"):
        score(frame("gad7", GAD), settings)


@pytest.mark.parametrize(
    "make",
    [
        lambda wide: wide.astype({"gad7_1": "Int64", "gad7_2": "boolean"}),
        lambda wide: wide.astype({"gad7_1": "category", "gad7_2": bool}),
        lambda wide: wide.astype({"gad7_1": "str", "gad7_2": "float32"}),
        lambda wide: wide.assign(**{"大脑": 1, "gad7": 5, "gad7_": 5, "gad7_8": 5, "": 2}),
        lambda wide: wide.rename(columns={"gad7_1": " GAD7_1"}).assign(gad7_1=1.0),
        lambda wide: wide.set_axis([7, 3]),
        lambda wide: wide.assign(session_id=np.nan, instance=np.nan),
        lambda wide: wide.iloc[::-1],
    ],
)
def test_types_order_and_strangers_change_nothing(make) -> None:
    wide = frame("gad7", GAD, GAD)
    found = score(make(wide))
    assert found.table["score"].tolist() == [7, 7]
    assert found.table["participant_id"].tolist() == ["sub-01", "sub-02"]
    assert found.problems == ()


def test_scoring_does_not_change_what_it_is_given() -> None:
    wide = frame("gad7", GAD | {"1": 9.0}, GAD | {"2": NAN})
    before = wide.copy(deep=True)
    score(wide, ScoringSettings(coded_from={"gad7": 1}))
    pd.testing.assert_frame_equal(wide, before)
    visits = long(cells("sub-1", "gad7", {"1": 9, "2": "x"}))
    before = visits.copy(deep=True)
    score_visits(visits)
    pd.testing.assert_frame_equal(visits, before)


def test_one_person_who_answered_nothing_leaves_no_row_unless_asked_for() -> None:
    wide = frame("gad7", dict.fromkeys(GAD, NAN))
    assert score(wide).table.empty
    kept = score(wide, ScoringSettings(empty_forms=True)).table
    assert kept[["status", "n_answered"]].values.tolist() == [["missing", 0]]
    assert score(wide.iloc[:0]).table.empty


def test_every_option_has_one_default_and_every_choice_is_accepted() -> None:
    asked = {(item.key, item.name) for item in options()}
    for key, name in asked:
        choices = [item for item in options() if (item.key, item.name) == (key, name)]
        assert [item.default for item in choices].count(True) == 1
        assert len({item.choice for item in choices}) == len(choices) > 1
        for item in choices:
            assert item.source
            ScoringSettings(options={key: {name: item.choice}})


def test_instruments_are_found_by_name_key_and_version() -> None:
    assert instrument("PHQ-9") is instrument("phq9")
    assert instrument("TSK", "TSK-11").key == "tsk11"
    assert instrument("shaps", "franken").subscales[0].score_max == 56
    assert [item.name for item in instrument("fms", "2016").subscales] == [
        "WPI",
        "SSS",
        "FS / PSD total",
        "criteria met (0/1)",
    ]
    with pytest.raises(SettingsError, match="did you mean PHQ-9"):
        instrument("PHQ_90")
    with pytest.raises(SettingsError, match=r"tsk17 .*tsk11"):
        instrument("TSK")
    with pytest.raises(SettingsError, match="original; franken"):
        instrument("SHAPS", "third")
    assert len({subscale for item in instruments() for subscale in item.subscales}) == 89


def test_mapping_names_and_instruments_without_a_rule(tmp_path: Path) -> None:
    path = tmp_path / "mapping.tsv"
    rows = [f"anx{item}\tgad7\t{item}" for item in range(1, 8)] + [
        "catch1\tpaincatch\t1",
        "catch2\tpaincatch\t2",
    ]
    path.write_text("variable\tinstrument\titem\n" + "\n".join(rows) + "\n")
    files = ScoringFiles(mapping=read_mapping(path))
    wide = pd.DataFrame(
        {"participant_id": ["sub-1", "sub-2"], **{f"anx{item}": [1, 2] for item in range(1, 8)}}
    )
    found = score(wide.assign(catch1=[3, NAN], catch2=[NAN, NAN]), files=files).table
    assert found[["participant_id", "instrument", "status"]].values.tolist() == [
        ["sub-1", "GAD-7", "ok"],
        ["sub-1", "paincatch", "no rule"],
        ["sub-2", "GAD-7", "ok"],
    ]
    assert found["score"].tolist() == pytest.approx([7, NAN, 14], nan_ok=True)
    assert found["n_answered"].tolist() == [7, 1, 7]
    visits = long([("sub-1", "ses-1", f"anx{item}", "1") for item in range(1, 8)])
    assert score_visits(visits, ScoringSettings(mapping="mapping.tsv"), folder=tmp_path).table[
        "score"
    ].tolist() == [7]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("variable\titem\na\t1\n", "no column instrument"),
        ("variable\tinstrument\titem\na\tgad7\t\n", "an empty cell"),
        ("variable\tinstrument\titem\na\tgad7\t1\na\tgad7\t2\n", "a twice"),
        ("variable\tinstrument\titem\na\tgad7\t1\nb\tGAD7\t1\n", "GAD7 1 twice"),
    ],
)
def test_odd_mappings_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mapping.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=f"CL368.*{said}"):
        read_mapping(path)


def test_t_scores_come_from_a_norm_table_and_from_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "norms.csv"
    path.write_text(
        "instrument,subscale,raw,t\n"
        + "".join(f"promis29,anxiety (raw),{raw},{30 + 2.5 * raw}\n" for raw in range(4, 12))
    )
    people = [{str(item): value for item in range(5, 9)} for value in (1.0, 2.0, 5.0)]
    wide = frame("promis29", *people)
    assert not score(wide).table["subscale"].str.contains("T").any()
    found = score(wide, files=ScoringFiles(norms=read_norms(path))).table
    t = found[found["unit"] == "T"]
    assert t["score"].tolist() == pytest.approx([40, 50, NAN], nan_ok=True)
    assert t["status"].tolist() == ["ok", "ok", "missing"]
    assert set(t["rule_status"]) == {"user-supplied"}
    assert set(t["rule_source"]) == {"norm table norms.csv"}
    assert t["reason"].iloc[2] == "the raw score is not in the norm table"
    for row, said in (
        ("promis29,anxiety,4,40", "anxiety \\(raw\\)"),
        ("promis29,anxiety (raw),4,high", "'high'"),
        ("promis29,anxiety (raw),5,inf", "inf"),
        ("promis29,anxiety (raw),4,40\npromis29,anxiety (raw),4,41", "raw 4 twice"),
    ):
        path.write_text(f"instrument,subscale,raw,t\n{row}\n")
        with pytest.raises(InputError, match=f"CL369.*{said}"):
            read_norms(path)


RULE = "key\tinstrument\tversion\tsubscale\titems\tlow\thigh\treversed\tformula\tmissing\tsource\n"


def test_a_study_s_own_rule_is_marked_user_supplied(tmp_path: Path) -> None:
    path = tmp_path / "rules.tsv"
    path.write_text(RULE + "lsi\tLSI\tours\ttotal\t1,2,3,4\t0\t4\t2\tsum\tat_least:3\tour manual\n")
    people = [
        dict(zip("1234", values, strict=True))
        for values in ((1, 4, 2, 3), (1, 0, NAN, 4), (1, NAN, NAN, 4), (9, 1, 1, 1))
    ]
    found = score(frame("lsi", *people), files=ScoringFiles(rules=read_rules(path)))
    assert found.table["score"].tolist() == pytest.approx([6, 12, NAN, NAN], nan_ok=True)
    assert found.table["status"].tolist() == ["ok", "prorated", "missing", "out of range"]
    assert set(found.table["rule_status"]) == {"user-supplied"}
    assert set(found.table["scale"]) == {"0-16"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x\tX\t1\ttotal\t1,2\t0\t4\t\tmedian\tcomplete\ts", "formula 'median'"),
        ("x\tX\t1\ttotal\t1,2\t0\t4\t\tsum:3\tcomplete\ts", "formula 'sum:3'"),
        ("x\tX\t1\ttotal\t1,2\t0\t4\t\tsum\tat_least:half\ts", "whole number"),
        ("x\tX\t1\ttotal\t1,2\t4\t0\t\tsum\tcomplete\ts", "not below"),
        ("x\tX\t1\ttotal\t1,2\tlow\t4\t\tsum\tcomplete\ts", "low"),
        ("x\tX\t1\ttotal\t1,2\t0\t4\t3\tsum\tcomplete\ts", "no items: 3"),
        ("x\tX\t1\ttotal\t1,1\t0\t4\t\tsum\tcomplete\ts", "stands twice"),
        ("x\tX\t1\ttotal\t\t0\t4\t\tsum\tcomplete\ts", "without key"),
        ("gad7\tGAD-7\t7-item\ttotal\t1,2\t0\t3\t\tsum\tcomplete\ts", "rule of the package"),
    ],
)
def test_odd_rules_are_refused_with_their_row(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "rules.tsv"
    path.write_text(RULE + row + "\n")
    with pytest.raises(InputError, match=f"CL370.*row 2.*{said}"):
        read_rules(path)


MME = [
    ("codeine", 120, 18), ("fentanyl_td", 25, 60), ("hydrocodone", 20, 20), ("hydromorphone", 8, 40),
    ("methadone", 10, 47), ("morphine", 60, 60), ("oxycodone", 20, 30), ("oxymorphone", 20, 60),
    ("tapentadol", 200, 80), ("tramadol", 200, 40),
]  # fmt: skip


def doses(*rows: tuple[str, object]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["drug", "dose"], dtype=object)
    return table.assign(participant_id="sub-1", session_id="ses-1")


@pytest.mark.parametrize(("drug", "dose", "wanted"), MME)
def test_mme_of_each_drug_of_the_table(drug: str, dose: float, wanted: float) -> None:
    found = mme(doses((drug, dose))).table.set_index("subscale")
    assert found["score"].to_dict() == pytest.approx({drug: wanted, "total": wanted})


def test_mme_totals_are_missing_where_a_drug_has_no_dose_or_factor() -> None:
    both = mme(doses(("Oxycodone", "20"), ("tramadol", 150), ("oxycodone", 10))).table.set_index("subscale")
    assert both["score"].to_dict() == pytest.approx({"oxycodone": 45, "total": 75, "tramadol": 30})
    for drug, dose, code in (
        ("buprenorphine", 8, "CL366"),
        ("morphine", "", "CL367"),
        ("morphine", -1, "CL360"),
        ("fentanyl", 25, "CL366"),
        ("morphine", "ten", "CL360"),
    ):
        found = mme(doses(("tramadol", 100), (drug, dose)))
        total = found.table.set_index("subscale").loc["total"]
        assert [item.code for item in found.problems] == [code]
        assert np.isnan(total["score"])
        assert (total["status"], total["n_answered"]) == ("missing", 1)
    older = mme(doses(("tramadol", 100), ("fentanyl patch", 25)), "pre_2022").table.set_index("subscale")
    assert older["score"].to_dict() == pytest.approx({"fentanyl_td": 180, "total": 190, "tramadol": 10})
    assert set(older["version"]) == {"tables before 2022"}
    assert set(opioid_factors()) == {drug for drug, _, _ in MME}
    assert mme(doses().iloc[:0]).table.empty


def test_mme_from_visits() -> None:
    rows = [
        ("sub-1", "ses-1", "opioid_any", "1"), ("sub-1", "ses-1", "opioid_drug", "oxycodone"),
        ("sub-1", "ses-1", "opioid_dose", "20"), ("sub-1", "ses-1", "opioid_drug", "tramadol"),
        ("sub-1", "ses-1", "opioid_dose", "150"), ("sub-2", "ses-1", "opioid_any", "0"),
        ("sub-3", "ses-1", "opioid_any", "1"),
    ]  # fmt: skip
    found = score_visits(long(rows, instance=["", "1", "1", "2", "2", "", ""])).table
    totals = found[found["subscale"] == "total"].set_index("participant_id")
    assert totals["score"].to_dict() == pytest.approx({"sub-1": 60, "sub-2": 0, "sub-3": NAN}, nan_ok=True)
    assert totals["status"].tolist() == ["ok", "ok", "missing"]
    pd.testing.assert_frame_equal(schema("instrument_scores").check(found), found)
    assert score_visits(long(rows), ScoringSettings(instruments=("gad7",))).table.empty


def test_a_long_study_is_scored_in_seconds() -> None:
    import time

    rng = np.random.default_rng(4)
    people = np.repeat([f"sub-{number:04d}" for number in range(2800)], 6 * 29)
    sessions = np.tile(np.repeat([f"ses-{number}" for number in range(6)], 29), 2800)
    names = [f"pcs_{item}" for item in range(1, 14)] + [f"phq9_{item}" for item in range(1, 10)]
    names += [f"gad7_{item}" for item in range(1, 8)]
    values = rng.integers(0, 4, len(people)).astype(float)
    visits = pd.DataFrame(
        {"participant_id": people, "session_id": sessions, "variable": np.tile(names, 2800 * 6)}
    )
    visits = visits.assign(value="", number=values, source="", instance="", missing="")
    before = time.process_time()
    found = score_visits(visits, ScoringSettings(instruments=("pcs", "gad7")))
    assert time.process_time() - before < 4
    assert len(found.table) == 2800 * 6 * 5
    assert found.table["score"].head(5).tolist() == [
        values[0:13].sum(), values[[7, 8, 9, 10]].sum(), values[[5, 6, 12]].sum(),
        values[[0, 1, 2, 3, 4, 11]].sum(), values[22:29].sum(),
    ]  # fmt: skip
