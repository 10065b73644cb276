"""Grades and regions on the page: counted as in the tables, in the page's words."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from report.page_reader import read_page

from corticolimbic.features import read_table, schema, write_table
from corticolimbic.measure import rules
from corticolimbic.report import render
from corticolimbic.report._blocks import Fold, Paragraph, Table
from corticolimbic.report._results import Results, read_results
from corticolimbic.report._sections._grades import _reasons, grades
from corticolimbic.report._words import say


@pytest.fixture
def out(rpn_out, tmp_path):
    return shutil.copytree(rpn_out, tmp_path / "out")


def _quality(out):
    return read_page(render(out).read_text(encoding="utf-8")).sections["quality"]


def test_grades_are_counted_as_in_the_table(rpn_out):
    table = read_table("quality", rpn_out / "quality.tsv")
    counts = table["grade"].value_counts()
    blocks = list(grades(read_results(rpn_out)))
    (words,) = (block.text for block in blocks if isinstance(block, Paragraph))
    assert words.startswith(
        f"{counts['green']} of {len(table)} runs are green, {counts['amber']} amber, {counts['red']} red."
    )
    (by_site,) = (block for block in blocks if isinstance(block, Table))
    assert [int(row[1].text) for row in by_site.rows] == table.groupby("site").size().tolist()
    assert sum(int(row[3].text) for row in by_site.rows) == counts["amber"]
    flagged, regions = (block.blocks[0] for block in blocks if isinstance(block, Fold))
    assert [row[-2].text for row in flagged.rows] == ["Red"] * counts["red"] + ["Amber"] * counts["amber"]
    assert [column.title for column in flagged.columns] == ["Participant", "Site", "Grade", "Why"]
    assert "mean FD 0." in " ".join(row[-1].text for row in flagged.rows)
    assert [row[0].text for row in regions.rows] == ["mPFC", "NAc", "OFC", "VTA"]
    assert len(regions.rows[0]) == 7


def test_a_run_has_the_grade_of_its_worst_atlas(out):
    table = read_table("quality", out / "quality.tsv")
    other = table.assign(atlas="coordinates", grade="green", reasons="")
    other.loc[0, ["grade", "reasons"]] = ["red", "red: lost_regions 0.6 above 0.5"]
    worst = table["grade"].value_counts()
    first = table.loc[0, "grade"]
    both = pd.concat([table, other], ignore_index=True)
    write_table(schema("quality").check(both), "quality", out / "quality.tsv")
    text = _quality(out)
    assert f"of {len(table)} runs are green" in text
    assert f"{worst['red'] + (first != 'red')} red." in text
    assert "share of regions lost 0.6 above 0.5" in text
    assert "coordinates" in text


def test_series_of_others_tell_no_ratio_and_the_page_says_so(out):
    regions = read_table("region_quality", out / "region_quality.tsv")
    write_table(
        regions.assign(tsnr_median=np.nan, tsnr_low=np.nan), "region_quality", out / "region_quality.tsv"
    )
    text = _quality(out)
    assert "do not tell a signal-to-noise ratio" in text
    assert "Median tSNR" not in text


def test_all_green_lists_nobody_and_nothing_measured_says_nothing(out):
    table = read_table("quality", out / "quality.tsv")
    write_table(table.assign(grade="green", reasons=""), "quality", out / "quality.tsv")
    assert f"{len(table)} of {len(table)} runs are green, 0 amber, 0 red." in _quality(out)
    assert "Amber and red runs" not in _quality(out)
    assert list(grades(Results(root=out))) == []


def test_every_rule_has_a_name_on_the_page():
    for rule in rules():
        assert say.of("rule", rule.name), rule.name
    assert _reasons("red: dof 8 below 15; amber: new_rule 2 above 1") == (
        "degrees of freedom 8 below 15; new_rule 2 above 1"
    )
    assert _reasons("") == ""
