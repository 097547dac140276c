"""A schedule as one program per rank, of sends, receives and computations that wait for each other: and back.

That is how other simulators write what simcomm writes as one graph. To them a message is two things, a send at one rank
and a receive at another, which find each other by their ranks and a tag; what waits is said within a rank only.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, Literal, NamedTuple

import numpy as np

from simcomm.errors import DeadlockError, InputError
from simcomm.schedule import Ints, Operation, Schedule

Role = Literal["send", "recv", "calc"]

#: A receive that waits for more operations than this is a computation of 0 s, so that its readers need not list them.
MOST_WAITS: Final = 8


class Step(NamedTuple):
    """What a rank does for an operation, and which of its own steps that waits for: (operation, role)."""

    operation: int
    role: Role
    after: tuple[tuple[int, Role], ...]


def programs(schedule: Schedule, size_bytes: Ints) -> list[list[Step]]:
    """The steps of every rank, by the numbers of their operations; their tag, by which they meet, is that number.

    A message of no byte and a computation of 0 s are no steps: who waits for one waits for what that waited for, and
    for no more than its own rank knows if it is a message. Who waits until a message of its own rank has arrived waits
    for its send. InputError if an operation waits for what its rank has no part in.
    """
    steps: list[list[Step]] = [[] for _ in range(schedule.ranks)]
    is_step = np.where(schedule.is_message, size_bytes > 0, schedule.seconds > 0).tolist()
    src, dst, is_message = schedule.src.tolist(), schedule.dst.tolist(), schedule.is_message.tolist()
    waits = _waits_for_steps(schedule, is_step)
    for number in np.flatnonzero(is_step).tolist():
        rank = src[number]
        after: list[tuple[int, Role]] = []
        for waited, needed in sorted(waits[number].items()):
            if dst[waited] == rank:
                after.append((waited, "recv" if is_message[waited] else "calc"))
            elif src[waited] == rank:
                after.append((waited, "send"))
            elif needed:
                raise InputError(_happens_elsewhere(schedule, number, waited))
        steps[rank].append(Step(number, "send" if is_message[number] else "calc", tuple(after)))
        if is_message[number]:
            steps[dst[number]].append(Step(number, "recv", ()))
    return steps


def _waits_for_steps(schedule: Schedule, is_step: Sequence[bool]) -> list[dict[int, bool]]:
    """Which steps every operation waits for, and whether it needs to: not for what an unsent message waited for."""
    start, after = schedule.after_start.tolist(), schedule.after.tolist()
    is_message = schedule.is_message.tolist()
    waits: list[dict[int, bool]] = [{}] * len(schedule)
    for number in np.argsort(schedule.level, kind="stable").tolist():
        found: dict[int, bool] = {}
        for waited in after[start[number] : start[number + 1]]:
            through = {waited: True} if is_step[waited] else waits[waited]
            for step, needed in through.items():
                found[step] = found.get(step, False) or (needed and (is_step[waited] or not is_message[waited]))
        waits[number] = found
    return waits


def _happens_elsewhere(schedule: Schedule, number: int, waited: int) -> str:
    def named(index: int) -> str:
        return f"operation {index} ({str(schedule[index]).split(', after')[0]})"

    elsewhere = f"{named(number)} waits for {named(waited)}, in which its rank has no part"
    return f"{elsewhere}; the format says what a rank waits for within the rank only"


@dataclass(frozen=True)
class Node:
    """A send to ``peer``, a receive from it, or a computation, at ``rank``, as a file has it, and at which place there.

    It waits until the nodes ``after`` (of its rank, by their places in the list of all) have ended, and until those of
    ``after_start`` have started.
    """

    rank: int
    role: Role
    where: str
    size_bytes: int = 0
    seconds: float = 0.0
    peer: int = 0
    tag: int = 0
    after: tuple[int, ...] = ()
    after_start: tuple[int, ...] = ()


def schedule_of(ranks: int, nodes: Sequence[Node], sends_end_with_arrival: bool) -> tuple[Schedule, Ints]:
    """The schedule of the programs of all ranks, and the bytes of its operations: of what is carried nothing is known.

    The k-th send from a rank to another with a tag meets the k-th receive there. An operation waits for what its node
    waits for; a receive has ended when the message is there and all that it waited for has ended; a send when its
    message is there, or, without ``sends_end_with_arrival``, as soon as it has started: who waits for it goes after it.
    Operations are numbered by rank, then as they stand there. InputError for what never meets or never ends.
    """
    message = _meet(nodes)
    ready: dict[int, frozenset[int]] = {}
    ended: dict[int, frozenset[int]] = {}
    waits: dict[int, frozenset[int]] = {}  # of the nodes that are operations
    place: dict[int, tuple[int, int]] = {}
    for index in _in_order(nodes):
        node, before = nodes[index], (*nodes[index].after, *nodes[index].after_start)
        ready[index] = frozenset().union(*(ended[w] for w in node.after), *(ready[w] for w in node.after_start))
        ended[index] = ready[index] | {message[index]} if node.role == "recv" else frozenset({index})
        place[index] = (index, 0)
        if node.role != "recv":
            waits[index] = ready[index]
        elif len(ended[index]) > MOST_WAITS:
            waits[index], ended[index] = ended[index], frozenset({index})
        if not sends_end_with_arrival:
            ended[index] = ready[index] if node.role == "send" else ended[index]
            sends = (place[w] for w in before if nodes[w].role == "send")
            place[index] = max([place[index], *((at, turn + 1) for at, turn in sends)])
    order = sorted(waits, key=lambda index: (place[index], index))
    number = {index: found for found, index in enumerate(order)}
    rows = [_operation(nodes[index], sorted(number[w] for w in waits[index])) for index in order]
    schedule = Schedule.of(ranks, 1, rows)
    _check_that_all_end(schedule, [nodes[index].where for index in order])
    sizes = [nodes[index].size_bytes if nodes[index].role == "send" else 0 for index in order]
    return schedule, np.array(sizes, dtype=np.int64)


def _operation(node: Node, after: Sequence[int]) -> Operation:
    if node.role == "send":
        return Operation("copy", node.rank, node.peer, 0, 1, 0.0, tuple(after))
    return Operation("compute", node.rank, node.rank, 0, 0, node.seconds, tuple(after))


def _meet(nodes: Sequence[Node]) -> dict[int, int]:
    """The send of every receive."""
    sends: defaultdict[tuple[int, int, int], deque[int]] = defaultdict(deque)
    for index, node in enumerate(nodes):
        if node.role == "send":
            sends[node.rank, node.peer, node.tag].append(index)
    message = {}
    for index, node in enumerate(nodes):
        if node.role != "recv":
            continue
        waiting = sends[node.peer, node.rank, node.tag]
        if not waiting:
            raise InputError(f"{node.where}: {_never_meets(node, nodes)}")
        message[index] = waiting.popleft()
        size = nodes[message[index]].size_bytes
        if size > node.size_bytes:
            sender = f"the message that it meets, of {nodes[message[index]].where}, has {size}"
            raise InputError(f"{node.where}: a receive of {node.size_bytes} bytes; {sender}")
    for left in sends.values():
        if left:
            raise InputError(f"{nodes[left[0]].where}: {_never_meets(nodes[left[0]], nodes)}")
    return message


def _never_meets(node: Node, nodes: Sequence[Node]) -> str:
    """What a send or a receive is that is left over, and what there is at the other end."""
    mine, other, way = ("send", "recv", "to") if node.role == "send" else ("recv", "send", "from")
    alike = [n for n in nodes if n.rank == node.peer and n.peer == node.rank and n.role == other]
    tags = sorted({n.tag for n in alike})
    there = f"rank {node.peer} has {len(alike)} such {other}s" + (f", of tags {_few(tags)}" if tags else "")
    return f"a {mine} {way} rank {node.peer} with tag {node.tag} meets no {other}; {there}"


def _few(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")


def _in_order(nodes: Sequence[Node]) -> Sequence[int]:
    """The nodes, each after all that it waits for, else as they stand."""
    missing = [len({*node.after, *node.after_start}) for node in nodes]
    waiting: defaultdict[int, list[int]] = defaultdict(list)
    for index, node in enumerate(nodes):
        for waited in {*node.after, *node.after_start}:
            waiting[waited].append(index)
    free = [index for index, left in enumerate(missing) if not left]
    order = []
    while free:
        order.append(heappop(free))
        for index in waiting[order[-1]]:
            missing[index] -= 1
            if not missing[index]:
                heappush(free, index)
    if len(order) < len(nodes):
        raise InputError(_circle(nodes, {index for index, left in enumerate(missing) if left}))
    return order


def _circle(nodes: Sequence[Node], stuck: set[int]) -> str:
    path = [min(stuck)]
    while True:
        following = min(w for w in (*nodes[path[-1]].after, *nodes[path[-1]].after_start) if w in stuck)
        if following in path:
            circle = " waits for ".join(nodes[index].where for index in [*path[path.index(following) :], following])
            return f"they wait for each other in a circle: {circle}"
        path.append(following)


def _check_that_all_end(schedule: Schedule, where: Sequence[str]) -> None:
    try:
        schedule.level  # noqa: B018 - finds circles across ranks
    except DeadlockError as error:
        told = str(error).split("\n")
        places = [f"{line} ({where[int(line.split()[1].rstrip(':'))]})" for line in told[1:]]
        raise InputError("\n".join([told[0], *places])) from None
