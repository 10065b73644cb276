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
def test_three_centres_before_and_after(shared_data: Path) -> None:
    root = shared_data / "rpn"
    people = pd.read_csv(root / "participants.tsv", sep="\t", index_col=0, na_values="n/a")
    whole, first, second = {}, {}, {}
    for person in people.index:
        path = next((root / person).rglob("*_seg-MIST122_stat-mean_timeseries.tsv"))
        table = pd.read_csv(path, sep="\t")
        series = table[[name for name in table if name.lower() not in {"globsig", "global_signal"}]]
        series = series.drop(columns=[name for name in series if name == "CER7b_l"])
        cells, middle = series.to_numpy(float), len(series) // 2
        whole[person], first[person], second[person] = (
            _edges(cells),
            _edges(cells[:middle]),
            _edges(cells[middle:]),
        )
    values, early, late = (pd.DataFrame(one).T for one in (whole, first, second))
    good = np.isfinite(values.to_numpy()).all(axis=0)
    good &= np.isfinite(early.to_numpy()).all(axis=0) & np.isfinite(late.to_numpy()).all(axis=0)
    values, early, late = (one.loc[:, good] for one in (values, early, late))
    print("people", len(people), "edges", values.shape[1])  # noqa: T201 - figures for the page
    rng = np.random.default_rng(6111)
    learnt = np.zeros(len(people), dtype=bool)
    for site in sorted(people["site"].unique()):
        here = np.flatnonzero(people["site"] == site)
        learnt[rng.permutation(here)[: here.size // 2]] = True
    tested = people[~learnt]
    dummies = pd.get_dummies(tested["site"]).to_numpy(float)
    within = np.eye(len(tested)) - dummies @ np.linalg.pinv(dummies)
    out = {"before": (values[~learnt], early[~learnt], late[~learnt])}
    for name, learner in (("combat", ComBat(keep=KEEP)), ("covbat", CovBat(ComBat(keep=KEEP)))):
        fitted = learner.fit(values[learnt], people)
        out[name] = tuple(fitted.transform(one[~learnt], people) for one in (values, early, late))
    found = {}
    for name, (all_of_it, one, two) in out.items():
        rows = site_effects(all_of_it, tested, np.random.default_rng(6112), keep=KEEP, method=name)
        print(name, rows[["what", "value", "low", "high", "note"]].to_string())  # noqa: T201
        icc = np.median(_icc(one.to_numpy(), two.to_numpy()))
        inside = np.median(_icc(within @ one.to_numpy(), within @ two.to_numpy()))
        kept = [
            np.corrcoef(
                _partial(all_of_it.to_numpy(), tested, which),
                _partial(out["before"][0].to_numpy(), tested, which),
            )[0, 1]
            for which in KEEP
        ]
        print(name, "icc", icc, "within site", inside, "age, sex", kept)  # noqa: T201
        found[name] = (rows.set_index("what")["value"], inside, kept)
    for name in ("combat", "covbat"):
        assert found[name][0]["mean"] < found["before"][0]["mean"]
        assert min(found[name][2]) > 0.95
        assert found[name][1] > found["before"][1] - 0.02
