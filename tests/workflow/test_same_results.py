"""The order of rows and columns changes no result."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from workflow.runs import CONFIG, run, small, tables

from corticolimbic.circuit import atlas
from corticolimbic.features import read_sessions, read_table

WITH_MARKER = (
    CONFIG.replace("[pearson]", "[pearson, partial]")
    + "predict: {resamples: 200, markers: [{id: spisak2020_rpn}]}\n"
)


def test_permuted_rows_and_columns_of_the_participants_table_leave_equal_tables(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 6)
    shuffled = Path(shutil.copytree(dataset, tmp_path / "shuffled"))
    rng = np.random.default_rng(5)
    rows = [
        line.split("\t") for line in (dataset / "participants.tsv").read_text(encoding="utf-8").splitlines()
    ]
    columns = rng.permutation(len(rows[0]))
    rows = [[row[column] for column in columns] for row in [rows[0], *rng.permutation(rows[1:]).tolist()]]
    text = "\n".join("\t".join(row) for row in rows) + "\n"
    assert text != (dataset / "participants.tsv").read_text(encoding="utf-8")
    (shuffled / "participants.tsv").write_text(text, encoding="utf-8")
    for root in (dataset, shuffled):
        assert run(root, tmp_path / f"{root.name}-out", command="predict", config=WITH_MARKER).code == 0
    one, other = tables(tmp_path / "data-out"), tables(tmp_path / "shuffled-out")
    of_the_input = {"manifest.json", "dataset_description.json", "cohort/visits.parquet"}
    assert {name for name in one if one[name] != other[name]} <= of_the_input
    visits = [
        read_table("visits", tmp_path / f"{name}-out/cohort/visits.parquet").drop(columns="row")
        for name in ("data", "shuffled")
    ]  # the row of the file in which a value stands is another one
    pd.testing.assert_frame_equal(*visits)
    assert (
        json.loads(one["manifest.json"])["inputs"]["hash"]
        != json.loads(other["manifest.json"])["inputs"]["hash"]
    )


def test_columns_of_the_series_in_another_order_give_equal_edges_and_scores(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    nodes = [node.name for node in atlas("MIST122").nodes]
    dataset = small(tmp_path / "data", 2, regions=nodes, atlas="MIST122", volumes=40)
    shuffled = Path(shutil.copytree(dataset, tmp_path / "shuffled"))
    for path in shuffled.rglob("*_timeseries.tsv"):
        table = pd.read_csv(path, sep="\t", dtype=str)
        table[list(rng.permutation(table.columns))].to_csv(path, sep="\t", index=False)
    for root in (dataset, shuffled):
        result = run(root, tmp_path / f"{root.name}-out", command="predict", config=WITH_MARKER)
        assert result.code in {0, 3}, result
    one, other = (read_sessions(tmp_path / f"{name}-out", "features") for name in ("data", "shuffled"))
    key = ["participant_id", "measure", "statistic", "target"]
    one, other = one.set_index(key)["value"], other.set_index(key)["value"]
    assert one.notna().sum() > 50
    np.testing.assert_allclose(other.reindex(one.index), one, rtol=0, atol=1e-12)
    scores = [
        read_table("scores", tmp_path / f"{name}-out" / "predict" / "scores.tsv")
        for name in ("data", "shuffled")
    ]
    assert list(scores[0]["status"]) == ["ok", "ok"]
    np.testing.assert_allclose(scores[0]["score"], scores[1]["score"], rtol=0, atol=1e-12)
