"""Ring shift: whose block is where after k steps."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError, ProofError
from simcomm.proof import prove

SHIFT = get("ring_shift")
A, B = Fraction(7), Fraction(1, 3)


@pytest.mark.parametrize(
    ("n", "distance", "steps"), [(5, 1, 1), (5, 1, 4), (6, 2, 2), (6, -1, 5), (7, 10, 3), (4, 1, 9)]
)
def test_after_k_steps_a_worker_has_seen_the_blocks_of_k_others(n: int, distance: int, steps: int) -> None:
    schedule = SHIFT.schedule(n, distance=distance, steps=steps)
    here = {rank: [rank] for rank in range(n)}
    for row, step in zip(schedule, schedule.step.tolist(), strict=True):
        assert row.chunk == here[row.src][step], "it passes on what came last"
        assert row.dst == (row.src + distance) % n
        here[row.dst].append(row.chunk)
    for rank, seen in here.items():
        assert seen == [(rank - k * distance) % n for k in range(steps + 1)]
    goal = SHIFT.goal_of(n, {"distance": distance, "steps": steps})
    needed = goal.needs(np.arange(n)[:, None], np.zeros(n, np.int64), np.arange(n))
    assert [set(np.flatnonzero(row).tolist()) for row in needed] == [set(seen) for seen in here.values()]


def test_bytes_and_time() -> None:
    claim = SHIFT.claim(8, Vector(100, 1), steps=7)
    assert (claim.total, claim.steps) == (Traffic(56, 5600), 7)
    assert exact_run(SHIFT.schedule(8, steps=7), Vector(100, 1), A, B, Fraction(9)).makespan_s == 7 * (A + 100 * B)


def test_a_block_that_is_lost_on_the_way_is_missed_by_all_behind() -> None:
    right = SHIFT.schedule(4, steps=3)
    wrong = replace(right, dst=np.where(np.arange(12) == 0, 2, right.dst).astype(np.int32))  # 0 -> 2, and not to 1
    with pytest.raises(ProofError, match=r"rank 1, chunk 0: the gradient of worker 0 is missing at the end"):
        prove(wrong, SHIFT.goal_of(4, {"steps": 3}), 4)


def test_many_workers_fold() -> None:
    assert SHIFT.schedule(1000, distance=3, steps=5).quotient is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps: 0; expected at least 1"),
        ({"distance": 0}, "distance: 0; 4 workers on, each would talk to itself; expected another one"),
        ({"distance": -8}, "distance: -8; 4 workers on, each would talk to itself; expected another one"),
    ],
)
def test_refusals(options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError) as refused:
        SHIFT.schedule(4, **options)
    assert str(refused.value) == message


def test_one_worker_has_nobody_to_send_to() -> None:
    assert (len(SHIFT.schedule(1, steps=3)), SHIFT.claim(1, Vector(9), steps=3).total) == (0, Traffic(0, 0))
