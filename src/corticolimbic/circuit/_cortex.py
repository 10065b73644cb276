"""Which nodes of an atlas are cortex."""

from __future__ import annotations

import re
from functools import cache

from corticolimbic.circuit._atlas import Atlas
from corticolimbic.circuit._shipped import shipped


def cortex_nodes(atlas: Atlas) -> tuple[str, ...]:
    """Return the nodes that together are an atlas' cerebral cortex, in the atlas' order.

    The rule of each atlas stands in ``tables/cortex.tsv``: patterns that the whole name of a node matches.
    Empty for atlases without a rule: those of the subcortex alone, and spheres, which sample the cortex.
    """
    patterns = _patterns().get(atlas.name)
    if patterns is None:
        return ()
    return tuple(node.name for node in atlas.nodes if patterns[0].fullmatch(node.name))


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """Return atlas to the patterns of its cortex and of everything else."""
    return {
        row["atlas"]: (re.compile(row["cortex"]), re.compile(row["not_cortex"])) for row in shipped("cortex")
    }
