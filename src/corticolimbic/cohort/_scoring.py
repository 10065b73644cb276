"""Scoring of questionnaires: from answers to scores, each with its rule, its source and what was missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from corticolimbic.cohort._form_scores import Block, score_form
from corticolimbic.cohort._instruments import Subscale, subscales
from corticolimbic.cohort._item_names import KEY
from corticolimbic.cohort._item_table import ItemTable, from_visits, from_wide
from corticolimbic.cohort._opioid_dose import mme_visits
from corticolimbic.cohort._scores import Scores
from corticolimbic.cohort._scoring_files import ScoringFiles, read_scoring_files
from corticolimbic.cohort._scoring_settings import ScoringSettings
from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError

_UNSCORED = frozenset({"dose", "dose_total"})
"""Formulas of `mme`, which takes drugs and doses and not items."""


def score(
    responses: pd.DataFrame,
    settings: ScoringSettings | None = None,
    files: ScoringFiles | None = None,
) -> Scores:
    """Score every questionnaire in a frame with one column an item.

    Parameters
    ----------
    responses
        One row a person, visit and repeat: columns participant_id, session_id and instance (both optional),
        and items named ``<instrument key>_<item>`` (``phq9_3``, ``koos_s1``), NaN where missing.
    settings
        Versions, options, coding and missing items; the defaults where None.
    files
        Names of variables, norm tables and rules of a study's own (`read_scoring_files`).

    Returns
    -------
    Scores
        One row for each score that a form gives, sorted by person, visit and repeat.

    Raises
    ------
    SettingsError
        Where rows repeat, two columns stand for one item, or a setting names an instrument that nobody knows.

    Notes
    -----
    Rules and sources are those of the shipped table (`instruments`). Missing items: the instrument's own
    rule, then the general rule that the settings choose, then none (METHODS M-13). An answer outside the
    form's range is a problem, and its subscale is not scored unless the settings say that it counts as
    missing.

    Examples
    --------
    >>> answers = pd.DataFrame({"participant_id": ["sub-1"], "peg_1": [7], "peg_2": [8], "peg_3": [6]})
    >>> score(answers).table[["instrument", "score", "status"]].values.tolist()
    [['PEG', 7.0, 'ok']]
    """
    settings, files = settings or ScoringSettings(), files or ScoringFiles()
    return _score(from_wide(responses, settings, files), settings, files)


def score_visits(
    visits: pd.DataFrame,
    settings: ScoringSettings | None = None,
    *,
    folder: Path | None = None,
    files: ScoringFiles | None = None,
) -> Scores:
    """Score every questionnaire, and the opioid doses, in a visits table.

    Parameters
    ----------
    visits
        Schema ``visits``: long form, one row a cell. Columns ``instance`` and ``missing`` are used where
        there are.
    settings
        As for `score`.
    folder
        Where the files that the settings name lie; the working folder where None.
    files
        Their content, where already read.

    Returns
    -------
    Scores
        As `score` returns, with opioid doses (`mme`) where visits hold ``opioid_drug`` and ``opioid_dose``.

    Raises
    ------
    InputError
        Where a file that the settings name cannot be used.
    SettingsError
        Where two variables stand for one item.
    """
    settings = settings or ScoringSettings()
    files = files or read_scoring_files(settings, folder or Path())
    found = _score(from_visits(visits, settings, files), settings, files)
    if settings.instruments and "mme" not in settings.instruments:
        return found
    doses = mme_visits(visits, settings.opioid_factors)
    problems = (*found.problems, *doses.problems)
    if doses.table.empty:
        return Scores(found.table, problems)
    table = pd.concat([found.table, doses.table], ignore_index=True) if len(found.table) else doses.table
    return Scores(table.sort_values(KEY, kind="stable", ignore_index=True), problems)


def _score(items: ItemTable, settings: ScoringSettings, files: ScoringFiles) -> Scores:
    _check_keys(settings, files)
    column = {name: place for place, name in enumerate(items.variables)}
    rules = [rule for rule in (*subscales(settings.chosen_options), *files.rules) if _asked(rule, settings)]
    blocks: list[Block] = []
    problems = list(items.problems)
    for key in dict.fromkeys(rule.key for rule in rules):
        own = [rule for rule in rules if rule.key == key]
        if any(variable in column for rule in own for variable in rule.variables):
            made, found = score_form(key, own, items, column, settings, files.norms)
            blocks += made
            problems += found
    blocks += _without_rule(items, column, settings, files)
    return Scores(_table(items.people, blocks), tuple(problems))


def _check_keys(settings: ScoringSettings, files: ScoringFiles) -> None:
    """Refuse settings about instruments that nobody knows: they would be passed over in silence."""
    known = {rule.key for rule in (*subscales(), *files.rules)}
    known |= {key for key, _ in files.mapping.values()}
    for field, named in (
        ("instruments", settings.instruments),
        ("coded_from", settings.coded_from),
        ("missing_by_instrument", settings.missing_by_instrument),
        ("prefixes", settings.prefixes.values()),
    ):
        odd = [key for key in named if key not in known]
        if odd:
            keys = ", ".join(sorted(known))
            raise SettingsError(f"{field}: no instrument has the key {odd[0]!r}; keys are {keys}")


def _asked(rule: Subscale, settings: ScoringSettings) -> bool:
    if rule.formula.name in _UNSCORED:
        return False
    if settings.instruments and rule.key not in settings.instruments:
        return False
    return rule.choice in {"", settings.versions.get(rule.key, rule.choice)}


def _without_rule(
    items: ItemTable, column: Mapping[str, int], settings: ScoringSettings, files: ScoringFiles
) -> Iterable[Block]:
    """Return rows for instruments that the mapping names and no rule scores: stored, not scored."""
    known = {rule.key for rule in (*subscales(), *files.rules)}
    for key in dict.fromkeys(key for key, _ in files.mapping.values()):
        if key in known or (settings.instruments and key not in settings.instruments):
            continue
        names = ["_".join(place) for place in files.mapping.values() if place[0] == key]
        places = [column[name] for name in names if name in column]
        answered = (~np.isnan(items.answers[:, places])).sum(axis=1)
        rows = np.nonzero(answered)[0]
        yield Block(
            rows,
            {
                "instrument": key,
                "version": "",
                "subscale": "",
                "score": np.nan,
                "unit": "",
                "scale": "",
                "n_items": len(names),
                "n_answered": answered[rows],
                "status": "no rule",
                "reason": "no sourced scoring rule is known; the answers stay in the visits table",
                "rule_source": "",
                "rule_status": "",
            },
        )


def _table(people: pd.DataFrame, blocks: Sequence[Block]) -> pd.DataFrame:
    form = schema("instrument_scores")
    blocks = [block for block in blocks if len(block.rows)]
    if not blocks:
        return form.table([])
    rows = np.concatenate([block.rows for block in blocks])
    order = np.argsort(rows, kind="stable")
    data: dict[str, np.ndarray] = {}
    for spec in form.columns:
        if spec.name in KEY:
            data[spec.name] = people[spec.name].to_numpy(dtype=object)[rows[order]]
            continue
        kind = {"string": object, "float": float, "int": np.int64}[spec.type]
        cells = [_cells(block.columns[spec.name], len(block.rows), kind) for block in blocks]
        data[spec.name] = np.concatenate(cells)[order]
    # Built column by column in the schema's own types; form.check would look at every cell again.
    return pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in data.items()})


def _cells(value: object, n: int, kind: type) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value.astype(kind)
    cells: np.ndarray = np.empty(n, dtype=kind)
    cells[:] = value
    return cells
