"""Hierarchical all-to-all: within nodes, then between equal numbers of all nodes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.errors import InputError

HIERARCHICAL = get("hierarchical_all_to_all")
A, B = Fraction(7), Fraction(1, 3)


def test_who_talks_to_whom() -> None:
    schedule = HIERARCHICAL.schedule(12, group=4)
    for row, step in zip(schedule, schedule.step, strict=True):
        if row.kind == "copy":
            assert (row.src // 4 == row.dst // 4) == (step == 0)
            assert (row.src % 4 == row.dst % 4) == (step == 1)
    between = [row for row in schedule if row.kind == "copy" and row.src // 4 != row.dst // 4]
    assert len(between) == 12 * 2, "m − 1 others each, not n − g"
    assert {len(row.chunks) for row in between} == {4}, "what a whole node has for the receiver"


@pytest.mark.parametrize(("n", "g"), [(4, 2), (12, 3), (12, 4), (30, 5), (64, 8)])
def test_bytes_steps_and_time(n: int, g: int) -> None:
    m, S = n // g, 10 * n
    claim = HIERARCHICAL.claim(n, Vector(S, 1), group=g)
    within, between = n * (g - 1) * m, n * (m - 1) * g
    assert claim.total == Traffic(n * (g - 1) + n * (m - 1), 10 * (within + between))
    assert (claim.steps, claim.total.bytes) == (2, (2 * n - g - m) * S)
    assert claim.time is not None
    assert claim.time(A, B, Fraction(9)) == 2 * A + ((g - 1) * m + (m - 1) * g) * 10 * B


@pytest.mark.parametrize("g", [1, 7])
def test_one_node_or_nodes_of_one_are_the_direct_exchange(g: int) -> None:
    claim, direct = HIERARCHICAL.claim(7, Vector(70), group=g), get("all_to_all_blocks").claim(7, Vector(70))
    assert (claim.total, claim.steps) == (direct.total, direct.steps)
    assert claim.time is not None
    assert direct.time is not None
    assert claim.time(A, B, Fraction(0)) == direct.time(A, B, Fraction(0))


def test_nodes_are_as_large_as_they_are_many_unless_said() -> None:
    for n, g in ((16, 4), (12, 3), (7, 1), (1, 1)):
        assert HIERARCHICAL.claim(n, Vector(n)).total == HIERARCHICAL.claim(n, Vector(n), group=g).total
    assert HIERARCHICAL.tuning(12) == {"group": [1, 2, 3, 4, 6, 12]}


@pytest.mark.parametrize("group", [0, -2, 5, 16])
def test_workers_that_do_not_fill_nodes_are_refused(group: int) -> None:
    with pytest.raises(InputError) as refused:
        HIERARCHICAL.schedule(8, group=group)
    some = "equal groups; expected one of 1, 2, 4, 8"
    assert str(refused.value) == f"group: {group} does not divide 8 workers into {some}"
