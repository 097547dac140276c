"""What happens when: delays of equal length end in the order in which they began, so every length has a queue.

The heap holds only the first of each queue, which makes it small: two or three entries where links and sizes are alike,
as many as there are delays under way where none is like another. What happens now goes through a list of its own.
Order: by time, then by the number that every event gets when it is set off, which is SimPy's order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simcomm.jit import jit

#: Positions in ``at``.
HEAP, SET_OFF, NOW_FIRST, NOW_LAST, NEW_FIRST, NEW_LAST = range(6)

#: What an entry of ``current`` is: a token goes on, or a delay of no length or a turn of no length has ended, or a
#: token that was spawned has ended.
GO_ON, PASSED, ENDED = range(3)


class Events(NamedTuple):
    """All that is under way. An event is the token, place or rank whose time comes: its number indexes the columns."""

    now: Any  # one number
    at: Any  # counters, by the positions above
    time_s: Any  # of every token, place and rank: when its event happens (or, of one that waits, since when it does)
    number: Any  # the order in which events were set off
    next: Any  # the one behind it in its queue
    seconds: Any  # of every length
    head: Any
    tail: Any
    heap_s: Any
    heap_number: Any
    heap_length: Any
    current: Any  # what happens now: 4·(token, place or rank) + what it is
    new: Any  # operations and spawned tokens that begin now, before anything else


def events(members: int, seconds: Any, most_current: int, most_new: int) -> Events:
    """No events, room for all that can be."""
    lengths = len(seconds)
    return Events(
        now=np.zeros(1),
        at=np.zeros(6, np.int64),
        time_s=np.empty(members),
        number=np.empty(members, np.int64),
        next=np.empty(members, np.int32),
        seconds=seconds,
        head=np.full(lengths, -1, np.int32),
        tail=np.empty(lengths, np.int32),
        heap_s=np.empty(lengths + 1),
        heap_number=np.empty(lengths + 1, np.int64),
        heap_length=np.empty(lengths + 1, np.int32),
        current=np.empty(most_current, np.int64),
        new=np.empty(most_new, np.int32),
    )


@jit
def set_off(ev: Events, who: int, length: int) -> None:
    """Let the event of ``who`` happen when ``length`` has gone by."""
    at = ev.now[0] + ev.seconds[length]
    ev.at[SET_OFF] += 1
    ev.time_s[who], ev.number[who] = at, ev.at[SET_OFF]
    if at <= ev.now[0]:
        happens(ev, who, PASSED)
    elif ev.head[length] < 0:
        ev.next[who] = -1
        ev.head[length] = ev.tail[length] = who
        _push(ev, at, ev.at[SET_OFF], length)
    else:
        ev.next[who] = -1
        ev.next[ev.tail[length]] = who
        ev.tail[length] = who


@jit
def happens(ev: Events, who: int, what: int) -> None:
    """Let this happen now, behind all else that does."""
    ev.current[ev.at[NOW_LAST]] = 4 * who + what
    ev.at[NOW_LAST] += 1


@jit
def begins(ev: Events, token: int) -> None:
    """Let a token begin now, before all else but other tokens."""
    ev.new[ev.at[NEW_LAST]] = token
    ev.at[NEW_LAST] += 1


@jit
def take_first(ev: Events) -> int:
    """Take the event that is first: the heap must not be empty."""
    length = ev.heap_length[0]
    who: int = ev.head[length]
    behind = ev.next[who]
    ev.head[length] = behind
    if behind >= 0:
        _sift(ev, ev.time_s[behind], ev.number[behind], length, ev.at[HEAP])
    else:
        ev.at[HEAP] -= 1
        last = ev.at[HEAP]
        if last:
            _sift(ev, ev.heap_s[last], ev.heap_number[last], ev.heap_length[last], last)
    return who


@jit
def _push(ev: Events, at: float, number: int, length: int) -> None:
    place = ev.at[HEAP]
    ev.at[HEAP] += 1
    while place > 0:
        above = (place - 1) >> 1
        if ev.heap_s[above] <= at:  # of the same time the one that is there has the lower number
            break
        ev.heap_s[place], ev.heap_number[place] = ev.heap_s[above], ev.heap_number[above]
        ev.heap_length[place] = ev.heap_length[above]
        place = above
    ev.heap_s[place], ev.heap_number[place], ev.heap_length[place] = at, number, length


@jit
def _sift(ev: Events, at: float, number: int, length: int, size: int) -> None:
    """Put this where the first entry was, and everything in order."""
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and _before(ev, child + 1, ev.heap_s[child], ev.heap_number[child]):
            child += 1
        if not _before(ev, child, at, number):
            break
        ev.heap_s[place], ev.heap_number[place] = ev.heap_s[child], ev.heap_number[child]
        ev.heap_length[place] = ev.heap_length[child]
        place = child
    ev.heap_s[place], ev.heap_number[place], ev.heap_length[place] = at, number, length


@jit
def _before(ev: Events, entry: int, at: float, number: int) -> bool:
    other = ev.heap_s[entry]
    before: bool = other < at or (other == at and ev.heap_number[entry] < number)
    return before
