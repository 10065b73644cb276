"""Evidence as shipped tables: complete, typed, equal to their source, selectable, printable."""

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corticolimbic.evidence import (
    effects,
    findings,
    list_text,
    select,
    select_effects,
    show_text,
    stylised_facts,
)
from corticolimbic.evidence._shipped import shipped
from corticolimbic.foundation import SettingsError

STATES = {"rest", "rating", "evoked", "task", "structure", "not_imaging", "unstated"}


def source_rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("name", ["findings", "stylised_facts"])
def test_packaged_tables_equal_their_source(shared_data, name):
    assert list(shipped(name)) == source_rows(shared_data.parent / "evidence" / f"{name}.tsv")


def test_packaged_effects_are_their_source_with_an_id_for_each_row(shared_data):
    rows = [dict(row) for row in shipped("effects")]
    ids = [row.pop("id") for row in rows]
    assert ids == [f"E{number:03d}" for number in range(1, len(rows) + 1)]
    assert rows == source_rows(shared_data.parent / "evidence" / "effects.tsv")


def test_the_tables_are_complete():
    assert len(findings()) == 275
    assert len(effects()) == 76
    assert len(stylised_facts()) == 48
    assert [row.id for row in findings()] == [f"F{number:03d}" for number in range(1, 276)]
    for rows in (findings(), effects(), stylised_facts()):
        ids = [row.id for row in rows]
        assert len(set(ids)) == len(ids)
    assert sum(row.testable for row in findings()) == 206


def test_counts_of_the_northwestern_cohort_are_those_of_the_source():
    own = [row for row in findings() if row.cohort == ("northwestern_sbp",)]
    assert sum(row.testable for row in own) == 65
    imaging = [row for row in findings() if row.testable and row.resolvable != "not_imaging"]
    imaging = [row for row in imaging if row.timing != "cross-sectional"]
    assert len(imaging) == 54
    assert {row.cohort for row in imaging} == {("northwestern_sbp",)}


def test_empty_cells_are_none_and_numbers_are_numbers():
    by_id = {row.id: row for row in effects()}
    first = by_id["E001"]
    assert (first.study, first.n_total, first.value) == ("Misic2024", 58, 2.3)
    assert (first.ci_low, first.p) == (None, 0.03)
    assert by_id["E002"].ci_high == 1.13 and by_id["E002"].derived
    assert any(row.p_bound == "<" and row.p == 0.001 for row in effects())
    assert {row.p for row in effects() if row.p_bound == ">"} == {0.69, 0.23}
    assert [row.id for row in effects() if row.value is None]
    for row in (*findings(), *effects(), *stylised_facts()):
        assert "" not in [value for name, value in vars(row).items() if name != "p_bound"], row.id


def test_every_value_is_in_its_range():
    for row in effects():
        assert row.state in STATES
        if row.effect_type in {"auc", "accuracy"}:
            assert 0 <= row.value <= 1
        if row.ci_low is not None:
            assert row.ci_low <= row.value <= row.ci_high
        assert row.p is None or 0 <= row.p <= 1
        assert row.n_total is None or row.n_total > 0
        assert row.cohort
    for row in findings():
        assert row.state in STATES
        assert row.direction in {
            "increase",
            "decrease",
            "positive_corr",
            "negative_corr",
            "none",
            "unspecified",
        }
        assert row.resolvable in {"region", "edge", "module", "network", "tract", "not_imaging"}
    assert {row.kind for row in stylised_facts()} == {"definition", "input", "emergent"}


def test_disputed_claims_are_flagged_with_their_codes():
    by_id = {row.id: row for row in findings()}
    assert by_id["F051"].contradictions == ("C03",) and by_id["F051"].disputed
    assert by_id["F002"].contradictions == ("C11",)
    assert by_id["F070"].disputed and not by_id["F070"].contradictions  # by its source
    assert not by_id["F211"].disputed
    noted = {row.id for row in findings() if row.note and re.search(r"\bC\d\d\b", row.note)}
    assert noted == {row.id for row in findings() if row.contradictions}
    assert {code for row in findings() for code in row.contradictions} == {f"C{n:02d}" for n in range(1, 18)}
    assert [row.id for row in stylised_facts() if row.disputed] == ["M44a"]


def test_selection_meets_every_condition():
    chosen = select(region="NAc-mPFC", measure="fc", state="rating")
    assert {row.id for row in chosen} == {"F001", "F211", "F212", "F213", "F214"}
    assert {row.state for row in select(state="rest")} == {"rest"}
    assert {row.id for row in select(region="BLA")} == {"F100", "F127"}
    assert all(row.condition == "SBPp" for row in select(condition="SBPp"))
    assert all("SBPp" not in (row.condition or "") for row in select(condition="SBP"))
    assert select(region="nowhere") == ()
    assert len(select()) == 275
    assert len(select(disputed=True)) + len(select(disputed=False)) == 275
    assert len(select(testable=True)) == 206


@given(
    st.sampled_from([None, "NAc", "mPFC", "Hip"]),
    st.sampled_from([None, "fc", "volume"]),
    st.sampled_from([None, "rest", "structure"]),
)
def test_selections_are_intersections(region, measure, state):
    together = set(select(region=region, measure=measure, state=state))
    assert together == set(select(region=region)) & set(select(measure=measure)) & set(select(state=state))


def test_effects_are_selected_by_study_measure_cohort_and_standing():
    assert {row.study for row in select_effects(study="Spisak2020")} == {"Spisak2020"}
    assert all("northwestern_sbp" in row.cohort for row in select_effects(cohort="northwestern_sbp"))
    unverified = select_effects(verified=False)
    assert unverified and all("memory" in row.source or "review only" in row.source for row in unverified)
    assert len(select_effects(measure="fa", state="structure")) == len(select_effects(measure="fa"))


@given(st.integers(0, 300))
def test_lists_fit_the_width_and_show_each_id_once(width):
    rows = (*findings()[40:60], *effects()[:10], *stylised_facts()[-6:])
    lines = list_text(rows, width).splitlines()
    assert max(map(len, lines)) <= max(width, 40)
    ids = [line.split()[0].rstrip("!") for line in lines[: len(rows)]]
    assert ids == [row.id for row in rows]
    assert lines[-1].startswith("! disputed")


def test_a_list_marks_the_disputed_and_says_when_nothing_is_found():
    text = list_text(select(region="dACC"))
    assert text.startswith("F051!")
    assert "disputed" not in list_text(select(region="mPFC-NAc", measure="fc"))
    assert list_text(()) == "nothing found\n"


SOME = [*findings()[::25], *effects()[::12], *stylised_facts()[::9]]


@pytest.mark.parametrize("row", SOME, ids=lambda row: row.id)
def test_show_tells_every_field_within_the_width(row):
    text = show_text(row.id.casefold(), 72)
    assert max(map(len, text.splitlines())) <= 72
    flat = " ".join(text.split())
    for value in vars(row).values():
        if isinstance(value, str) and value:
            assert " ".join(value.split()) in flat


def test_show_says_why_a_claim_is_disputed():
    assert "yes, see C03" in show_text("F051")
    assert "yes, by its source" in show_text("F071")
    assert "disputed" not in show_text("F211")


def test_an_unknown_id_is_refused_with_what_is_near():
    with pytest.raises(SettingsError, match="F275"):
        show_text("F2755")
    with pytest.raises(SettingsError, match="no finding"):
        show_text("")


def test_a_list_marks_the_effects_that_were_not_verified():
    lines = list_text(effects(), 120).splitlines()
    marked = {line.split()[0] for line in lines[: len(effects())] if line.split()[0].endswith("?")}
    assert marked == {f"{row.id}?" for row in effects() if not row.verified}
    assert lines[-1] == "? not verified in its source"
    assert "not verified" not in list_text([row for row in effects() if row.verified], 120)
