"""A topology in numbers: against what is known of it, and against a search of our own."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import pytest

from simcomm.errors import InputError
from simcomm.topology import build, routing
from simcomm.topology.check import checked, hosts
from simcomm.topology.summary import MOST_HOSTS_OF_ROUTES, Kind, kinds, link_name, summarise


def uneven() -> nx.DiGraph[Any]:
    """Two hosts beside each other and one further away; two cables of three kinds, one of them of two types."""
    graph: nx.MultiGraph[Any] = nx.MultiGraph()
    graph.add_nodes_from("abc", kind="host")
    graph.add_node("s", kind="switch")
    graph.add_edge("a", "b", bandwidth_Bps=5, latency_s=Fraction(1, 10), type="nvlink")
    graph.add_edge("a", "b", bandwidth_Bps=5, latency_s=Fraction(1, 10), type="nvlink")
    graph.add_edge("b", "s", bandwidth_Bps=2, latency_s=1)
    graph.add_edge("s", "c", bandwidth_Bps=2, latency_s=2)
    return checked(graph)


def test_a_fat_tree() -> None:
    found = summarise(build("fat_tree", 16, 10**9, Fraction(1, 10**6), k=4))
    assert (found.hosts, found.switches, found.links, found.diameter) == (16, 20, 96, 6)
    assert found.groups == (2,) * 8
    assert found.bisection is not None
    assert found.bisection.bandwidth_Bps == 8 * 10**9
    assert found.latency_s == (Fraction(2, 10**6), Fraction(6, 10**6))
    assert found.kinds == (
        Kind("host-switch", 10**9, Fraction(1, 10**6), 1, 32),
        Kind("switch-switch", 10**9, Fraction(1, 10**6), 1, 64),
    )


def test_kinds_are_told_apart_by_type_speed_and_cables() -> None:
    graph = uneven()
    assert set(kinds(graph)) == {
        Kind("nvlink", 10, Fraction(1, 10), 2, 2),
        Kind("host-switch", 2, 1, 1, 2),
        Kind("host-switch", 2, 2, 1, 2),
    }
    found = summarise(graph)
    assert (found.links, found.groups, found.diameter) == (8, (), 3)
    assert found.latency_s == (Fraction(1, 10), Fraction(31, 10))
    assert found.bisection == (2, True)


def test_a_link_is_named_by_its_type_or_by_what_it_joins() -> None:
    graph = uneven()
    assert [link_name(graph, *ends) for ends in (("a", "b"), ("b", "s"), ("s", "b"))] == [
        *("nvlink", "host-switch", "host-switch")
    ]
    assert link_name(build("ring", 3, 1, 0), 0, 1) == "host-host"


@pytest.mark.parametrize(("kind", "count"), [("torus", 12), ("dragonfly", 30), ("leaf_spine", 12)])
def test_latencies_are_those_of_the_routes_of_all_pairs(kind: str, count: int) -> None:
    graph = build(kind, count, "1 GB/s", "1 us")
    every = hosts(graph)
    found = routing.find("shortest", graph, [(a, b) for a in every for b in every if a != b])
    latencies = [route.latency_s for route in found.values()]
    assert summarise(graph).latency_s == (min(latencies), max(latencies))


def test_the_routing_decides_the_latency() -> None:
    graph = build("dragonfly", 30, 1, 1)
    shortest, longer = summarise(graph), summarise(graph, "valiant", seed=1)
    assert shortest.latency_s is not None
    assert longer.latency_s is not None
    assert longer.latency_s[1] > shortest.latency_s[1]
    with pytest.raises(InputError, match="routing: dimension_order"):
        summarise(graph, "dimension_order")


def test_one_host_has_no_routes_and_no_halves() -> None:
    found = summarise(build("star", 1, 1, 0))
    assert (found.hosts, found.switches, found.links, found.diameter) == (1, 1, 2, 0)
    assert found.latency_s is None
    assert found.bisection is None


def test_what_takes_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert summarise(build("star", MOST_HOSTS_OF_ROUTES, 1, 0)).latency_s == (0, 0)
    monkeypatch.setattr("simcomm.topology.summary.MOST_LINKS_OF_BISECTION", 513)
    found = summarise(build("star", MOST_HOSTS_OF_ROUTES + 1, 1, 0))
    assert found.latency_s is None
    assert found.bisection is None
    assert found.diameter == 2
