"""What is asked of people: the outcome tested, and what is adjusted for beside the covariates declared."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Contrast:
    """One question: the outcome tested and what is adjusted for beside the declared covariates."""

    outcome: str
    values: pd.Series
    reference: str | None
    adjusted_for: tuple[str, ...] = ()


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
