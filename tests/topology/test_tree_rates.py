"""The best rates of in-trees and out-trees: against cuts one by one, known graphs and an independent solver."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import networkx as nx
import pytest

from simcomm.topology import build, tree_rates
from simcomm.topology.check import hosts as hosts_of
from simcomm.topology.packing import Net
from simcomm.topology.root_packing import at_rates
from simcomm.topology.switch_ways import ways_of
from simcomm.topology.tree_packing import pack_all_reduce
from simcomm.topology.tree_rates import Rates, best_rates


def net_of(graph: nx.DiGraph[Any]) -> Net:
    return Net.of(graph, hosts_of(graph), 64)


def rates_of(net: Net, into: bool = True) -> Rates:
    found = best_rates(net, ways_of(net), range(net.workers) if into else [1], into)
    assert found is not None
    return found


def uneven_torus(dims: list[int], seed: int) -> nx.DiGraph[Any]:
    """Every direction of every link has a width of its own from 1 to 4."""
    rng = random.Random(seed)
    graph = build("torus", dims[0] * dims[1], 1, 0, dims=dims)
    for _, _, link in graph.edges(data=True):
        link["bandwidth_Bps"] = rng.randrange(1, 5)
    return graph


def random_graph(seed: int) -> nx.DiGraph[Any]:
    """Hosts on a ring with further links, and on some a switch, each as wide in as out."""
    rng = random.Random(seed)
    hosts = rng.randrange(3, 6)
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(range(hosts), kind="host")
    pairs = [(a, (a + 1) % hosts) for a in range(hosts)] + [
        (a, b) for a in range(hosts) for b in range(hosts) if a != b
    ]
    links = pairs[:hosts] + [pair for pair in pairs[hosts:] if rng.random() < 0.4]
    graph.add_edges_from((a, b, {"bandwidth_Bps": rng.randrange(1, 5), "latency_s": 0}) for a, b in links)
    if seed % 2:
        graph.add_node("switch", kind="switch")
        for host in range(hosts):
            width = rng.randrange(1, 5)
            graph.add_edge(host, "switch", bandwidth_Bps=width, latency_s=0)
            graph.add_edge("switch", host, bandwidth_Bps=width, latency_s=0)
    return graph


def missed(net: Net, rates: Rates, into: bool) -> float:
    """By how much the worst set of workers falls short, of all sets."""
    worst = 0.0
    for size in range(1, net.workers + 1):
        for some in map(set, combinations(range(net.workers), size)):
            own = sum(share for root, share in rates.roots.items() if root in some)
            enters = sum(used for (a, b), used in rates.out.items() if b in some and a not in some)
            leaves = sum(used for (a, b), used in rates.into.items() if a in some and b not in some)
            worst = max(worst, 1 - own - enters, 1 - own - leaves if into else 0)
    return worst


@pytest.mark.parametrize("into", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_every_cut_has_room_and_no_link_too_much(seed: int, into: bool) -> None:
    net = net_of(random_graph(seed))
    rates = rates_of(net, into)
    assert missed(net, rates, into) < 1e-6
    assert sum(rates.roots.values()) == pytest.approx(1)
    load: Counter[tuple[int, int]] = Counter()
    for pair, way in ways_of(net).items():
        for link in pairwise(way):
            load[link] += rates.out[pair] + rates.into[pair]  # type: ignore[assignment]
    assert max(load[link] / float(net.links[link]) for link in load) == pytest.approx(rates.seconds)


@pytest.mark.parametrize("into", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_whole_trees_come_within_three_percent(seed: int, into: bool) -> None:
    net = net_of(random_graph(seed))
    rates = rates_of(net, into)
    packing = at_rates(net, ways_of(net), rates, 64)
    assert packing is not None
    assert 0.97 < packing.rate_Bps * Fraction(rates.seconds) < 1 + 1e-6
    assert all(bool(inwards) == into for _, inwards, _ in packing.trees)


@pytest.mark.parametrize(
    ("graph", "seconds"),
    [
        (build("ring", 8, 3, 0), 7 / 24),
        (build("star", 8, 1, 0), 7 / 4),
        (build("hypercube", 8, 1, 0), 7 / 12),
        (build("fat_tree", 16, 1, 0, k=4), 15 / 8),
        # By scipy's HiGHS, with a flow to every worker in place of cuts.
        (uneven_torus([2, 4], 3), 3 / 11),
        (uneven_torus([4, 4], 2), 15 / 88),
    ],
)
def test_rates_of_known_graphs(graph: nx.DiGraph[Any], seconds: float) -> None:
    assert rates_of(net_of(graph)).seconds == pytest.approx(seconds, rel=1e-6)


def test_graphs_of_many_ways_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    net = net_of(build("ring", 8, 1, 0))
    monkeypatch.setattr(tree_rates, "MOST_WAYS", 15)
    assert best_rates(net, ways_of(net), range(8), into=True) is None


def test_the_way_between_two_workers_is_the_widest_and_spread() -> None:
    graph = build("leaf_spine", 4, 1, 0, leaves=2, spines=2)
    graph.add_edge(0, 1, bandwidth_Bps=3, latency_s=0)
    graph.add_edge(2, 3, bandwidth_Bps=Fraction(1, 2), latency_s=0)
    net = net_of(graph)
    found = ways_of(net)
    assert found[0, 1] == (0, 1)
    assert [net.names[node] for node in found[2, 3]] == [2, "leaf1", 3]
    spines = Counter(net.names[way[2]] for way in found.values() if len(way) == 5)
    assert spines == {"spine0": 4, "spine1": 4}
    line = net_of(build("line", 3, 1, 0))
    assert (0, 2) not in ways_of(line)  # not past another worker


def test_deep_trees_are_taken_only_where_they_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit itself: the deep ones of a graph on which they are 4/3 as fast."""
    graph, hosts = uneven_torus([2, 4], 3), range(8)
    deep = pack_all_reduce(graph, hosts, 64)
    monkeypatch.setattr("simcomm.topology.tree_packing.WORTH_DEPTH", Fraction(2))
    shallow = pack_all_reduce(graph, hosts, 64)
    gained = deep.rate_Bps / shallow.rate_Bps
    assert Fraction(13, 10) < gained < 2
    monkeypatch.setattr("simcomm.topology.tree_packing.WORTH_DEPTH", gained)
    assert pack_all_reduce(graph, hosts, 64) == deep
