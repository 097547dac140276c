"""Chains and flat trees: what pipelining saves, and what it cannot."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives.chain import chain_broadcast, chain_reduce
from simcomm.collectives.flat_tree import direct_broadcast, direct_reduce
from simcomm.engines.exact import exact_run

ALPHA, BETA, GAMMA = Fraction(7), Fraction(1, 3), Fraction(1, 5)


def test_a_chain_goes_round_from_the_root() -> None:
    assert [(row.src, row.dst) for row in chain_broadcast.schedule(4, root=2)] == [(2, 3), (3, 0), (0, 1)]
    assert [(row.src, row.dst) for row in chain_reduce.schedule(4, root=2)] == [(1, 0), (0, 3), (3, 2)]


@pytest.mark.parametrize(("elements", "largest"), [(24, 4), (25, 5), (3, 1)])
def test_six_segments_through_a_chain(elements: int, largest: int) -> None:
    """All segments pass the first link; the largest of them passes the other n − 2 one by one."""
    for n in (2, 3, 7):
        for collective, per_byte in ((chain_broadcast, BETA), (chain_reduce, BETA + GAMMA)):
            expected = (n - 1) * ALPHA + (elements + (n - 2) * largest) * per_byte
            ran = exact_run(collective.schedule(n, segments=6), Vector(elements, 1), ALPHA, BETA, GAMMA)
            assert ran.makespan_s == expected
            claim = collective.claim(n, Vector(elements, 1), segments=6)
            assert claim.time(ALPHA, BETA, GAMMA) == expected  # type: ignore[misc]


@pytest.mark.parametrize("segments", [1, 4])
def test_a_flat_tree_is_its_roots_port(segments: int) -> None:
    for collective, per_byte in ((direct_broadcast, BETA), (direct_reduce, BETA + GAMMA)):
        ran = exact_run(collective.schedule(6, root=3, segments=segments), Vector(10, 1), ALPHA, BETA, GAMMA)
        assert ran.makespan_s == ALPHA + 5 * 10 * per_byte
