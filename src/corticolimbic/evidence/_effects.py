"""Effects: published numbers, with the source in which they were read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Literal

from corticolimbic.evidence._findings import State
from corticolimbic.evidence._shipped import Row, entries, number, shipped, text, whole

_P_VALUE = re.compile(r"(?P<bound>[<>]?)(?P<value>[0-9.]+)")


@dataclass(frozen=True)
class Effect:
    """One published number.

    Parameters
    ----------
    id
        ``E001`` and on: given when the table was first shipped, never reused.
    study, ref_in_review
        The paper, and its number in the review (None where the review does not cite it).
    cohort
        Papers of one cohort are one vote (METHODS M-7).
    n_total, n_groups
        People, and how they divide.
    state, measure_term, target, contrast, timing, threshold
        What was measured, how, where, in whom; ``threshold`` is the pain reduction that counts as recovery.
    effect_type
        ``d``, ``t``, ``F``, ``r``, ``adj_r2``, ``auc``, ``accuracy`` (0 to 1) or ``percent``.
    value, ci_low, ci_high
        The number and its interval (intervals are derived by us); None where only p was printed.
    p, p_bound
        p as printed; ``p_bound`` is ``<`` or ``>`` where only a bound was printed, else empty.
    verified
        Whether the number was read in the source named, or follows from such by arithmetic.
    source
        Where it was read; starts with "derived" where it is arithmetic.
    """

    id: str
    study: str
    ref_in_review: str | None
    cohort: tuple[str, ...]
    n_total: int | None
    n_groups: str | None
    state: State
    measure_term: str
    target: str
    contrast: str | None
    timing: str | None
    threshold: str | None
    effect_type: str
    value: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None
    p_bound: Literal["", "<", ">"]
    verified: bool
    source: str

    @property
    def derived(self) -> bool:
        """Whether the number was computed here from published ones."""
        return self.source.startswith("derived")

    @property
    def as_d(self) -> float | None:
        r"""The number as a standardised difference: d itself, or :math:`\sqrt2\,\Phi^{-1}` of an AUC.

        The latter holds for normal values of equal variance (Ruscio 2008, Psychol Methods 13:19). None for
        other types.

        Examples
        --------
        >>> [one.as_d for one in effects() if one.id == "E002"]
        [0.59]
        """
        if self.value is None or self.effect_type not in {"d", "auc"}:
            return None
        if self.effect_type == "d":
            return self.value
        return 2**0.5 * NormalDist().inv_cdf(self.value) if 0 < self.value < 1 else None


@cache
def effects() -> tuple[Effect, ...]:
    """Return every effect, in the order of the table."""
    return tuple(_effect(row) for row in shipped("effects"))


def _effect(row: Row) -> Effect:
    printed = _P_VALUE.fullmatch(row["p"])
    return Effect(
        id=row["id"],
        study=row["study"],
        ref_in_review=text(row["ref_in_review"]),
        cohort=entries(row["cohort"]),
        n_total=whole(row["n_total"]),
        n_groups=text(row["n_groups"]),
        state=row["state"],  # type: ignore[arg-type]
        measure_term=row["measure_term"],
        target=row["target"],
        contrast=text(row["contrast"]),
        timing=text(row["timing"]),
        threshold=text(row["threshold"]),
        effect_type=row["effect_type"],
        value=number(row["value"]),
        ci_low=number(row["ci_low"]),
        ci_high=number(row["ci_high"]),
        p=float(printed["value"]) if printed else None,
        p_bound=printed["bound"] if printed else "",  # type: ignore[arg-type]
        verified=row["verified"] == "yes",
        source=row["source"],
    )
