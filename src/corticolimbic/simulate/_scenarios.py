"""Studies with a name: what is planted in them, and what disturbs."""

from __future__ import annotations

from typing import Any

from corticolimbic.foundation import SettingsError
from corticolimbic.simulate._settings import SimulateSettings

_STUDY: dict[str, Any] = {
    "people": 90,
    "months": (0, 3, 6, 12),
    "between_slopes": 0.008,
    "visit_deviation": (0.004, 0.006, 0.008, 0.01),
    "pain_fluctuation": 1.2,
    "motion_per_year": 0.1,
}
_FIGURE_1C = (
    {"start": "NAc_L", "end": "mPFC", "change": 0.12},
    {"start": "NAc_R", "end": "mPFC", "change": 0.12},
    {"start": "aHip_L", "end": "mPFC", "change": 0.0, "change_per_year": -0.12},
    {"start": "aHip_R", "end": "mPFC", "change": 0.0, "change_per_year": -0.12},
    {"start": "Amy_L", "end": "dmPFC", "change": 0.0, "change_per_year": 0.1},
    {"start": "Amy_R", "end": "dmPFC", "change": 0.0, "change_per_year": 0.1},
    {"start": "PAG", "end": "vmPFC", "change": 0.0, "pain_between": 0.03, "pain_within": -0.03},
    {"start": "VTA_L", "end": "mPFC", "change": 0.0, "pain_between": -0.015, "pain_within": 0.015},
    {"start": "VTA_R", "end": "mPFC", "change": 0.0, "pain_between": -0.015, "pain_within": 0.015},
)
SCENARIOS: dict[str, dict[str, Any]] = {
    "figure-1c": {**_STUDY, "planted": _FIGURE_1C},
    "null": {**_STUDY, "planted": _FIGURE_1C, "effect": False},
}
"""Named studies: settings that differ from the defaults.

``figure-1c``: what the review says of people whose pain persists, as far as connectivity at rest shows it.
At the first visit NAc--mPFC is stronger (findings F211, F213: as strong a year later). Over a year Hip--mPFC
falls (F235) and Amy--dmPFC rises (F185; the review also says that it is gone at three years, which is not
planted). PAG--vmPFC and VTA--mPFC go with mean pain one way and with pain at a visit the other way (METHODS
M-5; signs of Yu 2014 and of the 90 against 74 people of PMC7415705). Sizes are tuned, not published.
``null``: the same people, sites, motion and losses, nothing planted.
"""


def scenario(name: str, **changes: Any) -> SimulateSettings:
    """Return the settings of a named study.

    Parameters
    ----------
    name
        ``figure-1c`` or ``null``.
    changes
        Settings that differ from the study's own.

    Raises
    ------
    SettingsError
        The name is unknown, or a setting cannot be.

    Examples
    --------
    >>> scenario("figure-1c", people=40).months
    (0, 3, 6, 12)
    """
    if name not in SCENARIOS:
        raise SettingsError(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    return SimulateSettings.from_mapping({**SCENARIOS[name], **changes}, source="simulate")
