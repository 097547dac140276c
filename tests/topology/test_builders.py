"""Built-in topologies: how many links, what is on them, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import pytest

from simcomm import topology
from simcomm.errors import InputError
from simcomm.topology import build, builders
from simcomm.topology.check import checked, hosts

KINDS = topology.kinds()


def ring_links(n: int) -> int:
    return {1: 0, 2: 2}.get(n, 2 * n)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9])
@pytest.mark.parametrize(
    ("kind", "links"),
    [("star", lambda n: 2 * n), ("ring", ring_links), ("fully_connected", lambda n: n * (n - 1))],
)
def test_links_and_hosts(kind: str, links: Any, n: int) -> None:
    graph = build(kind, n, "1 GB/s", "1 us")
    assert graph.number_of_edges() == links(n)
    assert hosts(graph) == list(range(n))
    assert [node for node in graph if node not in range(n)] == (["switch"] if kind == "star" else [])
    assert all(graph.has_edge(b, a) for a, b in graph.edges)
    assert not any(a == b for a, b in graph.edges)
    assert nx.utils.graphs_equal(checked(graph), graph)  # the checks of a user's graph hold for ours


def test_a_star_has_a_cable_from_the_switch_to_every_host() -> None:
    assert set(build("star", 3, 1, 0).edges) == {(0, "switch"), (1, "switch"), (2, "switch")} | {
        ("switch", 0),
        ("switch", 1),
        ("switch", 2),
    }


def test_a_ring_goes_both_ways_to_the_next_and_closes() -> None:
    assert set(build("ring", 4, 1, 0).edges) == {(0, 1), (1, 2), (2, 3), (3, 0), (1, 0), (2, 1), (3, 2), (0, 3)}
    assert set(build("ring", 3, 1, 0).edges) == {(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)}
    assert set(build("ring", 2, 1, 0).edges) == {(0, 1), (1, 0)}


def test_everybody_is_connected_to_everybody() -> None:
    assert set(build("fully_connected", 3, 1, 0).edges) == {(a, b) for a in range(3) for b in range(3) if a != b}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("bandwidth", "latency", "expected"),
    [
        ("100 Gbit/s", "5 us", (12.5e9, 5e-6)),
        ("12.5 GB/s", "0 s", (12.5e9, 0.0)),
        (12.5e9, 5e-6, (12.5e9, 5e-6)),
        (Fraction(1, 3), Fraction(1, 7), (Fraction(1, 3), Fraction(1, 7))),
    ],
)
def test_links_take_quantities_numbers_and_fractions(kind: str, bandwidth: Any, latency: Any, expected: Any) -> None:
    graph = build(kind, 3, bandwidth, latency)
    found = {(link["bandwidth_Bps"], link["latency_s"]) for _, _, link in graph.edges(data=True)}
    assert found == {expected}
    for values in found:
        assert [type(value) for value in values] == [type(value) for value in expected]


def test_links_do_not_share_their_attributes() -> None:
    graph = build("star", 2, 1, 0)
    graph[0]["switch"]["bandwidth_Bps"] = 7
    assert graph["switch"][0]["bandwidth_Bps"] == graph[1]["switch"]["bandwidth_Bps"] == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [0, -3])
def test_no_host_is_refused(kind: str, n: int) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, n, "1 GB/s", "1 us")
    assert str(refused.value) == f"hosts: {n}; expected a whole number of at least 1"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1.5, "eight", None, float("nan")])
def test_a_number_of_hosts_that_is_not_whole_is_refused(kind: str, n: Any) -> None:
    with pytest.raises(InputError, match="hosts: "):
        build(kind, n, "1 GB/s", "1 us")


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
        ("1 GB/s", "soon", "'soon' is not a time; expected a time such as '5 us' or '1.5 ms'"),
        ("1 GB/s", "-1 us", "'-1 us' is negative; expected a time such as '5 us' or '1.5 ms'"),
        ("1 GB/s", "5", "'5' has no unit; expected a time such as '5 us' or '1.5 ms'"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_quantities_that_are_none_are_refused(kind: str, bandwidth: str, latency: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, 2, bandwidth, latency)
    assert str(refused.value) == message


@pytest.mark.parametrize(("bandwidth", "latency"), [(0, 0), (-1, 0), (1, -1), (float("nan"), 0), (None, 0), (True, 0)])
def test_numbers_that_are_no_bandwidth_or_latency_are_refused(bandwidth: Any, latency: Any) -> None:
    with pytest.raises(InputError):
        build("star", 2, bandwidth, latency)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("rign", "unknown topology 'rign'; did you mean 'ring'?"),
        ("fullyconnected", "unknown topology 'fullyconnected'; did you mean 'fully_connected'?"),
        ("hypercube", "unknown topology 'hypercube'"),
    ],
)
def test_an_unknown_kind_names_the_nearest(kind: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, 2, "1 GB/s", "1 us")
    assert str(refused.value) == message
    with pytest.raises(InputError) as refused:
        topology.check_options(kind, {})
    assert str(refused.value) == message


@pytest.mark.parametrize("kind", KINDS)
def test_an_option_of_a_kind_that_has_none_is_refused(kind: str) -> None:
    message = f"unknown option 'leaves' of topology {kind}; it has none"
    with pytest.raises(InputError) as refused:
        build(kind, 2, "1 GB/s", "1 us", leaves=4)
    assert str(refused.value) == message
    with pytest.raises(InputError) as refused:
        topology.check_options(kind, {"leaves": 4})
    assert str(refused.value) == message
    topology.check_options(kind, {})


def test_a_new_kind_is_a_function_and_a_line_and_its_options_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def grid(hosts: int, bandwidth: Any, latency: Any, columns: int = 2, wrap: bool = False) -> nx.DiGraph[Any]:
        graph = builders.ring(hosts, bandwidth, latency)
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
