"""Cohorts over all their visits as tables, and what the declared model of change makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.simulate._group_truth import rated_group
from corticolimbic.simulate._people import Person, moving, person, session_name, site_name
from corticolimbic.simulate._planted import check_planted
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._table_cohort import SEED_LIMIT, TableCohort, assembled, wishart
from corticolimbic.simulate._truth import edge_correlations, edge_names
from corticolimbic.simulate._visit_model import Visit, visit_model
from corticolimbic.stats import Combination, MixedEffects, aligned, mixed_model, visit_design

EFFECTS = ("group", "years", "group:years", "pain", "age", "sex", "mean_fd")
"""Fixed effects of the declared model of change, beside the site."""
GROUP, CHANGE = "group[persistent]", "group[persistent]:years"
BETWEEN, WITHIN, REVERSAL = "pain[person mean]", "pain[deviation]", "pain: within - between"
CONTRASTS = (GROUP, CHANGE, BETWEEN, WITHIN, REVERSAL)
_CHUNK = 2000


def visit_cohort(settings: SimulateSettings, rng: np.random.Generator) -> TableCohort:
    """Draw a study as tables over all visits: `table_cohort` with features at every visit that took place.

    Couplings follow what is planted at each visit: the group's change over time, the person's own slope, the
    person's mean pain and its deviation. Motion is drawn anew at each visit, the anatomy stays.

    Parameters
    ----------
    settings
        The study; its seed is not used.
    rng
        Source of the study's own seed, and of the draws.

    Returns
    -------
    TableCohort
        ``expected`` is indexed by participant_id and session_id.

    Raises
    ------
    SettingsError
        Where the settings make no stable network, or runs are too short.
    """
    check_planted(settings)
    drawn = settings.model_copy(update={"seed": int(rng.integers(SEED_LIMIT))})
    people = [person(drawn, index) for index in range(drawn.people)]
    visits = [(one, month) for one in people for month in one.months]
    mean_fd, covariance = _expected(settings, visits, rng)
    model = visit_model(settings).base
    kept = model.kept(mean_fd)
    values = edge_correlations(wishart(covariance, model.dof * kept, rng))
    keys = [(one.participant_id, session_name(month)) for one, month in visits]
    index = pd.MultiIndex.from_tuples(keys, names=["participant_id", "session_id"])
    expected = pd.DataFrame(
        np.arctanh(edge_correlations(covariance)), index=index, columns=list(edge_names())
    )
    return assembled(settings, people, keys, values, mean_fd, kept, expected)


def visit_table(
    people: list[Person] | tuple[Person, ...], visits: list[Visit], mean_fd: np.ndarray
) -> pd.DataFrame:
    """Return what the declared model of change needs of each visit, by participant_id and session_id.

    Parameters
    ----------
    people
        Everybody; the groups are those of their ratings.
    visits
        Whose visits, in which month.
    mean_fd
        Mean framewise displacement at each, in mm.
    """
    groups = {one.participant_id: "" if one.control else rated_group(one) for one in people}
    table = pd.DataFrame(
        {
            "person": [one.participant_id for one, _ in visits],
            "group": [groups[one.participant_id] for one, _ in visits],
            "years": [month / 12 for _, month in visits],
            "pain": [one.ratings.get(month, np.nan) for one, month in visits],
            "age": [one.age for one, _ in visits],
            "sex": [one.sex for one, _ in visits],
            "mean_fd": mean_fd,
            "site": [site_name(one.site) for one, _ in visits],
        }
    )
    names = [session_name(month) for _, month in visits]
    return table.set_index(pd.MultiIndex.from_arrays([table["person"], names]))


def declared_change(table: pd.DataFrame, z: pd.DataFrame) -> MixedEffects:
    """Return what the declared model of change finds, with `REVERSAL` beside its columns.

    Parameters
    ----------
    table
        From `visit_table`.
    z
        Fisher z of the edges, rows as in ``table``.

    Raises
    ------
    ModelError
        The model cannot be estimated in these people.
    """
    site = "site" if table["site"].nunique() > 1 else None
    usable = table[table["group"] != ""]
    model = visit_design(usable, "person", "years", EFFECTS, site, references={"group": "recovered"})
    both = (Combination(REVERSAL, (WITHIN, BETWEEN), (1.0, -1.0)),)
    return mixed_model(aligned(z, model), model, combinations=both)


def population_changes(settings: SimulateSettings, n_people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return what the declared model of change estimates in endless studies: `CONTRASTS` by edge, in z.

    A study of many people is measured with all its noise, so that the model's weights are those of a real
    study: errors of ratings, wrong groups and losses are in the values, as they are in any study's estimate.

    Parameters
    ----------
    settings
        The study; its number of people is not used.
    n_people
        Of the large study. The standard error is that of the study itself times the root of the ratio of
        people.
    rng
        Source of its seed and draws.
    """
    drawn = settings.model_copy(update={"seed": int(rng.integers(SEED_LIMIT)), "people": n_people})
    model = visit_model(settings).base
    people, visits, z, moved = [], [], [], []
    for first in range(0, n_people, _CHUNK):
        some = [person(drawn, index) for index in range(first, min(first + _CHUNK, n_people))]
        here = [(one, month) for one in some for month in one.months]
        mean_fd, covariance = _expected(settings, here, rng)
        values = edge_correlations(wishart(covariance, model.dof * model.kept(mean_fd), rng))
        people += some
        visits += here
        z.append(np.arctanh(values))
        moved.append(mean_fd)
    table = visit_table(people, visits, np.concatenate(moved))
    frame = pd.DataFrame(np.concatenate(z), index=table.index, columns=list(edge_names()))
    return change_table(declared_change(table, frame))


def change_table(fit: MixedEffects) -> pd.DataFrame:
    """Return the estimates of `CONTRASTS` (columns) of every edge."""
    rows = {name: fit.estimate[fit.row(name)] for name in CONTRASTS}
    return pd.DataFrame(rows, index=pd.Index(edge_names(), name="target"))


def _expected(
    settings: SimulateSettings, visits: list[Visit], rng: np.random.Generator
) -> tuple[Float[np.ndarray, " visits"], Float[np.ndarray, "visits nodes nodes"]]:
    model = visit_model(settings)
    tends = np.array([moving(settings, one, month).motion for one, month in visits])
    mean_fd = tends * np.exp(0.15 * rng.standard_normal(len(visits)))
    names = list(dict.fromkeys(one.participant_id for one, _ in visits))
    own = dict(zip(names, rng.integers(model.base.other.shape[1], size=len(names)).tolist(), strict=True))
    anatomy = np.array([own[one.participant_id] for one, _ in visits], dtype=np.int64)
    return mean_fd, model.covariance(settings, visits, anatomy, mean_fd)
