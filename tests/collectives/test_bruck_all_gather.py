"""Bruck's all-gather: ranges that wrap round are packed, and nothing leaves early."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.counts import count
from simcomm.engines.exact import exact_run

BRUCK = get("bruck_all_gather")
A, B = Fraction(7), Fraction(1, 3)


def test_five_workers() -> None:
    """1, 2 and then the one chunk that is missing; packed where a range goes past chunk 4."""
    rows = [str(row).split(", after")[0] for row in BRUCK.schedule(5)]
    assert rows == [
        "copy 0 -> 4  chunk 0", "copy 1 -> 0  chunk 1", "copy 2 -> 1  chunk 2", "copy 3 -> 2  chunk 3",
        "copy 4 -> 3  chunk 4",
        "copy 0 -> 3  chunks 0..1", "copy 1 -> 4  chunks 1..2", "copy 2 -> 0  chunks 2..3", "copy 3 -> 1  chunks 3..4",
        "copy 4 -> 2  chunks 0, 4",
        "copy 0 -> 1  chunk 0", "copy 1 -> 2  chunk 1", "copy 2 -> 3  chunk 2", "copy 3 -> 4  chunk 3",
        "copy 4 -> 0  chunk 4",
    ]  # fmt: skip


@pytest.mark.parametrize("n", [2, 3, 7, 8, 33, 64])
def test_the_textbook_s_figures(n: int) -> None:
    steps, S = (n - 1).bit_length(), 10 * n
    claim = BRUCK.claim(n, Vector(S, 1))
    assert claim.total == Traffic(n * steps, (n - 1) * S)
    assert claim.steps == steps
    assert claim.time is not None
    assert claim.time(A, B, Fraction(9)) == steps * A + (n - 1) * 10 * B
    assert BRUCK.claim(n, Vector(S + 1)).time is None


@pytest.mark.parametrize("n", [5, 8])
def test_a_message_that_could_leave_early_waits_for_the_step_before(n: int) -> None:
    """The last one of five workers carries what was there all along: it must not be sent ahead."""
    schedule = BRUCK.schedule(n)
    steps = [0] * n + [1] * n + [2] * n
    assert schedule.step.tolist() == steps
    assert exact_run(schedule, Vector(n, 1), A, B, Fraction(0)).makespan_s == 3 * A + (n - 1) * B


def test_no_message_without_a_byte_is_counted() -> None:
    """Of 9 workers with 2 elements, chunks 4 and 8 hold one: in step i, who has either of them among 2^i sends."""
    for n, elements in ((9, 2), (16, 5), (13, 12)):
        full = {chunk for chunk in range(n) if Vector(elements).is_filled(chunk, n)}
        hops = [1 << step for step in range((n - 1).bit_length())]
        ranges = [{(rank + k) % n for k in range(min(hop, n - hop))} for rank in range(n) for hop in hops]
        found = count(BRUCK.schedule(n), Vector(elements)).total
        assert found == BRUCK.claim(n, Vector(elements)).total
        assert found.messages == sum(bool(full & chunks) for chunks in ranges)
