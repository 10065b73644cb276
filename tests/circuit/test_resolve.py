"""Every name in the evidence resolves, consistently with the table's own column."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corticolimbic import evidence
from corticolimbic.circuit import atlas, atlas_names, edges, modules, regions, resolve
from corticolimbic.circuit._regions import is_region
from corticolimbic.foundation import SettingsError
from corticolimbic.measure import group_targets

# What a text names and what a row is about differ where the row is not about imaging (animal work,
# behaviour, chemistry), means white matter or all of the brain, or has only "cortex" as a partner.
TABLE_SAYS_OTHERWISE = {
    ("edge", "network"): {"Amy-PFC", "NAc-PFC", "Hip-PFC"},  # notes: the partner is 'cortex' or not named
    ("edge", "region"): {"mPFC-NAc"},  # F218-F220: FA of two regions, correlated
    ("region", "tract"): {"WholeBrain"},  # FA of the whole white matter
    ("region", "network"): {"WholeBrain"},  # similarity over the whole brain
    ("region", "module"): {"mPFC;OFC;NAc;Hip;Amy"},  # F221: a list resolves to its regions
    ("not_imaging", "network"): {"-"},  # F243, F268, F269: a pattern of which no region is named
}


def test_every_finding_resolves_and_agrees_with_the_table_but_for_stated_exceptions():
    used = Counter()
    for finding in evidence.findings():
        text = finding.region_or_edge or "-"
        found = resolve(text)
        assert found
        assert all(is_region(member) for part in found for member in part.members)
        kinds = {part.kind for part in found}
        assert len(kinds) == 1, finding.id
        (kind,) = kinds
        if finding.resolvable in {kind, "not_imaging"}:
            continue
        assert text in TABLE_SAYS_OTHERWISE[kind, finding.resolvable], finding.id
        used[kind, finding.resolvable] += 1
    assert used == {
        ("edge", "network"): 5,
        ("edge", "region"): 3,
        ("region", "tract"): 4,
        ("region", "network"): 2,
        ("region", "module"): 1,
        ("not_imaging", "network"): 3,
    }


@pytest.mark.parametrize(
    ("text", "kind", "name", "members"),
    [
        ("mPFC-NAc", "edge", "NAc--mPFC", ("NAc", "mPFC")),
        ("NAc_R--mPFC", "edge", "NAc_R--mPFC", ("NAc_R", "mPFC")),
        ("NAc->mPFC", "edge", "NAc--mPFC", ("NAc", "mPFC")),
        ("Hip-Hip", "region", "Hip", ("Hip",)),
        ("dmPFC-Amy-NAc", "module", "dmPFC-Amy-NAc", ("dmPFC", "Amy", "NAc")),
        ("NAc-Amy-dmPFC", "module", "dmPFC-Amy-NAc", ("dmPFC", "Amy", "NAc")),
        ("PFC-Amy-NAc", "module", "PFC-NAc-Amy", ("PFC", "NAc", "Amy")),
        ("module:OFC-Amy-Hip", "module", "OFC-Amy-Hip", ("OFC", "Amy", "Hip")),
        ("VTA-PAG-RVM", "module", "VTA-PAG-RVM", ("VTA", "PAG", "RVM")),
        ("Amy-CEN", "network", "Amy--CEN", ("Amy", "dlPFC", "PPC")),
        ("SalienceNet", "network", "Salience", ("aIns", "dACC")),
        ("Cingulum", "tract", "Cingulum", ()),
        ("SLF_R", "tract", "SLF_R", ()),
        ("VTA-MFB", "tract", "MFB", ()),
        ("NAc-Caudate-Putamen cluster", "region", "Striatum", ("Striatum",)),
        ("nacc", "region", "NAc", ("NAc",)),
        ("HPA", "not_imaging", "HPA axis", ()),
        ("-", "not_imaging", "-", ()),
    ],
)
def test_a_text_resolves_to_what_it_names(text, kind, name, members):
    (found,) = resolve(text)
    assert (found.kind, found.name, found.members) == (kind, name, members)


def test_a_list_resolves_entry_by_entry():
    found = resolve("Ins; S2;ACC;dlPFC")
    assert [part.name for part in found] == ["Ins", "S2", "ACC", "dlPFC"]
    assert {part.kind for part in found} == {"region"}


@pytest.mark.parametrize("text", ["mPCF", "mPFC-nowhere", "PAG_L", "mPFC-Cingulum", "module:none", "MFB_X"])
def test_an_unknown_name_is_refused_by_name(text):
    with pytest.raises(SettingsError, match="names no region"):
        resolve(text)


def test_a_misspelling_is_told_what_is_near():
    with pytest.raises(SettingsError, match="mPFC"):
        resolve("mPFCC")


_IDS = st.sampled_from([item.id for item in regions()])


@given(_IDS, _IDS)
def test_an_edge_does_not_depend_on_the_order_of_its_ends(first, second):
    one, other = resolve(f"{first}--{second}"), resolve(f"{second}--{first}")
    assert one == other
    assert one[0].kind == ("region" if first == second else "edge")
    assert set(one[0].members) == {first, second}


@given(st.lists(_IDS, min_size=1, max_size=6))
def test_lists_keep_order_and_length(names):
    assert [part.name for part in resolve(";".join(names))] == names


@given(st.text(max_size=30))
def test_any_text_resolves_or_is_refused_on_purpose(text):
    try:
        found = resolve(text)
    except SettingsError:
        return
    assert all(part.name for part in found)


def test_every_own_name_resolves_to_itself():
    for item in edges():
        assert resolve(item.target)[0].name == item.target
    for item in modules():
        assert resolve(item.id)[0].members == item.members


def test_targets_with_modules_resolve_to_all_their_regions():
    (seed,) = resolve("Amy->module:CEN")
    assert (seed.kind, seed.name, seed.members) == ("network", "Amy--CEN", ("Amy", "dlPFC", "PPC"))
    (module,) = resolve("VTA->module:dmPFC-Amy-NAc")
    assert (module.kind, module.members) == ("module", ("VTA", "dmPFC", "Amy", "NAc"))
    (both,) = resolve("module:CEN--module:DMN")
    assert both.kind == "network"
    assert set(both.members) == {"dlPFC", "PPC", "mPFC", "PCC", "AG"}
    for text in ("Amy->module:nothing", "nothing->module:CEN", "Amy->module:NAc", "module:CEN--module:Amy"):
        with pytest.raises(SettingsError):
            resolve(text)


def test_every_target_that_is_measured_resolves():
    for name in atlas_names():
        for item in group_targets(atlas(name).members()):
            (found,) = resolve(item.target)
            assert set(found.members) >= set(item.regions)
