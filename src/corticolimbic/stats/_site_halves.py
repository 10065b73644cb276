"""Site effects before and after harmonisation, in people that it did not learn from (METHODS M-6)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.foundation import problem
from corticolimbic.stats._combat import ComBat
from corticolimbic.stats._combat_covariance import CovBat
from corticolimbic.stats._combat_design import site_names
from corticolimbic.stats._combat_longitudinal import LongitudinalComBat
from corticolimbic.stats._effect_rows import Found
from corticolimbic.stats._joined_tables import SITE
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._site_effects import site_effects

SEED = 6110
"""Of the halves, the folds and the permutations; chosen before the first run."""
PERMUTATIONS, DECODINGS = 199, 19
"""Shuffles of sites behind the intervals of tests and of decoding."""
LEAST = 10
"""People of a site that is halved: five are tested."""


def halves(
    values: pd.DataFrame,
    table: pd.DataFrame,
    learner: ComBat | CovBat | LongitudinalComBat,
    keep: tuple[str, ...],
    named: tuple[str, str],
    found: Found,
) -> None:
    """Learn from half of each site's people and add the other half's site effects, before and after.

    Once a table: what is kept differs little between questions. Of several visits each person's first one is
    tested.

    Parameters
    ----------
    values, table
        Features, and site and covariates, indexed alike.
    learner
        Harmonisation as declared.
    keep
        Covariates whose effects are not effects of sites.
    named
        Place and method, as the rows have them.
    found
        Where the rows are added.
    """
    place, method = named
    if any(place == rows["place"].iloc[0] for rows in found.site_effects):
        return
    rng = np.random.default_rng(SEED)
    try:
        rows = _tested(values, table, learner, keep, method, rng)
    except ModelError as error:
        found.problems.append(problem("CL615", found=f"{place}: {error.reason}"))
        return
    found.site_effects.append(rows.assign(place=place))
    for row in rows[(rows["stage"] == "after") & (rows["note"] != "")].to_dict("records"):
        found.problems.append(problem("CL617", found=f"{place}, {row['what']}: {row['note']}"))


def _tested(
    values: pd.DataFrame,
    table: pd.DataFrame,
    learner: ComBat | CovBat | LongitudinalComBat,
    keep: tuple[str, ...],
    method: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    plain = [name for name in keep if ":" not in name]
    whole = table[[SITE, *plain]].replace("", None).notna().all(axis=1)
    table = table[whole].assign(**{SITE: site_names(table[whole], SITE)})
    first = table[~_person(table.index).duplicated()]
    sizes = first[SITE].value_counts()
    large = set(sizes.index[sizes >= LEAST])
    if len(large) < 2:
        raise ModelError(f"halves need two sites of {LEAST} people who have everything", (SITE,))
    table, first = table[table[SITE].isin(large)], first[first[SITE].isin(large)]
    learnt: set[str] = set()
    for site in sorted(large):
        here = np.array(sorted(_person(first.index[first[SITE] == site])))
        learnt |= set(rng.permutation(here)[: here.size // 2])
    inside = _person(table.index).isin(learnt)
    rest = table[~inside]
    fitted = learner.fit(values.loc[table.index[inside]], table[inside])
    tested = first.index[~_person(first.index).isin(learnt)]
    after = fitted.transform(values.loc[rest.index], rest).loc[tested]
    people = rest.loc[tested]
    seen = tuple(name for name in plain if people[name].nunique() > 1)
    stages = {"before": values.loc[tested], "after": after}
    rows = [
        site_effects(
            part,
            people,
            rng,
            keep=seen,
            site=SITE,
            method=method,
            stage=stage,
            permutations=PERMUTATIONS,
            decoding_permutations=DECODINGS,
        )
        for stage, part in stages.items()
    ]
    return pd.concat(rows, ignore_index=True)


def _person(index: pd.Index) -> pd.Index:
    return index.get_level_values(0).astype(str)
