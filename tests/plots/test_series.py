"""Which results make one line, what it is called, and what the reader is told."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from plot_runs import SYSTEMS, simulated

from simcomm.errors import InputError
from simcomm.plots.series import LONGEST_LABEL, constants, notes, series_label, series_of, split_columns
from simcomm.results import Result


def time_s(row: Result) -> float | None:
    return row.time_s


def total(row: Result) -> float | None:
    return row.total_bytes


def labels(rows: list[Result], x: str = "workers") -> list[str]:
    return [one.label for one in series_of(rows, x, [time_s])]


def test_a_series_is_called_by_its_collective_and_its_options() -> None:
    rows = list(simulated(sweep={"collective": SYSTEMS, "workers": [2, 4]}))
    assert labels(rows) == ["all_to_all", "parameter_server", "parameter_server servers=2", "ring_all_reduce"]


def test_what_varies_splits_and_is_named() -> None:
    rows = list(simulated(sweep={"parameters": [1000, 2000], "link.latency": ["1 us", "2 us"], "workers": [2, 4]}))
    assert split_columns(rows, "workers") == ["vector_bytes", "latency_s"]
    assert labels(rows) == [
        "ring_all_reduce, S = 4 kB, latency 1 us",
        "ring_all_reduce, S = 4 kB, latency 2 us",
        "ring_all_reduce, S = 8 kB, latency 1 us",
        "ring_all_reduce, S = 8 kB, latency 2 us",
    ]


def test_every_setting_has_words() -> None:
    (row,) = simulated()
    other = replace(row, dtype="int8", topology="ring", bandwidth_Bps=None, latency_s=None, network="x", engine="y")
    assert labels([row, other]) == [
        "ring_all_reduce, float32, star, links 12.5 GB/s = 100 Gbit/s, latency 5 us, loggp, engine des",
        "ring_all_reduce, int8, ring, links differ, latencies differ, x, engine y",
    ]
    assert labels([row, replace(row, workers=8)], "vector_bytes") == [
        "ring_all_reduce, n = 4",
        "ring_all_reduce, n = 8",
    ]


def test_what_goes_with_x_does_not_split_but_is_noted() -> None:
    rows = list(simulated(sweep={"zip": {"workers": [2, 4, 8], "parameters": [1000, 2000, 4000]}}))
    (one,) = series_of(rows, "workers", [time_s])
    assert len(one.rows) == 3
    assert notes(rows, [one], "workers", [time_s]) == ["Along a line, S differs too."]
    assert "S =" not in constants(rows, "workers")


def test_engines_agree_and_need_no_note() -> None:
    two, four = simulated(sweep={"workers": [2, 4]})
    rows = [two, replace(four, engine="symmetry")]
    (one,) = series_of(rows, "workers", [time_s])
    assert notes(rows, [one], "workers", [time_s]) == []


def test_options_that_go_with_x_are_said_to_vary() -> None:
    one, four = simulated(sweep={"zip": {"collective": SYSTEMS[1:3], "workers": [2, 4]}})
    assert labels([one, four]) == ["parameter_server (options vary)"]


def test_a_long_label_is_cut() -> None:
    (row,) = simulated()
    label = series_label([replace(row, options="x" * 300)])
    assert len(label) == LONGEST_LABEL
    assert label.endswith("…")


def test_the_title_says_what_all_have_in_common() -> None:
    rows = list(simulated(sweep={"collective": ["ring_all_reduce", "all_to_all"], "workers": [2, 4]}))
    assert constants(rows, "workers") == (
        "S = 4 kB · float32 · star · links 12.5 GB/s = 100 Gbit/s · latency 5 us · loggp · engine des"
    )
    assert constants(rows[:1], "vector_bytes").startswith("n = 2 · float32")


def test_too_many_series_name_the_column_to_filter_with() -> None:
    rows = list(simulated(sweep={"parameters": list(range(1, 14)), "workers": [2, 3]}))
    with pytest.raises(InputError, match=r"13 series .* at most 12: .* vector_bytes.* 13 .*results.where\(vector_byt"):
        series_of(rows, "workers", [time_s])
    assert len(series_of(rows[:-2], "workers", [time_s])) == 12


def test_no_results_are_refused() -> None:
    with pytest.raises(InputError, match="no results to plot"):
        series_of([], "workers", [time_s])


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        series_of(simulated(workers=1), "workers", [time_s, total])


def test_a_series_that_shows_nothing_is_left_out_and_noted() -> None:
    rows = list(simulated(sweep={"parameters": [0, 1000], "workers": [1, 2]}))
    (one,) = series_of(rows, "workers", [time_s])
    assert one.label == "ring_all_reduce"
    (note,) = notes(rows, [one], "workers", [time_s])
    assert note.endswith("(0 or undefined): S = 0 B, n = 1.")


def test_many_missing_places_are_counted() -> None:
    rows = [replace(row, time_s=0.0) for row in simulated(sweep={"workers": [2, 3, 4, 5, 6, 7, 8, 9]})]
    (note,) = notes(rows, [], "workers", [time_s])
    assert note.endswith("n = 2, n = 3, n = 4, n = 5, n = 6, n = 7 and 2 more.")


def test_points_are_sorted_and_only_those_that_a_log_axis_shows() -> None:
    rows = list(simulated(sweep={"workers": [8, 2, 4]}))
    rows[2] = replace(rows[2], time_s=0.0)
    (one,) = series_of(rows, "workers", [total])
    assert one.points("workers", time_s) == ([2.0, 8.0], [rows[1].time_s, rows[0].time_s])


def test_a_line_has_a_gap_where_there_is_no_value_or_no_agreement() -> None:
    two, four, eight = simulated(sweep={"workers": [2, 4, 8]})
    rows = [two, replace(two, seed=1), replace(four, formula_s=None), eight, replace(eight, formula_s=1.0)]
    (one,) = series_of(rows, "workers", [time_s])
    at, formula = one.line("workers", lambda row: row.formula_s)
    assert at == [2.0, 4.0, 8.0]
    assert formula[0] == two.formula_s
    assert math.isnan(formula[1])
    assert math.isnan(formula[2])
    assert any("differ in the seed" in note for note in notes(rows, [one], "workers", [time_s]))
