"""What can be declared about a clinical source: where it is, and what its cells mean."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from corticolimbic.foundation import Settings

Meaning = Literal["not asked", "refused", "lost", "unknown"]
"""Why a cell has no value."""
SESSION_PATTERN = r"^ses-[A-Za-z0-9]+$"


class RedcapApi(Settings):
    """A REDCap project from which the export is fetched (extra ``redcap``)."""

    url: str = Field(pattern=r"^https://", description="Address of the API, https://HOST/api/.")
    token_variable: str = Field(
        default="REDCAP_API_TOKEN",
        description="Environment variable that holds the token; the token itself is never written anywhere.",
    )
    token_file: str | None = Field(
        default=None, description="File that holds nothing but the token, used in place of the variable."
    )


class Source(Settings):
    """One clinical table, or one folder of tables, and what its cells mean; nothing here is guessed."""

    kind: Literal["redcap", "phenotype", "table"] = Field(
        description="redcap: an export of records. phenotype: BIDS tables with their JSON. table: any table, "
        "with a mapping."
    )
    path: str = Field(
        min_length=1,
        description="File (phenotype: or folder), absolute or relative to the folder in which the command is "
        "started; dataset:PATH is relative to the dataset and stays inside it.",
    )
    dictionary: str | None = Field(
        default=None, description="Kind redcap: the project's data dictionary (CSV), named as path is."
    )
    designations: str | None = Field(
        default=None,
        description="Kind redcap: which form belongs to which event (CSV with unique_event_name and form), "
        "named as path is.",
    )
    mapping: str | None = Field(
        default=None, description="Kind table: the mapping (YAML or TSV), named as path is."
    )
    api: RedcapApi | None = Field(
        default=None,
        description="Kind redcap: the project from which corticolimbic fetch writes the export to path.",
    )
    labels: bool = Field(
        default=False, description="Kind redcap: cells (and perhaps headers) are labels in place of codes."
    )
    encoding: str = Field(
        default="", description="Encoding of the text, where it is neither UTF-8, UTF-16 nor GB18030."
    )
    delimiter: Literal["", ",", ";", "\t", "|"] = Field(
        default="", description="Sign between cells; empty: what the header shows without doubt."
    )
    decimal: Literal[".", ","] = Field(default=".", description="Decimal sign of the numbers.")
    id_column: str | None = Field(
        default=None, description="Column of ids; by default the first (redcap), or participant_id."
    )
    id_digits: int | None = Field(
        default=None,
        ge=1,
        le=20,
        description="Digits of an id that is a number: zeros that a spreadsheet dropped are put back.",
    )
    id_prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9]*$",
        description="Letters that ids which are numbers lack in this table (E where 17 is E017 elsewhere).",
    )
    session_column: str | None = Field(
        default=None, description="Column of sessions; by default session_id where there is one."
    )
    instance_column: str | None = Field(
        default=None, description="Column that tells several rows of a session apart (a diary's day)."
    )
    date_column: str | None = Field(
        default=None, description="Column or field with the date of the visit, in each row or event."
    )
    day_column: str | None = Field(
        default=None, description="Column with the day counted from day zero, where there are no dates."
    )
    session: str | None = Field(
        default=None, pattern=SESSION_PATTERN, description="Session of all rows that name none, ses-LABEL."
    )
    events: dict[str, str] = Field(
        default={},
        description="Event or cell of the session column to session (ses-LABEL, or ses-none for values of "
        "the person); by default the event's own name.",
    )
    dates: dict[str, str] = Field(
        default={}, description="Kind redcap: form to the field that dates it (a diary's day)."
    )
    date_order: Literal["", "dmy", "mdy"] = Field(
        default="", description="Order of dates like 1/2/2019; without it they are a problem."
    )
    excel_dates: Literal[0, 1900, 1904] = Field(
        default=0,
        description="Start of the spreadsheet's days where dates are numbers such as 43101; 0: a problem.",
    )
    exported: str | None = Field(
        default=None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="Day of the export; later dates are impossible.",
    )
    missing: dict[str, Meaning] = Field(
        default={},
        description="Cells that stand for a missing value to why: not asked, refused, lost or unknown; added "
        "to REDCap's own codes where kind is redcap.",
    )
    site_column: str | None = Field(
        default=None, description="Column of sites; by default the data access group (redcap)."
    )
    sites: tuple[str, ...] = Field(
        default=(), description="All codes of sites; where given, another one is a problem."
    )
    birth: tuple[str, ...] = Field(
        default=(), description="Variables with the date or year of birth, for checks."
    )
    sex: tuple[str, ...] = Field(default=(), description="Variables that hold the sex, for checks.")
    units: dict[str, str] = Field(
        default={}, description="Variable to its unit, where dictionary and mapping do not say it."
    )
    ranges: dict[str, tuple[float, float]] = Field(
        default={}, description="Variable to smallest and largest value, where dictionary and mapping do not."
    )
    identifiers: Literal["leave out", "keep"] = Field(
        default="leave out", description="What becomes of columns that the dictionary marks as identifiers."
    )

    @field_validator("events")
    @classmethod
    def _sessions(cls, events: dict[str, str]) -> dict[str, str]:
        wrong = [name for name in events.values() if not name.startswith("ses-") or not name[4:].isalnum()]
        if wrong:
            raise ValueError(f"sessions are written ses-LABEL, letters and digits; found {wrong[0]!r}")
        return events

    @model_validator(mode="after")
    def _complete(self) -> Source:
        if self.kind == "table" and self.mapping is None:
            raise ValueError("the kind table needs a mapping, which says what its columns are")
        if self.labels and self.dictionary is None:
            raise ValueError("an export with labels needs the dictionary, which gives their codes")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """The files named, as written."""
        named = (self.path, self.dictionary, self.designations, self.mapping)
        return tuple(name for name in named if name is not None)
