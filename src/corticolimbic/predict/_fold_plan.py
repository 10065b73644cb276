"""How people are left out: whole centres where there are two, else stratified folds."""

from __future__ import annotations

from collections import Counter

import numpy as np

from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._judging_settings import JudgingSettings
from corticolimbic.predict._sample import Sample
from corticolimbic.stats import Folds, centres_left_out, stratified_folds


def fold_plan(
    sample: Sample, settings: JudgingSettings, rng: np.random.Generator, *, is_class: bool
) -> tuple[Folds | None, list[Problem]]:
    """Return who is left out together; None, with problem CL714, where there are too few people.

    Parameters
    ----------
    sample
        External people.
    settings
        How many people make a centre; folds and repeats.
    rng
        Random stream of the folds.
    is_class
        Whether the outcome is a class.
    """
    sizes = Counter(sample.sites)
    if sum(size >= settings.minimum_centre for size in sizes.values()) >= 2:
        return centres_left_out(sample.sites), []
    return k_folds(sample, settings, rng, is_class=is_class)


def k_folds(
    sample: Sample, settings: JudgingSettings, rng: np.random.Generator, *, is_class: bool
) -> tuple[Folds | None, list[Problem]]:
    """Return stratified folds; None, with problem CL714, where a class or all people are too few."""
    outcome = sample.outcome
    n_cases = int(outcome.sum()) if is_class else outcome.size
    smallest = min(n_cases, outcome.size - n_cases) if is_class else outcome.size // 2
    k = min(settings.folds, smallest)
    if k < 2 or outcome.size < 2 * settings.minimum_centre:
        counts = f"{outcome.size} people" + (f", {smallest} of the smaller class" if is_class else "")
        return None, [problem("CL714", found=f"{sample.name}: {counts}")]
    return stratified_folds(outcome, rng, k=k, repeats=settings.repeats), []
