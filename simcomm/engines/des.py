"""The reference engine: discrete events in SimPy, one process per operation, meant to be read.

An operation becomes a process when everything that it waits for has ended. A message runs its network model's
``transmit``; a computation takes its rank's processor. Queues are first come, first served.

**The tie rule.** What asks for a place at an instant is served only when everything that ends or arrives at that
instant has been dealt with; then every free place serves the one that has waited longest, among those that came at
the same instant the one with the lowest operation index. So a run is deterministic, whatever order SimPy takes.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Generator, Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
import simpy

from simcomm.engines.timeline import Timeline, Times
from simcomm.errors import DeadlockError
from simcomm.networks.base import Cost, Message, NetworkModel, Workers
from simcomm.schedule import KINDS, Ints, Schedule
from simcomm.topology.routes import Route

Steps = Generator[simpy.Event, Any, None]

#: After SimPy's own priorities, URGENT = 0 and NORMAL = 1: the end of an instant.
END_OF_INSTANT = 2


class _Signal(simpy.Event):
    """An event that happens at once, but behind everything else that happens at that instant."""

    def __init__(self, env: simpy.Environment, then: Callable[[simpy.Event], None]) -> None:
        super().__init__(env)
        self.callbacks = [then]
        self._ok = True
        self._value = None
        env.schedule(self, priority=END_OF_INSTANT)  # type: ignore[arg-type]


class _Place:
    """A port or a processor: a queue of (asked at, operation, number, how long, event), one served at a time."""

    def __init__(self) -> None:
        self.queue: list[tuple[Any, int, int, Any, simpy.Event]] = []
        self.busy = False


class _Run:
    """One run: what the network model's :class:`~simcomm.networks.base.Run` asks for, and the bookkeeping."""

    def __init__(self, schedule: Schedule, zero: Any) -> None:
        self.env = simpy.Environment(initial_time=zero)
        self.zero = zero
        self.places: dict[Hashable, _Place] = {}
        self.asked: list[_Place] = []
        self.number = itertools.count()  # of every request: those of one operation keep their order
        self.start_s: list[Any] = [None] * len(schedule)
        self.end_s: list[Any] = [None] * len(schedule)

    def turn(self, place: Hashable, message: Message, seconds: Any) -> simpy.Event:
        return self.queue(place, message.operation, seconds)

    def delay(self, seconds: Any) -> simpy.Event:
        return self.env.timeout(seconds)

    def queue(self, place: Hashable, index: int, seconds: Any) -> simpy.Event:
        """Wait for ``place`` and hold it for ``seconds``; the event happens when the holding begins."""
        at = self.places.setdefault(place, _Place())
        event = self.env.event()
        heapq.heappush(at.queue, (self.env.now, index, next(self.number), seconds, event))
        self._ask(at)
        return event

    def _ask(self, place: _Place) -> None:
        """Have ``place`` serve somebody when this instant ends."""
        if not place.busy and place.queue:
            if not self.asked:
                _Signal(self.env, self._serve)
            self.asked.append(place)

    def _serve(self, _: simpy.Event) -> None:
        asked, self.asked = self.asked, []
        for place in asked:
            if not place.busy and place.queue:
                _at, index, _number, seconds, event = heapq.heappop(place.queue)
                place.busy = True
                if self.start_s[index] is None:
                    self.start_s[index] = self.env.now
                event.succeed()
                self.env.timeout(seconds).callbacks.append(partial(self._release, place))

    def _release(self, place: _Place, _: simpy.Event) -> None:
        place.busy = False
        self._ask(place)


def run(
    schedule: Schedule,
    size_bytes: Ints,
    network: NetworkModel,
    routes: Mapping[tuple[int, int], Route],
    workers: Workers,
    compute_s: Times,
) -> Timeline:
    """Run ``schedule`` with messages of ``size_bytes`` over ``network``, and return its timeline.

    ``routes`` has the route of every (src, dst) that sends something, ``compute_s`` the seconds of every computation
    (0 for messages). A message of 0 bytes is not sent: it ends when it is ready. Times are float64; with an object
    array of Fractions as ``compute_s`` they are exact Fractions, if all other times and bandwidths are too. Raises
    DeadlockError naming operations that never ended, or ended at no finite time.
    """
    kind, src, dst, size = (column.tolist() for column in (schedule.kind, schedule.src, schedule.dst, size_bytes))
    seconds, exact = compute_s.tolist(), compute_s.dtype == object
    this = _Run(schedule, seconds[0] * 0 if exact and seconds else 0.0)
    gradients = [this.env.timeout(workers.ready_s(rank)) for rank in range(schedule.ranks)]
    costs = [Cost(this.zero, this.zero, this.zero)] * len(schedule)
    missing = np.diff(schedule.after_start).tolist()
    first, waiting = (column.tolist() for column in schedule.dependents)

    def work(index: int) -> Steps:
        """The life of one operation: wait for the own gradient, do it, release those who wait for it."""
        gradient = gradients[src[index]]
        if not gradient.processed:
            yield gradient
        if KINDS[kind[index]] == "compute":
            if seconds[index]:
                yield this.queue(("compute", src[index]), index, seconds[index])
                yield this.env.timeout(seconds[index])
        elif size[index]:
            route = routes[src[index], dst[index]]
            rate = route.bandwidth_Bps * min(workers.bandwidth_factor[src[index]], workers.bandwidth_factor[dst[index]])
            message = Message(index, src[index], dst[index], size[index], kind[index] == 1, route, rate)
            costs[index] = network.cost(message)
            yield from network.transmit(message, this)
        this.end_s[index] = this.env.now
        if this.start_s[index] is None:
            this.start_s[index] = this.env.now
        for dependent in waiting[first[index] : first[index + 1]]:
            missing[dependent] -= 1
            if not missing[dependent]:
                this.env.process(work(dependent))

    for index, count in enumerate(missing.copy()):
        if not count:
            this.env.process(work(index))
    this.env.run()
    _check_all_ended(schedule, this.end_s)
    dtype = object if exact else np.float64
    columns = (this.start_s, this.end_s, *(list(part) for part in zip(*costs, strict=True))) if costs else ([],) * 5
    start, end, latency, serialisation, reduction = (np.array(column, dtype=dtype) for column in columns)
    return Timeline(schedule, workers, start, end, latency, serialisation, reduction, compute_s)


def _check_all_ended(schedule: Schedule, end_s: list[Any]) -> None:
    never = [index for index, end in enumerate(end_s) if end is None or not math.isfinite(end)]
    if never:
        _ = schedule.level  # names the circle, if that is why
        named = "\n".join(f"  operation {index}: {schedule[index]}" for index in never[:10])
        more = f"\n  (and {len(never) - 10} more)" if len(never) > 10 else ""
        raise DeadlockError(f"{len(never)} operations never ended\n{named}{more}")
