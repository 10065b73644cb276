"""Everything by region from one long run: what a consortium pays for ten thousand of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks._image import Made, made
from benchmarks._job import Job, Size
from benchmarks._regions import limit

VOLUMES = 562
HOURS_10000 = 15.0
"""Core-hours that 10,000 such runs may take: 5.4 s each."""


def prepare(size: Size, folder: Path) -> tuple[Made, Path]:
    """Write the run with fMRIPrep's confounds beside it, and the parcels as an image, once."""
    import nibabel

    run = made(size, folder, VOLUMES)
    parcels = run.root / "atlas-made_dseg.nii.gz"
    if not parcels.exists():
        nibabel.save(nibabel.Nifti1Image(run.parcels.data, run.affine), parcels)
        names = pd.DataFrame({"index": list(run.parcels.labels), "name": list(run.parcels.labels.values())})
        names.to_csv(run.root / "atlas-made_dseg.tsv", sep="\t", index=False)
        _confounds(run).to_csv(
            run.root / "sub-01_task-rest_desc-confounds_timeseries.tsv", sep="\t", index=False, na_rep="n/a"
        )
    return run, parcels


def _confounds(run: Made) -> pd.DataFrame:
    """Return what the strategy 36P reads, with some motion."""
    rng = np.random.default_rng(20261126)
    n = len(run.confounds)
    table = {}
    for name in (
        "trans_x",
        "trans_y",
        "trans_z",
        "rot_x",
        "rot_y",
        "rot_z",
        "white_matter",
        "csf",
        "global_signal",
    ):
        values = np.cumsum(rng.normal(0, 0.01, n))
        change = np.concatenate([[np.nan], np.diff(values)])
        table |= {name: values, f"{name}_derivative1": change}
        table |= {f"{name}_power2": values**2, f"{name}_derivative1_power2": change**2}
    displacement = rng.gamma(2.0, 0.08, n)
    displacement[0] = np.nan
    cosines = {f"cosine{k:02d}": np.cos(np.pi * (np.arange(n) + 0.5) * (k + 1) / n) for k in range(8)}
    return pd.DataFrame({**table, **cosines, "framewise_displacement": displacement})


def ours(inputs: tuple[Made, Path]) -> int:
    """Measure the session as `run` does and write its tables."""
    from dataclasses import replace

    from corticolimbic.dataset import SessionFiles
    from corticolimbic.features import schema, write_table
    from corticolimbic.measure import LabelImageSettings, MeasureSettings, measure_session

    run, parcels = inputs
    labels = LabelImageSettings(
        path=parcels, table=parcels.with_name("atlas-made_dseg.tsv"), name="made", space=run.run.space
    )
    settings = MeasureSettings(
        strategy="36P", band_hz=(0.01, 0.1), label_images=(labels,), allow_low_dof=True
    )
    bold = replace(run.run, confounds="sub-01_task-rest_desc-confounds_timeseries.tsv")
    found = measure_session(run.root, SessionFiles("sub-01", "ses-none", (bold,)), settings)
    assert found.n_runs == 1, found.problems
    with TemporaryDirectory() as folder:
        for table in ("features", "series", "matrices"):
            rows = schema(table).table(getattr(found, table))
            write_table(rows, table, Path(folder) / f"{table}.parquet")
    return len(found.features)


def decompressed(inputs: tuple[Made, Path]) -> int:
    """Decompress the run's image, and drop what comes out."""
    return limit(inputs[0])


def check(mine: int, theirs: None) -> None:
    """Some hundred features came out."""
    assert mine > 200


JOB = Job(
    name="measure: everything by region of a run of 562 volumes (432 parcels and circuit; 36P, 0.01-0.1 Hz)",
    peer_name=f"n/a; limit: igzip; target: {HOURS_10000:g} core-hours for 10,000 runs, 5.4 s each",
    targets={"ours": round(HOURS_10000 * 3600 / 10000, 3)},
    prepare=prepare,
    ours=ours,
    peer=None,
    limit=decompressed,
    check=check,
)
