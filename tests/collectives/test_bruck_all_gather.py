"""Bruck's all-gather: ranges that wrap round are two messages, and nothing leaves early."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.collectives.bruck_all_gather import _messages
from simcomm.counts import count
from simcomm.engines.exact import exact_run

BRUCK = get("bruck_all_gather")
A, B = Fraction(7), Fraction(1, 3)


def test_five_workers() -> None:
    """1, 2 and then the one chunk that is missing; two pieces where a range goes past chunk 4."""
    rows = [str(row).split(",")[0] for row in BRUCK.schedule(5) if row.kind == "copy"]
    assert rows == [
        "copy 0 -> 4  chunk 0", "copy 1 -> 0  chunk 1", "copy 2 -> 1  chunk 2", "copy 3 -> 2  chunk 3",
        "copy 4 -> 3  chunk 4",
        "copy 0 -> 3  chunks 0..1", "copy 1 -> 4  chunks 1..2", "copy 2 -> 0  chunks 2..3", "copy 3 -> 1  chunks 3..4",
        "copy 4 -> 2  chunk 4", "copy 4 -> 2  chunk 0",
        "copy 0 -> 1  chunk 0", "copy 1 -> 2  chunk 1", "copy 2 -> 3  chunk 2", "copy 3 -> 4  chunk 3",
        "copy 4 -> 0  chunk 4",
    ]  # fmt: skip


@pytest.mark.parametrize("n", [2, 3, 7, 8, 33, 64])
def test_the_textbook_s_figures_and_the_pieces(n: int) -> None:
    steps, S = (n - 1).bit_length(), 10 * n
    claim = BRUCK.claim(n, Vector(S, 1))
    assert claim.total == Traffic(n * steps + n - 1 - steps, (n - 1) * S)
    assert claim.steps == steps
    assert claim.time is not None
    assert claim.time(A, B, Fraction(9)) == steps * A + (n - 1) * 10 * B
    assert BRUCK.claim(n, Vector(S + 1)).time is None


def test_a_piece_that_could_leave_early_waits_for_the_step_before() -> None:
    """Worker n−1's own chunk is a piece of its own in every step: it must not be sent ahead."""
    n = 8
    schedule = BRUCK.schedule(n)
    own = [schedule.step[i] for i, m in enumerate(schedule) if m.kind == "copy" and (m.src, m.chunk) == (n - 1, n - 1)]
    assert own == [0, 1, 2]
    assert exact_run(schedule, Vector(n, 1), A, B, Fraction(0)).makespan_s == 3 * A + 7 * B


@pytest.mark.parametrize("n", range(1, 20))
def test_how_many_ranges_hold_anything_by_looking_at_all_of_them(n: int) -> None:
    for elements in range(1, 2 * n + 2):
        filled = np.array([Vector(elements).is_filled(chunk, n) for chunk in range(n)])
        for width in range(1, n + 1):
            cut = [filled[first : first + width].any() for first in range(n)]
            rest = [filled[: first + width - n].any() for first in range(n) if first + width > n]
            assert _messages(n, elements, width) == sum(cut) + sum(rest)


def test_no_piece_without_a_byte_is_counted() -> None:
    for n, elements in ((9, 2), (16, 5), (13, 12)):
        assert count(BRUCK.schedule(n), Vector(elements)).total == BRUCK.claim(n, Vector(elements)).total
