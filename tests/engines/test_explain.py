"""What the time is made of: by hand on tiny runs, and exactly on random ones."""

from __future__ import annotations

from dataclasses import astuple
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from direct_routes import direct
from hypothesis import given, settings
from random_runs import Case, cases

from simcomm.engines import des
from simcomm.engines.explain import CriticalPath, Parts, RankTimes, critical_path, rank_times
from simcomm.engines.meters import Wait
from simcomm.engines.timeline import Timeline
from simcomm.networks.base import Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Operation, Schedule

SOME = settings(deadline=None, max_examples=200)


def run(rows: list[Operation], sizes: list[int], workers: Workers | None = None, gamma: bool = False) -> Timeline:
    """Three ranks, 1 B/s, latency 10 s; adding up 2 B/s if ``gamma``."""
    pairs = dict.fromkeys([(row.src, row.dst) for row in rows], direct(Fraction(10), Fraction(1)))
    model = LogGP(reduce_bandwidth_Bps=Fraction(2) if gamma else None)
    seconds = np.array([Fraction(row.seconds) for row in rows], dtype=object)
    return des.run(Schedule.of(3, 1, rows), np.array(sizes), model, pairs, workers or Workers.alike(3), seconds)


def copy(src: int, dst: int, *after: int) -> Operation:
    return Operation("copy", src, dst, 0, after=after)


def test_two_senders_and_what_waits_for_the_second() -> None:
    # Both arrive at 10; operation 0 is received 10 to 14, operation 1 from 14 to 18: it waited 4 s for the port.
    # Rank 2 sends on at 18, arrives at 28, ends at 30.
    timeline = run([copy(0, 2), copy(1, 2), copy(2, 0, 0, 1)], [4, 4, 2])
    parts = Parts(compute_s=0, latency_s=20, serialisation_s=6, port_wait_s=4, data_wait_s=0, reduction_s=0)
    waits = ((1, Wait(("receive", 2), 4, behind=0)),)
    assert critical_path(timeline) == CriticalPath((1, 2), parts, waits)
    assert critical_path(timeline).longest_wait() == (("receive", 2), 4)
    assert parts.total_s == timeline.makespan_s == 30


def test_the_late_worker_the_computation_and_the_reduction_each_have_a_name() -> None:
    # Rank 0 starts at 3, computes its gradient until 8 and another 2 s until 10; its 4 B arrive at 20, are received
    # until 24 and added up until 26. Rank 1's message is early.
    workers = Workers((3, 0, 0), (5, 0, 0), (1, 1, 1))
    rows = [Operation("compute", 0, 0, 0, 0, 2.0), Operation("reduce", 0, 2, 0, after=(0,)), copy(1, 2)]
    path = critical_path(run(rows, [0, 4, 1], workers, gamma=True))
    assert path == CriticalPath((0, 1), Parts(5 + 2, 10, 4, 0, 3, 2), ())
    assert path.longest_wait() is None
    assert path.parts.total_s == 26


def test_of_several_that_could_be_the_path_the_lowest_numbers_are_taken() -> None:
    timeline = run([copy(0, 1), copy(1, 2), copy(2, 0), copy(0, 1, 2, 1), copy(1, 2, 0, 1)], [4, 4, 4, 4, 4])
    assert timeline.end_s.tolist() == [14, 14, 14, 28, 28]
    assert critical_path(timeline).operations == (1, 3)


def test_a_run_that_waits_for_a_gradient_alone_has_no_path() -> None:
    workers = Workers((0, 50, 0), (0, 50, 100), (1, 1, 1))
    for rows, sizes in (([copy(0, 2)], [4]), ([], [])):
        path = critical_path(run(rows, sizes, workers))
        assert path == CriticalPath((), Parts(50, 0, 0, 0, 50, 0), ())  # rank 1: it and rank 2 are last, 1 is the lower
    together = Workers((0, 14, 0), (0, 0, 0), (1, 1, 1))
    assert critical_path(run([copy(0, 2)], [4], together)).operations == (0,)  # both at 14: the message explains more
    nothing = critical_path(run([], []))
    assert nothing == CriticalPath((), Parts(0, 0, 0, 0, 0, 0), ())


@given(cases())
@SOME
def test_the_parts_add_up_to_the_makespan_exactly(case: Case) -> None:
    timeline = case.run()
    operations, parts, _ = critical_path(timeline)
    assert parts.total_s == timeline.makespan_s
    assert min(astuple(parts)) >= 0
    floats = critical_path(case.run(float))
    assert floats.operations == operations
    assert astuple(floats.parts) == astuple(parts)  # all numbers of these cases are floats, too


@given(cases())
@SOME
def test_the_path_is_a_chain_without_a_hole(case: Case) -> None:
    timeline = case.run()
    operations, parts, waits = critical_path(timeline)
    ready_s = [case.workers.ready_s(rank) for rank in range(timeline.schedule.ranks)]
    if not operations:
        assert max(ready_s) == timeline.makespan_s
        rank = ready_s.index(max(ready_s))
    else:
        rank = case.rows[operations[0]].src
        assert timeline.ready_s[operations[0]] == ready_s[rank]
        assert timeline.end_s[operations[-1]] == timeline.makespan_s
    for before, index in pairwise(operations):
        assert before in case.rows[index].after
        assert timeline.ready_s[index] == timeline.end_s[before]
        assert before == min(d for d in case.rows[index].after if timeline.end_s[d] == timeline.ready_s[index])
    sent = [index for index in operations if case.size_bytes[index]]
    limit = case.model.rendezvous_above_bytes
    latency: Any = 0
    for index in sent:
        crossings = 1 if limit is None or case.size_bytes[index] <= limit else 3
        route = case.routes[case.rows[index].src, case.rows[index].dst]
        latency += crossings * (route.latency_s + 2 * case.model.overhead_s)
    serialisation = sum(max(case.wire(index), case.cpu(index) - case.adding(index)) for index in sent)
    reduction = sum(case.adding(index) for index in sent)
    computed = sum(case.compute_s[index] for index in operations)
    took = sum(timeline.end_s[index] - timeline.ready_s[index] for index in operations)
    assert parts == Parts(
        compute_s=case.workers.compute_s[rank] + computed,
        latency_s=latency,
        serialisation_s=serialisation,
        port_wait_s=took - latency - serialisation - reduction - computed,
        data_wait_s=case.workers.start_s[rank],
        reduction_s=reduction,
    )
    assert all(index in operations and wait.seconds > 0 for index, wait in waits)
    assert sum(wait.seconds for _, wait in waits) == parts.port_wait_s


def test_what_each_rank_did() -> None:
    # Rank 0 computes 0 to 5 before its gradient, sends 5 to 9, computes 5 to 7 at the same time. Rank 2 receives that
    # at 15 to 19 and adds up to 21; rank 1's message, sent 0 to 3, was received from 10 to 13.
    workers = Workers((0, 0, 0), (5, 0, 0), (1, 1, 1))
    rows = [Operation("reduce", 0, 2, 0), Operation("compute", 0, 0, 0, 0, 2.0), copy(1, 2)]
    timeline = run(rows, [4, 0, 3], workers, gamma=True)
    assert timeline.makespan_s == 21
    assert rank_times(timeline) == (
        RankTimes(send_s=4, receive_s=0, compute_s=5 + 2, busy_s=9, waiting_s=12),
        RankTimes(send_s=3, receive_s=0, compute_s=0, busy_s=3, waiting_s=18),
        RankTimes(send_s=0, receive_s=6 + 3, compute_s=0, busy_s=9, waiting_s=12),
    )


def test_sending_and_receiving_at_once_is_busy_once() -> None:
    # Rank 0 sends 0 to 15 and receives 10 to 18; rank 1 sends 0 to 8 and receives 10 to 25.
    one, other, idle = rank_times(run([copy(0, 1), copy(1, 0)], [15, 8]))
    assert (one.send_s, one.receive_s, one.busy_s, one.waiting_s) == (15, 8, 18, 7)
    assert (other.send_s, other.receive_s, other.busy_s, other.waiting_s) == (8, 15, 23, 2)
    assert idle == RankTimes(0, 0, 0, 0, 25)


def test_nothing_at_all_took_no_time() -> None:
    assert rank_times(run([], [])) == (RankTimes(0, 0, 0, 0, 0),) * 3


def intervals(case: Case, timeline: Timeline, rank: int) -> list[tuple[str, Any, Any]]:
    """When the rank did what, from the definition."""
    start = case.workers.start_s[rank]
    found = [("compute", start, start + case.workers.compute_s[rank])]
    for index, (row, _, start, end) in enumerate(timeline):
        if row.kind == "compute" and row.src == rank:
            found.append(("compute", start, start + case.compute_s[index]))
        elif row.src == rank:
            found.append(("send", start, start + case.wire(index)))
        if row.kind != "compute" and row.dst == rank:
            found.append(("receive", end - case.wire(index) - case.adding(index), end))
    return found


@given(cases())
@SOME
def test_a_rank_is_busy_where_any_of_its_intervals_is(case: Case) -> None:
    timeline = case.run()
    makespan = timeline.makespan_s
    for rank, times in enumerate(rank_times(timeline)):
        did = intervals(case, timeline, rank)
        edges = sorted({Fraction(0), makespan, *(t for _, *span in did for t in span)})
        pieces = [(a, b) for a, b in pairwise(edges) if any(x <= a and b <= y for _, x, y in did)]
        busy = sum(b - a for a, b in pieces)
        each = {kind: sum(y - x for k, x, y in did if k == kind) for kind in ("send", "receive", "compute")}
        assert times == RankTimes(each["send"], each["receive"], each["compute"], busy, makespan - busy)
        assert times.busy_s + times.waiting_s == makespan
        assert times.waiting_s >= 0
