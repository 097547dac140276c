"""The proof of inexact goals: what it finds wrong, in words, exactly and by fingerprints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simcomm import multiplicities
from simcomm.averaging import averaged
from simcomm.collectives import get
from simcomm.errors import InputError, ProofError
from simcomm.goals import ALL_REDUCE, Goal, every_chunk
from simcomm.planted import bugs, reaches
from simcomm.proof import methods, prove
from simcomm.schedule import Operation, Schedule

RING = averaged(3, [(1, -1)])


def exchange(*left_out: int, extra: tuple[Operation, ...] = ()) -> Schedule:
    """Three workers tell each other, once."""
    pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    rows = [Operation("reduce", a, b, 0) for index, (a, b) in enumerate(pairs) if index not in left_out]
    return Schedule.of(3, 1, [*rows, *extra])


def claims(matrix: list[list[int]]) -> Goal:
    """A goal with this matrix, which need not be circulant."""
    table = np.array(matrix)
    return Goal("gossip", every_chunk, every_chunk, multiplicity=lambda rank, worker: np.asarray(table[rank, worker]))


def test_a_missing_and_a_doubled_contribution_are_named() -> None:
    assert prove(exchange(), RING, 3).places == 3
    with pytest.raises(ProofError) as caught:
        prove(exchange(1), RING, 3)
    assert str(caught.value) == (
        "rank 2, chunk 0: the contribution of worker 0 is in the sum 0 times at the end; expected 1"
    )
    again = Operation("reduce", 1, 0, 0, after=(0,))
    with pytest.raises(ProofError, match="rank 0, chunk 0: the contribution of worker 0 is in the sum 2 times"):
        prove(exchange(extra=(again,)), RING, 3)
    with pytest.raises(ProofError, match=r"rank 2, chunk 0: the multiplicities .* by fingerprints"):
        prove(exchange(1), RING, 3, "fingerprints")


@pytest.mark.parametrize("method", ["multiplicities", "fingerprints"])
def test_what_does_not_keep_the_mean_is_no_averaging(method: Any) -> None:
    one_way = Schedule.of(2, 1, [Operation("reduce", 0, 1, 0)])
    with pytest.raises(ProofError, match="rows and columns of the multiplicities add up to 1 and to 2"):
        prove(one_way, claims([[1, 0], [1, 1]]), 2, method)
    both = Schedule.of(2, 1, [Operation("reduce", 0, 1, 0), Operation("reduce", 1, 0, 0)])
    assert prove(both, claims([[1, 1], [1, 1]]), 2, method).method == method


def test_numbers_beyond_64_bits_are_not_taken_for_small_ones() -> None:
    """Sixty-four times to and fro: 2⁶⁴ and more, which modulo 2⁶⁴ might be anything."""
    rows = [Operation("reduce", a, b, 0) for a, b in ((0, 1), (1, 0))]
    for turn in range(2, 128):
        rows.append(Operation("reduce", turn % 2, 1 - turn % 2, 0, after=tuple(range(turn % 2 == 0, turn, 2))))
    with pytest.raises(ProofError, match=r"contributions in one value; expected fewer than 2\*\*63, to count them"):
        prove(Schedule.of(2, 1, rows), claims([[1, 1], [1, 1]]), 2)


def test_methods_of_a_goal() -> None:
    assert methods(RING) == ("multiplicities", "fingerprints")
    with pytest.raises(InputError, match="unknown method 'bitsets' for gossip; expected one of multiplicities, fing"):
        prove(exchange(), RING, 3, "bitsets")
    with pytest.raises(InputError, match="unknown method 'multiplicities' for all_reduce"):
        prove(exchange(), ALL_REDUCE, 3, "multiplicities")


@pytest.mark.parametrize("way", ["ring", "exponential"])
def test_every_planted_bug_that_changes_a_value_is_caught_both_ways(way: str) -> None:
    gossip, options = get("gossip"), {"rounds": 3, "neighbours": way}
    goal = gossip.goal_of(5, options)
    changing = 0
    for _, bug in bugs(gossip.schedule(5, **options)):
        if not reaches(bug, goal, 5):
            changing += 1
            for method in methods(goal):
                with pytest.raises(ProofError):
                    prove(bug, goal, 5, method)
        else:
            assert prove(bug, goal, 5).places == 5
    assert changing >= 50


def test_a_large_one_is_proven_by_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiplicities, "MOST_ADDITIONS", 100)
    schedule, goal = get("gossip").schedule(40, rounds=2), get("gossip").goal_of(40, {"rounds": 2})
    assert prove(schedule, goal, 40).method == "fingerprints"
    with pytest.raises(ProofError, match="by fingerprints"):
        prove(schedule, get("gossip").goal_of(40, {"rounds": 1}), 40)


def test_modulo_a_group_what_is_wrong_is_left_to_the_whole_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"rounds": 2, "neighbours": "exponential"}
    schedule, right = get("gossip").schedule(6, **options), get("gossip").goal_of(6, options)
    wrong = get("gossip").goal_of(6, {**options, "rounds": 1})
    with pytest.raises(ProofError, match="rank 2, chunk 0: the contribution of worker 0 is in the sum 1 times"):
        prove(schedule, wrong, 6)
    other = replace(right, multiplicity=lambda rank, worker: right.multiplicity(rank, worker))  # type: ignore[misc]
    assert prove(schedule, other, 6).places == 6
    monkeypatch.setattr(multiplicities, "MOST_KEPT", 5)
    assert prove(schedule, right, 6).places == 6
