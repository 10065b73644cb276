"""The grammar of targets: ``R``, ``A--B`` (sorted), ``A->B``, ``module:NAME``, ``map:NAME``.

Modules may be ends too: ``A->module:NAME`` is a region with a module or network, ``module:A--module:B``
(sorted) are two of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from corticolimbic.foundation import CorticolimbicError

# Labels of published atlases hold brackets, apostrophes and single hyphens; never two hyphens, or an arrow.
_NAME = re.compile(r"[^\W_][\w.+()']*(?:-[\w.+()']+)*", re.UNICODE)
Kind = Literal["region", "edge", "directed", "module", "map", "seed", "modules"]


_PREFIXED: tuple[Literal["module", "map"], ...] = ("module", "map")
_MODULE = "module:"


class TargetError(CorticolimbicError):
    """A text is no target."""


@dataclass(frozen=True)
class Target:
    """What a value belongs to.

    Parameters
    ----------
    kind
        ``region``, ``edge`` (undirected, names sorted), ``directed``, ``module``, ``map``, ``seed`` (a region
        with a module) or ``modules`` (two modules, names sorted).
    names
        One name, or two; modules without their prefix.
    """

    kind: Kind
    names: tuple[str, ...]

    def __str__(self) -> str:
        if self.kind in {"module", "map"}:
            return f"{self.kind}:{self.names[0]}"
        if self.kind == "seed":
            return f"{self.names[0]}->{_MODULE}{self.names[1]}"
        if self.kind == "modules":
            return "--".join(_MODULE + name for name in self.names)
        return {"edge": "--", "directed": "->"}.get(self.kind, "").join(self.names)

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read a target.

        Examples
        --------
        >>> str(Target.parse("NAc--mPFC"))
        'NAc--mPFC'
        >>> str(Target.parse("mPFC--NAc"))
        'NAc--mPFC'
        >>> Target.parse("Amy->module:CEN").names
        ('Amy', 'CEN')
        """
        first, between, second = text.partition("->")
        if between and second.startswith(_MODULE):
            return cls("seed", (_name(first, text), _module(second, text)))
        first, between, second = text.partition("--")
        if between and first.startswith(_MODULE) and second.startswith(_MODULE):
            return cls("modules", tuple(sorted((_module(first, text), _module(second, text)))))
        for kind in _PREFIXED:
            if text.startswith(kind + ":"):
                return cls(kind, (_name(text[len(kind) + 1 :], text),))
        if "->" in text:
            first, _, second = text.partition("->")
            return cls("directed", (_name(first, text), _name(second, text)))
        if "--" in text:
            first, _, second = text.partition("--")
            return cls("edge", tuple(sorted((_name(first, text), _name(second, text)))))
        return cls("region", (_name(text, text),))


def edge(first: str, second: str) -> str:
    """Return the target of the undirected edge between two regions, names sorted."""
    return str(Target("edge", tuple(sorted((_name(first, first), _name(second, second))))))


def _module(end: str, text: str) -> str:
    return _name(end.removeprefix(_MODULE), text)


def _name(name: str, text: str) -> str:
    if not _NAME.fullmatch(name):
        raise TargetError(
            f"{text!r} is no target: expected R, A--B, A->B, module:NAME, A->module:NAME, "
            "module:A--module:B or map:NAME"
        )
    return name
