"""Paths of the fewest links: the first of them in node order, or the one that hashes choose."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from hashlib import blake2b
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.topology import build
from simcomm.topology.check import hosts
from simcomm.topology.routing.shortest import ecmp, hashed, shortest


@st.composite
def graphs(draw: st.DrawFn) -> nx.DiGraph[Any]:
    """Directed graphs of up to 8 nodes whose names say nothing about their order."""
    nodes = draw(st.permutations("abcdefgh"))[: draw(st.integers(2, 8))]
    pairs = [(a, b) for a in nodes for b in nodes if a != b]
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(draw(st.lists(st.sampled_from(pairs), unique=True)), bandwidth_Bps=1, latency_s=1)
    return graph


def reachable(graph: nx.DiGraph[Any]) -> list[tuple[Any, Any]]:
    return [(a, b) for a in graph for b in nx.descendants(graph, a)]


def hosts_pairs(graph: nx.DiGraph[Any]) -> list[tuple[Any, Any]]:
    return [(a, b) for a in hosts(graph) for b in hosts(graph) if a != b]


def with_links_in_order(graph: nx.DiGraph[Any], links: list[tuple[Any, Any]]) -> nx.DiGraph[Any]:
    """The same nodes in the same order, the links put in in another one."""
    other: nx.DiGraph[Any] = nx.DiGraph()
    other.add_nodes_from(graph)
    other.add_edges_from((a, b, graph[a][b]) for a, b in links)
    return other


def walked(graph: nx.DiGraph[Any], source: Any, target: Any, seed: int) -> tuple[Any, ...]:
    """ECMP once more, from its specification."""
    order, distance = list(graph), dict(nx.single_target_shortest_path_length(graph, target))
    nodes = [source]
    while nodes[-1] != target:
        hops = [hop for hop in order if graph.has_edge(nodes[-1], hop) and distance.get(hop, 99) < distance[nodes[-1]]]
        text = f"{seed} {order.index(source)} {order.index(target)} {order.index(nodes[-1])}"
        digest = blake2b(text.encode("ascii"), digest_size=8).digest()
        nodes.append(hops[sum(byte << 8 * (7 - place) for place, byte in enumerate(digest)) % len(hops)])
    return tuple(nodes)


@given(graphs())
@settings(max_examples=150)
def test_a_route_has_the_fewest_links_and_ties_go_to_the_first_in_node_order(graph: nx.DiGraph[Any]) -> None:
    position = list(graph).index
    found = shortest(graph, reachable(graph))
    assert set(found) == set(reachable(graph))
    for (source, target), route in found.items():
        assert len(route.links) == nx.shortest_path_length(graph, source, target)
        # Going to the first node that is nearer gives the first of them as words are sorted in a dictionary.
        first = min(nx.all_shortest_paths(graph, source, target), key=lambda path: [position(node) for node in path])
        assert route.nodes == tuple(first)


@given(graphs(), st.integers(0, 2**70))
@settings(max_examples=150)
def test_ecmp_hashes_its_way_along_one_of_the_shortest_paths(graph: nx.DiGraph[Any], seed: int) -> None:
    for (source, target), route in ecmp(graph, reachable(graph), seed).items():
        assert list(route.nodes) in list(nx.all_shortest_paths(graph, source, target))
        assert route.nodes == walked(graph, source, target, seed)


@pytest.mark.parametrize("find", [shortest, ecmp])
@given(graph=graphs(), random=st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_in_which_links_were_added_and_pairs_are_asked_for_does_not_matter(
    find: Any, graph: nx.DiGraph[Any], random: Any
) -> None:
    pairs, links = reachable(graph), list(graph.edges)
    expected = find(graph, pairs)
    random.shuffle(pairs)
    random.shuffle(links)
    assert find(with_links_in_order(graph, links), pairs) == expected
    for pair in pairs:
        assert find(graph, [pair]) == {pair: expected[pair]}


def test_the_node_order_decides_between_two_ways() -> None:
    def square(order: str) -> nx.DiGraph[Any]:
        graph: nx.DiGraph[Any] = nx.DiGraph()
        graph.add_nodes_from(order)
        for middle in "yx":
            graph.add_edge("a", middle, latency_s=1, bandwidth_Bps=1)
            graph.add_edge(middle, "b", latency_s=1, bandwidth_Bps=1)
        return graph

    assert shortest(square("abxy"), [("a", "b")])["a", "b"].nodes == ("a", "x", "b")
    assert shortest(square("abyx"), [("a", "b")])["a", "b"].nodes == ("a", "y", "b")


def test_few_links_beat_little_latency() -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from("axb")
    graph.add_edge("a", "b", latency_s=100, bandwidth_Bps=1)
    graph.add_edge("a", "x", latency_s=1, bandwidth_Bps=9)
    graph.add_edge("x", "b", latency_s=1, bandwidth_Bps=9)
    assert shortest(graph, [("a", "b")])["a", "b"].nodes == ("a", "b")


@pytest.mark.parametrize(
    ("kind", "source", "target", "nodes"),
    [
        ("star", 0, 3, (0, "switch", 3)),
        ("fully_connected", 4, 1, (4, 1)),
        ("ring", 0, 2, (0, 1, 2)),
        ("ring", 0, 5, (0, 5)),
        ("ring", 0, 3, (0, 1, 2, 3)),  # both ways have three links; host 1 comes before host 5
        ("ring", 5, 2, (5, 0, 1, 2)),
        ("ring", 3, 0, (3, 2, 1, 0)),  # so a tie on a ring is not always clockwise: see dimension_order
        ("leaf_spine", 0, 5, (0, "leaf0", "spine0", "leaf1", 5)),
    ],
)
def test_routes_of_the_built_in_topologies(kind: str, source: int, target: int, nodes: tuple[Any, ...]) -> None:
    route = shortest(build(kind, 6, Fraction(7), Fraction(1, 3)), [(source, target)])[source, target]
    assert (route.nodes, route.latency_s) == (nodes, Fraction(len(nodes) - 1, 3))


def test_hashes_are_the_same_on_every_machine() -> None:
    # As printf "0 1 2 3" | b2sum -l 64 says.
    expected = [0x938943EBF7C5AE8F, 0xA8CECC929BAF5C61, 0xF0298D4B8BEC06F2]
    assert [hashed(2**64, 0, 1, 2, 3), hashed(2**64, 1, 1, 2, 3), hashed(2**64, 0, 2, 1, 3)] == expected
    assert [hashed(10, 0, 1, 2, 3), hashed(10, 1, 1, 2, 3)] == [expected[0] % 10, expected[1] % 10]


def test_the_paths_of_a_fat_tree_that_hashes_choose() -> None:
    graph = build("fat_tree", 16, 1, 1, k=4)
    for seed, expected in ((0, "102231100001"), (1, "322302310232")):
        found = ecmp(graph, [(0, target) for target in range(4, 16)], seed)
        assert [route.nodes[3] for route in found.values()] == [f"core{digit}" for digit in expected]


def test_flows_spread_evenly_over_both_tiers_of_a_fat_tree() -> None:
    graph = build("fat_tree", 128, 1, 1, k=8)
    crossed: Counter[Any] = Counter()
    for (source, target), route in ecmp(graph, hosts_pairs(graph)).items():
        if len(route.links) == 6:
            crossed.update([route.nodes[3]])
            assert source // 16 != target // 16
    mean = 128 * 112 / 16
    assert len(crossed) == 16  # (k/2)² core switches
    assert all(0.9 * mean < count < 1.1 * mean for count in crossed.values())


def test_another_seed_is_another_choice() -> None:
    graph = build("leaf_spine", 16, 1, 1, leaves=4, spines=4)
    first, second = (ecmp(graph, hosts_pairs(graph), seed) for seed in (0, 1))
    moved = sum(first[pair] != second[pair] for pair in first)
    assert 0.6 < moved / (16 * 12) < 0.9  # 3/4 of those that cross a spine


def test_the_way_back_is_a_flow_of_its_own() -> None:
    graph = build("leaf_spine", 16, 1, 1, leaves=4, spines=4)
    found = ecmp(graph, hosts_pairs(graph))
    assert any(found[a, b].nodes != found[b, a].nodes[::-1] for a, b in found)


def test_paths_are_not_listed_before_one_is_chosen() -> None:
    cube = build("hypercube", 4096, 1, 1)  # 12! shortest paths from corner to corner
    route = ecmp(cube, [(0, 4095)], seed=5)[0, 4095]
    assert len(route.links) == 12
    assert [a ^ b for a, b in route.ends] != sorted((a ^ b for a, b in route.ends), reverse=True)
