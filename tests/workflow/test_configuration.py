"""Reading settings: whatever the file holds, it is read, or refused with the setting named."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from workflow.runs import cli, small

from corticolimbic.foundation import SettingsError
from corticolimbic.workflow import Config, config_text, read_config


def write(folder: Path, data: bytes | str) -> Path:
    path = folder / "settings.yaml"
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "mesure: {}",
            [
                "mesure is no setting",
                "did you mean measure?",
                "dataset, supplied, measure, cohort, attrition, compare, agreement, predict",
            ],
        ),
        ("measure: {fd_treshold: 1}", ["measure.fd_treshold", "did you mean fd_threshold?", "min_coverage"]),
        ("cohort: {outcome: {famly: none}}", ["cohort.outcome.famly", "did you mean family?"]),
        (
            "cohort: {populations: [{name: a}, {name: b, rules: [{colum: x, equals: 1}]}]}",
            ["cohort.populations[1].rules[0].colum", "did you mean column?"],
        ),
        (
            "supplied: [{file: a, columns: {x: {measur: fa}}}]",
            ["supplied[0].columns.x.measur", "did you mean measure?"],
        ),
        ("supplied: [{file: a, columns: {x: {measure: fa}}}]", ["supplied.0.columns.x.target"]),
        ("predict: {markers: [{idd: x}]}", ["predict.markers[0].idd", "There are: id, "]),
        ("measure: {statistics: [persson]}", ["measure.statistics.0", "pearson", "ledoit_wolf"]),
        ("measure: {fd_threshold: -1}", ["measure.fd_threshold", "greater than 0"]),
        ("measure: {fd_threshold: .nan}", ["measure.fd_threshold", "finite"]),
        ("cohort: {outcome: {family: relative}}", ["needs pain_column"]),
        ("cohort: {populations: [{name: a, rules: [{column: kept, equals: yes}]}]}", ["'yes'"]),
        ("measure: {fd_threshold: 1}\nmeasure: {}", ["'measure' stands twice", "line 2"]),
        ("- measure", ["expected settings by name, found a list"]),
        ("measure", ["expected settings by name, found a str"]),
        ("measure: {", ["no YAML"]),
        ("measure: !!python/object/apply:os.system [ls]", ["no YAML"]),
        ("measure: 2020-13-45", ["no YAML"]),
        ("1: 2", ["1 is no setting"]),
        (b"\xff\xfe\x00", ["no YAML"]),
        ("[" * 5000, ["no YAML"]),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str | bytes, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        read_config(write(tmp_path, text))
    for word in words:
        assert word in str(caught.value)


def test_a_misspelt_setting_is_exit_2_and_nothing_is_written(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 2)
    path = write(tmp_path, "measure: {fd_treshold: 0.2}")
    for words in (("run", dataset, tmp_path / "out"), ("validate", dataset)):
        result = cli(*words, "--config", path)
        assert result.code == 2
        assert "measure.fd_treshold is no setting; did you mean fd_threshold?" in result.err
    assert not (tmp_path / "out").exists()


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    names = "abcdefghij"
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in itertools.pairwise(names)]
    start = time.perf_counter()
    for text in ("\n".join(lines), "\n".join([*lines, "dataset: *j"]), "measure: &m {}\ncohort: *m"):
        with pytest.raises(SettingsError, match="aliases"):
            read_config(write(tmp_path, text))
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("kind", ["absent", "folder", "large"])
def test_a_configuration_that_cannot_be_read_is_exit_2(tmp_path: Path, kind: str) -> None:
    dataset, path = small(tmp_path / "data", 2), tmp_path / "settings.yaml"
    if kind == "folder":
        path.mkdir()
    if kind == "large":
        path.write_text("#" * (2**20 + 1), encoding="utf-8")
    result = cli("run", dataset, tmp_path / "out", "--config", path)
    assert result.code == 2
    assert str(path) in result.err
    assert not (tmp_path / "out").exists()


def test_an_empty_file_means_the_defaults_and_what_is_written_reads_back(tmp_path: Path) -> None:
    assert read_config(write(tmp_path, "")) == Config()
    text = (
        "measure: {fd_threshold: null}\ncohort: {outcome: {family: column, column: 疼痛, label: 'a: b #c'}}"
    )
    config = read_config(write(tmp_path, text))
    assert config.measure.fd_threshold is None
    assert read_config(write(tmp_path, config_text(config))) == config


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["measure", "cohort", "outcome", "populations", "rules", "predict", "markers", "id"]
            )
            | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["dataset", "measure", "cohort", "compare", "predict"]), VALUES, max_size=4
    )
)
def test_any_yaml_is_read_or_refused_as_settings(
    tmp_path_factory: pytest.TempPathFactory, values: object
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = write(folder, yaml.safe_dump(values, allow_unicode=True))
    try:
        assert isinstance(read_config(path), Config)
    except SettingsError as error:
        assert str(error)


@settings(max_examples=150, deadline=None)
@example(data="[]:")
@example(data="{}: 1")
@example(data="? [a, b]\n: 1")
@given(st.binary(max_size=60) | st.text("ab:-[]{}&*!|>#'\"\n 01.", max_size=60))
def test_any_bytes_are_read_or_refused_as_settings(
    tmp_path_factory: pytest.TempPathFactory, data: bytes | str
) -> None:
    try:
        read_config(write(tmp_path_factory.getbasetemp(), data))
    except SettingsError as error:
        assert str(error)
