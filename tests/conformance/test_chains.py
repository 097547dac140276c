"""Link crossings one after the other: on a route, behind others in a queue, and through dependencies."""

from __future__ import annotations

import pytest

from simcomm import topology
from simcomm.collectives import get
from simcomm.conformance.chains import chains
from simcomm.execution import execute
from simcomm.schedule import Operation, Schedule


def of(schedule: Schedule, size_bytes: list[int], kind: str = "star", routing: str = "shortest") -> list[int]:
    graph = topology.build(kind, schedule.ranks, 1.0, 10.0)
    return chains(execute(schedule, size_bytes, graph, network="store_and_forward", routing=routing).timeline)


def test_a_message_alone_has_the_links_of_its_route() -> None:
    alone = Schedule.of(4, 1, [Operation("copy", 0, 1, 0)])
    assert of(alone, [8]) == [2]
    assert of(Schedule.of(6, 1, [Operation("copy", 0, 3, 0)]), [8], "ring") == [3]


def test_behind_others_in_a_queue() -> None:
    # 0 sends to 1, 2 and 3: the second link is free for each, the first one is not.
    assert of(Schedule.of(4, 1, [Operation("copy", 0, to, 0) for to in (1, 2, 3)]), [8] * 3) == [2, 3, 4]
    # 1, 2 and 3 send to 0: they wait at the second link.
    assert of(Schedule.of(4, 1, [Operation("copy", by, 0, 0) for by in (1, 2, 3)]), [8] * 3) == [2, 3, 4]
    # The second comes when the first has long gone: it waited for nothing.
    late = [Operation("copy", 1, 0, 0), Operation("compute", 2, 2, 0, seconds=50.0)]
    assert of(Schedule.of(4, 1, [*late, Operation("copy", 2, 0, 0, after=(1,))]), [8, 0, 8]) == [2, 0, 2]


def test_after_the_dependency_that_ended_last() -> None:
    rows = [Operation("copy", 0, 1, 0), Operation("copy", 2, 1, 0), Operation("copy", 1, 3, 0, after=(0, 1))]
    assert of(Schedule.of(4, 1, rows), [4, 9, 8]) == [2, 2, 4]
    # Message 1 stands behind message 0 at the way down to rank 1, and is the later one: 3 + 2.
    assert of(Schedule.of(4, 1, rows), [8, 8, 8]) == [2, 3, 5]


def test_through_joins_and_messages_of_no_byte() -> None:
    join = Operation("compute", 1, 1, 0, after=(0, 1))
    rows = [Operation("copy", 0, 1, 0), Operation("copy", 2, 1, 0), join, Operation("copy", 1, 3, 0, after=(2,))]
    assert of(Schedule.of(4, 1, rows), [8, 8, 0, 8]) == [2, 3, 3, 5]
    empty = [Operation("copy", 0, 1, 0), Operation("copy", 1, 2, 0, after=(0,)), Operation("copy", 2, 3, 0, after=(1,))]
    assert of(Schedule.of(4, 1, empty), [8, 0, 8]) == [2, 2, 4]
    assert of(Schedule.of(4, 1, empty), [0, 0, 0]) == [0, 0, 0]


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_of_collectives(workers: int) -> None:
    n = workers
    ring = get("ring_all_reduce").schedule(n)
    assert max(of(ring, [1] * len(ring), "ring")) == 2 * (n - 1)
    assert max(of(ring, [1] * len(ring), "star")) == 4 * (n - 1)
    blocks = get("all_to_all_blocks").schedule(n)
    assert max(of(blocks, [1] * len(blocks), "star")) == n  # n − 2 behind each other, and two links
    assert max(of(blocks, [1] * len(blocks), "fully_connected")) == 1
