from __future__ import annotations

import base64
import hashlib
import re
import shutil

import pytest
from report.page_reader import read_page

from corticolimbic.report import render

SECTIONS = [
    "summary",
    "people",
    "problems",
    "quality",
    "circuit",
    "effects",
    "markers",
    "settings",
    "cite",
    "files",
]


@pytest.mark.parametrize("kind", ["rpn", "demo"])
def test_sections_stand_in_their_order_under_one_title(kind, request):
    page = read_page(request.getfixturevalue(f"{kind}_page"))
    assert [section["id"] for section in page.named("section")] == SECTIONS
    assert page.headings.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False))
    assert "Research software, not a medical device" in page.text


@pytest.mark.parametrize("kind", ["rpn", "demo"])
def test_page_refers_to_nothing_outside_itself(kind, request):
    html = request.getfixturevalue(f"{kind}_page")
    page = read_page(html)
    for tag, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:,")), (tag, attributes)
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", html)
    assert not re.search(r"https?://(?!www\.w3\.org/)", html)


def test_only_the_pages_own_script_may_run(rpn_page):
    page = read_page(rpn_page)
    assert len(page.named("script")) == 1
    script = re.search(r"<script>(.*?)</script>", rpn_page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(
        meta["content"] for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    )
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("kind", ["rpn", "demo"])
def test_page_is_small(kind, request):
    assert len(request.getfixturevalue(f"{kind}_page").encode()) < 3_000_000


@pytest.mark.parametrize("kind", ["rpn", "demo"])
def test_ids_are_unique_and_every_reference_is_met(kind, request):
    page = read_page(request.getfixturevalue(f"{kind}_page"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {
        attributes["href"][1:]
        for _, attributes in page.elements
        if attributes.get("href", "").startswith("#")
    }
    wanted |= {name for _, found in page.elements for name in found.get("aria-labelledby", "").split()}
    assert wanted <= set(ids)


def test_every_figure_is_described_and_every_table_has_a_caption_and_headers(rpn_page):
    page = read_page(rpn_page)
    figures = [svg for svg in page.named("svg")]
    assert len(figures) >= 12
    assert all(svg["role"] == "img" and len(svg["aria-labelledby"].split()) == 2 for svg in figures)
    assert len(page.named("table")) == len(page.named("caption"))
    assert all(head.get("scope") in {"col", "row"} for head in page.named("th"))


def test_equal_tables_give_equal_bytes(rpn_out, rpn_page, tmp_path):
    again = shutil.copytree(rpn_out, tmp_path / "again")
    render(again)
    assert (again / "report.html").read_text(encoding="utf-8") == rpn_page
    first = {path.name: path.read_bytes() for path in (rpn_out / "figures").iterdir()}
    assert {path.name: path.read_bytes() for path in (again / "figures").iterdir()} == first


def test_figures_of_an_earlier_run_do_not_stay(rpn_out, tmp_path):
    again = shutil.copytree(rpn_out, tmp_path / "again")
    (again / "figures" / "stale.svg").write_text("<svg/>")
    render(again)
    assert not (again / "figures" / "stale.svg").exists()


def test_every_figure_file_has_its_data_beside_it(rpn_out):
    figures = {path.stem for path in (rpn_out / "figures").glob("*.svg")}
    assert {
        "flow",
        "motion",
        "censoring",
        "circuit-1",
        "circuit-2",
        "effects-1",
        "marker-spisak2020_rpn",
    } <= figures
    assert {path.stem for path in (rpn_out / "figures").glob("*.tsv")} == figures
    for path in (rpn_out / "figures").glob("*.tsv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) > 1
        assert len({line.count("\t") for line in lines}) == 1, path.name


def test_settings_are_printed_as_written(rpn_page):
    assert "fd_threshold: 0.15" in read_page(rpn_page).sections["settings"]


def test_files_section_lists_what_is_there_and_only_that(rpn_page, rpn_out):
    text = read_page(rpn_page).sections["files"]
    assert "predict/evaluation.tsv" in text
    assert "truth" not in text
    assert not (rpn_out / "truth").exists()
