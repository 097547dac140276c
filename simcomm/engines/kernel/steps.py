"""The loop of the max-plus engine: class after class, instruction after instruction, all elements in one short loop.

The elements of a class are n operations; those of an instruction are at n different ranks, so their times are vectors
(``maxplus`` has the recurrence). A rotation makes of the index of a rank two ranges without a gap, so that each loop
below runs over arrays from end to end: vector instructions of the processor. Sums of floats are those of the programs.
"""

from __future__ import annotations

from typing import Any

from simcomm.engines.kernel.classes import State, Steps, copy_row, limit, moved, raise_row, violated
from simcomm.engines.kernel.unlike import alone, compute, find_programs, one_by_one
from simcomm.jit import jit
from simcomm.networks.programs import TURN


@jit
def step(steps: Steps, state: State, index: int) -> bool:
    """Do one class; False (and in ``found`` where) if somebody asks out of order."""
    program, simple = steps.program[index], True
    if steps.order == 1 and program >= 0 and steps.is_simple[steps.shape[program]]:
        return alone(steps, state, index, program)
    end = state.ends[steps.row[index]]
    _start(steps, state, index, end)
    if steps.seconds_row[index] >= 0:
        return compute(steps, state, index, end)
    if program < 0:
        simple = find_programs(steps, state, index)
    elif not steps.is_simple[steps.shape[program]]:
        simple = False
        for g in range(steps.order):
            state.which[g] = program
    if simple:
        return _side_by_side(steps, state, index, program, end)
    return one_by_one(steps, state, index, end)


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
                return violated(state.found, index, g, base + (rank ^ g))
        for g in range(order):
            at = base + (rank ^ g)
            asked = end[g]
            state.limit_s[at] = limit(asked, weak)
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
            state.free_s[base + moved(steps.is_xor, steps.ranks, rank, g)] = begin[g] + steps.amount[state.which[g], k]
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
        at = base + moved(steps.is_xor, steps.ranks, rank, g)
        if asked[g] < state.limit_s[at]:
            return violated(state.found, index, g, at)
    return True


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
