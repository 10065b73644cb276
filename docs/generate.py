"""Write the reference pages of the manual from what the package itself declares: ``python docs/generate.py``.

Settings, tables, problem codes, commands, regions and atlases are described once, in the code and its
tables. A test compares the committed pages with what this writes.
"""

from __future__ import annotations

import argparse
import json
import types
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from corticolimbic.foundation import Settings

REFERENCE = Path(__file__).with_name("reference")
NOTICE = "<!-- Written by docs/generate.py; change the source named below, not this page. -->\n"
HUNDREDS = {
    "1": "Files and their text",
    "2": "Series, motion and what is measured",
    "3": "Participants, sessions, outcomes",
    "4": "Images and spaces",
    "5": "Simulation",
    "6": "Models over people",
    "7": "Markers",
    "8": "Runs as a whole",
}


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    return {
        "configuration.md": configuration(),
        "commands.md": commands(),
        "tables.md": tables(),
        "problems.md": problems(),
        "circuit.md": circuit(),
        "atlases.md": atlases(),
        "markers.md": markers(),
        "instruments.md": instruments(),
    }


def main() -> None:
    """Write the pages that changed, and remove those that are no longer written."""
    REFERENCE.mkdir(exist_ok=True)
    written = pages()
    for stale in set(REFERENCE.glob("*.md")) - {REFERENCE / name for name in written}:
        stale.unlink()
    for name, text in written.items():
        path = REFERENCE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path}")


def page(title: str, source: str, *parts: str) -> str:
    """Return a page with its title and where its content comes from."""
    return "\n".join([NOTICE, f"# {title}\n", f"*Source: {source}.*\n", *parts]).rstrip() + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return " ".join(plain(str(value)).split()).replace("|", "\\|") or " "


def plain(text: str) -> str:
    """Return text that Markdown shows as it is; code between backticks is left alone."""
    parts = text.split("`")
    parts[::2] = [part.replace("*", "\\*").replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def items(pairs: Iterable[tuple[str, object]]) -> str:
    """Return a list of facts by name; empty ones are left out."""
    return "\n".join(f"- **{name}**: {plain(str(value))}" for name, value in pairs if value) + "\n"


# Settings


def configuration() -> str:
    """Every setting: name, type, default, meaning."""
    from corticolimbic.workflow import Config

    intro = (
        "One configuration holds every setting. `--config FILE` reads it as YAML, Python builds it as "
        "`corticolimbic.workflow.Config`, and `config.yaml` in the results folder is what a run used, "
        "defaults included. A name that is not listed here is refused.\n"
    )
    blocks = [_block(kind, path) for path, kind in _blocks(Config, "")]
    return page("Configuration", "the settings classes of the rooms", intro, *blocks)


def _blocks(kind: type[Settings], path: str) -> Iterator[tuple[str, type[Settings]]]:
    """Yield every settings class with its place, depth first; items of a list are marked with []."""
    yield path, kind
    for name, field in kind.model_fields.items():
        child, many = _child(field.annotation)
        if child is not None:
            yield from _blocks(child, f"{path}.{name}".lstrip(".") + ("[]" if many else ""))


def _child(annotation: Any) -> tuple[type[Settings] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation, False
    for inner in get_args(annotation):
        child, _ = _child(inner)
        if child is not None:
            return child, get_origin(annotation) is tuple
    return None, False


def _block(kind: type[Settings], path: str) -> str:
    title = f"## `{path}`\n" if path else "## Top level\n"
    rows = [
        (f"`{name}`", _type(field.annotation) + _bounds(field), _default(field), field.description or "")
        for name, field in kind.model_fields.items()
    ]
    header = ("setting", "takes", "default", "meaning")
    return "\n".join([title, _summary(kind) + "\n", table(header, rows)])


def _summary(item: object) -> str:
    return " ".join((item.__doc__ or "").strip().split("\n\n")[0].split())


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in {Union, types.UnionType}:
        return " or ".join(_type(item) for item in inner)
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return f"list of {_type(inner[0])}"
        return "[" + ", ".join(_type(item) for item in inner) + "]"
    if origin is dict:
        return f"mapping of {_type(inner[0])} to {_type(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return "block"
    names = {
        Path: "path",
        str: "text",
        float: "number",
        int: "whole number",
        bool: "`true` or `false`",
        type(None): "`null`",
    }
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _bounds(field: FieldInfo) -> str:
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "min_length": "at least", "pattern": "matching"}
    found = []
    for item in field.metadata:
        for name, sign in signs.items():
            value = getattr(item, name, None)
            if value is not None:
                found.append(f"{sign} `{value}`" if name == "pattern" else f"{sign} {value}")
    return f" ({', '.join(found)})" if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    child, _ = _child(field.annotation)
    value = field.get_default(call_default_factory=True)
    if child is not None and isinstance(value, Settings):
        return "its own defaults"
    if child is not None and value:
        return "; ".join(f"`{json.dumps(item.plain(), ensure_ascii=False)}`" for item in value)
    return f"`{json.dumps(value, ensure_ascii=False)}`"


# Commands


def commands() -> str:
    """Every command with its arguments."""
    from corticolimbic.cli import parser

    return page("Commands", "`corticolimbic.cli`", *_command(parser(), 2))


def _command(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    yield f"{'#' * level} `{parser.prog}`\n"
    if parser.description:
        yield parser.description.strip() + "\n"
    shown = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    plain = [action for action in shown if not isinstance(action, argparse._SubParsersAction)]
    rows = [(_written(action), _argument_default(action), _argument_help(action)) for action in plain]
    if rows:
        yield table(("argument", "default", "meaning"), rows)
    if parser.epilog:
        yield parser.epilog.strip() + "\n"
    for action in shown:
        if isinstance(action, argparse._SubParsersAction):
            seen: set[int] = set()
            for child in action.choices.values():
                if id(child) not in seen:
                    seen.add(id(child))
                    yield from _command(child, min(level + 1, 5))


def _written(action: argparse.Action) -> str:
    takes = "" if action.nargs == 0 else str(action.metavar or (action.dest.upper()))
    if action.choices is not None and action.metavar is None:
        takes = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return f"`{takes}`" + (" (optional)" if action.nargs in {"?", "*"} else "")
    return ", ".join(f"`{name} {takes}`".replace(" `", "`") for name in action.option_strings)


def _argument_default(action: argparse.Action) -> str:
    if action.nargs == 0 or action.default in (None, "", argparse.SUPPRESS) or not action.option_strings:
        return ""
    return f"`{action.default}`"


def _argument_help(action: argparse.Action) -> str:
    words = vars(action) | {"prog": "corticolimbic"}
    return (action.help or "") % words if "%" in (action.help or "") else (action.help or "")


# Tables


def tables() -> str:
    """Every table of the results folder, column by column."""
    from corticolimbic.features import schema, schema_names

    parts = []
    for name in schema_names():
        form = schema(name)
        parts.append(f"## {name}\n")
        parts.append(f"{form.title}. Written as {form.format}, schema version {form.schema_version}.\n")
        rows = [
            (f"`{column.name}`", column.type, column.unit, "yes" if column.key else "", column.description)
            for column in form.columns
        ]
        parts.append(table(("column", "type", "unit", "key", "meaning"), rows))
    return page("Tables", "`src/corticolimbic/features/schemas/`", *parts)


# Problems


def problems() -> str:
    """Every problem code, as the page of frequent errors."""
    from corticolimbic.foundation import problem_codes

    intro = (
        "Whatever is found wrong with an input is a row of `problems.tsv`, with the file, the row, what was "
        "found, what was expected and a remedy. *info*: read all the same. *excluded*: set aside by a rule. "
        "*failed*: could not be read or estimated (exit code 3).\n"
    )
    parts, hundred = [intro], ""
    for entry in problem_codes().values():
        if entry.code[2] != hundred:
            hundred = entry.code[2]
            parts.append(f"## {HUNDREDS[hundred]}\n")
        parts.append(f"### {entry.code}: {entry.title} {{#{entry.code}}}\n")
        parts.append(f"{plain(entry.explanation)}\n")
        parts.append(
            items([("severity", entry.severity), ("expected", entry.expected), ("remedy", entry.remedy)])
        )
    return page("Problems", "`src/corticolimbic/foundation/problem_codes.tsv`", *parts)


# Circuit


def circuit() -> str:
    """Regions, edges, modules, networks and tracts."""
    from corticolimbic.circuit import edges, modules, networks, regions, tracts

    header = ("id", "name", "名称", "group", "part of", "contains", "note", "source")
    region_rows = [
        (f"`{r.id}`", r.name, r.name_zh, r.group, r.parent, ", ".join(r.contains), r.note, r.source)
        for r in regions()
    ]
    edge_rows = [
        (f"`{e.target}`", "yes" if e.primary else "", e.note, ", ".join(e.findings), e.source)
        for e in edges()
    ]
    parts = [
        "## Regions\n",
        "Without a suffix both hemispheres, or the midline; `_L` and `_R` for one of them.\n",
        table(header, region_rows),
        "## Edges\n",
        "Primary edges form the primary family of tests; the rest is exploratory.\n",
        table(("edge", "primary", "note", "findings", "source"), edge_rows),
        "## Modules\n",
        table(
            ("id", "members", "note", "source"),
            [(f"`{m.id}`", ", ".join(m.members), m.note, m.source) for m in modules()],
        ),
        "## Networks\n",
        table(
            ("id", "name", "members", "note", "source"),
            [(f"`{n.id}`", n.name, ", ".join(n.members), n.note, n.source) for n in networks()],
        ),
        "## Tracts\n",
        table(
            ("id", "name", "note", "source"),
            [(f"`{t.id}`", t.name, t.note, t.source) for t in tracts()],
        ),
    ]
    return page("The circuit", "`src/corticolimbic/circuit/tables/`", *parts)


def atlases() -> str:
    """Atlases and what each has of the circuit."""
    from corticolimbic.circuit import atlas, atlas_names

    parts = [
        "No atlas image is shipped: label images are the user's; nodes and their maps onto the circuit are "
        "ours. A node stands for a region where it is *equal* to it or a *part* of it. A node that "
        "*contains* other tissue too, or lies *within* a region that is not told apart, does not.\n"
    ]
    for name in atlas_names():
        found = atlas(name)
        parts += [f"## {name}\n", f"{plain(found.title)}.\n"]
        about = [("nodes", len(found.nodes)), ("kind", found.kind), ("space", found.space)]
        about += [("citation", found.citation), ("licence", found.licence), ("note", found.note)]
        parts.append(items(about))
        nodes: dict[tuple[str, str], list[str]] = {}
        for row in found.mappings:
            nodes.setdefault((row.region, row.relation), []).append(f"`{row.node}`")
        rows = [(f"`{region}`", relation, ", ".join(names)) for (region, relation), names in nodes.items()]
        parts.append(table(("region", "relation", "nodes"), rows))
    return page("Atlases", "`src/corticolimbic/circuit/tables/`", *parts)


def markers() -> str:
    """Every published marker: what it is, what it needs, where it failed."""
    from corticolimbic.predict import marker, marker_ids

    parts = [_marker(marker(name)) for name in marker_ids()]
    return page("Markers", "`src/corticolimbic/predict/markers/`", *parts)


def _marker(item: Any) -> str:
    about = [
        ("citation", f"{item.citation} ({item.doi})"),
        ("state", item.state),
        ("kind and role", f"{item.kind}, {item.role}"),
        ("measure", "; ".join(" ".join((key.measure, key.statistic, *key.atlases)) for key in item.keys)),
        ("predicts", f"{item.predicts} ({item.unit}); {item.direction}"),
        ("learned from", item.population),
        ("recipe", item.recipe),
        ("needs", "; ".join(item.needs)),
        ("formula", f"{len(item.terms)} terms, intercept {item.intercept:g}"),
        ("verified", "; ".join(f"{found.what} {found.value:g} (n {found.n})" for found in item.verified)),
        ("failures", "; ".join(item.failures)),
        ("source", item.source),
    ]
    return f"## {item.id}\n\n{plain(item.name)}.\n\n{items(about)}"


# Questionnaires


def instruments() -> str:
    """Every scoring rule with its source, and every option."""
    from corticolimbic.cohort import instruments as every
    from corticolimbic.cohort import options

    rules = dict.fromkeys(rule for item in every() for rule in item.subscales)
    header = (
        "key",
        "instrument",
        "version",
        "score",
        "items",
        "range",
        "rule",
        "missing items",
        "status",
        "source",
    )
    rows = [
        (
            f"`{rule.key}`",
            rule.instrument,
            rule.version,
            rule.name,
            ", ".join(rule.items),
            rule.scale,
            rule.words.aggregation,
            rule.words.missing_rule,
            rule.status,
            rule.source,
        )
        for rule in rules
    ]
    asked = ("instrument", "option", "choice", "default", "meaning", "status", "source")
    choices = [
        (
            f"`{item.key}`",
            f"`{item.name}`",
            f"`{item.choice}`",
            "yes" if item.default else "",
            item.meaning,
            item.status,
            item.source,
        )
        for item in options()
    ]
    intro = "What the rules mean: [Questionnaires and scales](../instruments.md).\n"
    parts = [intro, "## Rules\n", table(header, rows), "## Options\n", table(asked, choices)]
    return page("Questionnaires", "`src/corticolimbic/cohort/tables/instruments.tsv`", *parts)


if __name__ == "__main__":
    main()
