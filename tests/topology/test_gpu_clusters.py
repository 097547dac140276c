"""GPU clusters: two cables at every GPU on rails, one card for all where it is shared, and the routes of that."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import pytest

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.check import hosts
from simcomm.topology.measures import bisection, diameter, link_count

NVLINK: dict[str, Any] = {"nvlink_bandwidth": Fraction(90), "nvlink_latency": Fraction(1, 2)}
FAST, SLOW = {"bandwidth_Bps": 90, "latency_s": Fraction(1, 2)}, {"bandwidth_Bps": 10, "latency_s": 3}


def cluster(kind: str, nodes: int, gpus: int, **options: Any) -> nx.DiGraph[Any]:
    return build(kind, nodes * gpus, Fraction(10), Fraction(3), gpus=gpus, **NVLINK, **options)


@pytest.mark.parametrize(("nodes", "gpus"), [(1, 1), (1, 8), (2, 4), (3, 2), (4, 8), (5, 1)])
def test_every_gpu_on_rails_has_an_nvlink_and_a_card_of_its_own(nodes: int, gpus: int) -> None:
    graph = cluster("rail_optimised", nodes, gpus)
    switches = [f"nvswitch{node}" for node in range(nodes)] + [f"rail{rail}" for rail in range(gpus)]
    assert list(graph) == [*range(nodes * gpus), *switches]
    for host in hosts(graph):
        node, gpu = divmod(host, gpus)
        assert graph.nodes[host]["group"] == f"node{node}"
        assert dict(graph[host]) == {f"nvswitch{node}": FAST, f"rail{gpu}": SLOW}
    for gpu in range(gpus):
        assert list(graph[f"rail{gpu}"]) == [node * gpus + gpu for node in range(nodes)]


# NVIDIA DGX SuperPOD reference architecture: GPU i of every node on rail i; a rail switch joins all nodes once.
@pytest.mark.parametrize(("nodes", "gpus"), [(2, 1), (2, 4), (3, 2), (4, 8), (6, 4)])
@pytest.mark.parametrize("spines", [0, 1, 3])
def test_the_formulas_of_rails(nodes: int, gpus: int, spines: int) -> None:
    graph = cluster("rail_optimised", nodes, gpus, spines=spines)
    assert link_count(graph) == 2 * (2 * nodes * gpus + gpus * spines)
    assert diameter(graph) == (4 if gpus > 1 else 2)
    if nodes % 2 == 0:
        assert bisection(graph).bandwidth_Bps == nodes * gpus // 2 * 10


def test_routes_inside_a_node_inside_a_rail_and_between_rails() -> None:
    graph = cluster("rail_optimised", 2, 4)
    ways = {(a, b): sorted(nx.all_shortest_paths(graph, a, b), key=str) for a, b in ((0, 3), (0, 4), (0, 7))}
    assert ways[0, 3] == [[0, "nvswitch0", 3]]
    assert ways[0, 4] == [[0, "rail0", 4]]
    # NCCL's PXN is the first: over NVLink to the GPU that is on the receiver's rail.
    assert ways[0, 7] == [[0, "nvswitch0", 3, "rail3", 7], [0, "rail0", 4, "nvswitch1", 7]]
    assert list(graph).index("nvswitch0") < list(graph).index("rail0")


@pytest.mark.parametrize("spines", [1, 2, 3])
def test_spines_join_the_rails_at_full_speed(spines: int) -> None:
    graph = cluster("rail_optimised", 4, 2, spines=spines)
    names = [f"spine{spine}" for spine in range(spines)]
    for rail in ("rail0", "rail1"):
        assert [node for node in graph[rail] if node in names] == names
        assert sum(graph[rail][spine]["bandwidth_Bps"] for spine in names) == 4 * 10
        assert {graph[rail][spine]["latency_s"] for spine in names} == {3}
    assert len(list(nx.all_shortest_paths(graph, 0, 3))) == 2 + spines


@pytest.mark.parametrize(("nodes", "gpus"), [(1, 1), (1, 8), (2, 4), (3, 2), (4, 8), (5, 1), (8, 4)])
def test_all_gpus_of_a_node_share_one_card(nodes: int, gpus: int) -> None:
    graph = cluster("shared_nic", nodes, gpus)
    families = [f"{name}{node}" for name in ("nvswitch", "nic") for node in range(nodes)]
    assert list(graph) == [*range(nodes * gpus), *families, "switch"]
    for host in hosts(graph):
        assert dict(graph[host]) == {f"nvswitch{host // gpus}": FAST}
        assert graph.nodes[host]["group"] == f"node{host // gpus}"
    for node in range(nodes):
        assert dict(graph[f"nic{node}"]) == {f"nvswitch{node}": FAST, "switch": SLOW}
    assert link_count(graph) == 2 * nodes * gpus + 4 * nodes
    assert diameter(graph) == (6 if nodes > 1 else 2 if gpus > 1 else 0)
    if nodes % 2 == 0:
        assert bisection(graph).bandwidth_Bps == nodes // 2 * 10


@pytest.mark.parametrize("kind", ["rail_optimised", "shared_nic"])
def test_what_is_not_given(kind: str) -> None:
    graph = build(kind, 9, "100 Gbit/s", "5 us")
    assert len(hosts(graph)) == 16  # two nodes of eight GPUs
    assert graph[0]["nvswitch0"] == {"bandwidth_Bps": 18 * 25 * 10**9, "latency_s": 5e-6}
    assert graph.nodes["nvswitch1"] == {"kind": "switch"}
    assert "spine0" not in graph


@pytest.mark.parametrize("kind", ["rail_optimised", "shared_nic"])
def test_the_nvlink_is_given_in_quantities(kind: str) -> None:
    graph = build(kind, 4, "100 Gbit/s", "5 us", gpus=2, nvlink_bandwidth="300 GB/s", nvlink_latency="700 ns")
    assert graph[3]["nvswitch1"] == {"bandwidth_Bps": 300e9, "latency_s": 7e-7}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gpus": 0}, "gpus: 0; expected a whole number of at least 1"),
        ({"gpus": True}, "gpus: True; expected a whole number of at least 1"),
        ({"gpus": "8"}, "gpus: '8'; expected a whole number of at least 1"),
        ({"gpus": 10**7}, "gpus: 10,000,000; expected at most 1,000,000"),
        (
            {"nvlink_bandwidth": "450"},
            "nvlink_bandwidth: '450' has no unit; expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (
            {"nvlink_bandwidth": None},
            "nvlink_bandwidth: None is not a bandwidth; expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (
            {"nvlink_latency": "fast"},
            "nvlink_latency: 'fast' is not a time; expected a time such as '5 us' or '1.5 ms'",
        ),
        (
            {"nvlink_latency": False},
            "nvlink_latency: False is not a time; expected a time such as '5 us' or '1.5 ms'",
        ),
        ({"nvlink_bandwidth": 0}, "topology: link 0 -> 'nvswitch0': bandwidth_Bps is 0; expected more than 0"),
    ],
)
@pytest.mark.parametrize("kind", ["rail_optimised", "shared_nic"])
def test_what_is_no_cluster_is_refused(kind: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, 4, 1, 0, **options)
    assert str(refused.value) == message


@pytest.mark.parametrize("spines", [-1, 1.0, True, "1", None])
def test_a_number_of_spines_that_is_none_is_refused(spines: Any) -> None:
    with pytest.raises(InputError) as refused:
        build("rail_optimised", 4, 1, 0, spines=spines)
    assert str(refused.value) == f"spines: {spines!r}; expected a whole number of at least 0"
