"""Every circuit edge against the outcome, in every population, state by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem, SettingsError, problem
from corticolimbic.stats._association import Effects, association
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._design import Design, LeftOut, aligned, design
from corticolimbic.stats._multiplicity import false_discovery
from corticolimbic.stats._people_table import FEATURE_KEY, connectivity_table, covariate
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._relative_rows import UNITS, RelativeRows, family_rank, relative_rows

SITE = "site"


@dataclass(frozen=True)
class Contrast:
    """One question: the outcome tested and what is adjusted for beside the declared covariates."""

    outcome: str
    values: pd.Series
    reference: str | None
    adjusted_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Parameters
    ----------
    effects
        Schema ``effects``.
    declared
        What was tested, as written to ``compare/declared.json``.
    problems
        People and features left out, models that could not be estimated.
    relative
        Relative measures, as ``settings.relative`` asks for; its rows are ``compare/relative.parquet``.
    """

    effects: pd.DataFrame
    declared: dict[str, Any]
    problems: tuple[Problem, ...]
    relative: RelativeRows


@dataclass
class _Found:
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def contrasts(outcomes: pd.DataFrame) -> tuple[Contrast, ...]:
    """Return the questions that the outcomes allow, the primary one first.

    Groups are compared as positive minus negative class; final pain is adjusted for baseline pain (METHODS
    M-1). Outcomes of the threshold sweep are counted, not tested.

    Parameters
    ----------
    outcomes
        Schema ``outcomes``.
    """
    tested = outcomes[outcomes["role"].isin(["primary", "sensitivity"])]
    order = {"primary": 0, "sensitivity": 1}
    names = sorted(
        tested.drop_duplicates("outcome")["outcome"],
        key=lambda name: (order[_role(tested, name)], str(_family(tested, name) == "continuous")),
    )
    return tuple(_contrast(tested[tested["outcome"] == name], name) for name in names)


def _role(table: pd.DataFrame, name: str) -> str:
    return str(table.loc[table["outcome"] == name, "role"].iloc[0])


def _family(table: pd.DataFrame, name: str) -> str:
    return str(table.loc[table["outcome"] == name, "family"].iloc[0])


def _contrast(rows: pd.DataFrame, name: str) -> Contrast:
    rows = rows.set_index("participant_id")
    labels = rows["label"].where(rows["status"] == "ok", "")
    if (labels != "").any():
        negative = labels[rows["value"] == 0]
        return Contrast(name, labels.astype(object), negative.iloc[0] if len(negative) else None)
    adjusted = ("baseline_pain",) if (rows["family"] == "continuous").all() else ()
    return Contrast(name, rows["value"].astype(float), None, adjusted)


def compare(
    baseline: pd.DataFrame,
    quality: pd.DataFrame,
    participants: pd.DataFrame,
    outcomes: pd.DataFrame,
    populations: pd.DataFrame,
    primary: frozenset[str],
    settings: CompareSettings,
) -> Comparison:
    """Test every circuit edge against the outcome.

    Parameters
    ----------
    baseline
        Schema ``features``, rows of the baseline session, circuit edges and quality only.
    quality
        Measured mean_fd and censored_share, indexed by participant_id.
    participants
        Strings, indexed by participant_id.
    outcomes, populations
        Schemas of these names.
    primary
        Targets that form the primary family; all others are exploratory (METHODS M-5).
    settings
        Estimator and covariates.
    """
    table = connectivity_table(baseline, settings.statistic)
    found = _Found()
    sites_of = populations.drop_duplicates("participant_id").set_index("participant_id")["site"]
    relative = relative_rows(table, participants, sites_of, settings.relative, settings.relative_reference)
    table = pd.concat([table, relative.table], axis=1) if len(relative.table.columns) else table
    found.problems += relative.problems
    covariates = _covariates(settings, participants, quality, outcomes, found)
    questions = contrasts(outcomes)
    derived = sorted(set(settings.covariates) & set(outcomes["outcome"]))
    if derived:
        raise SettingsError(
            f"compare.covariates: {', '.join(derived)} is an outcome that this program derives; where it "
            "belongs in a model it is added, so take it off the list or rename your column"
        )
    if SITE in {*settings.covariates, *(question.outcome for question in questions)}:
        raise SettingsError(
            "compare: the site is always in the model; do not name it as covariate or outcome"
        )
    for name in dict.fromkeys(populations["population"]):
        members = populations[(populations["population"] == name) & (populations["member"] == 1)]
        sites = members.set_index("participant_id")["site"]
        for question in questions:
            for task, columns in _by_task(table):
                values = table[columns]
                _test(name, task, values, sites, question, covariates, primary, settings, found)
    effects = schema("effects").table(found.rows)
    declared = {
        "outcome": questions[0].outcome if questions else "",
        "contrasts": [question.outcome for question in questions],
        "covariates": list(settings.covariates),
        "statistic": settings.statistic,
        "standard_errors": settings.standard_errors,
        "minimum_people": settings.minimum_people,
        "families": _families(effects),
        "notes": sorted(set(found.notes)),
    }
    return Comparison(effects, declared, tuple(sorted(set(found.problems))), relative)


def _covariates(
    settings: CompareSettings,
    participants: pd.DataFrame,
    quality: pd.DataFrame,
    outcomes: pd.DataFrame,
    found: _Found,
) -> dict[str, pd.Series]:
    columns = {}
    for name in settings.covariates:
        columns[name], problems = covariate(name, participants, quality)
        found.problems += problems
    known = outcomes[outcomes["role"] == "covariate"]
    for name, rows in known.groupby("outcome"):
        columns[str(name)] = rows.set_index("participant_id")["value"]
    return columns


def _by_task(table: pd.DataFrame) -> Iterator[tuple[tuple, list]]:
    """Yield the columns of each state, acquisition and atlas: they are never pooled."""
    grouping = FEATURE_KEY[: FEATURE_KEY.index("measure")]
    groups: dict[tuple, list] = {}
    for column in table.columns:
        groups.setdefault(tuple(column[: len(grouping)]), []).append(column)
    yield from groups.items()


def _test(
    population: str,
    task: tuple,
    values: pd.DataFrame,
    sites: pd.Series,
    question: Contrast,
    covariates: Mapping[str, pd.Series],
    primary: frozenset[str],
    settings: CompareSettings,
    found: _Found,
) -> None:
    names = (*settings.covariates, *question.adjusted_for)
    people = pd.DataFrame(index=[person for person in sites.index if person in values.index])
    people[question.outcome] = question.values.reindex(people.index)
    for name in names:
        people[name] = covariates[name].reindex(people.index)
    people[SITE] = sites.reindex(people.index)
    place = _place(population, task, question)
    try:
        model = _design(people, question, names)
        effects = association(
            aligned(values, model),
            model,
            minimum_people=settings.minimum_people,
            standard_errors=settings.standard_errors,
        )
    except ModelError as error:
        found.problems.append(problem("CL602", found=f"{place}: {error.reason}"))
        return
    found.notes += [f"{place}: {note}" for note in model.notes]
    found.problems += [_left_out(item, question.outcome) for item in model.left_out]
    found.problems += _alone(effects, place)
    found.rows += _rows(population, values, effects, primary, place, found)


def _place(population: str, task: tuple, question: Contrast) -> str:
    """Name a set of tests: q is adjusted within it, so no two sets share a name."""
    state, acquisition, space, atlas, _ = task
    detail = [f"acq {acquisition}"] * (acquisition != "n/a") + [f"space {space}"] * (space != "n/a")
    return ", ".join([question.outcome, population, f"task {state}", atlas, *detail])


def _design(people: pd.DataFrame, question: Contrast, names: tuple[str, ...]) -> Design:
    if people.empty:
        raise ModelError("nobody of this population has a measured edge")
    unknown = [
        name for name in (question.outcome, *names) if (people[name].isna() | (people[name] == "")).all()
    ]
    if unknown:
        raise ModelError(f"nobody has a value of {', '.join(unknown)}", tuple(unknown))
    site = SITE if people[SITE].nunique() > 1 else None
    return design(people, question.outcome, names, site, reference=question.reference)


def _left_out(item: LeftOut, outcome: str) -> Problem:
    if item.kind == "alone":
        code = "CL601"
    else:
        lacks = item.reason.removeprefix("missing: ").split(", ")
        code = "CL308" if outcome in lacks else "CL310"
    return problem(code, participant_id=str(item.person), found=item.reason)


def _alone(effects: Effects, place: str) -> list[Problem]:
    """Name who is in the model, but alone among those who have a feature."""
    counts = Counter(str(person) for people in effects.alone for person in people)
    return [
        problem("CL601", participant_id=person, found=f"alone among those who have {n} of the edges: {place}")
        for person, n in sorted(counts.items())
    ]


def _rows(
    population: str,
    values: pd.DataFrame,
    effects: Effects,
    primary: frozenset[str],
    place: str,
    found: _Found,
) -> list[dict[str, Any]]:
    targets = values.columns.get_level_values("target")
    measures = values.columns.get_level_values("measure")
    ranks = np.array([family_rank(*pair, primary) for pair in zip(measures, targets, strict=True)])
    families = np.array([f"{rank}: {place}" for rank in ranks])
    q = false_discovery(effects.p, families)
    rows = []
    for index, column in enumerate(values.columns):
        if effects.reason[index]:
            found.problems.append(
                problem("CL603", found=f"{place}, {targets[index]}: {effects.reason[index]}")
            )
        rows.append(
            {
                "population": population,
                **dict(zip(FEATURE_KEY, column, strict=True)),
                "run": "all",
                "analysis": "baseline",
                "contrast": effects.contrast,
                "estimate": effects.estimate[index],
                "estimate_unit": UNITS.get(measures[index], "Fisher z")
                + ("" if effects.es_kind == "Hedges g" else " per unit of the outcome"),
                "se": effects.se[index],
                "ci_low": effects.ci_low[index],
                "ci_high": effects.ci_high[index],
                "statistic_value": effects.statistic[index],
                "df": effects.df[index],
                "p": effects.p[index],
                "q": q[index],
                "p_fwe": np.nan,
                "effect_size": effects.effect_size[index],
                "es_low": effects.es_low[index],
                "es_high": effects.es_high[index],
                "es_kind": effects.es_kind,
                "n": int(effects.n[index]),
                "n_visits": int(effects.n[index]),
                "n_sites": max(int(effects.n_sites[index]), 1),
                "family": families[index],
                "model": effects.model,
            }
        )
    return rows


def _families(effects: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for name, group in effects.groupby("family", sort=True):
        rank, _, place = str(name).partition(": ")
        rows.append(
            {
                "name": name,
                "description": (
                    f"relative measures; {place}"
                    if rank == "relative"
                    else f"{rank} edges of the circuit; {place}"
                ),
                "n_tests": int(group["p"].notna().sum()),
            }
        )
    return rows
