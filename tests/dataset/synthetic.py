"""A small valid dataset of BIDS derivatives, made in a moment, for any test that needs one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

REGIONS = ("mPFC", "NAc_L", "NAc_R", "Amy", "Hip")


def write_dataset(
    root: Path,
    people: int | Sequence[str] = 4,
    regions: Sequence[str] = REGIONS,
    volumes: int = 60,
    *,
    sessions: Sequence[str] = (),
    tasks: Sequence[str] = ("rest",),
    sites: Sequence[str] = ("north", "south"),
    atlas: str = "coordinates",
    motion: bool = True,
    compressed: bool = False,
    repetition_time: float | None = 2.0,
    covariance: np.ndarray | None = None,
    rng: np.random.Generator,
) -> Path:
    """Write a dataset and return its root.

    Series are Gaussian with ``covariance`` (regions x regions; independent by default), framewise
    displacement is exponential with mean 0.1 mm and n/a in the first volume. ``participants.tsv`` has
    participant_id, site, age, sex and pain_sensitivity.

    Parameters
    ----------
    people
        Their number (sub-001, sub-002, ...), or their labels without the prefix.
    sessions, tasks, sites
        Labels without prefix; people are dealt to sites in turn.
    """
    labels = [f"{number + 1:03d}" for number in range(people)] if isinstance(people, int) else list(people)
    root.mkdir(parents=True, exist_ok=True)
    description = {
        "Name": "Synthetic series",
        "BIDSVersion": "1.9.0",
        "DatasetType": "derivative",
        "License": "CC0",
        "HowToAcknowledge": "Made for a test",
    }
    (root / "dataset_description.json").write_text(json.dumps(description), encoding="utf-8")
    for task in tasks if repetition_time is not None else ():
        sidecar = {"RepetitionTime": repetition_time}
        (root / f"task-{task}_timeseries.json").write_text(json.dumps(sidecar), encoding="utf-8")
    rows = ["participant_id\tsite\tage\tsex\tpain_sensitivity"]
    for place, label in enumerate(labels):
        site = sites[place % len(sites)]
        rows.append(
            f"sub-{label}\t{site}\t{rng.integers(20, 60)}\t{rng.choice(['F', 'M'])}\t{rng.normal():.4f}"
        )
        for session in sessions or [""]:
            stem = f"sub-{label}" + (f"_ses-{session}" if session else "")
            folder = root / stem.replace("_", "/") / "func"
            folder.mkdir(parents=True)
            for task in tasks:
                values = rng.multivariate_normal(
                    np.zeros(len(regions)),
                    np.eye(len(regions)) if covariance is None else covariance,
                    volumes,
                )
                write_table(
                    folder / f"{stem}_task-{task}_seg-{atlas}_stat-mean_timeseries.tsv{'.gz' * compressed}",
                    table_text(regions, values),
                )
                if motion:
                    displacement = [f"{value:.5f}" for value in rng.exponential(0.1, volumes)]
                    cells = ["framewise_displacement", "n/a", *displacement[1:]]
                    write_table(folder / f"{stem}_task-{task}_motion.tsv", "\n".join(cells) + "\n")
    write_table(root / "participants.tsv", "\n".join(rows) + "\n")
    return root


def table_text(regions: Sequence[str], values: np.ndarray) -> str:
    """Return a series as the text of its table, six significant digits."""
    lines = ["\t".join(regions), *("\t".join(f"{value:.6g}" for value in row) for row in values)]
    return "\n".join(lines) + "\n"


def write_table(path: Path, text: str) -> None:
    """Write text as UTF-8, compressed where the name ends in .gz."""
    data = text.encode("utf-8")
    path.write_bytes(gzip.compress(data, compresslevel=1, mtime=0) if path.suffix == ".gz" else data)
