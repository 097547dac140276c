"""Flows: what is solved anew when, how often, and that rounding never loses the end of a flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines import fluid
from simcomm.engines.explain import critical_path
from simcomm.engines.max_min import max_min
from simcomm.engines.timeline import Timeline
from simcomm.execution import execute
from simcomm.networks.base import Workers
from simcomm.networks.fair_share import FairShare
from simcomm.schedule import Operation, Schedule
from simcomm.topology import build

F = Fraction


@contextmanager
def solved() -> Iterator[list[tuple[list[str], list[str]]]]:
    """Of every solution of a part, the (src, dst) of its links and how many flows."""
    calls: list[Any] = []

    def watched(demands: Sequence[Any], bandwidth_Bps: Any) -> Any:
        calls.append((sorted(f"{link.src}{link.dst}" for link in bandwidth_Bps), len(demands)))
        return max_min(demands, bandwidth_Bps)

    with patch.object(fluid, "max_min", watched):
        yield calls


def two_lines() -> nx.DiGraph[Any]:
    """The hosts 0 - 1 - 2 - 3 and 4 - 5 - 6 - 7 in two lines, tied together at a switch; 4 B/s, no latency."""
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_nodes_from(range(8), kind="host")
    graph.add_node("s", kind="switch")
    graph.add_edges_from([(0, 1), (1, 2), (2, 3), (3, "s"), ("s", 4), (4, 5), (5, 6), (6, 7)])
    for edge in graph.edges:
        graph.edges[edge].update(bandwidth_Bps=F(4), latency_s=F(0))
    return graph.to_directed()


def flows(*flow: tuple[str, int], ready: Sequence[Any] = (0,) * 8) -> tuple[Timeline, list[tuple[list[str], int]]]:
    """("01", 8): 8 bytes from host 0 to host 1; the timeline, and what was solved."""
    rows = [Operation("copy", int(name[0]), int(name[1]), 0) for name, _ in flow]
    schedule, sizes = Schedule.of(8, 1, rows), [size for _, size in flow]
    workers = Workers(tuple(map(F, ready)), (0,) * 8, (1,) * 8)
    with solved() as calls:
        run = execute(schedule, sizes, two_lines(), network="fair_share", workers=workers, exact=True)
    return run.timeline, calls


def test_a_flow_alone_is_solved_when_it_starts_and_when_it_ends() -> None:
    _, calls = flows(("01", 8))
    assert calls == [(["01"], 1), (["01"], 0)]


def test_all_that_starts_at_an_instant_is_solved_at_once() -> None:
    timeline, calls = flows(("01", 8), ("01", 8), ("01", 8))
    assert calls == [(["01"], 3), (["01"], 0)]
    assert timeline.end_s.tolist() == [6, 6, 6]


def test_what_does_not_hang_together_with_a_change_is_not_solved() -> None:
    # 0 -> 1 from 0 to 10; 4 -> 5 from 3 to 4.
    timeline, calls = flows(("01", 40), ("45", 4), ready=[0, 0, 0, 0, 3, 0, 0, 0])
    assert timeline.end_s.tolist() == [10, 4]
    assert calls == [(["01"], 1), (["45"], 1), (["45"], 0), (["01"], 0)]


def test_a_change_goes_as_far_as_flows_share_links() -> None:
    # 0 -> 2 and 1 -> 3 share 12, 1 -> 3 and 2 -> 3 share 23 from 2 on; 4 -> 5 is by itself.
    timeline, calls = flows(("02", 40), ("13", 40), ("45", 40), ("23", 4), ready=[0, 0, 2, 0, 1, 0, 0, 0])
    # Rates: 2 and 2 throughout: the third on 23 has the other 2, from 2 to 4.
    assert timeline.end_s.tolist() == [20, 20, 11, 4]
    assert calls == [
        (["01", "12", "23"], 2),
        (["45"], 1),
        (["01", "12", "23"], 3),
        (["01", "12", "23"], 2),
        (["45"], 0),
        (["01", "12", "23"], 0),
    ]
    # Flows whose rates stay as they are go on as if nothing had happened.
    assert [(rate.time_s, rate.rate_Bps) for rate in timeline.log.rates if rate.place.ends == (0, 1)] == [
        (0, 2),
        (2, 2),
        (4, 2),
        (20, 0),
    ]


def test_parts_that_change_at_the_same_instant_are_solved_together() -> None:
    timeline, calls = flows(("12", 8), ("23", 40), ("12", 4))
    assert timeline.end_s.tolist() == [3, 10, 2]
    assert calls == [(["12", "23"], 3), (["12"], 1), (["12"], 0), (["23"], 0)]


def test_the_work_of_a_ring_grows_with_its_messages_and_not_with_their_square() -> None:
    n = 8
    schedule = get("ring_all_reduce").schedule(n)
    late = Workers(tuple(F(rank, 1000) for rank in range(n)), (0,) * n, (1,) * n)  # no two changes at an instant
    with solved() as calls:
        graph = build("ring", n, F(1), F(1, 7))
        execute(schedule, schedule.sizes_bytes(Vector(n * 8, 1)), graph, network="fair_share", workers=late, exact=True)
    assert len(calls) <= 2 * len(schedule)
    assert max(flows for _, flows in calls) == 1


FAR = {"bandwidth_Bps": 2865596.043368335, "latency_s": 0.0008326884622918849}


def test_a_flow_ends_though_the_clock_cannot_be_set_to_its_end_exactly() -> None:
    # After operation 1 has ended, now + (end of operation 0 - now) is less than that end, by rounding.
    graph = build("star", 4, FAR["bandwidth_Bps"], FAR["latency_s"])
    rows = [Operation("copy", 0, 1, 0), Operation("copy", 2, 3, 0)]
    sizes = (647594, 172417)
    timeline = execute(Schedule.of(4, 1, rows), sizes, graph, network="fair_share").timeline
    for end, size in zip(timeline.end_s.tolist(), sizes, strict=True):
        assert end == pytest.approx(2 * FAR["latency_s"] + size / FAR["bandwidth_Bps"], rel=1e-15)


@given(st.floats(1e6, 1e12), st.floats(1e-9, 1e-3), st.integers(1, 10**9), st.none() | st.floats(1e6, 1e12))
def test_a_flow_alone_is_held_up_by_nobody_not_even_by_rounding(
    bandwidth_Bps: float, latency_s: float, size: int, cap_Bps: float | None
) -> None:
    network = FairShare("inverse_latency", cap_Bps)
    schedule = Schedule.of(2, 1, [Operation("copy", 0, 1, 0)])
    timeline = execute(schedule, [size], build("star", 2, bandwidth_Bps, latency_s), network=network).timeline
    assert timeline.log.waits == {}
    assert {meter.use.contended_s for meter in timeline.log.meters.values()} == {0.0}
    assert critical_path(timeline).parts.port_wait_s == 0.0


@pytest.mark.no_cover
@given(
    bandwidth_Bps=st.lists(st.floats(1.0, 1e12), min_size=4, max_size=4),
    latency_s=st.lists(st.just(0.0) | st.floats(1e-12, 1.0) | st.floats(1e-9, 1e-3), min_size=4, max_size=4),
    messages=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 10**9)), min_size=1, max_size=12),
    starts=st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4),
    weights=st.sampled_from(["equal", "inverse_latency"]),
)
@settings(max_examples=300, deadline=None)
def test_with_any_floats_every_flow_ends_when_fractions_say(
    bandwidth_Bps: list[float],
    latency_s: list[float],
    messages: list[tuple[int, int, int]],
    starts: list[float],
    weights: str,
) -> None:
    rows = [Operation("copy", src, (src + hop) % 4, 0) for src, hop, _ in messages]
    schedule, sizes = Schedule.of(4, 1, rows), [size for _, _, size in messages]
    ends = []
    for number in (float, Fraction):
        graph: nx.Graph[Any] = nx.Graph()
        graph.add_nodes_from(range(4), kind="host")
        graph.add_node("s", kind="switch")
        for host in range(4):
            graph.add_edge(host, "s", bandwidth_Bps=number(bandwidth_Bps[host]), latency_s=number(latency_s[host]))
        workers = Workers(tuple(map(number, starts)), (number(0),) * 4, (1,) * 4)
        network = {"model": "fair_share", "weights": weights}
        ran = execute(schedule, sizes, graph, network=network, workers=workers, exact=number is Fraction)
        ends.append(ran.timeline.end_s.astype(float))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9)
