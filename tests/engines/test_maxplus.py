"""The max-plus engine: the reference's answer, bit for bit, or a refusal that says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from direct_routes import direct
from hypothesis import given, settings
from hypothesis import strategies as st
from maxplus_runs import MODELS, agree, check_case, check_same, check_summary, forward, jittery, sizes_of
from random_runs import Case, cases
from same_runs import any_case

from simcomm import collectives
from simcomm.closed_forms import Vector
from simcomm.engines import compiled, maxplus
from simcomm.engines.maxplus import Refusal
from simcomm.engines.summary import Summary
from simcomm.engines.timeline import Timeline
from simcomm.errors import InputError
from simcomm.networks.base import Workers
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.schedule import Operation, Schedule

#: Messages of several rings meet at a port in an order that nothing forces.
CROWDED = ("multi_ring_all_reduce",)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.no_cover
@pytest.mark.parametrize("name", collectives.names())
def test_every_collective_is_the_same_as_in_the_reference_or_handed_over(name: str, model: str) -> None:
    for n in (1, 2, 3, 4, 5, 8):
        try:
            collectives.get(name).schedule(n)
        except InputError:
            continue
        accepted = agree(name, n, MODELS[model], "des")
        if name.startswith("ring") and model != "rendezvous":
            assert all(accepted)
        assert any(accepted) or (name, model) == ("parameter_server", "rendezvous") or n > 2 or name in CROWDED


@pytest.mark.no_cover
@pytest.mark.parametrize("name", ["ring_all_reduce", "recursive_doubling", "all_to_all_blocks", "rabenseifner"])
def test_larger_ones_are_the_same_as_in_the_compiled_engine(name: str) -> None:
    for n in (31, 32, 64):
        try:
            collectives.get(name).schedule(n)
        except InputError:
            continue
        for model in ("plain", "overheads"):
            assert any(agree(name, n, MODELS[model], "compiled"))


@pytest.mark.no_cover
def test_random_programs_are_the_same_or_refused() -> None:
    accepted = []

    @given(any_case() | cases(30).map(forward))
    @settings(deadline=None, max_examples=300, derandomize=True)
    def check(case: Case) -> None:
        if case.rows:
            accepted.append(check_case(case))

    check()
    assert sum(accepted) > 30
    assert not all(accepted)


def test_the_loop_is_plain_python_too() -> None:
    code = """
from hypothesis import given, settings
from random_runs import cases
import maxplus_runs as t

@given(cases(20).map(t.forward))
@settings(deadline=None, max_examples=60, database=None)
def check(case):
    t.check_case(case)

check()
for name, n in (("ring_all_reduce", 3), ("recursive_doubling", 4), ("all_to_all", 4)):
    for model in t.MODELS.values():
        t.agree(name, n, model, "des")
"""
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": tests}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=300)


def refused(rows: list[Operation], sizes: list[int], model: Any = None, workers: Workers | None = None) -> str:
    """Three ranks, 1 B/s, latency 10 s."""
    pairs = dict.fromkeys([(row.src, row.dst) for row in rows if row.src != row.dst], direct(10.0, 1.0))
    schedule = Schedule.of(3, 1, rows)
    found = maxplus.run(schedule, np.array(sizes), model or LogGP(), pairs, workers or Workers.alike(3))
    assert maxplus.summaries(schedule, [np.array(sizes)], model or LogGP(), pairs, workers or Workers.alike(3)) == [
        found
    ]
    assert isinstance(found, Refusal)
    return found.reason


def copy(src: int, dst: int, *after: int) -> Operation:
    return Operation("copy", src, dst, 0, after=after)


def test_a_sender_whose_first_message_waits_for_something_late_is_handed_over() -> None:
    # Operation 1 waits for what arrives at 14; operation 2 has the port of rank 1 long before it.
    assert refused([copy(0, 1), copy(1, 2, 0), copy(1, 2)], [4, 4, 4]).startswith(
        "operation 2 asks for the send place of rank 1"
    )


def test_a_receiver_whom_the_later_message_reaches_first_is_handed_over() -> None:
    late = Workers((5.0, 0.0, 0.0), (0.0,) * 3, (1.0,) * 3)
    assert refused([copy(0, 2), copy(1, 2)], [4, 4], workers=late).startswith(
        "operation 1 asks for the receive place of rank 2"
    )


def test_at_one_instant_the_lower_number_comes_first_only_if_nothing_was_served_before_it() -> None:
    # Without latency both ask for the receiver's port at 0, each when its sender's port was served: in the same round.
    # Whether it was the same round the engine does not know.
    no_time = {(0, 2): direct(0.0, 1.0), (1, 2): direct(0.0, 1.0)}
    two = Schedule.of(3, 1, [copy(0, 2), copy(1, 2)])
    found = maxplus.run(two, np.array([4, 4]), LogGP(), no_time, Workers.alike(3))
    assert isinstance(found, Refusal)
    assert "at once with" in found.reason
    with_time = {pair: direct(1.0, 1.0) for pair in no_time}
    same = maxplus.run(two, np.array([4, 4]), LogGP(), with_time, Workers.alike(3))
    assert isinstance(same, Timeline)
    assert same.start_s.tolist() == [0.0, 0.0]
    assert same.end_s.tolist() == [5.0, 9.0]


def test_what_it_does_not_do_is_refused_with_the_reason() -> None:
    one = [copy(0, 1)]
    assert "links" in refused(one, [4], StoreAndForward())
    assert "more than turns and delays" in refused(one, [4], LogGP(ports="one_cpu"))
    assert "more than turns and delays" in refused(one, [4], FairShare())
    assert "no programs" in refused(one, [4], object())
    assert "higher number" in refused([copy(0, 1, 1), copy(1, 2)], [4, 4])
    assert "at the instant at which it has its last turn" in refused(one, [1], LogGP(first_byte_free=True))
    assert "no finite time" in refused(one, [4], workers=Workers((float("inf"), 0.0, 0.0), (0.0,) * 3, (1.0,) * 3))
    assert "vanishes" in refused(one, [4], workers=Workers((1e20, 0.0, 0.0), (0.0,) * 3, (1.0,) * 3))
    exact = np.array([0], dtype=object)
    given = (Schedule.of(3, 1, one), np.array([4]), LogGP(), {(0, 1): direct(1.0, 1.0)}, Workers.alike(3))
    assert maxplus.run(*given, exact) == Refusal("exact times")
    assert maxplus.summaries(given[0], [given[1]], *given[2:], exact) == [Refusal("exact times")]


def test_several_sizes_are_done_as_one_by_one() -> None:
    schedule = collectives.get("ring_all_reduce").schedule(6)
    sizes = [sizes_of(schedule, elements) for elements in (60, 7, 5003)]
    given = (LogGP(), direct(5e-6, 12.5e9), jittery(6))
    together = maxplus.summaries(schedule, sizes, *given)
    assert together == [maxplus.summaries(schedule, [each], *given)[0] for each in sizes]
    assert len(set(together)) == 3


def test_sizes_of_all_operations_are_done_without_the_quotient() -> None:
    schedule = collectives.get("ring_all_reduce").schedule(5)
    given = (LogGP(), direct(5e-6, 12.5e9), jittery(5))
    one, each = (
        maxplus.run(schedule, sizes, *given) for sizes in (sizes_of(schedule, 12), schedule.sizes_bytes(Vector(12)))
    )
    assert isinstance(one, Timeline)
    assert isinstance(each, Timeline)
    check_same(one, each)


def test_one_route_stands_for_all_that_are_alike() -> None:
    schedule = collectives.get("all_to_all").schedule(5)
    sizes, route = sizes_of(schedule, 100), direct(5e-6, 12.5e9)
    pairs = {(a, b): route for a in range(5) for b in range(5) if a != b}
    one, each = (maxplus.run(schedule, sizes, LogGP(), routes, jittery(5)) for routes in (route, pairs))
    assert isinstance(one, Timeline) == isinstance(each, Timeline)
    if isinstance(one, Timeline) and isinstance(each, Timeline):
        check_same(one, each)


@given(st.integers(2, 9), st.integers(0, 2**31), st.sampled_from([0.0, 1e-6, 1e-4, 1e-2]), st.integers(1, 400))
@settings(deadline=None, max_examples=150)
def test_busy_times_of_ranks_that_are_far_ahead_of_others(n: int, seed: int, spread_s: float, elements: int) -> None:
    rng = np.random.default_rng(seed)
    workers = Workers(
        tuple((rng.random(n) * spread_s).tolist()), tuple((rng.random(n) * spread_s).tolist()), (1.0,) * n
    )
    schedule = collectives.get("ring_all_reduce").schedule(n)
    links = {
        pair: direct(rng.random() * 1e-6, 1e9 * (1 + rng.integers(3))) for pair in ((i, (i + 1) % n) for i in range(n))
    }
    model = LogGP(overhead_s=1e-7 * rng.integers(2), gap_s=1e-7 * rng.integers(2))
    sizes = schedule.sizes_bytes(Vector(elements))
    reference = compiled.run(schedule, sizes, model, links, workers, schedule.seconds)
    (summary,) = maxplus.summaries(schedule, [sizes_of(schedule, elements)], model, links, workers)
    if isinstance(summary, Summary):
        check_summary(summary, reference)
    else:
        assert "asks for" in summary.reason
