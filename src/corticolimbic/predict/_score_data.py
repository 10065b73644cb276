"""What scoring takes beside features, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from corticolimbic.foundation import Problem
from corticolimbic.predict._markers import Reliability
from corticolimbic.stats import RelativeReference, StoredEstimator


@dataclass(frozen=True, eq=False)
class Beside:
    """What markers need beside features; each is None where a study has none.

    Parameters
    ----------
    visits
        Schema ``visits``.
    ratings
        Schema ``ratings``.
    instrument_scores
        Schema ``instrument_scores``.
    people
        Participants table of strings, indexed by participant_id.
    sites
        Participant to site, for references over several.
    reference
        Whom relative scores are relative to.
    atlas
        Which atlas an input takes that accepts any, where there are several.
    maps
        Marker id to scores of images, as `map_score` gives them: participant_id, session_id, task, run,
        score, status.
    baseline
        Session at which a reference is taken; None for each person's first.
    """

    visits: pd.DataFrame | None = None
    ratings: pd.DataFrame | None = None
    instrument_scores: pd.DataFrame | None = None
    people: pd.DataFrame | None = None
    sites: Mapping[str, str] | None = None
    reference: RelativeReference | None = None
    atlas: str | None = None
    maps: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    baseline: str | None = None


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of one marker.

    Parameters
    ----------
    table
        Schema ``scores``.
    problems
        CL701 and others: what is missing, by participant.
    fitted
        Name of each reference (reference_id) to its estimator in plain form; empty unless relative.
    reliability
        Behind the standard errors; None where it is not known.
    """

    table: pd.DataFrame
    problems: tuple[Problem, ...]
    fitted: Mapping[str, StoredEstimator] = field(default_factory=dict)
    reliability: Reliability | None = None
