"""A reader of REDCap's project files that shares nothing with their writer: it knows REDCap's rules."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

HEADER = (
    'Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"Choices, Calculations, OR Slider '
    'Labels",Field Note,Text Validation Type OR Show Slider Number,Text Validation Min,Text Validation Max,'
    "Identifier?,Branching Logic (Show field only if...),Required Field?,Custom Alignment,Question Number "
    "(surveys only),Matrix Group Name,Matrix Ranking?,Field Annotation"
)
TYPES = {
    "text",
    "notes",
    "calc",
    "dropdown",
    "radio",
    "checkbox",
    "yesno",
    "truefalse",
    "slider",
    "descriptive",
}
VALIDATIONS = {"", "date_ymd", "time", "integer", "number", "email"}
NAME = re.compile(r"[a-z](?:[a-z0-9_]{0,24}[a-z0-9])?")
CODE = re.compile(r"-?[A-Za-z0-9_]+")
TERM = re.compile(r"\[([a-z0-9_]+)\] (=|<>) '([A-Za-z0-9_]+)'")


@dataclass(frozen=True)
class Line:
    """One field as the dictionary declares it."""

    name: str
    form: str
    kind: str
    label: str
    codes: tuple[str, ...]
    validation: str
    low: str
    high: str
    branching: str
    required: bool
    matrix: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of an export."""
        return (
            tuple(f"{self.name}___{code}" for code in self.codes) if self.kind == "checkbox" else (self.name,)
        )


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), strict=True))


def read_dictionary(text: str) -> list[Line]:
    """Return the fields; raise ``AssertionError`` at what REDCap would refuse."""
    header, *lines = rows(text)
    assert [header] == rows(HEADER)
    assert all(len(line) == 18 for line in lines)
    fields = [
        Line(
            name=line[0],
            form=line[1],
            kind=line[3],
            label=line[4],
            codes=_codes(line[5]),
            validation=line[7],
            low=line[8],
            high=line[9],
            branching=line[11],
            required=line[12] == "y",
            matrix=line[15],
        )
        for line in lines
    ]
    assert {line[10] for line in lines} <= {"", "y"}
    assert {line[12] for line in lines} <= {"", "y"}
    _check_names(fields)
    for field in fields:
        _check(field, {other.name: other for other in fields})
    _check_grids(fields)
    return fields


def _codes(cell: str) -> tuple[str, ...]:
    found = []
    for part in cell.split(" | ") if cell else []:
        code, comma, label = part.partition(", ")
        assert comma, part
        assert CODE.fullmatch(code), part
        assert label.strip(), part
        assert "|" not in label
        found.append(code)
    assert len(set(found)) == len(found)
    return tuple(found)


def _check_names(fields: list[Line]) -> None:
    names = [field.name for field in fields]
    assert len(set(names)) == len(names)
    assert all(NAME.fullmatch(name) and "__" not in name for name in names)
    forms = [field.form for field in fields]
    runs = [form for at, form in enumerate(forms) if at == 0 or forms[at - 1] != form]
    assert len(runs) == len(set(runs)), "the fields of a form stand together"
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", form) for form in runs)
    assert not {f"{form}_complete" for form in runs} & set(names)
    assert fields[0].kind == "text", "the first field is the record's identifier"


def _check(field: Line, known: dict[str, Line]) -> None:
    assert field.kind in TYPES
    assert field.label.strip()
    assert bool(field.codes) == (field.kind in {"radio", "dropdown", "checkbox"}), field.name
    assert field.validation in VALIDATIONS
    assert not field.validation or field.kind == "text"
    assert not (field.low or field.high) or field.validation in {"integer", "number"}
    if field.low and field.high:
        assert float(field.low) < float(field.high)
    if field.branching:
        term = TERM.fullmatch(field.branching)
        assert term, field.branching
        other = known[term[1]]
        assert other.form == field.form, "asked in the same form"
        assert term[3] in (other.codes or ("0", "1"))


def _check_grids(fields: list[Line]) -> None:
    grids: dict[str, list[int]] = {}
    for at, field in enumerate(fields):
        if field.matrix:
            grids.setdefault(field.matrix, []).append(at)
    assert not set(grids) & {field.name for field in fields}
    for name, places in grids.items():
        assert len(places) > 1, name
        assert places == list(range(places[0], places[-1] + 1)), f"{name} is interrupted"
        own = [fields[at] for at in places]
        assert len({(field.form, field.codes, field.kind) for field in own}) == 1
        assert own[0].kind in {"radio", "checkbox"}
