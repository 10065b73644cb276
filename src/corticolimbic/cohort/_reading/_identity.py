"""Ids: as they were given out, told from what spreadsheets make of them; and rows that stand twice."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.cohort._reading._grid import Coded
from corticolimbic.cohort._reading._sheet import Sheet
from corticolimbic.foundation import MISSING_CELLS, problem

_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?[eE]\+\d+")
_POINT_ZERO = re.compile(r"\d+[.,]0+")


@dataclass(frozen=True)
class Ids:
    """Ids by kind of cell.

    Parameters
    ----------
    person
        ``sub-LABEL`` for each kind of cell; empty where it cannot serve.
    fault
        Problem and its words for each kind of cell; empty where none.
    padded
        How many kinds were given their zeros back.
    """

    person: tuple[str, ...]
    fault: tuple[tuple[str, str], ...]
    padded: int = 0


def identify(
    coded: Coded, *, digits: int | None = None, prefix: str = "", known: tuple[str, ...] = ()
) -> Ids:
    """Return the participant that each kind of cell names.

    Letters and digits of any script make the label; hyphens, blanks and other signs are left out.

    Parameters
    ----------
    coded
        Column of ids.
    digits
        Declared digits of ids that are numbers.
    prefix
        Declared letters that ids which are numbers lack.
    known
        Ids that the dataset has, with prefix, which show how the zeros were.
    """
    bare = [_bare(kind) for kind in coded.kinds]
    width = _width([*bare, *(_bare(name) for name in known)]) if digits is None and not prefix else None
    person, fault, padded = [], [], 0
    for kind, label in zip(coded.kinds, bare, strict=True):
        problem_found = _fault(kind, label, width)
        if not problem_found[0] and digits and label.isdecimal() and len(label) < digits:
            label, padded = label.zfill(digits), padded + 1
        if prefix and label.isdecimal():
            label = prefix + label
        clean = "".join(sign for sign in label if sign.isalnum())
        if not problem_found[0] and not clean:
            problem_found = ("CL315", f"participant_id {kind[:60]!r}")
        person.append("" if problem_found[0] else f"sub-{clean}")
        fault.append(problem_found)
    written: dict[str, set[str]] = defaultdict(set)
    for name, label in zip(person, bare, strict=True):
        written[name].add(label.zfill(digits) if digits and label.isdecimal() else label)
    for place, name in enumerate(person):
        if name and len(written[name]) > 1:
            both = " and ".join(sorted(written[name])[:3])
            person[place], fault[place] = "", ("CL315", f"{both} are one id without their signs")
    return Ids(tuple(person), tuple(fault), padded)


def _bare(kind: str) -> str:
    return kind[4:] if kind[:4].casefold() == "sub-" else kind


def _width(labels: list[str]) -> int | None:
    """Return how many digits ids have, where those that begin with zero agree; else None."""
    widths = {len(label) for label in labels if label.isdecimal() and len(label) > 1 and label[0] == "0"}
    return widths.pop() if len(widths) == 1 else None


def _fault(kind: str, label: str, width: int | None) -> tuple[str, str]:
    if kind in MISSING_CELLS:
        return ("CL315", f"participant_id {kind[:60]!r}")
    if _SCIENTIFIC.fullmatch(label) or _POINT_ZERO.fullmatch(label):
        return ("CL321", f"participant_id {kind[:60]!r}")
    if label[0] in "=@":
        return ("CL322", f"participant_id {kind[:60]!r}")
    if width and label.isdecimal() and len(label) < width:
        return ("CL321", f"participant_id {kind[:60]!r}, where others have {width} digits")
    return ("", "")


def put_persons(sheet: Sheet, coded: Coded, ids: Ids, *, empty_rows: np.ndarray) -> None:
    """Give each row its person; rows without one become problems, except rows with no cell at all."""
    names = np.empty(len(ids.person), dtype=object)
    names[:] = ids.person
    sheet.person = names[coded.codes] if len(coded.codes) else sheet.person
    faulty = np.array([bool(code) for code, _ in ids.fault], dtype=bool)
    if not faulty.any():
        return
    for row in np.flatnonzero(faulty[coded.codes] & ~empty_rows):
        code, found = ids.fault[coded.codes[row]]
        sheet.problems.append(problem(code, file=sheet.file, row=int(sheet.numbers[row]), found=found))


def set_aside_repeated(sheet: Sheet, columns: list[Coded]) -> None:
    """Find rows of one person, session, form and instance: one is kept where all agree, else none.

    Parameters
    ----------
    sheet
        With persons, sessions, forms and instances.
    columns
        All columns, to tell whether rows agree.
    """
    alive = np.flatnonzero(sheet.alive)
    keys = np.zeros(len(alive), dtype=np.int64)
    for part in (sheet.person, sheet.session, sheet.form, sheet.instance):
        codes, kinds = pd.factorize(part[alive])
        keys = keys * max(len(kinds), 1) + codes
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(np.diff(keys[order]) == 0)
    if not len(same):
        return
    groups: dict[int, list[int]] = defaultdict(list)
    repeated = set(keys[order][same].tolist())
    for place in np.flatnonzero(np.isin(keys, list(repeated))):
        groups[int(keys[place])].append(int(alive[place]))
    for rows in groups.values():
        cells = {tuple(column.kinds[column.codes[row]] for column in columns) for row in rows}
        code = "CL328" if len(cells) > 1 else "CL304"
        for row in rows[1:]:
            sheet.say(code, row, f"the visit of row {sheet.numbers[rows[0]]} again")
        for row in rows if len(cells) > 1 else rows[1:]:
            sheet.person[row] = ""
