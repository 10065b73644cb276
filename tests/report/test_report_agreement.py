"""The section on the literature: what is counted, drawn, and said for those who see no figure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from report.example_out import write_demo

from corticolimbic.features import read_table, schema, write_table
from corticolimbic.report import render
from corticolimbic.stats import AgreementSettings, agreement

SVG = "{http://www.w3.org/2000/svg}"


def measured(out: Path) -> pd.DataFrame:
    """Return the demo's effects as effects of a rated run, in two populations that disagree."""
    effects = read_table("effects", out / "compare/effects.tsv")
    effects = effects.assign(contrast="persistent: persistent - recovered", task="rating")
    effects = effects[(effects["statistic"] == "pearson") & effects["target"].str.contains("NAc")]
    numbers = ["estimate", "ci_low", "ci_high", "effect_size", "es_low", "es_high"]
    values = (0.6, 0.3, 0.9)
    first = effects.assign(**dict(zip(numbers, values * 2, strict=True)))
    other = first.assign(population="sensitivity", **dict(zip(numbers, (-0.6, -0.9, -0.3) * 2, strict=True)))
    return pd.concat([first, other], ignore_index=True)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame, str]:
    out = write_demo(tmp_path_factory.mktemp("agreement"))
    table = agreement(measured(out), AgreementSettings(population="eligible"), statistic="pearson")
    write_table(table, "agreement", out / "agreement.tsv")
    render(out)
    html = (out / "report.html").read_text(encoding="utf-8")
    return out, table, re.search(r'<section id="agreement".*?</section>', html, re.DOTALL)[0]


def counts(section: str) -> dict[str, int]:
    rows = re.findall(
        r"<tr>\s*<th[^>]*>.*?</th>.*?</tr>|<tr>.*?</tr>",
        section.split("</table>")[0].split("<tbody>")[1],
        re.DOTALL,
    )
    cells = [re.findall(r"<bdi>(.*?)</bdi>", row, re.DOTALL) for row in rows]
    return {row[0]: int(row[1]) for row in cells}


def test_each_finding_counts_once_in_the_primary_population(page) -> None:
    _, table, section = page
    found = counts(section)
    assert sum(found.values()) == table["finding"].nunique()
    assert found["agrees"] == 3  # F001, F211, F214; the other population says the opposite
    assert "opposite" not in found
    assert "3 further effects of other populations" in section


def test_three_panels_with_signs_cohorts_and_own_effects(page) -> None:
    out, table, section = page
    for panel in "abc":
        data = pd.read_csv(out / f"figures/figure-1{panel}.tsv", sep="\t", keep_default_na=False)
        mine = table[(table["panel"] == panel) & (table["counted"] == "yes")]
        assert set(";".join(data["findings"]).split(";")) == set(mine["finding"])
        svg = ET.parse(out / f"figures/figure-1{panel}.svg").getroot()
        assert svg.find(f"{SVG}title").text.startswith(f"Figure 1{panel}")
        said = svg.find(f"{SVG}desc").text
        assert f"drawn with {len(data)} rows" in said
        assert f'id="figure-1{panel}-narrow-t"' in section
    assert "mPFC-NAc, connectivity, SBP" in said
    assert "published increase (1 cohort), here 0.60 [0.30, 0.90] agrees" in said
    row = data[data["findings"].str.contains("F211")].iloc[0]
    assert (row["signs"], row["verdict"], float(row["effect_size"])) == ("+", "agrees", 0.6)
    disputed = data[data["findings"].str.contains("F229")].iloc[0]
    assert disputed["disputed"] == "yes"


def test_what_is_not_tested_is_summarised_by_reason(page) -> None:
    _, table, section = page
    n = int(((table["verdict"] == "not tested") & (table["counted"] == "yes")).sum())
    assert f"{n} not tested, for" in section
    assert "neurochemistry: not measured by these images" in section


def test_a_run_that_tests_nothing_says_so_and_an_older_folder_has_no_section(tmp_path: Path) -> None:
    out = write_demo(tmp_path)
    render(out)
    assert 'id="agreement"' not in (out / "report.html").read_text(encoding="utf-8")
    nothing = agreement(schema("effects").table([]), AgreementSettings())
    write_table(nothing, "agreement", out / "agreement.tsv")
    render(out)
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "206 of them could be tested by a cohort; 0 are tested here" in html
    assert "not measured" in html


def test_words_from_a_damaged_table_stay_words(tmp_path: Path) -> None:
    out = write_demo(tmp_path)
    table = agreement(measured(out), AgreementSettings())
    odd = "<script>alert(1)</script>\u202e$x$"
    for column in ("target", "measure", "state", "question", "direction", "condition", "verdict", "why"):
        table.loc[table["finding"] == "F211", column] = odd
    table.loc[table["finding"] == "F001", ["effect_size", "es_low"]] = float("nan")
    table.loc[table["finding"] == "F214", "es_high"] = float("inf")
    write_table(table, "agreement", out / "agreement.tsv")
    render(out)
    assert "<script>alert" not in (out / "report.html").read_text(encoding="utf-8")
