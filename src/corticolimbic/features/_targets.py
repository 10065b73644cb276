"""The grammar of targets: ``R``, ``A--B`` (sorted), ``A->B``, ``module:NAME``, ``map:NAME``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from corticolimbic.foundation import CorticolimbicError

# Labels of published atlases hold brackets, apostrophes and single hyphens; never two hyphens, or an arrow.
_NAME = re.compile(r"[^\W_][\w.+()']*(?:-[\w.+()']+)*", re.UNICODE)
Kind = Literal["region", "edge", "directed", "module", "map"]


_PREFIXED: tuple[Literal["module", "map"], ...] = ("module", "map")


class TargetError(CorticolimbicError):
    """A text is no target."""


@dataclass(frozen=True)
class Target:
    """What a value belongs to.

    Parameters
    ----------
    kind
        ``region``, ``edge`` (undirected, names sorted), ``directed``, ``module`` or ``map``.
    names
        One name, or two for edges.
    """

    kind: Kind
    names: tuple[str, ...]

    def __str__(self) -> str:
        if self.kind in {"module", "map"}:
            return f"{self.kind}:{self.names[0]}"
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
        """
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


def _name(name: str, text: str) -> str:
    if not _NAME.fullmatch(name):
        raise TargetError(f"{text!r} is no target: expected R, A--B, A->B, module:NAME or map:NAME")
    return name
