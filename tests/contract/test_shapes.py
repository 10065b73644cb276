"""Shapes in annotations are strings that jaxtyping can check while tests run."""

from __future__ import annotations

import ast

DTYPES = {"Float", "Float32", "Float64", "Int", "Int64", "Integer", "Bool", "Shaped", "Num", "Real", "UInt8"}


def test_axes_in_shapes_are_strings(trees: dict[str, ast.Module]) -> None:
    # A linter that removes the quotes of "features" leaves a name that does not exist: nothing is checked.
    bare, checked = [], 0
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)):
                continue
            if node.value.id in DTYPES and isinstance(node.slice, ast.Tuple):
                axes = node.slice.elts[-1]
                checked += 1
                if not (isinstance(axes, ast.Constant) and isinstance(axes.value, str)):
                    bare.append(f"{path}:{node.lineno}: {ast.unparse(node)}")
    assert checked > 0
    assert not bare
