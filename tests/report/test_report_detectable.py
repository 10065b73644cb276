"""What could have been found, drawn from a table of effects that a real test filled."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from report.example_out import write_demo, write_rpn
from report.page_reader import read_page

from corticolimbic.evidence import effects as published
from corticolimbic.features import read_table, schema, write_table
from corticolimbic.report import render


def with_detectable(out: Path, value: float = 1.02, *, reliability: float = math.nan) -> Path:
    """Fill the column as the comparison does, a little other for every edge, and draw the page."""
    path = out / "compare" / "effects.tsv"
    table = read_table("effects", path)
    names = list(dict.fromkeys(table["target"]))
    table["detectable"] = [value + 0.01 * names.index(name) for name in table["target"]]
    table["icc"] = reliability
    write_table(schema("effects").table(table.to_dict("records")), "effects", path)
    render(out)
    return out


def section(out: Path) -> str:
    return read_page((out / "report.html").read_text(encoding="utf-8")).sections["detectable"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_detectable(write_demo(tmp_path_factory.mktemp("detectable")))


def test_the_sentence_names_people_and_the_range(demo: Path) -> None:
    text = section(demo)
    drawn = pd.read_csv(demo / "figures" / "detectable.tsv", sep="\t")
    least, most = drawn["detectable"].min(), drawn["detectable"].max()
    assert "With 35 people (everyone eligible)" in text
    assert f"a true effect of {most:.2f} (Hedges g;" in text
    assert f"in the most precise of them {least:.2f}" in text
    assert "does not show that nothing is there" in text
    assert "reliable the measure is in these people is not known" in text


def test_only_primary_tests_of_one_comparison_are_drawn(demo: Path) -> None:
    drawn = pd.read_csv(demo / "figures" / "detectable.tsv", sep="\t")
    own = drawn[drawn["detectable"].notna()]
    table = read_table("effects", demo / "compare" / "effects.tsv")
    primary = table[(table["family"] == "primary") & (table["statistic"] == "pearson")]
    assert sorted(own["target"]) == sorted(primary["target"])
    assert own["detectable"].is_monotonic_increasing


def test_published_differences_are_the_verified_ones_of_the_measure(demo: Path) -> None:
    drawn = pd.read_csv(demo / "figures" / "detectable.tsv", sep="\t")
    theirs = drawn.loc[drawn["detectable"].isna(), "published"].to_numpy()
    expected = []
    for one in published():
        if one.verified and one.measure_term == "fc" and one.value is not None:
            if one.effect_type == "d":
                expected.append(abs(one.value))
            if one.effect_type == "auc":
                expected.append(abs(math.sqrt(2) * NormalDist().inv_cdf(one.value)))
    assert len(expected) >= 2
    np.testing.assert_allclose(theirs, expected)
    text = section(demo)
    assert "as if values were normal" in text
    assert "first reports tend to be too large" in text


def test_a_standardised_difference_of_an_area_is_the_known_one() -> None:
    areas = [one for one in published() if one.effect_type == "auc" and one.value == 0.70]
    assert areas, "0.70 of Misic 2024, whose d of 0.74 is in the notes on the studies"
    assert areas[0].as_d == pytest.approx(0.74, abs=0.005)
    assert all(one.as_d is None for one in published() if one.effect_type in {"t", "F", "r", "percent"})


def test_slopes_have_no_published_difference_beside_them(tmp_path: Path) -> None:
    text = section(with_detectable(write_rpn(tmp_path), 0.29, reliability=0.6))
    assert "Published differences between groups cannot be put on an axis of partial r" in text
    assert "reliable the measure" not in text
    assert pd.read_csv(tmp_path / "figures" / "detectable.tsv", sep="\t")["detectable"].notna().all()


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_without_a_size_there_is_no_section(tmp_path: Path, value: float) -> None:
    out = write_demo(tmp_path)
    path = out / "compare" / "effects.tsv"
    table = read_table("effects", path).assign(detectable=value)
    write_table(schema("effects").table(table.to_dict("records")), "effects", path)
    render(out)
    assert "detectable" not in read_page((out / "report.html").read_text(encoding="utf-8")).sections


def test_hostile_names_are_text(tmp_path: Path) -> None:
    out = write_demo(tmp_path)
    path = out / "compare" / "effects.tsv"
    table = read_table("effects", path)
    table["es_kind"] = "<script>alert(1)</script>"
    write_table(schema("effects").table(table.to_dict("records")), "effects", path)
    page = (with_detectable(out) / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
