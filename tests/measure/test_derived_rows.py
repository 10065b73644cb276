"""What is made of the regions' mean series, from files to rows, on series with known correlations."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic import table_text
from measure.phantom import correlation, mean_correlation, numbers, session, signal, text, write_run

from corticolimbic.circuit import atlas, atlas_names, cortex_nodes, measurable_edges, modules, networks, seeds
from corticolimbic.features import Target, schema
from corticolimbic.measure import (
    ALGORITHM,
    MeasuredSession,
    MeasureSettings,
    group_targets,
    half_correlations,
    measure_session,
    standard_errors,
)

PLAIN = MeasureSettings(
    fd_threshold=None, statistics=("pearson",), fluctuations=False, quality=False, covariances=False
)
GROUPS = {"fc_within", "fc_seed", "fc_between"}


def measured(root: Path, name: str, table: str, **update: object) -> MeasuredSession:
    run = write_run(root, table, atlas=name)
    settings = PLAIN.model_copy(update=update)
    found = measure_session(root, session(run), settings, atlases={name: atlas(name)}, repetition_time=2.0)
    schema("features").table(found.features)
    return found


def rows(found: MeasuredSession, *measures: str) -> dict[tuple[str, str, str], dict]:
    return {
        (row["measure"], row["target"], row["statistic"]): row
        for row in found.features
        if row["measure"] in measures
    }


def z(first: tuple[int, ...], second: tuple[int, ...]) -> float:
    return math.atanh(mean_correlation(first, second))


@pytest.mark.parametrize("name", atlas_names())
def test_group_means_are_those_of_the_phantom_under_their_own_names(tmp_path: Path, name: str) -> None:
    code = numbers(atlas(name))
    order = np.random.default_rng(9).permutation(list(code)).tolist()
    found = rows(measured(tmp_path, name, text(order, code)), *GROUPS)
    members = {region: tuple(code[node] for node in nodes) for region, nodes in atlas(name).members().items()}
    groups = {item.id: item.members for item in (*modules(), *networks())}
    targets = group_targets(atlas(name).members())
    assert {(item.measure, item.target, "mean_z") for item in targets} == set(found)
    for (measure, target, _), row in found.items():
        parsed = Target.parse(target)
        if measure == "fc_within":
            pairs = list(itertools.combinations(groups[parsed.names[0]], 2))
        elif measure == "fc_seed":
            pairs = [(parsed.names[0], member) for member in groups[parsed.names[1]]]
        else:
            pairs = list(itertools.product(*(groups[group] for group in parsed.names)))
        wanted = [z(members[a], members[b]) for a, b in pairs if not set(members[a]) & set(members[b])]
        assert wanted
        assert row["qc"] == "ok"
        assert row["value"] == pytest.approx(np.mean(wanted), abs=1e-6)
        assert (row["unit"], row["coverage"]) == ("z", 1.0)


def test_the_findings_groups_are_measured_where_an_atlas_has_them() -> None:
    members = atlas("coordinates").members()
    targets = {item.target for item in group_targets(members)}
    wanted = {
        "module:dmPFC-Amy-NAc",  # F003, F224
        "module:PFC-NAc-Amy",  # F174
        "Amy->module:CEN",  # F096
        "NAc->module:Salience",
        "module:Salience",  # F128
        "module:corticolimbic",  # F130
        "module:CEN--module:DMN",
        "module:DMN",
    }
    assert wanted <= targets
    without = {item.target for item in group_targets(atlas("Schaefer400TianS2").members())}
    assert "module:corticolimbic" not in without, "no VTA there, and no network of the same name without it"
    assert {item.region for item in seeds()} >= {"NAc", "Amy", "Hip", "VTA"}
    for item in group_targets(members):
        for first, second in item.pairs:
            assert not set(members[first]) & set(members[second])
        assert str(Target.parse(item.target)) == item.target


def test_a_lost_region_loses_every_mean_that_it_belongs_to_and_no_other(tmp_path: Path) -> None:
    code = numbers(atlas("coordinates"))
    lost = {"Amy_L": "0", "Amy_R": "0"}
    found = rows(measured(tmp_path, "coordinates", text(list(code), code, lost)), *GROUPS)
    targets = {item.target: item for item in group_targets(atlas("coordinates").members())}
    hit = 0
    for (_, target, _), row in found.items():
        if "Amy" in targets[target].regions:
            assert math.isnan(row["value"])
            assert "no signal in Amy" in row["qc"]
            assert row["coverage"] == 0
            hit += 1
        else:
            assert row["qc"] == "ok"
    assert 5 < hit < len(found)


def test_one_and_the_same_series_have_no_finite_z(tmp_path: Path) -> None:
    names = [node.name for node in atlas("coordinates").nodes]
    values = np.random.default_rng(3).standard_normal((60, len(names)))
    values[:, names.index("PCC")] = values[:, names.index("mPFC")]
    found = rows(measured(tmp_path, "coordinates", table_text(names, values)), "fc_within")
    row = found["fc_within", "module:DMN", "mean_z"]
    assert math.isnan(row["value"])
    assert row["qc"] == "mPFC and PCC have one and the same series"


@pytest.mark.parametrize("name", ["MIST122", "HarvardOxford", "Schaefer100TianS2", "coordinates"])
def test_degree_and_extent_are_those_of_the_phantom(tmp_path: Path, name: str) -> None:
    code = numbers(atlas(name))
    order = np.random.default_rng(5).permutation(list(code)).tolist()
    found = rows(measured(tmp_path, name, text(order, code)), "degree", "fc_extent")
    brain = [node.name for node in atlas(name).nodes if name == "coordinates" or node.index is not None]
    pairs = sorted(correlation(code[a], code[b]) for a, b in itertools.combinations(brain, 2))
    threshold = found["degree", "WholeBrain", "threshold"]["value"]
    kept = round(0.1 * len(pairs))
    assert pairs[-kept - 1] - 1e-6 <= threshold < pairs[-kept]
    cortex = set(cortex_nodes(atlas(name)))
    for region, nodes in atlas(name).members().items():
        mine = tuple(code[node] for node in nodes)
        r = {node: mean_correlation(mine, (code[node],)) for node in brain if node not in nodes}
        near = [node for node, value in r.items() if abs(value - threshold) < 1e-5]
        wanted = np.mean([value > threshold for value in r.values()])
        row = found["degree", region, "share"]
        assert row["value"] == pytest.approx(wanted, abs=1e-9 + len(near) / len(r))
        assert row["qc"] == "ok"
        strong = found["degree", region, "strength"]
        assert strong["value"] == pytest.approx(np.mean(np.arctanh(list(r.values()))), abs=1e-4)
        assert strong["definition"] != row["definition"]
        if region.split("_")[0] not in {"Hip", "aHip", "pHip"} or not cortex:
            continue
        target = f"{region}->module:cortex"
        on_cortex = np.array([mean_correlation(mine, (code[node],)) for node in cortex])
        for level in (0.1, 0.2, 0.3):
            row = found["fc_extent", target, f"share_{level:g}"]
            assert row["value"] == pytest.approx(np.mean(np.abs(on_cortex) > level), abs=1e-9)
        mean = found["fc_extent", target, "mean_abs_z"]
        assert mean["value"] == pytest.approx(np.mean(np.abs(np.arctanh(on_cortex))), abs=1e-4)
        assert mean["unit"] == "z"
    assert bool([key for key in found if key[0] == "fc_extent"]) == bool(cortex)


def test_a_cortex_that_is_hardly_seen_has_no_extent(tmp_path: Path) -> None:
    name = "Schaefer100TianS2"
    code = numbers(atlas(name))
    seen = cortex_nodes(atlas(name))[:40]
    lost = {node: "0" for node in cortex_nodes(atlas(name)) if node not in seen}
    found = rows(measured(tmp_path, name, text(list(code), code, lost)), "fc_extent")
    assert {row["qc"] for row in found.values()} == {"40% of the nodes have a series, below 50%"}
    assert all(math.isnan(row["value"]) for row in found.values())


def test_four_spheres_have_no_degree(tmp_path: Path) -> None:
    code = numbers(atlas("baliki2012"))
    found = rows(measured(tmp_path, "baliki2012", text(list(code), code)), "degree")
    reasons = {row["qc"] for (_, target, _), row in found.items() if target != "WholeBrain"}
    assert reasons == {"3 other nodes with a series, fewer than 20"}


def test_each_edge_has_its_standard_error_and_its_halves(tmp_path: Path) -> None:
    name = "coordinates"
    parcels = atlas(name)
    names = [node.name for node in parcels.nodes]
    values = np.cumsum(np.random.default_rng(6).standard_normal((81, len(names))), axis=0)
    table = table_text(names, values)
    found = rows(measured(tmp_path, name, table), "fc", "fc_precision")
    written = np.array([row.split("\t") for row in table.splitlines()[1:]], dtype=float)
    standard = (written - written.mean(axis=0)) / written.std(axis=0)
    place = {node: at for at, node in enumerate(names)}
    one = np.array([[0, 1]])
    for edge in measurable_edges(parcels):
        ends = [parcels.members()[end] for end in edge.ends]
        if set(ends[0]) & set(ends[1]):
            assert {
                found["fc_precision", edge.target, name]["qc"] for name in ("pearson_se", "pearson_half1")
            } == {f"{edge.ends[0]} and {edge.ends[1]} share nodes in this atlas"}
            continue
        pair = np.column_stack([standard[:, [place[node] for node in nodes]].mean(axis=1) for nodes in ends])
        error = found["fc_precision", edge.target, "pearson_se"]
        assert error["value"] == pytest.approx(standard_errors(pair, np.arange(81), one)[0], rel=1e-9)
        assert error["unit"] == "z"
        for number, wanted in enumerate(half_correlations(pair, one), start=1):
            row = found["fc_precision", edge.target, f"pearson_half{number}"]
            assert row["value"] == pytest.approx(wanted[0], abs=1e-9)
            assert (row["n_volumes"], row["unit"]) == (39 + number, "r")
            assert row["dof"] == pytest.approx(80 * row["n_volumes"] / 81)
    assert len({row["definition"] for key, row in found.items() if key[2].startswith("pearson")}) == 4


def test_halves_that_are_too_short_are_refused_unless_allowed(tmp_path: Path) -> None:
    code = numbers(atlas("baliki2012"))
    series = {node: signal(number, 28) for node, number in code.items()}
    table = table_text(list(series), np.column_stack(list(series.values())))
    found = rows(measured(tmp_path, "baliki2012", table), "fc", "fc_precision")
    half = found["fc_precision", "NAc_R--mPFC", "pearson_half1"]
    assert half["qc"] == "14 degrees of freedom in half of the run, fewer than 15"
    assert math.isnan(half["value"])
    assert found["fc", "NAc_R--mPFC", "pearson"]["qc"] == "ok"
    allowed = rows(measured(tmp_path, "baliki2012", table, allow_low_dof=True), "fc", "fc_precision")
    assert math.isfinite(allowed["fc_precision", "NAc_R--mPFC", "pearson_half1"]["value"])


def test_switches_leave_rows_out(tmp_path: Path) -> None:
    code = numbers(atlas("Schaefer100TianS2"))
    table = text(list(code), code)
    names = {
        "standard_errors": "pearson_se",
        "split_half": "pearson_half1",
        "modules": "fc_within",
        "degree": "degree",
        "extent": "fc_extent",
        "phase_locking": "phase_locking",
    }
    everything = measured(tmp_path, "Schaefer100TianS2", table)
    for switch, name in names.items():
        fewer = measured(tmp_path, "Schaefer100TianS2", table, **{switch: False})
        kinds = [
            {row["measure"] for row in found.features} | {row["statistic"] for row in found.features}
            for found in (everything, fewer)
        ]
        assert name in kinds[0]
        assert name not in kinds[1]


def coupled(volumes: int = 300) -> dict[str, np.ndarray]:
    """Return spheres: the default mode and the salience network keep a distance of 1 rad, CEN drifts away."""
    time = np.arange(volumes)
    rng = np.random.default_rng(2)
    columns = {node.name: rng.standard_normal(volumes) for node in atlas("coordinates").nodes}
    carrier = 2 * np.pi * 0.05 * 2 * time
    for nodes, phase in (
        (("mPFC", "PCC", "AG_L", "AG_R"), 0.0),
        (("aIns_L", "aIns_R", "dACC"), 1.0),
        (("dlPFC_L", "dlPFC_R", "PPC_L", "PPC_R"), 2 * np.pi * 2 * time / (volumes - 22)),
    ):
        for node in nodes:
            columns[node] = 10 * np.cos(carrier + phase)
    return columns


def test_phase_locking_knows_networks_that_keep_their_distance(tmp_path: Path) -> None:
    columns = coupled()
    table = table_text(list(columns), np.column_stack(list(columns.values())))
    found = rows(measured(tmp_path, "coordinates", table), "phase_locking")
    locked = {target: row["value"] for (_, target, _), row in found.items()}
    assert locked["module:DMN--module:Salience"] > 0.99
    assert locked["module:CEN--module:DMN"] < 0.05
    assert locked["PPC->module:DMN"] < 0.05
    assert locked["NAc->module:DMN"] < 0.6
    networks_only = [value for target, value in locked.items() if "--" in target]
    assert len(networks_only) >= 3
    assert locked["module:DMN"] == pytest.approx(np.mean(networks_only))
    assert {row["qc"] for row in found.values()} == {"ok"}


def test_phase_locking_without_times_or_with_a_lost_region_says_so(tmp_path: Path) -> None:
    columns = coupled()
    columns |= {"aIns_L": np.zeros(300), "aIns_R": np.zeros(300)}
    table = table_text(list(columns), np.column_stack(list(columns.values())))
    found = rows(measured(tmp_path, "coordinates", table), "phase_locking")
    assert found["phase_locking", "module:DMN--module:Salience", "plv"]["qc"] == "no signal in aIns"
    assert found["phase_locking", "module:CEN--module:DMN", "plv"]["qc"] == "ok"
    mean = found["phase_locking", "module:DMN", "plv"]
    assert math.isnan(mean["value"])
    assert mean["qc"] == "no signal in aIns"
    run = write_run(tmp_path, table, atlas="coordinates")
    untimed = measure_session(tmp_path, session(run), PLAIN, atlases={"coordinates": atlas("coordinates")})
    assert {row["qc"] for row in rows(untimed, "phase_locking").values()} == {"no repetition time"}


def test_a_filter_that_took_the_band_away_is_seen(tmp_path: Path) -> None:
    columns = coupled()
    filtered = {}
    for name, series in columns.items():
        spectrum = np.fft.rfft(series + np.random.default_rng(len(name)).standard_normal(300))
        frequencies = np.fft.rfftfreq(300, 2.0)
        spectrum[(frequencies > 0.02) & (frequencies < 0.08)] = 0
        filtered[name] = np.fft.irfft(spectrum, 300) + 100
    values = np.column_stack(list(filtered.values()))
    table = "\n".join(["\t".join(filtered), *("\t".join(map(repr, row)) for row in values.tolist())]) + "\n"
    found = rows(measured(tmp_path, "coordinates", table, fluctuations=True), "phase_locking")
    assert all("band-limited before" in row["qc"] for row in found.values())


GOLDEN_ALGORITHM = 1
GOLDEN: dict[tuple[str, str, str], float] = {
    ("fc_precision", "Amy--NAc", "pearson_se"): 0.0798086884468,
    ("fc_precision", "Amy--NAc", "pearson_half1"): 0.370150261459,
    ("fc_precision", "Amy--NAc", "pearson_half2"): 0.338305017382,
    ("fc_within", "module:dmPFC-Amy-NAc", "mean_z"): 0.227869063437,
    ("fc_seed", "Amy->module:CEN", "mean_z"): 0.627931079062,
    ("fc_between", "module:CEN--module:DMN", "mean_z"): 0.584782468589,
    ("degree", "WholeBrain", "threshold"): 0.614068673327,
    ("degree", "NAc", "share"): 0,
    ("degree", "NAc", "strength"): 0.267500720005,
    ("fc_extent", "Hip->module:cortex", "share_0.1"): 0.636363636364,
    ("fc_extent", "Hip->module:cortex", "mean_abs_z"): 0.305100843501,
    ("phase_locking", "module:CEN--module:DMN", "plv"): 0.546404493723,
    ("phase_locking", "module:DMN", "plv"): 0.546404493723,
    ("global_signal_share", "WholeBrain", "share"): 0.28731543941,
    ("quality", "WholeBrain", "grade"): 0,
    ("coverage", "NAc", "share"): 1,
}


def test_golden_values_stand_or_the_algorithm_number_is_bumped(tmp_path: Path) -> None:
    """On series made of whole numbers, so that every platform reads the same file."""
    name = "Schaefer100TianS2"
    names = [node.name for node in atlas(name).nodes]
    volumes, nodes = np.arange(160)[:, None], np.arange(len(names))[None, :]
    values = ((7 + nodes) * (volumes + 3) % (29 + nodes % 5) + (volumes * volumes * (nodes % 4)) % 37).astype(
        float
    )
    found = measured(tmp_path, name, table_text(names, values), quality=True)
    values_found = {(row["measure"], row["target"], row["statistic"]): row["value"] for row in found.features}
    assert {key: values_found[key] for key in GOLDEN} == pytest.approx(GOLDEN, rel=1e-8), (
        "values changed: bump ALGORITHM in measure/_measured_run.py, then write the new values here"
    )
    assert ALGORITHM == GOLDEN_ALGORITHM
