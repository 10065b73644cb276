"""Values and people of harmonisation, joined by key."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.stats._patterns import refuse_infinite
from corticolimbic.stats._refusals import ModelError


def check_values(values: pd.DataFrame) -> Float[np.ndarray, "rows features"]:
    """Return the values as numbers; infinite ones and repeated keys raise `ModelError`."""
    for axis, what in ((values.index, "rows"), (values.columns, "features")):
        if not axis.is_unique:
            twice = axis[axis.duplicated()].unique().tolist()
            raise ModelError(f"{what} stand more than once: {', '.join(map(str, twice[:5]))}")
    if not all(map(pd.api.types.is_numeric_dtype, values.dtypes)):
        raise ModelError("values must be numbers, NaN where missing")
    table = values.to_numpy(dtype=float, na_value=np.nan)
    refuse_infinite(table)
    return table


def joined(values: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return the people's rows in the order of the values; who has no row lacks everything."""
    if not people.index.is_unique:
        twice = people.index[people.index.duplicated()].unique().tolist()
        raise ModelError(f"people stand more than once in the table: {', '.join(map(str, twice[:5]))}")
    return people if people.index.equals(values.index) else people.reindex(values.index)
