"""What the time is made of: the critical path of a run, and what each rank did."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from simcomm import jit
from simcomm.engines.busy import busy, walk_back
from simcomm.engines.meters import Wait
from simcomm.engines.timeline import Timeline, Times
from simcomm.networks.base import total
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
        return total(getattr(self, field.name) for field in fields(self))


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
    end, workers = timeline.end_s, timeline.workers
    ranks = range(timeline.schedule.ranks)
    first_rank = max(ranks, key=lambda rank: (workers.ready_s(rank), -rank))
    took, ready = np.zeros(0, np.int64), end[:0]
    if len(end) and end.max() >= workers.ready_s(first_rank):
        took, ready = _back_from(timeline, int(np.argmax(end)))
        first_rank = int(timeline.schedule.src[took[0]])
    alone = [timeline.part(name, took) for name in ("latency_s", "serialisation_s", "reduction_s", "compute_s")]
    latency, serialisation, reduction, compute = alone
    waited = end[took] - ready - (latency + serialisation + reduction + compute)
    if waited.dtype == np.float64:  # what rounding leaves, of many packets for example, is not a wait
        waited[np.abs(waited) <= 1e-12 * end[took]] = 0.0
    parts = Parts(
        compute_s=workers.compute_s[first_rank] + _total(compute),
        latency_s=_total(latency),
        serialisation_s=_total(serialisation),
        port_wait_s=_total(waited),
        data_wait_s=workers.start_s[first_rank],
        reduction_s=_total(reduction),
    )
    late = waited > 0
    pairs = zip(took[late].tolist(), waited[late].tolist(), strict=True)
    waits = tuple((i, wait) for i, seconds in pairs for wait in _held_up(timeline, i, seconds))
    return CriticalPath(tuple(took.tolist()), parts, waits)


def _total(times: Times) -> Any:
    """Their sum, one by one."""
    if times.dtype == object or not len(times):
        return total(times.tolist())
    return np.add.accumulate(times)[-1].item()


def _back_from(timeline: Timeline, last: int) -> tuple[Ints, Times]:
    """The path that ends with this operation, and when each of its operations was ready."""
    schedule, end = timeline.schedule, timeline.end_s
    gradient = np.array([timeline.workers.ready_s(rank) for rank in range(schedule.ranks)], dtype=end.dtype)
    path, ready = np.empty(len(schedule), np.int32), np.empty(len(schedule), end.dtype)
    follow = walk_back if end.dtype == object else jit.large(walk_back, len(schedule) // 100)  # few are on a path
    length = follow(end, gradient, schedule.src, schedule.after_start, schedule.after, last, path, ready)
    return path[:length][::-1].astype(np.int64), ready[:length][::-1]


def _held_up(timeline: Timeline, operation: int, waited_s: Any) -> list[Wait]:
    """What an operation was held up by, in all for ``waited_s``.

    Of a message in packets every packet has waits of its own, behind packets of the same message, too: the others'
    are scaled to what the message as a whole was late.
    """
    every = timeline.log.waits.get(operation, [])
    noted = [wait for wait in every if wait.behind != operation] or every  # behind itself alone: its gap, its request's
    noted_s = total(wait.seconds for wait in noted)
    if not noted_s:
        return []
    if len(noted) == 1:
        return [noted[0]._replace(seconds=waited_s)]
    return [wait._replace(seconds=waited_s * (wait.seconds / noted_s)) for wait in noted]


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
    makespan = float(timeline.makespan_s)
    send, receive, computing, any_of_these = busy(timeline)
    columns = (send, receive, computing, any_of_these, makespan - any_of_these)
    return tuple(RankTimes(*row) for row in np.stack(columns, axis=1).tolist())
