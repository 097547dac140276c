"""The recorder: who waits for whom, scalars and arrays, joins, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import Call, NaiveRecorder, Program, play, programs

from simcomm.errors import InputError
from simcomm.recorder import Recorder
from simcomm.schedule import Operation, Schedule

GENTLE = settings(deadline=None, derandomize=True, max_examples=100)


def waits(record: Recorder) -> list[tuple[int, ...]]:
    return [row.after for row in record.schedule()]


@GENTLE
@given(programs())
def test_arrays_give_what_the_rules_say(program: Program) -> None:
    recorder, naive = Recorder(program.ranks, program.chunks), NaiveRecorder()
    for call in program.calls:
        play(recorder, naive, call)
    assert list(recorder.schedule()) == naive.rows


@GENTLE
@given(programs())
def test_scalars_give_what_the_rules_say(program: Program) -> None:
    recorder, naive = Recorder(program.ranks, program.chunks), NaiveRecorder()
    for call in program.calls:
        for one in call.one_by_one():
            play(recorder, naive, one, scalars=True)
    assert list(recorder.schedule()) == naive.rows


@GENTLE
@given(programs(most_chunks=1))
def test_a_step_in_one_call_or_message_by_message_is_the_same(program: Program) -> None:
    """Where no message of a step reads what another one of it writes. Only joins may be numbered differently."""
    whole, single = (Recorder(program.ranks, 1) for _ in range(2))
    for call in program.calls:
        sources = {item[0] for item in call.items}
        items = tuple(item for item in call.items if call.kind == "compute" or item[1] not in sources)
        step = Call(call.kind, items, call.own, None, call.seconds)
        if items:
            play(whole, NaiveRecorder(), step)
            for one in step.one_by_one():
                play(single, NaiveRecorder(), one, scalars=True)
    assert without_joins(whole.schedule()) == without_joins(single.schedule())


def without_joins(schedule: Schedule) -> list[tuple[str, int, int, frozenset[int]]]:
    """Every operation but the joins, with all that it waits for, directly or through a join, in a number of its own."""
    rows = list(schedule)
    real = [row.kind != "compute" or row.seconds > 0 for row in rows]
    number = np.cumsum(real) - 1

    def behind(index: int) -> frozenset[int]:
        if real[index]:
            return frozenset({int(number[index])})
        return frozenset().union(*(behind(d) for d in rows[index].after))

    return [
        (row.kind, row.src, row.dst, frozenset().union(*(behind(d) for d in row.after)))
        for row, keep in zip(rows, real, strict=True)
        if keep
    ]


def test_a_copy_replaces_the_writers_before_it() -> None:
    record = Recorder(4)
    record.reduce(1, 0)
    record.copy(2, 0)
    record.copy(0, 3)
    assert waits(record) == [(), (), (1,)]


def test_a_reduction_adds_to_the_writers_before_it() -> None:
    record = Recorder(4)
    record.copy(1, 0)
    record.reduce(2, 0)
    record.copy(0, 3)
    assert str(record.schedule()) == (
        "step 0\n"
        "      0  copy 1 -> 0  chunk 0\n"
        "      1  reduce 2 -> 0  chunk 0\n"
        "step 1\n"
        "      2  join at 0  chunk 0, after 0, 1\n"
        "      3  copy 0 -> 3  chunk 0, after 2"
    )


def test_own_sends_the_gradient_that_was_there_first() -> None:
    record = Recorder(3)
    record.reduce([1, 2], 0)
    record.copy(0, 1, own=True)
    record.copy(0, 2, own=True, after=0)
    assert waits(record) == [(), (), (), (0,)]


@pytest.mark.parametrize(("writers", "readers"), [(1, 9), (2, 2), (40, 60)])
def test_many_writers_and_many_readers_are_joined_once(writers: int, readers: int) -> None:
    record = Recorder(1 + writers + readers)
    record.reduce(src=1 + np.arange(writers), dst=0)
    record.copy(src=0, dst=1 + writers + np.arange(readers))
    schedule = record.schedule()
    assert len(schedule.after) == (writers + readers if writers > 1 else readers)
    assert len(schedule) - schedule.messages == (writers > 1)


def test_a_range_is_joined_as_a_whole() -> None:
    record = Recorder(4, chunks=3)
    record.copy(1, 0, chunk=0, count=2)
    record.reduce([2, 3], 0, chunk=1)
    record.copy(0, [1, 2, 3], chunk=[0, 0, 2], count=[3, 3, 1])
    assert str(record.schedule()) == (
        "step 0\n"
        "      0  copy 1 -> 0  chunks 0..1\n"
        "      1  reduce 2 -> 0  chunk 1\n"
        "      2  reduce 3 -> 0  chunk 1\n"
        "      6  copy 0 -> 3  chunk 2\n"
        "step 1\n"
        "      3  join at 0  chunks 0..2, after 0, 1, 2\n"
        "      4  copy 0 -> 1  chunks 0..2, after 3\n"
        "      5  copy 0 -> 2  chunks 0..2, after 3"
    )


def test_a_call_reads_what_was_there_before_it() -> None:
    record = Recorder(3)
    record.copy([0, 1, 2], [1, 2, 0])
    record.copy([0, 1, 2], [1, 2, 0])
    assert waits(record) == [(), (), (), (2,), (0,), (1,)]


def test_calls_return_the_numbers_of_their_operations() -> None:
    record = Recorder(3)
    assert record.reduce([1, 2], 0).tolist() == [0, 1]
    assert record.copy(0, 1).tolist() == [3], "2 is the join"
    assert record.compute([0, 1], 1.5).tolist() == [4, 5]


def test_after() -> None:
    record = Recorder(5)
    first = record.compute([0, 1], [0.5, 1])
    record.copy(2, 3, after=None)
    record.copy(2, 4, after=first[1])
    record.copy([2, 2], [0, 1], after=first)
    record.copy([3, 3], [0, 1], after=[0, -1])
    record.copy([4, 4], [0, 1], after=(first, 2, [-1, 1], None))
    assert waits(record) == [(), (), (), (1,), (0,), (1,), (0, 2), (2,), (0, 2, 3), (1, 2, 3)]


def test_a_computation_without_chunks_is_read_by_nobody() -> None:
    record = Recorder(2)
    record.copy(1, 0)
    record.compute(0, 1.5)
    record.copy(0, 1)
    assert waits(record) == [(), (), (0,)]


def test_a_computation_on_chunks_waits_for_them_and_hands_them_on() -> None:
    record = Recorder(3, chunks=4)
    record.reduce([1, 2], 0, chunk=1)
    record.compute(0, seconds=1.5, chunk=0, count=2)
    record.copy(0, 1, chunk=[0, 1, 2])
    assert list(record.schedule())[2:] == [
        Operation("compute", 0, 0, 0, 2, 1.5, (0, 1)),
        Operation("copy", 0, 1, 0, 1, 0.0, (2,)),
        Operation("copy", 0, 1, 1, 1, 0.0, (2,)),
        Operation("copy", 0, 1, 2),
    ]


def test_seconds_are_broadcast_too() -> None:
    record = Recorder(3)
    record.compute(rank=0, seconds=[1, 2])
    record.compute(rank=[1, 2], seconds=3)
    assert [(row.src, row.seconds) for row in record.schedule()] == [(0, 1.0), (0, 2.0), (1, 3.0), (2, 3.0)]


def test_an_empty_call_records_nothing() -> None:
    record, none = Recorder(1), np.arange(0)
    assert record.reduce(none, none, none).tolist() == []
    assert record.copy(none, none, after=none).tolist() == []
    assert record.compute(none, 1.0).tolist() == []
    assert len(record.schedule()) == 0


def test_a_recorder_goes_on_after_a_schedule_was_taken() -> None:
    record = Recorder(2)
    record.copy(0, 1)
    before = record.schedule()
    record.copy(1, 0)
    assert (len(before), len(record.schedule())) == (1, 2)


REFUSED: dict[str, tuple[Callable[[Recorder], object], str]] = {
    "sender": (
        lambda r: r.copy([0, 3], [1, 1]),
        "copy: sender out of range 0..2 in item 1 of this call (3 -> 1, chunk 0)",
    ),
    "receiver": (
        lambda r: r.reduce(0, [1, 2, -1], 1),
        "reduce: receiver out of range 0..2 in item 2 of this call (0 -> -1, chunk 1)",
    ),
    "oneself": (
        lambda r: r.reduce(np.arange(3), [1, 1, 0]),
        "reduce: a message to oneself in item 1 of this call (1 -> 1, chunk 0)",
    ),
    "chunk": (lambda r: r.copy(0, 1, 2), "copy: chunk out of range 0..1 in item 0 of this call (0 -> 1, chunk 2)"),
    "last chunk": (
        lambda r: r.copy(0, 1, 0, count=3),
        "copy: chunk out of range 0..1 in item 0 of this call (0 -> 1, chunk 0 and 2 more)",
    ),
    "negative chunk": (
        lambda r: r.compute(0, 1.0, -1, 1),
        "compute: chunk out of range 0..1 in item 0 of this call (0 -> 0, chunk -1)",
    ),
    "no chunk": (
        lambda r: r.reduce(0, 1, count=0),
        "reduce: 1 chunks or more expected in item 0 of this call (0 -> 1, chunk 0)",
    ),
    "negative count": (
        lambda r: r.compute(0, 1.0, count=-1),
        "compute: 0 chunks or more expected in item 0 of this call (0 -> 0, chunk 0)",
    ),
    "compute rank": (
        lambda r: r.compute(3, 1.0),
        "compute: sender out of range 0..2 in item 0 of this call (3 -> 3, chunk 0)",
    ),
    "float": (
        lambda r: r.copy(np.arange(3) / 2, 1),
        "copy: [0.0, 0.5, 1.0] is not a whole number; expected integers",
    ),
    "text": (
        lambda r: r.reduce("eight", 1),
        "reduce: 'eight' is not a whole number; expected integers",
    ),
    "true": (
        lambda r: r.copy(0, True),
        "copy: True is not a whole number; expected integers",
    ),
    "two copies": (
        lambda r: r.copy([0, 1], 2, chunk=1),
        "copy: two copies to rank 2, chunk 1 in one call; which one stays is undefined",
    ),
    "overlapping copies": (
        lambda r: r.copy([0, 1], 2, chunk=[0, 1], count=[2, 1]),
        "copy: two copies to rank 2, chunk 1 in one call; which one stays is undefined",
    ),
    "after": (
        lambda r: r.copy(0, 1, after=r.copy(1, 2) + 1),
        "copy: after: there is no operation 1; expected the number of a recorded operation, 0..0, or -1 for none",
    ),
    "after nothing": (
        lambda r: r.compute(0, 1.0, after=0),
        "compute: after: there is no operation 0; nothing is recorded yet",
    ),
    "NaN": (lambda r: r.compute(0, float("nan")), "compute: nan s; expected a time of 0 s or more"),
    "negative time": (lambda r: r.compute(0, [1, -2]), "compute: [ 1. -2.] s; expected a time of 0 s or more"),
    "infinite": (lambda r: r.compute(0, float("inf")), "compute: inf s; expected a time of 0 s or more"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_is_wrong_is_refused_where_it_is_written(wrong: str) -> None:
    call, message = REFUSED[wrong]
    with pytest.raises(InputError) as refused:
        call(Recorder(ranks=3, chunks=2))
    assert str(refused.value) == message


@pytest.mark.parametrize(("ranks", "chunks"), [(0, 1), (1, 0), (-3, 2)])
def test_a_recorder_needs_ranks_and_chunks(ranks: int, chunks: int) -> None:
    with pytest.raises(InputError, match=f"^{ranks} ranks and {chunks} chunks; expected at least one of each$"):
        Recorder(ranks, chunks)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(programs(), st.sampled_from(sorted(set(REFUSED) - {"two copies", "overlapping copies", "after"})))
def test_a_refused_call_leaves_no_trace(program: Program, wrong: str) -> None:
    recorder, naive = Recorder(3, 2), NaiveRecorder()
    for call in program.calls:
        if all(max(item[:2]) < 3 and max(call.chunks(item), default=0) < 2 for item in call.items):
            play(recorder, naive, call)
    if wrong != "after nothing":
        with pytest.raises(InputError):
            REFUSED[wrong][0](recorder)
    assert list(recorder.schedule()) == naive.rows


RING = """
import sys
import numpy as np
from simcomm.collectives import get
schedule = get("ring_all_reduce").schedule(1024)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(schedule.messages, len(schedule), status["VmHWM"].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory from /proc")
def test_a_ring_of_1024_workers_is_recorded_within_a_gibibyte() -> None:
    """In a process of its own: the peak of a child counts its parent's, getrusage says, but VmHWM is its own."""
    done = subprocess.run([sys.executable, "-c", RING], check=True, capture_output=True, text=True)
    messages, operations, peak_kib = map(int, done.stdout.split())
    assert messages == operations == 2_095_104 == 2 * 1024 * 1023
    assert peak_kib < 2**20


def test_ten_thousand_workers_at_a_server_cost_a_join_and_not_a_product() -> None:
    n = 10_000
    record = Recorder(n + 1)
    record.reduce(np.arange(n), n)
    record.copy(n, np.arange(n))
    assert len(record.schedule().after) == 2 * n


def test_an_empty_list_is_as_good_as_an_empty_array() -> None:
    record = Recorder(1)
    record.copy([], [], [])
    assert len(record.schedule()) == 0


def test_two_copies_that_are_refused_are_not_recorded() -> None:
    record = Recorder(3)
    with pytest.raises(InputError):
        record.copy([0, 1], 2)
    assert len(record.schedule()) == 0


def test_after_a_number_that_only_this_call_makes_is_refused() -> None:
    record = Recorder(4)
    record.reduce([1, 2], 0)
    with pytest.raises(InputError):
        record.copy(0, 3, after=2)


def test_after_half_an_operation_is_refused() -> None:
    record = Recorder(3)
    record.copy([0, 0], [1, 2])
    with pytest.raises(InputError):
        record.copy(1, 2, after=0.7)


@pytest.mark.parametrize(
    "call",
    [
        lambda record: record.copy([0, 1], [1, 2, 0]),
        lambda record: record.copy([0, 1], [1, 2], after=[-1, -1, -1]),
        lambda record: record.copy(0, 1, after="x"),
        lambda record: record.compute(0, "fast"),
        lambda record: Recorder(2.5),
        lambda record: Recorder("eight"),
    ],
)
def test_shapes_and_types_that_do_not_fit_are_refused(call: Callable[[Recorder], object]) -> None:
    with pytest.raises(InputError):
        call(Recorder(3))


def test_two_computations_on_one_chunk_in_one_call_are_refused() -> None:
    record = Recorder(2)
    with pytest.raises(InputError, match="compute: two computations to rank 0, chunk 0 in one call"):
        record.compute([0, 0], [2, 1], chunk=0, count=1)
    assert len(record.schedule()) == 0


def test_a_packed_call_makes_one_message_of_every_column() -> None:
    record = Recorder(3, 6, 2)
    numbers = record.copy([0, 1], [1, 2], [[0, 1], [2, 2]], vector=[0, 1], packed=True)
    assert numbers.tolist() == [0, 1]
    assert [str(row) for row in record.schedule()] == ["copy 0 -> 1  chunks 0, 2", "copy 1 -> 2  chunks 4..5"]


def test_what_a_packed_message_reads_of_several_writers_is_joined_once() -> None:
    record = Recorder(4, 3)
    record.reduce([0, 1], 2, 0)
    record.reduce([0, 1], 2, 2)
    record.copy(2, 3, [[0], [2]], packed=True)
    join, last = list(record.schedule())[-2:]
    assert (str(join), str(last)) == ("join at 2  chunks 0, 2, after 0, 1, 2, 3", "copy 2 -> 3  chunks 0, 2, after 4")


@pytest.mark.parametrize(
    ("src", "dst", "chunk", "message"),
    [
        (0, 1, [[0], [0]], "copy: chunk 0 is packed twice into 0 -> 1; expected once"),
        (
            [[0], [2]],
            1,
            [[0], [1]],
            "copy: pieces of one message with several senders or receivers; expected one of each",
        ),
        (
            0,
            [[1], [2]],
            [[0], [1]],
            "copy: pieces of one message with several senders or receivers; expected one of each",
        ),
        (0, 1, [[0], [3]], "copy: chunk out of range 0..2 in item 1 of this call (0 -> 1, chunk 3)"),
    ],
)
def test_what_is_no_one_message_is_refused(src: Any, dst: Any, chunk: Any, message: str) -> None:
    record = Recorder(3, 3)
    with pytest.raises(InputError) as refused:
        record.copy(src, dst, chunk, packed=True)
    assert str(refused.value) == message
    assert not len(record.schedule())
