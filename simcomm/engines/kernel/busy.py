"""How long every rank is busy: the union of the times in which it sends and those in which it receives, as they come.

What a rank sends comes in the order in which it begins, and so does what it receives. Of the two only what began later
than all that is known of the other has to be kept until that is known: a short queue per rank, of one of the two. Where
one interval begins as the one before it ends they are kept as one.

Classes of all ranks are put aside in blocks. Where of many ranks all that belongs to one class begins before all of the
next one, and nothing is queued up, nothing has to be sorted, and all of them are done in one short loop.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simcomm.engines.kernel.steps import State, Steps, copy_row, moved, raise_row, step
from simcomm.engines.kernel.walk import program_of
from simcomm.jit import jit, jit_loop

#: What becomes of a run: over, out of order at a place, intervals out of order, queues too short.
OVER, VIOLATED, UNORDERED, FULL = range(4)

#: So many ranks are done at once, or one by one.
TILE = 64


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
    waiting: Any  # how many classes are in the block; the rest is of it: [class, rank]
    is_unlike: Any  # of every class: whether the rows ``sending`` and ``receiving`` count, or their first number
    has_gaps: Any  # whether some of its elements are not sent: −1 in ``sending``, ``receiving``
    begins: Any  # when a rank begins to send, when what it receives has ended
    ends: Any
    sending: Any
    receiving: Any


@jit_loop
def advance(steps: Steps, state: State, busy: Busy, first: int, last: int) -> tuple[int, int]:
    """Do classes ``first`` … ``last`` − 1; what became of it, and the next class.

    If there is room for that, count how long ranks are busy.
    """
    room, block = busy.begin_s.shape[1], len(busy.begins)
    for index in range(first, last):
        if room and busy.longest[0] + max(block, 2) > room:
            return FULL, index
        if block and busy.waiting[0] == block and not _count_block(busy):
            return UNORDERED, index
        if not step(steps, state, index):
            return VIOLATED, index
        if not room:
            continue
        raise_row(state.highest_s, state.ends[steps.row[index]])
        if block:
            _put_aside(steps, state, busy, index)
        elif not _count_few(steps, state, busy, index):
            return UNORDERED, index
    return OVER, last


@jit
def _count_few(steps: Steps, state: State, busy: Busy, index: int) -> bool:
    """Of classes of few elements: one after the other."""
    end, begin = state.ends[steps.row[index]], state.begins[steps.begin_row[index]]
    fine = True
    for g in range(steps.order):
        program = program_of(steps, index, g)
        if steps.turns[program]:
            src, dst = moved(steps, steps.src[index], g), moved(steps, steps.dst[index], g)
            for stream in range(2):
                if stream:
                    fine &= _add(busy, 1, dst, end[g] - busy.receiving_s[program], end[g])
                else:
                    fine &= _add(busy, 0, src, begin[g], begin[g] + busy.sending_s[program])
    return fine


@jit
def _put_aside(steps: Steps, state: State, busy: Busy, index: int) -> None:
    """A class of all ranks comes into the block, its elements where their ranks are."""
    alike, at = steps.program[index], busy.waiting[0]
    if alike >= 0 and steps.turns[alike] == 0:
        return
    src, dst = steps.src[index], steps.dst[index]
    busy.waiting[0] = at + 1
    _copy_moved(steps, busy.begins[at], state.begins[steps.begin_row[index]], src)
    _copy_moved(steps, busy.ends[at], state.ends[steps.row[index]], dst)
    sending, receiving = busy.sending[at], busy.receiving[at]
    busy.is_unlike[at], gaps = alike < 0, False
    if alike >= 0:
        sending[0], receiving[0] = busy.sending_s[alike], busy.receiving_s[alike]
    else:
        for g in range(steps.order):
            program = state.which[g]
            sent = steps.turns[program] > 0
            gaps |= not sent
            sending[moved(steps, src, g)] = busy.sending_s[program] if sent else -1.0
            receiving[moved(steps, dst, g)] = busy.receiving_s[program] if sent else -1.0
    busy.has_gaps[at] = gaps


@jit
def _copy_moved(steps: Steps, values: Any, source: Any, by: int) -> None:
    if steps.is_xor:
        for g in range(steps.order):
            values[by ^ g] = source[g]
    else:
        copy_row(values[by:], source[: steps.order - by])
        copy_row(values[:by], source[steps.order - by :])


@jit
def _count_block(busy: Busy) -> bool:
    """Count all classes of the block but the last one: what comes next may begin before it."""
    last, fine = busy.waiting[0] - 1, True
    for first in range(0, len(busy.size), TILE):
        end = min(first + TILE, len(busy.size))
        if _is_in_order(busy, last, first, end):
            for at in range(last):
                _cover_all(busy, at, first, end)
            if last:
                copy_row(busy.newest_s[0, first:end], busy.begins[last - 1, first:end])
        else:
            for rank in range(first, end):
                fine &= _sort_in(busy, last, rank)
    copy_row(busy.begins[0], busy.begins[last])
    copy_row(busy.ends[0], busy.ends[last])
    copy_row(busy.sending[0], busy.sending[last])
    copy_row(busy.receiving[0], busy.receiving[last])
    busy.is_unlike[0], busy.has_gaps[0], busy.waiting[0] = busy.is_unlike[last], busy.has_gaps[last], 1
    return fine


@jit
def _is_in_order(busy: Busy, last: int, first: int, end: int) -> bool:
    """Whether, of all these ranks, all of a class begins before all of the next one, and nothing is queued up."""
    wrong = 0
    for rank in range(first, end):
        wrong += busy.size[rank] > 0
    for at in range(last + 1):
        if busy.has_gaps[at]:
            return False
    for at in range(last):
        if wrong:
            return False
        sent, ended, next_sent, next_ended = (
            busy.begins[at, first:end],
            busy.ends[at, first:end],
            busy.begins[at + 1, first:end],
            busy.ends[at + 1, first:end],
        )
        if busy.is_unlike[at] or busy.is_unlike[at + 1]:
            for rank in range(end - first):
                received = ended[rank] - busy.receiving[at, first + rank if busy.is_unlike[at] else 0]
                adding = busy.receiving[at + 1, first + rank if busy.is_unlike[at + 1] else 0]
                wrong += max(sent[rank], received) > min(next_sent[rank], next_ended[rank] - adding)
        else:
            took, takes = busy.receiving[at, 0], busy.receiving[at + 1, 0]
            for rank in range(end - first):
                received, next_received = ended[rank] - took, next_ended[rank] - takes
                late = sent[rank] if sent[rank] >= received else received
                soon = next_sent[rank] if next_sent[rank] <= next_received else next_received
                wrong += late > soon
    return wrong == 0


@jit
def _cover_all(busy: Busy, at: int, first: int, end: int) -> None:
    """What these ranks send and receive in a class: of each, first what begins first."""
    covered, until = busy.busy_s[first:end], busy.until_s[first:end]
    sent, ended = busy.begins[at, first:end], busy.ends[at, first:end]
    if busy.is_unlike[at]:
        for rank in range(end - first):
            sending, receiving = busy.sending[at, first + rank], busy.receiving[at, first + rank]
            _cover_two(covered, until, rank, sent[rank], ended[rank], sending, receiving)
    else:
        sending, receiving = busy.sending[at, 0], busy.receiving[at, 0]
        for rank in range(end - first):
            _cover_two(covered, until, rank, sent[rank], ended[rank], sending, receiving)


@jit
def _cover_two(
    covered: Any, until: Any, rank: int, begin_0: float, end_1: float, sending: float, receiving: float
) -> None:
    end_0, begin_1 = begin_0 + sending, end_1 - receiving
    sends_first = begin_0 <= begin_1
    begin, end = begin_0 if sends_first else begin_1, end_0 if sends_first else end_1
    then, over = begin_1 if sends_first else begin_0, end_1 if sends_first else end_0
    before = until[rank]
    begin = begin if begin >= before else before
    before = before if before >= end else end
    then = then if then >= before else before
    gained, more = end - begin, over - then
    covered[rank] = (covered[rank] + (gained if gained >= 0.0 else 0.0)) + (more if more >= 0.0 else 0.0)
    until[rank] = before if before >= over else over


@jit
def _sort_in(busy: Busy, last: int, rank: int) -> bool:
    """What a rank sends and receives in the block, and then out of its queue all that nothing can come before."""
    fine, soon = True, 0.0
    for at in range(last + 1):
        which = rank if busy.is_unlike[at] else 0
        sending, receiving = busy.sending[at, which], busy.receiving[at, which]
        begin_0, end_1 = busy.begins[at, rank], busy.ends[at, rank]
        if at == last:
            soon = min(begin_0, end_1 - receiving) if sending >= 0 and receiving >= 0 else 0.0
            break
        for stream in range(2):
            if (receiving if stream else sending) >= 0:
                begin, end = (end_1 - receiving, end_1) if stream else (begin_0, begin_0 + sending)
                fine &= _add(busy, stream, rank, begin, end)
    while busy.size[rank] and busy.begin_s[rank, busy.first[rank] & (busy.begin_s.shape[1] - 1)] <= soon:
        _take_first(busy, rank)
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
def finish(busy: Busy) -> bool:
    """There is nothing more to come; False if queues are too short."""
    if busy.longest[0] + len(busy.begins) > busy.begin_s.shape[1]:
        return False
    if busy.waiting[0]:
        _count_block(busy)
        for rank in range(len(busy.size)):
            which = rank if busy.is_unlike[0] else 0
            for stream in range(2):
                length = busy.receiving[0, which] if stream else busy.sending[0, which]
                if length >= 0:
                    end = busy.ends[0, rank] if stream else busy.begins[0, rank] + length
                    _add(busy, stream, rank, end - length if stream else busy.begins[0, rank], end)
    for rank in range(len(busy.size)):
        while busy.size[rank]:
            _take_first(busy, rank)
    return True
