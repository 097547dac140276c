"""Recursive doubling: partners, those who stand back, and times for every n."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives.recursive_doubling import folded, recursive_doubling
from simcomm.counts import check, count
from simcomm.engines.exact import exact_run
from simcomm.goals import ALL_REDUCE
from simcomm.proof import prove


def test_partners_are_twice_as_far_every_time() -> None:
    rows = [(row.kind, row.src, row.dst) for row in recursive_doubling.schedule(8) if row.kind != "compute"]
    assert rows == [("reduce", r, r ^ distance) for distance in (1, 2, 4) for r in range(8)]


def test_the_first_ones_stand_back_in_pairs() -> None:
    assert str(recursive_doubling.schedule(3)) == (
        "step 0\n"
        "      0  reduce 0 -> 1  chunk 0\n"
        "      2  reduce 2 -> 1  chunk 0\n"
        "step 1\n"
        "      1  reduce 1 -> 2  chunk 0, after 0\n"
        "      3  join at 1  chunk 0, after 0, 2\n"
        "      4  copy 1 -> 0  chunk 0, after 3"
    )


@pytest.mark.parametrize("n", range(1, 34))
def test_who_remains(n: int) -> None:
    lg, extra, core = folded(n)
    assert 2**lg <= n < 2 ** (lg + 1)
    assert (len(core), extra) == (2**lg, n - 2**lg)
    gone = sorted(set(range(n)) - set(core.tolist()))
    assert gone == list(range(0, 2 * extra, 2))
    assert core.tolist()[:extra] == [worker + 1 for worker in gone]
    assert core.tolist() == sorted(core.tolist())


@pytest.mark.parametrize("n", range(1, 65))
def test_every_number_of_workers(n: int) -> None:
    schedule = recursive_doubling.schedule(n)
    prove(schedule, ALL_REDUCE, n)
    for elements in (0, 1, n, 2**59 + 1):
        check(count(schedule, Vector(elements)), recursive_doubling.claim(n, Vector(elements)))


def test_who_sends_what() -> None:
    """6 workers: 0 and 2 stand back, 1 and 3 for them; 4 and 5 only take part in the two exchanges."""
    claim = recursive_doubling.claim(6, Vector(3))
    assert [claim.sent(rank) for rank in range(6)] == [Traffic(m, 12 * m) for m in (1, 3, 1, 3, 2, 2)]
    assert claim.total == Traffic(12, 144)


@pytest.mark.parametrize("n", range(1, 34))
def test_times_for_every_number_of_workers_and_any_costs(n: int) -> None:
    random = np.random.default_rng(n)
    schedule = recursive_doubling.schedule(n)
    lg, extra, _ = folded(n)
    time = recursive_doubling.claim(n, Vector(5, 1)).time
    assert time is not None
    for _ in range(8):
        alpha, gamma = (Fraction(int(x), int(y)) for x, y in random.integers([0, 1], [40, 7], (2, 2)))
        beta = Fraction(int(random.integers(1, 9)), 3)
        found = exact_run(schedule, Vector(5, 1), alpha, beta, gamma).makespan_s
        assert found == time(alpha, beta, gamma)
        two_more = (lg + 2) * (alpha + 5 * beta) + (lg + 1) * 5 * gamma
        if extra == 0:
            assert found == lg * (alpha + 5 * (beta + gamma))
        elif 2 * extra > 2**lg:
            assert found == two_more
        else:
            assert found <= two_more, "those that stand nobody in need not wait"


def test_a_large_one_is_recorded_at_once() -> None:
    schedule = recursive_doubling.schedule(4096)
    assert (schedule.messages, schedule.steps) == (4096 * 12, 12)
