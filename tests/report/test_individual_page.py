"""The page of one person: alone, escaped, first of all for research only."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from predict.individual_study import study
from report.page_reader import read_page

from corticolimbic.foundation import SettingsError, write_json
from corticolimbic.predict import Individual, individual, individual_json
from corticolimbic.report import render_individual
from corticolimbic.report._records_individual import read_individual

BANNER = "Research only: not a diagnosis, not for clinical decisions."


def rendered(folder: Path, person: Individual, name: str = "sub-p3") -> str:
    write_json(folder / f"{name}.json", individual_json(person))
    page = render_individual(folder / f"{name}.json")
    assert page == folder / f"{name}.html"
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def person() -> Individual:
    return individual(study(), "sub-p3")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("individuals")


@pytest.fixture(scope="module")
def html(person, place) -> str:
    return rendered(place, person)


def test_the_first_line_says_research_only(html) -> None:
    body = html[html.index("<body") :]
    words = re.sub(r"<[^>]*>", " ", body).split()
    assert " ".join(words).startswith(BANNER)


def test_the_record_comes_back_as_it_was_written(person, place, html) -> None:
    back = read_individual(place / "sub-p3.json")
    assert individual_json(back) == json.loads(json.dumps(individual_json(person)))
    assert math.isnan(back.markers[1].score)


def test_the_page_needs_nothing_but_itself_and_runs_nothing(html) -> None:
    page = read_page(html)
    assert page.named("script") == []
    for _, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:,"))
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", html)
    assert not re.search(r"https?://(?!www\.w3\.org/)", html)
    policy = next(item["content"] for item in page.named("meta") if "http-equiv" in item)
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")


def test_ids_are_unique_and_figures_described(html, place) -> None:
    page = read_page(html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [section["id"] for section in page.named("section")] == [
        "short", "pain", "rate", "scores", "features", "missing", "learned"
    ]  # fmt: skip
    assert {item.stem for item in (place / "figures" / "sub-p3").iterdir()} == {"pain", "scores", "features"}
    assert page.headings.count(1) == 1


def test_the_base_rate_stands_before_every_probability(html, person) -> None:
    page = read_page(html)
    text = page.sections["rate"]
    assert "48 of 119 other people of this study (40 %; 95 % interval 32 % to 49 %)" in text
    found = next(item for item in person.markers if item.id == "works").probability
    shown = f"{100 * found.value:.0f} % [{100 * found.low:.0f} %, {100 * found.high:.0f} %]"
    assert "persistent_20 (persistent: pain fell by less than 20 %)" in text
    assert text.index("48 of 119") < text.index(shown)
    assert "assume the same sensitivity and specificity in another population" in text
    for rate in ("5 %", "20 %", "40 %", "60 %"):
        assert f"Where {rate} persist" in text


def test_scores_stand_with_interval_reliability_training_and_failures(html, person) -> None:
    page = read_page(html)
    score = next(item for item in person.markers if item.id == "works")
    ends = [score.score, score.score - score.half_width, score.score + score.half_width]
    value, low, high = (f"{end:.2f}".replace("-", "−") for end in ends)
    assert f"{value} [{low}, {high}] r" in page.sections["scores"]
    assert "this study, runs of a session" in page.sections["scores"]
    assert "Another: not computable: needs diffusion images" in page.sections["scores"]
    assert "Learned in: 24 people of one laboratory." in page.sections["learned"]
    assert "AUC 0.83 (n 24)" in page.sections["learned"]
    assert "weak at rest elsewhere" in page.sections["learned"]


def test_what_cannot_be_concluded_is_said(html) -> None:
    text = read_page(html).sections["short"]
    assert "Whether this person's pain will persist" in text
    assert "By chance alone about 0.1 would" in text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=a>\u202esub\x00b'])
def test_data_is_escaped_everywhere(tmp_path, person, text) -> None:
    marker = replace(
        person.markers[0], name=text, population=text, failures=(text,), unit=text, icc_source=text
    )
    lost = replace(person.markers[1], name=text, status=text)
    hostile = replace(
        person,
        participant_id=text,
        markers=(marker, lost),
        outcomes=tuple(replace(item, label=text, name=text) for item in person.outcomes),
        features=tuple(replace(item, target=text, task=text) for item in person.features),
        controls=replace(person.controls, column=text, value=text),
    )
    html = rendered(tmp_path, hostile)
    page = read_page(html)
    assert page.named("script") == page.named("img") == []
    assert "\u202e" not in page.text
    assert "\x00" not in html


def test_a_person_without_anything_still_has_a_page(tmp_path, person) -> None:
    bare = replace(
        person,
        visits=(),
        outcomes=(),
        base_rate=None,
        features=(),
        markers=(),
        missing=(),
        p_persistent=math.nan,
    )
    page = read_page(rendered(tmp_path, bare))
    assert "learned" not in page.sections
    assert "No rating of pain is known." in page.sections["pain"]
    assert "Nothing is missing" in page.sections["missing"]
    assert "No published marker was asked for" in page.sections["scores"]
    assert "How often pain persists in this study is not known" in page.sections["rate"]


def test_without_controls_values_stand_with_the_reason(tmp_path) -> None:
    page = read_page(rendered(tmp_path, individual(study(controls=None), "sub-p4")))
    assert "No position: the settings name no controls" in page.sections["features"]


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_a_record_of_another_version_is_refused(tmp_path, person, version) -> None:
    write_json(tmp_path / "sub-x.json", {**individual_json(person), "schema_version": version})
    with pytest.raises(SettingsError, match="corticolimbic person"):
        render_individual(tmp_path / "sub-x.json")


@pytest.mark.browser
def test_it_prints_on_two_pages(tmp_path, html) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on the path: the page cannot be printed")
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--print-to-pdf={tmp_path / 'page.pdf'}",
            (tmp_path / "page.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert 1 <= len(re.findall(rb"/Type\s*/Page[^s]", (tmp_path / "page.pdf").read_bytes())) <= 2
