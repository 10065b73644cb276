from __future__ import annotations

import itertools
import json
import math
import xml.etree.ElementTree as ET

import pytest
from report.example_out import REGIONS

from corticolimbic.report._figures._places import PILL, place
from corticolimbic.report._figures._scale import scale_over
from corticolimbic.report._palette import GROUPS, diverging
from corticolimbic.report._records_circuit import Region
from corticolimbic.report._sheet import Sheet, drawing, fit, text_width, wrap


def _regions(n: int) -> list[Region]:
    return [
        Region(row[0] if copy == 0 else f"{row[0]}{copy}", row[1], row[2], *map(float, row[3:]))
        for copy in range(n // len(REGIONS) + 1)
        for row in REGIONS
    ][:n]


@pytest.mark.parametrize("n", [1, 2, 23, 40, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", [342, 480, 700])
def test_names_of_regions_never_touch_and_stay_on_the_sheet(n, width):
    pills, height = place(_regions(n), width, 400)
    for one, two in itertools.combinations(pills, 2):
        across, down = one.overlap(two)
        assert across <= 0 or down <= 0, (one.region.id, two.region.id)
    for pill in pills:
        assert pill.width / 2 <= pill.x <= width - pill.width / 2
        assert PILL / 2 <= pill.y <= height - PILL / 2


def test_names_fit_into_their_boxes():
    pills, _ = place(_regions(23), 700, 400)
    assert all(text_width(pill.region.id) < pill.width for pill in pills)


def test_front_is_right_and_top_is_up_where_there_is_room():
    front = Region("mPFC", "", "M", 0.0, 52.0, -2.0)
    back = Region("PCC", "", "M", 0.0, -50.0, 28.0)
    pills, _ = place([front, back], 700, 400)
    assert pills[0].x > pills[1].x
    assert pills[0].y > pills[1].y


def test_regions_at_one_place_are_parted_and_those_without_a_place_are_kept():
    same = [Region(f"R{number}", "", "M", 0.0, 0.0, 0.0) for number in range(12)]
    lost = [Region("X", "", "M", math.nan, 0.0, 0.0)]
    pills, _ = place(same + lost, 342, 330)
    assert len(pills) == 13
    assert all(
        max(one.overlap(two)) > -1e9 and min(one.overlap(two)) <= 0
        for one, two in itertools.combinations(pills, 2)
    )


@pytest.mark.parametrize("values", [[0.43, -0.2], [1e-6, 3e-6], [5000.0, 7.0], [2.0, 2.0], [], [math.nan]])
def test_scale_holds_all_values_at_round_ticks(values):
    scale = scale_over(values, 100, 500)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 14
    assert all(scale.low <= value <= scale.high for value in values if math.isfinite(value))
    assert len({scale.label(tick) for tick in ticks}) == len(ticks)
    assert scale(scale.low) == 100
    assert scale(scale.high) == 500


def test_text_is_shortened_and_broken_to_its_room():
    assert fit("short", 200) == "short"
    assert fit("a very long name of a site", 60).endswith("…")
    assert text_width(fit("脑" * 40, 100)) <= 100
    lines = wrap("not: mean framewise displacement up to 0.15 mm at baseline", 120, lines=2)
    assert len(lines) == 2
    assert all(text_width(line) <= 120 for line in lines)


def test_diverging_colours_are_symmetric_in_strength_and_apart_in_sign():
    assert diverging(0.0, 1.0) == "#a3a8ad"
    assert diverging(1.0, 1.0) == diverging(7.0, 1.0)
    assert len({diverging(value, 1.0) for value in (-1.0, -0.5, 0.0, 0.5, 1.0)}) == 5


def test_populations_differ_in_shape_as_well_as_colour():
    assert len({shape for _, shape in GROUPS}) == len({color for color, _ in GROUPS}) == len(GROUPS)


def test_drawing_does_not_depend_on_the_users_matplotlib_settings():
    import matplotlib

    def draw() -> bytes:
        sheet = Sheet(200, compact=False)
        with drawing("x"):
            sheet.start(100)
            sheet.text(10, 10, "NAc $x$")
            sheet.marks([50], [50])
            return sheet.svg()

    plain = draw()
    with matplotlib.rc_context(
        {"font.size": 40, "lines.linewidth": 9, "svg.fonttype": "path", "axes.facecolor": "red"}
    ):
        assert draw() == plain


def test_text_in_figures_is_text(rpn_out):
    root = ET.fromstring((rpn_out / "figures" / "circuit-1.svg").read_text(encoding="utf-8"))
    texts = {"".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text")}
    circuit = json.loads((rpn_out / "circuit.json").read_text())
    assert {end for edge in circuit["edges"] for end in (edge["a"], edge["b"])} <= texts


def test_figure_files_carry_no_date_and_no_reference(rpn_out):
    for path in (rpn_out / "figures").glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "date" not in text.lower().replace("updated", "")
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "var(--" not in text
