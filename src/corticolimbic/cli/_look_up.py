"""Commands that look things up in the shipped tables."""

from __future__ import annotations

import shutil
from argparse import Namespace
from collections.abc import Mapping, Sequence

from corticolimbic.foundation import SettingsError, read_json


def look_up(options: Namespace) -> int:
    """Print what `evidence` or `markers` was asked for."""
    print(_evidence(options) if options.command == "evidence" else _markers(options))
    return 0


def _evidence(options: Namespace) -> str:
    from corticolimbic import evidence

    if options.action == "show":
        return evidence.show_text(options.id)
    if options.action == "check":
        return _check(options)
    filters = {
        "findings": ("region", "measure", "condition", "state"),
        "effects": ("measure", "state"),
        "facts": (),
    }
    chosen = {
        name: getattr(options, name) for name in filters["findings"] if getattr(options, name) is not None
    }
    unusable = sorted(set(chosen) - set(filters[options.table]))
    if unusable:
        raise SettingsError(f"the table {options.table} cannot be filtered by {', '.join(unusable)}")
    rows: Sequence[evidence.Finding | evidence.Effect | evidence.Fact]
    if options.table == "facts":
        rows = evidence.stylised_facts()
    else:
        rows = evidence.select(**chosen) if options.table == "findings" else evidence.select_effects(**chosen)
    if not rows:
        raise SettingsError(_nothing(options.table, chosen))
    return evidence.list_text(rows, shutil.get_terminal_size((110, 40)).columns)


def _check(options: Namespace) -> str:
    """Return how a table of effects agrees with the findings, and write it where that was asked for."""
    from corticolimbic.features import read_table, write_table
    from corticolimbic.stats import AgreementSettings, agreement

    path = options.effects / "compare/effects.tsv" if options.effects.is_dir() else options.effects
    if not path.is_file():
        raise SettingsError(f"{path} does not exist; name a results folder of a run, or its effects.tsv")
    declared = path.parent / "declared.json"
    told = read_json(declared) if declared.is_file() else {}
    found = agreement(
        read_table("effects", path),
        AgreementSettings(conditions=tuple(options.condition)),
        statistic=str(told.get("statistic", "")),
    )
    if options.table is not None:
        write_table(found, "agreement", options.table)
    whole = found.drop_duplicates("finding")["finding_verdict"].value_counts()
    lines = ["findings by verdict:", *(f"  {name}: {n}" for name, n in whole.items())]
    counted = found[found["counted"] == "yes"]
    tested = counted[counted["verdict"] != "not tested"]
    lines += [
        f"{row.finding}  {row.target}  {row.measure}  published {row.direction} ({row.votes} cohorts)  "
        f"{row.effect_size:.2f} [{row.es_low:.2f}, {row.es_high:.2f}]  {row.verdict}: {row.why}"
        + (f"; replication Bayes factor {row.bf_replication:.3g}" if row.bf_replication > 0 else "")
        for row in tested.itertuples()
    ]
    more = len(found) - len(counted)
    lines += [f"{more} more effects of other populations, atlases or estimators"] if more else []
    untested = counted.loc[counted["verdict"] == "not tested", "why"].value_counts()
    return "\n".join([*lines, *(f"not tested, {n}: {why}" for why, n in untested.items())])


def _nothing(table: str, chosen: Mapping[str, str]) -> str:
    """Return what was asked for in vain, and what there is to ask for."""
    from corticolimbic import evidence

    rows = evidence.findings() if table == "findings" else evidence.effects()
    columns = {"region": "region_or_edge", "measure": "measure_term"}
    lines = [f"no row of {table} is about {' and '.join(map(repr, chosen.values()))}"]
    for name in chosen:
        cells = (str(getattr(row, columns.get(name, name)) or "") for row in rows)
        known = sorted({part.strip() for cell in cells for part in cell.split(";")} - {""})
        lines.append(f"  {name}: {', '.join(known)}")
    return "\n".join(lines)


def _markers(options: Namespace) -> str:
    from corticolimbic.predict import Marker, marker, marker_ids

    def row(item: Marker) -> str:
        best = "; ".join(f"{found.value:g} (n {found.n}: {found.what})" for found in item.verified)
        return f"{item.id}  {item.name}\n  state {item.state}; verified: {best or 'no figure'}"

    if options.action == "list":
        return "\n".join(row(marker(name)) for name in marker_ids())
    item = marker(options.id)
    lines = [
        f"{item.id}: {item.name}",
        f"source: {item.citation}, doi {item.doi}",
        f"predicts: {item.predicts} ({item.direction}), in {item.unit}",
        f"state: {item.state}",
        f"learned from: {item.population}",
        f"recipe: {item.recipe}",
        *(f"needs: {need}" for need in item.needs),
        *(f"verified: {found.what}: {found.value:g}, n {found.n}" for found in item.verified),
        *(f"failed: {failure}" for failure in item.failures),
        f"score = {item.intercept:.6g} + sum of weight x (value - center) / scale over {len(item.terms)} "
        "terms:",
        *(
            f"  {', '.join(term.targets)}  {term.weight:+.5f}  center {term.center:+.5f}  "
            f"scale {term.scale:.5f}"
            for term in item.terms
        ),
    ]
    return "\n".join(lines)
