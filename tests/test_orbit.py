"""Orbits: all ranks at once, symbolic while it lasts; and schedules that are recorded modulo their group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.closed_forms import Vector
from simcomm.collectives import get, names
from simcomm.counts import count
from simcomm.errors import InputError
from simcomm.orbit import Group, Orbit, everyone
from simcomm.proof import prove
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule
from simcomm.shares import pairs, pairs_modulo

GENTLE = settings(deadline=None, derandomize=True, max_examples=80)

COLUMNS = ("kind", "src", "dst", "chunk", "count", "seconds", "after_start", "after")


def same(one: Schedule, other: Schedule) -> None:
    for name in COLUMNS:
        ours, theirs = getattr(one, name), getattr(other, name)
        assert ours.tolist() == theirs.tolist(), name
        assert ours.dtype == theirs.dtype, name
    assert one.same_as(other)
    assert (one.ranks, one.chunks, one.vectors) == (other.ranks, other.chunks, other.vectors)
    assert (one.steps, one.messages, len(one)) == (other.steps, other.messages, len(other))
    assert one.level.tolist() == other.level.tolist()
    assert one.step.tolist() == other.step.tolist()


#: What may become of the ranks of a rotation, and of XOR, by numbers: all of it keeps an orbit.
ROTATIONS: list[Callable[[Any, int, int], Any]] = [
    lambda rank, n, k: (rank + k) % n,
    lambda rank, n, k: (k + rank) % n,
    lambda rank, n, k: (rank - k) % n,
    lambda rank, n, k: ((rank + k) % n + 1) % n,
]


@pytest.mark.parametrize("make", ROTATIONS)
@pytest.mark.parametrize("by", [0, 1, 3, 12])
def test_a_rotated_orbit_is_the_rotated_array(make: Callable[[Any, int, int], Any], by: int) -> None:
    found = make(everyone(5), 5, by)
    assert isinstance(found, Orbit)
    assert found.wrapped
    assert np.asarray(found).tolist() == make(np.arange(5), 5, by).tolist()


#: Numbers added to what has been taken modulo n: no longer ranks, and not to be wrapped again unless one says so.
BEYOND: list[Callable[[Any, int, int], Any]] = [
    lambda rank, n, k: (rank - 1) % n + k,
    lambda rank, n, k: (rank + k) % n + np.array([[0], [n], [2 * n]]),
    lambda rank, n, k: (rank - np.array([[1], [2]])) % n + k * n,
    lambda rank, n, k: ((rank + 1) % n + k) % n,
    lambda rank, n, k: ((rank + 1) % n + k) % n - 2,
    lambda rank, n, k: ((rank + 1) % n + k) + 1,
]


@pytest.mark.parametrize("make", BEYOND)
@pytest.mark.parametrize("by", [0, 1, 3, 12])
def test_what_is_added_to_a_rotated_orbit_is_added_to_the_array(make: Callable[[Any, int, int], Any], by: int) -> None:
    found, expected = make(everyone(5), 5, by), make(np.arange(5), 5, by)
    assert np.asarray(found).tolist() == expected.tolist()
    assert found.shape == expected.shape


def test_a_column_of_steps_makes_rows() -> None:
    steps = np.arange(3)[:, None]
    found = (everyone(4) - steps) % 4
    assert isinstance(found, Orbit)
    assert found.shape == (3, 4)
    assert len(found) == 3
    assert np.asarray(found).tolist() == ((np.arange(4) - steps) % 4).tolist()
    assert np.asarray(everyone(8) ^ (1 << steps)).tolist() == (np.arange(8) ^ (1 << steps)).tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda rank: 3 - rank,
        lambda rank: rank * 2,
        lambda rank: rank + np.arange(6),
        lambda rank: rank < 3,
        lambda rank: (rank + 1) % 4,
        lambda rank: (rank + 1) ^ 1,
        lambda rank: rank ^ 1,
        lambda rank: rank + rank,
        lambda rank: np.roll(rank, 2),
        lambda rank: rank[2:4],
        lambda rank: np.where(rank == 0, 1, 0),
        lambda rank: -rank,
    ],
)
def test_anything_else_is_reckoned_with_the_array(make: Callable[[Any], Any]) -> None:
    found = make(everyone(6))
    assert not isinstance(found, Orbit)
    assert found.tolist() == make(np.arange(6)).tolist()


def test_numbers_of_operations_are_an_orbit_that_can_be_indexed_by_ranks() -> None:
    record, plain = Recorder(4), Recorder(4)
    rank, array = everyone(4), np.arange(4)
    sent, numbers = record.reduce(rank, (rank + 1) % 4), plain.reduce(array, (array + 1) % 4)
    assert isinstance(sent, Orbit)
    assert np.asarray(sent).tolist() == numbers.tolist()
    moved = sent[(rank - 1) % 4]
    assert isinstance(moved, Orbit)
    assert np.asarray(moved).tolist() == numbers[(array - 1) % 4].tolist()
    again = record.reduce(rank, (rank + 2) % 4, own=True, after=moved)
    assert (
        np.asarray(again).tolist()
        == plain.reduce(array, (array + 2) % 4, own=True, after=numbers - 1 + 4 * (array == 0)).tolist()
    )
    same(record.schedule(), plain.schedule())


def test_a_group_adds_and_takes_away() -> None:
    for group in (Group("rotation", 6), Group("xor", 8)):
        elements = np.arange(group.order)
        for by in range(group.order):
            moved = group.add(elements, by)
            assert sorted(moved.tolist()) == elements.tolist()
            assert group.minus(moved, by).tolist() == elements.tolist()
            assert [group.add(int(e), by) for e in elements] == moved.tolist()


@st.composite
def steps(draw: st.DrawFn) -> tuple[int, list[tuple[Any, ...]]]:
    """Calls that are orbits: kind, by what the receiver is moved, by what the chunk is, packed, own, wished number."""
    xor = draw(st.booleans())
    n = draw(st.sampled_from([2, 4, 8]) if xor else st.integers(2, 6))
    moves = draw(st.booleans()) and not xor
    calls = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["copy", "reduce", "reduce", "compute"]))
        rows = draw(st.integers(1, min(n, 3))) if kind != "compute" else 1
        packed = moves and kind != "compute" and draw(st.booleans())
        messages = 1 if packed else rows
        by = draw(st.lists(st.integers(1, n - 1), min_size=messages, max_size=messages))
        some = st.lists(st.integers(0, n - 1), min_size=rows, max_size=rows, unique=packed)
        chunk = draw(some) if moves else [0] * rows
        wish, shift = draw(st.integers(0, 20)), draw(st.integers(0, n))
        calls.append((kind, xor, moves, by, chunk, packed, draw(st.booleans()), wish, shift))
    return n, calls


def play(n: int, calls: list[tuple[Any, ...]], rank: Any) -> Schedule:
    """The same calls, with orbits or with arrays; those of several rows in one call, or row by row."""
    record, numbers = Recorder(n, n), []
    for kind, xor, moves, by, chunks, packed, own, wish, shift in calls:
        by_column, chunk_column = (np.array(x)[:, None] if len(x) > 1 else x[0] for x in (by, chunks))
        dst = rank ^ by_column if xor else (rank + by_column) % n
        chunk = (rank + chunk_column) % n if moves else chunk_column
        after = None
        if numbers and wish < 15 and len(by) == 1:
            after = numbers[wish % len(numbers)]
            after = after[(rank + shift) % n] if not xor else after[rank ^ (shift % n)]
        if kind == "compute":
            found = record.compute(rank, 0.0 if wish % 2 else 0.5, chunk, 1, after=after)
        else:
            found = getattr(record, kind)(rank, dst, chunk, own=own, after=after, packed=packed)
        if len(by) == 1:
            numbers.append(found)
    return record.schedule()


@GENTLE
@given(steps())
def test_what_is_recorded_as_orbits_is_what_is_recorded_rank_by_rank(case: tuple[int, list[tuple[Any, ...]]]) -> None:
    n, calls = case
    folded, plain = play(n, calls, everyone(n)), play(n, calls, np.arange(n))
    assert folded.quotient is not None
    assert plain.quotient is None
    same(folded, plain)


def test_the_first_call_that_is_no_orbit_makes_rows_of_all() -> None:
    def build(rank: Any) -> Schedule:
        record = Recorder(6, 6)
        step = np.arange(3)[:, None]
        sent = record.reduce(rank, (rank + 1) % 6, (rank - step) % 6)
        record.copy(np.array([0, 2]), np.array([1, 5]), 3, after=np.asarray(sent)[1, :2])
        record.reduce(rank, (rank + 1) % 6, rank)
        return record.schedule()

    folded, plain = build(everyone(6)), build(np.arange(6))
    assert folded.quotient is None
    same(folded, plain)


def test_one_group_moves_them_all() -> None:
    """A step of a rotation and one of XOR have no group in common; nor chunks that move and chunks that stay."""
    for first, second in (
        (lambda r: {"dst": (r + 1) % 4}, lambda r: {"dst": r ^ 1}),
        (lambda r: {"dst": (r + 1) % 4, "chunk": r}, lambda r: {"dst": (r + 1) % 4, "chunk": 2}),
    ):
        record, plain = Recorder(4, 4), Recorder(4, 4)
        for recorder, rank in ((record, everyone(4)), (plain, np.arange(4))):
            recorder.reduce(rank, **first(rank))
            assert (recorder.schedule().quotient is not None) == (recorder is record)
            recorder.reduce(rank, **second(rank))
        assert record.schedule().quotient is None
        same(record.schedule(), plain.schedule())


def test_what_is_wrong_is_refused_as_for_arrays() -> None:
    record, rank = Recorder(3, 3), everyone(3)
    for call, what in (
        (lambda: record.copy(rank, (rank + 3) % 3), "a message to oneself"),
        (lambda: record.copy(rank, rank + 1), "receiver out of range"),
        (lambda: record.copy(rank, (rank + 1) % 3, 3), "chunk out of range"),
        (lambda: record.reduce(rank, (rank + 1) % 3, vector=1), "vector out of range"),
    ):
        with pytest.raises(InputError, match=what):
            call()
    assert len(record.schedule()) == 0


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 16])
def test_collectives_unfold_to_what_counts_and_proofs_say(n: int) -> None:
    """Of those with a quotient, the numbers modulo the group are those of all operations one by one."""
    folds = 0
    for collective in map(get, names()):
        for options in collective.variants:
            try:
                schedule = collective.schedule(n, **options)
            except InputError:
                continue
            if schedule.quotient is None:
                continue
            folds += 1
            whole = replace(schedule)
            assert whole.quotient is None
            for elements in (0, 1, n - 1, n, 10 * n + 3, 2**61):
                vector = Vector(elements, 1)
                ours, theirs = count(schedule, vector), count(whole, vector)
                assert ours == theirs, (collective.name, options, elements)
                sizes = schedule.quotient.sizes_bytes(vector)
                if sizes is None:
                    assert schedule.quotient.packs
                    continue
                found = pairs_modulo(schedule.quotient, sizes)
                for ours_of, theirs_of in zip(found, pairs(whole, whole.sizes_bytes(vector)), strict=True):
                    assert ours_of.tolist() == theirs_of.tolist()
            goal = collective.goal_of(n, options)
            modulo, full = prove(schedule, goal, n), prove(whole, goal, n)
            assert modulo.places == full.places
    assert folds >= 11 + (n & (n - 1) == 0) if n > 1 else folds == 0
