"""The page: sections in order, one template, one file that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import shutil
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from corticolimbic.foundation import package_version, write_text
from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Section
from corticolimbic.report._results import Results, read_results
from corticolimbic.report._sections._agreement import agreement
from corticolimbic.report._sections._attrition import attrition
from corticolimbic.report._sections._circuit import circuit
from corticolimbic.report._sections._detectable import detectable
from corticolimbic.report._sections._effects import effects
from corticolimbic.report._sections._harmonisation import harmonisation
from corticolimbic.report._sections._marker import markers
from corticolimbic.report._sections._people import people
from corticolimbic.report._sections._problems import problems
from corticolimbic.report._sections._quality import quality
from corticolimbic.report._sections._record import citing, settings, visible, written
from corticolimbic.report._sections._registered import registered
from corticolimbic.report._sections._reliability import reliability
from corticolimbic.report._sections._structure import structure
from corticolimbic.report._sections._summary import summary
from corticolimbic.report._sections._survival import survival
from corticolimbic.report._svg import illustrate
from corticolimbic.report._words import say


def render(out: Path) -> Path:
    """Write the page of one results folder.

    Parameters
    ----------
    out
        Results folder as ``corticolimbic run`` leaves it; whatever is absent is said on the page.

    Returns
    -------
    Path
        ``out/report.html``; its figures, each with its data, lie in ``out/figures``.
    """
    results = read_results(out)
    folder = out / "figures"
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)  # figures of an earlier run would stand beside this one's
    sections = _sections(results, folder)
    path = out / "report.html"
    write_text(path, page_text(results, sections))
    return path


def _sections(results: Results, folder: Path) -> tuple[Section, ...]:
    draw = partial(illustrate, folder=folder)
    lost = attrition(results, draw)
    could = detectable(results, draw)
    steady = reliability(results, draw)
    known = agreement(results, draw)
    sites = harmonisation(results, draw)
    glance = survival(results, draw)
    anatomy = structure(results, draw)
    held = registered(results)
    return (
        summary(results),
        people(results, draw),
        *((lost,) if lost is not None else ()),
        problems(results),
        quality(results, draw),
        circuit(results, draw),
        *((sites,) if sites is not None else ()),
        effects(results, draw),
        *((anatomy,) if anatomy is not None else ()),
        *((could,) if could is not None else ()),
        *((steady,) if steady is not None else ()),
        *((known,) if known is not None else ()),
        *((glance,) if glance is not None else ()),
        markers(results, draw),
        *((held,) if held is not None else ()),
        settings(results),
        citing(results),
        written(results),
    )


def page_text(results: Results, sections: tuple[Section, ...]) -> str:
    """Return a page of sections as HTML that needs nothing but itself."""
    script = asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    dataset = read.mapping(results.manifest.get("dataset"))
    name = read.text(dataset.get("name")) or read.text(dataset.get("path_name")) or say("page.unnamed")
    made = read.text(results.manifest.get("created_with")) or f"corticolimbic {package_version()}"
    return template("page.html").render(
        say=say,
        name=name,
        made=made,
        sections=sections,
        # Our own files, never data.
        style=Markup(asset("page.css")),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:",
    )


def template(name: str) -> Template:
    """Return a template of this package; it escapes everything, and a name that is not given is an error."""
    environment = Environment(
        loader=PackageLoader("corticolimbic.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _shown(value: Any) -> Any:
    """Return text with control and direction marks written out; escaping comes after."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def asset(name: str) -> str:
    """Return a style sheet or script of this package."""
    return files("corticolimbic.report").joinpath("assets", name).read_text(encoding="utf-8")
