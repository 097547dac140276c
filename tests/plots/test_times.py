"""Time over n and over size: simulated, formula, lower bound, and where one collective begins to beat another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from matplotlib.text import Annotation
from plot_runs import SYSTEMS, assert_legible, data, legend_labels, line, simulated, words

from simcomm.errors import InputError
from simcomm.plots import time_vs_n, time_vs_size
from simcomm.plots.series import series_of
from simcomm.plots.style import GREY
from simcomm.plots.times import MOST_CROSSOVERS, Crossover, bounds, crossovers
from simcomm.results import Result, Results
from simcomm.units import format_size

SIZES = {"geometric": ["1 KiB", "1 GiB", 6]}


@pytest.fixture(scope="module")
def by_n() -> Results:
    return simulated(parameters=10**6, sweep={"collective": SYSTEMS, "workers": [2, 4, 8]})


@pytest.fixture(scope="module")
def by_size() -> Results:
    systems = ["all_to_all", "parameter_server", "ring_all_reduce"]
    return simulated(size="1 KiB", workers=8, sweep={"collective": systems, "size": SIZES})


def timed(times: Sequence[Sequence[float]], sizes: Sequence[int] = (100, 10_000)) -> list[Result]:
    """Results of one collective for each row of ``times``, at ``sizes``."""
    (row,) = simulated()
    return [
        replace(row, collective="abcdefghijkl"[index], vector_bytes=size, time_s=time_s, formula_s=None)
        for index, series in enumerate(times)
        for size, time_s in zip(sizes, series, strict=True)
    ]


def found(rows: list[Result]) -> list[Crossover]:
    return crossovers(series_of(rows, "vector_bytes", [lambda row: row.time_s]))


def letters(rows: Sequence[Result]) -> list[str]:
    (axes,) = time_vs_size(rows).axes
    return [text.get_text() for text in axes.texts if isinstance(text, Annotation)]


def test_markers_are_simulated_and_lines_are_the_formula(by_n: Results) -> None:
    wrong = [replace(row, time_s=7.0 + row.workers) for row in by_n]
    (axes,) = time_vs_n(wrong).axes
    ring = [row for row in by_n if row.collective == "ring_all_reduce"]
    size, latency_s, bandwidth_Bps = 4 * 10**6, 1e-5, 12.5e9
    formula = [2 * (n - 1) * latency_s + 2 * (n - 1) / n * size / bandwidth_Bps for n in (2, 4, 8)]
    assert data(line(axes, "ring_all_reduce")) == ([2, 4, 8], [9.0, 11.0, 15.0])
    assert data(line(axes, "_ring_all_reduce"))[1] == pytest.approx(formula)
    assert data(line(axes, "_ring_all_reduce"))[1] == [row.formula_s for row in ring]


def test_the_lower_bound_is_dotted_and_shared_by_those_that_have_the_same(by_n: Results) -> None:
    (axes,) = time_vs_n(by_n).axes
    dotted = [one for one in axes.lines if one.get_label() == "_lower bound"]
    assert {one.get_linestyle() for one in dotted} == {":"}
    grey = [one for one in dotted if one.get_color() == GREY]
    assert [data(one)[1] for one in grey] == [[r.lower_bound_s for r in by_n if r.collective == "all_to_all"]]
    own = [r.lower_bound_s for r in by_n if r.options == "servers=2"]
    assert own in [
        data(one)[1] for one in dotted if one.get_color() == line(axes, "_parameter_server servers=2").get_color()
    ]
    assert "In colour: of that series alone" in words(time_vs_n(by_n))


def test_the_bound_of_one_series_is_grey_as_in_the_legend() -> None:
    series = series_of(simulated(sweep={"workers": [2, 4]}), "workers", [lambda row: row.time_s])
    assert [colour for _, colour in bounds(series, "workers")] == [GREY]


@pytest.mark.parametrize("plot", ["n", "size"])
def test_axes_have_units_and_the_legend_the_series(plot: str, by_n: Results, by_size: Results) -> None:
    figure = time_vs_n(by_n) if plot == "n" else time_vs_size(by_size)
    (axes,) = figure.axes
    assert axes.get_ylabel() == "time (s)"
    assert (
        axes.get_xlabel() == {"n": "number of workers n", "size": "size S of the gradient of one worker (bytes)"}[plot]
    )
    assert axes.get_xscale() == axes.get_yscale() == "log"
    rows = by_n if plot == "n" else by_size
    series = list(dict.fromkeys(f"{row.collective} {row.options}".strip() for row in rows))
    assert legend_labels(figure) == [*series, "lower bound"]
    assert_legible(figure)


def test_the_title_has_what_is_constant(by_size: Results) -> None:
    assert "n = 8 · float32 · star" in words(time_vs_size(by_size))


def test_sizes_and_times_are_those_of_the_results(by_size: Results) -> None:
    (axes,) = time_vs_size(by_size).axes
    rows = [row for row in by_size if row.collective == "parameter_server"]
    assert data(line(axes, "parameter_server")) == ([r.vector_bytes for r in rows], [r.time_s for r in rows])
    assert data(line(axes, "_parameter_server"))[1] == [row.formula_s for row in rows]


def test_a_crossover_is_where_lines_on_log_axes_meet() -> None:
    (one,) = found(timed([[1.0, 100.0], [10.0, 10.0]]))
    assert one.size_bytes == pytest.approx(1000)
    assert one.time_s == pytest.approx(10)
    assert (one.faster, one.slower) == ("b", "a")


def test_two_that_only_touch_do_not_cross() -> None:
    assert found(timed([[1.0, 5.0, 1.0], [2.0, 5.0, 2.0]], [1, 10, 100])) == []


def test_a_crossover_through_equal_points_is_at_the_first_of_them() -> None:
    (one,) = found(timed([[1.0, 5.0, 6.0, 9.0], [2.0, 5.0, 6.0, 7.0]], [1, 10, 100, 1000]))
    assert (one.size_bytes, one.time_s, one.faster) == (10.0, 5.0, "b")


def test_equal_at_first_and_then_apart_is_no_crossover() -> None:
    assert found(timed([[1.0, 5.0], [1.0, 6.0]])) == []


def test_a_crossover_is_not_at_an_earlier_place_of_equal_times() -> None:
    (one,) = found(timed([[1.0, 2.0, 30.0], [1.0, 3.0, 20.0]], [1, 10, 100]))
    assert 10 < one.size_bytes < 100


def test_series_in_other_settings_are_not_compared() -> None:
    rows = timed([[1.0, 100.0], [10.0, 10.0]])
    apart = [replace(row, workers=8) if row.collective == "b" else row for row in rows]
    both = apart + [replace(row, workers=8) for row in rows if row.collective == "a"]
    (one,) = found(both)
    assert (one.faster, one.slower) == ("b, n = 8", "a, n = 8")


def test_series_with_several_results_at_one_size_have_no_crossovers() -> None:
    rows = timed([[1.0, 100.0], [10.0, 10.0]])
    assert found([*rows, replace(rows[0], seed=1)]) == []


def test_crossovers_of_the_three_systems_are_marked_and_explained(by_size: Results) -> None:
    figure = time_vs_size(by_size)
    marked = found(list(by_size))
    assert [(one.faster, one.slower) for one in marked] == [
        ("ring_all_reduce", "parameter_server"),
        ("ring_all_reduce", "all_to_all"),
    ]
    assert letters(by_size) == ["A", "B"]
    assert "A: from 96.7 kB on ring_all_reduce beats parameter_server." in words(figure)
    (axes,) = figure.axes
    places = [text.xy for text in axes.texts if isinstance(text, Annotation)]
    assert places == [(one.size_bytes, one.time_s) for one in marked]


def test_of_many_crossovers_those_where_the_fastest_changes_are_marked() -> None:
    times = [[1.0, 1000.0], [10.0, 20.0], [11.0, 19.0], [12.0, 18.0], [13.0, 17.0]]
    rows = timed(times)
    assert len(found(rows)) > MOST_CROSSOVERS
    figure = time_vs_size(rows)
    fastest = [one for one in found(rows) if one.time_s <= 14]
    assert 1 <= len(letters(rows)) < len(found(rows))
    assert f"{len(found(rows))} crossovers; marked are those where the fastest changes." in words(figure)
    assert f"A: from {format_size(fastest[0].size_bytes)} on {fastest[0].faster} beats a." in words(figure)


def test_more_changes_of_the_fastest_than_letters_are_counted_only() -> None:
    sizes = [10**k for k in range(1, 8)]
    rows = timed([[2.0, 5.0] * 3 + [2.0], [4.0] * 7], sizes)
    assert len(found(rows)) == 6
    assert letters(rows) == []
    assert "6 crossovers where the fastest changes, more than can be marked." in words(time_vs_size(rows))


def test_one_worker_is_drawn_if_it_computes_and_left_out_if_not() -> None:
    computing = simulated(compute="1 ms", sweep={"workers": [1, 2, 4]})
    assert data(line(time_vs_n(computing).axes[0], "ring_all_reduce"))[0] == [1, 2, 4]
    idle = time_vs_n(simulated(sweep={"workers": [1, 2, 4]}))
    assert data(line(idle.axes[0], "ring_all_reduce"))[0] == [2, 4]
    assert "n = 1." in words(idle)


def test_no_bytes_are_left_out_over_size() -> None:
    figure = time_vs_size(simulated(sweep={"parameters": [0, 10, 1000]}))
    assert data(line(figure.axes[0], "ring_all_reduce"))[0] == [40, 4000]
    assert "S = 0 B." in words(figure)


def test_no_line_where_no_formula_holds() -> None:
    (axes,) = time_vs_n(simulated(compute={"time": "1 ms", "jitter": 0.1}, sweep={"workers": [2, 4]})).axes
    assert all(math.isnan(value) for value in data(line(axes, "_ring_all_reduce"))[1])


@pytest.mark.parametrize("plot", [time_vs_n, time_vs_size])
def test_nothing_to_draw_is_refused(plot: object) -> None:
    assert callable(plot)
    with pytest.raises(InputError, match="nothing to draw"):
        plot(simulated(workers=1))
    with pytest.raises(InputError, match="no results"):
        plot([])


def test_many_series_and_many_sizes_are_legible() -> None:
    sweep = {"collective": SYSTEMS, "link.latency": ["1 us", "50 us", "2 ms"], "size": SIZES}
    assert_legible(time_vs_size(simulated(size="1 KiB", sweep=sweep)))
