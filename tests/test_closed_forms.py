"""Closed forms: the reference's rows, written out, against what the collectives claim and what the engine does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.closed_forms import Traffic, Vector, chunks_except, one_message
from simcomm.collectives import get, names
from simcomm.collectives.base import Collective
from simcomm.counts import count
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError

A, B, G = Fraction(7, 3), Fraction(1, 11), Fraction(2, 13)
UP_TO_16 = range(1, 17)


@dataclass(frozen=True)
class Formula:
    """A row of the reference for n workers and S bytes, S a multiple of n: messages, bytes, steps, time."""

    collective: str
    options: dict[str, Any]
    messages: Callable[[int], int]
    bytes: Callable[[int, int], int]
    steps: Callable[[int], int]
    time: Callable[[int, int], Fraction]


ROWS = {
    "one-shot": Formula(
        "all_to_all",
        {},
        lambda n: n * (n - 1),
        lambda n, S: n * (n - 1) * S,
        lambda n: 1 if n > 1 else 0,
        lambda n, S: (A if n > 1 else 0) + (n - 1) * S * B + (n - 1) * S * G,
    ),
    "one-shot in rounds": Formula(
        "all_to_all",
        {"rounds": True},
        lambda n: n * (n - 1),
        lambda n, S: n * (n - 1) * S,
        lambda n: n - 1,
        lambda n, S: (n - 1) * (A + S * B) + (n - 1) * S * G,
    ),
    "one dedicated server": Formula(
        "parameter_server",
        {},
        lambda n: 2 * n,
        lambda n, S: 2 * n * S,
        lambda n: 2,
        lambda n, S: 2 * A + 2 * n * S * B + (n - 1) * S * G,
    ),
    "one co-located server": Formula(
        "parameter_server",
        {"placement": "colocated"},
        lambda n: 2 * (n - 1),
        lambda n, S: 2 * (n - 1) * S,
        lambda n: 2 if n > 1 else 0,
        lambda n, S: (2 * A if n > 1 else 0) + 2 * (n - 1) * S * B + (n - 1) * S * G,
    ),
    "n dedicated shards": Formula(
        "parameter_server",
        {"servers": "workers"},
        lambda n: 2 * n * n,
        lambda n, S: 2 * n * S,
        lambda n: 2,
        lambda n, S: 2 * A + 2 * max(S, n * S // n) * B + Fraction((n - 1) * S, n) * G,
    ),
    "n co-located shards": Formula(
        "parameter_server",
        {"servers": "workers", "placement": "colocated"},
        lambda n: 2 * n * (n - 1),
        lambda n, S: 2 * (n - 1) * S,
        lambda n: 2 if n > 1 else 0,
        lambda n, S: (2 * A if n > 1 else 0) + Fraction(2 * (n - 1), n) * S * B + Fraction(n - 1, n) * S * G,
    ),
    "ring": Formula(
        "ring_all_reduce",
        {},
        lambda n: 2 * n * (n - 1),
        lambda n, S: 2 * (n - 1) * S,
        lambda n: 2 * (n - 1),
        lambda n, S: 2 * (n - 1) * A + Fraction(2 * (n - 1), n) * S * B + Fraction(n - 1, n) * S * G,
    ),
    "all-to-all of blocks": Formula(
        "all_to_all_blocks",
        {},
        lambda n: n * (n - 1),
        lambda n, S: (n - 1) * S,
        lambda n: 1 if n > 1 else 0,
        lambda n, S: (A if n > 1 else 0) + Fraction(n - 1, n) * S * B,
    ),
    "all-to-all of blocks, pairwise": Formula(
        "all_to_all_blocks",
        {"rounds": True},
        lambda n: n * (n - 1),
        lambda n, S: (n - 1) * S,
        lambda n: n - 1,
        lambda n, S: (n - 1) * A + Fraction(n - 1, n) * S * B,
    ),
    "ring reduce-scatter": Formula(
        "ring_reduce_scatter",
        {},
        lambda n: n * (n - 1),
        lambda n, S: (n - 1) * S,
        lambda n: n - 1,
        lambda n, S: (n - 1) * A + Fraction(n - 1, n) * S * B + Fraction(n - 1, n) * S * G,
    ),
    "ring all-gather": Formula(
        "ring_all_gather",
        {},
        lambda n: n * (n - 1),
        lambda n, S: (n - 1) * S,
        lambda n: n - 1,
        lambda n, S: (n - 1) * A + Fraction(n - 1, n) * S * B,
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_reference_claimed_and_simulated(row: str) -> None:
    formula = ROWS[row]
    collective = get(formula.collective)
    for n in UP_TO_16:
        vector = Vector(5 * n, 4)
        claim, schedule = collective.claim(n, vector, **formula.options), collective.schedule(n, **formula.options)
        counts, expected = count(schedule, vector), Traffic(formula.messages(n), formula.bytes(n, vector.bytes))
        assert counts.total == claim.total == expected, n
        assert counts.steps == claim.steps == formula.steps(n), n
        assert claim.time is not None
        time = formula.time(n, vector.bytes)
        assert exact_run(schedule, vector, A, B, G).makespan_s == claim.time(A, B, G) == time, n


@pytest.mark.parametrize("power", range(5))
def test_the_recursive_rows_of_the_reference(power: int) -> None:
    """lg n·(α + Sβ + Sγ), and 2 lg n·α + 2(n−1)/n·Sβ + (n−1)/n·Sγ, for n = 2^k."""
    n = 2**power
    vector, part = Vector(5 * n, 4), Fraction(n - 1, n)
    S = vector.bytes
    for name, options, messages, total, steps, time in (
        ("recursive_doubling", {}, n * power, n * power * S, power, power * (A + S * B + S * G)),
        ("rabenseifner", {}, 2 * n * power, 2 * (n - 1) * S, 2 * power, 2 * power * A + part * S * (2 * B + G)),
        (
            "rabenseifner",
            {"farthest_first": True},
            2 * n * power,
            2 * (n - 1) * S,
            2 * power,
            2 * power * A + part * S * (2 * B + G),
        ),
    ):
        claim, schedule = get(name).claim(n, vector, **options), get(name).schedule(n, **options)
        assert count(schedule, vector).total == claim.total == Traffic(messages, total)
        assert count(schedule, vector).steps == claim.steps == steps
        assert claim.time is not None
        assert exact_run(schedule, vector, A, B, G).makespan_s == claim.time(A, B, G) == time


@pytest.mark.parametrize("n", [*UP_TO_16, 23, 64])
def test_the_recursive_rows_of_the_reference_for_any_n(n: int) -> None:
    """n′ lg n′ + 2r messages of S; 2n′ lg n′ + 2r messages and 2(n−1)S bytes."""
    lg = n.bit_length() - 1
    rest, vector = n - 2**lg, Vector(3 * 2**lg)
    doubling, halving = (get(name).claim(n, vector).total for name in ("recursive_doubling", "rabenseifner"))
    assert doubling == Traffic(2**lg * lg + 2 * rest, (2**lg * lg + 2 * rest) * vector.bytes)
    assert halving == Traffic(2 * 2**lg * lg + 2 * rest, 2 * (n - 1) * vector.bytes)


@pytest.mark.parametrize("n", range(2, 17))
def test_the_founding_table(n: int) -> None:
    """All-to-all n(n−1) messages of p, parameter server 2n of p, ring n·2(n−1) of p/n."""
    p = 25 * n
    for name, messages, size in (
        ("all_to_all", n * (n - 1), p),
        ("parameter_server", 2 * n, p),
        ("ring_all_reduce", n * 2 * (n - 1), p // n),
    ):
        schedule = get(name).schedule(n)
        assert schedule.messages == messages
        assert set(schedule.sizes_bytes(Vector(p, 1)).tolist()) - {0} == {size}
        assert get(name).claim(n, Vector(p, 1)).total == Traffic(messages, messages * size)


@pytest.mark.parametrize("shards", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 8])
def test_shards_of_a_parameter_server(n: int, shards: int) -> None:
    """2ns messages of S/s and 2nS bytes; 2·max(S, nS/s)β where s ≤ n; push and pull may overlap where s > n."""
    vector, server = Vector(30 * shards, 1), get("parameter_server")
    S, claim = vector.bytes, server.claim(n, vector, servers=shards)
    assert claim.total == Traffic(2 * n * shards, 2 * n * S)
    assert claim.received(n) == claim.sent(n + shards - 1) == Traffic(n, n * S // shards)
    assert claim.received(0) == claim.sent(n - 1) == Traffic(shards, S)
    found = exact_run(server.schedule(n, servers=shards), vector, A, B, Fraction(0)).makespan_s
    literal = 2 * A + 2 * max(S, Fraction(n * S, shards)) * B
    if shards <= n:
        assert found == literal
    else:  # a worker may pull its first shards while it still pushes its last ones
        assert 2 * A + S * B < found <= literal
    assert (claim.time is not None) == (shards <= n)


@pytest.mark.parametrize("n", UP_TO_16)
def test_conservation(n: int) -> None:
    """A point-to-point all-reduce moves 2(n−1)S bytes, whatever the cut; a dedicated server is one participant more."""
    for elements in (0, 1, n - 1, 7 * n + 3, 10**6 + 1):
        S = 4 * elements
        totals = {
            (name, str(options)): get(name).claim(n, Vector(elements), **options).total.bytes
            for name, options in (
                ("ring_all_reduce", {}),
                ("rabenseifner", {}),
                ("rabenseifner", {"farthest_first": True}),
                ("parameter_server", {"placement": "colocated"}),
                ("parameter_server", {"placement": "colocated", "servers": "workers"}),
                ("parameter_server", {"placement": "colocated", "servers": (n + 1) // 2}),
            )
        }
        assert set(totals.values()) == {2 * (n - 1) * S}
        halves = [
            get(half).claim(n, Vector(elements)).total.bytes for half in ("ring_reduce_scatter", "ring_all_gather")
        ]
        assert sum(halves) == 2 * (n - 1) * S
        for servers in (1, 3, "workers"):
            assert get("parameter_server").claim(n, Vector(elements), servers=servers).total.bytes == 2 * n * S


def test_nothing_is_lost_where_others_lose_72_bytes() -> None:
    """n = 7, S = 1000: rounding every chunk down moves 2·6·7·142 = 11,928 bytes where 12,000 are due."""
    counts = count(get("ring_all_reduce").schedule(7), Vector(1000, 1))
    assert counts.total == Traffic(84, 12_000)
    assert sum(Vector(1000, 1).chunk_bytes(chunk, 7) for chunk in range(7)) == 1000
    assert 2 * 6 * 7 * (1000 // 7) == 11_928


def legal(name: str, n: int, options: dict[str, Any]) -> bool:
    try:
        return bool(get(name).check(n, options) is not None)
    except InputError:
        return False


@st.composite
def cases(draw: st.DrawFn) -> tuple[Collective, int, Vector, dict[str, Any]]:
    n = draw(st.integers(1, 9))
    name = draw(st.sampled_from(names()))
    options: dict[str, Any] = {}
    if name in ("all_to_all", "all_to_all_blocks"):
        options = draw(st.sampled_from([{}, {"rounds": True}, {"rounds": False}]))
    if name == "rabenseifner":
        options = {"farthest_first": draw(st.booleans())}
    if name == "parameter_server":
        placement = draw(st.sampled_from(["dedicated", "colocated"]))
        most = n if placement == "colocated" else n + 3
        options = {"placement": placement, "servers": draw(st.just("workers") | st.integers(1, most))}
    n = n if legal(name, n, options) else 4
    elements = draw(st.integers(0, 12) | st.integers(0, 2**57) | st.integers(0, 50).map(lambda k: k * n))
    return get(name), n, Vector(elements, draw(st.sampled_from([1, 2, 4, 8]))), options


@settings(deadline=None, derandomize=True, max_examples=120)
@given(cases(), st.fractions(0, 10), st.fractions(Fraction(1, 100), 10), st.fractions(0, 10))
def test_counts_and_times_are_the_claimed_ones(
    case: tuple[Collective, int, Vector, dict[str, Any]], alpha: Fraction, beta: Fraction, gamma: Fraction
) -> None:
    collective, n, vector, options = case
    claim, schedule = collective.claim(n, vector, **options), collective.schedule(n, **options)
    counts = count(schedule, vector)
    assert (counts.total, counts.steps) == (claim.total, claim.steps)
    assert counts.sent == tuple(claim.sent(rank) for rank in range(schedule.ranks))
    assert counts.received == tuple(claim.received(rank) for rank in range(schedule.ranks))
    if claim.time is not None:
        hosts = collective.hosts(n, options)
        assert exact_run(schedule, vector, alpha, beta, gamma, hosts).makespan_s == claim.time(alpha, beta, gamma)


@pytest.mark.parametrize(("elements", "chunks"), [(0, 3), (1, 3), (2, 3), (10, 3), (12, 3), (2**61 - 1, 1000), (7, 7)])
def test_vectors_cut_into_chunks(elements: int, chunks: int) -> None:
    vector = Vector(elements, 2)
    sizes = [2 * ((i + 1) * elements // chunks - i * elements // chunks) for i in range(chunks)]
    assert [vector.chunk_bytes(i, chunks) for i in range(chunks)] == sizes
    assert sum(sizes) == vector.bytes == 2 * elements
    assert vector.largest_chunk(chunks) == max(sizes)
    assert vector.filled(chunks) == sum(size > 0 for size in sizes)
    assert vector.is_cut_evenly(chunks) == (len(set(sizes)) == 1)
    assert [vector.is_filled(i, chunks) for i in range(chunks)] == [size > 0 for size in sizes]
    for left_out in range(-1, chunks + 1):
        rest = [size for i, size in enumerate(sizes) if i != left_out % chunks]
        assert chunks_except(vector, chunks, left_out) == Traffic(sum(size > 0 for size in rest), sum(rest))
    for first, end in ((0, 0), (0, chunks), (1, 2), (1, chunks), (chunks - 1, chunks)):
        carried = sum(sizes[first:end])
        assert one_message(vector, chunks, first, end) == Traffic(int(carried > 0), carried)


def test_a_vector_of_no_element_takes_no_time() -> None:
    for name in names():
        n = 5 if legal(name, 5, {}) else 4
        claim = get(name).claim(n, Vector(0))
        assert claim.total == Traffic(0, 0)
        assert claim.time is not None
        assert claim.time(A, B, G) == 0
        assert exact_run(get(name).schedule(n), Vector(0), A, B, G).makespan_s == 0


def test_a_closed_form_does_not_see_a_schedule() -> None:
    """It holds for a million workers, in no time, where a schedule would have 2·10¹² messages."""
    n = 10**6
    claim = get("ring_all_reduce").claim(n, Vector(10**9))
    assert claim.total == Traffic(2 * n * (n - 1), 2 * (n - 1) * 4 * 10**9)
    assert claim.sent(0) == Traffic(2 * (n - 1), 8 * (10**9 - 1000))
