"""One rendered folder of each kind, shared by the tests that only read it."""

from __future__ import annotations

import pathlib

import pytest
from report.example_out import write_demo, write_rpn

from corticolimbic.report import render


@pytest.fixture(scope="session")
def rpn_out(tmp_path_factory) -> pathlib.Path:
    out = write_rpn(tmp_path_factory.mktemp("rpn"))
    render(out)
    return out


@pytest.fixture(scope="session")
def demo_out(tmp_path_factory) -> pathlib.Path:
    out = write_demo(tmp_path_factory.mktemp("demo"))
    render(out)
    return out


@pytest.fixture(scope="session")
def rpn_page(rpn_out) -> str:
    return (rpn_out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def demo_page(demo_out) -> str:
    return (demo_out / "report.html").read_text(encoding="utf-8")
