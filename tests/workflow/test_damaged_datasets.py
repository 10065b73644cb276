"""Every damage by hand: its exit code, its row of problems.tsv, and the rest of the people done."""

from __future__ import annotations

import gzip
import json
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from workflow.runs import CONFIG, cli, named, people_in, problems, run, small

from corticolimbic.features import read_table

STEM = "func/{0}_task-rest_seg-coordinates_stat-mean_timeseries.tsv"
MEASURE_ONLY = "measure: {statistics: [pearson]}"
EVERYONE = [f"sub-00{number}" for number in range(1, 5)]


def series(root: Path, person: str = "sub-002") -> Path:
    return root / person / STEM.format(person)


def motion(root: Path, person: str = "sub-002") -> Path:
    return root / person / f"func/{person}_task-rest_motion.tsv"


def truncate_gzip(root: Path) -> None:
    packed = gzip.compress(series(root).read_bytes(), mtime=0)
    series(root).with_suffix(".tsv.gz").write_bytes(packed[: len(packed) // 2])
    series(root).unlink()


def shorten_motion(root: Path) -> None:
    rows = motion(root).read_text(encoding="utf-8").splitlines(keepends=True)
    motion(root).write_text("".join(rows[:-1]), encoding="utf-8")


def put_nan(root: Path) -> None:
    rows = series(root).read_text(encoding="utf-8").splitlines()
    rows[7] = "\t".join(["NaN", *rows[7].split("\t")[1:]])
    series(root).write_text("\n".join(rows) + "\n", encoding="utf-8")


def table(root: Path, change: Callable[[str], str]) -> None:
    path = root / "participants.tsv"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def add_row(root: Path) -> None:
    table(root, lambda text: text + "sub-009\tnorth\t40\tF\t0.1\n")


def name_twice(root: Path) -> None:
    table(root, lambda text: text + "sub-002\tnorth\t99\tF\t0.1\n")


def drop_table(root: Path) -> None:
    (root / "participants.tsv").unlink()


def write_text_cell(root: Path) -> None:
    rows = series(root).read_text(encoding="utf-8").splitlines()
    rows[3] = "\t".join(["artefact", *rows[3].split("\t")[1:]])
    series(root).write_text("\n".join(rows) + "\n", encoding="utf-8")


def drop_motion(root: Path) -> None:
    motion(root).unlink()


def drop_row(root: Path) -> None:
    table(root, lambda text: "".join(row for row in text.splitlines(True) if not row.startswith("sub-002")))


SERIES_2 = "sub-002/" + STEM.format("sub-002")
REST = ["sub-001", "sub-003", "sub-004"]


@pytest.mark.parametrize(
    ("damage", "code", "row", "measured", "cohort"),
    [
        (truncate_gzip, 3, ("CL102", f"{SERIES_2}.gz", "n/a", "sub-002"), REST, True),
        (
            shorten_motion,
            3,
            ("CL204", "sub-002/func/sub-002_task-rest_motion.tsv", "n/a", "sub-002"),
            REST,
            True,
        ),
        (put_nan, 3, ("CL202", SERIES_2, "8", "sub-002"), EVERYONE, True),
        (write_text_cell, 3, ("CL201", SERIES_2, "4", "sub-002"), REST, True),
        (drop_motion, 3, ("CL206", SERIES_2, "n/a", "sub-002"), REST, True),
        (drop_table, 3, ("CL301", "participants.tsv", "n/a", "n/a"), EVERYONE, False),
        (name_twice, 3, ("CL303", "participants.tsv", "6", "sub-002"), EVERYONE, True),
        (add_row, 3, ("CL305", "participants.tsv", "n/a", "sub-009"), EVERYONE, True),
        (drop_row, 0, ("CL306", "participants.tsv", "n/a", "sub-002"), EVERYONE, True),
    ],
    ids=lambda item: item.__name__ if callable(item) else None,
)
def test_one_damage_is_named_in_its_place_and_the_others_are_measured(
    tmp_path: Path,
    damage: Callable[[Path], None],
    code: int,
    row: tuple[str, ...],
    measured: list[str],
    cohort: bool,
) -> None:
    dataset, out = small(tmp_path / "data", 4), tmp_path / "out"
    damage(dataset)
    result = run(dataset, out, command="cohort", config=MEASURE_ONLY)
    assert result.code == code, result
    found = {
        tuple(cell or "n/a" for cell in item) for item in named(out, "code", "file", "row", "participant_id")
    }
    assert row in found
    assert len({item for item in found if item[0] not in {"CL203", "CL209"}}) == 1, found
    features = [
        person
        for person in people_in(out)
        if len(read_table("features", out / "features" / person / "ses-none" / "function.parquet"))
    ]
    assert features == measured
    assert (out / "cohort" / "populations.parquet").exists() == cohort
    if cohort:
        kept = read_table("populations", out / "cohort" / "populations.parquet")
        members = set(kept.loc[kept["member"] == 1, "participant_id"])
        listed = set(kept["participant_id"])
        assert members == set(measured) & listed


def test_an_empty_folder_is_exit_1_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    result = run(tmp_path / "data", tmp_path / "out", config=None)
    assert result.code == 1
    assert "no region series" in result.err
    assert {("CL802",), ("CL301",)} <= named(tmp_path / "out", "code")
    assert cli("validate", tmp_path / "data").code == 1


def test_a_dataset_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    for words in (("run", tmp_path / "none", tmp_path / "out"), ("validate", tmp_path / "none")):
        result = cli(*words)
        assert result.code == 2
        assert f"{tmp_path / 'none'} is no folder" in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "encode", "code", "site"),
    [
        ("mark", lambda text: b"\xef\xbb\xbf" + text.encode(), "CL106", "北"),
        ("crlf", lambda text: text.replace("\n", "\r\n").encode(), "CL106", "北"),
        ("gb18030", lambda text: text.encode("gb18030"), "CL105", "北"),
        ("utf16", lambda text: text.encode("utf-16"), "CL105", "北"),
    ],
)
def test_foreign_encodings_are_read_noted_and_exit_0(
    tmp_path: Path, name: str, encode: Callable[[str], bytes], code: str, site: str
) -> None:
    plain = small(tmp_path / "plain", 4, sites=(site, "south"))
    foreign = Path(shutil.copytree(plain, tmp_path / "foreign"))
    (foreign / "participants.tsv").write_bytes(
        encode((plain / "participants.tsv").read_text(encoding="utf-8"))
    )
    if name in {"mark", "crlf"}:
        series(foreign).write_bytes(encode(series(plain).read_text(encoding="utf-8")))
    for dataset in (plain, foreign):
        assert run(dataset, tmp_path / f"{dataset.name}-out", command="cohort", config=MEASURE_ONLY).code == 0
    out = tmp_path / "foreign-out"
    assert (code, "participants.tsv", "info") in named(out, "code", "file", "severity")
    for file in (
        "cohort/populations.parquet",
        "cohort/visits.parquet",
        "matrices/sub-002/ses-none/function.parquet",
    ):
        assert (out / file).read_bytes() == (tmp_path / "plain-out" / file).read_bytes()


def test_unicode_ids_are_read_whatever_their_composition(tmp_path: Path) -> None:
    person = "sub-Zoë"
    dataset = small(tmp_path / "data", ["Zoë", "患者1", "003"])
    decomposed = unicodedata.normalize("NFD", person)
    table(dataset, lambda text: text.replace(person, decomposed))
    out = tmp_path / "out"
    result = run(dataset, out, command="cohort", config=MEASURE_ONLY)
    assert result.code == 0, result
    assert people_in(out) == ["sub-003", person, "sub-患者1"]
    assert {("CL112", person, "info"), ("CL112", "sub-患者1", "info")} <= named(
        out, "code", "participant_id", "severity"
    )
    add_row(dataset)
    assert run(dataset, out, command="cohort", config=MEASURE_ONLY).code == 3


def test_everything_at_once_is_exit_3_with_every_problem_named_and_the_rest_on_the_page(
    tmp_path: Path,
) -> None:
    labels = ["001", "002", "003", "004", "005", "006", "007", "008", "Zoë", "010", "011", "012"]
    dataset, out = small(tmp_path / "data", labels), tmp_path / "out"
    for person, damage in (
        ("002", truncate_gzip),
        ("003", shorten_motion),
        ("004", put_nan),
        ("005", drop_motion),
    ):
        shutil.rmtree(tmp_path / "one", ignore_errors=True)
        (tmp_path / "one").mkdir()
        for path in (dataset / f"sub-{person}").rglob("*.tsv"):
            goal = tmp_path / "one" / "sub-002" / "func" / path.name.replace(f"sub-{person}", "sub-002")
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, goal)
        damage(tmp_path / "one")
        for path in (tmp_path / "one").rglob("*.tsv*"):
            shutil.move(
                path, dataset / f"sub-{person}" / "func" / path.name.replace("sub-002", f"sub-{person}")
            )
    add_row(dataset)
    path = dataset / "participants.tsv"
    rows = path.read_text(encoding="utf-8")
    rows += "sub-006\tsouth\t1\tF\t9\n"
    path.write_bytes(rows.replace("north", "北").replace("\n", "\r\n").encode("gb18030"))
    series(dataset, "sub-007").write_bytes(b"\xef\xbb\xbf" + series(dataset, "sub-007").read_bytes())

    result = run(dataset, out)
    assert result.code == 3, result
    expected = {
        ("CL102", "sub-002"), ("CL204", "sub-003"), ("CL202", "sub-004"), ("CL206", "sub-005"),
        ("CL303", "sub-006"), ("CL106", "sub-007"), ("CL305", "sub-009"),
        ("CL112", "sub-Zoë"), ("CL105", ""), ("CL106", ""),
    }  # fmt: skip
    found = {
        (code, "" if person == "n/a" else person) for code, person in named(out, "code", "participant_id")
    }
    assert expected <= found
    populations = read_table("populations", out / "cohort" / "populations.parquet")
    members = populations.loc[populations["member"] == 1, "participant_id"]
    assert sorted(members) == [
        "sub-001",
        "sub-004",
        "sub-007",
        "sub-008",
        "sub-010",
        "sub-011",
        "sub-012",
        "sub-Zoë",
    ]
    flow = json.loads((out / "cohort" / "flow.json").read_text(encoding="utf-8"))
    assert [(stage["id"], stage["n"]) for stage in flow["stages"]] == [
        ("listed", 12), ("with_files", 11), ("measured", 8), ("outcome", 8),
    ]  # fmt: skip
    page = (out / "report.html").read_text(encoding="utf-8")
    assert all(code in page for code, _ in expected)
    assert "sub-Zoë" in page


def last_cells(dataset: Path, *cells: str) -> None:
    """Write the last column of the participants table anew, the last cell for everyone left."""

    def replace(text: str) -> str:
        head, *rows = text.splitlines()
        new = [*cells, *[cells[-1]] * len(rows)]
        kept = ["\t".join([*row.split("\t")[:-1], cell]) for row, cell in zip(rows, new, strict=False)]
        return "\n".join([head, *kept]) + "\n"

    table(dataset, replace)


def test_an_outcome_of_words_where_numbers_are_declared_is_a_settings_error(tmp_path: Path) -> None:
    dataset, out = small(tmp_path / "data", 4), tmp_path / "out"
    last_cells(dataset, "very strong")
    result = run(dataset, out)
    assert result.code == 2, result
    assert "no cell is a number ('very strong'); for two groups name the cells" in result.err
    assert not out.exists()  # said before anything is measured


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (("n/a",), {"CL308": EVERYONE}),
        (("1.5", "very strong"), {"CL307": EVERYONE[1:], "CL308": EVERYONE[1:]}),
    ],
    ids=["missing", "words beside a number"],
)
def test_an_outcome_that_few_or_none_have_is_said_and_the_page_is_drawn(
    tmp_path: Path, cells: tuple[str, ...], codes: dict[str, list[str]]
) -> None:
    dataset, out = small(tmp_path / "data", 4), tmp_path / "out"
    last_cells(dataset, *cells)
    result = run(dataset, out)
    assert result.code == 3, result
    for code, people in codes.items():
        found = {person for known, person in named(out, "code", "participant_id") if known == code}
        assert found == set(people)
    populations = read_table("populations", out / "cohort" / "populations.parquet")
    assert set(populations.loc[populations["member"] == 0, "reason"]) == {"no outcome"}
    assert (out / "report.html").is_file()


@pytest.mark.parametrize(
    ("people", "sites", "config"),
    [
        (1, ("north",), CONFIG),
        pytest.param(2, ("north", "south"), CONFIG, marks=pytest.mark.slow),
        pytest.param(6, ("north",), CONFIG, marks=pytest.mark.slow),
        (5, ("a", "a", "a", "a", "b"), CONFIG),
        (
            6,
            ("north", "south"),
            CONFIG.replace("column: pain_sensitivity, unit: z", "column: sex, positive: F, negative: M"),
        ),
    ],
    ids=["one person", "two people", "one site", "a site with one person", "one class only"],
)
def test_too_few_people_or_sites_are_said_and_nothing_breaks(
    tmp_path: Path, people: int, sites: tuple[str, ...], config: str
) -> None:
    dataset, out = small(tmp_path / "data", people, sites=sites), tmp_path / "out"
    if "positive" in config:
        table(dataset, lambda text: text.replace("\tM\t", "\tF\t"))
    result = run(dataset, out, config=config + "predict: {resamples: 200, markers: [{id: spisak2020_rpn}]}\n")
    assert result.code in {0, 3}, result
    assert not {("CL801",)} & named(out, "code")
    assert len(people_in(out)) == people
    effects = read_table("effects", out / "compare" / "effects.tsv")
    if people < 4 or "positive" in config:
        assert effects["p"].notna().sum() == 0
        assert named(out, "code") & {("CL602",), ("CL603",)}
    else:
        assert effects["p"].notna().any()
        assert set(effects.loc[effects["p"].notna(), "n"]) == {4 if people == 5 else people}
    if people == 5:
        assert ("CL601", "sub-005") in named(out, "code", "participant_id")
    assert (out / "report.html").is_file()


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        ("compare: {covariates: [weight]}", "weight"),
        ("cohort: {outcome: {family: column, column: pian}}", "pian"),
        ("cohort: {populations: [{name: kept, rules: [{column: kept, equals: 1}]}]}", "kept"),
        (
            "cohort: {outcome: {family: relative, pain_column: nrs, baseline_session: ses-a, "
            "final_session: ses-b}}",
            "nrs",
        ),
    ],
)
def test_a_column_that_is_not_there_is_a_settings_error_that_names_those_that_are(
    tmp_path: Path, config: str, missing: str
) -> None:
    dataset = small(tmp_path / "data", 2)
    if "compare" in config:
        config += "\ncohort: {outcome: {family: column, column: age}}"
    result = run(dataset, tmp_path / "out", config=f"{MEASURE_ONLY}\n{config}")
    assert result.code == 2, result
    assert f"no column {missing!r}" in result.err
    assert "columns are" in result.err
    assert not (tmp_path / "out").exists()  # said before anything is measured, not hours later


def test_a_baseline_session_in_which_nobody_was_scanned_is_said_and_nothing_breaks(tmp_path: Path) -> None:
    dataset, out = small(tmp_path / "data", 4), tmp_path / "out"
    rows = [f"sub-{person:03d}\tses-{visit}\t{visit + person}" for person in range(1, 5) for visit in (1, 2)]
    text = "\n".join(["participant_id\tsession_id\tnrs", *rows, ""])
    (dataset / "sessions.tsv").write_text(text, encoding="utf-8")
    outcome = "family: relative, pain_column: nrs, baseline_session: ses-1, final_session: ses-2"
    result = run(dataset, out, config=f"{MEASURE_ONLY}\ncohort: {{outcome: {{{outcome}}}}}")
    assert result.code == 3, result
    assert not {("CL801",)} & named(out, "code")
    populations = read_table("populations", out / "cohort" / "populations.parquet")
    assert set(populations["reason"]) == {"no measured run in ses-1"}
    (found,) = [row["found"] for row in problems(out) if row["code"] == "CL317"]
    assert found == "no run in ses-1; measured are ses-none"
