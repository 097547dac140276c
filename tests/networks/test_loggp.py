"""LogGP by hand: tiny cases whose times are worked out in the comments, exactly.

Unless a test says otherwise: bandwidth 1 B/s, so that b bytes take b seconds, latency L = 10 s, o = g = 0, no γ.
Two times for a message: when its sending began, and when it had arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
from direct_routes import direct
from hypothesis import assume, given
from hypothesis import strategies as st
from random_runs import EIGHTHS, POWERS, loggp

from simcomm.engines import des
from simcomm.engines.timeline import Timeline
from simcomm.errors import InputError
from simcomm.execution import execute
from simcomm.networks.base import Cost, Message, Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Operation, Schedule
from simcomm.topology import build
from simcomm.topology.check import checked
from simcomm.topology.cluster import place

L = Fraction(10)
ONE = Fraction(1)


def timeline(
    rows: Sequence[Operation],
    size_bytes: Sequence[int],
    model: LogGP,
    workers: Workers | None = None,
    **route: Any,
) -> Timeline:
    ranks = 1 + max(max(row.src, row.dst) for row in rows)
    same = direct(route.get("latency_s", L), route.get("bandwidth_Bps", ONE))
    pairs = {(row.src, row.dst): same for row in rows}
    compute = np.array([Fraction(row.seconds) for row in rows], dtype=object)
    schedule = Schedule.of(ranks, 1, rows)
    return des.run(schedule, np.array(size_bytes), model, pairs, workers or Workers.alike(ranks), compute)


def times(*messages: tuple[int, int, int], kind: str = "copy", model: LogGP | None = None, **more: Any) -> list[Any]:
    """(start, end) of independent messages (src, dst, bytes)."""
    rows = [Operation(kind, src, dst, 0) for src, dst, _ in messages]
    run = timeline(rows, [size for _, _, size in messages], model or LogGP(), **more)
    return list(zip(run.start_s, run.end_s, strict=True))


def on_a_star(factors: Sequence[Any], *messages: tuple[int, int, int]) -> list[Any]:
    """The same on a star, whose hosts have their bandwidth times a factor."""
    graph = build("star", len(factors), ONE, L / 2)
    schedule = Schedule.of(len(factors), 1, [Operation("copy", src, dst, 0) for src, dst, _ in messages])
    sizes = [size for _, _, size in messages]
    run = execute(schedule, sizes, graph, network="loggp", bandwidth_factor=factors, exact=True).timeline
    return list(zip(run.start_s, run.end_s, strict=True))


def test_one_message_takes_the_latency_and_its_bytes() -> None:
    assert times((0, 1, 4)) == [(0, 10 + 4)]  # L + bG


def test_a_bandwidth_that_is_no_power_of_two_stays_a_fraction() -> None:
    # 4 B at 3 B/s: 4/3 s; L = 1/7 s; 1/7 + 4/3 = 31/21
    assert times((0, 1, 4), latency_s=Fraction(1, 7), bandwidth_Bps=Fraction(3)) == [(0, Fraction(31, 21))]


def test_two_senders_queue_at_one_receiver() -> None:
    # Both first bytes arrive at 10. Operation 0 holds the receive port from 10 to 14, operation 1 from 14 to 18.
    assert times((0, 2, 4), (1, 2, 4)) == [(0, 14), (0, 18)]


def test_a_message_is_received_in_the_order_of_arrival_not_of_size_or_number() -> None:
    # Operation 1 starts at 0 and arrives at 10, holds 10 to 17. Operation 0 waits for operation 2 (rank 0 computes
    # 1 s), arrives at 11, is received from 17 to 19.
    rows = [Operation("copy", 0, 2, 0, after=(2,)), Operation("copy", 1, 2, 0), Operation("compute", 0, 0, 0, 0, 1.0)]
    run = timeline(rows, [2, 7, 0], LogGP())
    assert run.start_s.tolist() == [1, 0, 0]
    assert run.end_s.tolist() == [19, 17, 1]


def test_one_sender_sends_one_after_the_other() -> None:
    # The send port is held 0 to 4 and 4 to 7: first bytes at 10 and 14, arrived at 14 and 17.
    assert times((0, 1, 4), (0, 2, 3)) == [(0, 14), (4, 17)]


def test_send_and_receive_ports_are_independent() -> None:
    # Full duplex: both directions at once take no longer than one.
    assert times((0, 1, 4), (1, 0, 4)) == [(0, 14), (0, 14)]


def test_the_latency_holds_no_port() -> None:
    # L = 10 is longer than the messages: the second one leaves at 1, while the first is on the wire.
    assert times((0, 1, 1), (0, 1, 1), (0, 1, 1)) == [(0, 11), (1, 12), (2, 13)]


def test_without_latency_sending_and_receiving_overlap() -> None:
    assert times((0, 1, 4), (0, 1, 4), latency_s=Fraction(0)) == [(0, 4), (4, 8)]


def test_a_message_of_no_byte_is_never_sent() -> None:
    # It ends when it is ready, without overhead, and holds nothing: operation 1 starts at 0.
    run = timeline([Operation("copy", 0, 1, 0), Operation("copy", 0, 1, 0)], [0, 4], LogGP(overhead_s=ONE))
    assert run.start_s.tolist() == [0, 0]
    assert run.end_s.tolist() == [0, 2 + 10 + 4]
    assert run.alone_s.tolist() == [0, 16]


def test_overhead_shorter_than_the_bytes_adds_to_the_time_and_not_to_the_port() -> None:
    # o = 3 < bG = 4. Port held max(3, 4) = 4: starts 0 and 4. End = start + o + L + o + 4 = start + 20.
    # At the receiver: held 13 to 17 and 17 to 21.
    assert times((0, 1, 4), (0, 1, 4), model=LogGP(overhead_s=Fraction(3))) == [(0, 20), (4, 24)]


def test_overhead_longer_than_the_bytes_holds_the_ports() -> None:
    # o = 6 > bG = 4. Port held 6: starts 0 and 6. End = start + 6 + 10 + 6 + 4 = start + 26.
    assert times((0, 1, 4), (0, 2, 4), model=LogGP(overhead_s=Fraction(6))) == [(0, 26), (6, 32)]
    # Two senders: both arrive at 6 + 10 = 16; received from 16 and from 22: 16 + 6 + 4 = 26, 22 + 6 + 4 = 32.
    assert times((0, 2, 4), (1, 2, 4), model=LogGP(overhead_s=Fraction(6))) == [(0, 26), (0, 32)]


def test_a_gap_holds_the_ports_and_does_not_delay_the_message() -> None:
    # g = 5: port held 5 + 4 = 9. End = start + 10 + 4.
    assert times((0, 1, 4), (0, 2, 4), model=LogGP(gap_s=Fraction(5))) == [(0, 14), (9, 23)]
    # Two senders: both arrive at 10; received from 10 and from 19; arrived at 14 and 23.
    assert times((0, 2, 4), (1, 2, 4), model=LogGP(gap_s=Fraction(5))) == [(0, 14), (0, 23)]


@pytest.mark.parametrize(("overhead", "second"), [(6, 9), (9, 9), (20, 20)])
def test_overhead_and_gap_do_not_add_up_at_a_port(overhead: int, second: int) -> None:
    # g + bG = 9: the port is held max(o, 9).
    model = LogGP(Fraction(overhead), Fraction(5))
    alone = 2 * overhead + 10 + 4
    assert times((0, 1, 4), (0, 2, 4), model=model) == [(0, alone), (second, second + alone)]


def test_adding_up_holds_the_receive_port_and_not_the_send_port() -> None:
    # 2 B/s are added: γ = 1/2 s/B, 4 B take 2 s. Receive port held 4 + 2 = 6: 10 to 16, 16 to 22.
    model = LogGP(reduce_bandwidth_Bps=Fraction(2))
    assert times((0, 2, 4), (1, 2, 4), kind="reduce", model=model) == [(0, 16), (0, 22)]
    # One sender: its port is held 4 s only. Starts 0 and 4, ends start + 10 + 6.
    assert times((0, 1, 4), (0, 2, 4), kind="reduce", model=model) == [(0, 16), (4, 20)]
    # A copy adds nothing up.
    assert times((0, 2, 4), (1, 2, 4), kind="copy", model=model) == [(0, 14), (0, 18)]


def test_all_parameters_at_once() -> None:
    # o = 1, g = 2, γ = 1/2, 4 B from each of two senders to rank 2.
    # First bytes at o + L = 11. Receive port held max(1, 2 + 4 + 2) = 8: from 11 and from 19.
    # Arrived after o + bG + bγ = 7: at 18 and 26.
    model = LogGP(ONE, Fraction(2), Fraction(2))
    assert times((0, 2, 4), (1, 2, 4), kind="reduce", model=model) == [(0, 18), (0, 26)]


def test_the_rate_is_the_smallest_bandwidth_and_the_latency_the_sum_along_the_route() -> None:
    # 0 -(8 B/s, 1 s)- switch -(2 B/s, 3 s)- 1, and 2 on a link of 4 B/s, 1/2 s.
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_nodes_from([0, 1, 2], kind="host")
    graph.add_node("switch", kind="switch")
    links = {0: (8, ONE), 1: (2, Fraction(3)), 2: (4, Fraction(1, 2))}
    for host, (bandwidth, latency) in links.items():
        graph.add_edge(host, "switch", bandwidth_Bps=Fraction(bandwidth), latency_s=latency)
    rows = [Operation("copy", 0, 1, 0), Operation("copy", 2, 0, 0)]
    cluster = place("mine", checked(graph), 3, [(0, 1), (2, 0)])
    size, compute = np.array([16, 16]), np.array([Fraction(0)] * 2, dtype=object)
    run = des.run(Schedule.of(3, 1, rows), size, LogGP(), cluster.routes, Workers.alike(3), compute)
    # 0 -> 1: 1 + 3 + 16/2 = 12.  2 -> 0: 1/2 + 1 + 16/4 = 11/2.
    assert run.end_s.tolist() == [12, Fraction(11, 2)]
    assert run.serialisation_s.tolist() == [8, 4]


@pytest.mark.parametrize(
    ("sender", "receiver", "seconds"),
    [(Fraction(1, 2), ONE, 8), (ONE, Fraction(1, 2), 8), (Fraction(1, 2), Fraction(1, 4), 16), (2, 4, 2), (2, 1, 4)],
)
def test_the_slower_end_sets_the_rate(sender: Fraction, receiver: Fraction, seconds: int) -> None:
    # 4 B at min(sender, receiver) · 1 B/s.
    assert on_a_star([sender, receiver], (0, 1, 4)) == [(0, 10 + seconds)]


def test_a_slow_worker_holds_the_port_of_the_peer_for_as_long() -> None:
    # Rank 0 has a quarter of its bandwidth: 4 B take 16 s at the receiver too, whose port serves rank 1 after that.
    assert on_a_star([Fraction(1, 4), 1, 1], (0, 2, 4), (1, 2, 4)) == [(0, 26), (0, 30)]


def test_a_late_worker_sends_late_and_receives_at_once() -> None:
    # Rank 0 starts at 3 and computes until 5; what it sends is ready then. Rank 1's message to it is not held up.
    workers = Workers((3, 0), (2, 0), (1, 1))
    assert times((0, 1, 4), (1, 0, 4), workers=workers) == [(5, 19), (0, 14)]


def test_a_cpu_that_handles_every_byte_holds_the_ports_if_it_is_slower_than_the_wire() -> None:
    # O = 2 s/B: bO = 8 > bG = 4. Send port held 8: starts 0 and 8; arrived start + 10 + max(8, 4).
    model = LogGP(cpu_bandwidth_Bps=Fraction(1, 2))
    assert times((0, 1, 4), (0, 2, 4), model=model) == [(0, 18), (8, 26)]
    # Two senders: both first bytes at 10, received from 10 to 18 and from 18 to 26.
    assert times((0, 2, 4), (1, 2, 4), model=model) == [(0, 18), (0, 26)]
    # o adds to it: o + bO = 11 against g + bG = 4 + 7: alike. Arrived after 3 + 10 + 3 + 8 = 24.
    model = LogGP(Fraction(3), Fraction(7), cpu_bandwidth_Bps=Fraction(1, 2))
    assert times((0, 1, 4), (0, 2, 4), model=model) == [(0, 24), (11, 35)]


@pytest.mark.parametrize(("rate", "received"), [(Fraction(1, 2), 8), (Fraction(2), 6), (Fraction(4, 5), 6)])
def test_a_cpu_adds_while_it_receives(rate: Fraction, received: int) -> None:
    # γ = 1/2 s/B: bG + bγ = 4 + 2 = 6; bO is 8, 2 or 5. The receive port is held for the larger.
    model = LogGP(reduce_bandwidth_Bps=Fraction(2), cpu_bandwidth_Bps=rate)
    run = times((0, 2, 4), (1, 2, 4), kind="reduce", model=model)
    assert run == [(0, 10 + received), (0, 10 + 2 * received)]


def test_the_first_byte_is_free() -> None:
    # (b − 1)G = 3, (b − 1)O = 6, (b − 1)γ = 3/2.
    assert times((0, 1, 4), (0, 1, 1), model=LogGP(first_byte_free=True)) == [(0, 13), (3, 13)]
    slow = LogGP(cpu_bandwidth_Bps=Fraction(1, 2), first_byte_free=True)
    assert times((0, 1, 4), (0, 2, 4), model=slow) == [(0, 16), (6, 22)]
    adding = LogGP(reduce_bandwidth_Bps=Fraction(2), first_byte_free=True)
    assert times((0, 2, 4), (1, 2, 4), kind="reduce", model=adding) == [(0, Fraction(29, 2)), (0, 19)]


def test_a_long_message_asks_first() -> None:
    # o = 1: a request of no byte arrives after 1 + 10 + 1, so does the answer; then the message: 12 + 12 + 12 + 4.
    model = LogGP(ONE, rendezvous_above_bytes=3)
    assert times((0, 1, 4), model=model) == [(0, 40)]
    assert times((0, 1, 3), model=model) == [(0, 15)]  # as long as the limit: sent at once
    run = timeline([Operation("copy", 0, 1, 0)], [4], model)
    assert (run.latency_s.tolist(), run.serialisation_s.tolist()) == ([36], [4])


def test_request_and_answer_use_the_ports_as_messages_of_no_byte() -> None:
    # g = 2, L = 10, both ask first. Requests at 0 and 2, at 1's port at 10 and 12 (held 2 each: no wait), answers
    # leave at 10 and 12, are back at 20 and 22; the messages hold rank 0's port for 6: from 20 and from 26.
    model = LogGP(gap_s=Fraction(2), rendezvous_above_bytes=0)
    assert times((0, 1, 4), (0, 1, 4), model=model) == [(0, 34), (2, 40)]


def test_a_port_is_free_for_others_between_request_and_message() -> None:
    # Operation 0 asks first: its port is held 1 s for the request, then operation 1 (1 B, eager) goes from 1 to 2.
    model = LogGP(ONE, rendezvous_above_bytes=3)
    assert times((0, 1, 4), (0, 2, 1), model=model) == [(0, 40), (1, 14)]


def test_ports_have_two_names() -> None:
    with pytest.raises(
        InputError, match=r"^ports: 'one_cpus'; expected full_duplex or one_cpu; did you mean 'one_cpu'\?$"
    ):
        LogGP(ports="one_cpus")


def test_cost_is_what_a_message_takes_alone() -> None:
    route = direct(Fraction(7), Fraction(2))
    message = Message(0, 0, 1, 12, True, route)
    model = LogGP(Fraction(3), Fraction(100), Fraction(4))
    assert model.cost(message) == Cost(13, 6, 3, 6, 9)  # L + 2o, b/rate, bγ; the gap is not part of it
    assert model.cost(message._replace(reduces=False)) == Cost(13, 6, 0, 6, 6)
    assert LogGP().cost(message) == Cost(7, 6, 0, 6, 6)
    slow = LogGP(reduce_bandwidth_Bps=Fraction(4), cpu_bandwidth_Bps=Fraction(1))  # bO = 12 > bG + bγ = 9
    assert slow.cost(message) == Cost(7, 9, 3, 6, 9)
    assert slow.cost(message._replace(reduces=False)) == Cost(7, 12, 0, 6, 6)
    asking = LogGP(Fraction(3), rendezvous_above_bytes=11, first_byte_free=True)
    assert asking.cost(message) == Cost(39, Fraction(11, 2), 0, Fraction(11, 2), Fraction(11, 2))
    assert asking.cost(message._replace(size_bytes=11)) == Cost(13, 5, 0, 5, 5)


@given(loggp() | loggp("one_cpu"), EIGHTHS, POWERS, st.integers(1, 9), st.booleans())
def test_one_message_alone_takes_exactly_its_cost(
    model: LogGP, latency_s: Fraction, bandwidth_Bps: Fraction, size: int, reduces: bool
) -> None:
    o, g, L = model.overhead_s, model.gap_s, latency_s
    asks_first = model.rendezvous_above_bytes is not None and size > model.rendezvous_above_bytes
    assume(not asks_first or g <= 2 * (L + 2 * o))  # or it waits for the gap after its own request
    bytes_ = size - model.first_byte_free
    wire, cpu = bytes_ / bandwidth_Bps, bytes_ / model.cpu_bandwidth_Bps if model.cpu_bandwidth_Bps else 0
    adding = bytes_ / model.reduce_bandwidth_Bps if reduces and model.reduce_bandwidth_Bps else 0
    alone = (3 if asks_first else 1) * (L + 2 * o) + max(cpu, wire + adding)
    kind = "reduce" if reduces else "copy"
    ((start, end),) = times((0, 1, size), kind=kind, model=model, latency_s=L, bandwidth_Bps=bandwidth_Bps)
    assert (start, end) == (0, alone)
    cost = model.cost(Message(0, 0, 1, size, reduces, direct(L, bandwidth_Bps)))
    assert sum(cost[:3]) == alone


def test_alpha_and_gamma() -> None:
    assert LogGP().alpha_gamma(5) == (5, 0)
    assert LogGP(Fraction(1, 3), 9, Fraction(4)).alpha_gamma(Fraction(1, 3)) == (1, Fraction(1, 4))
    assert LogGP().one_port


@pytest.mark.parametrize(
    ("model", "sizes", "holds"),
    [
        (LogGP(), [0, 5], True),
        (LogGP(2), [4, 9], True),
        (LogGP(2), [3, 9], False),  # 3 B at 2 B/s take less than o = 2 s
        (LogGP(0, 1), [5], False),
        (LogGP(cpu_bandwidth_Bps=100), [5], False),
        (LogGP(first_byte_free=True), [5], False),
        (LogGP(ports="one_cpu"), [5], False),
        (LogGP(rendezvous_above_bytes=5), [2, 5], True),
        (LogGP(rendezvous_above_bytes=5), [2, 6], False),
        (LogGP(reduce_bandwidth_Bps=7), [5], True),
    ],
)
def test_the_formulas_hold_while_a_port_is_held_for_the_bytes_alone(
    model: LogGP, sizes: list[int], holds: bool
) -> None:
    assert model.has_formula(np.array(sizes), 2) is holds
