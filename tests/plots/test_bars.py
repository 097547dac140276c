"""Bars of timelines: side by side where they overlap, and legible."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from simcomm.plots.bars import Box, draw_bar, ink, lanes

SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)).map(lambda at: (at[0], at[0] + at[1])), max_size=12)


@given(spans=SPANS)
def test_no_two_of_a_lane_overlap_and_there_are_no_more_lanes_than_needed(spans: list[tuple[int, int]]) -> None:
    spans = sorted(spans)
    found = lanes(spans, 0)
    for (a, lane), (b, other) in combinations(zip(spans, found, strict=True), 2):
        assert lane != other or a[1] <= b[0]
    most = max((sum(begin <= time < end for begin, end in spans) for time in range(15)), default=0)
    assert max(found, default=-1) + 1 == most


def test_what_is_only_rounding_is_no_overlap() -> None:
    spans = [(0.0, 0.1 + 0.2), (0.3, 1.0)]
    assert lanes(spans, 0.0) == [0, 1]
    assert lanes(spans, 1e-9) == [0, 0]


@pytest.mark.parametrize(("height_pt", "named", "widths"), [(20.0, True, [0.5, 2.4]), (2.0, False, [0.2, 1.0])])
def test_lines_and_names_suit_the_height(height_pt: float, named: bool, widths: list[float]) -> None:
    axes = Figure().subplots()
    look = {"facecolor": "#000000", "edgecolor": "black"}
    draw_bar(axes, Box(1.0, 2.0, 4.0, 0.5, height_pt), look, thick=True, name="a")
    found = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [patch.get_bbox().bounds for patch in found] == [(1.0, 2.0, 4.0, 0.5)] * 2
    assert [patch.get_linewidth() for patch in found] == pytest.approx(widths)
    assert [(text.get_text(), text.get_position(), text.get_color()) for text in axes.texts] == (
        [("a", (3.0, 2.25), "white")] if named else []
    )


def test_a_name_on_a_hatch_has_a_ground_of_its_own() -> None:
    axes = Figure().subplots()
    draw_bar(axes, Box(0, 0, 1, 1, 20.0), {"facecolor": "white", "hatch": "////"}, name="a")
    draw_bar(axes, Box(0, 0, 1, 1, 20.0), {"facecolor": "white", "hatch": ""}, name="b")
    assert [text.get_bbox_patch() is not None for text in axes.texts] == [True, False]


def test_ink_is_what_is_clearer() -> None:
    assert [ink(colour) for colour in ("#ffe945", "#00224e", "white")] == ["black", "white", "black"]
