"""In-network all-reduce: counts and exact times on trees of switches, and what every engine makes of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simcomm
from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.engines import compiled, des, maxplus
from simcomm.engines.exact import exact_run
from simcomm.errors import EngineError, InputError
from simcomm.execution import execute
from simcomm.fitting import fitted_to
from simcomm.networks.base import NetworkModel, Workers
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.scenario import from_mapping
from simcomm.simulation import forecasts
from simcomm.testing import check_collective
from simcomm.topology import build

LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
IN_NETWORK = get("in_network_all_reduce")
TREES: list[dict[str, Any]] = [
    {"kind": "star"},
    {"kind": "leaf_spine", "leaves": 4, "spines": 2},
    {"kind": "fat_tree", "k": 4},
]


def test_the_figures_of_one_switch() -> None:
    claim = IN_NETWORK.claim(8, Vector(1000, 1))
    assert claim.total == Traffic(2 * 8, 2 * 8 * 1000)
    assert claim.sent(0) == claim.received(7) == Traffic(1, 1000)
    assert claim.sent(8) == Traffic(8, 8000)
    assert claim.time is not None
    assert claim.time(Fraction(5), Fraction(1, 3), Fraction(9)) == 2 * 5 + Fraction(2 * 1000, 3)


def test_it_conforms_and_segments_take_two_latencies_and_almost_once_the_vector() -> None:
    report = check_collective(IN_NETWORK, range(1, 6), options=[{}, {"segments": 2}, {"segments": 5}])
    assert report.times == report.sizes * 3
    many = exact_run(IN_NETWORK.schedule(4, segments=50), Vector(1000, 1), Fraction(5), Fraction(1), Fraction(0), 4)
    assert many.makespan_s == 2 * 5 + 1000 + 20


@pytest.mark.parametrize("topology", TREES)
@pytest.mark.parametrize("segments", [1, 3])
def test_exact_times_on_trees_of_switches(topology: dict[str, Any], segments: int) -> None:
    alpha, bandwidth, vector = Fraction(7, 3), Fraction(5), Vector(100, 1)
    options = {key: value for key, value in topology.items() if key != "kind"}
    graph = build(topology["kind"], 8, bandwidth, alpha, **options)
    tree, fitted = fitted_to(IN_NETWORK, 8, {"segments": segments}, "graph", graph)
    claim, schedule = tree.claim(8, vector, segments=segments), tree.schedule(8, segments=segments)
    model = LogGP(Fraction(0), Fraction(0), Fraction(1, 9))  # hosts would take 9 s to add a byte
    ran = execute(schedule, vector, graph, network=model, further=fitted.further, exact=True, workers=None)
    assert claim.time is not None
    assert ran.timeline.makespan_s == claim.time(alpha, 1 / bandwidth, Fraction(9))
    hops = claim.steps
    assert hops == 2 * {"star": 1, "leaf_spine": 2, "fat_tree": 3}[topology["kind"]]
    assert ran.timeline.makespan_s == hops * alpha + Fraction(100 + (hops - 1) * -(-100 // segments), 5)


@pytest.mark.parametrize("by_model", [True, False])
@pytest.mark.parametrize(
    "model",
    [
        LogGP(),
        LogGP(overhead_s=1e-6, gap_s=2e-6, reduce_bandwidth_Bps=3e9, rendezvous_above_bytes=1000),
        LogGP(overhead_s=1e-6, cpu_bandwidth_Bps=2e9, ports="one_cpu"),
        StoreAndForward(packet_size_bytes=1500, reduce_bandwidth_Bps=3e9),
        FairShare(reduce_bandwidth_Bps=3e9),
    ],
)
def test_the_engines_agree(model: NetworkModel, by_model: bool) -> None:
    graph = build("leaf_spine", 8, "100 Gbit/s", "5 us", leaves=4, spines=2)
    tree, fitted = fitted_to(IN_NETWORK, 8, {"segments": 3}, "graph", graph)
    schedule, vector = tree.schedule(8, segments=3), Vector(10_000)
    cluster = execute(schedule, vector, graph, network=model, further=fitted.further).cluster
    given = (schedule, schedule.sizes_bytes(vector), model, cluster.routes)
    one = des.run(*given, Workers.alike(schedule.ranks, 8), schedule.seconds, True)
    other = compiled.run(*given, Workers.alike(schedule.ranks, 8), schedule.seconds, True, by_model)
    if model.one_port:
        assert (one.start_s == other.start_s).all()
        assert (one.end_s == other.end_s).all()
    assert np.allclose(one.end_s, other.end_s, rtol=1e-12)
    assert set(one.log.meters) == set(other.log.meters)
    as_hosts = des.run(*given, Workers.alike(schedule.ranks), schedule.seconds)
    assert as_hosts.makespan_s > one.makespan_s or not model.one_port


def test_engines_that_look_at_one_port_a_rank_refuse() -> None:
    schedule, vector = IN_NETWORK.schedule(4), Vector(100)
    sizes, workers = schedule.sizes_bytes(vector), Workers.alike(5, 4)
    refused = maxplus.run(schedule, sizes, LogGP(), {}, workers)
    assert isinstance(refused, maxplus.Refusal)
    assert refused.reason == "some ranks stand on switches, which have a port for every other rank"
    with pytest.raises(EngineError, match="recorded with calls that are not the same"):
        simcomm.simulate("in_network_all_reduce", 4, size="1 kB", link=LINK, engine="symmetry")


@pytest.mark.parametrize("topology", TREES)
def test_a_scenario_is_timed_by_its_formula_and_waits_for_no_port(topology: dict[str, Any]) -> None:
    result = simcomm.simulate(
        {"name": "in_network_all_reduce", "segments": 4}, 8, size="8 MB", link=LINK, topology=topology, timeline=True
    )
    assert result.time_s == pytest.approx(result.formula_s, rel=1e-12)
    assert result.time_s >= result.lower_bound_s
    assert result.ranks == len(result.cluster.hosts) > 8
    assert all(result.cluster.graph.nodes[node]["kind"] == "switch" for node in result.cluster.hosts[8:])


def test_placement_is_that_of_the_workers() -> None:
    topology = {"kind": "fat_tree", "k": 4}
    near, far = (
        simcomm.simulate(
            "in_network_all_reduce", 2, size="1 MB", link=LINK, topology=topology, placement=placement
        ).messages
        for placement in ([0, 1], [0, 15])
    )
    assert (near, far) == (4, 2 * 6)


def test_a_topology_without_switches_is_refused_before_anything_runs(tmp_path: Path) -> None:
    point = {"workers": 4, "size": "1 MB", "link": LINK, "collective": "in_network_all_reduce"}
    with pytest.raises(InputError, match="the switches reduce, but this topology has none"):
        simcomm.run(point | {"topology": "ring"}, out=tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_sweep_fits_every_point_and_a_forecast_knows_its_messages() -> None:
    point = {"link": LINK, "collective": "in_network_all_reduce", "topology": TREES[1]}
    scenario = point | {"sweep": {"workers": [2, 4, 8], "size": ["1 kB", "1 MB"]}}
    document = from_mapping(scenario)
    found = simcomm.run(document)
    assert [result.messages for result in found] == [each.estimate.messages for each in forecasts(document)]
    assert [result.messages for result in found] == [8, 8, 16, 16, 24, 24]  # 2 (n + leaves in use + 1 spine − 1)
    assert [result.point for result in simcomm.run(document)] == [result.point for result in found]


def test_a_tree_of_other_workers_is_refused() -> None:
    tree, _ = fitted_to(IN_NETWORK, 4, {}, "star", build("star", 4, 1, 0))
    with pytest.raises(InputError, match="a tree whose leaves are not 3 workers"):
        tree.schedule(3)
