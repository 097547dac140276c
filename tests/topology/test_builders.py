"""Built-in topologies: what holds for every builder, the simplest two, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import pytest

from simcomm import topology
from simcomm.errors import InputError
from simcomm.topology import build, builders
from simcomm.topology.check import checked, hosts
from simcomm.topology.measures import bisection, diameter, link_count

KINDS = topology.kinds()
PLAIN = ("star", "fully_connected", "ring", "line")
OF_EQUAL_CABLES = (*PLAIN, "mesh", "torus", "hypercube", "fat_tree", "dragonfly")


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 17])
@pytest.mark.parametrize("kind", KINDS)
def test_hosts_come_first_and_are_enough_and_cables_go_both_ways(kind: str, n: int) -> None:
    graph = build(kind, n, "1 GB/s", "1 us")
    every = hosts(graph)
    assert list(graph)[: len(every)] == every == list(range(len(every)))
    assert len(every) == n if kind in PLAIN else len(every) >= n
    assert all(isinstance(node, str) for node in list(graph)[len(every) :])
    assert all(graph[b][a] == link for a, b, link in graph.edges(data=True))
    assert graph.graph["kind"] == kind
    assert nx.utils.graphs_equal(checked(graph), graph)  # the checks of a user's graph hold for ours
    assert nx.utils.graphs_equal(build(kind, n, "1 GB/s", "1 us"), graph)
    assert bisection(graph).exact is (len(every) <= 14)


@pytest.mark.parametrize("kind", KINDS)
def test_hosts_of_a_builder_have_a_group_or_a_position_or_neither(kind: str) -> None:
    graph = build(kind, 8, 1, 0)
    found = [sorted(set(graph.nodes[host]) - {"kind"}) for host in hosts(graph)]
    grids = ("line", "ring", "mesh", "torus", "hypercube")
    expected = ["position"] if kind in grids else [] if kind in PLAIN else ["group"]
    assert found == [expected] * len(found)
    assert ("dims" in graph.graph) is ("wraps" in graph.graph) is (kind in grids)


# Dally and Towles 2004, section 3.1 (cuts): what crosses from half of the hosts to the others.
@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 14])
def test_the_formulas_of_the_star(n: int) -> None:
    graph = build("star", n, 1, 0)
    assert link_count(graph) == 2 * n
    assert diameter(graph) == (2 if n > 1 else 0)
    assert bisection(graph).bandwidth_Bps == (n // 2 if n > 1 else float("inf"))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 14, 20])
def test_the_formulas_of_the_fully_connected(n: int) -> None:
    graph = build("fully_connected", n, 1, 0)
    assert link_count(graph) == n * (n - 1)
    assert diameter(graph) == (1 if n > 1 else 0)
    assert bisection(graph).bandwidth_Bps == ((n // 2) * (n - n // 2) if n > 1 else float("inf"))


def test_a_star_has_a_cable_from_the_switch_to_every_host() -> None:
    graph = build("star", 3, 1, 0)
    assert set(graph.edges) == {(h, "switch") for h in range(3)} | {("switch", h) for h in range(3)}


def test_everybody_is_connected_to_everybody() -> None:
    assert set(build("fully_connected", 3, 1, 0).edges) == {(a, b) for a in range(3) for b in range(3) if a != b}


QUANTITIES = [
    ("100 Gbit/s", "5 us", (12.5e9, 5e-6)),
    ("12.5 GB/s", "0 s", (12.5e9, 0.0)),
    (12.5e9, 5e-6, (12.5e9, 5e-6)),
    (Fraction(1, 3), Fraction(1, 7), (Fraction(1, 3), Fraction(1, 7))),
]


@pytest.mark.parametrize("kind", OF_EQUAL_CABLES)
@pytest.mark.parametrize(("bandwidth", "latency", "expected"), QUANTITIES)
def test_links_take_quantities_numbers_and_fractions(kind: str, bandwidth: Any, latency: Any, expected: Any) -> None:
    graph = build(kind, 3, bandwidth, latency)
    found = {(link["bandwidth_Bps"], link["latency_s"]) for _, _, link in graph.edges(data=True)}
    assert found == {expected}
    for values in found:
        assert [type(value) for value in values] == [type(value) for value in expected]


@pytest.mark.parametrize("kind", KINDS)
def test_fractions_never_become_floats(kind: str) -> None:
    graph = build(kind, 9, Fraction(10**9, 3), Fraction(1, 7))
    for _, _, link in graph.edges(data=True):
        assert isinstance(link["bandwidth_Bps"], Fraction | int)
        assert link["latency_s"] == Fraction(1, 7)
    assert isinstance(bisection(graph).bandwidth_Bps, Fraction)


def test_links_do_not_share_their_attributes() -> None:
    graph = build("star", 2, 1, 0)
    graph[0]["switch"]["bandwidth_Bps"] = 7
    assert graph["switch"][0]["bandwidth_Bps"] == graph[1]["switch"]["bandwidth_Bps"] == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [0, -3, 1.5, "eight", None, float("nan"), True])
def test_a_number_of_hosts_that_is_not_whole_and_positive_is_refused(kind: str, n: Any) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, n, "1 GB/s", "1 us")
    assert str(refused.value) == f"hosts: {n!r}; expected a whole number of at least 1"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1_000_001, 10**30])
def test_too_many_hosts_are_refused_before_they_are_built(kind: str, n: int) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, n, 1, 0)
    assert str(refused.value) == f"hosts: {n:,}; expected at most 1,000,000"


@pytest.mark.parametrize(
    ("bandwidth", "latency", "message"),
    [
        ("fast", "1 us", "'fast' is not a bandwidth; expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'"),
        ("100 Gbps", "1 us", "'100 Gbps' has an unknown unit 'Gbps'; write 'Gbit/s' for bits or 'GB/s' for bytes"),
        (
            "0 B/s",
            "1 us",
            "'0 B/s' is zero; expected a bandwidth greater than zero, such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (None, "1 us", "None is not a bandwidth; expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'"),
        ("1 GB/s", "soon", "'soon' is not a time; expected a time such as '5 us' or '1.5 ms'"),
        ("1 GB/s", "-1 us", "'-1 us' is negative; expected a time such as '5 us' or '1.5 ms'"),
        ("1 GB/s", "5", "'5' has no unit; expected a time such as '5 us' or '1.5 ms'"),
        ("1 GB/s", True, "True is not a time; expected a time such as '5 us' or '1.5 ms'"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_quantities_that_are_none_are_refused(kind: str, bandwidth: Any, latency: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, 2, bandwidth, latency)
    assert str(refused.value) == message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("bandwidth", "latency"), [(0, 0), (-1, 0), (1, -1), (float("nan"), 0), (True, 0)])
def test_numbers_that_are_no_bandwidth_or_latency_are_refused(kind: str, bandwidth: Any, latency: Any) -> None:
    with pytest.raises(InputError):
        build(kind, 2, bandwidth, latency)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("rign", "unknown topology 'rign'; did you mean 'ring'?"),
        ("fullyconnected", "unknown topology 'fullyconnected'; did you mean 'fully_connected'?"),
        ("fattree", "unknown topology 'fattree'; did you mean 'fat_tree'?"),
        ("moebius", "unknown topology 'moebius'"),
    ],
)
def test_an_unknown_kind_names_the_nearest(kind: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, 2, "1 GB/s", "1 us")
    assert str(refused.value) == message
    with pytest.raises(InputError) as refused:
        topology.check_options(kind, {})
    assert str(refused.value) == message


@pytest.mark.parametrize("kind", PLAIN)
def test_an_option_of_a_kind_that_has_none_is_refused(kind: str) -> None:
    message = f"unknown option 'leaves' of topology {kind}; it has none"
    with pytest.raises(InputError) as refused:
        build(kind, 2, "1 GB/s", "1 us", leaves=4)
    assert str(refused.value) == message
    with pytest.raises(InputError) as refused:
        topology.check_options(kind, {"leaves": 4})
    assert str(refused.value) == message
    topology.check_options(kind, {})


def test_the_values_of_options_are_checked_when_the_hosts_are_known() -> None:
    topology.check_options("fat_tree", {"k": 3})
    topology.check_options("fat_tree", {"k": 4}, hosts=16)
    with pytest.raises(InputError, match=r"^k: 3; expected an even number"):
        topology.check_options("fat_tree", {"k": 3}, hosts=1)
    with pytest.raises(InputError, match=r"^k: 4; expected at least 6"):
        topology.check_options("fat_tree", {"k": 4}, hosts=17)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nvlink_bandwidth": 450}, "nvlink_bandwidth: 450 has no unit; expected a bandwidth such as"),
        ({"nvlink_bandwidth": "1 us"}, "nvlink_bandwidth: '1 us' has an unknown unit"),
        ({"nvlink_latency": 1e-6}, "nvlink_latency: 1e-06 has no unit; expected a time such as"),
        ({"gpus": 4, "nvlink_latency": [1]}, r"nvlink_latency: \[1\] is not a time"),
    ],
)
def test_quantities_among_the_options_of_a_scenario_need_a_unit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        topology.check_options("rail_optimised", options)
    topology.check_options("rail_optimised", {"nvlink_latency": None, "nvlink_bandwidth": "450 GB/s", "gpus": 2}, 4)


def test_a_new_kind_is_a_function_and_a_line_and_its_options_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def grid(hosts: int, bandwidth: Any, latency: Any, columns: int = 2, wrap: bool = False) -> nx.DiGraph[Any]:
        graph = builders.star(hosts, bandwidth, latency)
        graph.graph["asked"] = (columns, wrap)
        return graph

    monkeypatch.setattr(builders, "grid", grid, raising=False)
    monkeypatch.setitem(topology.TOPOLOGIES, "grid", "simcomm.topology.builders:grid")
    assert topology.kinds() == (*KINDS, "grid")
    assert build("grid", 4, "1 GB/s", "1 us", columns=3).graph["asked"] == (3, False)
    with pytest.raises(InputError) as refused:
        build("grid", 4, "1 GB/s", "1 us", colums=3)
    assert str(refused.value) == (
        "unknown option 'colums' of topology grid; expected one of columns, wrap; did you mean 'columns'?"
    )
    with pytest.raises(InputError, match="unknown option 'hosts' of topology grid"):
        topology.check_options("grid", {"hosts": 3})
