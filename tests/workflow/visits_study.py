"""A study over visits as files: three sites, four visits, connectivity planted to six digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from dataset.synthetic import table_text, write_dataset, write_table

REGIONS = ("mPFC", "NAc_L", "NAc_R")
MONTHS = (0, 6, 12, 24)
SITES = ("north", "south", "west")
VOLUMES = 36
CONFIG = """\
measure: {statistics: [pearson]}
cohort: {outcome: {family: column, column: course, positive: persistent, negative: recovered}}
compare: {covariates: ["measured:mean_fd"], minimum_people: 6,
          longitudinal: {pain_column: pain_nrs, random: intercept and slope}}
"""


def paired_series(z: float, rng: np.random.Generator) -> np.ndarray:
    """Return series of the three regions; Fisher z of the first with the third is ``z``."""
    raw = rng.normal(size=(VOLUMES, 3))
    basis = np.linalg.qr(raw - raw.mean(axis=0))[0]
    first, other, third = basis.T
    r = np.tanh(z)
    return np.column_stack([first, third, r * first + np.sqrt(1 - r**2) * other]) * 10


def write_visits_study(
    root: Path,
    n: int = 24,
    seed: int = 8,
    groups: tuple[str, ...] = ("persistent", "recovered"),
    months: tuple[int, ...] = MONTHS,
) -> Path:
    """Write a dataset whose groups part over time and whose pain acts in opposite ways between and within.

    Group number g changes by 0.3 g a year. A person's usual pain adds 0.06, a visit's deviation from it
    takes 0.1 away, a point each.
    """
    rng = np.random.default_rng(seed)
    names = tuple(f"month{month:02d}" for month in months)
    write_dataset(root, n, REGIONS, VOLUMES, sessions=names, sites=SITES, rng=rng)
    people = pd.read_csv(root / "participants.tsv", sep="\t", dtype=str)
    people["course"] = [groups[at // len(SITES) % len(groups)] for at in range(n)]
    people.to_csv(root / "participants.tsv", sep="\t", index=False)
    for person, course in zip(people["participant_id"], people["course"], strict=True):
        change = 0.3 * (len(groups) - 1 - groups.index(course)) + rng.normal(0, 0.1)
        level, typical = rng.normal(0, 0.2), rng.uniform(2, 8)
        lines = ["session_id\tpain_nrs"]
        for month, name in zip(months, names, strict=True):
            pain = round(typical + rng.normal(0, 1), 3)
            z = 0.3 + level + change * month / 12 + 0.06 * typical - 0.1 * (pain - typical)
            path = root / person / f"ses-{name}/func"
            path /= f"{person}_ses-{name}_task-rest_seg-coordinates_stat-mean_timeseries.tsv"
            values = paired_series(z + rng.normal(0, 0.05), rng)
            write_table(path, table_text(REGIONS, values))
            # Never above the limit of censoring, so that the planted value stays what is measured.
            moved = rng.uniform(0.05, 0.25) + rng.uniform(0, 0.1, VOLUMES - 1)
            cells = ["framewise_displacement", "n/a", *(f"{value:.5f}" for value in moved)]
            motion = path.name.split("_seg-")[0] + "_motion.tsv"
            write_table(path.with_name(motion), "\n".join(cells) + "\n")
            lines.append(f"ses-{name}\t{pain}")
        (root / person / f"{person}_sessions.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def change_column(root: Path, column: str, cells: dict[str, str] | list[str]) -> None:
    """Set a column of participants.tsv: a list of cells, or from another column's cells (site)."""
    path = root / "participants.tsv"
    people = pd.read_csv(path, sep="\t", dtype=str)
    people[column] = people["site"].map(cells) if isinstance(cells, dict) else cells
    people.to_csv(path, sep="\t", index=False)
