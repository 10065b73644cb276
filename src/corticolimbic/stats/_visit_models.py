"""All visits: every feature over groups and time, and over pain, by a mixed model (METHODS M-5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import DRAWN
from corticolimbic.foundation import SettingsError, problem
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._design import aligned
from corticolimbic.stats._effect_rows import Found, ranked
from corticolimbic.stats._further_columns import further_columns
from corticolimbic.stats._harmonised import harmonised_visits
from corticolimbic.stats._joined_tables import SITE, by_task, place_of
from corticolimbic.stats._mixed import Combination, MixedEffects, RandomEffects, mixed_model
from corticolimbic.stats._mixed_effect_sizes import mixed_effect_size
from corticolimbic.stats._mixed_problems import mixed_problems
from corticolimbic.stats._multiplicity import false_discovery
from corticolimbic.stats._people_table import FEATURE_KEY, covariate
from corticolimbic.stats._questions import Contrast
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._visit_design import VisitDesign, visit_design
from corticolimbic.stats._visit_tables import (
    MOTION,
    NAMES,
    VisitTables,
    connectivity_visits,
    visit_column,
    visit_times,
)
from corticolimbic.stats._visit_terms import DEVIATION, MEAN
from corticolimbic.stats._weighted_visits import WEIGHTED_SIZE, WeightedVisits, weighted_visits

GROUP, TIME, PAIN = "group", "time", "pain"
EVERYONE = "everyone_measured"
_CHANGE = "change in group "
"""Name of the combination that a group's own change is, before the group."""


@dataclass(frozen=True)
class _Question:
    name: str
    population: str
    sites: pd.Series
    terms: tuple[str, ...]
    group: pd.Series | None = None
    reference: str | None = None


def visit_models(
    tables: VisitTables,
    participants: pd.DataFrame,
    populations: pd.DataFrame,
    questions: tuple[Contrast, ...],
    known: dict[str, pd.Series],
    primary: frozenset[str],
    settings: CompareSettings,
    found: Found,
) -> dict[str, Any]:
    """Add what all visits say, and return what was declared of them.

    Parameters
    ----------
    tables
        Features and clinical values of all visits.
    participants
        Strings, indexed by participant_id.
    populations
        Schema ``populations``.
    questions
        Of the outcome; those of classes are asked over time.
    known
        Covariates by person: what the outcome derived (baseline_pain).
    primary
        Targets of the primary families.
    settings
        Of the comparison.
    found
        What the results are added to.
    """
    asked = settings.longitudinal
    minimum = asked.minimum_people or settings.minimum_people
    values = connectivity_visits(tables.features, settings.statistic)
    repeated = int((values.index.get_level_values("participant_id").value_counts() > 1).sum())
    needed = 1 if asked.visits == "on" else minimum
    if asked.visits == "off" or repeated < needed:
        why = (
            "switched off"
            if asked.visits == "off"
            else (f"{repeated} people have features at two visits or more, of {needed} needed")
        )
        if asked.visits != "off" and not values.index.empty:
            found.problems.append(problem("CL607", found=why))
        return {"done": False, "why": why}
    visits = pd.MultiIndex.from_tuples(list(values.index), names=["participant_id", "session_id"])
    base = pd.DataFrame(index=visits)
    base[TIME], lacking = visit_times(visits, tables, asked)
    found.problems += lacking
    told = []
    for question in _questions(tables, participants, populations, questions, settings):
        table = _table(base, question, tables, participants, known, found)
        for task, columns in by_task(values):
            place = place_of(question.population, task, Contrast(question.name, pd.Series(), None))
            place = f"over visits: {place}"
            ready = harmonised_visits(values[columns], table, question.terms, place, settings, found)
            if ready is None:
                continue
            try:
                model, fit = _fit(
                    ready.values, table, question, tables, participants, known, settings, minimum
                )
            except ModelError as error:
                found.problems.append(problem("CL602", found=f"{place}: {error.reason}"))
                continue
            fit = replace(fit, model=ready.said(fit.model))
            names = [str(target) for target in values[columns].columns.get_level_values("target")]
            found.problems += mixed_problems(model, fit, names, place)
            found.notes += [f"{place}: {note}" for note in model.notes]
            if isinstance(fit, WeightedVisits):
                found.problems += [replace(one, found=f"{one.found}; {place}") for one in fit.problems]
                found.notes += [f"{place}: {note}" for note in fit.notes]
            told.append({"place": place, "model": fit.model})
            tested = aligned(ready.values, model)
            _rows(
                values[columns],
                tested,
                fit,
                model,
                question,
                primary,
                place,
                tables.defining,
                tables.pain,
                settings,
                found,
            )
    return {
        "done": True,
        **asked.plain(),
        "minimum_people": minimum,
        "pain": tables.pain or "",
        "models": told,
        "effect_size": WEIGHTED_SIZE
        if asked.missing == "weights"
        else "estimate / sqrt(variance between people at time 0 + residual variance), the "
        "interval counts that they are estimated",
    }


def _questions(
    tables: VisitTables,
    participants: pd.DataFrame,
    populations: pd.DataFrame,
    questions: tuple[Contrast, ...],
    settings: CompareSettings,
) -> Iterator[_Question]:
    asked = settings.longitudinal
    terms = tuple(dict.fromkeys(NAMES.get(term, term) for term in (*asked.terms, *settings.covariates)))
    moved = tables.features.loc[tables.features["measure"] == "mean_fd", "value"].notna().any()
    if not moved and not set(NAMES) & set(settings.covariates):  # of those who never declared it
        terms = tuple(term for term in terms if term != MOTION)
    alone = tuple(term for term in terms if GROUP not in term.split(":"))
    for name in dict.fromkeys(populations["population"]):
        members = populations[(populations["population"] == name) & (populations["member"] == 1)]
        sites = members.set_index("participant_id")["site"]
        for question in questions:
            if question.reference is not None and GROUP in terms:
                yield _Question(question.outcome, name, sites, terms, question.values, question.reference)
        if tables.pain is not None:
            yield _Question(tables.pain, name, sites, tuple(dict.fromkeys((TIME, PAIN, *alone))))
    if asked.group_column is not None:
        groups, _ = covariate(asked.group_column, participants, pd.DataFrame())
        groups = groups.astype(object).where(groups.notna(), "").map(str)
        sites = populations.drop_duplicates("participant_id").set_index("participant_id")["site"]
        yield _Question(asked.group_column, EVERYONE, sites, terms, groups, asked.group_reference)


def _table(
    base: pd.DataFrame,
    question: _Question,
    tables: VisitTables,
    participants: pd.DataFrame,
    known: dict[str, pd.Series],
    found: Found,
) -> pd.DataFrame:
    """Return the visits of the question's people, with a column for each term."""
    table = base[base.index.get_level_values("participant_id").isin(question.sites.index)].copy()
    people = table.index.get_level_values("participant_id")
    table[SITE] = question.sites.reindex(people).to_numpy()
    for name in dict.fromkeys(part for term in question.terms for part in term.split(":")):
        if name == TIME:
            continue
        if name == GROUP and question.group is not None:
            table[GROUP] = question.group.reindex(people).to_numpy()
        elif name in known:
            table[name] = known[name].reindex(people).to_numpy()
        else:
            source = tables.pain if name == PAIN and tables.pain is not None else name
            if name == SITE:
                raise SettingsError("compare.longitudinal.terms: the site is always in the model")
            column, problems = visit_column(
                source,
                pd.MultiIndex.from_tuples(list(table.index), names=table.index.names),
                tables,
                participants,
            )
            table[name] = column.to_numpy()
            found.problems += problems
    return table


def _fit(
    values: pd.DataFrame,
    table: pd.DataFrame,
    question: _Question,
    tables: VisitTables,
    participants: pd.DataFrame,
    known: dict[str, pd.Series],
    settings: CompareSettings,
    minimum: int,
) -> tuple[VisitDesign, MixedEffects | WeightedVisits]:
    # Visits without any feature of this state are not the model's; without a time they are named already.
    rows = table[table.index.isin(values.dropna(how="all").index) & table[TIME].notna()]
    if rows.empty:
        raise ModelError("nobody of this population has a measured edge at a visit whose time is known")
    unknown = [name for name in rows if (rows[name].isna() | (rows[name] == "")).all()]
    if unknown:
        raise ModelError(f"nobody has a value of {', '.join(unknown)}", tuple(unknown))
    site = SITE if rows[SITE].nunique() > 1 else None
    references = {GROUP: question.reference} if question.reference is not None else None
    model = visit_design(rows, "participant_id", TIME, question.terms, site, references=references)
    lost = [term for term in (GROUP, PAIN, TIME) if term in question.terms and term not in model.effects]
    if lost:
        raise ModelError(f"{', '.join(lost)} does not vary over these visits", tuple(lost))
    split = [name.removesuffix(f"[{MEAN}]") for name in model.columns if name.endswith(f"[{MEAN}]")]
    split = [name for name in split if ":" not in name]
    pairs = tuple(
        Combination(f"{name}: within - between", (f"{name}[{DEVIATION}]", f"{name}[{MEAN}]"), (1.0, -1.0))
        for name in split
    )
    # How each group itself changes, not only the reference: findings speak of people whose pain persists.
    for name in model.columns:
        if name.startswith(f"{GROUP}[") and name.endswith(f"]:{TIME}"):
            level = name[len(GROUP) + 1 : -len(TIME) - 2]
            pairs += (Combination(f"{_CHANGE}{level}", (TIME, name), (1.0, 1.0)),)
    if settings.longitudinal.missing == "weights":
        sites, group = question.sites, question.group
        return model, weighted_visits(
            values, rows, model, pairs, sites, group, tables, participants, known, settings, minimum
        )
    random = _random(model, settings)
    fit = mixed_model(
        aligned(values, model), model, random=random, combinations=pairs, minimum_people=minimum
    )
    return model, fit


def _random(model: VisitDesign, settings: CompareSettings) -> RandomEffects:
    chosen = settings.longitudinal.random
    if chosen != "auto":
        return chosen
    counts = np.bincount(model.person)
    enough = np.median(counts) >= 3 and counts.sum() > 2 * counts.size
    return "intercept and slope" if enough else "intercept"


def in_words(name: str, question: str, pain: str | None, unit: str, reference: str | None) -> str:
    """Return a coefficient's name for readers, or an empty text for one that is only adjusted for.

    Parameters
    ----------
    name
        Column of the design, or combination.
    question, reference
        Name of what groups people, and the group that others are compared with.
    pain
        Variable with the pain at the visit.
    unit
        Of time.
    """
    per = f"per {unit.removesuffix('s')}"
    for end, words in (
        (f"[{MEAN}]", "between people (person mean)"),
        (f"[{DEVIATION}]", "within people (deviation from the person mean)"),
        (": within - between", "within - between people"),
    ):
        if name.endswith(end) and ":" not in name.removesuffix(end):
            base = name.removesuffix(end)
            named = f"{pain or PAIN} {words}" if base == PAIN else f"{base} {words}"
            own = base == PAIN and question == pain
            return named if own else f"{named}, in the model of {question}"
    parts = name.split(":")
    groups = [part for part in parts if part.startswith(f"{GROUP}[")]
    level = groups[0][len(GROUP) + 1 : -1] if groups else ""
    if name.startswith(_CHANGE):
        return f"{question}: change {per}, {name.removeprefix(_CHANGE)}"
    if name == TIME:
        return f"{question}: change {per}" + (f", {reference}" if reference else "")
    if groups and len(parts) == 1:
        return f"{question}: {level} - {reference}, at time 0"
    if groups and set(parts) == {groups[0], TIME}:
        return f"{question} x time: {level} - {reference}, {per}"
    return ""


def defined_groups(column: tuple[Any, ...], defining: frozenset[str]) -> bool:
    """Return whether a feature is what the groups were made of (METHODS M-1)."""
    key = dict(zip(FEATURE_KEY, column, strict=True))
    return bool({str(key["measure"]), str(key["target"])} & defining)


def _rows(
    values: pd.DataFrame,
    tested: np.ndarray,
    fit: MixedEffects | WeightedVisits,
    model: VisitDesign,
    question: _Question,
    primary: frozenset[str],
    place: str,
    defining: frozenset[str],
    pain: str | None,
    settings: CompareSettings,
    found: Found,
) -> None:
    ranks = ranked(values, primary)
    unit = settings.longitudinal.time_unit
    reference = question.reference or _first_group(question)
    drawn = np.array([defined_groups(tuple(column), defining) for column in values.columns], dtype=bool)
    for row, name in enumerate(fit.names):
        contrast = in_words(name, question.name, pain, unit, reference)
        if not contrast:
            continue
        by_time = (TIME in name.split(":") and ":" in name) or name.startswith(_CHANGE)
        withheld = drawn if by_time else np.zeros_like(drawn)
        p = np.where(withheld, np.nan, fit.p[row])
        families = np.array([f"{rank}: {contrast}; {place}" for rank in ranks])
        q = false_discovery(p, families)
        if isinstance(fit, WeightedVisits):
            size, further = fit.effect_size(name), fit.further(name)
        else:
            size = mixed_effect_size(fit, tested, model, name)
            further, problems = further_columns(
                fit, tested, model, families, settings, f"{place}: {contrast}", name
            )
            found.problems += problems
        further["p_fwe"] = np.where(withheld, np.nan, further["p_fwe"])
        further["p_equivalence"] = np.where(withheld, np.nan, further["p_equivalence"])
        difference = name.startswith(f"{GROUP}[") and not by_time
        measured = (
            "Fisher z"
            if difference
            else (
                f"Fisher z per {unit.removesuffix('s')}" if name == TIME or by_time else "Fisher z per unit"
            )
        )
        for at, key in enumerate(values.columns):
            why = f"{DRAWN}: the groups were made of this" if withheld[at] else ""
            found.rows.append(
                {
                    "population": question.population,
                    **dict(zip(FEATURE_KEY, key, strict=True)),
                    "run": "all",
                    "analysis": "visits",
                    "contrast": contrast,
                    "estimate": fit.estimate[row, at],
                    "estimate_unit": measured,
                    "se": fit.se[row, at],
                    "ci_low": fit.ci_low[row, at],
                    "ci_high": fit.ci_high[row, at],
                    "statistic_value": np.nan if withheld[at] else fit.statistic[row, at],
                    "df": fit.df[row, at],
                    "p": p[at],
                    "q": q[at],
                    **{column: cells[at] for column, cells in further.items()},
                    "effect_size": size.value[at],
                    "es_low": size.low[at],
                    "es_high": size.high[at],
                    "es_kind": "standardised difference" if difference else "standardised slope",
                    "n": int(fit.n_people[at]),
                    "n_visits": int(fit.n[at]),
                    "n_sites": max(int(fit.n_sites[at]), 1),
                    "family": families[at],
                    "model": fit.model,
                    "note": "; ".join(filter(None, (why, fit.reason[at], fit.note[at]))),
                }
            )


def _first_group(question: _Question) -> str | None:
    if question.group is None:
        return None
    return min((str(name) for name in question.group if name != ""), default=None)
