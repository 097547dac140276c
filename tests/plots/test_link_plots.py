"""Utilisation and queues over time: what is drawn is what the engine noted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from plot_runs import assert_legible, run, words

from simcomm.plots import link_queues, link_utilisation
from simcomm.plots.link_plots import MOST_TIMES

LINK = {"bandwidth": "10 GB/s", "latency": "0 s"}
#: Three workers send 8 MB each to a server over a link that takes 0.8 ms for it; then it sends to each.
INCAST: dict[str, Any] = {"collective": "parameter_server", "workers": 3, "parameters": 2 * 10**6, "link": LINK}
MODELS = ["loggp", "store_and_forward", "fair_share"]


def names(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def shares(figure: Figure) -> Any:
    """The rows of the picture by name, without the mean."""
    pixels = np.asarray(figure.axes[0].images[0].get_array())
    return {name.split("  ")[0]: row for name, row in zip(names(figure), pixels, strict=True)}


def counts(figure: Figure) -> dict[str, tuple[list[float], list[float]]]:
    """By row: the edges, and the heights in parts of the largest one."""
    found = {}
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch)]
    for row, (name, patch) in enumerate(zip(names(figure), patches, strict=True)):
        values, edges, _ = patch.get_data()
        found[name.split("  ")[0]] = (list(edges), [round((row + 0.42 - value) / 0.84, 9) for value in values])
    return found


def test_a_link_that_is_shared_is_used_by_all_and_the_others_in_part() -> None:
    # Each of the three flows has a third of the server's link, and uses a third of its own.
    figure = link_utilisation(run(**INCAST, network="fair_share"))
    found = shares(figure)
    half = MOST_TIMES // 2
    assert found["switch -> 3"].tolist() == pytest.approx([1.0] * half + [0.0] * half)
    assert found["3 -> switch"].tolist() == pytest.approx([0.0] * half + [1.0] * half)
    assert found["1 -> switch"].tolist() == pytest.approx([1 / 3] * half + [0.0] * half)
    assert names(figure)[:3] == ["3 -> switch  50%", "switch -> 3  50%", "0 -> switch  17%"]


def test_a_queue_is_used_or_not() -> None:
    # 0.8 ms to the switch, 2.4 ms to the server, the same back.
    found = shares(link_utilisation(run(**INCAST, network="store_and_forward")))
    at = np.linspace(0, 6.4, MOST_TIMES + 1)[1:-1:125]
    for name, begin, end in (("0 -> switch", 0.0, 0.8), ("switch -> 3", 0.8, 3.2), ("3 -> switch", 3.2, 5.6)):
        inside = [row for time, row in zip(at, found[name][1::125], strict=False) if begin < time < end - 0.01]
        assert inside == pytest.approx([1.0] * len(inside))
        assert found[name].mean() == pytest.approx((end - begin) / 6.4)


def test_ports_of_loggp_are_busy_or_not() -> None:
    figure = link_utilisation(run(**INCAST))
    found = shares(figure)
    half = MOST_TIMES // 2
    assert found["receive port of rank 3"].tolist() == pytest.approx([1.0] * half + [0.0] * half)
    assert figure.axes[1].get_ylabel() == "busy (% of the time)"


def test_queues_grow_and_shrink() -> None:
    found = counts(link_queues(run(**INCAST, network="store_and_forward")))
    edges, heights = found["3 -> switch"]
    assert heights == pytest.approx([0, 1, 2 / 3, 1 / 3, 0])
    assert edges == pytest.approx([0, 3.2, 4.0, 4.8, 5.6, 6.4], abs=2 * 6.4 / MOST_TIMES)
    assert found["1 -> switch"][1] == pytest.approx([1 / 3, 0])


def test_flows_that_share_a_link_are_counted() -> None:
    figure = link_queues(run(**INCAST, network="fair_share"))
    assert counts(figure)["switch -> 3"][1] == pytest.approx([1, 0])
    assert names(figure)[:2] == ["3 -> switch  peak 3", "switch -> 3  peak 3"]
    assert "Messages (or packets) that share it. The largest height is 3" in words(figure)


def test_packets_are_counted_as_they_are_queued() -> None:
    network = {"model": "store_and_forward", "packet_size": "2 MB"}
    figure = link_queues(run(**INCAST, network=network))
    assert "0 -> switch  peak 4" in names(figure)
    assert "that it serves or that wait for it. The largest height is 12" in words(figure)


@pytest.mark.parametrize("network", MODELS)
@pytest.mark.parametrize("draw", [link_utilisation, link_queues])
def test_axes_have_units_and_nothing_is_cut_off(draw: Any, network: str) -> None:
    figure = draw(run(**INCAST, network=network))
    assert figure.axes[0].get_xlabel() == "time (ms)"
    assert "parameter_server, n = 3" in words(figure)
    assert_legible(figure)


@pytest.mark.parametrize("draw", [link_utilisation, link_queues])
def test_of_many_links_the_busiest_are_drawn_and_the_title_says_so(draw: Any) -> None:
    topology = {"kind": "fat_tree", "k": 4}
    figure = draw(run(workers=16, collective="all_to_all", network="fair_share", topology=topology))
    assert len(names(figure)) == 16
    assert "the 16 busiest of 56 links in use" in words(figure)
    assert_legible(figure)


@pytest.mark.parametrize("draw", [link_utilisation, link_queues])
def test_a_run_that_sends_nothing_says_so(draw: Any) -> None:
    figure = draw(run(workers=1))
    assert [text.get_text() for text in figure.axes[0].texts] == ["nothing is sent"]
    assert_legible(figure)
