"""Counts: exact at any size, per rank, and every difference from the claim in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import graphs

from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives import get
from simcomm.counts import Counts, check, count, differences
from simcomm.errors import CountError, InputError
from simcomm.schedule import Operation, Schedule


def naive(schedule: Schedule, vector: Vector) -> Counts:
    """One message after the other, in Python's integers."""
    sent, received = ([Traffic(0, 0)] * schedule.ranks for _ in range(2))
    for row in schedule:
        chunks = range(row.chunk, row.chunk + row.count)
        size = sum(vector.chunk_bytes(chunk, schedule.chunks) for chunk in chunks)
        if row.kind != "compute" and size:
            sent[row.src] += Traffic(1, size)
            received[row.dst] += Traffic(1, size)
    return Counts(sum(sent, start=Traffic(0, 0)), schedule.steps, tuple(sent), tuple(received))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(graphs(), st.integers(0, 5) | st.integers(0, 2**60), st.sampled_from([1, 2, 4]))
def test_counts_are_those_of_plain_integers(schedule: Schedule, elements: int, itemsize: int) -> None:
    vector = Vector(elements, itemsize)
    counts = count(schedule, vector)
    assert counts == naive(schedule, vector)
    assert counts.max_bytes_sent == max(t.bytes for t in counts.sent)
    assert counts.max_bytes_received == max(t.bytes for t in counts.received)


@pytest.mark.parametrize("elements", [2**31 + 1, 2**53 + 1, 2**61 - 1])
def test_counts_are_exact_where_a_float_is_not(elements: int) -> None:
    n, vector = 9, Vector(elements, 4)
    counts = count(get("all_to_all").schedule(n), vector)
    assert counts.total == Traffic(72, 72 * 4 * elements)
    assert counts.sent == counts.received == (Traffic(8, 32 * elements),) * n
    assert (counts.max_bytes_sent, counts.max_bytes_received) == (32 * elements, 32 * elements)


def test_a_total_past_2_to_the_64_is_exact() -> None:
    total = count(get("all_to_all").schedule(16), Vector(2**60 - 1, 8)).total
    assert total.bytes == 240 * (2**63 - 8) > 2**70


def test_the_busiest_rank_is_found_in_each_direction() -> None:
    rows = [Operation("copy", 0, 1, 0, 2), Operation("copy", 0, 2, 1), Operation("copy", 2, 1, 1, 2)]
    counts = count(Schedule.of(4, 3, rows), Vector(9, 2))
    assert counts.sent == (Traffic(2, 18), Traffic(0, 0), Traffic(1, 12), Traffic(0, 0))
    assert counts.received == (Traffic(0, 0), Traffic(2, 24), Traffic(1, 6), Traffic(0, 0))
    assert (counts.max_bytes_sent, counts.max_bytes_received) == (18, 24)


def test_a_chunk_of_nothing_is_not_sent_and_not_counted() -> None:
    ring = get("ring_all_reduce").schedule(8)
    counts = count(ring, Vector(3, 4))
    assert ring.messages == 112
    assert counts.total == Traffic(2 * 7 * 3, 2 * 7 * 12)
    assert [t.messages for t in counts.sent] == [6, 5, 5, 6, 5, 5, 5, 5]
    assert [t.messages for t in counts.received] == [5, 6, 5, 5, 6, 5, 5, 5]
    nothing = count(ring, Vector(0))
    assert nothing.total == Traffic(0, 0)
    assert (nothing.max_bytes_sent, nothing.max_bytes_received) == (0, 0)


def test_one_worker_sends_nothing() -> None:
    counts = count(get("ring_all_reduce").schedule(1), Vector(10))
    assert counts == Counts(Traffic(0, 0), 0, (Traffic(0, 0),), (Traffic(0, 0),))


def test_what_is_too_large_to_count_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected less than 2\*\*63 bytes"):
        count(get("ring_all_reduce").schedule(3), Vector(2**62, 2))


def right() -> tuple[Counts, Claim]:
    ring, vector = get("ring_all_reduce"), Vector(11)
    return count(ring.schedule(4), vector), ring.claim(4, vector)


def test_what_is_right_is_let_pass() -> None:
    assert differences(*right()) == []
    check(*right())


def test_every_difference_is_said_in_words() -> None:
    counts, claim = right()
    wrong = replace(
        claim,
        total=Traffic(25, 264),
        steps=7,
        sent=lambda rank: claim.sent(rank) + Traffic(rank == 2, 0),
        received=lambda rank: claim.received(rank) + Traffic(0, 4 * (rank == 3)),
    )
    assert differences(counts, wrong) == [
        "in total: counted 24 messages and 264 bytes, the closed form says 25 and 264",
        "steps: counted 6, the closed form says 7",
        "sent by rank 2: counted 6 messages and 64 bytes, the closed form says 7 and 64",
        "received by rank 3: counted 6 messages and 64 bytes, the closed form says 6 and 68",
    ]
    with pytest.raises(CountError) as refused:
        check(counts, wrong)
    assert str(refused.value) == (
        "the schedule does not send what its closed form says\n"
        "in total: counted 24 messages and 264 bytes, the closed form says 25 and 264\n"
        "steps: counted 6, the closed form says 7\n"
        "sent by rank 2: counted 6 messages and 64 bytes, the closed form says 7 and 64\n"
        "received by rank 3: counted 6 messages and 64 bytes, the closed form says 6 and 68"
    )


def test_many_differences_are_cut_short() -> None:
    counts, claim = right()
    with pytest.raises(CountError) as refused:
        check(counts, replace(claim, sent=lambda rank: Traffic(0, 0), received=lambda rank: Traffic(9, rank)))
    assert str(refused.value).splitlines()[1:] == [
        "sent by rank 0: counted 6 messages and 68 bytes, the closed form says 0 and 0",
        "sent by rank 1: counted 6 messages and 64 bytes, the closed form says 0 and 0",
        "sent by rank 2: counted 6 messages and 64 bytes, the closed form says 0 and 0",
        "sent by rank 3: counted 6 messages and 68 bytes, the closed form says 0 and 0",
        "received by rank 0: counted 6 messages and 68 bytes, the closed form says 9 and 0",
        "(and 3 more differences)",
    ]


def test_five_differences_are_all_shown() -> None:
    counts, claim = right()
    with pytest.raises(CountError) as refused:
        check(counts, replace(claim, steps=0, sent=lambda rank: Traffic(0, 0)))
    assert len(str(refused.value).splitlines()) == 6
    assert "more" not in str(refused.value)
