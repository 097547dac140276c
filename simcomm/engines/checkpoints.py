"""A run of the max-plus engine without a timeline: forward once, and back along the critical path piece by piece."""

from __future__ import annotations

from functools import cached_property
from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simcomm.engines.explain import Parts
from simcomm.engines.step_programs import Tables
from simcomm.engines.summary import Summary
from simcomm.networks.base import Workers

#: Of so many classes of 1,024 elements what they send is laid beside what they receive: as much as a cache holds.
BLOCK = 16

if TYPE_CHECKING:
    from simcomm.engines.kernel.busy import Busy
    from simcomm.engines.kernel.steps import State, Steps
    from simcomm.engines.kernel.walk import Path


class Violated(Exception):
    """Somebody asks out of order: ``found`` of the state says who."""


class Unordered(Exception):
    """What a rank sends, or receives, does not begin in its order: how long it is busy takes all times."""


class _Checkpoint(NamedTuple):
    """The state before a class, and the latest end before the next checkpoint."""

    free_s: Any
    limit_s: Any
    ends: Any
    highest_s: float


class Pass:
    """One run."""

    def __init__(self, steps: Steps, state: State, tables: Tables, workers: Workers) -> None:
        self.steps, self.state, self.tables, self.workers = steps, state, tables, workers
        self.classes, self.turns = len(steps.program), max(1, int(tables.turns.max()))
        self.checkpoints: list[_Checkpoint] = []
        self.busy = _no_time(workers, tables, steps.order)

    @cached_property
    def piece(self) -> int:
        """Of how many classes a piece is: as much memory for the states between pieces as for all times of one."""
        whole = len(self.state.free_s) + len(self.state.limit_s) + self.state.ends.size
        return 1 + isqrt(self.classes * whole // (self.steps.order * (1 + self.turns)))

    def forward(self) -> float:
        """Do all classes; the latest end."""
        from simcomm.engines.kernel import busy as kernel

        state = self.state
        for begin in range(0, self.classes, self.piece):
            kept = state.free_s.copy(), state.limit_s.copy(), state.ends.copy()
            at, end = begin, min(begin + self.piece, self.classes)
            while at < end:
                became, at = kernel.advance(self.steps, state, self.busy, at, end)
                if became == kernel.VIOLATED:
                    raise Violated
                if became == kernel.UNORDERED:
                    raise Unordered
                if became == kernel.FULL:
                    self.busy = _longer(self.busy)
            self.checkpoints.append(_Checkpoint(*kept, float(state.highest_s.max())))
        while not kernel.finish(self.busy):
            self.busy = _longer(self.busy)
        return self.checkpoints[-1].highest_s if self.checkpoints else 0.0

    def back(self, latest_s: float) -> Path:
        """The critical path, from the first operation that ends last."""
        from simcomm.engines.kernel import walk as kernel
        from simcomm.engines.kernel.busy import advance

        path = _no_path(self.classes, self.turns)
        rows, piece = len(self.state.ends), min(self.piece, self.classes)
        again = self.state._replace(
            last=np.full(len(self.state.last), -1),
            ends=np.empty((rows + piece, self.steps.order)),
            begins=np.empty((piece * self.turns, self.steps.order)),
            is_behind_itself=np.zeros((piece * self.turns, self.steps.order), np.bool_),
        )
        last = next(i for i, kept in enumerate(self.checkpoints) if kept.highest_s == latest_s)
        for number in range(last, -1, -1):
            first, end = number * self.piece, min((number + 1) * self.piece, self.classes)
            if number < last and path.size[1] < first:
                continue
            kept = self.checkpoints[number]
            again.free_s[:], again.limit_s[:], again.ends[:rows] = kept[:3]
            row, begin_row = self.steps.row.copy(), self.steps.begin_row.copy()
            row[first:end] = rows + np.arange(end - first)
            begin_row[first:end] = np.arange(end - first) * self.turns
            steps = self.steps._replace(row=row, begin_row=begin_row)
            advance(steps, again, not_counted(self.tables), first, end)
            if number == last:
                kernel.find_last(steps, again, first, end, latest_s, path)
            kernel.walk(steps, again, first, path)
        size = int(path.size[0])
        return path._replace(**{name: getattr(path, name)[:size][::-1] for name in path._fields[1:]})

    def summary(self, latest_s: float) -> Summary:
        """All of it, once all classes are done."""
        ready_s = self.state.own_s
        first_rank, path = int(np.argmax(ready_s)), None
        makespan_s = max(latest_s, float(ready_s[first_rank]))
        if self.classes and latest_s >= ready_s[first_rank]:
            path = self.back(latest_s)
            first_rank = int(path.rank[0])
        parts, held_up = self._explain(path or _no_path(0, self.turns), first_rank)
        place, seconds = max(held_up.items(), key=lambda item: item[1], default=(None, 0.0))
        busy_s = self.busy.busy_s
        name = None if place is None else self.tables.name(place, self.steps.ranks)
        return Summary(makespan_s, parts, name, seconds, float(busy_s.max()), float(makespan_s - busy_s.min()))

    def _explain(self, path: Path, first_rank: int) -> tuple[Parts, dict[int, float]]:
        """What :func:`~simcomm.engines.explain.critical_path` says, sum by sum; and how long each place was waited for."""
        latency_s, flowing_s, adding_s = (cost[path.program] for cost in self.tables.costs[:3])
        waited = path.end_s - path.ready_s - (latency_s + flowing_s + adding_s + path.seconds)
        waited[np.abs(waited) <= 1e-12 * path.end_s] = 0.0
        workers = self.workers
        parts = Parts(
            compute_s=workers.compute_s[first_rank] + sum(path.seconds.tolist()),
            latency_s=sum(latency_s.tolist()),
            serialisation_s=sum(flowing_s.tolist()),
            port_wait_s=sum(waited.tolist()),
            data_wait_s=workers.start_s[first_rank],
            reduction_s=sum(adding_s.tolist()),
        )
        held_up: dict[int, float] = {}
        for at in np.flatnonzero((waited > 0) & (path.wait_s > 0).any(axis=1)).tolist():
            for place, seconds in _held_up(path, at, float(waited[at])):
                held_up[place] = held_up.get(place, 0) + seconds
        return parts, held_up


def _held_up(path: Path, at: int, waited_s: float) -> list[tuple[int, float]]:
    """Which places an operation of the path waited for, and how long, as ``explain`` divides it among them."""
    columns = zip(
        path.wait_place[at].tolist(), path.wait_s[at].tolist(), path.is_behind_itself[at].tolist(), strict=True
    )
    every = [wait for wait in columns if wait[1] > 0]
    noted = [(place, seconds) for place, seconds, behind_itself in every if not behind_itself]
    noted = noted or [(place, seconds) for place, seconds, _ in every]
    if len(noted) == 1:
        return [(noted[0][0], waited_s)]
    total = sum(seconds for _, seconds in noted)
    return [(place, waited_s * (seconds / total)) for place, seconds in noted]


def _no_path(most: int, turns: int) -> Path:
    from simcomm.engines.kernel.walk import Path

    return Path(
        size=np.array([0, -1, 0]),
        rank=np.empty(most, np.int64),
        program=np.empty(most, np.int64),
        ready_s=np.empty(most),
        end_s=np.empty(most),
        seconds=np.empty(most),
        wait_s=np.empty((most, turns)),
        wait_place=np.empty((most, turns), np.int64),
        is_behind_itself=np.empty((most, turns), np.bool_),
    )


def _no_time(workers: Workers, tables: Tables, order: int) -> Busy:
    """Nobody has done anything; what is known is when each rank computes its gradient."""
    start_s = np.array(workers.start_s, dtype=np.float64)
    ranks, block = len(start_s), min(BLOCK, max(8, BLOCK * 1024 // order)) if order > 1 else 0
    busy = _room(tables, ranks, 2 * max(block, 4), block)
    busy.begin_s[:, 0] = start_s
    busy.end_s[:, 0] = start_s + np.array(workers.compute_s, dtype=np.float64)
    busy.size[:] = busy.longest[:] = 1
    return busy


def not_counted(tables: Tables) -> Busy:
    """No room for counting."""
    return _room(tables, 0, 0, 0)


def _room(tables: Tables, ranks: int, places: int, block: int) -> Busy:
    from simcomm.engines.kernel.busy import Busy

    return Busy(
        sending_s=tables.costs[3],
        receiving_s=tables.costs[4],
        busy_s=np.zeros(ranks),
        until_s=np.zeros(ranks),
        stream=np.zeros(ranks, np.int64),
        first=np.zeros(ranks, np.int64),
        size=np.zeros(ranks, np.int64),
        newest_s=np.zeros((2, ranks)),
        begin_s=np.zeros((ranks, places)),
        end_s=np.zeros((ranks, places)),
        longest=np.zeros(1, np.int64),
        waiting=np.zeros(1, np.int64),
        is_unlike=np.zeros(block, np.bool_),
        has_gaps=np.zeros(block, np.bool_),
        begins=np.empty((block, ranks)),
        ends=np.empty((block, ranks)),
        sending=np.empty((block, ranks)),
        receiving=np.empty((block, ranks)),
    )


def _longer(busy: Busy) -> Busy:
    """The same queues with twice the room, each from the first place on."""
    ranks, places = busy.begin_s.shape
    at = (busy.first[:, None] + np.arange(places)) % places
    begin_s, end_s = np.zeros((ranks, 2 * places)), np.zeros((ranks, 2 * places))
    begin_s[:, :places] = np.take_along_axis(busy.begin_s, at, axis=1)
    end_s[:, :places] = np.take_along_axis(busy.end_s, at, axis=1)
    return busy._replace(first=np.zeros(ranks, np.int64), begin_s=begin_s, end_s=end_s)
