"""Colours, marks and axes: told apart in grey, ticks with units, no trace of the user's own settings."""

from __future__ import annotations

import math
from itertools import combinations

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from plot_runs import assert_legible

from simcomm.plots.series import MOST_SERIES
from simcomm.plots.style import (
    bandwidth_axis,
    bit_rate,
    bytes_axis,
    drawing,
    limits,
    log_axis,
    look,
    no_values,
    rate,
    seconds_axis,
    thinned,
    time_unit,
    usable,
    workers_axis,
)


def test_every_series_has_a_marker_of_its_own() -> None:
    assert len({look(index).marker for index in range(MOST_SERIES)}) == MOST_SERIES


def test_no_two_series_share_colour_and_line() -> None:
    seen = {(look(index).colour, str(look(index).line)) for index in range(MOST_SERIES)}
    assert len(seen) == MOST_SERIES


def test_later_markers_fit_into_earlier_ones_and_are_hollow() -> None:
    sizes = [look(index).size for index in range(MOST_SERIES)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == MOST_SERIES
    assert look(0).marks()["markerfacecolor"] == "none"


def test_every_colour_is_dark_enough_for_white_paper() -> None:
    def luminance(colour: str) -> float:
        red, green, blue = to_rgb(colour)
        return 0.299 * red + 0.587 * green + 0.114 * blue

    assert all(luminance(look(index).colour) < 0.75 for index in range(MOST_SERIES))


@pytest.mark.parametrize("value", [0, -1.0, None, math.nan, math.inf])
def test_a_log_axis_cannot_show(value: float | None) -> None:
    assert usable(value) is None


def test_integers_of_any_size_become_floats() -> None:
    assert usable(2**70) == 2.0**70


def test_rates_in_bytes_and_bits() -> None:
    assert rate(12.5e9) == "12.5 GB/s"
    assert bit_rate(100e9) == "100 Gbit/s"


@pytest.mark.parametrize(
    ("longest_s", "unit"), [(0, "s"), (30, "s"), (1, "s"), (0.02, "ms"), (5e-6, "us"), (3e-9, "ns")]
)
def test_the_unit_suits_the_length_of_the_axis(longest_s: float, unit: str) -> None:
    scale, name = time_unit(longest_s)
    assert name == unit
    assert scale == {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[unit]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60, unique=True).map(sorted))
def test_thinned_keeps_the_ends_and_a_distance(numbers: list[int]) -> None:
    kept = thinned(numbers)
    assert {numbers[0], numbers[-1]} <= set(kept) <= set(numbers)
    gap = math.log2(numbers[-1] / numbers[0]) / 11
    assert all(math.log2(b / a) >= gap * (1 - 1e-9) for a, b in combinations(kept, 2))


def test_thinned_prefers_powers_of_two() -> None:
    assert thinned(list(range(1, 129))) == [1, 2, 4, 8, 16, 32, 64, 128]


@given(st.lists(st.floats(1e-12, 1e18), min_size=1, max_size=5))
def test_limits_hold_all_values_and_are_never_too_close(values: list[float]) -> None:
    low, high = limits(values)
    assert low < min(values) <= max(values) < high
    assert high / low >= 2 * (1 - 1e-9)


@pytest.mark.parametrize("high", [1.0, 1.3, 3.0, 8.0, 60.0, 1e3, 1e7, 1e13])
@pytest.mark.parametrize("low", [1.0, 7.3])
def test_ticks_of_every_range_are_few_and_apart_and_have_units(low: float, high: float) -> None:
    with drawing():
        figure = Figure(figsize=(9, 4), layout="constrained")
        axes = figure.subplots()
        bytes_axis(axes, "x", [low * 1e3, low * 1e3 * high], "size")
        bandwidth_axis(axes, [low * 1e6, low * 1e6 * high], "algbw")
        figure.draw_without_rendering()
        assert_legible(figure)
        (bits,) = axes.child_axes
        for axis, unit in ((axes.xaxis, "B"), (axes.yaxis, "B/s"), (bits.yaxis, "bit/s")):
            begin, end = sorted(axis.get_view_interval())
            names = [t.label1.get_text() or t.label2.get_text() for t in axis.get_major_ticks()]
            inside = [n for n, t in zip(names, axis.get_major_ticks(), strict=True) if begin <= t.get_loc() <= end]
            assert 2 <= len(inside) <= 10, inside
            assert all(name.endswith(unit) for name in inside)


def test_the_second_axis_is_the_first_in_bits() -> None:
    with drawing():
        figure = Figure()
        axes = figure.subplots()
        bandwidth_axis(axes, [1e9, 1e11], "busbw")
        figure.draw_without_rendering()
        assert axes.child_axes[0].get_ylim() == pytest.approx([8 * end for end in axes.get_ylim()])
        assert axes.get_ylabel() == "busbw (B/s)"
        assert "bit/s" in axes.child_axes[0].get_ylabel()


def test_axes_name_their_units() -> None:
    axes = Figure().subplots()
    seconds_axis(axes, "y", [1e-6, 1], "time")
    workers_axis(axes, [2, 3, 64, 65])
    assert axes.get_ylabel() == "time (s)"
    assert axes.get_xlabel() == "number of workers n"
    assert list(axes.xaxis.get_minorticklocs()) == [64]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "3", "65"]


def test_an_axis_of_one_number_has_a_width() -> None:
    axes = Figure().subplots()
    workers_axis(axes, [8, 8])
    log_axis(axes, "y", [3.0], str)
    assert axes.get_xlim()[0] < 8 < axes.get_xlim()[1]
    assert axes.get_ylim()[0] < 3 < axes.get_ylim()[1]


def test_an_empty_panel_says_so() -> None:
    axes = Figure().subplots()
    no_values(axes)
    assert [text.get_text() for text in axes.texts] == ["no value above 0"]


def test_drawing_has_its_own_settings_and_leaves_the_users_alone() -> None:
    with matplotlib.rc_context({"font.size": 31.0, "svg.hashsalt": "mine"}):
        with drawing():
            assert matplotlib.rcParams["font.size"] == 10.0
        assert matplotlib.rcParams["font.size"] == 31.0
        assert matplotlib.rcParams["svg.hashsalt"] == "mine"
