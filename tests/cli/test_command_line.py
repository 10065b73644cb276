"""Commands: help, versions, looking things up, exit codes, and output that nobody reads to its end."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from workflow.runs import cli, small

from corticolimbic.cli import parser


def commands(
    top: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Yield every command with its parser."""
    yield words, top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from commands(below, (*words, name))


COMMANDS = dict(commands(parser()))


def test_the_commands_are_those_of_the_design() -> None:
    first = {words[0] for words in COMMANDS if words}
    assert {
        "demo",
        "run",
        "measure",
        "cohort",
        "compare",
        "predict",
        "report",
        "simulate",
        "validate",
        "evidence",
        "markers",
        "protocol",
    } <= first


@pytest.mark.parametrize("words", list(COMMANDS), ids=" ".join)
def test_help_names_every_argument_with_words_and_the_exit_codes(words: tuple[str, ...]) -> None:
    result = cli(*words, "--help")
    assert (result.code, result.err) == (0, "")
    text = " ".join(result.out.split())
    for code in ("0 done", "1 nothing usable", "2 usage", "3 done but"):
        assert code in text
    for action in COMMANDS[words]._actions:
        names = action.option_strings or ([str(action.metavar)] if action.metavar else [])
        assert all(name in text for name in names)
        if not isinstance(action, argparse._SubParsersAction):
            assert action.help
            assert " ".join(action.help.split()) in text


def test_version_is_the_package_and_what_can_change_a_number() -> None:
    result = cli("--version")
    assert result.code == 0
    lines = dict(line.split(" ") for line in result.out.splitlines())
    assert {"corticolimbic", "python", "numpy", "scikit-learn"} <= set(lines)
    assert re.fullmatch(r"\d+\.\d+\.\d+", lines["corticolimbic"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["runn"], "invalid choice: 'runn'"),
        (["run"], "DATASET"),
        (["run", "a", "b", "--jobs", "0"], "at least 1"),
        (["run", "a", "b", "--jobs", "two"], "at least 1, not 'two'"),
        (["run", "", "b"], "DATASET: an empty path"),
        (["run", "a", "b", "--cofnig", "c"], "--cofnig"),
        (["evidence"], "ACTION"),
        (["evidence", "list", "--table", "x"], "findings"),
        (["evidence", "list", "--table", "facts", "--region", "NAc"], "cannot be filtered by region"),
    ],
)
def test_words_that_cannot_be_understood_are_exit_2(words: list[str], said: str) -> None:
    result = cli(*words)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err


def test_no_command_prints_the_help_and_is_exit_2() -> None:
    result = cli()
    assert result.code == 2
    assert "corticolimbic" in result.out
    assert "validate" in result.out


def test_evidence_of_a_region_is_a_part_of_all_evidence() -> None:
    everything, some = cli("evidence", "list"), cli("evidence", "list", "--region", "NAc")
    assert (everything.code, some.code) == (0, 0)
    found, all_ids = (set(re.findall(r"\bF\d{3}\b", result.out)) for result in (some, everything))
    assert found
    assert found < all_ids


def test_evidence_is_shown_with_its_source() -> None:
    result = cli("evidence", "show", "F001")
    assert result.code == 0
    shown = dict(line.split(None, 1) for line in result.out.splitlines() if " " in line.strip())
    assert (shown["id"], shown["region_or_edge"], shown["section"]) == ("F001", "mPFC-NAc", "abstract")
    assert "eLife96312 Table 3" in cli("evidence", "show", "E001").out


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (("evidence", "show", "F999"), "F099"),
        (("evidence", "list", "--region", "Narnia"), "NAc"),
        (("evidence", "list", "--condition", "plague"), "SBP"),
        (("evidence", "list", "--table", "effects", "--state", "asleep"), "rest"),
        (("markers", "show", "spisak2020"), "spisak2020_rpn"),
    ],
)
def test_an_unknown_name_is_exit_2_with_what_there_is(words: tuple[str, ...], there: str) -> None:
    result = cli(*words)
    assert result.code == 2, result
    assert words[-1] in result.err
    assert there in result.err


def test_markers_are_listed_and_shown_with_needs_and_failures() -> None:
    assert "spisak2020_rpn" in cli("markers", "list").out
    shown = cli("markers", "show", "spisak2020_rpn")
    assert shown.code == 0
    assert "10.1038/s41467-019-13785-z" in shown.out
    for word in ("needs:", "verified:", "learned from:", "state: rest"):
        assert word in shown.out
    assert len(re.findall(r"^  \S+--\S+  [+-]", shown.out, flags=re.MULTILINE)) == 21


def test_report_of_a_folder_that_is_not_ours_is_exit_2(tmp_path: Path) -> None:
    result = cli("report", tmp_path)
    assert (result.code, "no results folder" in result.err) == (2, True)
    assert not list(tmp_path.iterdir())


def test_validate_prints_sentences_or_a_table_and_exits_by_what_it_found(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 2)
    assert cli("validate", dataset, "--jobs", "1").code == 0
    next(dataset.rglob("sub-002*_motion.tsv")).write_text("framewise_displacement\n0.1\n", encoding="utf-8")
    words, table = cli("validate", dataset, "--jobs", "1"), cli("validate", dataset, "--jobs", "1", "--tsv")
    assert (words.code, table.code) == (3, 3)
    assert "[failed] CL204" in words.out
    assert "Remedy: " in words.out
    header, *rows = [line.split("\t") for line in table.out.splitlines()]
    assert header[:4] == ["participant_id", "session_id", "file", "row"]
    assert {len(row) for row in rows} == {len(header)}


@pytest.mark.parametrize("words", [["--help"], ["evidence", "list"], ["markers", "show", "spisak2020_rpn"]])
def test_output_into_a_closed_pipe_ends_quietly(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "corticolimbic", *words],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, b"")


def test_a_run_whose_output_nobody_reads_goes_on_and_tells_the_truth_in_its_exit_code(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 2)
    next(dataset.rglob("sub-002*_motion.tsv")).unlink()
    reading, writing = os.pipe()
    os.close(reading)
    words = ["cohort", str(dataset), str(tmp_path / "out"), "--jobs", "1"]
    try:
        result = subprocess.run(
            [sys.executable, "-m", "corticolimbic", *words], stdout=writing, stderr=writing, check=False
        )
    finally:
        os.close(writing)
    assert result.returncode == 3
    assert (tmp_path / "out" / "cohort" / "flow.json").is_file()
