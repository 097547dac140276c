"""The timeline of links: every crossing a bar where the engine put it, those that share a link above each other."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from plot_runs import assert_legible, legend_labels, run, words

from simcomm.engines.explain import critical_path
from simcomm.plots import link_gantt, link_timeline

LINK = {"bandwidth": "10 GB/s", "latency": "0 s"}
INCAST: dict[str, Any] = {"collective": "parameter_server", "workers": 3, "parameters": 2 * 10**6, "link": LINK}


def names(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def boxes(figure: Figure) -> list[Rectangle]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def bars(figure: Figure, name: str, thick: bool = False) -> list[tuple[float, float, float]]:
    """(begin, seconds, height) of the bars of a row, in ms; by time, then from above."""
    row = names(figure).index(name)
    found = [one for one in boxes(figure) if abs(one.get_y() - row) < 0.43]
    framed = [one for one in found if to_rgba(one.get_facecolor())[3] == 0]
    chosen = framed if thick else [one for one in found if one not in framed]
    placed = sorted((one.get_x(), one.get_y(), one.get_width(), one.get_height()) for one in chosen)
    return [(x, width, height) for x, _, width, height in placed]


def near(figures: list[tuple[float, float, float]]) -> Any:
    return [pytest.approx(one, abs=1e-9) for one in figures]


def test_a_queue_serves_one_after_the_other() -> None:
    figure = link_gantt(run(**INCAST, network="store_and_forward"))
    assert names(figure)[:2] == ["3 -> switch", "switch -> 3"]
    assert bars(figure, "1 -> switch") == near([(0, 0.8, 0.84)])
    assert bars(figure, "switch -> 3") == near([(0.8, 0.8, 0.84), (1.6, 0.8, 0.84), (2.4, 0.8, 0.84)])
    assert bars(figure, "3 -> switch") == near([(3.2, 0.8, 0.84), (4.0, 0.8, 0.84), (4.8, 0.8, 0.84)])


def test_flows_that_share_a_link_share_its_row() -> None:
    figure = link_gantt(run(**INCAST, network="fair_share"))
    assert bars(figure, "switch -> 3") == near([(0, 2.4, 0.28)] * 3)
    assert bars(figure, "1 -> switch") == near([(0, 2.4, 0.84)])


def test_packets_are_bars_of_their_own() -> None:
    network = {"model": "store_and_forward", "packet_size": "2 MB"}
    figure = link_gantt(run(**INCAST, network=network))
    assert bars(figure, "1 -> switch") == near([(0.2 * packet, 0.2, 0.84) for packet in range(4)])
    assert len(bars(figure, "switch -> 3")) == 12


def test_ports_of_loggp_are_rows() -> None:
    figure = link_gantt(run(**INCAST))
    assert bars(figure, "receive port of rank 3") == near([(0.8 * turn, 0.8, 0.84) for turn in range(3)])
    assert words(figure).startswith("Timeline of ports: parameter_server, n = 3")


def test_the_critical_path_has_thick_frames() -> None:
    result = run(**INCAST, network="store_and_forward")
    path = critical_path(result.timeline).operations
    figure = link_gantt(result)
    framed = {name: bars(figure, name, thick=True) for name in names(figure)}
    assert framed["switch -> 3"] == near([(2.4, 0.8, 0.84)])
    crossings = [crossing for crossing in result.timeline.log.crossings if crossing.operation in path]
    assert sum(map(len, framed.values())) == len(crossings) == 4


def test_bars_say_from_whom_to_whom_and_have_the_look_of_their_source() -> None:
    figure = link_gantt(run(**INCAST, network="store_and_forward"))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {text: texts.count(text) for text in texts} == {
        **{f"{worker}→3": 2 for worker in range(3)},
        **{f"3→{worker}": 2 for worker in range(3)},
    }
    assert legend_labels(figure) == [f"from rank {rank}" for rank in range(4)]
    looks = {(one.get_facecolor(), one.get_hatch()) for one in boxes(figure) if to_rgba(one.get_facecolor())[3]}
    assert len(looks) == len({hatch for _, hatch in looks}) == 4


def test_many_sources_have_shades_alone_and_the_legend_some_of_them() -> None:
    figure = link_gantt(run(workers=20, collective="all_to_all", network="fair_share"))
    assert len(legend_labels(figure)) == 16
    assert {one.get_hatch() for one in figure.axes[0].patches} <= {None, ""}
    assert_legible(figure)


def test_of_too_many_bars_the_first_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_timeline, "MOST_BARS", 5)
    figure = link_gantt(run(**INCAST, network="store_and_forward"))
    assert "only the first 5 of 12 bars" in words(figure)
    shown = [one for one in boxes(figure) if to_rgba(one.get_facecolor())[3]]
    assert sorted(one.get_x() for one in shown) == pytest.approx([0, 0, 0, 0.8, 1.6])


@pytest.mark.parametrize("network", ["loggp", "store_and_forward", "fair_share"])
@pytest.mark.parametrize("workers", [3, 9])
def test_it_is_legible(network: str, workers: int) -> None:
    topology = {"kind": "leaf_spine", "leaves": 3, "spines": 2, "oversubscription": 2}
    assert_legible(link_gantt(run(**{**INCAST, "workers": workers}, network=network, topology=topology)))


def test_a_run_that_sends_nothing_says_so() -> None:
    figure = link_gantt(run(workers=1))
    assert [text.get_text() for text in figure.axes[0].texts] == ["nothing is sent"]
    assert_legible(figure)
