"""Leaf-spine and fat tree: who hangs on what, how fast uplinks are, and the formulas."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import pytest

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.check import hosts
from simcomm.topology.measures import bisection, diameter, link_count

LEAF_SPINES = [(1, 1, 1, 1), (2, 1, 4, 1), (4, 1, 2, 2), (4, 2, 3, 4), (2, 3, 5, 3), (4, 4, 16, 2), (6, 2, 4, 4)]


def leaf_spine(leaves: int, spines: int, below: int, oversubscription: Any, **more: Any) -> nx.DiGraph[Any]:
    options = {"leaves": leaves, "spines": spines, "hosts_per_leaf": below, "oversubscription": oversubscription}
    return build("leaf_spine", leaves * below, Fraction(10), Fraction(3), **options, **more)


@pytest.mark.parametrize(("leaves", "spines", "below", "oversubscription"), LEAF_SPINES)
def test_every_leaf_has_its_hosts_and_all_spines(leaves: int, spines: int, below: int, oversubscription: int) -> None:
    graph = leaf_spine(leaves, spines, below, oversubscription)
    assert len(hosts(graph)) == leaves * below
    names = [f"leaf{leaf}" for leaf in range(leaves)] + [f"spine{spine}" for spine in range(spines)]
    assert list(graph)[leaves * below :] == names
    for host in hosts(graph):
        assert graph.nodes[host]["group"] == f"leaf{host // below}"
        assert dict(graph[host]) == {f"leaf{host // below}": {"bandwidth_Bps": 10, "latency_s": 3}}
    for leaf in names[:leaves]:
        assert [node for node in graph[leaf] if isinstance(node, str)] == names[leaves:]
        up = [graph[leaf][spine]["bandwidth_Bps"] for spine in names[leaves:]]
        assert len(set(up)) == 1
        assert sum(up) * oversubscription == below * 10


# The oversubscription is the ratio of a leaf's bandwidth towards its hosts to that towards the spines (Al-Fares,
# Loukissas and Vahdat 2008, section 2.1): half of the hosts send over half of the leaves' uplinks.
@pytest.mark.parametrize(("leaves", "spines", "below", "oversubscription"), LEAF_SPINES)
def test_the_formulas_of_leaf_spine(leaves: int, spines: int, below: int, oversubscription: int) -> None:
    graph = leaf_spine(leaves, spines, below, oversubscription)
    assert link_count(graph) == 2 * (leaves * below + leaves * spines)
    assert diameter(graph) == (4 if leaves > 1 else 0)
    if leaves > 1:
        assert bisection(graph).bandwidth_Bps == Fraction(leaves * below * 10, 2 * oversubscription)


@pytest.mark.parametrize("oversubscription", [0.25, 0.5, 1, 1.1, 2.5, Fraction(7, 3), 100])
def test_the_oversubscription_is_any_positive_number(oversubscription: Any) -> None:
    ratio = Fraction(str(oversubscription))
    graph = leaf_spine(2, 1, 4, oversubscription)
    assert graph["leaf0"]["spine0"]["bandwidth_Bps"] == 40 / ratio
    assert bisection(graph).bandwidth_Bps == min(40, 40 / ratio)


def test_floats_stay_floats() -> None:
    graph = build("leaf_spine", 32, 12.5e9, 5e-6, leaves=4, oversubscription=2)
    up = graph["leaf3"]["spine0"]
    assert up == {"bandwidth_Bps": 8 * 12.5e9 / 2, "latency_s": 5e-6}
    assert type(up["bandwidth_Bps"]) is float
    assert nx.shortest_path(graph, 0, 31) == [0, "leaf0", "spine0", "leaf3", 31]


@pytest.mark.parametrize(("given", "expected"), [(Fraction(1, 7), Fraction(1, 7)), ("2 us", 2e-6), (None, 3), (0, 0)])
def test_uplinks_may_have_a_latency_of_their_own(given: Any, expected: Any) -> None:
    graph = leaf_spine(2, 1, 2, 1, uplink_latency=given)
    assert graph["leaf0"]["spine0"]["latency_s"] == graph["spine0"]["leaf1"]["latency_s"] == expected
    assert graph[0]["leaf0"]["latency_s"] == 3


@pytest.mark.parametrize(
    ("n", "options", "shape"),
    [
        (1, {}, (1, 1)),
        (7, {}, (2, 4)),
        (16, {}, (4, 4)),
        (64, {}, (8, 8)),
        (16, {"leaves": 4}, (4, 4)),
        (17, {"leaves": 4}, (4, 5)),
        (2, {"leaves": 4}, (4, 1)),
        (17, {"hosts_per_leaf": 8}, (3, 8)),
        (3, {"leaves": 2, "hosts_per_leaf": 8}, (2, 8)),
    ],
)
def test_what_is_not_given_is_the_least_that_holds_all(n: int, options: dict[str, int], shape: tuple[int, int]) -> None:
    graph = build("leaf_spine", n, 1, 0, **options)
    assert (len([node for node in graph if str(node).startswith("leaf")]), len(graph["leaf0"]) - 1) == shape


@pytest.mark.parametrize("k", [2, 4, 6, 8])
def test_the_fat_tree_is_the_one_of_the_paper(k: int) -> None:
    """Al-Fares et al. 2008, section 3.1, in its words: each pod has two layers of k/2 switches, and so on."""
    graph, half = build("fat_tree", k**3 // 4, 1, 0, k=k), k // 2
    tier = {name: [node for node in graph if str(node).startswith(name)] for name in ("edge", "agg", "core")}
    assert [len(switches) for switches in tier.values()] == [k * half, k * half, half**2]
    assert all(len(graph[switch]) == k for switches in tier.values() for switch in switches)
    for pod in range(k):
        for edge in range(half):
            first = pod * half**2 + edge * half
            below = [*range(first, first + half)]
            assert list(graph[f"edge{pod}.{edge}"]) == [*below, *(f"agg{pod}.{agg}" for agg in range(half))]
            assert all(graph.nodes[host]["group"] == f"edge{pod}.{edge}" for host in below)
        for agg in range(half):
            cores = {f"core{core}" for core in range(agg * half, agg * half + half)}
            assert set(graph[f"agg{pod}.{agg}"]) == {f"edge{pod}.{edge}" for edge in range(half)} | cores
    for core in tier["core"]:
        assert sorted(node[3 : node.index(".")] for node in graph[core]) == sorted(map(str, range(k)))


# Al-Fares et al. 2008, section 2.2.1: k³/4 hosts, 5k²/4 switches, (k/2)² shortest paths between hosts of two pods, and
# a bisection bandwidth as if all hosts were on one switch.
@pytest.mark.parametrize("k", [2, 4, 6, 8])
def test_the_formulas_of_the_fat_tree(k: int) -> None:
    graph = build("fat_tree", k**3 // 4, Fraction(1, 3), 0)
    assert len(hosts(graph)) == k**3 // 4
    assert len(graph) - len(hosts(graph)) == 5 * k**2 // 4
    assert link_count(graph) == 3 * k**3 // 2
    assert diameter(graph) == 6
    assert bisection(graph).bandwidth_Bps == Fraction(k**3, 8) / 3
    assert len(list(nx.all_shortest_paths(graph, 0, k**3 // 4 - 1))) == (k // 2) ** 2


@pytest.mark.parametrize(
    ("n", "k"), [(1, 2), (2, 2), (3, 4), (16, 4), (17, 6), (54, 6), (55, 8), (1024, 16), (1025, 18)]
)
def test_the_smallest_k_that_holds_all(n: int, k: int) -> None:
    assert len(hosts(build("fat_tree", n, 1, 0))) == k**3 // 4


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("fat_tree", {"k": 3}, "k: 3; expected an even number of at least 2"),
        ("fat_tree", {"k": 0}, "k: 0; expected an even number of at least 2"),
        ("fat_tree", {"k": -2}, "k: -2; expected an even number of at least 2"),
        ("fat_tree", {"k": True}, "k: True; expected an even number of at least 2"),
        ("fat_tree", {"k": "4"}, "k: '4'; expected an even number of at least 2"),
        ("fat_tree", {"k": 4.0}, "k: 4.0; expected an even number of at least 2"),
        ("fat_tree", {"k": 4}, "k: 4; expected at least 6, for 17 hosts (k³/4 = 16)"),
        ("fat_tree", {"k": 10**7}, "k: 10,000,000; expected at most 1,000,000"),
        ("leaf_spine", {"leaves": 0}, "leaves: 0; expected a whole number of at least 1"),
        ("leaf_spine", {"leaves": "4"}, "leaves: '4'; expected a whole number of at least 1"),
        ("leaf_spine", {"leaves": 4.0, "hosts_per_leaf": 5}, "leaves: 4.0; expected a whole number of at least 1"),
        ("leaf_spine", {"spines": 0}, "spines: 0; expected a whole number of at least 1"),
        ("leaf_spine", {"spines": True}, "spines: True; expected a whole number of at least 1"),
        ("leaf_spine", {"hosts_per_leaf": -1}, "hosts_per_leaf: -1; expected a whole number of at least 1"),
        (
            "leaf_spine",
            {"leaves": 4, "hosts_per_leaf": 4},
            "leaves: 4; expected at least 5, for 17 hosts with 4 on a leaf",
        ),
        ("leaf_spine", {"oversubscription": 0}, "oversubscription: 0; expected a number above 0, up to 1,000,000"),
        ("leaf_spine", {"oversubscription": -2}, "oversubscription: -2; expected a number above 0, up to 1,000,000"),
        (
            "leaf_spine",
            {"oversubscription": True},
            "oversubscription: True; expected a number above 0, up to 1,000,000",
        ),
        (
            "leaf_spine",
            {"oversubscription": "2:1"},
            "oversubscription: '2:1'; expected a number above 0, up to 1,000,000",
        ),
        (
            "leaf_spine",
            {"uplink_latency": "soon"},
            "uplink_latency: 'soon' is not a time; expected a time such as '5 us' or '1.5 ms'",
        ),
        (
            "leaf_spine",
            {"uplink_latency": True},
            "uplink_latency: True is not a time; expected a time such as '5 us' or '1.5 ms'",
        ),
    ],
)
def test_what_is_no_tree_is_refused(kind: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, 17, 1, 0, **options)
    assert str(refused.value) == message


def test_a_latency_below_zero_is_refused() -> None:
    with pytest.raises(InputError, match=r"latency_s is -1"):
        build("leaf_spine", 4, 1, 0, uplink_latency=-1)
