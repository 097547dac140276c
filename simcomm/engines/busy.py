"""For how long every rank does something: unions of intervals, in one pass where they come in order, as they mostly do.

These loops run as they are over few operations, and compiled over many (``simcomm.jit.large``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simcomm import jit
from simcomm.engines.timeline import Timeline, Times
from simcomm.schedule import Ints


def busy(timeline: Timeline) -> tuple[Times, Times, Times, Times]:
    """Seconds that every rank sends, receives, computes, and does any of these, as floats.

    The intervals of a rank are its own gradient's, then, in the order of their beginnings (ties: of operations, what is
    sent before what is received), those of the messages that it sends and receives and of its computations.
    """
    schedule, first = timeline.schedule, timeline.workers
    ranks, operations = schedule.ranks, len(schedule)
    own = np.array([(float(a), float(a) + float(c)) for a, c in zip(first.start_s, first.compute_s, strict=True)])
    send, receive, computing = np.zeros(ranks), np.zeros(ranks), own[:, 1] - own[:, 0]
    of, (sending, receiving) = timeline.by_kind("sending_s", "receiving_s")
    timed = (sending, receiving, timeline.start_s, timeline.end_s, timeline.compute_s)
    leaving, arriving, start, end, compute = (np.asarray(times, dtype=np.float64) for times in timed)
    what = (schedule.src, schedule.dst, of, leaving, arriving, start, end, compute)
    any_of_these = own[:, 1] - own[:, 0]
    is_busy = any_of_these > 0
    begun, until = (np.where(is_busy, own[:, end], -np.inf) for end in range(2))
    held = (np.full(ranks, -np.inf), np.full(ranks, -np.inf))
    if not jit.large(_in_passing, operations)(*what, begun, until, *held, send, receive, computing, any_of_these):
        counts = np.bincount(schedule.src, minlength=ranks) + np.bincount(schedule.dst, minlength=ranks)
        last = np.cumsum(counts + 1)
        first_of = last - counts - 1
        begins, ends = np.empty(last[-1]), np.empty(last[-1])
        begins[first_of], ends[first_of] = own[:, 0], own[:, 1]
        jit.large(_by_rank, operations)(*what, first_of + 1, begins, ends)
        jit.large(_united, operations)(first_of, last, begins, ends, any_of_these)
    return send, receive, computing, any_of_these


def _in_passing(
    src: Any, dst: Any, of: Ints, sending: Times, receiving: Times, start: Times, end: Times, compute: Times,
    begun: Times, until: Times, held_begins: Times, held_ends: Times,
    send: Times, receive: Times, computing: Times, busy: Times,
) -> bool:  # fmt: skip
    """Add everything up; return whether the intervals came in order, so that ``busy`` is right, too.

    Or almost: of every rank one is held back until the next has come, because two may have changed places.
    """
    in_order = True
    for row in range(len(src)):
        leaving, arriving = sending[of[row]], receiving[of[row]]
        send[src[row]] += leaving
        receive[dst[row]] += arriving
        computing[src[row]] += compute[row]
        for arrives in range(2):
            if arrives:
                rank, begins, ends = dst[row], end[row] - arriving - compute[row], end[row]
            else:
                rank, begins, ends = src[row], start[row], start[row] + leaving + compute[row]
            if begins >= held_begins[rank]:
                begins, held_begins[rank] = held_begins[rank], begins
                ends, held_ends[rank] = held_ends[rank], ends
            in_order &= begins >= begun[rank] or ends == -np.inf
            begun[rank] = max(begun[rank], begins)
            if ends > until[rank]:
                busy[rank] += ends - max(begins, until[rank])
                until[rank] = ends
    for rank in range(len(until)):
        in_order &= held_begins[rank] >= begun[rank] or held_ends[rank] == -np.inf
        if held_ends[rank] > until[rank]:
            busy[rank] += held_ends[rank] - max(held_begins[rank], until[rank])
    return in_order


def _by_rank(
    src: Any, dst: Any, of: Ints, sending: Times, receiving: Times, start: Times, end: Times, compute: Times,
    free: Ints, begins: Times, ends: Times,
) -> None:  # fmt: skip
    """Write the intervals of every rank one after the other."""
    for row in range(len(src)):
        leaving, arriving = sending[of[row]], receiving[of[row]]
        at = free[src[row]]
        free[src[row]] += 1
        begins[at], ends[at] = start[row], start[row] + leaving + compute[row]
        at = free[dst[row]]
        free[dst[row]] += 1
        begins[at], ends[at] = end[row] - arriving - compute[row], end[row]


def _united(first: Ints, last: Ints, begins: Times, ends: Times, busy: Times) -> None:
    """Of each interval what is behind the latest end before it."""
    for rank in range(len(first)):
        busy[rank] = 0.0
        until = -np.inf
        for row in first[rank] + np.argsort(begins[first[rank] : last[rank]], kind="mergesort"):
            if ends[row] > until:
                busy[rank] += ends[row] - max(begins[row], until)
                until = ends[row]


def walk_back(
    end: Any, gradient: Any, src: Any, after_start: Ints, after: Any, last: int, path: Any, ready: Any
) -> int:
    """Write the path from operation ``last`` back, until one waited for none, and when each was ready; its length."""
    length = 0
    index = last
    while index >= 0:
        latest, found = gradient[src[index]], -1
        for row in range(after_start[index], after_start[index + 1]):
            if end[after[row]] > latest:
                latest = end[after[row]]
        for row in range(after_start[index], after_start[index + 1]):
            if found < 0 and end[after[row]] == latest:
                found = after[row]
        path[length], ready[length] = index, latest
        length += 1
        index = found
    return length
