"""Rows of the evaluation from predictions out of fold: within centres first, pooled people only beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from corticolimbic.predict._judged import ALL_SITES, MINIMUM_PEOPLE
from corticolimbic.predict._out_of_fold import SITE, OutOfFold
from corticolimbic.stats import Auc, Estimate, auc, combine_auc, meta_correlation, pearson, placements, skill

Row = dict[str, Any]


def external_sites_of(marker: str) -> str:
    """Return what stands in the column ``site`` where a baseline is judged on the people new to a marker."""
    return f"external sites of {marker}"


def centre_rows(
    where: dict[str, str], found: OutOfFold, rng: np.random.Generator, resamples: int, *, classes: bool
) -> list[Row]:
    """Return the rows of each centre and of all, where every centre was predicted from the others.

    Parameters
    ----------
    where
        Cells that all rows share.
    found
        Predictions, one repeat.
    rng, resamples
        Random stream and number of bootstrap samples of intervals, which are about new people of these
        centres, not about fitting again.
    classes
        Whether the outcome is a class.
    """
    rows: list[Row] = []
    for site, part in _by_site(found):
        if len(part.people) >= MINIMUM_PEOPLE:
            here = {**where, "site": site}
            rows.append(_gain(here, part, rng, resamples, classes=classes))
            rows.append(_row(here, "auc" if classes else "pearson_r", _association(part, classes=classes)))
    return rows + whole_rows({**where, "site": ALL_SITES}, found, rng, resamples, classes=classes)


def whole_rows(
    where: dict[str, str], found: OutOfFold, rng: np.random.Generator, resamples: int, *, classes: bool
) -> list[Row]:
    """Return the rows over several centres: errors summed, associations combined, pooled ones beside.

    Parameters
    ----------
    where
        Cells that all rows share, the column site among them.
    found, rng, resamples, classes
        As for `centre_rows`.
    """
    parts = [part for _, part in _by_site(found) if len(part.people) >= MINIMUM_PEOPLE]
    if not parts:
        return []
    rows = [_gain(where, found, rng, resamples, classes=classes)]
    if classes:
        both = combine_auc([_auc(part) for part in parts])
        rows.append(_row(where, "auc", Estimate(both.value, both.ci_low, both.ci_high, both.p, both.n)))
    else:
        each = [_association(part, classes=False) for part in parts]
        combined = meta_correlation(np.array([one.value for one in each]), np.array([one.n for one in each]))
        whole = Estimate(combined.value, combined.ci_low, combined.ci_high, combined.p, combined.n)
        rows.append(_row(where, "pearson_r", whole))
    pooled = _association(found, classes=classes)
    only = Estimate(pooled.value, np.nan, np.nan, np.nan, pooled.n)  # an artefact needs no interval
    rows.append(_row(where, "auc_pooled" if classes else "pearson_r_pooled", only))
    return rows


def fold_rows(where: dict[str, str], found: OutOfFold, *, classes: bool) -> list[Row]:
    """Return the rows of all centres for folds dealt inside centres.

    Squared errors are summed over people and averaged over repeats; an AUC is made within centre and fold and
    weighted by its pairs. No interval: the folds share their people.

    Parameters
    ----------
    where
        Cells that all rows share.
    found
        Predictions of every repeat.
    classes
        Whether the outcome is a class.
    """
    here = {**where, "site": ALL_SITES}
    n = len(found.people)
    errors = ((found.observed - found.predicted) ** 2).sum(axis=1)
    total = ((found.observed - found.reference) ** 2).sum(axis=1)
    value = float(1 - errors.mean() / total.mean()) if (total > 0).all() else np.nan
    rows = [_row(here, _gain_name(classes=classes), Estimate(value, np.nan, np.nan, np.nan, n))]
    if classes:
        cells = [cell for _, part in _by_site(found) for cell in _fold_aucs(part)]
        pairs = np.array([pair for _, pair in cells])
        values = np.array([one for one, _ in cells])
        value = float(values @ pairs / pairs.sum()) if pairs.sum() else np.nan
        rows.append(_row(here, "auc", Estimate(value, np.nan, np.nan, np.nan, n)))
    return rows


def _by_site(found: OutOfFold) -> Iterator[tuple[str, OutOfFold]]:
    sites = found.people[SITE].to_numpy()
    for site in sorted(set(sites)):
        yield str(site), found.of(sites == site)


def _gain_name(*, classes: bool) -> str:
    return "brier_skill_prevalence" if classes else "q2"


def _gain(
    where: dict[str, str], found: OutOfFold, rng: np.random.Generator, resamples: int, *, classes: bool
) -> Row:
    value = skill(found.observed, found.predicted[0], found.reference[0], rng, resamples=resamples)
    return _row(where, _gain_name(classes=classes), value)


def _association(found: OutOfFold, *, classes: bool) -> Estimate:
    if classes:
        one = _auc(found)
        return Estimate(one.value, one.ci_low, one.ci_high, one.p, one.n, one.reason)
    return pearson(found.predicted[0], found.observed)


def _auc(part: OutOfFold) -> Auc:
    return auc(part.predicted[0], part.observed)


def _fold_aucs(part: OutOfFold) -> Iterator[tuple[float, int]]:
    """Yield the AUC of each repeat and fold of a centre that holds both classes, with its pairs."""
    for predicted, fold in zip(part.predicted, part.fold, strict=True):
        for one in np.unique(fold):
            classes, scores = part.observed[fold == one], predicted[fold == one]
            cases, others = scores[classes == 1], scores[classes == 0]
            if cases.size and others.size:
                yield float(placements(cases, others)[0].mean()), cases.size * others.size


def _row(where: dict[str, str], metric: str, estimate: Estimate) -> Row:
    return {
        **where,
        "metric": metric,
        "value": estimate.value,
        "ci_low": estimate.ci_low,
        "ci_high": estimate.ci_high,
        "p": np.nan,
        "n": estimate.n,
    }
