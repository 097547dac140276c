"""Routes: what a path of links adds up to, and which paths are none."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from fractions import Fraction
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.routes import Link, Route, links_of, route_along

NUMBERS = st.builds(Fraction, st.integers(1, 9), st.integers(1, 9))


def path(numbers: list[tuple[Fraction, Fraction]]) -> nx.DiGraph[Any]:
    """Nodes 0, 1, 2, … and a link from each to the next, with a bandwidth and a latency."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for node, (bandwidth, latency) in enumerate(numbers):
        graph.add_edge(node, node + 1, bandwidth_Bps=bandwidth, latency_s=latency)
    return graph


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6))
@settings(max_examples=50)
def test_latencies_add_up_and_the_smallest_bandwidth_counts(numbers: list[tuple[Fraction, Fraction]]) -> None:
    nodes = range(len(numbers) + 1)
    route = route_along(path(numbers), nodes)
    assert route.nodes == tuple(nodes)
    assert route.ends == tuple(pairwise(nodes))
    assert route.links == tuple(Link(a, a + 1, *number) for a, number in enumerate(numbers))
    assert route.bandwidth_Bps == min(bandwidth for bandwidth, _ in numbers)
    assert route.latency_s == sum(latency for _, latency in numbers)
    assert isinstance(route.latency_s, Fraction)
    assert isinstance(route.bandwidth_Bps, Fraction)


def test_floats_are_added_one_after_the_other_on_every_version_of_python() -> None:
    route = Route(tuple(Link(a, a + 1, 1.0, latency) for a, latency in enumerate([1.0, 1e100, 1.0, -1e100])))
    assert route.latency_s == 0.0  # sum() of Python 3.12 would say 2.0


def test_routes_of_equal_links_are_equal() -> None:
    one, other = (Route((Link("a", "b", bandwidth, 1),)) for bandwidth in (5, 6))
    assert one == Route((Link("a", "b", 5, 1),)) != other
    assert len({one, other, Route((Link("a", "b", 6, 1),))}) == 2
    assert repr(one) == "Route(links=(Link(src='a', dst='b', bandwidth_Bps=5, latency_s=1),))"


def test_a_route_cannot_be_changed_and_travels_to_other_processes() -> None:
    route = Route((Link("a", "b", 5, 1),))
    with pytest.raises(FrozenInstanceError):
        route.latency_s = 2  # type: ignore[misc]
    again = pickle.loads(pickle.dumps(route))
    assert (again, again.latency_s, again.bandwidth_Bps) == (route, 1, 5)


def test_links_that_are_no_path_are_refused() -> None:
    with pytest.raises(InputError, match="a route without links; expected one or more"):
        Route(())
    with pytest.raises(InputError) as refused:
        Route((Link("a", "b", 1, 1), Link("c", "d", 1, 1)))
    assert str(refused.value) == "a route goes on from 'c' after it has come to 'b'; expected one path"


def test_a_way_over_a_link_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        route_along(build("star", 4, 1, 1), [0, "switch", 3, 2])
    assert str(refused.value) == "there is no link from 3 to 2; expected links of the graph"
    with pytest.raises(InputError, match="a route without links"):
        route_along(build("star", 4, 1, 1), [0])


def test_every_link_of_a_graph_by_its_ends() -> None:
    graph = build("star", 2, Fraction(7), Fraction(1, 3))
    found = links_of(graph)
    assert list(found) == list(graph.edges)
    assert found["switch", 1] == Link("switch", 1, Fraction(7), Fraction(1, 3))
    assert all(link.ends == ends for ends, link in found.items())
