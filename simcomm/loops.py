"""Loops over whole schedules: plain Python for few rounds, compiled for many (``simcomm.jit.large``)."""

from __future__ import annotations

from typing import Any


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
