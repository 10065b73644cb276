"""The three centres of Spisak et al. 2020, as docs/harmonisation.md declares it; skipped without the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from corticolimbic.stats import ComBat, CovBat, site_effects

KEEP = ("age", "sex")


def _edges(series: np.ndarray) -> np.ndarray:
    z = np.arctanh(np.clip(np.corrcoef(series.T), -0.999999, 0.999999))
    return z[np.triu_indices(len(z), 1)]


def _icc(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return ICC(3,1) of two halves by feature: (MSB - MSE) / (MSB + MSE)."""
    both = np.stack([first, second])
    centred = both - both.mean(axis=1, keepdims=True)
    between = 2 * centred.mean(axis=0).var(axis=0, ddof=1)
    error = ((first - second) - (first - second).mean(axis=0)).var(axis=0, ddof=1) / 2
    return (between - error) / (between + error)


def _partial(values: np.ndarray, people: pd.DataFrame, name: str) -> np.ndarray:
    """Return each edge's partial correlation with one covariate, the other and the sites in the model."""
    sites = pd.get_dummies(people["site"]).to_numpy(float)
    columns = {"age": people["age"].to_numpy(float), "sex": (people["sex"] == "M").to_numpy(float)}
    wanted = columns.pop(name)
    rest = np.column_stack([sites, *columns.values()])
    project = np.eye(len(rest)) - rest @ np.linalg.pinv(rest)
    x, y = project @ wanted, project @ values
    return (x @ y) / np.sqrt((x @ x) * (y**2).sum(axis=0))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["combat", "covbat"])
def test_three_centres_before_and_after(shared_data: Path, method: str) -> None:
    people, (values, early, late) = _centres(shared_data / "rpn")
    rng = np.random.default_rng(6111)
    learnt = np.zeros(len(people), dtype=bool)
    for site in sorted(people["site"].unique()):
        here = np.flatnonzero(people["site"] == site)
        learnt[rng.permutation(here)[: here.size // 2]] = True
    combat = ComBat(keep=KEEP)
    fitted = (combat if method == "combat" else CovBat(combat)).fit(values[learnt], people)
    tested = people[~learnt].dropna(subset=list(KEEP))
    before = tuple(one.loc[tested.index] for one in (values, early, late))
    after = tuple(fitted.transform(one, people) for one in before)
    dummies = pd.get_dummies(tested["site"]).to_numpy(float)
    within = np.eye(len(tested)) - dummies @ np.linalg.pinv(dummies)
    figures = {}
    for stage, tables in (("before", before), (method, after)):
        one, two = (table.to_numpy() for table in tables[1:])
        figures[stage] = np.median(_icc(one, two)), np.median(_icc(within @ one, within @ two))
    kept = {
        name: np.corrcoef(*(_partial(part[0].to_numpy(), tested, name) for part in (before, after)))[0, 1]
        for name in KEEP
    }
    print(len(tested), "people tested; ICC, ICC within site:", figures, "kept:", kept, flush=True)
    assert min(kept.values()) > 0.95
    assert figures[method][1] > figures["before"][1] - 0.02
    told = site_effects(after[0], tested, np.random.default_rng(6112), keep=KEEP, method=method)
    print(told[["what", "value", "low", "high", "note"]].to_string(), flush=True)
    few = {"permutations": 1, "decoding_permutations": 1}
    plain = site_effects(before[0], tested, np.random.default_rng(6112), keep=KEEP, **few)
    drop = plain["value"] - told["value"]
    assert (drop > 0).all()


def _centres(root: Path) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Return people, and Fisher z of every edge over the whole run, its first and its second half."""
    people = pd.read_csv(root / "participants.tsv", sep="\t", index_col=0, na_values="n/a")
    found: list[dict[str, np.ndarray]] = [{}, {}, {}]
    for person in people.index:
        path = next((root / person).rglob("*_seg-MIST122_stat-mean_timeseries.tsv"))
        table = pd.read_csv(path, sep="\t")
        gone = [name for name in table if name.lower() in {"globsig", "global_signal"} or name == "CER7b_l"]
        cells = table.drop(columns=gone).to_numpy(float)
        middle = len(cells) // 2
        for into, part in zip(found, (cells, cells[:middle], cells[middle:]), strict=True):
            into[person] = _edges(part)
    tables = [pd.DataFrame(one).T for one in found]
    good = np.all([np.isfinite(one.to_numpy()).all(axis=0) for one in tables], axis=0)
    return people, [one.loc[:, good] for one in tables]
