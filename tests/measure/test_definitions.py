"""Definitions name what a number is; golden values say when ``ALGORITHM`` must be bumped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset.synthetic import table_text
from measure.phantom import numbers, session, still_motion, text, write_run

from corticolimbic.circuit import atlas
from corticolimbic.features import edge
from corticolimbic.measure import (
    ALGORITHM,
    BANDS,
    MeasuredSession,
    MeasureSettings,
    NodeTargets,
    measure_session,
)

SMALL = "baliki2012"
FLUCTUATIONS = frozenset(band.measure for band in BANDS)
GROUPS = frozenset({"fc_within", "fc_seed", "fc_between", "phase_locking"})
DERIVED = frozenset({"fc_precision", "degree", "fc_extent", *GROUPS})
QUALITY = frozenset({"coverage", "global_signal_share", "quality"})
"""What is measured beside the edges, by kind."""
KEPT = frozenset({"motion", "nodes", "circuit", *FLUCTUATIONS, *DERIVED, *QUALITY})
NAME = "Schaefer100TianS2"
"""An atlas by which everything is measured."""
CHANGES: dict[str, tuple[Any, frozenset[str]]] = {
    "fd_threshold": (0.3, frozenset({"motion", "nodes", "circuit", *FLUCTUATIONS, *DERIVED, *QUALITY})),
    "min_coverage": (0.9, frozenset({"circuit", *FLUCTUATIONS, *DERIVED, "coverage", "quality"})),
    "statistics": (("partial",), frozenset()),  # fewer rows; those that stay are the same numbers
    "allow_low_dof": (True, frozenset()),  # whether a number is given, not which
    "circuit_edges": (False, frozenset()),
    "fluctuations": (False, frozenset()),
    "atlases": (("baliki2012",), frozenset()),  # these are read for images only: see test_bold_session
    "label_images": ((), frozenset()),
    "radius_mm": (3.0, frozenset()),
    "strategy": ("compcor", frozenset()),
    "allow_space_mismatch": (("MNI152NLin6Asym",), frozenset()),
    "usable_signal": (0.5, frozenset()),
    "smoothing_fwhm": (6.0, frozenset()),  # images only: see test_bold_maps
    "fluctuation_maps": (("alff",), frozenset()),
    "seed_maps": (("NAc_R",), frozenset()),
    # Spectra are taken before the filter.
    "band_hz": ((0.01, 0.15), frozenset({"nodes", "circuit", *DERIVED, *QUALITY})),
    **dict.fromkeys(("censor_before", "censor_after", "min_segment", "dummy_scans"), (2, KEPT)),
    "dvars_threshold": (1.5, KEPT),
    "nuisance_regions": (("aHIP-lh",), KEPT - {"motion"}),
    "covariances": (False, frozenset()),
    "standard_errors": (False, frozenset()),
    "split_half": (False, frozenset()),
    "modules": (False, frozenset()),
    "degree": (False, frozenset()),
    "degree_density": (0.2, frozenset({"degree"})),
    "extent": (False, frozenset()),
    "phase_locking": (False, frozenset()),
    "phase_band": ((0.01, 0.1), frozenset({"phase_locking"})),
    "quality": (False, frozenset()),
    "quality_limits": (({"rule": "dof", "amber": 100},), frozenset({"quality"})),
}
"""Each setting: another value, and the kinds of numbers that it changes."""


def measured(root: Path, settings: MeasureSettings, columns: list[str] | None = None) -> MeasuredSession:
    parcels = atlas(NAME)
    code = numbers(parcels)
    run = write_run(root, text(columns or list(code), code), atlas=NAME, motion=still_motion())
    asked = [NodeTargets(NAME, "partial", (edge("aHIP-rh", "pHIP-rh"),))]
    return measure_session(
        root, session(run), settings, atlases={NAME: parcels}, asked_for=asked, repetition_time=2.0
    )


def ids(found: MeasuredSession) -> dict[tuple[str, str], str]:
    """Return (kind of number, estimator) to its definition."""
    nodes = {row["definition"] for row in found.matrices}
    kinds = {("nodes", row["statistic"]): row["definition"] for row in found.matrices}
    for row in found.features:
        kind = "motion" if row["measure"] in {"mean_fd", "censored_share"} else row["measure"]
        if kind == "fc":
            kind = "nodes" if row["definition"] in nodes else "circuit"
        kinds[kind, row["statistic"]] = row["definition"]
    return kinds


def test_every_setting_says_which_numbers_it_changes() -> None:
    assert set(CHANGES) == set(MeasureSettings.model_fields), (
        "declare what the new setting changes in CHANGES"
    )


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_that_changes_a_number_changes_its_definition_and_no_other(
    tmp_path: Path, name: str
) -> None:
    value, changed = CHANGES[name]
    before = ids(measured(tmp_path, MeasureSettings()))
    after = ids(measured(tmp_path, MeasureSettings.model_validate({name: value})))
    assert set(after) <= set(before)
    assert {key[0] for key in after if after[key] != before[key]} == changed


def test_every_kind_of_number_is_measured_here(tmp_path: Path) -> None:
    kinds = {kind for kind, _ in ids(measured(tmp_path, MeasureSettings()))}
    assert kinds == {"motion", "max_fd", "nodes", "circuit", *FLUCTUATIONS, *DERIVED, *QUALITY}


def test_equal_settings_give_equal_definitions_that_tell_what_was_done(tmp_path: Path) -> None:
    first, second = (measured(tmp_path / place, MeasureSettings()) for place in "ab")
    assert first.definitions == second.definitions
    together = {"motion", "degree", "fc_extent"}  # several statistics of one and the same making
    connections = [value for (kind, _), value in ids(first).items() if kind not in together]
    assert len(set(connections)) == len(connections), "different numbers have different definitions"
    for key, definition in first.definitions.items():
        assert key.startswith(f"{definition['measure']}-")
        assert definition["algorithm"] == ALGORITHM
        assert "fd_threshold" in definition["settings"] or definition["measure"] == "max_fd"
    circuit = first.definitions[ids(first)["circuit", "pearson"]]
    assert circuit["atlas_hash"] == atlas(NAME).hash
    assert {name: tuple(nodes) for name, nodes in circuit["settings"]["regions"].items()} == {
        name: nodes for name, nodes in atlas(NAME).members().items() if name in circuit["settings"]["regions"]
    }


def test_other_columns_are_another_definition_of_node_values_only(tmp_path: Path) -> None:
    code = list(numbers(atlas(NAME)))
    first, second = (
        ids(measured(tmp_path / place, MeasureSettings(), columns))
        for place, columns in (("a", code), ("b", code[::-1]))
    )
    assert {key[0] for key in first if first[key] != second[key]} == {"nodes"}


GOLDEN_ALGORITHM = 1
GOLDEN_EDGES = {
    ("mean_fd", "WholeBrain", "mean"): 0.294871794872,
    ("censored_share", "WholeBrain", "share"): 0.125,
    ("fc", "NAc_R--mPFC", "pearson"): 0.783204783705,
    ("fc", "NAc_R--mPFC", "ledoit_wolf"): 0.703308165073,
    ("fc", "NAc_R--mPFC", "partial"): 0.59513647266,
    ("fc", "Ins_R--NAc_R", "pearson"): 0.602510162573,
    ("fc", "Ins_R--NAc_R", "ledoit_wolf"): 0.541046640283,
    ("fc", "Ins_R--NAc_R", "partial"): 0.179731537911,
    ("fc", "Ins_R--mPFC", "pearson"): 0.661904784327,
    ("fc", "Ins_R--mPFC", "ledoit_wolf"): 0.594382272688,
    ("fc", "Ins_R--mPFC", "partial"): 0.353431392923,
    ("fc", "S1M1_L--mPFC", "pearson"): -0.605025460758,
    ("fc", "S1M1_L--mPFC", "ledoit_wolf"): -0.543305346803,
    ("fc", "S1M1_L--mPFC", "partial"): -0.563421028708,
    ("fc", "NAc_R--S1M1_L", "pearson"): -0.238468013653,
    ("fc", "NAc_R--S1M1_L", "ledoit_wolf"): -0.214141313486,
    ("fc", "NAc_R--S1M1_L", "partial"): 0.256312927702,
    ("fc", "Ins_R--S1M1_L", "pearson"): -0.239614785778,
    ("fc", "Ins_R--S1M1_L", "ledoit_wolf"): -0.215171100606,
    ("fc", "Ins_R--S1M1_L", "partial"): 0.105699533337,
}
GOLDEN_NODES = {
    ("fc", "NAc_R--mPFC", "pearson"): 0.783204783705,
    ("fc", "Ins_R--S1M1_L", "pearson"): -0.239614785778,
    ("fc", "NAc_R--mPFC", "ledoit_wolf"): 0.703308165073,
    ("fc", "Ins_R--S1M1_L", "ledoit_wolf"): -0.215171100606,
    ("fc", "NAc_R--mPFC", "partial"): 0.59513647266,
    ("fc", "Ins_R--S1M1_L", "partial"): 0.105699533337,
}


def golden(root: Path) -> MeasuredSession:
    """Measure a tiny series made of whole numbers, so that every platform writes the same file."""
    parcels = atlas(SMALL)
    names = [node.name for node in parcels.nodes]
    volumes = np.arange(40)[:, None]
    steps = np.array([[7, 11, 13, 17]]) * (volumes + 3) % np.array([[29, 23, 31, 19]])
    series = (steps + (volumes * volumes) % 37).astype(float)
    series[:, 3] -= series[:, 0]
    motion = "\n".join(["framewise_displacement", "n/a", *(f"0.{at % 7}" for at in range(1, 40))]) + "\n"
    run = write_run(root, table_text(names, series), atlas=SMALL, motion=motion)
    asked = [
        NodeTargets(SMALL, statistic, (edge(names[0], names[1]), edge(names[2], names[3])))
        for statistic in ("pearson", "ledoit_wolf", "partial")
    ]
    return measure_session(root, session(run), MeasureSettings(), atlases={SMALL: parcels}, asked_for=asked)


def test_golden_values_stand_or_the_algorithm_number_is_bumped(tmp_path: Path) -> None:
    found = golden(tmp_path)
    nodes = {row["definition"] for row in found.matrices}
    values = {
        (row["definition"] in nodes, row["measure"], row["target"], row["statistic"]): row["value"]
        for row in found.features
        # The others have golden values of their own: see test_fluctuation_rows and test_derived_rows.
        if row["measure"] in {"fc", "mean_fd", "censored_share"}
    }
    wanted = {(False, *key): value for key, value in GOLDEN_EDGES.items()}
    wanted |= {(True, *key): value for key, value in GOLDEN_NODES.items()}
    message = (
        "values of the measuring room changed: bump ALGORITHM in measure/_measured_run.py, so that stored "
        "results are measured again, then write the new values and the new number here"
    )
    assert values == pytest.approx(wanted, abs=1e-9), message
    assert ALGORITHM == GOLDEN_ALGORITHM, "ALGORITHM was bumped: write the new number and values here"
