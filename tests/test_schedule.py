"""Schedules: rows and columns, text, what is refused, sizes, steps and circles."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import graphs

from simcomm.closed_forms import Vector
from simcomm.errors import DeadlockError, InputError
from simcomm.schedule import Operation, Schedule

GENTLE = settings(deadline=None, derandomize=True, max_examples=60)

ROWS = (
    Operation("reduce", 0, 2, 1, 2),
    Operation("compute", 2, 2, 0, 0, 0.25),
    Operation("compute", 2, 2, 1, 2, 0.0, (0,)),
    Operation("compute", 1, 1, 0, 0, 0.0, (0, 1)),
    Operation("copy", 2, 0, 1, 2, 0.0, (2,)),
    Operation("copy", 1, 0, 0, 1, 0.0, (1, 3)),
    Operation("compute", 0, 0, 2, 1, 1e-6, (4,)),
)


def example() -> Schedule:
    return Schedule.of(3, 3, ROWS)


def test_rows_become_columns_and_rows_again() -> None:
    schedule = example()
    assert tuple(schedule) == ROWS
    assert [schedule[index] for index in range(len(schedule))] == list(ROWS)
    assert schedule.kind.tolist() == [1, 2, 2, 2, 0, 0, 2]
    assert schedule.src.tolist() == [0, 2, 2, 1, 2, 1, 0]
    assert schedule.dst.tolist() == [2, 2, 2, 1, 0, 0, 0]
    assert schedule.chunk.tolist() == [1, 0, 1, 0, 1, 0, 2]
    assert schedule.count.tolist() == [2, 0, 2, 0, 2, 1, 1]
    assert schedule.seconds.tolist() == [0, 0.25, 0, 0, 0, 0, 1e-6]
    assert schedule.after_start.tolist() == [0, 0, 0, 1, 3, 4, 6, 7]
    assert schedule.after.tolist() == [0, 0, 1, 2, 1, 3, 4]
    assert (len(schedule), schedule.messages, schedule.steps) == (7, 3, 2)


@GENTLE
@given(graphs())
def test_any_rows_survive_the_columns(schedule: Schedule) -> None:
    again = Schedule.of(schedule.ranks, schedule.chunks, list(schedule))
    assert all(np.array_equal(a, b) for a, b in zip(schedule.columns(), again.columns(), strict=True))
    assert [c.dtype for c in schedule.columns()] == [c.dtype for c in again.columns()]


def test_dependencies_are_sorted_and_each_once() -> None:
    rows = [Operation("copy", 0, 1, 0)] * 65
    schedule = Schedule.of(2, 1, [*rows, Operation("copy", 1, 0, 0, after=(64, 1, 0, 64, 8))])
    assert schedule[65].after == (0, 1, 8, 64)


def test_the_text_is_step_by_step() -> None:
    assert str(example()) == (
        "step 0\n"
        "      0  reduce 0 -> 2  chunks 1..2\n"
        "      1  compute at 2 for 0.25 s\n"
        "step 1\n"
        "      2  join at 2  chunks 1..2, after 0\n"
        "      3  join at 1, after 0, 1\n"
        "      4  copy 2 -> 0  chunks 1..2, after 2\n"
        "      5  copy 1 -> 0  chunk 0, after 1, 3\n"
        "step 2\n"
        "      6  compute at 0 for 1e-06 s  chunk 2, after 4"
    )


def test_an_empty_schedule() -> None:
    empty = Schedule.of(1, 1, [])
    assert (len(empty), empty.messages, empty.steps, str(empty), list(empty)) == (0, 0, 0, "", [])
    assert empty.sizes_bytes(Vector(5)).tolist() == []
    assert [part.tolist() for part in empty.dependents] == [[0], []]


def test_a_schedule_is_immutable() -> None:
    schedule = example()
    for column in schedule.columns():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
    with pytest.raises(FrozenInstanceError):
        schedule.ranks = 4  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        schedule[0].src = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"src": [0, 3]}, "operation 1 (copy 3 -> 0  chunk 1, after 0): sender out of range 0..1"),
        ({"src": [-1, 1]}, "operation 0 (reduce -1 -> 1  chunk 0): sender out of range 0..1"),
        ({"dst": [2, 0]}, "operation 0 (reduce 0 -> 2  chunk 0): receiver out of range 0..1"),
        ({"dst": [1, -2]}, "operation 1 (copy 1 -> -2  chunk 1, after 0): receiver out of range 0..1"),
        ({"dst": [0, 0]}, "operation 0 (reduce 0 -> 0  chunk 0): a message to oneself"),
        ({"kind": [1, 2]}, "operation 1 (join at 1  chunk 1, after 0): a computation at two ranks"),
        ({"chunk": [0, 3]}, "operation 1 (copy 1 -> 0  chunk 3, after 0): chunk out of range 0..2"),
        ({"chunk": [-1, 0]}, "operation 0 (reduce 0 -> 1  chunk -1): chunk out of range 0..2"),
        ({"count": [4, 1]}, "operation 0 (reduce 0 -> 1  chunks 0..3): chunk out of range 0..2"),
        ({"count": [1, 0]}, "operation 1 (copy 1 -> 0  no chunk, after 0): no chunk to send"),
        ({"kind": [2, 0], "dst": [0, 0], "count": [-1, 1]}, "operation 0 (join at 0): no chunk to send"),
        ({"seconds": [0.0, -1.0]}, "operation 1 (copy 1 -> 0  chunk 1, after 0): not a time of 0 s or more"),
        ({"seconds": [np.nan, 0.0]}, "operation 0 (reduce 0 -> 1  chunk 0): not a time of 0 s or more"),
        ({"seconds": [0.0, np.inf]}, "operation 1 (copy 1 -> 0  chunk 1, after 0): not a time of 0 s or more"),
        (
            {"after": [1]},
            "operation 1 (copy 1 -> 0  chunk 1, after 1) waits for itself or for an operation that does not exist",
        ),
        (
            {"after": [2]},
            "operation 1 (copy 1 -> 0  chunk 1, after 2) waits for itself or for an operation that does not exist",
        ),
        (
            {"after": [-1]},
            "operation 1 (copy 1 -> 0  chunk 1, after -1) waits for itself or for an operation that does not exist",
        ),
        ({"seconds": [0.0]}, "the columns of a schedule differ in length"),
        ({"dst": [1, 0, 1]}, "the columns of a schedule differ in length"),
        (
            {"after_start": [0, 0, 2]},
            "after_start does not cover the column after; expected one start per operation and the end",
        ),
        (
            {"after_start": [1, 1, 1]},
            "after_start does not cover the column after; expected one start per operation and the end",
        ),
        (
            {"after_start": [0, 1]},
            "after_start does not cover the column after; expected one start per operation and the end",
        ),
        ({"ranks": 0}, "a schedule of 0 ranks and 3 chunks; expected at least one of each"),
        ({"chunks": -1}, "a schedule of 2 ranks and -1 chunks; expected at least one of each"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: dict[str, Any], message: str) -> None:
    good = Schedule.of(2, 3, [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 1, after=(0,))])
    given_ = {
        name: np.array(value, dtype=getattr(good, name).dtype) if isinstance(value, list) else value
        for name, value in columns.items()
    }
    with pytest.raises(InputError) as refused:
        replace(good, **given_)
    assert str(refused.value) == message


def test_the_first_wrong_row_is_named() -> None:
    rows = [Operation("copy", 0, 1, 0), Operation("sum", 0, 1, 0), Operation("copy", 5, 5, 5)]
    with pytest.raises(InputError, match=r"^operation 1: unknown kind 'sum'; expected one of copy, reduce, compute$"):
        Schedule.of(2, 1, rows)
    rows = [Operation("copy", 0, 1, 0), Operation("copy", 0, 1, 0, after=(7,))]
    with pytest.raises(InputError, match=r"^operation 1 \(copy 0 -> 1  chunk 0, after 7\) waits for itself or for an"):
        Schedule.of(2, 1, rows)


def test_who_waits_in_a_circle_is_named() -> None:
    rows = [
        Operation("copy", 0, 1, 0),
        Operation("copy", 0, 1, 0, after=(2,)),
        Operation("copy", 1, 2, 0, after=(0, 4)),
        Operation("copy", 1, 2, 0, after=(2,)),
        Operation("copy", 2, 1, 0, after=(3,)),
    ]
    schedule = Schedule.of(3, 1, rows)
    with pytest.raises(DeadlockError) as refused:
        _ = schedule.level
    assert str(refused.value) == (
        "4 operations can never run: they wait for each other in a circle\n"
        "  operation 2: copy 1 -> 2  chunk 0, after 0, 4\n"
        "  operation 4: copy 2 -> 1  chunk 0, after 3\n"
        "  operation 3: copy 1 -> 2  chunk 0, after 2"
    )
    for ask in (lambda: schedule.steps, lambda: schedule.step, lambda: str(schedule)):
        with pytest.raises(DeadlockError):
            ask()


def test_a_long_circle_is_cut_short() -> None:
    rows = [Operation("copy", i % 2, 1 - i % 2, 0, after=((i + 1) % 50,)) for i in range(50)]
    with pytest.raises(DeadlockError) as refused:
        _ = Schedule.of(2, 1, rows).steps
    assert str(refused.value).startswith("50 operations can never run")
    assert str(refused.value).count("\n") == 20


@GENTLE
@given(graphs())
def test_steps_and_levels_are_the_longest_chains(schedule: Schedule) -> None:
    def chain(index: int, of: str) -> int:
        return max(
            (chain(d, of) + (of == "level" or schedule[d].kind != "compute") for d in schedule[index].after), default=0
        )

    assert schedule.level.tolist() == [chain(i, "level") for i in range(len(schedule))]
    assert schedule.step.tolist() == [chain(i, "step") for i in range(len(schedule))]
    assert schedule.steps == max(
        (chain(i, "step") + 1 for i, o in enumerate(schedule) if o.kind != "compute"), default=0
    )


@GENTLE
@given(graphs())
def test_dependents_are_the_dependencies_the_other_way_round(schedule: Schedule) -> None:
    start, waiting = schedule.dependents
    for index in range(len(schedule)):
        expected = [other for other, row in enumerate(schedule) if index in row.after]
        assert waiting[start[index] : start[index + 1]].tolist() == expected


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.data(), st.integers(0, 2**60), st.sampled_from([1, 2, 4]), st.integers(1, 40))
def test_sizes_are_exact(data: st.DataObject, elements: int, itemsize: int, chunks: int) -> None:
    vector = Vector(elements, itemsize)
    places = [(c, n) for c in range(chunks) for n in (1, data.draw(st.integers(1, chunks - c)))]
    rows = [Operation("copy", 0, 1, chunk, count) for chunk, count in places]
    sizes = Schedule.of(2, chunks, [*rows, Operation("compute", 0, 0, 0, chunks)]).sizes_bytes(vector)
    assert sizes.tolist() == [*(sum(vector.chunk_bytes(c + i, chunks) for i in range(n)) for c, n in places), 0]
    assert sum(sizes.tolist()[::2]) == vector.bytes


def test_sizes_are_exact_for_a_million_odd_chunks_of_nearly_all_that_fits() -> None:
    chunks, vector = 2**20 - 3, Vector(2**63 - 1, 1)
    rows = [Operation("copy", 0, 1, chunk) for chunk in (0, 1, chunks // 2, chunks - 1)]
    sizes = Schedule.of(2, chunks, [*rows, Operation("copy", 0, 1, 0, chunks)]).sizes_bytes(vector)
    assert sizes.tolist() == [*(vector.chunk_bytes(row.chunk, chunks) for row in rows), 2**63 - 1]


def test_sizes_of_2_to_the_63_bytes_are_refused() -> None:
    schedule = Schedule.of(2, 1, [Operation("copy", 0, 1, 0)])
    assert schedule.sizes_bytes(Vector(2**60 - 1, 8)).tolist() == [2**63 - 8]
    with pytest.raises(InputError) as refused:
        schedule.sizes_bytes(Vector(2**60, 8))
    assert str(refused.value) == ("a vector of 9223372036854775808 bytes is too large; expected less than 2**63 bytes")


@pytest.mark.parametrize(("ranks", "per_vector", "elements"), [(1, 4, 11), (3, 3, 10), (3, 5, 2), (4, 2, 2**60 - 1)])
def test_of_several_vectors_each_is_cut_alike(ranks: int, per_vector: int, elements: int) -> None:
    """Chunk c is chunk c mod C of vector ⌊c/C⌋, also in messages that carry more than one vector's."""
    vector, chunks = Vector(elements, 4), ranks * per_vector
    places = [(c, n) for c in range(chunks) for n in range(1, chunks - c + 1) if n * vector.bytes < per_vector * 2**62]
    rows = [Operation("copy", 0, ranks, chunk, count) for chunk, count in places]
    schedule = replace(Schedule.of(ranks + 1, chunks, rows), vectors=ranks)
    assert schedule.chunks_per_vector == per_vector
    one = [vector.chunk_bytes(c % per_vector, per_vector) for c in range(chunks)]
    assert schedule.sizes_bytes(vector).tolist() == [sum(one[c : c + n]) for c, n in places]


def test_a_message_of_several_vectors_must_have_less_than_2_to_the_63_bytes() -> None:
    schedule = replace(Schedule.of(2, 4, [Operation("copy", 0, 1, 0, 3)]), vectors=2)
    assert schedule.sizes_bytes(Vector(2**62 - 2, 1)).tolist() == [3 * (2**61 - 1)]
    with pytest.raises(InputError):
        schedule.sizes_bytes(Vector(2**62, 1))


@pytest.mark.parametrize("vectors", [0, -1, 2, 4])
def test_chunks_that_are_not_as_many_of_each_vector_are_refused(vectors: int) -> None:
    with pytest.raises(InputError) as refused:
        replace(example(), vectors=vectors)
    assert str(refused.value) == f"3 chunks of {vectors} vectors; expected as many chunks of each"


def test_a_negative_index_counts_from_the_end() -> None:
    assert example()[-1] == ROWS[-1]


@pytest.mark.parametrize("row", [Operation("copy", 2**32, 1, 0), Operation("copy", 0.7, 1, 0)])  # type: ignore[arg-type]
def test_what_does_not_fit_a_column_is_refused(row: Operation) -> None:
    with pytest.raises(InputError):
        Schedule.of(2, 1, [row])


@pytest.mark.parametrize("columns", [{"kind": [1, 7]}, {"after_start": [0, 2, 1]}])
def test_kinds_and_starts_that_cannot_be_are_refused(columns: dict[str, list[int]]) -> None:
    good = Schedule.of(2, 3, [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 1, after=(0,))])
    changed = {name: np.array(value, dtype=getattr(good, name).dtype) for name, value in columns.items()}
    with pytest.raises(InputError):
        replace(good, **changed)


PACKED = Schedule.of(3, 6, [Operation.of_chunks("copy", 0, 1, [4, 0]), Operation("copy", 1, 2, 1, 2, after=(0,))])


def test_a_packed_message_carries_chunks_that_are_no_range() -> None:
    """The cargo begins with all chunks, of which ranges are ranges; the lists are behind them."""
    assert PACKED.cargo is not None
    assert PACKED.cargo.tolist() == [0, 1, 2, 3, 4, 5, 0, 4]
    assert (PACKED.chunk.tolist(), PACKED.count.tolist()) == ([6, 1], [2, 2])
    assert [str(row) for row in PACKED] == ["copy 0 -> 1  chunks 0, 4", "copy 1 -> 2  chunks 1..2, after 0"]
    assert Schedule.of(3, 6, [Operation.of_chunks("copy", 0, 1, [3, 2])]).cargo is None, "a range needs none"
    with pytest.raises(ValueError, match="read-only"):
        PACKED.cargo[0] = 1


def test_sizes_of_packed_messages_are_exact() -> None:
    assert PACKED.sizes_bytes(Vector(8, 3)).tolist() == [(1 + 1) * 3, (1 + 2) * 3]
    large = Vector(2**60 + 5, 4)  # all chunks of a cargo together are more than 2^63 bytes
    assert PACKED.sizes_bytes(large).tolist() == [
        large.chunk_bytes(0, 6) + large.chunk_bytes(4, 6),
        *[large.range_bytes(1, 3, 6)],
    ]
    with pytest.raises(InputError, match=r"less than 2\*\*63 bytes a message"):
        PACKED.sizes_bytes(Vector(3 * 2**62, 3))


def test_schedules_that_carry_something_else_are_not_the_same() -> None:
    other, rows = Operation.of_chunks("copy", 0, 1, [5, 0]), list(PACKED)
    assert PACKED.same_as(Schedule.of(3, 6, rows))
    assert not PACKED.same_as(Schedule.of(3, 6, [other, rows[1]]))
    assert not PACKED.same_as(Schedule.of(3, 6, [Operation("copy", 0, 1, 0, 2), rows[1]]))


@pytest.mark.parametrize(
    ("cargo", "message"),
    [
        ([1, 0, 2, 3, 4, 5, 0, 4], "a cargo that does not begin with the chunks 0..5, in order"),
        (
            [0, 1, 2, 3, 4, 5, 0, 6],
            "operation 0 (copy 0 -> 1  chunks 0, 6): expected chunks of 0..5, in order, each once",
        ),
        (
            [0, 1, 2, 3, 4, 5, 4, 4],
            "operation 0 (copy 0 -> 1  chunks 4, 4): expected chunks of 0..5, in order, each once",
        ),
        (
            [0, 1, 2, 3, 4, 5, 4, 0],
            "operation 0 (copy 0 -> 1  chunks 4, 0): expected chunks of 0..5, in order, each once",
        ),
        ([0, 1, 2, 3, 4, 5, 0], "operation 0 (copy 0 -> 1  chunks 6..7): chunk out of range 0..5"),
    ],
)
def test_a_cargo_that_cannot_be_is_refused(cargo: list[int], message: str) -> None:
    with pytest.raises(InputError) as refused:
        replace(PACKED, cargo=np.array(cargo, np.int32))
    assert str(refused.value) == message


def test_a_row_whose_list_is_another_is_refused() -> None:
    with pytest.raises(InputError, match="operation 0: 2 chunks from 1 on, but packed are 0, 4; expected the first of"):
        Schedule.of(3, 6, [Operation("copy", 0, 1, 1, 2, packed=(0, 4))])
