"""How contributions flow: nodes, edges, levels, and what a copy replaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import trees

from simcomm.flow import Flow, flow_of
from simcomm.goals import ALL_REDUCE, Flags, Ints, every_chunk, own_chunk
from simcomm.schedule import Operation, Schedule


def edges(flow: Flow) -> set[tuple[tuple[int, int, int], tuple[int, int, int]]]:
    """Edges between nodes that are named (operation, rank, chunk)."""
    nodes = list(zip(flow.operation.tolist(), flow.rank.tolist(), flow.chunk.tolist(), strict=True))
    return {(nodes[a], nodes[b]) for a, b in zip(flow.source.tolist(), flow.target.tolist(), strict=True)}


def test_an_edge_says_whose_value_goes_into_whose() -> None:
    rows = [
        Operation("reduce", 0, 1, 0, 2),
        Operation("reduce", 2, 1, 1),
        Operation("compute", 1, 1, 1, 1, 0.0, (0, 1)),
        Operation("copy", 1, 0, 0, 2, 0.0, (0, 2)),
    ]
    flow = flow_of(Schedule.of(3, 2, rows), 2, every_chunk, every_chunk)
    assert edges(flow) == {
        ((0, 0, 1), (2, 1, 1)),
        ((1, 2, 1), (2, 1, 1)),
        ((0, 0, 0), (3, 1, 0)),
        ((2, 1, 1), (3, 1, 1)),  # the join replaces what operation 0 left of chunk 1
        ((3, 1, 0), (-1, 0, 0)),
        ((3, 1, 1), (-1, 0, 1)),
        ((0, 0, 0), (-1, 1, 0)),
        ((2, 1, 1), (-1, 1, 1)),
    }
    own = {(o, r, c) for o, r, c, own in zip(flow.operation, flow.rank, flow.chunk, flow.own, strict=True) if own}
    assert own == {(0, 0, 0), (0, 0, 1), (2, 1, 1), (3, 1, 0), (-1, 1, 0)}, "rank 2 is no worker; copies replace"


def test_a_dependency_at_another_rank_or_on_another_chunk_hands_on_nothing() -> None:
    rows = [
        Operation("copy", 0, 1, 0),
        Operation("copy", 2, 0, 0, after=(0,)),
        Operation("copy", 1, 2, 1, after=(0,)),
    ]
    flow = flow_of(
        Schedule.of(3, 2, rows), 3, every_chunk, lambda rank, chunk, vector: np.zeros_like(rank + chunk, dtype=bool)
    )
    assert edges(flow) == set()
    assert flow.own.all()


def test_a_flow_without_operations_holds_what_is_there_at_the_start() -> None:
    flow = flow_of(Schedule.of(3, 3, []), 2, own_chunk, every_chunk)
    assert flow.operation.tolist() == [-1] * 6
    assert list(zip(flow.rank.tolist(), flow.chunk.tolist(), flow.own.tolist(), strict=True)) == [
        (rank, chunk, rank == chunk) for rank in range(2) for chunk in range(3)
    ]
    values = flow.own.astype(np.uint64)
    flow.add_up(values)
    assert values.tolist() == flow.own.tolist()


@pytest.mark.parametrize("most", [1, 7, 16, 10_000])
def test_a_goal_is_asked_about_few_places_at_a_time(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    asked: list[int] = []

    def odd(rank: Ints, chunk: Ints, vector: Ints) -> Flags:
        asked.append(rank.size * chunk.size)
        return np.asarray((rank + chunk) % 2 == 1)

    monkeypatch.setattr("simcomm.flow.MOST_PLACES", most)
    flow = flow_of(Schedule.of(5, 4, []), 5, every_chunk, odd)
    found = list(zip(flow.rank.tolist(), flow.chunk.tolist(), strict=True))
    assert found == [(rank, chunk) for rank in range(5) for chunk in range(4) if (rank + chunk) % 2]
    assert sum(asked) == 20
    assert max(asked) <= max(most + 4, 4), "one worker's at least"


@pytest.mark.parametrize(("chunks", "vectors", "workers"), [(4, 1, 5), (5, 1, 4), (1, 1, 3), (9, 3, 3), (12, 3, 3)])
def test_where_everybody_needs_its_own_chunk_nobody_is_asked(chunks: int, vectors: int, workers: int) -> None:
    schedule = replace(Schedule.of(5, chunks, []), vectors=vectors)
    short = flow_of(schedule, workers, every_chunk, own_chunk)
    long = flow_of(schedule, workers, every_chunk, lambda rank, chunk, vector: own_chunk(rank, chunk, vector))
    for ours, theirs in zip((short.rank, short.chunk), (long.rank, long.chunk), strict=True):
        assert ours.tolist() == theirs.tolist()


@settings(deadline=None, derandomize=True, max_examples=40)
@given(trees(), st.data())
def test_chunks_never_mix(tree: tuple[int, Schedule], data: st.DataObject) -> None:
    workers, schedule = tree
    flow = flow_of(schedule, workers, ALL_REDUCE.has, ALL_REDUCE.needs)
    assert (flow.chunk[flow.source] == flow.chunk[flow.target]).all()
    wanted = data.draw(st.sets(st.integers(0, schedule.chunks - 1)))
    some = flow.only(np.array(sorted(wanted), dtype=np.int64))
    assert edges(some) == {(a, b) for a, b in edges(flow) if a[2] in wanted}
    whole, part = flow.own.astype(np.uint64), some.own.astype(np.uint64)
    flow.add_up(whole)
    some.add_up(part)
    assert part.tolist() == whole[np.isin(flow.chunk, sorted(wanted))].tolist()
    assert set(whole[flow.operation < 0].tolist()) == {workers}
