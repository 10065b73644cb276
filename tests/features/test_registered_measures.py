"""Registered measures and targets: bounds, and what a name that is not registered could have meant."""

from __future__ import annotations

import math

import pytest

from corticolimbic.circuit import atlas, edges, modules, regions, tracts
from corticolimbic.features import TargetError, known_target, measure, measures
from corticolimbic.foundation import SettingsError


def test_every_measure_is_told_apart_and_described() -> None:
    for name, item in measures().items():
        assert item.name == name
        assert all(item.units)
        assert all(item.statistics)
        assert item.low < item.high
        assert item.kind in {"connectivity", "fluctuation", "activity", "structure", "diffusion", "quality"}
        assert item.description.endswith(".")


def test_bounds_belong_to_the_first_unit_and_a_share_has_its_own() -> None:
    assert measure("fa").bounds("ratio") == (0, 1)
    assert measure("tract_connections").bounds("count") == (0, math.inf)
    assert measure("tract_connections").bounds("share") == (0, 1)
    assert measure("slow5").bounds("z") == (-math.inf, math.inf)


@pytest.mark.parametrize(("name", "near"), [("FA", "fa"), ("volumes", "volume"), ("slow-5", "slow5")])
def test_an_unknown_measure_names_what_is_near(name: str, near: str) -> None:
    with pytest.raises(SettingsError, match=rf"near are .*\b{near}\b"):
        measure(name)


def test_every_name_of_the_circuit_is_a_target() -> None:
    for item in regions():
        for side in ("", "_L", "_R") if item.hemispheres == "both" else ("",):
            assert str(known_target(item.id + side)) == item.id + side
    for tract in tracts():
        assert str(known_target(tract.id)) == tract.id
    for module in modules():
        assert str(known_target(f"module:{module.id}")) == f"module:{module.id}"
    for edge in edges():
        assert str(known_target(edge.target)) == edge.target
    assert str(known_target("mPFC--NAc_R")) == "NAc_R--mPFC"
    assert str(known_target("Hip->module:cortex")) == "Hip->module:cortex"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("amygdala_L", "Amy_L"),
        ("amygdala", "Amy"),
        ("PAG_L", "PAG"),
        ("SLF_X", "SLF_R"),
        ("module:dmPFC-amy-NAc", "dmPFC-Amy-NAc"),
        ("dmPFC-Amy-NAc", ""),
        ("NAc--mPFX", "mPFC"),
        ("CorpusCallosum_L", "CorpusCallosum"),
        ("a b", ""),
        ("", ""),
        ("脑", ""),
    ],
)
def test_an_unknown_target_is_refused_with_what_is_near(text: str, near: str) -> None:
    with pytest.raises(TargetError) as caught:
        known_target(text)
    assert near in str(caught.value)


def test_nodes_of_an_atlas_are_targets_of_that_atlas_only() -> None:
    node = next(item.name for item in atlas("MIST122").nodes)
    assert str(known_target(node, "MIST122")) == node
    for other in ("", "coordinates", "no such atlas"):
        with pytest.raises(TargetError):
            known_target(node, other)
