"""Bruck's all-to-all: the ways of the blocks, and the textbook's messages, which carry many of them."""

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
        way = [(row.src, row.dst) for row in schedule if target in row.chunks]
        stops = [0, *(target & (2 << bit) - 1 for bit in range(3) if target >> bit & 1)]
        assert way == list(pairwise(stops))


@pytest.mark.parametrize("n", [2, 3, 6, 8, 13, 64])
def test_the_textbook_s_messages_bytes_steps_and_time(n: int) -> None:
    """n⌈lg n⌉ messages, n·(S/n)·Σ_k #{i < n: bit k of i set} bytes, ⌈lg n⌉ steps; for n = 2^k: lg n·α + S/2·lg n·β."""
    steps, S = (n - 1).bit_length(), 10 * n
    trips = sum(i >> k & 1 for i in range(n) for k in range(steps))
    claim = BRUCK.claim(n, Vector(S, 1))
    assert (claim.total, claim.steps) == (Traffic(n * steps, 10 * n * trips), steps)
    assert claim.time is not None
    assert claim.time(A, B, Fraction(9)) == steps * A + trips * 10 * B
    if n == 2**steps:
        assert claim.time(A, B, Fraction(9)) == steps * A + Fraction(S, 2) * steps * B


@pytest.mark.parametrize("n", [3, 8, 12])
def test_a_step_is_a_message_of_every_worker(n: int) -> None:
    """To the worker 2^k further, with the #{i: bit k of i} blocks that have that bit."""
    schedule = BRUCK.schedule(n)
    for step in range((n - 1).bit_length()):
        sent = [row for row, at in zip(schedule, schedule.step, strict=True) if at == step]
        assert [(row.src, row.dst) for row in sent] == [(rank, (rank + 2**step) % n) for rank in range(n)]
        assert {len(row.chunks) for row in sent} == {sum(i >> step & 1 for i in range(n))}
    assert {row.kind for row in schedule} == {"copy"}


def test_no_block_leaves_before_the_step_before_has_come() -> None:
    """A block that has not moved yet could: of distance 4, at once."""
    for n in (5, 8):
        schedule = BRUCK.schedule(n)
        times = exact_run(schedule, Vector(n, 1), A, B, Fraction(0))
        (last,) = [i for i, row in enumerate(schedule) if (row.src, row.dst) == (0, 4)]
        assert 4 in schedule[last].chunks
        assert times.start_s[last] == 2 * A + sum(i >> k & 1 for i in range(n) for k in (0, 1)) * B


def test_where_blocks_differ_there_is_no_formula() -> None:
    """Of 5 workers with 3 elements, blocks 1, 3 and 4 hold one; who has none of them for a step sends nothing in it."""
    assert BRUCK.claim(5, Vector(16)).time is None
    found = count(BRUCK.schedule(5), Vector(3))
    silent = [(rank, step) for rank in range(5) for step in range(3) if not {1, 3, 4} & targets(rank, step, 5)]
    assert silent
    assert found.total == BRUCK.claim(5, Vector(3)).total == Traffic(5 * 3 - len(silent), 5 * 3 * 4)


def targets(rank: int, step: int, n: int) -> set[int]:
    """Whose blocks a worker sends in a step: what is left of ways with this bit when the lower ones are done."""
    return {(rank + (way >> step << step)) % n for way in range(n) if way >> step & 1}


def test_many_workers_fold() -> None:
    """Packed messages of one class may differ in size: then all are looked at."""
    schedule = BRUCK.schedule(512)
    assert schedule.quotient is not None
    assert schedule.messages == 512 * 9
    assert prove(schedule, ALL_TO_ALL, 512).places == 512**2
    assert schedule.quotient.sizes_bytes(Vector(512)) is not None
    assert schedule.quotient.sizes_bytes(Vector(513)) is None


def test_it_wins_for_short_blocks_and_loses_for_long_ones() -> None:
    direct = get("all_to_all_blocks")
    for elements, wins in ((64, True), (2**20, False)):
        ours, theirs = BRUCK.claim(64, Vector(elements)).time, direct.claim(64, Vector(elements), rounds=True).time
        assert ours is not None
        assert theirs is not None
        assert (ours(5e-6, 8e-11, 0.0) < theirs(5e-6, 8e-11, 0.0)) is wins
