"""From the words of findings and settings to regions, edges, modules, networks and tracts."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from corticolimbic.circuit._edges import edge_target
from corticolimbic.circuit._groups import modules, networks, tracts
from corticolimbic.circuit._regions import is_region, regions
from corticolimbic.circuit._shipped import shipped
from corticolimbic.foundation import SettingsError

ResolvedKind = Literal["region", "edge", "module", "network", "tract", "not_imaging"]


@dataclass(frozen=True)
class Resolved:
    """What a text stands for.

    Parameters
    ----------
    kind
        ``region``, ``edge``, ``module``, ``network``, ``tract``, or ``not_imaging`` for what no image shows.
    name
        Id of the region, module, network or tract; ``A--B`` for an edge, for a region with a module or
        network, or for two of these.
    members
        Ids of the regions involved; empty for tracts and for what is not imaging.
    """

    kind: ResolvedKind
    name: str
    members: tuple[str, ...] = ()


def resolve(text: str) -> tuple[Resolved, ...]:
    """Resolve a text as it stands in findings, settings or targets.

    Parameters
    ----------
    text
        ``mPFC``, ``NAc_R``, ``mPFC-NAc``, ``NAc--mPFC``, ``dmPFC-Amy-NAc``, ``DMN``, ``Cingulum``, ``-``, or
        several with ``;`` between them. A dash within a known name belongs to the name.

    Returns
    -------
    tuple of Resolved
        One entry for each part of the list.

    Raises
    ------
    SettingsError
        Where a part is unknown, naming what is near.

    Notes
    -----
    A text says what is named, not what was measured: the same edge can carry a difference in white matter.
    """
    parts = [part.strip() for part in text.split(";")] if ";" in text else [text.strip()]
    return tuple(_resolve(part) for part in parts)


def _resolve(text: str) -> Resolved:
    if not text:
        return Resolved("not_imaging", "-")
    known = _named(text)
    if known:
        return known
    for joint in ("->module:", "--module:"):
        first, between, second = text.partition(joint)
        if between:
            return _with_module(text, _named(first.removeprefix("module:")), _named(second))
    if text.startswith("module:"):
        return _resolve(text.removeprefix("module:"))
    parts = [part for part in re.split(r"--?>?", text) if part]
    if len(parts) < 2:
        raise SettingsError(_unknown(text))
    return _joined(text, [_named(part) for part in parts])


def _named(text: str) -> Resolved | None:
    exact = _names().get(text)
    if exact:
        return exact
    if is_region(text):
        return Resolved("region", text, (text,))
    base, _, side = text.rpartition("_")
    if side in {"L", "R"} and any(tract.id == base and tract.hemispheres == "both" for tract in tracts()):
        return Resolved("tract", text)
    return _folded().get(text.casefold())


def _with_module(text: str, first: Resolved | None, second: Resolved | None) -> Resolved:
    """Join a region, module or network to a module or network."""
    if first is None or second is None or second.kind not in {"module", "network"} or not first.members:
        raise SettingsError(_unknown(text))
    members = tuple(dict.fromkeys((*first.members, *second.members)))
    return Resolved(second.kind, f"{first.name}--{second.name}", members)


def _joined(text: str, parts: list[Resolved | None]) -> Resolved:
    found = [part for part in parts if part is not None and part.kind in {"region", "network"}]
    if len(found) < len(parts):
        raise SettingsError(_unknown(text))
    members = tuple(dict.fromkeys(member for part in found for member in part.members))
    if any(part.kind == "network" for part in found):
        return Resolved("network", "--".join(part.name for part in found), members)
    if len(members) == 1:
        return Resolved("region", members[0], members)
    if len(members) == 2:
        return Resolved("edge", edge_target(*members), tuple(sorted(members)))
    for module in modules():
        if set(module.members) == set(members):
            return Resolved("module", module.id, module.members)
    return Resolved("module", "-".join(members), members)


@cache
def _names() -> dict[str, Resolved]:
    names = {item.id: Resolved("region", item.id, (item.id,)) for item in regions()}
    names |= {item.id: Resolved("module", item.id, item.members) for item in modules()}
    names |= {item.id: Resolved("network", item.id, item.members) for item in networks()}
    names |= {item.id: Resolved("tract", item.id) for item in tracts()}
    for row in shipped("aliases"):
        kind, name = row["kind"], row["id"]
        names[row["text"]] = Resolved("not_imaging", name) if kind == "not_imaging" else names[name]
    return names


@cache
def _folded() -> dict[str, Resolved]:
    return {text.casefold(): found for text, found in _names().items()}


def _unknown(text: str) -> str:
    near = difflib.get_close_matches(text, list(_names()), n=3, cutoff=0.5)
    hint = f"; near are {', '.join(near)}" if near else ""
    return f"{text!r} names no region, edge, module, network or tract of the circuit{hint}"
