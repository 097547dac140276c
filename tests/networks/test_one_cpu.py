"""LogGP with one CPU per host: LogGOPSim's closed forms as exact integers, and its rules by hand.

The closed forms are those that the reference cases of LogGOPSim obey; b = (size − 1)·G.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from direct_routes import direct

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines import des
from simcomm.engines.meters import Use, Wait
from simcomm.engines.timeline import Timeline
from simcomm.execution import execute
from simcomm.networks.base import Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Operation, Schedule
from simcomm.topology import build

F = Fraction
SIZES = (2, 3, 4, 5, 8, 13)


def makespan(collective: str, workers: int, size: int, L: int, o: int, g: int, G: int, **options: Any) -> Any:
    """Of a collective on vectors of ``size`` one-byte elements, in LogGOPSim's units."""
    schedule = get(collective).schedule(workers, **options)
    graph = build("fully_connected", schedule.ranks, F(1, G), F(L))
    model = LogGP(F(o), F(g), first_byte_free=True, ports="one_cpu")
    ran = execute(schedule, schedule.sizes_bytes(Vector(size, 1)), graph, network=model, exact=True)
    return ran.timeline.makespan_s


#: (L, o, g, G): longer or shorter overhead than gap and bytes.
PARAMETERS = [(500_000, 200_000, 100, 8), (7, 3, 2, 1), (0, 5, 1, 3), (1000, 0, 10, 2), (1, 1000, 1, 1)]


@pytest.mark.parametrize(("L", "o", "g", "G"), PARAMETERS)
@pytest.mark.parametrize("n", SIZES)
def test_ring(n: int, L: int, o: int, g: int, G: int) -> None:
    assert makespan("ring_all_reduce", n, 40 * n, L, o, g, G) == 2 * (n - 1) * (2 * o + L + 39 * G)


def test_the_ring_of_the_hand_check() -> None:
    assert makespan("ring_all_reduce", 8, 10**8, 500_000, 100_000, 0, 8) == 1_409_799_888


@pytest.mark.parametrize(("L", "o", "g", "G"), PARAMETERS)
@pytest.mark.parametrize("n", [2, 4, 8, 16])
def test_recursive_doubling(n: int, L: int, o: int, g: int, G: int) -> None:
    assert makespan("recursive_doubling", n, 40, L, o, g, G) == (n.bit_length() - 1) * (2 * o + L + 39 * G)


@pytest.mark.parametrize(("L", "o", "size"), [(500_000, 100_000, 10**8), (7, 3, 3), (0, 0, 2), (0, 9, 3), (3, 0, 40)])
@pytest.mark.parametrize("n", SIZES)
def test_one_shot(n: int, L: int, o: int, size: int) -> None:
    # Holds if the first message of a peer is there before the NIC has sent a host's own: o + L < b.
    b = (size - 1) * 8
    assert o + L < b
    assert makespan("all_to_all", n, size, L, o, 0, 8) == (n - 1) * (2 * o + L + b)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_full_duplex_ports_differ_by_what_the_design_says_on_the_one_shot(n: int) -> None:
    L, o, size = 500, 100, 1000
    schedule = get("all_to_all").schedule(n)
    graph = build("fully_connected", n, F(1, 8), F(L))
    sizes = schedule.sizes_bytes(Vector(size, 1))
    one, both = (
        execute(schedule, sizes, graph, network=LogGP(F(o), ports=ports, first_byte_free=True), exact=True)
        for ports in ("one_cpu", "full_duplex")
    )
    assert one.timeline.makespan_s - both.timeline.makespan_s == (n - 2) * (2 * o + L)


@pytest.mark.parametrize(("L", "o", "size"), [(500_000, 200_000, 10**8), (7, 3, 40), (9, 50, 3)])
@pytest.mark.parametrize("n", SIZES)
def test_server(n: int, L: int, o: int, size: int) -> None:
    b = (size - 1) * 8
    expected = o + L + n * (o + b) + (n - 1) * max(o, b) + 2 * o + L + b
    assert makespan("parameter_server", n, size, L, o, 0, 8, servers=1) == expected


def run(
    rows: list[Operation], sizes: list[int], o: int = 1, g: int = 0, L: int = 10, workers: Workers | None = None
) -> Timeline:
    """One byte a second, all bytes take time."""
    model = LogGP(F(o), F(g), ports="one_cpu")
    ranks = 1 + max(max(row.src, row.dst) for row in rows)
    pairs = {(row.src, row.dst): direct(F(L), F(1)) for row in rows}
    zeros = np.array([F(0)] * len(rows), dtype=object)
    schedule = Schedule.of(ranks, 1, rows)
    return des.run(schedule, np.array(sizes), model, pairs, workers or Workers.alike(ranks), zeros, True)


def copy(src: int, dst: int, *after: int) -> Operation:
    return Operation("copy", src, dst, 0, after=after)


def test_while_it_receives_a_host_does_not_send() -> None:
    # Operation 0: rank 0's CPU 0 to 1, first byte at 11, rank 1's CPU 11 to 16. Operation 1, of rank 1, is ready at 12
    # (late start) and waits for its CPU until 16: arrives at 27, ends at 27 + 1 + 4.
    late = Workers((0, F(12), 0), (0, 0, 0), (1, 1, 1))
    timeline = run([copy(0, 1), copy(1, 2)], [4, 4], workers=late)
    assert timeline.start_s.tolist() == [0, 16]
    assert timeline.end_s.tolist() == [16, 32]
    assert timeline.log.waits == {1: [Wait(("cpu", 1), 4, 0)]}
    assert timeline.log.meters["cpu", 1].use == Use(1 + 5, 2, 4, 12, 16)
    assert timeline.log.meters["cpu", 0].use == Use(1, 1, 0, None, None)
    assert timeline.log.meters["receive", 1].use == Use(4, 1, 0, None, None)


def test_while_its_nic_sends_a_host_may_receive() -> None:
    # Rank 0 sends 9 B from 0: CPU until 1, NIC until 9. Rank 1's 2 B, sent at 0 too, arrive at 4: CPU 4 to 7.
    timeline = run([copy(0, 1), copy(1, 0)], [9, 2], L=3)
    assert timeline.start_s.tolist() == [0, 0]
    assert timeline.end_s.tolist() == [4 + 10, 4 + 3]


def test_a_second_message_waits_for_the_nic_and_then_for_the_cpu() -> None:
    # Rank 0 sends 5 B at 0 (NIC until 5) and would send on at 5. Rank 1's message is at its CPU at 4: until 4 + 1 + 3
    # = 8. The second goes at 8, and is held up from 0 on: by the NIC until 5, then by the CPU.
    timeline = run([copy(0, 1), copy(0, 1), copy(1, 0)], [5, 5, 3], L=3)
    assert timeline.start_s.tolist() == [0, 8, 0]
    assert timeline.log.meters["send", 0].use == Use(10, 2, 5, 0, 5)
    assert timeline.log.meters["cpu", 0].use == Use(1 + 1 + 4, 2, 3, 5, 8)


def test_of_two_that_find_the_cpu_free_at_an_instant_the_earlier_moment_goes_first() -> None:
    # Both first bytes are at rank 2 at 11: operation 1 was listed last, sent at the same instant: 0 first.
    assert run([copy(0, 2), copy(1, 2)], [4, 4]).end_s.tolist() == [16, 21]
    # Operation 1 was ready at 1 (moment of the late start, before any message), 0 at 0 with a route that is longer by
    # 1: both at rank 2 at 12; 0 was sent first.
    rows = [copy(0, 2), copy(1, 2)]
    routes = {(0, 2): direct(F(11), F(1)), (1, 2): direct(F(10), F(1))}
    late = Workers((0, F(1), 0), (0, 0, 0), (1, 1, 1))
    zeros = np.array([F(0)] * 2, dtype=object)
    timeline = des.run(Schedule.of(3, 1, rows), np.array([4, 4]), LogGP(F(1), ports="one_cpu"), routes, late, zeros)
    assert timeline.start_s.tolist() == [0, 1]
    assert timeline.end_s.tolist() == [17, 22]


def test_who_was_put_back_keeps_its_moment() -> None:
    # Rank 0: operation 0 at 0, CPU until 1, NIC until 5; operation 1 tries at 0 and waits for the NIC until 5.
    # Operation 2 of rank 1 is at rank 0's CPU at 5 as well (o + L = 5), set off at 0 after operation 1 was first tried.
    timeline = run([copy(0, 1), copy(0, 1), copy(1, 0)], [5, 5, 3], L=4)
    assert timeline.start_s.tolist() == [0, 5, 0]
    assert timeline.end_s[2] == 6 + 1 + 3  # rank 0's CPU sends from 5 to 6


def test_a_rank_adds_while_its_cpu_receives() -> None:
    model = LogGP(F(1), reduce_bandwidth_Bps=F(2), ports="one_cpu")
    rows = [Operation("reduce", 0, 2, 0), Operation("reduce", 1, 2, 0)]
    pairs = {(row.src, row.dst): direct(F(10), F(1)) for row in rows}
    zeros = np.array([F(0)] * 2, dtype=object)
    timeline = des.run(Schedule.of(3, 1, rows), np.array([4, 4]), model, pairs, Workers.alike(3), zeros)
    assert timeline.end_s.tolist() == [11 + 1 + 4 + 2, 18 + 1 + 4 + 2]
