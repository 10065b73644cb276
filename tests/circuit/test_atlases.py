"""Atlases: nodes by name, maps that name labels, stand-ins under their own names."""

import csv
import re

import pytest

from corticolimbic.circuit import (
    Atlas,
    Mapping,
    Node,
    atlas,
    atlas_names,
    edges,
    measurable_edges,
    missing_regions,
    region,
)
from corticolimbic.circuit._regions import split_side
from corticolimbic.circuit._shipped import shipped
from corticolimbic.foundation import SettingsError

MELBOURNE = "atlases/melbourne-subcortex"


@pytest.mark.parametrize("name", atlas_names())
def test_a_map_names_regions_of_the_circuit_and_nodes_of_the_atlas(name):
    chosen = atlas(name)
    nodes = {node.name for node in chosen.nodes}
    assert len(nodes) == len(chosen.nodes)
    for row in shipped(f"maps/{name}"):
        assert region(row["region"]).id == row["region"]
        assert row["label"] in nodes
        assert row["relation"] in {"equal", "part", "contains", "within"}
        assert row["source"]
    pairs = [(row.region, row.node) for row in chosen.mappings]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("name", atlas_names())
def test_members_are_nodes_of_the_side_that_the_id_says(name):
    chosen = atlas(name)
    sides = {node.name: node.side for node in chosen.nodes}
    members = chosen.members()
    for found, nodes in members.items():
        base, side = split_side(found)
        region(found)
        assert nodes and len(set(nodes)) == len(nodes)
        if side:
            assert {sides[node] for node in nodes} == {side}
            assert base not in members or set(nodes) < set(members[base])
        else:
            held = {sides[node] for node in nodes}
            assert "B" in held or held == {"L", "R"}


@pytest.mark.parametrize("name", sorted(set(atlas_names()) - {"coordinates", "baliki2012"}))
def test_node_sides_agree_with_node_centres(name):
    for node in atlas(name).nodes:
        if node.index is None:
            continue
        assert {"L": node.x < 0, "R": node.x > 0, "B": True}[node.side], node


def test_label_files_hold_exactly_our_nodes(shared_data):
    folder = shared_data / MELBOURNE
    expected = {
        "MIST122": _table(shared_data / "rpn/seg-MIST122_dseg.tsv", "\t", "index", "name"),
        "CIT168": _table(
            shared_data / "atlases/cit168/CIT168_subcortex_lookup.csv", ",", "Region_Index", "Region_Name"
        ),
        "TianS2": _lines(folder / "Tian_Subcortex_S2_3T_label.txt"),
        "TianS4": _lines(folder / "Tian_Subcortex_S4_3T_label.txt"),
        "Schaefer100TianS2": _pairs(
            folder / "Schaefer2018_100Parcels_7Networks_order_Tian_Subcortex_S2_label.txt"
        ),
        "Schaefer400TianS2": _pairs(
            folder / "Schaefer2018_400Parcels_7Networks_order_Tian_Subcortex_S2_label.txt"
        ),
        "HarvardOxford": {
            index + 1: name
            for index, name in _table(
                shared_data / "atlases/harvard-oxford/labels_harvard_oxford.csv", ",", "index", "name"
            ).items()
        },
    }
    for name, labels in expected.items():
        ours = {node.index: node.name for node in atlas(name).nodes if node.index is not None}
        assert ours == labels, name


def test_series_of_the_public_cohort_have_exactly_our_names(shared_data):
    series = next((shared_data / "rpn").glob("sub-*/func/*_timeseries.tsv"))
    with series.open() as stream:
        columns = stream.readline().rstrip("\n").split("\t")
    assert sorted(columns) == sorted(node.name for node in atlas("MIST122").nodes)


def _table(path, delimiter, index, name):
    with path.open(encoding="utf-8-sig") as stream:
        return {int(row[index]): row[name] for row in csv.DictReader(stream, delimiter=delimiter)}


def _lines(path):
    return dict(enumerate((line.strip() for line in path.read_text().splitlines() if line.strip()), start=1))


def _pairs(path):
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    return {int(second.split()[0]): first for first, second in zip(lines[::2], lines[1::2], strict=True)}


def test_balikis_seeds_are_exactly_those_of_the_published_implementation():
    nodes = {node.name: (node.x, node.y, node.z, node.radius) for node in atlas("baliki2012").nodes}
    assert nodes == {
        "mPFC": (2, 52, -2, 5),
        "NAc_R": (10, 12, -8, 5),
        "Ins_R": (40, -6, -2, 5),
        "S1M1_L": (-32, -34, 66, 5),
    }


def test_one_seed_on_one_side_is_not_called_the_region():
    assert set(atlas("baliki2012").members()) == {"mPFC", "NAc_R", "Ins_R", "S1M1_L"}
    found = {item.target: item for item in measurable_edges("baliki2012")}
    assert found["NAc_R--mPFC"].stands_in_for == ""
    assert found["Ins_R--mPFC"].stands_in_for == "Ins--mPFC"
    assert "NAc--mPFC" not in found
    assert len(found) == 6


def test_every_sphere_says_where_its_coordinate_comes_from():
    for name in ("coordinates", "baliki2012"):
        for node in atlas(name).nodes:
            assert re.match(r"(Baliki 2012|peak of|derived here:|assumed:|Bär 2016)", node.source), node
            assert node.radius > 0
    sources = {node.name: node.source for node in atlas("coordinates").nodes}
    assert "Maumet 2016" in sources["PAG"]
    assert "Bär 2016" in sources["RVM"]


def test_merged_labels_keep_their_own_names():
    mist, cit = atlas("MIST122").members(), atlas("CIT168").members()
    assert mist["CaudHeadNAc"] == ("CAUDNH_NACC",)
    assert mist["AmyAntHip"] == ("AMY",)
    assert not {"NAc", "Amy", "Hip"} & set(mist)
    assert cit["SNcPBPVTA"] == ("SNc_PBP_VTA_LH", "SNc_PBP_VTA_RH")
    assert "VTA" not in cit
    assert atlas("MIST122").relation("NAc") == "contains"
    assert atlas("MIST122").relation("Hip") == "within"
    assert atlas("MIST122").relation("CaudHeadNAc") == "equal"
    assert atlas("MIST122").relation("mPFC") == "part"
    assert atlas("CIT168").relation("VTA") == "contains"
    assert atlas("HarvardOxford").relation("PAG") is None


def test_a_stand_in_carries_another_name_and_says_for_what_it_stands():
    found = {item.target: item for item in measurable_edges("MIST122")}
    assert found["CaudHeadNAc--mPFC"].stands_in_for == "NAc--mPFC"
    assert found["CaudHeadNAc--mPFC"].primary
    assert found["AmyAntHip--dmPFC"].stands_in_for == "Amy--dmPFC"
    assert found["mPFC--pHip"].stands_in_for == "Hip--mPFC"
    midbrain = {item.target: item.stands_in_for for item in measurable_edges("CIT168")}
    assert midbrain == {"NAc--SNcPBPVTA": "NAc--VTA"}
    spheres = {item.target: item.stands_in_for for item in measurable_edges("coordinates")}
    assert spheres["S1M1--Thal"] == "S1--Thal"


@pytest.mark.parametrize("name", atlas_names())
def test_measurable_edges_end_in_measured_regions_and_never_repeat(name):
    members = atlas(name).members()
    own = {item.target for item in edges()}
    found = measurable_edges(name)
    targets = [item.target for item in found]
    assert len(set(targets)) == len(targets)
    for item in found:
        assert set(item.ends) <= set(members)
        assert item.ends[0] != item.ends[1]
        if item.stands_in_for:
            assert item.target not in own
            assert set(item.stands_in_for.split(";")) <= own
        else:
            assert item.target in own
    missing = set(missing_regions(name))
    assert not missing & set(members)
    for item in edges():
        bases = {split_side(end)[0] for end in item.ends}
        if not bases & missing and all(end in members for end in item.ends):
            assert item.target in targets


def test_what_an_atlas_lacks_is_said():
    assert set(missing_regions("Schaefer400TianS2")) == {"BLA", "VTA", "PAG", "RVM", "S1", "VPL"}
    assert {"VTA", "PAG", "RVM", "VPL", "aHip"} <= set(missing_regions("HarvardOxford"))
    assert {"NAcCore", "NAcShell"} <= set(missing_regions("coordinates"))


def test_both_hemispheres_are_told_apart_where_the_atlas_does():
    members = atlas("TianS2").members()
    assert members["aHip_L"] == ("aHIP-lh",)
    assert members["aHip"] == ("aHIP-lh", "aHIP-rh")
    assert set(members["Hip_R"]) == {"aHIP-rh", "pHIP-rh"}
    assert "Thal_L" not in atlas("MIST122").members()


def test_misnamed_labels_are_placed_by_their_voxels():
    sides = {node.name: node.side for node in atlas("MIST122").nodes}
    assert sides["L_FP_l"] == "R" and sides["R_FP_l"] == "L"
    assert sides["l_PCsul"] == "R" and sides["R_PCsul"] == "L"


@pytest.mark.parametrize(
    ("asked", "name"),
    [("MIST122", "MIST122"), ("mist", "MIST122"), ("Baliki2012", "baliki2012"), ("HO", "HarvardOxford")],
)
def test_a_seg_label_or_alias_finds_its_atlas(asked, name):
    assert atlas(asked).name == name


def test_an_unknown_atlas_is_refused_with_those_there_are():
    with pytest.raises(SettingsError, match=r"AAL.*MIST122"):
        atlas("AAL")


def test_the_hash_follows_content_not_order():
    chosen = atlas("TianS2")
    turned = Atlas(
        chosen.name, chosen.kind, chosen.space, chosen.spaces, chosen.nodes[::-1], chosen.mappings[::-1]
    )
    shifted = Atlas(chosen.name, chosen.kind, chosen.space, chosen.spaces, chosen.nodes, chosen.mappings[1:])
    assert turned.hash == chosen.hash != shifted.hash
    assert len({atlas(name).hash for name in atlas_names()}) == len(atlas_names())


def test_repeated_or_unknown_names_are_refused():
    node = Node("a", "L", index=1)
    with pytest.raises(SettingsError, match="'a' stands twice"):
        Atlas("x", "labels", "s", ("s",), (node, Node("a", "R", index=2)), ())
    with pytest.raises(SettingsError, match="'b', which is no node"):
        Atlas("x", "labels", "s", ("s",), (node,), (Mapping("NAc", "b", "equal", "", ""),))
    with pytest.raises(SettingsError, match="no region"):
        Atlas("x", "labels", "s", ("s",), (node,), (Mapping("nowhere", "a", "equal", "", ""),))
    with pytest.raises(SettingsError, match="no node"):
        atlas("TianS2").node("aHIP")


@pytest.mark.parametrize("name", atlas_names())
def test_no_edge_connects_a_node_with_itself(name):
    members = atlas(name).members()
    for item in measurable_edges(name):
        first, second = (set(members[end]) for end in item.ends)
        assert not first & second, item.target


def test_effects_behind_an_edge_were_verified():
    from corticolimbic import evidence

    verified = {row.id for row in evidence.select_effects(verified=True)}
    cited = {name for item in edges() for name in item.findings if name.startswith("E")}
    assert cited and cited <= verified
