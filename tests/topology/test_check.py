"""Any networkx graph is a topology, or is refused with the name of what is wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest

from simcomm.errors import InputError
from simcomm.topology.check import checked, hosts

LINK: dict[str, Any] = {"bandwidth_Bps": 8, "latency_s": 2}


def pair(kind: type[nx.Graph[Any]] = nx.Graph, **link: Any) -> nx.Graph[Any]:
    """Two hosts, 'a' and 'b', and a link each way."""
    graph = kind()
    graph.add_nodes_from(["a", "b"], kind="host")
    graph.add_edge("a", "b", **link)
    if graph.is_directed():
        graph.add_edge("b", "a", **link)
    return graph


def refusal(graph: nx.Graph[Any]) -> str:
    with pytest.raises(InputError) as refused:
        checked(graph)
    return str(refused.value)


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_every_class_of_graph_becomes_one_link_each_way(kind: type[nx.Graph[Any]]) -> None:
    graph = checked(pair(kind, **LINK))
    assert type(graph) is nx.DiGraph
    assert list(graph.nodes(data=True)) == [("a", {"kind": "host"}), ("b", {"kind": "host"})]
    assert sorted(graph.edges(data=True)) == [("a", "b", LINK), ("b", "a", LINK)]


def test_the_users_graph_is_left_alone() -> None:
    mine = pair(bandwidth="1 GB/s", latency="1 us")
    checked(mine)["a"]["b"]["bandwidth_Bps"] = 3
    assert mine["a"]["b"] == {"bandwidth": "1 GB/s", "latency": "1 us"}


def test_the_two_ways_of_a_cable_may_differ() -> None:
    graph = pair(nx.DiGraph, **LINK)
    graph["b"]["a"]["latency_s"] = 5
    assert [checked(graph)[x][y]["latency_s"] for x, y in ("ab", "ba")] == [2, 5]


@pytest.mark.parametrize("kind", [nx.MultiGraph, nx.MultiDiGraph])
def test_parallel_links_add_their_bandwidths_and_keep_the_largest_latency(kind: type[nx.Graph[Any]]) -> None:
    graph = pair(kind, **LINK)
    graph.add_edge("a", "b", bandwidth_Bps=Fraction(1, 2), latency_s=1)
    graph.add_edge("a", "b", bandwidth="4 B/s", latency="3 s")
    result = checked(graph)
    assert result["a"]["b"] == {"bandwidth_Bps": Fraction(25, 2), "latency_s": 3, "count": 3}
    if graph.is_directed():
        assert result["b"]["a"] == LINK
    else:
        assert result["b"]["a"] == result["a"]["b"]


def test_what_was_checked_can_be_checked_again() -> None:
    graph = pair(nx.MultiGraph, **LINK)
    graph.add_edge("a", "b", **LINK)
    once = checked(graph)
    assert once["a"]["b"]["count"] == 2
    assert nx.utils.graphs_equal(checked(once), once)


def test_other_attributes_are_kept() -> None:
    graph = pair(**LINK, cable="copper")
    graph.nodes["a"]["rack"] = 7
    result = checked(graph)
    assert result.nodes["a"] == {"kind": "host", "rack": 7}
    assert result["b"]["a"] == LINK | {"cable": "copper"}


def test_quantities_become_numbers() -> None:
    result = checked(pair(bandwidth="100 Gbit/s", latency="5 us"))
    assert result["a"]["b"] == {"bandwidth_Bps": 12.5e9, "latency_s": 5e-6}


@pytest.mark.parametrize("number", [1, 0.5, Fraction(1, 3), np.float64(2.5), np.int64(3)])
def test_numbers_stay_what_they_are(number: Any) -> None:
    link = checked(pair(bandwidth_Bps=number, latency_s=number))["a"]["b"]
    assert link["bandwidth_Bps"] is number
    assert link["latency_s"] is number


def test_hosts_are_in_the_order_of_the_nodes() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_node("z", kind="host")
    graph.add_node("m", kind="switch")
    graph.add_node("a", kind="host")
    graph.add_edge("a", "m", **LINK)
    graph.add_edge("m", "z", **LINK)
    assert hosts(checked(graph)) == ["z", "a"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({}, "topology: node 'c' has kind None; expected 'host' or 'switch'"),
        ({"kind": "router"}, "topology: node 'c' has kind router; expected 'host' or 'switch'"),
        ({"kind": "Host"}, "topology: node 'c' has kind Host; expected 'host' or 'switch'; did you mean 'host'?"),
        ({"kind": "swich"}, "topology: node 'c' has kind swich; expected 'host' or 'switch'; did you mean 'switch'?"),
        ({"kind": 3}, "topology: node 'c' has kind 3; expected 'host' or 'switch'"),
    ],
)
def test_a_node_is_a_host_or_a_switch(kind: dict[str, Any], message: str) -> None:
    graph = pair(**LINK)
    graph.add_node("c", **kind)
    assert refusal(graph) == message


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ({}, " has no bandwidth_Bps; expected a number (or bandwidth with a unit)"),
        ({"bandwidth_Bps": None}, " has no bandwidth_Bps; expected a number (or bandwidth with a unit)"),
        ({"bandwidth_Bps": 0}, ": bandwidth_Bps is 0; expected more than 0"),
        ({"bandwidth_Bps": -2.5}, ": bandwidth_Bps is -2.5; expected more than 0"),
        ({"bandwidth_Bps": float("nan")}, ": bandwidth_Bps is nan; expected a finite number"),
        ({"bandwidth_Bps": float("inf")}, ": bandwidth_Bps is inf; expected a finite number"),
        ({"bandwidth_Bps": "1e9"}, ": bandwidth_Bps is '1e9'; expected a finite number"),
        ({"bandwidth_Bps": True}, ": bandwidth_Bps is True; expected a finite number"),
        ({"bandwidth_Bps": 1j}, ": bandwidth_Bps is 1j; expected a finite number"),
        (
            {"bandwidth": "fast"},
            ": bandwidth: 'fast' is not a bandwidth; expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (
            {"bandwidth": 12.5e9},
            ": bandwidth: '12500000000.0' has no unit; expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (
            {"bandwidth": "0 B/s"},
            ": bandwidth: '0 B/s' is zero; expected a bandwidth greater than zero, such as '100 Gbit/s' or '12.5 GB/s'",
        ),
    ],
)
def test_a_link_needs_a_bandwidth_above_0(link: dict[str, Any], message: str) -> None:
    assert refusal(pair(latency_s=1, **link)) == "topology: link 'a' -> 'b'" + message


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ({}, " has no latency_s; expected a number (or latency with a unit)"),
        ({"latency_s": -1e-9}, ": latency_s is -1e-09; expected 0 or more"),
        ({"latency_s": float("nan")}, ": latency_s is nan; expected a finite number"),
        ({"latency_s": float("inf")}, ": latency_s is inf; expected a finite number"),
        ({"latency_s": "1"}, ": latency_s is '1'; expected a finite number"),
        ({"latency_s": False}, ": latency_s is False; expected a finite number"),
        ({"latency": "soon"}, ": latency: 'soon' is not a time; expected a time such as '5 us' or '1.5 ms'"),
        ({"latency": "-1 us"}, ": latency: '-1 us' is negative; expected a time such as '5 us' or '1.5 ms'"),
    ],
)
def test_a_link_needs_a_latency_of_0_or_more(link: dict[str, Any], message: str) -> None:
    assert refusal(pair(bandwidth_Bps=1, **link)) == "topology: link 'a' -> 'b'" + message


def test_a_latency_of_0_is_legal() -> None:
    assert checked(pair(bandwidth_Bps=1, latency_s=0))["a"]["b"]["latency_s"] == 0


@pytest.mark.parametrize("huge", [10**400, Fraction(10**400)], ids=["integer", "fraction"])
@pytest.mark.parametrize("attribute", ["bandwidth_Bps", "latency_s"])
def test_a_number_too_large_for_a_float_is_refused(attribute: str, huge: Any) -> None:
    message = refusal(pair(**LINK | {attribute: huge}))
    assert message.startswith(f"topology: link 'a' -> 'b': {attribute} is ")
    assert message.endswith("expected a finite number")


def test_the_second_of_two_parallel_links_is_checked_too() -> None:
    graph = pair(nx.MultiDiGraph, **LINK)
    graph.add_edge("a", "b", bandwidth_Bps=-1, latency_s=1)
    assert refusal(graph) == "topology: link 'a' -> 'b': bandwidth_Bps is -1; expected more than 0"


@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiDiGraph])
def test_a_link_from_a_node_to_itself_is_refused(kind: type[nx.Graph[Any]]) -> None:
    graph = pair(kind, **LINK)
    graph.add_edge("b", "b", **LINK)
    assert refusal(graph) == "topology: link 'b' -> 'b': from a node to itself; expected two different nodes"


def test_an_isolated_host_is_named() -> None:
    graph = pair(**LINK)
    graph.add_node("c", kind="host")
    message = "topology: host 'c' cannot be reached from host 'a'; the graph is disconnected"
    assert refusal(graph) == message


def test_two_islands_are_named_by_their_first_hosts() -> None:
    graph = nx.disjoint_union(pair(**LINK), pair(**LINK))
    assert refusal(graph) == "topology: host 2 cannot be reached from host 0; the graph is disconnected"


def test_a_host_that_only_receives_or_only_sends_is_named() -> None:
    graph = pair(nx.DiGraph, **LINK)
    graph.add_node("c", kind="host")
    graph.add_edge("a", "c", **LINK)
    assert refusal(graph) == "topology: host 'c' cannot reach host 'a'; the graph is disconnected"
    graph.remove_edge("a", "c")
    graph.add_edge("c", "a", **LINK)
    assert refusal(graph) == "topology: host 'c' cannot be reached from host 'a'; the graph is disconnected"


def test_a_switch_that_nobody_uses_is_legal() -> None:
    graph = pair(**LINK)
    graph.add_node("spare", kind="switch")
    assert "spare" in checked(graph)


def test_no_host_at_all_is_refused() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    assert refusal(graph) == "topology: no host; expected nodes with kind 'host'"
    graph.add_node("s", kind="switch")
    assert refusal(graph) == "topology: no host; expected nodes with kind 'host'"


def test_one_host_alone_is_a_topology() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_node(7, kind="host")
    assert hosts(checked(graph)) == [7]


def test_the_source_opens_every_message() -> None:
    with pytest.raises(InputError, match=r"^lab\.graphml: no host"):
        checked(nx.Graph(), "lab.graphml")


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph])
def test_what_is_said_of_the_whole_graph_is_kept(kind: type[nx.Graph[Any]]) -> None:
    graph = pair(kind, **LINK)
    graph.graph.update(kind="torus", dims=(2,), node_default={}, edge_default={})
    assert checked(graph).graph == {"kind": "torus", "dims": (2,)}
    checked(graph).graph["kind"] = "mesh"
    assert graph.graph["kind"] == "torus"


@pytest.mark.parametrize("group", ["leaf0", 3, 2.5])
def test_a_group_is_a_name_or_a_number(group: Any) -> None:
    graph = pair(**LINK)
    graph.nodes["b"]["group"] = group
    assert checked(graph).nodes["b"]["group"] == group


@pytest.mark.parametrize("group", [None, ["leaf0"], {"leaf": 0}])
def test_a_group_that_is_neither_is_refused(group: Any) -> None:
    graph = pair(**LINK)
    graph.nodes["b"]["group"] = group
    assert refusal(graph) == f"topology: node 'b' has group {group!r}; expected a name or a number"
