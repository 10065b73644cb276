"""Commands about markers: list, show, score."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corticolimbic.predict import Key, Marker, Published
    from corticolimbic.workflow import FolderScores

_SIGNS = {
    1: "a higher score means the worse outcome",
    -1: "a lower score means the worse outcome",
    0: "no direction is stated",
}


def markers(options: Namespace) -> int:
    """Print what `markers` was asked for."""
    if options.action == "score":
        return _score(options)
    print(_list() if options.action == "list" else _show(options.id))
    return 0


def _list() -> str:
    from corticolimbic.predict import marker, marker_ids

    items = [marker(name) for name in marker_ids()]
    rows = [(item.id, item.role, item.state, _best(item)) for item in items]
    wide = [max(len(row[place]) for row in rows) for place in range(3)]
    head = ("marker", "role", "state", "verified figure (all of them: corticolimbic markers show ID)")
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, wide, strict=False)), row[3]]).rstrip()
        for row in (head, *rows)
    )


def _best(item: Marker) -> str:
    if item.best is None:
        return "none verified"
    return _figure(item.best)


def _figure(found: Published) -> str:
    n = "n not stated" if found.n is None else f"n {found.n}"
    return f"{found.value:g}, {n}: {found.what}"


def _show(name: str) -> str:
    from corticolimbic.predict import marker

    item = marker(name)
    lines = [
        f"{item.id}: {item.name}",
        f"source: {item.citation}" + (f", doi {item.doi}" if item.doi else ""),
        f"kind: {item.kind}; role: {item.role}",
        f"predicts: {item.predicts}, in {item.unit}",
        f"direction: {item.direction} ({_SIGNS[item.sign]})",
        f"state: {item.state}",
        f"learned from: {item.population}",
        f"outcome there: {item.threshold}",
        f"recipe: {item.recipe}",
        *(f"needs: {need}" for need in item.needs),
        *(f"verified: {_verified(found)}" for found in item.verified),
        *(f"from memory, unverified: {_figure(found)} [{found.effect}]" for found in item.unverified),
        *([] if item.verified else ["verified: no figure"]),
        *(f"failed: {failure}" for failure in item.failures),
        f"read in: {item.source}",
        *_formula(item),
    ]
    return "\n".join(lines)


def _verified(found: Published) -> str:
    return f"{_figure(found)} [{found.effect or found.source}]"


def _formula(item: Marker) -> list[str]:
    if item.clinical is not None:
        named = (
            *(["the study's rating of pain"] if item.clinical.rating else []),
            *item.clinical.instruments,
        )
        return [f"score = the first that there is of: {', '.join((*named, *item.clinical.variables))}"]
    if item.weights is not None:
        how: str = "the terms of your table" if item.weights.form == "table" else item.weights.similarity
        return [f"score = {how}, weights times {item.weights.applied_to}"]
    over = {
        "session": "", "change": ", later minus first session", "person_mean": ", mean of the sessions",
        "deviation": ", session minus the person's mean",
    }[item.over]  # fmt: skip
    placed = f", placed by {item.relative.estimator}" if item.relative is not None else ""
    lines = [
        f"score = {item.intercept:.6g} + sum of weight x (value - center) / scale over {len(item.terms)} "
        f"terms{over}{placed}; values: " + "; ".join(dict.fromkeys(_key(key) for key in item.keys))
    ]
    for term in item.terms:
        how = f"{term.combine} of " if len(term.targets) > 1 else ""
        lines.append(
            f"  {how}{', '.join(term.targets)}  {term.weight:+.5f}  center {term.center:+.5f}  "
            f"scale {term.scale:.5f}"
        )
    return lines


def _key(key: Key) -> str:
    where = " or ".join("any" if name == "*" else name for name in key.atlases)
    transform = " (Fisher z)" if key.transform == "fisher_z" else ""
    return f"{key.measure} {key.statistic}{transform}, atlas {where}"


def _score(options: Namespace) -> int:
    from corticolimbic.features import schema, write_table
    from corticolimbic.workflow import score_stored

    found = score_stored(
        options.source, names=options.marker or (), people=options.people, config=options.config
    )
    if options.table is not None:
        import pandas as pd

        tables = [scored.table for _, _, scored in found.done if len(scored.table)]
        whole = pd.concat(tables, ignore_index=True) if tables else schema("scores").table([])
        write_table(whole, "scores", options.table)
    print(_scores_text(found))
    for item in found.problems:
        if item.severity == "failed":
            print(item, file=sys.stderr)
    return 3 if any(item.severity == "failed" for item in found.problems) else 0


def _scores_text(found: FolderScores) -> str:
    lines, rest = [], []
    for item, _, scored in found.done:
        good = scored.table[scored.table["status"] == "ok"]
        n = good["participant_id"].nunique()
        if not n:
            statuses = scored.table["status"].value_counts()
            needs = str(statuses.index[0]).partition("needs ")[2] if len(statuses) else "; ".join(item.needs)
            rest.append(f"  {item.id}: needs {needs}")
            continue
        values = good.groupby("participant_id")["score"].mean()
        spread = f", SD {values.std():.3g}" if n > 1 else ""
        kept = f"; reference {', '.join(sorted(scored.fitted))}" if scored.fitted else ""
        lines.append(
            f"  {item.id}: {n} of {found.n_people} people, {len(good)} scores, "
            f"mean {values.mean():.3g}{spread} ({item.unit}){kept}"
        )
        lacking = scored.table.loc[scored.table["status"] != "ok", "status"].value_counts()
        lines += [f"    {count} without: {status}" for status, count in lacking.head(3).items()]
    head = [f"{len(found.done) - len(rest)} of {len(found.done)} markers scored:"]
    more = ["not computable here:", *rest] if rest else []
    return "\n".join([*head, *lines, *more])
