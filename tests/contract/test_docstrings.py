"""Every public name is documented in numpydoc's form, and what the text says of parameters is true."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from corticolimbic.foundation import Settings

SECTIONS = (
    "Parameters|Attributes|Returns|Yields|Raises|Warns|Notes|References|Examples|See Also|Methods|Warnings"
)
HEADING = re.compile(rf"^({SECTIONS})\n(-+)$", re.MULTILINE)


def documented(rooms: list) -> Iterator[tuple[str, Any]]:
    """Yield every public class and function, once."""
    seen = set()
    for room in rooms:
        for name, item in room.public.items():
            if (inspect.isclass(item) or inspect.isfunction(item)) and id(item) not in seen:
                seen.add(id(item))
                yield f"{room.name}.{name}", item


def parameters_of(item: Any) -> set[str]:
    names = set(inspect.signature(item).parameters)
    if inspect.isclass(item) and not names:
        names = set(getattr(item, "__dataclass_fields__", {}))
    return names - {"self", "args", "kwargs"}


def named_in_section(text: str) -> set[str]:
    """Return the parameter names that a numpydoc Parameters section documents."""
    found = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-+$|\Z)", text, re.DOTALL | re.MULTILINE)
    if not found:
        return set()
    entries = [line for line in found[1].splitlines() if line and not line.startswith((" ", "."))]
    return {name.strip().lstrip("*") for line in entries for name in line.split(":")[0].split(",")}


def test_every_public_name_has_a_docstring_with_a_one_line_summary(rooms: list) -> None:
    wrong = []
    for name, item in documented(rooms):
        own = item.__dict__.get("__doc__") if inspect.isclass(item) else item.__doc__
        summary = inspect.cleandoc(own or "").split("\n\n")[0]
        if not summary or "\n" in summary or not summary.endswith((".", "?", "``")):
            wrong.append(f"{name}: {summary!r}")
    assert not wrong


def test_every_public_method_has_a_docstring(rooms: list) -> None:
    bare = [
        f"{name}.{attribute}"
        for name, item in documented(rooms)
        if inspect.isclass(item)
        for attribute, value in vars(item).items()
        if not attribute.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
        and not inspect.getdoc(value)
    ]
    assert not bare


def test_sections_are_numpydoc(rooms: list) -> None:
    wrong = []
    for name, item in documented(rooms):
        text = inspect.getdoc(item) or ""
        wrong += [f"{name}: {title}" for title, line in HEADING.findall(text) if len(line) != len(title)]
        wrong += [f"{name}: {style}" for style in ("Args:", ":param", ":returns") if style in text]
    assert not wrong


def test_documented_parameters_exist_and_none_is_forgotten(rooms: list) -> None:
    wrong = []
    for name, item in documented(rooms):
        told = named_in_section(inspect.getdoc(item) or "")
        if told and not (inspect.isclass(item) and issubclass(item, Settings)):
            real = parameters_of(item)
            wrong += [f"{name}: {odd} is no parameter" for odd in sorted(told - real)]
            wrong += [f"{name}: {left} is not documented" for left in sorted(real - told)]
    assert not wrong


def test_functions_of_three_parameters_or_more_document_them(rooms: list) -> None:
    silent = [
        name
        for name, item in documented(rooms)
        if inspect.isfunction(item)
        and len(parameters_of(item)) >= 3
        and not named_in_section(inspect.getdoc(item) or "")
    ]
    assert not silent
