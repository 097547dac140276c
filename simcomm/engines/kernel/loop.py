"""The event loop: every token follows its program until it has to wait; then comes the next event.

An operation is a token; what it spawns are tokens, too. An instant: first all events of its time, in the order in which
they were set off, then what they make happen at once; when nothing happens any more the facilities serve (turns, holds,
flows), and what that sets off at the same instant comes next. This is the order in which SimPy runs the reference.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simcomm.engines.kernel import flows as flow
from simcomm.engines.kernel import holds as hold
from simcomm.engines.kernel import turns as turn
from simcomm.engines.kernel.events import (
    ENDED,
    GO_ON,
    HEAP,
    NEW_FIRST,
    NEW_LAST,
    NOW_FIRST,
    NOW_LAST,
    PASSED,
    Events,
    begins,
    happens,
    set_off,
    take_first,
)
from simcomm.engines.kernel.fluid import Flows
from simcomm.engines.kernel.holds import Holds
from simcomm.engines.kernel.notes import RATES, Notes
from simcomm.engines.kernel.turns import Turns
from simcomm.jit import jit, jit_loop
from simcomm.networks.programs import DELAY, HOLD, JOIN, SHARE, SPAWN, TURN

#: Facilities that serve when an instant ends.
SERVE, SERVE_HOLDS, SETTLE = range(3)

#: Positions in ``count``: the number of the delay that was passed last, how many facilities are to serve, the first
#: token that was spawned and is free again (−1: none), how many there are, and how many operations have ended.
MOMENT, SIGNALS, FREE, SPAWNED, DONE = range(5)


class Run(NamedTuple):
    """What is to be done, and how far it is. Tokens: operations, then (behind places and ranks) what is spawned."""

    code: Any
    what: Any
    length: Any  # the number of an instruction's duration
    begin: Any  # where each program begins
    program: Any  # of every operation
    waiting_first: Any
    waiting: Any  # who waits for operation i: waiting[waiting_first[i]:waiting_first[i + 1]]
    missing: Any  # how much every operation still waits for
    late_first: Any
    late: Any  # operations of every rank that starts late
    start_s: Any
    end_s: Any
    first_place: int  # the numbers of places, as members of events, begin here
    first_rank: int
    first_spawned: int
    position: Any  # of every token in its program
    left: Any  # of every token, how many of those that it spawned have not ended
    operation: Any  # of everyone that is spawned
    parent: Any
    count: Any
    signals: Any
    is_signalled: Any


@jit
def release(run: Run, ev: Events, operation: int) -> None:
    """One thing less for an operation to wait for."""
    run.missing[operation] -= 1
    if run.missing[operation] == 0:
        begins(ev, operation)


@jit_loop
def advance(run: Run, ev: Events, turns: Turns, holds: Holds, flows: Flows, note: Notes, budget: int) -> bool:
    """Let everything happen until nothing does any more; return whether that is so.

    It stops after ``budget`` instants, and where there is no more room for rates.
    """
    _begin_new(run, ev, turns, holds, flows)
    while True:
        while ev.at[NOW_FIRST] < ev.at[NOW_LAST]:
            entry = ev.current[ev.at[NOW_FIRST]]
            ev.at[NOW_FIRST] += 1
            _happen(run, ev, turns, holds, flows, entry >> 2, entry & 3)
            _begin_new(run, ev, turns, holds, flows)
        ev.at[NOW_FIRST] = ev.at[NOW_LAST] = 0
        if run.count[SIGNALS] > 0:
            _instant_ends(run, ev, turns, holds, flows, note)
            continue
        ends_s = flow.next_end(flows)
        if ev.at[HEAP] == 0 and not ends_s < np.inf:
            return True
        budget -= 1
        if budget < 0 or (note.detailed and note.count[RATES] + flows.real > len(note.rate_place)):
            return False
        ev.now[0] = ends_s if ev.at[HEAP] == 0 or ends_s < ev.heap_s[0] else ev.heap_s[0]
        if ends_s <= ev.now[0]:
            flow.finish(flows, note, run, ev)
            _signal(run, SETTLE)
        while ev.at[HEAP] > 0 and ev.heap_s[0] <= ev.now[0]:
            _happen(run, ev, turns, holds, flows, take_first(ev), PASSED)
            _begin_new(run, ev, turns, holds, flows)


@jit
def _begin_new(run: Run, ev: Events, turns: Turns, holds: Holds, flows: Flows) -> None:
    while ev.at[NEW_FIRST] < ev.at[NEW_LAST]:
        token = ev.new[ev.at[NEW_FIRST]]
        ev.at[NEW_FIRST] += 1
        _go_on(run, ev, turns, holds, flows, token)
    ev.at[NEW_FIRST] = ev.at[NEW_LAST] = 0


@jit
def _happen(run: Run, ev: Events, turns: Turns, holds: Holds, flows: Flows, who: int, what: int) -> None:
    """An event: a delay has passed, a turn is over, a rank has its gradient, a spawned token has ended."""
    if what == ENDED:
        parent = run.parent[who - run.first_spawned]
        run.parent[who - run.first_spawned] = run.count[FREE]
        run.count[FREE] = who - run.first_spawned
        run.left[parent] -= 1
        if run.left[parent] == 0:
            happens(ev, parent, GO_ON)
    elif run.first_place <= who < run.first_rank:
        _release_place(run, ev, turns, holds, flows, who - run.first_place)
    else:
        if what == PASSED:
            run.count[MOMENT] = ev.number[who]
        if run.first_rank <= who < run.first_spawned:
            rank = who - run.first_rank
            for row in range(run.late_first[rank], run.late_first[rank + 1]):
                release(run, ev, run.late[row])
        else:
            _go_on(run, ev, turns, holds, flows, who)


@jit
def _release_place(run: Run, ev: Events, turns: Turns, holds: Holds, flows: Flows, place: int) -> None:
    if holds.is_held[place]:
        if hold.release(holds, place, ev.now[0]):
            _signal(run, SERVE_HOLDS)
    elif turn.release(turns, place):
        _signal(run, SERVE)


@jit
def _signal(run: Run, facility: int) -> None:
    if not run.is_signalled[facility]:
        run.is_signalled[facility] = True
        run.signals[run.count[SIGNALS]] = facility
        run.count[SIGNALS] += 1


@jit
def _instant_ends(run: Run, ev: Events, turns: Turns, holds: Holds, flows: Flows, note: Notes) -> None:
    """The facilities serve, in the order in which they were first asked."""
    signals = run.count[SIGNALS]
    run.count[SIGNALS] = 0
    for row in range(signals):
        run.is_signalled[run.signals[row]] = False
    for row in range(signals):
        facility = run.signals[row]
        if facility == SERVE:
            turn.serve(turns, ev, note, run)
        elif facility == SERVE_HOLDS:
            hold.serve(holds, ev, note, run)
        else:
            flow.settle(flows, note, run, ev.now[0])


@jit
def _go_on(run: Run, ev: Events, turns: Turns, holds: Holds, flows: Flows, token: int) -> None:
    """Follow the program of a token until it has to wait."""
    while True:
        at = run.position[token]
        code = run.code[at]
        if code == DELAY:
            run.position[token] = at + 1
            set_off(ev, token, run.length[at])
            return
        if code == TURN:
            operation = token if token < run.first_place else run.operation[token - run.first_spawned]
            turn.ask(turns, run.what[at], operation, token)
            _signal(run, SERVE)
            return
        if code == HOLD:
            hold.ask(holds, ev, token, run.count[MOMENT])
            _signal(run, SERVE_HOLDS)
            return
        if code == SHARE:
            flow.start(flows, token)
            _signal(run, SETTLE)
            return
        if code == SPAWN:
            _spawn(run, ev, token, run.what[at], run.length[at])
            run.position[token] = at + 1
        elif code == JOIN:
            run.position[token] = at + 1
            if run.left[token] == 0:
                happens(ev, token, GO_ON)
            return
        else:
            _end(run, ev, token)
            return


@jit
def _spawn(run: Run, ev: Events, parent: int, program: int, times: int) -> None:
    for _ in range(times):
        row = run.count[FREE]
        if row >= 0:
            run.count[FREE] = run.parent[row]
        else:
            row = run.count[SPAWNED]
            run.count[SPAWNED] += 1
        operation = parent if parent < run.first_place else run.operation[parent - run.first_spawned]
        run.operation[row], run.parent[row] = operation, parent
        run.position[run.first_spawned + row] = run.begin[program]
        run.left[parent] += 1
        begins(ev, run.first_spawned + row)


@jit
def _end(run: Run, ev: Events, token: int) -> None:
    if token >= run.first_spawned:
        happens(ev, token, ENDED)
        return
    run.end_s[token] = ev.now[0]
    run.count[DONE] += 1
    if np.isnan(run.start_s[token]):
        run.start_s[token] = ev.now[0]
    for row in range(run.waiting_first[token], run.waiting_first[token + 1]):
        release(run, ev, run.waiting[row])


@jit_loop
def start(run: Run, ev: Events, length_of_rank: Any) -> None:
    """Set off the ranks that are late (whose length is not −1), then release who need not wait for theirs."""
    for rank in range(len(length_of_rank)):
        if length_of_rank[rank] >= 0:
            set_off(ev, run.first_rank + rank, length_of_rank[rank])
    for row in range(len(run.late)):
        run.missing[run.late[row]] += 1  # so that what is late is not released here
    for operation in range(len(run.missing)):
        release(run, ev, operation)
