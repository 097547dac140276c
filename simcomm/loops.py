"""Loops over whole schedules, compiled when there is enough to do (``simcomm.jit``)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: A loop of fewer rounds is over before a compiler is loaded.
FEW_ROUNDS = 20_000


def fast(function: _Function, rounds: int) -> _Function:
    """The same function, compiled if it has many rounds to do or if the compiler is there already."""
    return _compiled(function) if rounds > FEW_ROUNDS or "numba" in sys.modules else function


@cache
def _compiled(function: _Function) -> _Function:
    from simcomm.jit import jit_loop

    return jit_loop(function)


def depths(after_start: Any, after: Any, is_message: Any, level: Any, step: Any) -> None:
    """Level and step of operations that wait only for those before them."""
    for index in range(len(level)):
        deepest, steps = -1, 0
        for row in range(after_start[index], after_start[index + 1]):
            before = after[row]
            deepest = max(deepest, level[before])
            steps = max(steps, step[before] + is_message[before])
        level[index] = deepest + 1
        step[index] = steps


def as_met(values: Any, number: Any, met: Any, found: Any) -> int:
    """Give every value a ``number`` (before: −1) as they are met, and write down which; return how many there are."""
    count = 0
    for row in range(len(values)):
        value = values[row]
        if number[value] < 0:
            number[value] = count
            met[count] = value
            count += 1
        found[row] = number[value]
    return count


def add_along(source: Any, target: Any, values: Any) -> None:
    """Add, edge by edge, what is at its source to what is at its target; numbers modulo 2⁶⁴."""
    for edge in range(len(source)):
        values[target[edge]] += values[source[edge]]


def join_along(source: Any, target: Any, sets: Any) -> None:
    """The same for sets of bits, one row each, and their union."""
    for edge in range(len(source)):
        for word in range(sets.shape[1]):
            sets[target[edge], word] |= sets[source[edge], word]


def mark_back(source: Any, target: Any, marked: Any) -> None:
    """Mark, edge by edge from the last, the source of what is marked."""
    for edge in range(len(source) - 1, -1, -1):
        if marked[target[edge]]:
            marked[source[edge]] = True
