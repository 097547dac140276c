"""The loop of the max-plus engine: class after class, instruction after instruction, all elements in one short loop.

The elements of a class are n operations; those of an instruction are at n different ranks, so their times are vectors
(``maxplus`` has the recurrence). A rotation makes of the index of a rank two ranges without a gap, so that each loop
below runs over arrays from end to end: vector instructions of the processor. Sums of floats are those of the programs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simcomm.jit import jit, jit_loop
from simcomm.networks.programs import DELAY, TURN


class Steps(NamedTuple):
    """What is to be done. Columns by class, then what a program is, by program and position."""

    order: int
    ranks: int
    is_xor: bool
    src: Any
    dst: Any
    after_start: Any
    after_class: Any
    after_shift: Any
    row: Any  # where the ends of a class are kept
    begin_row: Any  # where the begins of its first turn are; those of further turns behind it
    program: Any  # that of all elements, or −1: they differ
    base: Any  # of those that differ: program_of[base + …]
    chunk: Any
    displacement: Any
    seconds_row: Any  # of a computation: the row of its elements' seconds, −1 of all else
    seconds: Any
    step_of_chunk: Any  # what a chunk's size adds to the position in program_of
    step_of_route: Any  # [displacement, sender]: what the route adds
    program_of: Any
    is_one_shape: bool  # whether all of these are of one
    length: Any
    shape: Any  # programs of one shape have the same instructions at the same ends, for different times
    is_simple: Any  # of a shape: no place twice
    turns: Any
    code: Any
    place: Any  # of rank 0
    is_far: Any  # whether the place is the receiver's
    is_weak: Any  # whether a turn may be asked for at the instant at which the turn before it began
    amount: Any


class State(NamedTuple):
    """Where it has got to: ``free_s`` and ``limit_s`` of every place, ends and begins of the classes that are kept."""

    own_s: Any  # when each rank has its own gradient
    free_s: Any  # when the place has served all so far
    limit_s: Any  # whoever asks next may not ask before
    last: Any  # who was served last, of those that may be behind themselves
    ends: Any
    begins: Any
    is_behind_itself: Any
    highest_s: Any  # the latest end of each element
    which: Any  # the program of each element
    found: Any  # after a violation: class, element, place


@jit
def moved(steps: Steps, rank: int, element: int) -> int:
    """A rank, or a chunk of as many, moved by an element."""
    if steps.is_xor:
        return rank ^ element
    total = rank + element
    return total - steps.ranks if total >= steps.ranks else total


@jit
def step(steps: Steps, state: State, index: int) -> bool:
    """Do one class; False (and in ``found`` where) if somebody asks out of order."""
    end, program, simple = state.ends[steps.row[index]], steps.program[index], True
    _start(steps, state, index, end)
    if steps.seconds_row[index] >= 0:
        return _compute(steps, state, index, end)
    if program < 0:
        simple = _find_programs(steps, state, index)
    elif not steps.is_simple[steps.shape[program]]:
        simple = False
        for g in range(steps.order):
            state.which[g] = program
    if simple:
        return _side_by_side(steps, state, index, program, end)
    return _one_by_one(steps, state, index, end)


@jit
def _start(steps: Steps, state: State, index: int, end: Any) -> None:
    """When everything that an element waits for has happened."""
    order, rank = steps.order, steps.src[index]
    if steps.is_xor:
        for g in range(order):
            end[g] = state.own_s[rank ^ g]
    else:
        first = min(order, steps.ranks - rank)
        copy_row(end[:first], state.own_s[rank : rank + first])
        copy_row(end[first:], state.own_s[: order - first])
    for row in range(steps.after_start[index], steps.after_start[index + 1]):
        before, shift = state.ends[steps.row[steps.after_class[row]]], steps.after_shift[row]
        if steps.is_xor:
            for g in range(order):
                end[g] = max(end[g], before[shift ^ g])
        else:
            raise_row(end[: order - shift], before[shift:])
            raise_row(end[order - shift :], before[:shift])


@jit
def copy_row(values: Any, source: Any) -> None:
    """Copy one row onto another."""
    for g in range(len(values)):
        values[g] = source[g]


@jit
def raise_row(values: Any, least: Any) -> None:
    """The larger of each two."""
    for g in range(len(values)):
        value, other = values[g], least[g]
        values[g] = value if value >= other else other


@jit
def _side_by_side(steps: Steps, state: State, index: int, alike: int, end: Any) -> bool:
    """The same instructions for all elements, instruction by instruction; for the same times if ``alike`` ≥ 0."""
    turn, order, which = steps.begin_row[index], steps.order, state.which
    program = alike if alike >= 0 else which[0]
    for k in range(steps.length[program]):
        if steps.code[program, k] == TURN:
            if not _turn(steps, state, index, program, k, end, state.begins[turn], alike):
                return False
            turn += 1
        elif alike >= 0:
            amount = steps.amount[program, k]
            for g in range(order):
                end[g] += amount
        else:
            for g in range(order):
                end[g] += steps.amount[which[g], k]
    if turn == steps.begin_row[index]:
        copy_row(state.begins[turn], end)
    return True


@jit
def _turn(steps: Steps, state: State, index: int, program: int, k: int, end: Any, begin: Any, alike: int) -> bool:
    """A turn of every element: check the order, then begin = max(asked, free), free = begin + amount."""
    rank = steps.dst[index] if steps.is_far[program, k] else steps.src[index]
    base, order, weak = steps.place[program, k], steps.order, steps.is_weak[program, k]
    amount = steps.amount[program, k] if alike >= 0 else 0.0
    if steps.is_xor:
        for g in range(order):
            if end[g] < state.limit_s[base + (rank ^ g)]:
                return _violated(state, index, g, base + (rank ^ g))
        for g in range(order):
            at = base + (rank ^ g)
            asked = end[g]
            state.limit_s[at] = _limit(asked, weak)
            end[g] = begin[g] = max(asked, state.free_s[at])
            state.free_s[at] = end[g] + amount
    else:
        first, here = min(order, steps.ranks - rank), base + rank
        there = base + order - first
        free_s, limit_s = state.free_s[here : here + first], state.limit_s[here : here + first]
        if _early(end[:first], limit_s) + _early(end[first:], state.limit_s[base:there]):
            return _find_early(steps, state, index, rank, base, end)
        _serve(end[:first], begin[:first], free_s, limit_s, amount, weak)
        _serve(end[first:], begin[first:], state.free_s[base:there], state.limit_s[base:there], amount, weak)
    if alike < 0:
        for g in range(order):
            state.free_s[base + moved(steps, rank, g)] = begin[g] + steps.amount[state.which[g], k]
    return True


@jit
def _early(asked: Any, limit_s: Any) -> int:
    """How many ask out of order."""
    count = 0
    for g in range(len(asked)):
        count += asked[g] < limit_s[g]
    return count


@jit
def _find_early(steps: Steps, state: State, index: int, rank: int, base: int, asked: Any) -> bool:
    for g in range(steps.order):
        at = base + moved(steps, rank, g)
        if asked[g] < state.limit_s[at]:
            return _violated(state, index, g, at)
    return True


@jit
def _violated(state: State, index: int, element: int, place: int) -> bool:
    state.found[0], state.found[1], state.found[2] = index, element, place
    return False


@jit
def _limit(asked: float, weak: bool) -> float:
    """Who asks at the same time comes next only if it is sure that this one was there before anything was served."""
    return asked * 1.0000000000000004 + 1e-300 if weak else asked


@jit
def _serve(end: Any, begin: Any, free_s: Any, limit_s: Any, amount: float, weak: bool) -> None:
    up, more = (1.0000000000000004, 1e-300) if weak else (1.0, 0.0)
    for g in range(len(end)):
        asked, free = end[g], free_s[g]
        at = asked if asked >= free else free
        limit_s[g] = asked * up + more
        begin[g] = at
        end[g] = at
        free_s[g] = at + amount


@jit
def _find_programs(steps: Steps, state: State, index: int) -> bool:
    """Elements send different sizes, or over different links: the program of each, and whether they are of one shape."""
    base, order, which = steps.base[index], steps.order, state.which
    chunk, rank, row = steps.chunk[index], steps.src[index], steps.displacement[index]
    for g in range(order):
        which[g] = base
    if len(steps.step_of_chunk):
        for g in range(order):
            which[g] += steps.step_of_chunk[moved(steps, chunk, g)]
    if row >= 0:
        for g in range(order):
            which[g] += steps.step_of_route[row, moved(steps, rank, g)]
    for g in range(order):
        which[g] = steps.program_of[which[g]]
    shape, unlike = steps.shape[which[0]], 0
    if not steps.is_one_shape:
        for g in range(order):
            unlike += steps.shape[which[g]] != shape
    return unlike == 0 and steps.is_simple[shape]


@jit
def _one_by_one(steps: Steps, state: State, index: int, end: Any) -> bool:
    """Different instructions, or places that are asked for more than once: who asks last at a place comes alone."""
    which, longest, weak = state.which, 0, False
    shape = -1
    for g in range(steps.order):
        program = which[g]
        longest = max(longest, steps.length[program])
        if steps.turns[program]:
            weak |= not steps.is_simple[steps.shape[program]] or (shape >= 0 and steps.shape[program] != shape)
            shape = steps.shape[program]
    for k in range(longest):
        for g in range(steps.order):
            program = which[g]
            if k >= steps.length[program]:
                continue
            if steps.code[program, k] == DELAY:
                end[g] += steps.amount[program, k]
            elif not _one_turn(steps, state, index, g, k, end, weak):
                return False
    for g in range(steps.order):
        if steps.turns[which[g]] == 0:
            state.begins[steps.begin_row[index], g] = end[g]
    return True


@jit
def _one_turn(steps: Steps, state: State, index: int, g: int, k: int, end: Any, weak: bool) -> bool:
    program = state.which[g]
    rank = steps.dst[index] if steps.is_far[program, k] else steps.src[index]
    at, row, asked = steps.place[program, k] + moved(steps, rank, g), steps.begin_row[index], end[g]
    for before in range(k):
        row += steps.code[program, before] == TURN
    if asked < state.limit_s[at]:
        return _violated(state, index, g, at)
    operation = index * steps.order + g
    end[g] = state.begins[row, g] = max(asked, state.free_s[at])
    state.is_behind_itself[row, g] = state.last[at] == operation
    state.last[at] = operation
    state.limit_s[at] = _limit(asked, weak or steps.is_weak[program, k])
    state.free_s[at] = end[g] + steps.amount[program, k]
    return True


@jit
def _compute(steps: Steps, state: State, index: int, end: Any) -> bool:
    """Elements take their rank's processor, each for seconds of its own; those of 0 s do not."""
    seconds, begin, rank = (
        steps.seconds[steps.seconds_row[index]],
        state.begins[steps.begin_row[index]],
        steps.src[index],
    )
    base = steps.place[len(steps.place) - 1, 0]
    for g in range(steps.order):
        begin[g] = end[g]
        if seconds[g] != 0:
            at = base + moved(steps, rank, g)
            if end[g] < state.limit_s[at]:
                return _violated(state, index, g, at)
            begin[g] = max(end[g], state.free_s[at])
            state.limit_s[at] = end[g]
            end[g] = state.free_s[at] = begin[g] + seconds[g]
    return True


@jit_loop
def keep_rows(after_start: Any, after_class: Any, last_use: Any, unused: Any, row: Any) -> int:
    """Give every class a row for its ends until the last one that waits for it has them; how many rows that takes."""
    for index in range(len(row)):
        for at in range(after_start[index], after_start[index + 1]):
            last_use[after_class[at]] = index
    rows, free = 0, 0
    for index in range(len(row)):
        if free:
            free -= 1
            row[index] = unused[free]
        else:
            row[index] = rows
            rows += 1
        for at in range(after_start[index], after_start[index + 1]):
            before = after_class[at]
            if last_use[before] == index:
                last_use[before] = -1
                unused[free] = row[before]
                free += 1
        if last_use[index] < 0:
            unused[free] = row[index]
            free += 1
    return rows
