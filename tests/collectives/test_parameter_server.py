"""The parameter server: dedicated, co-located and in shards; who sends what, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives.parameter_server import parameter_server
from simcomm.counts import count
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.proof import prove


def test_a_dedicated_server_is_a_rank_of_its_own() -> None:
    """It stores the first gradient, adds the others, and sends the sum to everybody."""
    assert str(parameter_server.schedule(3)) == (
        "step 0\n"
        "      0  copy 0 -> 3  chunk 0\n"
        "      1  reduce 1 -> 3  chunk 0\n"
        "      2  reduce 2 -> 3  chunk 0\n"
        "step 1\n"
        "      3  join at 3  chunk 0, after 0, 1, 2\n"
        "      4  copy 3 -> 0  chunk 0, after 3\n"
        "      5  copy 3 -> 1  chunk 0, after 3\n"
        "      6  copy 3 -> 2  chunk 0, after 3"
    )


def test_a_colocated_server_is_worker_0() -> None:
    assert str(parameter_server.schedule(3, placement="colocated")) == (
        "step 0\n"
        "      0  reduce 1 -> 0  chunk 0\n"
        "      1  reduce 2 -> 0  chunk 0\n"
        "step 1\n"
        "      2  join at 0  chunk 0, after 0, 1\n"
        "      3  copy 0 -> 1  chunk 0, after 2\n"
        "      4  copy 0 -> 2  chunk 0, after 2"
    )


def test_a_shard_on_every_worker() -> None:
    assert str(parameter_server.schedule(2, servers="workers", placement="colocated")) == (
        "step 0\n"
        "      0  reduce 0 -> 1  chunk 1\n"
        "      1  reduce 1 -> 0  chunk 0\n"
        "step 1\n"
        "      2  copy 0 -> 1  chunk 0, after 1\n"
        "      3  copy 1 -> 0  chunk 1, after 0"
    )


@pytest.mark.parametrize(
    ("options", "ranks"),
    [
        ({}, 5),
        ({"servers": 3}, 7),
        ({"servers": 9}, 13),
        ({"servers": "workers"}, 8),
        ({"placement": "colocated"}, 4),
        ({"placement": "colocated", "servers": "workers"}, 4),
        ({"placement": "colocated", "servers": 4}, 4),
    ],
)
def test_ranks(options: dict[str, Any], ranks: int) -> None:
    schedule = parameter_server.schedule(4, **options)
    assert parameter_server.ranks(4, **options) == schedule.ranks == ranks
    assert prove(schedule, ALL_REDUCE, 4).places == 4 * schedule.chunks


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("shards", [1, 2, 3, 7, 10])
def test_a_server_stores_the_first_gradient_and_adds_the_others(n: int, shards: int) -> None:
    schedule = parameter_server.schedule(n, servers=shards)
    for shard in range(shards):
        kinds = [row.kind for row in schedule if row.dst == n + shard and row.kind != "compute"]
        assert kinds == ["copy"] + ["reduce"] * (n - 1)
        pulled = [row.dst for row in schedule if row.src == n + shard and row.kind != "compute"]
        assert sorted(pulled) == list(range(n))


def test_all_ports_are_busy_from_the_start() -> None:
    """With as many shards as workers the first n messages go to n servers, and the first n pulls to n workers."""
    rows = [row for row in parameter_server.schedule(5, servers="workers") if row.kind != "compute"]
    assert {(row.src, row.dst) for row in rows[:5]} == {(worker, 5 + worker) for worker in range(5)}
    assert {(row.src, row.dst) for row in rows[25:30]} == {(5 + worker, worker) for worker in range(5)}


@pytest.mark.parametrize("n", [2, 3, 8])
def test_with_a_shard_on_every_worker_everybody_sends_to_the_next_one_first(n: int) -> None:
    """So that every receiver hears from one sender at a time, in the push and in the pull."""
    rows = list(parameter_server.schedule(n, servers="workers", placement="colocated"))
    for worker in range(n):
        others = [(worker + shift) % n for shift in range(1, n)]
        assert [(row.dst, row.chunk) for row in rows if row.src == worker and row.kind == "reduce"] == [
            (other, other) for other in others
        ]
        assert [(row.dst, row.chunk) for row in rows if row.src == worker and row.kind == "copy"] == [
            (other, worker) for other in others
        ]


def test_a_dedicated_server_sends_to_the_workers_in_their_order() -> None:
    assert [row.dst for row in parameter_server.schedule(7) if row.src == 7 and row.dst != 7] == list(range(7))


def test_who_sends_what_dedicated() -> None:
    """10 elements of 4 bytes in 3 shards of 3, 3 and 4; two workers."""
    claim = parameter_server.claim(2, Vector(10), servers=3)
    shares = [Traffic(3, 40), Traffic(3, 40), Traffic(2, 24), Traffic(2, 24), Traffic(2, 32)]
    assert [claim.sent(rank) for rank in range(5)] == [claim.received(rank) for rank in range(5)] == shares
    counts = count(parameter_server.schedule(2, servers=3), Vector(10))
    assert list(counts.sent) == list(counts.received) == shares


def test_who_sends_what_colocated() -> None:
    """10 elements of 4 bytes in 2 shards of 5 on workers 0 and 1 of 3: a worker does not send to itself."""
    claim = parameter_server.claim(3, Vector(10), servers=2, placement="colocated")
    shares = [Traffic(1 + 2, 20 + 40), Traffic(1 + 2, 20 + 40), Traffic(2, 40)]
    assert [claim.sent(rank) for rank in range(3)] == [claim.received(rank) for rank in range(3)] == shares
    assert claim.total == Traffic(8, 160)


def test_shards_of_nothing_are_not_sent() -> None:
    for placement, users in (("dedicated", 4), ("colocated", 3)):
        claim = parameter_server.claim(4, Vector(2), servers="workers", placement=placement)
        counts = count(parameter_server.schedule(4, servers="workers", placement=placement), Vector(2))
        assert counts.total == claim.total == Traffic(2 * users * 2, 2 * users * 8)
        assert counts.sent == tuple(claim.sent(rank) for rank in range(len(counts.sent)))


def test_one_worker_alone_needs_no_server_but_a_dedicated_one_is_used_all_the_same() -> None:
    assert len(parameter_server.schedule(1, placement="colocated")) == 0
    assert parameter_server.claim(1, Vector(5), placement="colocated").steps == 0
    assert [str(row) for row in parameter_server.schedule(1)] == [
        "copy 0 -> 1  chunk 0",
        "copy 1 -> 0  chunk 0, after 0",
    ]


@pytest.mark.parametrize(
    ("options", "has_formula"),
    [
        ({}, True),
        ({"servers": 4}, True),
        ({"servers": 5}, False),
        ({"servers": 3}, False),  # 8 elements in 3 shards
        ({"servers": 3, "placement": "colocated"}, False),
        ({"servers": 2, "placement": "colocated"}, True),
    ],
)
def test_there_is_a_formula_for_equal_shards_of_no_more_servers_than_workers(
    options: dict[str, Any], has_formula: bool
) -> None:
    assert (parameter_server.claim(4, Vector(8), **options).time is not None) == has_formula


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"servers": 0}, "servers: 0; expected at least 1"),
        ({"servers": -1}, "servers: -1; expected at least 1"),
        ({"servers": True}, "servers: True; expected a whole number or workers"),
        ({"servers": 1.5}, "servers: 1.5; expected a whole number or workers"),
        ({"servers": "worker"}, "servers: 'worker'; expected a whole number or workers; did you mean 'workers'?"),
        (
            {"servers": 5, "placement": "colocated"},
            "servers: 5 co-located servers need as many workers; expected at most 4",
        ),
        (
            {"placement": "co-located"},
            "placement: 'co-located'; expected dedicated or colocated; did you mean 'colocated'?",
        ),
        (
            {"server": 4},
            "unknown option 'server' of parameter_server; expected one of servers, placement, segments, window; "
            "did you mean 'servers'?",
        ),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    for ask in (parameter_server.schedule, lambda n, **more: parameter_server.claim(n, Vector(8), **more)):
        with pytest.raises(InputError) as refused:
            ask(4, **options)
        assert str(refused.value) == message
