"""``corticolimbic theory run``: its table, its errors, and that nothing is left where it fails."""

from pathlib import Path

import numpy as np
import pytest

from corticolimbic.cli import main
from corticolimbic.features import read_table
from corticolimbic.theory import draw_people, follow, preset


def test_courses_are_written_as_they_are_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "theory",
        "run",
        str(tmp_path),
        "--people",
        "70",
        "--years",
        "0.25",
        "--outputs",
        "pain,cortisol",
    ]
    assert main([*words, "--seed", "5", "--quiet"]) == 0
    table = read_table("theory_courses", tmp_path / "theory" / "courses.parquet")
    people = draw_people(preset("prototype"), 70, 5)
    course = follow(people, days=91, outputs=("pain", "cortisol"), noise=True)
    assert list(table["participant_id"][[0, 14]]) == ["sub-0000000", "sub-0000001"]
    np.testing.assert_array_equal(table["day"][:14], course.days)
    np.testing.assert_array_equal(table["pain"], course.of("pain").ravel())
    np.testing.assert_array_equal(table["cortisol"], course.of("cortisol").ravel())
    assert table["value"].isna().all()
    assert preset("prototype").digest in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--years", "-1"],
        ["--years", "nan"],
        ["--preset", "nobody"],
        ["--theory", "astrology"],
        ["--outputs", "luck"],
        ["--seed", "-1"],
    ],
)
def test_what_cannot_be_followed_leaves_nothing(tmp_path: Path, words: list[str]) -> None:
    assert main(["theory", "run", str(tmp_path), "--people", "2", "--quiet", *words]) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_of_another_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("schema_version: 99\n")
    assert main(["theory", "run", str(tmp_path / "out"), "--parameters", str(path)]) == 2
    assert "schema_version" in capsys.readouterr().err
