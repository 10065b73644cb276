"""What a model over visits left out or could not estimate, as problems."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._mixed import MixedEffects
from corticolimbic.stats._visit_design import VisitDesign
from corticolimbic.stats._weighted_visits import WeightedVisits

_NAMED = 3  # features that are named beside their number


def mixed_problems(
    design: VisitDesign, effects: MixedEffects | WeightedVisits, features: Sequence[str], place: str
) -> list[Problem]:
    """Return what was set aside: visits (CL604), features (CL603), and results to read with care (CL605).

    Features with the same reason or note are one problem.

    Parameters
    ----------
    design
        The model; where its keys are pairs, they are person and session.
    effects
        What `mixed_model`, or the weighted GEE, found.
    features
        Names, in the order of the effects.
    place
        Which set of tests this is.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from corticolimbic.stats import mixed_model, visit_design
    >>> visits = pd.DataFrame({"person": ["a", "a", "b", "b"], "year": [0.0, 1.0, 0.0, None]})
    >>> model = visit_design(visits, "person", "year", ("year",))
    >>> fit = mixed_model(np.zeros((3, 1)), model)
    >>> [(one.code, one.found) for one in mixed_problems(model, fit, ["NAc--mPFC"], "rest")]
    [('CL604', 'missing: year; rest'), ('CL603', 'rest: 2 people have the feature, of 10 needed: NAc--mPFC')]
    """
    found = []
    for item in design.left_out:
        person, session = _who(item.person)
        words = f"{item.reason}; {place}"
        found.append(problem("CL604", found=words, participant_id=person, session_id=session))
    found += [problem("CL603", found=f"{place}: {words}") for words in _told(effects.reason, features)]
    return found + [problem("CL605", found=f"{place}: {words}") for words in _told(effects.note, features)]


def _told(reasons: Sequence[str], features: Sequence[str]) -> list[str]:
    """Return each reason once, with the features that it holds for."""
    told: dict[str, list[str]] = {}
    for reason, feature in zip(reasons, features, strict=True):
        if reason:
            told.setdefault(reason, []).append(feature)
    return [
        f"{reason}: {', '.join(names[:_NAMED])}"
        + (f" and {len(names) - _NAMED} others" if len(names) > _NAMED else "")
        for reason, names in told.items()
    ]


def _who(key: Hashable) -> tuple[str, str]:
    """Return person and session of a visit's key."""
    if isinstance(key, tuple) and len(key) == 2:
        return str(key[0]), str(key[1])
    return str(key), ""
