"""The proof: both methods against an independent oracle, words, batches, and the culprits by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import NaiveRecorder, Program, graphs, play, programs, trees

from simcomm import proof
from simcomm.collectives import get
from simcomm.errors import InputError, ProofError
from simcomm.flow import Flow
from simcomm.goals import ALL_GATHER, ALL_REDUCE, REDUCE_SCATTER, Goal
from simcomm.planted import bugs, reaches
from simcomm.proof import Method, Proof, prove
from simcomm.recorder import Recorder
from simcomm.schedule import Ints, Operation, Schedule

METHODS: tuple[Method, ...] = ("bitsets", "fingerprints")
GENTLE = settings(deadline=None, derandomize=True, max_examples=120)


def verdict(schedule: Schedule, goal: Goal, workers: int, method: Method) -> str:
    """What the proof says against it, or nothing."""
    try:
        prove(schedule, goal, workers, method)
    except ProofError as error:
        return str(error)
    return ""


def agree(schedule: Schedule, goal: Goal, workers: int) -> bool:
    """Whether the goal is reached, by the oracle; both methods must say so."""
    right = reaches(schedule, goal, workers)
    exact, quick = (verdict(schedule, goal, workers, method) for method in METHODS)
    assert (not quick) == right, quick
    if right:  # bit sets also refuse a doubled sum that is read, though it never reaches a place that counts
        assert not exact or "is in the sum twice when it is read by" in exact
    else:
        assert exact
        assert exact == quick or schedule.chunks > 1, "of several wrong chunks each may name another"
    return right


def hurt(data: st.DataObject, schedule: Schedule, times: int) -> Schedule:
    for _ in range(times):
        planted = [bug for _, bug in bugs(schedule)]
        schedule = planted[data.draw(st.integers(0, len(planted) - 1))] if planted else schedule
    return schedule


@GENTLE
@given(trees())
def test_right_schedules_are_proven(tree: tuple[int, Schedule]) -> None:
    workers, schedule = tree
    assert reaches(schedule, ALL_REDUCE, workers)
    for method in METHODS:
        assert prove(schedule, ALL_REDUCE, workers, method) == Proof(method, workers * schedule.chunks)


@GENTLE
@given(trees(), st.data(), st.integers(1, 3))
def test_both_methods_agree_with_the_oracle_on_hurt_schedules(
    tree: tuple[int, Schedule], data: st.DataObject, times: int
) -> None:
    workers, schedule = tree
    agree(hurt(data, schedule, times), ALL_REDUCE, workers)


@GENTLE
@given(st.sampled_from(["ring_reduce_scatter", "ring_all_gather"]), st.integers(2, 4), st.data(), st.integers(0, 2))
def test_both_methods_agree_with_the_oracle_on_the_other_goals(
    name: str, workers: int, data: st.DataObject, times: int
) -> None:
    collective = get(name)
    right = agree(hurt(data, collective.schedule(workers), times), collective.goal, workers)
    assert right or times


@GENTLE
@given(programs(), st.data(), st.sampled_from([ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER]))
def test_both_methods_agree_with_the_oracle_on_any_program(program: Program, data: st.DataObject, goal: Goal) -> None:
    recorder, naive = Recorder(program.ranks, program.chunks), NaiveRecorder()
    for call in program.calls:
        play(recorder, naive, call)
    agree(recorder.schedule(), goal, data.draw(st.integers(1, program.ranks)))


@GENTLE
@given(graphs(), st.data())
def test_both_methods_agree_with_the_oracle_on_any_graph(schedule: Schedule, data: st.DataObject) -> None:
    """Goals of any shape: few needs make many of these right, so that both answers occur."""
    table = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=4, max_size=4).map(np.array)
    has, needs = data.draw(table), data.draw(table)
    goal = Goal(
        "any",
        has=lambda rank, chunk, vector: has[rank, chunk],
        needs=lambda rank, chunk, vector: needs[rank, chunk],
    )
    agree(schedule, goal, data.draw(st.integers(1, schedule.ranks)))


def star(workers: int, pushing: Ints, chunks: int = 1) -> Schedule:
    record = Recorder(workers, chunks)
    for chunk in range(chunks):
        record.reduce(pushing, 0, chunk)
        record.copy(0, np.arange(1, workers), chunk)
    return record.schedule()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 128, 130])
def test_sets_of_one_word_and_more(n: int, method: Method) -> None:
    assert prove(star(n, np.arange(1, n)), ALL_REDUCE, n, method) == Proof(method, n)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [2, 63, 64, 65, 128, 130])
def test_every_worker_counts_whatever_its_word(n: int, method: Method) -> None:
    for lost in {1, n // 2, n - 1}:
        pushing = np.array([worker for worker in range(1, n) if worker != lost])
        missing = verdict(star(n, pushing.astype(int)), ALL_REDUCE, n, method)
        assert missing.startswith(
            f"rank 0, chunk 0: the gradient of worker {lost} is missing at the end; it never left its rank"
        )
        assert missing.endswith(f"\n(and {n - 1} more places are wrong)")
        twice = verdict(star(n, np.array([*range(1, n), lost])), ALL_REDUCE, n, method)
        assert twice.startswith(
            f"rank 0, chunk 0: the gradient of worker {lost} is in the sum twice when it is read by"
        )


def refusal(rows: list[Operation], ranks: int, workers: int, goal: Goal = ALL_REDUCE, chunks: int = 1) -> str:
    schedule = Schedule.of(ranks, chunks, rows)
    exact, quick = (verdict(schedule, goal, workers, method) for method in METHODS)
    assert exact == quick
    assert not reaches(schedule, goal, workers)
    return exact


def test_missing_and_where_it_got_to() -> None:
    rows = [
        Operation("reduce", 2, 1, 0),
        Operation("reduce", 1, 0, 0),  # does not wait for the gradient of worker 2
        Operation("copy", 0, 1, 0, after=(1,)),
        Operation("copy", 0, 2, 0, after=(1,)),
    ]
    assert refusal(rows, 3, 3) == (
        "rank 0, chunk 0: the gradient of worker 2 is missing at the end; "
        "that of worker 2 got as far as rank 1, by operation 0 (reduce 2 -> 1 chunk 0) of step 0\n"
        "(and 2 more places are wrong)"
    )


def test_the_last_message_that_carried_it_is_named_by_its_step() -> None:
    rows = [
        Operation("copy", 1, 0, 0),
        Operation("reduce", 0, 1, 0),
        Operation("copy", 2, 3, 0, after=(3,)),
        Operation("copy", 1, 2, 0, after=(1,)),
    ]
    goal = Goal("at 0", has=lambda rank, chunk, vector: rank < 2, needs=lambda rank, chunk, vector: rank == 0)
    assert refusal(rows, 4, 4, goal) == (
        "rank 0, chunk 0: the gradient of worker 0 is missing at the end; "
        "that of worker 0 got as far as rank 3, by operation 2 (copy 2 -> 3 chunk 0) of step 2, "
        "misplaced: rank 3 does not need chunk 0"
    )


def test_several_are_missing() -> None:
    rows = [Operation("reduce", 0, 1, 1)]
    at_one = Goal("at 1", has=ALL_REDUCE.has, needs=lambda rank, chunk, vector: (rank == 1) & (chunk == 1))
    assert refusal(rows, 12, 12, at_one, chunks=2) == (
        "rank 1, chunk 1: the gradient of worker 2, 3, 4, 5, 6, 7, 8, 9, … (10 in all) is missing at the end; "
        "they never left their ranks"
    )


def test_doubled_by_two_messages_when_it_is_read() -> None:
    rows = [
        Operation("reduce", 1, 0, 0),
        Operation("reduce", 1, 0, 0),
        Operation("copy", 0, 1, 0, after=(0, 1)),
    ]
    assert refusal(rows, 2, 2) == (
        "rank 0, chunk 0: the gradient of worker 1 is in the sum twice when it is read by operation 2 "
        "(copy 0 -> 1 chunk 0) of step 1; it came as part of operation 0 (reduce 1 -> 0 chunk 0) of step 0 "
        "and by operation 1 (reduce 1 -> 0 chunk 0) of step 0"
    )


def test_doubled_by_what_comes_back_to_its_own() -> None:
    rows = [Operation("reduce", 0, 1, 0), Operation("reduce", 1, 0, 0, after=(0,))]
    assert refusal(rows, 2, 2) == (
        "rank 0, chunk 0: the gradient of worker 0 is in the sum twice at the end; "
        "it came as its own and by operation 1 (reduce 1 -> 0 chunk 0) of step 1"
    )


def test_doubled_in_a_join_of_several_chunks() -> None:
    rows = [
        Operation("reduce", 1, 0, 0, 2),
        Operation("reduce", 1, 0, 1, 2),
        Operation("compute", 0, 0, 0, 3, 0.0, (0, 1)),
        Operation("copy", 0, 1, 0, 3, 0.0, (2,)),
    ]
    assert refusal(rows, 2, 2, chunks=3) == (
        "rank 0, chunk 1: the gradient of worker 1 is in the sum twice when it is read by operation 2 "
        "(join at 0 chunks 0..2) of step 1; it came as part of operation 0 (reduce 1 -> 0 chunks 0..1) of step 0 "
        "and by operation 1 (reduce 1 -> 0 chunks 1..2) of step 0"
    )


def test_a_gradient_that_goes_to_the_wrong_chunk_is_missed_in_the_right_one() -> None:
    schedule = get("ring_reduce_scatter").schedule(3)
    moved = Schedule.of(3, 3, [schedule[0], schedule[1], Operation("reduce", 2, 0, 2), *list(schedule)[3:]])
    assert (
        verdict(moved, REDUCE_SCATTER, 3, "bitsets")
        == ("rank 1, chunk 1: the gradient of worker 2 is missing at the end; it never left its rank")
        == verdict(moved, REDUCE_SCATTER, 3, "fingerprints")
    )


def test_what_a_copy_replaces_is_gone() -> None:
    rows = [Operation("reduce", 1, 0, 0), Operation("copy", 1, 0, 0), Operation("copy", 0, 1, 0, after=(0, 1))]
    assert refusal(rows, 2, 2) == (
        "rank 0, chunk 0: the gradient of worker 0 is missing at the end; it never left its rank\n"
        "(and 1 more places are wrong)"
    )


@pytest.mark.parametrize("method", METHODS)
def test_servers_have_no_gradient_and_need_none(method: Method) -> None:
    right = [
        Operation("copy", 0, 2, 0),
        Operation("reduce", 1, 2, 0),
        *(Operation("copy", 2, worker, 0, after=(0, 1)) for worker in (0, 1)),
    ]
    assert prove(Schedule.of(3, 1, right), ALL_REDUCE, 2, method) == Proof(method, 2)
    assert prove(Schedule.of(3, 1, [Operation("reduce", 0, 2, 0, after=()), *right[1:]]), ALL_REDUCE, 2, method)
    as_worker = verdict(Schedule.of(3, 1, right), ALL_REDUCE, 3, method)
    assert as_worker == (
        "rank 0, chunk 0: the gradient of worker 2 is missing at the end; it never left its rank\n"
        "(and 2 more places are wrong)"
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_goal_that_needs_nothing_is_reached(method: Method) -> None:
    nothing = Goal("nothing", has=ALL_REDUCE.has, needs=lambda rank, chunk, vector: (rank < 0) & (chunk < 0))
    assert prove(star(3, np.array([1, 2])), nothing, 3, method) == Proof(method, 0)


def test_bit_sets_are_made_for_a_batch_of_chunks_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ring, batches = replace(get("ring_all_reduce").schedule(6)), []
    assert ring.quotient is None, "else one chunk stands for all"
    only = Flow.only
    monkeypatch.setattr(Flow, "only", lambda flow, chunks: batches.append(chunks.tolist()) or only(flow, chunks))
    assert prove(ring, ALL_REDUCE, 6) == Proof("bitsets", 36)
    assert batches == [], "it fits as a whole"
    nodes = 60 + 36
    monkeypatch.setattr(proof, "BATCH_BYTES", nodes * 8 // 3)
    assert prove(ring, ALL_REDUCE, 6) == Proof("bitsets", 36)
    assert batches == [[0, 1], [2, 3], [4, 5]]
    monkeypatch.setattr(proof, "BATCH_BYTES", nodes * 8 // 5)
    assert prove(ring, ALL_REDUCE, 6) == Proof("fingerprints", 36), "too many batches"
    batches.clear()
    monkeypatch.setattr(proof, "BATCH_BYTES", 1)
    assert prove(ring, ALL_REDUCE, 6, "bitsets") == Proof("bitsets", 36)
    assert batches == [[chunk] for chunk in range(6)], "no batch is less than a chunk"


@pytest.mark.parametrize("batch_bytes", [1, 300, 2**26])
def test_a_batch_hides_no_culprit(monkeypatch: pytest.MonkeyPatch, batch_bytes: int) -> None:
    monkeypatch.setattr(proof, "BATCH_BYTES", batch_bytes)
    ring = list(get("ring_all_reduce").schedule(4))
    for index, row in enumerate(ring):
        other = "copy" if row.kind == "reduce" else "reduce"
        wrong = [*ring[:index], Operation(other, row.src, row.dst, row.chunk, after=row.after), *ring[index + 1 :]]
        schedule = Schedule.of(4, 4, wrong)
        exact, quick = (verdict(schedule, ALL_REDUCE, 4, method) for method in METHODS)
        assert exact == quick
        assert f", chunk {row.chunk}: " in exact


def test_a_large_ring_is_proven_by_fingerprints() -> None:
    schedule = get("ring_all_reduce").schedule(192)
    assert prove(schedule, ALL_REDUCE, 192, "fingerprints").places == 192 * 192
    wrong = Schedule(
        schedule.ranks,
        schedule.chunks,
        schedule.kind,
        schedule.src,
        np.where(np.arange(len(schedule)) == 9_999, (schedule.dst + 1) % 192, schedule.dst).astype(np.int32),
        *schedule.columns()[3:],
    )
    exact, quick = (verdict(wrong, ALL_REDUCE, 192, method) for method in METHODS)
    assert quick
    assert exact


def test_both_methods_agree_on_a_doubled_sum_that_never_reaches_a_worker() -> None:
    rows = [
        Operation("reduce", 0, 1, 0),
        Operation("copy", 1, 0, 0, after=(0,)),
        Operation("reduce", 0, 2, 0),
        Operation("reduce", 0, 2, 0),
        Operation("copy", 2, 3, 0, after=(2, 3)),  # from one server to another
    ]
    schedule = Schedule.of(4, 1, rows)
    assert reaches(schedule, ALL_REDUCE, 2)
    assert verdict(schedule, ALL_REDUCE, 2, "bitsets") == verdict(schedule, ALL_REDUCE, 2, "fingerprints")


def test_more_workers_than_ranks_are_refused() -> None:
    with pytest.raises(InputError, match="3 workers in a schedule of 2 ranks; expected 1 to 2"):
        prove(Schedule.of(2, 1, []), ALL_REDUCE, 3)
    with pytest.raises(InputError, match="unknown method 'bitset' for all_reduce; expected one of bitsets, fing"):
        prove(Schedule.of(2, 1, []), ALL_REDUCE, 2, "bitset")  # type: ignore[arg-type]
