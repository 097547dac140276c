"""The dragonfly: every port used at most once, every two groups joined, and the formulas."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import networkx as nx
import pytest

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.check import hosts
from simcomm.topology.measures import bisection, diameter, link_count

#: p, a, h, groups
SHAPES = [
    (1, 2, 1, 3),
    (2, 4, 2, 9),
    (2, 4, 2, 5),
    (2, 4, 2, 4),
    (1, 4, 2, 2),
    (1, 3, 1, 4),
    (3, 2, 3, 7),
    (2, 3, 2, 6),
    (3, 6, 3, 19),
    (1, 1, 4, 5),
    (2, 4, 1, 1),
]
shapes = pytest.mark.parametrize(("p", "a", "h", "groups"), SHAPES)


def dragonfly(p: int, a: int, h: int, groups: int) -> nx.DiGraph[Any]:
    return build("dragonfly", p * a * groups, 1, 0, p=p, a=a, h=h, groups=groups)


def cables_between_groups(graph: nx.DiGraph[Any]) -> list[tuple[str, str, int]]:
    """Every pair of routers of different groups, once, and its number of cables."""
    group = nx.get_node_attributes(graph, "group")
    return [
        (a, b, link.get("count", 1))
        for a, b, link in graph.to_undirected().edges(data=True)
        if str(a).startswith("router") and str(b).startswith("router") and group[a] != group[b]
    ]


@shapes
def test_hosts_and_routers_are_where_their_numbers_say(p: int, a: int, h: int, groups: int) -> None:
    graph = dragonfly(p, a, h, groups)
    routers = [f"router{group}.{router}" for group in range(groups) for router in range(a)]
    assert list(graph) == [*range(p * a * groups), *routers]
    for host in hosts(graph):
        assert list(graph[host]) == [routers[host // p]]
        assert graph.nodes[host]["group"] == graph.nodes[routers[host // p]]["group"] == f"group{host // (p * a)}"
    for group in range(groups):
        for one, other in combinations(routers[group * a : group * a + a], 2):
            assert graph[one][other] == {"bandwidth_Bps": 1, "latency_s": 0}
    assert graph.graph == {"kind": "dragonfly", "p": p, "a": a, "h": h, "groups": groups}


@shapes
def test_every_two_groups_have_as_many_cables_and_no_router_more_than_h(p: int, a: int, h: int, groups: int) -> None:
    graph = dragonfly(p, a, h, groups)
    ports: Counter[str] = Counter()
    joined: Counter[frozenset[str]] = Counter()
    for one, other, cables in cables_between_groups(graph):
        ports.update({one: cables, other: cables})
        joined[frozenset((graph.nodes[one]["group"], graph.nodes[other]["group"]))] += cables
        assert graph[one][other]["bandwidth_Bps"] == graph[other][one]["bandwidth_Bps"] == cables
    m = a * h // (groups - 1) if groups > 1 else 0
    assert len(joined) == groups * (groups - 1) // 2
    assert set(joined.values()) <= {m}
    assert all(used <= h for used in ports.values())
    if groups == a * h + 1:
        assert set(ports.values()) == {h}


# Kim, Dally, Scott and Abts 2008, section 3.1: N = a·p·(a·h + 1) hosts, g(g − 1)/2 pairs of groups; a minimal route is
# a local, a global and a local link between routers.
@shapes
def test_the_formulas_of_the_dragonfly(p: int, a: int, h: int, groups: int) -> None:
    graph = dragonfly(p, a, h, groups)
    m = a * h // (groups - 1) if groups > 1 else 0
    local, between = groups * a * (a - 1) // 2, m * groups * (groups - 1) // 2
    assert link_count(graph) == 2 * (p * a * groups + local + between)
    everywhere = 3 + 2 * (a > 1) if groups > 1 else 2 + (a > 1)
    assert diameter(graph) <= everywhere
    if groups in (1, a * h + 1):
        assert diameter(graph) == everywhere
    if groups % 2 == 0:
        # Halves of whole groups are one halving of many.
        assert bisection(graph).bandwidth_Bps <= min((groups // 2) ** 2 * m, p * a * groups // 2)


def test_cables_are_laid_as_a_palm_tree() -> None:
    """Camarero et al. 2014: router r of group i leads by its global cable k to group i − (r·h + k + 1) modulo g."""
    p, a, h = 1, 4, 2
    graph = dragonfly(p, a, h, 9)
    found = {
        (one, graph.nodes[other]["group"])
        for x, y, _ in cables_between_groups(graph)
        for one, other in ((x, y), (y, x))
    }
    expected = {
        (f"router{i}.{r}", f"group{(i - (r * h + k + 1)) % 9}") for i in range(9) for r in range(a) for k in range(h)
    }
    assert found == expected


def test_two_groups_use_all_their_cables_and_those_of_two_routers_are_one_link() -> None:
    graph = dragonfly(1, 4, 2, 2)
    assert [cables for _, _, cables in cables_between_groups(graph)] == [2, 2, 2, 2]
    assert graph["router0.3"]["router1.3"] == {"bandwidth_Bps": 2, "latency_s": 0, "count": 2}


def test_the_smallest_bisection_by_hand() -> None:
    """Three groups of two routers with one port each, so that the routers are a ring of six with a host on each."""
    assert bisection(dragonfly(1, 2, 1, 3)) == (2, True)


@pytest.mark.parametrize(
    ("n", "options", "shape"),
    [
        (1, {}, (1, 2, 1, 3)),
        (6, {}, (1, 2, 1, 3)),
        (7, {}, (2, 4, 2, 9)),
        (72, {}, (2, 4, 2, 9)),
        (73, {}, (3, 6, 3, 19)),
        (16, {"groups": 2}, (2, 4, 2, 2)),
        (4, {"groups": 4}, (2, 4, 2, 4)),
        (40, {"groups": 5}, (2, 4, 2, 5)),
        (16, {"p": 2}, (2, 4, 2, 9)),
        (16, {"h": 2}, (2, 4, 2, 9)),
        (16, {"a": 4}, (2, 4, 2, 9)),
        (16, {"a": 3}, (2, 3, 2, 7)),
        (16, {"p": 4, "a": 2, "h": 1}, (4, 2, 1, 3)),
        (16, {"p": 4, "a": 2, "h": 1, "groups": 2}, (4, 2, 1, 2)),
    ],
)
def test_what_is_not_given_is_balanced(n: int, options: dict[str, int], shape: tuple[int, int, int, int]) -> None:
    about = build("dragonfly", n, 1, 0, **options).graph
    assert tuple(about[option] for option in ("p", "a", "h", "groups")) == shape


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p": 2, "a": 4, "h": 2, "groups": 10}, "groups: 10; expected at most a·h + 1 = 9"),
        (
            {"p": 1, "a": 4, "h": 2},
            "p: 1; expected p·a·groups of at least 40, one for every host; got 1·4·9 = 36",
        ),
        (
            {"a": 4, "groups": 4},
            "groups: 4; expected p·a·groups of at least 40, one for every host; got 2·4·4 = 32",
        ),
        ({"a": 2}, "a: 2; expected p·a·groups of at least 40, one for every host; got 1·2·3 = 6"),
        ({"h": 1}, "h: 1; expected p·a·groups of at least 40, one for every host; got 1·2·3 = 6"),
        ({"p": 0}, "p: 0; expected a whole number of at least 1"),
        ({"a": True}, "a: True; expected a whole number of at least 1"),
        ({"h": "2"}, "h: '2'; expected a whole number of at least 1"),
        ({"groups": 2.0}, "groups: 2.0; expected a whole number of at least 1"),
        ({"groups": 10**9}, "groups: 1,000,000,000; expected at most 1,000,000"),
    ],
)
def test_what_is_no_dragonfly_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        build("dragonfly", 40, 1, 0, **options)
    assert str(refused.value) == message
