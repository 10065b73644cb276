"""YAML that people write by hand: no aliases, no name twice, a bounded size."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from corticolimbic.foundation._errors import InputError, SettingsError
from corticolimbic.foundation._files import read_bytes

YAML_LIMIT = 2**20
"""Largest YAML file read, in bytes."""


class _Loader(yaml.SafeLoader):
    """YAML without aliases (a few lines could stand for gigabytes) and without a name that stands twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not read here", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: Any = False) -> dict[Hashable, Any]:  # noqa: FBT002  PyYAML's own
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a list or mapping as name", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, *, what: str) -> dict[Any, Any] | None:
    """Read a YAML mapping; None where the file holds nothing.

    Parameters
    ----------
    path
        The file.
    what
        How messages name it, for instance ``configuration``.

    Raises
    ------
    SettingsError
        Where the file cannot be read or is no YAML mapping.
    """
    try:
        text = read_bytes(path, limit=YAML_LIMIT).decode("utf-8-sig")
        values = yaml.load(text, _Loader)  # noqa: S506  a SafeLoader
    except InputError as error:
        raise SettingsError(f"{what} {path}: {error.problem.found}") from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:  # ValueError: no UTF-8, a 13th month
        raise SettingsError(f"{what} {path} is no YAML that can be read: {error}") from error
    if values is not None and not isinstance(values, dict):
        raise SettingsError(f"{what} {path}: expected settings by name, found a {type(values).__name__}")
    return values
