"""Trees of switches: fewest hops, only what is needed, and what is refused."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.aggregation import aggregation_tree


def test_a_fat_tree_reduces_under_one_core_switch() -> None:
    parents, switches = aggregation_tree(build("fat_tree", 16, 1, 0, k=4), range(16))
    assert switches[:2] == ("core0", "agg0.0")
    assert len(switches) == 1 + 4 + 8
    assert parents[16:21] == (-1, 16, 16, 16, 16)
    assert all(parents.count(rank) == 2 for rank in range(21, 29))  # every edge switch has two hosts


def test_hosts_of_one_pod_need_no_core() -> None:
    parents, switches = aggregation_tree(build("fat_tree", 16, 1, 0, k=4), [0, 2, 1])
    assert switches == ("agg0.0", "edge0.0", "edge0.1")
    assert parents == (4, 5, 4, -1, 3, 3)


def test_hosts_of_one_switch_need_that_one_alone() -> None:
    assert aggregation_tree(build("fat_tree", 16, 1, 0, k=4), [2, 3]) == ((2, 2, -1), ("edge0.1",))


def test_a_graph_without_switches_is_refused() -> None:
    with pytest.raises(InputError, match="the switches reduce, but this topology has none"):
        aggregation_tree(build("ring", 4, 1, 0), range(4))


def test_switches_with_a_host_between_them_are_refused() -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from([0, 1, 2], kind="host")
    graph.add_nodes_from(["left", "right"], kind="switch")
    for a, b in ((0, "left"), (1, "left"), (1, "right"), (2, "right")):
        graph.add_edges_from([(a, b), (b, a)])
    assert aggregation_tree(graph, [1, 2]) == ((2, 2, -1), ("right",))
    with pytest.raises(InputError, match="no switch comes to all hosts by way of switches alone"):
        aggregation_tree(graph, [0, 1, 2])


def test_a_host_without_a_switch_is_named() -> None:
    graph = build("star", 3, 1, 0)
    graph.remove_edge("switch", 1)  # a cable of one direction is no link to a switch
    with pytest.raises(InputError, match="host 1 is linked to none"):
        aggregation_tree(graph, [0, 1, 2])
