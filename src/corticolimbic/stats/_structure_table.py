"""Volumes and thickness of a table of people, the size of their heads, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem
from corticolimbic.stats._baseline_models import baseline_model
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._effect_rows import Found
from corticolimbic.stats._joined_tables import by_task
from corticolimbic.stats._people_table import FEATURE_KEY, HEAD_SIZE, STRUCTURE_UNITS, covariate
from corticolimbic.stats._questions import Contrast

_ICV = "ICV"
_PREFERRED = ("aseg", "aseg+DKT", "SynthSeg")
"""Atlases whose intracranial volume stands for a person where the atlas compared has none of its own."""


def structure_table(baseline: pd.DataFrame, asked: tuple[str, ...]) -> pd.DataFrame:
    """Return the volumes, areas and thickness asked for: people in rows, feature keys in columns.

    Parameters
    ----------
    baseline
        Schema ``features``, one session a person.
    asked
        ``MEASURE:REGION``, for instance ``volume:NAc_R``.
    """
    wanted = set(asked)
    named = baseline["measure"].astype(str) + ":" + baseline["target"].astype(str)
    rows = baseline[named.isin(wanted) & baseline["measure"].isin(list(STRUCTURE_UNITS))]
    if rows.empty:
        return pd.DataFrame(index=pd.Index([], name="participant_id", dtype=object))
    rows = rows.assign(value=rows["value"].where(np.isfinite(rows["value"])))
    mean = rows.groupby(["participant_id", *FEATURE_KEY], sort=True)["value"].mean()
    return mean.unstack(FEATURE_KEY).sort_index(axis="columns")


def head_size(baseline: pd.DataFrame, atlas: str = "") -> pd.Series:
    """Return intracranial volume in cm^3 by participant_id, NaN where nobody measured it.

    Parameters
    ----------
    baseline
        Schema ``features``, one session a person.
    atlas
        Whose own intracranial volume is taken before that of any other.
    """
    rows = baseline[(baseline["target"] == _ICV) & (baseline["measure"] == "volume")]
    rows = rows[rows["value"] > 0]
    order = {name: place for place, name in enumerate(dict.fromkeys((atlas, *_PREFERRED)))}
    ranked = rows.assign(rank=[order.get(name, len(order)) for name in rows["atlas"]])
    best = ranked["rank"] == ranked.groupby("participant_id")["rank"].transform("min")
    found: pd.Series = ranked[best].groupby("participant_id")["value"].mean() / 1000
    return found.reindex(sorted(set(baseline["participant_id"])))


def structure_models(
    table: pd.DataFrame,
    baseline: pd.DataFrame,
    participants: pd.DataFrame,
    quality: pd.DataFrame,
    populations: pd.DataFrame,
    questions: tuple[Contrast, ...],
    columns: Mapping[str, pd.Series],
    settings: CompareSettings,
    found: Found,
) -> None:
    """Add what volumes and thickness say to the questions of the outcome, and of the declared terms.

    Volumes and areas are adjusted for intracranial volume where it is known (``compare.head_size``),
    thickness never: it hardly grows with the head. Each of ``compare.structure_terms`` is asked given the
    others.

    Parameters
    ----------
    table
        From `structure_table`.
    baseline
        Schema ``features``, one session a person, for intracranial volume.
    participants
        Strings, indexed by participant_id.
    quality
        Measured quantities by participant_id.
    populations
        Schema ``populations``.
    questions
        Of the outcome.
    columns
        Covariates by person.
    settings, found
        Of the comparison.
    """
    told: list[Problem] = []
    terms: dict[str, pd.Series] = {}
    for name in settings.structure_terms:
        if name != HEAD_SIZE:
            terms[name], problems = covariate(name, participants, quality)
            told += problems
    for name in dict.fromkeys(populations["population"]):
        members = populations[(populations["population"] == name) & (populations["member"] == 1)]
        sites = members.set_index("participant_id")["site"]
        for task, measure, values in _sets(table):
            size = head_size(baseline, str(task[FEATURE_KEY.index("atlas")]))
            sized = settings.head_size == "covariate" and measure != "thickness" and size.notna().any()
            known = {**columns, **terms, HEAD_SIZE: size}
            head = (HEAD_SIZE,) if sized else ()
            for question in questions:
                if question.outcome != HEAD_SIZE:
                    asked = tuple(dict.fromkeys((*settings.covariates, *head)))
                    _ask(name, task, values, sites, question, known, asked, settings, found)
            own = tuple(term for term in settings.structure_terms if term != HEAD_SIZE or sized)
            for term in own:
                others = tuple(dict.fromkeys(other for other in (*own, *head) if other != term))
                question = Contrast(term, known[term], _reference(known[term]))
                _ask(name, task, values, sites, question, known, others, settings, found)
    found.problems += told


def structure_people(
    table: pd.DataFrame,
    relative: pd.DataFrame,
    baseline: pd.DataFrame,
    participants: pd.DataFrame,
    settings: CompareSettings,
) -> pd.DataFrame:
    """Return each person's volumes and thickness, head size and normative position (schema ``structure``).

    Parameters
    ----------
    table
        From `structure_table`.
    relative
        Relative measures, people by feature keys, as `relative_rows` returns them.
    baseline
        Schema ``features``, one session a person.
    participants
        Strings, indexed by participant_id.
    settings
        Of the comparison.
    """
    quality = pd.DataFrame({"icv": head_size(baseline)})
    known = {
        name: covariate(name, participants, quality)[0]
        for name in settings.structure_terms
        if name != HEAD_SIZE
    }
    number = next((name for name in known if pd.api.types.is_numeric_dtype(known[name])), "")
    text = next((name for name in known if name != number and _reference(known[name]) is not None), "")
    rows = []
    for column in table.columns:
        key = dict(zip(FEATURE_KEY, column, strict=True))
        size = head_size(baseline, key["atlas"])
        beside = {
            name: relative.get(_as(column, measure), pd.Series(dtype=float))
            for name, measure in (("at_average_head", "head_size"), ("z", "z_normative"))
        }
        for person, value in table[column].items():
            rows.append(
                {
                    "participant_id": str(person),
                    **{name: key[name] for name in _PERSONAL},
                    "value": float(value),
                    "unit": STRUCTURE_UNITS[key["measure"]],
                    "icv": float(size.get(person, np.nan)),
                    **{name: float(values.get(person, np.nan)) for name, values in beside.items()},
                    "term": number,
                    "term_value": float(known[number].get(person, np.nan)) if number else np.nan,
                    "group": str(known[text].get(person, "")) if text else "",
                }
            )
    return schema("structure").table(rows)


_PERSONAL = ("acq", "atlas", "strategy", "measure", "target", "definition")


def _as(column: tuple[str, ...], measure: str) -> tuple[str, ...]:
    parts = list(column)
    parts[FEATURE_KEY.index("measure")] = measure
    return tuple(parts)


def _ask(
    population: str,
    task: tuple[str, ...],
    values: pd.DataFrame,
    sites: pd.Series,
    question: Contrast,
    known: Mapping[str, pd.Series],
    covariates: tuple[str, ...],
    settings: CompareSettings,
    found: Found,
) -> None:
    own = settings.model_copy(update={"covariates": tuple(c for c in covariates if c != question.outcome)})
    baseline_model(population, task, values, sites, question, known, frozenset(), own, found)


def _sets(table: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], str, pd.DataFrame]]:
    """Yield the columns of each atlas, stream and measure, and what the set is called."""
    for task, columns in by_task(table):
        for measure in STRUCTURE_UNITS:
            chosen = [column for column in columns if column[FEATURE_KEY.index("measure")] == measure]
            if chosen:
                state, acq, space, atlas, stream = task
                stream_said = "" if stream == "as-given" else f" {stream}"
                named = (state, acq, space, f"{atlas} {measure}{stream_said}", stream)
                yield named, measure, table[chosen]


def _reference(values: pd.Series) -> str | None:
    """Return the level that others are compared with: the first by name; None for numbers."""
    if pd.api.types.is_numeric_dtype(values):
        return None
    levels = sorted({str(value) for value in values if value not in {"", None} and value == value})
    return levels[0] if levels else None


def with_head_size(participants: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Return the participants table with intracranial volume as a column of strings, where it is known.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    baseline
        Schema ``features``, one session a person.
    """
    size = head_size(baseline).reindex(participants.index)
    if not size.notna().any():
        return participants
    cells = ["" if np.isnan(value) else repr(float(value)) for value in size]
    return participants.assign(**{HEAD_SIZE: pd.Series(cells, index=participants.index, dtype=object)})
