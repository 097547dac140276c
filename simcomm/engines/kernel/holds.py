"""Several places at once: ``simcomm.engines.holds`` in arrays, with its tie rule.

Who tries, and who waits for a place, are skew heaps (Sleator and Tarjan 1986): trees that are put together by their
right spines, here through two columns of the tokens, ordered by moment and number.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simcomm.engines.kernel.events import GO_ON, Events, happens, set_off
from simcomm.engines.kernel.notes import Notes, contended, crossed, present, waited
from simcomm.jit import jit
from simcomm.networks.programs import AND

#: Positions in ``count``: the heap of those who try, the number of the last try, how many places are to be noted.
TRYING, NUMBER, NOTED = range(3)


class Holds(NamedTuple):
    """When every place is free and who waits for it; of every token its try."""

    count: Any
    is_held: Any  # whether the place is one of those that are held, not queued up for
    free_s: Any
    held_by: Any  # the operation that had the place last, -1
    waiting: Any  # the heap of every place
    waiting_count: Any
    left: Any
    right: Any
    moment: Any
    number: Any
    waited_for: Any
    noted: Any
    is_noted: Any


def holds(places: int, tokens: int, is_held: Any) -> Holds:
    """Places that are all free."""
    return Holds(
        count=np.array([-1, 0, 0]),
        is_held=is_held,
        free_s=np.zeros(places),
        held_by=np.full(places, -1, np.int32),
        waiting=np.full(places, -1, np.int32),
        waiting_count=np.zeros(places, np.int32),
        left=np.empty(tokens, np.int32),
        right=np.empty(tokens, np.int32),
        moment=np.empty(tokens, np.int64),
        number=np.empty(tokens, np.int64),
        waited_for=np.empty(tokens, np.int32),
        noted=np.empty(places, np.int32),
        is_noted=np.zeros(places, np.bool_),
    )


@jit
def ask(hold: Holds, ev: Events, token: int, moment: int) -> None:
    """A token tries for its places."""
    ev.time_s[token] = ev.now[0]
    hold.moment[token] = moment
    hold.number[token] = hold.count[NUMBER]
    hold.count[NUMBER] += 1
    _try(hold, token, -1)


@jit
def _try(hold: Holds, token: int, waited_for: int) -> None:
    hold.waited_for[token] = waited_for
    hold.left[token] = hold.right[token] = -1
    hold.count[TRYING] = _together(hold, hold.count[TRYING], token)


@jit
def release(hold: Holds, place: int, now: float) -> bool:
    """The time of a place may be over: return whether somebody who waited for it is to try now."""
    if hold.waiting[place] >= 0 and hold.free_s[place] <= now:
        _next(hold, place)
        return True
    return False


@jit
def _next(hold: Holds, place: int) -> None:
    token = hold.waiting[place]
    if token >= 0:
        hold.waiting[place] = _together(hold, hold.left[token], hold.right[token])
        hold.waiting_count[place] -= 1
        _try(hold, token, place)


@jit
def serve(hold: Holds, ev: Events, note: Notes, run: Any) -> None:
    """Let everybody try whose time has come."""
    now = ev.now[0]
    while hold.count[TRYING] >= 0:
        token = hold.count[TRYING]
        hold.count[TRYING] = _together(hold, hold.left[token], hold.right[token])
        waited_for = hold.waited_for[token]
        busy = _busiest(hold, run, run.position[token])
        if hold.free_s[busy] > now:
            hold.left[token] = hold.right[token] = -1
            hold.waiting[busy] = _together(hold, hold.waiting[busy], token)
            hold.waiting_count[busy] += 1
            present(note, busy, 1 + hold.waiting_count[busy])
            _note(hold, busy)
        else:
            _begin(hold, ev, note, run, token, waited_for)
        if waited_for >= 0:
            _note(hold, waited_for)
            if hold.free_s[waited_for] <= now:
                _next(hold, waited_for)
    for row in range(hold.count[NOTED]):
        place = hold.noted[row]
        hold.is_noted[place] = False
        contended(note, place, now, hold.waiting[place] >= 0)
    hold.count[NOTED] = 0


@jit
def _begin(hold: Holds, ev: Events, note: Notes, run: Any, token: int, waited_for: int) -> None:
    now, asked_s, at = ev.now[0], ev.time_s[token], run.position[token]
    operation = token if token < run.first_place else run.operation[token - run.first_spawned]
    waited(note, operation, waited_for, now - asked_s, hold.held_by[waited_for])  # who waited for none waited 0 s
    while True:
        place, length = run.what[at], run.length[at]
        seconds = ev.seconds[length]
        hold.free_s[place], hold.held_by[place] = now + seconds, operation
        note.busy_s[place] += seconds
        present(note, place, 1)
        crossed(note, place, operation, asked_s, now, now + seconds)
        set_off(ev, run.first_place + place, length)
        at += 1
        if run.code[at] != AND:
            break
    run.position[token] = at
    if np.isnan(run.start_s[operation]):
        run.start_s[operation] = now
    happens(ev, token, GO_ON)


@jit
def _busiest(hold: Holds, run: Any, at: int) -> int:
    """The place that is free last, of several the first."""
    busy: int = run.what[at]
    while run.code[at + 1] == AND:
        at += 1
        if hold.free_s[run.what[at]] > hold.free_s[busy]:
            busy = run.what[at]
    return busy


@jit
def _note(hold: Holds, place: int) -> None:
    if not hold.is_noted[place]:
        hold.is_noted[place] = True
        hold.noted[hold.count[NOTED]] = place
        hold.count[NOTED] += 1


@jit
def _together(hold: Holds, one: int, other: int) -> int:
    """One heap of two: down their right spines, whose children change sides."""
    root, above = -1, -1
    while True:
        if one < 0 or (other >= 0 and _before(hold, other, one)):
            one, other = other, one
        if above < 0:
            root = one
        else:
            hold.left[above] = one
        if other < 0:
            return root
        above, after = one, hold.right[one]
        hold.right[one] = hold.left[one]
        one = after


@jit
def _before(hold: Holds, one: int, other: int) -> bool:
    first, second = hold.moment[one], hold.moment[other]
    before: bool = first < second or (first == second and hold.number[one] < hold.number[other])
    return before
