"""Make combat_reference.tsv: what neuroHarmonize and neuroCombat return for the studies of `combat_studies`.

Run in an environment with neuroHarmonize 2.5.2, neuroCombat 0.2.12 and NumPy below 2:
``python tests/stats/combat_reference.py`` from the repository's root.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from stats.combat_studies import PENALTY, study


def main() -> None:
    """Write the table: one row a study and cell."""
    from neuroCombat import neuroCombat
    from neuroHarmonize import harmonizationApply, harmonizationLearn
    from statsmodels.gam.api import GLMGam

    setattr(np, "int", int)  # noqa: B010 - neuroCombat 0.2.12 was written for an older NumPy
    values, people = study()
    train, new = people["half"] == 0, people["half"] == 1
    covars = pd.DataFrame({"SITE": people["site"], "age": people["age"], "sex": people["male"]})
    found: dict[str, np.ndarray] = {}
    for name, options in {
        "linear": {},
        "no eb": {"eb": False},
        "reference": {"ref_batch": "B"},
    }.items():
        model, found[name] = harmonizationLearn(values[train].to_numpy(), covars[train], **options)
        found[f"{name}, new people"] = harmonizationApply(values[new].to_numpy(), covars[new], model)
    GLMGam.select_penweight_kfold = lambda self, **_: ([PENALTY], None)  # its folds are random
    model, found["curve"] = harmonizationLearn(values[train].to_numpy(), covars[train], smooth_terms=["age"])
    found["curve, new people"] = harmonizationApply(values[new].to_numpy(), covars[new], model)
    data = values[train].to_numpy().T
    for name, options in {
        "neuroCombat": {},
        "neuroCombat, mean only, no eb": {"mean_only": True, "eb": False},
    }.items():
        answer = neuroCombat(
            data,
            people.loc[train, ["site", "sex", "age"]],
            "site",
            categorical_cols=["sex"],
            continuous_cols=["age"],
            **options,
        )
        found[name] = answer["data"].T
    rows = [
        (name, row, column, repr(float(table[row, column])))
        for name, table in found.items()
        for row in range(0, len(table), 3)
        for column in range(table.shape[1])
    ]
    frame = pd.DataFrame(rows, columns=["study", "row", "column", "value"])
    frame.to_csv(Path(__file__).with_name("combat_reference.tsv"), sep="\t", index=False)


if __name__ == "__main__":
    main()
