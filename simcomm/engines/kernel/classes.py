"""Classes of operations in flat arrays, and how far a run of them is: what the loop of the max-plus engine works on."""

from __future__ import annotations

from typing import Any, NamedTuple

from simcomm.jit import jit, jit_loop


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
def moved(is_xor: bool, order: int, number: int, element: int) -> int:
    """A rank, or another of as many numbers, moved by an element."""
    if is_xor:
        return number ^ element
    total = number + element
    return total - order if total >= order else total


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
def violated(found: Any, index: int, element: int, place: int) -> bool:
    """Note who asks out of order, and where."""
    found[0], found[1], found[2] = index, element, place
    return False


@jit
def limit(asked: float, weak: bool) -> float:
    """Who asks at the same time comes next only if it is sure that this one was there before anything was served."""
    return asked * 1.0000000000000004 + 1e-300 if weak else asked


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
