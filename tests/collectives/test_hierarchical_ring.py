"""Leaders: only they talk to other nodes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm import counts
from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives.factors import divisors
from simcomm.collectives.hierarchical_ring import hierarchical_ring_all_reduce
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.proof import prove

COSTS = (Fraction(5), Fraction(1, 3), Fraction(1, 7))


def test_chains_and_a_ring_of_the_leaders() -> None:
    rows = [row for row in hierarchical_ring_all_reduce.schedule(6, group=3) if row.kind != "compute"]
    assert [str(row).split(",")[0] for row in rows if row.src < 3] == [
        "reduce 2 -> 1  chunks 0..1",
        "reduce 1 -> 0  chunks 0..1",
        "reduce 0 -> 3  chunk 1",
        "copy 0 -> 3  chunk 0",
        "copy 0 -> 1  chunks 0..1",
        "copy 1 -> 2  chunks 0..1",
    ]


def test_who_sends_what() -> None:
    """Two nodes of three and 5 elements of 4 bytes: the leaders' chunks hold 2 and 3."""
    claim = hierarchical_ring_all_reduce.claim(6, Vector(5), group=3)
    assert claim.total == Traffic(8 + 4, 2 * 5 * 20)
    assert [claim.sent(rank) for rank in range(3)] == [Traffic(3, 40), Traffic(2, 40), Traffic(1, 20)]


@pytest.mark.parametrize("n", [1, 2, 3, 6, 8, 12, 15, 24])
def test_every_group_and_any_cut(n: int) -> None:
    for group in divisors(n):
        schedule = hierarchical_ring_all_reduce.schedule(n, group=group)
        prove(schedule, ALL_REDUCE, n)
        for elements in (0, 1, 5, 3 * n + 2, 2 * n):
            claim = hierarchical_ring_all_reduce.claim(n, Vector(elements), group=group)
            counts.check(counts.count(schedule, Vector(elements)), claim)
            assert claim.time is not None
            assert n > 15 or exact_run(schedule, Vector(elements), *COSTS).makespan_s == claim.time(*COSTS)


def test_segments_follow_each_other_along_the_chains() -> None:
    """Eight ranks of a node and two nodes: seven hops each way, of which segments pay for the bytes once."""
    costs = (Fraction(1), Fraction(1), Fraction(0))
    found = [
        exact_run(hierarchical_ring_all_reduce.schedule(16, group=8, segments=k), Vector(960, 1), *costs).makespan_s
        for k in (1, 4, 16)
    ]
    assert found[0] == 14 * (1 + 960) + 2 * (1 + 480)
    assert found[0] > 2 * found[1] > 2 * found[2]


def test_nodes_must_be_whole() -> None:
    with pytest.raises(InputError, match=r"^group: 4 does not divide 6 workers"):
        hierarchical_ring_all_reduce.schedule(6, group=4)
