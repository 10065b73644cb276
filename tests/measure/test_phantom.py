"""A phantom whose regions' signals are their own numbers: every value arrives under its own name."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from measure.phantom import (
    VOLUMES,
    angle,
    connections,
    correlation,
    correlations,
    mean_correlation,
    numbers,
    session,
    signal,
    still_motion,
    text,
    write_run,
)

from corticolimbic.circuit import atlas, atlas_names, measurable_edges
from corticolimbic.cli import main
from corticolimbic.features import Target, edge, read_sessions, schema
from corticolimbic.measure import MeasuredSession, MeasureSettings, NodeTargets, measure_session

PLAIN = MeasureSettings(fd_threshold=None, statistics=("pearson",))
OFF = dict.fromkeys(("fluctuations", "modules", "degree", "extent", "phase_locking", "quality"), False)
ORDERS = {
    "as in the table": list,
    "backwards": lambda names: list(names)[::-1],
    "sorted as strings": sorted,
    "shuffled": lambda names: np.random.default_rng(9).permutation(list(names)).tolist(),
}


def check_series(found: MeasuredSession, code: dict[str, int], lost: set[str] = frozenset()) -> None:
    assert {row["region"] for row in found.series} == set(code)
    for row in found.series:
        if row["region"] in lost:
            assert row["coverage"] == 0
            assert not np.any(row["values"])
            continue
        wave = signal(code[row["region"]])
        np.testing.assert_allclose(row["values"], (wave - wave.mean()) / wave.std(), atol=1e-5)


def check_matrix(row: dict, definitions: dict, code: dict[str, int], lost: set[str] = frozenset()) -> None:
    names = definitions[row["definition"]]["settings"]["nodes"]
    assert set(names) == set(code)
    assert row["n_nodes"] == len(names)
    pairs = list(itertools.combinations(names, 2))
    assert len(row["upper"]) == len(pairs)
    wanted = [np.nan if lost & set(pair) else correlation(code[pair[0]], code[pair[1]]) for pair in pairs]
    np.testing.assert_allclose(np.asarray(row["upper"], dtype=float), wanted, atol=2e-5)


def check_edges(rows: list[dict], name: str, code: dict[str, int], lost: set[str] = frozenset()) -> None:
    members = atlas(name).members()
    edges = measurable_edges(name)
    assert {row["target"] for row in rows} == {item.target for item in edges}
    by_target = {row["target"]: row for row in rows}
    for item in edges:
        row = by_target[item.target]
        first, second = ([node for node in members[end]] for end in item.ends)
        good = [[code[node] for node in nodes if node not in lost] for nodes in (first, second)]
        coverage = min(len(good[0]) / len(first), len(good[1]) / len(second))
        assert row["coverage"] == pytest.approx(coverage)
        if set(first) & set(second):
            assert "share nodes" in row["qc"]
            assert np.isnan(row["value"])
        elif coverage < 0.5:
            assert row["qc"] != "ok"
            assert np.isnan(row["value"])
        else:
            assert row["qc"] == "ok"
            assert row["value"] == pytest.approx(mean_correlation(*good), abs=1e-6)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", atlas_names())
def test_every_value_arrives_under_its_own_name(tmp_path: Path, name: str, order: str) -> None:
    parcels = atlas(name)
    code = numbers(parcels)
    columns = ORDERS[order](code)
    run = write_run(tmp_path, text(columns, code), atlas=name, motion=still_motion())
    asked = tuple(edge(*pair) for pair in itertools.pairwise(sorted(code)[:12]))
    found = measure_session(
        tmp_path,
        session(run),
        MeasureSettings(fd_threshold=0.5, statistics=("pearson",)),
        atlases={name: parcels},
        asked_for=[NodeTargets(name, "pearson", asked), NodeTargets("another", "pearson", ("A--B",))],
    )
    assert [item.code for item in found.problems] == []
    check_series(found, code)
    (matrix,) = correlations(found)
    check_matrix(matrix, found.definitions, code)
    own = [row for row in connections(found) if row["definition"] == matrix["definition"]]
    assert [row["target"] for row in own] == list(asked)
    for row in own:
        first, second = Target.parse(row["target"]).names
        assert row["value"] == pytest.approx(correlation(code[first], code[second]), abs=1e-9)
    check_edges([row for row in connections(found) if row["definition"] != matrix["definition"]], name, code)


@pytest.mark.parametrize("name", atlas_names())
def test_the_phantom_tells_any_mislabelling_apart(name: str) -> None:
    """Swapping two labels, or shifting all by one, changes some correlation by more than the tolerance."""
    angles = np.array([angle(number) for number in numbers(atlas(name)).values()])
    apart = np.abs(angles[:, None] - angles[None, :]) + 9 * np.eye(len(angles))
    assert apart.min() > 5e-4
    pairs = np.cos(angles[:, None] - angles[None, :])
    assert np.abs(np.roll(pairs, 1, axis=(0, 1)) - pairs).max() > 0.1


@pytest.mark.parametrize("columns", [["1", "10", "2"], ["10", "2", "1"], ["2", "1", "10", "100", "9"]])
def test_label_values_as_names_are_names_not_positions(tmp_path: Path, columns: list[str]) -> None:
    code = {name: int(name) for name in columns}
    run = write_run(tmp_path, text(columns, code), atlas="mine")
    asked = [NodeTargets("mine", "pearson", ("1--10", "10--2"))]
    found = measure_session(tmp_path, session(run), PLAIN, atlases={"mine": None}, asked_for=asked)
    assert [item.code for item in found.problems] == ["CL210"]
    check_series(found, code)
    check_matrix(correlations(found)[0], found.definitions, code)
    values = {row["target"]: row["value"] for row in connections(found)}
    assert values["1--10"] == pytest.approx(correlation(1, 10), abs=1e-9)
    assert values["10--2"] == pytest.approx(correlation(10, 2), abs=1e-9)


def test_repeated_names_are_refused_and_the_other_run_goes_on(tmp_path: Path) -> None:
    code = {name: at for at, name in enumerate(atlas("baliki2012").members(), start=5)}
    twice = text(list(code), code).replace("mPFC", "NAc_R", 1)
    bad = write_run(tmp_path, twice, atlas="baliki2012", run="1")
    good = write_run(tmp_path, text(list(code), code), atlas="baliki2012", run="2")
    found = measure_session(tmp_path, session(bad, good), PLAIN, atlases={"baliki2012": atlas("baliki2012")})
    assert [(item.code, item.file, item.row) for item in found.problems] == [("CL108", bad.series, "1")]
    assert "NAc_R" in found.problems[0].found
    assert {row["run"] for row in found.features} == {"2"}


@pytest.mark.parametrize("cell", ["0", "n/a", "1000.5"])
@pytest.mark.parametrize(
    "name", ["baliki2012", "coordinates", "MIST122", "HarvardOxford", "Schaefer100TianS2"]
)
def test_a_region_outside_the_field_of_view_loses_its_own_edges(tmp_path: Path, name: str, cell: str) -> None:
    parcels = atlas(name)
    code = numbers(parcels)
    members = parcels.members()
    lost = {*members[measurable_edges(name)[0].ends[0]], sorted(code)[-1]}
    run = write_run(tmp_path, text(list(code), code, dict.fromkeys(lost, cell)), atlas=name)
    found = measure_session(tmp_path, session(run), PLAIN, atlases={name: parcels})
    assert [item.code for item in found.problems] == ["CL203"]
    assert all(region in found.problems[0].found for region in lost)
    check_series(found, code, lost)
    check_matrix(correlations(found)[0], found.definitions, code, lost)
    edges = connections(found)
    check_edges(edges, name, code, lost)
    assert any("no signal in" in row["qc"] for row in edges)
    assert found.n_runs == 1


def test_a_column_that_the_table_lacks_and_one_that_the_atlas_lacks_are_named(tmp_path: Path) -> None:
    code = {"mPFC": 3, "NAc_R": 8, "Thal_R": 20, "stranger": 11}
    run = write_run(tmp_path, text(list(code), code), atlas="baliki2012")
    asked = [NodeTargets("baliki2012", "pearson", ("Ins_R--mPFC", "NAc_R--mPFC"))]
    parcels = {"baliki2012": atlas("baliki2012")}
    found = measure_session(tmp_path, session(run), PLAIN, atlases=parcels, asked_for=asked)
    problem = next(item for item in found.problems if item.code == "CL209")
    assert "stranger" in problem.found
    by_key = {(row["target"], row["definition"]): row for row in connections(found)}
    node = correlations(found)[0]["definition"]
    assert by_key["Ins_R--mPFC", node]["qc"] == "no column Ins_R"
    assert by_key["NAc_R--mPFC", node]["value"] == pytest.approx(correlation(8, 3), abs=1e-9)
    edges = [row for (target, definition), row in by_key.items() if definition != node and "Ins_R" in target]
    assert edges
    assert all("no column for Ins_R" in row["qc"] for row in edges)
    assert {row["coverage"] for row in edges} == {0.0}


def test_edges_off_still_stores_matrices(tmp_path: Path) -> None:
    code = numbers(atlas("baliki2012"))
    run = write_run(tmp_path, text(list(code), code), atlas="baliki2012")
    settings = MeasureSettings(fd_threshold=None, circuit_edges=False, **OFF)
    found = measure_session(tmp_path, session(run), settings, atlases={"baliki2012": atlas("baliki2012")})
    assert {row["measure"] for row in found.features} == {"mean_fd", "censored_share"}
    assert [row["statistic"] for row in correlations(found)] == ["pearson", "ledoit_wolf", "partial"]


def test_an_unmapped_segmentation_says_so_only_where_edges_are_asked_for(tmp_path: Path) -> None:
    run = write_run(tmp_path, text(["a", "b"], {"a": 1, "b": 2}), atlas="mine")
    for asked, codes in ((True, ["CL210"]), (False, [])):
        settings = PLAIN.model_copy(update={"circuit_edges": asked})
        found = measure_session(tmp_path, session(run), settings, atlases={"mine": None})
        assert [item.code for item in found.problems] == codes
        assert len(correlations(found)) == 1


def test_through_the_command_line_every_value_arrives_under_its_own_name(tmp_path: Path) -> None:
    name = "HarvardOxford"
    parcels = atlas(name)
    code = numbers(parcels)
    data, out = tmp_path / "data", tmp_path / "out"
    lost = {sorted(code)[3]}
    write_run(
        data,
        text(ORDERS["shuffled"](code), code, dict.fromkeys(lost, "0")),
        atlas=name,
        motion=still_motion(),
    )
    description = {"Name": "Phantom", "BIDSVersion": "1.9.0", "DatasetType": "derivative"}
    (data / "dataset_description.json").write_text(json.dumps(description))
    (data / "participants.tsv").write_text("participant_id\tsite\nsub-01\tnorth\n")
    settings = tmp_path / "config.yaml"
    settings.write_text("measure: {statistics: [pearson]}\n")
    assert main(["measure", str(data), str(out), "--config", str(settings), "--quiet"]) == 0
    features, series, matrices = (
        read_sessions(out, table, kind=table) for table in ("features", "series", "matrices")
    )
    assert set(features["participant_id"]) == {"sub-01"}
    found = MeasuredSession(
        features=features.to_dict("records"),
        series=series.to_dict("records"),
        matrices=matrices.to_dict("records"),
    )
    definitions = json.loads((out / "definitions.json").read_text(encoding="utf-8"))
    assert {*features["definition"], *matrices["definition"]} == set(definitions)
    check_series(found, code, lost)
    check_matrix(correlations(found)[0], definitions, code, lost)
    check_edges(connections(found), name, code, lost)
    position = series.set_index("region")["position"]
    assert (
        position.sort_values().index.tolist()
        == definitions[correlations(found)[0]["definition"]]["settings"]["nodes"]
    )
    assert schema("features").check(features).equals(features)
    assert {len(values) for values in series["values"]} == {VOLUMES}
