"""Store and forward by hand: tiny lines and stars whose times are worked out in the comments, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from random_networks import store_and_forward

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines import des
from simcomm.engines.explain import critical_path
from simcomm.engines.meters import Crossing, Use, Wait
from simcomm.engines.timeline import Timeline
from simcomm.errors import InputError
from simcomm.execution import execute
from simcomm.networks.base import Cost, Message, Workers
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.schedule import Operation, Schedule
from simcomm.topology import build
from simcomm.topology.routes import Link, Route

F = Fraction


def line(*links: tuple[Any, Any], first: Any = 0, last: Any = 1) -> Route:
    """A route from host to host over links of (bandwidth, latency)."""
    nodes = [first, *(f"s{i}" for i in range(len(links) - 1)), last]
    return Route(tuple(Link(a, b, F(r), F(L)) for a, b, (r, L) in zip(nodes, nodes[1:], links, strict=False)))


def run(
    rows: Sequence[Operation],
    sizes: Sequence[int],
    routes: dict[tuple[int, int], Route],
    model: StoreAndForward | None = None,
    ready: Sequence[Any] | None = None,
) -> Timeline:
    ranks = 1 + max(max(row.src, row.dst) for row in rows)
    zeros = (0,) * ranks
    workers = Workers(tuple(ready or zeros), zeros, (1,) * ranks)
    compute = np.array([F(row.seconds) for row in rows], dtype=object)
    schedule = Schedule.of(ranks, 1, rows)
    return des.run(schedule, np.array(sizes), model or StoreAndForward(), routes, workers, compute, True)


def copy(src: int, dst: int, *after: int) -> Operation:
    return Operation("copy", src, dst, 0, after=after)


def reduce(src: int, dst: int) -> Operation:
    return Operation("reduce", src, dst, 0)


def test_one_hop() -> None:
    # 12 B at 4 B/s and 5 s.
    assert run([copy(0, 1)], [12], {(0, 1): line((4, 5))}).end_s.tolist() == [3 + 5]


def test_every_hop_has_the_whole_message_before_the_next_begins() -> None:
    # 12 B: 3 + 5 on the first link, 6 + 1 on the second, 2 + 2 on the third.
    timeline = run([copy(0, 1)], [12], {(0, 1): line((4, 5), (2, 1), (6, 2))})
    assert timeline.end_s.tolist() == [8 + 7 + 4]
    assert [(c.start_s, c.end_s) for c in timeline.log.crossings] == [(0, 3), (8, 14), (15, 17)]
    assert (timeline.latency_s.tolist(), timeline.serialisation_s.tolist()) == ([8], [11])


def test_a_link_serves_one_at_a_time_and_is_free_while_the_latency_goes_by() -> None:
    # 4 B at 1 B/s: the link is held 0 to 4 and 4 to 8, each arrives 10 later.
    timeline = run([copy(0, 1), copy(0, 1)], [4, 4], {(0, 1): line((1, 10))})
    assert (timeline.start_s.tolist(), timeline.end_s.tolist()) == ([0, 4], [14, 18])
    (link,) = line((1, 10)).links
    assert timeline.log.meters[link].use == Use(8, 2, 4, 0, 4)
    assert timeline.log.waits == {1: [Wait(link, 4, 0)]}
    assert timeline.log.crossings == [Crossing(link, 0, 0, 0, 4), Crossing(link, 1, 0, 4, 8)]


def test_at_a_tie_the_lower_operation_goes_first() -> None:
    # Over links of their own, both are at the switch at 4 + 1 and want the link to rank 2.
    def way(src: int) -> Route:
        return Route((Link(src, "s", F(1), F(1)), Link("s", 2, F(2), F(0))))

    routes = {(0, 2): way(0), (1, 2): way(1)}
    assert run([copy(1, 2), copy(0, 2)], [4, 4], routes).end_s.tolist() == [7, 9]
    assert run([copy(0, 2), copy(1, 2)], [4, 4], routes).end_s.tolist() == [7, 9]
    # An earlier message goes first, whatever its number: operation 1 has 2 B, is there at 3, ahead of 0 (at 5).
    assert run([copy(0, 2), copy(1, 2)], [4, 2], routes).end_s.tolist() == [7, 4]


def test_a_message_at_the_head_of_the_line_holds_up_those_behind_it() -> None:
    # 0 -> s (8 B/s), s -> 1 (1 B/s), s -> 2 (8 B/s), no latency. Operations 0 and 1 go to 1, operation 2 to 2.
    # On 0 -> s: 0 to 1, 1 to 2, 2 to 3. To 1: 1 to 9, 9 to 17. To 2: 3 to 4: the slow link blocks nobody on the first.
    out = Link(0, "s", F(8), F(0))
    routes = {(0, 1): Route((out, Link("s", 1, F(1), F(0)))), (0, 2): Route((out, Link("s", 2, F(8), F(0))))}
    timeline = run([copy(0, 1), copy(0, 1), copy(0, 2)], [8, 8, 8], routes)
    assert timeline.end_s.tolist() == [9, 17, 4]
    # A long message ahead of a short one on the first link does: 64 B take 8 s of it, then comes 1 B.
    timeline = run([copy(0, 1), copy(0, 2)], [64, 1], routes)
    assert timeline.end_s.tolist() == [8 + 64, 8 + F(1, 8) + F(1, 8)]
    assert timeline.log.waits == {1: [Wait(out, 8, 0)]}


def test_a_host_sends_over_all_its_links_at_once() -> None:
    routes = {(0, 1): line((1, 0)), (0, 2): line((1, 0), last=2)}
    assert run([copy(0, 1), copy(0, 2)], [4, 4], routes).end_s.tolist() == [4, 4]


def test_the_endpoint_s_delay_comes_after_every_message_and_before_what_waits_for_it() -> None:
    model = StoreAndForward(endpoint_delay_s=F(3))
    routes = {(0, 1): line((1, 10)), (1, 0): line((1, 10), first=1, last=0)}
    timeline = run([copy(0, 1), copy(1, 0, 0), copy(0, 1)], [4, 4, 4], routes, model)
    assert timeline.end_s.tolist() == [17, 17 + 17, 4 + 17]
    assert timeline.latency_s.tolist() == [13, 13, 13]


def test_reductions_are_added_one_at_a_time() -> None:
    # Both arrive at 4 over links of their own; 2 B/s are added: 4 to 6 and 6 to 8. A copy needs no adding.
    model = StoreAndForward(reduce_bandwidth_Bps=F(2))
    routes = {(0, 2): line((1, 0), first=0, last=2), (1, 2): line((1, 0), first=1, last=2)}
    timeline = run([reduce(0, 2), reduce(1, 2)], [4, 4], routes, model)
    assert timeline.end_s.tolist() == [6, 8]
    assert timeline.log.waits == {1: [Wait(("reduce", 2), 2, 0)]}
    assert run([reduce(0, 2), copy(1, 2)], [4, 4], routes, model).end_s.tolist() == [6, 4]
    # The link goes on meanwhile: 4 + 2 and 8 + 2 over one link.
    assert run([reduce(0, 2), reduce(0, 2)], [4, 4], routes, model).end_s.tolist() == [6, 10]


def test_packets_travel_on_while_others_follow() -> None:
    # 6 packets of 2 B over three links of 1 B/s: (6 + 3 − 1)·2 + latencies.
    model = StoreAndForward(2)
    timeline = run([copy(0, 1)], [12], {(0, 1): line((1, 1), (1, 2), (1, 4))}, model)
    assert timeline.end_s.tolist() == [16 + 7]
    assert timeline.serialisation_s.tolist() == [16]
    assert len(timeline.log.crossings) == 18


def test_the_last_packet_is_shorter() -> None:
    # 2 + 2 + 1 B over two links of 1 B/s: first link 0-2, 2-4, 4-5; second 2-4, 4-6, 6-7.
    timeline = run([copy(0, 1)], [5], {(0, 1): line((1, 0), (1, 0))}, StoreAndForward(2))
    assert timeline.end_s.tolist() == [7]
    spans = [(c.place.dst, c.start_s, c.end_s) for c in timeline.log.crossings]
    assert sorted(spans, key=str) == sorted(
        [("s0", 0, 2), ("s0", 2, 4), ("s0", 4, 5), (1, 2, 4), (1, 4, 6), (1, 6, 7)], key=str
    )


@pytest.mark.parametrize("size", [1, 5, 8])
def test_a_message_no_longer_than_a_packet_is_whole(size: int) -> None:
    routes = {(0, 1): line((1, 3), (2, 4))}
    assert run([copy(0, 1)], [size], routes, StoreAndForward(8)).end_s == run([copy(0, 1)], [size], routes).end_s


def test_the_slowest_link_sets_the_pace_of_packets() -> None:
    # 4 packets of 3 B over 3, 1 and 3 B/s: 1 + 4·3 + 1.
    timeline = run([copy(0, 1)], [12], {(0, 1): line((3, 0), (1, 0), (3, 0))}, StoreAndForward(3))
    assert timeline.end_s.tolist() == [14]


def test_packets_of_two_messages_share_a_link_message_by_message_but_meet_later_packet_by_packet() -> None:
    # At rank 0's link the packets of operation 0 all go first: both asked at 0.
    routes = {(0, 1): line((1, 0))}
    timeline = run([copy(0, 1), copy(0, 1)], [4, 4], routes, StoreAndForward(2))
    assert timeline.end_s.tolist() == [4, 8]
    # From two hosts the packets meet at the switch at 2, 4: operation 0, 1, 0, 1.
    to_2 = Link("s", 2, F(1), F(0))
    routes = {(a, 2): Route((Link(a, "s", F(1), F(0)), to_2)) for a in (0, 1)}
    timeline = run([copy(0, 2), copy(1, 2)], [4, 4], routes, StoreAndForward(2))
    assert [c.operation for c in timeline.log.crossings if c.place == to_2] == [0, 1, 0, 1]
    assert timeline.end_s.tolist() == [8, 10]


def test_in_packets_a_short_message_still_waits_behind_a_long_one() -> None:
    # All packets asked at 0; operation 1 comes at 1 and is served after the last of them.
    timeline = run(
        [copy(0, 1), copy(0, 1, 2), copy(2, 3)],
        [6, 1, 1],
        {(0, 1): line((1, 0)), (2, 3): line((1, 0), first=2, last=3)},
        StoreAndForward(2),
    )
    assert timeline.start_s.tolist() == [0, 6, 0]
    assert timeline.end_s.tolist() == [6, 7, 1]


RATES = st.integers(1, 6).map(lambda k: F(k, 2)) | st.fractions(F(1, 9), 9, max_denominator=9)
LATENCIES = st.integers(0, 8).map(lambda k: F(k, 3))


@given(
    links=st.lists(st.tuples(RATES, LATENCIES), min_size=1, max_size=6),
    size=st.integers(1, 40),
    model=store_and_forward(),
    packet=st.none() | st.integers(1, 12),
    reduces=st.booleans(),
)
@example(links=[(F(1), F(0)), (F(2), F(0)), (F(1, 3), F(0))], size=7, model=StoreAndForward(), packet=3, reduces=False)
@settings(max_examples=250)
def test_one_message_alone_takes_exactly_its_cost(
    links: list[tuple[Fraction, Fraction]], size: int, model: StoreAndForward, packet: int | None, reduces: bool
) -> None:
    model = StoreAndForward(packet, model.endpoint_delay_s, model.reduce_bandwidth_Bps)
    route = line(*links)
    timeline = run([reduce(0, 1) if reduces else copy(0, 1)], [size], {(0, 1): route}, model)
    cost = model.cost(Message(0, 0, 1, size, reduces, route))
    assert timeline.end_s.tolist() == [sum(cost[:3])]
    assert timeline.start_s.tolist() == [0]
    if packet is None:
        adding = size / model.reduce_bandwidth_Bps if reduces and model.reduce_bandwidth_Bps else 0
        alone = sum(size / rate + latency for rate, latency in links) + model.endpoint_delay_s + adding
        assert timeline.end_s.tolist() == [alone]


@given(
    links=st.lists(st.tuples(st.floats(1e6, 1e12), st.floats(0, 1e-3)), min_size=1, max_size=6),
    packets=st.integers(1, 60),
    size=st.integers(1, 4000),
)
def test_rounding_is_not_a_wait(links: list[tuple[float, float]], packets: int, size: int) -> None:
    nodes = [0, *(f"s{i}" for i in range(len(links) - 1)), 1]
    route = Route(tuple(Link(a, b, *each) for a, b, each in zip(nodes, nodes[1:], links, strict=False)))
    schedule, seconds = Schedule.of(2, 1, [copy(0, 1)]), np.zeros(1)
    sizes, routes = np.array([packets * size - size // 2]), {(0, 1): route}
    timeline = des.run(schedule, sizes, StoreAndForward(size), routes, Workers.alike(2), seconds)
    path = critical_path(timeline)
    assert (path.parts.port_wait_s, path.waits) == (0.0, ())
    assert path.parts.total_s == pytest.approx(timeline.makespan_s, rel=1e-12)


def test_cost_says_how_long_both_ends_are_busy() -> None:
    message = Message(0, 0, 1, 12, True, line((4, 5), (2, 1)))
    model = StoreAndForward(endpoint_delay_s=F(7), reduce_bandwidth_Bps=F(3))
    assert model.cost(message) == Cost(5 + 1 + 7, 3 + 6, 4, 3, 6 + 4)


def test_what_theory_asks() -> None:
    model = StoreAndForward(endpoint_delay_s=F(7), reduce_bandwidth_Bps=F(4))
    assert model.alpha_gamma(F(2)) == (9, F(1, 4))
    assert not model.one_port
    assert not model.has_formula(np.array([1]), 1)


@pytest.mark.parametrize("packet", [0, -5])
def test_a_packet_has_at_least_a_byte(packet: int) -> None:
    with pytest.raises(InputError, match=rf"^packet_size: {packet} bytes; expected at least 1 byte$"):
        StoreAndForward(packet)


@pytest.mark.parametrize("n", [2, 3, 4, 8])
@pytest.mark.parametrize(("kind", "links"), [("star", 2), ("ring", 1), ("fully_connected", 1)])
def test_the_closed_form_of_a_ring(kind: str, links: int, n: int) -> None:
    # e before the first send is a late start of e here: e + 2(n − 1)(D + e), D = L + m/β on every link.
    e, L, rate = F(1), F(5_000), F(25, 2)
    schedule = get("ring_all_reduce").schedule(n)
    ran = execute(
        schedule,
        schedule.sizes_bytes(Vector(n * 1000, 1)),
        build(kind, n, rate, L),
        network=StoreAndForward(endpoint_delay_s=e),
        workers=Workers((e,) * n, (0,) * n, (1,) * n),
        exact=True,
    )
    assert ran.timeline.makespan_s == e + 2 * (n - 1) * (links * (L + 1000 / rate) + e)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_the_closed_form_of_the_direct_all_to_all_on_a_star(n: int) -> None:
    # e + (n − 2)·m/β + 2(L + m/β) + e
    e, L, rate, m = F(1), F(50), F(10), 1000
    ranks = range(n)
    rows = [copy(a, (a + step) % n) for step in range(1, n) for a in ranks]
    ran = execute(
        Schedule.of(n, 1, rows),
        [m] * len(rows),
        build("star", n, rate, L),
        network=StoreAndForward(endpoint_delay_s=e),
        workers=Workers((e,) * n, (0,) * n, (1,) * n),
        exact=True,
    )
    assert ran.timeline.makespan_s == e + (n - 2) * m / rate + 2 * (L + m / rate) + e
