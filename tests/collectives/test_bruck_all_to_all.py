"""Bruck's all-to-all: the ways of the blocks, and what counting blocks as messages keeps and what it does not."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.counts import count
from simcomm.engines.exact import exact_run
from simcomm.goals import ALL_TO_ALL
from simcomm.proof import prove

BRUCK = get("bruck_all_to_all")
A, B = Fraction(7), Fraction(1, 3)


def test_a_block_takes_the_steps_of_its_digits() -> None:
    """Block 0 -> 5 of 6 goes to 1 in step 0 and to 5 in step 2."""
    schedule = BRUCK.schedule(6)
    for target in range(1, 6):
        way = [(row.src, row.dst) for row in schedule if row.kind == "copy" and row.chunk == target]
        stops = [0, *(target & (2 << bit) - 1 for bit in range(3) if target >> bit & 1)]
        assert way == list(pairwise(stops))


@pytest.mark.parametrize("n", [2, 3, 6, 8, 13, 64])
def test_the_textbook_s_bytes_steps_and_time(n: int) -> None:
    """n·(S/n)·Σ_k #{i < n: bit k of i set} bytes, ⌈lg n⌉ steps; for n = 2^k: lg n·α + S/2·lg n·β."""
    steps, S = (n - 1).bit_length(), 10 * n
    trips = sum(i >> k & 1 for i in range(n) for k in range(steps))
    claim = BRUCK.claim(n, Vector(S, 1))
    assert (claim.total, claim.steps) == (Traffic(n * trips, 10 * n * trips), steps)
    assert claim.time is not None
    assert claim.time(A, B, Fraction(9)) == steps * A + trips * 10 * B
    if n == 2**steps:
        assert claim.time(A, B, Fraction(9)) == steps * A + Fraction(S, 2) * steps * B


@pytest.mark.parametrize("n", [3, 8, 12])
def test_a_step_s_blocks_are_as_one_message_of_the_textbook(n: int) -> None:
    """One message for each step: packed, they would be n⌈lg n⌉ of them, of #{i: bit k of i} blocks each."""
    schedule = BRUCK.schedule(n)
    sends = [i for i, row in enumerate(schedule) if row.kind == "copy"]
    for step in range((n - 1).bit_length()):
        ends = {(schedule[i].src, schedule[i].dst) for i in sends if schedule.step[i] == step}
        assert ends == {(rank, (rank + 2**step) % n) for rank in range(n)}
        packed = sum(i >> step & 1 for i in range(n))
        assert sum(schedule.step[i] == step for i in sends) == n * packed


def test_no_block_leaves_before_the_step_before_has_come() -> None:
    """A block that has not moved yet could: of distance 4, at once."""
    schedule = BRUCK.schedule(8)
    times = exact_run(schedule, Vector(8, 1), A, B, Fraction(0))
    last = [i for i, row in enumerate(schedule) if (row.kind, row.src, row.dst) == ("copy", 0, 4)]
    assert min(times.start_s[i] for i in last) == 2 * (A + 4 * B)


def test_where_blocks_differ_there_is_no_formula() -> None:
    assert BRUCK.claim(5, Vector(16)).time is None
    found = count(BRUCK.schedule(5), Vector(3))
    assert found.total == BRUCK.claim(5, Vector(3)).total == Traffic(5 * 3, 5 * 3 * 4)


def test_many_workers_fold() -> None:
    schedule = BRUCK.schedule(512)
    assert schedule.quotient is not None
    assert prove(schedule, ALL_TO_ALL, 512).places == 512**2


def test_it_wins_for_short_blocks_and_loses_for_long_ones() -> None:
    direct = get("all_to_all_blocks")
    for elements, wins in ((64, True), (2**20, False)):
        ours, theirs = BRUCK.claim(64, Vector(elements)).time, direct.claim(64, Vector(elements), rounds=True).time
        assert ours is not None
        assert theirs is not None
        assert (ours(5e-6, 8e-11, 0.0) < theirs(5e-6, 8e-11, 0.0)) is wins
