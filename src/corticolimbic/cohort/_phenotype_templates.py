"""BIDS phenotype templates: for each form a table with its header and a dictionary in English and Chinese."""

from __future__ import annotations

from typing import Any

from corticolimbic.cohort._instruments import Instrument
from corticolimbic.cohort._protocol_scheme import Field, Form, Text, Visit

_KEYS = {
    "participant_id": Text("Participant, sub-LABEL", "受试者，sub-标签"),
    "session_id": Text("Visit, ses-LABEL", "访视，ses-标签"),
    "instance": Text("Which entry at this visit, from 1", "本次访视中的第几条记录，从1起"),
}


def phenotype_header(form: Form) -> str:
    """Return the header of a form's table (TSV)."""
    return "\t".join([*_keys(form), *(name for field in form.fields for name in _columns(field))]) + "\n"


def _keys(form: Form) -> list[str]:
    return [name for name in _KEYS if name != "instance" or form.repeating]


def _columns(field: Field) -> list[str]:
    """Return the columns of a field: tick-boxes have one each."""
    if field.kind == "checkbox":
        return [f"{field.name}_{choice.code}" for choice in field.choices]
    return [] if field.name == "record_id" else [field.name]


def phenotype_dictionary(form: Form, visits: tuple[Visit, ...]) -> dict[str, Any]:
    """Return the dictionary of a form's table (JSON).

    Parameters
    ----------
    form
        The form.
    visits
        Visits of the design, for the visits at which it is filled in.
    """
    sheet: dict[str, Any] = {
        "MeasurementToolMetadata": {
            "Description": form.label.en,
            "Description_zh": form.label.zh,
            "Sessions": [visit.session for visit in form.at(visits)],
            **({"Scoring": [_scoring(item) for item in form.instruments]} if form.instruments else {}),
        }
    }
    for name in _keys(form):
        sheet[name] = {"Description": _KEYS[name].en, "Description_zh": _KEYS[name].zh}
    for field in form.fields:
        for name in _columns(field):
            sheet[name] = column_entry(field, name)
    return sheet


def _scoring(item: Instrument) -> dict[str, Any]:
    return {
        "Instrument": item.name,
        "Version": item.version,
        "Licence": item.subscales[0].words.licence,
        "Subscales": [
            {
                "Name": rule.name,
                "Items": list(rule.variables),
                "Rule": rule.words.aggregation,
                "Range": rule.scale,
                "MissingItems": rule.words.missing_rule,
                "Direction": rule.words.direction,
                "Source": rule.source,
            }
            for rule in item.subscales
        ],
    }


def column_entry(field: Field, name: str) -> dict[str, Any]:
    """Return the entry of one column.

    Parameters
    ----------
    field
        The field.
    name
        Its column; for tick-boxes one of several.
    """
    label, levels = field.label, {choice.code: choice.label for choice in field.choices}
    if field.kind == "checkbox":
        box = levels[name.removeprefix(field.name + "_")]
        label = Text(f"{label.en}: {box.en}", f"{label.zh}：{box.zh}")
        levels = {"0": Text("not ticked", "未勾选"), "1": Text("ticked", "已勾选")}
    elif field.kind == "yesno":
        levels = {"0": Text("no", "否"), "1": Text("yes", "是")}
    entry: dict[str, Any] = {
        "LongName": label.en,
        "LongName_zh": label.zh,
        "Description": f"{label.en}{_note(field.note)}",
        "Description_zh": label.zh,
    }
    if levels:
        entry["Levels"] = {code: words.en for code, words in levels.items()}
        entry["Levels_zh"] = {code: words.zh for code, words in levels.items()}
    if field.unit:
        entry["Units"] = field.unit
    if field.low and field.high:
        entry |= {"Minimum": float(field.low), "Maximum": float(field.high)}
    return entry


def _note(text: str) -> str:
    return f" ({text})" if text else ""
