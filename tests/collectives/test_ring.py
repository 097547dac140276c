"""The ring and its halves: their schedules, and who sends what."""

from __future__ import annotations

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives.ring import ring_all_gather, ring_all_reduce, ring_reduce_scatter
from simcomm.counts import count

HALVES = (ring_reduce_scatter, ring_all_gather)


def test_partial_sums_go_round_and_finished_chunks_go_round_again() -> None:
    assert str(ring_all_reduce.schedule(3)) == (
        "step 0\n"
        "      0  reduce 0 -> 1  chunk 2\n"
        "      1  reduce 1 -> 2  chunk 0\n"
        "      2  reduce 2 -> 0  chunk 1\n"
        "step 1\n"
        "      3  reduce 0 -> 1  chunk 1, after 2\n"
        "      4  reduce 1 -> 2  chunk 2, after 0\n"
        "      5  reduce 2 -> 0  chunk 0, after 1\n"
        "step 2\n"
        "      6  copy 0 -> 1  chunk 0, after 5\n"
        "      7  copy 1 -> 2  chunk 1, after 3\n"
        "      8  copy 2 -> 0  chunk 2, after 4\n"
        "step 3\n"
        "      9  copy 0 -> 1  chunk 2, after 8\n"
        "     10  copy 1 -> 2  chunk 0, after 6\n"
        "     11  copy 2 -> 0  chunk 1, after 7"
    )


def test_the_halves_are_the_halves() -> None:
    whole = [str(row).split(",")[0] for row in ring_all_reduce.schedule(5)]
    halves = [str(row).split(",")[0] for half in HALVES for row in half.schedule(5)]
    assert whole == halves
    assert not any("after" in str(row) for row in list(ring_all_gather.schedule(5))[:5]), "it starts with what it has"


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_a_step_is_one_message_of_every_worker_to_the_next(n: int) -> None:
    for collective, steps in ((ring_all_reduce, 2 * (n - 1)), (HALVES[0], n - 1), (HALVES[1], n - 1)):
        schedule = collective.schedule(n)
        assert (schedule.ranks, schedule.chunks, schedule.steps, len(schedule)) == (n, n, steps, n * steps)
        assert all(row.dst == (row.src + 1) % n for row in schedule)
        for step in range(steps):
            assert sorted(schedule.src[schedule.step == step].tolist()) == list(range(n))


def test_who_sends_what() -> None:
    """11 elements of 4 bytes in chunks of 2, 3, 3, 3: all but its own (scatter) or the next's (gather)."""
    scatter, gather = (half.claim(4, Vector(11)) for half in HALVES)
    assert [scatter.sent(rank).bytes for rank in range(4)] == [36, 32, 32, 32]
    assert [scatter.received(rank).bytes for rank in range(4)] == [32, 36, 32, 32]
    assert [gather.sent(rank).bytes for rank in range(4)] == [32, 32, 32, 36]
    assert [gather.received(rank).bytes for rank in range(4)] == [36, 32, 32, 32]
    whole = ring_all_reduce.claim(4, Vector(11))
    assert [whole.sent(rank) for rank in range(4)] == [Traffic(6, size) for size in (68, 64, 64, 68)]
    counts = count(ring_all_reduce.schedule(4), Vector(11))
    assert counts.sent == tuple(whole.sent(rank) for rank in range(4))
    assert counts.received == tuple(whole.received(rank) for rank in range(4))


def test_fewer_elements_than_workers() -> None:
    """2 elements for 5 workers: only chunks 2 and 4 hold anything."""
    claim, counts = ring_all_reduce.claim(5, Vector(2)), count(ring_all_reduce.schedule(5), Vector(2))
    assert counts.total == claim.total == Traffic(2 * 4 * 2, 2 * 4 * 8)
    assert [t.messages for t in counts.sent] == [4, 3, 3, 3, 3]
    assert [claim.sent(rank).messages for rank in range(5)] == [4, 3, 3, 3, 3]


def test_the_time_is_set_by_the_largest_chunk() -> None:
    time = ring_all_reduce.claim(4, Vector(11)).time
    assert time is not None
    assert time(1.0, 0.5, 0.25) == 6 * (1 + 12 * 0.5) + 3 * 12 * 0.25
