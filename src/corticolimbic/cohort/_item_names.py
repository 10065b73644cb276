"""Which of a study's variables are items, and of which questionnaire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from corticolimbic.cohort._instruments import Subscale, subscales
from corticolimbic.cohort._scoring_files import ScoringFiles
from corticolimbic.cohort._scoring_settings import ScoringSettings
from corticolimbic.foundation import Problem, SettingsError, problem

KEY = ["participant_id", "session_id", "instance"]
"""What a row of answers is identified by."""
_ITEM = re.compile(r"([a-z]+(?:[0-9]+(?=_))?)_?q?([0-9]{1,2})")
_FEWEST = 3
"""Fewest variables of one prefix that look like a questionnaire."""


def item_names(
    columns: Iterable[str], settings: ScoringSettings, files: ScoringFiles, known: Iterable[Subscale] = ()
) -> dict[str, str]:
    """Return which of a study's variables are items, and of which instrument.

    Parameters
    ----------
    columns
        The study's names.
    settings
        Prefixes of its own.
    files
        Mapping and rules of its own.
    known
        Subscales beside the package's.

    Returns
    -------
    dict
        Study's name to ``<instrument key>_<item>``.

    Raises
    ------
    SettingsError
        Where two variables stand for one item.
    """
    items = {name for subscale in (*subscales(), *known) for name in subscale.variables}
    found: dict[str, str] = {}
    taken: dict[str, str] = {}
    for column in columns:
        if column in files.mapping:
            target = "_".join(files.mapping[column])
        else:
            plain = _plain_name(column)
            target = next((name for name in _renamed(plain, settings.prefixes) if name in items), plain)
            if target not in items:
                continue
        if target in taken:
            raise SettingsError(f"{column} and {taken[target]} both stand for {target}; map or remove one")
        found[column], taken[target] = target, column
    return found


def _plain_name(column: str) -> str:
    """Return a name in lower case; check-boxes are exported as fms___1, the STAI is numbered 1 to 40."""
    plain = re.sub("_+", "_", column.casefold())
    stai = re.fullmatch(r"stai_([1-9]|[1-3][0-9]|40)", plain)
    if stai:
        number = int(stai[1])
        return f"stai_s_{number}" if number <= 20 else f"stai_t_{number - 20}"
    return plain


def unclaimed(columns: Iterable[str], named: Mapping[str, str]) -> list[Problem]:
    """Return a note for each run of variables that look like a questionnaire's items, and are not scored.

    Parameters
    ----------
    columns
        The study's names.
    named
        Those that are items (`item_names`).
    """
    families: dict[str, list[str]] = {}
    for key in dict.fromkeys(subscale.key for subscale in subscales() if subscale.key != "mme"):
        families.setdefault(_letters(key), []).append(key)
    runs: dict[str, list[str]] = {}
    for column in columns:
        looks = _ITEM.fullmatch(column.casefold())
        if looks and column not in named and _letters(looks[1]) in families:
            runs.setdefault(looks[1], []).append(column)
    return [
        problem(
            "CL372",
            found=f"{len(own)} variables such as {own[0]}",
            remedy=f"declare in the settings what they are, prefixes: {{{prefix.rstrip('_')}: "
            f"{' or '.join(families[_letters(prefix)])}}}, or give a mapping",
        )
        for prefix, own in runs.items()
        if len(own) >= _FEWEST
    ]


def _letters(name: str) -> str:
    return "".join(sign for sign in name if sign.isalpha())


def _renamed(column: str, prefixes: Mapping[str, str]) -> Iterator[str]:
    """Yield what a column may stand for under the declared prefixes: tsk_1 and tsk1 under tsk."""
    for own, key in prefixes.items():
        rest = column.removeprefix(own.casefold())
        if rest != column:
            yield f"{key}_{rest.removeprefix('_')}"
