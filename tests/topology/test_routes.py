"""Routes: the fewest links, the same ones every time, and what they add up to."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.topology import build
from simcomm.topology.routes import Route, routes


@st.composite
def graphs(draw: st.DrawFn) -> nx.DiGraph[Any]:
    """Directed graphs of up to 8 nodes whose names say nothing about their order, with Fractions on the links."""
    nodes = draw(st.permutations("abcdefgh"))[: draw(st.integers(2, 8))]
    pairs = [(a, b) for a in nodes for b in nodes if a != b]
    links = draw(st.lists(st.sampled_from(pairs), unique=True))
    numbers = st.builds(Fraction, st.integers(1, 9), st.integers(1, 9))
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    for a, b in links:
        graph.add_edge(a, b, latency_s=draw(numbers), bandwidth_Bps=draw(numbers))
    return graph


def reachable(graph: nx.DiGraph[Any]) -> list[tuple[Any, Any]]:
    return [(a, b) for a in graph for b in nx.descendants(graph, a)]


def with_links_in_order(graph: nx.DiGraph[Any], links: list[tuple[Any, Any]]) -> nx.DiGraph[Any]:
    """The same nodes in the same order, the links put in in another one."""
    other: nx.DiGraph[Any] = nx.DiGraph()
    other.add_nodes_from(graph)
    other.add_edges_from((a, b, graph[a][b]) for a, b in links)
    return other


@given(graphs())
@settings(deadline=None, max_examples=150)
def test_a_route_has_the_fewest_links_and_ties_go_to_the_first_in_node_order(graph: nx.DiGraph[Any]) -> None:
    position = list(graph).index
    found = routes(graph, reachable(graph))
    assert set(found) == set(reachable(graph))
    for (source, target), route in found.items():
        assert (route.nodes[0], route.nodes[-1]) == (source, target)
        assert len(route.links) == nx.shortest_path_length(graph, source, target)
        # A breadth-first search in node order finds the first of them as words are sorted in a dictionary.
        first = min(nx.all_shortest_paths(graph, source, target), key=lambda path: [position(node) for node in path])
        assert route.nodes == tuple(first)


@given(graphs(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=100)
def test_the_order_in_which_links_were_added_and_pairs_are_asked_for_does_not_matter(
    graph: nx.DiGraph[Any], random: Any
) -> None:
    pairs, links = reachable(graph), list(graph.edges)
    expected = routes(graph, pairs)
    random.shuffle(pairs)
    random.shuffle(links)
    assert routes(with_links_in_order(graph, links), pairs + pairs[:2]) == expected
    for pair in pairs:
        assert routes(graph, [pair]) == {pair: expected[pair]}


@given(graphs())
@settings(deadline=None, max_examples=100)
def test_latencies_add_up_and_the_smallest_bandwidth_counts(graph: nx.DiGraph[Any]) -> None:
    for route in routes(graph, reachable(graph)).values():
        links = [graph[a][b] for a, b in pairwise(route.nodes)]
        assert route.latency_s == sum(link["latency_s"] for link in links)
        assert route.bandwidth_Bps == min(link["bandwidth_Bps"] for link in links)
        assert isinstance(route.latency_s, Fraction)
        assert isinstance(route.bandwidth_Bps, Fraction)


def test_the_node_order_decides_between_two_ways() -> None:
    def square(order: str) -> nx.DiGraph[Any]:
        graph: nx.DiGraph[Any] = nx.DiGraph()
        graph.add_nodes_from(order)
        for middle in "yx":
            graph.add_edge("a", middle, latency_s=1, bandwidth_Bps=1)
            graph.add_edge(middle, "b", latency_s=1, bandwidth_Bps=1)
        return graph

    assert routes(square("abxy"), [("a", "b")])["a", "b"].nodes == ("a", "x", "b")
    assert routes(square("abyx"), [("a", "b")])["a", "b"].nodes == ("a", "y", "b")


def test_few_links_beat_little_latency() -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from("axb")
    graph.add_edge("a", "b", latency_s=100, bandwidth_Bps=1)
    graph.add_edge("a", "x", latency_s=1, bandwidth_Bps=9)
    graph.add_edge("x", "b", latency_s=1, bandwidth_Bps=9)
    assert routes(graph, [("a", "b")])["a", "b"] == Route(("a", "b"), 100, 1)


@pytest.mark.parametrize(
    ("kind", "source", "target", "nodes"),
    [
        ("star", 0, 3, (0, "switch", 3)),
        ("fully_connected", 4, 1, (4, 1)),
        ("ring", 0, 2, (0, 1, 2)),
        ("ring", 0, 5, (0, 5)),
        ("ring", 0, 3, (0, 1, 2, 3)),  # both ways have three links; host 1 comes before host 5
        ("ring", 5, 2, (5, 0, 1, 2)),
        ("ring", 3, 0, (3, 2, 1, 0)),
    ],
)
def test_routes_of_the_built_in_topologies(kind: str, source: int, target: int, nodes: tuple[Any, ...]) -> None:
    graph = build(kind, 6, Fraction(7), Fraction(1, 3))
    route = routes(graph, [(source, target)])[source, target]
    assert route == Route(nodes, Fraction(len(nodes) - 1, 3), Fraction(7))
    assert route.links == tuple(pairwise(nodes))


def test_no_pair_has_no_route() -> None:
    assert routes(build("ring", 3, 1, 1), []) == {}
