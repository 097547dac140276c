"""Lower bounds: against what goals demand, against the literature, and against every collective there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from simcomm import demands, goals
from simcomm.closed_forms import Demand, Vector, busbw_factor, demand, lower_bound
from simcomm.collectives import get, names
from simcomm.demands import demand_of
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError
from simcomm.goals import Goal, every_chunk

A, B, G = Fraction(7, 3), Fraction(1, 11), Fraction(2, 13)
UP_TO_16 = range(1, 17)
#: With a large α, a large β, a large γ.
COSTS = ((A, B, G), (Fraction(1000), B, Fraction(0)), (Fraction(1, 3), Fraction(5), B), (Fraction(0), B, Fraction(9)))


def all_goals(root: int) -> list[Goal]:
    with_a_root = [make(root) for make in (goals.broadcast, goals.reduce, goals.scatter, goals.gather)]
    return [goals.ALL_REDUCE, goals.REDUCE_SCATTER, goals.ALL_GATHER, goals.ALL_TO_ALL, *with_a_root]


def enumerated(goal: Goal, n: int, vector: Vector) -> tuple[int, int, list[int], list[int]]:
    """Of every chunk who has it and who needs it: bytes sent and added in all, and what leaves and enters each worker.

    The first to hold a sum has heard of all others that contribute, in as many messages; all others that need it get it
    in one more each.
    """
    sent = added = 0
    leaves, enters = [0] * n, [0] * n
    for v in range(n if goal.apart else 1):
        for c in range(n):
            rank, size = np.arange(n), vector.chunk_bytes(c, n)
            where = np.array(c), np.array(v)
            has = {v} if goal.apart else set(np.flatnonzero(np.broadcast_to(goal.has(rank, *where), n)).tolist())
            needs = set(np.flatnonzero(np.broadcast_to(goal.needs(rank, *where), n)).tolist())
            sent += size * min(len(has - {first}) + len(needs - {first}) for first in range(n))
            added += size * (len(has) - 1)
            for worker in range(n):
                leaves[worker] += size * (worker in has and needs != {worker})
                enters[worker] += size * (worker in needs and has != {worker})
    return sent, added, leaves, enters


@pytest.mark.parametrize("elements", [1, 3, 7, 24, 29])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 8])
def test_what_is_demanded_is_what_the_goal_says(n: int, elements: int) -> None:
    vector = Vector(elements, 4)
    for root in {0, n - 1}:
        for goal in all_goals(root):
            needed = demand(goal.operation, n, vector, goal.root)
            assert needed is not None
            sent, added, leaves, enters = enumerated(goal, n, vector)
            assert (needed.together, needed.added) == (sent, added), goal.operation
            busiest = [max(pair) for pair in zip(leaves, enters, strict=True)]
            if goal.operation in ("scatter", "gather"):
                assert needed.root == (leaves if goal.operation == "scatter" else enters)[root] == max(busiest)
                assert goal.root == root
                continue
            assert needed.worker <= min(busiest)
            if vector.is_cut_evenly(n):
                assert needed.worker == min(busiest) == max(busiest)
            if goal.operation == "all_reduce":
                assert needed.worker == min(leaves) == min(enters)


def test_rounds_with_one_message_under_way() -> None:
    rounds = {n: demand("broadcast", n, Vector(100)).rounds for n in (2, 3, 4, 5, 8, 9)}  # type: ignore[union-attr]
    assert rounds == {2: 1, 3: 2, 4: 2, 5: 3, 8: 3, 9: 4}
    # Of 3 elements for 8 workers those of workers 2, 5 and 7 hold anything; the root, 0, is a fourth one to talk.
    assert demand("scatter", 8, Vector(3, 1)) == Demand(3, root=3, rounds=2)
    assert demand("gather", 8, Vector(3, 1), root=2) == Demand(2, root=2, rounds=2, at=2, entering=True)
    assert demand("scatter", 8, Vector(1, 1), root=7) == Demand(at=7)


@pytest.mark.parametrize(("rounds", "way", "heard"), [(1, "ring", 3), (3, "ring", 7), (3, "exponential", 8)])
def test_who_averages_must_hear_something(rounds: int, way: str, heard: int) -> None:
    goal = get("gossip").goal_of(9, {"rounds": rounds, "neighbours": way})
    assert demand_of(goal, 9, Vector(10), 1) == Demand(9 * 40, 40, rounds=(heard - 1).bit_length())
    assert demand_of(get("gossip").goal_of(1, {}), 1, Vector(10), 1) == Demand()


@dataclass(frozen=True)
class Blocks:
    """Worker d needs the chunks of vector v from ``edges[v][d]`` on."""

    edges: tuple[tuple[int, ...], ...]

    def __call__(self, rank: Any, chunk: Any, vector: Any) -> Any:
        edges = np.array(self.edges)
        return (edges[vector, rank] <= chunk) & (chunk < edges[vector, rank + 1])


def test_vectors_apart_are_asked_about_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker 0 has 3, 1 and 2 of 6 chunks of 4 B for the workers, worker 1 has 0, 6 and 0, worker 2 has 5, 1, 0."""
    goal = Goal("all_to_all_v", every_chunk, Blocks(((0, 3, 4, 6), (0, 0, 6, 6), (0, 5, 6, 6))), apart=True)
    # 0 sends 1 + 2, receives 5; 1 sends nothing, receives 1 + 1; 2 sends 5 + 1, receives 2.
    expected = Demand(together=4 * 9, worker=4 * 2, root=4 * 6, rounds=2, at=2)
    assert demand_of(goal, 3, Vector(6), 6) == expected
    into_one = Goal("all_to_all_v", every_chunk, Blocks(((0, 6, 6, 6), (0, 6, 6, 6), (0, 2, 2, 6))), apart=True)
    assert demand_of(into_one, 3, Vector(6), 6) == Demand(4 * 8, 4 * 2, 4 * 8, rounds=2, at=0, entering=True)
    in_turn = Goal("all_to_all_v", every_chunk, Blocks(((0, 0, 6, 6), (0, 0, 0, 6), (0, 6, 6, 6))), apart=True)
    assert demand_of(in_turn, 3, Vector(6), 6) == Demand(together=4 * 18, worker=4 * 6, rounds=1)
    monkeypatch.setattr(demands, "MOST_QUESTIONS", 50)
    assert demand_of(goal, 3, Vector(6), 6) is None
    assert demand_of(replace(goal, apart=False), 3, Vector(6), 6) is None


@pytest.mark.parametrize("steps", [1, 3])
def test_a_shift_brings_as_many_vectors_as_steps(steps: int) -> None:
    def needs(rank: Any, chunk: Any, vector: Any) -> Any:
        return (rank - vector) % 5 <= steps

    goal = Goal("shift", every_chunk, needs, apart=True)
    assert demand_of(goal, 5, Vector(10), 1) == Demand(5 * steps * 40, steps * 40, rounds=steps.bit_length())


def test_of_other_operations_nothing_is_known() -> None:
    assert demand("scan", 4, Vector(100)) is None
    assert bound("scan", 4, 100, (A, B, G), 4) == 0
    assert demand("scan", 1, Vector(100)) == Demand()


@pytest.mark.no_cover
@pytest.mark.parametrize("n", UP_TO_16)
def test_no_collective_beats_its_bound(n: int) -> None:
    """Every collective with every variant, of chunks of several sizes; also where some hold nothing."""
    for name in names():
        collective = get(name)
        for options in collective.variants:
            try:
                schedule = collective.schedule(n, **options)
            except InputError:
                continue
            goal = collective.goal_of(n, options)
            for elements in (1, 5 * n + 3):
                vector = Vector(elements)
                needed = demand_of(goal, n, vector, schedule.chunks_per_vector)
                for costs in COSTS if n <= 5 else COSTS[:1]:
                    found = exact_run(schedule, vector, *costs).makespan_s
                    assert found >= of(needed, costs, schedule.ranks), (name, options, elements, costs)


def of(needed: Demand | None, costs: tuple[Any, Any, Any], ranks: int) -> Any:
    alpha, beta, gamma = costs
    return lower_bound(
        needed,
        alpha_s=alpha,
        slowest_port_s_per_byte=beta,
        all_ports_bytes_per_s=ranks / beta,
        gamma_s_per_byte=gamma,
        ranks=ranks,
    )


def bound(operation: str, n: int, S: int, costs: tuple[Any, Any, Any], ranks: int) -> Any:
    return of(demand(operation, n, Vector(S, 1)), costs, ranks)


@pytest.mark.parametrize("n", range(2, 17))
def test_bounds_of_equal_workers_are_the_terms_of_the_literature(n: int) -> None:
    S = 1234
    once, added = Fraction(n - 1, n) * S * B, Fraction(n - 1, n) * S * G
    assert bound("all_reduce", n, S, (A, B, G), n) == A + 2 * once + added
    assert bound("reduce_scatter", n, S, (A, B, G), n) == A + once + added
    assert bound("all_gather", n, S, (A, B, G), n) == A + once
    assert bound("all_to_all", n, S, (A, B, G), n) == A + once
    assert bound("broadcast", n, S, (A, B, G), n) == A + S * B
    assert bound("reduce", n, S, (A, B, 0 * G), n) == A + S * B
    assert bound("reduce", n, S, (A, 0 * B + Fraction(1, 10**9), G), n) >= A + added
    assert bound("scatter", n, n * S, (A, B, G), n) == bound("gather", n, n * S, (A, B, G), n) == A + n * once


def test_a_ring_reaches_the_bound_but_for_its_latencies() -> None:
    for n in range(2, 9):
        time = get("ring_all_reduce").claim(n, Vector(10 * n)).time
        assert time is not None
        assert time(Fraction(0), B, G) == bound("all_reduce", n, 40 * n, (Fraction(0), B, G), n)


def test_the_one_shot_all_to_all_reaches_the_bound() -> None:
    for n in range(2, 9):
        time = get("all_to_all_blocks").claim(n, Vector(10 * n)).time
        assert time is not None
        assert time(A, B, G) == bound("all_to_all", n, 40 * n, (A, B, G), n)


@pytest.mark.parametrize("elements", [1, 2, 7, 11])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_slow_port_bounds_an_all_to_all_whoever_has_it(n: int, elements: int) -> None:
    """The busier direction of every worker's port carries (n−1)/n·S or more, however the blocks are cut."""
    claim = get("all_to_all_blocks").claim(n, Vector(elements))
    slow = lower_bound(
        demand("all_to_all", n, Vector(elements)),
        alpha_s=A,
        slowest_port_s_per_byte=Fraction(7),
        all_ports_bytes_per_s=Fraction(10**6),
        gamma_s_per_byte=G,
        ranks=n,
    )
    assert slow == A + Fraction(n - 1, n) * 4 * elements * 7
    for rank in range(n):
        assert A + max(claim.sent(rank).bytes, claim.received(rank).bytes) * 7 >= slow


def test_a_bound_of_unequal_ports() -> None:
    """A slow worker must send all that it has and receive the sum; spare ranks share the sending and the adding."""
    slow = lower_bound(
        demand("all_reduce", 4, Vector(25)),
        alpha_s=A,
        slowest_port_s_per_byte=Fraction(5),
        all_ports_bytes_per_s=Fraction(16, 5),
        gamma_s_per_byte=Fraction(0),
        ranks=4,
    )
    assert slow == A + 500
    assert bound("all_reduce", 4, 100, (A, B, G), 100) == A + 100 * B
    assert bound("all_reduce", 4, 100, (A, B, G), 5) == A + Fraction(600, 5) * B + Fraction(300, 5) * G


@pytest.mark.parametrize(
    "operation",
    ["all_reduce", "reduce_scatter", "all_gather", "all_to_all", "broadcast", "reduce", "scatter", "gather"],
)
def test_nothing_to_do_takes_no_time(operation: str) -> None:
    assert bound(operation, 1, 100, (A, B, G), 1) == 0
    assert bound(operation, 5, 0, (A, B, G), 5) == 0
    assert isinstance(bound(operation, 1, 100, (1.5, 0.5, 0.0), 1), float)


def test_a_slow_root_bounds_a_scatter_and_another_slow_worker_does_not() -> None:
    def slow(root: Fraction, worker: Fraction) -> Any:
        return lower_bound(
            demand("scatter", 4, Vector(100, 1)),
            alpha_s=A,
            slowest_port_s_per_byte=worker,
            root_port_s_per_byte=root,
            all_ports_bytes_per_s=Fraction(10**9),
            gamma_s_per_byte=G,
            ranks=4,
        )

    assert slow(Fraction(3), Fraction(2)) == A + 75 * 3
    assert slow(Fraction(3), Fraction(1000)) == A + 75 * 3


def test_busbw_factors_are_those_of_nccl_tests() -> None:
    for n in UP_TO_16:
        assert busbw_factor("all_reduce", n) == Fraction(2 * (n - 1), n)
        assert busbw_factor("reduce_scatter", n) == busbw_factor("all_gather", n) == Fraction(n - 1, n)
        assert busbw_factor("all_to_all", n) == Fraction(n - 1, n)
        assert busbw_factor("broadcast", n) == busbw_factor("reduce", n) == 1
        assert busbw_factor("scatter", n) == busbw_factor("gather", n) == Fraction(n - 1, n)
        assert busbw_factor("shift", n) == 1
        assert busbw_factor("gossip", n) is None
