"""What theory says: where a formula holds, and that no run beats the bound."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import graphs

import simcomm
from simcomm import goals
from simcomm.checked import Checked, check
from simcomm.closed_forms import Vector
from simcomm.collectives import get, names
from simcomm.errors import InputError, TimeError
from simcomm.execution import Load
from simcomm.networks.base import Workers
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.schedule import Schedule
from simcomm.theory import Bound, bound, check_time, formula
from simcomm.topology import build
from simcomm.topology.check import checked
from simcomm.topology.cluster import Cluster, place

F = Fraction
TEN = F(10)


def task(name: str = "ring_all_reduce", workers: int = 4, elements: int = 120, **options: Any) -> Checked:
    """A checked collective on a vector of one-byte elements."""
    return check(get(name), workers, Vector(elements, 1), options)


def on(graph: nx.Graph[Any], what: Checked) -> Cluster:
    return place("graph", checked(graph), what.schedule.ranks, Load(what.schedule, what.size_bytes).pairs)


def star(what: Checked, bandwidth: Any = TEN, latency: Any = 1) -> Cluster:
    return on(build("star", what.schedule.ranks, bandwidth, latency), what)


def two_leaves(uplink: Any) -> nx.Graph[Any]:
    """Hosts 0, 1 on a leaf and 2, 3 on another one, a link between the leaves; 1 s each."""
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_nodes_from(range(4), kind="host")
    graph.add_nodes_from(["a", "b"], kind="switch")
    graph.add_edges_from([(0, "a"), (1, "a"), (2, "b"), (3, "b")], bandwidth_Bps=TEN, latency_s=F(1))
    graph.add_edge("a", "b", bandwidth_Bps=uplink, latency_s=F(1))
    return graph


# Formulas


def test_a_formula_by_hand() -> None:
    # 2(n − 1)(α + S/n·β + …): 6 messages of 30 B, three of them added; α = 2 + 2·1/2.
    what, alike = task(), Workers.alike(4)
    assert formula(what, star(what), LogGP(F(1, 2), reduce_bandwidth_Bps=F(5)), alike) == 6 * (3 + 3) + 3 * 6
    assert formula(what, star(what), LogGP(), alike) == 6 * (2 + 3)


def test_where_no_formula_holds() -> None:
    what, alike = task(), Workers.alike(4)
    for model in (StoreAndForward(), FairShare(), LogGP(gap_s=1), LogGP(F(4)), LogGP(ports="one_cpu")):
        assert formula(what, star(what), model, alike) is None
    assert formula(what, star(what), LogGP(), Workers((0, 0, 1, 0), (0,) * 4, (1,) * 4)) is None
    assert formula(what, on(two_leaves(F(20)), what), LogGP(), alike) is None  # routes of two and three links
    uneven = task("parameter_server", elements=121, servers=3, placement="colocated")
    assert formula(uneven, star(uneven), LogGP(), alike) is None
    even = task("parameter_server", servers=3, placement="colocated")
    assert formula(even, star(even), LogGP(), alike) is not None


def test_nothing_to_send_takes_no_time_unless_a_worker_is_late() -> None:
    for what in (task(elements=0), task(workers=1)):
        ranks = what.schedule.ranks
        late = Workers((1,) * ranks, (0,) * ranks, (1,) * ranks)
        for model in (LogGP(), StoreAndForward(), FairShare(), LogGP(gap_s=1)):
            assert formula(what, star(what), model, Workers.alike(ranks)) == 0
            assert formula(what, star(what), model, late) is None


def test_a_time_is_checked_against_its_formula() -> None:
    assert check_time(3.0, None) is None
    assert check_time(3.0, 3.0 * (1 + 1e-10)) is True
    with pytest.raises(TimeError, match=r"^the engine says 3.0 s, the formula 3.0003 s; expected the same$"):
        check_time(3.0, 3.0003)
    with pytest.raises(TimeError):
        check_time(0.0, 1e-30)


# Bounds by hand


def test_the_bound_of_ports_by_hand() -> None:
    # All-reduce of S = 120 B by 4 workers at 10 B/s: α + 2·3/4·12 + 3/4·S/5 = 2 + 18 + 18.
    what = task()
    assert bound(what, star(what), LogGP(reduce_bandwidth_Bps=F(5))) == Bound(38.0, "ports", 2 + 12, 2 * 2, 18, 18)
    assert bound(what, star(what), LogGP(F(1, 2))) == Bound(21.0, "ports", 3 + 12, 2 * 3, 18, 0)
    # Reduce-scatter and all-gather: half of the first.
    what = task("ring_all_gather")
    assert bound(what, star(what), LogGP()) == Bound(11.0, "ports", 2 + 9, 2 * 2, 9, 0)


def test_where_links_are_ports_a_rank_adds_while_its_links_go_on() -> None:
    # The larger of 2·3/4·12 = 18 and of 3/4·S/5 = 18 or S·3/4/2 = 45; the endpoint's delay is a latency.
    what = task()
    for rate, expected in ((F(5), 18), (F(2), 45), (F(100), 18)):
        assert bound(what, star(what), FairShare(reduce_bandwidth_Bps=rate)).time_s == 2 + expected
        model = StoreAndForward(endpoint_delay_s=F(3), reduce_bandwidth_Bps=rate)
        adding = float(90 / rate)
        assert bound(what, star(what), model) == Bound(2.0 + 3 + expected, "ports", 2 + 3 + 12, 2 * (2 + 3), 18, adding)


def test_all_links_of_a_host_together_are_its_port_unless_it_has_one() -> None:
    # Fully connected, 3 links of 10 B/s each: 30 B/s per rank; LogGP: 10 B/s.
    what = task()
    cluster = on(build("fully_connected", 4, F(10), F(1)), what)
    assert bound(what, cluster, LogGP()).time_s == 1 + 18
    assert bound(what, cluster, FairShare()).time_s == 1 + 6


def test_the_slowest_worker_bounds_an_all_reduce() -> None:
    what = task()
    graph = build("star", 4, F(10), F(1))
    graph.edges[2, "switch"]["bandwidth_Bps"] = graph.edges["switch", 2]["bandwidth_Bps"] = F(2)
    assert bound(what, on(graph, what), LogGP()).time_s == 2 + 60  # S/2; all together: 360·2/32 = 22.5
    assert bound(what, on(graph, what), FairShare()).time_s == 2 + 60


def test_a_slow_rank_that_adds_does_not_make_the_bound_larger() -> None:
    """Its port can be left alone: of the 40.1 B/s of all ports it has 0.1, as one of 401 that are as slow."""
    what = task("parameter_server")
    graph = build("star", 5, F(10), F(1))
    graph.edges[4, "switch"]["bandwidth_Bps"] = graph.edges["switch", 4]["bandwidth_Bps"] = F(1, 10)
    found = bound(what, on(graph, what), LogGP(reduce_bandwidth_Bps=F(5)))
    assert found.time_s == float(2 + 720 / F(401, 10) + F(360, 5) / 401)
    assert (found.bandwidth_s, found.compute_s) == (float(720 / F(401, 10)), float(F(360, 5) / 5))


def only(operation: str, root: int, elements: int) -> tuple[Checked, Cluster]:
    """A ring all-reduce in the place of another operation, whose goal alone is looked at, with host 2 slow to send."""
    goal = getattr(goals, operation)(root)
    what = replace(task(elements=elements), goal=goal)
    graph = build("star", 4, F(10), F(1))
    graph.edges[2, "switch"]["bandwidth_Bps"] = F(2)
    return what, on(graph, what)


def test_a_root_s_port_bounds_what_it_scatters_and_gathers() -> None:
    for root, scatter, gather in ((2, 45, 9), (1, 9, 15)):  # into root 1 a cut lets a quarter from host 2
        assert bound(*only("scatter", root, 120), FairShare()).time_s == 2 + scatter
        assert bound(*only("gather", root, 120), FairShare()).time_s == 2 + gather
        assert bound(*only("gather", root, 120), LogGP()).time_s == 2 + 9
    # 120 B out of host 2, or into it; not out of it if it is no root.
    for root, broadcast, reduce in ((2, 60, 12), (1, 12, 60)):
        assert bound(*only("broadcast", root, 120), FairShare()).time_s == 2 + broadcast
        assert bound(*only("reduce", root, 120), FairShare()).time_s == 2 + reduce


def test_a_cut_bounds_only_what_every_share_has() -> None:
    # Of 123 elements root 2 keeps 31: 92 B at its port; 3/4 of 120 across its cut.
    found = bound(*only("scatter", 2, 123), FairShare())
    assert (found.time_s, found.cut_s, found.by) == (2 + 92 / 2, 2 + 90 / 2, "ports")


def test_what_each_has_for_each_is_cut_as_it_is() -> None:
    """Hosts 0 and 1 are behind a thin link: 60 B of 0 for 2, 30 B of 1 for 3 cross it."""
    wanted = {(0, 2): [0, 1], (1, 3): [0], (2, 3): [0, 1, 2, 3]}

    def needs(rank: Any, chunk: Any, vector: Any) -> Any:
        table = np.array([[[c in wanted.get((v, r), []) for c in range(4)] for v in range(4)] for r in range(4)])
        return table[rank, vector, chunk]

    goal = goals.Goal("all_to_all_v", goals.every_chunk, needs, apart=True)
    what = replace(task(), goal=goal)  # 4 chunks of 30 B
    found = bound(what, on(two_leaves(F(1)), what), FairShare())
    assert (found.time_s, found.cut_s) == (2 + 90, 2 + 90)
    assert found.by.startswith("cut: 2 of 4 workers behind 1 link of 1 B/s: a -> b")
    # 150 B enter host 3.
    assert bound(what, on(two_leaves(F(100)), what), FairShare()).time_s == 2 + 15


def test_of_an_unknown_operation_nothing_is_said() -> None:
    what, cluster = only("scatter", 0, 120)
    what = replace(what, goal=replace(what.goal, operation="scan"))
    assert bound(what, cluster, LogGP()) == Bound(0.0, "", None)


def test_a_narrow_cut_bounds_what_links_carry() -> None:
    # S = 120 B over the link between the leaves, 1 B/s.
    what = task()
    cluster = on(two_leaves(F(1)), what)
    found = bound(what, cluster, StoreAndForward())
    assert (found.time_s, found.cut_s) == (2 + 120, 2 + 120)
    assert found.by.startswith("cut: 2 of 4 workers behind 1 link of 1 B/s: ")
    assert bound(what, cluster, FairShare()) == found
    # LogGP never fills the links between ports: the cut is given, and does not bound.
    assert bound(what, cluster, LogGP()) == Bound(2 + 18, "ports", 2 + 120, 2 * 2, 18, 0)
    # A cut that is no tighter than the ports is not named.
    assert bound(what, on(two_leaves(F(1000)), what), FairShare()).by == "ports"


def test_nothing_to_do_has_no_bound() -> None:
    for what in (task(elements=0), task(workers=1)):
        for model in (LogGP(), FairShare()):
            assert bound(what, star(what), model) == Bound(0.0, "", None, 0, 0, 0)


def test_exact_numbers_give_the_float_next_to_the_bound() -> None:
    what = task(workers=3, elements=99)
    third = bound(what, star(what, F(7), F(1, 3)), LogGP()).time_s
    assert isinstance(third, float)
    assert third == float(F(2, 3) + F(4, 3) * 99 / 7)


# No run beats its bound


NETWORKS: list[dict[str, Any]] = [
    {"model": "loggp"},
    {"model": "loggp", "reduce_bandwidth": "2 B/s"},
    {"model": "loggp", "ports": "one_cpu", "overhead": "1 s", "cpu_bandwidth": "1 B/s", "reduce_bandwidth": "2 B/s"},
    {"model": "loggp", "rendezvous_above": "2 B", "overhead": "1 s"},
    {"model": "store_and_forward"},
    {"model": "store_and_forward", "packet_size": "3 B", "endpoint_delay": "1 s"},
    {"model": "store_and_forward", "reduce_bandwidth": "2 B/s"},
    {"model": "fair_share", "reduce_bandwidth": "4 B/s"},
    {"model": "fair_share", "weights": "inverse_latency"},
    {"model": "fair_share", "rate_cap": "1 B/s", "reduce_bandwidth": "1 B/s"},
]


BOUNDED = ("all_reduce", "reduce_scatter", "all_gather")


@given(
    network=st.sampled_from(NETWORKS),
    name=st.sampled_from(
        [name for name in names() if get(name).goal_of(4, {}).operation in BOUNDED and name != "in_network_all_reduce"]
    ),
    workers=st.integers(1, 5),
    elements=st.integers(0, 12),
    graph=graphs(6),
)
@settings(max_examples=250, deadline=None)
def test_no_collective_on_any_graph_under_any_model_beats_its_bound(
    network: dict[str, Any], name: str, workers: int, elements: int, graph: nx.DiGraph[Any]
) -> None:
    try:
        result = simcomm.simulate(name, workers, parameters=elements, dtype="int8", topology=graph, network=network)
    except InputError:  # no power of two, or odd: refused
        return
    assert result.time_s >= result.lower_bound_s * (1 - 1e-12)
    assert (result.lower_bound_s > 0) is (workers > 1 and result.total_bytes > 0)
    if result.lower_bound_by.startswith("cut"):
        assert result.cut_bound_s == result.lower_bound_s
    parts = ("compute", "latency", "serialisation", "port_wait", "data_wait", "reduction")
    assert sum(getattr(result, f"critical_{part}_s") for part in parts) == pytest.approx(result.time_s, rel=1e-12)
    assert result.critical_wait_at_s <= result.critical_port_wait_s * (1 + 1e-12)


@pytest.mark.parametrize("network", ["store_and_forward", "fair_share"])
@pytest.mark.parametrize("adding", ["1 GB/s", "12.5 GB/s", "100 GB/s"])
def test_servers_that_add_while_they_receive_do_not_beat_the_bound(network: str, adding: str) -> None:
    for workers in (4, 8):
        result = simcomm.simulate(
            {"name": "parameter_server", "servers": workers, "placement": "colocated"},
            workers,
            parameters=workers * 1000,
            network={"model": network, "reduce_bandwidth": adding},
            link={"bandwidth": "100 Gbit/s", "latency": "0 s"},
        )
        assert result.time_s >= result.lower_bound_s * (1 - 1e-12)


def test_a_free_first_byte_does_not_beat_the_bound() -> None:
    network = {"model": "loggp", "first_byte_free": True}
    link = {"bandwidth": "1 GB/s", "latency": "0 s"}
    result = simcomm.simulate("all_to_all", 2, parameters=3, dtype="int8", network=network, link=link)
    assert result.time_s == pytest.approx(2e-9)
    assert result.time_s >= result.lower_bound_s * (1 - 1e-12)


def test_a_host_that_is_slow_to_send_and_has_nothing_to_send_does_not_beat_the_bound() -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from([0, 1], kind="host")
    graph.add_edge(0, 1, bandwidth_Bps=100.0, latency_s=0.0)
    graph.add_edge(1, 0, bandwidth_Bps=1.0, latency_s=0.0)
    result = simcomm.simulate("all_to_all_blocks", 2, parameters=1, dtype="int8", topology=graph)
    assert (result.messages, result.time_s) == (1, 0.01)
    assert result.time_s >= result.lower_bound_s * (1 - 1e-12)


def test_a_schedule_of_computations_alone_has_no_bytes_to_ask_a_model_about() -> None:
    what = task(workers=1)
    alone = Checked(**{**vars(what), "schedule": Schedule.of(1, 1, list(task().schedule)[:0])})
    assert formula(alone, star(alone), LogGP(), Workers.alike(1)) == 0
    assert math.isfinite(bound(alone, star(alone), LogGP()).time_s)
    assert np.all(alone.size_bytes == 0)
