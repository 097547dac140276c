"""Double binary trees: their shape, when two messages meet, and how near segments come to the bound."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives.double_binary_tree import double_binary_tree_all_reduce
from simcomm.collectives.double_binary_tree_rooted import double_binary_tree_broadcast, double_binary_tree_reduce
from simcomm.collectives.two_trees import collision, degrees, edges, tops
from simcomm.engines.exact import exact_run


@pytest.mark.parametrize("m", range(1, 65))
def test_two_binary_trees_and_nobody_is_an_inner_node_of_both(m: int) -> None:
    inner: list[set[int]] = [set(), set()]
    parents: list[dict[int, int]] = [{}, {}]
    for tree, children, above in edges(np.arange(m)):
        assert not parents[tree].keys() & set(children.tolist())
        parents[tree].update(zip(children.tolist(), above.tolist(), strict=True))
        inner[tree].update(above.tolist())
    assert not inner[0] & inner[1]
    for tree, top in tops(np.arange(m)):
        assert set(range(m)) - parents[tree].keys() == {top}
        children_of = Counter(parents[tree].values())
        for member in range(m):
            assert degrees(m, member, tree) == (member != top, children_of[member])
            depth, at = 0, member
            while at != top:
                depth, at = depth + 1, parents[tree][at]
            assert depth <= np.log2(m)
        assert max(children_of.values(), default=0) <= 2


@pytest.mark.parametrize("alpha", range(0, 24))
@pytest.mark.parametrize("n", [6, 7, 14, 15, 29, 30])
def test_where_two_messages_meet_the_time_is_exact_for_every_latency(n: int, alpha: int) -> None:
    network = (Fraction(alpha, 2), Fraction(1), Fraction(1, 2))
    for collective in (double_binary_tree_all_reduce, double_binary_tree_broadcast, double_binary_tree_reduce):
        expected = collective.claim(n, Vector(8, 1)).time(*network)  # type: ignore[misc]
        assert exact_run(collective.schedule(n), Vector(8, 1), *network).makespan_s == expected


def test_some_do_meet() -> None:
    late = [collision(14, Fraction(alpha), Fraction(4), behind=0) for alpha in range(6)]
    assert late == [0, 1, 2, 3, 0, 0]
    assert not any(collision(m, Fraction(1), Fraction(4), behind=0) for m in (1, 2, 3, 4, 8, 15, 16, 20))


@pytest.mark.parametrize(
    ("collective", "tends_to"),
    [(double_binary_tree_broadcast, 1.0), (double_binary_tree_reduce, 1.5), (double_binary_tree_all_reduce, 2.5)],
    ids=lambda value: getattr(value, "name", value),
)
def test_many_segments_tend_to_what_the_docstring_says(collective: object, tends_to: float) -> None:
    size = 2**13
    took = exact_run(collective.schedule(16, segments=64), Vector(size, 1), Fraction(0), Fraction(1), Fraction(0))  # type: ignore[attr-defined]
    assert tends_to * size <= took.makespan_s < (tends_to + 0.08) * size
