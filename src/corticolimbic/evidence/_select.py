"""Choosing among findings and effects."""

from __future__ import annotations

import re

from corticolimbic.evidence._effects import Effect, effects
from corticolimbic.evidence._findings import Finding, findings

_WORD = re.compile(r"[A-Za-z0-9]+")


def select(
    *,
    region: str | None = None,
    measure: str | None = None,
    condition: str | None = None,
    state: str | None = None,
    testable: bool | None = None,
    disputed: bool | None = None,
) -> tuple[Finding, ...]:
    """Return the findings that meet every condition given.

    Parameters
    ----------
    region
        A name within ``region_or_edge`` as a whole word: ``NAc`` finds ``mPFC-NAc``, not ``NAcCore``; names
        with a dash are compared without order (``NAc-mPFC`` finds ``mPFC-NAc``), within one entry of a list.
    measure
        A ``measure_term`` (``fc``), or words of ``measure``.
    condition
        Words of ``condition``: ``SBP`` finds ``SBP`` and ``SBP and CBP``, not ``SBPp``.
    state
        ``rest``, ``rating``, ``evoked``, ``task``, ``structure``, ``not_imaging`` or ``unstated``.
    testable, disputed
        As in `Finding`.
    """
    return tuple(
        item
        for item in findings()
        if any(_names(region, part) for part in (item.region_or_edge or "").split(";"))
        and (_names(measure, item.measure) or item.measure_term == measure)
        and _names(condition, item.condition or "")
        and state in {None, item.state}
        and testable in {None, item.testable}
        and disputed in {None, item.disputed}
    )


def select_effects(
    *,
    study: str | None = None,
    measure: str | None = None,
    cohort: str | None = None,
    state: str | None = None,
    verified: bool | None = None,
) -> tuple[Effect, ...]:
    """Return the effects that meet every condition given.

    Parameters
    ----------
    study
        As in the table: ``Misic2024``.
    measure
        A ``measure_term``.
    cohort
        One of the cohorts of the effect.
    state, verified
        As in `Effect`.
    """
    return tuple(
        item
        for item in effects()
        if study in {None, item.study}
        and measure in {None, item.measure_term}
        and (cohort is None or cohort in item.cohort)
        and state in {None, item.state}
        and verified in {None, item.verified}
    )


def _names(wanted: str | None, cell: str) -> bool:
    if wanted is None:
        return True
    words = {word.casefold() for word in _WORD.findall(wanted)}
    return bool(words) and words <= {word.casefold() for word in _WORD.findall(cell)}
