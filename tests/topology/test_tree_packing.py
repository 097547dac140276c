"""Packings reach the bounds of graphs that no textbook algorithm fits; what limits them is named."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.cable_packing import both_ways
from simcomm.topology.check import hosts as hosts_of
from simcomm.topology.cuts import cut_bound
from simcomm.topology.packing import Net, Packing
from simcomm.topology.tree_packing import _from_every_root, pack_all_reduce, pack_broadcast

Graph = nx.DiGraph


def uneven(dims: list[int]) -> nx.DiGraph[Any]:
    """Links that go up in the first dimension, and from its last host round to its first, are twice as wide."""
    graph = build("torus", 1, 1, 0, dims=dims)
    for a, b, link in graph.edges(data=True):
        before, after = (graph.nodes[node]["position"][0] for node in (a, b))
        if (before + 1) % dims[0] == after:
            link["bandwidth_Bps"] = 2
    return graph


def without_a_cable() -> nx.DiGraph[Any]:
    graph = build("torus", 16, 1, 0, dims=[4, 4])
    graph.remove_edges_from([(0, 1), (1, 0)])
    return graph


def bound(graph: nx.DiGraph[Any], hosts: Sequence[Any]) -> Fraction:
    """What no all-reduce from host to host can beat, in seconds per byte: the tightest cut, and all ports together."""
    cut = cut_bound(graph, hosts, "all_reduce")
    assert cut is not None
    leaving = sum(link["bandwidth_Bps"] for host in hosts for link in graph[host].values())
    return max(Fraction(cut.seconds_per_byte), Fraction(2 * (len(hosts) - 1), leaving))


def load_of(graph: nx.DiGraph[Any], hosts: Sequence[Any], packing: Packing) -> Fraction:
    """Seconds for which the busiest link is busy, per byte of the vector."""
    total = sum(copies for copies, _, _ in packing.trees)
    routes = {(route[0], route[-1]): route for route in packing.routes}
    load: Counter[tuple[Any, Any]] = Counter()
    for copies, inwards, outwards in packing.trees:
        for rank in range(len(hosts)):
            for parents, way in ((inwards, 1), (outwards, -1)):
                if parents and parents[rank] >= 0:
                    ends = (hosts[rank], hosts[parents[rank]])[::way]
                    for link in pairwise(routes.get(ends, ends)):
                        load[link] += copies
    return max(Fraction(count, total * graph.edges[link]["bandwidth_Bps"]) for link, count in load.items())


GRAPHS = {
    "ring": build("ring", 8, 3, 0),
    "line": build("line", 4, 1, 0),
    "uneven ring": uneven([8]),
    "torus": build("torus", 16, 1, 0, dims=[4, 4]),
    "torus without a cable": without_a_cable(),
    "uneven torus": uneven([4, 4]),
    "hypercube": build("hypercube", 8, 1, 0),
    "fully connected": build("fully_connected", 6, 1, 0),
    "star": build("star", 8, 1, 0),
    "leaf and spine": build("leaf_spine", 8, 1, 0, leaves=4, spines=2),
    "fat tree": build("fat_tree", 16, 1, 0, k=4),
    "two tiers": build("rail_optimised", 16, 1, 0),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_all_reduces_reach_the_bound(name: str) -> None:
    graph = GRAPHS[name]
    hosts = hosts_of(graph)
    packing = pack_all_reduce(graph, hosts, 64)
    assert load_of(graph, hosts, packing) == 1 / packing.rate_Bps == bound(graph, hosts)
    assert all(graph.has_edge(*link) for route in packing.routes for link in pairwise(route))


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("root", [0, 3])
def test_broadcasts_reach_the_tightest_cut(name: str, root: int) -> None:
    graph = GRAPHS[name]
    hosts = hosts_of(graph)
    packing = pack_broadcast(graph, hosts, root, 64)
    cut = cut_bound(graph, [hosts[root], *hosts], "broadcast")
    assert cut is not None
    assert load_of(graph, hosts, packing) == 1 / packing.rate_Bps == cut.seconds_per_byte
    assert {outwards.index(-1) for _, _, outwards in packing.trees} == {root}


def test_each_of_the_two_ways_is_faster_somewhere() -> None:
    """Where a host has fewer cables than others, it must not be the root of as many trees (ForestColl's are equal)."""
    missing, ring = without_a_cable(), GRAPHS["uneven ring"]
    assert both_ways(Net.of(missing, range(16), 64), 64) == pack_all_reduce(missing, range(16), 64)
    slower = both_ways(Net.of(ring, range(8), 64), 64)
    assert slower is not None
    assert slower.rate_Bps == Fraction(2, 3) * pack_all_reduce(ring, range(8), 64).rate_Bps


def test_widths_without_a_common_unit_come_as_close_as_trees_are_many() -> None:
    graph = build("torus", 8, 1, 0, dims=[2, 4])
    for index, (a, b) in enumerate(edge for edge in list(graph.edges) if edge[0] < edge[1]):
        graph[a][b]["bandwidth_Bps"] = graph[b][a]["bandwidth_Bps"] = 100 + 7 * index
    rates = [pack_all_reduce(graph, range(8), most).rate_Bps * bound(graph, range(8)) for most in (8, 32, 128)]
    assert rates[0] < rates[1] < rates[2] <= 1
    assert rates[2] > Fraction(99, 100)
    one_way = nx.DiGraph(graph)
    one_way[0][1]["bandwidth_Bps"] = Fraction(1001, 10)
    assert pack_broadcast(one_way, range(8), 0, 8).rate_Bps < pack_broadcast(one_way, range(8), 0, 256).rate_Bps


def test_roots_and_links_are_shared_as_the_best_rates_say() -> None:
    """Each direction of every link of its own width, and hosts that differ: neither of the simple ways is the best."""
    rng = random.Random(3)
    graph = build("torus", 8, 1, 0, dims=[2, 4])
    for _, _, link in graph.edges(data=True):
        link["bandwidth_Bps"] = rng.randrange(1, 5)
    net = Net.of(graph, range(8), 64)
    packing = pack_all_reduce(graph, range(8), 64)
    assert load_of(graph, range(8), packing) == 1 / packing.rate_Bps == Fraction(3, 11)
    simple = [both_ways(net, 64), _from_every_root(net, 64, slower=True)]
    assert max(each.rate_Bps for each in simple if each) == Fraction(11, 4)


def test_one_thin_host_does_not_halve_the_rate() -> None:
    """Its cable carries the vector once each way, whatever the others' leaves and spines have."""
    graph = build("leaf_spine", 8, 4, 0, leaves=4, spines=2)
    graph[0]["leaf0"]["bandwidth_Bps"] = graph["leaf0"][0]["bandwidth_Bps"] = 1
    packing = pack_all_reduce(graph, range(8), 64)
    assert load_of(graph, range(8), packing) == 1 / packing.rate_Bps == 1


def test_hosts_that_are_no_workers_only_forward() -> None:
    packing = pack_all_reduce(build("ring", 6, 1, 0), [0, 2, 4], 64)
    assert 1 / packing.rate_Bps == Fraction(2, 3)
    assert (0, 1, 2) in packing.routes or (0, 5, 4) in packing.routes


def test_links_of_one_direction_alone_have_no_trees_both_ways() -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(range(3), kind="host")
    graph.add_edges_from([(0, 1), (1, 2), (2, 0)], bandwidth_Bps=1, latency_s=0)
    assert both_ways(Net.of(graph, range(3), 8), 8) is None
    assert 1 / pack_all_reduce(graph, range(3), 8).rate_Bps == Fraction(4, 3)
    graph.add_edge(1, 0, bandwidth_Bps=1, latency_s=0)
    assert both_ways(Net.of(graph, range(3), 8), 8) is None  # not all are joined


def test_one_worker_has_nothing_to_send() -> None:
    star = build("star", 1, 1, 0)
    assert pack_all_reduce(star, [0], 8).trees == ((1, (-1,), (-1,)),)
    assert pack_broadcast(star, [0], 0, 8).trees == ((1, (), (-1,)),)


@pytest.mark.parametrize(
    ("workers", "most", "message"),
    [
        (8, 7, "most_trees: 7; expected at least 8, one for every worker"),
        (8, 1000, "most_trees: packing 1000 trees for 8 workers takes minutes; expected at most 512 trees"),
        (65, 65, "most_trees: packing 65 trees for 65 workers takes minutes"),
    ],
)
def test_too_few_and_too_many_are_refused(workers: int, most: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pack_all_reduce(build("star", workers, 1, 0), range(workers), most)


def test_a_switch_cannot_copy() -> None:
    """Host 0 sends to the switch once, which sends to both others: at half the rate of the tightest cut."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(range(3), kind="host")
    graph.add_node("switch", kind="switch")
    graph.add_edges_from([(0, "switch"), ("switch", 1), ("switch", 2), (1, 0), (2, 0)], bandwidth_Bps=1, latency_s=0)
    packing = pack_broadcast(graph, range(3), 0, 8)
    assert packing.rate_Bps == Fraction(1, 2)
    assert packing.routes == ((0, "switch", 1), (0, "switch", 2))
