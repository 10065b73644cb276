"""Pain over time: its courses, recovery, and how far single ratings can be trusted."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Heading, Illustration, Paragraph, Table
from corticolimbic.report._figures._courses import CourseLine, CoursePanel, draw_courses
from corticolimbic.report._figures._recovery_curve import CurveWords, Drop, draw_recovery
from corticolimbic.report._numbers import decimal, estimate, share, whole
from corticolimbic.report._palette import BLUE, GREEN, INK, ORANGE, PURPLE
from corticolimbic.report._results import Results
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

EVERYWHERE = "all"
_COURSES = {
    "rapid": GREEN,
    "by week 12": BLUE,
    "incomplete": PURPLE,
    "fluctuating": ORANGE,
    "persistent": INK,
}
_UNKNOWN = ""
Draw = Callable[[Plan], Illustration]


def pain_over_time(results: Results, draw: Draw) -> list[Block]:
    """Return the blocks; none where the folder has no ratings over time."""
    if results.ratings is None or results.ratings.empty:
        return []
    blocks: list[Block] = [Heading(say("courses.title"))]
    courses = _courses(results)
    if courses is not None:
        blocks.append(draw(courses))
    blocks += _reasons(results)
    curve = _recovery(results)
    if curve is not None:
        blocks += [Heading(say("recovery.title")), draw(curve)]
    blocks += _rates(results)
    return [*blocks, *_misclassification(results)]


def site_words(site: str) -> str:
    """Return a site as people read it, or what stands for all of them."""
    if site == EVERYWHERE:
        return say("site.all")
    return say("site.unknown") if site in {"", "n/a"} else read.text(site, 80)


def _courses(results: Results) -> Plan | None:
    ratings, trajectories = results.ratings, results.trajectories
    if ratings is None or trajectories is None:
        return None
    dated = ratings[ratings["day"] >= 0].sort_values(["participant_id", "day"], kind="stable")
    if dated.empty:
        return None
    course = trajectories.set_index("participant_id")["course"]
    groups = {name: course.index[course == name] for name in _COURSES}
    panels = [
        CoursePanel(
            say.of("course", name, name),
            _rate_words(results, name),
            _lines(dated, groups[name]),
            _mean(results, name),
            color,
        )
        for name, color in _COURSES.items()
        if len(groups[name])
    ]
    rest = course.index[~course.isin([name for name in _COURSES])]
    if panels and len(rest):
        note = say("courses.people", n=len(rest))
        panels.append(
            CoursePanel(say("courses.unclassified"), note, _lines(dated, rest), CourseLine((), ()), "")
        )
    elif not panels:
        note = say("courses.people", n=dated["participant_id"].nunique())
        everyone = pd.Index(dated["participant_id"].unique())
        panels.append(
            CoursePanel(
                say("courses.everyone"), note, _lines(dated, everyone), _mean(results, EVERYWHERE), BLUE
            )
        )
    return Plan(
        name="courses",
        title=say("courses.figure_title"),
        description="; ".join(f"{panel.title}: {panel.note}" for panel in panels),
        caption=say("courses.caption"),
        draw=lambda sheet: draw_courses(sheet, panels, say("courses.upwards"), say("courses.across")),
        data=dated.assign(course=[course.get(person, "") for person in dated["participant_id"]]),
    )


def _lines(dated: pd.DataFrame, people: pd.Index) -> tuple[CourseLine, ...]:
    chosen = dated[dated["participant_id"].isin(people)]
    return tuple(
        CourseLine(tuple(map(float, group["day"])), tuple(map(float, group["rating"])))
        for _, group in chosen.groupby("participant_id", sort=True)
    )


def _mean(results: Results, name: str) -> CourseLine:
    table = results.mean_courses
    if table is None:
        return CourseLine((), ())
    rows = table[table["course"] == name].sort_values("day")
    parts = (tuple(map(float, rows[column])) for column in ("day", "mean", "ci_low", "ci_high"))
    return CourseLine(*parts)


def _rate_words(results: Results, name: str) -> str:
    rows = results.rates
    if rows is not None:
        rows = rows[(rows["kind"] == "course") & (rows["name"] == name) & (rows["site"] == EVERYWHERE)]
    if rows is None or rows.empty:
        return ""
    row = rows.iloc[0]
    return say("courses.rate", events=int(row["events"]), n=int(row["n"]), rate=_percent(row))


def _percent(row: pd.Series) -> str:
    return estimate(100 * row["rate"], 100 * row["ci_low"], 100 * row["ci_high"], 0) + " %"


def _reasons(results: Results) -> list[Block]:
    table = results.trajectories
    if table is None:
        return []
    counts = table.loc[table["course"] == _UNKNOWN, "course_reason"].value_counts()
    if counts.empty:
        return []
    words = "; ".join(f"{whole(n)} {read.text(reason)}" for reason, n in list(counts.items())[:6])
    return [Paragraph(say("courses.reasons", n=int(counts.sum()), reasons=words), "note")]


def _recovery(results: Results) -> Plan | None:
    table = results.recovery
    if table is None or table.empty:
        return None
    drops = {
        (str(site), str(method)): tuple(
            Drop(row.day_from, row.day, row.survival, row.ci_low, row.ci_high)
            for row in group.sort_values("day").itertuples()
        )
        for (site, method), group in table.groupby(["site", "method"])
    }
    seen, bracketed = drops.get((EVERYWHERE, "kaplan_meier"), ()), drops.get((EVERYWHERE, "turnbull"), ())
    sites = [
        (site_words(site), rows)
        for (site, method), rows in drops.items()
        if method == "kaplan_meier" and site != EVERYWHERE
    ]
    people = results.trajectories
    if not seen or people is None:
        return None
    counted = people[people["recovered"] >= 0]
    followed = tuple(map(float, counted["recovery_by"].fillna(counted["recovery_after"]).dropna()))
    if max(followed, default=0.0) <= 0:
        return None
    words = CurveWords(
        say("recovery.upwards"), say("recovery.across"), say("recovery.at_risk"), say("recovery.seen"),
        say("recovery.bracketed"), say("recovery.sites"),
    )  # fmt: skip
    final = seen[-1]
    return Plan(
        name="recovery",
        title=say("recovery.figure_title"),
        description=say(
            "recovery.description", n=len(followed), share=share(final.survival), day=decimal(final.day, 0)
        ),
        caption=say("recovery.caption"),
        draw=lambda sheet: draw_recovery(sheet, seen, bracketed, sites, followed, words),
        data=table,
        width=720,
    )


def _rates(results: Results) -> list[Block]:
    table = results.rates
    if table is None or table.empty:
        return []
    primary = results.flow.outcome.name if results.flow else ""
    rows = table[(table["kind"] == "course") | (table["name"] == primary)]
    if rows.empty:
        return []
    columns = (
        Column(say("rates.what")),
        Column(say("people.site")),
        Column(say("table.n"), numeric=True),
        Column(say("rates.events"), numeric=True),
        Column(say("rates.rate"), numeric=True),
    )
    cells = tuple(
        (
            Cell(say.of("course", str(row["name"]), read.text(row["name"]))),
            Cell(site_words(str(row["site"]))),
            Cell(whole(row["n"]), float(row["n"])),
            Cell(whole(row["events"]), float(row["events"])),
            Cell(_percent(row), float(row["rate"])),
        )
        for _, row in rows.iterrows()
    )
    return [Fold(say("rates.fold"), (Table(say("rates.caption"), columns, cells, sortable=True),))]


def _misclassification(results: Results) -> list[Block]:
    table = results.misclassification
    if table is None or table.empty:
        return []
    primary = results.flow.outcome.name if results.flow else ""
    rows = table[table["outcome"] == primary]
    first = (rows if len(rows) else table).iloc[0]
    blocks: list[Block] = [
        Heading(say("trust.title")),
        Paragraph(
            say(
                "trust.lead",
                sd=decimal(first["day_to_day_sd"], 1),
                rate=share(first["rate"]),
                sensitivity=share(first["sensitivity"]),
                specificity=share(first["specificity"]),
                ceiling=decimal(first["auc_ceiling"]),
                levels=decimal(first["auc_ceiling_levels"]),
            )
        ),
    ]
    names = ("rate", "sensitivity", "specificity", "auc_ceiling", "auc_ceiling_levels", "rate_given_ratings")
    columns = (
        Column(say("marker.outcome")),
        *(Column(say.of("trust", name), numeric=True) for name in names),
    )
    cells = tuple(
        (
            Cell(read.text(row["outcome"])),
            *(Cell(decimal(row[name]), float(row[name])) for name in names),
        )
        for _, row in table.iterrows()
    )
    caption = say("trust.caption", n=int(first["n"]))
    return [*blocks, Fold(say("trust.fold"), (Table(caption, columns, cells),))]
