"""Stylised facts: what a simulation of the three theories must reproduce."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from corticolimbic.evidence._shipped import shipped, text


@dataclass(frozen=True)
class Fact:
    """One stylised fact.

    Parameters
    ----------
    id
        ``M01`` to ``M45``; some come in parts, ``a`` and ``b``.
    model
        Theory that it belongs to.
    fact, test
        What is claimed, and what a simulation must show.
    kind
        ``definition`` (true by construction), ``input`` (put in, not a result) or ``emergent``.
    needs
        What a simulator must have to show it.
    clamp
        Intervention that tests a causal fact; None for the others.
    """

    id: str
    model: str
    fact: str
    test: str
    kind: Literal["definition", "input", "emergent"]
    needs: str
    clamp: str | None

    @property
    def disputed(self) -> bool:
        """Whether its own source disputes it."""
        return "DISPUTED" in self.test


@cache
def stylised_facts() -> tuple[Fact, ...]:
    """Return every stylised fact, in the order of the table."""
    return tuple(Fact(**{**row, "clamp": text(row["clamp"])}) for row in shipped("stylised_facts"))  # type: ignore[arg-type]
