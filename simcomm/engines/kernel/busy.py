"""How long every rank is busy: the union of the times in which it sends and those in which it receives, as they come.

What a rank sends comes in the order in which it begins, and so does what it receives. Of the two only what began later
than all that is known of the other has to be kept until that is known: a short queue per rank, of one of the two. Where
one interval begins as the one before it ends they are kept as one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simcomm.engines.kernel.steps import State, Steps, moved, step
from simcomm.engines.kernel.walk import program_of
from simcomm.jit import jit, jit_loop

#: What becomes of a run: over, out of order at a place, intervals out of order, queues too short.
OVER, VIOLATED, UNORDERED, FULL = range(4)


class Busy(NamedTuple):
    """By rank: how long it was busy, until when, and the queue of what is known of the future."""

    sending_s: Any  # by program
    receiving_s: Any
    busy_s: Any
    until_s: Any
    stream: Any  # whether the queue has what is received
    first: Any
    size: Any
    newest_s: Any  # [stream, rank]: when the latest began
    begin_s: Any  # [rank, place in the queue]: a power of two of places
    end_s: Any
    longest: Any  # how long the longest queue has been


@jit_loop
def advance_busy(steps: Steps, state: State, busy: Busy, first: int, last: int) -> tuple[int, int]:
    """Do classes ``first`` … ``last`` − 1 and count how long ranks are busy; what became of it, and the next class."""
    for index in range(first, last):
        if busy.longest[0] + 2 > busy.begin_s.shape[1]:
            return FULL, index
        if not step(steps, state, index):
            return VIOLATED, index
        if not _count(steps, state, busy, index):
            return UNORDERED, index
    return OVER, last


@jit
def _count(steps: Steps, state: State, busy: Busy, index: int) -> bool:
    end, begin = state.ends[steps.row[index]], state.begins[steps.begin_row[index]]
    src, dst, fine = steps.src[index], steps.dst[index], True
    alike = steps.program[index]
    if alike >= 0 and steps.turns[alike] == 0:
        return True
    for g in range(steps.order):
        program = alike if alike >= 0 else program_of(steps, index, g)
        if steps.turns[program]:
            fine &= _add(busy, 0, moved(steps, src, g), begin[g], begin[g] + busy.sending_s[program])
            fine &= _add(busy, 1, moved(steps, dst, g), end[g] - busy.receiving_s[program], end[g])
    return fine


@jit
def _add(busy: Busy, stream: int, rank: int, begin: float, end: float) -> bool:
    """The rank sends (0) or receives (1) something; whether that begins after what came before it."""
    in_order = begin >= busy.newest_s[stream, rank] - 1e-13 * end
    busy.newest_s[stream, rank] = begin
    mask = busy.begin_s.shape[1] - 1
    if busy.stream[rank] != stream:
        while busy.size[rank] and busy.begin_s[rank, busy.first[rank] & mask] <= begin:
            _take_first(busy, rank)
        if busy.size[rank]:
            _cover(busy, rank, begin, end)
            return in_order
        busy.stream[rank] = stream
    size = busy.size[rank]
    last = (busy.first[rank] + size - 1) & mask
    if size and begin <= busy.end_s[rank, last]:
        busy.end_s[rank, last] = max(end, busy.end_s[rank, last])
        return in_order
    last = (last + 1) & mask
    busy.begin_s[rank, last], busy.end_s[rank, last] = begin, end
    busy.size[rank] = size + 1
    if size + 1 > busy.longest[0]:
        busy.longest[0] = size + 1
    return in_order


@jit
def _take_first(busy: Busy, rank: int) -> None:
    at = busy.first[rank] & (busy.begin_s.shape[1] - 1)
    _cover(busy, rank, busy.begin_s[rank, at], busy.end_s[rank, at])
    busy.first[rank] += 1
    busy.size[rank] -= 1


@jit
def _cover(busy: Busy, rank: int, begin: float, end: float) -> None:
    """Nothing that is yet to come begins before this."""
    busy.busy_s[rank] += max(0.0, end - max(begin, busy.until_s[rank]))
    busy.until_s[rank] = max(busy.until_s[rank], end)


@jit_loop
def finish(busy: Busy) -> None:
    """There is nothing more to come."""
    for rank in range(len(busy.size)):
        while busy.size[rank]:
            _take_first(busy, rank)
