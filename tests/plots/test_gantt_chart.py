"""The timeline of a run: every bar where the engine put it, and nothing hidden without a word."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from plot_runs import assert_legible, legend_labels, run, words

from simcomm.engines.explain import critical_path
from simcomm.errors import InputError
from simcomm.plots import gantt, gantt_chart
from simcomm.plots.bars import step_colours
from simcomm.results import Result
from simcomm.schedule import Operation, Schedule

SLOW_ADDING = {"model": "loggp", "reduce_bandwidth": "20 GB/s"}


def bars(axes: Axes, hatch: str | None = None, thick: bool = False) -> list[tuple[float, float, float]]:
    """(begin, seconds, middle of the lane) of the bars with this hatch; in units of the axis, by place."""
    found = [
        (one.get_x(), one.get_width(), one.get_y() + one.get_height() / 2)
        for one in axes.patches
        if isinstance(one, Rectangle) and one.get_hatch() == hatch and (one.get_linewidth() > 2) == thick
    ]
    return sorted(found)


def lane_names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_sending_and_receiving_bars_are_where_the_engine_put_them() -> None:
    result = run(network=SLOW_ADDING, link={"bandwidth": "1 GB/s", "latency": "1 ms"})
    t: Any = result.timeline
    (axes,) = gantt(result).axes
    ms = 1e3
    sent = [
        (start * ms, size * ms, -src + 0.22)
        for start, size, src in zip(t.start_s, t.serialisation_s, t.schedule.src, strict=True)
    ]
    came = [
        ((end - size - add) * ms, size * ms, -dst - 0.22)
        for end, size, add, dst in zip(t.end_s, t.serialisation_s, t.reduction_s, t.schedule.dst, strict=True)
    ]
    assert np.array(bars(axes)) == pytest.approx(np.array(sorted(sent + came)))


def test_the_adding_is_the_end_of_a_receiving_bar() -> None:
    result = run(network=SLOW_ADDING)
    t: Any = result.timeline
    figure = gantt(result)
    adds = np.flatnonzero(t.reduction_s > 0)
    assert len(adds) == 12
    expected = [
        ((t.end_s[i] - t.reduction_s[i]) * 1e3, t.reduction_s[i] * 1e3, -t.schedule.dst[i] - 0.22) for i in adds
    ]
    assert np.array(bars(figure.axes[0], "xxxx")) == pytest.approx(np.array(sorted(expected)))
    assert "reduction" in legend_labels(figure)
    assert "reduction" not in legend_labels(gantt(run()))


def test_a_late_start_and_computing_have_hatches_in_a_lane_of_their_own() -> None:
    result = run(
        collective="parameter_server",
        compute={"time": "2 ms", "jitter": 0.1},
        stragglers={3: {"start": "3 ms", "bandwidth_factor": 0.5}},
    )
    figure = gantt(result)
    (axes,) = figure.axes
    ((begin, late, at),) = bars(axes, "....")
    assert (begin, late) == pytest.approx((0, 3))
    assert -3.5 < at < -2.5
    computed = [seconds * 1e3 for seconds in result.timeline.workers.compute_s[:4]]
    assert sorted(width for _, width, _ in bars(axes, "////")) == pytest.approx(sorted(computed))
    assert max(begin for begin, _, _ in bars(axes, "////")) == pytest.approx(3)
    messages = {at for _, _, at in bars(axes)}
    assert not messages & {at for _, _, at in bars(axes, "////")}
    assert {"computing", "not started yet"} <= set(legend_labels(figure))
    assert_legible(figure)


def test_computations_of_the_schedule_are_bars_too() -> None:
    result = run(workers=2)
    schedule = Schedule.of(2, 1, [Operation("compute", 0, 0, 0, 1, 0.5), Operation("copy", 0, 1, 0, after=(0,))])
    zeros = np.zeros(2)
    times = {"start_s": np.array([0.0, 0.5]), "end_s": np.array([0.5, 1.0]), "compute_s": np.array([0.5, 0.0])}
    sent = np.array([0.0, 0.5])
    parts = {"latency_s": zeros, "serialisation_s": sent, "reduction_s": zeros, "sending_s": sent, "receiving_s": sent}
    timeline = replace(result.timeline, schedule=schedule, **times, **parts)
    (axes,) = gantt(replace(result, timeline=timeline)).axes
    assert axes.get_xlabel() == "time (s)"
    assert [(begin, seconds) for begin, seconds, _ in bars(axes, "////")] == [(0.0, 0.5)]
    assert [(begin, seconds) for begin, seconds, _ in bars(axes, thick=True)] == [(0.5, 0.5)] * 2


def test_ranks_are_workers_and_servers() -> None:
    figure = gantt(run(collective={"name": "parameter_server", "servers": 2}, workers=3))
    (axes,) = figure.axes
    assert lane_names(axes) == ["worker 0", "worker 1", "worker 2", "server 0", "server 1"]
    assert [label.get_text() for label in axes.get_yticklabels(minor=True)] == ["send", "receive"] * 5


def test_bars_have_the_colour_of_their_step_and_the_legend_says_which() -> None:
    result = run()
    figure = gantt(result)
    colours = {to_hex(one.get_facecolor()) for one in figure.axes[0].patches if one.get_linewidth() < 1}
    assert colours == set(step_colours(6))
    assert len(colours) == 6
    assert legend_labels(figure) == [f"step {step}" for step in range(6)]


def test_step_colours_get_lighter_so_that_they_read_in_grey() -> None:
    def luminance(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    shades = [luminance(colour) for colour in step_colours(12)]
    assert shades == sorted(shades)
    assert len(step_colours(0)) > 0


def test_of_many_steps_the_legend_names_a_few() -> None:
    labels = legend_labels(gantt(run(workers=8)))
    assert labels[0] == "step 0"
    assert labels[-1] == "step 13"
    assert len(labels) == 8


def test_the_critical_path_has_thick_frames() -> None:
    result = run()
    path = critical_path(result.timeline).operations
    (axes,) = gantt(result).axes
    framed = bars(axes, thick=True)
    assert len(framed) == 2 * len(path)
    ends = max(begin + width for begin, width, _ in framed)
    assert ends == pytest.approx(float(result.timeline.makespan_s) * 1e3)


@pytest.mark.no_cover  # thousands of bars are drawn by the code that draws a few
def test_bars_name_chunks_and_peers_where_they_fit() -> None:
    ring = texts(gantt(run()))
    assert "chunk 3 to 1" in ring
    assert "chunk 2 from 3" in ring
    assert len(ring) == 48
    one_chunk = texts(gantt(run(collective="parameter_server")))
    assert "to server 0" in one_chunk
    assert "from worker 3" in one_chunk
    assert not any("chunk" in text for text in one_chunk)
    assert all(text.isdigit() for text in texts(gantt(run(workers=24))))
    assert texts(gantt(run(workers=40))) == []


def test_the_time_axis_has_a_unit_and_the_title_what_it_is() -> None:
    result = run(collective={"name": "parameter_server", "servers": 2})
    figure = gantt(result)
    assert figure.axes[0].get_xlabel() == "time (ms)"
    text = words(figure)
    assert "Timeline: parameter_server servers=2, n = 4" in text
    assert "makespan " in text
    assert "only the" not in text
    assert gantt(run(parameters=10, link={"bandwidth": "1 GB/s", "latency": "0 s"})).axes[0].get_xlabel() == "time (ns)"


INCAST = {"collective": "parameter_server", "workers": 3, "parameters": 2 * 10**6}
TEN_GB = {"bandwidth": "10 GB/s", "latency": "0 s"}


def heights(axes: Axes, lane: float) -> list[float]:
    """The heights of the bars (not frames) around this middle of a lane."""
    found = [one for one in axes.patches if isinstance(one, Rectangle) and to_rgba(one.get_facecolor())[3]]
    return [one.get_height() for one in found if abs(one.get_y() + one.get_height() / 2 - lane) < 0.2]


def test_under_a_model_that_sees_links_bars_are_while_the_first_and_the_last_link_carry_the_message() -> None:
    (axes,) = gantt(run(**INCAST, link=TEN_GB, network="store_and_forward")).axes
    up = [(0.0, 0.8, -worker + 0.22) for worker in range(3)]
    into_server = [(0.8 + 0.8 * turn, 0.8, -3 - 0.22) for turn in range(3)]
    out_of_server = [(3.2 + 0.8 * turn, 0.8, -3 + 0.22) for turn in range(3)]
    down = [(4.0 + 0.8 * worker, 0.8, -worker - 0.22) for worker in range(3)]
    expected = up + into_server + out_of_server + down
    for found, bar in zip(*(sorted(np.round(each, 6).tolist()) for each in (bars(axes), expected)), strict=True):
        assert found == pytest.approx(bar)


def test_messages_that_come_at_the_same_time_lie_above_each_other() -> None:
    result = run(**INCAST, link=TEN_GB, network={"model": "fair_share", "reduce_bandwidth": "100 GB/s"})
    figure = gantt(result)
    (axes,) = figure.axes
    assert heights(axes, 0.22) == [0.4]
    assert len([one for one in bars(axes) if one[:2] == pytest.approx((0.0, 2.4)) and one[2] < -3]) == 3
    assert min(heights(axes, -3.22)) <= 0.4 / 3
    assert len(bars(axes, "xxxx")) == np.count_nonzero(result.timeline.reduction_s) == 2
    assert_legible(figure)


@pytest.mark.no_cover
@pytest.mark.parametrize("workers", [2, 4, 9, 20])
@pytest.mark.parametrize("collective", ["ring_all_reduce", "parameter_server"])
def test_it_is_legible(workers: int, collective: str) -> None:
    assert_legible(gantt(run(workers=workers, collective=collective)))


def test_of_too_many_ranks_the_busiest_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gantt_chart, "MOST_RANKS", 2)
    figure = gantt(run(collective="parameter_server", workers=5, stragglers={3: {"bandwidth_factor": 0.5}}))
    assert lane_names(figure.axes[0]) == ["worker 3", "server 0"]
    assert "only the busiest 2 of 6 ranks" in words(figure)


def test_of_too_many_bars_the_busiest_ranks_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gantt_chart, "MOST_BARS", 50)
    figure = gantt(run())
    assert lane_names(figure.axes[0]) == ["worker 0", "worker 1"]
    assert "only the busiest 2 of 4 ranks" in words(figure)
    assert "bars" not in words(figure)


def test_of_a_rank_with_too_many_bars_the_first_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gantt_chart, "MOST_BARS", 5)
    figure = gantt(run())
    assert len(bars(figure.axes[0])) == 5
    assert "only the busiest 1 of 4 ranks · only the first 5 bars" in words(figure)


@pytest.mark.no_cover
def test_equally_busy_ranks_are_drawn_from_the_first_on() -> None:
    figure = gantt(run(workers=96, parameters=96 * 100_000))
    assert lane_names(figure.axes[0]) == [f"worker {rank}" for rank in range(len(figure.axes[0].get_yticks()))]
    assert len(bars(figure.axes[0])) <= gantt_chart.MOST_BARS


@pytest.mark.parametrize("scenario", [{"workers": 1}, {"parameters": 0}])
def test_a_run_of_no_time_says_so(scenario: dict[str, int]) -> None:
    figure = gantt(run(**scenario))
    assert texts(figure) == ["nothing is sent or computed"]
    assert bars(figure.axes[0]) == []
    assert_legible(figure)


def test_an_exact_timeline_is_drawn_as_floats() -> None:
    result = run()
    exact = {
        name: np.array([Fraction(float(value)) for value in getattr(result.timeline, name)], dtype=object)
        for name in ("start_s", "end_s", "latency_s", "serialisation_s", "reduction_s", "compute_s")
    }
    figure = gantt(replace(result, timeline=replace(result.timeline, **exact)))
    assert bars(figure.axes[0]) == bars(gantt(result).axes[0])


@pytest.mark.parametrize("timeline", [None, "a timeline"])
def test_a_result_without_a_timeline_is_refused(timeline: object) -> None:
    result: Result = replace(run(), timeline=timeline)
    with pytest.raises(InputError, match="no timeline"):
        gantt(result)
