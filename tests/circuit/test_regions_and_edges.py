"""Tables of the circuit: ids, hierarchy, edges with their evidence, groups, drawing positions."""

import re

import pytest

from corticolimbic import evidence
from corticolimbic.circuit import (
    atlas,
    atlas_names,
    edges,
    layout,
    measurable_edges,
    modules,
    networks,
    region,
    regions,
    seeds,
    tracts,
)
from corticolimbic.circuit._regions import is_region, split_side
from corticolimbic.features import Target, edge
from corticolimbic.foundation import SettingsError

OF_THE_DESIGN = """
PFC mPFC dmPFC vmPFC dlPFC OFC rACC dACC NAc NAcCore NAcShell Amy BLA CeA Hip aHip pHip VTA PAG RVM
Ins aIns pIns S1 S2 Thal VPL PCC Striatum Caudate Putamen ParaHip
"""
GROUPS = {"prefrontal", "reward", "limbic", "midbrain", "pain", "default", "brainstem", "whole"}


def test_region_ids_are_unique_plain_words_with_a_known_parent_and_contents():
    ids = [item.id for item in regions()]
    assert len(set(ids)) == len(ids)
    for item in regions():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", item.id)
        assert item.group in GROUPS
        assert item.hemispheres in {"both", "midline"}
        assert not item.parent or item.parent in ids
        assert set(item.contains) <= set(ids)
        assert item.name and item.name_zh and item.source


def test_no_region_is_its_own_ancestor():
    for item in regions():
        seen = [item.id]
        while item.parent:
            item = region(item.parent)
            assert item.id not in seen
            seen.append(item.id)


@pytest.mark.parametrize("name", sorted(OF_THE_DESIGN.split()))
def test_every_region_of_the_design_is_there(name):
    assert region(name).id == name


def test_a_side_is_understood_and_a_midline_region_has_none():
    assert region("NAc_R") == region("NAc")
    assert is_region("Amy_L")
    assert not is_region("PAG_L")
    with pytest.raises(SettingsError, match="PAG_L"):
        region("PAG_L")
    with pytest.raises(SettingsError, match="nowhere"):
        region("nowhere")


def test_edges_are_targets_of_the_features_grammar_between_known_regions():
    targets = [item.target for item in edges()]
    assert len(set(targets)) == len(targets)
    assert 36 <= len(targets) <= 72
    for item in edges():
        assert edge(*item.ends) == item.target == str(Target.parse(item.target))
        assert all(is_region(end) for end in item.ends)
        assert item.source and not item.stands_in_for


def test_primary_edges_are_those_of_the_longitudinal_predictors():
    primary = {item.target for item in edges() if item.primary}
    assert primary == {
        "NAc--mPFC",
        "NAc_R--mPFC",
        "Hip--mPFC",
        "Amy--dmPFC",
        "Amy--NAc",
        "NAc--dmPFC",
        "VTA--mPFC",
        "PAG--vmPFC",
        "VPL--dlPFC",
        "Thal--dlPFC",
        "NAc--dlPFC",
    }


def test_everything_that_cites_evidence_cites_rows_that_exist():
    known = {row.id for row in (*evidence.findings(), *evidence.effects())}
    for item in (*edges(), *modules(), *networks(), *tracts()):
        assert set(item.findings) <= known, item
    assert all(item.findings for item in edges())


def test_findings_behind_an_edge_speak_of_regions_at_its_ends():
    about = {row.id: row.region_or_edge or "" for row in evidence.findings()}
    for item in edges():
        if not item.primary:
            continue
        for finding in (name for name in item.findings if name.startswith("F")):
            words = set(re.findall(r"[A-Za-z]+", about[finding]))
            ancestors = {end: _lineage(split_side(end)[0]) for end in item.ends}
            assert all(words & line for line in ancestors.values()), (item.target, finding, about[finding])


def _lineage(name):
    line = {name}
    while region(name).parent:
        name = region(name).parent
        line.add(name)
    return line


def test_modules_and_networks_are_made_of_regions():
    for item in (*modules(), *networks()):
        assert all(is_region(member) for member in item.members), item.id
        assert str(Target.parse(f"module:{item.id}")) == f"module:{item.id}"
    assert {item.id for item in modules()} >= {"dmPFC-Amy-NAc", "vmPFC-Amy", "OFC-Amy-Hip", "PFC-NAc-Amy"}
    assert {item.id for item in networks()} >= {
        "DMN",
        "CEN",
        "Salience",
        "pain_set",
        "emotion_set",
        "reward_set",
    }
    assert {item.id for item in tracts()} >= {"Cingulum", "MFB", "SLF", "CorpusCallosum", "WholeBrainWM"}


def test_every_end_of_every_measurable_edge_can_be_drawn():
    places = layout()
    drawn = {item.region for item in places}
    keys = [(item.region, item.side) for item in places]
    assert len(set(keys)) == len(keys)
    needed = {
        split_side(end)[0] for name in atlas_names() for item in measurable_edges(name) for end in item.ends
    }
    needed |= {split_side(end)[0] for item in edges() for end in item.ends}
    assert needed <= drawn, needed - drawn
    for item in places:
        assert {"L": item.x < 0, "R": item.x > 0, "M": abs(item.x) <= 4}[item.side], item
        assert -80 <= item.x <= 80 and -110 <= item.y <= 80 and -65 <= item.z <= 85


def test_spheres_are_drawn_where_they_are_measured():
    places = {(item.region, item.side): (item.x, item.y, item.z) for item in layout()}
    for node in atlas("coordinates").nodes:
        side = {"B": "M"}.get(node.side, node.side)
        assert places[split_side(node.name)[0], side] == (node.x, node.y, node.z)


def test_seeds_are_regions_with_findings_that_name_them():
    known = {item.id: item for item in evidence.findings()}
    for seed in seeds():
        assert region(seed.region).id == seed.region
        assert seed.note and seed.source
        assert seed.findings
        assert set(seed.findings) <= set(known)
    assert len({seed.region for seed in seeds()}) == len(seeds())
