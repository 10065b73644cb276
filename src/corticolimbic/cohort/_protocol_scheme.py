"""The scheme of a study: visits with their windows, forms, and the fields of each form in two languages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Literal

from corticolimbic.cohort._instruments import Instrument, Subscale, instruments
from corticolimbic.cohort._shipped import Row, shipped, split

Design = Literal["subacute", "surgical"]
Language = Literal["en", "zh"]
_RADIO_LIMIT = 8
"""Most answers of an item that are offered as buttons; above that a number is typed."""
_CLOCKS = frozenset({"psqi_1", "psqi_3"})
_ITEM_UNITS = {"psqi_1": "hh:mm", "psqi_2": "min", "psqi_3": "hh:mm", "psqi_4": "h"}
_MAP_PARTS = (
    (range(1, 5), "left upper region", "左上区"),
    (range(5, 9), "right upper region", "右上区"),
    (range(9, 12), "left lower region", "左下区"),
    (range(12, 15), "right lower region", "右下区"),
    (range(15, 20), "axial region", "中轴区"),
)
"""Sites of the body map by region; the wording of the sites is that of the licensed form."""


@dataclass(frozen=True)
class Text:
    """Words in English and Chinese."""

    en: str
    zh: str

    def of(self, lang: Language) -> str:
        """Return the words in one language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Visit:
    """One visit of a design.

    Parameters
    ----------
    session
        BIDS label, ordered by number.
    day, earliest, latest
        Planned day and window, counted from entry or surgery.
    imaging
        Whether tasks, cortisol and QST belong to it, next to the scan.
    label
        In words.
    """

    session: str
    day: int
    earliest: int
    latest: int
    imaging: bool
    label: Text

    @property
    def event(self) -> str:
        """The unique event name that REDCap gives it."""
        return f"{self.session.replace('-', '_')}_arm_1"


@dataclass(frozen=True)
class Choice:
    """One answer of a field: its code and words."""

    code: str
    label: Text


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Parameters
    ----------
    name
        Variable; for items of a questionnaire the name under which scoring finds it.
    kind
        REDCap's field type.
    label
        In words; never the wording of an item.
    validation, low, high
        Of a text field.
    choices
        Of a field with answers.
    branching
        REDCap's logic, empty where the field always shows.
    required, identifier
        As REDCap means them.
    unit
        Unit, empty where it has none.
    note
        What scoring needs to know (range, reversal).
    matrix
        Name of the grid of buttons that it stands in.
    """

    name: str
    kind: str
    label: Text
    validation: str = ""
    low: str = ""
    high: str = ""
    choices: tuple[Choice, ...] = ()
    branching: str = ""
    required: bool = False
    identifier: bool = False
    unit: str = ""
    note: str = ""
    matrix: str = ""


@dataclass(frozen=True)
class Form:
    """One form.

    Parameters
    ----------
    name, label
        Key and words.
    events
        ``first``, ``later``, ``imaging`` or ``all`` visits.
    repeating
        Whether it is filled in several times at a visit.
    designs
        Designs that have it; empty for all.
    instruments
        Questionnaires that it holds.
    fields
        In order.
    """

    name: str
    label: Text
    events: str
    repeating: bool
    designs: tuple[str, ...]
    instruments: tuple[Instrument, ...]
    fields: tuple[Field, ...]

    def at(self, visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
        """Return the visits at which it is filled in."""
        return {
            "first": visits[:1],
            "later": visits[1:],
            "imaging": tuple(visit for visit in visits if visit.imaging),
            "all": visits,
        }[self.events]


@cache
def visits(design: Design) -> tuple[Visit, ...]:
    """Return the visits of a design, in order."""
    return tuple(
        Visit(
            row["session"],
            int(row["day"]),
            int(row["earliest"]),
            int(row["latest"]),
            row["imaging"] == "yes",
            Text(row["en"], row["zh"]),
        )
        for row in shipped("protocol_visits")
        if row["design"] == design
    )


@cache
def forms(design: Design) -> tuple[Form, ...]:
    """Return the forms of a design, in order."""
    found = []
    for row in shipped("protocol_forms"):
        designs = split(row["designs"])
        if designs and design not in designs:
            continue
        own = tuple(item for key in split(row["keys"], ";") for item in instruments() if item.key == key)
        fields = [_own_field(line) for line in shipped("protocol_fields") if line["form"] == row["form"]]
        for key in dict.fromkeys(item.key for item in own):
            fields += _items(tuple(item for item in own if item.key == key))
        label = Text(row["en"], row["zh"])
        repeating = row["repeating"] == "yes"
        found.append(Form(row["form"], label, row["events"], repeating, designs, own, tuple(fields)))
    return tuple(found)


def _own_field(row: Row) -> Field:
    choices = [split(part, "=") for part in split(row["choices"], "|")]
    return Field(
        name=row["field"],
        kind=row["type"],
        label=Text(row["en"], row["zh"]),
        validation=row["validation"],
        low=row["min"],
        high=row["max"],
        choices=tuple(Choice(code, Text(en, zh)) for code, en, zh in choices),
        branching=row["branching"],
        required=row["required"] == "y",
        identifier=row["identifier"] == "y",
        unit=row["unit"],
    )


def _items(versions: tuple[Instrument, ...]) -> list[Field]:
    """Return the fields of one questionnaire: all items of all its versions, once."""
    rules: dict[str, Subscale] = {}
    for version in versions:
        for rule in version.subscales:
            for item in rule.items:
                rules.setdefault(item, rule)
    if versions[0].key == "fms":
        return [_body_map(versions[0]), *_grids([_item(item, rules[item]) for item in list(rules)[19:]])]
    return _grids([_item(item, rules[item]) for item in sorted(rules, key=_form_order)])


def _form_order(item: str) -> tuple[int, str]:
    """Return a key that sorts numbered items: 2 before 10, 5a after 5; lettered ones stay as they stand."""
    number = item.rstrip("abcdefghijklmnopqrstuvwxyz")
    return (int(number), item) if number.isdigit() else (0, "")


def _grids(fields: list[Field]) -> list[Field]:
    """Return the fields with a grid's name wherever two or more in a row have the same buttons."""
    found: list[Field] = []
    for number, (choices, group) in enumerate(groupby(fields, key=lambda field: field.choices), start=1):
        run = list(group)
        name = f"{run[0].name.rsplit('_', 1)[0]}_grid{number}" if choices and len(run) > 1 else ""
        found += [replace(field, matrix=name) for field in run]
    return found


def _item(item: str, rule: Subscale) -> Field:
    place = rule.items.index(item)
    low, high = rule.low[place], rule.high[place]
    name = f"{rule.key}_{item}"
    part = {"stai_s": (" state", "状态"), "stai_t": (" trait", "特质")}.get(rule.key, ("", ""))
    label = Text(
        f"{rule.instrument}{part[0]} item {item.upper()}", f"{rule.instrument}{part[1]} 第{item.upper()}题"
    )
    note = f"range {low:g} to {high:g}" + ("; reversed when scored" if item in rule.reversed else "")
    if name in _CLOCKS:
        return Field(name, "text", label, "time", unit=_ITEM_UNITS[name], note="time of day")
    if rule.whole[place] and high - low < _RADIO_LIMIT:
        codes = map(str, range(int(low), int(high) + 1))
        choices = tuple(Choice(code, Text(code, code)) for code in codes)
        return Field(name, "radio", label, choices=choices, note=note)
    kind = "integer" if rule.whole[place] or high - low <= 10 else "number"
    unit = _ITEM_UNITS.get(name, "")
    return Field(name, "text", label, kind, f"{low:g}", f"{high:g}", unit=unit, note=note)


def _body_map(instrument: Instrument) -> Field:
    """Return the body map as one field of tick-boxes, exported by REDCap as fms___1 to fms___19."""
    choices = [
        Choice(str(site), Text(f"site {site} ({en})", f"部位{site}（{zh}）"))
        for sites, en, zh in _MAP_PARTS
        for site in sites
    ]
    label = Text("Body map: sites with pain in the last 7 days", "身体疼痛图：过去7天内疼痛的部位")
    return Field(instrument.key, "checkbox", label, choices=tuple(choices), note="sites 1 to 19, WPI")
