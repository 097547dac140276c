"""Rows of links: the busiest first, ports where a model sees no links, and steps added up as they should be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plot_runs import run

from simcomm.errors import InputError
from simcomm.plots.link_rows import Floats, means, peaks, rows_of, stairs

SPANS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 5)).map(lambda at: (at[0], at[0] + at[1])), min_size=1, max_size=12
)
INCAST: dict[str, Any] = {"collective": "parameter_server", "workers": 3}


def value_at(times: Floats, values: Floats, time: float) -> float:
    return float(sum(v for t, v in zip(times, np.diff(values, prepend=0.0), strict=True) if t <= time))


@given(spans=SPANS)
def test_stairs_count_the_intervals(spans: list[tuple[int, int]]) -> None:
    times, values = stairs(spans)
    assert sorted(set(times)) == list(times)
    for time in np.arange(0, 16, 0.5):
        assert value_at(times, values, time) == sum(begin <= time < end for begin, end in spans)


def test_who_comes_when_another_leaves_is_not_there_together_with_it() -> None:
    leaves, comes = 0.1 + 0.2, 0.3
    assert leaves > comes
    times, values = stairs([(0.0, leaves), (comes, 1.0)])
    assert (list(values), list(times)) == ([1, 1, 0], [0.0, 0.3, 1.0])


@given(spans=SPANS, parts=st.integers(1, 7))
def test_means_and_peaks_are_those_between_the_edges(spans: list[tuple[int, int]], parts: int) -> None:
    times, values = stairs(spans)
    edges = np.linspace(0, 15, parts + 1)
    fine = np.arange(0, 15, 1 / 64) + 1 / 128
    every = np.array([value_at(times, values, time) for time in fine])
    which = np.clip(np.searchsorted(edges, fine, side="right") - 1, 0, parts - 1)
    for part, (mean, peak) in enumerate(zip(means(times, values, edges), peaks(times, values, edges), strict=True)):
        assert mean == pytest.approx(every[which == part].mean(), abs=0.1)
        assert peak >= every[which == part].max()
    assert means(times, values, np.array([0.0, 20.0]))[0] * 20 == pytest.approx(sum(b - a for a, b in spans))
    assert peaks(times, values, np.array([0.0, 20.0]))[0] == max(every)


def test_the_last_value_of_rates_holds_until_the_end() -> None:
    times, values = np.array([1.0, 2.0]), np.array([0.5, 0.25])
    assert means(times, values, np.array([0.0, 1.0, 2.0, 4.0])).tolist() == [0.0, 0.5, 0.25]


@pytest.mark.parametrize("network", ["store_and_forward", "fair_share"])
def test_links_are_rows_the_busiest_first(network: str) -> None:
    rows = rows_of(run(**INCAST, network=network))
    assert (rows.what, rows.used) == ("links", 8)
    assert [row.name for row in rows.chosen[:2]] == ["3 -> switch", "switch -> 3"]
    assert {row.name for row in rows.chosen[2:]} == {f"{w} -> switch" for w in range(3)} | {
        f"switch -> {w}" for w in range(3)
    }
    assert [len(row.crossings) for row in rows.chosen] == [3, 3, *[1] * 6]
    assert "busiest" not in rows.about()
    few = rows_of(run(**INCAST, network=network), most=2)
    assert [row.name for row in few.chosen] == ["3 -> switch", "switch -> 3"]
    assert few.about().startswith("the 2 busiest of 8 links in use · makespan ")


def test_the_busy_ones_are_not_those_with_most_bytes_but_those_that_need_most_time() -> None:
    rows = rows_of(run(network="fair_share", stragglers={2: {"bandwidth_factor": 0.5}}))
    assert {row.name for row in rows.chosen[:2]} == {"2 -> switch", "switch -> 2"}


def test_ports_are_rows_of_a_model_without_links() -> None:
    rows = rows_of(run(**INCAST))
    assert (rows.what, rows.used) == ("ports", 8)
    assert [row.name for row in rows.chosen[:4]] == [
        *("send port of rank 3", "receive port of rank 3", "send port of rank 0", "receive port of rank 0")
    ]
    one_cpu = rows_of(run(**INCAST, network={"model": "loggp", "ports": "one_cpu", "overhead": "1 us"}))
    assert "CPU of rank 3" in {row.name for row in one_cpu.chosen}


def test_adding_and_computing_are_no_ports() -> None:
    slow = {"model": "fair_share", "reduce_bandwidth": "1 GB/s"}
    names = {row.name for row in rows_of(run(**INCAST, network=slow, compute={"time": "1 ms"})).chosen}
    assert len(names) == 8
    assert all("->" in name for name in names)


def test_a_result_without_crossings_is_refused() -> None:
    result = run()
    log = replace(result.timeline.log, detailed=False)
    for without in (
        replace(result, timeline=None),
        replace(result, links=None),
        replace(result, timeline=replace(result.timeline, log=log)),
    ):
        with pytest.raises(InputError, match="has no crossings to draw; expected one of a run that keeps them"):
            rows_of(without)
