"""The order of operations: one send at a time, and the small tools of compressed rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import graphs, trees

from simcomm.closed_forms import Vector
from simcomm.collectives import get, names
from simcomm.counts import count
from simcomm.errors import DeadlockError, InputError
from simcomm.goals import ALL_REDUCE
from simcomm.order import expand, rows
from simcomm.planted import reaches
from simcomm.proof import prove
from simcomm.schedule import Operation, Schedule

GENTLE = settings(deadline=None, derandomize=True, max_examples=80)


def waits(schedule: Schedule) -> list[set[int]]:
    """By hand: what every operation waits for, with the message that its sender sent before it."""
    last: dict[int, int] = {}
    found = []
    for index, row in enumerate(schedule):
        before = {last[row.src]} if row.kind != "compute" and row.src in last else set()
        found.append({*row.after, *before})
        if row.kind != "compute":
            last[row.src] = index
    return found


@GENTLE
@given(graphs())
def test_a_message_also_waits_for_its_senders_message_before_it(schedule: Schedule) -> None:
    one = schedule.one_send_at_a_time()
    assert [row.after for row in one] == [tuple(sorted(after)) for after in waits(schedule)]
    for name in ("ranks", "chunks", "vectors"):
        assert getattr(one, name) == getattr(schedule, name)
    assert all(np.array_equal(a, b) for a, b in zip(one.columns()[:6], schedule.columns()[:6], strict=True))


@GENTLE
@given(trees())
def test_levels_follow_and_the_proof_is_the_same(tree: tuple[int, Schedule]) -> None:
    workers, schedule = tree
    one = schedule.one_send_at_a_time()
    for index, row in enumerate(one):
        assert one.level[index] == max((one.level[d] + 1 for d in row.after), default=0)
    assert all(one.step[schedule.is_message] >= schedule.step[schedule.is_message])
    assert prove(one, ALL_REDUCE, workers) == prove(schedule, ALL_REDUCE, workers)
    assert reaches(one, ALL_REDUCE, workers)


@pytest.mark.parametrize("name", names())
def test_every_collective_stays_right(name: str) -> None:
    collective = get(name)
    for n in (1, 2, 5, 8):
        for options in collective.variants:
            try:
                schedule = collective.schedule(n, **options)
            except InputError:
                continue
            one, goal = schedule.one_send_at_a_time(), collective.goal_of(n, options)
            assert prove(one, goal, n) == prove(schedule, goal, n)
            assert count(one, Vector(7)).sent == count(schedule, Vector(7)).sent
            last = {}
            for index in np.flatnonzero(one.is_message).tolist():
                src = int(one.src[index])
                assert one.step[index] > last.get(src, -1), "no two messages of one sender are in the same step"
                last[src] = int(one.step[index])


def test_a_dependency_on_a_message_to_somebody_else_carries_nothing() -> None:
    """Rank 0 sends its own gradient twice; if the first message counted as received, the second would double it."""
    star = Schedule.of(3, 1, [Operation("reduce", 0, 1, 0), Operation("reduce", 0, 2, 0)]).one_send_at_a_time()
    assert star[1].after == (0,)
    rest = [Operation("reduce", 1, 0, 0), Operation("reduce", 2, 0, 0), Operation("reduce", 1, 2, 0)]
    whole = Schedule.of(3, 1, [*star, *rest, Operation("reduce", 2, 1, 0)])
    assert prove(whole, ALL_REDUCE, 3, "bitsets") == prove(whole.one_send_at_a_time(), ALL_REDUCE, 3, "bitsets")
    assert reaches(whole.one_send_at_a_time(), ALL_REDUCE, 3)


def test_what_is_done_again_is_not_done_twice() -> None:
    once = get("all_to_all").schedule(5).one_send_at_a_time()
    again = once.one_send_at_a_time()
    assert all(np.array_equal(a, b) for a, b in zip(once.columns(), again.columns(), strict=True))
    assert (once.steps, get("all_to_all").schedule(5).steps) == (4, 1)


def test_numbers_against_the_dependencies_make_a_circle_which_is_named() -> None:
    rows = [Operation("copy", 0, 1, 0, after=(1,)), Operation("copy", 0, 1, 0)]
    with pytest.raises(DeadlockError, match="2 operations can never run"):
        _ = Schedule.of(2, 1, rows).one_send_at_a_time().steps


@GENTLE
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2**31 - 1))))
def test_rows_are_sorted_and_each_once(pairs: list[tuple[int, int]]) -> None:
    items, values = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))
    counts, found = rows(items, values, 6)
    expected = [sorted({value for item, value in pairs if item == i}) for i in range(6)]
    assert counts.tolist() == [len(row) for row in expected]
    assert found.tolist() == [value for row in expected for value in row]
    assert found.dtype == np.int64


def test_expand() -> None:
    assert expand([], []).tolist() == []
    assert expand([7, 0, 3], [0, 3, 1]).tolist() == [0, 1, 2, 3]
