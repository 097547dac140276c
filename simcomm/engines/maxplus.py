"""The max-plus engine: where every place serves in the order of the schedule, a run is maxima and sums, and no events.

A message asks for the places of its program one after the other. If those who ask at a place do so in the order of
their numbers, then whoever is before it in the schedule is before it in the queue, and all times follow in one pass:

    ready = max(own gradient of the sender, ends of what it waits for)
    begin = max(asked, free[place]);  free[place] = begin + hold;  asked next = begin + delay     (turn after turn)
    end   = the last of these

(the algebra with max as its addition and + as its multiplication: Baccelli, Cohen, Olsder and Quadrat, Synchronization
and Linearity, 1992). Of a schedule that was recorded modulo a group, an instruction of a class is n of these at n
different ranks: vectors. The sums are the reference's, in its order: the times are the same bits.

The order is checked as it goes: nobody may ask for a place before somebody of a lower number did; at the same instant
the lower number comes first, as the tie rule has it, unless what it waited for was served at that very instant, too.
At the first violation the engine gives up and says where: another one has to do the run.

No timeline: times are kept only of classes that somebody still waits for. The critical path is found backwards, from
states that were kept every √classes classes: what is between two of them is done once more, and its times kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simcomm.engines.checkpoints import Pass, Unordered, Violated, not_counted
from simcomm.engines.maxplus_log import StepLog
from simcomm.engines.step_programs import Columns, Kinds, Refused, Tables, lower
from simcomm.engines.summary import Summary, summarise
from simcomm.engines.timeline import Timeline, Times
from simcomm.networks.base import NetworkModel, Workers
from simcomm.quotient import Sizes
from simcomm.schedule import COMPUTE, Ints, Schedule
from simcomm.topology.routes import Route

if TYPE_CHECKING:
    from simcomm.engines.kernel.classes import State, Steps


@dataclass(frozen=True)
class Refusal:
    """Why the engine did not do a run."""

    reason: str


#: Those of all pairs that send something, or the one that all are like.
RouteOrRoutes = Mapping[tuple[int, int], Route] | Route


def run(
    schedule: Schedule,
    sizes: Sizes | Ints,
    network: NetworkModel,
    routes: RouteOrRoutes,
    workers: Workers,
    compute_s: Times | None = None,
) -> Timeline | Refusal:
    """Start and end of every operation; or why not.

    ``sizes`` are those of the classes of the schedule's quotient, or those of all operations, ``routes`` may be
    the one route that all are like, ``compute_s`` has the seconds of every operation (None: the schedule's). Numbers
    have to be floats. The timeline's log has no meters and no crossings.
    """
    try:
        return _Plan(schedule, isinstance(sizes, Sizes), workers, compute_s).timeline(sizes, network, routes)
    except Refused as refused:
        return Refusal(str(refused))


def summaries(
    schedule: Schedule,
    sizes: Sequence[Sizes | Ints],
    network: NetworkModel,
    routes: RouteOrRoutes,
    workers: Workers,
    compute_s: Times | None = None,
) -> list[Summary | Refusal]:
    """What ``summarise`` says of :func:`run`, for each of these sizes (all of one kind), in little memory."""
    try:
        plan = _Plan(schedule, all(isinstance(each, Sizes) for each in sizes), workers, compute_s)
    except Refused as refused:
        return [Refusal(str(refused))] * len(sizes)
    found: list[Summary | Refusal] = []
    for each in sizes:
        try:
            found.append(plan.summary(each, network, routes))
        except Refused as refused:
            found.append(Refusal(str(refused)))
    return found


class _Plan:
    """What of a schedule does not hang on sizes and routes."""

    def __init__(self, schedule: Schedule, folded: bool, workers: Workers, compute_s: Times | None) -> None:
        if workers.hosts is not None:
            raise Refused("some ranks stand on switches, which have a port for every other rank")
        self.schedule, self.workers = schedule, workers
        self.columns = columns = Columns.of(schedule, folded)
        self.order, self.classes = columns.group.order, len(columns.kind)
        start_s, compute = (np.array(column, np.float64) for column in (workers.start_s, workers.compute_s))
        self.ready_s = start_s + compute
        self.seconds_row, self.seconds = self._computations(compute_s)

    def _computations(self, compute_s: Times | None) -> tuple[Ints, Times]:
        """Of every class the row of its elements' seconds, −1 if none of them takes time."""
        q, rows = self.schedule.quotient if self.order > 1 else None, np.full(self.classes, -1)
        if compute_s is None:
            own = q.seconds if q is not None else self.schedule.seconds
            timed = (self.columns.kind == COMPUTE) & (own > 0)
            seconds = np.repeat(own[timed], self.order)
        else:
            if compute_s.dtype == object:
                raise Refused("exact times")
            table = compute_s.reshape(self.classes, self.order)
            timed = (self.columns.kind == COMPUTE) & table.any(axis=1)
            seconds = table[timed]
        rows[timed] = np.arange(np.count_nonzero(timed))
        return rows, np.ascontiguousarray(seconds, dtype=np.float64).reshape(-1, self.order)

    @cached_property
    def rows(self) -> tuple[Ints, int]:
        """Where the ends of every class are kept while somebody waits for them, and in how many rows."""
        from simcomm.engines.kernel.classes import keep_rows

        c, row = self.columns, np.empty(self.classes, np.int64)
        used, unused = np.full(self.classes, -1), np.empty(self.classes + 1, np.int64)
        return row, keep_rows(c.after_start, c.after_class, used, unused, row)

    def steps(self, kinds: Kinds, tables: Tables) -> Steps:
        """All that the loop has to know."""
        from simcomm.engines.kernel.classes import Steps

        c, row = self.columns, self.seconds_row
        return Steps(
            order=self.order,
            ranks=c.ranks,
            is_xor=c.group.kind == "xor",
            src=c.src,
            dst=c.dst,
            after_start=c.after_start,
            after_class=c.after_class,
            after_shift=c.after_shift,
            row=self.rows[0],
            begin_row=np.zeros(self.classes, np.int64),
            program=np.where(row >= 0, -1, kinds.of_class),
            base=kinds.base,
            chunk=c.chunk if len(c.chunk) else row,
            displacement=kinds.displacement,
            seconds_row=row,
            seconds=self.seconds,
            step_of_chunk=kinds.of_chunk,
            step_of_route=kinds.of_route,
            program_of=kinds.number,
            is_one_shape=len(set(tables.shape[kinds.number].tolist())) == 1,
            length=tables.length,
            shape=tables.shape,
            is_simple=tables.is_simple,
            turns=tables.turns,
            code=tables.code,
            place=tables.place,
            is_far=tables.is_far,
            is_weak=tables.is_weak,
            amount=tables.amount,
        )

    def state(self, tables: Tables, end_rows: int, begin_rows: int) -> State:
        """Everybody free, nothing done, and room for so many ends and begins."""
        from simcomm.engines.kernel.classes import State

        places = len(tables.places) * self.columns.ranks
        return State(
            own_s=self.ready_s,
            free_s=np.zeros(places),
            limit_s=np.zeros(places),
            last=np.full(places, -1),
            ends=np.empty((end_rows, self.order)),
            begins=np.empty((begin_rows, self.order)),
            is_behind_itself=np.zeros((begin_rows, self.order), np.bool_),
            highest_s=np.zeros(self.order),
            which=np.zeros(self.order, np.int64),
            found=np.zeros(3, np.int64),
        )

    def violated(self, state: State, tables: Tables) -> Refused:
        """Who asks out of order."""
        index, element, place = state.found.tolist()
        kind, rank = divmod(place, self.columns.ranks)
        asks = f"operation {index * self.order + element} asks for the {tables.places[kind]} place of rank {rank}"
        return Refused(f"{asks} before, or at once with, what comes before it")

    def check_times(self, latest_s: float, tables: Tables) -> None:
        """Refused where a time is not finite, or so late that adding a delay to it does nothing."""
        if not np.isfinite(latest_s):
            raise Refused("operations that end at no finite time")
        least_s = min(tables.least_s, self.seconds[self.seconds > 0].min(initial=np.inf))
        if latest_s + least_s / 2 == latest_s:
            raise Refused(f"a delay of {least_s} s vanishes beside {latest_s} s")

    def timeline(self, sizes: Sizes | Ints, network: NetworkModel, routes: RouteOrRoutes) -> Timeline:
        """All times."""
        from simcomm.engines.kernel.busy import OVER, advance

        kinds, tables = lower(self.columns, _sizes(sizes), network, routes)
        turns = max(1, int(tables.turns.max()))
        every = np.arange(self.classes)
        steps = self.steps(kinds, tables)._replace(row=every, begin_row=every * turns)
        state = self.state(tables, self.classes, self.classes * turns)
        if advance(steps, state, not_counted(tables), 0, self.classes)[0] != OVER:
            raise self.violated(state, tables)
        self.check_times(float(state.ends.max(initial=0.0)), tables)
        program = _programs(steps, self.columns)
        late, flowing, adding, sending, receiving = (cost[program] for cost in tables.costs)
        start, end = state.begins[::turns].ravel(), state.ends.ravel()
        compute_s = np.zeros(len(end))
        timed = self.seconds_row >= 0
        compute_s.reshape(-1, self.order)[timed] = self.seconds[self.seconds_row[timed]]
        log = StepLog(steps, tables, program, state.begins, lambda: found.ready_s)
        found = Timeline(
            self.schedule, self.workers, start, end, late, flowing, adding, sending, receiving, compute_s, log
        )
        return found

    def summary(self, sizes: Sizes | Ints, network: NetworkModel, routes: RouteOrRoutes) -> Summary:
        """The summary of these times, without them."""
        if len(self.seconds):
            return summarise(self.timeline(sizes, network, routes))
        kinds, tables = lower(self.columns, _sizes(sizes), network, routes)
        state = self.state(tables, self.rows[1], max(1, int(tables.turns.max())))
        try:
            run = Pass(self.steps(kinds, tables), state, tables, self.workers)
            latest_s = run.forward()
        except Violated:
            raise self.violated(state, tables) from None
        except Unordered:
            return summarise(self.timeline(sizes, network, routes))
        self.check_times(latest_s, tables)
        return run.summary(latest_s)


def _sizes(sizes: Sizes | Ints) -> Sizes:
    return sizes if isinstance(sizes, Sizes) else Sizes(np.asarray(sizes, dtype=np.int64), None)


def _programs(steps: Steps, columns: Columns) -> Ints:
    """The program of every operation, −1 of computations that take time."""
    every = np.repeat(steps.program[:, None], steps.order, axis=1)
    unlike = np.flatnonzero((steps.program < 0) & (steps.seconds_row < 0))
    element = np.arange(steps.order)
    at = np.repeat(steps.base[unlike, None], steps.order, axis=1)
    if len(steps.step_of_chunk):
        at += steps.step_of_chunk[columns.group.add(columns.chunk[unlike, None], element)]
    if len(steps.step_of_route):
        sender = columns.group.add(columns.src[unlike, None], element)
        at += steps.step_of_route[steps.displacement[unlike, None], sender]
    if len(unlike):
        every[unlike] = steps.program_of[at]
    return every.ravel()
