"""Recursive halving: contiguous halves, for every n."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.counts import count
from simcomm.engines.exact import exact_run

HALVING = get("recursive_halving_reduce_scatter")


def test_the_textbook_s_figures_for_a_power_of_two() -> None:
    """n lg n messages of S/2, S/4, …, (n−1)S bytes, lg n·α + (n−1)/n·S·(β+γ)."""
    n, S = 16, 1600
    claim = HALVING.claim(n, Vector(S, 1))
    assert (claim.total, claim.steps) == (Traffic(n * 4, (n - 1) * S), 4)
    schedule = HALVING.schedule(n)
    assert (
        schedule.sizes_bytes(Vector(S, 1))[schedule.is_message].tolist()
        == [800] * n + [400] * n + [200] * n + [100] * n
    )
    assert claim.time is not None
    assert claim.time(Fraction(3), Fraction(2), Fraction(5)) == 4 * 3 + 1500 * (2 + 5)


def test_partners_are_far_first_and_give_what_is_not_theirs() -> None:
    assert [str(row).split(",")[0] for row in HALVING.schedule(4)] == [
        "reduce 0 -> 2  chunks 2..3", "reduce 1 -> 3  chunks 2..3", "reduce 2 -> 0  chunks 0..1",
        "reduce 3 -> 1  chunks 0..1", "reduce 0 -> 1  chunk 1", "reduce 1 -> 0  chunk 0",
        "reduce 2 -> 3  chunk 3", "reduce 3 -> 2  chunk 2",
    ]  # fmt: skip


def test_of_six_workers_two_pairs_fold() -> None:
    """Workers 1 and 3 stand in for 0 and 2; four work on the chunks (0, 1), (2, 3), 4 and 5."""
    rows = [str(row).split(",")[0] for row in HALVING.schedule(6) if row.kind != "compute"]
    assert rows == [
        "reduce 0 -> 1  chunks 0..5", "reduce 2 -> 3  chunks 0..5",
        "reduce 1 -> 4  chunks 4..5", "reduce 3 -> 5  chunks 4..5", "reduce 4 -> 1  chunks 0..3",
        "reduce 5 -> 3  chunks 0..3", "reduce 1 -> 3  chunks 2..3", "reduce 3 -> 1  chunks 0..1",
        "reduce 4 -> 5  chunk 5", "reduce 5 -> 4  chunk 4",
        "copy 1 -> 0  chunk 0", "copy 3 -> 2  chunk 2",
    ]  # fmt: skip


@pytest.mark.parametrize("n", [3, 5, 6, 7, 12, 31, 33])
def test_the_fold_costs_one_chunk_for_every_pair(n: int) -> None:
    """n′ lg n′ + 2r messages; (n−1)S bytes and the chunks 0, 2, …, 2r−2 once more."""
    lg = n.bit_length() - 1
    r, S = n - 2**lg, 10 * n
    found = count(HALVING.schedule(n), Vector(S, 1))
    assert found.total == Traffic(2**lg * lg + 2 * r, (n - 1) * S + 10 * r)
    assert found.steps == max(lg + 1, (r - 1).bit_length() + 2)
    assert HALVING.claim(n, Vector(S + 1)).time is None


COSTS = [
    (Fraction(0), Fraction(1), Fraction(0)),
    (Fraction(1, 1000), Fraction(1), Fraction(7)),
    (Fraction(3), Fraction(1), Fraction(1)),
    (Fraction(38), Fraction(1), Fraction(7)),
    (Fraction(1000), Fraction(1), Fraction(100)),
]


@pytest.mark.parametrize("n", [*range(3, 34), 42, 49, 63])
def test_with_many_folded_the_time_is_that_of_the_first_stand_in_s_port(n: int) -> None:
    """S, then its ranges: those that the first of n′ keeps, which are as long as two chunks for each that is folded."""
    lg = n.bit_length() - 1
    r = n - 2**lg
    claim = HALVING.claim(n, Vector(2 * n, 1))
    assert (claim.time is None) is (0 < r <= 2**lg / 4)
    if claim.time is not None and r:
        kept = sum(2**j + min(2**j, r) for j in range(lg))
        for alpha, beta, gamma in COSTS:
            found = exact_run(HALVING.schedule(n), Vector(2 * n, 1), alpha, beta, gamma).makespan_s
            assert found == claim.time(alpha, beta, gamma)
            assert found == ((r - 1).bit_length() + 2) * alpha + 2 * (n + kept) * (beta + gamma) + 2 * beta


def test_with_few_folded_it_is_more() -> None:
    """Of 9 one is folded: an early message is in the way, and neither of two ways through explains the time."""
    alpha, beta, gamma = Fraction(16), Fraction(4), Fraction(3)
    found = exact_run(HALVING.schedule(9), Vector(9, 1), alpha, beta, gamma).makespan_s
    assert found > max(2 * alpha + 19 * (beta + gamma) + beta, 4 * alpha + 16 * (beta + gamma))
