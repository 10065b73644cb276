"""Theories as parts that are switched on and off, and the arrows that each has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from corticolimbic.foundation import SettingsError, shipped_rows
from corticolimbic.theory._parameters import Parameters

Role = Literal["coupling", "trait", "none"]
_ROLES = ("coupling", "trait", "none")
_ASKED = ("coupling", "dopamine", "reward", "antireward", "cortisol")


@dataclass(frozen=True)
class Theory:
    """Which parts of the model are at work.

    A custom theory is made with :func:`dataclasses.replace` from a named one.

    Parameters
    ----------
    name
        For what is printed.
    learning, reward, antireward
        The three parts: learned value and memory, reward deficit, anti-reward. What is off stays at 0.
    exchange
        Whether reward deficit and anti-reward act on each other (cross terms).
    gain_role, gate_role
        What multiplies memory's effect on pain, and learning: ``coupling``, the state; ``trait``, its
        predisposition, the rival graph in which coupling is a by-product; or ``none``.
    direct
        Whether anti-reward and reward deficit act on pain without memory (``direct_gain``).
    adrenal
        Whether enlarged adrenals act on pain (``adrenal_gain``).
    meaning
        In words.

    Raises
    ------
    SettingsError
        Where a role is none of the three.
    """

    name: str
    learning: bool = True
    reward: bool = True
    antireward: bool = True
    exchange: bool = True
    gain_role: Role = "coupling"
    gate_role: Role = "coupling"
    direct: bool = False
    adrenal: bool = False
    meaning: str = ""

    def __post_init__(self) -> None:
        for role in (self.gain_role, self.gate_role):
            if role not in _ROLES:
                raise SettingsError(f"a role of the coupling is one of {', '.join(_ROLES)}, not {role!r}")

    @property
    def parts(self) -> frozenset[str]:
        """Names of what is at work, as the table of arrows has them."""
        flags = ("learning", "reward", "antireward", "exchange", "direct", "adrenal")
        found = {flag for flag in flags if getattr(self, flag)}
        found |= {f"gain:{self.gain_role}", f"gate:{self.gate_role}"}
        return frozenset(found | ({"opponent"} if self.direct or self.adrenal else set()))


@dataclass(frozen=True)
class Arrow:
    """One thing that acts on another.

    Parameters
    ----------
    start, end
        What acts, and on what.
    sign
        ``+`` or ``-``: what more of it makes.
    parameter
        That scales it, if one does.
    why
        What it stands for.
    """

    start: str
    end: str
    sign: str
    parameter: str
    why: str


@cache
def theories() -> dict[str, Theory]:
    """Return the named theories of the package, by name."""
    return {
        row["name"]: Theory(
            name=row["name"],
            **{name: row[name] == "yes" for name in ("learning", "reward", "antireward", "exchange")},
            gain_role=row["gain_role"],  # type: ignore[arg-type]
            gate_role=row["gate_role"],  # type: ignore[arg-type]
            direct=row["direct"] == "yes",
            adrenal=row["adrenal"] == "yes",
            meaning=row["meaning"],
        )
        for row in shipped_rows(__package__, "theories")
    }


def theory(name: str) -> Theory:
    """Return a named theory.

    Raises
    ------
    SettingsError
        Where there is none of this name.
    """
    if name not in theories():
        raise SettingsError(f"no theory is named {name!r}; there are {', '.join(theories())}")
    return theories()[name]


def arrows(parameters: Parameters, theory: Theory) -> tuple[Arrow, ...]:
    """Return what acts on what in a theory, with these parameters.

    Parameters
    ----------
    parameters
        An arrow whose parameter is 0 is left out.
    theory
        The parts at work.
    """
    return tuple(
        Arrow(row["from"], row["to"], row["sign"], row["parameter"], row["why"])
        for row in shipped_rows(__package__, "arrows")
        if set(row["needs"].split()) <= theory.parts
        and (not row["parameter"] or getattr(parameters, row["parameter"]) != 0)
    )


def causes(parameters: Parameters, theory: Theory, names: tuple[str, ...] = _ASKED) -> dict[str, str]:
    """Say of states whether they act on pain: ``acts``, ``read-out only``, or ``off``.

    A state acts if a chain of arrows leads from it to pain. A state to which nothing leads, in a theory that
    leaves its part out, is off.

    Parameters
    ----------
    parameters, theory
        As in :func:`arrows`.
    names
        The states that are asked for.
    """
    there = arrows(parameters, theory)
    acting, grown = {"pain"}, True
    while grown:
        more = {arrow.start for arrow in there if arrow.end in acting} - acting
        acting |= more
        grown = bool(more)
    driven = {arrow.end for arrow in there}
    return {
        name: "off" if name not in driven else "acts" if name in acting else "read-out only" for name in names
    }
