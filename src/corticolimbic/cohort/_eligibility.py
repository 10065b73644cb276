"""What a person was when they came in: the stage of their pain, and whether the study was meant for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.cohort._populations import holds
from corticolimbic.cohort._trajectory_settings import EligibilityRule, StageBounds, TrajectorySettings
from corticolimbic.cohort._visits import NO_SESSION

DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
"""Days in each unit of a duration; a month is a twelfth of a year."""


def stage(duration_days: float, bounds: StageBounds) -> str:
    """Return the stage of pain by its duration, ``n/a`` where it is unknown or negative.

    Parameters
    ----------
    duration_days
        How long the pain has lasted.
    bounds
        Where the stages end.
    """
    if not duration_days >= 0:
        return "n/a"
    if duration_days <= bounds.acute_days:
        return "acute"
    if duration_days < bounds.early_days:
        return "early"
    return "subacute" if duration_days < bounds.chronic_days else "chronic"


def durations(visits: pd.DataFrame, people: Iterable[str], settings: TrajectorySettings,
              baseline: str | None) -> pd.Series:  # fmt: skip
    """Return how many days the pain had lasted when a person came in, NaN where unknown.

    Parameters
    ----------
    visits
        Long table of clinical values.
    people
        Whose.
    settings
        Variable and unit.
    baseline
        Session of the first visit; None: values of the person only.
    """
    index = pd.Index(list(people), dtype=object)
    if settings.duration_variable is None:
        return pd.Series(np.nan, index=index, dtype=float)
    rows = _cells(visits, settings.duration_variable, None, baseline)
    numbers = rows["number"].reindex(index).astype(float)
    return numbers * DAYS[settings.duration_unit]


@dataclass(frozen=True)
class Screening:
    """Who came in: reasons against it, empty where there are none, by participant_id.

    Parameters
    ----------
    ineligible
        Why a person was not eligible; None where no rule is declared.
    not_enrolled
        Why an eligible person was not enrolled; None where no rule is declared.
    """

    ineligible: pd.Series | None = None
    not_enrolled: pd.Series | None = None

    @property
    def barred(self) -> pd.Series | None:
        """Why a person is in no population that asks for eligible people; None where nothing is declared."""
        parts = [
            reasons.where(reasons == "", f"{what} (" + reasons + ")")
            for what, reasons in (("not eligible", self.ineligible), ("not enrolled", self.not_enrolled))
            if reasons is not None
        ]
        if not parts:
            return None
        return parts[0].where(parts[0] != "", parts[-1])


def screening(
    visits: pd.DataFrame, people: Iterable[str], settings: TrajectorySettings, baseline: str | None
) -> Screening:
    """Return who was eligible and who was enrolled.

    Parameters
    ----------
    visits
        Long table of clinical values.
    people
        Who is asked about.
    settings
        The rules.
    baseline
        Session of the first visit.
    """
    index = pd.Index(list(people), dtype=object)
    found = [
        _reasons(visits, index, rules, baseline) if rules else None
        for rules in (settings.eligibility, settings.enrolment)
    ]
    return Screening(*found)


def _reasons(
    visits: pd.DataFrame, people: pd.Index, rules: tuple[EligibilityRule, ...], baseline: str | None
) -> pd.Series:
    """Return why each person fails, empty where they do not; the first rule that does not hold counts."""
    reasons = pd.Series("", index=people, dtype=object)
    for rule in rules:
        cells = _cells(visits, rule.variable, rule.session, baseline)["value"]
        for person in reasons.index[reasons == ""]:
            cell = str(cells.get(person, ""))
            if cell == "":
                if rule.when_missing == "fails":
                    reasons[person] = f"not known: {rule.words}"
            elif not holds(rule, cell):
                reasons[person] = f"not: {rule.words}"
    return reasons


def _cells(visits: pd.DataFrame, variable: str, session: str | None, baseline: str | None) -> pd.DataFrame:
    """Return one row a person: of the session named, else the person's own, else that of the first visit."""
    sessions = [session] if session is not None else [NO_SESSION, *([baseline] if baseline else [])]
    rows = visits[(visits["variable"] == variable) & visits["session_id"].isin(sessions)]
    rows = rows[rows["value"].fillna("") != ""]
    order = rows["session_id"].map({name: place for place, name in enumerate(sessions)})
    rows = rows.iloc[np.argsort(order.to_numpy(), kind="stable")]
    return rows.drop_duplicates("participant_id").set_index("participant_id")
