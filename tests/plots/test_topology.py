"""The topology with its traffic: where nodes stand, which links are wide, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from plot_runs import assert_legible, words

from simcomm.errors import InputError
from simcomm.plots import traffic
from simcomm.plots.topology import MOST_NODES, positions
from simcomm.topology import build


def graph(kind: str, hosts: int) -> nx.DiGraph[Any]:
    return build(kind, hosts, "1 GB/s", "1 us")


def leaf_spine(leaves: int = 3, spines: int = 2, hosts: int = 2) -> nx.DiGraph[Any]:
    made: nx.Graph[Any] = nx.Graph()
    for leaf in range(leaves):
        made.add_node(f"leaf{leaf}", kind="switch")
        made.add_edges_from((f"leaf{leaf}", f"spine{spine}") for spine in range(spines))
        for host in range(hosts):
            made.add_node(f"h{leaf}.{host}", kind="host")
            made.add_edge(f"leaf{leaf}", f"h{leaf}.{host}")
    nx.set_node_attributes(made, {f"spine{spine}": "switch" for spine in range(spines)}, "kind")
    return made.to_directed()


def torus() -> nx.DiGraph[Any]:
    made = nx.grid_2d_graph(3, 3, periodic=True)
    nx.set_node_attributes(made, dict.fromkeys(made, "host"), "kind")
    return made.to_directed()


def arrows(figure: Figure) -> list[FancyArrowPatch]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_star_has_its_switch_in_the_middle_of_a_circle() -> None:
    at = positions(graph("star", 5))
    assert at["switch"] == (0.0, 0.0)
    assert [math.hypot(*at[host]) for host in range(5)] == pytest.approx([1] * 5)
    assert at[0] == pytest.approx((0, 1))


@pytest.mark.parametrize("kind", ["ring", "fully_connected"])
@pytest.mark.parametrize("hosts", [1, 2, 3, 8])
def test_without_a_switch_hosts_stand_on_a_circle_in_their_order(kind: str, hosts: int) -> None:
    at = positions(graph(kind, hosts))
    angles = [(math.pi / 2 - math.atan2(y, x)) % (2 * math.pi) for x, y in (at[host] for host in range(hosts))]
    assert angles == pytest.approx([2 * math.pi * host / hosts for host in range(hosts)])


def test_a_ring_in_another_order_is_a_circle_without_crossings() -> None:
    made: nx.DiGraph[Any] = nx.DiGraph()
    made.add_nodes_from(range(6), kind="host")
    order = [0, 3, 1, 5, 2, 4]
    for a, b in zip(order, order[1:] + order[:1], strict=True):
        made.add_edges_from([(a, b), (b, a)])
    at = positions(made)
    side = 2 * math.sin(math.pi / 6)
    assert [math.dist(at[a], at[b]) for a, b in made.edges] == pytest.approx([side] * 12)


def test_a_line_begins_at_one_of_its_ends() -> None:
    made = nx.path_graph([2, 0, 1]).to_directed()
    nx.set_node_attributes(made, dict.fromkeys(made, "host"), "kind")
    assert list(positions(made)) in ([2, 0, 1], [1, 0, 2])


def test_switches_stand_in_layers_above_their_hosts() -> None:
    at = positions(leaf_spine())
    height = {name[0]: round(y, 9) for name, (_, y) in at.items()}
    assert height["h"] < height["l"] < height["s"]
    assert len({y for _, y in at.values()}) == 3
    for leaf in range(3):
        assert at[f"leaf{leaf}"][0] == pytest.approx(np.mean([at[f"h{leaf}.{host}"][0] for host in range(2)]))


def test_another_graph_is_laid_out_by_springs_the_same_way_every_time() -> None:
    assert positions(torus()) == positions(torus())
    assert len(set(positions(torus()).values())) == 9


def test_no_two_nodes_share_a_place() -> None:
    for made in (graph("star", 64), leaf_spine(8, 4, 4), torus()):
        places = np.array(list(positions(made).values()))
        apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
        assert apart[~np.eye(len(places), dtype=bool)].min() > 0.01


def test_every_link_is_an_arrow_the_wider_and_darker_the_more_crosses_it() -> None:
    made = graph("ring", 4)
    carried = {(0, 1): 100, (1, 2): 50, (2, 3): 10}
    figure = traffic(made, carried, {host: str(host) for host in range(4)})
    found = arrows(figure)
    assert len(found) == 8
    assert [one.get_linestyle() for one in found].count("-") == 3
    by_width = sorted((one for one in found if one.get_linestyle() == "-"), key=lambda one: one.get_linewidth())
    darkness = [sum(to_rgb(one.get_edgecolor())) for one in by_width]
    assert darkness == sorted(darkness, reverse=True)
    assert len({one.get_linewidth() for one in by_width}) == 3
    assert "Dashed: links that carry nothing." in words(figure)


def test_the_two_directions_of_a_cable_are_apart() -> None:
    figure = traffic(graph("ring", 2), {(0, 1): 5, (1, 0): 5}, {})
    (x, y), (other_x, other_y) = (np.asarray(one.get_path().vertices)[1] for one in arrows(figure))
    assert math.hypot(x - other_x, y - other_y) > 0.1


def test_hosts_have_their_labels_and_others_their_names() -> None:
    figure = traffic(graph("star", 3), {(0, "switch"): 4000}, {0: "0", 1: "1", 2: "server 0"})
    assert set(texts(figure)) == {"0", "1", "server\n0", "switch", "4 kB"}
    assert "the busiest from 0 to switch: 4 kB" in words(figure)
    assert "4 kB over 1 link ·" in words(figure)


def test_the_colour_bar_has_a_unit() -> None:
    figure = traffic(graph("star", 3), {(0, "switch"): 10**9}, {})
    bar = figure.axes[1]
    assert bar.get_ylabel() == "bytes that cross the link (bytes)"
    assert bar.get_yticklabels()[1].get_text().endswith("MB")
    assert bar.get_ylim() == (0, 10**9)


def test_links_are_named_only_where_there_are_few() -> None:
    few, many = graph("star", 12), graph("star", 13)
    for made, named in ((few, True), (many, False)):
        figure = traffic(made, dict.fromkeys(made.edges, 2000), {})
        assert ("2 kB" in texts(figure)) == named


def test_names_of_links_do_not_lie_on_each_other_or_on_nodes() -> None:
    made = torus()
    ring = dict.fromkeys(list(made.edges)[:24], 10**6)
    figure = traffic(made, ring, {})
    named = [text for text in figure.axes[0].texts if text.get_text() == "1 MB"]
    places = [text.get_position() for text in named]
    assert 3 < len(places) < 24
    assert all(abs(a[0] - b[0]) > 0.07 or abs(a[1] - b[1]) > 0.025 for a in places for b in places if a is not b)


@pytest.mark.parametrize(
    "made",
    [
        *(graph("star", hosts) for hosts in (1, 9, 100)),
        *(graph("ring", hosts) for hosts in (1, 2)),
        *(graph("fully_connected", 8), leaf_spine(), leaf_spine(8, 4, 8), torus()),
    ],
    ids=str,
)
def test_it_is_legible(made: nx.DiGraph[Any]) -> None:
    assert_legible(traffic(made, dict.fromkeys(made.edges, 10**9), {}))


def test_a_run_that_sends_nothing_has_no_colour_bar() -> None:
    figure = traffic(graph("star", 1), {}, {0: "0"})
    assert len(figure.axes) == 1
    assert "0 B over 0 links" in words(figure)
    assert {one.get_linestyle() for one in arrows(figure)} != {"-"}


def test_a_node_that_is_too_small_has_no_text() -> None:
    figure = traffic(graph("star", 250), {}, {host: f"a long name {host}" for host in range(250)})
    assert texts(figure) == ["switch"]


@pytest.mark.parametrize(
    ("carried", "message"),
    [
        ({(0, 7): 3}, r"3 bytes on link 0 -> 7; expected a link of the topology"),
        ({(0, 1): 3}, r"expected a link"),
        ({(0, "switch"): -1}, r"-1 bytes on link 0 -> 'switch'; expected 0 or more"),
    ],
)
def test_impossible_traffic_is_refused(carried: dict[tuple[Any, Any], int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        traffic(graph("star", 3), carried, {})


def test_too_many_nodes_are_refused() -> None:
    with pytest.raises(InputError, match="258 nodes cannot be drawn; expected 1 to 256"):
        traffic(graph("star", MOST_NODES + 1), {}, {})
    with pytest.raises(InputError, match="0 nodes"):
        traffic(nx.DiGraph(), {}, {})
