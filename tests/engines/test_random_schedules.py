"""Random valid schedules under LogGP: what must hold in every run, and equality with independent implementations."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from random_runs import Case, cases
from slow_one_cpu import OneCpu
from slow_runs import SlowRun, phases_of

#: Hundreds of random programs walk the same few lines; tests by hand and the kernel as plain Python cover them.
pytestmark = pytest.mark.no_cover

MANY = settings(deadline=None, max_examples=400)
SOME = settings(deadline=None, max_examples=150)


def asks_first(case: Case, index: int) -> bool:
    limit = case.model.rendezvous_above_bytes
    return limit is not None and case.size_bytes[index] > limit


def holdings(case: Case) -> dict[tuple[str, int], list[tuple[Any, Any]]]:
    """When each port and processor is held, from the timeline and the rules alone; what rendezvous adds is left out."""
    run, (o, g) = case.run(), (case.model.overhead_s, case.model.gap_s)
    held: dict[tuple[str, int], list[tuple[Any, Any]]] = defaultdict(list)
    for index, (row, _, start, end) in enumerate(run):
        if row.kind == "compute" and case.compute_s[index]:
            held["compute", row.src].append((start, start + case.compute_s[index]))
        elif case.size_bytes[index]:
            out, cpu = case.wire(index), case.cpu(index)
            into = out + case.adding(index)
            if not asks_first(case, index):
                held["send", row.src].append((start, start + max(o + cpu, g + out)))
            begin = end - o - max(cpu, into)
            held["receive", row.dst].append((begin, begin + max(o + cpu, g + into)))
    return held


@given(cases(most_operations=18))
@MANY
def test_the_engine_equals_a_slow_loop_over_the_port_rules_exactly(case: Case) -> None:
    run = case.run()
    start, end = SlowRun(case, phases_of(case)).run()
    assert run.start_s.tolist() == start
    assert run.end_s.tolist() == end


@given(cases(most_operations=18, ports="one_cpu", computing=False))
@MANY
def test_one_cpu_equals_the_loop_of_loggopsim_exactly(case: Case) -> None:
    run = case.run()
    start, end = OneCpu(case).run()
    assert run.start_s.tolist() == start
    assert run.end_s.tolist() == end


@given(cases())
@SOME
def test_fractions_in_fractions_out_and_floats_give_the_same_numbers(case: Case) -> None:
    exact, floats = case.run(), case.run(float)
    for column in ("ready_s", "start_s", "end_s", "latency_s", "serialisation_s", "reduction_s", "alone_s"):
        ours, theirs = getattr(exact, column), getattr(floats, column)
        assert all(isinstance(value, Fraction | int) for value in ours), column
        assert theirs.dtype == np.float64
        assert theirs.tolist() == ours.tolist(), column
    assert floats.makespan_s == exact.makespan_s


@given(cases())
@SOME
def test_twice_the_same_run_has_the_same_bits(case: Case) -> None:
    one, other = case.run(float), case.run(float)
    for column in ("start_s", "end_s", "latency_s", "serialisation_s", "reduction_s"):
        assert getattr(one, column).tobytes() == getattr(other, column).tobytes()


@given(cases() | cases(ports="one_cpu"))
@SOME
def test_nothing_starts_before_what_it_waits_for(case: Case) -> None:
    run = case.run()
    for index, (row, ready, start, end) in enumerate(run):
        assert ready == max([case.workers.ready_s(row.src), *(run.end_s[d] for d in row.after)])
        assert ready <= start <= end
        assert end - start >= run.alone_s[index]
        sent = case.size_bytes[index] > 0
        latency = case.routes[row.src, row.dst].latency_s + 2 * case.model.overhead_s if sent else 0
        wire = max(case.wire(index), case.cpu(index) - case.adding(index))
        parts = (run.latency_s[index], run.serialisation_s[index], run.reduction_s[index], run.compute_s[index])
        assert parts == (
            latency * (3 if asks_first(case, index) else 1),
            wire,
            case.adding(index),
            case.compute_s[index],
        )


@given(cases())
@SOME
def test_a_place_serves_one_at_a_time(case: Case) -> None:
    for place, intervals in holdings(case).items():
        for (_, end), (begin, _) in pairwise(sorted(intervals)):
            assert end <= begin, place


@given(cases(ports="one_cpu"))
@SOME
def test_one_cpu_does_one_thing_at_a_time(case: Case) -> None:
    held: dict[Any, list[tuple[Any, Any]]] = defaultdict(list)
    for crossing in case.run().log.crossings:
        held[crossing.place].append((crossing.start_s, crossing.end_s))
    for place, intervals in held.items():
        for (_, end), (begin, _) in pairwise(sorted(intervals)):
            assert end <= begin, place


@given(cases())
@SOME
def test_a_run_takes_no_less_than_its_longest_chain_and_its_busiest_place(case: Case) -> None:
    run = case.run()
    latest: dict[int, Any] = {}
    for index in np.argsort(run.schedule.level, kind="stable").tolist():
        row = case.rows[index]
        latest[index] = max([case.workers.ready_s(row.src), *(latest[d] for d in row.after)]) + run.alone_s[index]
        assert run.end_s[index] >= latest[index]
    assert run.makespan_s >= max([*latest.values(), *map(case.workers.ready_s, range(run.schedule.ranks))])
    longest_cpu = max([Fraction(0), *map(case.cpu, range(len(case.rows)))])
    for intervals in holdings(case).values():
        busy = sum(end - begin for begin, end in intervals)
        first = min(begin for begin, _ in intervals)
        # A gap, or a sender's CPU, may still be at it when all has arrived.
        assert run.makespan_s >= first + busy - case.model.gap_s - longest_cpu
