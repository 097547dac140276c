"""All-to-all of blocks: everybody's blocks go where they belong, and nothing is mixed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives.all_to_all_blocks import all_to_all_blocks
from simcomm.counts import count
from simcomm.engines.exact import exact_run
from simcomm.errors import ProofError
from simcomm.goals import ALL_TO_ALL
from simcomm.proof import prove


def test_every_worker_sends_every_other_one_its_block() -> None:
    """Chunk 3s + d is block d of worker s."""
    assert str(all_to_all_blocks.schedule(3)) == (
        "step 0\n"
        "      0  copy 0 -> 1  chunk 1\n"
        "      1  copy 1 -> 2  chunk 5\n"
        "      2  copy 2 -> 0  chunk 6\n"
        "      3  copy 0 -> 2  chunk 2\n"
        "      4  copy 1 -> 0  chunk 3\n"
        "      5  copy 2 -> 1  chunk 7"
    )


def test_in_rounds_an_exchange_waits_for_the_one_before_it() -> None:
    rows = str(all_to_all_blocks.schedule(3, rounds=True)).splitlines()
    assert rows[5:] == [
        "      3  join at 0, after 0, 2",
        "      4  join at 1, after 0, 1",
        "      5  join at 2, after 1, 2",
        "      6  copy 0 -> 2  chunk 2, after 3",
        "      7  copy 1 -> 0  chunk 3, after 4",
        "      8  copy 2 -> 1  chunk 7, after 5",
        "step 2",
        "      9  join at 0, after 6, 7",
        "     10  join at 1, after 7, 8",
        "     11  join at 2, after 6, 8",
    ]


@pytest.mark.parametrize("rounds", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 9, 16])
def test_a_worker_sends_to_the_next_the_one_after_that_and_so_on(n: int, rounds: bool) -> None:
    schedule = all_to_all_blocks.schedule(n, rounds=rounds)
    for worker in range(n):
        sent = [(row.dst, row.chunk) for row in schedule if row.src == worker and row.kind == "copy"]
        to = [(worker + shift) % n for shift in range(1, n)]
        assert sent == [(d, worker * n + d) for d in to]


def test_blocks_are_those_of_one_workers_vector_whatever_the_cut() -> None:
    """11 elements for 4 workers: blocks of 2, 3, 3 and 3."""
    schedule = all_to_all_blocks.schedule(4)
    sizes = schedule.sizes_bytes(Vector(11))
    assert [int(size) for size in sizes] == [[8, 12, 12, 12][dst] for dst in schedule.dst]
    counts, claim = count(schedule, Vector(11)), all_to_all_blocks.claim(4, Vector(11))
    assert [t.bytes for t in counts.sent] == [36, 32, 32, 32]
    assert [t.bytes for t in counts.received] == [24, 36, 36, 36]
    assert counts.sent == tuple(claim.sent(rank) for rank in range(4))
    assert counts.received == tuple(claim.received(rank) for rank in range(4))


def test_blocks_of_nothing_are_not_sent() -> None:
    counts = count(all_to_all_blocks.schedule(5), Vector(2))
    assert counts.total == all_to_all_blocks.claim(5, Vector(2)).total == Traffic(8, 32)
    assert [t.messages for t in counts.received] == [0, 0, 4, 0, 4]


@pytest.mark.parametrize("elements", [1, 2, 11, 12, 61])
def test_the_largest_block_sets_the_time_of_the_one_shot_form(elements: int) -> None:
    costs, vector = (Fraction(1, 3), Fraction(2), Fraction(9)), Vector(elements, 1)
    for n in range(2, 13):
        found = exact_run(all_to_all_blocks.schedule(n), vector, *costs).makespan_s
        assert found == Fraction(1, 3) + (n - 1) * -(-elements // n) * 2, "and nothing is added up"


def test_in_rounds_there_is_a_formula_for_blocks_of_one_size() -> None:
    costs = (Fraction(100), Fraction(1), Fraction(0))
    assert exact_run(all_to_all_blocks.schedule(5, rounds=True), Vector(15, 1), *costs).makespan_s == 4 * (100 + 3)
    time = all_to_all_blocks.claim(5, Vector(15, 1), rounds=True).time
    assert time is not None
    assert time(*costs) == 412
    assert all_to_all_blocks.claim(5, Vector(16, 1), rounds=True).time is None


@pytest.mark.parametrize("n", [*range(1, 34), 47, 64])
@pytest.mark.parametrize("method", ["bitsets", "fingerprints"])
def test_it_is_proven(n: int, method: str) -> None:
    """A place for every block of every vector that is needed, not for every chunk at every rank."""
    assert prove(all_to_all_blocks.schedule(n), ALL_TO_ALL, n, method).places == n * n  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [2, 3, 5, 64, 65, 130])
@pytest.mark.parametrize("method", ["bitsets", "fingerprints"])
def test_a_block_that_goes_astray_is_named(n: int, method: str) -> None:
    right = all_to_all_blocks.schedule(n)
    chunk = right.chunk.copy()
    chunk[n - 1] = 1  # worker n − 1 sends worker 0 a block that neither of them should have
    with pytest.raises(ProofError) as refused:
        prove(replace(right, chunk=chunk), ALL_TO_ALL, n, method)  # type: ignore[arg-type]
    assert str(refused.value) == (
        f"rank 0, chunk {(n - 1) * n}: the gradient of worker {n - 1} is missing at the end; it never left its rank"
    )


def test_the_vectors_of_a_proof_are_those_of_the_goal() -> None:
    schedule = all_to_all_blocks.schedule(3)
    with pytest.raises(ProofError, match=r"^chunks of 1 vectors; expected 3 for all_to_all$"):
        prove(replace(schedule, vectors=1), ALL_TO_ALL, 3)
    with pytest.raises(ProofError, match=r"^chunks of 3 vectors; expected 2 for all_to_all$"):
        prove(schedule, ALL_TO_ALL, 2)


def test_many_workers_need_neither_a_place_for_everything_nor_a_loop_over_messages() -> None:
    """n³ places would be 1.3·10⁸ here: chunks × ranks."""
    schedule = all_to_all_blocks.schedule(512)
    assert len(schedule) == 512 * 511
    assert prove(schedule, ALL_TO_ALL, 512, "fingerprints").places == 512**2
    wrong = replace(schedule, dst=np.where(np.arange(len(schedule)) == 99_999, schedule.src - 1, schedule.dst) % 512)
    with pytest.raises(ProofError):
        prove(wrong, ALL_TO_ALL, 512, "fingerprints")


def test_it_says_that_it_is_mpis() -> None:
    assert "MPI's and NCCL's" in all_to_all_blocks.summary
