"""Long vectors in chunks: what the tree carries, and the published times."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives.reduce_scatter_gather import reduce_scatter_gather_reduce
from simcomm.collectives.scatter_all_gather import scatter_all_gather_broadcast
from simcomm.engines.exact import exact_run

ALPHA, BETA, GAMMA = Fraction(7), Fraction(1, 3), Fraction(1, 5)


def test_the_root_scatters_halves() -> None:
    rows = [(row.src, row.dst, row.chunk, row.count) for row in scatter_all_gather_broadcast.schedule(6, root=1)][:5]
    assert rows == [(1, 5, 4, 2), (1, 3, 2, 2), (1, 2, 1, 1), (3, 4, 3, 1), (5, 0, 5, 1)]


@pytest.mark.parametrize("k", range(1, 5))
def test_the_published_times_of_powers_of_two(k: int) -> None:
    n, vector = 2**k, Vector(3 * 2**k, 1)
    broadcast = exact_run(scatter_all_gather_broadcast.schedule(n), vector, ALPHA, BETA, GAMMA).makespan_s
    reduce = exact_run(reduce_scatter_gather_reduce.schedule(n), vector, ALPHA, BETA, GAMMA).makespan_s
    assert broadcast == (k + n - 1) * ALPHA + 2 * (n - 1) * 3 * BETA
    assert reduce == (k + n - 1) * ALPHA + (n - 1) * 3 * (2 * BETA + GAMMA)


def test_chunks_of_different_sizes_have_no_formula() -> None:
    assert scatter_all_gather_broadcast.claim(3, Vector(4)).time is None
    assert reduce_scatter_gather_reduce.claim(3, Vector(4)).time is None
