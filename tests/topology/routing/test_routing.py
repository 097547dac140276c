"""All routings: what they are asked, what they answer, what they refuse."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.topology import build, routing
from simcomm.topology.check import hosts
from simcomm.topology.routes import route_along

GRIDS = ("line", "ring", "mesh", "torus", "hypercube")
KINDS = (*GRIDS, "star", "fully_connected", "leaf_spine", "fat_tree", "dragonfly", "rail_optimised", "shared_nic")
FOR = {
    "shortest": KINDS,
    "ecmp": KINDS,
    "dimension_order": GRIDS,
    "valiant": ("dragonfly",),
    "explicit": ("star", "ring", "fat_tree"),
}


def all_pairs(nodes: list[Any]) -> list[tuple[Any, Any]]:
    return [(a, b) for a in nodes for b in nodes if a != b]


def options_for(name: str, graph: nx.DiGraph[Any], pairs: list[tuple[Any, Any]], seed: int) -> dict[str, Any]:
    if name == "explicit":
        return {"routes": [nx.dijkstra_path(graph, a, b) for a, b in pairs]}
    return {"seed": seed} if routing.takes_seed(name) else {}


def refusal(*asked: Any, **options: Any) -> str:
    with pytest.raises(InputError) as refused:
        routing.find(*asked, **options)
    return str(refused.value)


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kinds in FOR.items() for kind in kinds])
@given(count=st.integers(3, 20), seed=st.integers(0, 3))
def test_a_route_is_a_path_of_links_from_source_to_target(name: str, kind: str, count: int, seed: int) -> None:
    graph = build(kind, count, "1 GB/s", "1 us")
    pairs = all_pairs(hosts(graph)[:count])
    found = routing.find(name, graph, pairs, **options_for(name, graph, pairs, seed))
    assert set(found) >= set(pairs)
    for (source, target), route in found.items():
        assert (route.nodes[0], route.nodes[-1]) == (source, target)
        assert route == route_along(graph, route.nodes)
        assert len(set(route.nodes)) == len(route.nodes)


@pytest.mark.parametrize("name", routing.names())
def test_a_pair_has_the_same_route_whatever_else_is_asked(name: str) -> None:
    graph = build(FOR[name][0], 12, "1 GB/s", "1 us")
    pairs = all_pairs(hosts(graph))
    options = options_for(name, graph, pairs, 1)
    whole = routing.find(name, graph, [*pairs, *pairs], **options)
    assert routing.find(name, graph, pairs[::-1], **options) == whole
    for pair in pairs[::7]:
        assert routing.find(name, graph, [pair], **options)[pair] == whole[pair]


def test_routes_share_their_links() -> None:
    found = routing.find("shortest", build("star", 4, "1 GB/s", "1 us"), all_pairs([0, 1, 2, 3]))
    assert found[0, 1].links[0] is found[0, 2].links[0]
    assert found[0, 1].links[1] is found[3, 1].links[1]


@pytest.mark.parametrize("name", ["shortest", "ecmp"])
def test_no_pair_has_no_route(name: str) -> None:
    assert routing.find(name, build("ring", 3, 1, 1), []) == {}


@pytest.mark.parametrize(
    ("name", "message"),
    [("dimension_order", "needs the position of every host"), ("valiant", "needs switches in three groups")],
)
def test_a_graph_that_does_not_suit_is_refused_before_any_pair_is_known(name: str, message: str) -> None:
    assert message in refusal(name, build("star", 4, 1, 1), [])


def test_the_names() -> None:
    assert routing.names() == ("shortest", "ecmp", "dimension_order", "valiant", "explicit")
    assert [name for name in routing.names() if routing.takes_seed(name)] == ["ecmp", "valiant"]


@pytest.mark.parametrize("pair", [(0, 0), (0, "leaf"), (0, 4), ("0", 1)])
def test_what_is_no_pair_of_nodes_is_refused(pair: tuple[Any, Any]) -> None:
    message = f"routing: {pair[0]!r} and {pair[1]!r} are not two nodes of the graph; expected two of them"
    assert refusal("shortest", build("star", 4, 1, 1), [pair]) == message


@pytest.mark.parametrize("name", ["shortest", "ecmp"])
def test_two_hosts_without_a_way_are_named(name: str) -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from("abcd", kind="host")
    graph.add_edge("a", "b", bandwidth_Bps=1, latency_s=1)
    graph.add_edge("c", "d", bandwidth_Bps=1, latency_s=1)
    for pair in ("ad", "ba"):
        message = f"routing: there is no path from {pair[0]!r} to {pair[1]!r}; expected a connected graph"
        assert refusal(name, graph, [tuple(pair)]) == message


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "shortes",
            {},
            "unknown routing 'shortes'; expected shortest, ecmp, dimension_order, valiant, explicit; "
            "did you mean 'shortest'?",
        ),
        ("shortest", {"seed": 1}, "unknown option 'seed' of routing shortest; it has none"),
        (
            "ecmp",
            {"sede": 1},
            "unknown option 'sede' of routing ecmp; expected one of seed; did you mean 'seed'?",
        ),
        ("ecmp", {"graph": 1}, "unknown option 'graph' of routing ecmp; expected one of seed"),
        ("ecmp", {"seed": -1}, "seed: -1; expected an integer >= 0"),
        ("ecmp", {"seed": 1.5}, "seed: 1.5; expected an integer >= 0"),
        ("valiant", {"seed": True}, "seed: True; expected an integer >= 0"),
        ("explicit", {}, "the routing explicit needs 'routes'; expected a list of routes, each a list of nodes"),
        (
            "explicit",
            {"routes": [], "others": "shortes"},
            "others: 'shortes'; expected 'shortest', or no such key; did you mean 'shortest'?",
        ),
    ],
)
def test_wrong_names_and_options_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        routing.check_options(name, options)
    assert str(refused.value) == message
    assert refusal(name, build("ring", 4, 1, 1), [], **options) == message


@pytest.mark.parametrize("name", ["shortest", "ecmp"])
def test_a_way_over_one_link_only_is_found_in_both_directions(name: str) -> None:
    found = routing.find(name, build("line", 2, 1, 1), [(0, 1), (1, 0)])
    assert [list(pairwise(route.nodes)) for route in found.values()] == [[(0, 1)], [(1, 0)]]
