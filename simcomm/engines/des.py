"""The reference engine: discrete events, one process per operation, meant to be read.

An operation becomes a process when everything that it waits for has happened. A message runs its network model's
``transmit``; a computation takes its rank's processor. What a model can ask for is in :class:`_Run`: a turn at a
place (``places`` has the queues and their tie rule), several places at once (``holds``), a share of links (``fluid``
has the flows), or that time goes by (``clock``: SimPy's).
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm.engines.clock import Awaited, Clock, Process
from simcomm.engines.fluid import Fluid
from simcomm.engines.holds import Held, Holds
from simcomm.engines.max_min import Demand
from simcomm.engines.meters import Log
from simcomm.engines.places import Place, Places
from simcomm.engines.timeline import Timeline, Times
from simcomm.errors import DeadlockError
from simcomm.networks.base import Cost, Message, NetworkModel, Workers
from simcomm.schedule import COMPUTE, REDUCE, Ints, Schedule
from simcomm.watch import Watch, watcher

if TYPE_CHECKING:
    from simcomm.topology.routes import Link, Route


class _Run(Clock):
    """One run: what the network model's :class:`~simcomm.networks.base.Run` asks for."""

    def __init__(self, operations: int, workers: Workers, links: Iterator[Link], zero: Any, detailed: bool) -> None:
        super().__init__(zero)
        self.workers = workers
        self.start_s: list[Any] = [None] * operations
        self.end_s: list[Any] = [None] * operations
        self.log = Log(zero, detailed)
        self.places = Places(self.log)
        self.fluid = Fluid(self.log, links)
        self.holds = Holds(self.log)

    def turn(self, place: Hashable, message: Message, seconds: Any) -> Awaited:
        return self.queue(self.workers.place(place, message), message.operation, seconds)

    def queue(self, place: Hashable, operation: int, seconds: Any) -> Awaited:
        """Wait for ``place`` and hold it for ``seconds``; it happens when the holding begins."""
        turn = Awaited()
        self.places.ask(place, operation, seconds, self.now, turn)
        self.when_instant_ends(self.serve)
        return turn

    def serve(self) -> None:
        for place, operation, seconds, turn in self.places.serve(self.now):
            self.begins(operation, turn)
            self.after(seconds, self.release, place)

    def begins(self, operation: int, awaited: Awaited) -> None:
        """An operation has what it waited for; is it its first place, it starts now."""
        if self.start_s[operation] is None:
            self.start_s[operation] = self.now
        self.soon(awaited)

    def release(self, place: Place) -> None:
        if self.places.release(place):
            self.when_instant_ends(self.serve)

    def hold(self, places: Mapping[Hashable, Any], message: Message) -> Awaited:
        held = Awaited()
        meant = {self.workers.place(place, message): seconds for place, seconds in places.items()}
        self.holds.ask(meant, message.operation, self.moment, self.now, held)
        self.when_instant_ends(self.serve_holds)
        return held

    def serve_holds(self) -> None:
        for operation, places, held in self.holds.serve(self.now):
            for place, seconds in places:
                self.after(seconds, self.release_hold, place)
            self.begins(operation, held)

    def release_hold(self, place: Held) -> None:
        if self.holds.release(place, self.now):
            self.when_instant_ends(self.serve_holds)

    def share(self, links: Sequence[Link], message: Message, weight: Any, cap_Bps: Any | None) -> Awaited:
        flowed, began, operation = Awaited(), self.now, message.operation

        def done() -> None:
            for link in links:
                self.log.cross(link, operation, began, began, self.now)
            self.soon(flowed)

        if self.start_s[operation] is None:
            self.start_s[operation] = began
        widths = [link.bandwidth_Bps for link in links]
        alone_Bps = min(widths if cap_Bps is None else [*widths, cap_Bps])
        self.fluid.start(operation, Demand(links, weight, cap_Bps), alone_Bps, message.size_bytes, began, done)
        self.when_instant_ends(self.settle)
        return flowed

    def settle(self) -> None:
        now = self.now
        next_s = self.fluid.settle(now)
        if next_s is not None:
            self.after(max(next_s - now, 0), self.flow_ends, next_s)

    def flow_ends(self, due_s: Any) -> None:
        if self.fluid.end(max(self.now, due_s)):  # now + (due − now) may be less than due, by rounding
            self.when_instant_ends(self.settle)


class _Program:
    """The operations of a run: what each does, and how many things it still waits for."""

    def __init__(
        self,
        run: _Run,
        schedule: Schedule,
        size_bytes: Ints,
        network: NetworkModel,
        routes: Mapping[tuple[int, int], Route],
        compute_s: Times,
    ) -> None:
        self.run, self.network, self.routes = run, network, routes
        columns = (schedule.kind, schedule.src, schedule.dst, size_bytes, compute_s)
        self.rows = list(zip(*(column.tolist() for column in columns), strict=True))
        self.missing = (np.diff(schedule.after_start) + 1).tolist()  # each also waits for its rank's own gradient
        self.first, self.waiting = (column.tolist() for column in schedule.dependents)

    def work(self, index: int) -> Process:
        """The life of one operation: do it, then release those who wait for it."""
        kind, src, _, size_bytes, seconds = self.rows[index]
        if kind == COMPUTE:
            if seconds:
                yield self.run.queue(("compute", src), index, seconds)
                yield self.run.delay(seconds)
        elif size_bytes:
            yield from self.network.transmit(self.message(index), self.run)
        self.run.end_s[index] = self.run.now
        self.release(self.waiting[self.first[index] : self.first[index + 1]])

    def message(self, index: int) -> Message:
        """What an operation sends."""
        kind, src, dst, size_bytes, _ = self.rows[index]
        adds = self.run.workers.adds(kind == REDUCE, dst)
        return Message(index, src, dst, size_bytes, adds, self.routes[src, dst])

    def release(self, indices: Iterable[int]) -> None:
        """One thing less for each of these to wait for."""
        for index in indices:
            self.missing[index] -= 1
            if not self.missing[index]:
                self.run.begin(self.work(index))

    def release_at(self, ready_s: Any, indices: Iterable[int]) -> Process:
        """Operations also wait for their rank's own gradient."""
        if ready_s:
            yield self.run.delay(ready_s)
        self.release(indices)

    def costs(self, zero: Any) -> Iterator[Cost]:
        """What every operation costs; those of the same ends, size and kind cost the same."""
        known: dict[tuple[int, int, int, int], Cost] = {}
        for index, (kind, src, dst, size_bytes, _) in enumerate(self.rows):
            alike = (kind, src, dst, size_bytes)
            cost = known.get(alike)
            if cost is None:
                cost = Cost(zero, zero, zero, zero, zero)
                if kind != COMPUTE and size_bytes:
                    cost = self.network.cost(self.message(index))
                known[alike] = cost
            yield cost


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
    dtype: Any = np.float64 if compute_s.dtype != object else object
    zero = compute_s[0] * 0 if dtype is object and len(compute_s) else 0.0
    this = _Run(len(schedule), workers, _links(schedule, size_bytes, routes), zero, detailed)
    program = _Program(this, schedule, size_bytes, network, routes, compute_s)
    this.run(itertools.starmap(program.release_at, _by_readiness(schedule, workers)), partial(_tell, watcher(), this))
    check_all_ended(schedule, this.end_s)
    start_s = [end if start is None else start for start, end in zip(this.start_s, this.end_s, strict=True)]
    costs = zip(*program.costs(zero), strict=True) if len(schedule) else [[]] * 5
    start, end, latency, serialisation, reduction, sending, receiving = (
        np.array(column, dtype=dtype) for column in (start_s, this.end_s, *costs)
    )
    return Timeline(
        schedule, workers, start, end, latency, serialisation, reduction, sending, receiving, compute_s, this.log
    )


def _tell(watch: Watch, this: _Run) -> None:
    """How far the run is, to whom it may concern."""
    if watch.is_due:
        watch.tell(float(this.now), len(this.end_s) - this.end_s.count(None), len(this.end_s))


def _links(schedule: Schedule, size_bytes: Ints, routes: Mapping[tuple[int, int], Route]) -> Iterator[Link]:
    """The links of all routes that are used, by sender and receiver."""
    sends = schedule.is_message & (size_bytes > 0)
    pairs = np.unique(schedule.src[sends].astype(np.int64) * schedule.ranks + schedule.dst[sends])
    for pair in pairs.tolist():
        yield from routes[divmod(pair, schedule.ranks)].links


def _by_readiness(schedule: Schedule, workers: Workers) -> Iterator[tuple[Any, Iterable[int]]]:
    """When ranks have their own gradients, and their operations: first the late ones, then all that need not wait."""
    if workers.are_alike:
        yield 0, range(len(schedule))
        return
    ready_s = [workers.ready_s(rank) for rank in range(schedule.ranks)]
    of_rank = np.argsort(schedule.src, kind="stable")
    ends = np.cumsum(np.bincount(schedule.src, minlength=schedule.ranks))
    for late_s, operations in zip(ready_s, np.split(of_rank, ends[:-1]), strict=True):
        if late_s and len(operations):
            yield late_s, operations.tolist()
    at_once = np.array([not late_s for late_s in ready_s])
    yield 0, np.flatnonzero(at_once[schedule.src]).tolist()


def check_all_ended(schedule: Schedule, end_s: list[Any]) -> None:
    """DeadlockError naming the operations that have no end (None) or no finite one."""
    never = np.flatnonzero(~np.isfinite(np.array(end_s, dtype=np.float64))).tolist()  # None is not a number
    if never:
        _ = schedule.level  # names the circle, if that is why
        named = "\n".join(f"  operation {index}: {schedule[index]}" for index in never[:10])
        more = f"\n  (and {len(never) - 10} more)" if len(never) > 10 else ""
        raise DeadlockError(f"{len(never)} operations never ended\n{named}{more}")
