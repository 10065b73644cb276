"""Association of a score with the outcome given covariates, what it adds, and how it replicates."""

from __future__ import annotations

from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._covariates import SETS
from corticolimbic.predict._question import Candidate, Question
from corticolimbic.predict._sample import Row, Sample
from corticolimbic.stats import (
    Estimate,
    adjusted_correlation,
    adjusted_log_odds,
    gain_in_log_likelihood,
    gain_in_r2,
    replication_bayes_factor,
    score_test,
)

_EVENTS = 5
"""With fewer people of the smaller class to a column, a note says so."""


def association_rows(
    sample: Sample, candidate: Candidate, question: Question
) -> tuple[list[Row], list[Problem]]:
    """Return ``association``, the same given each set of covariates, the increments, and the Bayes factor.

    Parameters
    ----------
    sample
        External people.
    candidate
        What is judged, with the published test.
    question
        The outcome.
    """
    rows = [_row(sample, question, "association", ())]
    for name, wanted in SETS.items():
        if not all(one in sample.covariates.lacking(wanted) for one in wanted):
            rows.append(_row(sample, question, f"association|{name}", wanted))
    lacking = sample.covariates.lacking(SETS["all"])
    problems = []
    if lacking:
        problems.append(problem("CL715", found=f"{sample.name}: {', '.join(map(_word, lacking))}"))
    pain = sample.covariates.matrix(("baseline_pain",))
    if pain.shape[1]:
        gain = gain_in_log_likelihood if question.is_class else gain_in_r2
        metric = "increment_loglik" if question.is_class else "increment_r2"
        found = gain(sample.score, sample.outcome, pain)
        rows.append(sample.row(metric, found, note="over baseline pain alone"))
    original = candidate.original(is_class=question.is_class)
    if original is not None and candidate.sign:
        rows.append(_replication(sample, question, *original))
    return rows, problems


def _row(sample: Sample, question: Question, metric: str, wanted: tuple[str, ...]) -> Row:
    matrix = sample.covariates.matrix(wanted)
    adjusted = adjusted_log_odds if question.is_class else adjusted_correlation
    found = adjusted(sample.score, sample.outcome, matrix)
    parts = ["log odds ratio per SD of the score" if question.is_class else "partial correlation"]
    lacking = sample.covariates.lacking(wanted)
    if lacking:
        parts.append(f"without {', '.join(map(_word, lacking))}, which is lacking")
    if wanted and found.n < len(sample.people):
        parts.append(f"{len(sample.people) - found.n} people lack a covariate")
    smaller = min(int(sample.outcome.sum()), len(sample.people) - int(sample.outcome.sum()))
    if question.is_class and smaller < _EVENTS * (matrix.shape[1] + 1):
        parts.append(f"{smaller} people of the smaller class for {matrix.shape[1] + 1} columns: few")
    return sample.row(metric, found, note="; ".join(parts))


def _word(name: str) -> str:
    return "more than one site" if name == "site" else name.replace("_", " ")


def _replication(sample: Sample, question: Question, original: object, place: str) -> Row:
    test = score_test(
        sample.score, sample.outcome, sample.covariates.matrix(("site",)), is_class=question.is_class
    )
    nan = float("nan")
    value, reason = nan, "" if test is not None else "no t test"
    try:
        if test is not None:
            value = replication_bayes_factor(original, test)  # type: ignore[arg-type]
    except OverflowError:
        reason = "too large a t for the noncentral density"
    found = Estimate(value, nan, nan, nan, len(sample.people), reason)
    note = f"original: {place}; above 1 speaks for its effect, below 1 for none; within sites"
    return sample.row("bf_replication", found, note=note)
