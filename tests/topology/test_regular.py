"""Regular topologies: every answer in closed form is the one that the graph gives."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.errors import InputError
from simcomm.execution import Load
from simcomm.networks.programs import RouteTable
from simcomm.orbit import Group
from simcomm.topology import build
from simcomm.topology.cluster import Cluster, place
from simcomm.topology.crossing import SHARES, Cut
from simcomm.topology.pairs import OrbitPairs, RankPairs
from simcomm.topology.regular import MOST_LINKS, regular
from simcomm.topology.regular_base import Regular
from simcomm.topology.regular_cluster import RegularCluster

SIZES = {
    "star": (*range(1, 17), 31, 40),
    "fully_connected": (*range(1, 17), 31, 40),
    "ring": (*range(1, 25), 31, 40),
    "hypercube": (1, 2, 4, 8, 16, 32),
}
EVERY = [(kind, hosts) for kind, sizes in SIZES.items() for hosts in sizes]
OPERATIONS = (*SHARES, "scan")
Pair = tuple[int, int]


def net(kind: str, hosts: int, bandwidth: Any = 0.1, latency: Any = 0.3) -> Regular:
    found = regular(kind, hosts, bandwidth, latency, {})
    assert found is not None
    return found


def every_pair(ranks: int) -> list[Pair]:
    return [(a, b) for a in range(ranks) for b in range(ranks) if a != b]


def both(kind: str, hosts: int, pairs: list[Pair], *link: Any) -> tuple[Cluster, Cluster]:
    """The cluster of the graph, and the one without."""
    closed = place(kind, net(kind, hosts, *link), hosts, pairs)
    assert isinstance(closed, RegularCluster)
    return place(kind, build(kind, hosts, *(link or (0.1, 0.3))), hosts, pairs), closed


def said(cut: Cut | None) -> Any:
    if cut is None:
        return None
    numbers = [(type(number), number) for number in (cut.seconds_per_byte, cut.bandwidth_Bps)]
    return numbers, tuple(cut.inside), cut.workers, cut.links, cut.exact, str(cut)


@pytest.mark.parametrize(("kind", "hosts"), EVERY)
def test_links_have_the_graph_s_numbers_and_routes_are_its_shortest(kind: str, hosts: int) -> None:
    graph, closed = both(kind, hosts, every_pair(hosts))
    this = net(kind, hosts)
    assert [this.link(number).ends for number in range(this.links)] == list(graph.graph.edges)
    assert dict(closed.routes) == graph.routes
    assert {type(route.latency_s) for route in closed.routes.values()} <= {float}


@pytest.mark.parametrize("link", [(0.1, 0.3), (7, 0), (Fraction(1, 3), Fraction(1, 7)), ("8 GB/s", "2 us")])
@pytest.mark.parametrize(("kind", "hosts"), [("star", 5), ("fully_connected", 5), ("ring", 9), ("hypercube", 16)])
def test_what_formulas_and_bounds_ask_for(kind: str, hosts: int, link: tuple[Any, Any]) -> None:
    graph, closed = both(kind, hosts, every_pair(hosts), *link)
    assert closed.uniform == graph.uniform
    assert closed.hosts == graph.hosts
    assert closed.least_latency_s == graph.least_latency_s
    for attribute in ("bandwidth_Bps", "latency_s"):
        assert closed.common(attribute) == graph.common(attribute) is not None
    for rank in (0, hosts - 1):
        for entering in (False, True):
            assert closed.port_Bps(rank, entering) == graph.port_Bps(rank, entering)
            assert closed.links_Bps(rank, entering) == graph.links_Bps(rank, entering)
    for one_port in (False, True):
        assert closed.ports_Bps(one_port, hosts, False) == graph.ports_Bps(one_port, hosts, False)
        assert closed.ports_Bps(one_port, 2, True) == graph.ports_Bps(one_port, 2, True)


@pytest.mark.parametrize(("kind", "hosts"), EVERY)
def test_the_tightest_cut_is_the_one_that_the_search_finds(kind: str, hosts: int) -> None:
    for link in ((0.1, 0), (7, 0)):
        graph, closed = both(kind, hosts, [], *link)
        for operation, root in product(OPERATIONS, (0, hosts - 1)):
            found = said(closed.cut(hosts, operation, root))
            assert found == said(graph.cut(hosts, operation, 0 if operation == "all_to_all" else root)), operation
    assert "graph" not in vars(closed)


def test_workers_beside_other_hosts() -> None:
    for kind in SIZES:
        graph, closed = both(kind, 8, [])
        for workers in range(1, 8):
            for operation in OPERATIONS:
                assert said(closed.cut(workers, operation)) == said(graph.cut(workers, operation)), (kind, operation)
        assert ("graph" in vars(closed)) == (kind != "star")


@pytest.mark.parametrize("hosts", [1, 2, 3])
@pytest.mark.parametrize("kind", ["star", "ring", "fully_connected"])
def test_few_hosts_and_few_pairs(kind: str, hosts: int) -> None:
    for pairs in ([], every_pair(hosts)[:1]):
        graph, closed = both(kind, hosts, pairs)
        assert (closed.uniform, closed.least_latency_s) == (graph.uniform, graph.least_latency_s)
        assert closed.common("latency_s") == graph.common("latency_s")
        assert closed.ports_Bps(False, hosts, True) == graph.ports_Bps(False, hosts, True)
        assert closed.routes == graph.routes


def test_routes_are_uniform_if_their_distances_are() -> None:
    for pairs in ([(0, 1), (5, 4)], [(0, 2), (3, 1)], [(0, 1), (0, 2)], [(0, 7), (7, 1)]):
        for kind in ("ring", "hypercube"):
            for link in ((0.1, 0.3), (0.1, 0.0)):
                graph, closed = both(kind, 8, pairs, *link)
                assert closed.uniform == graph.uniform


def moves(this: Regular) -> Iterator[tuple[Group, int]]:
    for kind in ("rotation", "xor"):
        if this.invariant_under(kind):
            for displacement in range(1, this.hosts):
                yield Group(kind, this.hosts), displacement


@pytest.mark.parametrize(("kind", "hosts"), [(kind, hosts) for kind, hosts in EVERY if hosts <= 16])
def test_orbits_are_those_of_the_links_on_the_routes(kind: str, hosts: int) -> None:
    this = net(kind, hosts)
    routes = {pair: this.route(*pair) for pair in every_pair(hosts)}
    orbit_of: dict[Any, Any] = {}
    for group, displacement in moves(this):
        found = this.route_orbits(displacement)
        moved = [
            [tuple(end if end == "switch" else group.add(end, g) for end in link.ends) for link in route.links]
            for g, route in ((g, routes[0, displacement]) for g in range(hosts))
        ]
        actual = [list(routes[g, group.add(g, displacement)].ends) for g in range(hosts)]
        assert (found is not None) == (moved == actual)
        for hop, (number, link) in enumerate(found or ()):
            crossed = {route[hop] for route in actual}
            assert len(crossed) == hosts
            assert link.ends in crossed
            assert orbit_of.setdefault((group.kind, number), (link, crossed)) == (link, crossed)


def test_what_is_invariant() -> None:
    kinds = {
        kind: [group for group in ("rotation", "xor", "other") if net(kind, 8).invariant_under(group)] for kind in SIZES
    }
    assert kinds == {
        "star": ["rotation", "xor"],
        "fully_connected": ["rotation", "xor"],
        "ring": ["rotation"],
        "hypercube": ["xor"],
    }
    assert not net("star", 6).invariant_under("xor")


def test_where_routes_are_not_moved_to_each_other() -> None:
    assert [d for d in range(1, 8) if net("ring", 8).route_orbits(d) is None] == [4]
    assert [d for d in range(1, 7) if net("ring", 7).route_orbits(d) is None] == []
    assert [d for d in range(1, 8) if net("hypercube", 8).route_orbits(d) is None] == [3, 5, 6, 7]
    assert [number for number, _ in net("ring", 8).route_orbits(5) or ()] == [1, 1, 1]


@pytest.mark.parametrize(("kind", "hosts"), EVERY)
@pytest.mark.parametrize("big", [False, True])
def test_what_links_carry(kind: str, hosts: int, big: bool) -> None:
    this, pairs = net(kind, hosts), every_pair(hosts)
    amount = np.random.default_rng(hosts).integers(1, 99, len(pairs)).astype(object if big else np.int64)
    amount *= 2**64 if big else 1
    src, dst = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    expected = dict.fromkeys((this.link(number).ends for number in range(this.links)), 0)
    for pair, carried in zip(pairs, amount.tolist(), strict=True):
        for ends in this.route(*pair).ends:
            expected[ends] += carried
    assert this.carried(src, dst, amount).tolist() == list(expected.values())


@pytest.mark.parametrize(("kind", "hosts"), [("star", 7), ("fully_connected", 6), ("ring", 8), ("hypercube", 16)])
def test_tables_of_routes_are_the_same_arrays(kind: str, hosts: int) -> None:
    pairs = every_pair(hosts)
    graph, closed = both(kind, hosts, pairs)
    for some in (pairs, pairs[::-3], []):
        src, dst = np.array(some, dtype=np.int64).reshape(-1, 2).T
        tables = [RouteTable.between(cluster.routes, src, dst) for cluster in (graph, closed)]
        for field in RouteTable._fields:
            one, other = (list(getattr(table, field)) for table in tables)
            assert one == other, field


def test_the_graph_is_built_when_somebody_looks() -> None:
    closed = place("ring", net("ring", 6), 6, [(0, 1)])
    assert "graph" not in vars(closed)
    assert list(closed.graph.edges(data=True)) == list(build("ring", 6, 0.1, 0.3).edges(data=True))
    assert closed.graph is closed.graph


def test_only_pairs_that_send_have_a_route() -> None:
    closed = place("star", net("star", 4), 4, [(2, 0), (0, 1)])
    assert list(closed.routes) == [(0, 1), (2, 0)]
    assert closed.routes[2, 0] is closed.routes[2, 0]
    for wrong in ((1, 0), (0, 4), (0, 0), 3, "ab"):
        with pytest.raises(KeyError):
            closed.routes[wrong]  # type: ignore[index]


@pytest.mark.parametrize(
    "asked",
    [
        {"placement": "random"},
        {"placement": [1, 0, 2, 3]},
        {"routing": "ecmp"},
        {"routing": {"name": "ecmp", "seed": 1}},
        {"bandwidth_factor": [1, 1, 0.5, 1]},
    ],
)
def test_anything_but_the_usual_is_a_graph_s(asked: dict[str, Any]) -> None:
    closed = place("ring", net("ring", 4), 4, every_pair(4), **asked)
    graph = place("ring", build("ring", 4, 0.1, 0.3), 4, every_pair(4), **asked)
    assert type(closed) is Cluster
    assert (closed.hosts, closed.routes, closed.uniform) == (graph.hosts, graph.routes, graph.uniform)
    usual: dict[str, Any] = {"placement": "linear", "routing": {"name": "shortest"}, "bandwidth_factor": [1, 1.0, 1, 1]}
    assert isinstance(place("ring", net("ring", 4), 4, [], **usual), RegularCluster)


def test_ranks_that_are_not_as_many_as_hosts() -> None:
    assert place("ring", net("ring", 4), 3, [(0, 2)]).hosts == (0, 1, 2)
    with pytest.raises(InputError, match="ring has 4 hosts; expected at least 5, one for every rank"):
        place("ring", net("ring", 4), 5, [])
    with pytest.raises(InputError, match="bandwidth_factor"):
        place("ring", net("ring", 4), 4, [], bandwidth_factor=[1, 1, 1])


def test_what_has_no_closed_form() -> None:
    for kind, hosts, options in (
        ("torus", 4, {}),
        ("hypercube", 6, {}),
        ("hypercube", 8, {"dimension": 4}),
        ("star", 0, {}),
        ("star", True, {}),
        ("star", MOST_LINKS, {}),
        ("fully_connected", 2**13, {}),
    ):
        assert regular(kind, hosts, 1, 0, options) is None
    for bandwidth, latency in ((0, 0), (1, -1), (float("inf"), 0), ("fast", 0), (10**400, 0), (1, "5")):
        assert regular("star", 4, bandwidth, latency, {}) is None


def test_a_million_hosts() -> None:
    hosts = 2**20
    ring = OrbitPairs(Group("rotation", hosts), np.array([1]))
    closed = place("star", net("star", hosts, 12.5e9, 5e-6), hosts, ring)
    assert closed.uniform == (1e-5, 12.5e9)
    assert closed.ports_Bps(True, hosts, False) == (12.5e9, 12.5e9 * hosts)
    assert str(closed.cut(hosts, "all_gather")) == "1048575 of 1048576 workers behind 1 link of 12.5 GB/s: switch -> 0"
    assert closed.routes[hosts - 1, 0].nodes == (hosts - 1, "switch", 0)
    assert "columns" not in vars(ring)


def test_pairs_by_displacement_are_pairs() -> None:
    for group in (Group("rotation", 7), Group("xor", 8)):
        orbits = OrbitPairs(group, np.array([3, 1, 3]))
        expected = sorted((g, group.add(g, d)) for g in range(group.order) for d in (1, 3))
        plain = RankPairs.of([*expected, *expected])
        assert list(orbits) == list(plain) == expected
        assert len(orbits) == len(plain) == len(expected)
        for kind in ("rotation", "xor"):
            if kind == "rotation" or group.order == 8:
                other = Group(kind, group.order)
                assert orbits.displacements(other).tolist() == plain.displacements(other).tolist()
        for wrong in ((0, 2), (0, group.order), (-1, 0), 5, (1,)):
            assert wrong not in orbits
            assert wrong not in plain
        assert all(pair in orbits and pair in plain for pair in expected)


@pytest.mark.parametrize("name", ["ring_all_reduce", "all_to_all", "recursive_doubling"])
@pytest.mark.parametrize("elements", [0, 3, 800, 803])
def test_the_pairs_of_a_quotient_are_those_of_its_schedule(name: str, elements: int) -> None:
    schedule, vector = get(name).schedule(8), Vector(elements)
    sizes = schedule.sizes_bytes(vector)
    found, unfolded = Load(schedule, vector).pairs, Load(schedule, sizes).pairs
    assert isinstance(found, OrbitPairs) == (elements != 3 or name != "ring_all_reduce")
    assert not isinstance(unfolded, OrbitPairs)
    assert list(found) == list(unfolded)
    assert {found.key: 1}[Load(schedule, vector).pairs.key]


@pytest.mark.parametrize("kind", ["star", "fully_connected", "ring", "hypercube"])
@pytest.mark.parametrize("group", [Group("rotation", 8), Group("xor", 8)])
def test_routes_of_pairs_that_are_moved_to_each_other_are_uniform_or_not(kind: str, group: Group) -> None:
    for by in ([1], [2], [1, 2], [1, 7], [3, 5]):
        pairs = OrbitPairs(group, np.array(by))
        uniform = place(kind, net(kind, 8), 8, pairs).uniform
        assert ("columns" in vars(pairs)) != net(kind, 8).invariant_under(group.kind)
        assert uniform == place(kind, build(kind, 8, 0.1, 0.3), 8, list(pairs)).uniform
