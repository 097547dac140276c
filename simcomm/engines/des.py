"""The reference engine: discrete events in SimPy, one process per operation, meant to be read.

An operation becomes a process when everything that it waits for has happened. A message runs its network model's
``transmit``; a computation takes its rank's processor. What a model can ask for is in :class:`_Run`: a turn at a
place (``places`` has the queues and their tie rule), several places at once (``holds``), a share of links (``fluid``
has the flows), or that time goes by.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from simcomm.engines.fluid import Fluid
from simcomm.engines.holds import Holds
from simcomm.engines.max_min import Demand
from simcomm.engines.meters import Log
from simcomm.engines.places import Places
from simcomm.engines.timeline import Timeline, Times
from simcomm.errors import DeadlockError
from simcomm.networks.base import Cost, Message, NetworkModel, Workers
from simcomm.schedule import KINDS, Ints, Schedule
from simcomm.watch import watcher

if TYPE_CHECKING:
    from simcomm.topology.routes import Link, Route

Steps = Generator[simpy.Event, Any, None]

#: After SimPy's own priorities, URGENT = 0 and NORMAL = 1: the end of an instant.
END_OF_INSTANT = 2

#: After so many it is seen whether somebody should hear how far the run is.
_EVENTS = 1_000


class _Signal(simpy.Event):
    """An event that happens at once, but behind everything else that happens at that instant."""

    def __init__(self, env: simpy.Environment, then: Callable[[simpy.Event], None]) -> None:
        super().__init__(env)
        self.callbacks = [then]
        self._ok = True
        self._value = None
        env.schedule(self, priority=END_OF_INSTANT)  # type: ignore[arg-type]


class _Run:
    """One run: what the network model's :class:`~simcomm.networks.base.Run` asks for."""

    def __init__(self, operations: int, zero: Any, detailed: bool) -> None:
        self.env = simpy.Environment(initial_time=zero)
        self.start_s: list[Any] = [None] * operations
        self.end_s: list[Any] = [None] * operations
        self.log = Log(zero, detailed)
        self.places = Places(self.log)
        self.fluid = Fluid(self.log)
        self.holds = Holds(self.log)
        self.moments = itertools.count(1)
        self.moment = 0  # the number of the delay whose end is being dealt with
        self.signals: dict[Callable[[], None], None] = {}

    def turn(self, place: Hashable, message: Message, seconds: Any) -> simpy.Event:
        return self.queue(place, message.operation, seconds)

    def delay(self, seconds: Any) -> simpy.Event:
        event, moment = self.env.timeout(seconds), next(self.moments)

        def passed(_: simpy.Event) -> None:
            self.moment = moment

        event.callbacks.append(passed)
        return event

    def each(self, pieces: Iterable[Iterator[Any]]) -> simpy.Event:
        return self.env.all_of([self.env.process(piece) for piece in pieces])  # type: ignore[arg-type]

    def queue(self, place: Hashable, operation: int, seconds: Any) -> simpy.Event:
        """Wait for ``place`` and hold it for ``seconds``; the event happens when the holding begins."""
        event, begin = self.beginning(operation)
        self.places.ask(place, operation, seconds, self.env.now, begin)
        self.when_instant_ends(self.serve)
        return event

    def beginning(self, operation: int) -> tuple[simpy.Event, Callable[[], None]]:
        """An event, and what makes it happen when the operation has what it waited for."""
        event = self.env.event()

        def begin() -> None:
            self.starts(operation)
            event.succeed()

        return event, begin

    def serve(self) -> None:
        for place, seconds in self.places.serve(self.env.now):
            self.env.timeout(seconds).callbacks.append(partial(self.release, place))

    def release(self, place: Any, _: simpy.Event) -> None:
        if self.places.release(place):
            self.when_instant_ends(self.serve)

    def hold(self, places: Mapping[Hashable, Any], message: Message) -> simpy.Event:
        event, begin = self.beginning(message.operation)
        self.holds.ask(places, message.operation, self.moment, self.env.now, begin)
        self.when_instant_ends(self.serve_holds)
        return event

    def serve_holds(self) -> None:
        for place, seconds in self.holds.serve(self.env.now):
            self.env.timeout(seconds).callbacks.append(partial(self.release_hold, place))

    def release_hold(self, place: Hashable, _: simpy.Event) -> None:
        if self.holds.release(place, self.env.now):
            self.when_instant_ends(self.serve_holds)

    def share(self, links: Sequence[Link], message: Message, weight: Any, cap_Bps: Any | None) -> simpy.Event:
        event, began, operation = self.env.event(), self.env.now, message.operation

        def done() -> None:
            for link in links:
                self.log.cross(link, operation, began, began, self.env.now)
            event.succeed()

        self.starts(operation)
        widths = [link.bandwidth_Bps for link in links]
        alone_Bps = min(widths if cap_Bps is None else [*widths, cap_Bps])
        self.fluid.start(operation, Demand(links, weight, cap_Bps), alone_Bps, message.size_bytes, began, done)
        self.when_instant_ends(self.settle)
        return event

    def settle(self) -> None:
        next_s = self.fluid.settle(self.env.now)
        if next_s is not None:
            self.env.timeout(max(next_s - self.env.now, 0)).callbacks.append(partial(self.flow_ends, next_s))

    def flow_ends(self, due_s: Any, _: simpy.Event) -> None:
        if self.fluid.end(max(self.env.now, due_s)):  # now + (due − now) may be less than due, by rounding
            self.when_instant_ends(self.settle)

    def when_instant_ends(self, then: Callable[[], None]) -> None:
        """Have ``then`` called once everything that happens at this instant has been dealt with."""
        if not self.signals:
            _Signal(self.env, self.instant_ends)
        self.signals[then] = None

    def instant_ends(self, _: simpy.Event) -> None:
        signals, self.signals = self.signals, {}
        for then in signals:
            then()

    def starts(self, operation: int) -> None:
        """An operation has its first place."""
        if self.start_s[operation] is None:
            self.start_s[operation] = self.env.now


def run(
    schedule: Schedule,
    size_bytes: Ints,
    network: NetworkModel,
    routes: Mapping[tuple[int, int], Route],
    workers: Workers,
    compute_s: Times,
    detailed: bool = False,
) -> Timeline:
    """Run ``schedule`` with messages of ``size_bytes`` over ``network``, and return its timeline.

    ``routes`` has the route of every (src, dst) that sends something, ``compute_s`` the seconds of every computation
    (0 for messages). A message of 0 bytes is not sent: it ends when it is ready. Times are float64; with an object
    array of Fractions as ``compute_s`` they are exact Fractions, if all other times and bandwidths are too. With
    ``detailed`` the timeline has every crossing of a place and every rate. Raises DeadlockError naming operations that
    never ended, or ended at no finite time.
    """
    kind, src, dst, size = (column.tolist() for column in (schedule.kind, schedule.src, schedule.dst, size_bytes))
    seconds, exact = compute_s.tolist(), compute_s.dtype == object
    zero = seconds[0] * 0 if exact and seconds else 0.0
    this = _Run(len(schedule), zero, detailed)
    sending = sorted({(a, b) for a, b, kind, size in zip(src, dst, kind, size, strict=True) if size and kind != 2})
    this.fluid.order(link for pair in sending for link in routes[pair].links)
    costs = [Cost(zero, zero, zero, zero, zero)] * len(schedule)
    missing = np.diff(schedule.after_start).tolist()
    first, waiting = (column.tolist() for column in schedule.dependents)

    def work(index: int) -> Steps:
        """The life of one operation: do it, then release those who wait for it."""
        if KINDS[kind[index]] == "compute":
            if seconds[index]:
                yield this.queue(("compute", src[index]), index, seconds[index])
                yield this.delay(seconds[index])
        elif size[index]:
            route = routes[src[index], dst[index]]
            message = Message(index, src[index], dst[index], size[index], kind[index] == 1, route)
            costs[index] = network.cost(message)
            yield from network.transmit(message, this)
        this.end_s[index] = this.env.now
        this.starts(index)
        release(waiting[first[index] : first[index + 1]])

    def release(indices: Iterable[int]) -> None:
        """One thing less for each of these to wait for."""
        for index in indices:
            missing[index] -= 1
            if not missing[index]:
                this.env.process(work(index))

    _release_when_ready(this, schedule, workers, missing, release)
    _run_watched(this.env, this.end_s)
    check_all_ended(schedule, this.end_s)
    dtype = object if exact else np.float64
    parts = [list(part) for part in zip(*costs, strict=True)] if costs else [[]] * 5
    start, end, latency, serialisation, reduction, sending, receiving = (
        np.array(column, dtype=dtype) for column in (this.start_s, this.end_s, *parts)
    )
    return Timeline(
        schedule, workers, start, end, latency, serialisation, reduction, sending, receiving, compute_s, this.log
    )


def _run_watched(env: simpy.Environment, end_s: list[Any]) -> None:
    """Run until nothing happens any more, and tell who watches how far it is."""
    watch = watcher()
    try:
        while True:
            for _ in range(_EVENTS):
                env.step()
            if watch.is_due:
                watch.tell(float(env.now), len(end_s) - end_s.count(None), len(end_s))
    except simpy.core.EmptySchedule:
        return


def _release_when_ready(
    this: _Run,
    schedule: Schedule,
    workers: Workers,
    missing: list[int],
    release: Callable[[Iterable[int]], None],
) -> None:
    """Every operation also waits for its rank's own gradient; what is ready at once starts in the order of indices."""
    late: dict[int, list[int]] = {}
    at_once: list[int] = []
    for index, rank in enumerate(schedule.src.tolist()):
        missing[index] += 1
        (late.setdefault(rank, []) if workers.ready_s(rank) else at_once).append(index)
    for rank, indices in sorted(late.items()):
        this.delay(workers.ready_s(rank)).callbacks.append(partial(lambda these, _: release(these), indices))
    release(at_once)


def check_all_ended(schedule: Schedule, end_s: list[Any]) -> None:
    """DeadlockError naming the operations that have no end (None) or no finite one."""
    never = [index for index, end in enumerate(end_s) if end is None or not math.isfinite(end)]
    if never:
        _ = schedule.level  # names the circle, if that is why
        named = "\n".join(f"  operation {index}: {schedule[index]}" for index in never[:10])
        more = f"\n  (and {len(never) - 10} more)" if len(never) > 10 else ""
        raise DeadlockError(f"{len(never)} operations never ended\n{named}{more}")
