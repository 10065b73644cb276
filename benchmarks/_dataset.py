"""Finding and reading the region series of a study."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks._job import Job, Size

REGIONS = 122


def prepare(size: Size, folder: Path) -> Path:
    """Write a study of made-up series as BIDS derivatives, once."""
    people, volumes = (200, 200) if size == "full" else (4, 50)
    root = folder / "study"
    if (root / "dataset_description.json").exists():
        return root
    rng = np.random.default_rng(20240105)
    header = "\t".join(f"R{number:03d}" for number in range(1, REGIONS + 1))
    # Ten different bodies are enough to keep any cache of parsed numbers from helping, and quick to write.
    bodies = [_text(rng.normal(1000, 10, (volumes, REGIONS))) for _ in range(10)]
    root.mkdir(parents=True, exist_ok=True)
    for number in range(people):
        name = f"sub-{number + 1:03d}"
        place = root / name / "func"
        place.mkdir(parents=True)
        stem = f"{name}_task-rest_seg-Made_stat-mean_timeseries"
        (place / f"{stem}.tsv").write_text(f"{header}\n{bodies[number % 10]}\n", encoding="utf-8")
        (place / f"{stem}.json").write_text('{"RepetitionTime": 2.0}\n', encoding="utf-8")
    lines = ["participant_id\tage", *(f"sub-{n + 1:03d}\t{20 + n % 50}" for n in range(people))]
    (root / "participants.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = '{"Name": "made up", "BIDSVersion": "1.10.0", "DatasetType": "derivative"}\n'
    (root / "dataset_description.json").write_text(text, encoding="utf-8")
    return root


def _text(values: np.ndarray) -> str:
    return "\n".join("\t".join(f"{value:.6f}" for value in row) for row in values)


def ours(root: Path) -> dict[str, np.ndarray]:
    """Scan and read with the package."""
    from corticolimbic.dataset import DatasetSettings, read_series, scan

    runs = [run for session in scan(root, DatasetSettings()).sessions for run in session.runs]
    return {run.participant_id: read_series(root, run).values for run in runs}


def peer(root: Path) -> dict[str, np.ndarray]:
    """Index with bids2table and read with pandas."""
    import bids2table
    import pandas as pd

    rows = bids2table.index_dataset(root).to_pylist()
    tables = [row for row in rows if row["suffix"] == "timeseries" and row["ext"] == ".tsv"]
    files = {f"sub-{row['sub']}": root / row["path"] for row in tables}
    return {name: pd.read_csv(path, sep="\t", na_values="n/a").to_numpy() for name, path in files.items()}


def limit(root: Path) -> list[np.ndarray]:
    """Turn the same bytes into numbers with Arrow's reader, as one column, the files known beforehand."""
    import pyarrow as pa
    from pyarrow import csv

    single = csv.ReadOptions(use_threads=False, autogenerate_column_names=True)
    read = []
    for path in sorted(root.glob("*/func/*.tsv")):
        cells = path.read_bytes().partition(b"\n")[2].replace(b"\t", b"\n")
        read.append(csv.read_csv(pa.BufferReader(cells), single).column(0).to_numpy().reshape(-1, REGIONS))
    return read


def check(mine: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    """Both sides read the same numbers for the same people."""
    assert mine.keys() == theirs.keys()
    for name, values in mine.items():
        np.testing.assert_array_equal(values, theirs[name])


JOB = Job(
    name="dataset: find and read 200 people's series (200 volumes, 122 regions)",
    peer_name="bids2table index + pandas.read_csv",
    targets={"ratio": 1.0},
    prepare=prepare,
    ours=ours,
    peer=peer,
    limit=limit,
    check=check,
)
