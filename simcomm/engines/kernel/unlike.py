"""The max-plus loop where nothing is done side by side: elements that differ, computations, single operations."""

from __future__ import annotations

from typing import Any

from simcomm.engines.kernel.classes import State, Steps, limit, moved, violated
from simcomm.jit import jit
from simcomm.networks.programs import DELAY, TURN


@jit
def find_programs(steps: Steps, state: State, index: int) -> bool:
    """The program of each element, where they differ in size or links; whether all are of one shape."""
    base, order, which = steps.base[index], steps.order, state.which
    chunk, rank, row = steps.chunk[index], steps.src[index], steps.displacement[index]
    for g in range(order):
        which[g] = base
    if len(steps.step_of_chunk):
        for g in range(order):
            which[g] += steps.step_of_chunk[moved(steps.is_xor, steps.ranks, chunk, g)]
    if row >= 0:
        for g in range(order):
            which[g] += steps.step_of_route[row, moved(steps.is_xor, steps.ranks, rank, g)]
    for g in range(order):
        which[g] = steps.program_of[which[g]]
    shape, unlike = steps.shape[which[0]], 0
    if not steps.is_one_shape:
        for g in range(order):
            unlike += steps.shape[which[g]] != shape
    return unlike == 0 and steps.is_simple[shape]


@jit
def one_by_one(steps: Steps, state: State, index: int, end: Any) -> bool:
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
    at, row, asked = steps.place[program, k] + moved(steps.is_xor, steps.ranks, rank, g), steps.begin_row[index], end[g]
    for before in range(k):
        row += steps.code[program, before] == TURN
    if asked < state.limit_s[at]:
        return violated(state.found, index, g, at)
    operation = index * steps.order + g
    end[g] = state.begins[row, g] = max(asked, state.free_s[at])
    state.is_behind_itself[row, g] = state.last[at] == operation
    state.last[at] = operation
    state.limit_s[at] = limit(asked, weak or steps.is_weak[program, k])
    state.free_s[at] = end[g] + steps.amount[program, k]
    return True


@jit
def compute(steps: Steps, state: State, index: int, end: Any) -> bool:
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
            at = base + moved(steps.is_xor, steps.ranks, rank, g)
            if end[g] < state.limit_s[at]:
                return violated(state.found, index, g, at)
            begin[g] = max(end[g], state.free_s[at])
            state.limit_s[at] = end[g]
            end[g] = state.free_s[at] = begin[g] + seconds[g]
    return True


@jit
def alone(steps: Steps, state: State, index: int, program: int) -> bool:
    """A class of one operation, with a program that has no place twice."""
    end = state.own_s[steps.src[index]]
    for row in range(steps.after_start[index], steps.after_start[index + 1]):
        end = max(end, state.ends[steps.row[steps.after_class[row]], 0])
    turn = steps.begin_row[index]
    for k in range(steps.length[program]):
        if steps.code[program, k] == DELAY:
            end += steps.amount[program, k]
            continue
        at = steps.place[program, k] + (steps.dst[index] if steps.is_far[program, k] else steps.src[index])
        if end < state.limit_s[at]:
            return violated(state.found, index, 0, at)
        state.limit_s[at] = limit(end, steps.is_weak[program, k])
        end = state.begins[turn, 0] = max(end, state.free_s[at])
        state.free_s[at] = end + steps.amount[program, k]
        turn += 1
    if steps.turns[program] == 0:
        state.begins[turn, 0] = end
    state.ends[steps.row[index], 0] = end
    return True
