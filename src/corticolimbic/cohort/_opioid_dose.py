"""Opioid doses in morphine milligram equivalents (MME)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd

from corticolimbic.cohort._scores import Scores
from corticolimbic.cohort._shipped import shipped
from corticolimbic.cohort._visits import number
from corticolimbic.features import schema
from corticolimbic.foundation import MISSING_CELLS, Problem, problem

FactorTable = Literal["cdc_2022", "pre_2022"]
_VERSIONS = {"cdc_2022": "CDC 2022", "pre_2022": "tables before 2022"}
_OTHER_NAMES = {"fentanyl transdermal": "fentanyl_td", "fentanyl patch": "fentanyl_td"}
_VISIT = ["participant_id", "session_id"]


@dataclass(frozen=True)
class OpioidFactor:
    """Morphine milligram equivalents of one unit of a drug.

    Parameters
    ----------
    drug
        Key.
    factor
        MME a day for one ``unit``.
    unit
        ``mg/day``, or ``mcg/h`` for a patch.
    source
        Where the factor is from.
    """

    drug: str
    factor: float
    unit: str
    source: str


@cache
def opioid_factors(table: FactorTable = "cdc_2022") -> dict[str, OpioidFactor]:
    """Return the factors of a table by drug."""
    return {
        row["drug"]: OpioidFactor(row["drug"], float(row["factor"]), row["dose_unit"], row["source"])
        for row in shipped("opioid_factors")
        if row["table"] == table
    }


def mme(doses: pd.DataFrame, factors: FactorTable = "cdc_2022") -> Scores:
    """Return opioid doses in morphine milligram equivalents, for each drug and in total.

    Parameters
    ----------
    doses
        One row a person, visit and drug: columns participant_id, session_id, drug and dose (mg a day; mcg/h
        for ``fentanyl_td``). A drug that stands twice at a visit is added up.
    factors
        ``cdc_2022``, or ``pre_2022`` (hydromorphone 4, tramadol 0.1, methadone 3, fentanyl patch 7.2).

    Returns
    -------
    Scores
        Schema ``instrument_scores``. The total is missing where a drug listed lacks its dose or a factor: a
        missing dose is never 0.

    Notes
    -----
    For comparing exposure between people; not for changing a patient from one opioid to another.

    Examples
    --------
    >>> doses = pd.DataFrame(
    ...     [["sub-1", "ses-1", "oxycodone", 20], ["sub-1", "ses-1", "tramadol", 150]],
    ...     columns=["participant_id", "session_id", "drug", "dose"],
    ... )
    >>> mme(doses).table[["subscale", "score"]].values.tolist()
    [['oxycodone', 30.0], ['total', 60.0], ['tramadol', 30.0]]
    """
    known = opioid_factors(factors)
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    listed = doses.assign(drug=[_drug(name) for name in doses["drug"]])
    for (person, session), visit in listed.groupby(_VISIT, sort=True):
        who = {"participant_id": str(person), "session_id": str(session)}
        scores = []
        for drug, group in visit.groupby("drug", sort=True):
            value, reason, found = _one_drug(str(drug), group["dose"], known, who)
            problems += found
            source = known[str(drug)].source if drug in known else ""
            rows.append(_row(who, str(drug), value, len(group), reason, source, factors))
            scores.append(value)
        total = float(np.sum(scores))
        lost = int(np.isnan(scores).sum())
        reason = f"{lost} of {len(scores)} drugs without a dose or a factor" if lost else ""
        rows.append(_row(who, "total", total, len(scores), reason, _source(known), factors, lost=lost))
    return Scores(_sorted(rows), tuple(problems))


def _one_drug(
    drug: str, doses: pd.Series, known: dict[str, OpioidFactor], who: dict[str, str]
) -> tuple[float, str, list[Problem]]:
    if drug not in known:
        return np.nan, "no factor", [_problem("CL366", who, drug)]
    values = np.asarray([_dose(cell) for cell in doses], dtype=float)
    if np.isnan(values).any():
        return np.nan, "no dose", [_problem("CL367", who, drug)]
    if (values < 0).any() or np.isinf(values).any():
        found = f"dose of {drug} = {', '.join(str(cell)[:20] for cell in doses)}"
        expected = f"{known[drug].unit}, 0 or more"
        return np.nan, "the dose is no amount", [_problem("CL360", who, found, expected)]
    return float(values.sum() * known[drug].factor), "", []


def _problem(code: str, who: dict[str, str], found: str, expected: str = "") -> Problem:
    person, session = who["participant_id"], who["session_id"]
    return problem(code, participant_id=person, session_id=session, found=found, expected=expected)


def _drug(name: object) -> str:
    text = str(name).strip().casefold()
    return _OTHER_NAMES.get(text, text)


def _dose(cell: object) -> float:
    try:
        return number(cell) if isinstance(cell, str) else float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.inf


def _source(known: dict[str, OpioidFactor]) -> str:
    return "; ".join(dict.fromkeys(factor.source for factor in known.values()))


def _row(
    who: dict[str, str],
    subscale: str,
    value: float,
    n: int,
    reason: str,
    source: str,
    factors: FactorTable,
    *,
    lost: int = 0,
) -> dict[str, Any]:
    missing = bool(np.isnan(value))
    return {
        **who,
        "instance": "",
        "instrument": "opioid-MME",
        "version": _VERSIONS[factors],
        "subscale": subscale,
        "score": value,
        "unit": "MME/day",
        "scale": "0 or more",
        "n_items": n,
        "n_answered": n - (lost if subscale == "total" else n * missing),
        "status": "no rule" if reason == "no factor" else ("missing" if missing else "ok"),
        "reason": reason,
        "rule_source": source,
        "rule_status": "verified" if source else "",
    }


def _sorted(rows: list[dict[str, Any]]) -> pd.DataFrame:
    form = schema("instrument_scores")
    table = form.table(rows)
    return table.sort_values(form.key, kind="stable", ignore_index=True) if len(table) else table


def mme_visits(visits: pd.DataFrame, factors: FactorTable) -> Scores:
    """Return the opioid doses that stand in a visits table.

    Parameters
    ----------
    visits
        Long form. Variables ``opioid_drug`` and ``opioid_dose``, one pair a repeat, and ``opioid_any`` (0:
        takes none, so that the total is 0).
    factors
        Table of factors.
    """
    key = [*_VISIT, "instance"] if "instance" in visits else _VISIT
    rows = visits[visits["variable"].isin(["opioid_drug", "opioid_dose", "opioid_any"])]
    if not (rows["variable"] == "opioid_drug").any():  # a dose of nobody knows what is no dose of an opioid
        rows = rows[rows["variable"] == "opioid_any"]
    if not len(rows):
        return Scores(schema("instrument_scores").table([]), ())
    cells = rows.assign(value=rows["value"].astype(object).fillna("").astype(str).str.strip())
    wide = cells.drop_duplicates([*key, "variable"]).pivot(index=key, columns="variable", values="value")
    wide = wide.reindex(columns=["opioid_drug", "opioid_dose", "opioid_any"]).astype(object)
    wide = wide.where(wide.notna(), "").reset_index()
    blank = wide["opioid_drug"].isin(MISSING_CELLS) & wide["opioid_dose"].isin(MISSING_CELLS)
    doses = wide.loc[~blank].rename(columns={"opioid_drug": "drug", "opioid_dose": "dose"})
    doses = doses.assign(drug=doses["drug"].where(~doses["drug"].isin(MISSING_CELLS), "drug not named"))
    found = mme(doses, factors)
    listed = set(doses[_VISIT].itertuples(index=False, name=None))
    more = []
    for person, session, answer in wide.loc[
        wide["opioid_any"].isin(["0", "1"]), [*_VISIT, "opioid_any"]
    ].values:
        if (person, session) not in listed:
            who = {"participant_id": str(person), "session_id": str(session)}
            none = answer == "0"
            reason = "takes no opioid" if none else "takes an opioid, and none is listed"
            more.append(
                _row(
                    who,
                    "total",
                    0.0 if none else np.nan,
                    0,
                    reason,
                    _source(opioid_factors(factors)),
                    factors,
                )
            )
    form = schema("instrument_scores")
    table = pd.concat([found.table, form.table(more)], ignore_index=True) if more else found.table
    return Scores(table.sort_values(form.key, kind="stable", ignore_index=True), found.problems)
