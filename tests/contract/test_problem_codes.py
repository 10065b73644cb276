"""The catalogue of problems and the code agree: no code is unknown, none is unused."""

from __future__ import annotations

import ast
import re

from corticolimbic.foundation import problem_codes

CODE = re.compile(r"\bCL\d{3}\b")


def codes_raised(trees: dict[str, ast.Module]) -> dict[str, str]:
    """Return the codes that stand in the code itself (not in docstrings), each with a file that uses it."""
    found: dict[str, str] = {}
    for path, tree in trees.items():
        spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
                found.update(dict.fromkeys(CODE.findall(node.value), path))
    return found


def test_every_code_that_is_used_is_in_the_catalogue(trees: dict[str, ast.Module]) -> None:
    used = codes_raised(trees)
    assert {code: path for code, path in used.items() if code not in problem_codes()} == {}


def test_every_code_of_the_catalogue_is_used(trees: dict[str, ast.Module]) -> None:
    assert sorted(set(problem_codes()) - set(codes_raised(trees))) == []


def test_every_entry_says_what_was_expected_and_what_to_do() -> None:
    codes = problem_codes()
    assert list(codes) == sorted(codes)
    for entry in codes.values():
        assert CODE.fullmatch(entry.code)
        assert entry.severity in {"info", "excluded", "failed"}
        assert entry.title
        assert entry.expected
        assert entry.remedy
        assert entry.explanation.endswith(".")
