"""Direct scatter and gather: one port carries all."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.counts import count
from simcomm.engines.exact import exact_run

A, B, G = Fraction(7), Fraction(1, 3), Fraction(9)


def test_who_sends_what_in_which_order() -> None:
    scatter, gather = (get(f"direct_{name}").schedule(4, root=2) for name in ("scatter", "gather"))
    assert [str(row) for row in scatter] == ["copy 2 -> 3  chunk 3", "copy 2 -> 0  chunk 0", "copy 2 -> 1  chunk 1"]
    assert [str(row) for row in gather] == ["copy 3 -> 2  chunk 3", "copy 0 -> 2  chunk 0", "copy 1 -> 2  chunk 1"]


@pytest.mark.parametrize("name", ["direct_scatter", "direct_gather"])
def test_the_time_is_the_bytes_of_the_root_s_port_however_the_vector_is_cut(name: str) -> None:
    for n in (1, 2, 5, 8):
        for root in range(n):
            for elements in (1, 3, n, 4 * n + 1):
                vector = Vector(elements, 1)
                away = elements - vector.chunk_bytes(root, n)
                schedule = get(name).schedule(n, root=root)
                assert exact_run(schedule, vector, A, B, G).makespan_s == (A + away * B if away else 0)
                assert count(schedule, vector).total == Traffic(
                    sum(vector.is_filled(c, n) for c in range(n) if c != root), away
                )


def test_a_tree_sends_more_bytes_and_fewer_from_the_root() -> None:
    n, S = 16, 1600
    direct, tree = (get(name).claim(n, Vector(S, 1)) for name in ("direct_scatter", "binomial_scatter"))
    assert (direct.total.bytes, tree.total.bytes) == (1500, 3200)
    assert (direct.sent(0), tree.sent(0)) == (Traffic(15, 1500), Traffic(4, 1500))
