"""What every link did: by hand on an incast, and what each model can say of links."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest

from simcomm.execution import Execution, execute
from simcomm.link_table import LINK_COLUMNS, Links, LinkUse
from simcomm.links import busiest, link_uses, uses_of
from simcomm.schedule import Operation, Schedule
from simcomm.shares import Pairs
from simcomm.topology import build
from simcomm.topology.cluster import place
from simcomm.topology.regular import regular

F = Fraction


def copy(src: int, dst: int) -> Operation:
    return Operation("copy", src, dst, 0)


#: Ranks 1 and 2 send 8 and 16 B to rank 0 over a star of 4 B/s and 1 s.
INCAST, SIZES = [copy(1, 0), copy(2, 0)], np.array([8, 16])


def incast(network: Any, graph: nx.Graph[Any] | None = None, **more: Any) -> tuple[Execution, dict[str, LinkUse]]:
    schedule = Schedule.of(4, 1, INCAST)
    ran = execute(schedule, SIZES, graph or build("star", 4, F(4), F(1)), network=network, exact=True, **more)
    uses = link_uses(ran.cluster, schedule, SIZES, ran.timeline, point="p")
    assert [(use.src, use.dst) for use in uses] == [(str(a), str(b)) for a, b in ran.cluster.graph.edges]
    return ran, {f"{use.src}-{use.dst}": use for use in uses}


def test_store_and_forward() -> None:
    # At the switch at 2 + 1 and 4 + 1; the link to rank 0 is held 3 to 5 and 5 to 9: nobody waits; all end at 10.
    ran, uses = incast("store_and_forward")
    assert ran.timeline.makespan_s == 10
    assert uses["switch-0"] == LinkUse(
        point="p", src="switch", dst="0", cables=1, bandwidth_Bps=4.0, latency_s=1.0, messages=2, bytes=24,
        utilisation=0.6, busy_s=6.0, peak=1, contended_s=0.0, contended_from_s=None, contended_until_s=None,
    )  # fmt: skip
    assert (uses["2-switch"].bytes, uses["2-switch"].busy_s, uses["2-switch"].messages) == (16, 4.0, 1)
    idle = uses["0-switch"]
    assert (idle.messages, idle.bytes, idle.utilisation, idle.busy_s, idle.peak) == (0, 0, 0.0, 0.0, 0)


def test_packets_wait_for_each_other() -> None:
    # Packets of 4 B: rank 1's leave at 0, 1; rank 2's at 0, 1, 2, 3. At the switch at 2 (two), 3 (two), 4, 5: served
    # at 2, 3, 4, 5, 6, 7 in the order 1 2 1 2 2 2: from 2 to 7 somebody waits.
    _, uses = incast({"model": "store_and_forward", "packet_size": 4})
    use = uses["switch-0"]
    assert (use.messages, use.bytes, use.busy_s, use.peak) == (2, 24, 6.0, 3)
    assert (use.contended_s, use.contended_from_s, use.contended_until_s) == (5.0, 2.0, 7.0)


def test_fair_share() -> None:
    # Both flow from 2: 2 B/s each until 6; 8 B left at 4 B/s until 8.
    ran, uses = incast("fair_share")
    assert ran.timeline.makespan_s == 8
    use = uses["switch-0"]
    assert (use.messages, use.bytes, use.utilisation, use.busy_s, use.peak) == (2, 24, 0.75, 6.0, 2)
    assert (use.contended_s, use.contended_from_s, use.contended_until_s) == (4.0, 2.0, 6.0)
    # A host's own link is slowed down, but by the other one: it is not contended.
    assert (uses["2-switch"].busy_s, uses["2-switch"].contended_s, uses["2-switch"].peak) == (6.0, 0.0, 1)


def test_loggp_has_no_queue_on_links() -> None:
    ran, uses = incast("loggp")
    assert ran.timeline.makespan_s == 2 + 2 + 4
    use = uses["switch-0"]
    assert (use.messages, use.bytes, use.utilisation) == (2, 24, 0.75)
    assert {(u.busy_s, u.peak, u.contended_s, u.contended_from_s, u.contended_until_s) for u in uses.values()} == {
        (None,) * 5
    }


def test_loggp_may_let_more_pass_than_a_link_carries() -> None:
    # Two leaves, one uplink: ranks 0 and 1 send to 2 and 3 at once, each at the uplink's whole bandwidth.
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_nodes_from(range(4), kind="host")
    graph.add_nodes_from("ab", kind="switch")
    ends = [(0, "a"), (1, "a"), (2, "b"), (3, "b"), ("a", "b")]
    graph.add_edges_from(ends, bandwidth_Bps=F(4), latency_s=F(0))
    schedule, sizes = Schedule.of(4, 1, [copy(0, 2), copy(1, 3)]), np.array([8, 8])
    used = {}
    for network in ("loggp", "store_and_forward", "fair_share"):
        ran = execute(schedule, sizes, graph, network=network, exact=True)
        uses = link_uses(ran.cluster, schedule, sizes, ran.timeline)
        used[network] = next(use.utilisation for use in uses if (use.src, use.dst) == ("a", "b"))
    assert used == {"loggp": 2.0, "store_and_forward": 0.5, "fair_share": 1.0}  # in 2, 8 and 4 s


def test_a_slow_host_s_links_and_parallel_cables() -> None:
    graph: nx.MultiGraph[Any] = nx.MultiGraph()
    graph.add_nodes_from(range(4), kind="host")
    graph.add_node("switch", kind="switch")
    for host in (0, 1, 1, 2, 3):
        graph.add_edge(host, "switch", bandwidth_Bps=F(4), latency_s=F(1))
    _, uses = incast("store_and_forward", graph, bandwidth_factor=[1, F(1, 2), 1, 1])
    assert (uses["1-switch"].cables, uses["1-switch"].bandwidth_Bps, uses["1-switch"].busy_s) == (2, 4.0, 2.0)
    assert (uses["0-switch"].cables, uses["0-switch"].bandwidth_Bps) == (1, 4.0)


def test_a_run_of_no_time_has_no_utilisation() -> None:
    schedule = Schedule.of(2, 1, [copy(0, 1)])
    ran = execute(schedule, [0], build("star", 2, F(4), F(1)), network="fair_share", exact=True)
    uses = link_uses(ran.cluster, schedule, np.array([0]), ran.timeline)
    assert {(use.utilisation, use.busy_s, use.messages, use.bytes) for use in uses} == {(None, None, 0, 0)}
    assert busiest(uses) is None


def test_the_busiest_link_is_the_one_with_the_most_bytes_for_its_bandwidth() -> None:
    _, uses = incast("fair_share")
    assert busiest(uses.values()) == uses["switch-0"]
    # The bandwidths count: a link of half the bytes at a quarter of the bandwidth. Of equal ones the first.
    graph = build("star", 4, F(4), F(1))
    graph.edges[1, "switch"]["bandwidth_Bps"] = F(1)
    _, uses = incast("fair_share", graph)
    assert busiest(uses.values()) == uses["1-switch"]
    graph.edges[1, "switch"]["bandwidth_Bps"] = F(8, 6)
    _, uses = incast("fair_share", graph)
    assert busiest(uses.values()) == uses["1-switch"]  # 8 / (8/6) = 24 / 4


def test_bytes_past_64_bits_are_exact() -> None:
    schedule, sizes = Schedule.of(2, 1, [copy(0, 1)] * 3), np.array([2**62, 2**62, 2**62])
    ran = execute(schedule, sizes, build("star", 2, 1e12, 0.0), network="loggp")
    uses = link_uses(ran.cluster, schedule, sizes, ran.timeline)
    assert [use.bytes for use in uses if use.src == "0"] == [3 * 2**62]


def test_every_row_is_plain() -> None:
    _, uses = incast("fair_share")
    for use in uses.values():
        row = use.as_row()
        assert list(row) == [column.name for column in LINK_COLUMNS]
        assert {type(value) for value in row.values()} <= {str, int, float, type(None)}


@pytest.mark.parametrize("network", ["loggp", "store_and_forward", "fair_share"])
def test_a_public_result_has_the_same_rows(network: str) -> None:
    import simcomm

    link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    result = simcomm.simulate("ring_all_reduce", 4, parameters=4000, topology="ring", link=link, network=network)
    rows = {(use.src, use.dst): use for use in result.links}
    assert {rows[str(r), str((r + 1) % 4)].bytes for r in range(4)} == {result.max_bytes_sent}
    assert {rows[str((r + 1) % 4), str(r)].bytes for r in range(4)} == {0}
    assert sum(use.bytes for use in rows.values()) == result.total_bytes


@pytest.mark.parametrize(("exact", "engine"), [(False, "des"), (False, "compiled"), (True, "des")])
@pytest.mark.parametrize("network", ["loggp", "store_and_forward", "fair_share"])
@pytest.mark.parametrize(("kind", "hosts"), [("star", 5), ("ring", 7), ("ring", 8), ("hypercube", 8), ("ring", 2)])
def test_a_regular_topology_has_the_rows_of_its_graph(
    kind: str, hosts: int, network: str, exact: bool, engine: str
) -> None:
    pairs = [(a, b) for a in range(hosts) for b in range(hosts) if (a * b + a) % 3 and a != b]
    schedule = Schedule.of(hosts, 1, [copy(a, b) for a, b in pairs + pairs[::2]])
    sizes = np.random.default_rng(hosts).integers(0, 9, len(schedule))
    link = (F(1, 3), F(1, 7)) if exact else (0.3, 0.7)
    closed = regular(kind, hosts, *link, {})
    assert closed is not None
    tables = []
    for topology in (build(kind, hosts, *link), closed):
        ran = execute(schedule, sizes, topology, network=network, exact=exact, engine=engine)
        uses = link_uses(ran.cluster, schedule, sizes, ran.timeline, point="p")
        tables.append((tuple(uses), uses.at("q")[1], uses.busiest(3), busiest(uses), ran.timeline.makespan_s))
    assert tables[0] == tables[1]
    assert any(use.bytes for use in tables[0][0])


def test_rows_are_made_when_somebody_looks() -> None:
    closed = regular("star", 2**20, 12.5e9, 5e-6, {})
    assert closed is not None
    src = np.arange(2**20)
    dst = (src + 1) % 2**20
    traffic = Pairs(src, dst, np.full(len(src), 7), np.where(src == 5, 11, 10))
    cluster = place("star", closed, 2**20, [])
    uses = uses_of(cluster, traffic, 1.0, {}, "p")
    assert len(uses) == 2**21
    assert (uses[5].name, uses[5].messages, uses[5].bytes) == ("5 -> switch", 7, 11)
    assert (uses[-1].name, uses[-1].bytes, uses[2**20 + 6].bytes) == (f"switch -> {2**20 - 1}", 10, 11)
    assert busiest(uses) == uses[5]
    assert uses.busiest(3) == (uses[5], uses[2**20 + 6], uses[0])
    assert "graph" not in vars(cluster)


def test_rows_travel_as_rows() -> None:
    _, uses = incast("fair_share")
    schedule = Schedule.of(4, 1, INCAST)
    ran = execute(schedule, SIZES, build("star", 4, F(4), F(1)), network="fair_share", exact=True)
    table = link_uses(ran.cluster, schedule, SIZES, ran.timeline, point="p")
    sent = pickle.loads(pickle.dumps(table))
    assert type(sent.rows) is tuple
    assert sent == table == Links(tuple(uses.values()))
    assert hash(sent) == hash(table)
    assert table[1:3] == Links(tuple(uses.values())[1:3])
