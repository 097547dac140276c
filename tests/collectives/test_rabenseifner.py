"""Rabenseifner's all-reduce: halves, partners, those who stand back, and what is exact for which n."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives.rabenseifner import rabenseifner
from simcomm.counts import check, count
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.limits import check_size
from simcomm.proof import prove

ORDERS: tuple[dict[str, Any], ...] = ({}, {"farthest_first": True})


def test_halves_there_and_back() -> None:
    """Worker 1 keeps the upper half of the vector, of that the lower half, and sends the rest of each."""
    rows = [str(row).split(",")[0] for row in rabenseifner.schedule(4) if row.kind != "compute" and row.src == 1]
    assert rows == [
        "reduce 1 -> 0  chunks 0..1",
        "reduce 1 -> 3  chunk 3",
        "copy 1 -> 3  chunk 2",
        "copy 1 -> 0  chunks 2..3",
    ]


@pytest.mark.parametrize("n", [2, 4, 8, 32])
@pytest.mark.parametrize("options", ORDERS, ids=str)
def test_partners_and_sizes(n: int, options: dict[str, Any]) -> None:
    """The nearest partner gets S/2 and the farthest S/n; farthest first, the other way round."""
    distances = [2**bit for bit in range(n.bit_length() - 1)]
    order = distances[::-1] if options else distances
    shares = [(distance, n >> step) for step, distance in enumerate(order, start=1)]
    for worker in range(n):
        sent = [row for row in rabenseifner.schedule(n, **options) if row.kind != "compute" and row.src == worker]
        assert [(row.src ^ row.dst, row.count) for row in sent] == shares + shares[::-1]
        assert [row.kind for row in sent] == ["reduce"] * len(shares) + ["copy"] * len(shares)


def test_in_the_end_of_the_halving_a_worker_has_the_chunk_of_its_number_or_of_its_number_read_backwards() -> None:
    def chunks(**options: Any) -> list[int]:
        rows = [row for row in rabenseifner.schedule(8, **options) if row.kind == "copy"][:8]
        return [row.chunk for row in sorted(rows, key=lambda row: row.src)]

    assert chunks(farthest_first=True) == list(range(8))
    assert chunks() == [0, 4, 2, 6, 1, 5, 3, 7]


def test_the_first_ones_stand_back_in_pairs() -> None:
    rows = [str(row).split(",")[0] for row in rabenseifner.schedule(3) if row.kind != "compute"]
    assert rows == [
        "reduce 0 -> 1  chunks 0..1",
        "reduce 1 -> 2  chunk 1",
        "reduce 2 -> 1  chunk 0",
        "copy 1 -> 2  chunk 0",
        "copy 2 -> 1  chunk 1",
        "copy 1 -> 0  chunks 0..1",
    ]


@pytest.mark.parametrize("options", ORDERS, ids=str)
@pytest.mark.parametrize("n", range(1, 65))
def test_every_number_of_workers_and_any_cut(n: int, options: dict[str, Any]) -> None:
    """2(n−1)S bytes whatever n and the cut, and to every rank its share."""
    schedule = rabenseifner.schedule(n, **options)
    prove(schedule, ALL_REDUCE, n)
    for elements in (0, 1, 3, n - 1, n, n + 1, 7 * n + 5, 2**59 + 1):
        claim = rabenseifner.claim(n, Vector(elements), **options)
        assert claim.total.bytes == 2 * (n - 1) * 4 * elements
        check(count(schedule, Vector(elements)), claim)


def test_who_sends_what() -> None:
    """3 elements of 4 bytes for 6 workers: 0 and 2 stand back; the chunks of the other four hold 0, 1, 1 and 1."""
    claim = rabenseifner.claim(6, Vector(3))
    whole, halves = Traffic(1, 12), Traffic(2, 12)  # halves of 1 and 2 elements
    lower, upper = Traffic(1, 4), Traffic(2, 8)  # of which one is empty, and none
    shares = [whole, whole + halves + lower, whole, whole + halves + upper, halves + lower, halves + upper]
    assert [claim.sent(rank) for rank in range(6)] == [claim.received(rank) for rank in range(6)] == shares


@pytest.mark.parametrize("options", ORDERS, ids=str)
@pytest.mark.parametrize("n", range(2, 18))
def test_no_time_is_below_the_literatures(n: int, options: dict[str, Any]) -> None:
    """Exact for chunks of one size if of the first partners one stands in; else what comes early can be in the way."""
    first_hop = 2 ** (n.bit_length() - 2) if options.get("farthest_first") else 1
    lg, alpha, gamma = n.bit_length() - 1, Fraction(1, 2), Fraction(3)
    whole = Fraction(2**lg - 1, 2**lg)
    for elements in (2**lg, 4 * 2**lg, 4 * 2**lg + 1):
        found = exact_run(rabenseifner.schedule(n, **options), Vector(elements, 1), alpha, Fraction(1), gamma)
        steps, sent, added = 2 * lg, 2 * whole, whole
        if n > 2**lg:
            steps, sent, added = steps + 2, sent + 2, added + 1
        least = steps * alpha + sent * elements + added * elements * gamma
        claimed = rabenseifner.claim(n, Vector(elements, 1), **options).time
        assert found.makespan_s >= least
        stands_in = n == 2**lg or n - 2**lg >= 2**lg - first_hop
        assert (claimed is not None) == (stands_in and elements % 2**lg == 0)
        if claimed:
            assert found.makespan_s == least == claimed(alpha, Fraction(1), gamma)


def test_what_comes_early_can_be_in_the_way() -> None:
    """The example of why there is no formula for 6 workers: a short latency, and adding up takes long."""
    found = exact_run(rabenseifner.schedule(6), Vector(4, 1), Fraction(1, 10), Fraction(1), Fraction(3)).makespan_s
    assert found == Fraction(395, 10) > Fraction(356, 10)


def test_it_says_how_many_chunks_its_messages_carry() -> None:
    for n in (1, 2, 3, 7, 8, 13):
        schedule = rabenseifner.schedule(n)
        assert rabenseifner.claim(n, Vector(1)).chunks_sent == schedule.count[schedule.is_message].sum()


def test_what_would_not_fit_into_memory_is_refused_although_its_messages_would(monkeypatch):
    monkeypatch.setenv("SIMCOMM_MEMORY", "16 GB")
    check_size(rabenseifner, 2048, {})
    with pytest.raises(InputError, match=r"212,992 messages of 134,201,344 chunks, which need about 5\d"):
        check_size(rabenseifner, 8192, {})
