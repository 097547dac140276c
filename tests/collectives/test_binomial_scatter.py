"""Binomial scatter and gather: the tree of halves for every root, its times by brute force."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.collectives.halves import Halves, levels
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError

SCATTER, GATHER = get("binomial_scatter"), get("binomial_gather")
A, B, G = Fraction(7), Fraction(1, 3), Fraction(9)


def shown(name: str, n: int, **options: int) -> list[str]:
    return [str(row).split(",")[0] for row in get(name).schedule(n, **options)]


def test_from_root_0_it_is_the_tree_of_mpich() -> None:
    """Worker r is sent the r & −r chunks from its own on, by worker r − (r & −r)."""
    for n in (2, 3, 6, 8, 13, 32):
        for row in SCATTER.schedule(n):
            low = row.dst & -row.dst
            assert (row.src, row.chunk, row.chunk + row.count) == (row.dst - low, row.dst, min(row.dst + low, n))
    assert shown("binomial_scatter", 6) == [
        "copy 0 -> 4  chunks 4..5", "copy 0 -> 2  chunks 2..3", "copy 0 -> 1  chunk 1", "copy 2 -> 3  chunk 3",
        "copy 4 -> 5  chunk 5",
    ]  # fmt: skip


def test_from_another_root_no_range_wraps() -> None:
    assert shown("binomial_scatter", 6, root=3) == [
        "copy 3 -> 4  chunks 4..5", "copy 3 -> 0  chunks 0..1", "copy 0 -> 1  chunk 1", "copy 3 -> 2  chunk 2",
        "copy 4 -> 5  chunk 5",
    ]  # fmt: skip
    assert shown("binomial_scatter", 6, root=5)[0] == "copy 5 -> 0  chunks 0..3"


@pytest.mark.parametrize("n", [1, 2, 5, 6, 8, 11, 16])
def test_the_gather_is_the_scatter_backwards(n: int) -> None:
    for root in range(n):
        down = [(m.src, m.dst, m.chunk, m.count) for m in SCATTER.schedule(n, root=root)]
        up = [(m.dst, m.src, m.chunk, m.count) for m in GATHER.schedule(n, root=root)]
        assert sorted(down) == sorted(up)
        assert sorted(m[1] for m in down) == [rank for rank in range(n) if rank != root]


@pytest.mark.parametrize("n", [2, 8, 64])
def test_the_textbook_s_figures_for_a_power_of_two(n: int) -> None:
    """n−1 messages, S/2·lg n bytes, lg n·α + (n−1)/n·S·β, whoever is the root."""
    lg, S = n.bit_length() - 1, 10 * n
    for name in ("binomial_scatter", "binomial_gather"):
        for root in (0, 1, n - 1, n // 2):
            claim = get(name).claim(n, Vector(S, 1), root=root)
            assert (claim.total, claim.steps) == (Traffic(n - 1, S // 2 * lg), lg)
            assert claim.time is not None
            assert claim.time(A, B, G) == lg * A + (n - 1) * 10 * B


@pytest.mark.parametrize("n", range(2, 20))
def test_the_root_s_second_message_is_no_step_of_its_own(n: int) -> None:
    """⌊lg n⌋ messages wait for each other from root 0; a root behind the last power of two has ⌈lg n⌉ below it."""
    assert SCATTER.schedule(n).steps == n.bit_length() - 1
    assert SCATTER.schedule(n, root=n - 1).steps == (n - 1).bit_length()


@pytest.mark.parametrize("name", ["binomial_scatter", "binomial_gather"])
@pytest.mark.parametrize("costs", [(A, B, G), (Fraction(0), B, G), (Fraction(1, 100), Fraction(5), G)])
def test_times_for_every_root_and_uneven_sizes(name: str, costs: tuple[Fraction, Fraction, Fraction]) -> None:
    for n in (3, 6, 7, 12):
        for root in range(n):
            for elements in (1, 4, n + 2, 5 * n - 1):
                claim = get(name).claim(n, Vector(elements, 1), root=root)
                found = exact_run(get(name).schedule(n, root=root), Vector(elements, 1), *costs).makespan_s
                assert claim.time is not None
                assert found == claim.time(*costs)


@pytest.mark.parametrize(("n", "root"), [(1, 0), (6, 0), (6, 3), (13, 12), (16, 5)])
def test_what_the_tree_says_of_a_rank_is_what_its_levels_say(n: int, root: int) -> None:
    tree = Halves(n, root, Vector(n, 1))
    given = {rank: Traffic(0, 0) for rank in range(n)}
    for level in levels(n, root):
        for holder, other, end in zip(*(column.tolist() for column in level), strict=True):
            assert tree.own(other) == Traffic(1, end - other)
            given[holder] += Traffic(1, end - other)
    assert [tree.given(rank) for rank in range(n)] == list(given.values())
    assert tree.own(root) == Traffic(0, 0)


@pytest.mark.parametrize("name", ["binomial_scatter", "binomial_gather", "direct_scatter", "direct_gather"])
@pytest.mark.parametrize("root", [-1, 4, 17])
def test_a_root_that_is_no_worker_is_refused(name: str, root: int) -> None:
    with pytest.raises(InputError) as refused:
        get(name).schedule(4, root=root)
    assert str(refused.value) == f"root: {root}; expected one of the ranks 0..3"
