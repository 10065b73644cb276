"""AUC of a fixed score within sites, and combined over them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._judged import ALL_SITES, IN_SAMPLE, MINIMUM_PEOPLE
from corticolimbic.predict._question import Question
from corticolimbic.predict._sample import Row, Sample
from corticolimbic.stats import Auc, Estimate, auc, combine_auc

NOT_STATED = "the marker states no direction: judged as it is"


def class_rows(
    sample: Sample, question: Question, in_sample: pd.DataFrame, note: str = ""
) -> tuple[list[Row], list[Problem]]:
    """Return the AUC of each site and of all, its heterogeneity and its ceiling.

    Parameters
    ----------
    sample
        External people.
    question
        The outcome.
    in_sample
        People who trained the marker, scores oriented: judged apart, without p.
    note
        Of every AUC.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    found: dict[str, Auc] = {}
    for site, people in sample.people.groupby("site", sort=True):
        one = _judged(sample, str(site), people, problems)
        if one is not None:
            found[str(site)] = one
            rows.append(sample.row("auc", one, site=str(site), note=note))
    for site, people in in_sample.groupby("site", sort=True):
        one = _judged(sample, str(site), people, problems)
        if one is not None:
            known = replace(one, p=np.nan)
            rows.append(sample.row("auc", known, site=str(site), scheme=IN_SAMPLE, note=note))
    if sample.site == ALL_SITES and found:
        rows += _over_sites(sample, found, note)
    if found and np.isfinite(question.ceiling):
        rows.append(_ceiling(sample, question))
    return rows, problems


def _judged(sample: Sample, site: str, people: pd.DataFrame, problems: list[Problem]) -> Auc | None:
    if len(people) < MINIMUM_PEOPLE:
        problems.append(problem("CL702", found=f"{sample.name}, {site}: {len(people)} people"))
        return None
    one = auc(people["score"].to_numpy(dtype=float), people["outcome"].to_numpy(dtype=float))
    if not np.isfinite(one.se):
        counts = f"{one.n_cases} of {one.n} of class 1"
        problems.append(problem("CL713", found=f"{sample.name}, {site}: {one.reason} ({counts})"))
    return one


def _over_sites(sample: Sample, found: dict[str, Auc], note: str) -> list[Row]:
    names, combined = list(found), combine_auc(list(found.values()))
    lost = "; ".join(f"without {names[place]}: {why}" for place, why in combined.left_out)
    few = "two sites or fewer say little of heterogeneity" if combined.k <= 2 else ""
    parts = "; ".join(part for part in (note, lost) if part)
    spread = Estimate(combined.i2, np.nan, np.nan, combined.p_q, combined.n)
    pooled = auc(sample.score, sample.outcome)
    beside = "sites ignored: what tells sites apart counts too; shown beside, not evidence"
    return [
        sample.row("auc", combined, note=parts),
        sample.row("auc_pooled", replace(pooled, p=np.nan), note=beside),
        sample.row("auc_heterogeneity", spread, note=f"I2, and p of Cochran's Q; {few}".rstrip("; ")),
    ]


def _ceiling(sample: Sample, question: Question) -> Row:
    value = Estimate(question.ceiling, np.nan, np.nan, np.nan, len(sample.people))
    note = "AUC against the recorded class of a marker that knows the true class"
    if np.isfinite(question.ceiling_levels):
        note += f"; knowing true pain at both ends: {question.ceiling_levels:.3f}"
    return sample.row("auc_ceiling", value, note=note)
