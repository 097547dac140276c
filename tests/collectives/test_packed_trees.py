"""Packed trees: proven and counted on trees of a graph, and how close to the bound of the graph they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import simcomm
from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.engines import compiled, des
from simcomm.errors import InputError
from simcomm.execution import execute
from simcomm.fitting import fitted_to
from simcomm.networks.base import NetworkModel, Workers
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.testing import check_collective
from simcomm.topology import build
from simcomm.topology.files import load

GRAPHS = Path(__file__).parents[2] / "scenarios" / "graphs"
ALL_REDUCE, BROADCAST = get("packed_trees_all_reduce"), get("packed_trees_broadcast")
PIPELINED = {"segments": 64, "window": 1}


def graph(name: str) -> nx.DiGraph[Any]:
    return load(GRAPHS / f"{name}.json")


def test_without_a_graph_it_is_the_direct_reduce_scatter_and_all_gather() -> None:
    server = get("parameter_server").claim(5, Vector(23, 1), servers="workers", placement="colocated")
    claim = ALL_REDUCE.claim(5, Vector(23, 1))
    assert (claim.total, claim.steps) == (server.total, server.steps)
    assert [claim.sent(rank) for rank in range(5)] == [server.sent(rank) for rank in range(5)]
    scattered = BROADCAST.claim(5, Vector(20, 1), root=3)
    assert (scattered.total, scattered.steps) == (Traffic(16, 80), 2)
    assert (scattered.sent(3), scattered.received(0)) == (Traffic(4, 20), Traffic(4, 20))


@pytest.mark.parametrize("options", [{}, {"segments": 3}, {"segments": 5, "window": 2}])
def test_they_conform_on_no_graph_and_on_any(options: dict[str, Any]) -> None:
    for collective, more in ((ALL_REDUCE, {}), (BROADCAST, {}), (BROADCAST, {"root": 2})):
        report = check_collective(collective, range(3, 5), options=[options | more])
        assert report.teeth.changing_caught_by_proof == report.teeth.changing > 0
        for name, n in (("dgx1", 8), ("uneven_ring", 16)):
            fitted, _ = fitted_to(collective, n, more, name, graph(name))
            assert fitted.given["trees"]
            check_collective(fitted, [n], (0, 1, 63, 1000), [options | more])


def test_the_trees_of_a_star_go_through_its_switch() -> None:
    result = simcomm.simulate(
        {"name": "packed_trees_all_reduce", **PIPELINED},
        5,
        size="64 MB",
        topology="star",
        link={"bandwidth": "100 Gbit/s", "latency": "1 us"},
        network="store_and_forward",
    )
    assert result.total_bytes == 2 * 4 * 64_000_000
    assert {use.bytes for use in result.links} == {8 * 64_000_000 // 5}  # ports all share equally
    assert 1 < result.time_s / result.lower_bound_s < 1.1


def test_the_file_of_the_dgx_1_has_six_links_at_every_gpu() -> None:
    links = graph("dgx1")
    assert {sum(link["count"] for link in links[gpu].values()) for gpu in links} == {6}
    assert all(link["bandwidth_Bps"] == link["count"] * 25e9 for _, _, link in links.edges(data=True))
    assert sorted(len(links[gpu]) for gpu in links) == [4] * 8


@pytest.mark.parametrize("network", ["store_and_forward", "fair_share"])
@pytest.mark.parametrize(("name", "n", "near"), [("dgx1", 8, 3.0), ("uneven_ring", 16, 1.5)])
def test_they_come_near_the_bound_and_a_ring_does_not(name: str, n: int, near: float, network: str) -> None:
    """On the DGX-1 even the ring over double links only has a third of the bandwidth."""
    given: dict[str, Any] = {"size": "256 MiB", "topology": graph(name), "network": network}
    placement = [0, 3, 2, 1, 5, 6, 7, 4] if name == "dgx1" else "linear"
    trees = simcomm.simulate({"name": "packed_trees_all_reduce", **PIPELINED}, n, **given)
    ring = simcomm.simulate("ring_all_reduce", n, placement=placement, **given)
    assert trees.proven
    assert trees.counts_match
    assert trees.time_s / trees.lower_bound_s < (1.02 if network == "store_and_forward" else 1.1)
    assert ring.time_s / ring.lower_bound_s == pytest.approx(near, rel=0.01)


def test_a_broadcast_comes_near_the_cut_of_its_root() -> None:
    given: dict[str, Any] = {"size": "256 MiB", "topology": graph("dgx1"), "network": "store_and_forward"}
    result = simcomm.simulate({"name": "packed_trees_broadcast", "root": 0, "segments": 256}, 8, **given)
    assert result.cut_bound_s == pytest.approx(0.3e-6 + 2**28 / 150e9, rel=1e-3)
    assert 1 < result.time_s / result.cut_bound_s < 1.05


@pytest.mark.parametrize("model", [LogGP(), StoreAndForward(), FairShare()])
def test_the_engines_agree(model: NetworkModel) -> None:
    trees, fitted = fitted_to(ALL_REDUCE, 8, {}, "graph", graph("dgx1"))
    schedule, vector = trees.schedule(8, segments=3, window=1), Vector(10**6)
    cluster = execute(schedule, vector, graph("dgx1"), network=model).cluster
    given = (schedule, schedule.sizes_bytes(vector), model, cluster.routes, Workers.alike(8), schedule.seconds)
    assert not fitted.further
    assert np.allclose(des.run(*given).end_s, compiled.run(*given).end_s, rtol=1e-12)


def test_a_routing_that_is_named_is_taken() -> None:
    link = {"bandwidth": "100 Gbit/s", "latency": "1 us"}
    spines = {"kind": "leaf_spine", "leaves": 4, "spines": 2}
    given: dict[str, Any] = {"size": "1 MB", "topology": spines, "link": link, "network": "store_and_forward"}
    own = simcomm.simulate("packed_trees_all_reduce", 8, **given)
    _, fitted = fitted_to(ALL_REDUCE, 8, {}, "spines", build("leaf_spine", 8, 1, 0, leaves=4, spines=2))
    taken = {own.cluster.routes[pair].nodes for pair in own.cluster.routes}
    assert taken == set(fitted.routes)
    hashed = simcomm.simulate("packed_trees_all_reduce", 8, routing={"name": "ecmp", "seed": 1}, **given)
    assert {hashed.cluster.routes[pair].nodes for pair in hashed.cluster.routes} != taken


@pytest.mark.parametrize(
    ("collective", "options", "message"),
    [
        (BROADCAST, {"root": 4}, "root: 4; expected one of the ranks 0..3"),
        (ALL_REDUCE, {"most_trees": 0}, "most_trees: 0; expected at least 1"),
    ],
)
def test_what_is_refused_without_a_graph(collective: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        collective.schedule(4, **options)


def test_trees_of_other_workers_are_refused() -> None:
    fitted, _ = fitted_to(ALL_REDUCE, 8, {}, "dgx1", graph("dgx1"))
    with pytest.raises(InputError, match="trees of other than 7 workers"):
        fitted.claim(7, Vector(1))


def test_too_few_hosts_are_named() -> None:
    with pytest.raises(InputError, match="topology: dgx1 has 8 hosts; expected at least 9, one for every worker"):
        fitted_to(ALL_REDUCE, 9, {}, "dgx1", graph("dgx1"))


def test_a_vector_shorter_than_the_trees_are_many() -> None:
    result = simcomm.simulate("packed_trees_all_reduce", 8, parameters=3, topology=graph("dgx1"))
    assert result.total_bytes == 2 * 7 * 3 * 4
    assert result.counts_match
