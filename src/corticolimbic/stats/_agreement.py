"""How effects over people agree with published findings (METHODS M-7)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from corticolimbic.circuit import resolve
from corticolimbic.evidence import Claim, Finding, claims, findings
from corticolimbic.evidence import effects as published
from corticolimbic.features import schema
from corticolimbic.foundation import Problem, SettingsError, problem
from corticolimbic.stats._agreement_contrast import Read, labels_of, read_contrast, sign_towards
from corticolimbic.stats._agreement_settings import AgreementSettings
from corticolimbic.stats._replication import TTest, replication_bayes_factor, t_test_behind

_STRUCTURE = frozenset({"volume", "density", "fa", "tract_connections"})
_SIZES = {"Hedges g": "smallest_difference", "partial r": "smallest_correlation",
          "semi-partial r": "smallest_correlation",
          "standardised difference": "smallest_difference"}  # fmt: skip
_CHANGE = "standardised slope"
_DRAWN = "drawn, not tested"
"""How the note of an effect begins whose groups were made of the feature (METHODS M-1)."""
_NORMAL_95 = 1.959963984540054
_AT_BASELINE = frozenset({"baseline", "cross-sectional", "throughout"})


def agreement(effects: pd.DataFrame, settings: AgreementSettings, *, statistic: str = "") -> pd.DataFrame:
    """Hold every testable finding against the effects.

    A finding is tested by an effect on the same target and measure, in the same state, of the same
    contrast, in people of its condition. Effects turn their sign where their groups are swapped. One row
    for each finding, target and effect; one row where no effect tests it, saying why. Several populations,
    atlases and estimators give a row each: one of them is ``counted``.

    Parameters
    ----------
    effects
        Schema ``effects``.
    settings
        Conditions, states, labels of groups, and the smallest effects of interest.
    statistic
        Estimator that was declared primary; it is counted before others.

    Returns
    -------
    pandas.DataFrame
        Schema ``agreement``.
    """
    rows: list[dict[str, Any]] = []
    by_name = _by_name(effects, settings)
    populations = dict.fromkeys((settings.population, *effects["population"]))
    ranks = {name: rank for rank, name in enumerate(populations)}
    known = {item.id: item for item in findings()}
    votes = _votes(known)
    for claim in claims():
        here: list[dict[str, Any]] = []
        for target in claim.targets or ("",):
            about = _about(claim, known[claim.finding], target, votes)
            found = list(_tests(claim, known[claim.finding], target, by_name, settings))
            tested = [row for row in found if "effect_key" in row]
            tested.sort(
                key=lambda row: (
                    ranks[row["population"]],
                    row["statistic"] != statistic,
                    row["analysis"] != "baseline",
                )
            )
            kept = tested or [found[0]]
            counted = ("yes", *("no" for _ in kept[1:]))
            here += [{**about, **row, "counted": yes} for row, yes in zip(kept, counted, strict=True)]
        whole = _whole([row["verdict"] for row in here if row["counted"] == "yes"])
        rows += [{**row, "finding_verdict": whole} for row in here]
    for row in rows:
        row.pop("statistic", None)
    return schema("agreement").table(rows)


def agreement_problems(effects: pd.DataFrame, settings: AgreementSettings) -> list[Problem]:
    """Return which groups (CL646) and tasks (CL647) of the effects stand for nothing that was published."""
    found = []
    named = {label for text in effects["contrast"].unique() for label in labels_of(text)}
    known = {label.casefold() for role, labels in settings.groups.items() for label in (role, *labels)}
    unknown = sorted(label for label in named if label.strip().casefold() not in known)
    if unknown:
        found.append(problem("CL646", found=", ".join(unknown)))
    functional = effects[~effects["measure"].isin(_STRUCTURE)]
    tasks = {str(task) for task in functional["task"].unique()}
    stray = sorted(tasks.difference(*settings.states.values()))
    if stray:
        found.append(problem("CL647", found=", ".join(stray)))
    if settings.population and settings.population not in set(effects["population"]):
        found.append(problem("CL648", found=settings.population))
    return found


def _whole(verdicts: list[str]) -> str:
    """Return the one verdict of a finding's targets; those that are not tested do not vote."""
    tested = set(verdicts) - {"not tested"}
    if not tested:
        return "not tested"
    return tested.pop() if len(tested) == 1 else "mixed"


Candidate = tuple[dict[str, Any], Read | None, str]


def _by_name(effects: pd.DataFrame, settings: AgreementSettings) -> dict[tuple[str, str], list[Candidate]]:
    """Return the effects by resolved target and measure; an atlas' own nodes name nothing of the circuit."""
    found: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    names = {target: _name(target) for target in effects["target"].unique()}
    read = {
        text: read_contrast(text, settings.groups, settings.variables)
        for text in effects["contrast"].unique()
    }
    for row in effects.to_dict("records"):
        name = names[row["target"]]
        if name:
            found[name, row["measure"]].append((row, read[row["contrast"]], _state(row, settings)))
    return found


def _name(target: str) -> str:
    try:
        return resolve(target)[0].name
    except SettingsError:
        return ""


def _state(row: Mapping[str, Any], settings: AgreementSettings) -> str:
    if row["measure"] in _STRUCTURE:
        return "structure"
    return next((state for state, tasks in settings.states.items() if row["task"] in tasks), "unknown")


def _tests(
    claim: Claim,
    finding: Finding,
    target: str,
    by_name: Mapping[tuple[str, str], list[Candidate]],
    settings: AgreementSettings,
) -> Iterator[dict[str, Any]]:
    """Yield the rows that test a claim, and last why nothing does."""
    if claim.untestable:
        yield _untested(claim.untestable)
        return
    here = by_name.get((_name(target), claim.measure), [])
    why = f"no {claim.measure} of {target} in these data"
    for row, read, state in here:
        sign = 0 if read is None else sign_towards(
            read, claim.kind, claim.first, claim.second, claim.variable, claim.level)  # fmt: skip
        if finding.state not in {state, "unstated"}:
            why = f"state {finding.state} was not measured; the feature is of {state}"
        elif not sign:
            why = "not that contrast in these data"
        elif str(row["note"]).startswith(_DRAWN):
            why = "the groups were made of this feature: drawn, not tested"
        elif claim.second in {"recovering", "controls"} and not _in_time(claim):
            why = f"not at that time: the finding is of {claim.timing}"
        elif not _same_people(claim, settings):
            why = f"the finding is about {', '.join(claim.conditions)}; the study's conditions are others"
        else:
            yield _tested(claim, finding, row, sign, state, settings)
    yield _untested(why)


def _in_time(claim: Claim) -> bool:
    return claim.kind != "group" or claim.first == "patients" or claim.timing in _AT_BASELINE


def _same_people(claim: Claim, settings: AgreementSettings) -> bool:
    if "any" in claim.conditions:
        return True
    chosen = set(settings.conditions)
    if claim.first in {"persistent", "recovering"}:
        return bool((chosen or {"SBP"}) & set(claim.conditions))
    if "chronic pain" in claim.conditions:
        return chosen != {"SBP"}
    return bool(chosen & set(claim.conditions))


def _untested(why: str) -> dict[str, Any]:
    return {"verdict": "not tested", "why": why}


def _tested(
    claim: Claim,
    finding: Finding,
    row: Mapping[str, Any],
    sign: int,
    state: str,
    settings: AgreementSettings,
) -> dict[str, Any]:
    estimate = _turned(row["estimate"], row["ci_low"], row["ci_high"], sign)
    size = _turned(row["effect_size"], row["es_low"], row["es_high"], sign)
    smallest = getattr(settings, _SIZES[row["es_kind"]]) if row["es_kind"] in _SIZES else math.nan
    if row["es_kind"] == _CHANGE and claim.kind == "change":
        smallest = settings.smallest_change
    verdict, why = _verdict(claim.sign, estimate, size, smallest, row["p_equivalence"])
    if finding.state == "unstated":
        why += f"; the finding does not state its state, the effect is of {state}"
    return {
        "effect_key": "; ".join(f"{name}={row[name]}" for name in schema("effects").key),
        **{name: row[name] for name in ("population", "task", "statistic", "analysis", "n")},
        "effect_contrast": row["contrast"],
        **dict(zip(("estimate", "ci_low", "ci_high"), estimate, strict=True)),
        **dict(zip(("effect_size", "es_low", "es_high"), size, strict=True)),
        "es_kind": row["es_kind"],
        "q": row["q"],
        "bf_replication": _replicated(claim, row, size),
        "verdict": verdict,
        "why": why,
    }


Interval = tuple[float, float, float]


def _original(claim: Claim) -> TTest | None:
    """Return the verified t test of the claim's contrast, in its direction; its groups taken as equal."""
    effect = next((item for item in published() if item.id == claim.effect), None)
    if effect is None or effect.effect_type != "t" or effect.value is None or effect.n_total is None:
        return None
    sign = -1.0 if claim.effect_sign == "-" else 1.0
    return TTest(sign * effect.value, effect.n_total - 2, effect.n_total / 4)


def _published(claim: Claim) -> dict[str, Any]:
    test = _original(claim)
    if test is None:
        return {"published_effect": claim.effect or ""}
    size = test.t / math.sqrt(test.n)
    half = _NORMAL_95 * math.sqrt(1 / test.n + size**2 / (2 * (test.df + 2)))
    return {
        "published_effect": claim.effect,
        "published_size": size,
        "published_low": size - half,
        "published_high": size + half,
    }


def _replicated(claim: Claim, row: Mapping[str, Any], size: Interval) -> float:
    original = _original(claim)
    if original is None or row["es_kind"] != "Hedges g":
        return math.nan
    return replication_bayes_factor(original, t_test_behind(*size, float(row["df"])))


def _turned(value: float, low: float, high: float, sign: int) -> Interval:
    return (value, low, high) if sign > 0 else (-value, -high, -low)


def _verdict(
    sign: str, estimate: Interval, size: Interval, smallest: float, p_equivalence: float
) -> tuple[str, str]:
    """Return verdict and reason; a missing number never decides."""
    _, low, high = estimate
    if not (math.isfinite(low) and math.isfinite(high)):
        return "inconclusive", "the effect could not be estimated"
    within = -smallest < size[1] and size[2] < smallest
    direction = "+" if low > 0 else "-" if high < 0 else ""
    if sign == "0":
        if within or p_equivalence < 0.05:
            return "agrees", "equivalent to no difference"
        return ("opposite", "the 95 % interval excludes 0") if direction else (
            "inconclusive", "no difference is not shown: the interval leaves the smallest effect of interest"
        )  # fmt: skip
    if direction:
        return "agrees" if direction == sign else "opposite", "the 95 % interval excludes 0"
    if within:
        return "absent", "the 95 % interval lies within the smallest effect of interest"
    return "inconclusive", "the 95 % interval includes 0, and effects of interest"


Group = tuple[str, str, str, str]


def _key(claim: Claim, target: str) -> Group:
    return claim.panel, _name(target), claim.measure, _question(claim)


def _question(claim: Claim) -> str:
    if not claim.kind:
        return ""
    groups = " - ".join(filter(None, (claim.first, claim.second)))
    return f"{claim.kind}: " + (
        groups if claim.kind != "slope" else f"{claim.variable} {claim.level}".strip()
    )


def _votes(known: Mapping[str, Finding]) -> dict[Group, dict[str, set[str]]]:
    """Return the independent cohorts of each claim by sign; the review's own summary is no cohort."""
    votes: dict[Group, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for claim in claims():
        if claim.kind and claim.measure:
            for target in claim.targets:
                votes[_key(claim, target)][claim.sign] |= set(known[claim.finding].cohort) - {"review"}
    return votes


def _about(
    claim: Claim, finding: Finding, target: str, votes: Mapping[Group, Mapping[str, set[str]]]
) -> dict[str, Any]:
    sides = votes.get(_key(claim, target), {})
    against = set().union(*(sides[sign] for sign in sides if sign not in {claim.sign, "?"}))
    cohorts = sorted(sides.get(claim.sign, set(finding.cohort) - {"review"}))
    return {
        "finding": claim.finding,
        "target": target,
        "panel": claim.panel,
        "measure": finding.measure_term,
        "state": finding.state,
        "condition": finding.condition or "",
        "contrast": finding.contrast or "",
        "question": _question(claim),
        **_published(claim),
        "direction": claim.sign,
        "cohorts": ";".join(cohorts),
        "votes": len(cohorts),
        "votes_against": len(against),
        "disputed": "yes" if finding.disputed or against else "no",
    }
