"""Weights that the user supplies: a table over features, or an image that is applied to maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.circuit import atlas as known_atlas
from corticolimbic.circuit import atlas_names
from corticolimbic.features import Target, TargetError
from corticolimbic.foundation import InputError
from corticolimbic.predict._markers import ANY, Key, Marker, Term, WeightsForm

_OPTIONAL = {"center": 0.0, "scale": 1.0}
INTERCEPT = "intercept"
_NO_COLUMN = "no column"


def table_weights(rows: Sequence[dict[str, str]], *, source: str) -> tuple[float, tuple[tuple, ...]]:
    """Read the rows of a table of weights.

    Parameters
    ----------
    rows
        Cells as text: ``target``, ``weight`` and where there are any ``center`` and ``scale``. The row of
        the target ``intercept`` has it as its weight.
    source
        Name of the file, for messages.

    Returns
    -------
    intercept
        0 without such a row.
    weights
        Target, weight, center, scale.

    Raises
    ------
    InputError
        CL704: a column is missing, a cell is no number, a target is none or stands twice; with the row.
    """
    lacking = [name for name in ("target", "weight") if rows and name not in rows[0]]
    if not rows or lacking:
        found = f"no column {' and '.join(lacking)}" if lacking else "no row"
        raise InputError("CL704", file=source, found=found)
    intercept, made = 0.0, {}
    for number, row in enumerate(rows, start=2):
        name = row["target"].strip()
        weight = _number(row["weight"], "weight", source, number)
        if name == INTERCEPT:
            intercept = weight
            continue
        try:
            target = str(Target.parse(name))
        except TargetError as error:
            raise InputError("CL704", file=source, row=number, found=str(error)) from error
        if target in made:
            raise InputError("CL704", file=source, row=number, found=f"{target} stands twice")
        more = [
            _number(row[column], column, source, number) if row.get(column, "").strip() else default
            for column, default in _OPTIONAL.items()
        ]
        if not more[1] > 0:
            raise InputError("CL704", file=source, row=number, found=f"scale {more[1]:g}, not above 0")
        made[target] = (target, weight, *more)
    return intercept, tuple(made.values())


def _number(cell: str, column: str, source: str, row: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError("CL704", file=source, row=row, found=f"{column} {cell[:40]!r} is no number")
    return value


def with_weights(
    marker: Marker, intercept: float, weights: Sequence[tuple], *, atlas: str = "", source: str = ""
) -> Marker:
    """Return a marker whose weights the user supplied as a table, with them as its terms.

    Parameters
    ----------
    marker
        Of kind ``weights`` and form ``table``.
    intercept, weights
        As `table_weights` returns them.
    atlas
        Atlas whose features the weights belong to; empty takes the one that there is.
    source
        Name of the file, for messages.

    Raises
    ------
    InputError
        CL704: targets name regions that a registered atlas does not have; they are named.
    """
    form = marker.weights or WeightsForm("table", "")
    key = form.key or Key("fc")
    if atlas:
        key = replace(key, atlases=(atlas,))
    if atlas in atlas_names():
        nodes = {node.name for node in known_atlas(atlas).nodes} | set(known_atlas(atlas).members())
        named = {name: None for target, *_ in weights for name in Target.parse(target).names}
        unknown = [name for name in named if name not in nodes]
        if unknown:
            raise InputError("CL704", file=source, found=f"not in {atlas}: {', '.join(unknown[:10])}")
    terms = tuple(Term((target,), key, *numbers) for target, *numbers in weights)
    return replace(marker, intercept=intercept, terms=terms)


def unknown_names(marker: Marker, features: pd.DataFrame) -> tuple[str, ...]:
    """Return the regions in a marker's targets that no feature row of its measure has, in order.

    None where there are no rows of the measure at all: then it is the measure that is lacking.
    """
    unknown: dict[str, None] = {}
    for key in marker.keys:
        rows = features[features["measure"] == key.measure]
        if ANY not in key.atlases:
            rows = rows[rows["atlas"].isin(key.atlases)]
        rows = rows[~rows["qc"].str.startswith(_NO_COLUMN)]
        if rows.empty:
            continue
        known = {name for target in rows["target"].unique() for name in Target.parse(target).names}
        wanted = (target for term in marker.terms if term.key == key for target in term.targets)
        unknown |= {
            name: None for target in wanted for name in Target.parse(target).names if name not in known
        }
    return tuple(unknown)


@dataclass(frozen=True)
class MapScore:
    """Score of one map.

    Parameters
    ----------
    score
        NaN where nothing is left to compare.
    n_weights, n_lacking
        Voxels with a weight, and those of them where the map has no value (NaN or exactly 0).
    """

    score: float
    n_weights: int
    n_lacking: int

    @property
    def coverage(self) -> float:
        """Share of the weights' voxels at which the map has a value."""
        return 1 - self.n_lacking / self.n_weights if self.n_weights else math.nan


def map_score(
    weights: Float[np.ndarray, "x y z"],
    weights_affine: Float[np.ndarray, "4 4"],
    values: Float[np.ndarray, "x2 y2 z2"],
    affine: Float[np.ndarray, "4 4"],
    similarity: str = "dot",
    intercept: float = 0.0,
) -> MapScore:
    """Apply an image of weights to a map on the same grid; nothing is resampled.

    Parameters
    ----------
    weights, weights_affine
        The weights; voxels of 0 or NaN have none.
    values, affine
        The map; voxels of NaN or exactly 0 have no value and are left out.
    similarity
        ``dot`` (sum of products plus the intercept), ``cosine`` or ``correlation`` over the voxels left.
    intercept
        Of the dot product.

    Raises
    ------
    InputError
        CL705: the grids differ.

    Examples
    --------
    >>> grid = np.eye(4)
    >>> w = np.array([[[1.0, 2.0, 0.0]]])
    >>> map_score(w, grid, np.array([[[3.0, 0.5, 9.0]]]), grid).score
    4.0
    """
    if weights.shape != values.shape or not np.allclose(weights_affine, affine, rtol=0, atol=1e-3):
        found = f"weights {_grid(weights, weights_affine)}, map {_grid(values, affine)}"
        raise InputError("CL705", found=found)
    has = np.isfinite(weights) & (weights != 0)
    left = has & np.isfinite(values) & (values != 0)
    n, lacking = int(has.sum()), int(has.sum() - left.sum())
    w, v = weights[left].astype(float), values[left].astype(float)
    if not len(w):
        return MapScore(math.nan, n, lacking)
    if similarity == "dot":
        return MapScore(float(w @ v) + intercept, n, lacking)
    if similarity == "correlation":
        w, v = w - w.mean(), v - v.mean()
    length = float(np.linalg.norm(w) * np.linalg.norm(v))
    return MapScore(float(w @ v) / length if length > 0 else math.nan, n, lacking)


def _grid(image: np.ndarray, affine: np.ndarray) -> str:
    edges = "x".join(f"{edge:.3g}" for edge in np.sqrt((affine[:3, :3] ** 2).sum(axis=0)))
    origin = ", ".join(f"{value:.4g}" for value in affine[:3, 3])
    return f"{'x'.join(map(str, image.shape))} voxels of {edges} mm from ({origin})"
