"""The rules by which a marker's verdict is given, in the order in which they are asked; the first holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from corticolimbic.predict import _verdict_words as words
from corticolimbic.predict._verdict_figures import COVARIATES, TOGETHER, Figures, Interval
from corticolimbic.predict._verdict_scale import scale_of
from corticolimbic.predict._verdict_settings import VerdictSettings

SURVIVES, ABSENT, OPPOSITE, INCONCLUSIVE = "survives", "absent", "opposite", "inconclusive"
ONE_THRESHOLD, STATE, IN_SAMPLE_ONLY = "one threshold only", "state marker", "in-sample only"
TOO_FEW, NOT_COMPUTABLE = "too few", "not computable"
BY_SITE = "explained by site"
_JOINTLY = "covariates together"


def explained_by(covariate: str) -> str:
    """Return the verdict for a covariate: ``explained by motion``."""
    return f"explained by {COVARIATES.get(covariate, covariate)}"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Parameters
    ----------
    verdict
        What is said where it holds; empty where the rule names the covariate itself.
    asks
        The rule in words, with its reason.
    decide
        From figures and bounds to verdict and sentence, or None where the rule does not hold.
    """

    verdict: str
    asks: str
    decide: Callable[[Figures, VerdictSettings], tuple[str, str] | None]


def verdict(figures: Figures, settings: VerdictSettings) -> tuple[str, str]:
    """Return verdict and reason: those of the first rule that holds.

    Parameters
    ----------
    figures
        Of one marker against one outcome in one population.
    settings
        The bounds.
    """
    answers = (rule.decide(figures, settings) for rule in VERDICT_RULES)
    return next(answer for answer in answers if answer is not None)


def _not_computable(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    if figures.computed:
        return None
    needs = "; ".join(figures.marker.needs) or "an input that is not named"
    return NOT_COMPUTABLE, figures.status or f"not computable: needs {needs}"


def _state(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    if figures.marker.role != "state":
        return None
    return STATE, words.state(figures)


def _in_sample(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    if figures.metric or not figures.in_sample:
        return None
    return IN_SAMPLE_ONLY, "everybody who could be judged trained the marker: no evidence for or against it"


def _too_few(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    if not figures.own.known:
        return TOO_FEW, words.nothing_judged(figures)
    if figures.own.n < settings.minimum_people:
        return TOO_FEW, f"{figures.own.n} people were judged, fewer than {settings.minimum_people}"
    if 0 <= figures.fewest < settings.minimum_class:
        return TOO_FEW, f"the smaller class has {figures.fewest} people, fewer than {settings.minimum_class}"
    return None


def _no_direction(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    if figures.marker.sign:
        return None
    scale = scale_of(figures, settings)
    if scale.negligible(figures.own):
        return ABSENT, words.absent(figures, scale)
    return INCONCLUSIVE, (
        f"{words.own(figures)}; no direction was published, so that nothing found here could contradict it"
    )


def _opposite(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    scale = scale_of(figures, settings)
    below = figures.own.high < figures.none and figures.q < settings.alpha
    kept = not figures.adjusted.known or figures.adjusted.high < 0
    if not (below and kept) or scale.negligible(figures.own):
        return None
    return OPPOSITE, f"{words.own(figures)}{words.tests(figures)}: against the published direction"


def _holds(figures: Figures, settings: VerdictSettings) -> bool:
    """Tell whether there is an effect as published within sites, counting all named markers."""
    large = not scale_of(figures, settings).negligible(figures.own)
    return figures.own.low > figures.none and figures.q < settings.alpha and large


def kept_given_covariates(figures: Figures, settings: VerdictSettings) -> bool:
    """Tell whether the association stands given what the cohort knows of its people.

    Given all covariates together where that was made, held against the association within sites, else given
    each of them. The declared share must stand, and the interval must exclude that as much has gone: with
    less, one marker of motion in eight survived where motion was measured with a reliability of 0.9.
    """
    if figures.adjusted.known:
        site = figures.given.get("site", Interval())
        return _kept(site if site.known else figures.crude, figures.adjusted, settings)
    return all(_kept(figures.crude, figures.given[name], settings) for name in figures.held_against)


def _kept(reference: Interval, given: Interval, settings: VerdictSettings) -> bool:
    if not reference.known:
        return given.low > 0
    least, rest = settings.kept_share * reference.value, (1 - settings.kept_share) * reference.value
    return given.value >= least and given.low > max(rest, 0.0)


def _survives(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    if not (_holds(figures, settings) and kept_given_covariates(figures, settings)):
        return None
    standing, _ = thresholds(figures, settings)
    if standing < settings.threshold_share * len(figures.sweep):
        return None
    return SURVIVES, words.survives(figures, standing)


def thresholds(figures: Figures, settings: VerdictSettings) -> tuple[int, int]:
    """Return at how many of the other thresholds the marker stands, and from how many it has fallen away.

    Standing: the interval lies above no effect, at no less than the share that a covariate may leave. Fallen:
    less than that share is left of what it had at the primary threshold, which its interval excludes. In
    between, the data do not tell.
    """
    had = figures.own.value - figures.none
    least = figures.none + (1 - settings.explained_share) * had
    fallen = sum(one.value < least and one.high < figures.own.value for one in figures.sweep.values())
    standing = sum(one.value >= least and one.low > figures.none for one in figures.sweep.values())
    return standing, fallen


def _by_site(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    """Pooled over sites there is an effect, within them none, and the interval is narrow enough to say so."""
    scale = scale_of(figures, settings)
    if figures.pooled.known:
        before, after, none = figures.pooled, figures.own, figures.none
        small = scale.negligible(after)
    else:
        before, after, none = figures.crude, figures.given.get("site", Interval()), 0.0
        small = scale.negligible_association(after)
    if not _explains(before, after, none, settings, small=small):
        return None
    return BY_SITE, words.by_site(figures, before, after)


def _explains(
    before: Interval, after: Interval, none: float, settings: VerdictSettings, *, small: bool
) -> bool:
    """Tell whether an effect is gone, or all but a rest that a covariate measured with error may leave.

    Losing significance is not enough: what was there must be excluded.
    """
    if not (before.known and after.known and before.low > none):
        return False
    least = none + (1 - settings.explained_share) * (before.value - none)
    gone = after.low <= none or small or after.high < before.low
    return after.value <= least and after.high < before.value and gone


def _by_covariate(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    scale = scale_of(figures, settings)
    explaining = [
        name
        for name in (*figures.held_against, TOGETHER)
        if name != "site"
        and name in figures.given
        and _explains(
            figures.crude,
            figures.given[name],
            0.0,
            settings,
            small=scale.negligible_association(figures.given[name]),
        )
    ]
    alone = [name for name in explaining if name != TOGETHER]
    if alone:
        best = min(alone, key=lambda name: figures.given[name].value)
        return explained_by(best), words.by_covariate(figures, best, [one for one in alone if one != best])
    if explaining:
        return explained_by(_JOINTLY), words.by_covariate(figures, TOGETHER, [])
    return None


def _one_threshold(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    _, fallen = thresholds(figures, settings)
    if not figures.sweep or not _holds(figures, settings):
        return None
    if fallen < settings.threshold_share * len(figures.sweep):
        return None
    return ONE_THRESHOLD, words.one_threshold(figures, fallen)


def _absent(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    scale = scale_of(figures, settings)
    return (ABSENT, words.absent(figures, scale)) if scale.negligible(figures.own) else None


def _inconclusive(figures: Figures, settings: VerdictSettings) -> tuple[str, str] | None:
    """Say what keeps the data from telling: the last rule, which always holds."""
    own, scale = figures.own, scale_of(figures, settings)
    if own.low <= figures.none <= own.high:
        return INCONCLUSIVE, words.undecided(figures, scale)
    if not figures.q < settings.alpha:
        return INCONCLUSIVE, f"{words.own(figures)}, but{words.tests(figures).removeprefix(',')}"
    if own.high < figures.none:
        return (
            INCONCLUSIVE,
            f"{words.own(figures)}: against the published direction{words.unsettled(figures)}",
        )
    if not kept_given_covariates(figures, settings):
        return INCONCLUSIVE, f"{words.own(figures)}{words.unsettled(figures)}"
    standing, _ = thresholds(figures, settings)
    return INCONCLUSIVE, (
        f"{words.own(figures)}, but it holds at {standing} of {len(figures.sweep)} other thresholds, "
        "and the intervals at the rest do not tell"
    )


VERDICT_RULES = (
    Rule(NOT_COMPUTABLE, "No person has a score: an input is missing.", _not_computable),
    Rule(
        STATE,
        "Published as a mark of a state that one is in: whatever it shows here, it predicts nothing.",
        _state,
    ),
    Rule(IN_SAMPLE_ONLY, "Only people who trained the marker were judged.", _in_sample),
    Rule(TOO_FEW, "Too few people, or too few of one class, for an interval to be trusted.", _too_few),
    Rule(
        "",
        "No direction was published: an effect cannot agree or disagree; absence can still be shown.",
        _no_direction,
    ),
    Rule(
        OPPOSITE,
        "Within sites the interval lies on the other side of no effect, q counts all named markers, and the "
        "same holds given all covariates.",
        _opposite,
    ),
    Rule(
        SURVIVES,
        "Within sites the interval lies above no effect and is not wholly below the smallest of interest; q "
        "counts all named markers; given all covariates the declared share of it stands and the interval "
        "excludes that as much has gone; it stands at the declared share of the other thresholds.",
        _survives,
    ),
    Rule(
        BY_SITE,
        "Over all people there is an effect; within sites at most the declared share is left, the interval "
        "excludes what was there before, and holds no effect, lies within the smallest of interest, or lies "
        "wholly below the interval of what was there.",
        _by_site,
    ),
    Rule(
        "",
        "The same given one covariate, the one that leaves least; or given all of them together. An "
        "adjusted interval that is merely wide explains nothing.",
        _by_covariate,
    ),
    Rule(
        ONE_THRESHOLD,
        "It holds at the primary threshold, and at the declared share of the others less than half of it is "
        "left and the interval excludes what it had.",
        _one_threshold,
    ),
    Rule(ABSENT, "The interval lies wholly within the smallest effect of interest.", _absent),
    Rule(INCONCLUSIVE, "None of these: the data cannot tell.", _inconclusive),
)
"""Asked from first to last; the last always answers."""
