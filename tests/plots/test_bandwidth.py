"""Bandwidth over n: every marker a simulated value, every line a closed form, every panel with units."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from matplotlib.figure import Figure
from plot_runs import SYSTEMS, assert_legible, data, legend_labels, line, simulated, words

from simcomm.errors import InputError
from simcomm.plots import bandwidth_vs_n
from simcomm.plots.bandwidth import busbw_factor_name
from simcomm.results import Results

WORKERS = [2, 3, 4, 8]


@pytest.fixture(scope="module")
def results() -> Results:
    return simulated(parameters=25_557_032, sweep={"collective": SYSTEMS, "workers": WORKERS})


@pytest.fixture(scope="module")
def figure(results: Results) -> Figure:
    """Drawn once, and only looked at."""
    return bandwidth_vs_n(results)


def test_markers_are_what_was_simulated(results: Results, figure: Figure) -> None:
    total, algbw, busiest, busbw = figure.axes
    for label in ("all_to_all", "parameter_server", "ring_all_reduce"):
        rows = [row for row in results if f"{row.collective} {row.options}".strip() == label]
        assert data(line(total, label)) == (WORKERS, [row.total_bytes for row in rows])
        assert data(line(algbw, label))[1] == [row.algbw_Bps for row in rows]
        assert data(line(busiest, label))[1] == [max(row.max_bytes_sent, row.max_bytes_received) for row in rows]
        assert data(line(busbw, label))[1] == [row.busbw_Bps for row in rows]


def test_lines_are_the_closed_forms_not_what_was_counted(results: Results) -> None:
    size = 4 * 25_557_032
    latency_s, bandwidth_Bps = 1e-5, 12.5e9
    counted: dict[str, Any] = {"total_bytes": 1, "max_bytes_sent": 1, "max_bytes_received": 1}
    wrong = [replace(row, **counted, time_s=1.0, algbw_Bps=1.0, busbw_Bps=1.0) for row in results]
    total, algbw, busiest, busbw = bandwidth_vs_n(wrong).axes
    assert data(line(total, "_ring_all_reduce")) == (WORKERS, [2 * (n - 1) * size for n in WORKERS])
    assert data(line(busiest, "_parameter_server"))[1] == [n * size for n in WORKERS]
    # One-shot: n - 1 sends one after the other, and the latency of the last one.
    time_s = [latency_s + (n - 1) * size / bandwidth_Bps for n in WORKERS]
    assert data(line(algbw, "_all_to_all"))[1] == pytest.approx([size / t for t in time_s])
    factors = [2 * (n - 1) / n for n in WORKERS]
    expected = [size / t * factor for t, factor in zip(time_s, factors, strict=True)]
    assert data(line(busbw, "_all_to_all"))[1] == pytest.approx(expected)


def test_lines_lie_behind_markers_and_are_thin(figure: Figure) -> None:
    for axes in figure.axes:
        closed, marks = line(axes, "_all_to_all"), line(axes, "all_to_all")
        assert closed.get_zorder() < marks.get_zorder()
        assert closed.get_linewidth() <= 1
        assert marks.get_linestyle() == "None"
        assert closed.get_marker() == "None"


def test_no_line_where_no_formula_holds(results: Results) -> None:
    without = [replace(row, formula_s=None) for row in results]
    total, algbw, _, busbw = bandwidth_vs_n(without).axes
    for axes in (algbw, busbw):
        assert all(math.isnan(value) for value in data(line(axes, "_ring_all_reduce"))[1])
    assert not any(math.isnan(value) for value in data(line(total, "_ring_all_reduce"))[1])


def test_axes_have_units_and_panels_titles(figure: Figure) -> None:
    axes = figure.axes
    assert [one.get_ylabel() for one in axes] == [
        "sent in all (bytes)",
        "algbw (B/s)",
        "most sent or received (bytes)",
        "busbw (B/s)",
    ]
    assert {one.get_xlabel() for one in axes} == {"number of workers n"}
    assert axes[3].get_title() == "busbw = algbw × 2(n−1)/n"
    assert all(one.get_xscale() == one.get_yscale() == "log" for one in axes)
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["2", "3", "4", "8"]


def test_the_legend_names_the_series_and_nothing_else(figure: Figure) -> None:
    assert legend_labels(figure) == ["all_to_all", "parameter_server", "parameter_server servers=2", "ring_all_reduce"]
    assert not any(axes.get_legend() for axes in figure.axes)


def test_the_title_has_what_is_constant_and_notes_say_what_is_what(figure: Figure) -> None:
    text = words(figure)
    assert "S = 102 MB" in text
    assert "links 12.5 GB/s = 100 Gbit/s" in text
    assert "Markers: simulated. Lines: closed form" in text


def test_it_is_legible(figure: Figure) -> None:
    assert_legible(figure)


def test_twelve_series_with_long_names_are_legible() -> None:
    sweep = {
        "collective": [{"name": "parameter_server", "servers": "workers", "placement": "colocated"}, *SYSTEMS[1:]],
        "link.bandwidth": ["10 Gbit/s", "100 Gbit/s", "400 Gbit/s"],
        "workers": [2, 3, 5, 7, 8, 11, 12],
    }
    figure = bandwidth_vs_n(simulated(sweep=sweep))
    assert len(legend_labels(figure)) == 12
    assert_legible(figure)


def test_one_worker_and_no_bytes_are_left_out_with_a_note() -> None:
    figure = bandwidth_vs_n(simulated(sweep={"parameters": [0, 1000], "workers": [1, 2, 4]}))
    assert data(line(figure.axes[0], "ring_all_reduce"))[0] == [2, 4]
    assert legend_labels(figure) == ["ring_all_reduce"]
    assert "Left out where a logarithmic axis cannot show it (0 or undefined): S = 0 B, n = 1." in words(figure)
    assert_legible(figure)


def test_a_panel_without_values_says_so() -> None:
    rows = [replace(row, busbw_Bps=None, formula_s=None) for row in simulated(sweep={"workers": [2, 4]})]
    figure = bandwidth_vs_n(rows)
    assert [text.get_text() for text in figure.axes[3].texts] == ["no value above 0"]
    assert not figure.axes[0].texts


def test_one_point_is_a_plot_too() -> None:
    figure = bandwidth_vs_n(simulated())
    assert data(line(figure.axes[0], "ring_all_reduce"))[0] == [4]
    assert_legible(figure)


def test_the_factor_is_that_of_the_operation() -> None:
    halves = list(simulated(collective="ring_reduce_scatter", sweep={"workers": WORKERS}))
    whole = list(simulated(sweep={"workers": WORKERS}))
    assert busbw_factor_name(halves) == "(n−1)/n"
    assert busbw_factor_name(whole) == "2(n−1)/n"
    assert busbw_factor_name(halves + whole) == "factor (all-reduce 2(n−1)/n, halves (n−1)/n)"


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        bandwidth_vs_n(simulated(workers=1))


def test_bytes_beyond_int64_are_drawn() -> None:
    rows = [replace(row, total_bytes=2**70, expected_bytes=2**70) for row in simulated(sweep={"workers": [2, 4]})]
    assert data(line(bandwidth_vs_n(rows).axes[0], "ring_all_reduce"))[1] == [2.0**70, 2.0**70]
