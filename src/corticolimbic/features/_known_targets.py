"""Whether a target names what the circuit knows, and what it could have meant."""

from __future__ import annotations

import difflib
from functools import cache

from corticolimbic.circuit import (
    Resolved,
    atlas,
    atlas_names,
    modules,
    networks,
    region,
    regions,
    resolve,
    tracts,
)
from corticolimbic.features._targets import Target, TargetError
from corticolimbic.foundation import SettingsError

_GROUPS = {"module": (True,), "map": (True,), "modules": (True, True), "seed": (False, True)}
"""Which names of a target are modules or networks, by its kind."""
_SIDES = {"both": ("", "_L", "_R")}


def known_target(text: str, atlas_name: str = "") -> Target:
    """Read a target whose names are registered in `corticolimbic.circuit`.

    Regions and tracts may carry ``_L`` or ``_R`` where they have sides; modules and networks stand after
    ``module:``. The nodes of a registered atlas are names too, in rows of that atlas.

    Parameters
    ----------
    text
        The target as written.
    atlas_name
        Atlas of the row.

    Raises
    ------
    TargetError
        Where the text is no target, or names something that is not registered; the message says what is
        near.

    Examples
    --------
    >>> str(known_target("mPFC--NAc_R"))
    'NAc_R--mPFC'
    """
    target = Target.parse(text)
    groups = _GROUPS.get(target.kind, (False, False))
    for name, group in zip(target.names, groups, strict=False):
        if not _known(name, atlas_name, group=group):
            raise TargetError(f"{name!r} is not registered in the circuit{_hint(name, group=group)}")
    return target


def _known(name: str, atlas_name: str, *, group: bool) -> bool:
    if group:
        return name in _groups()
    return name in _sided_tracts() or _is_region(name) or name in _nodes(atlas_name)


def _is_region(name: str) -> bool:
    try:
        region(name)
    except SettingsError:
        return False
    return True


@cache
def _groups() -> frozenset[str]:
    return frozenset([*(item.id for item in modules()), *(item.id for item in networks())])


@cache
def _sided_tracts() -> frozenset[str]:
    return frozenset(item.id + side for item in tracts() for side in _SIDES.get(item.hemispheres, ("",)))


@cache
def _nodes(atlas_name: str) -> frozenset[str]:
    if atlas_name not in atlas_names():
        return frozenset()
    return frozenset(node.name for node in atlas(atlas_name).nodes)


def _hint(name: str, *, group: bool) -> str:
    """Return what is near a name that is not registered: an alias' own name first."""
    base, _, side = name.rpartition("_")
    side = f"_{side}" if base and side in {"L", "R"} else ""
    near = [] if group else [found.name + side for found in _alias(base if side else name)]
    names = (
        sorted(_groups())
        if group
        else [
            *(item.id + end for item in regions() for end in _SIDES.get(item.hemispheres, ("",))),
            *sorted(_sided_tracts()),
        ]
    )
    folded = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    near = list(dict.fromkeys([*near, *(folded[item] for item in close)]))[:3]
    return f"; near are {', '.join(near)}" if near else ""


def _alias(name: str) -> list[Resolved]:
    try:
        return [item for item in resolve(name) if item.kind in {"region", "tract"}]
    except SettingsError:
        return []
