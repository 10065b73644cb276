"""The reference pages of the manual are what the package declares now, and its examples can be used."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml


@pytest.fixture(scope="module")
def generate(repository: Path) -> ModuleType:
    """The generator, which is a program of the manual and no module of the package."""
    spec = importlib.util.spec_from_file_location("generate", repository / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_committed_reference_is_what_the_generator_writes(repository: Path, generate: ModuleType) -> None:
    folder = repository / "docs" / "reference"
    committed = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    written = generate.pages()
    assert committed.keys() == written.keys()
    assert [name for name, text in written.items() if committed[name] != text] == [], "run: make docs"


def test_every_setting_code_and_column_stands_in_the_reference(generate: ModuleType) -> None:
    from corticolimbic.features import schema, schema_names
    from corticolimbic.foundation import problem_codes
    from corticolimbic.workflow import Config

    pages = generate.pages()
    for code in problem_codes():
        assert f"{{#{code}}}" in pages["problems.md"]
    for name in schema_names():
        assert f"## {name}\n" in pages["tables.md"]
        assert all(f"`{column}`" in pages["tables.md"] for column in schema(name).names)
    for name in Config.model_fields:
        assert re.search(rf"^## `{name}(\[\])?`$", pages["configuration.md"], re.MULTILINE)


def test_every_command_has_a_page_and_a_place_in_the_manual(repository: Path) -> None:
    from corticolimbic.cli import parser

    (commands,) = [action for action in parser()._actions if action.dest == "command"]
    names = set(commands.choices or {})
    pages = {path.stem for path in (repository / "docs" / "commands").glob("*.md")}
    assert pages == names
    listed = str(yaml.safe_load((repository / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert [name for name in names if f"commands/{name}.md" not in listed] == []


def test_examples_and_configurations_in_the_manual_can_be_used(repository: Path) -> None:
    from corticolimbic.workflow import Config, read_config

    for path in (repository / "examples").glob("*.yaml"):
        read_config(path)
    text = (repository / "docs" / "getting-started.md").read_text(encoding="utf-8")
    block = re.search(r"^    dataset:\n(?:    .*\n|\n)+", text, re.MULTILINE)
    assert block is not None
    Config.from_mapping(yaml.safe_load(re.sub(r"^    ", "", block[0], flags=re.MULTILINE)))
