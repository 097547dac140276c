"""What the time is made of: bars that add up, named by what differs, legible."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.patches import Rectangle
from plot_runs import SYSTEMS, assert_legible, data, legend_labels, simulated, words

from simcomm.errors import InputError
from simcomm.plots import plots_for, time_parts
from simcomm.plots.parts import MOST_BARS, label
from simcomm.results import Results

LATE = {"stragglers.1.start": ["0 s", "1 ms", "2 ms"]}


@pytest.fixture(scope="module")
def late() -> Results:
    network = {"model": "loggp", "reduce_bandwidth": "20 GB/s"}
    sweep = {"collective": SYSTEMS, **LATE}
    return simulated(parameters=10**6, compute={"time": "1 ms", "jitter": 0.1}, network=network, sweep=sweep)


def test_the_parts_of_a_bar_end_where_the_run_ends(late: Results) -> None:
    (axes,) = time_parts(late).axes
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    bounds = {data(line)[1][0] + 0.45: data(line)[0][0] for line in axes.lines}
    for place, row in enumerate(late):
        own = [bar for bar in bars if round(bar.get_y() + bar.get_height() / 2) == place]
        assert len(own) >= 3
        assert max(bar.get_x() + bar.get_width() for bar in own) == pytest.approx(row.time_s * 1e3)
        assert sum(bar.get_width() for bar in own) == pytest.approx(row.time_s * 1e3)
        assert bounds[place] == pytest.approx(row.lower_bound_s * 1e3)
    assert axes.get_xlabel() == "time (ms)"


def test_only_parts_that_occur_are_in_the_legend(late: Results) -> None:
    every = ["late start of a worker", "computing", "waiting for a port or link"]
    every += ["latency", "bytes on the wire", "adding up"]
    assert legend_labels(time_parts(late)) == every
    assert legend_labels(time_parts(simulated())) == ["latency", "bytes on the wire"]


def test_bars_are_named_by_what_differs(late: Results) -> None:
    (axes,) = time_parts(late).axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[:2] == ["all_to_all", "all_to_all, stragglers 1:start_s=0.001"]
    assert names[-1] == "ring_all_reduce, stragglers 1:start_s=0.002"
    assert label(late[0], ["workers", "seed"]) == "all_to_all, n = 4, seed 0"
    assert "n = 4" in words(time_parts(late))


@pytest.mark.parametrize("count", [1, 3, MOST_BARS])
def test_it_is_legible(late: Results, count: int) -> None:
    assert_legible(time_parts([replace(late[index % len(late)], seed=index) for index in range(count)]))


def test_what_cannot_be_drawn_is_refused(late: Results) -> None:
    with pytest.raises(
        InputError, match=f"{MOST_BARS + 1} results are too many bars for one plot; expected at most 40"
    ):
        time_parts([late[0]] * (MOST_BARS + 1))
    with pytest.raises(InputError, match="nothing to draw: no result takes any time"):
        time_parts([replace(late[0], time_s=0.0)])


def test_it_suits_results_of_one_n_and_one_size(late: Results) -> None:
    assert set(plots_for(late)) == {"time_parts"}
    assert set(plots_for([late[0], replace(late[1], workers=5)])) == {"bandwidth_vs_n", "time_vs_n"}
    assert plots_for([late[0]] * (MOST_BARS + 1)) == {}
    assert plots_for([replace(late[0], time_s=0.0)]) == {}
