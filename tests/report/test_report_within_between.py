"""Between and within people side by side: the words fit the numbers, the page describes the figure."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from corticolimbic.features import read_table, write_table
from corticolimbic.report import render
from corticolimbic.report._sections._model_in_words import models_in_words
from corticolimbic.report._sections._within_between import (
    APART,
    BETWEEN,
    WITHIN,
    adjusted_only,
    reading,
    split_pairs,
)
from corticolimbic.stats._visit_models import in_words
from corticolimbic.stats._visit_terms import DEVIATION, MEAN

MODEL = "feature ~ time + pain + motion + site + (1 + time | person); REML, Satterthwaite df"


def part(estimate: float, half: float = 0.01) -> dict[str, float]:
    return {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half}


@pytest.mark.parametrize(
    ("between", "within", "said"),
    [
        (part(0.05), part(-0.05), "reversed"),
        (part(-0.05), part(0.05), "reversed"),
        (part(0.05), part(-0.005), "signs differ, not clear of 0"),
        (part(0.05), part(0.02), "same sign"),
        (part(0.05), part(np.nan), ""),
    ],
)
def test_the_words_fit_the_signs_and_the_intervals(
    between: dict[str, float], within: dict[str, float], said: str
) -> None:
    assert reading(between, within) == said


def test_contrasts_are_read_as_compare_writes_them() -> None:
    ends = (f"[{MEAN}]", f"[{DEVIATION}]", ": within - between")
    own = [in_words(f"pain{end}", "vas", "vas", "years", None) for end in ends]
    other = [in_words(f"motion{end}", "vas", "vas", "years", None) for end in ends]
    in_groups = [in_words(f"pain{end}", "course", "vas", "years", "recovered") for end in ends]
    assert own == [f"vas{end}" for end in (BETWEEN, WITHIN, APART)]
    assert in_groups == [f"{words}, in the model of course" for words in own]
    pairs, rest = split_pairs(pd.DataFrame({"contrast": [*own, *other, "course x time: a - b, per year"]}))
    assert pairs["variable"].tolist() == ["vas"] * 3
    assert adjusted_only(rest).tolist() == [True] * 3 + [False]


def test_a_model_is_said_once_in_words_and_an_unknown_form_as_it_stands() -> None:
    [items] = models_in_words(pd.DataFrame({"model": [MODEL, MODEL, "a GEE"]}))
    assert len(items.items) == 2
    assert "explained by time, pain, motion, site" in items.items[0]
    assert "a change over time of their own" in items.items[0]
    assert items.items[1] == "a GEE"


@pytest.fixture
def page(rpn_out: Path, tmp_path: Path) -> str:
    """Return a page whose effects also have a pair for each primary edge, the first reversed."""
    out = shutil.copytree(rpn_out, tmp_path / "out")
    effects = read_table("effects", out / "compare/effects.tsv")
    first = effects[effects["contrast"] == effects["contrast"].iloc[0]]
    added = []
    for end, sign in ((BETWEEN, 1.0), (WITHIN, -1.0)):
        rows = first.assign(analysis="visits", contrast=f"pain_<vas>{end}", model=MODEL, note="")
        rows["estimate"], rows["ci_low"], rows["ci_high"] = (
            0.05 * sign,
            0.05 * sign - 0.01,
            0.05 * sign + 0.01,
        )
        added.append(rows)
    write_table(pd.concat([effects, *added], ignore_index=True), "effects", out / "compare/effects.tsv")
    return render(out).read_text(encoding="utf-8")


def test_the_page_draws_and_describes_the_pair(page: str) -> None:
    assert page.count('id="effects-within-between-1-wide-d"') == 1
    start = page.index('id="effects-within-between-1-wide-d"')
    description = page[start : page.index("</desc>", start)]
    assert "between people 0.05" in description
    assert "within people \N{MINUS SIGN}0.05" in description
    assert "reversed" in description
    assert "pain_<vas>" not in page
    assert "explained by time, pain, motion, site" in page
