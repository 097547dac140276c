"""Valiant routing: two shortest legs by way of a third group of a dragonfly."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.check import checked, hosts
from simcomm.topology.routing.shortest import hashed
from simcomm.topology.routing.valiant import valiant

SIZES = st.fixed_dictionaries(
    {"p": st.integers(1, 2), "a": st.integers(1, 4), "h": st.integers(1, 3), "groups": st.integers(3, 7)}
).filter(lambda sizes: sizes["groups"] <= sizes["a"] * sizes["h"] + 1)


def dragonfly(**sizes: int) -> nx.DiGraph[Any]:
    return build("dragonfly", sizes["p"] * sizes["a"] * sizes["groups"], 1, 1, **sizes)


def all_pairs(graph: nx.DiGraph[Any]) -> list[tuple[Any, Any]]:
    return [(a, b) for a in hosts(graph) for b in hosts(graph) if a != b]


def shortest_inside(graph: nx.DiGraph[Any], groups: set[str], start: Any, ends: list[Any]) -> int:
    """The links from ``start`` to the nearest of ``ends``, by way of switches of these groups."""
    inside = [node for node, has in graph.nodes(data=True) if has["kind"] == "switch" and has["group"] in groups]
    lengths = nx.single_source_shortest_path_length(graph.subgraph(inside), start)
    return min(lengths[end] for end in ends)


def refusal(graph: nx.DiGraph[Any], *pairs: tuple[Any, Any]) -> str:
    with pytest.raises(InputError) as refused:
        valiant(graph, pairs)
    return str(refused.value)


@given(sizes=SIZES, seed=st.integers(0, 5))
@settings(max_examples=40)
def test_a_route_goes_straight_to_a_third_group_and_straight_on(sizes: dict[str, int], seed: int) -> None:
    graph = dragonfly(**sizes)
    group = dict(graph.nodes(data="group"))
    for (source, target), route in valiant(graph, all_pairs(graph), seed).items():
        switches = route.nodes[1:-1]
        visited = [group[node] for node in switches]
        changes = [visited[0], *(b for a, b in pairwise(visited) if a != b)]
        own, other = group[source], group[target]
        if own == other:
            assert changes == [own]
            assert len(switches) == 1 + (switches[0] != switches[-1])
            continue
        choices = [name for name in (f"group{g}" for g in range(sizes["groups"])) if name not in (own, other)]
        between = choices[hashed(len(choices), seed, source, target)]
        assert changes == [own, between, other]
        assert len(set(route.nodes)) == len(route.nodes)
        entry = visited.index(between)
        inside = [node for node in graph if isinstance(node, str) and group[node] == between]
        assert entry == shortest_inside(graph, {own, between}, switches[0], inside)
        rest = len(switches) - 1 - entry
        assert rest == shortest_inside(graph, {between, other}, switches[entry], [switches[-1]])


def test_the_groups_on_the_way_are_chosen_evenly() -> None:
    graph = build("dragonfly", 72, 1, 1, p=2, a=4, h=2)
    group = dict(graph.nodes(data="group"))
    through: Counter[str] = Counter()
    for (source, target), route in valiant(graph, all_pairs(graph)).items():
        through.update({group[node] for node in route.nodes} - {group[source], group[target]})
    mean = 72 * 64 / 9
    assert len(through) == 9
    assert all(0.9 * mean < count < 1.1 * mean for count in through.values())


def test_the_routes_are_the_same_on_every_machine() -> None:
    graph = build("dragonfly", 72, 1, 1, p=2, a=4, h=2)
    found = [valiant(graph, [(0, 71)], seed)[0, 71].nodes[1:-1] for seed in (0, 1)]
    assert found == [
        ("router0.0", "router0.1", "router6.2", "router6.3", "router8.0", "router8.3"),
        ("router0.0", "router0.2", "router3.1", "router8.2", "router8.3"),
    ]


def test_another_seed_is_another_choice() -> None:
    graph = build("dragonfly", 72, 1, 1, p=2, a=4, h=2)
    first, second = (valiant(graph, all_pairs(graph), seed) for seed in (0, 1))
    moved = sum(first[pair] != second[pair] for pair in first)
    assert 0.8 < moved / (72 * 64) < 0.9  # 6/7 of those between two groups


@pytest.mark.parametrize(("kind", "groups"), [("star", 0), ("torus", 0), ("leaf_spine", 0)])
def test_a_graph_without_groups_of_switches_is_refused(kind: str, groups: int) -> None:
    assert refusal(build(kind, 9, 1, 1), (0, 8)) == (
        f"routing: valiant needs switches in three groups or more; this {kind} has {groups} groups of switches; "
        "expected a dragonfly"
    )


def test_two_groups_are_too_few() -> None:
    assert "this dragonfly has 2 groups of switches" in refusal(build("dragonfly", 4, 1, 1, p=1, a=2, h=1, groups=2))


def rooms(*cables: str) -> nx.DiGraph[Any]:
    """Three rooms of switches (a, a', b, c) with a host each, and cables between switches: "ab" joins a and b."""
    graph: nx.Graph[Any] = nx.Graph()
    for name in "aAbc":
        graph.add_node(name, kind="switch", group=name.lower())
        graph.add_node(f"{name}0", kind="host")
    for a, b in [*cables, *((name, f"{name}0") for name in "aAbc")]:
        graph.add_edge(a, b, bandwidth_Bps=1, latency_s=1)
    return checked(graph)


def test_groups_without_a_link_between_them_are_named() -> None:
    graph = rooms("aA", "ab", "bc")
    assert valiant(graph, [("a0", "c0")])["a0", "c0"].nodes == ("a0", "a", "b", "c", "c0")
    assert refusal(graph, ("a0", "b0")) == (
        "routing: valiant finds no way from 'a' straight into group 'c'; expected a dragonfly"
    )


def test_a_group_in_two_parts_is_named() -> None:
    assert refusal(rooms("ab", "bc", "Ac"), ("a0", "A0")) == (
        "routing: valiant finds no way from 'a' to 'A' inside their groups; expected a dragonfly"
    )


def test_a_host_on_two_switches_is_named() -> None:
    graph = rooms("aA", "ab", "bc", "ca")
    graph.add_edge("a0", "b", bandwidth_Bps=1, latency_s=1)
    assert refusal(graph, ("a0", "c0")) == (
        "routing: valiant needs every host on one switch of a group; host 'a0' is on 2; expected a dragonfly"
    )
