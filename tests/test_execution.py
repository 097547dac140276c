"""Any schedule on any graph: what is taken, what is refused, and what the three models make of the same thing."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest

from simcomm.errors import DeadlockError, InputError
from simcomm.execution import execute, used_pairs
from simcomm.networks.base import Workers
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.schedule import Operation, Schedule
from simcomm.topology import build

F = Fraction
MODELS = ["loggp", "store_and_forward", "fair_share"]


def copy(src: int, dst: int, *after: int) -> Operation:
    return Operation("copy", src, dst, 0, after=after)


def star(hosts: int = 3) -> nx.DiGraph[Any]:
    return build("star", hosts, F(4), F(1))


#: 0 sends 8 B to 1, which computes 3 s and sends 4 B on to 2.
RELAY = Schedule.of(3, 1, [copy(0, 1), Operation("compute", 1, 1, 0, 0, 3.0, (0,)), copy(1, 2, 1)])


@pytest.mark.parametrize(
    ("network", "makespan_s"),
    [("loggp", (2 + 2) + 3 + (2 + 1)), ("store_and_forward", (4 + 2) + 3 + (2 + 2)), ("fair_share", 4 + 3 + 3)],
)
def test_a_relay_under_every_model(network: str, makespan_s: int) -> None:
    ran = execute(RELAY, [8, 0, 4], star(), network=network, exact=True)
    assert ran.timeline.makespan_s == makespan_s
    assert isinstance(ran.timeline.makespan_s, Fraction)
    floats = execute(RELAY, [8, 0, 4], build("star", 3, 4.0, 1.0), network=network)
    assert floats.timeline.end_s.dtype == np.float64
    assert floats.timeline.makespan_s == makespan_s
    assert (floats.engine, floats.cluster.name, floats.cluster.hosts) == ("des", "graph", (0, 1, 2))


@pytest.mark.parametrize(
    ("network", "model"),
    [
        ("loggp", LogGP()),
        ({"model": "loggp", "overhead": "1 s"}, LogGP(1.0)),
        ({"model": "store_and_forward", "packet_size": "4 B"}, StoreAndForward(4)),
        (FairShare(rate_cap_Bps=2), FairShare(rate_cap_Bps=2)),
    ],
)
def test_a_network_is_a_name_a_mapping_or_a_model(network: Any, model: Any) -> None:
    assert execute(RELAY, [8, 0, 4], star(), network=network).network == model


def test_the_default_is_loggp() -> None:
    assert execute(RELAY, [8, 0, 4], star(), exact=True).network == LogGP()


def test_ranks_are_placed_and_routed() -> None:
    graph = build("ring", 6, F(4), F(1))
    schedule = Schedule.of(2, 1, [copy(0, 1)])
    ends = {}
    for placement in ([0, 1], [0, 2], [5, 2]):
        ran = execute(schedule, [4], graph, network="store_and_forward", placement=placement, exact=True)
        assert ran.cluster.hosts == tuple(placement)
        ends[tuple(placement)] = ran.timeline.makespan_s
    assert ends == {(0, 1): 2, (0, 2): 4, (5, 2): 6}
    long_way = {"name": "explicit", "routes": [[0, 5, 4, 3, 2, 1]]}
    ran = execute(schedule, [4], graph, network="store_and_forward", routing=long_way, exact=True)
    assert ran.timeline.makespan_s == 10
    one, same, other = (
        execute(schedule, [4], graph, placement="random", seed=seed).cluster.hosts for seed in (1, 1, 2)
    )
    assert one == same != other


def test_a_slow_rank_is_slow_in_both_directions_wherever_it_is() -> None:
    schedule = Schedule.of(3, 1, [copy(0, 1), copy(1, 0), copy(0, 2)])
    for network in MODELS:
        slow = {"placement": [2, 0, 1], "bandwidth_factor": [1, F(1, 2), 1]}
        ran = execute(schedule, [8, 8, 8], star(), network=network, exact=True, **slow)
        assert ran.cluster.graph.edges[0, "switch"]["bandwidth_Bps"] == 2
        assert ran.cluster.graph.edges["switch", 0]["bandwidth_Bps"] == 2
        assert ran.cluster.graph.edges[2, "switch"]["bandwidth_Bps"] == 4


def test_late_workers_and_seconds_of_one_s_own() -> None:
    workers = Workers((F(5), 0, 0), (F(1), 0, F(20)), (1, 1, 1))
    ran = execute(RELAY, [8, 0, 4], star(), workers=workers, compute_s=np.array([0.0, 0.5, 0.0]), exact=True)
    assert ran.timeline.end_s.tolist() == [6 + 4, 10 + F(1, 2), 13 + F(1, 2)]
    assert ran.timeline.makespan_s == 20  # rank 2 has nothing but its own gradient


def test_a_graph_may_have_more_hosts_than_ranks_but_not_fewer() -> None:
    assert execute(RELAY, [8, 0, 4], star(7), exact=True).timeline.makespan_s == 10
    with pytest.raises(InputError, match="topology: mine has 2 hosts; expected at least 3"):
        execute(RELAY, [8, 0, 4], star(2), name="mine")


def test_nothing_to_do() -> None:
    for network in MODELS:
        ran = execute(Schedule.of(2, 1, []), [], star(2), network=network)
        assert ran.timeline.makespan_s == 0
        assert ran.timeline.log.meters == {}


def test_what_is_used() -> None:
    schedule = Schedule.of(4, 1, [copy(3, 1), copy(0, 2), copy(3, 1), copy(2, 3)])
    assert list(used_pairs(schedule, np.array([1, 5, 2, 0]))) == [(0, 2), (3, 1)]
    assert not used_pairs(schedule, np.zeros(4, dtype=np.int64))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"size_bytes": [8, 0]}, r"size_bytes: 2 sizes for 3 operations; expected one for each"),
        ({"size_bytes": [8, 0, -4]}, r"size_bytes: -4; expected 0 or more"),
        ({"size_bytes": [2**63, 0, 4]}, r"size_bytes: 9223372036854775808; expected less than 2\*\*63 bytes"),
        ({"network": "logp"}, r"unknown network model 'logp'; did you mean 'loggp'\?"),
        ({"network": {"overhead": "1 s"}}, r"network: no 'model' in \['overhead'\]; expected one of loggp, .*"),
        ({"network": {"model": "loggp", "gapp": 1}}, r"unknown option 'gapp' of network loggp; .*did you mean 'gap'\?"),
        ({"placement": "linaer"}, r"unknown placement 'linaer'; .*"),
        ({"placement": [0, 0, 1]}, r".*"),
        ({"placement": [0, 1, 9]}, r".*9.*"),
        ({"routing": "shortst"}, r"unknown routing 'shortst'; .*"),
        ({"bandwidth_factor": [1, 0, 1]}, r".*factor.*"),
        ({"bandwidth_factor": [1, 1]}, r".*factor.*"),
    ],
)
def test_what_does_not_fit_is_named(more: dict[str, Any], message: str) -> None:
    given = {"size_bytes": [8, 0, 4]} | more
    with pytest.raises(InputError, match=f"^{message}$"):
        execute(RELAY, given.pop("size_bytes"), star(), **given)


@pytest.mark.parametrize(
    "more",
    [
        {"size_bytes": [1.5, 0, 4]},
        {"size_bytes": ["8 B", 0, 4]},
        {"engine": "dse"},
        {"routing": {"seed": 3}},
        {"compute_s": [0.0]},
        {"network": 3},
    ],
)
def test_what_else_does_not_fit_is_named(more: dict[str, Any]) -> None:
    given = {"size_bytes": [8, 0, 4]} | more
    with pytest.raises(InputError, match=r"; expected"):
        execute(RELAY, given.pop("size_bytes"), star(), **given)


def test_a_computation_has_no_size() -> None:
    with pytest.raises(InputError):
        execute(RELAY, [8, 7, 4], star())


@pytest.mark.parametrize("network", MODELS)
def test_a_link_without_bandwidth_is_named(network: str) -> None:
    graph = star()
    graph.edges["switch", 1]["bandwidth_Bps"] = 0
    with pytest.raises(InputError, match=r"mine: link 'switch' -> 1: bandwidth_Bps is 0; expected more than 0"):
        execute(RELAY, [8, 0, 4], graph, network=network, name="mine")


@pytest.mark.parametrize("network", MODELS)
def test_a_graph_in_two_parts_is_named(network: str) -> None:
    graph = nx.DiGraph(star())
    graph.remove_edge("switch", 2)
    with pytest.raises(InputError, match=r"mine: host 2 cannot be reached from host 0; the graph is disconnected"):
        execute(RELAY, [8, 0, 4], graph, network=network, name="mine")


@pytest.mark.parametrize("network", MODELS)
def test_operations_that_wait_for_each_other_are_named(network: str) -> None:
    schedule = Schedule.of(3, 1, [copy(0, 1, 1), copy(1, 2, 0), copy(2, 0)])
    with pytest.raises(DeadlockError, match=r"^2 operations can never run: they wait for each other in a circle"):
        execute(schedule, [4, 4, 4], star(), network=network)


@pytest.mark.parametrize("network", MODELS)
def test_a_message_that_takes_for_ever_is_named(network: str) -> None:
    graph = build("star", 3, 1e-320, 1.0)  # the smallest bandwidths there are: 8 B take infinite seconds
    with pytest.raises(DeadlockError, match=r"operations never ended\n  operation 0: copy 0 -> 1"):
        execute(RELAY, [8, 0, 4], graph, network=network)
