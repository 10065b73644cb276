"""The page of one person: research only, one file, two printed pages, nothing of the person beyond the id."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from markupsafe import Markup

from corticolimbic.foundation import inside, package_version, write_text
from corticolimbic.predict import Individual
from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Section
from corticolimbic.report._page import asset, template
from corticolimbic.report._records_individual import read_individual
from corticolimbic.report._sections._individual_base import base_rate
from corticolimbic.report._sections._individual_course import course
from corticolimbic.report._sections._individual_features import features
from corticolimbic.report._sections._individual_markers import learned, scores
from corticolimbic.report._sections._individual_missing import lacking
from corticolimbic.report._sections._individual_short import short
from corticolimbic.report._svg import illustrate
from corticolimbic.report._words import say


def render_individual(record: Path) -> Path:
    """Write the page of one person beside the record.

    Parameters
    ----------
    record
        ``out/individuals/ID.json``, as ``corticolimbic person`` writes it.

    Returns
    -------
    Path
        ``out/individuals/ID.html``; its figures, each with its data, lie in ``out/individuals/figures/ID``.

    Raises
    ------
    SettingsError
        Where the record is none, or of another version.
    """
    person = read_individual(record)
    folder = inside(record.parent / "figures", record.stem)
    page = record.with_suffix(".html")
    write_text(page, individual_text(person, _sections(person, folder)))
    return page


def _sections(person: Individual, folder: Path) -> tuple[Section, ...]:
    draw = partial(illustrate, folder=folder)
    found = (
        short(person),
        course(person, draw),
        base_rate(person),
        scores(person, draw),
        features(person, draw),
        lacking(person),
        learned(person),
    )
    return tuple(section for section in found if section is not None)


def individual_text(person: Individual, sections: tuple[Section, ...]) -> str:
    """Return the page as HTML that needs nothing but itself and runs no script."""
    return template("individual.html").render(
        say=say,
        name=read.text(person.participant_id),
        made=f"corticolimbic {package_version()}",
        sections=sections,
        # Our own files, never data.
        style=Markup(asset("page.css") + asset("individual.css")),  # noqa: S704
        policy="default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    )
