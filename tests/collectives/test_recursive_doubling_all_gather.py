"""Recursive doubling all-gather: ranges that double, and powers of two only."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.errors import InputError

DOUBLING = get("recursive_doubling_all_gather")


def test_the_textbook_s_figures() -> None:
    """n lg n messages, (n−1)S bytes, lg n·α + (n−1)/n·S·β."""
    n, S = 16, 1600
    claim = DOUBLING.claim(n, Vector(S, 1))
    assert (claim.total, claim.steps) == (Traffic(n * 4, (n - 1) * S), 4)
    assert DOUBLING.schedule(n).sizes_bytes(Vector(S, 1)).tolist() == [100] * n + [200] * n + [400] * n + [800] * n
    assert claim.time is not None
    assert claim.time(Fraction(3), Fraction(2), Fraction(5)) == 4 * 3 + 1500 * 2


def test_all_that_partners_have_is_exchanged() -> None:
    assert [str(row).split(",")[0] for row in DOUBLING.schedule(4)] == [
        "copy 0 -> 1  chunk 0", "copy 1 -> 0  chunk 1", "copy 2 -> 3  chunk 2", "copy 3 -> 2  chunk 3",
        "copy 0 -> 2  chunks 0..1", "copy 1 -> 3  chunks 0..1", "copy 2 -> 0  chunks 2..3", "copy 3 -> 1  chunks 2..3",
    ]  # fmt: skip


def test_it_is_the_halving_reduce_scatter_backwards() -> None:
    ends = {
        name: [(m.src, m.dst, m.chunk, m.count) for m in get(name).schedule(8) if m.kind != "compute"]
        for name in ("recursive_halving_reduce_scatter", "recursive_doubling_all_gather")
    }
    backwards = [(dst, src, chunk, count) for src, dst, chunk, count in ends["recursive_halving_reduce_scatter"]]
    assert sorted(ends["recursive_doubling_all_gather"]) == sorted(backwards)


@pytest.mark.parametrize("n", [3, 5, 6, 7, 12])
def test_other_numbers_of_workers_are_refused_with_the_reason(n: int) -> None:
    for ask in (lambda: DOUBLING.schedule(n), lambda: DOUBLING.claim(n, Vector(1))):
        with pytest.raises(InputError) as refused:
            ask()
        assert str(refused.value) == (
            f"workers: {n}; the partner of a rank is rank XOR 2^i, expected a power of two (bruck_all_gather takes any "
            "number)"
        )
