"""Checks over rows: one person described twice, dates before birth, order of visits, windows, diaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from corticolimbic.cohort._reading._roles import years_of
from corticolimbic.cohort._reading._sheet import NO_INSTANCE, Sheet
from corticolimbic.cohort._trajectory_settings import PlannedVisit
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.features import session_order

_EPOCH_YEAR = np.datetime64("1970-01-01")


def check_people(sheets: Sequence[Sheet]) -> pd.Series:
    """Find people described in two ways (CL329); return the birth of each as days since 1970-01-01."""
    seen: dict[tuple[str, str], tuple[str, Sheet, int]] = {}
    births: dict[str, float] = {}
    for sheet in sheets:
        for what in ("birth", "sex", "site"):
            column = getattr(sheet, what)
            known = ~np.isnan(column) if what == "birth" else column != ""
            rows = np.flatnonzero(known & sheet.alive)
            texts = years_of(column[rows]) if what == "birth" else column[rows]
            for row, said in zip(rows.tolist(), texts.tolist(), strict=True):
                person = str(sheet.person[row])
                first = seen.setdefault((person, what), (str(said), sheet, row))
                if first[0] != str(said):
                    where = f"{first[1].file}, row {first[1].numbers[first[2]]}"
                    words = {"birth": "year of birth"}.get(what, what)
                    sheet.say("CL329", row, f"{words} differs from {where}")
                elif what == "birth":
                    births.setdefault(person, float(column[row]))
    return pd.Series(births, dtype=float)


def check_birth(sheets: Sequence[Sheet], births: pd.Series) -> None:
    """Find dates before birth (CL324); they become unknown."""
    if births.empty:
        return
    for sheet in sheets:
        born = births.reindex(pd.Index(sheet.person)).to_numpy(dtype=float)
        early = sheet.alive & (sheet.date < born)
        for row in np.flatnonzero(early):
            sheet.say("CL324", int(row), f"dated {_iso(sheet.date[row])}")
        sheet.date = np.where(early, np.nan, sheet.date)


def _iso(days: float) -> str:
    return str(_EPOCH_YEAR + np.timedelta64(int(np.floor(days)), "D"))


def check_visits(
    sheets: Sequence[Sheet], schedule: Sequence[PlannedVisit], order: Sequence[str]
) -> pd.Series:
    """Find visits out of order (CL325), whose dates become unknown; return each person's first visit.

    Of a person's dates as many as possible are kept in order, so that one wrong date is named and not its
    neighbours.

    Parameters
    ----------
    sheets
        With dates.
    schedule
        Planned visits, whose order is that of the sessions.
    order
        Sessions in order, where the sources declare one; sessions not in it follow as people number them.

    Returns
    -------
    Series
        Days since 1970-01-01 by participant.
    """
    planned = [visit.session for visit in sorted(schedule, key=lambda item: item.day)]
    ranks = {name: place for place, name in enumerate(dict.fromkeys([*planned, *order]))}
    dated: dict[str, dict[tuple[tuple[int, tuple], float], list[tuple[int, int]]]] = defaultdict(dict)
    for place, sheet in enumerate(sheets):
        once = (sheet.form == "") & (sheet.instance == NO_INSTANCE) & (sheet.session != NO_SESSION)
        rows = np.flatnonzero(sheet.alive & ~np.isnan(sheet.date) & once)
        for row in rows.tolist():
            session = str(sheet.session[row])
            rank = (ranks.get(session, len(ranks)), session_order(session) if session not in ranks else ())
            visit = (rank, float(np.floor(sheet.date[row])))
            dated[str(sheet.person[row])].setdefault(visit, []).append((place, row))
    first = {}
    for person, visits in dated.items():
        ordered = sorted(visits)
        kept = _in_order([day for _, day in ordered])
        for at, visit in enumerate(ordered):
            if at not in kept:
                place, row = visits[visit][0]
                sheets[place].say("CL325", row, f"dated {_iso(visit[1])}, out of the order of the sessions")
                for place, row in visits[visit]:
                    sheets[place].date[row] = np.nan
        first[person] = min(day for at, (_, day) in enumerate(ordered) if at in kept)
    return pd.Series(first, dtype=float)


def _in_order(days: Sequence[float]) -> set[int]:
    """Return the places of a longest subsequence that never falls; of equals, the first to begin."""
    if all(earlier <= later for earlier, later in pairwise(days)):
        return set(range(len(days)))
    length, after = [1] * len(days), [-1] * len(days)
    for place in range(len(days) - 2, -1, -1):
        for later in range(place + 1, len(days)):
            if days[later] >= days[place] and length[later] + 1 > length[place]:
                length[place], after[place] = length[later] + 1, later
    kept, at = set(), length.index(max(length))
    while at >= 0:
        kept.add(at)
        at = after[at]
    return kept


def check_windows(sheets: Sequence[Sheet], schedule: Sequence[PlannedVisit], zero: pd.Series) -> None:
    """Find visits outside their windows (CL326)."""
    for visit in schedule:
        for sheet in sheets:
            day = np.floor(sheet.date) - zero.reindex(pd.Index(sheet.person)).to_numpy(dtype=float)
            here = sheet.alive & (sheet.session == visit.session) & (sheet.form == "")
            outside = here & ((day < visit.day - visit.before) | (day > visit.day + visit.after))
            for row in np.flatnonzero(outside):
                window = f"day {visit.day - visit.before:g} to {visit.day + visit.after:g}"
                sheet.say("CL326", int(row), f"day {day[row]:g}", expected=window)


def check_diaries(sheets: Sequence[Sheet], zero: pd.Series, exported: Mapping[str, float]) -> None:
    """Find entries before the first visit, after the export, or on a day that already has one (CL332).

    Parameters
    ----------
    sheets
        With dates.
    zero
        First visit by participant, days since 1970-01-01.
    exported
        File to the declared day of its export.
    """
    for sheet in sheets:
        entry = sheet.alive & ~np.isnan(sheet.date) & (sheet.form != "")
        day = np.floor(sheet.date)
        start = zero.reindex(pd.Index(sheet.person)).to_numpy(dtype=float)
        early, late = entry & (day < start), entry & (day > exported.get(sheet.file, np.inf))
        twice = np.zeros(len(day), dtype=bool)
        rows = np.flatnonzero(entry & ~early & ~late)
        keys = pd.DataFrame(
            {"person": sheet.person[rows], "form": sheet.form[rows], "date": sheet.date[rows]}
        )
        twice[rows[keys.duplicated().to_numpy()]] = True
        for which, why in (
            (early, "before the first visit"),
            (late, "after the export"),
            (twice, "which already has an entry"),
        ):
            for row in np.flatnonzero(which):
                sheet.say("CL332", int(row), f"dated {_iso(sheet.date[row])}, {why}")
        sheet.date = np.where(early | late | twice, np.nan, sheet.date)
