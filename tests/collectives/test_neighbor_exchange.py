"""Neighbour exchange: pairs of chunks to the left and to the right, in n/2 steps."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.errors import InputError

EXCHANGE = get("neighbor_exchange_all_gather")


def test_six_workers() -> None:
    rows = [str(row).split(",")[0] for row in EXCHANGE.schedule(6)]
    assert rows == [
        "copy 0 -> 1  chunk 0", "copy 1 -> 0  chunk 1", "copy 2 -> 3  chunk 2", "copy 3 -> 2  chunk 3",
        "copy 4 -> 5  chunk 4", "copy 5 -> 4  chunk 5",
        "copy 0 -> 5  chunks 0..1", "copy 1 -> 2  chunks 0..1", "copy 2 -> 1  chunks 2..3", "copy 3 -> 4  chunks 2..3",
        "copy 4 -> 3  chunks 4..5", "copy 5 -> 0  chunks 4..5",
        "copy 0 -> 1  chunks 4..5", "copy 1 -> 0  chunks 2..3", "copy 2 -> 3  chunks 0..1", "copy 3 -> 2  chunks 4..5",
        "copy 4 -> 5  chunks 2..3", "copy 5 -> 4  chunks 0..1",
    ]  # fmt: skip


@pytest.mark.parametrize("n", [2, 4, 6, 16, 30])
def test_the_paper_s_figures(n: int) -> None:
    """n messages of S/n and n(n/2−1) of 2S/n, n/2 steps: half as many as a ring, for the same bytes."""
    S = 10 * n
    claim, ring = (get(name).claim(n, Vector(S, 1)) for name in ("neighbor_exchange_all_gather", "ring_all_gather"))
    assert claim.total == Traffic(n + n * (n // 2 - 1), ring.total.bytes)
    assert claim.steps == n // 2 == (ring.steps + 1) // 2
    assert claim.time is not None
    assert claim.time(Fraction(7), Fraction(1, 3), Fraction(9)) == n // 2 * 7 + Fraction((n - 1) * 10, 3)


@pytest.mark.parametrize("n", [2, 4, 10, 12])
def test_everybody_talks_to_two_neighbours_in_turn(n: int) -> None:
    schedule = EXCHANGE.schedule(n)
    for rank in range(n):
        ways = [(int(m.dst) - rank) % n for m in schedule if m.src == rank]
        assert ways == [(1 if (rank + step) % 2 == 0 else -1) % n for step in range(n // 2)]


@pytest.mark.parametrize("n", [3, 5, 63])
def test_odd_numbers_of_workers_are_refused(n: int) -> None:
    with pytest.raises(InputError) as refused:
        EXCHANGE.schedule(n)
    assert str(refused.value) == f"workers: {n}; neighbours exchange in pairs, expected an even number"


def test_one_worker_alone_has_all() -> None:
    claim = EXCHANGE.claim(1, Vector(10))
    assert (len(EXCHANGE.schedule(1)), claim.total, claim.sent(0), claim.received(0)) == (0, *[Traffic(0, 0)] * 3)
