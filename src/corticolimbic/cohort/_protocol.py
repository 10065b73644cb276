"""A ready scheme for a multi-centre study, as a folder of files that a person can import and edit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from corticolimbic.cohort._phenotype_templates import column_entry, phenotype_dictionary, phenotype_header
from corticolimbic.cohort._protocol_readme import readme
from corticolimbic.cohort._protocol_scheme import Design, Field, Form, Language, Visit, forms, visits
from corticolimbic.cohort._protocol_study import study_settings
from corticolimbic.cohort._redcap_dictionary import (
    data_dictionary,
    events,
    instrument_event_mapping,
    repeating_forms,
)
from corticolimbic.foundation import SettingsError, write_text

_PARTICIPANT_FIELDS = ("site", "group", "condition", "sex", "pain_duration_weeks", "pain_onset_date")
_SESSION_FIELDS = ("visit_date", "visit_mode", "scanner", "scanner_software", "nrs_avg7d", "nrs_now")


def protocol_files(design: Design, lang: Language) -> dict[str, str]:
    """Return the files of a protocol by name, relative to its folder.

    Parameters
    ----------
    design
        ``subacute``: 4 to 12 weeks of pain at entry, then 3, 6, 12 months and 3 years. ``surgical``: before
        surgery, then 6 weeks, 3, 6 and 12 months.
    lang
        Language of the labels in REDCap and of the README. Dictionaries are in both.
    """
    own, plan = forms(design), visits(design)
    files = {
        "README.md": readme(design, own, plan, lang),
        "visits.tsv": _visits(plan, lang),
        "scoring.tsv": _scoring(own),
        "study.yaml": study_settings(design, plan, lang),
        "redcap/data_dictionary.csv": data_dictionary(own, lang),
        "redcap/events.csv": events(plan, lang),
        "redcap/instrument_event_mapping.csv": instrument_event_mapping(own, plan),
        "redcap/repeating_forms.csv": repeating_forms(own, plan, lang),
        **_table("bids/participants", ("participant_id",), _PARTICIPANT_FIELDS, own),
        **_table("bids/sub-LABEL_sessions", ("session_id",), _SESSION_FIELDS, own),
    }
    for form in own:
        files[f"bids/phenotype/{form.name}.tsv"] = phenotype_header(form)
        files[f"bids/phenotype/{form.name}.json"] = _json(phenotype_dictionary(form, plan))
    return files


def write_protocol(
    folder: Path, design: Design = "subacute", lang: Language = "en", *, force: bool = False
) -> tuple[Path, ...]:
    """Write a protocol and return its files.

    Parameters
    ----------
    folder
        New, or holding anything else than these files.
    design, lang
        See `protocol_files`.
    force
        Replace the protocol's files where they exist. Other files are never touched.

    Raises
    ------
    SettingsError
        Where a file exists and ``force`` is not set; then nothing is written.
    """
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is no folder; name a new one")
    files = protocol_files(design, lang)
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        shown = ", ".join(there[:3]) + (f" and {len(there) - 3} more" if len(there) > 3 else "")
        raise SettingsError(f"{folder} already has {shown}; nothing was written. --force replaces them")
    for name, text in files.items():
        write_text(folder / name, text)
    return tuple(folder / name for name in files)


def _tsv(rows: Iterable[Sequence[object]]) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _visits(plan: tuple[Visit, ...], lang: Language) -> str:
    header = ("session_id", "redcap_event", "day", "earliest", "latest", "imaging", "label")
    rows = [
        (
            visit.session,
            visit.event,
            visit.day,
            visit.earliest,
            visit.latest,
            "yes" if visit.imaging else "no",
            visit.label.of(lang),
        )
        for visit in plan
    ]
    return _tsv([header, *rows])


def _scoring(own: tuple[Form, ...]) -> str:
    header = (
        "key", "instrument", "version", "subscale", "items", "rule", "score_min", "score_max", "direction",
        "missing_items", "reversed_items", "cutoffs", "licence", "rule_source", "rule_status",
    )  # fmt: skip
    rules = dict.fromkeys(rule for form in own for item in form.instruments for rule in item.subscales)
    rows = [
        (
            rule.key, rule.instrument, rule.version, rule.name, ",".join(rule.variables),
            rule.words.aggregation, f"{rule.score_min:g}", f"{rule.score_max:g}", rule.words.direction,
            rule.words.missing_rule, rule.words.reversed_items, rule.words.cutoffs, rule.words.licence,
            rule.source, rule.status,
        )
        for rule in rules
    ]  # fmt: skip
    return _tsv([header, *rows])


def _table(name: str, keys: tuple[str, ...], names: tuple[str, ...], own: tuple[Form, ...]) -> dict[str, str]:
    fields: dict[str, Field] = {field.name: field for form in own for field in form.fields}
    words = {
        "participant_id": ("Participant, sub-LABEL", "受试者，sub-标签"),
        "session_id": ("Visit, ses-LABEL", "访视，ses-标签"),
    }
    sheet = {key: {"Description": words[key][0], "Description_zh": words[key][1]} for key in keys}
    sheet |= {name: column_entry(fields[name], name) for name in names}
    return {f"{name}.tsv": _tsv([(*keys, *names)]), f"{name}.json": _json(sheet)}
