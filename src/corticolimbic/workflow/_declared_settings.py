"""Which settings a registered validation is held to: all that can change a figure, no place on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from corticolimbic.workflow._config import Config

_OTHER_PARTS = frozenset({"compare", "agreement", "attrition"})
"""Parts of the configuration that no marker's figure depends on."""
_PLACES = frozenset({"path", "dictionary", "designations", "mapping", "api", "exported"})
"""Where a clinical source lies: new data lie elsewhere."""
_WORDS = frozenset({"label", "description"})


def declared_settings(config: Config, markers: Sequence[str], population: str) -> dict[str, Any]:
    """Return the settings by dotted name.

    Parameters
    ----------
    config
        All settings.
    markers
        Ids of the declared markers; how others are used does not matter.
    population
        Name of the declared population; the rules of others do not matter.
    """
    values = {name: part for name, part in config.plain().items() if name not in _OTHER_PARTS}
    cohort = dict(values["cohort"])
    cohort["populations"] = {
        item["name"]: item for item in cohort["populations"] if item["name"] == population
    }
    cohort["sources"] = [
        {name: value for name, value in source.items() if name not in _PLACES} for source in cohort["sources"]
    ]
    predict = dict(values["predict"])
    predict["markers"] = {item["id"]: item for item in predict["markers"] if item["id"] in markers}
    return dict(_flat({**values, "cohort": cohort, "predict": predict}))


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of settings; an empty group is a leaf, so that it differs from none."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if key not in _WORDS:
                yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for at, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{at}]")
    else:
        yield name, value
