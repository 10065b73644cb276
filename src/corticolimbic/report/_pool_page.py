"""The page of a pooling over sites."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from corticolimbic.features import read_table
from corticolimbic.foundation import write_text
from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Items, Pairs, Paragraph, Section
from corticolimbic.report._page import page_text
from corticolimbic.report._results import Results
from corticolimbic.report._sections._problems import problems
from corticolimbic.report._sections._sites import sites_blocks
from corticolimbic.report._svg import illustrate
from corticolimbic.report._words import say


def render_pool(out: Path) -> Path:
    """Write the page of a pooling.

    Parameters
    ----------
    out
        Folder as ``corticolimbic pool`` leaves it.

    Returns
    -------
    Path
        ``out/pool.html``; its figures lie in ``out/figures``.
    """
    declared = read.mapping(json.loads((out / "pool.json").read_text(encoding="utf-8")))
    results = Results(
        root=out,
        manifest={"dataset": {"name": say("sites.page_name")}, "created_with": declared.get("created_with")},
        problems=read_table("problems", out / "problems.tsv"),
        pooled=read_table("pooled", out / "pooled.tsv"),
        site_summaries=read_table("site_summaries", out / "site_summaries.tsv"),
    )
    draw = partial(illustrate, folder=out / "figures")
    found = sites_blocks(results, draw) or [Paragraph(say("sites.nothing"), "warning")]
    sections = (
        Section("sites", say("sites.title"), tuple(found)),
        Section("files", say("sites.files"), _files(declared)),
        problems(results),
    )
    path = out / "pool.html"
    write_text(path, page_text(results, sections))
    return path


def _files(declared: dict) -> tuple[Block, ...]:
    names = tuple(
        say("sites.file", file=read.text(file.get("file")), sites=", ".join(read.texts(file.get("sites"))))
        for file in read.objects(declared.get("files"))
    )
    pairs = (
        (say("sites.method_intervals"), read.text(declared.get("intervals"))),
        (say("sites.method_prediction"), read.text(declared.get("prediction"))),
        (say("sites.method_tau2"), read.text(declared.get("tau2_interval"))),
        (say("sites.method_versions"), ", ".join(read.texts(declared.get("package_versions")))),
    )
    return (Items(names), Pairs(pairs))
