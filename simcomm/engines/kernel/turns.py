"""Places that serve one token at a time, first come, first served: ``simcomm.engines.places`` in arrays.

The tie rule is the same: everybody who asks at an instant is queued up when all else of it has happened, by the number
of the operation, and then every free place serves its first. A queue is a list through ``Events.next``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simcomm.engines.kernel.events import GO_ON, Events, happens, set_off
from simcomm.engines.kernel.notes import Notes, contended, crossed, present, waited
from simcomm.jit import jit

#: Positions in ``count``.
ASKED, ASKING = range(2)


class Turns(NamedTuple):
    """The queue of every place, and who asks at this instant."""

    count: Any
    first: Any
    last: Any
    queued: Any
    busy: Any
    served_last: Any
    asked: Any  # places that somebody asks or that have become free, in that order
    is_asked: Any
    asking: Any  # operation·2³² + how many asked before: sorted by this
    token: Any  # who that is
    scratch: Any


def turns(places: int, most_asking: int) -> Turns:
    """Places that are all free."""
    return Turns(
        count=np.zeros(2, np.int64),
        first=np.full(places, -1, np.int32),
        last=np.full(places, -1, np.int32),
        queued=np.zeros(places, np.int32),
        busy=np.zeros(places, np.bool_),
        served_last=np.full(places, -1, np.int32),
        asked=np.empty(places, np.int32),
        is_asked=np.zeros(places, np.bool_),
        asking=np.empty(most_asking, np.int64),
        token=np.empty(most_asking, np.int32),
        scratch=np.empty(most_asking, np.int64),
    )


@jit
def ask(turn: Turns, place: int, operation: int, token: int) -> None:
    """A token asks for a place."""
    row = turn.count[ASKING]
    turn.count[ASKING] += 1
    turn.asking[row] = (operation << 32) + row
    turn.token[row] = token
    _note(turn, place)


@jit
def release(turn: Turns, place: int) -> bool:
    """The turn of a place is over; return whether anybody waits for it."""
    turn.busy[place] = False
    if turn.queued[place] == 0:
        return False
    _note(turn, place)
    return True


@jit
def _note(turn: Turns, place: int) -> None:
    if not turn.is_asked[place]:
        turn.is_asked[place] = True
        turn.asked[turn.count[ASKED]] = place
        turn.count[ASKED] += 1


@jit
def serve(turn: Turns, ev: Events, note: Notes, run: Any) -> None:
    """Queue up who asks, and let every free place serve its first."""
    now = ev.now[0]
    asking = turn.count[ASKING]
    turn.count[ASKING] = 0
    _sort(turn.asking, turn.scratch, asking)
    for row in range(asking):
        _queue_up(turn, ev, run, turn.token[turn.asking[row] & 0xFFFFFFFF], now)
    places = turn.count[ASKED]
    turn.count[ASKED] = 0
    for row in range(places):
        place = turn.asked[row]
        turn.is_asked[place] = False
        present(note, place, turn.queued[place] + turn.busy[place])
        if not turn.busy[place] and turn.queued[place] > 0:
            _begin(turn, ev, note, run, place, now)
        contended(note, place, now, turn.queued[place] > 0)


@jit
def _begin(turn: Turns, ev: Events, note: Notes, run: Any, place: int, now: float) -> None:
    token = turn.first[place]
    turn.first[place] = ev.next[token]
    turn.queued[place] -= 1
    at = run.position[token]
    operation, length = _operation(run, token), run.length[at]
    seconds = ev.seconds[length]
    note.busy_s[place] += seconds
    waited(note, operation, place, now - ev.time_s[token], turn.served_last[place])
    crossed(note, place, operation, ev.time_s[token], now, now + seconds)
    turn.busy[place], turn.served_last[place] = True, operation
    if np.isnan(run.start_s[operation]):
        run.start_s[operation] = now
    run.position[token] = at + 1
    happens(ev, token, GO_ON)
    set_off(ev, run.first_place + place, length)


@jit
def _operation(run: Any, token: int) -> int:
    return token if token < run.first_place else run.operation[token - run.first_spawned]


@jit
def _queue_up(turn: Turns, ev: Events, run: Any, token: int, now: float) -> None:
    """Behind everybody but those of a higher operation who asked at this instant, too."""
    place = run.what[run.position[token]]
    ev.time_s[token] = now
    turn.queued[place] += 1
    last = turn.last[place]
    operation = _operation(run, token)
    if turn.queued[place] == 1:
        turn.first[place] = turn.last[place] = token
        ev.next[token] = -1
    elif ev.time_s[last] < now or _operation(run, last) <= operation:
        ev.next[last] = turn.last[place] = token
        ev.next[token] = -1
    else:
        before, other = -1, turn.first[place]
        while ev.time_s[other] < now or _operation(run, other) <= operation:
            before, other = other, ev.next[other]
        ev.next[token] = other
        if before < 0:
            turn.first[place] = token
        else:
            ev.next[before] = token


@jit
def _sort(keys: Any, scratch: Any, size: int) -> None:
    """Merge runs that are in order already, until there is one: most often there is only one."""
    while size > 1:
        write, begin = 0, 0
        while begin < size:
            middle = begin + 1
            while middle < size and keys[middle - 1] <= keys[middle]:
                middle += 1
            if begin == 0 and middle == size:
                return
            end = min(middle + 1, size)
            while end < size and keys[end - 1] <= keys[end]:
                end += 1
            left, right = begin, middle
            while left < middle or right < end:
                if right >= end or (left < middle and keys[left] <= keys[right]):
                    scratch[write] = keys[left]
                    left += 1
                else:
                    scratch[write] = keys[right]
                    right += 1
                write += 1
            begin = end
        for row in range(size):
            keys[row] = scratch[row]
