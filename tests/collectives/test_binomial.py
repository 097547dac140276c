"""Binomial trees: the textbook's tree, its times, and which ranks can be the root."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives.binomial import binomial_broadcast, binomial_reduce
from simcomm.collectives.binomial_all_reduce import binomial_all_reduce
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError

ALPHA, BETA, GAMMA = Fraction(7), Fraction(1, 3), Fraction(1, 5)


def test_the_tree_of_eight_from_root_two() -> None:
    sends = [(row.src, row.dst) for row in binomial_broadcast.schedule(8, root=2)]
    assert sends == [(2, 6), (2, 4), (6, 0), (2, 3), (4, 5), (6, 7), (0, 1)]


@pytest.mark.parametrize(("n", "alphas", "sends"), [(2, 1, 1), (3, 1, 2), (4, 2, 2), (5, 2, 3), (8, 3, 3), (9, 3, 4)])
def test_floor_lg_n_latencies_and_ceil_lg_n_sends_however_many_segments(n: int, alphas: int, sends: int) -> None:
    for segments in (1, 2, 5):
        schedule = binomial_broadcast.schedule(n, segments=segments)
        assert exact_run(schedule, Vector(12, 1), ALPHA, BETA, GAMMA).makespan_s == alphas * ALPHA + sends * 12 * BETA


@pytest.mark.parametrize("k", range(1, 6))
def test_the_published_time_of_powers_of_two(k: int) -> None:
    each = ALPHA + 12 * (BETA + GAMMA)
    assert binomial_reduce.claim(2**k, Vector(12, 1)).time(ALPHA, BETA, GAMMA) == k * each  # type: ignore[misc]
    claim = binomial_all_reduce.claim(2**k, Vector(12, 1))
    assert claim.time(ALPHA, BETA, GAMMA) == k * (each + ALPHA + 12 * BETA)  # type: ignore[misc]
    assert claim.steps == 2 * k


@pytest.mark.parametrize("root", [-1, 4])
def test_a_root_that_is_no_rank_is_refused(root: int) -> None:
    with pytest.raises(InputError, match=rf"root: {root}; expected one of the ranks 0\.\.3"):
        binomial_reduce.schedule(4, root=root)
