"""Made-up judged targets, and what pingouin says of them: ``python icc_reference.py > icc_reference.tsv``.

Needs pingouin (made with 0.7.0), which is no dependency of this package.
"""

from __future__ import annotations

import numpy as np

FORMS = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")
N_TABLES = 12


def judged(number: int) -> np.ndarray:
    """Return targets by judges: 4 to 30 targets, 2 to 5 judges who differ in level."""
    rng = np.random.default_rng([20210420, number])
    n, k = int(rng.integers(4, 31)), int(rng.integers(2, 6))
    spread, shift = rng.choice([0.0, 0.5, 1.5]), rng.choice([0.0, 1.0])
    table = spread * rng.standard_normal((n, 1)) + shift * rng.standard_normal(k)
    return (table + rng.standard_normal((n, k))).round(6)


if __name__ == "__main__":
    import pandas as pd
    import pingouin

    pingouin.options["round"] = None
    pingouin.options["round.column.CI95"] = 8
    print(f"# pingouin {pingouin.__version__}, python tests/stats/icc_reference.py")
    print("number\tform\ticc\tlow\thigh")
    for number in range(N_TABLES):
        table = judged(number)
        rows = [(i, j, value) for i, row in enumerate(table) for j, value in enumerate(row)]
        long = pd.DataFrame(rows, columns=["target", "judge", "value"])
        found = pingouin.intraclass_corr(long, "target", "judge", "value")
        for form, row in zip(FORMS, found.to_dict("records"), strict=True):
            low, high = row.get("CI95", row.get("CI95%"))
            print(f"{number}\t{form}\t{row['ICC']:.10f}\t{low:.8f}\t{high:.8f}")
