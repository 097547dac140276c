"""The order of a schedule's operations: levels and steps, who waits in a circle, one send at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simcomm import jit, loops
from simcomm.errors import DeadlockError

if TYPE_CHECKING:
    from simcomm.schedule import Ints, Schedule


def depths(schedule: Schedule) -> tuple[Ints, Ints]:
    """Level and step of every operation; where one waits for a later one, a front at a time (Kahn 1962)."""
    size = len(schedule)
    if schedule.waits_for_earlier:
        return depths_in_order(schedule.after_start, schedule.after, schedule.is_message)
    start, waiting = schedule.dependents
    missing = np.diff(schedule.after_start)
    is_message = schedule.is_message
    level = np.full(size, -1, dtype=np.int64)
    step = np.zeros(size, dtype=np.int64)
    front = np.flatnonzero(missing == 0)
    depth = 0
    while len(front):
        level[front] = depth
        counts = start[front + 1] - start[front]
        reached = waiting[expand(start[front], counts)]
        np.maximum.at(step, reached, np.repeat(step[front] + is_message[front], counts))
        np.subtract.at(missing, reached, 1)
        front = np.unique(reached[missing[reached] == 0])
        depth += 1
    stuck = np.flatnonzero(level < 0)
    if len(stuck):
        raise DeadlockError(_name_cycle(schedule, stuck))
    return level, step


def depths_in_order(after_start: Ints, after: npt.NDArray[Any], is_message: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Level and step of operations that wait only for those before them."""
    level, step = (np.zeros(len(is_message), dtype=np.int64) for _ in range(2))
    jit.large(loops.depths, len(is_message) + len(after))(after_start, after, is_message, level, step)
    return level, step


def dependents(schedule: Schedule) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Who waits for every operation, as compressed sparse rows."""
    owner = np.repeat(np.arange(len(schedule), dtype=np.int32), np.diff(schedule.after_start))
    order = np.argsort(schedule.after, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(schedule.after, minlength=len(schedule)))])
    return start.astype(np.int64), owner[order]


def _name_cycle(schedule: Schedule, stuck: Ints) -> str:
    """Follow one unmet dependency after the other until an operation comes round again."""
    unmet = set(stuck.tolist())
    path = [min(unmet)]
    while True:
        following = next(d for d in schedule[path[-1]].after if d in unmet)
        if following in path:
            cycle = [*path[path.index(following) :], following]
            named = "\n".join(f"  operation {index}: {schedule[index]}" for index in cycle[:-1][:20])
            return f"{len(unmet)} operations can never run: they wait for each other in a circle\n{named}"
        path.append(following)


def after_previous_send(schedule: Schedule) -> tuple[Ints, Ints]:
    """``after_start`` and ``after`` when every message also waits for its sender's message before it."""
    messages = np.flatnonzero(schedule.is_message)
    sends = messages[np.argsort(schedule.src[messages], kind="stable")]
    again = schedule.src[sends[1:]] == schedule.src[sends[:-1]]
    owner = np.repeat(np.arange(len(schedule)), np.diff(schedule.after_start))
    items = np.concatenate([owner, sends[1:][again]])
    counts, after = rows(items, np.concatenate([schedule.after, sends[:-1][again]]), len(schedule))
    return np.concatenate([[0], np.cumsum(counts)]), after


def rows(items: Ints, waits_for: Ints, size: int) -> tuple[Ints, Ints]:
    """Pairs in any order as compressed sparse rows: how many each of ``size`` items has, and all of them, sorted.

    >>> [column.tolist() for column in rows(np.array([2, 0, 2, 2]), np.array([7, 5, 3, 7]), 3)]
    [[1, 0, 2], [5, 3, 7]]
    """
    bits = int(waits_for.max(initial=0)).bit_length()
    pairs = (items.astype(np.int64) << bits) + waits_for
    if (pairs[1:] <= pairs[:-1]).any():
        pairs = np.sort(pairs)  # many times faster here than np.unique, which hashes
        pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    return np.bincount(pairs >> bits, minlength=size), pairs & (2**bits - 1)


def expand(first: npt.ArrayLike, counts: npt.ArrayLike) -> Ints:
    """The ranges first[i] … first[i] + counts[i] − 1, one after the other.

    >>> expand([3, 10], [2, 3]).tolist()
    [3, 4, 10, 11, 12]
    """
    counts = np.asarray(counts, dtype=np.int64)
    ends = np.cumsum(counts)
    offsets = np.arange(ends[-1] if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)
    ranges: Ints = np.repeat(np.asarray(first, dtype=np.int64), counts) + offsets
    return ranges


def ranked(values: Ints, below: int) -> tuple[Ints, Ints]:
    """Each of these numbers from 0 to ``below`` − 1 once, in their order; and where each is among them.

    >>> [column.tolist() for column in ranked(np.array([7, 2, 7]), 9)]
    [[2, 7], [1, 0, 1]]
    """
    if below > 8 * len(values):
        once = distinct(values)
        return once, np.searchsorted(once, values)
    number = np.zeros(below, dtype=np.int64)
    number[values] = 1
    once = np.flatnonzero(number)
    number[once] = np.arange(len(once))
    return once, number[values]


def as_met(values: Ints, below: int) -> tuple[Ints, Ints]:
    """Each of these numbers from 0 to ``below`` − 1 once, as they are met; and where each is among them.

    >>> [column.tolist() for column in as_met(np.array([7, 2, 7]), 9)]
    [[7, 2], [0, 1, 0]]
    """
    number, met = np.full(below, -1, dtype=np.int64), np.empty(below, dtype=np.int64)
    found = np.empty(len(values), dtype=np.int64)
    count = jit.large(loops.as_met, len(values))(values, number, met, found)
    return met[:count], found


def distinct(values: npt.ArrayLike) -> Ints:
    """Each value once, in their order.

    What ``np.unique`` does; but that hashes integers (NumPy 2.4) and takes seconds for a million numbers a·n + b.

    >>> distinct([3, 1, 3]).tolist()
    [1, 3]
    """
    flat = np.asarray(values, dtype=np.int64).ravel()
    changes = np.ones(len(flat), dtype=np.bool_)
    np.not_equal(flat[1:], flat[:-1], out=changes[1:])
    ordered = np.sort(flat[changes])
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]
