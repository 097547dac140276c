"""Diameter, links and bisection against an independent brute force, on random graphs too."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.topology import build, measures
from simcomm.topology.check import checked, hosts
from simcomm.topology.measures import Bisection, bisection, diameter, link_count


def every_cut(graph: nx.DiGraph[Any]) -> Any:
    """The least that leaves any half of the hosts, wherever the switches are: a maximum flow is a minimum cut."""
    every, switches = hosts(graph), [node for node in graph if graph.nodes[node]["kind"] == "switch"]
    found = []
    for size in {len(every) // 2, len(every) - len(every) // 2}:
        for half in combinations(every, size):
            for sides in product((False, True), repeat=len(switches)):
                inside = {*half, *(switch for switch, side in zip(switches, sides, strict=True) if side)}
                leaving = [
                    link["bandwidth_Bps"] for a, b, link in graph.edges(data=True) if a in inside and b not in inside
                ]
                found.append(sum(leaving))
    return min(found)


SMALL: list[tuple[str, int, dict[str, Any]]] = [
    ("star", 5, {}),
    ("ring", 7, {}),
    ("line", 6, {}),
    ("fully_connected", 5, {}),
    ("mesh", 9, {"dims": [3, 3]}),
    ("torus", 9, {"dims": [3, 3]}),
    ("torus", 8, {"dims": [2, 2, 2]}),
    ("torus", 8, {"dims": [4, 2]}),
    ("hypercube", 8, {}),
    ("leaf_spine", 6, {"leaves": 3, "spines": 2, "oversubscription": 3}),
    ("leaf_spine", 6, {"leaves": 2, "spines": 1, "oversubscription": Fraction(1, 2)}),
    ("fat_tree", 2, {"k": 2}),
    ("dragonfly", 6, {}),
    ("dragonfly", 8, {"p": 2, "a": 2, "h": 1, "groups": 2}),
    ("rail_optimised", 6, {"gpus": 2, "spines": 1, "nvlink_bandwidth": Fraction(3, 2)}),
    ("rail_optimised", 8, {"gpus": 4, "nvlink_bandwidth": Fraction(1, 2)}),
    ("shared_nic", 6, {"gpus": 2, "nvlink_bandwidth": 3}),
]


@pytest.mark.parametrize(("kind", "n", "options"), SMALL)
def test_the_bisection_is_the_least_of_all_cuts(kind: str, n: int, options: dict[str, Any]) -> None:
    graph = build(kind, n, Fraction(1, 3), 0, **options)
    assert bisection(graph) == Bisection(every_cut(graph), exact=True)


@pytest.mark.parametrize(("kind", "n", "options"), SMALL)
def test_the_bound_of_large_graphs_is_no_less_and_on_most_of_these_the_same(
    kind: str, n: int, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = build(kind, n, Fraction(1, 3), 0, **options)
    exact = bisection(graph).bandwidth_Bps
    monkeypatch.setattr(measures, "MOST_EXACT_HOSTS", 1)
    bound = bisection(graph)
    assert not bound.exact
    assert bound.bandwidth_Bps >= exact
    if len(hosts(graph)) % 2 == 0 and options.get("nvlink_bandwidth", 1) >= 1:
        assert bound.bandwidth_Bps == exact


def test_hosts_in_a_bad_order_are_put_in_order_by_position_or_group() -> None:
    torus, tree = build("mesh", 16, 1, 0, dims=[8, 2]), build("leaf_spine", 16, 1, 0, leaves=2, oversubscription=4)
    for graph in (torus, tree):
        mixed: nx.DiGraph[Any] = nx.DiGraph()
        every = hosts(graph)
        mixed.add_nodes_from((node, graph.nodes[node]) for node in [*every[::2], *every[1::2]])
        mixed.update(edges=graph.edges(data=True), nodes=graph.nodes(data=True))
        assert hosts(mixed)[:2] == [0, 2]
        assert bisection(mixed) == bisection(graph) == Bisection(Fraction(2), exact=False)


def test_half_of_every_group_is_tried_too() -> None:
    """Two nodes whose GPUs are slow to reach each other, with fast cards: the cheap cut is through the nodes."""
    graph = build("rail_optimised", 16, 100, 0, gpus=8, nvlink_bandwidth=1)
    assert bisection(graph) == Bisection(Fraction(8), exact=False)


@pytest.mark.parametrize("position", [None, 3, "12", ["a"], {"x": 1}])
def test_a_position_of_another_kind_is_passed_over(position: Any) -> None:
    graph = build("ring", 16, 1, 0)
    graph.nodes[3]["position"] = position
    assert bisection(graph).bandwidth_Bps == 2


def test_the_slower_of_two_ways_counts() -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(range(3), kind="host")
    for host in range(3):
        graph.add_edge(host, (host + 1) % 3, bandwidth_Bps=5 + host, latency_s=0)
    graph.add_edge(1, 0, bandwidth_Bps=1, latency_s=0)
    assert bisection(checked(graph)) == Bisection(5, exact=True)
    graph[2][0]["bandwidth_Bps"] = 1
    assert bisection(checked(graph)) == Bisection(1, exact=True)


def test_hosts_that_cannot_reach_each_other_have_no_diameter() -> None:
    graph = build("line", 3, 1, 0)
    graph.remove_edge(1, 0)
    with pytest.raises(InputError, match="disconnected"):
        diameter(graph)


def test_the_type_of_a_bisection() -> None:
    assert type(bisection(build("star", 4, 12.5e9, 0)).bandwidth_Bps) is float
    assert bisection(build("star", 4, 0.1, 0)).bandwidth_Bps == 0.2
    assert bisection(build("star", 4, Fraction(1, 3), 0)).bandwidth_Bps == Fraction(2, 3)
    assert bisection(build("star", 1, 1, 0)) == Bisection(math.inf, exact=True)


def test_a_link_that_stands_for_several_counts_as_many() -> None:
    graph: nx.MultiGraph[Any] = nx.MultiGraph()
    graph.add_nodes_from("ab", kind="host")
    graph.add_edges_from([("a", "b", {"bandwidth_Bps": 2, "latency_s": 0})] * 3)
    assert link_count(checked(graph)) == 6
    assert bisection(checked(graph)).bandwidth_Bps == 6


@st.composite
def graphs(draw: st.DrawFn) -> nx.DiGraph[Any]:
    """Two to six hosts and up to three switches on a cycle, with more links anywhere, each way of its own speed."""
    nodes = [f"h{index}" for index in range(draw(st.integers(2, 6)))] + ["s0", "s1", "s2"][: draw(st.integers(0, 3))]
    order = draw(st.permutations(nodes))
    pairs = [*zip(order, [*order[1:], order[0]], strict=True)]
    pairs += draw(st.lists(st.tuples(st.sampled_from(nodes), st.sampled_from(nodes)), max_size=12))
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from((node, {"kind": "host" if node[0] == "h" else "switch"}) for node in nodes)
    for a, b in pairs:
        if a != b:
            graph.add_edge(a, b, bandwidth_Bps=Fraction(draw(st.integers(1, 9)), draw(st.integers(1, 3))), latency_s=0)
    return checked(graph)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_random_graphs_have_the_bisection_of_all_cuts_and_the_diameter_of_all_paths(graph: nx.DiGraph[Any]) -> None:
    assert bisection(graph) == Bisection(every_cut(graph), exact=True)
    every = hosts(graph)
    assert diameter(graph) == max(nx.shortest_path_length(graph, a, b) for a in every for b in every)
    assert link_count(graph) == graph.number_of_edges()
