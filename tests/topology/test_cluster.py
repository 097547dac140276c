"""Clusters: who runs where, and the numbers that lower bounds and formulas need."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.check import checked, hosts
from simcomm.topology.cluster import Cluster, place
from simcomm.topology.placement import order
from simcomm.topology.routing import find

THIRD = Fraction(1, 3)


def every_pair(ranks: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(ranks) for b in range(ranks) if a != b]


def cluster(kind: str, hosts: int, ranks: int) -> Cluster:
    return place(kind, build(kind, hosts, Fraction(7), THIRD), ranks, every_pair(ranks))


def rack() -> nx.DiGraph[Any]:
    """Two hosts and a slow one at a switch; the order of the nodes is not that of the names."""
    graph: nx.Graph[Any] = nx.Graph()
    for name, kind in (("c", "host"), ("s", "switch"), ("a", "host"), ("b", "host")):
        graph.add_node(name, kind=kind)
    for name, bandwidth, latency in (("a", 10, 1), ("b", 20, 2), ("c", 5, 4)):
        graph.add_edge(name, "s", bandwidth_Bps=bandwidth, latency_s=latency)
    return checked(graph)


def test_ranks_are_placed_on_the_first_hosts_in_node_order() -> None:
    found = place("rack", rack(), 2, [(0, 1)])
    assert found.name == "rack"
    assert found.hosts == ("c", "a")
    assert list(found.routes) == [(0, 1)]
    assert found.routes[0, 1].nodes == ("c", "s", "a")


@pytest.mark.parametrize(("kind", "hosts", "ranks"), [("star", 2, 3), ("ring", 1, 2), ("fully_connected", 4, 9)])
def test_too_few_hosts_are_refused(kind: str, hosts: int, ranks: int) -> None:
    with pytest.raises(InputError) as refused:
        place(kind, build(kind, hosts, 1, 1), ranks, [])
    message = f"topology: {kind} has {hosts} hosts; expected at least {ranks}, one for every rank"
    assert str(refused.value) == message


def test_more_hosts_than_ranks_are_legal() -> None:
    assert cluster("star", 5, 3).hosts == (0, 1, 2)


def test_the_least_latency_of_the_built_in_topologies() -> None:
    assert cluster("star", 4, 4).least_latency_s == 2 * THIRD
    assert cluster("ring", 4, 4).least_latency_s == THIRD
    assert cluster("fully_connected", 3, 3).least_latency_s == THIRD
    assert cluster("ring", 1, 1).least_latency_s == 0


def test_only_hosts_that_run_a_rank_count_for_the_least_latency() -> None:
    assert place("rack", rack(), 3, []).least_latency_s == 2 * 1  # out of a and into a: no two ranks are closer
    assert place("rack", rack(), 1, []).least_latency_s == 2 * 4  # c alone
    graph = rack()
    graph.add_edge("a", "b", bandwidth_Bps=1, latency_s=1)
    assert place("rack", graph, 3, []).least_latency_s == 1


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_no_two_ranks_are_closer_than_the_least_latency(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 7))
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for node in range(size):
        graph.add_node(node, kind=data.draw(st.sampled_from(["host", "switch"])) if node > 1 else "host")
    for a, b in [(node, (node + 1) % size) for node in range(size)] + data.draw(
        st.lists(st.sampled_from(every_pair(size)), max_size=8)
    ):
        graph.add_edge(a, b, bandwidth_Bps=1, latency_s=data.draw(st.integers(0, 5)))
    count = len(hosts(graph))
    found = place("random", graph, data.draw(st.integers(2, count)), [])
    distances = dict(nx.all_pairs_dijkstra_path_length(graph, weight="latency_s"))
    closest = min(distances[a][b] for a in found.hosts for b in found.hosts if a != b)
    assert 0 <= found.least_latency_s <= closest


def test_a_port_is_as_fast_as_the_fastest_link_that_leaves_the_host() -> None:
    graph = rack()
    graph.add_edge("a", "b", bandwidth_Bps=99, latency_s=1)
    found = place("rack", graph, 3, [])
    assert [found.port_Bps(rank) for rank in range(3)] == [5, 99, 20]
    assert cluster("star", 3, 3).port_Bps(2) == 7
    assert cluster("ring", 1, 1).port_Bps(0) == 0


def test_all_links_that_leave_the_host_together() -> None:
    graph = rack()
    graph.add_edge("a", "b", bandwidth_Bps=99, latency_s=1)
    found = place("rack", graph, 3, [])
    assert [found.links_Bps(rank) for rank in range(3)] == [5, 10 + 99, 20]
    assert cluster("ring", 3, 3).links_Bps(0) == Fraction(14)
    assert cluster("ring", 1, 1).links_Bps(0) == 0


def test_routes_are_uniform_when_all_that_are_used_are_alike() -> None:
    assert cluster("star", 4, 4).uniform == (2 * THIRD, 7)
    assert cluster("fully_connected", 4, 4).uniform == (THIRD, 7)
    assert cluster("ring", 3, 3).uniform == (THIRD, 7)
    assert cluster("ring", 4, 4).uniform is None
    ring = build("ring", 4, Fraction(7), THIRD)
    assert place("ring", ring, 4, [(rank, (rank + 1) % 4) for rank in range(4)]).uniform == (THIRD, 7)
    assert place("ring", ring, 4, []).uniform is None
    assert place("rack", rack(), 3, [(0, 1), (1, 0)]).uniform == (5, 5)
    assert place("rack", rack(), 3, [(0, 1), (0, 2)]).uniform is None


def test_what_all_links_have_in_common() -> None:
    assert cluster("star", 3, 3).common("bandwidth_Bps") == 7
    assert cluster("star", 3, 3).common("latency_s") == THIRD
    found = place("rack", rack(), 3, [])
    assert found.common("bandwidth_Bps") is None
    assert cluster("ring", 1, 1).common("latency_s") is None


def test_ranks_go_where_the_placement_says_and_routes_follow() -> None:
    graph = build("leaf_spine", 4, Fraction(7), THIRD, leaves=2)
    found = place("leaf_spine", graph, 3, [(0, 1), (1, 2)], placement=[3, 0, 1])
    assert found.hosts == (3, 0, 1)
    assert found.routes[0, 1].nodes == (3, "leaf1", "spine0", "leaf0", 0)
    assert found.routes[1, 2].nodes == (0, "leaf0", 1)
    assert place("leaf_spine", graph, 4, [], placement="round_robin").hosts == (0, 2, 1, 3)


def test_the_seed_is_that_of_a_random_placement() -> None:
    graph = build("star", 8, 1, 1)
    placed = [place("star", graph, 8, [], placement="random", seed=seed).hosts for seed in (0, 1)]
    assert placed == [tuple(order("random", graph, 8, seed)) for seed in (0, 1)]
    assert placed[0] != placed[1]
    with pytest.raises(InputError, match="placement: there is no host 8"):
        place("star", graph, 1, [], placement=[8])


def test_the_routing_is_a_name_or_a_mapping_with_options() -> None:
    ring = build("ring", 4, 1, 1)
    ways = {
        "shortest": (3, 0, 1),
        "dimension_order": (3, 0, 1),
    }
    for name, nodes in ways.items():
        assert place("ring", ring, 4, [(3, 1)], routing=name).routes[3, 1].nodes == nodes
    given = {"name": "explicit", "routes": [[3, 2, 1]]}
    assert place("ring", ring, 4, [(3, 1)], routing=given).routes[3, 1].nodes == (3, 2, 1)
    assert given == {"name": "explicit", "routes": [[3, 2, 1]]}
    with pytest.raises(InputError, match="unknown routing 'shortets'"):
        place("ring", ring, 4, [], routing="shortets")


def test_a_hash_takes_the_seed_unless_it_has_its_own() -> None:
    graph = build("leaf_spine", 8, 1, 1, leaves=2, spines=8)
    pairs = [(a, b) for a in range(4) for b in range(4, 8)]

    def routes(routing: Any, seed: int) -> Any:
        return place("leaf_spine", graph, 8, pairs, routing=routing, seed=seed).routes

    assert routes("ecmp", 3) == find("ecmp", graph, pairs, seed=3) != routes("ecmp", 4)
    assert routes({"name": "ecmp", "seed": 3}, 4) == routes("ecmp", 3)


def test_a_slow_rank_has_slow_links() -> None:
    graph = build("star", 4, Fraction(8), 1)
    found = place("star", graph, 3, every_pair(3), bandwidth_factor=(1, Fraction(1, 2), 2))
    assert [found.graph[host]["switch"]["bandwidth_Bps"] for host in range(4)] == [8, 4, 16, 8]
    assert [found.graph["switch"][host]["bandwidth_Bps"] for host in range(4)] == [8, 4, 16, 8]
    rates = {pair: route.bandwidth_Bps for pair, route in found.routes.items()}
    assert rates == {(0, 1): 4, (1, 0): 4, (0, 2): 8, (2, 0): 8, (1, 2): 4, (2, 1): 4}
    assert [found.port_Bps(rank) for rank in range(3)] == [8, 4, 16]
    assert graph[1]["switch"]["bandwidth_Bps"] == 8  # the user's graph is left alone


def test_a_link_between_two_ranks_has_the_smaller_factor() -> None:
    ring = build("ring", 4, 12, 1)
    found = place("ring", ring, 3, [(0, 1), (1, 2)], placement=[2, 1, 0], bandwidth_factor=(0.5, 0.25, 3))
    bandwidths = {(a, b): link["bandwidth_Bps"] for a, b, link in found.graph.edges(data=True)}
    assert {ends: bandwidths[ends] for ends in ((0, 1), (1, 2), (2, 3), (3, 0))} == {
        (0, 1): 3,
        (1, 2): 3,
        (2, 3): 6,
        (3, 0): 36,
    }
    assert all(bandwidths[b, a] == bandwidth for (a, b), bandwidth in bandwidths.items())


def test_a_factor_of_1_changes_nothing() -> None:
    graph = rack()
    assert place("rack", graph, 2, [(0, 1)], bandwidth_factor=(1.0, 1.0)).graph is graph
    found = place("rack", graph, 3, [(0, 1)], bandwidth_factor=(1.0, 0.5, 1.0))
    assert [type(found.graph[host]["s"]["bandwidth_Bps"]) for host in "cab"] == [int, float, int]


@pytest.mark.parametrize("factors", [(1,), (1, 1, 1), (1, 0), (-1, 1)])
def test_factors_that_do_not_fit_are_refused(factors: tuple[int, ...]) -> None:
    with pytest.raises(InputError) as refused:
        place("rack", rack(), 2, [], bandwidth_factor=factors)
    expected = "expected 2 numbers greater than 0, one for every rank"
    assert str(refused.value) == f"bandwidth_factor: {list(factors)}; {expected}"
