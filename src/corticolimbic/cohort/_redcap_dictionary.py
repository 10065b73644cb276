"""A REDCap project as files that its import pages take: dictionary, events, forms by event, repeats."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from corticolimbic.cohort._protocol_scheme import Field, Form, Language, Visit

DICTIONARY_COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
"""The columns of a data dictionary, in REDCap's order."""


def data_dictionary(forms: Sequence[Form], lang: Language) -> str:
    """Return the data dictionary (CSV).

    Parameters
    ----------
    forms
        The first field of the first form is the record's identifier, as REDCap wants it.
    lang
        Language of labels and choices.
    """
    return _csv(DICTIONARY_COLUMNS, (_row(form, field, lang) for form in forms for field in form.fields))


def _row(form: Form, field: Field, lang: Language) -> tuple[str, ...]:
    first = field is form.fields[0]
    return (
        field.name,
        form.name,
        form.label.of(lang) if first else "",
        field.kind,
        field.label.of(lang),
        " | ".join(f"{choice.code}, {choice.label.of(lang)}" for choice in field.choices),
        field.unit,
        field.validation,
        field.low,
        field.high,
        "y" if field.identifier else "",
        field.branching,
        "y" if field.required else "",
        "",
        "",
        field.matrix,
        "",
        field.note,
    )


def events(visits: Sequence[Visit], lang: Language) -> str:
    """Return the events (CSV): planned day, window and unique name."""
    first = min(visit.day for visit in visits)
    header = (
        "event_name",
        "arm_num",
        "day_offset",
        "offset_min",
        "offset_max",
        "unique_event_name",
        "custom_event_label",
    )
    return _csv(
        header,
        (
            (
                visit.session.replace("-", " "),
                "1",
                str(visit.day - first),  # REDCap counts from 0
                str(visit.day - visit.earliest),
                str(visit.latest - visit.day),
                visit.event,
                visit.label.of(lang),
            )
            for visit in visits
        ),
    )


def instrument_event_mapping(forms: Sequence[Form], visits: tuple[Visit, ...]) -> str:
    """Return which form belongs to which event (CSV)."""
    rows = [("1", visit.event, form.name) for visit in visits for form in forms if visit in form.at(visits)]
    return _csv(("arm_num", "unique_event_name", "form"), rows)


def repeating_forms(forms: Sequence[Form], visits: tuple[Visit, ...], lang: Language) -> str:
    """Return which forms repeat at which event (CSV)."""
    rows = [
        (visit.event, form.name, form.label.of(lang))
        for form in forms
        for visit in form.at(visits)
        if form.repeating
    ]
    return _csv(("event_name", "form_name", "custom_form_label"), rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
