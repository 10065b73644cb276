"""Whatever a table calls people and places, nothing leaves OUT and nothing reaches the page as markup."""

from __future__ import annotations

import html
import re
from pathlib import Path

from workflow.runs import CONFIG, named, people_in, run, small

SCRIPT = "<script>alert(1)</script>"
QUOTES = "a\"b'c&d"


def test_hostile_cells_stay_inside_the_results_and_are_escaped_on_the_page(tmp_path: Path) -> None:
    dataset, out = small(tmp_path / "deep" / "data", 6, sites=(SCRIPT, QUOTES)), tmp_path / "deep" / "out"
    table = dataset / "participants.tsv"
    rows = [
        "../../x\tnorth\t40\tF\t0.1",
        "sub-../../y\tnorth\t40\tF\t0.1",
        f"sub-{SCRIPT}\tnorth\t40\tF\t0.1",
        f"sub-{'a' * 300}\tnorth\t40\tF\t0.1",
        "sub-quote'\"\tnorth\t40\tF\t0.1",
        '"sub-new\nline"\tnorth\t40\tF\t0.1',
    ]
    before = sorted(tmp_path.rglob("*"))
    text = table.read_text(encoding="utf-8")
    table.write_text(text + "\n".join(rows[:-1]) + "\n", encoding="utf-8")
    description = dataset / "dataset_description.json"
    description.write_text(
        description.read_text(encoding="utf-8").replace("Synthetic series", "<img src=x onerror=alert(2)>"),
        encoding="utf-8",
    )
    config = CONFIG.replace("unit: z", f'unit: z, label: "{SCRIPT}"')
    result = run(dataset, out, config=config)
    assert result.code == 3, result
    assert people_in(out) == [f"sub-00{number}" for number in range(1, 7)]
    outside = {path for path in tmp_path.rglob("*") if not path.is_relative_to(out)} - {
        out.with_name("out.yaml")
    }
    assert outside == set(before)
    codes = named(out, "code", "row")
    assert {code for code, row in codes if row in {"8", "9", "10", "11", "12"}} <= {"CL315", "CL112"}
    assert {row for code, row in codes if code == "CL315"} >= {"8", "9"}
    page = (out / "report.html").read_text(encoding="utf-8")
    for markup in (SCRIPT, "<img src=x"):
        assert markup not in page
        assert html.escape(markup, quote=False) in page
    assert len(re.findall("<script", page)) == 1  # ours
    for figure in (out / "figures").rglob("*.svg"):
        assert "<script" not in figure.read_text(encoding="utf-8")

    table.write_text(text + "\n".join(rows) + "\n", encoding="utf-8")  # a line end inside a cell: no TSV
    result = run(dataset, out, config=config)
    assert result.code == 3
    assert ("CL107", "13") in named(out, "code", "row")
    assert not (out / "cohort").exists()
    assert (out / "report.html").is_file()
