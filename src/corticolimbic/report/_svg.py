"""From a drawing to SVG for the page and for the file: described, re-coloured by the page, ids kept apart."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from corticolimbic.foundation import one_line, write_text
from corticolimbic.report._blocks import Illustration
from corticolimbic.report._palette import PAPER, VARIABLES
from corticolimbic.report._sheet import Sheet, drawing

WIDE = 980
NARROW = 346
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_FAMILY = re.compile(r"font-family: [^;]*")
_SIZE = re.compile(r"font: (?:([^;]*) )?([\d.]+px) [^;]*")


@dataclass(frozen=True)
class Plan:
    """A figure to be made.

    Parameters
    ----------
    name
        File name without suffix, and the root of every id in the SVG.
    title, description
        For people who do not see it: what it is, and what it shows.
    caption
        Under the figure.
    draw
        Draws on a sheet; called once for wide and once for narrow screens.
    data
        The numbers that are drawn.
    width
        Natural width on a wide screen in pixels.
    """

    name: str
    title: str
    description: str
    caption: str
    draw: Callable[[Sheet], None]
    data: pd.DataFrame
    width: int = WIDE


def illustrate(plan: Plan, folder: Path) -> Illustration:
    """Draw a figure, write it with its data into ``folder``, and return it for the page."""
    raw = {}
    for width, suffix in ((plan.width, "wide"), (NARROW, "narrow")):
        sheet = Sheet(width, compact=suffix == "narrow")
        with drawing(plan.name):
            plan.draw(sheet)
            raw[suffix] = _Drawn(sheet.svg(), dict(sheet.tips))
    write_text(folder / f"{plan.name}.svg", _file(raw["wide"], plan))
    write_text(
        folder / f"{plan.name}.tsv",
        plan.data.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n"),
    )
    return Illustration(
        name=plan.name,
        caption=plan.caption,
        wide=_inline(raw["wide"], plan, "wide"),
        narrow=_inline(raw["narrow"], plan, "narrow"),
        width=plan.width,
    )


@dataclass(frozen=True)
class _Drawn:
    svg: bytes
    tips: dict[str, str]


def _file(drawn: _Drawn, plan: Plan) -> str:
    root = _described(drawn, plan, plan.name)
    background = ET.Element(f"{{{_SVG}}}rect", {"width": "100%", "height": "100%", "fill": PAPER})
    root.insert(2, background)
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib.update(width=width, height=height)
    return _serialise(root) + "\n"


def _inline(drawn: _Drawn, plan: Plan, variant: str) -> Markup:
    root = _described(drawn, plan, f"{plan.name}-{variant}")
    for element in root.iter():
        style = element.get("style")
        if style:
            for fixed, variable in VARIABLES.items():
                style = style.replace(fixed, variable)
            element.set("style", style)
    # Serialised from a tree whose every text was escaped by the serialiser.
    return Markup(_serialise(root))  # noqa: S704


def _described(drawn: _Drawn, plan: Plan, prefix: str) -> ET.Element:
    root = ET.fromstring(drawn.svg)  # noqa: S314 - our own drawing, not a file from outside
    for junk in [child for child in root if child.tag == f"{{{_SVG}}}metadata" or _is_style(child)]:
        root.remove(junk)
    used = {element.get(f"{{{_XLINK}}}href", "")[1:] for element in root.iter()}
    for element in root.iter():
        _tidy(element, drawn.tips, prefix, used)
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    root.attrib.pop("version", None)
    root.attrib.update(
        {"role": "img", "aria-labelledby": f"{prefix}-t {prefix}-d", "style": "stroke-linejoin:round"}
    )
    description = ET.Element(f"{{{_SVG}}}desc", {"id": f"{prefix}-d"})
    description.text = one_line(plan.description, 4000)
    title = ET.Element(f"{{{_SVG}}}title", {"id": f"{prefix}-t"})
    title.text = one_line(plan.title)
    root.insert(0, description)
    root.insert(0, title)
    return root


def _is_style(child: ET.Element) -> bool:
    return child.find(f"{{{_SVG}}}style") is not None


def _tidy(element: ET.Element, tips: dict[str, str], prefix: str, used: set[str]) -> None:
    name = element.attrib.pop("id", "")
    if name in tips:
        tip = ET.Element(f"{{{_SVG}}}title")
        tip.text = one_line(tips[name])
        element.insert(0, tip)
    if name and name in used:
        element.set("id", f"{prefix}-{name}")
    target = element.get(f"{{{_XLINK}}}href")
    if target is not None:
        del element.attrib[f"{{{_XLINK}}}href"]
        element.set("href", f"#{prefix}-{target[1:]}")
    path = element.get("d")
    if path is not None:
        element.set("d", " ".join(path.split()))
    style = element.get("style")
    if style is not None:
        element.set("style", _SIZE.sub(_font, _FAMILY.sub("font-family: sans-serif", style)))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]


def _font(found: re.Match[str]) -> str:
    weight = f"font-weight: {found[1]}; " if found[1] else ""
    return f"{weight}font-size: {found[2]}; font-family: sans-serif"


def _serialise(root: ET.Element) -> str:
    for element in root.iter():
        if element.tag not in {f"{{{_SVG}}}text", f"{{{_SVG}}}title", f"{{{_SVG}}}desc"}:
            element.text = None
        element.tail = None
    ET.register_namespace("", _SVG)
    return ET.tostring(root, encoding="unicode")
