"""Direct reduce-scatter and all-gather, and the pairwise exchange in rounds."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.counts import count
from simcomm.engines.exact import exact_run
from simcomm.proof import prove
from simcomm.schedule import KINDS

A, B, G = Fraction(7), Fraction(1, 3), Fraction(1, 5)
NAMES = ("direct_reduce_scatter", "direct_all_gather", "pairwise_reduce_scatter")


@pytest.mark.parametrize("name", NAMES)
def test_every_ordered_pair_talks_once(name: str) -> None:
    schedule = get(name).schedule(6)
    messages = [row for row in schedule if row.kind != "compute"]
    assert sorted((m.src, m.dst) for m in messages) == [(s, d) for s in range(6) for d in range(6) if s != d]
    kind, owner = ("copy", "src") if name == "direct_all_gather" else ("reduce", "dst")
    assert all(m.kind == kind and m.chunk == getattr(m, owner) and m.count == 1 for m in messages)
    assert kind in KINDS


def test_the_textbook_s_figures() -> None:
    """n(n−1) messages of S/n, (n−1)S bytes; one α for all that leave at once, one each in rounds."""
    n, S = 8, 8000
    for name in NAMES:
        claim = get(name).claim(n, Vector(S, 1))
        assert claim.total == Traffic(n * (n - 1), (n - 1) * S)
        adds = G * (name != "direct_all_gather")
        alphas = n - 1 if name == "pairwise_reduce_scatter" else 1
        assert claim.time is not None
        assert (claim.steps, claim.time(A, B, G)) == (alphas, alphas * A + 7 * 1000 * (B + adds))


@pytest.mark.parametrize("name", ["direct_reduce_scatter", "direct_all_gather"])
@pytest.mark.parametrize("gamma", [Fraction(0), G, Fraction(9)])
def test_the_time_is_that_of_the_largest_chunk_however_the_vector_is_cut(name: str, gamma: Fraction) -> None:
    for n in (2, 3, 7, 12):
        for elements in (1, 2, n - 1, n + 1, 3 * n - 1, 100):
            found = exact_run(get(name).schedule(n), Vector(elements, 1), A, B, gamma).makespan_s
            each = B + gamma if name == "direct_reduce_scatter" else B
            assert found == A + (n - 1) * -(-elements // n) * each


def test_in_rounds_there_is_a_formula_for_chunks_of_one_size() -> None:
    pairwise = get("pairwise_reduce_scatter")
    assert pairwise.claim(5, Vector(16)).time is None
    uneven = exact_run(pairwise.schedule(5), Vector(16, 1), A, B, G).makespan_s
    assert 4 * (A + 3 * (B + G)) < uneven <= 4 * (A + 4 * (B + G)), "between rounds of the smallest and of the largest"


def test_many_workers_fold() -> None:
    n = 2**16
    for name in ("direct_reduce_scatter", "direct_all_gather"):
        schedule = get(name).schedule(n)
        assert schedule.quotient is not None
        assert (
            count(schedule, Vector(n)).total
            == get(name).claim(n, Vector(n)).total
            == Traffic(n * (n - 1), 4 * n * (n - 1))
        )
        assert prove(schedule, get(name).goal_of(n, {}), n).places == (n if "reduce" in name else n * n)
