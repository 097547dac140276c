"""Segments: copies of a schedule that go one behind the other, and closed forms that add up."""

from fractions import Fraction

import numpy as np
import pytest

from simcomm import counts
from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.collectives.base import Collective
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError
from simcomm.goals import REDUCE_SCATTER, broadcast
from simcomm.proof import prove
from simcomm.recorder import Recorder
from simcomm.segments import segment_of, segmented

VECTORS = [Vector(elements, 4) for elements in (0, 1, 3, 17, 1000, 2**40 + 7)]


@pytest.mark.parametrize("vector", VECTORS, ids=str)
@pytest.mark.parametrize("blocks", [None, 1, 3, 4])
def test_segments_are_the_vector_and_their_chunks_are_they(vector: Vector, blocks: int | None) -> None:
    parts = [segment_of(vector, number, 5, blocks) for number in range(5)]
    assert sum(part.bytes for part in parts) == vector.bytes
    for part in parts:
        chunks = blocks or 3
        sizes = [part.chunk_bytes(chunk, chunks) for chunk in range(chunks)]
        assert sum(sizes) == part.bytes
        assert part.largest_chunk(chunks) == max(sizes)
        assert part.filled(chunks) == sum(size > 0 for size in sizes)
        assert part.is_cut_evenly(chunks) == (len(set(sizes)) == 1)
        assert part.chunk_bytes(np.arange(chunks), chunks).tolist() == sizes
        ranges = [(first, end) for end in range(chunks + 1) for first in range(end + 1)]
        assert [part.range_bytes(*cut, chunks) for cut in ranges] == [sum(sizes[slice(*cut)]) for cut in ranges]


def test_pieces_of_a_block_lie_in_it() -> None:
    """Piece j of block i of 4 is part of the whole's chunk i of 4."""
    whole = Vector(48, 1)
    for block in range(4):
        pieces = [segment_of(whole, number, 3, 4).chunk_bytes(block, 4) for number in range(3)]
        assert sum(pieces) == whole.chunk_bytes(block, 4)
    with pytest.raises(InputError, match="2 chunks of pieces of 4 blocks; expected 4"):
        segment_of(whole, 0, 3, 4).chunk_bytes(0, 2)


@pytest.mark.parametrize("name", ["ring_all_reduce", "ring_reduce_scatter", "ring_all_gather", "all_to_all_blocks"])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_counts_and_meaning_hold(name: str, n: int) -> None:
    collective = get(name)
    schedule = collective.schedule(n, segments=3)
    assert len(schedule) == 3 * len(collective.schedule(n))
    prove(schedule, collective.goal_of(n, {"segments": 3}), n)
    for vector in VECTORS:
        counts.check(counts.count(schedule, vector), collective.claim(n, vector, segments=3))


@pytest.mark.parametrize("name", ["ring_all_reduce", "all_to_all", "parameter_server", "packed_trees_broadcast"])
@pytest.mark.parametrize("window", [1, 2, 9])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_window_holds_messages_back_and_nothing_else(name: str, n: int, window: int) -> None:
    collective, options = get(name), {"segments": 5, "window": window}
    schedule = collective.schedule(n, **options)
    free = collective.schedule(n, segments=5)
    prove(schedule, collective.goal_of(n, options), n)
    for vector in VECTORS:
        counts.check(counts.count(schedule, vector), collective.claim(n, vector, **options))
    assert schedule.steps == free.steps + (4 // window if schedule.messages else 0)
    each = len(free) // 5
    for index, (held, other) in enumerate(zip(schedule, free, strict=True)):
        before = index - window * each
        assert set(held.after) == {*other.after, *([before] if before >= 0 and held.kind != "compute" else [])}


def test_no_window_that_is_negative() -> None:
    with pytest.raises(InputError, match="window: -1; expected at least 0"):
        get("ring_all_reduce").schedule(4, segments=2, window=-1)


def test_one_segment_is_none() -> None:
    ring = get("ring_all_reduce")
    assert str(ring.schedule(4, segments=1)) == str(ring.schedule(4))
    claim, time = ring.claim(4, Vector(8), segments=1), ring.claim(4, Vector(8)).time
    assert claim.time is not None
    assert time is not None
    assert claim.time(1, 2, 3) == time(1, 2, 3)
    assert ring.claim(4, Vector(8), segments=2, window=1).time is None
    assert get("binomial_reduce").claim(4, Vector(8), segments=2).time is None


def chain(workers: int) -> Collective:
    """Rank 0's vector, handed on from rank to rank."""

    def build(workers: int) -> object:
        record = Recorder(workers)
        for rank in range(workers - 1):
            record.copy(rank, rank + 1)
        return record.schedule()

    return Collective("chain", broadcast(0), build, None, source="2026")  # type: ignore[arg-type]


def test_a_chain_is_a_pipeline() -> None:
    """(n − 2 + k)·S/k·β + (n − 1)α: the latencies are on the wire, the port is free meanwhile."""
    alpha, beta = Fraction(5), Fraction(1, 3)
    for segments in (1, 2, 4, 8):
        schedule = chain(5).schedule(5, segments=segments)
        found = exact_run(schedule, Vector(64), alpha, beta, Fraction(0)).makespan_s
        assert found == 4 * alpha + (3 + segments) * Fraction(256, segments) * beta


def test_blocks_that_travel_together_are_cut_and_packed() -> None:
    record = Recorder(2, 2)
    record.reduce(0, 1, 0, count=2)
    pieces = segmented(record.schedule(), 4, by_block=True)
    assert [tuple(row.chunks) for row in pieces] == [(0, 4), (1, 5), (2, 6), (3, 7)]
    parts = segmented(record.schedule(), 4, by_block=False)
    assert [tuple(row.chunks) for row in parts] == [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert parts.cargo is None


@pytest.mark.parametrize("by_block", [True, False])
def test_what_is_packed_is_cut_as_its_chunks_are(by_block: bool) -> None:
    """Chunks 0 and 2 of 3, of each of two vectors."""
    record = Recorder(2, 6, 2)
    record.copy(0, 1, np.array([[0], [2]]), vector=np.array([0, 1]), packed=True)
    whole = record.schedule()
    cut = segmented(whole, 2, by_block)
    assert [tuple(row.chunks) for row in whole] == [(0, 2), (3, 5)]
    of_vector = [(0, 4), (1, 5)] if by_block else [(0, 2), (3, 5)]
    assert [tuple(row.chunks) for row in cut] == [
        tuple(6 * vector + c for c in chunks) for chunks in of_vector for vector in (0, 1)
    ]
    assert cut.sizes_bytes(Vector(12, 1)).tolist() == [4, 4, 4, 4]


def test_none_is_refused_and_who_cannot_says_so() -> None:
    with pytest.raises(InputError, match="segments: 0; expected at least 1"):
        get("ring_all_reduce").schedule(4, segments=0)
    whole = Collective("whole", REDUCE_SCATTER, lambda workers: None, None, source="2026", segmentable=False)  # type: ignore[arg-type, return-value]
    with pytest.raises(InputError, match="segments: 2; whole cannot be cut into segments"):
        whole.schedule(4, segments=2)
