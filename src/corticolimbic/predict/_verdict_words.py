"""The sentence that stands beside a verdict, with the figures that it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from corticolimbic.predict._verdict_figures import COVARIATES, TOGETHER, Figures, Interval
from corticolimbic.predict._verdict_scale import Scale

_NAMES = {"auc": "AUC", "pearson_r": "r"}
_ASSOCIATION = {"auc": "log odds ratio per SD", "pearson_r": "partial r"}


def shown(interval: Interval) -> str:
    """Return ``0.64 [0.58, 0.70]``."""
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def own(figures: Figures) -> str:
    """Return the main figure in words."""
    return f"within sites {_NAMES[figures.metric]} {shown(figures.own)}, n {figures.own.n}"


def tests(figures: Figures) -> str:
    """Return q and over how many markers it is."""
    q = "< 0.001" if figures.q < 0.001 else f"{figures.q:.3f}"
    return f", q {q} over {figures.family} named marker{'s' if figures.family != 1 else ''}"


def covariates(names: Sequence[str]) -> str:
    """Return covariates as a list in words."""
    known = [COVARIATES.get(name, name) for name in names]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}" if known else ""


def nothing_judged(figures: Figures) -> str:
    """Say that there is no interval to rest a verdict on."""
    return f"{figures.scored} people have a score, too few of them with this outcome for an interval"


def state(figures: Figures) -> str:
    """Say what a state marker shows, and that it is no prediction."""
    if not figures.own.known:
        return "published as a mark of a state, not as a predictor"
    return f"published as a mark of a state, not as a predictor; {own(figures)}"


def absent(figures: Figures, scale: Scale) -> str:
    """Say that the interval lies within the smallest effect of interest."""
    return (
        f"{own(figures)}: the interval lies within the smallest effect of interest "
        f"({scale.low:.2f} to {scale.high:.2f})"
    )


def undecided(figures: Figures, scale: Scale) -> str:
    """Say that the interval holds both no effect and effects of interest, and what pooling suggests."""
    bounds = [scale.low] * (figures.own.low <= scale.low) + [scale.high] * (figures.own.high >= scale.high)
    ends = " and ".join(f"{bound:.2f}" for bound in bounds)
    line = f"{own(figures)}: the interval holds no effect ({figures.none:g}) and reaches effects of interest"
    line += f" ({ends})" if ends else ""
    if figures.pooled.known and figures.pooled.low > figures.none:
        line += (
            f"; pooled over sites {_NAMES[figures.metric]} {shown(figures.pooled)}, which site may explain"
        )
    return line


def survives(figures: Figures, standing: int) -> str:
    """Say what the marker survived, and what it was not held against."""
    line = own(figures) + tests(figures)
    given = figures.held_against
    if figures.adjusted.known:
        what = covariates(given) or "all covariates"
        line += f"; given {what} the {_ASSOCIATION[figures.metric]} is {shown(figures.adjusted)}"
    elif given:
        line += f"; stands given {covariates(given)}, each alone"
    if figures.sweep:
        line += f"; holds at {standing} of {len(figures.sweep)} other thresholds"
    lacking = [name for name in COVARIATES if name not in given]
    return line + (f"; not held against {covariates(lacking)}" if lacking else "")


def by_site(figures: Figures, before: Interval, after: Interval) -> str:
    """Say what was there over all people, and what is left within sites."""
    name = _NAMES[figures.metric] if figures.pooled.known else _ASSOCIATION[figures.metric]
    return f"over all people {name} {shown(before)}, within sites {shown(after)}, n {figures.own.n}"


def by_covariate(figures: Figures, covariate: str, also: Sequence[str]) -> str:
    """Say what the association was, and what is left of it given the covariate."""
    what = covariates(figures.held_against) if covariate == TOGETHER else covariates([covariate])
    alone = ", none of them alone explaining it" if covariate == TOGETHER else ""
    others = (
        f"; so do {covariates(also)}" if len(also) > 1 else f"; so does {covariates(also)}" if also else ""
    )
    return (
        f"{_ASSOCIATION[figures.metric]} {shown(figures.crude)}, given {what} "
        f"{shown(figures.given[covariate])}{alone}{others}; {own(figures)}"
    )


def one_threshold(figures: Figures, fallen: int) -> str:
    """Say at how many other thresholds of the outcome it is gone."""
    values = [one.value for one in figures.sweep.values()]
    return (
        f"{own(figures)} at the primary threshold, gone at {fallen} of {len(values)} others "
        f"(AUC {min(values):.2f} to {max(values):.2f})"
    )


def unsettled(figures: Figures) -> str:
    """Say which adjusted figure keeps an effect from counting."""
    if figures.adjusted.known:
        what, given = covariates(figures.held_against) or "all covariates", figures.adjusted
    else:
        worst = min(figures.held_against, key=lambda name: figures.given[name].low, default="")
        if not worst:
            return ""
        what, given = covariates([worst]), figures.given[worst]
    crude = f" (without {shown(figures.crude)})" if figures.crude.known else ""
    return f"; given {what} the {_ASSOCIATION[figures.metric]} is {shown(given)}{crude}"
