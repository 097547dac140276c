"""Placement: which host every rank runs on, and lists that are none."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.topology import build, placement
from simcomm.topology.check import checked, hosts
from simcomm.topology.placement import order


def named(*names: Any) -> nx.DiGraph[Any]:
    """Hosts of these names at one switch."""
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_node("switch", kind="switch")
    for name in names:
        graph.add_node(name, kind="host")
        graph.add_edge(name, "switch", bandwidth_Bps=1, latency_s=1)
    return checked(graph)


def refusal(given_: Any, graph: nx.DiGraph[Any], ranks: int) -> str:
    with pytest.raises(InputError) as refused:
        order(given_, graph, ranks)
    return str(refused.value)


def test_the_names() -> None:
    assert placement.names() == ("linear", "round_robin", "random")


def test_linear_is_the_order_of_the_nodes() -> None:
    assert order("linear", named("z", "m", "a"), 2) == ["z", "m"]


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("leaf_spine", {"leaves": 3, "hosts_per_leaf": 2}, [0, 2, 4, 1, 3, 5]),
        ("fat_tree", {"k": 2}, [0, 1]),
        ("dragonfly", {"p": 1, "a": 2, "h": 1, "groups": 3}, [0, 2, 4, 1, 3, 5]),
        ("star", {}, [0, 1, 2]),
        ("ring", {}, [0, 1, 2]),
    ],
)
def test_round_robin_deals_ranks_to_groups(kind: str, options: dict[str, int], expected: list[int]) -> None:
    graph = build(kind, 2 if kind == "fat_tree" else 3, 1, 1, **options)
    assert order("round_robin", graph, len(expected)) == expected
    assert order("round_robin", graph, 2) == expected[:2]


def test_groups_may_have_different_sizes() -> None:
    graph = named("a", "b", "c", "d", "e")
    for host, group in zip("abcde", [7, 7, "x", 7, "y"], strict=True):
        graph.nodes[host]["group"] = group
    assert order("round_robin", graph, 5) == ["a", "c", "e", "b", "d"]


def test_without_groups_the_one_switch_of_a_host_is_its_group() -> None:
    graph = named("a", "b", "c", "d")
    graph.add_node("other", kind="switch")
    for host in "cd":  # c hangs on two switches, d on the other one only
        graph.add_edge(host, "other", bandwidth_Bps=1, latency_s=1)
    graph.remove_edge("d", "switch")
    assert order("round_robin", graph, 4) == ["a", "c", "d", "b"]


def test_a_group_is_not_a_switch_of_the_same_name() -> None:
    graph = named("a", "b", "c")
    graph.nodes["b"]["group"] = "switch"
    assert order("round_robin", graph, 3) == ["a", "b", "c"]


@given(count=st.integers(1, 20), seed=st.integers(0, 2**70))
def test_random_is_a_permutation_that_the_seed_decides(count: int, seed: int) -> None:
    graph = build("star", count, 1, 1)
    found = order("random", graph, count, seed)
    assert sorted(found) == list(range(count))
    assert order("random", graph, count, seed) == found
    assert order("random", graph, max(1, count - 1), seed) == found[: max(1, count - 1)]


def test_the_permutations_are_the_same_on_every_machine() -> None:
    graph = build("star", 8, 1, 1)
    assert [order("random", graph, 8, seed) for seed in (0, 1)] == [[1, 3, 7, 6, 0, 4, 2, 5], [6, 1, 4, 0, 3, 2, 5, 7]]


def test_a_list_names_the_host_of_every_rank() -> None:
    graph = build("star", 4, 1, 1)
    assert order([3, 0, 2], graph, 3) == [3, 0, 2]
    assert order(("3", 0), graph, 2) == [3, 0]
    assert order(["z", "a"], named("a", "m", "z"), 2) == ["z", "a"]


def test_numbers_count_hosts_where_none_is_called_by_a_number() -> None:
    assert order([2, 0], named("z", "m", "a"), 2) == ["a", "z"]
    assert order([2, 0], named("2", "1", "0"), 2) == ["2", "0"]
    assert refusal([1, "z"], named("z", "m", "a"), 2) == "placement: there is no host 1; expected z, m, a"
    assert refusal([3], named("z", "m", "a"), 1) == "placement: there is no host 3; expected 0, 1, 2"


@pytest.mark.parametrize(
    ("given_", "ranks", "message"),
    [
        ([0, 9], 2, "placement: there is no host 9; expected 0, 1, 2, … 7"),
        ([0, -1], 2, "-1 is not a host; expected names or numbers of hosts, one for every rank"),
        ([0, "switch"], 2, "placement: there is no host 'switch'; expected 0, 1, 2, … 7"),
        ([0, 1, 0], 3, "host 0 is given twice, for ranks 0 and 2; expected one rank"),
        ([0, "0"], 2, "host '0' is given twice, for ranks 0 and 1; expected one rank"),
        ([0, 1], 3, "2 hosts for 3 ranks; expected one for every rank"),
        ([0, 1], 1, "2 hosts for 1 ranks; expected one for every rank"),
        ([0, 1.5], 2, "1.5 is not a host; expected names or numbers of hosts, one for every rank"),
        ([True], 1, "True is not a host; expected names or numbers of hosts, one for every rank"),
        (
            "round_robbin",
            1,
            "unknown placement 'round_robbin'; expected linear, round_robin, random or a list of hosts; "
            "did you mean 'round_robin'?",
        ),
        (3, 1, "3 is not a placement; expected linear, round_robin, random or a list of hosts"),
        ("linear", 9, "placement: the graph has 8 hosts; expected at least 9, one for every rank"),
    ],
)
def test_what_is_no_placement_is_refused(given_: Any, ranks: int, message: str) -> None:
    assert refusal(given_, build("star", 8, 1, 1), ranks) == message


def test_the_nearest_host_is_named() -> None:
    graph = named("gpu0", "gpu1")
    assert refusal(["gpu0", "gpu_1"], graph, 2) == "placement: there is no host 'gpu_1'; did you mean 'gpu1'?"


def test_nodes_that_cannot_be_told_apart_by_name_are_refused() -> None:
    assert refusal([1], named(1, "1"), 1) == "topology: two nodes are called '1'; expected different names"
    assert order("linear", named(1, "1"), 2) == hosts(named(1, "1")) == [1, "1"]
