"""Back along the critical path, through the classes whose begins and ends are there."""

from __future__ import annotations

from typing import Any, NamedTuple

from simcomm.engines.kernel.classes import State, Steps, moved
from simcomm.jit import jit, jit_loop
from simcomm.networks.programs import TURN


class Path(NamedTuple):
    """The operations of a path, the last one first; of every turn how long it waited, behind whom, and where."""

    size: Any  # how many operations there are, and the class and the element of the next one (class −1: none)
    rank: Any  # the sender
    program: Any  # −1 of what is no message
    ready_s: Any
    end_s: Any
    seconds: Any
    wait_s: Any  # of every turn of the operation; 0: it did not wait
    wait_place: Any
    is_behind_itself: Any


@jit_loop
def find_last(steps: Steps, state: State, first: int, last: int, end_s: float, path: Path) -> bool:
    """Begin the path with the first operation of these classes that ends then."""
    for index in range(first, last):
        end = state.ends[steps.row[index]]
        for g in range(steps.order):
            if end[g] == end_s:
                path.size[1], path.size[2] = index, g
                return True
    return False


@jit_loop
def walk(steps: Steps, state: State, first: int, path: Path) -> None:
    """Follow the path while its operations are of class ``first`` or later."""
    while path.size[1] >= first:
        index, g, at = path.size[1], path.size[2], path.size[0]
        ready, before, element = _waited_for(steps, state, index, g)
        path.rank[at] = moved(steps.is_xor, steps.ranks, steps.src[index], g)
        path.ready_s[at], path.end_s[at] = ready, state.ends[steps.row[index], g]
        path.program[at] = _note_turns(steps, state, path, index, g, ready)
        row = steps.seconds_row[index]
        path.seconds[at] = steps.seconds[row, g] if row >= 0 else 0.0
        path.size[0], path.size[1], path.size[2] = at + 1, before, element


@jit
def _waited_for(steps: Steps, state: State, index: int, g: int) -> Any:
    """When an operation was ready, and the first that it waited for until then: class (−1: none) and element."""
    ready, found, which = state.own_s[moved(steps.is_xor, steps.ranks, steps.src[index], g)], -1, 0
    for row in range(steps.after_start[index], steps.after_start[index + 1]):
        before, element = steps.after_class[row], moved(steps.is_xor, steps.order, steps.after_shift[row], g)
        end = state.ends[steps.row[before], element]
        if end > ready or (end == ready and (found < 0 or (before == found and element < which))):
            ready, found, which = end, before, element
    return ready, found, which


@jit
def _note_turns(steps: Steps, state: State, path: Path, index: int, g: int, ready: float) -> int:
    """What each turn waited; returns the program."""
    program, at, turn = program_of(steps, index, g), path.size[0], 0
    for column in range(path.wait_s.shape[1]):
        path.wait_s[at, column] = 0.0
    if program < 0:
        return program
    time = ready
    for k in range(steps.length[program]):
        if steps.code[program, k] == TURN:
            row = steps.begin_row[index] + turn
            rank = steps.dst[index] if steps.is_far[program, k] else steps.src[index]
            begin = state.begins[row, g]
            path.wait_s[at, turn] = begin - time
            path.wait_place[at, turn] = steps.place[program, k] + moved(steps.is_xor, steps.ranks, rank, g)
            path.is_behind_itself[at, turn] = state.is_behind_itself[row, g]
            time = begin
            turn += 1
        else:
            time += steps.amount[program, k]
    return program


@jit
def program_of(steps: Steps, index: int, g: int) -> int:
    """The program of an operation; −1 of a computation that takes time."""
    program: int = steps.program[index]
    if program >= 0 or steps.seconds_row[index] >= 0:
        return program
    at = steps.base[index]
    if len(steps.step_of_chunk):
        at += steps.step_of_chunk[moved(steps.is_xor, steps.ranks, steps.chunk[index], g)]
    row = steps.displacement[index]
    if row >= 0:
        at += steps.step_of_route[row, moved(steps.is_xor, steps.ranks, steps.src[index], g)]
    found: int = steps.program_of[at]
    return found
