"""Quality of runs and regions as tables that people open, from the features of all sessions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.measure import GRADES

ALL_SITES = "all"
"""What stands in the column ``site`` for every site together."""
_RUN = ["participant_id", "session_id", "task", "run", "acq", "space", "atlas", "strategy"]
_MADE = ["task", "acq", "space", "atlas", "strategy"]
_WHOLE = "WholeBrain"
_VALUES = ("mean_fd", "max_fd", "censored_share", "tsnr", "global_signal_share")
_LOW = 0.1
"""Quantile that stands for the worst runs."""


def run_quality(features: pd.DataFrame, site: pd.Series) -> pd.DataFrame:
    """Return the quality of every run that has a grade (schema ``quality``).

    Parameters
    ----------
    features
        Schema ``features``, all sessions.
    site
        Of each participant_id.
    """
    whole = features[features["target"] == _WHOLE]
    grades = whole[whole["measure"] == "quality"].set_index(_RUN)
    values = {
        name: whole[whole["measure"] == name].drop_duplicates(_RUN).set_index(_RUN)["value"]
        for name in _VALUES
    }
    regions = _regions(features).groupby(_RUN)["lost"].agg(["size", "sum"])
    rows = []
    for key, row in zip(grades.index, grades.to_dict("records"), strict=True):
        known = regions.loc[key] if key in regions.index else None
        rows.append(
            {
                **dict(zip(_RUN, key, strict=True)),
                "site": site.get(key[0], "n/a"),
                "grade": GRADES[int(row["value"])],
                "reasons": "" if row["qc"] == "ok" else row["qc"],
                **{name: values[name].get(key, np.nan) for name in _VALUES},
                "n_volumes": row["n_volumes"],
                "dof": row["dof"],
                "n_regions": 0 if known is None else int(known["size"]),
                "n_lost": 0 if known is None else int(known["sum"]),
            }
        )
    return schema("quality").table(rows)


def region_quality(features: pd.DataFrame, site: pd.Series) -> pd.DataFrame:
    """Return coverage and signal-to-noise ratio of each region over runs (schema ``region_quality``).

    Parameters
    ----------
    features, site
        As for `run_quality`.
    """
    coverage = _regions(features)
    ratios = features[(features["measure"] == "tsnr") & (features["target"] != _WHOLE)]
    key = [*_RUN, "target"]
    coverage = coverage.merge(
        ratios[[*key, "value"]].rename(columns={"value": "tsnr"}), on=key, how="left", validate="1:1"
    )
    here = [site.get(person, "n/a") for person in coverage["participant_id"]]
    rows = []
    for place in (coverage.assign(site=ALL_SITES), coverage.assign(site=here)):
        for group, runs in place.groupby([*_MADE, "target", "site"], sort=True):
            *made, region, name = group
            rows.append(
                {
                    **dict(zip(_MADE, made, strict=True)),
                    "region": region,
                    "site": name,
                    "n_runs": len(runs),
                    "n_lost": int(runs["lost"].sum()),
                    "tsnr_median": runs["tsnr"].median(),
                    "tsnr_low": runs["tsnr"].quantile(_LOW),
                    "coverage_median": runs["value"].median(),
                    "coverage_low": runs["value"].quantile(_LOW),
                }
            )
    return schema("region_quality").table(rows)


def _regions(features: pd.DataFrame) -> pd.DataFrame:
    """Return each run's coverage of each region, and whether the region is lost."""
    rows = features[(features["measure"] == "coverage") & (features["target"] != _WHOLE)]
    return rows.assign(lost=rows["qc"] != "ok")
