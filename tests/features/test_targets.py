"""The grammar of targets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corticolimbic.circuit import atlas, atlas_names, edges, regions
from corticolimbic.features import Target, TargetError, edge

WORD = st.text(alphabet="abcXYZ019_.+é脑()'", min_size=1, max_size=6)
NAME = st.lists(WORD, min_size=1, max_size=3).map("-".join).filter(lambda name: name[0].isalnum())


@given(NAME, NAME)
def test_undirected_edges_are_sorted_and_directed_ones_are_not(first: str, second: str) -> None:
    assert edge(first, second) == edge(second, first) == "--".join(sorted((first, second)))
    parsed = Target.parse(f"{first}--{second}")
    assert (parsed.kind, parsed.names) == ("edge", tuple(sorted((first, second))))
    assert Target.parse(edge(first, second)) == parsed
    directed = Target.parse(f"{first}->{second}")
    assert (directed.kind, directed.names, str(directed)) == (
        "directed",
        (first, second),
        f"{first}->{second}",
    )


@given(NAME, NAME)
def test_modules_are_ends_too(first: str, second: str) -> None:
    seed = Target.parse(f"{first}->module:{second}")
    assert (seed.kind, seed.names, str(seed)) == ("seed", (first, second), f"{first}->module:{second}")
    both = Target.parse(f"module:{first}--module:{second}")
    assert (both.kind, both.names) == ("modules", tuple(sorted((first, second))))
    assert Target.parse(str(both)) == both
    assert Target.parse(f"module:{second}--module:{first}") == both


@given(NAME, st.sampled_from(["region", "module", "map"]))
def test_single_names_read_back(name: str, kind: str) -> None:
    text = name if kind == "region" else f"{kind}:{name}"
    parsed = Target.parse(text)
    assert (parsed.kind, parsed.names, str(parsed)) == (kind, (name,), text)


@given(st.text(max_size=12))
def test_any_text_is_a_target_that_reads_back_or_a_target_error(text: str) -> None:
    try:
        parsed = Target.parse(text)
    except TargetError as error:
        assert repr(text) in str(error)
        return
    assert Target.parse(str(parsed)) == parsed
    assert 1 <= len(parsed.names) <= 2


@pytest.mark.parametrize(
    "text",
    ["", "-", "--", "A--", "--B", "A---B", "A--B--C", "A->B->C", "A-->B", "A->", "->B", "A->B--C", "module:",
     "map:A--B", "module:A->B", "module:A->module:B", "A--module:B", "module:A--B", "A->module:",
     "->module:B", "A->map:B", "module:A--module:", "module:A--module:B--module:C", "A->module:B->C",
     "_A", "-A", "A-", " A", "A B", "A\tB", "A\n", "other:A", "A/B", "A--B\n"],
)  # fmt: skip
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(TargetError):
        Target.parse(text)


@pytest.mark.parametrize("name", ["A--B", "A->B", "", "module:X"])
def test_edges_are_made_of_names(name: str) -> None:
    with pytest.raises(TargetError):
        edge(name, "C")
    with pytest.raises(TargetError):
        edge("C", name)


def test_every_region_edge_and_atlas_node_is_a_name_of_the_grammar() -> None:
    names = [item.id for item in regions()] + [
        node.name for name in atlas_names() for node in atlas(name).nodes
    ]
    assert len(names) > 500
    for name in names:
        assert Target.parse(name) == Target("region", (name,))
        assert Target.parse(edge(name, "Z")).names == tuple(sorted((name, "Z")))
    for item in edges():
        assert edge(*item.ends) == item.target
