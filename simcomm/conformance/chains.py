"""How many links were crossed one after the other until an operation ended."""

from __future__ import annotations

import numpy as np

from simcomm.engines.timeline import Timeline
from simcomm.schedule import Ints
from simcomm.topology.routes import Link


def chains(timeline: Timeline) -> list[int]:
    """For every operation, the link crossings on the chain that made its end: each waited for the one before.

    A crossing that stood in a queue came after the crossing before it on that link; else after its message's crossing
    before; the first of a message after the last one of that dependency which ended last. For a timeline of
    ``store_and_forward`` with all its crossings (``detailed``).

    >>> from simcomm import topology
    >>> from simcomm.collectives import get
    >>> from simcomm.execution import execute
    >>> star = topology.build("star", 3, 8.0, 1.0)
    >>> execution = execute(get("all_to_all").schedule(3), [8] * 6, star, network="store_and_forward")
    >>> chains(execution.timeline)
    [2, 2, 2, 3, 3, 3]
    """
    latest, length = _latest(timeline), [0] * len(timeline.schedule)
    last_on: dict[Link, int] = {}
    for place, operation, asked_s, start_s, _ in timeline.log.crossings:
        if not isinstance(place, Link):
            continue  # the processor of a computation
        waited = start_s > asked_s
        before = last_on[place] if waited else length[operation] or _length(operation, latest, length)
        length[operation] = last_on[place] = before + 1
    return [own or _length(operation, latest, length) for operation, own in enumerate(length)]


def _length(operation: int, latest: list[int], length: list[int]) -> int:
    """The chain before an operation that has crossed nothing: that of what it waited for longest."""
    while operation >= 0 and not length[operation]:
        operation = latest[operation]
    return length[operation] if operation >= 0 else 0


def _latest(timeline: Timeline) -> list[int]:
    """Of every operation the dependency that ended last (of several the one with the highest number), −1 without."""
    schedule = timeline.schedule
    counts = np.diff(schedule.after_start)
    owner = np.repeat(np.arange(len(schedule)), counts)
    by_end = schedule.after[np.lexsort((schedule.after, timeline.end_s[schedule.after], owner))]
    found: Ints = np.full(len(schedule), -1, dtype=np.int64)
    found[counts > 0] = by_end[schedule.after_start[1:][counts > 0] - 1]
    return [int(operation) for operation in found]
