from __future__ import annotations

import os
from pathlib import Path

import pytest
from stats.test_pool_sites import EDGES, row, summaries
from workflow.runs import cli, problems

from corticolimbic.features import read_table, write_table


def sent(folder: Path, site: str, **changed: object) -> Path:
    """Write a site's file."""
    path = folder / f"{len(list(folder.iterdir()))}.tsv"
    rows = [row(site, edge, estimate=0.1 + 0.1 * n, **changed) for n, edge in enumerate(EDGES)]
    write_table(summaries(*rows), "site_summaries", path)
    return path


@pytest.fixture
def sites(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "sent"
    folder.mkdir()
    return [sent(folder, name) for name in ("Ulm", "上海", "=cmd|' /C calc'!A0")]


def test_files_of_sites_become_a_table_and_a_page(sites: list[Path], tmp_path: Path) -> None:
    result = cli("pool", *sites, tmp_path / "out")
    assert (result.code, result.err) == (0, ""), result
    table = read_table("pooled", tmp_path / "out" / "pooled.tsv")
    assert table["k"].tolist() == [3] * len(EDGES)
    assert "=cmd|' /C calc'!A0" in table["sites"].iloc[0]
    page = (tmp_path / "out" / "pool.html").read_text(encoding="utf-8")
    assert "上海" in page
    assert "sub-" not in page
    again = cli("pool", *reversed(sites), tmp_path / "out")
    assert again.code == 0
    assert read_table("pooled", tmp_path / "out" / "pooled.tsv").equals(table)


def test_a_folder_of_results_stands_for_its_file(sites: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "result" / "compare"
    folder.mkdir(parents=True)
    sites[0].rename(folder / "site_summaries.tsv")
    assert cli("pool", folder.parent, *sites[1:], tmp_path / "out").code == 0


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda text: b"\x00\x01\x02", "CL104"),
        (lambda text: b"", "CL111"),
        (lambda text: text.replace(b"estimate_unit", b"unit", 1), "CL640"),
        (lambda text: text.replace(b"\t1\t0.1.0", b"\t99\t0.1.0"), "CL641"),
        (lambda text: text.replace(b"\t0.05\t", b"\tlots\t", 1), "CL643"),
        (lambda text: text.replace(b"\t0.05\t", b"\t-0.05\t", 1), "CL643"),
        (lambda text: text.replace(b"\t0.05\t", b"\tinf\t", 1), "CL643"),
        (lambda text: text + text.split(b"\n")[1] + b"\n", "CL643"),
        (lambda text: text.replace(b"Ulm", b"n/a"), "CL643"),
    ],
)
def test_a_damaged_file_is_named_and_the_others_are_pooled(
    damage, code: str, sites: list[Path], tmp_path: Path
) -> None:
    sites[0].write_bytes(damage(sites[0].read_bytes()))
    result = cli("pool", *sites, tmp_path / "out")
    assert result.code == 3, result
    assert {(item["code"], item["file"]) for item in problems(tmp_path / "out")} == {(code, sites[0].name)}
    assert (read_table("pooled", tmp_path / "out" / "pooled.tsv")["k"] >= 2).all()


def test_a_site_that_stands_twice_is_refused(sites: list[Path], tmp_path: Path) -> None:
    twice = sent(sites[0].parent, "ULM", estimate_unit="Fisher z per unit of the outcome")
    result = cli("pool", *sites, twice, tmp_path / "out")
    assert result.code == 3
    assert {item["file"] for item in problems(tmp_path / "out") if item["code"] == "CL642"} == {
        sites[0].name,
        twice.name,
    }
    assert read_table("pooled", tmp_path / "out" / "pooled.tsv")["k"].tolist() == [2] * len(EDGES)


def test_a_path_in_a_cell_is_never_opened(sites: list[Path], tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    os.mkfifo(trap)  # whoever opens it waits for ever
    rows = [row(str(trap), edge, family=f"file://{trap}", model=str(trap)) for edge in EDGES]
    write_table(summaries(*rows), "site_summaries", sites[0])
    assert cli("pool", *sites, tmp_path / "out").code == 0
    assert cli("pool", trap, *sites, tmp_path / "other").code == 3


def test_results_of_a_run_are_not_overwritten(sites: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert cli("pool", *sites, out).code == 0
    (out / "pool.json").unlink()
    result = cli("pool", *sites, out)
    assert result.code == 2
    assert "folder of its own" in result.err


def test_nothing_usable_says_so(tmp_path: Path) -> None:
    result = cli("pool", tmp_path / "nowhere.tsv", tmp_path / "out")
    assert result.code == 1
    assert problems(tmp_path / "out")[0]["file"] == "nowhere.tsv"
