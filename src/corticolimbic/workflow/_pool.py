"""Pooling the files of several sites: read with suspicion, check that they fit together, write and draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from corticolimbic.features import Schema, schema, write_table
from corticolimbic.foundation import (
    PROBLEM_COLUMNS,
    InputError,
    Problem,
    SettingsError,
    hash_bytes,
    package_version,
    problem,
    problem_rows,
    read_bytes,
    read_text_table,
    sweep_temporary,
    write_json,
    write_text,
)
from corticolimbic.stats import pool_sites
from corticolimbic.workflow._folder import check_folder, describe, is_ours, locked
from corticolimbic.workflow._site_files import SITE_FILES

NAME = "site_summaries"
DECLARATION = "pool.json"
_MISSING = frozenset({"", "n/a", "nan"})
_UNNAMED = frozenset({"", "n/a"})


@dataclass(frozen=True)
class PoolResult:
    """What pooling did.

    Parameters
    ----------
    exit_code
        0 done, 1 nothing could be pooled, 3 done but some files or rows could not be used.
    n_pooled
        Effects pooled.
    sites
        Sites that entered.
    problems
        All problems, sorted.
    page
        ``OUT/pool.html``, or None where there is nothing to show.
    """

    exit_code: int
    n_pooled: int
    sites: tuple[str, ...]
    problems: tuple[Problem, ...]
    page: Path | None


@dataclass(frozen=True)
class _File:
    """One file as it was read: its label, its rows, where each stands, and its hash."""

    label: str
    rows: pd.DataFrame
    places: list[str]
    sha256: str


def pool_files(sources: Sequence[Path], out: Path) -> PoolResult:
    """Pool the effects that several sites' files hold.

    Writes ``pooled.tsv``, ``site_summaries.tsv`` (the rows that entered), ``pool.json`` (files, sites and
    methods), ``problems.tsv`` and ``pool.html``. What stands in a cell is text or a number, never a path that
    is opened or a formula that is computed.

    Parameters
    ----------
    sources
        Files that ``compare`` wrote at the sites, or results folders that hold them.
    out
        Folder for the result: new, empty, or of an earlier pooling.

    Raises
    ------
    SettingsError
        Where OUT cannot be used, or holds the results of a run.
    """
    for source in sources:
        if source.is_dir():
            check_folder(out, source)
    check_folder(out, out / "no dataset")
    if is_ours(out) and not (out / DECLARATION).is_file():
        raise SettingsError(f"{out} holds the results of a run; name a folder of its own for the pooling")
    problems: list[Problem] = []
    files = []
    for source, label in zip(sources, _labels(sources), strict=True):
        try:
            files.append(_read(source, label, problems))
        except InputError as error:
            problems.append(error.problem)
    files = _once(files, problems)
    rows = [file.rows for file in files]
    table = pd.concat(rows, ignore_index=True) if rows else schema(NAME).table([])
    places = pd.Series([place for file in files for place in file.places], dtype=object)
    table, places = _distinct(table, places, problems)
    found = pool_sites(table, places)
    everything = sorted({*problems, *found.problems})
    with locked(out):
        sweep_temporary(out)
        describe(out, "several sites")
        write_table(found.pooled, "pooled", out / "pooled.tsv")
        write_table(found.used, NAME, out / f"{NAME}.tsv")
        cells = problem_rows(everything)
        lines = ["\t".join(PROBLEM_COLUMNS)]
        lines += ["\t".join(row[name] for name in PROBLEM_COLUMNS) for row in cells]
        write_text(out / "problems.tsv", "\n".join(lines) + "\n")
        sites = tuple(sorted(set(found.used["site"])))
        write_json(out / DECLARATION, _declaration(files, sites, found.used))
        from corticolimbic.report import render_pool

        page = render_pool(out)
    code = 1 if found.pooled.empty else 3 if any(item.severity != "info" for item in everything) else 0
    return PoolResult(code, len(found.pooled), sites, tuple(everything), page)


def _declaration(files: Sequence[_File], sites: Sequence[str], used: pd.DataFrame) -> dict[str, Any]:
    return {
        "created_with": f"corticolimbic {package_version()}",
        "between_sites": "reml",
        "intervals": "Hartung-Knapp, t with k - 1 degrees of freedom, ad hoc correction",
        "prediction": "t with k - 2 degrees of freedom (Higgins, Thompson and Spiegelhalter 2009)",
        "tau2_interval": "Q-profile",
        "schema_version": schema("pooled").schema_version,
        "sites": list(sites),
        "declarations": sorted(set(used["declaration"])),
        "package_versions": sorted(set(used["package_version"])),
        "files": [
            {"file": file.label, "sha256": file.sha256, "sites": sorted(set(file.rows["site"]))}
            for file in files
        ],
    }


def _labels(sources: Sequence[Path]) -> list[str]:
    """Return the shortest ends of the paths that tell the files apart: whole paths tell of the machine."""
    for length in (1, 2, 3):
        labels = ["/".join(source.resolve().parts[-length:]) for source in sources]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{number}: {label}" for number, label in enumerate(labels, 1)]


def _read(source: Path, label: str, problems: list[Problem]) -> _File:
    path = source
    if source.is_dir():
        found = [source / name for name in (SITE_FILES[0], f"{NAME}.tsv") if (source / name).is_file()]
        if not found:
            raise InputError("CL640", file=label, found=f"a folder without {SITE_FILES[0]}")
        path = found[0]
    text = read_text_table(path, name=label)
    form = schema(NAME)
    if "schema_version" in text.columns:
        versions = sorted(set(text.column("schema_version")) - {str(form.schema_version)})
        if versions:
            expected = f"version {form.schema_version}"
            raise InputError("CL641", file=label, found=f"version {versions[0][:20]!r}", expected=expected)
    if set(text.columns) != set(form.names):
        lost = sorted(set(form.names) - set(text.columns))
        unknown = [name[:40] for name in sorted(set(text.columns) - set(form.names))[:5]]
        raise InputError("CL640", file=label, found=f"columns missing {lost[:5]}, unknown {unknown}")
    rows, places = [], []
    for number, cells in zip(text.numbers, text.rows, strict=True):
        try:
            rows.append(_row(dict(zip(text.columns, cells, strict=True)), form))
            places.append(f"{label}:{number}")
        except ValueError as error:
            problems.append(problem("CL643", file=label, row=number, found=str(error)))
    return _File(label, form.table(rows) if _keys_differ(rows, form) else _loose(rows, form), places,
                 hash_bytes(read_bytes(path)))  # fmt: skip


def _row(cells: dict[str, str], form: Schema) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in form.columns:
        cell = cells[column.name].strip()
        if column.type == "string":
            row[column.name] = cell
        elif cell.lower() in _MISSING:
            row[column.name] = None
        else:
            try:
                row[column.name] = int(cell) if column.type == "int" else float(cell)
            except ValueError:
                raise ValueError(f"{column.name}: {cell[:40]!r} is no number") from None
    if row["site"] in _UNNAMED:
        raise ValueError("a site without a name; set compare.site_name there")
    return row


def _keys_differ(rows: list[dict[str, Any]], form: Schema) -> bool:
    keys = [tuple(row[name] for name in form.key) for row in rows]
    return len(set(keys)) == len(keys)


def _loose(rows: list[dict[str, Any]], form: Schema) -> pd.DataFrame:
    """Return rows of which some repeat: each is typed as its own table; which repeat is told later."""
    return pd.concat([form.table([row]) for row in rows], ignore_index=True)


def _once(files: Sequence[_File], problems: list[Problem]) -> list[_File]:
    """Refuse the files of sites that stand in more than one: which is right nobody here can tell."""
    owners: dict[str, list[_File]] = {}
    for file in files:
        for site in sorted(set(file.rows["site"])):
            owners.setdefault(site.casefold(), []).append(file)
    refused = {}
    for mine in owners.values():
        if len(mine) > 1:
            names = ", ".join(file.label for file in mine)
            refused.update({file.label: names for file in mine})
    for label, names in refused.items():
        file = next(file for file in files if file.label == label)
        sites = sorted(site for site in set(file.rows["site"]) if len(owners[site.casefold()]) > 1)
        problems.append(problem("CL642", file=label, found=f"{', '.join(sites)} in {names}"))
    return [file for file in files if file.label not in refused]


def _distinct(
    table: pd.DataFrame, places: pd.Series, problems: list[Problem]
) -> tuple[pd.DataFrame, pd.Series]:
    """Leave out every row whose key stands twice in one file."""
    repeated = table.duplicated(schema(NAME).key, keep=False)
    for place in places[repeated.to_numpy(dtype=bool)]:
        file, _, row = str(place).rpartition(":")
        problems.append(
            problem("CL643", file=file, row=row, found="the same site, feature and contrast twice")
        )
    kept = ~repeated.to_numpy(dtype=bool)
    return table[kept].reset_index(drop=True), places[kept].reset_index(drop=True)
