"""What the time is made of: the critical path of a run, and what each rank did."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from simcomm.engines.meters import Wait
from simcomm.engines.timeline import Timeline, Times
from simcomm.schedule import Ints


@dataclass(frozen=True)
class Parts:
    """Seconds by cause; along a critical path they add up to the makespan.

    ``compute_s``: computing, the first gradient included. ``latency_s``, ``serialisation_s``, ``reduction_s``: the
    path's messages themselves. ``port_wait_s``: waiting for a port or link that serves another message, or having less
    of a link than alone. ``data_wait_s``: before the path's first worker started (waiting for data *within* the run is
    what the path is made of: it follows the data back to whoever was late).
    """

    compute_s: Any
    latency_s: Any
    serialisation_s: Any
    port_wait_s: Any
    data_wait_s: Any
    reduction_s: Any

    @property
    def total_s(self) -> Any:
        """The sum of all parts."""
        return sum(getattr(self, field.name) for field in fields(self))


class CriticalPath(NamedTuple):
    """The operations that set the makespan, first to last, what their time is made of, and what each was held up by.

    The seconds of ``waits`` add up to ``parts.port_wait_s``; each is the operation's, at a place, behind another one.
    """

    operations: tuple[int, ...]
    parts: Parts
    waits: tuple[tuple[int, Wait], ...]

    def longest_wait(self) -> tuple[Hashable, Any] | None:
        """The port or link that the path waited for longest, and for how long; None if it never waited."""
        held_up: dict[Hashable, Any] = {}
        for _, wait in self.waits:
            held_up[wait.place] = held_up.get(wait.place, 0) + wait.seconds
        return max(held_up.items(), key=lambda item: item[1], default=None)


def critical_path(timeline: Timeline) -> CriticalPath:
    """Follow the last operation back to whom it waited for, again and again (ties: the lowest index).

    A run whose last event is a worker that gets its own gradient has a path of no operation.
    """
    end, ready, waits = timeline.end_s, timeline.ready_s, timeline.schedule
    workers = timeline.workers
    ranks = range(timeline.schedule.ranks)
    path: list[int] = []
    first_rank = max(ranks, key=lambda rank: (workers.ready_s(rank), -rank))
    if len(end) and end.max() >= workers.ready_s(first_rank):
        path.append(int(np.argmax(end)))
        while True:
            index = path[-1]
            latest = [d for d in waits[index].after if end[d] == ready[index]]
            if not latest:
                break
            path.append(latest[0])
        first_rank = int(timeline.schedule.src[path[-1]])
    path.reverse()
    took = np.array(path, dtype=np.int64)
    waited = (end - ready - timeline.alone_s)[took]
    if waited.dtype == np.float64:  # what rounding leaves, of many packets for example, is not a wait
        waited[np.abs(waited) <= 1e-12 * end[took]] = 0.0
    parts = Parts(
        compute_s=workers.compute_s[first_rank] + _sum(timeline.compute_s, took),
        latency_s=_sum(timeline.latency_s, took),
        serialisation_s=_sum(timeline.serialisation_s, took),
        port_wait_s=sum(waited.tolist()),
        data_wait_s=workers.start_s[first_rank],
        reduction_s=_sum(timeline.reduction_s, took),
    )
    pairs = zip(path, waited.tolist(), strict=True)
    return CriticalPath(tuple(path), parts, tuple((i, wait) for i, s in pairs for wait in _held_up(timeline, i, s)))


def _held_up(timeline: Timeline, operation: int, waited_s: Any) -> list[Wait]:
    """What an operation was held up by, in all for ``waited_s``.

    Of a message in packets every packet has waits of its own, behind packets of the same message, too: the others'
    are scaled to what the message as a whole was late.
    """
    every = timeline.log.waits.get(operation, [])
    noted = [wait for wait in every if wait.behind != operation] or every  # behind itself alone: its gap, its request's
    total = sum(wait.seconds for wait in noted)
    if not total or not waited_s > 0:
        return []
    if len(noted) == 1:
        return [noted[0]._replace(seconds=waited_s)]
    return [wait._replace(seconds=waited_s * (wait.seconds / total)) for wait in noted]


def _sum(times: Times, which: Ints) -> Any:
    return sum(times[which].tolist())


@dataclass(frozen=True)
class RankTimes:
    """What one rank did: seconds sending, receiving (reductions included), computing, any of these, and none."""

    send_s: float
    receive_s: float
    compute_s: float
    busy_s: float
    waiting_s: float


def rank_times(timeline: Timeline) -> tuple[RankTimes, ...]:
    """Busy and waiting time of every rank until the end of the run.

    A rank is busy while it computes, while a message of its own leaves it and while one arrives. A rank that does
    neither waits, for data, a port or a link; so does one whose message is slowed down, but for the time that it would
    take alone. Times are floats, also after an exact run.
    """
    schedule, makespan = timeline.schedule, float(timeline.makespan_s)
    floats = [np.asarray(t, dtype=np.float64) for t in (timeline.start_s, timeline.end_s, timeline.compute_s)]
    start, end, compute = floats
    leaving, arriving = (np.asarray(t, dtype=np.float64) for t in (timeline.sending_s, timeline.receiving_s))
    first = [(r, timeline.workers.start_s[r], timeline.workers.compute_s[r]) for r in range(schedule.ranks)]
    own = np.array([(float(a), float(a) + float(c)) for _, a, c in first])
    rank = np.concatenate([np.arange(schedule.ranks), schedule.src, schedule.dst])
    begins = np.concatenate([own[:, 0], start, end - arriving - compute])
    ends = np.concatenate([own[:, 1], start + leaving + compute, end])
    busy = _union(rank, begins, ends, schedule.ranks)
    send = np.bincount(schedule.src, leaving, minlength=schedule.ranks)
    receive = np.bincount(schedule.dst, arriving, minlength=schedule.ranks)
    computing = np.bincount(schedule.src, compute, minlength=schedule.ranks) + own[:, 1] - own[:, 0]
    columns = (send, receive, computing, busy, makespan - busy)
    return tuple(RankTimes(*row) for row in np.stack(columns, axis=1).tolist())


def _union(rank: Ints, begins: Times, ends: Times, ranks: int) -> Times:
    """Per rank, how much time its intervals cover together: of each what is behind the latest end before it."""
    order = np.lexsort((begins, rank))
    rank, begins, ends = rank[order], begins[order], ends[order]
    by_end = np.lexsort((ends, rank))
    place = np.empty(len(rank), dtype=np.int64)
    place[by_end] = np.arange(len(rank))
    latest = ends[by_end[np.maximum.accumulate(place)]]  # places of a rank are higher than all those of ranks before
    begins[1:] = np.where(rank[1:] == rank[:-1], np.maximum(begins[1:], latest[:-1]), begins[1:])
    return np.bincount(rank, np.maximum(0.0, ends - begins), minlength=ranks)
